//! Tags, branches and identifiers nobody can guess, from one seed.

use std::hash::{DefaultHasher, Hasher};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The endpoint's only source of chance: same seed, same run.
#[derive(Debug)]
pub(crate) struct Random {
    stream: ChaCha12Rng,
    secret: u64,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut stream = ChaCha12Rng::from_seed(seed);
        let secret = stream.next_u64();
        Self { stream, secret }
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// As many in hexadecimal (RFC 3261 section 19.3 asks a tag for 32).
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}", self.bits())
    }

    /// A Via branch with the magic cookie (RFC 3261 section 8.1.1.7).
    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.token())
    }

    /// A number below `bound`; 0 when the bound is.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits().checked_rem(bound).unwrap_or(0)
    }

    /// A tag for a stateless answer: equal for equal requests (RFC 3261 section 8.2.7).
    pub(crate) fn stateless_tag(&self, parts: &[&[u8]]) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.secret);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        format!("{:016x}", hasher.finish())
    }
}
