//! How much is kept.

/// A sum of bytes that many keep. Each remembers what was last counted of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally(usize);

impl Tally {
    /// What all of them keep, bytes.
    pub(super) fn bytes(self) -> usize {
        self.0
    }

    /// One of them keeps `now` bytes, where `counted` was counted of it.
    pub(super) fn count(&mut self, counted: &mut usize, now: usize) {
        self.0 = self.0.saturating_sub(*counted).saturating_add(now);
        *counted = now;
    }
}
