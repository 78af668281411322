//! Who has the floor: the loudest few of a room are in its sum.

/// Most voices in one sum.
pub(crate) const MOST: usize = 32;

/// One who wants to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bid {
    /// Place of the leg in the shard's table; nothing for one of another branch of the meeting.
    leg: Option<usize>,
    score: i16,
}

/// The seats of one tick.
#[derive(Debug)]
pub(crate) struct Floor {
    seats: [Option<Bid>; MOST],
    most: usize,
}

impl Floor {
    /// For `most` voices at once, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            seats: [None; MOST],
            most: most.clamp(1, MOST),
        }
    }

    /// Begins a tick.
    pub(crate) fn clear(&mut self) {
        self.seats = [None; MOST];
    }

    /// Asks for a seat; the loudest get one, and of two alike the first.
    pub(crate) fn bid(&mut self, leg: usize, score: i16) {
        self.take(Some(leg), score);
    }

    /// Asks for a seat for one who is heard through another branch of the meeting.
    pub(crate) fn bid_elsewhere(&mut self, score: i16) {
        self.take(None, score);
    }

    fn take(&mut self, leg: Option<usize>, score: i16) {
        let seats = &mut self.seats[..self.most];
        let lowest = seats
            .iter_mut()
            .min_by_key(|seat| seat.map_or(i16::MIN, |bid| bid.score));
        if let Some(seat) = lowest
            && seat.is_none_or(|bid| bid.score < score)
        {
            *seat = Some(Bid { leg, score });
        }
    }

    /// Whether `leg` got a seat.
    pub(crate) fn has(&self, leg: usize) -> bool {
        self.seats.iter().flatten().any(|bid| bid.leg == Some(leg))
    }

    /// How loud those are who have a seat and are legs of this shard.
    pub(crate) fn scores(&self) -> [Option<i16>; MOST] {
        let own = |seat: Option<Bid>| seat.filter(|bid| bid.leg.is_some());
        self.seats.map(|seat| own(seat).map(|bid| bid.score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_few_get_the_seats_whatever_their_order() {
        for turn in 0..6 {
            let mut bids = [(1, -20), (2, -50), (3, -30), (4, -10), (5, -40), (6, -30)];
            bids.rotate_left(turn);
            let mut floor = Floor::new(3);
            bids.iter().for_each(|(leg, score)| floor.bid(*leg, *score));
            assert!(floor.has(1) && floor.has(4) && (floor.has(3) != floor.has(6)));
            assert!(!floor.has(2) && !floor.has(5));
            floor.bid_elsewhere(-25);
            floor.bid_elsewhere(-45);
            assert!(floor.has(1) && floor.has(4) && !floor.has(3) && !floor.has(6));
            let mut scores: Vec<_> = floor.scores().into_iter().flatten().collect();
            scores.sort_unstable();
            assert_eq!(scores, [-20, -10]);
            floor.clear();
            assert!(!floor.has(4));
        }
    }
}
