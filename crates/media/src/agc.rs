//! Automatic gain: brings the voice of a leg near one level, slowly.
//!
//! What is levelled is speech, measured as the active speech level of ITU-T P.56, method B, means it: over words, with the short gaps within
//! them, and without the pauses between them. The gain moves only while the peer speaks, so that noise between words is never lifted; it stands
//! still for whatever is not speech. While music is suspected, what lifts the peer is taken back: who is lifted in his words and then puts the
//! meeting on hold is not to play his music so much louder. It is given back when he is heard as speech again.

use crate::level::Dbov;

/// Bounds of the gain, dB. ITU-T G.169 has 15 dB as the most for faint voices; loud ones are rarely more than 10 dB too loud.
const LEAST_DB: f32 = -10.0;
const MOST_DB: f32 = 15.0;
/// How fast the gain moves, dB a tick of speech: 3 dB a second, which nobody hears as pumping.
const STEP_DB: f32 = 0.06;
/// A gain that is wrong by no more than this is left alone, dB; once it moves, it moves to where it is right.
const TOLERANCE_DB: f32 = 2.0;
/// Noise between words is not lifted over this, dBov.
const MOST_NOISE_DBOV: f32 = -50.0;
/// Frames below this are no speech to go by, dBov.
const FAINTEST_DBOV: i8 = -50;
/// Frames this far below the level of speech are pauses, dB: the margin of P.56.
const MARGIN_DB: f32 = 15.9;
/// Ticks after a word that still belong to it: the hangover of P.56, 200 ms.
const HANGOVER: u8 = 10;
/// Ticks of speech that the level reaches back: four seconds; and how many there must be before the gain moves.
const MEMORY: u16 = 200;
const FEW: u16 = 50;
/// Samples are lifted no higher than this: 1 dB below full scale.
const CEILING: f32 = 29_200.0;
/// How fast what was taken for that is given back, dB a tick: 12 dB a second.
const GIVEN_BACK_DB: f32 = 0.25;
/// How fast what lifts the peer is taken back while music is suspected, dB a tick: 6 dB a second.
const TAKEN_BACK_DB: f32 = 0.12;
/// By how much the level of speech falls in a tick in which all speech is too faint to count, dB: 3 dB a second.
const FORGET_DB: f32 = 0.06;

/// What a frame is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A word of the peer's own.
    Speech,
    /// Music, a tone or a machine, which it is suspected to be for long.
    Music,
    /// Nothing that is known.
    Neither,
}

/// The gain of one leg: what brings speech to its level, less what a shout or music takes.
#[derive(Debug)]
pub(crate) struct Agc {
    target: Option<Dbov>,
    /// Level of speech, dBov, and of how many ticks it was made.
    speech_dbov: f32,
    ticks: u16,
    hangover: u8,
    level_db: f32,
    /// What is taken from it for the moment, dB.
    taken_db: f32,
    moves: bool,
}

impl Agc {
    /// Brings speech to `target`; without one the gain is 0 dB for ever.
    pub(crate) const fn new(target: Option<Dbov>) -> Self {
        Self {
            target,
            speech_dbov: 0.0,
            ticks: 0,
            hangover: 0,
            level_db: 0.0,
            taken_db: 0.0,
            moves: false,
        }
    }

    /// The gain, dB.
    pub(crate) const fn gain_db(&self) -> f32 {
        self.level_db - self.taken_db
    }

    /// Takes in one frame of real audio: the gain is for it already. `taken` tells what it is taken for, `noise_dbov` what lies beneath it.
    pub(crate) fn hear(&mut self, level: Dbov, samples: &[i16], taken: Taken, noise_dbov: f32) {
        let Some(target) = self.target else { return };
        let is_word = taken == Taken::Speech && self.is_word(level);
        self.hangover = if is_word {
            HANGOVER
        } else {
            self.hangover.saturating_sub(1)
        };
        if self.hangover > 0 {
            self.measure(level);
        }
        if is_word {
            let right = f32::from(target.db()) - self.speech_dbov;
            let most = (MOST_NOISE_DBOV - noise_dbov).clamp(0.0, MOST_DB);
            self.approach(right.clamp(LEAST_DB, most));
        }
        self.lift_less(taken);
        self.make_room(samples);
    }

    /// Whether speech is loud enough to go by. Where all of it is much fainter than before, it will be.
    fn is_word(&mut self, level: Dbov) -> bool {
        let is_loud = level.db() >= FAINTEST_DBOV;
        let is_word = is_loud && (self.ticks == 0 || f32::from(level.db()) >= self.speech_dbov - MARGIN_DB);
        if is_loud && !is_word {
            self.speech_dbov -= FORGET_DB;
        }
        is_word
    }

    fn measure(&mut self, level: Dbov) {
        self.ticks = (self.ticks + 1).min(MEMORY);
        let mean = 10f32.powf(self.speech_dbov / 10.0);
        let mean = mean + (level.power() - mean) / f32::from(self.ticks);
        self.speech_dbov = 10.0 * mean.max(1e-9).log10();
    }

    fn approach(&mut self, right: f32) {
        let away = right - self.level_db;
        self.moves |= self.ticks >= FEW && away.abs() > TOLERANCE_DB;
        if self.moves {
            self.level_db += away.clamp(-STEP_DB, STEP_DB);
            self.moves = away.abs() > STEP_DB;
        }
    }

    /// Takes back what lifts music, and gives back what was taken from all else.
    fn lift_less(&mut self, taken: Taken) {
        self.taken_db = match taken {
            Taken::Music => (self.taken_db + TAKEN_BACK_DB).min(self.level_db.max(0.0)),
            Taken::Speech | Taken::Neither => (self.taken_db - GIVEN_BACK_DB).max(0.0),
        };
    }

    /// Takes back for a moment what would drive samples over full scale: who was faint may shout.
    fn make_room(&mut self, samples: &[i16]) {
        if self.level_db > 0.0 {
            let peak = samples
                .iter()
                .fold(1, |peak, sample| sample.unsigned_abs().max(peak));
            let room_db = 20.0 * (CEILING / f32::from(peak)).log10();
            self.taken_db = self.taken_db.max(self.level_db - room_db.max(0.0));
        }
    }
}
