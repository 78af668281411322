//! What a payload is like: everything that two legs must have in common to be sent the same bytes.

use super::Codec;

/// How Opus is sent (RFC 7587, section 6.1): what the peer asked for, within what we are willing to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpusSend {
    /// Average bits a second: `maxaveragebitrate` of the peer, or less.
    pub bitrate: u32,
    /// Highest rate that the peer can play, Hz: `maxplaybackrate`. Nothing above half of it is worth its bits. All rates of one band are
    /// sent the same: who wants payloads to be shared rounds up to that of the band.
    pub playback_hz: u32,
    /// Loss that in-band error correction is made for, percent; 0 makes none. Above 0 only where the peer uses it (`useinbandfec`).
    pub fec_percent: u8,
    /// Whether silence is not sent (`usedtx`).
    pub dtx: bool,
    /// Whether all payloads are of one size (`cbr`).
    pub cbr: bool,
}

impl Default for OpusSend {
    /// What suits a peer that asks for nothing: 32 kbit/s for any rate, in full.
    fn default() -> Self {
        Self {
            bitrate: 32_000,
            playback_hz: 48_000,
            fec_percent: 0,
            dtx: false,
            cbr: false,
        }
    }
}

/// What a payload is like. Legs of one format that hear the same get the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    codec: Codec,
    opus: OpusSend,
}

impl Format {
    /// Payloads of `codec`, with what suits a peer that asks for nothing more.
    pub const fn of(codec: Codec) -> Self {
        let opus = OpusSend {
            bitrate: 32_000,
            playback_hz: 48_000,
            fec_percent: 0,
            dtx: false,
            cbr: false,
        };
        Self { codec, opus }
    }

    /// Payloads of `codec`, as this peer wants Opus; other codecs have nothing to want.
    pub fn with_opus(codec: Codec, opus: OpusSend) -> Self {
        match codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => Self::of(codec),
            Codec::Opus(_) => Self { codec, opus },
        }
    }

    /// The codec.
    pub const fn codec(self) -> Codec {
        self.codec
    }

    /// How Opus is sent; of no meaning for other codecs.
    pub const fn opus(self) -> OpusSend {
        self.opus
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rate;

    #[test]
    fn wishes_about_opus_tell_only_opus_formats_apart() {
        let opus = OpusSend {
            bitrate: 20_000,
            ..OpusSend::default()
        };
        assert_eq!(Format::with_opus(Codec::G722, opus), Format::of(Codec::G722));
        let codec = Codec::Opus(Rate::Hz16000);
        assert_ne!(Format::with_opus(codec, opus), Format::of(codec));
        assert_eq!(Format::of(codec).opus(), OpusSend::default());
    }
}
