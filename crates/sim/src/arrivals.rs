//! Packets as they arrive: how many, how many are missing, how late against the grid of their own stream.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// The far end's clock may run this much slower than ours: the grid is let go by so much, parts of a million.
const DRIFT: f64 = 100e-6;
/// Steps of the count of lateness: 0.5 ms each, the last one for all that is later.
pub const STEP_MS: f64 = 0.5;
const STEPS: usize = 400;
/// Times that a packet can hold; from one to the next that are further apart something was left unsent.
const PACKET_MS: RangeInclusive<i64> = 2..=120;
/// A step of the sequence number beyond this is another stream.
const RESTART: u16 = 3_000;

/// What a packet was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The next, or one after some that are missing.
    Next,
    /// One of those that were missing.
    Behind,
    /// One of another stream than before.
    Restart,
}

/// See the module.
#[derive(Debug)]
pub struct Arrivals {
    window: Option<(Instant, Instant)>,
    last: Option<Last>,
    /// See [`Arrivals::spare`].
    spared: bool,
    /// All that came.
    pub received: u64,
    /// Of those that came in the window.
    pub judged: u64,
    /// Gaps in the sequence numbers of the window, less those that came after all.
    pub skipped: u64,
    /// Packets of the window that the far end left unsent in silence, as it may ([`Arrivals::spare`]).
    pub unsent: u64,
    /// Counts by lateness, steps of half a millisecond.
    pub lateness: Vec<u64>,
    /// The latest, ms.
    pub latest_ms: f64,
    /// The packet that came last, where it was judged: how late, ms.
    newest_ms: Option<f64>,
    /// Samples of the far end's packets, as stamps and sequence numbers say: most recent, or least where silence may be unsent.
    pub stamp_step: u32,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    sequence: u16,
    stamp: u32,
    at: Instant,
    /// How long after the quickest packet's grid the last one came, s, relative to itself.
    behind: f64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            window: None,
            last: None,
            spared: false,
            received: 0,
            judged: 0,
            skipped: 0,
            unsent: 0,
            lateness: vec![0; STEPS],
            latest_ms: 0.0,
            newest_ms: None,
            stamp_step: 0,
        }
    }
}

impl Arrivals {
    /// What arrives in this time is judged; the rest is only counted.
    pub fn judge(&mut self, from: Instant, to: Instant) {
        self.window = Some((from, to));
    }

    /// From now on the far end may leave silence unsent: where its timestamps go on further than its numbers do, nothing is missing.
    pub fn spare(&mut self) {
        self.spared = true;
    }

    /// Whether what arrives at this moment is judged.
    pub fn is_judged(&self, at: Instant) -> bool {
        self.window.is_some_and(|(from, to)| (from..to).contains(&at))
    }

    /// A packet of a stream whose stamps run at `clock_hz`.
    pub fn packet(&mut self, at: Instant, sequence: u16, stamp: u32, clock_hz: u32) -> Arrival {
        self.received += 1;
        let judged = self.is_judged(at);
        self.judged += u64::from(judged);
        let now = Last {
            sequence,
            stamp,
            at,
            behind: 0.0,
        };
        let Some(last) = self.last else {
            self.last = Some(now);
            return Arrival::Next;
        };
        let step = sequence.wrapping_sub(last.sequence);
        if step > u16::MAX - RESTART || step == 0 {
            self.skipped = self.skipped.saturating_sub(u64::from(judged));
            return Arrival::Behind;
        }
        if step > RESTART {
            self.last = Some(now);
            return Arrival::Restart;
        }
        self.follow(last, now, clock_hz, judged);
        Arrival::Next
    }

    fn follow(&mut self, last: Last, now: Last, clock_hz: u32, judged: bool) {
        let step = now.sequence.wrapping_sub(last.sequence);
        let stamps = now.stamp.wrapping_sub(last.stamp).cast_signed();
        let packet_ms = i64::from(stamps) * 1_000 / i64::from(clock_hz);
        if step == 1 && PACKET_MS.contains(&packet_ms) {
            self.stamp_step = match (self.spared, self.stamp_step) {
                (false, _) | (true, 0) => stamps.unsigned_abs(),
                (true, least) => least.min(stamps.unsigned_abs()),
            };
        }
        if self.spared {
            self.unsent += self.unsent_between(last, now, clock_hz);
        }
        let passed = now.at.saturating_duration_since(last.at).as_secs_f64();
        let due = f64::from(stamps) / f64::from(clock_hz);
        let behind = (last.behind + passed - due - passed * DRIFT).max(0.0);
        self.last = Some(Last { behind, ..now });
        if judged {
            self.skipped += u64::from(step - 1);
            self.late(behind * 1000.0);
        }
    }

    /// Packets of the window that were left unsent from one to the next that came: as many as its numbers are short of its timestamps,
    /// and no more than there was time for.
    fn unsent_between(&self, last: Last, now: Last, clock_hz: u32) -> u64 {
        let (Some((from, to)), true) = (self.window, self.stamp_step > 0) else {
            return 0;
        };
        let step = now.sequence.wrapping_sub(last.sequence);
        let stamps = now.stamp.wrapping_sub(last.stamp).cast_signed().max(0);
        let packets = stamps.unsigned_abs() / self.stamp_step;
        let unsent = packets.saturating_sub(u32::from(step));
        let inside = now.at.min(to).saturating_duration_since(last.at.max(from));
        let room = inside.as_secs_f64() / self.packet_time(clock_hz).as_secs_f64();
        u64::from(unsent).min(room.round() as u64)
    }

    fn packet_time(&self, clock_hz: u32) -> Duration {
        match self.stamp_step {
            0 => Duration::from_millis(20),
            step => Duration::from_secs_f64(f64::from(step) / f64::from(clock_hz)),
        }
    }

    fn late(&mut self, ms: f64) {
        self.latest_ms = self.latest_ms.max(ms);
        self.newest_ms = Some(ms);
        let step = (ms / STEP_MS) as usize;
        self.lateness[step.min(STEPS - 1)] += 1;
    }

    /// How late the packet that came last was, ms, where it was judged; told once.
    pub fn take_newest(&mut self) -> Option<f64> {
        self.newest_ms.take()
    }

    /// Packets due in the window: at the far end's packet time, 20 ms where it never showed, but for those that it left unsent.
    pub fn due(&self, clock_hz: u32) -> u64 {
        let Some((from, to)) = self.window else { return 0 };
        let time = to.saturating_duration_since(from).as_secs_f64();
        let packets = (time / self.packet_time(clock_hz).as_secs_f64()) as u64;
        packets.saturating_sub(self.unsent)
    }

    /// Packets of the window that came more than this many ms after their time, to half a millisecond.
    pub fn later_than(&self, ms: f64) -> u64 {
        self.lateness.iter().skip((ms / STEP_MS) as usize).sum()
    }

    /// Packets missing in the window: skipped numbers, or time in which nothing came (one packet's play at either end).
    pub fn missing(&self, clock_hz: u32) -> u64 {
        let silent = self.due(clock_hz).saturating_sub(self.judged + 1);
        self.skipped.max(if silent > 1 { silent } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    /// Packets by number and lateness in ms, over a window of `seconds`.
    fn arrivals(packets: impl IntoIterator<Item = (u16, u64)>, seconds: u64) -> Arrivals {
        let begin = epoch();
        let mut arrivals = Arrivals::default();
        arrivals.judge(begin, begin + Duration::from_secs(seconds));
        for (n, late) in packets {
            let at = begin + Duration::from_millis(u64::from(n) * 20 + late);
            arrivals.packet(at, n.wrapping_add(65_500), u32::from(n) * 160, 8000);
        }
        arrivals
    }

    #[test]
    fn an_even_stream_misses_nothing_and_is_never_late() {
        let found = arrivals((0..500).map(|n| (n, 0)), 10);
        assert_eq!(
            (found.received, found.due(8000), found.missing(8000)),
            (500, 500, 0)
        );
        assert_eq!(found.later_than(5.0), 0);
    }

    #[test]
    fn skipped_numbers_are_missing_and_those_that_come_later_are_not() {
        let found = arrivals((0..500).filter(|n| n % 50 != 7).map(|n| (n, 0)), 10);
        assert_eq!(found.missing(8000), 10);
        let mut order: Vec<_> = (0..500).map(|n| (n, 0)).collect();
        order.swap(100, 101);
        assert_eq!(arrivals(order, 10).missing(8000), 0);
    }

    #[test]
    fn a_stream_that_stops_misses_the_rest() {
        let found = arrivals((0..250).map(|n| (n, 0)), 10);
        assert_eq!(found.missing(8000), 249);
    }

    /// Packets of these ticks, numbered without a gap, but for `lost` ones; silence may be unsent or not.
    fn sparing(ticks: impl IntoIterator<Item = u64>, lost: &[u64], spared: bool) -> Arrivals {
        let begin = epoch();
        let mut arrivals = Arrivals::default();
        if spared {
            arrivals.spare();
        }
        let window = |ms| begin + Duration::from_millis(ms);
        arrivals.judge(window(2_000), window(12_000));
        for (n, tick) in (65_530_u16..=u16::MAX).chain(0..).zip(ticks) {
            if !lost.contains(&tick) {
                let stamp = (tick as u32 * 160).wrapping_sub(1_000);
                arrivals.packet(window(tick * 20), n, stamp, 8000);
            }
        }
        arrivals
    }

    #[test]
    fn silence_that_may_be_unsent_is_not_missing_and_a_gap_in_the_numbers_is() {
        // Words of a second, silence of two, of which every 25th tick is told.
        let ticks = || (0..700).filter(|tick| tick % 150 < 50 || tick % 25 == 0);
        let told = |lost: &[u64], spared| {
            let found = sparing(ticks(), lost, spared);
            (found.due(8000), found.unsent, found.missing(8000))
        };
        assert_eq!(told(&[], true), (164, 336, 0));
        // One in a word, and one of those that tell of silence.
        assert_eq!(told(&[320, 375], true), (164, 336, 2));
        // Who was not asked to leave anything unsent misses it.
        assert_eq!(told(&[], false), (500, 0, 335));
    }

    #[test]
    fn of_silence_that_goes_on_beyond_the_window_the_part_inside_is_counted() {
        for (first, last) in [(90, 110), (590, 610)] {
            let found = sparing((0..650).filter(|tick| !(first..last).contains(tick)), &[], true);
            assert!((9..=11).contains(&found.unsent), "{}", found.unsent);
            assert_eq!(found.missing(8000), 0);
        }
    }

    #[test]
    fn who_may_leave_silence_unsent_and_stops_for_good_misses_the_rest() {
        let found = sparing(0..350, &[], true);
        assert_eq!((found.unsent, found.missing(8000)), (0, 249));
    }

    #[test]
    fn late_packets_are_counted_against_the_grid_of_the_others() {
        let found = arrivals((0..500).map(|n| (n, if n % 100 == 50 { 15 } else { 0 })), 10);
        assert_eq!((found.later_than(5.0), found.later_than(20.0)), (5, 0));
        assert!((found.latest_ms - 15.0).abs() < 0.5, "{}", found.latest_ms);
    }

    #[test]
    fn a_first_packet_that_was_late_does_not_move_the_grid() {
        let found = arrivals((0..500).map(|n| (n, if n == 0 || n == 9 { 30 } else { 0 })), 10);
        assert_eq!(found.later_than(20.0), 1);
    }

    #[test]
    fn another_stream_is_told_from_a_loss() {
        let begin = epoch();
        let mut arrivals = Arrivals::default();
        arrivals.packet(begin, 10, 0, 8000);
        assert_eq!(arrivals.packet(begin, 30_000, 77, 8000), Arrival::Restart);
        assert_eq!(arrivals.packet(begin, 30_001, 237, 8000), Arrival::Next);
        assert_eq!(arrivals.packet(begin, 30_000, 77, 8000), Arrival::Behind);
    }
}
