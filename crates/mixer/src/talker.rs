//! Who is heard and who is talking, both with hysteresis.

use media::Dbov;

/// When a switch turns.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// A frame this loud speaks for on, dBov.
    on_dbov: i8,
    /// A frame quieter than this speaks for off, dBov.
    off_dbov: i8,
    /// Frames in a row that it takes to turn on.
    on_ticks: u8,
    /// Frames in a row that it takes to turn off.
    off_ticks: u8,
}

/// Whether a leg is in the sum. It opens with the first frame of a word and stays for half a second after its end, so that
/// nothing said is cut; what it keeps out is the idle noise of lines, which would add up over hundreds of them.
const GATE: Rule = Rule {
    on_dbov: Dbov::AUDIBLE.db(),
    off_dbov: -66,
    on_ticks: 1,
    off_ticks: 25,
};

/// Whether a leg counts as talking: a click is no speech, and a pause between words is no end.
const TALKING: Rule = Rule {
    on_dbov: -42,
    off_dbov: -50,
    on_ticks: 3,
    off_ticks: 30,
};

/// How fast loudness falls, in 1/16 dB a tick: 25 dB a second.
const FALL: i16 = 8;
/// By how much the others must be louder to take a seat from one who has it, in 1/16 dB: 6 dB.
const SEATED: i16 = 6 * 16;
/// Nothing, in 1/16 dBov.
const QUIETEST: i16 = -127 * 16;

#[derive(Clone, Copy, Debug, Default)]
struct Switch {
    on: bool,
    streak: u8,
}

impl Switch {
    fn tick(&mut self, rule: Rule, level: Dbov) {
        let (against, needed) = match self.on {
            false => (level.db() >= rule.on_dbov, rule.on_ticks),
            true => (level.db() < rule.off_dbov, rule.off_ticks),
        };
        self.streak = if against { self.streak + 1 } else { 0 };
        if self.streak >= needed {
            self.streak = 0;
            self.on = !self.on;
        }
    }
}

/// One leg's state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talker {
    gate: Switch,
    talking: Switch,
    told: bool,
    /// Loudness that falls slowly, so that a breath gives no seat away, in 1/16 dBov.
    loudness: i16,
    seated: bool,
}

impl Default for Talker {
    fn default() -> Self {
        Self {
            gate: Switch::default(),
            talking: Switch::default(),
            told: false,
            loudness: QUIETEST,
            seated: false,
        }
    }
}

impl Talker {
    /// Takes in the level of one frame that may be heard.
    pub(crate) fn tick(&mut self, level: Dbov) {
        let level_16ths = 16 * i16::from(level.db());
        self.loudness = level_16ths.max(self.loudness - FALL);
        self.gate.tick(GATE, level);
        self.talking.tick(TALKING, level);
    }

    /// Nobody may hear the leg.
    pub(crate) fn silence(&mut self) {
        self.gate = Switch::default();
        self.talking = Switch::default();
        self.loudness = QUIETEST;
    }

    /// What it offers for a seat on the floor, if it has anything to say, in 1/16 dB.
    pub(crate) fn score(&self) -> Option<i16> {
        let bonus = if self.seated { SEATED } else { 0 };
        self.gate.on.then_some(self.loudness + bonus)
    }

    /// Notes whether it got a seat.
    pub(crate) fn seat(&mut self, seated: bool) {
        self.seated = seated;
    }

    /// Whether it has a seat.
    pub(crate) const fn is_seated(&self) -> bool {
        self.seated
    }

    /// Tells whether the leg talks now, when that has changed since it was told last; `tell` says whether it was taken.
    pub(crate) fn tell(&mut self, tell: impl FnOnce(bool) -> bool) {
        if self.told != self.talking.on && tell(self.talking.on) {
            self.told = self.talking.on;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(levels: &[(i8, usize)]) -> (Vec<(usize, bool)>, Vec<usize>) {
        let mut talker = Talker::default();
        let (mut told, mut heard) = (Vec::new(), Vec::new());
        let ticks = levels
            .iter()
            .flat_map(|(level, times)| std::iter::repeat_n(*level, *times));
        for (tick, level) in ticks.enumerate() {
            talker.tick(Dbov::new(level));
            talker.tell(|on| {
                told.push((tick, on));
                true
            });
            heard.extend(talker.score().map(|_| tick));
        }
        (told, heard)
    }

    #[test]
    fn talking_begins_after_sixty_ms_and_ends_after_six_hundred() {
        let (told, _) = run(&[(-30, 2), (-80, 1), (-30, 10), (-60, 29), (-45, 1), (-60, 40)]);
        assert_eq!(told, [(5, true), (72, false)]);
    }

    #[test]
    fn a_word_is_heard_from_its_first_frame_to_half_a_second_after_its_last() {
        let (_, heard) = run(&[(-127, 3), (-35, 4), (-127, 100)]);
        assert_eq!(heard, (3..31).collect::<Vec<_>>());
    }

    #[test]
    fn the_noise_of_an_idle_line_is_not_heard() {
        assert_eq!(run(&[(-63, 200)]).1, []);
    }

    #[test]
    fn a_level_at_a_threshold_counts_and_between_two_nothing_changes() {
        for (levels, expected) in [
            (&[(-43, 100)][..], &[][..]),
            (&[(-42, 2), (-43, 1), (-42, 2)], &[]),
            (&[(-42, 3), (-50, 100)], &[(2, true)]),
            (&[(-42, 3), (-51, 29), (-50, 1), (-51, 29)], &[(2, true)]),
            (&[(-42, 3), (-51, 30)], &[(2, true), (32, false)]),
        ] {
            assert_eq!(run(levels).0, expected, "{levels:?}");
        }
        for (levels, heard) in [
            (&[(-61, 100)][..], 0),
            (&[(-60, 1), (-66, 100)], 101),
            (&[(-60, 1), (-67, 100)], 25),
        ] {
            assert_eq!(run(levels).1.len(), heard, "{levels:?}");
        }
    }

    #[test]
    fn what_was_not_taken_is_told_again() {
        let mut talker = Talker::default();
        (0..3).for_each(|_| talker.tick(Dbov::new(-20)));
        talker.tell(|_| false);
        let mut told = Vec::new();
        talker.tell(|on| {
            told.push(on);
            true
        });
        talker.tell(|_| unreachable!());
        talker.silence();
        talker.tell(|on| {
            told.push(on);
            true
        });
        assert_eq!(told, [true, false]);
    }
}
