//! What a leg travels in.

use crate::leg::LegSlot;

/// What a leg travels in from one shard to another: made outside the tick, and empty but on the way.
pub struct Baggage<S>(pub(crate) Option<LegSlot<S>>);

impl<S> Baggage<S> {
    /// Room for one leg.
    pub fn empty() -> Box<Self> {
        Box::new(Self(None))
    }
}

impl<S> std::fmt::Debug for Baggage<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Baggage")
            .field(&self.0.as_ref().map(|slot| slot.key))
            .finish()
    }
}
