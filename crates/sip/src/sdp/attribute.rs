//! Reading `a=` lines.

use sdp_types::{AddrType, Attribute};

use super::address;
use super::direction::Direction;
use std::net::IpAddr;

/// The value of the first attribute of that name, if it has one.
pub(super) fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|a| a.attribute == name)
        .and_then(|a| a.value.as_deref())
}

/// Whether an attribute is there.
pub(super) fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|a| a.attribute.trim_end() == name)
}

/// The direction said at this level: where several are said, only what all of them allow.
pub(super) fn direction(attributes: &[Attribute]) -> Option<Direction> {
    let said = attributes.iter().filter(|a| a.value.is_none());
    said.filter_map(|a| Direction::named(a.attribute.trim_end()))
        .reduce(Direction::and)
}

/// `a=rtcp:port [IN IP4 address]` (RFC 3605).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rtcp {
    pub(super) port: u16,
    /// Where it differs from the stream's own.
    pub(super) ip: Option<IpAddr>,
}

/// Where a peer wants its RTCP; none when the attribute is absent or unreadable.
pub(super) fn rtcp(attributes: &[Attribute]) -> Option<Rtcp> {
    let mut words = value(attributes, "rtcp")?.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    let ip = match (words.next(), words.next(), words.next()) {
        (None, _, _) => None,
        (Some("IN"), Some(kind), Some(text)) => Some(address::read_typed(&AddrType::new(kind), text).ok()?),
        (Some(_), _, _) => return None,
    };
    Some(Rtcp { port, ip })
}
