//! SIP without sockets or clocks: messages, transactions, dialogs and the user agent core.
//!
//! [`Endpoint`] is the whole of it: messages and [`Command`]s go in, messages and [`Event`]s come out, and
//! time is an argument. Below it lie the strict reading of `message`, the four machines of [`transaction`]
//! and the dialogs.
//!
//! # Rules of the RFCs we do not follow, on purpose
//! - A response goes to the address its request came from; `maddr` and `received` in a Via never aim it
//!   elsewhere (RFC 3261 section 18.2.2), and a connection that is gone is not opened again.
//! - A request inside a call goes to the literal address of its next hop only when that is one we may reach;
//!   names are not resolved (RFC 3263): it goes back where the call came from instead.
//! - Refusals that need no memory are stateless (section 8.2.7), so a flood of them costs none.
//! - A call whose connection is lost has ended; nothing is sent on another one.
//! - A peer's re-INVITE before the ACK of our 200 counts as that ACK.
//! - Redirections are not acted upon, and challenges only in calls we made with credentials: else they end the request.
//! - Subscriptions share the dialog of a call where a phone asks in it (RFC 6665 section 4.5.2 would have them apart), and end with it.
//! - Each call has a URI of its own for the conference, where RFC 4579 has one that all in it share: a URI that is known to many could show the
//!   roster to any of them. An INVITE for it, by which others would join (section 5.1), is a call for a number that nobody has.
//! - A NOTIFY of more than 1,300 bytes goes by datagram where its subscription does and asks for nothing else (section 18.1.1), within
//!   [`Limits::document_datagram`]: what is over follows in the next one. With `transport=tcp` in its Contact or first Route a connection is opened.
//! - An UPDATE or INVITE of the peer's with a non-SDP body is refused even if a part of it were SDP.

mod auth;
mod counters;
mod dialog;
mod endpoint;
mod flow;
mod limits;
mod message;
mod random;
pub mod sdp;
pub mod stream;
pub mod subscription;
mod target;
mod timers;
pub mod transaction;

pub use auth::Credentials;
pub use counters::Counters;
pub use endpoint::api::{
    CallId, Command, Dial, Door, EndCause, EndpointConfig, Event, Incoming, Input, Output, Subscriber,
    SubscriptionId, SubscriptionOrder,
};
pub use endpoint::{DialError, Endpoint};
pub use flow::{Flow, Transport};
pub use limits::Limits;
pub use subscription::Reason as SubscriptionReason;
pub use target::{Hop, Target, TargetFault};
