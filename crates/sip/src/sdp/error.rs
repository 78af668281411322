//! What is wrong with a description, and what to answer then.

use std::fmt;

use super::address::AddressFault;
use super::description::{MAX_BYTES, MAX_MEDIA};

/// Bytes that are no session description, or one beyond our bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdpError {
    /// Longer than [`MAX_BYTES`].
    TooLong {
        /// Its length, bytes.
        bytes: usize,
    },
    /// More than [`MAX_MEDIA`] m-lines.
    TooManyMedia {
        /// How many.
        lines: usize,
    },
    /// A line that must be there is not.
    Missing {
        /// The line.
        field: &'static str,
    },
    /// A line that cannot be read.
    Line {
        /// Its number, from 1.
        line: usize,
        /// Where in it.
        field: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// An m-line whose words are no tokens.
    MediaLine {
        /// The m-line's place, from 0.
        index: usize,
        /// Where in it.
        field: &'static str,
    },
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "SDP of {bytes} bytes, at most {MAX_BYTES}"),
            Self::TooManyMedia { lines } => write!(f, "SDP with {lines} m-lines, at most {MAX_MEDIA}"),
            Self::Missing { field } => write!(f, "SDP without {field}"),
            Self::Line {
                line,
                field,
                expected,
            } => {
                write!(f, "SDP line {line}, {field}: expected {expected}")
            }
            Self::MediaLine { index, field } => write!(f, "SDP m-line {index}, {field}: expected a token"),
        }
    }
}

impl std::error::Error for SdpError {}

impl From<sdp_types::ParserError> for SdpError {
    fn from(error: sdp_types::ParserError) -> Self {
        use sdp_types::ParserError as E;
        let at = |line, field, expected| Self::Line {
            line,
            field,
            expected,
        };
        #[allow(deprecated, reason = "the enum still has its retired variants")]
        match error {
            E::UnexpectedLine(line, _) => at(line, "type", "a known line type"),
            E::InvalidLineFormat(line, _) => at(line, "line", "one letter, =, and text"),
            E::InvalidFieldEncoding(line, field) => at(line, field, "UTF-8"),
            E::InvalidFieldFormat(line, field) => at(line, field, "a number in range"),
            E::MissingField(line, field) => at(line, field, "a value"),
            E::FieldTrailingData(line, field) => at(line, field, "nothing more"),
            E::InvalidVersion(line, _) => at(line, "v=", "0"),
            E::MultipleVersions(line) => at(line, "v=", "one such line"),
            E::MultipleOrigins(line) => at(line, "o=", "one such line"),
            E::MultipleSessionNames(line) => at(line, "s=", "one such line"),
            E::MultipleSessionDescription(line) => at(line, "i=", "one such line"),
            E::MultipleUris(line) => at(line, "u=", "one such line"),
            E::MultipleConnections(line) => at(line, "c=", "one such line"),
            E::MultipleTimeZones(line) => at(line, "z=", "one such line"),
            E::MultipleMediaTitles(line) => at(line, "i=", "one such line"),
            E::MultipleKeys(line) => at(line, "k=", "one such line"),
            E::RepeatWithoutTime(line) => at(line, "r=", "a t= line before it"),
            E::NoVersion => Self::Missing { field: "v=" },
            E::NoOrigin => Self::Missing { field: "o=" },
            E::NoSessionName => Self::Missing { field: "s=" },
        }
    }
}

/// Why a description cannot become a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read.
    Malformed(SdpError),
    /// No m-line is audio.
    NoAudio,
    /// Every audio line is switched off by port 0.
    Disabled,
    /// The audio line wants a transport we have not, such as RTP/SAVP.
    Transport,
    /// The audio line names a payload type that is no number up to 127.
    PayloadType,
    /// The audio line spreads over several ports.
    ManyPorts,
    /// No codec is shared.
    NoSharedCodec,
    /// Media must not or cannot go to the address named.
    Address(AddressFault),
    /// An answer with another number of m-lines than its offer, or audio in the wrong one.
    Mismatch,
}

impl Refusal {
    /// The SIP status to refuse with: 400 for what cannot be read, else 488 Not Acceptable Here.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(SdpError::TooManyMedia { .. }) => 488,
            Self::Malformed(_) => 400,
            Self::NoAudio
            | Self::Disabled
            | Self::Transport
            | Self::PayloadType
            | Self::ManyPorts
            | Self::NoSharedCodec
            | Self::Address(_)
            | Self::Mismatch => 488,
        }
    }

    /// The code for a Warning header (RFC 3261 section 20.43).
    pub fn warning(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Disabled | Self::Mismatch | Self::ManyPorts => 399,
            Self::NoAudio => 304,
            Self::Transport => 302,
            Self::PayloadType | Self::NoSharedCodec => 305,
            Self::Address(fault) => fault.warning(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::NoAudio => f.write_str("no audio"),
            Self::Disabled => f.write_str("audio is switched off"),
            Self::Transport => f.write_str("only RTP/AVP and RTP/AVPF are taken"),
            Self::PayloadType => f.write_str("payload types are numbers up to 127"),
            Self::ManyPorts => f.write_str("only one port a stream is taken"),
            Self::NoSharedCodec => f.write_str("no shared codec"),
            Self::Address(fault) => fault.fmt(f),
            Self::Mismatch => f.write_str("the answer does not fit its offer"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<SdpError> for Refusal {
    fn from(error: SdpError) -> Self {
        Self::Malformed(error)
    }
}

impl From<AddressFault> for Refusal {
    fn from(fault: AddressFault) -> Self {
        Self::Address(fault)
    }
}
