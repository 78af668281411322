//! Ramps between loud and silent, so that nothing clicks.

/// Samples a whole ramp takes at 8 kHz: 5 ms.
const RAMP: i32 = 40;

/// A factor on its way from 0 to 1 or back, in steps of a 40th a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fade {
    at: i32,
    to: i32,
}

impl Fade {
    /// Silent.
    pub(crate) const OUT: Self = Self { at: 0, to: 0 };
    /// Loud.
    pub(crate) const IN: Self = Self { at: RAMP, to: RAMP };

    /// Where it is to go from now on.
    pub(crate) fn set(&mut self, on: bool) {
        self.to = if on { RAMP } else { 0 };
    }

    /// Whether it is silent and stays so.
    pub(crate) fn is_out(self) -> bool {
        self.at == 0 && self.to == 0
    }

    /// Whether it is loud and stays so.
    pub(crate) fn is_in(self) -> bool {
        self.at == RAMP && self.to == RAMP
    }

    /// Where it is going, without the way there.
    pub(crate) fn finished(self) -> Self {
        Self {
            at: self.to,
            to: self.to,
        }
    }

    /// The next sample's part of `sample`.
    #[inline]
    pub(crate) fn apply(&mut self, sample: i32) -> i32 {
        self.at += (self.to - self.at).signum();
        sample * self.at / RAMP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_takes_five_milliseconds_and_never_jumps() {
        let mut fade = Fade::OUT;
        fade.set(true);
        let ramp: Vec<_> = (0..60).map(|_| fade.apply(4_000)).collect();
        assert!(
            ramp.windows(2)
                .all(|pair| (0..=100).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(ramp[39..], [4_000; 21]);
        assert!(fade.is_in());
        fade.set(false);
        (0..40).for_each(|_| drop(fade.apply(1)));
        assert!(fade.is_out());
    }
}
