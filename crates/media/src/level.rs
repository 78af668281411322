//! Loudness of a frame in dBov, as RFC 6464 means it.

/// Level relative to overload: 0 is a full-scale square wave, −127 is digital silence (RFC 6464, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dbov(i8);

impl Dbov {
    /// The lowest value, used for digital silence.
    pub const SILENCE: Self = Self(-127);
    /// A frame from here on is worth hearing: a soft voice is. What is fainter is the noise of lines, which would add up over hundreds.
    pub const AUDIBLE: Self = Self(-60);
    /// Below it a packet is spared decoding. It is so far below [`Dbov::AUDIBLE`] that no tick within such a packet is audible: neither
    /// one that has half of two packets (3 dB), nor one that has all that sounds in 60 ms (5 dB).
    pub const SPARED: Self = Self(-66);

    /// The mean square of the samples at [`Dbov::SPARED`]: (32,767 · 10^(−66/20))².
    pub(crate) const SPARED_POWER: u32 = 269;

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

    /// A level as packets tell it: without its sign, in seven bits (RFC 3389, section 3.1; RFC 6464, section 3).
    pub(crate) const fn told(byte: u8) -> Self {
        Self(-((byte & 0x7f) as i8))
    }

    /// The same, to tell it.
    pub(crate) const fn to_byte(self) -> u8 {
        self.0.unsigned_abs()
    }

    /// The power it stands for, 1 at 0 dBov.
    pub(crate) fn power(self) -> f32 {
        10f32.powf(f32::from(self.0) / 10.0)
    }

    /// The level in dB, −127..=0.
    pub const fn db(self) -> i8 {
        self.0
    }
}

/// What a packet says of its own loudness (RFC 6464, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AudioLevel {
    /// How loud it is.
    pub(crate) level: Dbov,
    /// Whether there is a voice in it.
    pub(crate) voice: bool,
}

impl AudioLevel {
    /// From the byte on the wire.
    pub(crate) const fn of(byte: u8) -> Self {
        Self {
            level: Dbov::told(byte),
            voice: byte & 0x80 != 0,
        }
    }
}

/// What is known of a packet beside its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// The peer says that nobody needs to hear it.
    Silence,
    /// The peer says that it is to be heard.
    Sound,
}

impl Told {
    /// What a level means. Loudness decides, as it does in the mixer: what is audible is heard whether it is a voice or not, since
    /// detectors miss soft beginnings and music. The flag only settles what lies between: without a voice that is noise.
    pub(crate) fn by(AudioLevel { level, voice }: AudioLevel) -> Self {
        match (level >= Dbov::AUDIBLE, level < Dbov::SPARED, voice) {
            (true, _, _) => Self::Sound,
            (false, true, _) | (false, false, false) => Self::Silence,
            (false, false, true) => Self::Nothing,
        }
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
    fn a_level_on_the_wire_is_read_and_weighed() {
        use Told::{Nothing, Silence, Sound};
        for (byte, db, voice, told) in [
            (0x00, 0, false, Sound),
            (0x80, 0, true, Sound),
            (0x2a, -42, false, Sound),
            (0xbc, -60, true, Sound),
            (0x3c, -60, false, Sound),
            (0x3d, -61, false, Silence),
            (0xbd, -61, true, Nothing),
            (0xc2, -66, true, Nothing),
            (0xc3, -67, true, Silence),
            (0x7f, -127, false, Silence),
            (0xff, -127, true, Silence),
        ] {
            let level = AudioLevel::of(byte);
            assert_eq!(level.level.to_byte(), byte & 0x7f);
            let read = (level.level.db(), level.voice, Told::by(level));
            assert_eq!(read, (db, voice, told), "{byte:#x}");
        }
    }

    #[test]
    fn sines_have_the_level_of_their_root_mean_square() {
        for (amplitude, db) in [(32_767.0, -3), (3_276.7, -23), (327.67, -43)] {
            assert_eq!(Dbov::of(&sine(amplitude)).db(), db, "amplitude {amplitude}");
        }
    }
}
