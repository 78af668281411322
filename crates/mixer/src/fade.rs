//! Ramps between loud and silent, so that nothing clicks.

use media::Rate;

/// A factor of one: 15 bits behind the point.
pub(crate) const UNITY: i32 = 1 << 15;
/// A way no longer than one of so many parts of its end is short: 0.27 dB.
const SHORT: i32 = 32;
/// How many times as long as other ramps ducking takes: 40 ms, soft enough not to pump.
const DUCKING: usize = 8;
/// Samples that a ramp takes where nothing else is said: 5 ms.
pub(crate) const fn ramp(rate: Rate) -> usize {
    rate.hz() as usize / 200
}

/// A factor that goes to where it is set in even steps, one a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fade {
    at: i32,
    to: i32,
    step: i32,
}

impl Fade {
    /// Silent.
    pub(crate) const OUT: Self = Self {
        at: 0,
        to: 0,
        step: 0,
    };

    /// Goes to `to` within `samples` from now on; a way already begun to the same place goes on as it was.
    pub(crate) fn set(&mut self, to: i32, samples: usize) {
        if self.to != to {
            self.to = to;
            self.step = (to - self.at).unsigned_abs().div_ceil(samples as u32) as i32;
        }
    }

    /// Goes to `to` as the gain of a voice does: within 5 ms, or evenly over a whole tick where the way is so short that nobody hears one
    /// step, but might hear a row of them.
    pub(crate) fn turn(&mut self, to: i32, rate: Rate) {
        let is_short = (to - self.at).abs() <= to / SHORT;
        let length = if is_short {
            rate.samples_per_tick()
        } else {
            ramp(rate)
        };
        self.set(to, length);
    }

    /// Goes to `to` as what lies beneath something else does: slowly between loud and soft, quickly to and from silence.
    pub(crate) fn duck(&mut self, to: i32, rate: Rate) {
        let between = to != 0 && self.at != 0;
        self.set(to, if between { DUCKING * ramp(rate) } else { ramp(rate) });
    }

    /// Where it is at present.
    pub(crate) const fn at(self) -> i32 {
        self.at
    }

    /// Whether it is silent and stays so.
    pub(crate) const fn is_out(self) -> bool {
        self.at == 0 && self.to == 0
    }

    /// Whether it changes nothing and stays so.
    pub(crate) const fn is_unity(self) -> bool {
        self.at == UNITY && self.to == UNITY
    }

    /// Ends the way at once: nothing sounds, so nothing can click.
    pub(crate) fn finish(&mut self) {
        self.at = self.to;
    }

    /// The next sample's part of `sample`.
    #[inline]
    pub(crate) fn apply(&mut self, sample: i32) -> i32 {
        self.at += (self.to - self.at).clamp(-self.step, self.step);
        ((i64::from(sample) * i64::from(self.at) + i64::from(UNITY / 2)) >> 15) as i32
    }

    /// Fades a voice. Only what is amplified can exceed full scale; the sum has the better limiter.
    pub(crate) fn fade(&mut self, voice: &mut [i16]) {
        if self.is_unity() {
            return;
        }
        for sample in voice {
            let faded = self.apply(i32::from(*sample));
            *sample = faded.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
    }

    /// Adds `source`, faded, to `sum`; the shorter of the two says how much.
    pub(crate) fn add(&mut self, source: impl Iterator<Item = i32>, sum: &mut [i32]) {
        if self.is_unity() {
            sum.iter_mut()
                .zip(source)
                .for_each(|(sum, sample)| *sum += sample);
        } else if !self.is_out() {
            let faded = sum.iter_mut().zip(source);
            faded.for_each(|(sum, sample)| *sum += self.apply(sample));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAMP: usize = ramp(Rate::Hz8000);

    #[test]
    fn a_ramp_takes_five_milliseconds_and_never_jumps() {
        let mut fade = Fade::OUT;
        fade.set(UNITY, RAMP);
        let ramp: Vec<_> = (0..60).map(|_| fade.apply(4_000)).collect();
        assert!(
            ramp.windows(2)
                .all(|pair| (0..=101).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(ramp[39..], [4_000; 21]);
        assert!(fade.is_unity());
        fade.set(0, RAMP);
        let ramp: Vec<_> = (0..RAMP).map(|_| fade.apply(4_000)).collect();
        assert!(
            ramp.windows(2)
                .all(|pair| (-101..=0).contains(&(pair[1] - pair[0])))
        );
        assert!(fade.is_out());
    }

    #[test]
    fn a_way_that_is_set_again_goes_on_and_one_that_turns_back_does_not_jump() {
        let mut fade = Fade::OUT;
        let mut last = 0;
        for n in 0..30 {
            fade.set(if n < 15 { UNITY } else { UNITY / 4 }, RAMP);
            let now = fade.apply(10_000);
            assert!((now - last).abs() <= 251, "{last} {now}");
            last = now;
        }
    }

    #[test]
    fn a_gain_that_moves_slowly_makes_even_steps_through_every_tick() {
        for rate in Rate::ALL {
            let mut fade = Fade::OUT;
            fade.set(UNITY, ramp(rate));
            fade.finish();
            let mut heard = vec![10_000];
            for tick in 1..=100 {
                // 3 dB a second.
                let factor = f64::from(UNITY) * 10f64.powf(f64::from(tick) * 0.06 / 20.0);
                fade.turn(factor as i32, rate);
                let mut voice = vec![10_000; rate.samples_per_tick()];
                fade.fade(&mut voice);
                heard.extend(voice);
            }
            let step = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max();
            assert!(step <= Some(2), "{rate:?}: {step:?}");
            let end = 20.0 * (f64::from(*heard.last().unwrap()) / 10_000.0).log10();
            assert!((end - 6.0).abs() < 0.01, "{rate:?}: {end} dB");
        }
    }

    #[test]
    fn gain_above_one_loses_nothing_of_a_loud_sample() {
        let mut fade = Fade::OUT;
        fade.set(UNITY * 100, RAMP);
        fade.finish();
        assert_eq!(fade.apply(-32_768), -3_276_800);
    }
}
