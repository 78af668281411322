//! A description as read: the lines that matter, each with its meaning.

use sdp_types::Session;

use super::error::SdpError;
use super::media::Media;

/// Longest description read, bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most m-lines in a description.
pub const MAX_MEDIA: usize = 16;

/// A peer's session description, read and not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    pub(super) media: Vec<Media>,
}

impl SessionDescription {
    /// How many m-lines it has; an answer to it has as many (RFC 3264 section 6).
    pub fn media_lines(&self) -> usize {
        self.media.len()
    }
}

/// Reads a description. Lines that do not matter here (s= t= b= k= and others) may be missing or odd; LF
/// alone ends a line too (RFC 8866 section 5). Never looks up a name.
pub fn parse(bytes: &[u8]) -> Result<SessionDescription, SdpError> {
    if bytes.len() > MAX_BYTES {
        return Err(SdpError::TooLong { bytes: bytes.len() });
    }
    let session = syntax(bytes)?;
    if session.medias.len() > MAX_MEDIA {
        return Err(SdpError::TooManyMedia {
            lines: session.medias.len(),
        });
    }
    let numbered = session.medias.iter().enumerate();
    let media = numbered
        .map(|(index, media)| Media::read(index, media, &session))
        .collect::<Result<_, _>>()?;
    Ok(SessionDescription { media })
}

/// The syntax tree of what matters. Bytes that are not UTF-8 only spoil the text they stand in.
pub(super) fn syntax(bytes: &[u8]) -> Result<Session, SdpError> {
    let text = String::from_utf8_lossy(bytes);
    let kept: Vec<&str> = text.split('\n').map(keep).collect();
    Ok(Session::parse(kept.join("\n").as_bytes())?)
}

/// The line itself, or an empty one in place of a well-formed line whose content nobody reads.
fn keep(line: &str) -> &str {
    let content = line.strip_suffix('\r').unwrap_or(line);
    let ignored = ["s=", "i=", "u=", "e=", "p=", "b=", "t=", "r=", "z=", "k="];
    let harmless = !content.contains(['\r', '\0']);
    if harmless && ignored.iter().any(|kind| content.starts_with(kind)) {
        return "";
    }
    line
}
