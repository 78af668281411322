//! What the phones can speak. One arm here is one codec more.

use std::str::FromStr;

use media::codec::g711;

/// A codec of the phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Speech {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Speech {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// Name in SDP.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// RTP payload type that the phones offer (RFC 3551, section 6).
    pub(crate) const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// Value of a=rtpmap after the payload type.
    pub(crate) const fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
        }
    }

    /// Steps of the RTP timestamp a second.
    pub(crate) const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// Samples a second of the audio.
    pub(crate) const fn rate_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }
}

impl FromStr for Speech {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|codec| codec.name()).collect();
            format!(
                "{text:?} is no codec of the phones; choose from {}",
                names.join(", ")
            )
        })
    }
}

/// Both directions of one phone's audio.
#[derive(Debug)]
pub(crate) struct Coder {
    speech: Speech,
    samples: Vec<i16>,
}

impl Coder {
    /// Longest payload that is decoded, in time: 120 ms.
    const LONGEST_MS: usize = 120;

    pub(crate) fn new(speech: Speech) -> Self {
        let longest = speech.rate_hz() as usize * Self::LONGEST_MS / 1000;
        Self {
            speech,
            samples: vec![0; longest],
        }
    }

    /// One payload of these samples.
    pub(crate) fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut payload = vec![0; samples.len()];
        match self.speech {
            Speech::Pcmu => g711::encode_ulaw(samples, &mut payload),
            Speech::Pcma => g711::encode_alaw(samples, &mut payload),
        }
        payload
    }

    /// The samples of one payload; what is longer than 120 ms is cut off.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> &[i16] {
        let codec = match self.speech {
            Speech::Pcmu => media::Codec::Pcmu,
            Speech::Pcma => media::Codec::Pcma,
        };
        let count = codec.decode(payload, &mut self.samples);
        &self.samples[..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back_within_a_step() {
        for speech in Speech::ALL {
            let samples: Vec<i16> = (0..480).map(|n| (n * 37 % 4000 - 2000) as i16).collect();
            let mut coder = Coder::new(speech);
            let payload = coder.encode(&samples);
            let back = coder.decode(&payload);
            assert_eq!(back.len(), samples.len());
            assert!(
                back.iter().zip(&samples).all(|(a, b)| (a - b).abs() <= 64),
                "{}",
                speech.name()
            );
        }
    }

    #[test]
    fn an_unknown_codec_is_answered_with_the_known_ones() {
        let error = "GSM".parse::<Speech>().unwrap_err();
        assert!(error.contains("PCMU, PCMA"), "{error}");
    }
}
