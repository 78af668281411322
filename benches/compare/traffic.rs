//! Requests at a steady rate while callers talk, and how long each answer took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use sim::report::Spread;

use crate::rest::{self, Client};
use crate::results::Delay;

/// Time between two lists of a kind, and between two single calls: no multiples of a tick, so that they meet the mixer at every moment of its
/// ticks.
const LIST_PACE: Duration = Duration::from_millis(97);
const ONE_PACE: Duration = Duration::from_millis(19);
/// What one of a hundred calls passes: those in the demo room who are not muted and whose numbers end so.
const FEW: &str = "meetingNumber eq 106131 and muteMode eq 0 and caller like \"%99\"";

/// What is asked of REST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Lists, some ten of each kind a second and no two at once, that of all calls with this filter; and single calls, some fifty a second.
    Lists(String),
    /// Single calls alone, some fifty a second.
    Ones,
    /// Single calls, two thousand a second, on eight connections.
    Flood,
}

/// Requests on a connection of their own, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// Each with its path.
    turns: Vec<(Kind, String)>,
    every: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// All calls.
    List,
    /// Those that pass a filter.
    Few,
    /// All calls, in order of a text.
    Ordered,
    /// Two fields of all calls.
    Fields,
    /// A single call.
    One,
}

/// How a request went.
#[derive(Clone, Copy, Debug)]
struct Answer {
    kind: Kind,
    /// When it was sent, or was due where an answer before it took too long; since the callers were started.
    at: Duration,
    took: Duration,
    good: bool,
}

/// Requests in a time, in few figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Rest {
    /// Answered a second, all kinds.
    pub(crate) per_second: f64,
    /// Not answered with 2xx.
    pub(crate) failed: usize,
    /// Until a list of all calls was read to its end, ms.
    pub(crate) list: Option<Delay>,
    /// The same of a list of the few that pass a filter.
    pub(crate) few: Option<Delay>,
    /// The same of a list of all calls in order of a text.
    pub(crate) ordered: Option<Delay>,
    /// The same of a list of two fields of all calls.
    pub(crate) fields: Option<Delay>,
    /// The same of a single call.
    pub(crate) one: Option<Delay>,
}

/// Clients at work.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Vec<Answer>, String>>>,
}

impl Asked {
    fn lines(&self, call: &str) -> Vec<Line> {
        let one = |every| Line {
            turns: vec![(Kind::One, format!("/calls/{call}"))],
            every,
        };
        match self {
            Self::Lists(filter) => {
                let turns = vec![
                    (Kind::List, rest::list("filter", filter)),
                    (Kind::Few, rest::list("filter", FEW)),
                    (Kind::Ordered, rest::list("order", "caller desc")),
                    (Kind::Fields, rest::list("include_fields", "id,muteMode")),
                ];
                let every = LIST_PACE / turns.len() as u32;
                vec![Line { turns, every }, one(ONE_PACE)]
            }
            Self::Ones => vec![one(ONE_PACE)],
            Self::Flood => vec![one(Duration::from_millis(4)); 8],
        }
    }
}

impl Traffic {
    /// Asks from `after` on, counted from `start`, when callers are in.
    pub(crate) fn start(client: &Client, asked: &Asked, start: Instant, after: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let lines = asked.lines("").len();
        let threads = (0..lines).map(|number| {
            let (client, asked, stop) = (client.clone(), asked.clone(), Arc::clone(&stop));
            thread::spawn(move || {
                thread::sleep((start + after).saturating_duration_since(Instant::now()));
                let line = asked.lines(&client.any_call()?).swap_remove(number);
                Ok(ask(&client, &line, start, &stop))
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }

    /// Ends it; what was asked and answered between two moments, seconds since the start.
    ///
    /// # Errors
    /// No call could be asked for.
    pub(crate) fn finish(self, from: f64, to: f64) -> Result<Rest, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        for thread in self.threads {
            answers.extend(thread.join().map_err(|_| "a REST client has failed")??);
        }
        answers.retain(|answer| (from..to).contains(&answer.at.as_secs_f64()));
        Ok(figures(&answers, to - from))
    }
}

/// Asks at its rate until told to stop. A request that had to wait for the answer before it counts from when it was due.
fn ask(client: &Client, line: &Line, start: Instant, stop: &AtomicBool) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut due = Instant::now();
    for (kind, path) in line.turns.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let wait = due.saturating_duration_since(Instant::now());
        let at = match wait.is_zero() {
            true => due,
            false => {
                thread::sleep(wait);
                Instant::now()
            }
        };
        let good = client.get(path).is_ok();
        answers.push(Answer {
            kind: *kind,
            at: at.saturating_duration_since(start),
            took: at.elapsed(),
            good,
        });
        due += line.every;
    }
    answers
}

fn figures(answers: &[Answer], seconds: f64) -> Rest {
    let good = || answers.iter().filter(|answer| answer.good);
    let delay = |kind| {
        let took = good().filter(|answer| answer.kind == kind);
        let spread = Spread::of(took.map(|answer| answer.took.as_secs_f64() * 1e3).collect());
        (spread.count > 0).then_some(Delay {
            p50: spread.p50,
            p99: spread.p99,
        })
    };
    Rest {
        per_second: good().count() as f64 / seconds,
        failed: answers.len() - good().count(),
        list: delay(Kind::List),
        few: delay(Kind::Few),
        ordered: delay(Kind::Ordered),
        fields: delay(Kind::Fields),
        one: delay(Kind::One),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_kind_and_those_that_failed_apart() {
        let answer = |kind, ms, good| Answer {
            kind,
            at: Duration::ZERO,
            took: Duration::from_millis(ms),
            good,
        };
        let answers = [
            answer(Kind::List, 8, true),
            answer(Kind::List, 900, false),
            answer(Kind::Fields, 2, true),
            answer(Kind::One, 1, true),
            answer(Kind::One, 3, true),
        ];
        let found = figures(&answers, 2.0);
        assert_eq!((found.per_second, found.failed), (2.0, 1));
        assert_eq!(found.list, Some(Delay { p50: 8.0, p99: 8.0 }));
        assert_eq!(found.fields, Some(Delay { p50: 2.0, p99: 2.0 }));
        assert_eq!(found.one, Some(Delay { p50: 1.0, p99: 3.0 }));
        assert_eq!(figures(&[], 1.0).list, None);
    }

    #[test]
    fn rates_are_those_that_are_promised() {
        let rate = |asked: &Asked, kind: Kind| -> f64 {
            let of_line = |line: &Line| {
                let turns = line.turns.iter().filter(|(turn, _)| *turn == kind).count();
                turns as f64 / line.turns.len() as f64 / line.every.as_secs_f64()
            };
            asked.lines("7").iter().map(of_line).sum()
        };
        let lists = Asked::Lists("state eq 2".to_owned());
        for kind in [Kind::List, Kind::Few, Kind::Ordered, Kind::Fields] {
            assert!((rate(&lists, kind) - 10.31).abs() < 0.01, "{kind:?}");
        }
        assert!((rate(&lists, Kind::One) - 52.63).abs() < 0.01);
        assert!((rate(&Asked::Ones, Kind::One) - 52.63).abs() < 0.01);
        assert!((rate(&Asked::Flood, Kind::One) - 2_000.0).abs() < 1e-9);
    }
}
