//! Whether a mixer still ticks: it tells of its ticks every fifth of a second, whatever it has to do. One that tells nothing any more is there and
//! takes orders for a while, but callers hear nothing.

use std::time::{Duration, Instant};

/// Silence of a mixer that hangs.
pub(super) const HUNG: Duration = Duration::from_secs(5);
/// Most of the time between two looks that counts, twice the usual: while whoever looks was held up himself, no report could be read.
const BETWEEN_LOOKS_MAX: Duration = Duration::from_secs(2);

/// For how long one mixer has told nothing.
#[derive(Debug)]
pub(super) struct Pulse {
    looked_at: Instant,
    silent: Duration,
    hangs: bool,
}

impl Pulse {
    /// Of a mixer that begins `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            looked_at: now,
            silent: Duration::ZERO,
            hangs: false,
        }
    }

    /// It tells of its ticks; of one that hung, for about how long.
    pub(super) fn beat(&mut self, now: Instant) -> Option<Duration> {
        self.pass(now);
        let silent = std::mem::take(&mut self.silent);
        std::mem::take(&mut self.hangs).then_some(silent)
    }

    /// Looks whether it still ticks, once what it has told was read; whether it hangs since this look.
    pub(super) fn look(&mut self, now: Instant) -> bool {
        self.pass(now);
        let hangs = self.silent >= HUNG;
        std::mem::replace(&mut self.hangs, hangs) != hangs
    }

    /// Whether it hung at the last look.
    pub(super) fn hangs(&self) -> bool {
        self.hangs
    }

    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.looked_at);
        self.silent += passed.min(BETWEEN_LOOKS_MAX);
        self.looked_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What is said at each look, once a second from the first, of a mixer that tells of its ticks right before those looks.
    fn said(looks: u32, told: impl Fn(u32) -> bool) -> Vec<(u32, &'static str)> {
        let epoch = Instant::now();
        let (mut pulse, mut said) = (Pulse::new(epoch), vec![]);
        for second in 1..=looks {
            let now = epoch + second * SECOND;
            if told(second) {
                said.extend(pulse.beat(now).map(|_| (second, "goes on")));
            }
            if pulse.look(now) {
                said.push((second, "hangs"));
            }
        }
        said
    }

    #[test]
    fn a_mixer_that_hangs_is_said_to_once_and_when_it_goes_on() {
        assert_eq!(said(60, |_| true), []);
        assert_eq!(said(60, |second| second % 4 == 0), []);
        assert_eq!(said(60, |_| false), [(5, "hangs")]);
        let twice = said(60, |second| !(10..20).contains(&second) && second < 40);
        assert_eq!(twice, [(14, "hangs"), (20, "goes on"), (44, "hangs")]);
    }

    #[test]
    fn it_hangs_until_it_tells_of_its_ticks_again_and_then_it_is_known_for_how_long_it_did() {
        let epoch = Instant::now();
        let mut pulse = Pulse::new(epoch);
        for second in 1..=9_u32 {
            pulse.look(epoch + second * SECOND);
            assert_eq!(pulse.hangs(), second >= 5, "{second}");
        }
        assert_eq!(pulse.beat(epoch + 10 * SECOND), Some(10 * SECOND));
        assert!(!pulse.hangs());
        assert_eq!(pulse.beat(epoch + 11 * SECOND), None);
    }

    #[test]
    fn whoever_was_held_up_himself_takes_nobody_to_hang_for_it() {
        let epoch = Instant::now();
        let mut pulse = Pulse::new(epoch);
        assert!(!pulse.look(epoch + 60 * SECOND));
        assert!(!pulse.look(epoch + 61 * SECOND));
        assert_eq!(pulse.beat(epoch + 62 * SECOND), None);
        // Time that goes back is none.
        assert!(!pulse.look(epoch));
    }
}
