//! What a stream of events promises, held against what it told: no gap, nothing out of order, nobody who leaves without having joined.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sim::report::Spread;

/// An event, or a snapshot, as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Told {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    id: u64,
    /// Epoch ms.
    time: i64,
    call_id: Option<u64>,
    meeting_id: Option<u64>,
    sequence: Option<u64>,
}

/// Where in its life a call is that has come to a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Joined,
}

/// What broke a promise, by how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    /// Places in the log of a meeting that were skipped.
    pub(crate) gaps: u64,
    /// Events told after one that came later, or twice.
    pub(crate) out_of_order: u64,
    /// Calls that left without having joined, or waited.
    pub(crate) left_unjoined: u64,
    /// Calls that joined when they were in.
    pub(crate) joined_twice: u64,
    /// Calls that ended before they left.
    pub(crate) ended_inside: u64,
    /// Events of calls that were over.
    pub(crate) after_end: u64,
}

/// All that was told so far.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) faults: Faults,
    pub(crate) events: u64,
    /// When calls were told to have joined, and to have left a meeting that they had joined.
    pub(crate) joined: Vec<Instant>,
    pub(crate) left: Vec<Instant>,
    /// From each event to its being read, ms.
    delays: Vec<f64>,
    last_id: u64,
    /// The next place in the log of each meeting.
    next: HashMap<u64, u64>,
    calls: HashMap<u64, Stage>,
    over: HashSet<u64>,
}

impl Order {
    /// Takes in an event that was read at `now`, which is `now_ms` since the epoch.
    pub(crate) fn take(&mut self, told: &Told, now: Instant, now_ms: f64) {
        self.events += 1;
        self.delays.push((now_ms - told.time as f64).max(0.0));
        let is_late = told.id <= self.last_id;
        self.faults.out_of_order += u64::from(is_late);
        self.last_id = self.last_id.max(told.id);
        if let Some((meeting, sequence)) = told.meeting_id.zip(told.sequence) {
            self.take_place(meeting, sequence, is_late);
        }
        if let Some(call) = told.call_id {
            self.take_call(call, &told.kind, now);
        }
    }

    fn take_place(&mut self, meeting: u64, sequence: u64, is_late: bool) {
        let next = self.next.entry(meeting).or_default();
        self.faults.gaps += sequence.saturating_sub(*next);
        // By its id it may have been counted already.
        self.faults.out_of_order += u64::from(sequence < *next && !is_late);
        *next = (*next).max(sequence + 1);
    }

    fn take_call(&mut self, call: u64, kind: &str, now: Instant) {
        self.faults.after_end += u64::from(self.over.contains(&call));
        match kind {
            "call.waiting" => {
                self.calls.insert(call, Stage::Waiting);
            }
            "call.joined" => {
                let before = self.calls.insert(call, Stage::Joined);
                self.faults.joined_twice += u64::from(before == Some(Stage::Joined));
                self.joined.push(now);
            }
            "call.left" => match self.calls.remove(&call) {
                Some(Stage::Joined) => self.left.push(now),
                Some(Stage::Waiting) => {}
                None => self.faults.left_unjoined += 1,
            },
            "call.ended" => {
                self.over.insert(call);
                self.faults.ended_inside += u64::from(self.calls.remove(&call).is_some());
            }
            _ => {}
        }
    }

    /// Calls that have come to a meeting, and were not told to have left.
    pub(crate) fn inside(&self) -> usize {
        self.calls.len()
    }

    /// From event to its being read, ms.
    pub(crate) fn delay(&self) -> Spread {
        Spread::of(self.delays.clone())
    }
}

/// How many of these moments lie between two, a second.
pub(crate) fn rate(moments: &[Instant], from: Instant, to: Instant) -> f64 {
    let within = moments.iter().filter(|moment| (from..to).contains(*moment));
    within.count() as f64 / to.saturating_duration_since(from).as_secs_f64().max(1e-3)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Each as id, type, call, and place in the log of the one meeting.
    fn order(events: &[(u64, &str, u64, Option<u64>)]) -> Order {
        let (mut order, now) = (Order::default(), Instant::now());
        for (id, kind, call, sequence) in events {
            let told = Told {
                kind: (*kind).to_owned(),
                id: *id,
                time: 1_000,
                call_id: Some(*call),
                meeting_id: sequence.map(|_| 31),
                sequence: *sequence,
            };
            order.take(&told, now, 1_004.0);
        }
        order
    }

    #[test]
    fn a_call_that_comes_waits_joins_leaves_and_ends_breaks_no_promise() {
        let good = order(&[
            (5, "call.ringing", 1, None),
            (7, "call.waiting", 1, Some(0)),
            (8, "call.joined", 1, Some(1)),
            (9, "talking.on", 1, Some(2)),
            (12, "call.joined", 2, Some(3)),
            (13, "call.left", 1, Some(4)),
            (14, "call.ended", 1, None),
        ]);
        assert_eq!(good.faults, Faults::default());
        assert_eq!((good.joined.len(), good.left.len(), good.inside()), (2, 1, 1));
        assert_eq!((good.events, good.delay().max), (7, 4.0));
    }

    #[test]
    fn each_broken_promise_is_counted_as_what_it_is() {
        let gap = order(&[(1, "meeting.created", 1, Some(0)), (4, "call.joined", 1, Some(3))]);
        assert_eq!(gap.faults.gaps, 2);
        let first = order(&[(1, "call.joined", 1, Some(1))]);
        assert_eq!(first.faults.gaps, 1, "what was missed at the beginning");
        let late = order(&[
            (2, "call.joined", 1, Some(0)),
            (1, "call.joined", 2, Some(1)),
            (3, "call.left", 1, Some(1)),
        ]);
        assert_eq!(late.faults.out_of_order, 2);
        let lives = order(&[
            (1, "call.left", 1, None),
            (2, "call.joined", 2, None),
            (3, "call.joined", 2, None),
            (4, "call.ended", 2, None),
            (5, "call.muted", 2, None),
        ]);
        let expected = Faults {
            left_unjoined: 1,
            joined_twice: 1,
            ended_inside: 1,
            after_end: 1,
            ..Faults::default()
        };
        assert_eq!(lives.faults, expected);
    }

    #[test]
    fn rates_are_those_between_two_moments() {
        let start = Instant::now();
        let moments: Vec<_> = (0..100).map(|n| start + Duration::from_millis(100 * n)).collect();
        let found = rate(
            &moments,
            start + Duration::from_secs(2),
            start + Duration::from_secs(4),
        );
        assert!((found - 10.0).abs() < 1e-9);
        assert_eq!(rate(&[], start, start), 0.0);
    }

    #[test]
    fn events_and_snapshots_are_read_as_the_bridge_writes_them() {
        let event = r#"{"actor": {"type": "bridge"}, "callId": 7, "data": {"role": 1}, "id": 1000042, "meetingId": 42,
            "meetingNumber": 106131, "sequence": 2, "time": 1764290000123, "type": "call.joined"}"#;
        let told: Told = serde_json::from_str(event).unwrap();
        assert_eq!(
            (told.kind.as_str(), told.call_id, told.sequence),
            ("call.joined", Some(7), Some(2))
        );
        let snapshot = r#"{"calls": [], "id": 9, "meetings": [], "qualityAlarms": [], "talking": [], "time": 1, "type": "snapshot"}"#;
        let told: Told = serde_json::from_str(snapshot).unwrap();
        assert_eq!(
            (told.kind.as_str(), told.id, told.meeting_id),
            ("snapshot", 9, None)
        );
    }
}
