//! Meters of what a leg says: how loud it speaks, how loud it is when it does not, and whether it is cut off at full scale.

use crate::level::Dbov;

/// Audio this much over the noise is speech, in dB.
const OVER_NOISE: f32 = 10.0;
/// How fast the noise may rise, in dB a tick: 1 dB a second.
const RISE: f32 = 0.02;
/// Share of a new frame in the level of speech: it follows within half a second.
const SHARE: f32 = 0.04;
/// Samples from here on are cut off.
const FULL_SCALE: u16 = 32_600;

/// Meters of one leg; nothing is known before it has been heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Meter {
    speech: Option<f32>,
    noise: Option<f32>,
    /// Frames with samples at full scale.
    clipped: u64,
}

impl Meter {
    /// Takes in one frame of real audio, and says whether it is speech and no noise.
    pub(crate) fn tick(&mut self, level: Dbov, samples: &[i16]) -> bool {
        let db = f32::from(level.db());
        let noise = self.noise.map_or(db, |noise| db.min(noise + RISE));
        self.noise = Some(noise);
        let is_speech = db >= noise + OVER_NOISE;
        if is_speech {
            let speech = self.speech.unwrap_or(db);
            self.speech = Some(speech + SHARE * (db - speech));
            self.clipped += u64::from(samples.iter().any(|sample| sample.unsigned_abs() >= FULL_SCALE));
        }
        is_speech
    }

    /// The peer says how loud its noise is.
    pub(crate) fn told(&mut self, noise: Dbov) {
        self.noise = Some(f32::from(noise.db()));
    }

    /// Level of speech, dBov.
    pub(crate) fn speech_dbov(&self) -> Option<i8> {
        self.speech.map(|db| db.round() as i8)
    }

    /// Level of the noise between words, dBov; full scale before it is known.
    pub(crate) fn noise(&self) -> f32 {
        self.noise.unwrap_or(0.0)
    }

    /// Level of the noise between words, dBov.
    pub(crate) fn noise_dbov(&self) -> Option<i8> {
        self.noise.map(|db| db.round() as i8)
    }

    /// Time with samples at full scale, ms.
    pub(crate) const fn clipped_ms(&self) -> u64 {
        self.clipped * 20
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_and_the_noise_between_words_are_told_apart() {
        let mut meter = Meter::default();
        assert_eq!((meter.speech_dbov(), meter.noise_dbov()), (None, None));
        for n in 0..500 {
            let level = if n % 50 < 30 { -20 } else { -62 };
            meter.tick(Dbov::new(level), &[100; 160]);
        }
        assert_eq!((meter.speech_dbov(), meter.clipped_ms()), (Some(-20), 0));
        assert!((-62..=-61).contains(&meter.noise_dbov().unwrap()));
    }

    #[test]
    fn noise_that_was_told_holds_until_less_is_heard() {
        let mut meter = Meter::default();
        meter.told(Dbov::new(-55));
        assert_eq!(meter.noise_dbov(), Some(-55));
        meter.tick(Dbov::new(-70), &[10; 160]);
        assert_eq!((meter.noise_dbov(), meter.speech_dbov()), (Some(-70), None));
        meter.told(Dbov::new(-62));
        assert_eq!(meter.noise_dbov(), Some(-62));
    }

    #[test]
    fn frames_at_full_scale_are_counted_once_each() {
        let mut meter = Meter::default();
        meter.tick(Dbov::new(-70), &[0; 160]);
        for sample in [i16::MAX, i16::MIN, 32_000, 32_600] {
            meter.tick(Dbov::new(-1), &[sample; 160]);
        }
        assert_eq!(meter.clipped_ms(), 60);
    }
}
