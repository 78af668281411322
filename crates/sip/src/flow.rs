//! Where a message came from and where an answer goes.

use std::net::SocketAddr;

/// The transports that carry SIP here (RFC 3261 section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams; messages may be lost, so transactions repeat them.
    Udp,
    /// A stream; nothing is lost while the connection lives.
    Tcp,
}

impl Transport {
    /// Whether the transport itself repeats what gets lost (RFC 3261 section 17).
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp => true,
        }
    }

    /// The name in a Via header (RFC 3261 section 20.42).
    pub fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// One way between us and a peer: the packet's addresses and, for streams, the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The transport.
    pub transport: Transport,
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end, as seen on the packet.
    pub remote: SocketAddr,
    /// The connection's number, given by whoever owns the sockets; `None` for datagrams.
    pub connection: Option<u64>,
}

impl Flow {
    /// The same socket, towards another address; a connection always keeps its own peer.
    pub(crate) fn towards(self, remote: SocketAddr) -> Self {
        match self.transport {
            Transport::Udp => Self { remote, ..self },
            Transport::Tcp => self,
        }
    }
}
