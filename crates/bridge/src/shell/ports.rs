//! UDP ports of legs: handed out in no foreseeable order, at rest for a while after use.
//!
//! A port that was just released may still get packets of its former call; until they have stopped nobody else is given
//! it (quarantine).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::config::PortRange;

/// The pool. A port stands for the pair of it and the odd one above.
#[derive(Debug)]
pub(super) struct PortPool {
    free: VecDeque<u16>,
    resting: VecDeque<(Instant, u16)>,
    quarantine: Duration,
}

impl PortPool {
    /// All pairs of `range`, in an order decided by `seed`.
    pub(super) fn new(range: PortRange, quarantine: Duration, seed: u64) -> Self {
        let mut free: Vec<u16> = (range.first..range.last).step_by(2).collect();
        let mut state = seed | 1;
        for n in (1..free.len()).rev() {
            // xorshift64: enough to be no neighbour of the last port, which is all that is asked for.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            free.swap(n, (state % (n as u64 + 1)) as usize);
        }
        Self {
            free: free.into(),
            resting: VecDeque::new(),
            quarantine,
        }
    }

    /// A pair that is free, or nothing when all are in use or at rest.
    pub(super) fn take(&mut self, now: Instant) -> Option<u16> {
        while let Some((at, port)) = self.resting.front().copied() {
            if now < at {
                break;
            }
            self.resting.pop_front();
            self.free.push_back(port);
        }
        self.free.pop_front()
    }

    /// Gives a pair back, to rest.
    pub(super) fn release(&mut self, now: Instant, port: u16) {
        self.resting.push_back((now + self.quarantine, port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_given_once_and_again_only_after_its_quarantine() {
        let range = PortRange {
            first: 20_000,
            last: 20_099,
        };
        let (mut pool, now) = (PortPool::new(range, Duration::from_secs(30), 7), Instant::now());
        let mut given: Vec<_> = std::iter::from_fn(|| pool.take(now)).collect();
        assert_ne!(
            given,
            (20_000..20_100).step_by(2).collect::<Vec<_>>(),
            "ports come in order"
        );
        given.sort_unstable();
        assert_eq!(given, (20_000..20_100).step_by(2).collect::<Vec<_>>());
        pool.release(now, 20_010);
        assert_eq!(pool.take(now + Duration::from_millis(29_999)), None);
        assert_eq!(pool.take(now + Duration::from_secs(30)), Some(20_010));
    }
}
