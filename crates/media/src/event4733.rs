//! Keys sent as telephone events (RFC 4733): one press is told once, however its packets are lost, doubled or shuffled.
//!
//! A press is known by its timestamp. It is told at its first packet, whichever that is, because a prompt must stop at
//! once; that it ended is told at the first packet with the end bit, at the start of the next press, or when no packet
//! came for [`OVER`].

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

/// A press without a packet for this long is over.
const OVER: Duration = Duration::from_millis(100);
/// How far behind the newest press a packet counts as a straggler, in ms; further back it is another stream.
const STRAGGLER_MS: i64 = 2_000;
/// Longest duration the field holds; a longer press goes on in another segment (section 2.5.1.3).
const FULL_SEGMENT: i64 = 0xffff;
/// What the duration's 16 bits lose when they wrap.
const WRAP: i64 = 0x1_0000;
/// Shortest segment that a same key may continue: some senders start the next one early.
const NEARLY_FULL: i64 = 0xff00;
/// Audio stays blank for so long after the end, in ms: tone detectors and generators have edges.
const GUARD_MS: i64 = 20;

const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// Something happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyEvent {
    Down { key: char },
    Up { key: char, duration_ms: u32 },
}

/// What a packet did, in order: the former press ended, another began, and that one ended too.
pub(crate) type Told = [Option<KeyEvent>; 3];

/// A key that is down.
#[derive(Debug, Clone, Copy)]
struct Press {
    key: char,
    start: i64,
    /// Start of the segment under way; the same as `start` in all but very long presses.
    segment: i64,
    /// Steps of the clock in this segment.
    duration: i64,
    /// Steps that the duration's 16 bits lost by wrapping, in senders that make no segments.
    wrapped: i64,
    last_packet: Instant,
}

impl Press {
    fn end(&self) -> i64 {
        self.segment
            .saturating_add(self.wrapped)
            .saturating_add(self.duration)
    }

    fn continues_at(&self, timestamp: i64) -> bool {
        let nearly = self.duration >= NEARLY_FULL && timestamp == self.end();
        nearly || timestamp == self.segment.saturating_add(FULL_SEGMENT)
    }
}

/// The keys of one peer.
#[derive(Debug)]
pub(crate) struct Keys {
    steps_per_ms: i64,
    down: Option<Press>,
    /// Timestamp of the newest press or segment: what is not newer is a repetition.
    newest: Option<i64>,
    /// Span of the last press that ended, for the audio that still waits.
    last_span: Option<(i64, i64)>,
}

impl Keys {
    /// For events on a clock of `hz`.
    pub(crate) fn new(hz: u32) -> Self {
        Self {
            steps_per_ms: i64::from(hz / 1_000).max(1),
            down: None,
            newest: None,
            last_span: None,
        }
    }

    /// Another stream comes: timestamps have no relation to what was before.
    pub(crate) fn restart(&mut self) -> Option<KeyEvent> {
        let up = self.release();
        self.newest = None;
        self.last_span = None;
        up
    }

    /// Takes a packet; the timestamp counts on over wraps. `None` when it is no event packet. Events that are no keys
    /// (16 and above) do nothing.
    pub(crate) fn packet(&mut self, now: Instant, timestamp: i64, payload: &[u8]) -> Option<Told> {
        let (&[event, flags, d0, d1], _) = payload.split_first_chunk::<4>()?;
        let Some(&key) = KEYS.get(usize::from(event)) else {
            return Some([None; 3]);
        };
        let duration = i64::from(u16::from_be_bytes([d0, d1]));
        let mut told = [None; 3];
        if !self.goes_on(now, timestamp, key, duration) {
            if self.is_straggler(timestamp) {
                return Some(told);
            }
            let up = self.release();
            told = [up, Some(self.press(now, timestamp, key, duration)), None];
        }
        if flags & 0x80 != 0 {
            let [.., last] = &mut told;
            *last = self.release();
        }
        Some(told)
    }

    /// Whether the press under way ended by silence.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<KeyEvent> {
        let over = self
            .down
            .is_some_and(|p| now.saturating_duration_since(p.last_packet) >= OVER);
        if over { self.release() } else { None }
    }

    /// Whether a key is down.
    pub(crate) const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Where the newest press ends, as far as is known; none before the first.
    pub(crate) fn newest_end(&self) -> Option<i64> {
        let ended = self.last_span.map(|(_, end)| end);
        self.down.map(|press| press.end()).or(ended)
    }

    /// Whether audio of this span belongs to a key. A key that is down blanks everything from its start on.
    pub(crate) fn blanks(&self, from: i64, to: i64) -> bool {
        let guard = GUARD_MS.saturating_mul(self.steps_per_ms);
        let down = self.down.is_some_and(|p| to > p.start);
        let ended = self
            .last_span
            .is_some_and(|(start, end)| to > start && from < end.saturating_add(guard));
        down || ended
    }

    /// Whether the packet is of the press under way; takes its duration if so.
    fn goes_on(&mut self, now: Instant, timestamp: i64, key: char, duration: i64) -> bool {
        let Some(press) = &mut self.down else {
            return false;
        };
        if press.key == key && press.continues_at(timestamp) {
            press.segment = timestamp;
            press.duration = 0;
            press.wrapped = 0;
            self.newest = Some(timestamp);
        }
        if press.segment != timestamp {
            return false;
        }
        if press.duration.saturating_sub(duration) > WRAP / 2 {
            press.wrapped = press.wrapped.saturating_add(WRAP);
            press.duration = duration;
        }
        press.duration = press.duration.max(duration);
        press.last_packet = now;
        true
    }

    fn is_straggler(&self, timestamp: i64) -> bool {
        let far = STRAGGLER_MS.saturating_mul(self.steps_per_ms);
        self.newest
            .is_some_and(|n| timestamp <= n && n.saturating_sub(timestamp) < far.max(FULL_SEGMENT))
    }

    fn press(&mut self, now: Instant, timestamp: i64, key: char, duration: i64) -> KeyEvent {
        self.newest = Some(timestamp);
        self.down = Some(Press {
            key,
            start: timestamp,
            segment: timestamp,
            duration,
            wrapped: 0,
            last_packet: now,
        });
        KeyEvent::Down { key }
    }

    fn release(&mut self) -> Option<KeyEvent> {
        let press = self.down.take()?;
        self.last_span = Some((press.start, press.end()));
        let steps = press.end().saturating_sub(press.start);
        let duration_ms = steps.checked_div(self.steps_per_ms).unwrap_or(0);
        Some(KeyEvent::Up {
            key: press.key,
            duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds (ms, timestamp, event, end, duration) and returns what was told, ticking each 20 ms to 500 ms after.
    fn run(packets: &[(u64, i64, u8, bool, u16)]) -> Vec<KeyEvent> {
        let epoch = Instant::now();
        let mut keys = Keys::new(8_000);
        let mut told = Vec::new();
        let mut packets = packets.iter().peekable();
        let last = packets.clone().map(|p| p.0).max().unwrap_or(0);
        for ms in 0..last + 500 {
            let now = epoch + Duration::from_millis(ms);
            while let Some(&(_, timestamp, event, end, duration)) = packets.next_if(|p| p.0 <= ms) {
                let [d0, d1] = duration.to_be_bytes();
                let payload = [event, if end { 0x8a } else { 10 }, d0, d1];
                told.extend(
                    keys.packet(now, timestamp, &payload)
                        .unwrap()
                        .into_iter()
                        .flatten(),
                );
            }
            if ms % 20 == 0 {
                told.extend(keys.tick(now));
            }
        }
        told
    }

    fn down(key: char) -> KeyEvent {
        KeyEvent::Down { key }
    }

    fn up(key: char, duration_ms: u32) -> KeyEvent {
        KeyEvent::Up { key, duration_ms }
    }

    #[test]
    fn a_press_is_told_once_however_its_packets_arrive() {
        let whole = [
            (0, 800, 5, false, 160),
            (20, 800, 5, false, 320),
            (40, 800, 5, false, 480),
            (60, 800, 5, true, 640),
            (62, 800, 5, true, 640),
            (64, 800, 5, true, 640),
        ];
        let shuffled = [
            whole[1],
            (21, 800, 5, false, 160),
            whole[3],
            (61, 800, 5, false, 480),
            whole[4],
        ];
        let table: [(&str, &[_], u32); 6] = [
            ("as sent", &whole, 80),
            ("start lost", &whole[2..], 80),
            ("ends lost", &whole[..3], 60),
            ("only an end", &whole[5..], 80),
            ("shuffled", &shuffled, 80),
            ("doubled", &[whole[0], whole[0], whole[3], whole[3]], 80),
        ];
        for (name, packets, duration) in table {
            assert_eq!(run(packets), [down('5'), up('5', duration)], "{name}");
        }
    }

    #[test]
    fn a_press_that_begins_before_the_former_ended_ends_it() {
        let told = run(&[
            (0, 800, 1, false, 160),
            (20, 1_200, 2, false, 160),
            (30, 800, 1, true, 400),
            (40, 1_200, 2, true, 320),
        ]);
        assert_eq!(told, [down('1'), up('1', 20), down('2'), up('2', 40)]);
    }

    #[test]
    fn the_same_key_pressed_twice_is_two_presses() {
        let told = run(&[
            (0, 800, 7, true, 400),
            (60, 1_600, 7, false, 160),
            (80, 1_600, 7, true, 320),
        ]);
        assert_eq!(told, [down('7'), up('7', 50), down('7'), up('7', 40)]);
    }

    #[test]
    fn a_press_longer_than_a_segment_is_one_press() {
        let mut packets = Vec::new();
        for n in 0..500u64 {
            let steps = (n + 1) * 160;
            let segment = steps / 0xffff;
            let duration = (steps - segment * 0xffff) as u16;
            packets.push((n * 20, 800 + (segment * 0xffff) as i64, 11, n == 499, duration));
        }
        assert_eq!(run(&packets), [down('#'), up('#', 10_000)]);
    }

    #[test]
    fn a_duration_that_wraps_under_one_timestamp_is_one_press() {
        let packets: Vec<_> = (0..500u64)
            .map(|n| (n * 20, 800, 10, n == 499, ((n + 1) * 160) as u16))
            .collect();
        assert_eq!(run(&packets), [down('*'), up('*', 10_000)]);
    }

    #[test]
    fn packets_after_a_pause_of_the_network_do_not_press_again() {
        let told = run(&[
            (0, 800, 3, false, 160),
            (300, 800, 3, false, 2_400),
            (320, 800, 3, true, 2_560),
        ]);
        assert_eq!(told, [down('3'), up('3', 20)]);
    }

    #[test]
    fn only_the_sixteen_keys_are_told_and_short_packets_are_no_events() {
        for (event, key) in (0u8..=255).zip(KEYS.map(Some).into_iter().chain(std::iter::repeat(None))) {
            let expected: Vec<_> = key.iter().flat_map(|&k| [down(k), up(k, 20)]).collect();
            assert_eq!(run(&[(0, 0, event, true, 160)]), expected, "event {event}");
        }
        let mut keys = Keys::new(8_000);
        for length in 0..4 {
            assert_eq!(keys.packet(Instant::now(), 0, &[0; 4][..length]), None);
        }
    }

    #[test]
    fn audio_under_a_key_is_blank_from_its_start_to_a_little_after_its_end() {
        let now = Instant::now();
        let mut keys = Keys::new(8_000);
        keys.packet(now, 1_000, &[1, 10, 1, 0x40]);
        assert!(!keys.blanks(840, 1_000));
        assert!(keys.blanks(841, 1_001));
        assert!(keys.blanks(50_000, 50_160));
        keys.packet(now, 1_000, &[1, 0x8a, 2, 0]);
        assert!(keys.blanks(1_671, 1_831));
        assert!(!keys.blanks(1_672, 1_832));
    }

    proptest! {
        #[test]
        fn every_key_that_goes_down_comes_up(packets in proptest::collection::vec(
            (0u64..2_000, 0i64..20_000, 0u8..20, any::<bool>(), any::<u16>()), 0..60)) {
            let mut packets = packets;
            packets.sort_by_key(|p| p.0);
            for pair in run(&packets).chunks(2) {
                let [KeyEvent::Down { key }, KeyEvent::Up { key: released, .. }] = pair else {
                    return Err(TestCaseError::fail(format!("{pair:?}")));
                };
                prop_assert_eq!(key, released);
            }
        }
    }
}
