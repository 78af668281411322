//! What a leg's network is to those who run it: two channels that give and take datagrams.

use std::net::SocketAddr;
use std::time::Instant;

/// Which of a leg's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Audio.
    Rtp,
    /// Reports.
    Rtcp,
}

/// A datagram that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Where it came from.
    pub from: SocketAddr,
    /// When it came, where that is known: else the time of the tick is taken.
    pub at: Option<Instant>,
    /// What it holds.
    pub datagram: &'a [u8],
}

/// What the system would not do so far, and what was done in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallbacks {
    /// Datagrams read one by one, since many cannot be read by one call.
    pub read_singly: u64,
    /// Datagrams read with others that bore no time of arrival: that of the tick was taken.
    pub undated: u64,
    /// Datagrams given to it that it would not send.
    pub unsent: Unsent,
}

/// Datagrams that the system would not send. To those they were for they are lost, as if on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many.
    pub datagrams: u64,
    /// The system's number of the error that the last of them met.
    pub error: Option<i32>,
}

/// The network of one leg. Neither call may block or allocate.
pub trait LegSocket {
    /// What datagrams are read into: one for all legs that share a thread, made before its first tick.
    type Buffers: Default;

    /// Reads what waits on `channel`, at most `most` datagrams, and hands each to `take`. Returns how many: fewer than `most` when
    /// nothing is left.
    fn receive(
        &mut self,
        channel: Channel,
        buffers: &mut Self::Buffers,
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize;

    /// Sends a datagram; one that cannot be sent at once is lost, like any datagram may be. It is counted ([`Fallbacks::unsent`]) when
    /// the leg is read the next time.
    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]);

    /// What the system would not do so far, for all that was read into `buffers`.
    fn fallbacks(_buffers: &Self::Buffers) -> Fallbacks {
        Fallbacks::default()
    }
}
