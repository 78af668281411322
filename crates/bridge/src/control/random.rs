//! Random choices, all of them decided by one seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator.
#[derive(Debug)]
pub(super) struct Random(ChaCha20Rng);

impl Random {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A seed for another machine.
    pub(super) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    pub(super) fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(super) fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }
}
