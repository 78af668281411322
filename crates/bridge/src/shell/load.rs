//! How much of its time a shard needs, by its reports.

use media::TICK;
use mixer::{STATS_TICKS, Stats};

/// What a shard that is behind is said to need at least, percent: as often as three times in a row, it can take nobody more, whatever its mean
/// says.
const ALL: u8 = 100;

/// Share of its time that a shard needed between two reports, percent.
///
/// At least 100 where it is behind: a mean hides ticks that everybody heard.
pub(super) fn percent(before: &Stats, now: &Stats) -> u8 {
    let least = if is_behind(before, now) { ALL } else { 0 };
    mean(now).max(least)
}

/// The same by the mean alone, which says how much of it would be left to a meeting for long. The longest of the ticks does not count: a core
/// that the host takes away for 50 ms makes one tick long, and says nothing of what legs need, while too many make all of them long.
pub(super) fn mean(now: &Stats) -> u8 {
    let others = TICK * (STATS_TICKS as u32 - 1);
    let busy = now.busy.saturating_sub(now.worst_tick);
    let percent = 100.0 * busy.as_secs_f64() / others.as_secs_f64();
    percent.clamp(0.0, 255.0) as u8
}

/// Whether ticks came late by more than a tick, given up or not, beside one that took longer than a tick, which may be the last of the report
/// before. A thread that was only woken late, however late, and ticks as fast as ever, has time for more. Where nobody listens nothing is late.
fn is_behind(before: &Stats, now: &Stats) -> bool {
    let made_itself_late = now.worst_late > TICK && now.worst_tick.max(before.worst_tick) > TICK;
    now.legs > 0 && made_itself_late
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stats(busy_ms: u64, late_ms: u64, tick_ms: u64, skipped: u64) -> Stats {
        Stats {
            legs: 9,
            skipped,
            worst_late: Duration::from_millis(late_ms),
            worst_tick: Duration::from_millis(tick_ms),
            busy: Duration::from_millis(busy_ms),
            ..Stats::default()
        }
    }

    #[test]
    fn a_shard_that_gave_up_ticks_or_made_itself_late_has_no_time_left_whatever_its_mean_says() {
        let before = stats(60, 0, 7, 4);
        for (why, now, expected) in [
            ("in time", stats(61, 0, 7, 4), 30),
            ("busy all the time", stats(300, 15, 30, 4), 150),
            ("more than can be told", stats(900, 15, 19, 4), 255),
            ("only woken late", stats(61, 90, 7, 4), 30),
            ("held up once for long", stats(174, 19, 120, 4), 30),
            ("made up for by the next tick", stats(89, 20, 35, 4), 30),
            ("late by its own long ticks", stats(99, 25, 45, 4), 100),
            ("gave up ticks by its own long one", stats(204, 130, 150, 9), 100),
            ("gave up a tick, woken late", stats(61, 130, 7, 5), 30),
            ("gave up a tick while busy", stats(315, 130, 45, 5), 150),
        ] {
            assert_eq!(percent(&before, &now), expected, "{why}");
        }
    }

    #[test]
    fn the_tick_that_made_others_late_may_stand_in_the_report_before() {
        let (long, late) = (stats(99, 0, 45, 0), stats(61, 25, 7, 0));
        assert_eq!([percent(&long, &late), percent(&late, &late)], [100, 30]);
    }

    #[test]
    fn a_shard_without_legs_has_time_whatever_the_machine_did() {
        let before = Stats::default();
        let stalled = Stats {
            legs: 0,
            ..stats(47, 900, 45, 40)
        };
        assert_eq!(percent(&before, &stalled), 1);
    }
}
