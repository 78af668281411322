//! Where media may go: never to a victim that a description merely names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sdp_types::{AddrType, Connection, NetType};

/// Lowest port media is sent to; below live the services a flood would be aimed at.
const LOWEST_PORT: u16 = 1024;

/// Tells which addresses must never get media beyond those no peer can own; true for our own sockets.
pub type Forbidden<'a> = &'a dyn Fn(SocketAddr) -> bool;

/// Why media cannot go to the address of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// There is no c= line for the stream.
    Missing,
    /// The network is not the Internet.
    Network,
    /// A name or something unreadable: names are not looked up.
    NotNumeric,
    /// IP4 with an IPv6 address, or the reverse.
    Contradictory,
    /// A multicast address.
    Multicast,
    /// A broadcast or reserved address.
    Broadcast,
    /// An unspecified address where no hold is meant.
    Unspecified,
    /// A port below 1024.
    LowPort,
    /// One of our own addresses, or one the operator forbids.
    Forbidden,
    /// IPv6 where we have IPv4, or the reverse.
    Family,
}

impl AddressFault {
    /// The code for a Warning header (RFC 3261 section 20.43).
    pub(super) fn warning(self) -> u16 {
        match self {
            Self::Network => 300,
            Self::NotNumeric | Self::Contradictory | Self::Family => 301,
            Self::Multicast => 330,
            Self::Missing | Self::Broadcast | Self::Unspecified | Self::LowPort | Self::Forbidden => 399,
        }
    }
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no c= line",
            Self::Network => "c= is not on the Internet",
            Self::NotNumeric => "c= must be a numeric address",
            Self::Contradictory => "c= address and its type contradict",
            Self::Multicast => "no media to multicast",
            Self::Broadcast => "no media to broadcast or reserved addresses",
            Self::Unspecified => "no media to an unspecified address",
            Self::LowPort => "no media to ports below 1024",
            Self::Forbidden => "no media to this address",
            Self::Family => "no media to this address family",
        })
    }
}

impl std::error::Error for AddressFault {}

/// The address of a c= line, an IPv4 address in IPv6 clothes taken as what it is.
pub(super) fn read(connection: &Connection) -> Result<IpAddr, AddressFault> {
    if connection.nettype != NetType::In {
        return Err(AddressFault::Network);
    }
    read_typed(&connection.addrtype, &connection.connection_address)
}

/// An address with its type word, as c= and a=rtcp have it.
pub(super) fn read_typed(kind: &AddrType, text: &str) -> Result<IpAddr, AddressFault> {
    let bare = text.split('/').next().unwrap_or(text);
    let ip: IpAddr = bare.parse().map_err(|_| AddressFault::NotNumeric)?;
    let consistent = match kind {
        AddrType::Ip4 => ip.is_ipv4(),
        AddrType::Ip6 => ip.is_ipv6(),
        AddrType::Other(_) => return Err(AddressFault::Network),
    };
    if consistent {
        Ok(ip.to_canonical())
    } else {
        Err(AddressFault::Contradictory)
    }
}

/// Whether media may be sent there.
pub(super) fn check(to: SocketAddr, local: IpAddr, forbidden: Forbidden<'_>) -> Result<(), AddressFault> {
    check_ip(to.ip())?;
    if to.port() < LOWEST_PORT {
        return Err(AddressFault::LowPort);
    }
    if to.is_ipv4() != local.to_canonical().is_ipv4() {
        return Err(AddressFault::Family);
    }
    if forbidden(to) {
        Err(AddressFault::Forbidden)
    } else {
        Ok(())
    }
}

fn check_ip(ip: IpAddr) -> Result<(), AddressFault> {
    if ip.is_multicast() {
        return Err(AddressFault::Multicast);
    }
    if ip.is_unspecified() {
        return Err(AddressFault::Unspecified);
    }
    match ip {
        IpAddr::V4(ip) if no_host(ip) => Err(AddressFault::Broadcast),
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(()),
    }
}

/// 0/8 "this network" and 240/4 with the limited broadcast (RFC 1122 section 3.2.1.3).
fn no_host(ip: Ipv4Addr) -> bool {
    let [first, ..] = ip.octets();
    first == 0 || first >= 240
}
