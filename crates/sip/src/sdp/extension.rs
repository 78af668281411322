//! Header extensions of RTP (RFC 8285). Of all there are we know one: the level of the audio in each packet (RFC 6464).

use sdp_types::Attribute;

use super::direction::Direction;

/// The name of levels from client to mixer (RFC 6464, section 5).
const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// What we offer them as.
const OURS: u8 = 1;
/// Means nothing in the form with one byte, so that it can't be read in both (RFC 8285, section 4.2).
const RESERVED: u8 = 15;

/// Levels in packets (RFC 6464), agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// The identifier they arrive with, 1 to 255 without 15.
    pub id: u8,
    /// Whether the flag for voice means anything (`vad`).
    pub voice_flag: bool,
}

impl AudioLevel {
    /// What we offer.
    pub(super) const fn ours(id: Option<u8>) -> Self {
        Self {
            id: match id {
                Some(id) => id,
                None => OURS,
            },
            voice_flag: true,
        }
    }

    /// The value of its `extmap`: levels are only read here, we send none.
    pub(super) fn extmap(self) -> String {
        let flag = if self.voice_flag { "" } else { " vad=off" };
        format!("{}/{} {AUDIO_LEVEL}{flag}", self.id, Direction::RecvOnly.name())
    }
}

/// Levels as an `extmap` line declares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LevelMap {
    pub(super) level: AudioLevel,
    /// Seen from whoever says it.
    direction: Direction,
}

impl LevelMap {
    /// The levels, where their speaker sends them.
    pub(super) fn sent(self) -> Option<AudioLevel> {
        self.direction.sends().then_some(self.level)
    }
}

/// How levels are declared for a line: by it, else by the session. The first declaration that can be read counts; an identifier that
/// something else has too is nobody's.
pub(super) fn audio_level(media: &[Attribute], session: &[Attribute]) -> Option<LevelMap> {
    let maps = || media.iter().chain(session).filter_map(Extmap::read);
    let mut others = [false; 256];
    for map in maps().filter(|map| map.name != AUDIO_LEVEL) {
        if let Some(taken) = others.get_mut(usize::from(map.id)) {
            *taken = true;
        }
    }
    let free = |map: &Extmap<'_>| others.get(usize::from(map.id)) == Some(&false);
    let ours = maps().find(|map| map.name == AUDIO_LEVEL && free(map))?;
    Some(LevelMap {
        level: AudioLevel {
            id: ours.id,
            voice_flag: !ours
                .attributes
                .split_ascii_whitespace()
                .any(|word| word == "vad=off"),
        },
        direction: ours.direction,
    })
}

/// One line: `id[/direction] name [attributes]` (RFC 8285, section 8).
struct Extmap<'a> {
    id: u8,
    direction: Direction,
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Extmap<'a> {
    /// None for other lines, and for those with a direction or an identifier that none is.
    fn read(attribute: &'a Attribute) -> Option<Self> {
        let value = attribute.value.as_deref()?.trim();
        if attribute.attribute != "extmap" {
            return None;
        }
        let (place, rest) = value.split_once(' ')?;
        let rest = rest.trim_start();
        let (name, attributes) = rest.split_once(' ').unwrap_or((rest, ""));
        let (id, direction) = match place.split_once('/') {
            Some((id, direction)) => (id, Direction::named(direction)?),
            None => (place, Direction::SendRecv),
        };
        Some(Self {
            id: read_id(id)?,
            direction,
            name,
            attributes,
        })
    }
}

fn read_id(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = text.parse().ok().filter(|_| digits)?;
    (id != 0 && id != RESERVED).then_some(id)
}
