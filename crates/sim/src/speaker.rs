//! What a phone says: a talker's mark while talk is asked for, else silence or the faint noise of a quiet room.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::mark::Voice;

/// What those say who do not talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Idle {
    /// Even noise at −70 dBov, as a quiet room has it
    Noise,
    /// Digital silence
    Silence,
    /// Noise as loud as speech, −30 dBov: everybody talks at once, and only packets can be judged
    Babble,
}

/// Whether talk has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    Talk,
}

/// Noise of this peak, evenly spread, has −70 dBov: 32768 · 10^(−70/20) · √3.
const NOISE_PEAK: u32 = 18;
/// The same for −30 dBov.
const BABBLE_PEAK: u32 = 1_795;

/// See the module.
#[derive(Debug)]
pub(crate) struct Speaker {
    voice: Option<Voice>,
    idle: Idle,
    random: ChaCha8Rng,
}

impl Speaker {
    /// `voice` is there for talkers.
    pub(crate) fn new(voice: Option<Voice>, idle: Idle, seed: u64) -> Self {
        Self {
            voice,
            idle,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The samples from number `first` of the run on.
    pub(crate) fn say(&mut self, first: u64, count: usize, when: When) -> Vec<i16> {
        match (&self.voice, when) {
            (Some(voice), When::Talk) => (first..first + count as u64).map(|at| voice.sample(at)).collect(),
            (Some(_) | None, _) => self.rest(count),
        }
    }

    /// An edge of the upper tone that begins with sample `at`.
    pub(crate) fn edge(&self, at: u64) -> Option<bool> {
        self.voice.as_ref()?.edge(at)
    }

    /// What is said while there is nothing to say.
    pub(crate) fn rest(&mut self, count: usize) -> Vec<i16> {
        let peak = match self.idle {
            Idle::Silence => return vec![0; count],
            Idle::Noise => NOISE_PEAK,
            Idle::Babble => BABBLE_PEAK,
        };
        let mut noise = || (self.random.next_u32() % (2 * peak + 1)) as i16 - peak as i16;
        (0..count).map(|_| noise()).collect()
    }
}

/// Louder than this is taken for a voice, dBov.
const VOICE: f64 = -50.0;

/// The level of these samples as a packet tells it: dBov without its sign, and above it the flag for a voice (RFC 6464, section 3).
pub(crate) fn level(samples: &[i16]) -> u8 {
    let power = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum::<f64>();
    let mean = power / samples.len().max(1) as f64;
    let dbov = (10.0 * (mean / 32_767.0_f64.powi(2)).log10()).clamp(-127.0, 0.0);
    let flag = if dbov > VOICE { 0x80 } else { 0 };
    flag | (-dbov).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::{Marks, Talk};

    #[test]
    fn noise_has_minus_seventy_dbov_babble_minus_thirty_and_silence_none() {
        for (idle, level) in [(Idle::Noise, -70.0), (Idle::Babble, -30.0)] {
            let noise = Speaker::new(None, idle, 1).say(0, 8_000, When::Before);
            let power = noise.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 8_000.0;
            let dbov = 10.0 * (power / 32_768.0_f64.powi(2)).log10();
            assert!((dbov - level).abs() < 1.0, "{dbov}");
        }
        assert_eq!(
            Speaker::new(None, Idle::Silence, 1).say(0, 160, When::Talk),
            [0; 160]
        );
    }

    #[test]
    fn levels_are_told_with_their_sign_left_out() {
        for (sample, byte) in [
            (0, 127),
            (1, 90),
            (32, 60),
            (104, 0x80 | 50),
            (3_277, 0x80 | 20),
            (i16::MIN, 0x80),
        ] {
            assert_eq!(level(&[sample; 160]), byte, "{sample}");
        }
        assert_eq!(level(&[]), 127);
    }

    #[test]
    fn a_talker_talks_from_the_moment_that_is_asked_for() {
        let marks = Marks {
            talkers: 1,
            talk: Talk::Always,
            seed: 1,
        };
        let mut speaker = Speaker::new(Some(Voice::new(marks, 0, 8000)), Idle::Silence, 1);
        assert_eq!(speaker.say(0, 160, When::Before), [0; 160]);
        assert!(
            speaker
                .say(16_000, 160, When::Talk)
                .iter()
                .any(|sample| *sample > 1_000)
        );
    }
}
