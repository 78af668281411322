//! Who is talking, with hysteresis.

use media::Dbov;

/// A frame this loud is speech.
const ON_DBOV: i8 = -42;
/// A frame this quiet is a pause.
const OFF_DBOV: i8 = -50;
/// Loud frames in a row before a leg counts as talking: a click is not speech.
const ON_TICKS: u8 = 3;
/// Quiet frames in a row before it no longer does: pauses between words are shorter.
const OFF_TICKS: u8 = 30;

/// One leg's state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Talker {
    talking: bool,
    streak: u8,
}

impl Talker {
    /// Takes in the level of one frame; tells when talking begins or ends.
    pub(crate) fn tick(&mut self, level: Dbov) -> Option<bool> {
        let (against, needed) = match self.talking {
            false => (level.db() >= ON_DBOV, ON_TICKS),
            true => (level.db() < OFF_DBOV, OFF_TICKS),
        };
        self.streak = if against { self.streak + 1 } else { 0 };
        if self.streak < needed {
            return None;
        }
        self.streak = 0;
        self.talking = !self.talking;
        Some(self.talking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talking_begins_after_sixty_ms_and_ends_after_six_hundred() {
        let mut talker = Talker::default();
        let mut told = Vec::new();
        let levels = [(-30, 2), (-80, 1), (-30, 10), (-60, 29), (-45, 1), (-60, 40)];
        let ticks = levels
            .into_iter()
            .flat_map(|(level, times)| std::iter::repeat_n(level, times));
        for (tick, level) in ticks.enumerate() {
            told.extend(talker.tick(Dbov::new(level)).map(|on| (tick, on)));
        }
        assert_eq!(told, [(5, true), (72, false)]);
    }
}
