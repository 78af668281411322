//! From 48 kHz down to 16 and 8 kHz, for audio that is prepared once at start.

use crate::frame::Rate;

/// Taps of the low-pass for each sample that is skipped: the pass band ends at 0.80 of the new half rate, and what
/// would fold is 80 dB down.
const TAPS_A_STEP: usize = 48;
/// Middle of the transition band, as share of the new rate.
const CUT: f64 = 0.45;
/// Shape of the Kaiser window: 80 dB.
const BETA: f64 = 7.86;

/// Takes every n-th sample of audio at 48 kHz, behind a linear-phase low-pass that adds no delay.
#[derive(Debug)]
pub(crate) struct Decimator {
    step: usize,
    taps: Vec<f32>,
}

impl Decimator {
    pub(crate) fn to(rate: Rate) -> Self {
        let step = (Rate::Hz48000.hz() / rate.hz()) as usize;
        Self {
            step,
            taps: low_pass(step),
        }
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
        sum.round().clamp(-32_768.0, 32_767.0) as i16
    }
}

/// A sinc under a Kaiser window, its taps adding up to one.
fn low_pass(step: usize) -> Vec<f32> {
    let half = (TAPS_A_STEP * step / 2) as isize;
    let cut = CUT / step as f64;
    let taps: Vec<f64> = (-half..=half)
        .map(|n| sinc(2.0 * cut * n as f64) * kaiser(n as f64 / half as f64))
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|t| (t / sum) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// Modified Bessel function of the first kind, order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..30 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
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
