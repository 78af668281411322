//! A mark that must not be heard: the listener's own, or one of another meeting.

use crate::tone::Phasor;

/// Blocks that are added with their phases, half a second: a steady tone stays, noise and passing edges average out.
const BLOCKS: u32 = 25;

/// Loudest that a mark was for half a second.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    sum: Phasor,
    blocks: u32,
    /// Peak amplitude, in steps of a sample.
    pub(crate) loudest: f32,
}

impl Presence {
    /// One block's carrier.
    pub(crate) fn block(&mut self, carrier: Phasor) {
        self.sum.re += carrier.re;
        self.sum.im += carrier.im;
        self.blocks += 1;
        if self.blocks == BLOCKS {
            let amplitude = self.sum.amplitude() / BLOCKS as f32;
            self.loudest = self.loudest.max(amplitude);
            (self.sum, self.blocks) = (Phasor::default(), 0);
        }
    }
}
