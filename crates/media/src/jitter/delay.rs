//! How late packets come: a histogram of their delay over the quickest of the last seconds.
//!
//! All times are steps of the codec's clock. The delay of a packet is its arrival minus its timestamp; the smallest
//! one within a sliding window is the `base`, so a clock that drifts moves the base and is not mistaken for jitter.
//!
//! Of a clock that is slow the newest packets are the latest. A wait that is only learnt from packets comes too late for them: it grows when
//! more than the tolerated ones were late, and the longer delay is there half a second after that. What the clock falls behind meanwhile is
//! waited for ahead of time (`lead`), so that none is missed.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

/// Bins of the histogram; each is 2 ms wide, the last one also holds everything later.
const BINS: usize = 256;
const LAST_BIN: i64 = BINS as i64 - 1;
/// Bins a second.
const BINS_A_SECOND: i64 = 500;
/// Weight at which all counts are halved: old packets fade within some ten seconds.
const FADE_AT: u32 = 512;
/// A packet that came too late weighs as much as so many punctual ones, so that the delay grows within a few of them.
pub(crate) const LATE_WEIGHT: u16 = 8;
/// One packet in so many may be late: 2 %.
const TOLERATED: u32 = 50;
/// The window of the base: so many parts of [`PART_MS`].
const PARTS: usize = 4;
const PART_MS: i64 = 2_000;
/// Parts for which a slow clock is foreseen, and the most that is waited for it, in bins: 4 ms, for one that is 1,000 ppm slow.
const PARTS_AHEAD: i64 = 2;
const MOST_AHEAD: i64 = 2;

/// Measures delay and says how much of it must be waited out.
#[derive(Debug)]
pub(crate) struct Delay {
    bin_width: i64,
    part_length: i64,
    /// Smallest delays of the last parts of the window, newest first.
    smallest: [i64; PARTS],
    part_end: i64,
    /// The base in whole bins; the origin of the histogram.
    base_bin: i64,
    counts: [u16; BINS],
    total: u32,
    /// Wait that covers all but the tolerated packets, in bins.
    wait_bins: i64,
}

impl Delay {
    /// For a clock of `hz` steps a second.
    pub(crate) fn new(hz: u32) -> Self {
        let hz = i64::from(hz);
        Self {
            bin_width: hz.div_euclid(BINS_A_SECOND).max(1),
            part_length: hz.saturating_mul(PART_MS).div_euclid(1_000),
            smallest: [i64::MAX; PARTS],
            part_end: i64::MIN,
            base_bin: 0,
            counts: [0; BINS],
            total: 0,
            wait_bins: 0,
        }
    }

    /// Forgets everything; the first packet has `delay`.
    pub(crate) fn restart(&mut self, arrival: i64, delay: i64) {
        self.counts.fill(0);
        self.total = 0;
        self.wait_bins = 0;
        self.rebase(arrival, delay);
    }

    /// Takes `delay` for the new base but remembers how much delays differ: after a long pause the clocks may have
    /// drifted apart.
    pub(crate) fn rebase(&mut self, arrival: i64, delay: i64) {
        self.smallest = [delay; PARTS];
        self.part_end = arrival.saturating_add(self.part_length);
        self.base_bin = self.bin(delay);
    }

    /// The smallest delay of the last seconds, rounded down to 2 ms.
    pub(crate) fn base(&self) -> i64 {
        self.base_bin.saturating_mul(self.bin_width)
    }

    /// How long after the base a packet must be waited for.
    pub(crate) fn wait(&self) -> i64 {
        self.wait_bins
            .saturating_mul(self.bin_width)
            .saturating_add(self.lead())
    }

    /// By how much a clock that is slow will be later soon: as the smallest delay has risen from part to part, by the lesser of the last two
    /// steps, so that neither jitter nor a way that has become longer once is taken for drift. The part that is not over yet tells nothing.
    fn lead(&self) -> i64 {
        let [_, last, before, first] = self.smallest;
        let step = last.saturating_sub(before).min(before.saturating_sub(first));
        let most = self.bin_width.saturating_mul(MOST_AHEAD);
        step.saturating_mul(PARTS_AHEAD).clamp(0, most)
    }

    /// Takes a packet's arrival and delay; `weight` is 1, or [`LATE_WEIGHT`].
    pub(crate) fn arrived(&mut self, arrival: i64, delay: i64, weight: u16) {
        self.slide(arrival, delay);
        let bin = self.bin(delay).saturating_sub(self.base_bin).clamp(0, LAST_BIN);
        if let Some(count) = self.counts.get_mut(bin as usize) {
            *count = count.saturating_add(weight);
        }
        self.total = self.total.saturating_add(u32::from(weight));
        if self.total >= FADE_AT {
            self.fade();
        }
        if weight > 1 || self.total % 16 == 1 {
            self.wait_bins = self.quantile();
        }
    }

    fn bin(&self, delay: i64) -> i64 {
        delay.div_euclid(self.bin_width.max(1))
    }

    fn slide(&mut self, arrival: i64, delay: i64) {
        if arrival >= self.part_end {
            self.smallest.rotate_right(1);
            if let Some(newest) = self.smallest.first_mut() {
                *newest = delay;
            }
            self.part_end = arrival.saturating_add(self.part_length);
        }
        if let Some(newest) = self.smallest.first_mut() {
            *newest = delay.min(*newest);
        }
        let base = self.smallest.iter().copied().min().unwrap_or(delay);
        self.shift(self.bin(base));
    }

    /// Moves the histogram's origin to `base_bin`; what leaves at an end is kept in the outermost bin.
    fn shift(&mut self, base_bin: i64) {
        let by = base_bin.saturating_sub(self.base_bin);
        if by == 0 {
            return;
        }
        let old = self.counts;
        self.counts.fill(0);
        for (bin, count) in old.into_iter().enumerate() {
            let to = (bin as i64).saturating_sub(by).clamp(0, LAST_BIN);
            if let Some(place) = self.counts.get_mut(to as usize) {
                *place = place.saturating_add(count);
            }
        }
        self.base_bin = base_bin;
        self.wait_bins = self.quantile();
    }

    fn fade(&mut self) {
        self.total = 0;
        for count in self.counts.iter_mut() {
            *count >>= 1;
            self.total = self.total.saturating_add(u32::from(*count));
        }
    }

    /// Upper edge of the bin that all but the tolerated packets are below.
    fn quantile(&self) -> i64 {
        let mut above = self.total / TOLERATED;
        for (bin, &count) in self.counts.iter().enumerate().rev() {
            if u32::from(count) > above {
                return (bin as i64).saturating_add(1);
            }
            above = above.saturating_sub(u32::from(count));
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(delay: &mut Delay, packets: i64, jitter: impl Fn(i64) -> i64) {
        let start = delay.part_end.max(0);
        for n in 0..packets {
            delay.arrived(start + n * 160, 1_000 + jitter(n), 1);
        }
    }

    #[test]
    fn steady_packets_need_one_bin() {
        let mut delay = Delay::new(8_000);
        delay.restart(0, 1_000);
        feed(&mut delay, 200, |_| 0);
        assert_eq!((delay.base(), delay.wait()), (992, 16));
    }

    #[test]
    fn the_wait_covers_jitter_and_forgets_it_when_it_is_over() {
        let mut delay = Delay::new(8_000);
        delay.restart(0, 1_000);
        feed(&mut delay, 500, |n| (n % 10) * 40);
        assert!((352..=384).contains(&delay.wait()), "{}", delay.wait());
        feed(&mut delay, 3_000, |_| 0);
        assert_eq!(delay.wait(), 16);
    }

    #[test]
    fn one_straggler_in_a_hundred_is_not_waited_for_but_two_late_ones_are() {
        let mut delay = Delay::new(8_000);
        delay.restart(0, 1_000);
        feed(&mut delay, 400, |n| if n % 100 == 99 { 800 } else { 0 });
        assert_eq!(delay.wait(), 16);
        for _ in 0..2 {
            delay.arrived(400 * 160, 1_480, LATE_WEIGHT);
        }
        assert!((480..=512).contains(&delay.wait()), "{}", delay.wait());
    }

    #[test]
    fn what_a_slow_clock_falls_behind_is_waited_for_ahead_of_time_and_nothing_else_is() {
        type Jitter = fn(i64) -> i64;
        // Packets of 20 ms at 8 kHz, for half a minute; 16 samples are a bin.
        let cases: [(&str, Jitter, i64); 6] = [
            ("500 ppm slow", |n| n * 160 / 2_000, 16),
            ("125 ppm slow", |n| n * 160 / 8_000, 4),
            ("20,000 ppm slow", |n| n * 160 / 50, 32),
            ("fast", |n| -n * 160 / 2_000, 0),
            ("even", |_| 0, 0),
            ("longer once", |n| if n < 1_290 { 0 } else { 400 }, 0),
        ];
        for (name, jitter, ahead) in cases {
            let mut delay = Delay::new(8_000);
            delay.restart(0, 1_000);
            for n in 0..1_500 {
                delay.arrived(n * 160, 1_000 + jitter(n), 1);
            }
            assert_eq!(delay.lead(), ahead, "{name}");
        }
    }

    #[test]
    fn a_drifting_clock_moves_the_base_and_not_the_wait() {
        let mut delay = Delay::new(8_000);
        delay.restart(0, 1_000);
        for direction in [1, -1] {
            let before = delay.base();
            feed(&mut delay, 30_000, |n| direction * n * 160 / 5_000);
            assert!(delay.wait() <= 64, "{}", delay.wait());
            assert_ne!(delay.base(), before);
        }
    }
}
