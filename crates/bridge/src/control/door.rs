//! The door: step 2 of the call flow. What it shuts out costs nothing: neither a transaction nor an answer sent twice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{Control, ControlConfig};

/// How many calls were taken in this second, and from whom.
#[derive(Debug)]
pub(super) struct Door {
    second: Instant,
    calls: u32,
    /// Has at most as many entries as calls may be taken a second.
    sources: HashMap<IpAddr, u32>,
}

impl Door {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            second: now,
            calls: 0,
            sources: HashMap::new(),
        }
    }

    fn is_open(&mut self, now: Instant, source: IpAddr, config: &ControlConfig) -> bool {
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        let of_source = self.sources.get(&source).copied().unwrap_or(0);
        self.calls < config.new_calls_per_second && of_source < config.new_calls_per_second_per_source
    }

    /// Notes that a call of `source` came in.
    pub(super) fn count(&mut self, source: IpAddr) {
        self.calls += 1;
        *self.sources.entry(source).or_default() += 1;
    }
}

impl Control {
    /// What a new call from `source` would be told, whatever it wants.
    pub(super) fn door_for(&mut self, now: Instant, source: IpAddr) -> sip::Door {
        if !self.config.allow.iter().any(|network| network.contains(&source)) {
            return sip::Door::Shut(403);
        }
        let from_source = self.per_source.get(&source).copied().unwrap_or(0);
        let full =
            self.calls.len() >= self.config.max_calls || from_source >= self.config.max_calls_per_source;
        let full = full || self.headroom.is_crowded();
        if self.draining || full || !self.door.is_open(now, source, &self.config) {
            return sip::Door::Shut(503);
        }
        sip::Door::Open
    }
}
