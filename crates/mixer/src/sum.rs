//! 20 ms of sound, wide: voices are added without a limit, and taken out again exactly.

use media::Rate;

/// Samples of the longest tick: 20 ms at 48 kHz.
const LONGEST: usize = Rate::Hz48000.samples_per_tick();

/// 20 ms at one rate; 65,536 full-scale voices fit.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    rate: Rate,
    samples: [i32; LONGEST],
}

impl Sum {
    /// Nothing.
    pub const fn silence(rate: Rate) -> Self {
        Self {
            rate,
            samples: [0; LONGEST],
        }
    }

    /// Samples a second.
    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    /// The samples: as many as a tick has at this rate.
    pub fn samples(&self) -> &[i32] {
        &self.samples[..self.rate.samples_per_tick()]
    }

    /// The samples, to write.
    pub(crate) fn samples_mut(&mut self) -> &mut [i32] {
        &mut self.samples[..self.rate.samples_per_tick()]
    }

    /// Makes it nothing again.
    pub fn clear(&mut self) {
        self.samples_mut().fill(0);
    }

    /// Adds a voice of the same rate.
    pub fn add(&mut self, voice: &[i16]) {
        let samples = self.samples_mut().iter_mut().zip(voice);
        samples.for_each(|(sum, sample)| *sum += i32::from(*sample));
    }

    /// Takes out a voice that was added.
    pub fn remove(&mut self, voice: &[i16]) {
        let samples = self.samples_mut().iter_mut().zip(voice);
        samples.for_each(|(sum, sample)| *sum -= i32::from(*sample));
    }

    /// Adds another sum of the same rate.
    pub(crate) fn add_all(&mut self, other: &Self) {
        let samples = self.samples_mut().iter_mut().zip(other.samples());
        samples.for_each(|(sum, sample)| *sum += sample);
    }

    /// Takes out a sum that was added.
    pub(crate) fn remove_all(&mut self, other: &Self) {
        let samples = self.samples_mut().iter_mut().zip(other.samples());
        samples.for_each(|(sum, sample)| *sum -= sample);
    }
}

impl PartialEq for Sum {
    fn eq(&self, other: &Self) -> bool {
        self.rate == other.rate && self.samples() == other.samples()
    }
}

/// One thing for every rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByRate<T>(pub(crate) [T; Rate::ALL.len()]);

impl<T> ByRate<T> {
    /// That of `rate`.
    pub(crate) const fn at(&self, rate: Rate) -> &T {
        &self.0[rate as usize]
    }

    /// That of `rate`, to change.
    pub(crate) const fn at_mut(&mut self, rate: Rate) -> &mut T {
        &mut self.0[rate as usize]
    }
}

impl ByRate<bool> {
    /// The rates for which it is true, lowest first.
    pub(crate) fn rates(self) -> impl Iterator<Item = Rate> {
        Rate::ALL.into_iter().filter(move |rate| *self.at(*rate))
    }
}
