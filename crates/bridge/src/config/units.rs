//! Values with units, as written in the file.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use media::Dbov;
use serde::Deserialize;
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

/// Reads a number of things; what is none is told so without the name of a type.
pub(super) fn count<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    struct Count<T>(PhantomData<T>);
    impl<T: TryFrom<u64>> Visitor<'_> for Count<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match size_of::<T>() {
                1 => f.write_str("a whole number from 0 to 255"),
                4 => f.write_str("a whole number from 0 to 4294967295"),
                _ => f.write_str("a whole number, 0 or more"),
            }
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
            let whole = u64::try_from(number).ok();
            let count = whole.and_then(|whole| T::try_from(whole).ok());
            count.ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
            let count = T::try_from(number).ok();
            count.ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
        }
    }
    deserializer.deserialize_u64(Count(PhantomData))
}

/// Reads a list of such numbers.
pub(super) fn counts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Count(#[serde(deserialize_with = "count")] usize);
    let counts = Vec::<Count>::deserialize(deserializer)?;
    Ok(counts.into_iter().map(|Count(count)| count).collect())
}

/// Reads what stands in a text; its parser says what is wrong with it, this what was `expected`.
fn parsed<'de, D: Deserializer<'de>, T: FromStr>(
    deserializer: D,
    expected: &'static str,
) -> Result<T, D::Error> {
    struct Parsed<T>(&'static str, PhantomData<T>);
    impl<T: FromStr> Visitor<'_> for Parsed<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_str(Parsed(expected, PhantomData))
}

/// Reads an address with its port.
pub(super) fn socket<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parsed(
        deserializer,
        "an IP address with a port, such as \"0.0.0.0:5060\" or \"[::]:5060\"",
    )
}

/// Reads an address where there may be none.
pub(super) fn some_ip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    parsed(
        deserializer,
        "an IP address without a port, such as \"192.0.2.7\" or \"2001:db8::7\"",
    )
    .map(Some)
}

/// Reads a list of networks.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Network(#[serde(deserialize_with = "network")] IpNet);
    let networks = Vec::<Network>::deserialize(deserializer)?;
    Ok(networks.into_iter().map(|Network(network)| network).collect())
}

fn network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
    parsed(
        deserializer,
        "a network with the length of its prefix, such as \"192.0.2.0/24\", \"192.0.2.7/32\" or \"2001:db8::/32\"",
    )
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

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "expected two ports of 1024 or more, the first even, the last odd, such as \"20000-29999\"",
            )
        })
    }
}
