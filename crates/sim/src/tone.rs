//! Finding one frequency in a block of 20 ms.
//!
//! All marks are multiples of 50 Hz, so every block holds whole periods of each of them, wherever it begins: steady tones do not leak into
//! each other's measure at all.

use std::f32::consts::TAU;

/// Blocks a second.
pub(crate) const BLOCKS_A_SECOND: u32 = 50;

/// Level of the smallest thing told, dBov.
const FLOOR: f32 = -120.0;

/// One frequency's part in a block: amplitude in samples and phase, as a complex number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Phasor {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Phasor {
    /// Goertzel's filter over a whole block.
    pub(crate) fn of(samples: &[i16], hertz: f32, rate: f32) -> Self {
        let step = TAU * hertz / rate;
        let (sin, cos) = step.sin_cos();
        let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
        for sample in samples {
            let s0 = f32::from(*sample) + 2.0 * cos * s1 - s2;
            (s2, s1) = (s1, s0);
        }
        let scale = 2.0 / samples.len().max(1) as f32;
        Self {
            re: (s1 * cos - s2) * scale,
            im: s1 * sin * scale,
        }
    }

    /// Peak amplitude, in steps of a 16 bit sample.
    pub(crate) fn amplitude(self) -> f32 {
        self.re.hypot(self.im)
    }
}

/// Level of a sine with this peak amplitude, dBov: power against that of a full-scale square wave (RFC 6464 uses the same).
pub(crate) fn dbov(amplitude: f32) -> f32 {
    let rms = amplitude / std::f32::consts::SQRT_2 / 32_768.0;
    if rms <= 0.0 {
        FLOOR
    } else {
        (20.0 * rms.log10()).max(FLOOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f32, amplitude: f32, shift: usize) -> Vec<i16> {
        (shift..shift + 160)
            .map(|n| (amplitude * (TAU * hertz * n as f32 / 8000.0).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_tone_is_measured_at_its_amplitude_wherever_the_block_begins() {
        for shift in [0, 1, 37, 159] {
            let found = Phasor::of(&sine(1850.0, 2000.0, shift), 1850.0, 8000.0).amplitude();
            assert!((found - 2000.0).abs() < 2.0, "{found}");
        }
    }

    #[test]
    fn a_neighbour_50_hz_away_does_not_leak() {
        let found = Phasor::of(&sine(1850.0, 10_000.0, 11), 1900.0, 8000.0).amplitude();
        assert!(found < 2.0, "{found}");
    }

    #[test]
    fn a_full_scale_sine_has_minus_three_dbov() {
        assert!((dbov(32_768.0) + 3.01).abs() < 0.01);
        assert_eq!(dbov(0.0), FLOOR);
    }
}
