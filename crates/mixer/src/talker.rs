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
    on_dbov: -60,
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
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Talker {
    gate: Switch,
    talking: Switch,
    told: bool,
}

impl Talker {
    /// Takes in the level of one frame that may be heard.
    pub(crate) fn tick(&mut self, level: Dbov) {
        self.gate.tick(GATE, level);
        self.talking.tick(TALKING, level);
    }

    /// Nobody may hear the leg.
    pub(crate) fn silence(&mut self) {
        self.gate = Switch::default();
        self.talking = Switch::default();
    }

    /// Whether the leg is in the sum.
    pub(crate) fn is_heard(&self) -> bool {
        self.gate.on
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
            heard.extend(talker.is_heard().then_some(tick));
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
