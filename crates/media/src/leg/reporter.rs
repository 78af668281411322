//! When reports are due, and what they say of the peer (RFC 3550, sections 6.2 to 6.4).

use std::time::{Duration, Instant};

use super::clock::{Clock, middle, ntp_span};
use crate::rtcp::{Block, Digest};
use crate::stream::{Counts, Stream};

/// Shortest mean interval (section 6.2); a call has two participants, so its bandwidth never asks for a longer one.
const INTERVAL: Duration = Duration::from_secs(5);
/// Makes up for the randomisation, which converges below the mean (section 6.3.1): e − 1.5.
const COMPENSATION: f64 = 1.218_28;
/// What the peer tells of its losses is averaged over so long: what one report tells of a few seconds leaps.
const RECENT: Duration = Duration::from_secs(10);
/// As many of its reports are kept: more come in this time only from one that does not keep to the interval.
const KEPT: usize = 5;

/// What the peer last told of itself and of us.
#[derive(Debug)]
pub(super) struct Reporter {
    due: Instant,
    random: u64,
    /// Middle bits of the peer's last sender report, and when it came.
    heard: Option<(u32, Instant)>,
    /// Counts at our last report.
    before: Counts,
    /// Packets lost of sources before the one we follow.
    lost_before: u64,
    /// Packets we had sent at our last two reports: a sender is who sent since the one before the last.
    sent_before: [u32; 2],
    pub(super) rtt_ms: Option<u32>,
    /// What the peer last told of our packets.
    pub(super) remote: Option<Block>,
    /// What it told of its losses before, too.
    pub(super) losses: Losses,
}

/// Shares of our packets that the peer missed, in 1/256, and when it told them: the latest first.
#[derive(Debug, Default)]
pub(super) struct Losses([Option<(Instant, u8)>; KEPT]);

impl Losses {
    fn told(&mut self, now: Instant, share: u8) {
        self.0.rotate_right(1);
        self.0[0] = Some((now, share));
    }

    /// The mean over the ten seconds before the latest, in 1/65,536; nothing before any was told.
    pub(super) fn lately(&self) -> Option<u16> {
        let (latest, _) = self.0[0]?;
        let recent = |at: Instant| latest.saturating_duration_since(at) < RECENT;
        let told = self.0.iter().flatten().filter(|(at, _)| recent(*at));
        let (count, sum) = told.fold((0u16, 0u16), |(count, sum), (_, share)| {
            (count + 1, sum + u16::from(*share))
        });
        // At most 255 of 256.
        (u32::from(sum) * 256)
            .checked_div(u32::from(count))
            .map(|mean| mean as u16)
    }
}

impl Reporter {
    pub(super) fn new(now: Instant, seed: u64) -> Self {
        let mut reporter = Self {
            due: now,
            random: seed | 1,
            heard: None,
            before: Counts::default(),
            lost_before: 0,
            sent_before: [0; 2],
            rtt_ms: None,
            remote: None,
            losses: Losses::default(),
        };
        // The first report comes after half the interval (section 6.2).
        reporter.due = now + reporter.interval(INTERVAL / 2);
        reporter
    }

    /// Whether a report is due; if so, the next one is scheduled.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.due;
        if due {
            self.due = now + self.interval(INTERVAL);
        }
        due
    }

    /// Whether `sent` packets make us a sender in this report (section 6.4).
    pub(super) fn is_sender(&mut self, sent: u32) -> bool {
        let [_, last] = self.sent_before;
        let sender = sent != self.sent_before[0];
        self.sent_before = [last, sent];
        sender
    }

    /// Takes what the peer says; `ssrc` is the source we follow.
    pub(super) fn heard(&mut self, now: Instant, clock: &Clock, digest: &Digest, ssrc: Option<u32>) {
        if let Some(info) = digest.info.filter(|_| ssrc == Some(digest.sender)) {
            self.heard = Some((middle(info.ntp), now));
        }
        if let Some(block) = digest.block {
            self.remote = Some(block);
            self.losses.told(now, block.fraction_lost);
            self.rtt_ms = round_trip(middle(clock.ntp(now)), &block).or(self.rtt_ms);
        }
    }

    /// Another source, after these counts: its sender reports are not those we quote, and what it lost is counted from here.
    pub(super) fn restart(&mut self, counts: Counts) {
        self.heard = None;
        self.lost_before = counts.lost();
    }

    /// What we report on the source we follow (section 6.4.1).
    pub(super) fn block(&mut self, now: Instant, stream: &Stream, jitter: u32) -> Option<Block> {
        let ssrc = stream.ssrc()?;
        let counts = stream.counts();
        let expected = counts.expected - self.before.expected;
        let received = counts.received - self.before.received;
        self.before = counts;
        let lost = expected.saturating_sub(received);
        let (last_report, at) = self.heard.unwrap_or((0, now));
        Some(Block {
            ssrc,
            fraction_lost: (lost << 8).checked_div(expected).unwrap_or(0).min(255) as u8,
            lost: counts.lost().saturating_sub(self.lost_before).min(0x7f_ffff) as i32,
            highest: stream.highest(),
            jitter,
            last_report,
            since_last_report: middle(ntp_span(now.saturating_duration_since(at))),
        })
    }

    /// A random interval around `mean` (section 6.3.1).
    fn interval(&mut self, mean: Duration) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let unit = (self.random >> 11) as f64 / (1u64 << 53) as f64;
        mean.mul_f64((0.5 + unit) / COMPENSATION)
    }
}

/// By so much, in 1/65536 s, a trip may seem to have taken less than no time, as each side counts in steps of its own: 10 ms.
const ROUNDING: u32 = 655;

/// Round trip in ms from a block that quotes one of our reports (section 6.4.1, figure 2).
fn round_trip(now: u32, block: &Block) -> Option<u32> {
    if block.last_report == 0 {
        return None;
    }
    let trip = now
        .wrapping_sub(block.last_report)
        .wrapping_sub(block.since_last_report);
    if trip.wrapping_neg() <= ROUNDING {
        return Some(0);
    }
    // A peer that answers before it was asked has a wrong clock, or lies.
    let plausible = trip < 1 << 22;
    plausible.then_some(((u64::from(trip) * 1_000) >> 16) as u32)
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
mod tests {
    use super::*;

    #[test]
    fn intervals_lie_between_half_and_three_halves_of_the_mean_and_differ_by_seed() {
        let epoch = Instant::now();
        let mut dues = Vec::new();
        for seed in [1, 2_000, 3_000_000] {
            let mut reporter = Reporter::new(epoch, seed);
            let mut now = epoch;
            for n in 0..50 {
                let interval = reporter.due - now;
                let mean = if n == 0 { 2.5 } else { 5.0 } / COMPENSATION;
                let ratio = interval.as_secs_f64() / mean;
                assert!((0.5..=1.5).contains(&ratio), "{ratio}");
                now = reporter.due;
                assert!(reporter.is_due(now) && !reporter.is_due(now));
            }
            dues.push(now);
        }
        dues.dedup();
        assert_eq!(dues.len(), 3);
    }

    #[test]
    fn the_round_trip_is_what_neither_side_kept() {
        let quoting = |last_report, since_last_report| Block {
            last_report,
            since_last_report,
            ..Block::default()
        };
        let second = 1 << 16;
        assert_eq!(
            round_trip(10 * second, &quoting(7 * second, 2 * second)),
            Some(1_000)
        );
        assert_eq!(round_trip(10 * second, &quoting(0, 0)), None);
        assert_eq!(round_trip(10 * second, &quoting(9 * second, 2 * second)), None);
        assert_eq!(round_trip(5, &quoting(5u32.wrapping_sub(second), 0)), Some(1_000));
        // Less than no time, by what clocks are rounded to, over the wrap too; and by more.
        assert_eq!(round_trip(10 * second, &quoting(9 * second, second)), Some(0));
        assert_eq!(
            round_trip(10 * second, &quoting(9 * second, second + 655)),
            Some(0)
        );
        assert_eq!(round_trip(3, &quoting(5, 0)), Some(0));
        assert_eq!(
            round_trip(u32::MAX, &quoting(u32::MAX - second, second + 9)),
            Some(0)
        );
        assert_eq!(round_trip(10 * second, &quoting(9 * second, second + 656)), None);
    }

    #[test]
    fn what_the_peer_misses_is_averaged_over_its_reports_of_ten_seconds() {
        let epoch = Instant::now();
        let mut losses = Losses::default();
        assert_eq!(losses.lately(), None);
        for (second, share, mean) in [
            (2, 40, 40 * 256),
            (6, 0, 20 * 256),
            (11, 5, 15 * 256),
            // Those of the second and sixth second are too old.
            (16, 0, 5 * 128),
            (60, 255, 255 * 256),
        ] {
            losses.told(epoch + Duration::from_secs(second), share);
            assert_eq!(losses.lately(), Some(mean), "second {second}");
        }
        for share in 0..100 {
            losses.told(epoch + Duration::from_secs(61), share);
        }
        assert_eq!(losses.lately(), Some(97 * 256), "the last five of a hundred");
    }

    #[test]
    fn loss_is_told_for_the_span_since_the_last_report() {
        let now = Instant::now();
        let mut stream = Stream::new();
        let mut reporter = Reporter::new(now, 1);
        assert_eq!(reporter.block(now, &stream, 0), None);
        for n in 0..100u16 {
            if n % 4 != 1 {
                stream.follow(now, 9, n);
            }
        }
        let block = reporter.block(now, &stream, 5).unwrap();
        assert_eq!(
            (block.ssrc, block.fraction_lost, block.lost, block.highest),
            (9, 64, 25, 99)
        );
        for n in 100..200u16 {
            stream.follow(now, 9, n);
        }
        let block = reporter.block(now, &stream, 5).unwrap();
        assert_eq!((block.fraction_lost, block.lost), (0, 25));
    }

    #[test]
    fn what_another_source_lost_is_not_told_of_the_one_that_is_followed() {
        let now = Instant::now();
        let mut stream = Stream::new();
        let mut reporter = Reporter::new(now, 1);
        for n in [0, 1, 5, 6] {
            stream.follow(now, 9, n);
        }
        assert_eq!(reporter.block(now, &stream, 0).unwrap().lost, 3);
        for n in [100, 101] {
            stream.follow(now, 10, n);
        }
        reporter.restart(stream.counts());
        stream.follow(now, 10, 104);
        let block = reporter.block(now, &stream, 0).unwrap();
        assert_eq!((block.ssrc, block.lost, block.highest), (10, 2, 104));
    }
}
