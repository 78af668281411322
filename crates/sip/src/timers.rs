//! The RFC's time constants, and the one queue of deadlines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Round trip estimate (RFC 3261 section 17.1.1.1).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Longest gap between retransmissions of a non-INVITE request and of an INVITE response.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message may live in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// 64 times T1: how long anything is tried (timers B, F, H, J, L, M).
pub(crate) const T1_64: Duration = Duration::from_secs(32);
/// Timer D: how long copies of a failure response to our INVITE are still acknowledged.
pub(crate) const TIMER_D: Duration = Duration::from_secs(32);

/// A retransmission whose gap doubles up to a bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) at: Instant,
    gap: Duration,
    longest: Duration,
}

impl Backoff {
    /// First due T1 after `now`; later gaps double up to `longest`.
    pub(crate) fn new(now: Instant, longest: Duration) -> Self {
        Self {
            at: now + T1,
            gap: T1,
            longest,
        }
    }

    /// Due every `gap` from `now` on.
    pub(crate) fn steady(now: Instant, gap: Duration) -> Self {
        Self {
            at: now + gap,
            gap,
            longest: gap,
        }
    }

    /// A copy was sent: sets the next one.
    pub(crate) fn advance(&mut self) {
        self.gap = self.gap.saturating_mul(2).min(self.longest);
        self.at += self.gap;
    }
}

/// Deadlines by owner: one each, cheap to move and to find the earliest of.
#[derive(Debug)]
pub(crate) struct Agenda<K> {
    by_owner: BTreeMap<K, Instant>,
    by_time: BTreeSet<(Instant, K)>,
}

impl<K: Ord + Copy> Agenda<K> {
    pub(crate) fn new() -> Self {
        Self {
            by_owner: BTreeMap::new(),
            by_time: BTreeSet::new(),
        }
    }

    /// Sets, moves or takes away the owner's deadline.
    pub(crate) fn set(&mut self, owner: K, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.by_owner.insert(owner, at),
            None => self.by_owner.remove(&owner),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, owner));
        }
        if let Some(at) = at {
            self.by_time.insert((at, owner));
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes out an owner whose deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, owner) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.remove(&(at, owner));
        self.by_owner.remove(&owner);
        Some(owner)
    }
}
