//! The codecs a description of ours can name (RFC 3551 section 6, RFC 7587).

/// An audio codec on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s; its RTP clock is 8,000 Hz by an old mistake (RFC 3551 section 4.5.2).
    G722,
    /// Opus (RFC 7587).
    Opus,
}

impl Codec {
    /// Every codec known here.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// The encoding name; names compare without regard to case (RFC 4855 section 3).
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The RTP clock, Hz.
    pub fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Channels in the rtpmap; Opus always says two, whatever it carries (RFC 7587 section 7).
    pub fn channels(self) -> u8 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 1,
            Self::Opus => 2,
        }
    }

    /// The payload type that needs no rtpmap (RFC 3551 table 4).
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The other law of G.711, where it is one.
    pub(super) fn other_law(self) -> Option<Self> {
        match self {
            Self::Pcmu => Some(Self::Pcma),
            Self::Pcma => Some(Self::Pcmu),
            Self::G722 | Self::Opus => None,
        }
    }

    pub(super) fn of_static(payload_type: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.static_payload_type() == Some(payload_type))
    }

    pub(super) fn of_rtpmap(name: &str, clock_hz: u32, channels: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            codec.encoding_name().eq_ignore_ascii_case(name)
                && codec.clock_hz() == clock_hz
                && codec.channels() == channels
        })
    }

    /// `name/clock` or `name/clock/channels`, as rtpmap wants it.
    pub(super) fn rtpmap(self) -> String {
        match self.channels() {
            1 => format!("{}/{}", self.encoding_name(), self.clock_hz()),
            channels => format!("{}/{}/{channels}", self.encoding_name(), self.clock_hz()),
        }
    }
}
