//! Whether the machine runs anybody at all: a thread on each core, above all others, wakes a thousand times a second and notes how late.
//!
//! What keeps the first of all threads waiting keeps a mixer waiting too, whatever its priority: the host of a virtual machine, firmware,
//! the kernel itself. Packets that are late in such a moment say nothing about the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Its priority: above servers and callers, below what the kernel keeps for itself.
const PRIORITY: u8 = 98;
/// From one waking to the next.
const BEAT: Duration = Duration::from_millis(1);
/// A core was held when a waking was so late.
const HELD: Duration = Duration::from_millis(2);
/// Around such a moment packets may be late: some ticks are caught up. Also how exact the moments of late packets are, s.
const AROUND_S: f64 = 0.1;

/// A moment in which a core ran nobody.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hold {
    /// Seconds since the callers were started, to its end.
    at_s: f64,
    ms: f64,
}

/// What packets were late for, in few figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Held {
    /// Times that a core ran nobody for 2 ms or more.
    pub(crate) times: usize,
    /// The longest, ms.
    pub(crate) longest_ms: f64,
    /// What these times and a tenth of a second around each make of the time judged, percent: so much would lie there by chance.
    pub(crate) around_percent: f64,
    /// Packets more than 5 ms late that lie there.
    pub(crate) late_5ms: u64,
    /// More than 20 ms.
    pub(crate) late_20ms: u64,
}

/// Threads that look.
pub(crate) struct Witness {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Option<Vec<Hold>>>>,
}

impl Witness {
    /// Looks at these cores; times count from `start`.
    pub(crate) fn start(cores: &[usize], start: Instant) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let look = |core: &usize| {
            let (core, stop) = (*core, Arc::clone(&stop));
            thread::spawn(move || {
                benches::pin_to(core);
                go_first().then(|| look(start, &stop))
            })
        };
        let threads = cores.iter().map(look).collect();
        Self { stop, threads }
    }

    /// Ends it; what it saw in the time that the callers judged. None where the system lets nobody go first.
    pub(crate) fn finish(self, report: &Value, from_s: f64, seconds: f64) -> Option<Held> {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.threads.into_iter().map(|thread| thread.join().ok()?);
        let holds = seen.collect::<Option<Vec<_>>>()?.concat();
        Some(held(&holds, report, from_s, seconds))
    }
}

fn go_first() -> bool {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let priority = ThreadPriorityValue::try_from(PRIORITY).map(ThreadPriority::Crossplatform);
    priority
        .is_ok_and(|priority| set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok())
}

fn look(start: Instant, stop: &AtomicBool) -> Vec<Hold> {
    let mut holds = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + BEAT;
        thread::sleep(BEAT);
        let now = Instant::now();
        let late = now.saturating_duration_since(due);
        if late >= HELD {
            holds.push(Hold {
                at_s: now.saturating_duration_since(start).as_secs_f64(),
                ms: late.as_secs_f64() * 1e3,
            });
        }
    }
    holds
}

fn held(holds: &[Hold], report: &Value, from_s: f64, seconds: f64) -> Held {
    let judged = from_s..from_s + seconds;
    let mut holds: Vec<_> = holds.iter().filter(|hold| judged.contains(&hold.at_s)).collect();
    holds.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
    let around: Vec<_> = holds
        .iter()
        .map(|hold| (hold.at_s - hold.ms / 1e3 - AROUND_S, hold.at_s + AROUND_S))
        .collect();
    let mut held = Held {
        times: holds.len(),
        longest_ms: holds.iter().map(|hold| hold.ms).fold(0.0, f64::max),
        around_percent: 100.0 * length(&around) / seconds,
        ..Held::default()
    };
    for moment in report
        .pointer("/late_moments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let at = moment["at_s"].as_f64().unwrap_or_default();
        // A moment is as long as what lies around a hold.
        if around
            .iter()
            .any(|(begin, end)| at + AROUND_S >= *begin && at <= *end)
        {
            held.late_5ms += moment["late_5ms"].as_u64().unwrap_or_default();
            held.late_20ms += moment["late_20ms"].as_u64().unwrap_or_default();
        }
    }
    held
}

/// Of spans that are in order and may overlap.
fn length(spans: &[(f64, f64)]) -> f64 {
    let mut covered_to = f64::NEG_INFINITY;
    let lengths = spans.iter().map(|(begin, end)| {
        let length = (end - begin.max(covered_to)).max(0.0);
        covered_to = covered_to.max(*end);
        length
    });
    // A sum of nothing would be -0.
    lengths.fold(0.0, |sum, length| sum + length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn late_packets_are_told_apart_by_whether_a_core_was_held() {
        let hold = |at_s, ms| Hold { at_s, ms };
        let holds = [
            hold(12.0, 43.0),
            hold(11.95, 5.0),
            hold(3.0, 80.0),
            hold(25.0, 80.0),
        ];
        let moment = |at_s: f64, late: u64| json!({ "at_s": at_s, "late_5ms": late, "late_20ms": late / 10 });
        let report = json!({ "late_moments": [moment(11.5, 7), moment(11.8, 100), moment(12.1, 200), moment(12.3, 9), moment(3.0, 5)] });
        let held = held(&holds, &report, 10.0, 10.0);
        assert_eq!((held.times, held.longest_ms), (2, 43.0));
        assert_eq!((held.late_5ms, held.late_20ms), (300, 30));
        // From 11.845 to 12.1 s.
        assert!((held.around_percent - 2.55).abs() < 1e-6, "{held:?}");
    }

    #[test]
    fn nothing_is_seen_where_nothing_was_held() {
        let report = json!({ "late_moments": [{ "at_s": 11.0, "late_5ms": 3, "late_20ms": 0 }] });
        let nothing = held(&[], &report, 10.0, 10.0);
        assert_eq!(nothing, Held::default());
        assert!(nothing.around_percent.is_sign_positive());
    }

    #[test]
    fn a_witness_ends_when_it_is_told_whether_it_may_go_first_or_not() {
        let witness = Witness::start(&[0], Instant::now());
        let held = witness.finish(&json!({}), 0.0, 1.0);
        assert!(held.is_none_or(|held| held.late_5ms == 0));
    }
}
