//! When a shard begins to send: not as soon as it has heard all, which varies, but when it has nearly always heard all.

use std::time::Duration;

use media::TICK;

/// Added to an estimate by a tick that took longer. With [`DOWN`] it comes to where one tick of a hundred does.
const UP: Duration = Duration::from_micros(99);
/// Taken from an estimate by a tick that did not.
const DOWN: Duration = Duration::from_micros(1);
/// Not worth a rest: packets that vary by less are on time.
const LEAST: Duration = Duration::from_millis(1);
/// Of each tick left to whatever else wants the core, and to sends that take longer than they mostly do.
const SPARE: Duration = Duration::from_millis(2);

/// How long after its deadline a shard begins to send.
///
/// A leg's packets leave in the order of the legs, so that what a tick takes before varies all of them. A processor whose other users slow it
/// down for some ticks would make the last ones late by all that both halves of a tick vary; behind a rest they are late by the second alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// From the deadline until all is heard, in 99 of 100 ticks.
    heard: Duration,
    /// What sending takes, in 99 of 100.
    said: Duration,
}

impl Pace {
    /// From the deadline to the first packet. Nothing where few legs leave nothing to vary, and less where sending would not be through in time.
    pub fn lag(&self) -> Duration {
        let most = TICK.saturating_sub(self.said + SPARE);
        if self.heard < LEAST {
            return Duration::ZERO;
        }
        self.heard.min(most)
    }

    /// Notes a tick: from its deadline until all was heard, and what sending took.
    pub fn note(&mut self, heard: Duration, said: Duration) {
        follow(&mut self.heard, heard);
        follow(&mut self.said, said);
    }
}

/// One that took very long counts no more than one that took a little longer.
fn follow(estimate: &mut Duration, took: Duration) {
    *estimate = match took > *estimate {
        true => (*estimate + UP).min(TICK),
        false => estimate.saturating_sub(DOWN),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    /// After so many ticks of these.
    fn after(pace: Pace, ticks: u32, heard: impl Fn(u32) -> Duration, said: Duration) -> Pace {
        let mut pace = pace;
        (0..ticks).for_each(|tick| pace.note(heard(tick), said));
        pace
    }

    #[test]
    fn few_legs_are_sent_to_at_once() {
        let pace = after(Pace::default(), 1_000, |_| us(800), us(500));
        assert_eq!(pace.lag(), Duration::ZERO);
    }

    #[test]
    fn sending_begins_when_99_of_100_ticks_have_heard_all() {
        // A tenth takes 5.0 to 5.9 ms, one in a hundred 7 ms.
        let heard = |tick: u32| match tick % 100 {
            0 => us(7_000),
            n if n % 10 == 1 => us(5_000 + u64::from(n) * 10),
            _ => us(4_000),
        };
        let pace = after(Pace::default(), 20_000, heard, us(4_000));
        let lag = pace.lag();
        assert!((us(5_500)..us(7_100)).contains(&lag), "{lag:?}");
    }

    #[test]
    fn a_stall_moves_it_by_a_tenth_of_a_millisecond_and_a_slow_spell_by_what_it_is_slower() {
        let usual = after(Pace::default(), 2_000, |_| us(4_000), us(4_000));
        let stalled = after(usual, 1, |_| us(60_000), us(4_000));
        assert!(stalled.lag() - usual.lag() <= UP);
        let slow = after(usual, 100, |_| us(6_000), us(4_000));
        assert!((us(6_000)..=us(6_100)).contains(&slow.lag()), "{:?}", slow.lag());
        let again = after(slow, 2_000, |_| us(4_000), us(4_000));
        assert!(again.lag() < us(4_200), "{:?}", again.lag());
    }

    #[test]
    fn sending_is_through_before_the_next_deadline_or_begins_at_once() {
        for said in [4_000, 10_000, 15_000, 17_500, 19_000, 40_000] {
            let pace = after(Pace::default(), 2_000, |_| us(9_000), us(said));
            let through = pace.lag() + us(said).min(TICK);
            assert!(
                pace.lag() == Duration::ZERO || through <= TICK - SPARE + UP,
                "{said}: {pace:?}"
            );
        }
    }
}
