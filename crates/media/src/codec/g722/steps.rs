//! Loudness without decoding: both bands' quantizers adapt by the code words alone (ITU-T G.722, section 3.3), so that a look-up and a
//! multiplication for each tell how large the differences are that the words stand for.

use super::band::{HIGH_MOST, LOW_MOST, next_logarithm};
use super::tables::{HIGH_STEPS, LOW_STEPS};

/// Logarithms of the steps that silence does not reach. White noise of −64 dBov does in every packet, and of −68 dBov in hardly one.
const LOW_SILENT: i32 = 4_000;
const HIGH_SILENT: i32 = 8_200;

/// Follows the steps of a stream that is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    low: i32,
    high: i32,
}

impl Steps {
    /// Of a stream of which nothing is known: loud, so that its next packet is decoded.
    pub(crate) const UNKNOWN: Self = Self::new(LOW_MOST, HIGH_MOST);

    pub(super) const fn new(low: i32, high: i32) -> Self {
        Self { low, high }
    }

    /// Whether `payload`, which comes next, is silent. Where it is not it must be decoded, and the decoder followed from then on. What
    /// swells slowly and can be foretold well, as a pure tone, may pass for silence up to some −40 dBov.
    pub(crate) fn is_silent(&mut self, payload: &[u8]) -> bool {
        payload.iter().all(|byte| {
            self.low = next_logarithm(self.low, LOW_STEPS[usize::from(byte >> 2 & 0x0f)], LOW_MOST);
            self.high = next_logarithm(self.high, HIGH_STEPS[usize::from(byte >> 6)], HIGH_MOST);
            self.low < LOW_SILENT && self.high < HIGH_SILENT
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decoder, Encoder};
    use super::*;

    /// Even noise of this level, dBov, and beneath it a hum of another, which rises within so many ms.
    fn sound(noise: f64, hum: f64, rise_ms: f64, seconds: usize) -> Vec<i16> {
        let mut seed = 1_u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1_u32 << 23) - 1.0
        };
        let peak = |dbov: f64| 32_767.0 * 10_f64.powf(dbov / 20.0);
        let sample = |n: usize| {
            let time = n as f64 / 16_000.0;
            let wave = |hz: f64| (time * hz * std::f64::consts::TAU).sin();
            let hummed = wave(120.0) + 0.5 * wave(240.0) + 0.2 * wave(360.0) + 0.1 * wave(480.0);
            let rise = (time * 1_000.0 / rise_ms).min(1.0);
            (random() * peak(noise) * 3_f64.sqrt() + hummed * rise * peak(hum) * 1.23).round() as i16
        };
        (0..16_000 * seconds).map(sample).collect()
    }

    fn coded(encoder: &mut Encoder, samples: &[i16]) -> Vec<u8> {
        let mut payload = vec![0; samples.len() / 2];
        encoder.encode(samples, &mut payload);
        payload
    }

    #[test]
    fn steps_followed_are_those_of_the_decoder() {
        let loud = coded(&mut Encoder::new(), &sound(-20.0, -20.0, 500.0, 1));
        let mut decoder = Decoder::new();
        let mut out = [0; 320];
        for payload in loud.chunks(160) {
            let mut steps = decoder.steps();
            // All the bytes, whether they are silent or not.
            for byte in payload {
                steps.is_silent(&[*byte]);
            }
            decoder.decode(payload, &mut out);
            assert_eq!(steps, decoder.steps());
        }
    }

    #[test]
    fn the_noise_of_a_line_is_silent_and_what_the_gate_lets_in_is_not() {
        let share = |noise: f64| {
            let payload = coded(&mut Encoder::new(), &sound(noise, -200.0, 1.0, 5));
            let mut decoder = Decoder::new();
            let mut steps = Steps::UNKNOWN;
            let silent = payload[1_600..].chunks(160).filter(|payload| {
                let is_silent = steps.is_silent(payload);
                if !is_silent {
                    decoder.decode(payload, &mut [0; 320]);
                    steps = decoder.steps();
                }
                is_silent
            });
            silent.count()
        };
        for noise in [-60.0, -62.0, -64.0] {
            assert_eq!(share(noise), 0, "{noise} dBov");
        }
        for noise in [-68.0, -70.0, -80.0, -100.0] {
            assert!(share(noise) >= 215, "{noise} dBov: {} of 240", share(noise));
        }
    }

    #[test]
    fn a_voice_that_begins_softly_in_the_noise_of_a_line_is_found_before_it_is_loud() {
        for (hum, rise_ms, most_ms) in [
            (-30.0, 5.0, 20),
            (-40.0, 20.0, 20),
            (-40.0, 60.0, 20),
            (-45.0, 60.0, 40),
        ] {
            let mut encoder = Encoder::new();
            let mut steps = Steps::new(0, 0);
            let line = coded(&mut encoder, &sound(-72.0, -200.0, 1.0, 1));
            assert!(line.chunks(160).skip(10).all(|payload| steps.is_silent(payload)));
            let voice = coded(&mut encoder, &sound(-72.0, hum, rise_ms, 1));
            let before = voice
                .chunks(160)
                .take_while(|payload| steps.is_silent(payload))
                .count();
            assert!(
                20 * before <= most_ms,
                "{hum} dBov in {rise_ms} ms: {before} packets"
            );
        }
    }

    #[test]
    fn a_loud_sound_of_the_higher_band_alone_is_found() {
        let whistle = |n: usize| (n as f64 * 6_000.0 * std::f64::consts::TAU / 16_000.0).sin();
        let samples: Vec<i16> = (0..1_600).map(|n| (whistle(n) * 400.0) as i16).collect();
        let payload = coded(&mut Encoder::new(), &samples);
        assert!(!Steps::new(0, 0).is_silent(&payload[..320]));
    }
}
