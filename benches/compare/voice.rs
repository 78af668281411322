//! What plain RTP phones say, coded once and said over and over, and how they recognise what they hear.

use media::{Codec, Encoder, Format, Frame, Rate};

use crate::scenario::Coding;

/// Packets after which a phone begins again: one second.
pub(crate) const LOOP: usize = 50;
/// Packets of a burst at the beginning of the loop.
const BURST: usize = 10;
/// Peak of a burst, far above what two talkers together reach, and what counts as one.
const LOUD: f32 = 20_000.0;
const LOUD_FROM: i16 = 8_316;
/// [`LOUD_FROM`] as µ-law has it: the sixth segment, inverted.
const LOUD_ULAW: u8 = 0x60;
/// A kilohertz.
const BURST_HZ: f32 = 1_000.0;
/// Samples a second of Opus, here and in Janus's room.
pub(crate) const OPUS_HZ: u32 = 16_000;

/// What a phone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Bursts, by which delay is measured.
    Bursts,
    /// Talks.
    Chord,
    /// Digital silence.
    Silence,
}

impl Speech {
    /// What the `number`th phone says: three talk, one of them in bursts.
    pub(crate) const fn of(number: usize) -> Self {
        match number {
            0 => Self::Bursts,
            1 | 2 => Self::Chord,
            3.. => Self::Silence,
        }
    }

    fn sample(self, n: usize, rate: u32) -> i16 {
        let packet = rate as usize / LOOP;
        match self {
            Self::Bursts if n / packet < BURST => {
                let angle = std::f32::consts::TAU * BURST_HZ * n as f32 / rate as f32;
                (LOUD * (angle + 1.0).sin()) as i16
            }
            Self::Chord => benches::chord(300.0, n, rate),
            Self::Bursts | Self::Silence => 0,
        }
    }
}

/// The payloads of a second.
///
/// # Errors
/// Opus does not start.
pub(crate) fn payloads(speech: Speech, coding: Coding) -> Result<Vec<Vec<u8>>, String> {
    match coding {
        Coding::Pcmu => Ok(pcmu(speech)),
        Coding::Opus => opus(speech).map_err(|error| error.to_string()),
    }
}

fn pcmu(speech: Speech) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(Format::of(Codec::Pcmu));
    let packet = |n: usize| {
        let mut frame = Frame::silence(Rate::Hz8000);
        let first = n * frame.samples_mut().len();
        for (at, sample) in frame.samples_mut().iter_mut().enumerate() {
            *sample = speech.sample(first + at, 8_000);
        }
        let mut payload = vec![0; Codec::MAX_PAYLOAD];
        let length = encoder.encode(&frame, &mut payload);
        payload.truncate(length);
        payload
    };
    (0..LOOP).map(packet).collect()
}

fn opus(speech: Speech) -> Result<Vec<Vec<u8>>, opus::Error> {
    let mut encoder = opus::Encoder::new(OPUS_HZ, opus::Channels::Mono, opus::Application::Voip)?;
    let packet = OPUS_HZ as usize / LOOP;
    let code = |n: usize| {
        let samples: Vec<_> = (n * packet..(n + 1) * packet)
            .map(|at| speech.sample(at, OPUS_HZ))
            .collect();
        encoder.encode_vec(&samples, 1_275)
    };
    (0..LOOP).map(code).collect()
}

/// Finds bursts in what a phone hears.
pub(crate) enum Ear {
    /// Looks at coded bytes.
    Pcmu,
    /// Decodes.
    Opus(opus::Decoder),
    /// Does not listen: decoding costs, and a few phones are enough.
    Deaf,
}

/// Phones that decode.
const LISTENERS: usize = 12;

impl Ear {
    /// That of the `number`th phone.
    ///
    /// # Errors
    /// Opus does not start.
    pub(crate) fn of(number: usize, coding: Coding) -> Result<Self, String> {
        match coding {
            Coding::Pcmu => Ok(Self::Pcmu),
            Coding::Opus if number < LISTENERS => opus::Decoder::new(OPUS_HZ, opus::Channels::Mono)
                .map(Self::Opus)
                .map_err(|error| error.to_string()),
            Coding::Opus => Ok(Self::Deaf),
        }
    }

    /// Where in a packet of 20 ms it becomes loud, s.
    pub(crate) fn loud_at(&mut self, payload: &[u8]) -> Option<f64> {
        match self {
            Self::Pcmu => {
                let place = payload.iter().position(|byte| !byte & 0x7f >= LOUD_ULAW)?;
                Some(place as f64 / 8_000.0)
            }
            Self::Opus(decoder) => {
                let mut samples = [0; 5_760];
                let count = decoder.decode(payload, &mut samples, false).ok()?;
                let place = samples
                    .iter()
                    .take(count)
                    .position(|sample| sample.unsigned_abs() >= LOUD_FROM.unsigned_abs())?;
                Some(place as f64 / f64::from(OPUS_HZ))
            }
            Self::Deaf => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_heard_where_it_begins_and_nothing_else_is() {
        for coding in [Coding::Pcmu, Coding::Opus] {
            let mut ear = Ear::of(0, coding).unwrap();
            let mut heard = |speech| {
                let payloads = payloads(speech, coding).unwrap();
                assert_eq!(payloads.len(), LOOP);
                payloads.iter().position(|payload| ear.loud_at(payload).is_some())
            };
            assert_eq!(heard(Speech::Silence), None, "{coding:?}");
            assert_eq!(heard(Speech::Chord), None, "{coding:?}");
            assert_eq!(heard(Speech::Bursts), Some(0), "{coding:?}");
        }
    }

    #[test]
    fn the_place_inside_a_packet_is_told() {
        let mut payload = [0xff_u8; 160];
        payload[80] = !LOUD_ULAW;
        assert_eq!(Ear::Pcmu.loud_at(&payload), Some(0.01));
        payload[80] = !(LOUD_ULAW - 1);
        assert_eq!(Ear::Pcmu.loud_at(&payload), None);
    }
}
