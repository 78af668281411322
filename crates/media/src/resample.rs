//! From 48 kHz down to 16 and 8 kHz, for audio that is prepared once at start.

use crate::frame::Rate;

use crate::fir::{DOWN_80_DB, low_pass, to_sample};

/// Taps of the low-pass for each sample that is skipped: the pass band ends at 0.80 of the new half rate, and what
/// would fold is 80 dB down.
const TAPS_A_STEP: usize = 48;
/// Middle of the transition band, as share of the new rate.
const CUT: f64 = 0.45;

static BY_3: [f32; TAPS_A_STEP * 3 + 1] = low_pass(CUT / 3.0, DOWN_80_DB);
static BY_6: [f32; TAPS_A_STEP * 6 + 1] = low_pass(CUT / 6.0, DOWN_80_DB);

/// Takes every n-th sample of audio at 48 kHz, behind a linear-phase low-pass that adds no delay.
#[derive(Debug)]
pub(crate) struct Decimator {
    step: usize,
    taps: &'static [f32],
}

impl Decimator {
    pub(crate) const fn to(rate: Rate) -> Self {
        let (step, taps): (usize, &[f32]) = match rate {
            Rate::Hz48000 => (1, &[]),
            Rate::Hz16000 => (3, &BY_3),
            Rate::Hz8000 => (6, &BY_6),
        };
        Self { step, taps }
    }

    /// The audio at the new rate.
    pub(crate) fn run(&self, audio: &[i16]) -> Vec<i16> {
        if self.step == 1 {
            return audio.to_vec();
        }
        let half = self.taps.len() / 2;
        (0..audio.len().div_ceil(self.step))
            .map(|n| self.sample(audio, (n * self.step) as isize - half as isize))
            .collect()
    }

    fn sample(&self, audio: &[i16], start: isize) -> i16 {
        let skipped = start.min(0).unsigned_abs();
        let from = start.max(0) as usize;
        let sum: f32 = self.taps[skipped..]
            .iter()
            .zip(audio.iter().skip(from))
            .map(|(&tap, &sample)| tap * f32::from(sample))
            .sum();
        to_sample(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;

    fn tone(hz: f64) -> Vec<i16> {
        (0..48_000)
            .map(|n| ((n as f64 * hz * std::f64::consts::TAU / 48_000.0).sin() * 20_000.0) as i16)
            .collect()
    }

    #[test]
    fn the_pass_band_passes_and_what_would_fold_is_gone() {
        for (rate, pass, stop) in [
            (Rate::Hz8000, 3_200.0, 4_050.0),
            (Rate::Hz16000, 6_400.0, 8_100.0),
        ] {
            let decimator = Decimator::to(rate);
            let loud = Dbov::of(&tone(1_000.0));
            for hz in [100.0, 1_000.0, pass] {
                let out = decimator.run(&tone(hz));
                assert_eq!(out.len(), rate.hz() as usize);
                let level = Dbov::of(&out[400..out.len() - 400]);
                assert!(
                    (level.db() - loud.db()).abs() <= 1,
                    "{hz} Hz at {rate:?}: {level:?}"
                );
            }
            for hz in [stop, 12_000.0, 20_000.0] {
                let out = decimator.run(&tone(hz));
                let level = Dbov::of(&out[400..out.len() - 400]);
                assert!(level.db() <= loud.db() - 60, "{hz} Hz at {rate:?}: {level:?}");
            }
        }
    }
}
