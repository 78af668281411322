//! How much of its time the mixer needs, and whether it can take one call more: what it cannot do in time is heard by everybody.

/// Reports in a row that it takes to change the mind, five a second: one busy moment is no overload.
const REPORTS: u8 = 3;
/// From this load on one report is enough: more is to be done than there is time. One that is said to be behind, 100, may have been held up
/// by the machine, once.
const TOO_LATE: u8 = 101;
/// By how much the load must have fallen before calls are taken again, percent.
const RELIEF: u8 = 10;

/// Whether new calls are turned away.
#[derive(Debug)]
pub(super) struct Headroom {
    /// From this share of its time on it is crowded, percent.
    most: u8,
    crowded: bool,
    /// Reports in a row that spoke against it.
    streak: u8,
}

impl Headroom {
    pub(super) const fn new(most: u8) -> Self {
        Self {
            most,
            crowded: false,
            streak: 0,
        }
    }

    /// Takes in a report: the share of its time that the mixer needed since the last one, percent; at least 100 where it is behind.
    pub(super) fn note(&mut self, percent: u8) {
        let against = match self.crowded {
            false => percent >= self.most,
            true => percent < self.most.saturating_sub(RELIEF),
        };
        self.streak = if against { self.streak + 1 } else { 0 };
        if self.streak == REPORTS || (!self.crowded && percent >= TOO_LATE) {
            self.streak = 0;
            self.crowded = !self.crowded;
        }
    }

    /// Whether one call more could be heard by all others.
    pub(super) const fn is_crowded(&self) -> bool {
        self.crowded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_reports_at_the_limit_or_one_above_all_time_shut_the_door_and_three_well_below_open_it() {
        let mut headroom = Headroom::new(80);
        let mut crowded = |percent| {
            headroom.note(percent);
            headroom.is_crowded()
        };
        let story = [90, 90, 50, 80, 99, 80, 75, 69, 69, 75, 69, 69, 0, 101];
        let expected = [
            false, false, false, false, false, true, true, true, true, true, true, true, false, true,
        ];
        assert_eq!(story.map(&mut crowded), expected);
    }
}
