//! The gain of a room that is too loud: what would lie above the knee of the limiter is turned down as a whole, as an engineer rides a fader.
//!
//! A curve alone bends every wave above its knee, and adds harmonics; a gain that hardly moves within a wave adds none. It is found once a
//! tick from the room's whole sum, and for who hears the room without himself from that: what one hears does not depend on what one says. The
//! sums of a tick are known before any of it is sent, so the gain is down before what is loud begins, and no delay is paid for it.

use std::borrow::Borrow;

use media::Rate;

use crate::fade::UNITY;
use crate::limiter::KNEE;
use crate::sum::Sum;

/// Parts of a tick, of 1 ms, between whose ends the gain goes evenly.
const PARTS: usize = 20;
/// Most by which the gain falls from one part to the next ahead of what is loud: from one to nothing in 5 ms.
const FALL: i32 = UNITY / 5;
/// The part of itself by which it rises again at most in 1 ms: 6 dB take a third of a second. Faster would follow the single waves of a deep voice,
/// and bend them.
const RISE: i32 = 512;

/// Gains at the beginning of a tick and at the end of each of its parts, at most one.
#[derive(Clone, Debug)]
pub(crate) struct Ride {
    gains: [i32; PARTS + 1],
}

impl Ride {
    /// Turns nothing down.
    pub(crate) const fn new() -> Self {
        Self {
            gains: [UNITY; PARTS + 1],
        }
    }

    /// Goes on from the last tick to the next, in which the room sounds like this, at one rate or several.
    pub(crate) fn follow<S: Borrow<Sum>>(&mut self, sums: impl Iterator<Item = S>) {
        let mut peaks = [0; PARTS];
        sums.for_each(|sum| raise(&mut peaks, sum.borrow()));
        let begin = self.end();
        let is_loud = peaks.iter().any(|peak| *peak > KNEE);
        self.gains = match begin == UNITY && !is_loud {
            true => [UNITY; PARTS + 1],
            false => ridden(begin, &peaks),
        };
    }

    /// One for the same tick, which begins where this one does.
    fn beside(&self) -> Self {
        Self {
            gains: [self.gains[0]; PARTS + 1],
        }
    }

    const fn end(&self) -> i32 {
        self.gains[PARTS]
    }

    /// Whether it changes nothing in this tick.
    pub(crate) fn is_unity(&self) -> bool {
        self.gains == [UNITY; PARTS + 1]
    }

    /// What sounds in the room in this tick, or a part of it, turned down.
    pub(crate) fn turned(&self, sum: &Sum) -> Sum {
        let mut turned = *sum;
        if !self.is_unity() {
            self.turn(&mut turned);
        }
        turned
    }

    fn turn(&self, sum: &mut Sum) {
        let length = part(sum.rate());
        let ends = self.gains.windows(2);
        for (ends, samples) in ends.zip(sum.samples_mut().chunks_exact_mut(length)) {
            let &[from, to] = ends else { continue };
            for (n, sample) in (1..).zip(samples) {
                let gain = from + (to - from) * n / length as i32;
                *sample = ((i64::from(*sample) * i64::from(gain) + i64::from(UNITY / 2)) >> 15) as i32;
            }
        }
    }
}

/// The gain for one who hears a room without himself: begun where that of all is, and given up where they are the same again. Who comes has one, too:
/// that of all may be down for what he said there before.
#[derive(Debug)]
pub(crate) struct OwnRide(Option<Ride>);

impl OwnRide {
    /// For one who comes, and has heard nothing. In a rush he is to hear at once what all do: nobody costs an encoder for the sake of a gain then.
    pub(crate) const fn coming(rush: bool) -> Self {
        Self(if rush { None } else { Some(Ride::new()) })
    }

    /// Whether it is not that of all, `whole`, as this tick begins.
    pub(crate) fn is_apart(&mut self, whole: &Ride) -> bool {
        let is_joined = |own: &Ride| own.end() == whole.gains[0];
        if self.0.as_ref().is_some_and(is_joined) {
            self.0 = None;
        }
        self.0.is_some()
    }

    /// Goes on to the next tick, as [`Ride::follow`] does; or begins.
    pub(crate) fn follow(&mut self, whole: &Ride, sums: impl Iterator<Item = Sum>) -> &Ride {
        let own = self.0.get_or_insert_with(|| whole.beside());
        own.follow(sums);
        own
    }
}

/// Samples of a part.
const fn part(rate: Rate) -> usize {
    rate.samples_per_tick() / PARTS
}

/// Raises the peaks of the parts to those of `sum`.
fn raise(peaks: &mut [i32; PARTS], sum: &Sum) {
    let parts = sum.samples().chunks_exact(part(sum.rate()));
    for (peak, part) in peaks.iter_mut().zip(parts) {
        *peak = part
            .iter()
            .fold(*peak, |peak, sample| peak.max(sample.saturating_abs()));
    }
}

/// Gains that begin where the last tick ended, and bring these peaks below the knee. A peak at the very beginning of a tick cannot be foreseen:
/// the curve bends what is left of it until the gain is down, within its first part.
fn ridden(begin: i32, peaks: &[i32; PARTS]) -> [i32; PARTS + 1] {
    let mut gains = [begin; PARTS + 1];
    let below = |peak: i32| (i64::from(UNITY) * i64::from(KNEE) / i64::from(peak.max(KNEE))).max(1) as i32;
    let wanted = peaks.map(below);
    for n in 1..=PARTS {
        let next = wanted.get(n).copied().unwrap_or(UNITY);
        let risen = gains[n - 1] + gains[n - 1] / RISE + 1;
        gains[n] = risen.min(wanted[n - 1]).min(next);
    }
    for n in (1..PARTS).rev() {
        gains[n] = gains[n].min(gains[n + 1] + FALL);
    }
    gains
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::limiter::limit;

    /// A tick of a tone, its peak so many times full scale.
    fn tone(rate: Rate, hz: f64, peak: f64, tick: usize) -> Sum {
        let mut sum = Sum::silence(rate);
        let first = tick * rate.samples_per_tick();
        for (n, sample) in (first..).zip(sum.samples_mut()) {
            let at = TAU * hz * n as f64 / f64::from(rate.hz());
            *sample = (at.sin() * peak * f64::from(i16::MAX)).round() as i32;
        }
        sum
    }

    /// So many ticks of a tone as they are heard.
    fn heard(ride: &mut Ride, hz: f64, peak: f64, ticks: std::ops::Range<usize>) -> Vec<f64> {
        let tick = |tick| {
            let sum = tone(Rate::Hz48000, hz, peak, tick);
            ride.follow([&sum].into_iter());
            ride.turned(&sum).samples().to_vec()
        };
        let samples = ticks.flat_map(tick);
        samples.map(|sample| f64::from(limit(sample))).collect()
    }

    /// Power of all that is not the tone itself over that of the tone, dB.
    fn distortion(hz: f64, samples: &[f64]) -> f64 {
        let (mut power, mut in_phase, mut behind) = (0.0, 0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let (sin, cos) = (TAU * hz * n as f64 / 48_000.0).sin_cos();
            power += sample * sample;
            in_phase += sample * sin;
            behind += sample * cos;
        }
        let tone = 2.0 * (in_phase * in_phase + behind * behind) / samples.len() as f64;
        10.0 * ((power - tone) / tone).log10()
    }

    #[test]
    fn what_lies_below_the_knee_is_left_as_it_is_to_the_last_bit() {
        let mut ride = Ride::new();
        for rate in Rate::ALL {
            for tick in 0..5 {
                let sum = tone(rate, 300.0, 0.74, tick);
                ride.follow([&sum].into_iter());
                assert!(ride.turned(&sum) == sum && ride.is_unity());
            }
        }
    }

    #[test]
    fn a_tone_far_above_full_scale_stays_a_tone() {
        for (hz, most) in [(100.0, -36.0), (300.0, -45.0), (1_000.0, -50.0), (3_000.0, -50.0)] {
            for peak in [1.0, 2.0, 4.0, 8.0] {
                let mut ride = Ride::new();
                heard(&mut ride, hz, peak, 0..50);
                let found = distortion(hz, &heard(&mut ride, hz, peak, 50..100));
                assert!(found < most, "{hz} Hz, {peak} of full scale: {found:.1} dB");
            }
        }
    }

    #[test]
    fn what_begins_within_a_tick_is_turned_down_before_it_comes_and_up_again_within_a_second_and_evenly() {
        let mut ride = Ride::new();
        let mut peaks = [0; PARTS];
        peaks[12] = 4 * KNEE;
        let gains = ridden(UNITY, &peaks);
        assert_eq!((gains[12], gains[13]), (UNITY / 4, UNITY / 4));
        assert!(gains[8] == UNITY && gains.windows(2).all(|ends| ends[0] - ends[1] <= FALL));
        ride.gains = gains;
        let silent = Sum::silence(Rate::Hz8000);
        let ticks = std::iter::from_fn(|| {
            ride.follow([&silent].into_iter());
            (!ride.is_unity()).then_some(ride.gains)
        });
        let ticks: Vec<_> = ticks.take(100).collect();
        assert!((30..50).contains(&ticks.len()), "{}", ticks.len());
        assert!(ticks.windows(2).all(|pair| pair[0][PARTS] == pair[1][0]));
    }

    #[test]
    fn the_loudest_rate_counts_and_every_rate_is_turned_alike() {
        let mut ride = Ride::new();
        let (narrow, wide) = (
            tone(Rate::Hz8000, 300.0, 0.5, 0),
            tone(Rate::Hz48000, 6_000.0, 3.0, 0),
        );
        for _ in 0..2 {
            ride.follow([&narrow, &wide].into_iter());
        }
        let turned = ride.turned(&narrow);
        let parts = narrow.samples().iter().zip(turned.samples());
        assert!(
            parts
                .clone()
                .all(|(sum, turned)| (turned - sum / 4).abs() <= 1 + sum.abs() / 400)
        );
        assert!(turned != narrow);
    }

    #[test]
    fn the_loudest_sum_there_can_be_does_not_turn_over() {
        let mut sum = Sum::silence(Rate::Hz16000);
        sum.samples_mut().fill(i32::MIN);
        let mut ride = Ride::new();
        for _ in 0..3 {
            ride.follow([&sum].into_iter());
            let turned = ride.turned(&sum);
            assert!(turned.samples().iter().all(|sample| *sample < 0));
        }
    }
}
