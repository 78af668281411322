//! When packets were late: what is late for all phones at once has one cause, and its time tells which.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// A moment is so long.
const MOMENT: Duration = Duration::from_millis(100);
/// Packets that are later are counted, ms.
const LATE_MS: f64 = 5.0;
const VERY_LATE_MS: f64 = 20.0;
/// Moments that are kept.
const MOST: usize = 10_000;

/// A tenth of a second in which packets came late.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moment {
    /// Seconds from the beginning of the run to that of the moment.
    pub at_s: f64,
    /// Packets that came more than 5 ms late.
    pub late_5ms: u64,
    /// Of these, more than 20 ms.
    pub late_20ms: u64,
}

/// Late packets by moment, counted from the beginning of the run.
#[derive(Debug, Default)]
pub(crate) struct Moments(BTreeMap<u64, [u64; 2]>);

impl Moments {
    /// A packet came at `at`, counted from the beginning of the run, so late, ms.
    pub(crate) fn note(&mut self, at: Duration, late_ms: f64) {
        if late_ms > LATE_MS {
            let very = u64::from(late_ms > VERY_LATE_MS);
            self.add((at.as_micros() / MOMENT.as_micros()) as u64, [1, very]);
        }
    }

    fn add(&mut self, moment: u64, counts: [u64; 2]) {
        if self.0.len() == MOST && !self.0.contains_key(&moment) {
            return;
        }
        let sums = self.0.entry(moment).or_default();
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (moment, counts) in &other.0 {
            self.add(*moment, *counts);
        }
    }

    pub(super) fn told(&self) -> Vec<Moment> {
        let moments = self.0.iter().map(|(moment, [late, very])| Moment {
            at_s: *moment as f64 * MOMENT.as_secs_f64(),
            late_5ms: *late,
            late_20ms: *very,
        });
        moments.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_packets_of_two_crews_meet_in_their_moment() {
        let (mut one, mut other) = (Moments::default(), Moments::default());
        one.note(Duration::from_millis(1_210), 6.0);
        one.note(Duration::from_millis(1_250), 5.0);
        other.note(Duration::from_millis(1_299), 21.0);
        other.note(Duration::from_millis(1_300), 30.0);
        one.merge(&other);
        let moment = |at_s, late_5ms, late_20ms| Moment {
            at_s,
            late_5ms,
            late_20ms,
        };
        let told = one.told();
        assert!((told[0].at_s - 1.2).abs() < 1e-9 && (told[1].at_s - 1.3).abs() < 1e-9);
        assert_eq!(told, [moment(told[0].at_s, 2, 1), moment(told[1].at_s, 1, 1)]);
    }

    #[test]
    fn a_run_that_is_always_late_keeps_no_more_than_it_may() {
        let mut moments = Moments::default();
        for tenth in 0..20_000 {
            moments.note(MOMENT * tenth, 9.0);
        }
        assert_eq!(moments.told().len(), MOST);
    }
}
