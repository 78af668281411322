//! When each of many machines wants to be called next.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// One deadline a key, the earliest found at once however many there are.
#[derive(Debug)]
pub(super) struct Schedule<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: HashMap<K, Instant>,
}

impl<K: Copy + Ord + Hash> Schedule<K> {
    pub(super) fn new() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: HashMap::new(),
        }
    }

    /// Sets, moves or clears the deadline of `key`.
    pub(super) fn set(&mut self, key: K, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.by_key.insert(key, at),
            None => self.by_key.remove(&key),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, key));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes one key whose deadline has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<K> {
        let (at, key) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.set(key, None);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn keys_come_due_in_order_of_their_latest_deadline() {
        let epoch = Instant::now();
        let at = |ms| epoch + Duration::from_millis(ms);
        let mut schedule = Schedule::new();
        schedule.set('a', Some(at(30)));
        schedule.set('b', Some(at(20)));
        schedule.set('c', Some(at(10)));
        schedule.set('a', Some(at(15)));
        schedule.set('c', None);
        assert_eq!(schedule.next(), Some(at(15)));
        assert_eq!(schedule.pop(at(14)), None);
        let due: Vec<_> = std::iter::from_fn(|| schedule.pop(at(20))).collect();
        assert_eq!(due, ['a', 'b']);
        assert_eq!(schedule.next(), None);
    }
}
