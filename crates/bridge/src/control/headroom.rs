//! How much of its time the mixer needs, and whether it can take one call more: what it cannot do in time is heard by everybody.

/// Reports in a row that it takes to change the mind, five a second: one busy moment is no overload.
const REPORTS: usize = 3;
/// From this load on one report is enough: more is to be done than there is time. One that is said to be behind, 100, may have been held up
/// by the machine, once.
const TOO_LATE: u8 = 101;
/// By how much the load must have fallen before calls are taken again, percent, where it was at the limit for a while. Where one report alone
/// shut the door, it is enough that the next ones are below the limit: who is busy to 75 % all day would not take calls for hours otherwise.
const RELIEF: u8 = 10;
/// Fewer calls than these say nothing of what one costs.
const FEW: usize = 50;

/// Whether new calls are turned away.
#[derive(Debug)]
pub(super) struct Headroom {
    /// From this share of its time on it is crowded, percent.
    most: u8,
    crowded: bool,
    /// How far below the limit it must be for calls to be taken again, percent.
    relief: u8,
    /// Reports in a row that spoke against it.
    streak: usize,
    /// The last reports: the load, percent, and the calls there were.
    last: [(u8, usize); REPORTS],
}

impl Headroom {
    pub(super) const fn new(most: u8) -> Self {
        Self {
            most,
            crowded: false,
            relief: RELIEF,
            streak: 0,
            last: [(0, 0); REPORTS],
        }
    }

    /// Takes in a report: the share of its time that the mixer needed since the last one, percent, at least 100 where it is behind; and how
    /// many calls there are.
    pub(super) fn note(&mut self, percent: u8, calls: usize) {
        self.last.rotate_left(1);
        self.last[REPORTS - 1] = (percent, calls);
        let against = match self.crowded {
            false => percent >= self.most,
            true => percent < self.most.saturating_sub(self.relief),
        };
        self.streak = if against { self.streak + 1 } else { 0 };
        let for_a_while = self.streak == REPORTS;
        if for_a_while || (!self.crowded && percent >= TOO_LATE) {
            self.streak = 0;
            self.crowded = !self.crowded;
            self.relief = if for_a_while { RELIEF } else { 0 };
        }
    }

    /// Whether one call more than these could not be heard by all others.
    pub(super) fn is_crowded(&self, calls: usize) -> bool {
        self.crowded || self.foreseen(calls + 1) >= u64::from(self.most)
    }

    /// Whether more was to be done than there is time, in the last two reports: who now comes to a meeting would harm those who are in one.
    /// What calls need once they are there, the door has not seen: a voice in a meeting of few, in Opus, needs twenty times what a
    /// listener among many does.
    pub(super) fn is_overrun(&self) -> bool {
        let latest = &self.last[REPORTS - 2..];
        latest.iter().all(|(percent, _)| *percent >= TOO_LATE)
    }

    /// What so many calls will need, percent, at what each needed in the last reports: those who came since are not in any yet.
    fn foreseen(&self, calls: usize) -> u64 {
        let sum = |of: fn(&(u8, usize)) -> usize| self.last.iter().map(of).sum::<usize>() as u64;
        let (percent, before) = (sum(|report| report.0.into()), sum(|report| report.1.max(FEW)));
        percent * calls.max(FEW) as u64 / before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_reports_at_the_limit_or_one_above_all_time_shut_the_door_and_three_well_below_open_it() {
        let mut headroom = Headroom::new(80);
        let mut crowded = |percent| {
            headroom.note(percent, 0);
            headroom.is_crowded(0)
        };
        let story = [90, 90, 50, 80, 99, 80, 75, 69, 69, 75, 69, 69, 0, 101, 69, 69, 69];
        let expected = [
            false, false, false, false, false, true, true, true, true, true, true, true, false, true, true,
            true, false,
        ];
        assert_eq!(story.map(&mut crowded), expected);
    }

    #[test]
    fn one_report_above_all_time_shuts_the_door_for_three_below_the_limit_and_not_until_there_is_relief() {
        let mut headroom = Headroom::new(80);
        let mut crowded = |percent| {
            headroom.note(percent, 0);
            headroom.is_crowded(0)
        };
        assert_eq!(
            [75, 120, 75, 79, 75, 75].map(&mut crowded),
            [false, true, true, true, false, false]
        );
        // It may be the first of a while.
        assert_eq!(
            [120, 90, 90, 90, 75, 75, 75].map(&mut crowded),
            [true, true, true, true, true, true, false]
        );
    }

    #[test]
    fn two_reports_in_a_row_above_all_time_let_nobody_into_meetings_until_one_is_within_it() {
        let mut headroom = Headroom::new(80);
        let mut overrun = |percent| {
            headroom.note(percent, 60);
            headroom.is_overrun()
        };
        // One that was held up by the machine is at 100.
        let story = [100, 100, 180, 99, 101, 101, 255, 100, 101, 120];
        let expected = [false, false, false, false, false, true, true, false, false, true];
        assert_eq!(story.map(&mut overrun), expected);
    }

    #[test]
    fn calls_that_no_report_knows_yet_count_at_the_price_of_those_before() {
        for (loads, calls, expected) in [
            // 0.05 % each: the limit is at 1,600.
            ([50, 50, 50], [1_000, 1_000, 1_000], 1_599),
            // Calls come faster than they are reported.
            ([50, 55, 60], [1_000, 1_100, 1_200], 1_599),
            // Dearer ones.
            ([70, 70, 70], [700, 700, 700], 799),
            // A busy moment among few calls says nothing.
            ([2, 0, 0], [1, 2, 3], 5_999),
            ([79, 79, 79], [1, 2, 3], 50),
        ] {
            let mut headroom = Headroom::new(80);
            for (load, calls) in loads.into_iter().zip(calls) {
                headroom.note(load, calls);
            }
            assert!(!headroom.is_crowded(expected - 1), "{loads:?} {expected}");
            assert!(headroom.is_crowded(expected), "{loads:?} {expected}");
        }
    }
}
