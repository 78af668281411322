//! Lists of what is stored, when there are a million rows of each: how long pages, filters and orders take, whether totals are right,
//! what they cost in memory, and how long a change waits beside lists that go through everything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use sim::report::Spread;

use crate::cpu;
use crate::environment::Environment;
use crate::options::{Options, Recorded};
use crate::partyline::{Bridge, Place};
use crate::rest::{Client, escape};
use crate::stored::Stored;
use crate::verdict::{self, Check};
use crate::vitals::Vitals;

/// Objects of a page.
const PAGE: u64 = 100;
const DAY_MS: i64 = 24 * 3_600_000;
/// What 99 of 100 answers may take that an index finds, and of a page in the middle of the list, whose rows before it are stepped over.
const FOUND_MS: f64 = 50.0;
const MIDDLE_MS: f64 = 1_000.0;
/// The same of a list for which all rows are looked at: as long as the bridge gives it.
const ALL_MS: f64 = 5_000.0;
/// The same of a change beside such lists, two at a time.
const CHANGE_MS: f64 = 200.0;
/// What memory may grow by.
const GROWTH_MIB: f64 = 64.0;
/// Longest that one kind of list is asked for, and changes beside lists are made.
const LONGEST: Duration = Duration::from_secs(20);
const BESIDE: Duration = Duration::from_secs(10);
/// Time between two of those changes.
const PACE: Duration = Duration::from_millis(53);
/// A list for which every row is looked at.
const THROUGH_ALL: &str = "/cdrs?limit=100&order=duration%20desc";

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    rows: u64,
    /// Until the store was filled, s.
    fill_s: f64,
    checks: Vec<Check>,
    asked: Vec<Asked>,
    /// Started anew on the full store, and after all lists.
    begin: Vitals,
    end: Vitals,
}

/// A kind of list, and what it took.
#[derive(Clone, Debug, Serialize)]
struct Asked {
    what: String,
    /// Most that 99 of 100 may take, ms.
    most_ms: f64,
    took_ms: Spread,
    /// Not answered with 2xx.
    failed: usize,
    /// With another total than is there.
    wrong: usize,
}

/// A list as one account sees it.
struct List<'a> {
    /// How it is told.
    whose: &'static str,
    name: &'static str,
    client: &'a Client,
    stored: &'a Stored,
    /// How many objects it has, or nearly.
    rows: u64,
    /// Whether it has just as many.
    is_counted: bool,
    /// What finds the object that belongs to the call of this number.
    one: fn(&Stored, u64) -> String,
}

/// What of a list is asked for.
#[derive(Clone, Copy, Debug)]
enum Part {
    First,
    Last,
    Middle,
    ByCaller,
    OfADay,
    One,
    ByDuration,
}

const OF_CALLS: [Part; 7] = [
    Part::First,
    Part::Last,
    Part::Middle,
    Part::ByCaller,
    Part::OfADay,
    Part::One,
    Part::ByDuration,
];
const OF_FEW_CALLS: [Part; 3] = [Part::First, Part::Last, Part::ByCaller];
const OF_CHANGES: [Part; 4] = [Part::First, Part::Last, Part::OfADay, Part::One];

/// Runs it, prints the verdict, writes `records.json`; whether all was well.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Recorded) -> Result<bool, String> {
    let place = Place::new(options, LONGEST)?;
    let first = Bridge::start(&place, "")?;
    let above = first.above_all(&place)?;
    eprintln!("records: {} calls and as many changes are written", what.rows);
    let start = Instant::now();
    let mut stored = None;
    let bridge = first.again(&place, |data| {
        stored = Some(Stored::fill(data, what.rows)?);
        Ok(())
    })?;
    let stored = stored.ok_or("nothing was stored")?;
    let fill_s = start.elapsed().as_secs_f64();
    // Without /proc the measurement itself will say so.
    let _ = cpu::wait_for_calm(options.patience);
    // The connections of both have ended with the bridge before.
    let (above, below) = (above.clone(), bridge.client.clone());
    let begin = bridge.vitals()?;
    let mut asked = ask_all(&stored, &above, &below, what.asked);
    asked.push(beside(&above, &below));
    let end = bridge.vitals()?;
    let mut checks: Vec<_> = asked.iter().flat_map(checks).collect();
    checks.push(growth(&begin, &end));
    println!("{}", verdict::text(&checks));
    let good = verdict::all_reached(&checks);
    let document = Document {
        environment: Environment::here(&place.program, &options.janus),
        rows: what.rows,
        fill_s,
        checks,
        asked,
        begin,
        end,
    };
    verdict::write(&options.out, "records.json", &document)?;
    println!("All figures: {}", options.out.join("records.json").display());
    Ok(good)
}

/// Lists of calls for who has them all, and for who has one in ten; and the audit of the first.
fn ask_all(stored: &Stored, above: &Client, below: &Client, times: u64) -> Vec<Asked> {
    let all = List {
        whose: "calls",
        name: "cdrs",
        client: above,
        stored,
        rows: stored.rows,
        is_counted: true,
        one: |stored, number| format!("id eq {}", stored.leg(number)),
    };
    let few = List {
        whose: "one call in ten",
        client: below,
        rows: stored.of_one(),
        ..all
    };
    let changes = List {
        whose: "changes",
        name: "audit",
        // There are some from the beginning.
        is_counted: false,
        one: |stored, number| format!("object eq \"{}\"", stored.object(number)),
        ..all
    };
    let ask = |list: &List<'_>, parts: &[Part]| -> Vec<Asked> {
        parts.iter().map(|part| list.ask(*part, times)).collect()
    };
    [
        ask(&all, &OF_CALLS),
        ask(&few, &OF_FEW_CALLS),
        ask(&changes, &OF_CHANGES),
    ]
    .concat()
}

impl Part {
    fn what(self) -> &'static str {
        match self {
            Self::First => "first page",
            Self::Last => "last page",
            Self::Middle => "page in the middle",
            Self::ByCaller => "of a caller",
            Self::OfADay => "of a day",
            Self::One => "a single one",
            Self::ByDuration => "by duration",
        }
    }

    fn most_ms(self) -> f64 {
        match self {
            Self::First | Self::Last | Self::ByCaller | Self::OfADay | Self::One => FOUND_MS,
            Self::Middle => MIDDLE_MS,
            Self::ByDuration => ALL_MS,
        }
    }
}

impl List<'_> {
    /// Asks so often, one after another, but no longer than makes sense.
    fn ask(&self, part: Part, times: u64) -> Asked {
        let mut asked = Asked::new(format!("{}, {}", self.whose, part.what()), part.most_ms());
        eprintln!("records: {}", asked.what);
        // A connection is made before it counts.
        let _ = self.client.get("/calls?limit=1");
        let (start, mut took) = (Instant::now(), Vec::new());
        for turn in 0..times {
            if start.elapsed() > LONGEST {
                break;
            }
            let path = self.path(part, self.stored.any(turn));
            let sent = Instant::now();
            match self.client.get(&path) {
                Ok(list) => {
                    took.push(sent.elapsed().as_secs_f64() * 1e3);
                    asked.wrong += usize::from(!self.is_right(part, &list));
                }
                Err(_) => asked.failed += 1,
            }
        }
        asked.took_ms = Spread::of(took);
        asked
    }

    /// Where that part is, for the call of this number.
    fn path(&self, part: Part, number: u64) -> String {
        let start = format!("/{}?limit={PAGE}", self.name);
        let filtered = |filter: String| format!("{start}&filter={}", escape(&filter));
        match part {
            Part::First => start,
            Part::Last => format!("{start}&offset={}", self.rows.saturating_sub(PAGE)),
            Part::Middle => format!("{start}&offset={}", self.rows / 2),
            Part::ByCaller => filtered(format!("caller eq \"{}\"", self.stored.caller(number))),
            Part::OfADay => {
                let from = self.stored.created_ms(number);
                filtered(format!("created ge {from} and created lt {}", from + DAY_MS))
            }
            Part::One => filtered((self.one)(self.stored, number)),
            Part::ByDuration => format!("{start}&order={}", escape("duration desc")),
        }
    }

    /// Whether a list has the total that it must have.
    fn is_right(&self, part: Part, list: &[u8]) -> bool {
        let list: Value = serde_json::from_slice(list).unwrap_or_default();
        let Some(total) = list["total"].as_u64() else {
            return false;
        };
        match part {
            Part::First | Part::Last | Part::Middle | Part::ByDuration => {
                !self.is_counted || total == self.rows
            }
            Part::One => total == 1,
            Part::ByCaller | Part::OfADay => true,
        }
    }
}

/// Changes of a room while both accounts, each of which may read one list at a time, ask for lists that go through all their calls.
fn beside(above: &Client, below: &Client) -> Asked {
    let mut asked = Asked::new(
        "a change of a room beside two lists by duration".to_owned(),
        CHANGE_MS,
    );
    eprintln!("records: {}", asked.what);
    let stop = AtomicBool::new(false);
    let took = thread::scope(|scope| {
        for client in [above, below] {
            let client = client.clone();
            scope.spawn(|| {
                let client = client;
                while !stop.load(Ordering::Relaxed) {
                    // How these go was told before.
                    let _ = client.get(THROUGH_ALL);
                }
            });
        }
        let (start, mut took) = (Instant::now(), Vec::new());
        while start.elapsed() < BESIDE {
            let sent = Instant::now();
            let body = json!({ "description": format!("changed {} times", took.len()) });
            match below.put("/meetingRooms/106131", &body) {
                Ok(()) => took.push(sent.elapsed().as_secs_f64() * 1e3),
                Err(_) => asked.failed += 1,
            }
            thread::sleep(PACE);
        }
        stop.store(true, Ordering::Relaxed);
        took
    });
    asked.took_ms = Spread::of(took);
    asked
}

impl Asked {
    fn new(what: String, most_ms: f64) -> Self {
        Self {
            what,
            most_ms,
            took_ms: Spread::of(Vec::new()),
            failed: 0,
            wrong: 0,
        }
    }
}

/// That it was quick enough, and that nothing was refused or wrong. Where there was no answer at all it was not quick.
fn checks(asked: &Asked) -> Vec<Check> {
    let Spread { count, p50, p99, .. } = asked.took_ms;
    let p99 = if count == 0 { f64::INFINITY } else { p99 };
    let quick = Check::at_most(&asked.what, p99, asked.most_ms, 1, "ms");
    let mut checks = vec![Check {
        what: format!("{}, 99 of 100 (half within {p50:.1} ms)", asked.what),
        ..quick
    }];
    for (what, count) in [("refused", asked.failed), ("with a wrong total", asked.wrong)] {
        if count > 0 {
            checks.push(Check::none(&format!("{}, {what}", asked.what), count));
        }
    }
    checks
}

fn growth(begin: &Vitals, end: &Vitals) -> Check {
    let grown = end.resident_kib.saturating_sub(begin.resident_kib) as f64 / 1024.0;
    Check::at_most("memory that was added", grown, GROWTH_MIB, 1, "MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(took_ms: &[f64], failed: usize, wrong: usize) -> Asked {
        Asked {
            took_ms: Spread::of(took_ms.to_vec()),
            failed,
            wrong,
            ..Asked::new("first page".to_owned(), 50.0)
        }
    }

    #[test]
    fn a_list_is_to_be_quick_and_right_and_answered() {
        let good = checks(&asked(&[3.0, 50.0], 0, 0));
        assert!(verdict::all_reached(&good) && good.len() == 1);
        assert_eq!(good[0].what, "first page, 99 of 100 (half within 3.0 ms)");
        for bad in [
            asked(&[3.0, 50.1], 0, 0),
            asked(&[3.0], 1, 0),
            asked(&[3.0], 0, 1),
            asked(&[], 0, 0),
        ] {
            assert!(!verdict::all_reached(&checks(&bad)), "{bad:?}");
        }
    }
}
