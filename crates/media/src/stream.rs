//! Which source a leg follows, and what its sequence numbers tell (RFC 3550, appendix A.1 and A.8).

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

use std::time::{Duration, Instant};

/// Sources remembered beside the one that is followed.
const CANDIDATES: usize = 3;
/// A candidate that is quiet for this long gives its place away.
const CANDIDATE_LIFE: Duration = Duration::from_secs(2);
/// Largest step forward that is taken as loss (RFC 3550, appendix A.1).
const MAX_DROPOUT: u16 = 3_000;
/// Furthest back a packet may be and still count as the same stream; also the memory for duplicates, in packets.
const MEMORY: u16 = 128;

/// What a packet is to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Next or near in the stream that is followed.
    Known,
    /// The first packet followed of a new source or of a restarted count: what was buffered is of another stream.
    Restarted {
        /// Whether the source itself is another one.
        new_source: bool,
    },
    /// Seen before.
    Duplicate,
    /// Of a source that is not followed, or of an implausible jump.
    Refused,
}

/// A source waiting for its second packet in sequence.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    ssrc: u32,
    next: u16,
    seen: Instant,
}

/// The stream that is followed.
#[derive(Debug, Clone, Copy)]
struct Current {
    ssrc: u32,
    /// Highest sequence number, counting on over wraps.
    highest: u64,
    /// How far the first packet is behind the highest.
    first_behind: u64,
    /// Bit n: the packet n before the highest has come.
    window: u128,
    /// Where a jump must go on to be believed.
    jump: Option<u16>,
}

/// Counts for reception reports (RFC 3550, section 6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets the numbers promise.
    pub(crate) expected: u64,
    /// Packets that came, without duplicates.
    pub(crate) received: u64,
    /// Losses, of which those in a row are one; what comes late after all fills them, unless that is out of memory.
    pub(crate) holes: u64,
}

impl Counts {
    pub(crate) fn lost(self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

/// Follows one source, changes over after two packets in a row of another one.
#[derive(Debug)]
pub(crate) struct Stream {
    current: Option<Current>,
    candidates: [Option<Candidate>; CANDIDATES],
    counts: Counts,
}

impl Stream {
    pub(crate) const fn new() -> Self {
        Self {
            current: None,
            candidates: [None; CANDIDATES],
            counts: Counts {
                expected: 0,
                received: 0,
                holes: 0,
            },
        }
    }

    /// The source that is followed.
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.current.map(|c| c.ssrc)
    }

    /// Highest sequence number with the wraps above its 16 bits (RFC 3550, section 6.4.1).
    pub(crate) fn highest(&self) -> u32 {
        self.current.map_or(0, |c| c.highest as u32)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Sorts a packet.
    pub(crate) fn follow(&mut self, now: Instant, ssrc: u32, sequence: u16) -> Follow {
        let Some(current) = self.current.as_mut() else {
            return self.start(ssrc, sequence, true);
        };
        if current.ssrc == ssrc {
            self.candidates = [None; CANDIDATES];
            let follow = current.follow(sequence, &mut self.counts);
            if follow == (Follow::Restarted { new_source: false }) {
                self.start(ssrc, sequence, false);
            }
            return follow;
        }
        if self.second_in_a_row(now, ssrc, sequence) {
            return self.start(ssrc, sequence, true);
        }
        Follow::Refused
    }

    /// A packet whose number was seen before is of a time of its own: who sends counts anew. True at the second in a row, from which the
    /// count goes on.
    pub(crate) fn counts_anew(&mut self, sequence: u16) -> bool {
        let Some(current) = self.current.as_mut() else {
            return false;
        };
        let (ssrc, follows) = (current.ssrc, current.jump == Some(sequence));
        current.jump = Some(sequence.wrapping_add(1));
        if follows {
            self.start(ssrc, sequence, false);
        }
        follows
    }

    fn start(&mut self, ssrc: u32, sequence: u16, new_source: bool) -> Follow {
        self.candidates = [None; CANDIDATES];
        self.counts.expected = self.counts.expected.saturating_add(1);
        self.counts.received = self.counts.received.saturating_add(1);
        self.current = Some(Current {
            ssrc,
            highest: u64::from(sequence),
            first_behind: 0,
            window: 1,
            jump: None,
        });
        Follow::Restarted { new_source }
    }

    /// Remembers a packet of another source; true when it follows one remembered.
    fn second_in_a_row(&mut self, now: Instant, ssrc: u32, sequence: u16) -> bool {
        let fresh = Candidate {
            ssrc,
            next: sequence.wrapping_add(1),
            seen: now,
        };
        let mut free = None;
        for place in &mut self.candidates {
            match place {
                Some(known) if known.ssrc == ssrc => {
                    let follows = known.next == sequence;
                    *known = fresh;
                    return follows;
                }
                Some(known) if now.saturating_duration_since(known.seen) < CANDIDATE_LIFE => {}
                Some(_) | None => free = Some(place),
            }
        }
        if let Some(place) = free {
            *place = Some(fresh);
        }
        false
    }
}

impl Current {
    fn follow(&mut self, sequence: u16, counts: &mut Counts) -> Follow {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let behind = ahead.wrapping_neg();
        if ahead != 0 && ahead < MAX_DROPOUT {
            self.advance(ahead, counts);
            return Follow::Known;
        }
        if behind < MEMORY {
            return self.fill(behind, counts);
        }
        if self.jump == Some(sequence) {
            return Follow::Restarted { new_source: false };
        }
        self.jump = Some(sequence.wrapping_add(1));
        Follow::Refused
    }

    fn advance(&mut self, by: u16, counts: &mut Counts) {
        self.jump = None;
        self.highest = self.highest.saturating_add(u64::from(by));
        self.first_behind = self.first_behind.saturating_add(u64::from(by));
        self.window = self.window.checked_shl(u32::from(by)).unwrap_or(0) | 1;
        counts.expected = counts.expected.saturating_add(u64::from(by));
        counts.holes = counts.holes.saturating_add(u64::from(by > 1));
        counts.received = counts.received.saturating_add(1);
    }

    fn fill(&mut self, behind: u16, counts: &mut Counts) -> Follow {
        if self.has(behind) {
            return Follow::Duplicate;
        }
        match u64::from(behind) > self.first_behind {
            // Sent before the first one that came: nobody has missed it yet.
            true => counts.expected = counts.expected.saturating_add(1),
            false => self.mend(behind, counts),
        }
        self.window |= bit(behind);
        counts.received = counts.received.saturating_add(1);
        Follow::Known
    }

    /// A packet comes into a hole: that is filled where both of its neighbours are here, and is two from now on where neither is.
    fn mend(&self, behind: u16, counts: &mut Counts) {
        let (older, newer) = (behind.saturating_add(1), behind.saturating_sub(1));
        if older >= MEMORY {
            return;
        }
        match (self.has(older), self.has(newer)) {
            (true, true) => counts.holes = counts.holes.saturating_sub(1),
            (false, false) => counts.holes = counts.holes.saturating_add(1),
            (true, false) | (false, true) => {}
        }
    }

    /// Whether the packet so far behind the highest has come.
    fn has(&self, behind: u16) -> bool {
        self.window & bit(behind) != 0
    }
}

fn bit(behind: u16) -> u128 {
    1u128.checked_shl(u32::from(behind)).unwrap_or(0)
}

/// Interarrival jitter (RFC 3550, section 6.4.1 and appendix A.8), in steps of the codec's clock.
#[derive(Debug, Default)]
pub(crate) struct Jitter {
    transit: Option<u32>,
    /// Scaled by 16, as the appendix does.
    scaled: u32,
}

impl Jitter {
    /// Takes a packet: arrival and timestamp on the same clock, both modulo 2³². A step of more than a `leap` is none of the way but of the
    /// timestamps, and no jitter.
    pub(crate) fn arrived(&mut self, arrival: u32, timestamp: u32, leap: u32) {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let step = (transit.wrapping_sub(before) as i32).unsigned_abs();
            if step > leap {
                return;
            }
            let decay = self.scaled.saturating_add(8) >> 4;
            self.scaled = self.scaled.saturating_add(step).saturating_sub(decay);
        }
    }

    /// Starts anew with another stream; the estimate stays.
    pub(crate) fn restart(&mut self) {
        self.transit = None;
    }

    /// The estimate, in steps of the clock.
    pub(crate) fn value(&self) -> u32 {
        self.scaled >> 4
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
mod tests {
    use super::*;

    fn run(stream: &mut Stream, ssrc: u32, sequences: impl IntoIterator<Item = u16>) -> Vec<Follow> {
        let now = Instant::now();
        sequences
            .into_iter()
            .map(|s| stream.follow(now, ssrc, s))
            .collect()
    }

    const RESTARTED: Follow = Follow::Restarted { new_source: true };

    #[test]
    fn loss_reordering_duplicates_and_the_wrap_are_counted() {
        let mut stream = Stream::new();
        let sorted = run(&mut stream, 1, [65_533, 65_535, 65_534, 65_534, 1, 2]);
        use Follow::{Duplicate, Known};
        assert_eq!(sorted, [RESTARTED, Known, Known, Duplicate, Known, Known]);
        assert_eq!(
            stream.counts(),
            Counts {
                expected: 6,
                received: 5,
                holes: 1
            }
        );
        assert_eq!(stream.highest(), 0x1_0002);
    }

    #[test]
    fn losses_in_a_row_are_one_hole_and_what_is_only_late_leaves_none() {
        // Those that came, how many are missing, in how many holes.
        let rows: &[(&[u16], u64, u64)] = &[
            (&[10, 11, 12], 0, 0),
            (&[10, 12], 1, 1),
            (&[10, 13, 14], 2, 1),
            (&[10, 12, 14], 2, 2),
            // Swapped, and swapped over the wrap.
            (&[10, 12, 11, 13], 0, 0),
            (&[65_534, 0, 65_535], 0, 0),
            // A hole filled from behind, from the front, from its midst, and in part.
            (&[10, 13, 12, 11], 0, 0),
            (&[10, 13, 11, 12], 0, 0),
            (&[10, 14, 12], 2, 2),
            (&[10, 14, 12, 11, 13], 0, 0),
            (&[10, 13, 12], 1, 1),
            (&[10, 13, 11], 1, 1),
            // Twice fills no other hole.
            (&[8, 10, 12, 11, 11], 1, 1),
            // From before the first.
            (&[10, 9, 12], 1, 1),
            (&[10, 8, 9, 11], 0, 0),
            // Further ahead than the memory is long, and back into it.
            (&[10, 500], 489, 1),
            (&[10, 500, 450], 488, 2),
            (&[10, 500, 499], 488, 1),
        ];
        for (came, lost, holes) in rows {
            let mut stream = Stream::new();
            run(&mut stream, 1, came.iter().copied());
            let counts = stream.counts();
            assert_eq!((counts.lost(), counts.holes), (*lost, *holes), "{came:?}");
        }
    }

    #[test]
    fn pairs_that_come_swapped_are_never_lost() {
        let mut stream = Stream::new();
        run(&mut stream, 1, (0..500).flat_map(|pair| [2 * pair + 1, 2 * pair]));
        let counts = stream.counts();
        assert_eq!((counts.received, counts.lost(), counts.holes), (1_000, 0, 0));
    }

    #[test]
    fn a_hole_stays_where_the_packet_before_it_is_forgotten() {
        for (last, holes) in [(MEMORY - 1, 0), (MEMORY, 1)] {
            let mut stream = Stream::new();
            run(&mut stream, 1, [0].into_iter().chain(2..=last).chain([1]));
            let counts = stream.counts();
            assert_eq!((counts.lost(), counts.holes), (0, holes), "{last}");
        }
    }

    #[test]
    fn one_packet_of_another_source_is_refused_and_the_second_in_a_row_is_followed() {
        let mut stream = Stream::new();
        run(&mut stream, 1, [10]);
        assert_eq!(run(&mut stream, 2, [500]), [Follow::Refused]);
        assert_eq!(run(&mut stream, 2, [501]), [RESTARTED]);
        assert_eq!(stream.ssrc(), Some(2));
    }

    #[test]
    fn a_source_that_alternates_with_the_followed_one_never_takes_over() {
        let mut stream = Stream::new();
        for n in 0..200 {
            run(&mut stream, 1, [n]);
            assert_eq!(run(&mut stream, 2, [n]), [Follow::Refused]);
        }
        assert_eq!(stream.counts().lost(), 0);
    }

    #[test]
    fn churning_sources_leave_no_state_beyond_the_fourth() {
        let mut stream = Stream::new();
        run(&mut stream, 1, [0]);
        for ssrc in 2..10_000 {
            assert_eq!(run(&mut stream, ssrc, [0]), [Follow::Refused]);
        }
        assert_eq!(stream.candidates.iter().flatten().count(), CANDIDATES);
        assert_eq!(run(&mut stream, 9_999, [1]), [Follow::Refused]);
        assert_eq!(run(&mut stream, 1, [1]), [Follow::Known]);
    }

    #[test]
    fn a_jump_of_the_count_is_believed_at_its_second_packet() {
        let mut stream = Stream::new();
        let sorted = run(&mut stream, 1, [5, 30_000, 6, 40_000, 40_001]);
        let jump = Follow::Restarted { new_source: false };
        assert_eq!(
            sorted[1..],
            [Follow::Refused, Follow::Known, Follow::Refused, jump]
        );
        assert_eq!(stream.counts().lost(), 0);
    }

    #[test]
    fn numbers_that_come_again_with_a_time_of_their_own_are_believed_at_the_second_in_a_row() {
        let mut stream = Stream::new();
        run(&mut stream, 1, 10..60);
        // One alone, and two that are not in a row.
        for sequence in [20, 22] {
            assert!(!stream.counts_anew(sequence));
        }
        run(&mut stream, 1, [60]);
        assert!(!stream.counts_anew(23), "the count has gone on meanwhile");
        assert!(stream.counts_anew(24));
        assert_eq!((stream.ssrc(), stream.highest()), (Some(1), 24));
        assert_eq!(run(&mut stream, 1, [25, 25]), [Follow::Known, Follow::Duplicate]);
        assert_eq!(stream.counts().lost(), 0);
    }

    #[test]
    fn jitter_of_alternating_transit_times_approaches_their_difference() {
        let mut jitter = Jitter::default();
        for n in 0..500u32 {
            jitter.arrived(n * 160 + (n % 2) * 80, n * 160, 8_000);
        }
        assert!((75..=80).contains(&jitter.value()), "{}", jitter.value());
    }

    #[test]
    fn timestamps_that_leap_are_no_jitter_and_late_packets_are() {
        for leap in [8_001, 1 << 30, i32::MAX as u32, 1 << 31] {
            let mut jitter = Jitter::default();
            for n in 0..100u32 {
                let begin = if n < 50 { 0 } else { leap };
                jitter.arrived(n * 160, begin.wrapping_add(n * 160), 8_000);
            }
            assert_eq!(jitter.value(), 0, "{leap}");
        }
        let mut jitter = Jitter::default();
        for n in 0..50u32 {
            jitter.arrived(n * 160 + if n == 49 { 8_000 } else { 0 }, n * 160, 8_000);
        }
        assert_eq!(jitter.value(), 500);
    }
}
