//! Edges that a listener met, thinned out as a run becomes long: as many as fit, over all of its time.

use crate::track::Edge;

/// Edges kept of one talker at one listener: eleven minutes of all of them.
const MOST: usize = 1_024;

/// See the module.
#[derive(Debug)]
pub(crate) struct Edges {
    kept: Vec<Edge>,
    seen: usize,
    /// Of so many pairs one is kept.
    every: usize,
}

impl Default for Edges {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            seen: 0,
            every: 1,
        }
    }
}

impl Edges {
    /// One more. A tone's end and its return are kept or left out together.
    pub(crate) fn note(&mut self, edge: Edge) {
        let pair = self.seen / 2;
        self.seen += 1;
        if self.kept.len() == MOST {
            self.thin_out();
        }
        if pair.is_multiple_of(self.every) {
            self.kept.push(edge);
        }
    }

    fn thin_out(&mut self) {
        let mut place = 0..;
        self.kept.retain(|_| {
            place
                .next()
                .is_none_or(|place: usize| (place / 2).is_multiple_of(2))
        });
        self.every *= 2;
    }

    /// Those that were kept, in their order.
    pub(crate) fn kept(&self) -> &[Edge] {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn a_day_of_edges_is_kept_thinly_from_beginning_to_end() {
        let (begin, mut edges) = (Instant::now(), Edges::default());
        let at = |n: u64| begin + Duration::from_millis(640 * n);
        for n in 0..135_000 {
            edges.note(Edge {
                talker: 0,
                rises: n % 2 == 1,
                at: at(n),
            });
        }
        let kept = edges.kept();
        assert!((MOST / 2..=MOST).contains(&kept.len()), "{}", kept.len());
        assert!(kept.chunks(2).all(|pair| !pair[0].rises && pair[1].rises));
        let tenth = |n: u64| at(13_500 * n)..at(13_500 * (n + 1));
        let in_tenth = |n| kept.iter().filter(|edge| tenth(n).contains(&edge.at)).count();
        assert!((0..10).all(|n| (40..=110).contains(&in_tenth(n))));
    }
}
