//! Codecs: payload bytes to samples and back. Making a payload is apart from making a packet, so that one payload
//! can be sent to many legs.

pub mod g711;

use crate::frame::{Frame, Rate};

/// An audio format a leg can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law (RFC 3551, static payload type 0).
    Pcmu,
    /// G.711 A-law (RFC 3551, static payload type 8).
    Pcma,
}

impl Codec {
    /// Most bytes one 20 ms payload of any codec can have.
    pub const MAX_PAYLOAD: usize = 160;

    /// Rate of the decoded audio.
    pub const fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Hz8000,
        }
    }

    /// Steps of the RTP timestamp a second.
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// Samples that `payload` decodes to.
    pub fn duration(self, payload: &[u8]) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => payload.len(),
        }
    }

    /// Decodes `payload` into the front of `out`; returns the samples written, never more than `out` holds.
    pub fn decode(self, payload: &[u8], out: &mut [i16]) -> usize {
        match self {
            Self::Pcmu => g711::decode(&g711::ULAW, payload, out),
            Self::Pcma => g711::decode(&g711::ALAW, payload, out),
        }
    }
}

/// Makes payloads of one codec. One encoder serves any number of legs that hear the same.
#[derive(Debug, Clone)]
pub struct Encoder {
    codec: Codec,
}

impl Encoder {
    /// An encoder for `codec`.
    pub const fn new(codec: Codec) -> Self {
        Self { codec }
    }

    /// The codec it makes payloads of.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes 20 ms into the front of `payload` and returns its length in bytes. A frame of another rate than
    /// [`Codec::rate`], or a `payload` under [`Codec::MAX_PAYLOAD`] bytes, gives 0: the caller resamples first.
    pub fn encode(&mut self, frame: &Frame, payload: &mut [u8]) -> usize {
        let samples = frame.samples();
        if frame.rate() != self.codec.rate() || payload.len() < samples.len() {
            return 0;
        }
        match self.codec {
            Codec::Pcmu => g711::encode_ulaw(samples, payload),
            Codec::Pcma => g711::encode_alaw(samples, payload),
        }
        samples.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_another_rate_makes_no_payload() {
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let mut encoder = Encoder::new(Codec::Pcmu);
        assert_eq!(encoder.encode(&Frame::silence(Rate::Hz48000), &mut payload), 0);
        assert_eq!(
            encoder.encode(&Frame::silence(Rate::Hz8000), &mut payload[..100]),
            0
        );
        assert_eq!(encoder.encode(&Frame::silence(Rate::Hz8000), &mut payload), 160);
        assert_eq!(payload, [0xff; 160]);
    }
}
