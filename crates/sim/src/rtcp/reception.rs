//! What a receiver knows of a stream (RFC 3550, appendices A.1, A.3 and A.8).

use super::wire::Block;

/// Sequence numbers that may be skipped, and by how many a packet may come behind: beyond that the stream has begun anew, if the next
/// packet says so, too.
const MOST_AHEAD: u16 = 3_000;
const MOST_BEHIND: u16 = 100;

/// One source.
#[derive(Debug)]
pub(super) struct Reception {
    pub(super) ssrc: u32,
    /// First and highest sequence number, with its wraps.
    first: u64,
    highest: u64,
    received: u64,
    /// Packets expected and received at the last report.
    before: (u64, u64),
    /// Arrival less timestamp of the last packet, in steps of the clock, modulo 2³².
    transit: u32,
    /// Interarrival jitter, in steps of the clock.
    jitter: f64,
    /// The number after one that was far off.
    anew: Option<u16>,
}

impl Reception {
    /// A source with its first packet.
    pub(super) fn new(ssrc: u32, sequence: u16, transit: u32) -> Self {
        let first = u64::from(sequence);
        Self {
            ssrc,
            first,
            highest: first,
            received: 1,
            before: (0, 0),
            transit,
            jitter: 0.0,
            anew: None,
        }
    }

    /// Its next packet; one that came twice counts twice.
    pub(super) fn packet(&mut self, sequence: u16, transit: u32) {
        let step = sequence.wrapping_sub(self.highest as u16);
        let is_behind = step > u16::MAX - MOST_BEHIND;
        if step >= MOST_AHEAD && !is_behind {
            self.far_off(sequence, transit);
            return;
        }
        if !is_behind {
            self.highest += u64::from(step);
        }
        self.received += 1;
        let change = transit.wrapping_sub(self.transit).cast_signed().unsigned_abs();
        self.transit = transit;
        self.jitter += (f64::from(change) - self.jitter) / 16.0;
    }

    fn far_off(&mut self, sequence: u16, transit: u32) {
        if self.anew == Some(sequence) {
            *self = Self::new(self.ssrc, sequence, transit);
        } else {
            self.anew = Some(sequence.wrapping_add(1));
        }
    }

    /// What is reported of it, its share of loss since this was called last; it quotes no report.
    pub(super) fn block(&mut self) -> Block {
        let expected = self.highest - self.first + 1;
        let (due, came) = (expected - self.before.0, self.received - self.before.1);
        self.before = (expected, self.received);
        let missing = due.saturating_sub(came);
        let lost = expected.cast_signed() - self.received.cast_signed();
        Block {
            ssrc: self.ssrc,
            fraction_lost: (missing * 256).checked_div(due).unwrap_or(0).min(255) as u8,
            lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: self.highest as u32,
            jitter: self.jitter as u32,
            last_report: 0,
            since_last_report: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(sequences: impl IntoIterator<Item = u16>) -> Reception {
        let mut sequences = sequences.into_iter();
        let mut reception = Reception::new(7, sequences.next().unwrap(), 0);
        sequences.for_each(|sequence| reception.packet(sequence, 0));
        reception
    }

    #[test]
    fn loss_is_told_of_the_span_since_the_last_report_and_of_the_whole() {
        for (name, sequences, fraction, lost, highest) in [
            ("one packet", vec![5], 0, 0, 5),
            ("one of four", vec![5, 6, 8], 64, 1, 8),
            ("late, not lost", vec![5, 7, 6, 8], 0, 0, 8),
            ("twice is one more than were due", vec![5, 6, 6], 0, -1, 6),
            ("over the wrap", vec![65_534, 65_535, 1, 2], 51, 1, 0x1_0002),
            ("before the first", vec![5, 4, 6], 0, -1, 6),
        ] {
            let block = heard(sequences).block();
            let found = (block.fraction_lost, block.lost, block.highest);
            assert_eq!(found, (fraction, lost, highest), "{name}");
        }
        let mut reception = heard((0..100_u16).filter(|n| n % 4 != 1));
        assert_eq!(
            (reception.block().fraction_lost, reception.block().fraction_lost),
            (64, 0)
        );
        (100..200).for_each(|n| reception.packet(n, 0));
        let block = reception.block();
        assert_eq!((block.fraction_lost, block.lost), (0, 25));
    }

    #[test]
    fn a_stream_begins_anew_only_when_two_packets_say_so() {
        let mut stray = heard([5, 6, 40_000, 7]).block();
        assert_eq!((stray.highest, stray.lost), (7, 0));
        stray = heard([5, 6, 40_000, 40_001, 40_002]).block();
        assert_eq!((stray.highest, stray.lost), (40_002, 0));
    }

    #[test]
    fn jitter_is_the_mean_change_of_transit_over_sixteen() {
        let mut reception = Reception::new(7, 0, u32::MAX - 79);
        assert_eq!(reception.block().jitter, 0);
        // 160 steps later, over the wrap; then 160 earlier again.
        for (n, transit) in (1..).zip([80, u32::MAX - 79]) {
            reception.packet(n, transit);
        }
        // 160 / 16, and 15/16 of that and as much again.
        assert_eq!(reception.block().jitter, 19);
        (3..2_000).for_each(|n| reception.packet(n, [80, u32::MAX - 79][usize::from(n % 2)]));
        assert!((158..=160).contains(&reception.block().jitter));
    }

    proptest! {
        #[test]
        fn what_is_lost_is_what_did_not_come_whatever_the_order_within_a_hundred(
            first: u16,
            lost in prop::collection::vec(any::<bool>(), 1..90),
        ) {
            let mut kept: Vec<u16> = (1..).zip(&lost).filter(|(_, lost)| !**lost).map(|(n, _)| n).collect();
            // Neighbours change places; the highest stays in, so that it is known how many were due.
            kept.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
            let end = lost.len() as u16 + 1;
            let sequences = [0].into_iter().chain(kept).chain([end]);
            let block = heard(sequences.map(|n| first.wrapping_add(n))).block();
            prop_assert_eq!(block.lost as usize, lost.iter().filter(|lost| **lost).count());
            prop_assert_eq!(block.highest, u32::from(first) + u32::from(end));
        }
    }
}
