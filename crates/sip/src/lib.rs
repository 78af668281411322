//! SIP without sockets or clocks: messages, transactions, dialogs and the user agent core.
//!
//! [`Endpoint`] is the whole of it: messages and [`Command`]s go in, messages and [`Event`]s come out, and
//! time is an argument. Below it lie the strict reading of `message`, the four machines of [`transaction`]
//! and the dialogs.

mod counters;
mod dialog;
mod endpoint;
mod flow;
mod limits;
mod message;
mod random;
pub mod sdp;
pub mod stream;
mod timers;
pub mod transaction;

pub use counters::Counters;
pub use endpoint::api::{CallId, Command, Dial, EndCause, EndpointConfig, Event, Incoming, Input, Output};
pub use endpoint::{DialError, Endpoint};
pub use flow::{Flow, Transport};
pub use limits::Limits;
