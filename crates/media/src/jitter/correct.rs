//! The delay is corrected: a piece is cut out of what is played, or repeated.

use super::Player;
use crate::frame::Frame;
use crate::level::Dbov;

/// Ticks that a correction waits for silence before it is made in speech.
const PATIENCE: u32 = 25;
/// Ticks between corrections in speech.
const COOL_DOWN: u32 = 3;
/// Likeness at the seam that a correction in speech needs.
const ALIKE: f32 = 0.7;
/// Left above the target where a whole packet less would do, ms: a way that was uneven may be so again. Once there was [`CALM`] it is not
/// left any more, and the delay is what it would be from the start.
const MARGIN_MS: i64 = 6;
/// Ticks in which no packet was missing and the delay was long enough: thirty seconds.
const CALM: u32 = 1_500;
/// So much too long does not wait for silence, ms.
const URGENT_MS: i64 = 60;

/// How the delay is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Correction {
    None,
    Shorten { by: Piece },
    Lengthen { by: Piece },
}

/// Which piece is cut or repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// So many samples, in silence.
    Exactly(i64),
    /// What fits the signal best.
    Alike,
    /// The same, at most so many samples, and none that does not fit: they do no harm but to the delay.
    Idle { longest: i64 },
}

impl Player {
    /// Gives the tick, longer or shorter where the delay is wrong. `out` is silent.
    pub(super) fn correct(&mut self, now: i64, out: &mut Frame) {
        let cut = match self.wanted(now) {
            Correction::None => 0,
            Correction::Shorten { by } => self.shorten(by, out.samples_mut()),
            Correction::Lengthen { by } => self.lengthen(by, out.samples_mut()),
        };
        if cut != 0 {
            self.patience = PATIENCE - COOL_DOWN;
        } else if !self.fifo.is_silent() {
            out.samples_mut()
                .copy_from_slice(&self.fifo.samples()[..self.tick]);
        }
        self.fifo.consume((self.tick as i64 + cut) as usize);
    }

    fn wanted(&mut self, now: i64) -> Correction {
        let quiet = self.is_quiet();
        if self.invented || !self.playing {
            return Correction::None;
        }
        let grid = self.grid();
        let lag = self.lag(now);
        let is_calm = self.calm > CALM;
        let offset = (self.newest.0 - (now - self.delay.base() - lag)).rem_euclid(grid);
        let spare = lag - (offset + self.tick as i64 - grid) - self.target();
        let ms = self.hz / 1_000;
        let margin = if is_calm { 0 } else { MARGIN_MS * ms };
        let (short, long) = (spare < 0, spare >= grid + margin);
        // What lies off the grid is delay that protects no packet: it can go at no cost.
        let idle = !short && !long && offset > if quiet { 2 * ms } else { 6 * ms };
        let idle = idle && (quiet || is_calm || spare + offset > grid + margin);
        if !short && !long && !idle {
            self.patience = 0;
            return Correction::None;
        }
        self.patience += 1;
        let urgent = self.patience > PATIENCE || spare > grid + URGENT_MS * ms;
        let by = match (quiet, short) {
            (true, true) => Piece::Exactly(grid - offset),
            (true, false) if idle => Piece::Exactly(offset),
            (true, false) => Piece::Exactly(offset + grid),
            (false, _) if urgent && idle => Piece::Idle { longest: offset },
            (false, _) if urgent => Piece::Alike,
            (false, _) => return Correction::None,
        };
        if short {
            self.calm = 0;
            Correction::Lengthen { by }
        } else {
            Correction::Shorten { by }
        }
    }

    /// Whether the tick is a pause between words, where a seam of any length goes unheard.
    fn is_quiet(&mut self) -> bool {
        let level = if self.fifo.is_silent() {
            Dbov::SILENCE
        } else {
            Dbov::of(&self.fifo.samples()[..self.tick])
        };
        let level = f32::from(level.db());
        self.floor = level.max(-90.0).min(self.floor + 0.02);
        level <= (self.floor + 4.0).clamp(-60.0, -36.0)
    }

    /// Takes a piece out; returns its length, 0 when there was none to take.
    fn shorten(&mut self, by: Piece, out: &mut [i16]) -> i64 {
        let needed = self.tick + self.longest(by);
        while self.fifo.len() < needed && self.slots.oldest().is_some_and(|s| s.timestamp <= self.fetch) {
            self.take_oldest();
        }
        if self.fifo.len() < needed {
            return 0;
        }
        let Some(piece) = self.piece(by) else {
            return 0;
        };
        self.stretch.shorten(self.fifo.samples(), piece, out);
        self.tally.shortened += piece as u64;
        piece as i64
    }

    /// Plays a piece twice; returns its length, negative, 0 when none fits.
    fn lengthen(&mut self, by: Piece, out: &mut [i16]) -> i64 {
        let Some(piece) = self.piece(by) else {
            return 0;
        };
        self.stretch.lengthen(self.fifo.samples(), piece, out);
        self.tally.stretched += piece as u64;
        -(piece as i64)
    }

    /// Most samples that a piece may have.
    fn longest(&self, by: Piece) -> usize {
        let longest = match by {
            Piece::Exactly(length) | Piece::Idle { longest: length } => usize::try_from(length).unwrap_or(0),
            Piece::Alike => usize::MAX,
        };
        longest.clamp(1, self.stretch.longest())
    }

    fn piece(&mut self, by: Piece) -> Option<usize> {
        let longest = self.longest(by);
        let alike = |player: &Self| player.stretch.piece(player.fifo.samples(), longest);
        match by {
            Piece::Exactly(_) => Some(longest),
            Piece::Alike => {
                let (length, alike) = alike(self);
                (alike >= ALIKE || self.patience > 4 * PATIENCE).then_some(length)
            }
            Piece::Idle { .. } => {
                let (length, alike) = alike(self);
                // The next look can wait: it costs more than the delay.
                self.patience = 0;
                (alike >= ALIKE && length <= longest).then_some(length)
            }
        }
    }
}
