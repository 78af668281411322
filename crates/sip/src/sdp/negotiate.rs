//! What we bring to a session, and what was agreed.

use std::net::{IpAddr, SocketAddr};

use super::address::{self, Forbidden};
use super::codec::Codec;
use super::direction::Direction;
use super::error::Refusal;
use super::event::TelephoneEvent;
use super::extension::{AudioLevel, LevelMap};
use super::format::{COMFORT_NOISE_HZ, Encoding, Format};
use super::media::Media;
use super::opus::OpusParameters;
use super::packet_time;

/// Whose order of codecs decides between those both have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChoiceOf {
    /// The offerer's, as RFC 3264 section 6.1 recommends.
    #[default]
    Offerer,
    /// Ours.
    Us,
}

/// What we bring to one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where peers send media: what c= and o= say.
    pub address: IpAddr,
    /// The port of our RTP socket; RTCP listens one higher unless multiplexed.
    pub rtp_port: u16,
    /// The codecs this leg may use, best first; what is not listed is not used.
    pub codecs: Vec<Codec>,
    /// Whose order decides.
    pub choice: ChoiceOf,
    /// Whether keys as packets are taken (RFC 4733).
    pub telephone_event: bool,
    /// Whether comfort noise is offered (RFC 3389); where the peer offers it, it is taken.
    pub comfort_noise: bool,
    /// Whether RTP and RTCP may share a port (RFC 5761).
    pub rtcp_mux: bool,
    /// Names this session in o=; below 2^63 for parsers that read it signed.
    pub session_id: u64,
    /// Audio in a packet where the peer has no wish, ms; in each packet of Opus.
    pub ptime_ms: u8,
    /// What we want of Opus.
    pub opus: OpusParameters,
}

impl Local {
    /// Whether comfort noise is worth offering: with some codec of its clock.
    pub(super) fn offers_comfort_noise(&self) -> bool {
        let fits = |codec: &Codec| codec.clock_hz() == COMFORT_NOISE_HZ;
        self.comfort_noise && self.codecs.iter().any(fits)
    }

    /// The clocks our keys may come with, Hz: those of the codecs, each once.
    pub(super) fn event_clocks(&self) -> Vec<u32> {
        let mut clocks: Vec<u32> = self.codecs.iter().map(|codec| codec.clock_hz()).collect();
        clocks.sort_unstable();
        clocks.dedup();
        clocks.retain(|_| self.telephone_event);
        clocks
    }
}

/// What was agreed for one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The m-line that carries the audio, from 0.
    pub media_index: usize,
    /// Where our RTP goes; an unspecified address while the peer holds the old way.
    pub remote_rtp: SocketAddr,
    /// Where our RTCP goes; none while held the old way or when the peer's place for it is not usable.
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether RTP and RTCP share a port (RFC 5761).
    pub rtcp_mux: bool,
    /// The one codec, both ways, but for [`Negotiated::other_law`].
    pub codec: Codec,
    /// The payload type we send with.
    pub payload_type: u8,
    /// The payload type the peer sends with; another one only when an answer renumbers our offer.
    pub receive_payload_type: u8,
    /// The payload type with which the peer may send the other law of G.711: an answer may take both that we offered (RFC 3264
    /// section 6.1).
    pub other_law: Option<u8>,
    /// What the peer wants of Opus; of no meaning for another codec.
    pub opus: OpusParameters,
    /// Keys as packets.
    pub telephone_event: Option<TelephoneEvent>,
    /// Whether either side may send comfort noise in place of silence (RFC 3389), with payload type 13.
    pub comfort_noise: bool,
    /// Levels in the peer's packets.
    pub audio_level: Option<AudioLevel>,
    /// Audio in a packet of ours: 10 to 60 ms in whole 10 ms; of Opus what [`Local`] says.
    pub ptime_ms: u8,
    /// What we do.
    pub direction: Direction,
    /// Whether the peer does not want to hear us now.
    pub remote_held: bool,
}

/// Agrees on one m-line of the peer's; `choice` says whose order of codecs decides.
pub(super) fn agree(
    media: &Media,
    index: usize,
    local: &Local,
    choice: ChoiceOf,
    forbidden: Forbidden<'_>,
) -> Result<Negotiated, Refusal> {
    let formats = media.usable_formats()?;
    let remote_rtp = media.rtp_address()?;
    if !media.is_held_by_address() {
        address::check(remote_rtp, local.address, forbidden)?;
    }
    let (codec, format) = choose(formats, &local.codecs, choice).ok_or(Refusal::NoSharedCodec)?;
    let payload_type = format.payload_type;
    let rtcp_mux = local.rtcp_mux && media.rtcp_mux;
    let theirs = media.direction();
    Ok(Negotiated {
        media_index: index,
        remote_rtp,
        remote_rtcp: if rtcp_mux {
            sendable(media, remote_rtp)
        } else {
            rtcp_address(media, local, forbidden)
        },
        rtcp_mux,
        codec,
        payload_type,
        receive_payload_type: payload_type,
        other_law: None,
        opus: format.opus,
        telephone_event: telephone_event(formats, codec).filter(|_| local.telephone_event),
        comfort_noise: codec.clock_hz() == COMFORT_NOISE_HZ
            && formats
                .iter()
                .any(|format| format.encoding == Encoding::ComfortNoise),
        audio_level: media.audio_level.and_then(LevelMap::sent),
        ptime_ms: ptime_ms(codec, media, local),
        direction: theirs.reversed(),
        remote_held: !theirs.receives(),
    })
}

/// Audio in a packet of ours, ms. Payloads of Opus are packets as they were encoded, since they cannot be cut: a packet time is a wish
/// (RFC 8866 section 6.4), and we say what it is.
fn ptime_ms(codec: Codec, media: &Media, local: &Local) -> u8 {
    match codec {
        Codec::Opus => local.ptime_ms,
        Codec::Pcmu | Codec::Pcma | Codec::G722 => {
            packet_time::agree(media.ptime_ms, media.max_ptime_ms, local.ptime_ms)
        }
    }
}

fn choose(formats: &[Format], allowed: &[Codec], choice: ChoiceOf) -> Option<(Codec, Format)> {
    let audio = || {
        formats.iter().filter_map(|format| match format.encoding {
            Encoding::Audio(codec) if allowed.contains(&codec) => Some((codec, *format)),
            Encoding::Audio(_) | Encoding::ComfortNoise | Encoding::Events { .. } => None,
        })
    };
    match choice {
        ChoiceOf::Offerer => audio().next(),
        ChoiceOf::Us => allowed
            .iter()
            .find_map(|ours| audio().find(|(codec, _)| codec == ours)),
    }
}

/// Events at the codec's own clock, else at any: the key itself does not depend on it.
fn telephone_event(formats: &[Format], codec: Codec) -> Option<TelephoneEvent> {
    let events = || {
        formats.iter().filter_map(|format| match format.encoding {
            Encoding::Events { clock_hz, events } => Some(TelephoneEvent {
                payload_type: format.payload_type,
                clock_hz,
                events,
            }),
            Encoding::Audio(_) | Encoding::ComfortNoise => None,
        })
    };
    events()
        .find(|event| event.clock_hz == codec.clock_hz())
        .or_else(|| events().next())
}

/// a=rtcp (RFC 3605), else the port above RTP's (RFC 3550 section 11).
fn rtcp_address(media: &Media, local: &Local, forbidden: Forbidden<'_>) -> Option<SocketAddr> {
    let rtp = media.rtp_address().ok()?;
    let to = match media.rtcp {
        Some(rtcp) => SocketAddr::new(rtcp.ip.unwrap_or(rtp.ip()), rtcp.port),
        None => SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?),
    };
    sendable(media, to).filter(|&to| address::check(to, local.address, forbidden).is_ok())
}

fn sendable(media: &Media, to: SocketAddr) -> Option<SocketAddr> {
    (!media.is_held_by_address()).then_some(to)
}
