//! What happens, told while it happens: one ordered stream for each subscriber, by Server-Sent Events and WebSocket.
//!
//! [`Hub`] is the machine between the bridge, which publishes, and streams, which follow. EVENTS.md is the manual.

mod filter;
mod hub;
mod socket;
mod stream;

pub(crate) use filter::{Filter, checked as checked_types};
pub(crate) use hub::{DEPTH_MAX, Full, Moment, Seat, Start, ancestry};
pub use hub::{Hub, HubCounts, HubLimits};
pub(crate) use socket::{READ_BUFFER, READ_MAX, serve as serve_socket};
pub(crate) use stream::{Stream, Told};
