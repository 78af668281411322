//! The stream of all events while hundreds of phones a second join and leave: whether it has a gap, tells anything out of order, or somebody
//! leaving who never joined; and how many of them it told.

use std::time::Duration;

use serde::Serialize;
use sim::report::Spread;

use crate::cpu;
use crate::environment::Environment;
use crate::options::{Churning, Options};
use crate::order::{Faults, rate};
use crate::partyline::{Bridge, Place, Run, judged};
use crate::results::Sample;
use crate::sample::sample;
use crate::scenario::{Churn, PCMU, Scenario};
use crate::tail::{Read, Tail};
use crate::verdict::{self, Check};

/// At both ends of the time judged fewer come and go: the first leave one by one, and the last need time for another call.
const MARGIN_S: f64 = 5.0;

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    checks: Vec<Check>,
    found: Found,
    sample: Sample,
}

/// What the stream told.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Found {
    events: u64,
    faults: Faults,
    /// The stream ended before its reader did.
    lost: bool,
    /// Calls that were never told to have left.
    inside: usize,
    joins_per_second: f64,
    leaves_per_second: f64,
    /// Calls begun anew that were not answered.
    failed: u64,
    /// From what happened to its being read, ms; the bridge's clock has whole ones.
    delay_ms: Spread,
}

/// Runs it, prints the verdict, writes `churn.json`; whether all was well.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Churning) -> Result<bool, String> {
    let place = Place::new(options, what.duration)?;
    // Without /proc the measurement itself will say so.
    let _ = cpu::wait_for_calm(options.patience);
    eprintln!(
        "churn: {} legs stay for {}, {} calls a second hang up and call again",
        what.legs,
        humantime::format_duration(what.duration),
        what.churn
    );
    let bridge = Bridge::start(&place, "")?;
    let tail = Tail::start(&bridge.client)?;
    let run = bridge.call(&place, &scenario(what))?.run()?;
    let read = tail.finish()?;
    let sample = sample(&run)?;
    let found = found(&run, &read, &sample)?;
    let checks = checks(&found, f64::from(what.churn));
    println!("{}", title(&found, &sample));
    println!("{}", verdict::text(&checks));
    let good = verdict::all_reached(&checks);
    let document = Document {
        environment: Environment::here(&place.program, &options.janus),
        checks,
        found,
        sample,
    };
    verdict::write(&options.out, "churn.json", &document)?;
    println!("All figures: {}", options.out.join("churn.json").display());
    Ok(good)
}

/// So many phones that a call stays for a little more than four seconds.
fn scenario(what: &Churning) -> Scenario {
    Scenario::three_talk(PCMU, what.legs).with_churn(Churn {
        per_second: what.churn,
        phones: (30 * what.churn as usize).div_ceil(7),
    })
}

/// Of the calls that are to come each second, so many must be told: a BYE and a pause lie between two calls of a phone.
fn least(churn: f64) -> f64 {
    churn * 20.0 / 21.0
}

fn found(run: &Run, read: &Read, sample: &Sample) -> Result<Found, String> {
    let (from, seconds) = judged(&run.report)?;
    let at = |seconds: f64| run.start + Duration::from_secs_f64(seconds);
    let (begin, end) = (at(from + MARGIN_S), at(from + seconds - MARGIN_S));
    let order = &read.order;
    Ok(Found {
        events: order.events,
        faults: order.faults,
        lost: read.is_lost,
        inside: order.inside(),
        joins_per_second: rate(&order.joined, begin, end),
        leaves_per_second: rate(&order.left, begin, end),
        failed: sample.joins.map_or(0, |joins| joins.failed),
        delay_ms: order.delay(),
    })
}

fn checks(found: &Found, churn: f64) -> Vec<Check> {
    let faults = found.faults;
    let none = |what: &str, count: u64| Check::none(what, count as usize);
    let told = |what: &str, rate: f64| Check::at_least(what, rate, least(churn), 1, "a second");
    vec![
        told("joins that were told", found.joins_per_second),
        told("leaves that were told", found.leaves_per_second),
        none("times the stream was cut", u64::from(found.lost)),
        none("places skipped in a meeting's log", faults.gaps),
        none("events out of order, or twice", faults.out_of_order),
        none("calls that left without having joined", faults.left_unjoined),
        none("calls that joined twice", faults.joined_twice),
        none("calls that ended before they left", faults.ended_inside),
        none("events of calls that were over", faults.after_end),
        Check::none("calls that joined and never left", found.inside),
        none("calls begun anew that failed", found.failed),
    ]
}

fn title(found: &Found, sample: &Sample) -> String {
    format!(
        "{} events, read {:.1} ms after they happened, 99 of 100 within {:.1} ms; of {} packets due to the {} legs that stayed {} missing, {} over \
         20 ms late; callers busy {:.0} %",
        found.events,
        found.delay_ms.p50,
        found.delay_ms.p99,
        sample.due,
        sample.legs_in,
        sample.missing,
        sample.late_20ms,
        sample.callers_busy_percent
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Found {
        Found {
            events: 60_000,
            joins_per_second: 200.0,
            leaves_per_second: 200.0,
            ..Found::default()
        }
    }

    #[test]
    fn each_broken_promise_of_the_stream_fails_one_check() {
        assert!(verdict::all_reached(&checks(&good(), 210.0)));
        type Change = fn(&mut Found);
        let changes: [Change; 11] = [
            |found| found.joins_per_second = 199.9,
            |found| found.leaves_per_second = 199.9,
            |found| found.lost = true,
            |found| found.faults.gaps = 1,
            |found| found.faults.out_of_order = 1,
            |found| found.faults.left_unjoined = 1,
            |found| found.faults.joined_twice = 1,
            |found| found.faults.ended_inside = 1,
            |found| found.faults.after_end = 1,
            |found| found.inside = 1,
            |found| found.failed = 1,
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut found = good();
            change(&mut found);
            let failed: Vec<_> = checks(&found, 210.0).iter().map(|check| !check.reached).collect();
            assert_eq!(failed.iter().position(|failed| *failed), Some(place));
            assert_eq!(failed.iter().filter(|failed| **failed).count(), 1, "{place}");
        }
    }

    #[test]
    fn phones_are_as_many_as_come_and_go_with_some_seconds_inside() {
        let what = Churning {
            duration: Duration::from_secs(60),
            legs: 100,
            churn: 210,
        };
        let churn = scenario(&what).churn.unwrap();
        assert_eq!((churn.per_second, churn.phones), (210, 900));
    }
}
