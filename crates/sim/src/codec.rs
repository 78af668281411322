//! What the phones can speak. One arm here is one codec more.

use std::str::FromStr;

use media::codec::{g711, g722};
use media::{Codec, Decoder, Rate};
use opus::{Application, Bitrate, Channels};

/// A codec of the phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Speech {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722.
    G722,
    /// Opus of a phone that plays 48 kHz.
    Opus,
    /// Opus of a phone that plays 16 kHz.
    OpusWide,
}

impl Speech {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus, Self::OpusWide];

    /// Name on the command line and in the report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
            Self::OpusWide => "opus16",
        }
    }

    /// RTP payload type that the phones offer (RFC 3551, section 6; Opus has none of its own).
    pub(crate) const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus | Self::OpusWide => 111,
        }
    }

    /// Value of a=rtpmap after the payload type.
    pub(crate) const fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::G722 => "G722/8000",
            Self::Opus | Self::OpusWide => "opus/48000/2",
        }
    }

    /// Value of a=fmtp after the payload type, where there is any.
    pub(crate) const fn fmtp(self) -> Option<&'static str> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => None,
            Self::Opus => Some("useinbandfec=1"),
            Self::OpusWide => Some("maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1"),
        }
    }

    /// The codec and the rate at which the phone speaks and hears.
    pub(crate) const fn codec(self) -> Codec {
        match self {
            Self::Pcmu => Codec::Pcmu,
            Self::Pcma => Codec::Pcma,
            Self::G722 => Codec::G722,
            Self::Opus => Codec::Opus(Rate::Hz48000),
            Self::OpusWide => Codec::Opus(Rate::Hz16000),
        }
    }

    /// Steps of the RTP timestamp a second.
    pub(crate) const fn clock_hz(self) -> u32 {
        self.codec().clock_hz()
    }

    /// Samples a second of the audio.
    pub(crate) const fn rate_hz(self) -> u32 {
        self.codec().rate().hz()
    }

    /// Steps of the RTP timestamp for so many samples.
    pub(crate) const fn steps(self, samples: u64) -> u32 {
        (samples * self.clock_hz() as u64 / self.rate_hz() as u64) as u32
    }

    /// Samples for so many steps of the RTP timestamp, both counted modulo 2³².
    pub(crate) const fn samples(self, steps: u32) -> u32 {
        (steps as u64 * self.rate_hz() as u64 / self.clock_hz() as u64) as u32
    }

    /// Whether it is Opus.
    pub(crate) const fn is_opus(self) -> bool {
        matches!(self, Self::Opus | Self::OpusWide)
    }

    /// Whether it has packets of this length.
    pub(crate) const fn allows(self, ptime_ms: u128) -> bool {
        !self.is_opus() || ptime_ms != 30
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

/// Bits a second of Opus, and how hard its encoder tries: what phones do.
const OPUS_BITRATE: i32 = 32_000;
const OPUS_COMPLEXITY: i32 = 5;
/// Longest Opus packet that a phone makes, bytes.
const OPUS_LONGEST: usize = 1_000;

/// How phones send Opus.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Whether silence is left unsent.
    pub(crate) dtx: bool,
    /// Loss, percent, for which a packet holds the audio of the one before it once more; 0 where none does.
    pub(crate) fec_percent: u8,
}

/// Makes payloads of samples.
#[derive(Debug)]
pub(crate) enum Mouth {
    /// G.711, µ-law.
    Mu,
    /// G.711, A-law.
    A,
    /// G.722.
    G722(Box<g722::Encoder>),
    /// Opus.
    Opus(opus::Encoder),
}

impl Mouth {
    pub(crate) fn new(speech: Speech, manner: Manner) -> Self {
        match speech {
            Speech::Pcmu => Self::Mu,
            Speech::Pcma => Self::A,
            Speech::G722 => Self::G722(Box::new(g722::Encoder::new())),
            Speech::Opus | Speech::OpusWide => {
                let encoder = opus_encoder(speech.rate_hz(), manner);
                Self::Opus(encoder.expect("settings that every libopus has"))
            }
        }
    }

    /// One payload of these samples.
    pub(crate) fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut payload = vec![0; samples.len().max(OPUS_LONGEST)];
        let length = match self {
            Self::Mu => {
                g711::encode_ulaw(samples, &mut payload);
                samples.len()
            }
            Self::A => {
                g711::encode_alaw(samples, &mut payload);
                samples.len()
            }
            Self::G722(encoder) => encoder.encode(samples, &mut payload),
            Self::Opus(encoder) => encoder.encode(samples, &mut payload).unwrap_or(0),
        };
        payload.truncate(length);
        payload
    }
}

fn opus_encoder(hz: u32, manner: Manner) -> opus::Result<opus::Encoder> {
    let mut encoder = opus::Encoder::new(hz, Channels::Mono, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Bits(OPUS_BITRATE))?;
    encoder.set_complexity(OPUS_COMPLEXITY)?;
    encoder.set_dtx(manner.dtx)?;
    encoder.set_inband_fec(manner.fec_percent > 0)?;
    encoder.set_packet_loss_perc(i32::from(manner.fec_percent))?;
    Ok(encoder)
}

/// Makes samples of payloads.
#[derive(Debug)]
pub(crate) struct Hearing {
    decoder: Decoder,
    samples: Vec<i16>,
}

impl Hearing {
    /// Longest payload that is decoded, in time: 120 ms.
    const LONGEST_MS: usize = 120;

    pub(crate) fn new(speech: Speech) -> Self {
        let longest = speech.rate_hz() as usize * Self::LONGEST_MS / 1000;
        Self {
            decoder: Decoder::new(speech.codec()),
            samples: vec![0; longest],
        }
    }

    /// The samples of the one packet that is missing before this payload, from the redundancy in it; none where it has none, or where
    /// another number of samples is missing.
    pub(crate) fn recover(&mut self, payload: &[u8], missing: usize) -> Option<&[i16]> {
        let codec = self.decoder.codec();
        let fits = missing > 0 && missing == codec.duration(payload) && codec.has_redundancy(payload);
        let room = self.samples.get_mut(..missing).filter(|_| fits)?;
        self.decoder.recover(payload, room).then_some(&*room)
    }

    /// The samples of one payload; what is longer than 120 ms is cut off.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> &[i16] {
        let count = self.decoder.decode(payload, &mut self.samples);
        &self.samples[..count]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_as_loud() {
        for speech in Speech::ALL {
            let tick = speech.rate_hz() as usize / 50;
            let said = |n: usize| ((n as f64 * 3_141.6 / f64::from(speech.rate_hz())).sin() * 4_000.0) as i16;
            let mut mouth = Mouth::new(speech, Manner::default());
            let mut hearing = Hearing::new(speech);
            let mut energy = [0.0; 2];
            for block in 0..50 {
                let samples: Vec<i16> = (block * tick..(block + 1) * tick).map(said).collect();
                let payload = mouth.encode(&samples);
                let back = hearing.decode(&payload);
                assert_eq!(back.len(), tick, "{}", speech.name());
                if block >= 10 {
                    energy[0] += samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
                    energy[1] += back.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
                }
            }
            let db = 10.0 * (energy[1] / energy[0]).log10();
            assert!(db.abs() < 0.5, "{}: {db:.2} dB", speech.name());
        }
    }

    /// Syllables, five a second, each of another pitch: what an encoder takes for speech.
    pub(crate) fn syllables(time: f64) -> i16 {
        let pitch = 100.0 + 13.0 * ((time * 5.0).floor() % 5.0);
        let swell = (time * 5.0 * std::f64::consts::PI).sin().powi(2);
        let pulse = (time * pitch).fract();
        ((-pulse * 6.0).exp() * (pulse * 40.0).sin() * swell * 20_000.0) as i16
    }

    #[test]
    fn packets_hold_the_one_before_them_once_more_where_that_is_asked_for() {
        for speech in [Speech::Opus, Speech::OpusWide] {
            let tick = speech.rate_hz() as usize / 50;
            let redundant = |fec_percent| {
                let manner = Manner {
                    fec_percent,
                    ..Manner::default()
                };
                let mut mouth = Mouth::new(speech, manner);
                let payloads = (0..100).map(|block| {
                    let at = |n: usize| syllables((block * tick + n) as f64 / f64::from(speech.rate_hz()));
                    mouth.encode(&(0..tick).map(at).collect::<Vec<_>>())
                });
                payloads
                    .filter(|payload| speech.codec().has_redundancy(payload))
                    .count()
            };
            assert_eq!(redundant(0), 0, "{}", speech.name());
            assert!(redundant(20) > 30, "{}: {}", speech.name(), redundant(20));
        }
    }

    #[test]
    fn steps_and_samples_are_each_other_s_mirror() {
        for (speech, steps) in [
            (Speech::Pcmu, 160),
            (Speech::G722, 160),
            (Speech::Opus, 960),
            (Speech::OpusWide, 960),
        ] {
            let tick = speech.rate_hz() / 50;
            assert_eq!(speech.steps(u64::from(tick)), steps);
            assert_eq!(speech.samples(steps), tick);
        }
    }

    #[test]
    fn an_unknown_codec_is_answered_with_the_known_ones() {
        let error = "GSM".parse::<Speech>().unwrap_err();
        assert!(error.contains("PCMU, PCMA, G722, opus, opus16"), "{error}");
    }
}
