//! One m-line as read.

use std::net::{IpAddr, SocketAddr};

use sdp_types::Session;

use super::address::{self, AddressFault};
use super::attribute::{self, Rtcp};
use super::direction::Direction;
use super::error::{Refusal, SdpError};
use super::extension::{self, LevelMap};
use super::format::{self, BadPayloadType, Format};
use super::packet_time;

/// Profiles we speak. RTP under another name of the same packets; secured ones have no keys here.
const PROFILES: [&str; 2] = ["RTP/AVP", "RTP/AVPF"];

/// One m-line with all that the session's lines say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// `audio`, `video`, … as written.
    pub(super) kind: String,
    /// `RTP/AVP` and so on, as written.
    pub(super) profile: String,
    /// The first format as written; a refused line must show one (RFC 3264 section 6).
    pub(super) first_format: String,
    pub(super) formats: Result<Vec<Format>, BadPayloadType>,
    pub(super) port: u16,
    /// How many port pairs, where said.
    ports: Option<u16>,
    ip: Result<IpAddr, AddressFault>,
    direction: Direction,
    pub(super) ptime_ms: Option<u32>,
    pub(super) max_ptime_ms: Option<u32>,
    pub(super) rtcp: Option<Rtcp>,
    pub(super) rtcp_mux: bool,
    pub(super) audio_level: Option<LevelMap>,
}

impl Media {
    /// Reads one m-line; the session's c= and direction hold where it has none of its own.
    pub(super) fn read(index: usize, raw: &sdp_types::Media, session: &Session) -> Result<Self, SdpError> {
        let first_format = raw.fmt.split_ascii_whitespace().next().unwrap_or_default();
        tokens(index, &[("media", &raw.media), ("format", first_format)])?;
        for part in raw.proto.split('/') {
            tokens(index, &[("transport", part)])?;
        }
        let connection = raw.connections.first().or(session.connection.as_ref());
        let said = attribute::direction(&raw.attributes);
        let packet_time = |name| {
            let own = attribute::value(&raw.attributes, name);
            packet_time::read(own.or(attribute::value(&session.attributes, name)))
        };
        Ok(Self {
            kind: raw.media.clone(),
            profile: raw.proto.clone(),
            first_format: first_format.to_owned(),
            formats: format::read(&raw.fmt, &raw.attributes),
            port: raw.port,
            ports: raw.num_ports,
            ip: connection.map_or(Err(AddressFault::Missing), address::read),
            direction: said
                .or(attribute::direction(&session.attributes))
                .unwrap_or_default(),
            ptime_ms: packet_time("ptime"),
            max_ptime_ms: packet_time("maxptime"),
            rtcp: attribute::rtcp(&raw.attributes),
            rtcp_mux: attribute::has(&raw.attributes, "rtcp-mux"),
            audio_level: extension::audio_level(&raw.attributes, &session.attributes),
        })
    }

    pub(super) fn is_audio(&self) -> bool {
        self.kind.eq_ignore_ascii_case("audio")
    }

    /// The formats, if this is audio over a transport of ours that is switched on.
    pub(super) fn usable_formats(&self) -> Result<&[Format], Refusal> {
        if self.port == 0 {
            return Err(Refusal::Disabled);
        }
        if !PROFILES
            .iter()
            .any(|profile| profile.eq_ignore_ascii_case(&self.profile))
        {
            return Err(Refusal::Transport);
        }
        if self.ports.is_some_and(|count| count != 1) {
            return Err(Refusal::ManyPorts);
        }
        self.formats
            .as_deref()
            .map_err(|BadPayloadType| Refusal::PayloadType)
    }

    /// Where the peer wants RTP.
    pub(super) fn rtp_address(&self) -> Result<SocketAddr, AddressFault> {
        self.ip.map(|ip| SocketAddr::new(ip, self.port))
    }

    /// The old way of holding a call: an unspecified address (RFC 3264 section 8.4).
    pub(super) fn is_held_by_address(&self) -> bool {
        self.ip.is_ok_and(|ip| ip.is_unspecified())
    }

    /// What the peer does: an unspecified address cannot receive, whatever the attribute says.
    pub(super) fn direction(&self) -> Direction {
        if self.is_held_by_address() {
            self.direction.and(Direction::SendOnly)
        } else {
            self.direction
        }
    }
}

/// Words that our answer repeats must be tokens (RFC 8866 section 9), so that it can be read again.
fn tokens(index: usize, words: &[(&'static str, &str)]) -> Result<(), SdpError> {
    let bad = words
        .iter()
        .find(|(_, word)| word.is_empty() || !word.bytes().all(is_token_byte));
    bad.map_or(Ok(()), |&(field, _)| Err(SdpError::MediaLine { index, field }))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&byte)
}
