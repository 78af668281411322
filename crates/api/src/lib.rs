//! The REST API under `/conference/v1`: routes, objects on the wire, credentials and errors.
//!
//! It opens no socket and owns no state of the bridge: what is true it reads from a [`Backend`], what is to change it asks
//! of it. The bridge accepts connections and hands them to [`router`].

mod backend;

pub use backend::{
    Answer, Backend, CommandError, EditRefused, LiveCommand, Names, Readiness, RecordOrder, RecordPage,
    Records, Scope, Target, Unavailable,
};
