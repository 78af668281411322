//! Round trips by how often each was measured, to a tenth of a millisecond: a day of them takes next to no memory.

use std::collections::BTreeMap;

/// Steps in a millisecond.
const STEPS_A_MS: f64 = 10.0;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trips(BTreeMap<u32, u64>);

impl Trips {
    /// One was measured, ms.
    pub(crate) fn note(&mut self, ms: f64) {
        *self.0.entry((ms * STEPS_A_MS).round() as u32).or_default() += 1;
    }

    /// Takes in all of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (step, count) in &other.0 {
            *self.0.entry(*step).or_default() += count;
        }
    }

    /// How many were measured.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// Half are below or at this, ms; none where none was measured.
    pub(crate) fn median_ms(&self) -> Option<f64> {
        let half = self.count().div_ceil(2);
        let mut sum = 0;
        let middle = self.0.iter().find(|(_, count)| {
            sum += **count;
            sum >= half
        });
        middle.map(|(step, _)| f64::from(*step) / STEPS_A_MS)
    }

    /// The longest, ms.
    pub(crate) fn worst_ms(&self) -> Option<f64> {
        let (step, _) = self.0.last_key_value()?;
        Some(f64::from(*step) / STEPS_A_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(all: &[f64]) -> Trips {
        let mut trips = Trips::default();
        all.iter().for_each(|ms| trips.note(*ms));
        trips
    }

    #[test]
    fn the_middle_and_the_worst_are_those_of_the_sorted_ones() {
        for (all, median, worst) in [
            (vec![], None, None),
            (vec![0.04], Some(0.0), Some(0.0)),
            (vec![7.0, 3.0, 90.26], Some(7.0), Some(90.3)),
            (vec![1.0, 1.0, 1.0, 5.0], Some(1.0), Some(5.0)),
        ] {
            let trips = trips(&all);
            assert_eq!((trips.median_ms(), trips.worst_ms()), (median, worst), "{all:?}");
        }
    }

    #[test]
    fn those_of_two_calls_are_counted_together() {
        let mut sum = trips(&[1.0, 2.0]);
        sum.merge(&trips(&[2.0, 3.0, 4.0]));
        assert_eq!(
            (sum.count(), sum.median_ms(), sum.worst_ms()),
            (5, Some(2.0), Some(4.0))
        );
    }
}
