//! Transactions of RFC 3261 section 17, as corrected by RFC 6026.
//!
//! Four small machines. Each state owns the deadlines that can fire in it, so a timer of a former state
//! cannot. They know whole messages only as bytes to send, and statuses.

mod client;
mod invite_client;
mod invite_server;
pub(crate) mod key;
mod server;
#[cfg(test)]
mod timeline;

pub use client::Client;
pub use invite_client::InviteClient;
pub use invite_server::InviteServer;
pub use server::Server;

use bytes::Bytes;

/// What happened to a server transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The peer sent the request again.
    Request,
    /// The peer acknowledged a failure response (INVITE only).
    Ack,
    /// The user agent answers.
    Respond {
        /// The status.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
}

/// What a server transaction wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOutput {
    /// Send the response.
    Send(Bytes),
    /// Nobody acknowledged the failure response (timer H).
    AckMissing,
    /// Forget the transaction.
    Terminated,
}

/// What happened to a client transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// A response came.
    Response {
        /// Its status.
        status: u16,
        /// The ACK to send when the transaction itself acknowledges it (INVITE, 300 to 699).
        ack: Option<Bytes>,
    },
}

/// What a client transaction wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientOutput {
    /// Send the request or the ACK.
    Send(Bytes),
    /// Hand the response just taken in to the user agent.
    Deliver,
    /// Nobody answered (timers B and F): as if 408 had come (RFC 3261 section 8.1.3.1).
    TimedOut,
    /// Forget the transaction.
    Terminated,
}
