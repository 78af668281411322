//! From session descriptions to what the mixer is told, and back.

use std::collections::HashSet;
use std::net::SocketAddr;

use media::{Codec, Direction, Session};
use model::LegId;
use sip::sdp::{self, Local, Negotiated, Refusal};

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
        match self.session.codec {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
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
    offer: Option<&[u8]>,
) -> Result<(Vec<u8>, Option<Box<Agreed>>), Refused> {
    let local = local(here);
    let Some(offer) = offer else {
        return Ok((sdp::make_offer(&local, sdp::Direction::SendRecv, None), None));
    };
    let offer = sdp::parse(offer).map_err(Refusal::from)?;
    let (sdp, negotiated) = sdp::answer(&offer, &local, None, &|to| here.is_ours(to))?;
    let session = session(here.config, &negotiated);
    let agreed = Box::new(Agreed {
        session,
        sdp: sdp.clone(),
    });
    Ok((sdp, Some(agreed)))
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
    let local = local(here);
    let (sdp, negotiated) = sdp::answer(&offer, &local, Some(&agreed.sdp), &|to| here.is_ours(to))?;
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

fn local(here: &Here<'_>) -> Local {
    let Here { config, leg, rtp, .. } = here;
    Local {
        address: config.advertise.unwrap_or(rtp.ip()),
        rtp_port: rtp.port(),
        codecs: config.codecs.iter().map(|codec| sdp_codec(*codec)).collect(),
        choice: sdp::ChoiceOf::Offerer,
        telephone_event: true,
        rtcp_mux: false,
        session_id: leg.0,
        ptime_ms: PTIME_MS,
    }
}

fn sdp_codec(codec: Codec) -> sdp::Codec {
    match codec {
        Codec::Pcmu => sdp::Codec::Pcmu,
        Codec::Pcma => sdp::Codec::Pcma,
    }
}

fn session(config: &ControlConfig, negotiated: &Negotiated) -> Session {
    let codec = match negotiated.codec {
        sdp::Codec::Pcma => Codec::Pcma,
        // G.722 and Opus are never in our list of codecs, so neither is ever agreed on.
        sdp::Codec::Pcmu | sdp::Codec::G722 | sdp::Codec::Opus => Codec::Pcmu,
    };
    let unspecified = SocketAddr::new(negotiated.remote_rtp.ip(), 0);
    Session {
        rtp: negotiated.remote_rtp,
        rtcp: negotiated.remote_rtcp.unwrap_or(unspecified),
        codec,
        payload_type: negotiated.payload_type,
        telephone_event: negotiated.telephone_event.map(|event| event.payload_type),
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
