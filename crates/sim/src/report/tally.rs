//! Calls in numbers, those too whose phones have called again since.

use super::gather::ms;
use super::{Calls, Moments, Packets, Reported, Simulator};
use crate::arrivals::STEP_MS;
use crate::leg::{Fate, Leg};
use crate::plan::Plan;

/// What is left of calls; it does not grow with their number but for one figure each.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(super) calls: Calls,
    /// INVITE to 200 of each call answered, ms: of first calls, and of those of phones that called again.
    pub(super) setups: Vec<f64>,
    pub(super) setups_again: Vec<f64>,
    /// Calls that were dialled again.
    pub(super) again: usize,
    pub(super) simulator: Simulator,
    pub(super) all: Received,
    /// Those of phones that stay in.
    pub(super) kept: Received,
    /// What RTCP told.
    pub(crate) reports: Reported,
    /// When packets were late.
    pub(crate) moments: Moments,
}

/// Packets, with how late they were.
#[derive(Debug, Default)]
pub(super) struct Received {
    packets: Packets,
    /// Counts by lateness, steps of half a millisecond.
    lateness: Vec<u64>,
}

impl Tally {
    /// Takes in a call that is over.
    pub(crate) fn add(&mut self, plan: &Plan, leg: &Leg) {
        self.calls.add(&leg.fate, leg.setup.is_some());
        self.calls.levels += usize::from(leg.level_id().is_some());
        self.calls.spared += usize::from(leg.is_spared());
        self.simulator.late_5ms += leg.sent.late_5ms;
        self.simulator.late_20ms += leg.sent.late_20ms;
        let is_again = leg.is_again();
        self.again += usize::from(is_again && leg.fate != Fate::Open);
        self.reports.add(&leg.reports.found);
        let Some(setup) = leg.setup else { return };
        let setups = match is_again {
            true => &mut self.setups_again,
            false => &mut self.setups,
        };
        setups.push(ms(setup));
        self.all.add(leg);
        if leg.number < plan.kept() {
            self.kept.add(leg);
        }
    }

    /// Takes in all of another.
    pub(crate) fn merge(&mut self, other: Self) {
        self.calls.merge(other.calls);
        self.setups.extend(other.setups);
        self.setups_again.extend(other.setups_again);
        self.again += other.again;
        self.simulator.late_5ms += other.simulator.late_5ms;
        self.simulator.late_20ms += other.simulator.late_20ms;
        self.all.merge(&other.all);
        self.kept.merge(&other.kept);
        self.reports.merge(&other.reports);
        self.moments.merge(&other.moments);
    }
}

impl Received {
    fn add(&mut self, leg: &Leg) {
        let (found, clock) = (&leg.arrivals, leg.speech.clock_hz());
        let packets = Packets {
            sent: leg.sent.packets,
            unsent: leg.sent.unsent,
            lost_on_purpose: leg.link.lost,
            received: found.received,
            unsent_back: found.unsent,
            comfort_noise: leg.noise,
            lost_back_on_purpose: leg.back.lost,
            redundant: leg.redundant,
            recovered: leg.recovered,
            due: found.due(clock),
            missing: found.missing(clock),
            latest_ms: found.latest_ms,
            ..Packets::default()
        };
        self.take(&packets, &found.lateness);
    }

    fn merge(&mut self, other: &Self) {
        self.take(&other.packets, &other.lateness);
    }

    fn take(&mut self, packets: &Packets, lateness: &[u64]) {
        let sum = &mut self.packets;
        sum.sent += packets.sent;
        sum.unsent += packets.unsent;
        sum.lost_on_purpose += packets.lost_on_purpose;
        sum.received += packets.received;
        sum.unsent_back += packets.unsent_back;
        sum.comfort_noise += packets.comfort_noise;
        sum.lost_back_on_purpose += packets.lost_back_on_purpose;
        sum.redundant += packets.redundant;
        sum.recovered += packets.recovered;
        sum.due += packets.due;
        sum.missing += packets.missing;
        sum.latest_ms = sum.latest_ms.max(packets.latest_ms);
        let steps = self.lateness.len().max(lateness.len());
        self.lateness.resize(steps, 0);
        let steps = self.lateness.iter_mut().zip(lateness);
        steps.for_each(|(sum, count)| *sum += count);
    }

    /// All figures, those that come of the counts too.
    pub(super) fn packets(&self) -> Packets {
        let beyond = |ms: f64| self.lateness.iter().skip((ms / STEP_MS) as usize).sum();
        Packets {
            late_5ms: beyond(5.0),
            late_20ms: beyond(20.0),
            lateness_p99_ms: p99(&self.lateness).min(self.packets.latest_ms),
            ..self.packets.clone()
        }
    }
}

impl Calls {
    fn add(&mut self, fate: &Fate, answered: bool) {
        self.asked += usize::from(*fate != Fate::Open);
        self.answered += usize::from(answered);
        match fate {
            Fate::Open | Fate::Answered => {}
            Fate::Refused(status) => *self.refused.entry(*status).or_default() += 1,
            Fate::Unanswered => self.unanswered += 1,
            Fate::NoAudio(why) => *self.no_audio.entry(why.clone()).or_default() += 1,
            Fate::HungUp => self.hung_up += 1,
            Fate::Ended(true) => self.clean_byes += 1,
            Fate::Ended(false) => self.unanswered_byes += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.levels += other.levels;
        self.spared += other.spared;
        self.unanswered += other.unanswered;
        self.hung_up += other.hung_up;
        self.clean_byes += other.clean_byes;
        self.unanswered_byes += other.unanswered_byes;
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        for (why, count) in other.no_audio {
            *self.no_audio.entry(why).or_default() += count;
        }
    }
}

/// The upper end of the step below which 99 of 100 are.
fn p99(lateness: &[u64]) -> f64 {
    let total: u64 = lateness.iter().sum();
    let mut sum = 0;
    let step = lateness.iter().position(|count| {
        sum += count;
        total > 0 && sum * 100 >= total * 99
    });
    step.map_or(0.0, |step| (step + 1) as f64 * STEP_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_two_crews_are_counted_together_by_their_fate() {
        let (mut one, mut other) = (Calls::default(), Calls::default());
        for fate in [Fate::Ended(true), Fate::Ended(false), Fate::HungUp] {
            one.add(&fate, true);
            other.add(&fate, true);
        }
        one.add(&Fate::Refused(503), false);
        other.add(&Fate::Refused(503), false);
        other.add(&Fate::Open, false);
        other.add(&Fate::NoAudio("why".to_owned()), true);
        one.merge(other);
        assert_eq!((one.asked, one.answered, one.clean_byes), (9, 7, 2));
        assert_eq!((one.unanswered_byes, one.hung_up, one.refused[&503]), (2, 2, 2));
        assert_eq!(one.no_audio["why"], 1);
    }

    #[test]
    fn the_latest_and_the_late_of_all_are_those_of_the_sum() {
        let mut all = Received::default();
        let packets = |due, latest_ms| Packets {
            due,
            latest_ms,
            ..Packets::default()
        };
        all.take(&packets(100, 6.0), &[90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]);
        all.take(&packets(50, 2.0), &[50]);
        let packets = all.packets();
        assert_eq!((packets.due, packets.late_5ms, packets.late_20ms), (150, 10, 0));
        assert_eq!((packets.latest_ms, packets.lateness_p99_ms), (6.0, 6.0));
    }

    #[test]
    fn the_ninety_ninth_part_is_the_end_of_its_step() {
        let mut lateness = vec![0; 400];
        (lateness[0], lateness[20], lateness[60]) = (980, 15, 5);
        assert_eq!(p99(&lateness), 10.5);
        assert_eq!(p99(&[0; 400]), 0.0);
    }
}
