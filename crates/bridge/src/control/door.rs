//! The door: step 2 of the call flow. What it shuts out costs nothing: neither a transaction nor an answer sent twice.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use model::host;

use super::counts::Shut;
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

    fn shut(&mut self, now: Instant, source: IpAddr, config: &ControlConfig) -> Option<Shut> {
        if now.duration_since(self.second) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        let of_source = self.sources.get(&source).copied().unwrap_or(0);
        if self.calls >= config.new_calls_per_second {
            return Some(Shut::Rate);
        }
        (of_source >= config.new_calls_per_second_per_source).then_some(Shut::RatePerSource)
    }

    /// Notes that a call of `source` came in.
    pub(super) fn count(&mut self, source: IpAddr) {
        self.calls += 1;
        *self.sources.entry(host(source)).or_default() += 1;
    }
}

impl Control {
    /// What a new call from `source` would be told, whatever it wants; why is kept for the case that the message in hand is one.
    pub(super) fn door_for(&mut self, now: Instant, source: IpAddr) -> sip::Door {
        self.shut = self.shut_to(now, source);
        match self.shut {
            Some(why) => sip::Door::Shut(why.status()),
            None => sip::Door::Open,
        }
    }

    fn shut_to(&mut self, now: Instant, source: IpAddr) -> Option<Shut> {
        if !self.config.allow.iter().any(|network| network.contains(&source)) {
            return Some(Shut::Allow);
        }
        let source = host(source);
        let from_source = self.per_source.get(&source).copied().unwrap_or(0);
        for (is_so, why) in [
            (self.draining, Shut::Stopping),
            (self.calls.len() >= self.config.max_calls, Shut::MaxCalls),
            (
                from_source >= self.config.max_calls_per_source,
                Shut::MaxCallsPerSource,
            ),
            (self.headroom.is_crowded(self.calls.len()), Shut::MaxLoad),
        ] {
            if is_so {
                return Some(why);
            }
        }
        self.door.shut(now, source, &self.config)
    }
}
