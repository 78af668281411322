//! When to say that the mixer was late: at once, then in sums.

use std::time::{Duration, Instant};

use mixer::Stats;

/// Least time between two lines.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lateness that jitter buffers everywhere bear without a sound is not worth a line: less than a packet.
const WORTH_IT: Duration = Duration::from_millis(20);

/// What one line tells of: everything since the line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Ticks that began late.
    pub(super) late: u64,
    /// Ticks given up.
    pub(super) skipped: u64,
    /// Worst lateness.
    pub(super) worst: Duration,
    /// Reports that nobody could be told.
    pub(super) reports_lost: u64,
}

/// Sums up the shard's reports.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    told: Stats,
    told_at: Option<Instant>,
    worst: Duration,
}

impl Lateness {
    /// Takes in the report of a second; a line when there is something to say and it is time.
    pub(super) fn note(&mut self, now: Instant, stats: Stats) -> Option<Line> {
        self.worst = self.worst.max(stats.worst_late);
        let line = Line {
            late: stats.late - self.told.late,
            skipped: stats.skipped - self.told.skipped,
            worst: self.worst,
            reports_lost: stats.reports_lost - self.told.reports_lost,
        };
        // Where nobody listens nothing is late.
        let heard = stats.legs > 0 && (line.worst >= WORTH_IT || line.skipped > 0);
        let quiet = !heard && line.reports_lost == 0;
        if quiet {
            (self.told, self.worst) = (stats, Duration::ZERO);
        }
        let recent = self
            .told_at
            .is_some_and(|at| now.saturating_duration_since(at) < INTERVAL);
        if quiet || recent {
            return None;
        }
        (self.told, self.told_at, self.worst) = (stats, Some(now), Duration::ZERO);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixer_that_is_late_for_long_is_told_of_every_ten_seconds_in_sums() {
        let (epoch, mut lateness) = (Instant::now(), Lateness::default());
        let mut told = vec![];
        for second in 1..=21 {
            let stats = Stats {
                late: second * 2,
                skipped: second,
                // Seconds 1 and 5 were the worst.
                worst_late: Duration::from_millis(match second {
                    1 => 900,
                    5 => 70,
                    _ => 21,
                }),
                legs: 1,
                ..Stats::default()
            };
            let line = lateness.note(epoch + Duration::from_secs(second), stats);
            told.extend(line.map(|line| (second, line.late, line.skipped, line.worst.as_millis())));
        }
        assert_eq!(told, [(1, 2, 1, 900), (11, 20, 10, 70), (21, 20, 10, 21)]);
    }

    #[test]
    fn a_mixer_is_not_told_of_while_nobody_can_have_heard_it() {
        let (epoch, mut lateness) = (Instant::now(), Lateness::default());
        let stats = |late, ms, legs| Stats {
            late,
            worst_late: Duration::from_millis(ms),
            legs,
            ..Stats::default()
        };
        for (second, stats) in (1..).zip([stats(0, 4, 9), stats(3, 19, 9), stats(5, 90, 0)]) {
            assert_eq!(lateness.note(epoch + Duration::from_secs(second), stats), None);
        }
        let line = lateness.note(epoch + Duration::from_secs(9), stats(6, 25, 9));
        assert_eq!(
            line.map(|line| (line.late, line.worst.as_millis())),
            Some((1, 25))
        );
    }
}
