//! 20 ms of mono audio at one of the rates a bridge mixes at.

use std::time::Duration;

/// The beat of the bridge: every leg gives and takes 20 ms of audio per tick.
pub const TICK: Duration = Duration::from_millis(20);

/// Samples of the longest frame (20 ms at 48 kHz).
const LONGEST: usize = 960;

/// Sampling rate of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// Narrow band, the telephone network: G.711.
    Hz8000,
    /// Wide band: G.722, Opus at 16 kHz.
    Hz16000,
    /// Full band: Opus.
    Hz48000,
}

impl Rate {
    /// All rates, lowest first.
    pub const ALL: [Self; 3] = [Self::Hz8000, Self::Hz16000, Self::Hz48000];

    /// Samples a second.
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz48000 => 48_000,
        }
    }

    /// Samples of one 20 ms frame: 160, 320 or 960.
    pub const fn samples_per_tick(self) -> usize {
        match self {
            Self::Hz8000 => 160,
            Self::Hz16000 => 320,
            Self::Hz48000 => LONGEST,
        }
    }
}

/// 20 ms of mono audio, 16 bit linear.
#[derive(Debug, Clone)]
pub struct Frame {
    rate: Rate,
    /// Nothing was written since it was made silent: of most legs nothing is heard, and what they do not touch costs nothing.
    silent: bool,
    samples: [i16; LONGEST],
}

impl Frame {
    /// A silent frame.
    pub const fn silence(rate: Rate) -> Self {
        Self {
            rate,
            silent: true,
            samples: [0; LONGEST],
        }
    }

    /// The sampling rate.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Makes this a silent frame of `rate`.
    pub fn clear(&mut self, rate: Rate) {
        if !self.silent || self.rate != rate {
            self.rate = rate;
            self.samples_mut().fill(0);
            self.silent = true;
        }
    }

    /// Makes this the same as `other`; little is copied where that is silent.
    pub fn copy(&mut self, other: &Self) {
        self.clear(other.rate);
        if !other.silent {
            self.samples_mut().copy_from_slice(other.samples());
        }
    }

    /// The samples: as many as [`Rate::samples_per_tick`] says.
    pub fn samples(&self) -> &[i16] {
        &self.samples[..self.rate.samples_per_tick()]
    }

    /// The samples, to write.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        self.silent = false;
        &mut self.samples[..self.rate.samples_per_tick()]
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.rate == other.rate && self.samples() == other.samples()
    }
}

impl Eq for Frame {}

impl Default for Frame {
    fn default() -> Self {
        Self::silence(Rate::Hz8000)
    }
}
