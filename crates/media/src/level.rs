//! Loudness of a frame in dBov, as RFC 6464 means it.

/// Level relative to overload: 0 is a full-scale square wave, −127 is digital silence (RFC 6464, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dbov(i8);

impl Dbov {
    /// The lowest value, used for digital silence.
    pub const SILENCE: Self = Self(-127);

    /// A level of `db`, clamped into −127..=0.
    pub fn new(db: i8) -> Self {
        Self(db.clamp(-127, 0))
    }

    /// Level of samples by their root mean square; no samples are silent.
    pub fn of(samples: &[i16]) -> Self {
        // A sum of squares of 16 bits cannot overflow; saying so lets the compiler use wide registers.
        let energy = samples.iter().fold(0u64, |sum, &s| {
            let s = u32::from(s.unsigned_abs());
            sum.wrapping_add(u64::from(s.wrapping_mul(s)))
        });
        if energy == 0 {
            return Self::SILENCE;
        }
        let mean = energy as f32 / samples.len() as f32;
        let db = 10.0 * (mean / (32_767.0 * 32_767.0)).log10();
        Self(db.round().clamp(-127.0, 0.0) as i8)
    }

    /// The level in dB, −127..=0.
    pub const fn db(self) -> i8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(amplitude: f64) -> Vec<i16> {
        (0..160)
            .map(|n| ((n as f64 * std::f64::consts::TAU / 8.0).sin() * amplitude).round() as i16)
            .collect()
    }

    #[test]
    fn a_full_scale_square_wave_is_zero_and_silence_is_the_lowest() {
        let square: Vec<i16> = (0..160)
            .map(|n| if n % 2 == 0 { 32_767 } else { -32_767 })
            .collect();
        assert_eq!(Dbov::of(&square).db(), 0);
        assert_eq!(Dbov::of(&[0; 160]), Dbov::SILENCE);
        assert_eq!(Dbov::of(&[]), Dbov::SILENCE);
        assert_eq!(Dbov::of(&[i16::MIN; 160]).db(), 0);
    }

    #[test]
    fn sines_have_the_level_of_their_root_mean_square() {
        for (amplitude, db) in [(32_767.0, -3), (3_276.7, -23), (327.67, -43)] {
            assert_eq!(Dbov::of(&sine(amplitude)).db(), db, "amplitude {amplitude}");
        }
    }
}
