//! The way from a phone to the bridge, made bad on purpose: packets are lost or come later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Packets on the way at most; more are lost.
const MOST: usize = 256;

/// What becomes of a packet that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It goes on at once.
    Straight,
    /// It was kept, and comes out later.
    Held,
    /// It is lost.
    Lost,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Link {
    loss: f64,
    jitter: Duration,
    random: ChaCha8Rng,
    on_the_way: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    count: u64,
    /// Packets lost on purpose.
    pub(crate) lost: u64,
}

impl Link {
    /// Loses the part `loss` of all packets, and holds each back by up to `jitter`. The same seed and leg lose the same packets.
    pub(crate) fn new(loss: f64, jitter: Duration, seed: u64, leg: usize) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x1_0000_0001).wrapping_add(leg as u64));
        Self {
            loss,
            jitter,
            random,
            on_the_way: BinaryHeap::new(),
            count: 0,
            lost: 0,
        }
    }

    /// A packet is sent; a good way neither copies it nor draws lots.
    pub(crate) fn send(&mut self, now: Instant, packet: &[u8]) -> Way {
        if self.loss == 0.0 && self.jitter.is_zero() {
            return Way::Straight;
        }
        let (lost, wait) = (self.part() < self.loss, self.part());
        if lost || self.on_the_way.len() == MOST {
            self.lost += 1;
            return Way::Lost;
        }
        if self.jitter.is_zero() {
            return Way::Straight;
        }
        self.count += 1;
        let out = now + self.jitter.mul_f64(wait);
        self.on_the_way.push(Reverse((out, self.count, packet.to_vec())));
        Way::Held
    }

    /// What was held and comes out by now.
    pub(crate) fn poll_output(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.poll_timeout()? > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse((_, _, packet))| packet)
    }

    /// When the next comes out.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse((at, _, _))| *at)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(self.random.next_u32()) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    fn lost(loss: f64, seed: u64) -> Vec<bool> {
        let mut link = Link::new(loss, Duration::ZERO, seed, 3);
        let now = epoch();
        let mut sent = |n: u16| link.send(now, &n.to_be_bytes()) == Way::Lost;
        (0..10_000).map(&mut sent).collect()
    }

    #[test]
    fn the_part_that_was_asked_for_is_lost_and_the_seed_says_which() {
        let first = lost(0.3, 1);
        let count = first.iter().filter(|lost| **lost).count();
        assert!((2_800..3_200).contains(&count), "{count}");
        assert_eq!(first, lost(0.3, 1));
        assert_ne!(first, lost(0.3, 2));
        assert!(lost(0.0, 1).iter().all(|lost| !lost));
    }

    #[test]
    fn jitter_holds_back_and_loses_nothing() {
        let mut link = Link::new(0.0, Duration::from_millis(30), 1, 0);
        let begin = epoch();
        for n in 0..100_u8 {
            assert_eq!(link.send(begin, &[n]), Way::Held);
        }
        let early = std::iter::from_fn(|| link.poll_output(begin + Duration::from_millis(15))).count();
        assert!((30..70).contains(&early), "{early}");
        let late = std::iter::from_fn(|| link.poll_output(begin + Duration::from_millis(30))).count();
        assert_eq!((early + late, link.poll_timeout()), (100, None));
    }
}
