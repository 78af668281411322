//! The spectrum of one frame where voices and instruments have most of their power: Goertzel filters side by side.

use crate::frame::Rate;

/// Bands, the middle of the lowest, and from each to the next, Hz. A frame of 20 ms tells apart what lies 50 Hz apart.
pub(crate) const BANDS: usize = 24;
const LOWEST_HZ: f32 = 200.0;
const STEP_HZ: f32 = 75.0;

/// Measures spectra of frames.
#[derive(Debug)]
pub(crate) struct Spectrum {
    rate: Rate,
    coefficients: [f32; BANDS],
}

impl Spectrum {
    /// For frames of `rate`.
    pub(crate) fn new(rate: Rate) -> Self {
        let mut coefficients = [0.0; BANDS];
        for (n, coefficient) in (0_u8..).zip(&mut coefficients) {
            let hz = LOWEST_HZ + STEP_HZ * f32::from(n);
            *coefficient = 2.0 * (std::f32::consts::TAU * hz / rate.hz() as f32).cos();
        }
        Self { rate, coefficients }
    }

    /// Power of each band, 1 for a full-scale sine in its middle; frames of another rate than before are measured alike.
    pub(crate) fn of(&mut self, samples: &[i16], rate: Rate) -> [f32; BANDS] {
        if rate != self.rate {
            *self = Self::new(rate);
        }
        let (mut last, mut before) = ([0.0_f32; BANDS], [0.0_f32; BANDS]);
        for sample in samples {
            let sample = f32::from(*sample);
            for n in 0..BANDS {
                let next = sample + self.coefficients[n] * last[n] - before[n];
                before[n] = last[n];
                last[n] = next;
            }
        }
        let whole = samples.len().max(1) as f32 * 32_767.0 / 2.0;
        let mut powers = [0.0; BANDS];
        for (n, power) in powers.iter_mut().enumerate() {
            let (a, b) = (last[n], before[n]);
            *power = (a * a + b * b - self.coefficients[n] * a * b).max(0.0) / (whole * whole);
        }
        powers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_in_its_band_with_its_power_at_every_rate() {
        let mut spectrum = Spectrum::new(Rate::Hz8000);
        for rate in Rate::ALL {
            for band in 0..BANDS {
                let hz = 200.0 + 75.0 * band as f64;
                let step = hz * std::f64::consts::TAU / f64::from(rate.hz());
                let tone: Vec<i16> = (0..rate.samples_per_tick())
                    .map(|n| ((n as f64 * step).sin() * 3_276.7) as i16)
                    .collect();
                let powers = spectrum.of(&tone, rate);
                assert!(
                    (0.009..0.011).contains(&powers[band]),
                    "{hz} Hz at {rate:?}: {powers:?}"
                );
                let elsewhere = (0..BANDS).filter(|n| n.abs_diff(band) > 2).map(|n| powers[n]);
                assert!(
                    elsewhere.fold(0.0, f32::max) < 0.0005,
                    "{hz} Hz at {rate:?}: {powers:?}"
                );
            }
            assert_eq!(spectrum.of(&vec![0; rate.samples_per_tick()], rate), [0.0; BANDS]);
        }
    }
}
