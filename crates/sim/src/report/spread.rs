//! Many times in four numbers.

use serde::Serialize;

/// Of a number of times, ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Half are below or at this.
    pub p50: f64,
    /// 95 of 100 are.
    pub p95: f64,
    /// 99 of 100 are.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of these times; all zero where there are none.
    pub fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        // The nearest rank: the smallest time that has the share at or below it.
        let at = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times.get(rank.max(1) - 1).copied().unwrap_or_default()
        };
        Self {
            count: times.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

/// `part` of `whole` in percent; 0 of nothing.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 * 100.0 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_sorted_times() {
        let times: Vec<_> = (1..=200).rev().map(f64::from).collect();
        let expected = Spread {
            count: 200,
            p50: 100.0,
            p95: 190.0,
            p99: 198.0,
            max: 200.0,
        };
        assert_eq!(Spread::of(times), expected);
        assert_eq!(
            Spread::of(vec![7.0]),
            Spread {
                count: 1,
                p50: 7.0,
                p95: 7.0,
                p99: 7.0,
                max: 7.0
            }
        );
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn a_part_of_nothing_is_none() {
        assert_eq!((percent(1, 1000), percent(3, 0)), (0.1, 0.0));
    }
}
