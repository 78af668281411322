//! How a sound goes on. Speech changes from syllable to syllable and has pauses; music, tones and the roar of machines have neither.
//!
//! Three measures, means over the last seconds of what was heard:
//! - *steady*: how alike the spectra are 100 ms apart, where it is loud. Notes are held for longer than that, syllables are not.
//! - *pauses*: the share of time far below the mean loudness.
//! - *swing*: how far the loudness is from its mean. It is what tells that noise, whose spectrum is no more alike than that of speech,
//!   is none.
//!
//! Speech, spoken without a breath or with noise 5 dB below it, has 0.2 to 0.6, music 0.6 to 0.9 of the first; a tone has 1.

use crate::frame::Rate;
use crate::level::Dbov;
use crate::spectrum::{BANDS, Spectrum};

/// Ticks between two looks at the spectrum: 100 ms.
const LOOK: u8 = 5;
/// Ticks that the means reach back: five seconds; and looks at loud sound: the same, where not all is loud.
const MEMORY: u16 = 250;
const LOOKS: u16 = 40;
/// Share of one look in the hasty mean: it reaches back for a second and a half.
const HASTE: f32 = 0.067;
/// Looks at loud sound before anything is said of it: two seconds.
const FEW: u16 = 20;
/// Mean power from which on it is looked at, −53 dBov, and from which on it disturbs, −45 dBov.
const LOOKED_AT: f32 = 5e-6;
const DISTURBING: f32 = 3.16e-5;
/// Least mean power, which keeps the arithmetic from ever smaller numbers.
const LEAST: f32 = 1e-9;
/// Power over the mean one of what is a pause, −15 dB, and of what is loud, −10 dB.
const PAUSE: f32 = 0.0316;
const LOUD: f32 = 0.1;
/// Most that one frame counts as swing, in dB.
const MOST_SWING: f32 = 20.0;

/// Speech has more pauses than this, unless there is noise in them.
const FEW_PAUSES: f32 = 0.12;
/// Steadier than this is no speech; by the hasty mean, for which speech at times passes that, this.
const STEADY: f32 = 0.62;
const STEADY_NOW: f32 = 0.7;
/// Less swing than this is no speech, in dB.
const LITTLE_SWING: f32 = 1.5;
/// Ticks of sound that is no speech, less twice those of other sound, after which it is suspected: 15 s, and what the means take. The
/// suspicion is over when they are used up.
const PATIENCE: u16 = 750;

/// The texture of what one leg says.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Texture {
    /// Ticks until the next look.
    next_look: u8,
    suspected: bool,
    /// Ticks heard and looks taken, as far as they matter.
    ticks: u16,
    looks: u16,
    /// Mean power, 1 at 0 dBov.
    power: f32,
    streak: u16,
    steady: f32,
    steady_now: f32,
    pauses: f32,
    swing: f32,
    spectrum: Spectrum,
    before: [f32; BANDS],
}

impl Texture {
    /// Of a leg that has said nothing yet.
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            spectrum: Spectrum::new(rate),
            before: [0.0; BANDS],
            next_look: 0,
            ticks: 0,
            looks: 0,
            power: LEAST,
            steady: 0.0,
            steady_now: 0.0,
            pauses: 0.0,
            swing: 0.0,
            streak: 0,
            suspected: false,
        }
    }

    /// Takes in one frame of real audio.
    pub(crate) fn hear(&mut self, level: Dbov, samples: &[i16], rate: Rate) {
        let power = if level < Dbov::AUDIBLE { 0.0 } else { level.power() };
        self.measure(power);
        if self.is_look() {
            self.look(power, samples, rate);
        }
        self.judge();
    }

    /// Takes in a tick in which the leg is known to be silent.
    pub(crate) fn pause(&mut self) {
        self.measure(0.0);
        if self.is_look() {
            self.before = [0.0; BANDS];
        }
        self.judge();
    }

    /// Whether it is loud and changes as speech does. False before enough was heard.
    pub(crate) fn is_speech(&self) -> bool {
        let changes = self.steady < STEADY && self.steady_now < STEADY_NOW && self.swing > LITTLE_SWING;
        self.looks >= FEW && changes && !self.suspected
    }

    /// Whether it has gone on for long without what makes speech.
    pub(crate) const fn is_suspected(&self) -> bool {
        self.suspected
    }

    fn measure(&mut self, power: f32) {
        if power == 0.0 && self.power <= LEAST {
            return;
        }
        self.ticks = (self.ticks + 1).min(MEMORY);
        let share = 1.0 / f32::from(self.ticks);
        self.power = (self.power + share * (power - self.power)).max(LEAST);
        let is_pause = power < self.power * PAUSE;
        follow(&mut self.pauses, f32::from(u8::from(is_pause)), share);
        let swing = if power > 0.0 {
            (10.0 * (power / self.power).log10()).abs()
        } else {
            MOST_SWING
        };
        follow(&mut self.swing, swing.min(MOST_SWING), share);
    }

    fn is_look(&mut self) -> bool {
        let is_look = self.next_look == 0;
        self.next_look = if is_look { LOOK - 1 } else { self.next_look - 1 };
        is_look && self.power >= LOOKED_AT
    }

    fn look(&mut self, power: f32, samples: &[i16], rate: Rate) {
        let now = self.spectrum.of(samples, rate);
        let before = std::mem::replace(&mut self.before, now);
        if power >= self.power * LOUD {
            self.looks = (self.looks + 1).min(LOOKS);
            let alike = alike(&now, &before);
            follow(&mut self.steady, alike, 1.0 / f32::from(self.looks));
            follow(&mut self.steady_now, alike, HASTE);
        }
    }

    fn judge(&mut self) {
        let is_known = self.ticks == MEMORY && self.looks >= FEW && self.power >= DISTURBING;
        let held = self.steady >= STEADY && self.pauses < FEW_PAUSES;
        if is_known && (held || self.swing < LITTLE_SWING) {
            self.streak = (self.streak + 1).min(PATIENCE);
            self.suspected |= self.streak == PATIENCE;
        } else {
            self.streak = self.streak.saturating_sub(2);
            self.suspected &= self.streak > 0;
        }
    }
}

/// Moves a mean by `share` of the way to `value`.
fn follow(mean: &mut f32, value: f32, share: f32) {
    *mean += share * (value - *mean);
}

/// How alike two spectra are, whatever their loudness: 1 for the same, 0 for those that have nothing in common.
fn alike(a: &[f32; BANDS], b: &[f32; BANDS]) -> f32 {
    let product = |a: &[f32; BANDS], b: &[f32; BANDS]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let whole = (product(a, a) * product(b, b)).sqrt();
    if whole > 0.0 { product(a, b) / whole } else { 0.0 }
}
