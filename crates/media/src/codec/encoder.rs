//! From samples to payloads.

use opus::{Application, Bandwidth, Bitrate, Channels};

use super::{Codec, Format, OpusSend, g711, g722};
use crate::frame::{Frame, Rate};

/// How hard an encoder tries, where it can try more or less: Opus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effort {
    /// As hard as is worth it: libopus's complexity 5. More costs a third more time for what few hear at the bit rates of speech.
    #[default]
    Full,
    /// Complexity 2: two thirds of the time.
    Half,
    /// Complexity 0: a third of the time, and speech that is less clear by less than 0.2 of five points in ViSQOL.
    Least,
}

impl Effort {
    const fn complexity(self) -> i32 {
        match self {
            Self::Full => 5,
            Self::Half => 2,
            Self::Least => 0,
        }
    }
}

/// Makes payloads of one format. One encoder serves any number of legs that hear the same. Making one allocates where the codec is
/// Opus; nothing else here does.
#[derive(Debug)]
pub struct Encoder {
    format: Format,
    effort: Effort,
    state: State,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "288 bytes are little, and a box would be the heap in the tick"
)]
enum State {
    /// G.711 remembers nothing.
    None,
    G722(g722::Encoder),
    Opus(opus::Encoder),
}

/// What decoders remember of what an encoder made, where that is little enough to be carried over to another encoder: the adaptation of
/// G.722. PCMU and PCMA remember nothing, and what libopus remembers can't be had.
#[derive(Debug, Clone, Default)]
pub struct Memory(Option<g722::Encoder>);

impl Memory {
    /// This, or another where nothing is known.
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        Self(self.0.or_else(|| other().0))
    }
}

impl Encoder {
    /// An encoder that has heard nothing.
    pub fn new(format: Format) -> Self {
        let state = match format.codec() {
            Codec::Pcmu | Codec::Pcma => State::None,
            Codec::G722 => State::G722(g722::Encoder::new()),
            Codec::Opus(rate) => State::Opus(
                opus_encoder(rate, format.opus())
                    .expect("a rate of Opus, settings within its bounds, and memory"),
            ),
        };
        Self {
            format,
            effort: Effort::Full,
            state,
        }
    }

    /// What it makes.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Tries as hard as this from now on.
    pub fn set_effort(&mut self, effort: Effort) {
        if let State::Opus(encoder) = &mut self.state
            && self.effort != effort
        {
            self.effort = effort;
            // It can't fail: every libopus has these.
            let _ = encoder.set_complexity(effort.complexity());
        }
    }

    /// What decoders remember of all it made.
    pub fn memory(&self) -> Memory {
        match &self.state {
            State::G722(encoder) => Memory(Some(encoder.clone())),
            State::None | State::Opus(_) => Memory(None),
        }
    }

    /// Goes on where another encoder was; false, with nothing changed, where that can't be carried over.
    pub fn recall(&mut self, memory: &Memory) -> bool {
        match (&mut self.state, &memory.0) {
            (State::G722(encoder), Some(memory)) => {
                encoder.clone_from(memory);
                true
            }
            (State::None | State::G722(_) | State::Opus(_), _) => false,
        }
    }

    /// Lets a payload pass that another encoder made of `frame`, and goes on where decoders of it do; false, with nothing changed, where that
    /// can't be had.
    pub fn follow(&mut self, frame: &Frame, payload: &[u8]) -> bool {
        match &mut self.state {
            State::G722(encoder) => {
                encoder.follow(frame.samples(), payload);
                true
            }
            State::None | State::Opus(_) => false,
        }
    }

    /// Encodes 20 ms into the front of `payload` and returns its length in bytes; of Opus with `dtx`, 0 in silence. A frame of another
    /// rate than [`Codec::rate`], or a `payload` under [`Codec::MAX_PAYLOAD`] bytes, gives 0: the caller converts first.
    pub fn encode(&mut self, frame: &Frame, payload: &mut [u8]) -> usize {
        let samples = frame.samples();
        if frame.rate() != self.format.codec().rate() || payload.len() < Codec::MAX_PAYLOAD {
            return 0;
        }
        match &mut self.state {
            State::None => encode_g711(self.format.codec(), samples, payload),
            State::G722(encoder) => encoder.encode(samples, payload),
            State::Opus(encoder) => {
                let length = encoder
                    .encode(samples, &mut payload[..Codec::MAX_PAYLOAD])
                    .unwrap_or(0);
                let unsent = self.format.opus().dtx && length <= 2;
                if unsent { 0 } else { length }
            }
        }
    }
}

fn encode_g711(codec: Codec, samples: &[i16], payload: &mut [u8]) -> usize {
    match codec {
        Codec::Pcma => g711::encode_alaw(samples, payload),
        Codec::Pcmu | Codec::G722 | Codec::Opus(_) => g711::encode_ulaw(samples, payload),
    }
    samples.len()
}

fn opus_encoder(rate: Rate, send: OpusSend) -> opus::Result<opus::Encoder> {
    let mut encoder = opus::Encoder::new(rate.hz(), Channels::Mono, Application::Voip)?;
    encoder.set_complexity(Effort::Full.complexity())?;
    encoder.set_bitrate(Bitrate::Bits(send.bitrate as i32))?;
    encoder.set_max_bandwidth(bandwidth(send.playback_hz))?;
    encoder.set_vbr(!send.cbr)?;
    encoder.set_dtx(send.dtx)?;
    encoder.set_inband_fec(send.fec_percent > 0)?;
    encoder.set_packet_loss_perc(i32::from(send.fec_percent))?;
    Ok(encoder)
}

/// The widest band that a player of so many samples a second can play (RFC 7587, section 3.1.1).
const fn bandwidth(playback_hz: u32) -> Bandwidth {
    match playback_hz {
        0..=8_000 => Bandwidth::Narrowband,
        8_001..=12_000 => Bandwidth::Mediumband,
        12_001..=16_000 => Bandwidth::Wideband,
        16_001..=24_000 => Bandwidth::Superwideband,
        _ => Bandwidth::Fullband,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Syllables, five a second, each of another pitch, over the noise of a line.
    fn speech(n: usize, hz: u32) -> i16 {
        let time = n as f64 / f64::from(hz);
        let pitch = 100.0 + 13.0 * ((time * 5.0).floor() % 5.0);
        let swell = (time * 5.0 * std::f64::consts::PI).sin().powi(2);
        let pulse = (time * pitch).fract();
        let noise = (n as u32).wrapping_mul(2_654_435_761) >> 27;
        ((-pulse * 6.0).exp() * (pulse * 40.0).sin() * swell * 20_000.0 + f64::from(noise) - 16.0) as i16
    }

    /// Five seconds of syllables.
    fn payloads(rate: Rate, send: OpusSend) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(Format::with_opus(Codec::Opus(rate), send));
        let mut frame = Frame::silence(rate);
        let payload = |tick: usize| {
            let said = tick * rate.samples_per_tick();
            for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = speech(said + n, rate.hz());
            }
            let mut payload = [0; Codec::MAX_PAYLOAD];
            let length = encoder.encode(&frame, &mut payload);
            payload[..length].to_vec()
        };
        (0..250).map(payload).collect()
    }

    #[test]
    fn a_decoder_of_g722_hears_no_seam_where_another_encoder_goes_on_with_the_memory_of_the_first() {
        let format = Format::of(Codec::G722);
        let frame = |tick: usize| {
            let mut frame = Frame::silence(Rate::Hz16000);
            for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = speech(tick * 320 + n, 16_000);
            }
            frame
        };
        let payload = |encoder: &mut Encoder, tick: usize| {
            let mut payload = [0; Codec::MAX_PAYLOAD];
            let length = encoder.encode(&frame(tick), &mut payload);
            payload[..length].to_vec()
        };
        let (mut first, mut second) = (Encoder::new(format), Encoder::new(format));
        for tick in 0..50 {
            payload(&mut first, tick);
        }
        assert_ne!(payload(&mut second, 50), payload(&mut first, 50));
        assert!(second.recall(&first.memory()));
        for tick in 51..60 {
            assert_eq!(payload(&mut second, tick), payload(&mut first, tick));
        }
        for codec in [Codec::Pcmu, Codec::Opus(Rate::Hz16000)] {
            let mut other = Encoder::new(Format::of(codec));
            assert!(!other.recall(&first.memory()) && !second.recall(&other.memory()));
        }
    }

    /// Bits a second in the mean.
    fn bits(payloads: &[Vec<u8>]) -> usize {
        payloads.iter().map(Vec::len).sum::<usize>() * 8 * 50 / payloads.len()
    }

    /// Rate of playback, Hz, that does justice to the band of a packet (RFC 6716, tables 1 and 2).
    fn playback_hz(payload: &[u8]) -> u32 {
        match payload[0] >> 3 {
            0..4 | 16..20 => 8_000,
            4..8 => 12_000,
            8..12 | 20..24 => 16_000,
            12..14 | 24..28 => 24_000,
            _ => 48_000,
        }
    }

    #[test]
    fn a_constant_bit_rate_makes_all_payloads_of_its_size() {
        for (rate, bitrate) in [
            (Rate::Hz8000, 12_000),
            (Rate::Hz16000, 16_000),
            (Rate::Hz16000, 24_000),
            (Rate::Hz48000, 32_000),
        ] {
            let send = |cbr| OpusSend {
                bitrate,
                cbr,
                ..OpusSend::default()
            };
            let is_of_size = |payload: &Vec<u8>| payload.len() == bitrate as usize / 8 / 50;
            let constant = payloads(rate, send(true));
            assert!(constant.iter().all(is_of_size), "{rate:?} {bitrate}");
            let variable = payloads(rate, send(false));
            assert!(!variable.iter().all(is_of_size), "{rate:?} {bitrate}");
        }
    }

    #[test]
    fn a_lower_bit_rate_is_kept_in_the_mean() {
        for rate in [Rate::Hz16000, Rate::Hz48000] {
            let default = bits(&payloads(rate, OpusSend::default()));
            for bitrate in [12_000, 16_000, 20_000] {
                let send = OpusSend {
                    bitrate,
                    ..OpusSend::default()
                };
                let mean = bits(&payloads(rate, send));
                // What libopus is over is taken back in what comes later; of five seconds a tenth may be left.
                let most = bitrate as usize * 11 / 10;
                assert!(
                    (4_000..=most).contains(&mean) && mean < default,
                    "{rate:?} {bitrate}: {mean}, {default} by default"
                );
            }
        }
    }

    #[test]
    fn nothing_is_sent_of_what_lies_above_the_band_that_is_played() {
        for hz in [8_000, 12_000, 16_000, 24_000, 48_000] {
            let send = OpusSend {
                playback_hz: hz,
                ..OpusSend::default()
            };
            let payloads = payloads(Rate::Hz48000, send);
            let widest = payloads.iter().map(|payload| playback_hz(payload)).max();
            assert_eq!(widest, Some(hz));
        }
    }
}
