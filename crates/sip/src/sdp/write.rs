//! Our descriptions as bytes: CRLF and the order of lines of RFC 8866 section 9.

use std::net::IpAddr;

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::codec::Codec;
use super::direction::Direction;
use super::event::TelephoneEvent;
use super::extension::AudioLevel;
use super::format::{COMFORT_NOISE, COMFORT_NOISE_HZ};
use super::negotiate::Local;
use super::opus::OpusParameters;

/// What our audio line says.
pub(super) struct Audio<'a> {
    pub(super) port: u16,
    pub(super) profile: &'a str,
    /// Codec and payload type, best first.
    pub(super) codecs: &'a [(Codec, u8)],
    /// What we want of Opus.
    pub(super) opus: OpusParameters,
    /// Whether silence may be told instead of sent.
    pub(super) comfort_noise: bool,
    /// Keys as packets, one for each clock.
    pub(super) telephone_events: &'a [TelephoneEvent],
    /// Levels in the peer's packets.
    pub(super) audio_level: Option<AudioLevel>,
    pub(super) ptime_ms: u8,
    pub(super) rtcp_mux: bool,
    pub(super) direction: Direction,
}

impl Audio<'_> {
    /// The m-line with its attributes.
    pub(super) fn media(&self) -> Media {
        let payload_types = self.codecs.iter().map(|&(_, payload_type)| payload_type);
        let events = self.telephone_events.iter().map(|event| event.payload_type);
        let noise = self.comfort_noise.then_some(COMFORT_NOISE);
        let fmt: Vec<String> = payload_types
            .chain(noise)
            .chain(events)
            .map(|pt| pt.to_string())
            .collect();
        let mut media = line("audio", self.port, self.profile, &fmt.join(" "));
        media.attributes = self.attributes();
        media
    }

    fn attributes(&self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for (codec, pt) in self.codecs {
            attributes.push(with_value("rtpmap", format!("{pt} {}", codec.rtpmap())));
            if *codec == Codec::Opus && self.opus != OpusParameters::default() {
                attributes.push(with_value("fmtp", format!("{pt} {}", self.opus)));
            }
        }
        if self.comfort_noise {
            attributes.push(with_value(
                "rtpmap",
                format!("{COMFORT_NOISE} CN/{COMFORT_NOISE_HZ}"),
            ));
        }
        for event in self.telephone_events {
            let pt = event.payload_type;
            attributes.push(with_value(
                "rtpmap",
                format!("{pt} telephone-event/{}", event.clock_hz),
            ));
            attributes.push(with_value("fmtp", format!("{pt} {}", event.list())));
        }
        if let Some(level) = self.audio_level {
            attributes.push(with_value("extmap", level.extmap()));
        }
        attributes.push(with_value("ptime", self.ptime_ms.to_string()));
        if self.rtcp_mux {
            attributes.push(flag("rtcp-mux"));
        }
        attributes.push(flag(self.direction.name()));
        attributes
    }
}

/// An m-line that is switched off; the format only fills its place (RFC 3264 section 6).
pub(super) fn refused(kind: &str, profile: &str, format: &str) -> Media {
    line(kind, 0, profile, format)
}

/// The whole description. Its o= version is the previous one's when nothing else changed, else one more
/// (RFC 3264 section 8); the first is 1.
pub(super) fn session(local: &Local, medias: Vec<Media>, previous: Option<&Session>) -> Vec<u8> {
    let version = previous.map_or(1, |session| session.origin.sess_version);
    let mut ours = Session {
        origin: Origin::with_ip_addr(local.session_id, version, local.address),
        session_name: "-".to_owned(),
        session_description: None,
        uri: None,
        emails: Vec::new(),
        phones: Vec::new(),
        connection: Some(connection(local.address)),
        bandwidths: Vec::new(),
        times: vec![Time {
            start_time: 0,
            stop_time: 0,
            repeats: Vec::new(),
        }],
        time_zones: Vec::new(),
        key: None,
        attributes: Vec::new(),
        medias,
    };
    if previous.is_some_and(|previous| bytes(previous) != bytes(&unread(&ours))) {
        ours.origin.sess_version = version.saturating_add(1);
    }
    bytes(&ours)
}

/// As the description looks when read again: reading leaves out the lines nobody needs.
fn unread(session: &Session) -> Session {
    Session {
        session_name: String::new(),
        times: Vec::new(),
        ..session.clone()
    }
}

fn bytes(session: &Session) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = session.write(&mut bytes);
    debug_assert!(written.is_ok(), "memory takes every write");
    bytes
}

fn connection(address: IpAddr) -> Connection {
    Connection::from_ip_addr(address)
}

fn line(kind: &str, port: u16, profile: &str, fmt: &str) -> Media {
    Media {
        media: kind.to_owned(),
        port,
        num_ports: None,
        proto: profile.to_owned(),
        fmt: fmt.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn with_value(name: &str, value: String) -> Attribute {
    Attribute {
        attribute: name.to_owned(),
        value: Some(value),
    }
}

fn flag(name: &str) -> Attribute {
    Attribute {
        attribute: name.to_owned(),
        value: None,
    }
}
