//! How hard the encoders of single legs try: less where there are so many of them that a tick might not have the time.

use std::time::Duration;

use media::Effort;

use crate::report::EffortCounts;

/// Legs with an Opus mix of their own (talkers, and those who hear a prompt) from which on their encoders try less hard, unless there is time: an
/// encoding takes some 0.13 ms at full effort, and a tick has 20.
const MANY: u32 = 16;
const CROWD: u32 = 32;
/// A tick that took no longer leaves time to try one step harder, which at most doubles it. One that took longer than that leaves none.
const CALM: Duration = Duration::from_millis(4);
const BUSY: Duration = Duration::from_millis(8);
/// Calm ticks in a row before encoders try one step harder than their number allows: a second.
const PATIENCE: u8 = 50;
/// Steps from least to full effort.
const STEPS: [Effort; 3] = [Effort::Least, Effort::Half, Effort::Full];

/// The effort of one shard's encoders of single legs.
///
/// How many there are is known as they come, how long they take only behind the tick. So their number decides, and time only relents: they try
/// harder where ticks with as many were short, and those that come on top go by the number alone. So they do where nobody tells how long ticks take.
#[derive(Debug, Default)]
pub(crate) struct Diligence {
    /// Encodings in this tick, and in the last.
    now: u32,
    last: u32,
    /// Steps by which they may try harder than their number allows, and calm ticks since there was one more.
    spare: usize,
    calm: u8,
    /// What was made with less than full effort.
    pub(crate) counts: EffortCounts,
}

impl Diligence {
    /// Begins a tick.
    pub(crate) fn begin(&mut self) {
        self.last = std::mem::take(&mut self.now);
    }

    /// Notes how long a tick took.
    pub(crate) fn note_spent(&mut self, spent: Duration) {
        self.calm = if spent <= CALM { self.calm + 1 } else { 0 };
        if spent > BUSY {
            self.spare = 0;
        } else if self.calm == PATIENCE {
            self.calm = 0;
            self.spare = (self.spare + 1).min(STEPS.len() - 1);
        }
    }

    /// How hard one more encoder is to try; counts it.
    pub(crate) fn one_more(&mut self) -> Effort {
        self.now += 1;
        let effort = self.effort();
        match effort {
            Effort::Full => {}
            Effort::Half => self.counts.half += 1,
            Effort::Least => self.counts.least += 1,
        }
        effort
    }

    /// Whether there are so many that they try least where there is no time to spare.
    pub(crate) const fn is_crowded(&self) -> bool {
        self.last >= CROWD
    }

    fn effort(&self) -> Effort {
        let allowed = match self.last {
            0..MANY => 2,
            MANY..CROWD => 1,
            CROWD.. => 0,
        };
        let spare = if self.now <= self.last { self.spare } else { 0 };
        let step = STEPS.get(allowed + spare);
        step.copied().unwrap_or(Effort::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What so many encoders are told to do in the second of two ticks, the first and the last of them.
    fn told(diligence: &mut Diligence, count: u32) -> [Effort; 2] {
        let mut tick = || {
            diligence.begin();
            let efforts: Vec<_> = (0..count).map(|_| diligence.one_more()).collect();
            [efforts[0], efforts[efforts.len() - 1]]
        };
        tick();
        tick()
    }

    #[test]
    fn where_nobody_tells_the_time_the_number_decides_and_what_is_made_with_less_effort_is_counted() {
        let mut diligence = Diligence::default();
        for (count, effort, is_crowded) in [
            (15, Effort::Full, false),
            (16, Effort::Half, false),
            (31, Effort::Half, false),
            (32, Effort::Least, true),
            (500, Effort::Least, true),
        ] {
            assert_eq!(told(&mut diligence, count), [effort; 2], "{count}");
            assert_eq!(diligence.is_crowded(), is_crowded, "{count}");
        }
        // Those of the first tick go by the number of the tick before.
        let EffortCounts { half, least } = diligence.counts;
        assert_eq!((half, least), (16 + 31 + 31 + 32, 32 + 500 + 500));
    }

    #[test]
    fn a_second_of_short_ticks_lets_them_try_one_step_harder_and_a_long_tick_takes_it_all_back() {
        let mut diligence = Diligence::default();
        let mut after = |ticks: u8, spent: Duration| {
            (0..ticks).for_each(|_| diligence.note_spent(spent));
            told(&mut diligence, 40)[1]
        };
        for (ticks, spent, effort) in [
            (PATIENCE - 1, CALM, Effort::Least),
            (1, CALM, Effort::Half),
            (PATIENCE - 1, CALM, Effort::Half),
            // Neither calm nor busy: it stays as it is, and the second begins anew.
            (200, BUSY, Effort::Half),
            (PATIENCE - 1, CALM, Effort::Half),
            (1, CALM, Effort::Full),
            (200, Duration::ZERO, Effort::Full),
            (200, BUSY, Effort::Full),
            (1, BUSY + Duration::from_micros(1), Effort::Least),
            (PATIENCE, CALM, Effort::Half),
        ] {
            assert_eq!(after(ticks, spent), effort, "{ticks} ticks of {spent:?}");
        }
    }

    #[test]
    fn those_that_a_short_tick_had_not_go_by_the_number_alone() {
        let mut diligence = Diligence::default();
        told(&mut diligence, 40);
        (0..PATIENCE).for_each(|_| diligence.note_spent(CALM));
        diligence.begin();
        let efforts: Vec<_> = (0..60).map(|_| diligence.one_more()).collect();
        let expected = [vec![Effort::Half; 40], vec![Effort::Least; 20]].concat();
        assert_eq!(efforts, expected);
    }
}
