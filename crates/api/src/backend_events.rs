//! What streams and lists of events need of the bridge.

use model::query::Query;
use model::{Happening, MeetingId, MeetingNumber};

use crate::backend::{Answer, Records, Scope, Unavailable, Unlisted};
use crate::events::Hub;

/// Events as the bridge keeps them.
pub trait EventBackend: Send + Sync + 'static {
    /// Where what happens is published.
    fn hub(&self) -> &Hub;

    /// The first events that `wanted` asks for within `scope`, in order.
    fn missed(&self, scope: Scope, wanted: Missed) -> Answer<'_, Result<Vec<Happening>, Unavailable>>;

    /// How much the store has.
    fn kept(&self) -> Answer<'_, Result<Kept, Unavailable>>;

    /// One page of the log of a meeting within `scope`.
    fn meeting_log(
        &self,
        scope: Scope,
        meeting: MeetingId,
        query: Query,
    ) -> Answer<'_, Result<Records<Happening>, Unlisted>>;
}

/// How much of what happened the store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The id up to which events have been forgotten, since they are older than is kept.
    pub forgotten: u64,
    /// The id of the last that was written; what came after it waits to be.
    pub newest: u64,
}

/// Which events somebody has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The id after which they begin.
    pub after: u64,
    /// The id with which they end.
    pub upto: u64,
    /// In meetings of this number alone.
    pub number: Option<MeetingNumber>,
    /// Most to return.
    pub limit: u32,
}
