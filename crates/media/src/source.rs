//! Where media may come from and go to: the address of the SDP, or one learnt under strict rules.
//!
//! An address is learnt once, only with [`Latching::Symmetric`], only while the SDP address has been silent, only from
//! the host that signals, and only after [`STEADY`] packets in sequence of one source. Packets never redirect a stream
//! afterwards: only signalling does.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

use std::net::{IpAddr, SocketAddr};

use crate::leg::Latching;

/// Packets in sequence that make an address believable.
pub(crate) const STEADY: u8 = 8;
/// Addresses of the signalling host that are watched at a time.
const WATCHED: usize = 4;

/// An address on trial.
#[derive(Debug, Clone, Copy)]
struct Trial {
    from: SocketAddr,
    ssrc: u32,
    next: u16,
    count: u8,
}

/// What a packet's address means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// From the peer.
    Peer,
    /// From the peer, whose address has just been learnt.
    Learnt,
    /// From somebody else, or on trial.
    Foreign,
}

/// The rule for RTP.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Source {
    peer: SocketAddr,
    /// Whether the address in force was heard.
    settled: bool,
    latching: Latching,
    signalling: IpAddr,
    /// Others that are on trial until then.
    trials: [Option<Trial>; WATCHED],
}

impl Source {
    pub(crate) fn new(peer: SocketAddr, signalling: IpAddr, latching: Latching) -> Self {
        Self {
            peer,
            settled: false,
            latching,
            signalling: signalling.to_canonical(),
            trials: [None; WATCHED],
        }
    }

    /// The address media comes from and goes to.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether a packet has come from the address in force.
    pub(crate) fn settled(&self) -> bool {
        self.settled
    }

    /// Whether a datagram from this address can be of any use: strangers are turned away before their bytes are read.
    pub(crate) fn may_be_peer(&self, from: SocketAddr) -> bool {
        same(from, self.peer) || self.may_learn(from)
    }

    fn may_learn(&self, from: SocketAddr) -> bool {
        self.latching == Latching::Symmetric && !self.settled() && from.ip().to_canonical() == self.signalling
    }

    /// Judges a well-formed packet of a negotiated payload type.
    pub(crate) fn admit(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> Admission {
        if same(from, self.peer) {
            self.settled = true;
            return Admission::Peer;
        }
        if !self.may_learn(from) || !self.try_out(from, ssrc, sequence) {
            return Admission::Foreign;
        }
        self.peer = from;
        self.settled = true;
        Admission::Learnt
    }

    /// Signalling named an address. The same one as before keeps what was learnt.
    pub(crate) fn redirect(&mut self, peer: SocketAddr) {
        self.peer = peer;
        self.settled = false;
        self.trials = [None; WATCHED];
    }

    /// Counts a packet on trial; true at the one that proves it.
    fn try_out(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let trials = &mut self.trials;
        let known = trials.iter_mut().flatten().find(|t| t.from == from);
        if let Some(trial) = known {
            return trial.take(ssrc, sequence);
        }
        if let Some(free) = trials.iter_mut().find(|t| t.is_none()) {
            *free = Some(Trial {
                from,
                ssrc,
                next: sequence.wrapping_add(1),
                count: 1,
            });
        }
        false
    }
}

impl Trial {
    fn take(&mut self, ssrc: u32, sequence: u16) -> bool {
        let follows = self.ssrc == ssrc && self.next == sequence;
        self.count = if follows { self.count.saturating_add(1) } else { 1 };
        self.ssrc = ssrc;
        self.next = sequence.wrapping_add(1);
        self.count >= STEADY
    }
}

/// The rule for RTCP: the SDP's address, or, once RTP's has been learnt, the first sane report from RTP's host that
/// names the source we follow.
#[derive(Debug)]
pub(crate) struct ReportSource {
    peer: SocketAddr,
    settled: bool,
}

impl ReportSource {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self { peer, settled: false }
    }

    /// The address reports go to.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether a datagram from this address is worth reading. `learnt` is RTP's host, where it was learnt.
    pub(crate) fn may_be_peer(&self, from: SocketAddr, learnt: Option<IpAddr>) -> bool {
        same(from, self.peer) || (!self.settled && learnt == Some(from.ip().to_canonical()))
    }

    /// Judges a sane report; `known` tells whether it names the source we follow.
    pub(crate) fn admit(&mut self, from: SocketAddr, learnt: Option<IpAddr>, known: bool) -> bool {
        if same(from, self.peer) {
            self.settled = true;
            return true;
        }
        if !known || !self.may_be_peer(from, learnt) {
            return false;
        }
        *self = Self {
            peer: from,
            settled: true,
        };
        true
    }
}

/// Whether two addresses are one; a dual-stack socket shows IPv4 as mapped IPv6.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "10.0.0.5:4000";
    const NAT: &str = "203.0.113.9:61000";

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    fn source(latching: Latching) -> Source {
        Source::new(at(SDP), at(NAT).ip(), latching)
    }

    fn feed(source: &mut Source, from: &str, sequences: impl IntoIterator<Item = u16>) -> Vec<Admission> {
        sequences
            .into_iter()
            .map(|s| source.admit(at(from), 7, s))
            .collect()
    }

    #[test]
    fn the_eighth_packet_in_sequence_teaches_the_address() {
        let mut source = source(Latching::Symmetric);
        let admitted = feed(&mut source, NAT, 65_530..=65_535);
        assert_eq!(admitted, [Admission::Foreign; 6]);
        assert_eq!(
            feed(&mut source, NAT, [0, 1]),
            [Admission::Foreign, Admission::Learnt]
        );
        assert_eq!(source.peer(), at(NAT));
    }

    #[test]
    fn nothing_is_learnt_without_leave_nor_from_another_host_nor_out_of_sequence() {
        let mut off = source(Latching::Off);
        assert_eq!(feed(&mut off, NAT, 0..50), [Admission::Foreign; 50]);
        let mut on = source(Latching::Symmetric);
        assert_eq!(
            feed(&mut on, "198.51.100.1:61000", 0..50),
            [Admission::Foreign; 50]
        );
        assert_eq!(
            feed(&mut on, NAT, (0..50).map(|n| n * 2)),
            [Admission::Foreign; 50]
        );
        assert_eq!(on.peer(), at(SDP));
    }

    #[test]
    fn once_the_sdp_address_was_heard_nothing_is_learnt() {
        let mut source = source(Latching::Symmetric);
        assert_eq!(feed(&mut source, SDP, [1]), [Admission::Peer]);
        assert_eq!(feed(&mut source, NAT, 0..50), [Admission::Foreign; 50]);
    }

    #[test]
    fn what_was_learnt_is_never_redirected_by_packets() {
        let mut source = source(Latching::Symmetric);
        feed(&mut source, NAT, 0..8);
        assert_eq!(
            feed(&mut source, "203.0.113.9:61001", 8..60),
            [Admission::Foreign; 52]
        );
        assert_eq!(feed(&mut source, SDP, 0..50), [Admission::Foreign; 50]);
        assert_eq!(source.peer(), at(NAT));
    }

    #[test]
    fn a_scanner_of_the_same_host_does_not_keep_the_peer_from_being_learnt() {
        let mut source = source(Latching::Symmetric);
        for n in 0..7 {
            feed(&mut source, NAT, [n]);
            feed(&mut source, "203.0.113.9:1", [n * 3]);
        }
        assert_eq!(feed(&mut source, NAT, [7]), [Admission::Learnt]);
    }

    #[test]
    fn a_mapped_address_is_the_same_host() {
        let mut source = source(Latching::Off);
        assert_eq!(
            feed(&mut source, "[::ffff:10.0.0.5]:4000", [1]),
            [Admission::Peer]
        );
    }

    #[test]
    fn reports_are_learnt_only_from_the_learnt_host_and_only_with_the_right_source() {
        let mut reports = ReportSource::new(at("10.0.0.5:4001"));
        let from = at("203.0.113.9:61001");
        let host = Some(from.ip());
        assert!(!reports.admit(from, None, true));
        assert!(!reports.admit(from, host, false));
        assert!(!reports.admit(at("198.51.100.1:9"), host, true));
        assert!(reports.admit(from, host, true));
        assert!(!reports.admit(at("203.0.113.9:61003"), host, true));
        assert_eq!(reports.peer(), from);
    }
}
