//! Answering an offer (RFC 3264 section 6).

use super::address::Forbidden;
use super::description::{SessionDescription, syntax};
use super::error::Refusal;
use super::media::Media;
use super::negotiate::{self, Local, Negotiated};
use super::write::{self, Audio};

/// Answers an offer: every m-line gets its own, the first audio line that we can carry is accepted, all
/// others get port 0. `previous` is the description we sent last in this dialog, offer or answer.
///
/// # Errors
/// A [`Refusal`] when no line can be accepted; it tells about the first audio line.
pub fn answer(
    offer: &SessionDescription,
    local: &Local,
    previous: Option<&[u8]>,
    forbidden: Forbidden<'_>,
) -> Result<(Vec<u8>, Negotiated), Refusal> {
    let agreed = first_agreed(offer, local, forbidden)?;
    let numbered = offer.media.iter().enumerate();
    let medias = numbered.map(|(index, media)| {
        if index == agreed.media_index {
            accepted(media, local, &agreed)
        } else {
            refused(media)
        }
    });
    let before = previous.and_then(|bytes| syntax(bytes).ok());
    Ok((write::session(local, medias.collect(), before.as_ref()), agreed))
}

fn first_agreed(
    offer: &SessionDescription,
    local: &Local,
    forbidden: Forbidden<'_>,
) -> Result<Negotiated, Refusal> {
    let audio = offer
        .media
        .iter()
        .enumerate()
        .filter(|(_, media)| media.is_audio());
    let mut first_refusal = None;
    for (index, media) in audio {
        match negotiate::agree(media, index, local, local.choice, forbidden) {
            Ok(agreed) => return Ok(agreed),
            Err(refusal) => {
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    Err(first_refusal.unwrap_or(Refusal::NoAudio))
}

fn accepted(offered: &Media, local: &Local, agreed: &Negotiated) -> sdp_types::Media {
    let audio = Audio {
        port: local.rtp_port,
        profile: &offered.profile,
        codecs: &[(agreed.codec, agreed.payload_type)],
        opus: local.opus,
        comfort_noise: agreed.comfort_noise,
        telephone_events: agreed.telephone_event.as_slice(),
        audio_level: agreed.audio_level,
        ptime_ms: agreed.ptime_ms,
        rtcp_mux: agreed.rtcp_mux,
        direction: agreed.direction,
    };
    audio.media()
}

fn refused(offered: &Media) -> sdp_types::Media {
    write::refused(&offered.kind, &offered.profile, &offered.first_format)
}
