//! RTCP of a phone's call: where it goes to, when, and what has been sent until then.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Leg, Stage};
use crate::rtcp::Sending;

impl Leg {
    /// Where the far end takes RTCP, and sends it from; none before an answer names it.
    pub(crate) fn rtcp(&self) -> Option<SocketAddr> {
        self.far?.rtcp
    }

    /// A datagram from there.
    pub(crate) fn on_rtcp(&mut self, now: Instant, datagram: &[u8]) {
        self.reports.handle_input(now, datagram);
    }

    /// The answer has come: from now on it reports, if there is anybody to report to.
    pub(super) fn begin_reports(&mut self, now: Instant) {
        if self.rtcp().is_some() {
            self.reports.begin(now);
        }
    }

    /// Reports when that is due.
    pub(super) fn report(&mut self, now: Instant) {
        let due = self.reports.poll_timeout().is_some_and(|due| due <= now);
        if due && self.stage == Stage::Up {
            let sending = self.sending(now);
            self.reports.report(now, sending);
        }
    }

    /// Says goodbye where there is anybody to say it to.
    pub(super) fn goodbye(&mut self, now: Instant) {
        if self.rtcp().is_some() {
            let sending = self.sending(now);
            self.reports.goodbye(now, sending);
        }
    }

    fn sending(&self, now: Instant) -> Sending {
        let due = self.due();
        let steps = |span: Duration| {
            let steps = span.as_micros() * u128::from(self.speech.clock_hz()) / 1_000_000;
            steps as u32
        };
        // The next packet's timestamp is that of the moment when it is due.
        let early = steps(due.saturating_duration_since(now));
        let late = steps(now.saturating_duration_since(due));
        Sending {
            packets: self.stream.packets,
            octets: self.stream.octets,
            timestamp: self.stream.stamp.wrapping_sub(early).wrapping_add(late),
        }
    }
}
