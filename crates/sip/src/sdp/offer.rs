//! Offering, and taking the answer (RFC 3264 sections 5, 7 and 8).

use super::address::Forbidden;
use super::codec::Codec;
use super::description::{SessionDescription, parse, syntax};
use super::direction::Direction;
use super::error::Refusal;
use super::event::TelephoneEvent;
use super::extension::AudioLevel;
use super::format::{Encoding, Format};
use super::media::Media;
use super::negotiate::{self, ChoiceOf, Local, Negotiated};
use super::write::{self, Audio};

/// First choice for telephone-event.
const EVENTS: u8 = 101;
/// First choice for codecs without a static payload type.
const DYNAMIC: u8 = 96;

/// Our offer. `previous` is the description we sent last in this dialog: its lines keep their places and
/// its payload types their meaning (RFC 3264 section 8). `direction` is what we want to do.
pub fn make_offer(local: &Local, direction: Direction, previous: Option<&[u8]>) -> Vec<u8> {
    let before = previous.and_then(|bytes| parse(bytes).ok());
    let kept = before.as_ref().and_then(used_line);
    let profile = kept.map_or("RTP/AVP", |(_, media)| media.profile.as_str());
    let known = kept
        .and_then(|(_, media)| media.formats.as_deref().ok())
        .unwrap_or_default();
    let (codecs, telephone_events) = number(local, known);
    let audio = Audio {
        port: local.rtp_port,
        profile,
        codecs: &codecs,
        opus: local.opus,
        comfort_noise: local.offers_comfort_noise(),
        telephone_events: &telephone_events,
        audio_level: Some(AudioLevel::ours(kept.and_then(|(_, media)| level_id(media)))),
        ptime_ms: local.ptime_ms,
        rtcp_mux: local.rtcp_mux,
        direction,
    };
    let medias = match (&before, kept) {
        (Some(before), Some((index, _))) => replace(before, index, audio.media()),
        (Some(_) | None, _) => vec![audio.media()],
    };
    let before = previous.and_then(|bytes| syntax(bytes).ok());
    write::session(local, medias, before.as_ref())
}

/// The audio line of a description of ours that is switched on.
fn used_line(ours: &SessionDescription) -> Option<(usize, &Media)> {
    ours.media
        .iter()
        .enumerate()
        .find(|(_, media)| media.is_audio() && media.port != 0)
}

/// The identifier that levels have in a line.
fn level_id(media: &Media) -> Option<u8> {
    media.audio_level.map(|map| map.level.id)
}

fn replace(before: &SessionDescription, index: usize, audio: sdp_types::Media) -> Vec<sdp_types::Media> {
    let refused = |media: &Media| write::refused(&media.kind, &media.profile, &media.first_format);
    let lines = before.media.iter().enumerate();
    lines
        .map(|(i, media)| if i == index { audio.clone() } else { refused(media) })
        .collect()
}

/// Payload types for all we offer: static ones, those in use, then free ones. Keys get one for each clock
/// of the codecs, because a peer that takes one codec may know keys at that codec's clock only.
fn number(local: &Local, known: &[Format]) -> (Vec<(Codec, u8)>, Vec<TelephoneEvent>) {
    let mut taken: Vec<u8> = known.iter().map(|format| format.payload_type).collect();
    let mut codecs = Vec::new();
    for &codec in &local.codecs {
        let in_use = find(known, |encoding| encoding == Encoding::Audio(codec));
        let number = codec
            .static_payload_type()
            .or(in_use)
            .or_else(|| free(&taken, DYNAMIC));
        taken.extend(number);
        codecs.extend(number.map(|pt| (codec, pt)));
    }
    let mut events = Vec::new();
    for clock_hz in local.event_clocks() {
        let number = find(known, |encoding| encoding.is_events_at(clock_hz)).or_else(|| free(&taken, EVENTS));
        taken.extend(number);
        events.extend(number.map(|pt| TelephoneEvent::keys(pt, clock_hz)));
    }
    (codecs, events)
}

fn find(known: &[Format], wanted: impl Fn(Encoding) -> bool) -> Option<u8> {
    known
        .iter()
        .find(|format| wanted(format.encoding))
        .map(|format| format.payload_type)
}

fn free(taken: &[u8], first: u8) -> Option<u8> {
    (first..=127)
        .chain(DYNAMIC..first)
        .find(|payload_type| !taken.contains(payload_type))
}

/// Takes the answer to our offer.
///
/// # Errors
/// A [`Refusal`] when the answer cannot be read, does not fit the offer, or accepts nothing we can carry.
pub fn accept_answer(
    offer: &[u8],
    answer: &[u8],
    local: &Local,
    forbidden: Forbidden<'_>,
) -> Result<Negotiated, Refusal> {
    let ours = parse(offer)?;
    let theirs = parse(answer)?;
    let (index, offered) = used_line(&ours).ok_or(Refusal::Mismatch)?;
    if theirs.media.len() != ours.media.len() {
        return Err(Refusal::Mismatch);
    }
    let line = theirs
        .media
        .get(index)
        .filter(|media| fits(media, offered))
        .ok_or(Refusal::Mismatch)?;
    let local = as_offered_by(local, offered)?;
    let agreed = negotiate::agree(line, index, &local, ChoiceOf::Offerer, forbidden)?;
    as_offered(agreed, line, offered)
}

/// An answer may not change the medium or the transport.
fn fits(answered: &Media, offered: &Media) -> bool {
    answered.is_audio() && (answered.port == 0 || answered.profile.eq_ignore_ascii_case(&offered.profile))
}

/// An answer may take what was offered, and no more.
fn as_offered_by(local: &Local, offered: &Media) -> Result<Local, Refusal> {
    let formats = offered.usable_formats()?;
    let has = |codec: &Codec| find(formats, |e| e == Encoding::Audio(*codec)).is_some();
    Ok(Local {
        codecs: local.codecs.iter().copied().filter(has).collect(),
        rtcp_mux: local.rtcp_mux && offered.rtcp_mux,
        ..local.clone()
    })
}

/// The peer sends with the numbers of our offer.
fn as_offered(mut agreed: Negotiated, answered: &Media, offered: &Media) -> Result<Negotiated, Refusal> {
    let formats = offered.usable_formats()?;
    let taken = answered.usable_formats()?;
    let codec = Encoding::Audio(agreed.codec);
    agreed.receive_payload_type = find(formats, |e| e == codec).ok_or(Refusal::NoSharedCodec)?;
    let other = agreed.codec.other_law().map(Encoding::Audio);
    agreed.other_law = other
        .filter(|law| find(taken, |e| e == *law).is_some())
        .and_then(|law| find(formats, |e| e == law));
    agreed.telephone_event = agreed.telephone_event.and_then(|event| {
        let same = find(formats, |e| e.is_events_at(event.clock_hz));
        let payload_type = same.or_else(|| find(formats, |e| matches!(e, Encoding::Events { .. })))?;
        Some(TelephoneEvent {
            payload_type,
            ..event
        })
    });
    agreed.comfort_noise &= find(formats, |e| e == Encoding::ComfortNoise).is_some();
    agreed.audio_level = agreed
        .audio_level
        .filter(|level| level_id(offered) == Some(level.id));
    agreed.direction = agreed.direction.and(offered.direction());
    Ok(agreed)
}
