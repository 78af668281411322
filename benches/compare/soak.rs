//! The bridge for a long time, while phones come and go: whether its memory, its handles or the delay through it creep, and whether those who
//! stay are harmed.

use serde::Serialize;
use serde_json::Value;

use crate::environment::Environment;
use crate::options::{Options, Soak};
use crate::partyline::{self, Place, judged};
use crate::results::Sample;
use crate::sample::sample;
use crate::scenario::{Churn, Scenario};
use crate::verdict::{self, Check};
use crate::vitals::{self, Vitals};

/// Part of the time judged in which memory may grow: tables reach their size.
const WARM_UP: f64 = 0.1;
/// What memory may grow by after it, over all of the time, however long: a leak shows the better, the longer it has gone on.
const GROWTH_MIB: f64 = 5.0;
/// What it may grow by an hour as well, of a bridge that holds little. Only a long time tells: in half an hour a MiB is some percent an hour, and
/// tables still reach their size in the first hour, which is the warm-up of a time so long.
const GROWTH_PERCENT_AN_HOUR: f64 = 1.0;
const LONG_HOURS: f64 = 8.9;
/// What handles and threads may grow by after it, over all of the time, by the line that fits best. Calls come and go while they are counted,
/// with two sockets each, and threads for odd jobs end when they had none for a while, so that the line is not quite flat; a handle
/// that every hundredth call leaves behind is beyond it after a thousand calls.
const HANDLES_ADDED: f64 = 10.0;
const THREADS_ADDED: f64 = 2.0;
/// How much longer the median way may be at the end than at the beginning, ms.
const CREEP_MS: f64 = 3.0;
/// Phones that stay in and are judged.
const KEPT: usize = 50;

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    checks: Vec<Check>,
    sample: Sample,
    /// Of the callers' report: calls, set-up, packets, audio.
    callers: Value,
    empty: Vitals,
    after: Vitals,
    vitals: Vec<Vitals>,
}

/// Runs it, prints the verdict, writes `soak.json`; whether all was well.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Soak) -> Result<bool, String> {
    let place = Place::new(options, what.duration)?;
    let coming = what.legs - KEPT;
    let scenario = Scenario::three_talk(&what.codec, KEPT).with_churn(Churn {
        per_second: what.churn,
        phones: coming,
    });
    eprintln!(
        "soak: {} legs for {}, {} calls a second hang up and call again",
        what.legs,
        humantime::format_duration(what.duration),
        what.churn
    );
    let run = partyline::call(&place, &scenario)?.run()?;
    let (empty, after) = (run.bridge.empty, run.bridge.given_back()?);
    let checks = checks(&run.report, &run.watched.vitals, (empty, after))?;
    println!("{}", verdict::text(&checks));
    let good = verdict::all_reached(&checks);
    let document = Document {
        environment: Environment::here(&place.program, &options.janus),
        checks,
        sample: sample(&run)?,
        callers: without_listeners(run.report),
        empty,
        after,
        vitals: run.watched.vitals,
    };
    verdict::write(&options.out, "soak.json", &document)?;
    println!("All figures: {}", options.out.join("soak.json").display());
    Ok(good)
}

fn without_listeners(mut report: Value) -> Value {
    if let Some(report) = report.as_object_mut() {
        report.remove("listeners");
    }
    report
}

fn checks(report: &Value, vitals: &[Vitals], (empty, after): (Vitals, Vitals)) -> Result<Vec<Check>, String> {
    let number = |path: &str| {
        let number = report.pointer(path).and_then(Value::as_f64);
        number.ok_or_else(|| format!("the callers' report has no {path}"))
    };
    let (from, seconds) = judged(report)?;
    let settled = vitals::between(vitals, from + WARM_UP * seconds, from + seconds);
    let failed = number("/again/asked")? - number("/again/answered")?;
    let creep = number("/delay_end_ms/p50")? - number("/delay_begin_ms/p50")?;
    let left = |of: fn(&Vitals) -> usize| of(&after).saturating_sub(of(&empty)) as f64;
    let mut checks = vec![
        memory(&settled)?,
        Check::at_most(
            "handles left after the last call",
            left(|vitals| vitals.handles),
            0.0,
            0,
            "",
        ),
        Check::at_most(
            "threads left after the last call",
            left(|vitals| vitals.threads),
            0.0,
            0,
            "",
        ),
        Check::at_most("delay, end against beginning", creep, CREEP_MS, 1, "ms"),
        Check::at_most("calls begun anew that failed", failed, 0.0, 0, ""),
        Check::at_most(
            "set-up of these, the slowest",
            number("/again/setup_ms/max")?,
            2_000.0,
            0,
            "ms",
        ),
    ];
    checks.extend(held(&settled)?);
    checks.extend(callers(report));
    Ok(checks)
}

/// Handles and threads while everybody is in: those that are given back only with the last call have been too many all the same.
fn held(vitals: &[Vitals]) -> Result<[Check; 2], String> {
    let (_, handles) = vitals::grown(vitals, |vitals| vitals.handles as f64)?;
    let (_, threads) = vitals::grown(vitals, |vitals| vitals.threads as f64)?;
    Ok([
        Check::at_most("handles that were added", handles, HANDLES_ADDED, 1, ""),
        Check::at_most("threads that were added", threads, THREADS_ADDED, 1, ""),
    ])
}

fn memory(vitals: &[Vitals]) -> Result<Check, String> {
    let (an_hour, grown) = vitals::grown(vitals, |vitals| vitals.resident_kib as f64)?;
    let mean = vitals
        .iter()
        .map(|vitals| vitals.resident_kib as f64)
        .sum::<f64>()
        / vitals.len() as f64;
    let (grown, percent) = (grown / 1024.0, 100.0 * an_hour / mean);
    let (limit, is_slow) = match vitals::hours(vitals) >= LONG_HOURS {
        true => (
            format!("at most {GROWTH_MIB} MiB, and {GROWTH_PERCENT_AN_HOUR} % an hour"),
            percent <= GROWTH_PERCENT_AN_HOUR,
        ),
        false => (format!("at most {GROWTH_MIB} MiB"), true),
    };
    Ok(Check {
        what: "memory that was added".to_owned(),
        found: format!("{grown:+.2} MiB, {percent:+.2} % an hour"),
        limit,
        reached: grown <= GROWTH_MIB && is_slow,
    })
}

/// What the callers themselves judged: packets missing and late, gaps, levels, hang-ups.
fn callers(report: &Value) -> Vec<Check> {
    let failures = report.pointer("/failures").and_then(Value::as_array);
    let failures: Vec<_> = failures.into_iter().flatten().filter_map(Value::as_str).collect();
    let check = |found: &str, reached| Check {
        what: "what the callers heard".to_owned(),
        found: found.to_owned(),
        limit: "within the limits of partyline sim".to_owned(),
        reached,
    };
    match failures.is_empty() {
        true => vec![check("good", true)],
        false => failures.into_iter().map(|why| check(why, false)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({
            "failures": [],
            "asked": { "judged_after_s": 10.0, "seconds": 3600.0 },
            "again": { "asked": 500, "answered": 500, "setup_ms": { "max": 40.0 } },
            "delay_begin_ms": { "p50": 20.0 },
            "delay_end_ms": { "p50": 21.0 },
        })
    }

    /// Memory that grows by so many KiB a second once it is warm.
    fn vitals(grows: f64) -> Vec<Vitals> {
        let moment = |second: u32| Vitals {
            at_s: f64::from(second),
            resident_kib: 60_000 + (f64::from(second.max(370)) * grows) as u64,
            handles: 2_000,
            threads: 9,
        };
        (0..3_610).map(moment).collect()
    }

    fn failed(report: &Value, grows: f64, after: Vitals) -> Vec<String> {
        let empty = Vitals {
            handles: 20,
            threads: 9,
            ..Vitals::default()
        };
        let checks = checks(report, &vitals(grows), (empty, after)).unwrap();
        let failed = checks.into_iter().filter(|check| !check.reached);
        failed.map(|check| check.what + ": " + &check.found).collect()
    }

    #[test]
    fn what_creeps_or_is_left_behind_is_named() {
        let after = |handles, threads| Vitals {
            handles,
            threads,
            ..Vitals::default()
        };
        assert_eq!(failed(&report(), 0.1, after(20, 9)), Vec::<String>::new());
        assert_eq!(
            failed(&report(), 5.0, after(22, 10)),
            [
                "memory that was added: +15.82 MiB, +25.73 % an hour",
                "handles left after the last call: 2",
                "threads left after the last call: 1",
            ]
        );
        let mut late = report();
        late["delay_end_ms"]["p50"] = json!(23.5);
        late["again"]["answered"] = json!(499);
        late["failures"] = json!(["0.200 % packets missing"]);
        assert_eq!(
            failed(&late, 0.0, after(20, 9)),
            [
                "delay, end against beginning: 3.5 ms",
                "calls begun anew that failed: 1",
                "what the callers heard: 0.200 % packets missing",
            ]
        );
    }

    #[test]
    fn memory_may_grow_by_little_in_all_and_in_a_long_time_by_little_an_hour_too() {
        let reached = |hours: u32, holds: u64, grows_an_hour: u32| {
            let moment = |minute: u32| Vitals {
                at_s: f64::from(minute) * 60.0,
                resident_kib: holds + u64::from(minute * grows_an_hour / 60),
                ..Vitals::default()
            };
            let vitals: Vec<_> = (0..=hours * 60).map(moment).collect();
            memory(&vitals).unwrap().reached
        };
        // An hour tells no rate; of a day a rate that is low is no excuse for what has leaked in all.
        assert!(reached(1, 60_000, 4_000) && !reached(1, 60_000, 6_000));
        assert!(!reached(24, 400_000, 2_000) && reached(24, 400_000, 200));
        assert!(!reached(10, 20_000, 400) && reached(10, 20_000, 100));
    }

    #[test]
    fn handles_and_threads_that_grow_while_everybody_is_in_are_named() {
        let failed = |handles: fn(u32) -> u32, threads: fn(u32) -> u32| -> Vec<String> {
            let moment = |second: u32| Vitals {
                at_s: f64::from(second),
                handles: handles(second) as usize,
                threads: threads(second) as usize,
                ..Vitals::default()
            };
            let vitals: Vec<_> = (0..3_600).map(moment).collect();
            let failed = held(&vitals).unwrap().into_iter();
            let failed = failed.filter(|check| !check.reached);
            failed.map(|check| check.what + ": " + &check.found).collect()
        };
        // Up to twelve calls more or less, and a thread that comes and goes.
        let comes_and_goes = failed(|second| 2_000 + second % 7 * 4, |second| 9 + second / 60 % 2);
        assert_eq!(comes_and_goes, Vec::<String>::new());
        assert_eq!(
            failed(|second| 2_000 + second / 200, |second| 9 + second / 1_200),
            ["handles that were added: 17.9", "threads that were added: 2.7"]
        );
    }
}
