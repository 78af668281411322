//! The clocks of a leg: instants, steps of the codec's clock, wall-clock time, and timestamps that never wrap.

use std::time::{Duration, Instant};

/// Turns instants into the units media needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    ntp_at_start: u64,
}

impl Clock {
    pub(super) const fn new(start: Instant, ntp_at_start: u64) -> Self {
        Self { start, ntp_at_start }
    }

    /// Steps of a clock of `hz` since the leg was made.
    pub(super) fn steps(&self, now: Instant, hz: u32) -> i64 {
        let since = now.saturating_duration_since(self.start);
        (since.as_micros() as i64).saturating_mul(i64::from(hz)) / 1_000_000
    }

    /// NTP time, 32.32 bits.
    pub(super) fn ntp(&self, now: Instant) -> u64 {
        self.ntp_at_start
            .wrapping_add(ntp_span(now.saturating_duration_since(self.start)))
    }
}

/// A span as NTP counts it, 32.32 bits.
pub(super) fn ntp_span(span: Duration) -> u64 {
    let fraction = (u64::from(span.subsec_nanos()) << 32) / 1_000_000_000;
    (span.as_secs() << 32).wrapping_add(fraction)
}

/// The middle 32 bits of an NTP time, as reports quote it (RFC 3550, section 4).
pub(super) const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// How far timestamps are counted on, in steps. At 48 kHz that is most of a year; a peer that leaps ahead with each packet is there within
/// minutes, and far beyond it there is no room for what is reckoned with places.
const FURTHEST: u64 = 1 << 40;

/// Timestamps counted on over their wraps, each relative to the newest before it. Who has got too far begins anew, as after any other jump.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    newest: Option<i64>,
}

/// Steps of any clock that are longer than packets can be behind and still count as the same stream: 11 s at 48 kHz.
const FAR: i32 = 1 << 19;

impl Unwrapper {
    /// Whether no packet that came before can have had this timestamp: it is later than all, or far from them.
    pub(super) fn is_new(&self, timestamp: u32) -> bool {
        self.newest.is_some_and(|newest| {
            let step = timestamp.wrapping_sub(newest as u32) as i32;
            !(-FAR..=0).contains(&step)
        })
    }

    pub(super) fn unwrap(&mut self, timestamp: u32) -> i64 {
        let near = self.newest.filter(|newest| newest.unsigned_abs() < FURTHEST);
        let newest = near.unwrap_or(i64::from(timestamp));
        let step = timestamp.wrapping_sub(newest as u32) as i32;
        let unwrapped = newest.saturating_add(i64::from(step));
        self.newest = Some(unwrapped.max(newest));
        if step < -(1 << 30) {
            // Not a straggler but another start: count from there.
            self.newest = Some(unwrapped);
        }
        unwrapped
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_count_on_over_the_wrap_in_both_directions() {
        let mut unwrapper = Unwrapper::default();
        let start = unwrapper.unwrap(u32::MAX - 159);
        assert_eq!(unwrapper.unwrap(0) - start, 160);
        assert_eq!(unwrapper.unwrap(u32::MAX - 319) - start, -160);
        assert_eq!(unwrapper.unwrap(160) - start, 320);
    }

    #[test]
    fn timestamps_are_new_that_are_later_than_all_or_far_from_them() {
        let mut unwrapper = Unwrapper::default();
        assert!(!unwrapper.is_new(7));
        unwrapper.unwrap(100);
        for (timestamp, is_new) in [
            (100, false),
            (101, true),
            (99, false),
            (100u32.wrapping_sub(1 << 19), false),
            (99u32.wrapping_sub(1 << 19), true),
            (100 + (1 << 30), true),
        ] {
            assert_eq!(unwrapper.is_new(timestamp), is_new, "{timestamp}");
        }
    }

    #[test]
    fn leaps_in_either_direction_never_lead_beyond_what_there_is_room_for() {
        for leap in [i32::MAX as u32, i32::MIN as u32, 1 << 30] {
            let (mut unwrapper, mut timestamp, mut furthest) = (Unwrapper::default(), 0u32, 0);
            for _ in 0..10_000 {
                timestamp = timestamp.wrapping_add(leap);
                furthest = furthest.max(unwrapper.unwrap(timestamp).unsigned_abs());
            }
            assert!(
                furthest > FURTHEST / 2 && furthest < 2 * FURTHEST,
                "{leap}: {furthest}"
            );
        }
    }

    #[test]
    fn half_a_second_is_half_of_the_fraction() {
        let epoch = Instant::now();
        let clock = Clock::new(epoch, 100 << 32);
        let later = epoch + Duration::from_millis(1_500);
        assert_eq!(clock.ntp(later), (101 << 32) + (1 << 31));
        assert_eq!(middle(clock.ntp(later)), 101 << 16 | 1 << 15);
        assert_eq!(clock.steps(later, 8_000), 12_000);
    }
}
