use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::units::{count, duration, networks};
use crate::webhooks::Policy;

/// `[events]`: streams of what happens, and how long it is kept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventsSection {
    /// Streams at once.
    #[serde(deserialize_with = "count")]
    pub streams: usize,
    /// Streams at once of one subscriber.
    #[serde(deserialize_with = "count")]
    pub streams_per_subscriber: usize,
    /// Events that may wait for one stream.
    #[serde(deserialize_with = "count")]
    pub queue: usize,
    /// Events kept in memory for streams that come back.
    #[serde(deserialize_with = "count")]
    pub memory: usize,
    /// How long events are kept on disk.
    #[serde(deserialize_with = "duration")]
    pub keep: Duration,
}

impl Default for EventsSection {
    fn default() -> Self {
        let limits = api::HubLimits::default();
        Self {
            streams: limits.streams,
            streams_per_subscriber: limits.streams_per_subscriber,
            queue: limits.queue,
            memory: limits.memory,
            keep: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl EventsSection {
    /// The bounds of the hub.
    ///
    /// Of so many connections a quarter is never a stream's: requests always find a place.
    pub(crate) fn hub(&self, connections: usize) -> api::HubLimits {
        api::HubLimits {
            memory: self.memory,
            queue: self.queue,
            streams: self.streams.min((connections - connections.div_ceil(4)).max(1)),
            streams_per_subscriber: self.streams_per_subscriber,
        }
    }
}

/// `[webhooks]`: posting what happens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksSection {
    /// Whether events may be posted by plain HTTP.
    pub allow_http: bool,
    /// Networks that are not public and may be posted to.
    #[serde(deserialize_with = "networks")]
    pub allow_private: Vec<IpNet>,
    /// Deliveries under way at once.
    #[serde(deserialize_with = "count")]
    pub at_once: usize,
    /// Webhooks of one subscriber, its callback aside; 0 for no limit.
    #[serde(deserialize_with = "count")]
    pub per_subscriber: usize,
}

impl Default for WebhooksSection {
    fn default() -> Self {
        Self {
            allow_http: false,
            allow_private: Vec::new(),
            at_once: 64,
            per_subscriber: 100,
        }
    }
}

impl WebhooksSection {
    /// Where events may be posted to.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            allow_http: self.allow_http,
            allow_private: self.allow_private.clone(),
        }
    }
}

/// What must hold, and what is said where it does not.
pub(super) fn checks(events: &EventsSection, webhooks: &WebhooksSection) -> [(bool, &'static str); 3] {
    [
        (
            events.queue >= 1 && events.memory >= events.queue,
            "events.memory: expected as many events as events.queue or more, and of that 1 or more",
        ),
        (
            events.keep.as_secs() >= 48 * 3600,
            "events.keep: expected 2days or more, as webhooks are tried for one",
        ),
        (
            (1..=256).contains(&webhooks.at_once),
            "webhooks.at_once: expected 1 to 256",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_leave_connections_to_requests() {
        for (streams, connections, most) in [
            (10_000, 1_024, 768),
            (500, 1_024, 500),
            (10_000, 3, 2),
            (10, 1, 1),
        ] {
            let events = EventsSection {
                streams,
                ..EventsSection::default()
            };
            assert_eq!(
                events.hub(connections).streams,
                most,
                "{streams} of {connections}"
            );
        }
    }
}
