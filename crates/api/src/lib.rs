//! The REST API under `/conference/v1`: routes, objects on the wire, credentials and errors.
//!
//! It opens no socket and owns no state of the bridge: what is true it reads from a [`Backend`], what is to change it asks
//! of it. The bridge accepts connections and hands them to [`router`].

mod auth;
mod backend;
mod backend_events;
mod backend_webhooks;
mod body;
mod chosen;
mod dto;
mod error;
mod etag;
mod events;
mod fields;
mod filter;
#[cfg(test)]
mod fixtures;
mod handlers;
mod idempotency;
mod limited;
mod list;
mod openapi;
mod origin;
mod params;
mod path;
mod pick;
mod router;
mod simulation;
mod unrouted;
mod value;

pub use auth::{Login, Peer, hash_password};
pub use backend::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, IdKind, LiveCommand, Names, Readiness,
    Records, Scope, Target, Unavailable, Unlisted,
};
pub use backend_events::{EventBackend, Kept, Missed};
pub use backend_webhooks::{Tried, WebhookBackend};
pub use dto::event::event_body;
pub use events::{Hub, HubCounts, HubLimits};
pub use limited::{LimitCounts, Limited};
pub use openapi::text as openapi;
pub use router::{Hold, Route, Settings, Streaming, paths, router};
pub use simulation::{Outcome, SimulatedCall, Simulation, Step, What};
pub use unrouted::{not_one_host, out_of_time};
