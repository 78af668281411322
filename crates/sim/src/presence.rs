//! A mark that must not be heard: the listener's own, or one of another meeting.
//!
//! It counts by the fainter of its two tones: what coding makes of many other tones may fall on one of them, hardly on both.

use crate::tone::Phasor;

/// Blocks that are added with their phases, half a second: a steady tone stays, noise averages out.
const BLOCKS: u32 = 25;

/// Loudest that a mark was for half a second.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    sums: [Phasor; 2],
    blocks: u32,
    /// Peak amplitude, in steps of a sample.
    pub(crate) loudest: f32,
}

impl Presence {
    /// One block's carrier and upper tone.
    pub(crate) fn block(&mut self, tones: [Phasor; 2]) {
        for (sum, tone) in self.sums.iter_mut().zip(tones) {
            sum.re += tone.re;
            sum.im += tone.im;
        }
        self.blocks += 1;
        if self.blocks == BLOCKS {
            let [carrier, upper] = self.sums.map(|sum| sum.amplitude() / BLOCKS as f32);
            self.loudest = self.loudest.max(carrier.min(upper));
            (self.sums, self.blocks) = Default::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Phasor = Phasor { re: 300.0, im: 400.0 };

    #[test]
    fn a_mark_has_the_level_of_its_fainter_tone() {
        let mut presence = Presence::default();
        (0..25).for_each(|_| presence.block([LOUD, Phasor { re: 0.0, im: 5.0 }]));
        assert!((presence.loudest - 5.0).abs() < 0.01);
        (0..25).for_each(|_| presence.block([LOUD, LOUD]));
        assert!((presence.loudest - 500.0).abs() < 0.1);
    }

    #[test]
    fn what_has_no_steady_phase_averages_out() {
        let mut presence = Presence::default();
        for n in 0..50_u16 {
            let (im, re) = (f32::from(n) * 2.4).sin_cos();
            let tone = Phasor {
                re: re * 500.0,
                im: im * 500.0,
            };
            presence.block([tone, tone]);
        }
        assert!(presence.loudest < 50.0, "{}", presence.loudest);
    }
}
