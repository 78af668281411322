//! From session descriptions to what the mixer is told, and back.

use std::collections::HashSet;
use std::net::SocketAddr;

use media::{Codec, ComfortNoise, Direction, Format, KeyFormat, LevelFormat, OpusSend, Rate, Session};
use model::LegId;
use sip::sdp::{self, Local, Negotiated, OpusParameters, Refusal, SessionDescription};

use super::ControlConfig;

/// Audio in a packet where the phone has no wish, ms.
const PTIME_MS: u8 = 20;

/// What was agreed for a leg, and the description we sent last.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) session: Session,
    sdp: Vec<u8>,
}

impl Agreed {
    /// The codec's name in SDP and API.
    pub(super) fn codec_name(&self) -> &'static str {
        self.session.format.codec().name()
    }
}

/// The leg that is spoken of.
pub(super) struct Here<'a> {
    config: &'a ControlConfig,
    /// Ports of audio that are open.
    ports: &'a HashSet<u16>,
    leg: LegId,
    rtp: SocketAddr,
}

impl<'a> Here<'a> {
    pub(super) fn new(
        config: &'a ControlConfig,
        ports: &'a HashSet<u16>,
        leg: LegId,
        rtp: SocketAddr,
    ) -> Self {
        Self {
            config,
            ports,
            leg,
            rtp,
        }
    }

    /// Media sent to a port of our own would go round for ever. A phone on this very machine may have any other.
    fn is_ours(&self, to: SocketAddr) -> bool {
        let Self {
            config, ports, rtp, ..
        } = self;
        let here =
            to.ip() == rtp.ip() || config.advertise == Some(to.ip()) || to.ip().to_canonical().is_loopback();
        here && (ports.contains(&to.port()) || config.other_ports.contains(&to.port()))
    }
}

/// Why a description could not be used.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) reason: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status(),
            reason: refusal.to_string(),
        }
    }
}

/// Our answer to the offer of an INVITE, or our own offer where it had none.
pub(super) fn first(
    here: &Here<'_>,
    theirs: Option<&[u8]>,
) -> Result<(Vec<u8>, Option<Box<Agreed>>), Refused> {
    let Some(theirs) = theirs else {
        return Ok((offer(here), None));
    };
    let theirs = sdp::parse(theirs).map_err(Refusal::from)?;
    let (sdp, negotiated) = answer(here, &theirs, None)?;
    let session = session(here.config, &negotiated);
    let agreed = Box::new(Agreed {
        session,
        sdp: sdp.clone(),
    });
    Ok((sdp, Some(agreed)))
}

/// Our first offer.
pub(super) fn offer(here: &Here<'_>) -> Vec<u8> {
    sdp::make_offer(&local(here), sdp::Direction::SendRecv, None)
}

/// The answer to our first offer.
pub(super) fn answered(here: &Here<'_>, offer: &[u8], answer: &[u8]) -> Result<Box<Agreed>, Refused> {
    let local = local(here);
    let negotiated = sdp::accept_answer(offer, answer, &local, &|to| here.is_ours(to))?;
    Ok(Box::new(Agreed {
        session: session(here.config, &negotiated),
        sdp: offer.to_vec(),
    }))
}

/// Our answer to a later offer; `agreed` becomes what is agreed now.
pub(super) fn again(here: &Here<'_>, offer: &[u8], agreed: &mut Agreed) -> Result<Vec<u8>, Refused> {
    let offer = sdp::parse(offer).map_err(Refusal::from)?;
    let (sdp, negotiated) = answer(here, &offer, Some(&agreed.sdp))?;
    *agreed = Agreed {
        session: session(here.config, &negotiated),
        sdp: sdp.clone(),
    };
    Ok(sdp)
}

/// Our offer where a later INVITE had none.
pub(super) fn reoffer(here: &Here<'_>, agreed: &mut Agreed) -> Vec<u8> {
    let local = local(here);
    agreed.sdp = sdp::make_offer(&local, sdp::Direction::SendRecv, Some(&agreed.sdp));
    agreed.sdp.clone()
}

/// The answer to such an offer.
pub(super) fn reanswered(here: &Here<'_>, agreed: &mut Agreed, answer: &[u8]) -> Result<(), Refused> {
    let local = local(here);
    let negotiated = sdp::accept_answer(&agreed.sdp, answer, &local, &|to| here.is_ours(to))?;
    agreed.session = session(here.config, &negotiated);
    Ok(())
}

/// Our answer. Keys that come in the audio are heard in narrow audio only: who has no other way to send them is not answered with a wide
/// codec, unless it is all he has.
fn answer(
    here: &Here<'_>,
    offer: &SessionDescription,
    previous: Option<&[u8]>,
) -> Result<(Vec<u8>, Negotiated), Refusal> {
    let with = |local: &Local| sdp::answer(offer, local, previous, &|to| here.is_ours(to));
    let mut local = local(here);
    let (sdp, negotiated) = with(&local)?;
    if negotiated.telephone_event.is_some() || !here.config.inband_digits {
        return Ok((sdp, negotiated));
    }
    let narrow = |codec: &sdp::Codec| matches!(codec, sdp::Codec::Pcmu | sdp::Codec::Pcma);
    local.codecs.retain(narrow);
    with(&local).or(Ok((sdp, negotiated)))
}

fn local(here: &Here<'_>) -> Local {
    let Here { config, leg, rtp, .. } = here;
    Local {
        address: config.advertise.unwrap_or(rtp.ip()),
        rtp_port: rtp.port(),
        codecs: config.codecs.iter().map(|codec| sdp_codec(*codec)).collect(),
        choice: config.codec_choice,
        telephone_event: true,
        comfort_noise: config.silence_suppression,
        rtcp_mux: false,
        session_id: leg.0,
        ptime_ms: PTIME_MS,
        opus: OpusParameters {
            max_playback_hz: opus_rate(config).hz(),
            max_capture_hz: opus_rate(config).hz(),
            use_inband_fec: true,
            ..OpusParameters::default()
        },
    }
}

/// The rate at which Opus is decoded and mixed here.
fn opus_rate(config: &ControlConfig) -> Rate {
    let rate = |codec: &Codec| match codec {
        Codec::Opus(rate) => Some(*rate),
        Codec::Pcmu | Codec::Pcma | Codec::G722 => None,
    };
    config.codecs.iter().find_map(rate).unwrap_or(Rate::Hz48000)
}

fn sdp_codec(codec: Codec) -> sdp::Codec {
    match codec {
        Codec::Pcmu => sdp::Codec::Pcmu,
        Codec::Pcma => sdp::Codec::Pcma,
        Codec::G722 => sdp::Codec::G722,
        Codec::Opus(_) => sdp::Codec::Opus,
    }
}

fn session(config: &ControlConfig, negotiated: &Negotiated) -> Session {
    let unspecified = SocketAddr::new(negotiated.remote_rtp.ip(), 0);
    Session {
        rtp: negotiated.remote_rtp,
        rtcp: negotiated.remote_rtcp.unwrap_or(unspecified),
        format: format(config, negotiated),
        redundancy: negotiated.opus.use_inband_fec,
        payload_type: negotiated.payload_type,
        receive_payload_type: negotiated.receive_payload_type,
        other_law: negotiated.other_law,
        telephone_event: negotiated.telephone_event.map(|event| KeyFormat {
            payload_type: event.payload_type,
            clock_hz: event.clock_hz,
        }),
        comfort_noise: match (negotiated.comfort_noise, config.silence_suppression) {
            (false, _) => ComfortNoise::No,
            (true, false) => ComfortNoise::Taken,
            (true, true) => ComfortNoise::TakenAndSent,
        },
        audio_level: negotiated.audio_level.map(|level| LevelFormat {
            id: level.id,
            voice_flag: level.voice_flag,
        }),
        inband_digits: config.inband_digits && negotiated.telephone_event.is_none(),
        ptime_ms: negotiated.ptime_ms,
        direction: match negotiated.direction {
            sdp::Direction::SendRecv => Direction::SendRecv,
            sdp::Direction::SendOnly => Direction::SendOnly,
            sdp::Direction::RecvOnly => Direction::RecvOnly,
            sdp::Direction::Inactive => Direction::Inactive,
        },
        remote_held: negotiated.remote_held,
    }
}

/// What we send: the codec agreed on, Opus as the peer wants it and at most at the bit rate allowed here.
fn format(config: &ControlConfig, negotiated: &Negotiated) -> Format {
    match negotiated.codec {
        sdp::Codec::Pcmu => Format::of(Codec::Pcmu),
        sdp::Codec::Pcma => Format::of(Codec::Pcma),
        sdp::Codec::G722 => Format::of(Codec::G722),
        sdp::Codec::Opus => opus_format(opus_rate(config), config.opus_bitrate, negotiated.opus),
    }
}

/// The Opus that a phone with these wishes is sent by a bridge that mixes it at `rate`, and allows `limit` bits a second. It is mixed at less
/// where the phone neither plays nor speaks more: a wish about what it hears says nothing about its voice.
pub fn opus_format(rate: Rate, limit: u32, wishes: sdp::OpusParameters) -> Format {
    let send = OpusSend {
        bitrate: bitrate(wishes.max_average_bitrate, limit),
        playback_hz: playback(wishes.max_playback_hz),
        fec_percent: 0,
        dtx: wishes.use_dtx,
        cbr: wishes.constant_bitrate,
    };
    let widest = wishes.max_playback_hz.max(wishes.max_capture_hz);
    Format::with_opus(Codec::Opus(enough_for(widest).min(rate)), send)
}

/// The rate of ours that loses nothing of audio at this one, Hz.
fn enough_for(hz: u32) -> Rate {
    let enough = |rate: &Rate| rate.hz() >= hz;
    Rate::ALL.into_iter().find(enough).unwrap_or(Rate::Hz48000)
}

/// Rates, Hz, of the five bands that an encoder knows (RFC 6716, table 1).
const PLAYBACK_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The rate of the narrowest band that is enough for such a player: legs whose wishes lie between the same two share payloads.
fn playback(wish: u32) -> u32 {
    let enough = |hz: &u32| *hz >= wish;
    PLAYBACK_HZ.into_iter().find(enough).unwrap_or(48_000)
}

/// Bits a second: steps few enough that legs with other wishes can share payloads.
const BITRATES: [u32; 9] = [
    6_000, 8_000, 12_000, 16_000, 20_000, 24_000, 32_000, 48_000, 64_000,
];

/// The highest step that neither the peer's wish nor our own limit forbids.
fn bitrate(wish: Option<u32>, limit: u32) -> u32 {
    let most = wish.unwrap_or(limit).min(limit);
    let step = BITRATES.into_iter().rev().find(|step| *step <= most);
    step.unwrap_or(BITRATES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_rates_are_the_highest_step_within_both_limits() {
        for (wish, limit, expected) in [
            (None, 32_000, 32_000),
            (Some(20_500), 32_000, 20_000),
            (Some(510_000), 32_000, 32_000),
            (Some(6_000), 64_000, 6_000),
            (Some(7_999), 64_000, 6_000),
            (None, 30_000, 24_000),
        ] {
            assert_eq!(bitrate(wish, limit), expected, "{wish:?} {limit}");
        }
    }

    #[test]
    fn rates_of_playback_are_those_of_the_narrowest_band_that_is_enough() {
        for (wish, expected) in [
            (8_000, 8_000),
            (8_001, 12_000),
            (12_000, 12_000),
            (15_999, 16_000),
            (16_000, 16_000),
            (22_050, 24_000),
            (24_000, 24_000),
            (24_001, 48_000),
            (44_100, 48_000),
            (48_000, 48_000),
        ] {
            assert_eq!(playback(wish), expected, "{wish}");
        }
    }

    #[test]
    fn opus_is_mixed_at_the_lowest_rate_that_is_enough() {
        let rates = [8_000, 12_000, 16_000, 24_000, 48_000].map(enough_for);
        use Rate::{Hz8000, Hz16000, Hz48000};
        assert_eq!(rates, [Hz8000, Hz16000, Hz16000, Hz48000, Hz48000]);
    }
}
