//! The quadrature mirror filters: one stream of 16 kHz as two of 8 kHz, and back (ITU-T G.722, sections 3.1 and 4.4).

use super::band::saturate;
use super::tables::MIRROR;

const PAIRS: usize = MIRROR.len();

/// The last samples, in pairs, oldest first.
#[derive(Debug, Clone)]
struct Memory([[i32; 2]; PAIRS]);

impl Memory {
    const fn new() -> Self {
        Self([[0; 2]; PAIRS])
    }

    fn push(&mut self, pair: [i32; 2]) {
        self.0.copy_within(1.., 0);
        self.0[PAIRS - 1] = pair;
    }

    /// Both halves of the filter: the first samples of the pairs meet the coefficients in one order, the second ones in the other.
    fn halves(&self) -> (i32, i32) {
        let first = self.0.iter().zip(MIRROR).map(|([first, _], tap)| first * tap);
        let second = self
            .0
            .iter()
            .zip(MIRROR.iter().rev())
            .map(|([_, second], tap)| second * tap);
        (first.sum(), second.sum())
    }
}

/// Splits into bands.
#[derive(Debug, Clone)]
pub(super) struct Split(Memory);

impl Split {
    pub(super) const fn new() -> Self {
        Self(Memory::new())
    }

    /// Two samples as one of each band, lower first, of 15 bits.
    pub(super) fn pair(&mut self, samples: [i16; 2]) -> (i32, i32) {
        self.0.push(samples.map(i32::from));
        let (first, second) = self.0.halves();
        let limited = |value: i32| (value >> 14).clamp(-16_384, 16_383);
        (limited(second + first), limited(second - first))
    }
}

/// Joins bands.
#[derive(Debug, Clone)]
pub(super) struct Join(Memory);

impl Join {
    pub(super) const fn new() -> Self {
        Self(Memory::new())
    }

    /// One sample of each band as two.
    pub(super) fn pair(&mut self, low: i32, high: i32) -> [i16; 2] {
        self.0.push([low + high, low - high]);
        let (second, first) = self.0.halves();
        [saturate(first >> 11) as i16, saturate(second >> 11) as i16]
    }
}
