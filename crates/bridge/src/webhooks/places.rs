//! Places that are taken, and by whom.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// How many places each has; whoever has none is not in it.
#[derive(Debug)]
pub(crate) struct Places<K>(HashMap<K, usize>);

impl<K> Default for Places<K> {
    /// All are free.
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Places<K> {
    /// How many `who` has.
    pub(crate) fn of<Q: Eq + Hash + ?Sized>(&self, who: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        self.0.get(who).copied().unwrap_or(0)
    }

    /// Gives `who` one more.
    pub(crate) fn take(&mut self, who: K) {
        *self.0.entry(who).or_default() += 1;
    }

    /// Takes one from `who`.
    pub(crate) fn free<Q: Eq + Hash + ?Sized>(&mut self, who: &Q)
    where
        K: Borrow<Q>,
    {
        match self.0.get_mut(who) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => drop(self.0.remove(who)),
        }
    }

    /// Whether nobody has any.
    #[cfg(test)]
    pub(super) fn are_free(&self) -> bool {
        self.0.is_empty()
    }
}
