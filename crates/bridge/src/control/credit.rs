//! Credit for what may be done so many times a second, and some times at once: earned while time passes.

use std::time::{Duration, Instant};

/// Parts of a credit that make one; so many a millisecond are earned for each a second.
const WHOLE: u64 = 1000;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Credit {
    per_second: u64,
    most: u64,
    parts: u64,
    at: Instant,
}

impl Credit {
    /// For so many a second, of which so many are free at once from `now` on.
    pub(super) fn new(now: Instant, per_second: u32, at_once: u64) -> Self {
        let most = at_once * WHOLE;
        Self {
            per_second: per_second.into(),
            most,
            parts: most,
            at: now,
        }
    }

    /// Takes one, if it is there.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let enough = self.is_enough(now);
        self.parts -= if enough { WHOLE } else { 0 };
        enough
    }

    /// Whether one is there.
    pub(super) fn is_enough(&mut self, now: Instant) -> bool {
        let ms = now.saturating_duration_since(self.at).as_millis() as u64;
        self.at += Duration::from_millis(ms);
        let earned = ms.saturating_mul(self.per_second);
        self.parts = earned.saturating_add(self.parts).min(self.most);
        self.parts >= WHOLE
    }

    /// Gives one back that was of no use.
    pub(super) fn give_back(&mut self) {
        self.parts = self.parts.saturating_add(WHOLE).min(self.most);
    }
}
