//! What limits of the API forgot, turned away or left out. Others, such as those of streams, are counted where they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts since the start; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitCounts {
    /// Good credentials forgotten because as many as may be were remembered: their passwords are hashed anew.
    pub logins_forgotten: u64,
    /// Entries of wrong credentials, of a login, an address or a network, forgotten before their minute because their table was full.
    pub wrong_logins_forgotten: u64,
    /// Requests turned away because too many waited for a password to be checked.
    pub checks_refused: u64,
    /// Changes refused because their account had used as many keys as are kept.
    pub keys_refused: u64,
    /// Changes refused because keys and answers of their account took as many bytes as may be.
    pub keys_refused_for_account: u64,
    /// Changes refused because keys and answers of their tenant, with all accounts below it, did.
    pub keys_refused_for_tenant: u64,
    /// Changes refused because keys and answers of all accounts did.
    pub keys_refused_for_all: u64,
    /// Answers that are not kept with their key, since they were too long, others left no room, or the store failed.
    pub answers_unkept: u64,
}

/// Where they are counted. Clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub struct Limited(Arc<Mutex<LimitCounts>>);

impl Limited {
    /// All counts so far.
    pub fn counts(&self) -> LimitCounts {
        *self.locked()
    }

    /// Lets `count` add to them.
    pub fn note(&self, count: impl FnOnce(&mut LimitCounts)) {
        count(&mut self.locked());
    }

    /// Whole after every statement, so a panic elsewhere leaves nothing half done.
    fn locked(&self) -> MutexGuard<'_, LimitCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
