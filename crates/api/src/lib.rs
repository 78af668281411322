//! The REST API under `/conference/v1`: routes, objects on the wire, credentials and errors.
//!
//! It opens no socket and owns no state of the bridge: what is true it reads from a [`Backend`], what is to change it asks
//! of it. The bridge accepts connections and hands them to [`router`].

mod auth;
mod backend;
mod body;
mod dto;
mod error;
mod fields;
mod filter;
mod handlers;
mod idempotency;
mod list;
mod openapi;
mod params;
mod path;
mod router;
mod simulation;
mod value;

pub use auth::{Login, Peer, hash_password};
pub use backend::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, IdKind, LiveCommand, Names, Readiness,
    Records, Scope, Target, Unavailable,
};
pub use openapi::text as openapi;
pub use router::{Route, Settings, paths, router};
pub use simulation::{Outcome, SimulatedCall, Simulation, Step, What};
