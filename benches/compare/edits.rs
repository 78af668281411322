//! Live changes beside a meeting that talks: calls are muted and unmuted by PUT, each of which is answered when the audit of it is on
//! disk. How long that takes, and whether each is in the audit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use sim::report::Spread;

use crate::cpu;
use crate::environment::Environment;
use crate::options::{Editing, Options};
use crate::partyline::{Bridge, Place, judged};
use crate::rest::Client;
use crate::results::Sample;
use crate::sample::sample;
use crate::scenario::{PCMU, Scenario};
use crate::verdict::{self, Check};

/// Clients, each on a connection of its own and in turn: changes that come together share an fsync, those of one client never do.
const CLIENTS: u32 = 4;
/// `muteMode` of a call: muted by a host, and not muted.
const MUTED: [u8; 2] = [2, 0];
/// Phones that come last never talk.
const TALKERS: usize = 3;
/// What a change may take, 99 of 100.
const CHANGE_MS: f64 = 100.0;
/// Of the changes that are to be made, so many must be.
const LEAST: f64 = 0.95;

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    checks: Vec<Check>,
    made: Made,
    sample: Sample,
}

/// Changes while callers were judged.
#[derive(Clone, Copy, Debug, Serialize)]
struct Made {
    per_second: f64,
    took_ms: Spread,
    /// Not answered with 2xx while callers were judged: behind it they hang up, and there is nobody to mute.
    failed: usize,
    /// All the time: answered, and not in the audit.
    missing: u64,
}

/// One change.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// When it was sent, or was due where the answer before it took too long.
    at: Instant,
    took: Duration,
    good: bool,
}

/// Clients at work.
struct Changes {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Vec<Change>, String>>>,
}

/// Runs it, prints the verdict, writes `edits.json`; whether all was well.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Editing) -> Result<bool, String> {
    let place = Place::new(options, what.duration)?;
    // Without /proc the measurement itself will say so.
    let _ = cpu::wait_for_calm(options.patience);
    let time = humantime::format_duration(what.duration);
    eprintln!(
        "edits: {} legs for {time}, {} changes a second",
        what.legs, what.changes
    );
    let bridge = Bridge::start(&place, "")?;
    let before = bridge.client.total("/audit?limit=1")?;
    let scenario = Scenario::three_talk(PCMU, what.legs);
    let changes = Changes::start(&bridge.client, what.changes, place.all_in(&scenario));
    let run = bridge.call(&place, &scenario)?.run()?;
    let (from, seconds) = judged(&run.report)?;
    let changes = changes.finish()?;
    let noted = run.bridge.client.total("/audit?limit=1")?.saturating_sub(before);
    let begin = run.start + Duration::from_secs_f64(from);
    let made = made(&changes, begin, seconds, noted);
    let sample = sample(&run)?;
    let checks = checks(&made, &sample, what);
    println!("{}", title(&made, what));
    println!("{}", verdict::text(&checks));
    let good = verdict::all_reached(&checks);
    let document = Document {
        environment: Environment::here(&place.program, &options.janus),
        checks,
        made,
        sample,
    };
    verdict::write(&options.out, "edits.json", &document)?;
    println!("All figures: {}", options.out.join("edits.json").display());
    Ok(good)
}

impl Changes {
    /// Makes so many a second, from `after` on, when callers are in.
    fn start(client: &Client, per_second: u32, after: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let every = Duration::from_secs(1) * CLIENTS / per_second.max(1);
        let threads = (0..CLIENTS).map(|number| {
            let (client, stop) = (client.clone(), Arc::clone(&stop));
            let after = after + every * number / CLIENTS;
            thread::spawn(move || {
                thread::sleep(after);
                let calls = share(&client.calls("limit=1000&order=id%20desc")?, number as usize);
                match calls.is_empty() {
                    true => Err("too few calls are up".to_owned()),
                    false => Ok(change(&client, &calls, every, &stop)),
                }
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }

    /// Ends it; what was changed.
    ///
    /// # Errors
    /// No call could be changed.
    fn finish(self) -> Result<Vec<Change>, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut changes = Vec::new();
        for thread in self.threads {
            changes.extend(thread.join().map_err(|_| "a client has failed")??);
        }
        Ok(changes)
    }
}

/// The calls of one client: none that talk, and none of another's.
fn share(calls: &[String], number: usize) -> Vec<String> {
    let silent = calls.iter().take(calls.len().saturating_sub(TALKERS));
    silent.skip(number).step_by(CLIENTS as usize).cloned().collect()
}

/// Mutes one call after another, then unmutes them, and so on until told to stop.
fn change(client: &Client, calls: &[String], every: Duration, stop: &AtomicBool) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut due = Instant::now();
    let rounds = MUTED.into_iter().cycle();
    for (muted, call) in rounds.flat_map(|muted| calls.iter().map(move |call| (muted, call))) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let put = client.put(&format!("/calls/{call}"), &json!({ "muteMode": muted }));
        changes.push(Change {
            at: due,
            took: due.elapsed(),
            good: put.is_ok(),
        });
        due += every;
    }
    changes
}

fn made(changes: &[Change], begin: Instant, seconds: f64, noted: u64) -> Made {
    let end = begin + Duration::from_secs_f64(seconds);
    let good = || changes.iter().filter(|change| change.good);
    let is_judged = |change: &&Change| (begin..end).contains(&change.at);
    let took: Vec<_> = good()
        .filter(is_judged)
        .map(|change| change.took.as_secs_f64() * 1e3)
        .collect();
    Made {
        per_second: took.len() as f64 / seconds,
        took_ms: Spread::of(took),
        failed: changes
            .iter()
            .filter(is_judged)
            .filter(|change| !change.good)
            .count(),
        missing: (good().count() as u64).saturating_sub(noted),
    }
}

fn checks(made: &Made, sample: &Sample, what: &Editing) -> Vec<Check> {
    let least = LEAST * f64::from(what.changes);
    let p99 = made.took_ms.p99;
    vec![
        Check::at_most("a change, 99 of 100", p99, CHANGE_MS, 1, "ms"),
        Check::at_least("changes that were made", made.per_second, least, 1, "a second"),
        Check::none("changes that failed", made.failed),
        Check::none("changes that are not in the audit", made.missing as usize),
        Check::none("legs that were not in", what.legs.saturating_sub(sample.legs_in)),
        Check::none("packets missing", sample.missing as usize),
        Check::none("packets more than 20 ms late", sample.late_20ms as usize),
    ]
}

fn title(made: &Made, what: &Editing) -> String {
    format!(
        "{:.1} changes a second beside {} legs that talk: half within {:.1} ms, 99 of 100 within {:.1} ms, the slowest {:.1} ms",
        made.per_second, what.legs, made.took_ms.p50, made.took_ms.p99, made.took_ms.max
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_the_calls_that_do_not_talk() {
        let calls: Vec<_> = (0..13).map(|id| id.to_string()).collect();
        assert_eq!(share(&calls, 0), ["0", "4", "8"]);
        assert_eq!(share(&calls, 1), ["1", "5", "9"]);
        assert_eq!(share(&calls, 3), ["3", "7"]);
        assert!(share(&calls[..3], 0).is_empty());
    }

    #[test]
    fn changes_and_their_failures_are_judged_while_callers_are() {
        let begin = Instant::now() + Duration::from_secs(10);
        let change = |second: u64, ms: u64, good: bool| Change {
            at: begin + Duration::from_secs(second) - Duration::from_secs(1),
            took: Duration::from_millis(ms),
            good,
        };
        let changes = [
            change(0, 900, true),
            change(1, 4, true),
            change(2, 6, true),
            change(2, 6, false),
            change(3, 900, true),
            change(3, 1, false),
        ];
        let made = made(&changes, begin, 2.0, 3);
        assert_eq!((made.per_second, made.failed, made.missing), (1.0, 1, 1));
        assert_eq!((made.took_ms.p50, made.took_ms.max), (4.0, 6.0));
    }
}
