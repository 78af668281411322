//! The two UDP sockets of a leg: datagrams are read in batches, each with the moment at which it reached the machine.
//!
//! One `recvmmsg` takes all that waits at a socket and says by its count that nothing is left, where a loop of `recv` needs a second
//! call to learn it; one that is asked for a single datagram does not look for more. The kernel's time of arrival (`SO_TIMESTAMPNS`)
//! makes a packet's lateness known however long it waited for the tick: read at the tick, all packets would seem to arrive with it.
//!
//! Where the system has no such call or forbids it (`ENOSYS`, `EPERM`, `EINVAL`, `EOPNOTSUPP`: old emulations, filters of system calls), each
//! datagram is read by a `recvfrom` from then on, within the very call that was refused. Where it has no such option, or does not date a
//! datagram, the time of the tick takes its place: delay is then judged 10 ms too long in the mean, and jitter by up to 20 ms. Both are counted
//! ([`media::Fallbacks`]). Sizes of the kernel's buffers that are refused stay as they are.
//!
//! Sending is one `sendto` a packet. `sendmmsg` takes many messages, but all of one socket, and each leg has ports of its own: phones,
//! their NATs and firewalls expect the audio from the port that they send to. In a tick a leg is sent one packet, so there is nothing to
//! gather. What the system refuses to send (no route, a firewall's rule, a queue that is full) is lost and counted with the last error
//! ([`media::Unsent`]), though the leg's own count and its reports by RTCP have it as sent: to the phone it is one more lost packet.
//!
//! This crate and the bridge's shell are the only ones that read a clock.

mod arrival;
mod batch;
mod leg;

pub use batch::{Batch, date_arrivals};
pub use leg::MediaSocket;
