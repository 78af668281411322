//! When the next tick is due.

use std::time::{Duration, Instant};

use media::TICK;

/// Late ticks made up for at once, before the one that is due: 100 ms. What is older is given up and counted, since its audio is too late for
/// anybody: six ticks after a stall of any length, and the timestamps of what is sent go on by the time that has passed.
const CATCH_UP_MAX: u32 = 5;
/// Left to others on the core once ticks were given up: they take calls off, and a mixer that runs in real time never lets them.
const BREATH: Duration = Duration::from_millis(5);

/// The clock of a shard: deadlines every 20 ms, absolute, so that they never drift.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    due: Instant,
    /// Ticks that began more than a quarter of their time late.
    pub late: u64,
    worst: Duration,
    /// Ticks given up.
    pub skipped: u64,
    /// Some were, since the thread last slept.
    out_of_breath: bool,
}

impl Schedule {
    /// The first tick is due 20 ms from now.
    pub fn new(now: Instant) -> Self {
        Self {
            due: now + TICK,
            late: 0,
            worst: Duration::ZERO,
            skipped: 0,
            out_of_breath: false,
        }
    }

    /// Worst lateness since this was last asked.
    pub fn take_worst(&mut self) -> Duration {
        std::mem::take(&mut self.worst)
    }

    /// When the next tick is due.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Until when the thread sleeps: the next deadline, or a little from now where ticks were given up.
    pub fn wake(&mut self, now: Instant) -> Instant {
        match std::mem::take(&mut self.out_of_breath) {
            true => self.due.max(now + BREATH),
            false => self.due,
        }
    }

    /// Takes one tick that is due, if one is; its time is the deadline, not the moment it was noticed.
    pub fn take(&mut self, now: Instant) -> Option<Instant> {
        let lateness = now.checked_duration_since(self.due)?;
        if lateness > TICK / 4 {
            self.late += 1;
        }
        self.worst = self.worst.max(lateness);
        let behind = (lateness.as_nanos() / TICK.as_nanos()) as u32;
        if behind > CATCH_UP_MAX {
            self.skipped += u64::from(behind - CATCH_UP_MAX);
            self.due += TICK * (behind - CATCH_UP_MAX);
            self.out_of_breath = true;
        }
        let due = self.due;
        self.due += TICK;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_ticks_are_caught_up_and_only_very_late_ones_given_up() {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let epoch = Instant::now();
        let at = |ms| epoch + Duration::from_millis(ms);
        let mut schedule = Schedule::new(epoch);
        assert_eq!(schedule.take(at(19)), None);
        assert_eq!(schedule.take(at(21)), Some(at(20)));
        assert_eq!(schedule.late, 0);
        let caught: Vec<_> = std::iter::from_fn(|| schedule.take(at(85))).collect();
        assert_eq!(caught, [at(40), at(60), at(80)]);
        let caught: Vec<_> = std::iter::from_fn(|| schedule.take(at(1_000))).collect();
        assert_eq!(caught.len(), 6);
        assert_eq!((caught[5], schedule.skipped), (at(1_000), 40));
        assert_eq!(schedule.take_worst(), Duration::from_millis(900));
        assert_eq!(schedule.take_worst(), Duration::ZERO);
    }

    #[test]
    fn a_mixer_that_never_catches_up_leaves_the_core_to_others_now_and_then() {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let epoch = Instant::now();
        let (mut now, mut slept) = (epoch, Duration::ZERO);
        let mut schedule = Schedule::new(epoch);
        for _ in 0..1_000 {
            let wake = schedule.wake(now).max(now);
            slept += wake - now;
            assert!(schedule.take(wake).is_some());
            // Each tick takes half as long again as it may.
            now = wake + TICK * 3 / 2;
        }
        assert!(schedule.skipped > 400, "{}", schedule.skipped);
        let share = slept.as_secs_f64() / (now - epoch).as_secs_f64();
        assert!((0.04..0.12).contains(&share), "{share}");
    }
}
