//! Ids of legs, meetings and events: reserved in blocks, so that none is used twice and nobody waits for the disk.

use std::ops::Range;

use model::{LegId, MeetingId};
use store::{IdBlock, IdKind};

/// The blocks.
#[derive(Debug)]
pub struct Ids {
    legs: Source,
    meetings: Source,
    happenings: Source,
}

#[derive(Debug)]
struct Source {
    block: IdBlock,
    asked: bool,
}

impl Source {
    fn new(reserved: Range<u64>) -> Self {
        Self {
            block: IdBlock::new(reserved),
            asked: false,
        }
    }

    fn wants(&mut self) -> bool {
        let wants = self.block.wants_refill() && !self.asked;
        self.asked |= wants;
        wants
    }
}

impl Ids {
    /// With the first blocks.
    pub fn new(legs: Range<u64>, meetings: Range<u64>, happenings: Range<u64>) -> Self {
        Self {
            legs: Source::new(legs),
            meetings: Source::new(meetings),
            happenings: Source::new(happenings),
        }
    }

    pub(super) fn leg(&mut self) -> Option<LegId> {
        self.legs.block.take().map(LegId)
    }

    pub(super) fn meeting(&mut self) -> Option<MeetingId> {
        self.meetings.block.take().map(MeetingId)
    }

    pub(super) fn happening(&mut self) -> Option<u64> {
        self.happenings.block.take()
    }

    /// Puts a block in.
    pub(super) fn refill(&mut self, kind: IdKind, ids: Range<u64>) {
        let source = match kind {
            IdKind::Leg => &mut self.legs,
            IdKind::Meeting => &mut self.meetings,
            IdKind::Happening => &mut self.happenings,
            IdKind::DidGroup | IdKind::Did | IdKind::Key | IdKind::Callback => return,
        };
        source.asked = false;
        source.block.refill(ids);
    }

    /// What must be reserved now; each is asked for once.
    pub(super) fn wanted(&mut self) -> impl Iterator<Item = IdKind> + use<> {
        let legs = self.legs.wants().then_some(IdKind::Leg);
        let meetings = self.meetings.wants().then_some(IdKind::Meeting);
        let happenings = self.happenings.wants().then_some(IdKind::Happening);
        legs.into_iter().chain(meetings).chain(happenings)
    }
}
