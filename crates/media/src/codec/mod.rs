//! Codecs: payload bytes to samples and back. Making a payload is apart from making a packet, so that one payload
//! can be sent to many legs.

mod decoder;
mod encoder;
mod format;
pub mod g711;
pub mod g722;
pub mod opus_packet;
mod silence;

pub use decoder::Decoder;
pub(crate) use decoder::decode_memoryless;
pub use encoder::{Effort, Encoder, Memory};
pub use format::{Format, OpusSend};
pub(crate) use silence::Silence;

use crate::frame::Rate;

/// A codec of a leg, with the rate that we decode and encode it at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law (RFC 3551, static payload type 0).
    Pcmu,
    /// G.711 A-law (RFC 3551, static payload type 8).
    Pcma,
    /// G.722 at 64 kbit/s (RFC 3551, static payload type 9).
    G722,
    /// Opus (RFC 6716, RFC 7587). Whatever the peer sends is decoded at this rate.
    Opus(Rate),
}

impl Codec {
    /// Most bytes that a 20 ms payload of ours has: Opus at 160 kbit/s with room for its peaks.
    pub const MAX_PAYLOAD: usize = 640;

    /// Its name in SDP (RFC 3551, section 6; RFC 7587, section 7).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus(_) => "opus",
        }
    }

    /// Rate of the decoded audio.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Hz8000,
            Self::G722 => Rate::Hz16000,
            Self::Opus(rate) => rate,
        }
    }

    /// Steps of the RTP timestamp a second. G.722 counts 8,000 by an old mistake (RFC 3551, section 4.5.2), Opus 48,000 at any rate
    /// (RFC 7587, section 4.1).
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus(_) => 48_000,
        }
    }

    /// Most bytes of a payload that is taken from a peer: what a datagram holds, 182 ms of a codec of constant rate. RFC 3551, section 4.2, asks
    /// for 200 ms, which Ethernet does not carry in one piece.
    pub const LONGEST_PAYLOAD: usize = 1_460;

    /// Most bytes that wait in one place: longer payloads of a constant rate can be cut anywhere, and are, here after 80 ms.
    pub const fn longest_piece(self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 640,
            Self::Opus(_) => Self::LONGEST_PAYLOAD,
        }
    }

    /// Samples that `payload` decodes to, at [`Codec::rate`]; 0 where it cannot be decoded.
    pub fn duration(self, payload: &[u8]) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => payload.len(),
            Self::G722 => 2 * payload.len(),
            Self::Opus(rate) => opus_packet::samples(payload, rate),
        }
    }

    /// Whether `payload` also carries the audio before it, for the case that it was lost.
    pub fn has_redundancy(self, payload: &[u8]) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => false,
            Self::Opus(_) => opus_packet::has_redundancy(payload),
        }
    }

    /// Whether after `payload` the peer means to send nothing until somebody speaks (RFC 6716, section 2.1.9).
    pub fn is_last_before_pause(self, payload: &[u8]) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => false,
            Self::Opus(_) => payload.len() <= 2,
        }
    }

    /// Whether decoder and encoder remember what came before.
    pub const fn has_memory(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma => false,
            Self::G722 | Self::Opus(_) => true,
        }
    }
}
