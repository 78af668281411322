//! How long the peer has been silent on the wire, and whether it ever answered.

use std::time::Instant;

use super::config::MediaTimeouts;
use super::event::MediaLoss;

/// Watches one peer.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Watch {
    /// Whether this address ever answered, by RTP or by a report on what we send.
    answered: bool,
    /// Whether any packet ever came.
    heard: bool,
    told: bool,
    /// The last packet, or the last change of what is expected.
    quiet_since: Instant,
    timeouts: MediaTimeouts,
    /// Since when this address is sent to.
    target_since: Instant,
}

impl Watch {
    pub(super) const fn new(timeouts: MediaTimeouts, now: Instant) -> Self {
        Self {
            timeouts,
            target_since: now,
            answered: false,
            heard: false,
            quiet_since: now,
            told: false,
        }
    }

    /// An RTP packet of the peer came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = true;
        self.answered = true;
        self.quiet_since = now;
        self.told = false;
    }

    /// A peer that may be silent showed otherwise that it is there.
    pub(super) fn alive(&mut self, now: Instant) {
        if self.heard {
            self.quiet_since = now;
            self.told = false;
        }
    }

    /// A report came that names our source: the peer gets what we send.
    pub(super) fn reported_on(&mut self) {
        self.answered = true;
    }

    /// Signalling changed what is expected: limits count from here.
    pub(super) fn session_changed(&mut self, now: Instant) {
        self.quiet_since = now;
        self.told = false;
    }

    /// Signalling named another address: it has to answer anew.
    pub(super) fn target_changed(&mut self, now: Instant) {
        self.target_since = now;
        self.answered = false;
    }

    /// Whether sending is not (any more) sending into the dark.
    pub(super) fn may_send(&self, now: Instant, held: bool) -> bool {
        let since = now.saturating_duration_since(self.target_since);
        self.answered || held || since < self.timeouts.unanswered_send
    }

    /// The limit passed at `now`, once. `expected` tells whether the peer is to send at all.
    pub(super) fn lost(&mut self, now: Instant, expected: bool) -> Option<MediaLoss> {
        let (which, limit) = match (expected, self.heard) {
            (false, _) => (MediaLoss::Hold, self.timeouts.hold),
            (true, false) => (MediaLoss::First, self.timeouts.first),
            (true, true) => (MediaLoss::Steady, self.timeouts.steady),
        };
        let passed = now.saturating_duration_since(self.quiet_since) >= limit;
        if !passed || self.told {
            return None;
        }
        self.told = true;
        Some(which)
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_silence_is_told_once_with_its_own_limit() {
        let epoch = Instant::now();
        let at = |s| epoch + Duration::from_secs(s);
        let mut watch = Watch::new(MediaTimeouts::default(), epoch);
        // Who never sent audio must do so, whatever else comes.
        watch.alive(at(20));
        assert_eq!(watch.lost(at(29), true), None);
        assert_eq!(watch.lost(at(30), true), Some(MediaLoss::First));
        assert_eq!(watch.lost(at(31), true), None);
        watch.heard(at(40));
        assert_eq!(watch.lost(at(99), true), None);
        assert_eq!(watch.lost(at(100), true), Some(MediaLoss::Steady));
        watch.alive(at(105));
        assert_eq!(watch.lost(at(164), true), None);
        assert_eq!(watch.lost(at(165), true), Some(MediaLoss::Steady));
        watch.session_changed(at(110));
        assert_eq!(watch.lost(at(1_909), false), None);
        assert_eq!(watch.lost(at(1_910), false), Some(MediaLoss::Hold));
    }

    #[test]
    fn an_address_that_does_not_answer_is_sent_to_for_five_seconds() {
        let epoch = Instant::now();
        let at = |s| epoch + Duration::from_secs(s);
        let mut watch = Watch::new(MediaTimeouts::default(), epoch);
        assert!(watch.may_send(at(4), false));
        assert!(!watch.may_send(at(5), false));
        assert!(watch.may_send(at(5), true));
        watch.reported_on();
        assert!(watch.may_send(at(5), false));
        watch.target_changed(at(6));
        assert!(watch.may_send(at(10), false));
        assert!(!watch.may_send(at(11), false));
        watch.heard(at(12));
        assert!(watch.may_send(at(100), false));
    }
}
