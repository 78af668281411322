//! What a response repeats of its request (RFC 3261 section 8.2.6.2), and where it goes (18.2.2).
//!
//! Read line by line from the raw head, so that faulty requests can be answered too.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use sipx_sip::{Host, Via};

use super::text::{parameter, split};
use crate::flow::{Flow, Transport};

/// The repeated headers of one request, ready to be written, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    /// Via lines (the top one with `received` and `rport`), From, Call-ID, CSeq, Timestamp.
    pub(crate) head: Bytes,
    /// The value of To.
    pub(crate) to: Option<Bytes>,
    pub(crate) to_has_tag: bool,
    /// Record-Route values, for responses that make a dialog.
    pub(crate) record_routes: Vec<Bytes>,
    /// Where responses go.
    pub(crate) flow: Flow,
}

const REPEATED: [(&str, &str); 5] = [
    ("from", "f"),
    ("call-id", "i"),
    ("cseq", "cseq"),
    ("timestamp", "timestamp"),
    ("to", "t"),
];

impl Echo {
    /// Reads the head of a request that came on `flow`; `None` when it has no Via or more than `vias` hops.
    ///
    /// Control characters are kept only in what [`read`](super::read()) found faultless.
    pub(crate) fn read(bytes: &[u8], flow: Flow, vias: usize, clean: Cleanliness) -> Option<Self> {
        let fields = fields(bytes, clean);
        let hops: Vec<&[u8]> = fields
            .iter()
            .filter(|(name, _)| name == "via" || name == "v")
            .flat_map(|(_, value)| split(value, b','))
            .map(<[u8]>::trim_ascii)
            // What a broken Via leaves behind a comma is no hop.
            .filter(|hop| hop.contains(&b'/'))
            .take(vias.saturating_add(1))
            .collect();
        let (top, rest) = hops.split_first()?;
        if hops.len() > vias {
            return None;
        }
        let mut head = field("Via", &stamped(top, flow.remote));
        head.extend(rest.iter().flat_map(|hop| field("Via", hop)));
        for name in ["From", "Call-ID", "CSeq", "Timestamp"] {
            head.extend(
                value_of(&fields, name)
                    .iter()
                    .flat_map(|value| field(name, value)),
            );
        }
        let to = value_of(&fields, "To").map(Bytes::copy_from_slice);
        Some(Self {
            head: Bytes::from(head),
            to_has_tag: to.as_deref().is_some_and(has_tag),
            to,
            record_routes: record_routes(&fields),
            flow: way_back(top, flow),
        })
    }

    /// How much it holds, bytes.
    pub(crate) fn size(&self) -> usize {
        let parts = [&self.head].into_iter().chain(&self.to);
        parts.chain(&self.record_routes).map(Bytes::len).sum()
    }
}

/// Whether a head may be repeated as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleanliness {
    /// Read without fault.
    Faultless,
    /// Control characters become spaces.
    Suspect,
}

/// Name (lower case) and unfolded value of each header field.
fn fields(bytes: &[u8], clean: Cleanliness) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    for line in lines(head(bytes)).skip(1) {
        if let ([b' ' | b'\t', ..], Some((_, value))) = (line, fields.last_mut()) {
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        let mut halves = line.splitn(2, |&byte| byte == b':');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let value = halves.next().unwrap_or_default().trim_ascii();
        fields.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()));
    }
    if clean == Cleanliness::Suspect {
        fields.iter_mut().for_each(|(_, value)| blank_controls(value));
    }
    fields
}

fn blank_controls(value: &mut [u8]) {
    for byte in value.iter_mut().filter(|byte| byte.is_ascii_control()) {
        *byte = b' ';
    }
}

/// Everything before the empty line, or all of it.
pub(crate) fn head(bytes: &[u8]) -> &[u8] {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    end.and_then(|end| bytes.get(..end)).unwrap_or(bytes)
}

fn lines(mut head: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if head.is_empty() {
            return None;
        }
        let end = head.windows(2).position(|window| window == b"\r\n");
        let (line, rest) = head.split_at(end.unwrap_or(head.len()));
        head = rest.get(2..).unwrap_or_default();
        Some(line)
    })
}

fn value_of<'a>(fields: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    let (long, short) = REPEATED
        .iter()
        .find(|(long, _)| long.eq_ignore_ascii_case(name))?;
    let found = fields.iter().find(|(name, _)| name == long || name == short);
    found.map(|(_, value)| value.as_slice())
}

fn record_routes(fields: &[(String, Vec<u8>)]) -> Vec<Bytes> {
    let lines = fields.iter().filter(|(name, _)| name == "record-route");
    lines
        .flat_map(|(_, value)| split(value, b','))
        .map(|value| Bytes::copy_from_slice(value.trim_ascii()))
        .collect()
}

fn has_tag(to: &[u8]) -> bool {
    split(to, b';')
        .iter()
        .skip(1)
        .any(|part| parameter(part).0.eq_ignore_ascii_case(b"tag"))
}

fn field(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b": ", value, b"\r\n"].concat()
}

/// The top hop with `received` and `rport` as RFC 3261 section 18.2.1 and RFC 3581 section 4 want them.
fn stamped(hop: &[u8], source: SocketAddr) -> Vec<u8> {
    let ip = source.ip().to_canonical();
    let named = |part: &&[u8], name: &str| parameter(part).0.eq_ignore_ascii_case(name.as_bytes());
    let parts = split(hop, b';');
    let rport = parts.iter().skip(1).any(|part| named(part, "rport"));
    let kept = parts
        .iter()
        .filter(|part| !named(part, "received") && !named(part, "rport"));
    let mut out = kept.copied().collect::<Vec<_>>().join(&b';');
    if rport || sent_by(hop) != Some(ip) {
        out.extend_from_slice(format!(";received={ip}").as_bytes());
    }
    if rport {
        out.extend_from_slice(format!(";rport={}", source.port()).as_bytes());
    }
    out
}

fn sent_by(hop: &[u8]) -> Option<IpAddr> {
    match Via::parse_one(hop).ok()?.host {
        Host::Ip(ip) => Some(ip),
        Host::Name(_) => None,
    }
}

/// Where the response goes: always to the address the packet came from, never where a Via points; without
/// `rport` to the port of sent-by. `maddr` is not followed: it would let a stranger aim our answers.
fn way_back(hop: &[u8], flow: Flow) -> Flow {
    if flow.transport == Transport::Tcp {
        return flow;
    }
    let port = match Via::parse_one(hop) {
        Ok(via) if via.rport().is_none() => via.port.unwrap_or(5060),
        Ok(_) | Err(_) => flow.remote.port(),
    };
    let port = if port == 0 { flow.remote.port() } else { port };
    flow.towards(SocketAddr::new(flow.remote.ip(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(hop: &str) -> String {
        String::from_utf8(stamped(hop.as_bytes(), "192.0.2.9:4444".parse().unwrap())).unwrap()
    }

    #[test]
    fn the_top_via_gets_received_and_rport_as_the_rfcs_say() {
        let table = [
            (
                "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa",
                "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa",
            ),
            (
                "SIP/2.0/UDP 10.0.0.1;branch=z",
                "SIP/2.0/UDP 10.0.0.1;branch=z;received=192.0.2.9",
            ),
            (
                "SIP/2.0/UDP h.example;branch=z",
                "SIP/2.0/UDP h.example;branch=z;received=192.0.2.9",
            ),
            (
                "SIP/2.0/UDP 192.0.2.9;rport;branch=z",
                "SIP/2.0/UDP 192.0.2.9;branch=z;received=192.0.2.9;rport=4444",
            ),
            (
                "SIP/2.0/UDP a;received=6.6.6.6;branch=z;RPORT=1",
                "SIP/2.0/UDP a;branch=z;received=192.0.2.9;rport=4444",
            ),
        ];
        for (hop, expected) in table {
            assert_eq!(stamp(hop), expected);
        }
    }

    #[test]
    fn responses_go_to_the_packets_address_and_the_port_of_sent_by_or_rport() {
        let flow = Flow {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:4444".parse().unwrap(),
            connection: None,
        };
        let table = [
            ("SIP/2.0/UDP 10.0.0.1", "192.0.2.9:5060"),
            ("SIP/2.0/UDP 10.0.0.1:7000", "192.0.2.9:7000"),
            ("SIP/2.0/UDP 10.0.0.1:7000;rport", "192.0.2.9:4444"),
            ("SIP/2.0/UDP 10.0.0.1;maddr=224.0.0.1", "192.0.2.9:5060"),
            ("SIP/2.0/UDP 10.0.0.1;received=6.6.6.6", "192.0.2.9:5060"),
            ("broken;;", "192.0.2.9:4444"),
        ];
        for (hop, expected) in table {
            assert_eq!(
                way_back(hop.as_bytes(), flow).remote,
                expected.parse().unwrap(),
                "{hop}"
            );
        }
        let tcp = Flow {
            transport: Transport::Tcp,
            connection: Some(1),
            ..flow
        };
        assert_eq!(way_back(b"SIP/2.0/TCP 10.0.0.1:7000", tcp), tcp);
    }
}
