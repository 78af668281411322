//! RTCP of a leg: what the peer reports, and what we do.

use std::net::SocketAddr;
use std::time::Instant;

use super::{ComfortNoise, Leg, is_reachable};
use crate::rtcp::{ROOM, Report, SenderInfo, parse};

impl Leg {
    /// Takes a datagram of the RTCP socket. Strangers and malformed datagrams are dropped and counted; BYE is counted
    /// and ends nothing, because signalling says when a call is over.
    pub fn on_rtcp(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        if !self.report_source.may_be_peer(from, self.learnt) {
            self.quality.foreign += 1;
            return;
        }
        let Some(digest) = parse(datagram, self.ssrc) else {
            self.quality.malformed += 1;
            return;
        };
        let followed = self.stream.ssrc();
        let known = followed == Some(digest.sender);
        if !self.report_source.admit(from, self.learnt, known) {
            self.quality.foreign += 1;
            return;
        }
        self.quality.rtcp_received += 1;
        self.quality.rtcp_byes += u64::from(digest.goodbye);
        if known && self.session.comfort_noise != ComfortNoise::No {
            self.watch.alive(now);
        }
        if digest.block.is_some() {
            self.watch.reported_on();
        }
        self.reporter.heard(now, &self.clock, &digest, followed);
    }

    /// Sends a report when one is due (RFC 3550, section 6.2); cheap when none is. Obeys the guard against unanswered
    /// sending.
    pub fn rtcp(&mut self, now: Instant, wire: &mut dyn FnMut(SocketAddr, &[u8])) {
        if self.reporter.is_due(now) {
            self.report(now, false, wire);
        }
    }

    /// Says goodbye: a last report with BYE (RFC 3550, section 6.6).
    pub fn goodbye(&mut self, now: Instant, wire: &mut dyn FnMut(SocketAddr, &[u8])) {
        self.report(now, true, wire);
    }

    fn report(&mut self, now: Instant, goodbye: bool, wire: &mut dyn FnMut(SocketAddr, &[u8])) {
        let peer = self.report_source.peer();
        if !is_reachable(peer) || !self.watch.may_send(now, self.session.remote_held) {
            return;
        }
        let report = Report {
            ssrc: self.ssrc,
            info: self.sender_info(now),
            block: self.reporter.block(now, &self.stream, self.jitter.value()),
            cname: &self.cname,
            goodbye,
        };
        let mut room = [0; ROOM];
        let length = report.write(&mut room);
        self.quality.rtcp_sent += 1;
        wire(peer, &room[..length]);
    }

    fn sender_info(&mut self, now: Instant) -> Option<SenderInfo> {
        let (packets, bytes) = self.sender.totals();
        self.reporter.is_sender(packets).then(|| SenderInfo {
            ntp: self.clock.ntp(now),
            timestamp: self.sender.timestamp(),
            packets,
            bytes,
        })
    }
}
