//! Crowds at the API beside a meeting that talks: thousands of idle streams of events, then thousands of connections that send nothing. Whether
//! they are served, or sent away in time; what they cost; whether requests and callers notice; whether all is given back.

use serde::Serialize;

use crate::cpu;
use crate::environment::Environment;
use crate::followers::{Followers, Following};
use crate::options::{Crowd, Options};
use crate::partyline::{Bridge, Place, Run, judged};
use crate::results::Sample;
use crate::sample::sample;
use crate::scenario::{PCMU, Scenario};
use crate::silent::{Silent, Visits};
use crate::traffic::Asked;
use crate::verdict::{self, Check};
use crate::vitals::{self, Vitals};

/// Part of the time judged in which memory may grow. The ring of reports from the mixer to control takes memory slot by slot as it is first
/// gone round, 65,536 of them: with 500 legs, of which each is reported on once a second, in 131 s.
const WARM_UP: f64 = 0.5;
/// What memory may grow by after it.
const GROWTH_MIB: f64 = 5.0;
/// What a stream may take of it, TLS and all.
const STREAM_KIB: f64 = 64.0;
/// Longest time in which a stream may be told nothing: its heartbeats come every 15 s, and may be a little late.
const SILENCE_S: f64 = 17.0;
/// When a connection must be gone on which no handshake, or after it no request begins: 5 s and 10 s, and a little for the closing.
const PLAIN_S: f64 = 6.0;
const SECURED_S: f64 = 11.0;
/// What a GET of one call may take, 99 of 100: beside streams, and while strangers attack.
const ONE_MS: f64 = 10.0;
const ONE_ATTACKED_MS: f64 = 200.0;

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    streams: Option<Streams>,
    silent: Option<Strangers>,
}

/// The part with streams.
#[derive(Debug, Serialize)]
struct Streams {
    checks: Vec<Check>,
    following: Following,
    /// With all streams, before the first call.
    crowded: Vitals,
    beside: Beside,
}

/// The part with silent connections.
#[derive(Debug, Serialize)]
struct Strangers {
    checks: Vec<Check>,
    visits: Visits,
    beside: Beside,
}

/// What the bridge and the meeting beside were like.
#[derive(Debug, Serialize)]
struct Beside {
    sample: Sample,
    /// Before anybody came.
    empty: Vitals,
    /// When all had gone.
    after: Vitals,
    /// Once a second while it was judged, after a while in which tables reach their size.
    vitals: Vec<Vitals>,
}

/// Runs both parts, prints their verdicts, writes `crowd.json`; whether all was well.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Crowd) -> Result<bool, String> {
    let place = Place::new(options, what.duration)?;
    let mut document = Document {
        environment: Environment::here(&place.program, &options.janus),
        streams: None,
        silent: None,
    };
    // Without /proc the measurement itself will say so.
    let _ = cpu::wait_for_calm(options.patience);
    let streams = document.streams.insert(streams(&place, what)?);
    println!("{} idle streams of events, {}", what.streams, beside(what));
    println!("{}", verdict::text(&streams.checks));
    let kept = verdict::all_reached(&streams.checks);
    verdict::write(&options.out, "crowd.json", &document)?;
    let _ = cpu::wait_for_calm(options.patience);
    let silent = document.silent.insert(strangers(&place, what)?);
    println!("{} silent connections at a time, {}", what.silent, beside(what));
    println!("{}", verdict::text(&silent.checks));
    let good = kept && verdict::all_reached(&silent.checks);
    verdict::write(&options.out, "crowd.json", &document)?;
    println!("All figures: {}", options.out.join("crowd.json").display());
    Ok(good)
}

fn beside(what: &Crowd) -> String {
    let time = humantime::format_duration(what.duration);
    format!("beside {} legs that talk, {time}", what.legs)
}

/// The meeting that talks, and requests for one of its calls.
fn talk(what: &Crowd) -> Scenario {
    Scenario {
        asked: Some(Asked::Ones),
        ..Scenario::three_talk(PCMU, what.legs)
    }
}

/// Room for all streams. A quarter of the connections are never streams; the limit for one source stays as it is.
fn room_for(streams: usize) -> String {
    let connections = 2 * streams + 1_000;
    format!(
        "connections = {connections}\n[events]\nstreams = {streams}\nstreams_per_subscriber = {streams}\n"
    )
}

fn streams(place: &Place, what: &Crowd) -> Result<Streams, String> {
    eprintln!("crowd: {} streams of events open", what.streams);
    let bridge = Bridge::start(place, &room_for(what.streams))?;
    let followers = Followers::open(&bridge.client.door()?, what.streams)?;
    let crowded = bridge.vitals()?;
    eprintln!("crowd: {} legs call", what.legs);
    let run = bridge.call(place, &talk(what))?.run()?;
    let following = followers.finish()?;
    let beside = Beside::of(*run)?;
    let mut checks = followed(&following);
    checks.push(memory_of_one(&beside, &crowded, what.streams - following.refused));
    checks.push(growth(&beside)?);
    checks.extend(beside.checks(what.legs, ONE_MS)?);
    Ok(Streams {
        checks,
        following,
        crowded,
        beside,
    })
}

fn strangers(place: &Place, what: &Crowd) -> Result<Strangers, String> {
    eprintln!("crowd: {} silent connections at a time", what.silent);
    let bridge = Bridge::start(place, "")?;
    let scenario = talk(what);
    let silent = Silent::start(bridge.client.door()?, what.silent, place.all_in(&scenario));
    let run = bridge.call(place, &scenario)?.run()?;
    let visits = silent.finish()?;
    let beside = Beside::of(*run)?;
    let mut checks = visited(&visits, what.silent);
    checks.extend(beside.checks(what.legs, ONE_ATTACKED_MS)?);
    Ok(Strangers {
        checks,
        visits,
        beside,
    })
}

impl Beside {
    /// After everybody has left.
    fn of(run: Run) -> Result<Self, String> {
        let after = run.bridge.given_back()?;
        let (from, seconds) = judged(&run.report)?;
        let (begin, end) = (from + WARM_UP * seconds, from + seconds);
        Ok(Self {
            // Memory of legs can't be told from that of the others here.
            sample: Sample {
                memory_kib: None,
                ..sample(&run)?
            },
            empty: run.bridge.empty,
            after,
            vitals: vitals::between(&run.watched.vitals, begin, end),
        })
    }

    /// What everybody may ask for, whoever else is there.
    fn checks(&self, legs: usize, one_ms: f64) -> Result<Vec<Check>, String> {
        let rest = self.sample.rest.ok_or("no request was made")?;
        let one = rest.one.ok_or("no request was answered")?;
        let left = self.after.handles.saturating_sub(self.empty.handles);
        Ok(vec![
            Check::none("handles left when all had gone", left),
            Check::at_most("GET of one call, 99 of 100", one.p99, one_ms, 1, "ms"),
            Check::none("requests that failed", rest.failed),
            Check::none("legs that were not in", legs.saturating_sub(self.sample.legs_in)),
            Check::none("packets missing", self.sample.missing as usize),
            Check::none("packets more than 20 ms late", self.sample.late_20ms as usize),
        ])
    }
}

fn followed(following: &Following) -> Vec<Check> {
    vec![
        Check::none("streams that did not begin", following.refused),
        Check::none("streams that ended before they were let go", following.lost),
        Check::none("streams without a heartbeat", following.unheard),
        Check::at_most(
            "longest silence of a stream",
            following.silence_s,
            SILENCE_S,
            1,
            "s",
        ),
    ]
}

fn memory_of_one(beside: &Beside, crowded: &Vitals, streams: usize) -> Check {
    let taken = crowded.resident_kib.saturating_sub(beside.empty.resident_kib) as f64;
    let one = taken / streams.max(1) as f64;
    Check::at_most("memory of a stream", one, STREAM_KIB, 1, "KiB")
}

fn growth(beside: &Beside) -> Result<Check, String> {
    let (_, grown) = vitals::grown(&beside.vitals, |vitals| vitals.resident_kib as f64)?;
    let (what, grown) = ("memory that was added while all were there", grown / 1024.0);
    Ok(Check::at_most(what, grown, GROWTH_MIB, 2, "MiB"))
}

fn visited(visits: &Visits, at_once: usize) -> Vec<Check> {
    let closed = |what: &str, seconds: f64, most: f64| Check::at_most(what, seconds, most, 1, "s");
    vec![
        Check::at_least(
            "silent connections that were made",
            visits.made as f64,
            at_once as f64,
            0,
            "",
        ),
        Check::none("of these neither refused nor closed", visits.stayed),
        closed(
            "without a handshake: the last was closed after",
            visits.plain_s,
            PLAIN_S,
        ),
        closed(
            "after a handshake: the last was closed after",
            visits.secured_s,
            SECURED_S,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Delay;
    use crate::traffic::Rest;

    fn beside() -> Beside {
        let vitals = |at_s, resident_kib| Vitals {
            at_s,
            resident_kib,
            handles: 40,
            threads: 9,
        };
        let one = Delay { p50: 1.0, p99: 9.0 };
        let rest = Rest {
            one: Some(one),
            ..Rest::default()
        };
        Beside {
            sample: Sample {
                legs_in: 500,
                rest: Some(rest),
                ..Sample::default()
            },
            empty: vitals(0.0, 10_000),
            after: vitals(0.0, 400_000),
            vitals: vec![vitals(20.0, 400_000), vitals(80.0, 405_100)],
        }
    }

    fn failed(checks: &[Check]) -> Vec<&str> {
        let failed = checks.iter().filter(|check| !check.reached);
        failed.map(|check| check.what.as_str()).collect()
    }

    #[test]
    fn who_is_harmed_by_a_crowd_is_named() {
        type Change = fn(&mut Beside);
        let good = beside().checks(500, ONE_MS).unwrap();
        assert_eq!(failed(&good), Vec::<&str>::new());
        let changes: [Change; 5] = [
            |beside| beside.after.handles = 41,
            |beside| {
                let rest = beside.sample.rest.as_mut().unwrap();
                rest.one.as_mut().unwrap().p99 = 10.1;
            },
            |beside| beside.sample.rest.as_mut().unwrap().failed = 1,
            |beside| beside.sample.legs_in = 499,
            |beside| (beside.sample.missing, beside.sample.late_20ms) = (1, 1),
        ];
        let expected: [&[&str]; 5] = [
            &["handles left when all had gone"],
            &["GET of one call, 99 of 100"],
            &["requests that failed"],
            &["legs that were not in"],
            &["packets missing", "packets more than 20 ms late"],
        ];
        for (change, expected) in changes.into_iter().zip(expected) {
            let mut beside = beside();
            change(&mut beside);
            assert_eq!(failed(&beside.checks(500, ONE_MS).unwrap()), expected);
        }
        let mut silent = beside();
        silent.sample.rest = None;
        assert!(silent.checks(500, ONE_MS).is_err());
    }

    #[test]
    fn what_a_stream_costs_is_shared_out_and_growth_is_that_of_the_time_judged() {
        let beside = beside();
        let crowded = Vitals {
            resident_kib: 330_000,
            ..beside.empty
        };
        let one = memory_of_one(&beside, &crowded, 10_000);
        assert!(one.reached && one.found == "32.0 KiB", "{one:?}");
        assert!(!memory_of_one(&beside, &crowded, 4_999).reached);
        let grown = growth(&beside).unwrap();
        assert!(grown.reached && grown.found == "4.98 MiB", "{grown:?}");
    }

    #[test]
    fn streams_and_connections_that_are_not_treated_as_promised_are_named() {
        let good = Following {
            heartbeats: 5,
            silence_s: 15.2,
            ..Following::default()
        };
        assert_eq!(failed(&followed(&good)), Vec::<&str>::new());
        let silence_s = SILENCE_S + 0.1;
        let late = followed(&Following { silence_s, ..good });
        assert_eq!(failed(&late), ["longest silence of a stream"]);
        let (refused, lost, unheard) = (1, 1, 1);
        let away = followed(&Following {
            refused,
            lost,
            unheard,
            ..good
        });
        assert_eq!(failed(&away).len(), 3);
        let visits = Visits {
            made: 2_000,
            plain_s: 5.1,
            secured_s: 10.2,
            ..Visits::default()
        };
        assert_eq!(failed(&visited(&visits, 2_000)), Vec::<&str>::new());
        let (stayed, plain_s, secured_s) = (1, 6.1, 11.1);
        let bad = Visits {
            stayed,
            plain_s,
            secured_s,
            ..visits
        };
        assert_eq!(failed(&visited(&bad, 2_001)).len(), 4);
    }
}
