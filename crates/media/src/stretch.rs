//! Longer or shorter audio without a click: a piece is cut out or played twice where the signal is most like itself,
//! and the seam is cross-faded.

use crate::conceal::likeness;

/// Length of the cross-fade, in ms.
const FADE_MS: usize = 5;
/// Pieces that can be taken out of, or put into, audio that is not silent.
const PIECE_MS: (usize, usize) = (3, 15);

/// Cuts and repeats pieces of audio of one rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    per_ms: usize,
}

impl Stretch {
    /// For audio of `hz` samples a second.
    pub(crate) const fn new(hz: u32) -> Self {
        Self {
            per_ms: hz as usize / 1_000,
        }
    }

    /// Length of the cross-fade, in samples.
    pub(crate) const fn fade(self) -> usize {
        FADE_MS * self.per_ms
    }

    /// Longest piece, in samples.
    pub(crate) const fn longest(self) -> usize {
        PIECE_MS.1 * self.per_ms
    }

    /// The length of the piece at the front of `audio`, at most `longest`, that could go or come twice with the least
    /// harm, and how alike the seam is (1 is the same). Needs [`Self::longest`] + [`Self::fade`] samples.
    ///
    /// Wider bands are searched on the grid of 8 kHz first, and about the best place found there sample by sample: the cost stays
    /// near that of 8 kHz.
    pub(crate) fn piece(self, audio: &[i16], longest: usize) -> (usize, f32) {
        let (least, most) = (PIECE_MS.0 * self.per_ms, longest.min(self.longest()));
        let grid = (self.per_ms / 8).max(1);
        let (about, _) = self.best(audio, (least..=most).step_by(grid), grid);
        let near = about.saturating_sub(grid - 1).max(least)..=(about + grid - 1).min(most.max(least));
        self.best(audio, near, 1)
    }

    /// The best of `lengths`, comparing every `grid`th sample.
    fn best(self, audio: &[i16], lengths: impl Iterator<Item = usize>, grid: usize) -> (usize, f32) {
        let fade = self.fade();
        let mut best = (PIECE_MS.0 * self.per_ms, f32::MIN);
        for length in lengths {
            let score = likeness(&audio[..fade], &audio[length..length + fade], grid);
            if score >= best.1 {
                best = (length, score);
            }
        }
        best
    }

    /// Fills `out` from `audio` with the first `piece` samples taken out: consumes `out.len() + piece` samples.
    pub(crate) fn shorten(self, audio: &[i16], piece: usize, out: &mut [i16]) {
        out.copy_from_slice(&audio[piece..piece + out.len()]);
        fade_over(&audio[..self.fade()], &mut out[..self.fade()]);
    }

    /// Fills `out` from `audio` with the first `piece` samples played twice: consumes `out.len() - piece` samples.
    /// `piece` + [`Self::fade`] must not pass `out.len()`.
    pub(crate) fn lengthen(self, audio: &[i16], piece: usize, out: &mut [i16]) {
        let (first, rest) = out.split_at_mut(piece);
        first.copy_from_slice(&audio[..piece]);
        rest.copy_from_slice(&audio[..rest.len()]);
        fade_over(&audio[piece..piece + self.fade()], &mut rest[..self.fade()]);
    }
}

/// Fades from `old` into what is in `new`.
fn fade_over(old: &[i16], new: &mut [i16]) {
    let whole = new.len() as i32 + 1;
    for ((n, new), &old) in (1..).zip(new.iter_mut()).zip(old) {
        *new = ((i32::from(old) * (whole - n) + i32::from(*new) * n) / whole) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 50 ms at `rate` samples a second.
    fn tone(hz: f64, rate: u32) -> Vec<i16> {
        (0..rate / 20)
            .map(|n| (f64::from(n) * hz * std::f64::consts::TAU / f64::from(rate)).sin() * 10_000.0)
            .map(|x| x as i16)
            .collect()
    }

    fn biggest_jump(samples: &[i16]) -> i32 {
        let steps = samples
            .windows(2)
            .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_tone_keeps_its_steps_when_it_is_cut_and_when_it_is_repeated() {
        for rate in [8_000, 16_000, 48_000] {
            let stretch = Stretch::new(rate);
            let tick = rate as usize / 50;
            for hz in [100.0, 150.0, 440.0, 1_000.0, 2_345.0] {
                let audio = tone(hz, rate);
                let natural = biggest_jump(&audio);
                let (piece, score) = stretch.piece(&audio, stretch.longest());
                assert!(score > 0.95, "{hz} Hz at {rate}: {score}");
                let mut out = vec![0; tick];
                stretch.shorten(&audio, piece, &mut out);
                let whole = [&out[..], &audio[tick + piece..]].concat();
                assert!(
                    biggest_jump(&whole) <= natural * 21 / 20 + 2,
                    "{hz} Hz at {rate} cut"
                );
                stretch.lengthen(&audio, piece, &mut out);
                let whole = [&out[..], &audio[tick - piece..]].concat();
                assert!(
                    biggest_jump(&whole) <= natural * 21 / 20 + 2,
                    "{hz} Hz at {rate} repeated"
                );
            }
        }
    }
}
