use std::net::SocketAddr;

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
pub struct Received {
    /// Where it came from.
    pub from: SocketAddr,
    /// How much of the buffer it fills, bytes.
    pub len: usize,
}

/// The network of one leg. Neither call may block or allocate.
pub trait LegSocket {
    /// Reads the next datagram of `channel`, if one waits.
    fn receive(&mut self, channel: Channel, buffer: &mut [u8]) -> Option<Received>;

    /// Sends a datagram; one that cannot be sent at once is lost, like any datagram may be.
    fn send(&mut self, channel: Channel, to: SocketAddr, datagram: &[u8]);
}
