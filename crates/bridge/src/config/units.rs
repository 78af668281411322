//! Values with units, as written in the file.

use std::fmt;
use std::time::Duration;

use media::Dbov;
use serde::de::{self, Deserializer, Visitor};

/// Reads `"20ms"`, `"30s"`, `"5min"`, `"1h"`; bare numbers are refused, since nobody knows what they count.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct WithUnit;
    impl Visitor<'_> for WithUnit {
        type Value = Duration;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration with its unit, such as \"20ms\", \"30s\" or \"5min\"")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            humantime::parse_duration(text).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_str(WithUnit)
}

/// Reads a level that speech is brought to: a number of dBov, -40 to -15, or `"off"`.
pub(super) fn speech_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Dbov>, D::Error> {
    struct LevelOrOff;
    impl Visitor<'_> for LevelOrOff {
        type Value = Option<Dbov>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a level of -40 to -15 dBov, or \"off\"")
        }
        fn visit_i64<E: de::Error>(self, db: i64) -> Result<Self::Value, E> {
            match i8::try_from(db) {
                Ok(level @ -40..=-15) => Ok(Some(Dbov::new(level))),
                Ok(_) | Err(_) => Err(E::invalid_value(de::Unexpected::Signed(db), &self)),
            }
        }
        fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
            match word {
                "off" => Ok(None),
                _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
            }
        }
    }
    deserializer.deserialize_any(LevelOrOff)
}

/// A range of UDP ports, both ends included, written `"20000-29999"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// Lowest, even: RTP takes even ports and RTCP the odd one above (RFC 3550, section 11).
    pub first: u16,
    /// Highest, odd.
    pub last: u16,
}

impl PortRange {
    /// How many legs it holds: two ports each.
    pub fn legs(self) -> usize {
        usize::from(self.last - self.first).div_ceil(2)
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 1024 && first < last && first % 2 == 0 && last % 2 == 1).then_some(Self { first, last })
    }
}

impl<'de> serde::Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "expected two ports of 1024 or more, the first even, the last odd, such as \"20000-29999\"",
            )
        })
    }
}
