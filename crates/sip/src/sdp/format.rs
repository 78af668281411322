//! Payload types and what they mean in one m-line.

use sdp_types::Attribute;

use super::codec::Codec;
use super::event;
use super::opus::OpusParameters;

/// Highest payload type: seven bits (RFC 3550 section 5.1).
const HIGHEST: u8 = 127;
/// First payload type whose meaning only an rtpmap gives (RFC 3551 section 3).
const FIRST_DYNAMIC: u8 = 96;

/// Comfort noise (RFC 3389): it has the one payload type of RFC 3551, table 4.
pub(super) const COMFORT_NOISE: u8 = 13;
/// Its clock, Hz: it goes with codecs of the same.
pub(super) const COMFORT_NOISE_HZ: u32 = 8_000;

/// What a payload type carries, as far as we know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Audio.
    Audio(Codec),
    /// Comfort noise in place of silence.
    ComfortNoise,
    /// Keys as packets; the events we take too, one bit each.
    Events { clock_hz: u32, events: u32 },
}

impl Encoding {
    /// Whether this is keys at this clock, Hz.
    pub(super) fn is_events_at(self, hz: u32) -> bool {
        matches!(self, Self::Events { clock_hz, .. } if clock_hz == hz)
    }
}

/// A payload type we know the meaning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) payload_type: u8,
    pub(super) encoding: Encoding,
    /// What the peer wants of Opus; of no meaning for anything else.
    pub(super) opus: OpusParameters,
}

/// A format of an RTP line that is no payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPayloadType;

/// The formats of an RTP m-line in the peer's order, each payload type once, unknown encodings left out.
pub(super) fn read(formats: &str, attributes: &[Attribute]) -> Result<Vec<Format>, BadPayloadType> {
    let maps = Maps::of(attributes);
    let mut seen = 0_u128;
    let mut known = Vec::new();
    for word in formats.split_ascii_whitespace() {
        let payload_type = read_payload_type(word).ok_or(BadPayloadType)?;
        let bit = 1_u128.checked_shl(u32::from(payload_type)).unwrap_or(0);
        let first = seen & bit == 0;
        seen |= bit;
        known.extend(maps.format(payload_type).filter(|_| first));
    }
    Ok(known)
}

fn read_payload_type(word: &str) -> Option<u8> {
    let digits = word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|&pt| digits && pt <= HIGHEST)
}

/// What one payload type's rtpmap lines say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Map {
    /// There is none.
    #[default]
    Absent,
    /// Audio we know.
    Audio(Codec),
    /// Comfort noise at its own clock.
    ComfortNoise,
    /// telephone-event at this clock, Hz.
    Events(u32),
    /// An encoding we have not, or several that contradict.
    Unusable,
}

impl Map {
    fn read(text: &str) -> Self {
        let mut parts = text.trim().split('/');
        let name = parts.next().unwrap_or_default();
        let clock = parts.next().and_then(|hz| hz.trim().parse().ok());
        let channels = parts.next().map_or(Some(1), |count| count.trim().parse().ok());
        let (Some(clock_hz), Some(channels), None) = (clock, channels, parts.next()) else {
            return Self::Unusable;
        };
        if name.eq_ignore_ascii_case("telephone-event") {
            return if matches!(clock_hz, 8_000 | 48_000) {
                Self::Events(clock_hz)
            } else {
                Self::Unusable
            };
        }
        if name.eq_ignore_ascii_case("CN") && (clock_hz, channels) == (COMFORT_NOISE_HZ, 1) {
            return Self::ComfortNoise;
        }
        Codec::of_rtpmap(name, clock_hz, channels).map_or(Self::Unusable, Self::Audio)
    }

    fn with(self, other: Self) -> Self {
        if self == Self::Absent || self == other {
            other
        } else {
            Self::Unusable
        }
    }
}

/// rtpmap and fmtp lines by payload type, gathered in one pass so that many lines stay cheap.
struct Maps<'a> {
    rtpmap: Vec<Map>,
    fmtp: Vec<Option<&'a str>>,
    opus: Vec<OpusParameters>,
}

impl<'a> Maps<'a> {
    fn of(attributes: &'a [Attribute]) -> Self {
        let size = usize::from(HIGHEST).saturating_add(1);
        let mut maps = Self {
            rtpmap: vec![Map::Absent; size],
            fmtp: vec![None; size],
            opus: vec![OpusParameters::default(); size],
        };
        for attribute in attributes {
            maps.take(attribute);
        }
        maps
    }

    fn take(&mut self, attribute: &'a Attribute) {
        let Some((payload_type, text)) = attribute.value.as_deref().and_then(split) else {
            return;
        };
        match attribute.attribute.as_str() {
            "rtpmap" => {
                if let Some(map) = self.rtpmap.get_mut(usize::from(payload_type)) {
                    *map = map.with(Map::read(text));
                }
            }
            "fmtp" => {
                if let Some(fmtp) = self.fmtp.get_mut(usize::from(payload_type)) {
                    fmtp.get_or_insert(text);
                }
                if let Some(opus) = self.opus.get_mut(usize::from(payload_type)) {
                    opus.read(text);
                }
            }
            _ => {}
        }
    }

    fn format(&self, payload_type: u8) -> Option<Format> {
        let map = self.rtpmap.get(usize::from(payload_type)).copied()?;
        let encoding = match (Codec::of_static(payload_type), map) {
            (None, Map::Absent | Map::ComfortNoise) if payload_type == COMFORT_NOISE => {
                Encoding::ComfortNoise
            }
            (Some(codec), Map::Absent) => Encoding::Audio(codec),
            (Some(codec), Map::Audio(said)) => (said == codec).then_some(Encoding::Audio(codec))?,
            (None, Map::Audio(codec)) => (payload_type >= FIRST_DYNAMIC).then_some(Encoding::Audio(codec))?,
            (None, Map::Events(clock_hz)) if payload_type >= FIRST_DYNAMIC => {
                self.events(payload_type, clock_hz)?
            }
            (Some(_), Map::Events(_))
            | (None, Map::Events(_) | Map::Absent)
            | (_, Map::ComfortNoise | Map::Unusable) => {
                return None;
            }
        };
        Some(Format {
            payload_type,
            encoding,
            opus: self
                .opus
                .get(usize::from(payload_type))
                .copied()
                .unwrap_or_default(),
        })
    }

    fn fmtp_of(&self, payload_type: u8) -> Option<&'a str> {
        self.fmtp.get(usize::from(payload_type)).copied().flatten()
    }

    fn events(&self, payload_type: u8, clock_hz: u32) -> Option<Encoding> {
        let events = event::shared_events(self.fmtp_of(payload_type));
        (events != 0).then_some(Encoding::Events { clock_hz, events })
    }
}

/// `payload-type SP rest`.
fn split(value: &str) -> Option<(u8, &str)> {
    let (payload_type, text) = value.trim_start().split_once(' ')?;
    Some((read_payload_type(payload_type)?, text))
}
