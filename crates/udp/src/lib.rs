//! The two UDP sockets of a leg: datagrams are read in batches, each with the moment at which it reached the machine.
//!
//! One `recvmmsg` takes all that waits at a socket and says by its count that nothing is left, where a loop of `recv` needs a second
//! call to learn it. The kernel's time of arrival (`SO_TIMESTAMPNS`) makes a packet's lateness known however long it waited
//! for the tick: read at the tick, all packets would seem to arrive with it. Where the system has no such call, or no such option, plain
//! `recvfrom` and the time of reading take their place.
//!
//! Sending is one `sendto` a packet: each leg has ports of its own, and `sendmmsg` serves one socket.
//!
//! This crate and the bridge's shell are the only ones that read a clock.

mod arrival;
mod batch;
mod leg;

pub use batch::{Batch, date_arrivals};
pub use leg::MediaSocket;
