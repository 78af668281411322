//! What a phone hears of what comes.

use std::time::{Duration, Instant};

use super::Leg;
use crate::sdp;
use crate::tone::BLOCKS_A_SECOND;

impl Leg {
    /// Takes the payload of a packet. The one before it is had from its redundancy where it did not come, as phones do that ask for
    /// redundancy; it would have been played before this one.
    pub(super) fn hear(&mut self, now: Instant, timestamp: u32, payload: &[u8]) {
        let stamp = self.stamp(timestamp);
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        if let Some(before) = hearing.recover(payload, self.ear.missing_before(stamp)) {
            let count = before.len() as u32;
            let length = Duration::from_secs_f64(f64::from(count) / f64::from(self.speech.rate_hz()));
            let at = now.checked_sub(length).unwrap_or(now);
            self.ear.hear(at, stamp.wrapping_sub(count), before);
            self.recovered += 1;
        }
        self.ear.hear(now, stamp, hearing.decode(payload));
    }

    /// Takes a packet of comfort noise: silence goes on, or begins.
    pub(super) fn rest(&mut self, now: Instant, timestamp: u32) {
        self.noise += 1;
        let stamp = self.stamp(timestamp);
        if self.listens() {
            let silence = vec![0; (self.speech.rate_hz() / BLOCKS_A_SECOND) as usize];
            self.ear.hear(now, stamp, &silence);
        }
    }

    /// Whether the far end may leave silence unsent: phones of Opus have asked for it, the others it has told that it takes comfort noise.
    pub(crate) fn is_spared(&self) -> bool {
        let agreed = |far: sdp::Answer| self.speech.is_opus() || far.noise;
        self.plan.options.dtx_back && self.far.is_some_and(agreed)
    }

    /// The sample that a packet begins with, counted from the first one on: only differences of timestamps mean anything, and these don't
    /// wrap in a day.
    fn stamp(&mut self, timestamp: u32) -> u32 {
        let first = *self.first_stamp.get_or_insert(timestamp);
        self.speech.samples(timestamp.wrapping_sub(first))
    }
}
