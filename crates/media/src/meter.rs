//! Meters of what a leg says: how loud it is now, how loud it speaks, how loud it is when it does not, and whether it is cut off at full
//! scale. They go on while nobody is to hear the leg, from the few frames that are looked into then.

use crate::level::Dbov;

/// Audio this much over the noise is speech, in dB.
const OVER_NOISE: f32 = 10.0;
/// How fast the noise may rise, in dB a tick: 1 dB a second.
const RISE: f32 = 0.02;
/// Share of a new frame in the level of speech: it follows within half a second.
const SHARE: f32 = 0.04;
/// How fast the level of now falls, in dB a tick: 25 dB a second, so that who looks once a second sees the last word.
const FALL: f32 = 0.5;
/// What is assumed of noise that is not known, dBov.
const QUIETEST: f32 = -127.0;
/// Samples from here on are cut off. It is the largest that µ-law has, which is less than that of any other codec.
const FULL_SCALE: u16 = 32_124;

/// A frame of a leg that is only looked into; it stands for all since the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    level: Dbov,
    clips: bool,
    ticks: u8,
}

impl Glance {
    /// A look at `samples`, for as many ticks.
    pub(crate) fn of(samples: &[i16], ticks: u8) -> Self {
        Self {
            level: Dbov::of(samples),
            clips: clips(samples),
            ticks,
        }
    }

    /// Whether there is something to hear.
    pub(crate) fn is_audible(self) -> bool {
        self.level >= Dbov::AUDIBLE
    }
}

fn clips(samples: &[i16]) -> bool {
    samples.iter().any(|sample| sample.unsigned_abs() >= FULL_SCALE)
}

/// Meters of one leg; nothing is known before it has been heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Meter {
    /// How loud it is now; falls slowly.
    level: Option<f32>,
    speech: Option<f32>,
    noise: Option<f32>,
    /// Frames with samples at full scale.
    clipped: u64,
}

impl Meter {
    /// Takes in one frame of real audio, and says whether it is speech and no noise.
    pub(crate) fn tick(&mut self, level: Dbov, samples: &[i16]) -> bool {
        self.take(level, 1, || clips(samples))
    }

    /// Takes in a look at a leg that nobody is to hear.
    pub(crate) fn glance(&mut self, glance: Glance) {
        self.take(glance.level, glance.ticks, || glance.clips);
    }

    /// Takes in a tick in which the peer is known to be silent: the level falls to that of the noise.
    pub(crate) fn pause(&mut self) {
        let noise = self.noise.unwrap_or(QUIETEST);
        self.level = self.level.map(|level| (level - FALL).max(noise));
    }

    /// Takes in a level that stands for so many ticks.
    fn take(&mut self, level: Dbov, ticks: u8, clips: impl FnOnce() -> bool) -> bool {
        let (db, time) = (f32::from(level.db()), f32::from(ticks));
        self.level = Some(self.level.map_or(db, |before| db.max(before - FALL * time)));
        let noise = self.noise.map_or(db, |noise| db.min(noise + RISE * time));
        self.noise = Some(noise);
        let is_speech = db >= noise + OVER_NOISE;
        if is_speech {
            let speech = self.speech.unwrap_or(db);
            let share = 1.0 - (1.0 - SHARE).powi(i32::from(ticks));
            self.speech = Some(speech + share * (db - speech));
            self.clipped += u64::from(ticks) * u64::from(clips());
        }
        is_speech
    }

    /// The peer says how loud its noise is.
    pub(crate) fn told(&mut self, noise: Dbov) {
        self.noise = Some(f32::from(noise.db()));
    }

    /// Level of now, dBov.
    pub(crate) fn level_dbov(&self) -> Option<i8> {
        self.level.map(|db| db.round() as i8)
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
    use crate::codec::g711;

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
    fn the_level_of_now_rises_at_once_and_falls_to_the_noise_within_two_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.level_dbov(), None);
        for (level, ticks, now) in [(-70, 1, -70), (-20, 1, -20), (-70, 50, -45), (-70, 50, -69)] {
            for _ in 0..ticks {
                meter.tick(Dbov::new(level), &[100; 160]);
            }
            let found = meter.level_dbov().unwrap();
            assert!((found - now).abs() <= 1, "{found} after {ticks} of {level}");
        }
        meter.tick(Dbov::new(-20), &[100; 160]);
        (0..200).for_each(|_| meter.pause());
        assert_eq!(meter.level_dbov(), meter.noise_dbov());
    }

    #[test]
    fn a_look_every_twenty_ticks_tells_what_all_frames_tell() {
        let (mut all, mut few) = (Meter::default(), Meter::default());
        for (level, sample) in [(-65, 50), (-30, 900), (-12, i16::MAX), (-30, 900)] {
            for n in 0..200 {
                all.tick(Dbov::new(level), &[sample; 160]);
                if n % 20 == 0 {
                    few.glance(Glance {
                        level: Dbov::new(level),
                        clips: clips(&[sample; 160]),
                        ticks: 20,
                    });
                }
            }
            let told = |meter: &Meter| [meter.level_dbov(), meter.speech_dbov(), meter.noise_dbov()];
            assert_eq!(told(&all)[..2], told(&few)[..2], "at {level}");
            let off = all.noise_dbov().unwrap() - few.noise_dbov().unwrap();
            assert!(off.abs() <= 1, "{:?} and {:?}", told(&all), told(&few));
            assert_eq!(all.clipped_ms(), few.clipped_ms(), "at {level}");
        }
        assert_eq!(few.clipped_ms(), 4_000);
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

    #[test]
    fn full_scale_is_what_each_law_makes_of_it() {
        for (encode, table) in [
            (g711::encode_ulaw as fn(&[i16], &mut [u8]), &g711::ULAW),
            (g711::encode_alaw, &g711::ALAW),
        ] {
            for (sample, is_cut) in [(i16::MAX, true), (-i16::MAX, true), (30_000, false)] {
                let (mut code, mut back) = ([0], [0]);
                encode(&[sample], &mut code);
                g711::decode(table, &code, &mut back);
                assert_eq!(clips(&back), is_cut, "{sample} becomes {back:?}");
            }
        }
    }
}
