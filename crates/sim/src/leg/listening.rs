//! What a phone hears of what comes.

use std::time::{Duration, Instant};

use super::Leg;

impl Leg {
    /// Takes the payload of a packet. The one before it is had from its redundancy where it did not come, as phones do that ask for
    /// redundancy; it would have been played before this one.
    pub(super) fn hear(&mut self, now: Instant, timestamp: u32, payload: &[u8]) {
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        // From the first one on: only differences of timestamps mean anything, and these don't wrap in a day.
        let first = *self.first_stamp.get_or_insert(timestamp);
        let stamp = self.speech.samples(timestamp.wrapping_sub(first));
        if let Some(before) = hearing.recover(payload, self.ear.missing_before(stamp)) {
            let count = before.len() as u32;
            let length = Duration::from_secs_f64(f64::from(count) / f64::from(self.speech.rate_hz()));
            let at = now.checked_sub(length).unwrap_or(now);
            self.ear.hear(at, stamp.wrapping_sub(count), before);
            self.recovered += 1;
        }
        self.ear.hear(now, stamp, hearing.decode(payload));
    }
}
