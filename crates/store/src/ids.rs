use std::ops::Range;

/// What an id is for; each has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// [`model::LegId`].
    Leg,
    /// [`model::MeetingId`].
    Meeting,
    /// [`model::DidGroupId`].
    DidGroup,
    /// [`model::DidId`].
    Did,
    /// [`model::KeyId`].
    Key,
    /// [`model::directory::Callback::id`].
    Callback,
    /// `id` of a [`model::Happening`].
    Happening,
}

impl IdKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Leg,
        Self::Meeting,
        Self::DidGroup,
        Self::Did,
        Self::Key,
        Self::Callback,
        Self::Happening,
    ];

    /// The word it has in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leg => "leg",
            Self::Meeting => "meeting",
            Self::DidGroup => "did_group",
            Self::Did => "did",
            Self::Key => "key",
            Self::Callback => "callback",
            Self::Happening => "happening",
        }
    }
}

/// Reserved ids for somebody who cannot wait for a disk (the control thread): taken one by one, refilled in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdBlock {
    now: Range<u64>,
    spare: Range<u64>,
}

impl IdBlock {
    /// Starts with what [`crate::Store::reserve`] gave, say 10,000 ids.
    pub fn new(reserved: Range<u64>) -> Self {
        Self {
            now: reserved,
            spare: 0..0,
        }
    }

    /// The next id; `None` when all are spent and no refill came.
    pub fn take(&mut self) -> Option<u64> {
        if self.now.is_empty() {
            self.now = std::mem::replace(&mut self.spare, 0..0);
        }
        self.now.next()
    }

    /// Whether the spare block is missing: time to reserve another.
    pub fn wants_refill(&self) -> bool {
        self.spare.is_empty()
    }

    /// Puts the spare block in; an unused spare block is lost, which only leaves a gap.
    pub fn refill(&mut self, reserved: Range<u64>) {
        self.spare = reserved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_each_id_once_and_asks_for_more_in_time() {
        let mut block = IdBlock::new(5..7);
        assert!(block.wants_refill());
        block.refill(20..22);
        assert!(!block.wants_refill());
        let taken: Vec<_> = std::iter::from_fn(|| block.take()).collect();
        assert_eq!(taken, [5, 6, 20, 21]);
        assert!(block.wants_refill());
    }
}
