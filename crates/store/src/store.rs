use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use model::directory::{Directory, Edit};
use model::query::Query;
use model::{
    Actor, Begun, Cdr, Happening, KeptAnswer, Mdr, MeetingId, MeetingNumber, RequestKey, Sid, Webhook,
};

use crate::{AuditLine, IdKind, Records, Scope, StoreError, WebhookStore};

/// An answer that comes later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A database of the bridge. Chosen at run time, hence object-safe.
pub trait Store: WebhookStore {
    /// The whole directory.
    fn load(&self) -> Answer<'_, Directory>;

    /// Writes `edits` and one audit row each in one transaction: all or none. They are on disk when this answers `Ok`.
    ///
    /// The edits must have been accepted by the current directory; [`crate::Keeper`] sees to that. After an error nothing has changed,
    /// unless [`StoreError::left_all_as_it_was`] says no: then [`Store::load`] tells.
    fn write<'a>(&'a self, actor: &'a Actor, edits: &'a [Edit], now_ms: i64) -> Answer<'a, ()>;

    /// `count` ids that were never given before, not even to a process that died. They are spent when this answers.
    fn reserve(&self, kind: IdKind, count: u64) -> Answer<'_, Range<u64>>;

    /// Writes `records` in one transaction: all or none. A record already there is left as it is, so a batch may be sent again.
    fn add_records<'a>(&'a self, records: &'a [Record]) -> Answer<'a, ()>;

    /// One page of call detail records of `scope`, and of who stood below it and was deleted; so it is with the other records. A list that takes
    /// too long to be found, or for which too many others are being read, is refused ([`StoreError::TooLong`], [`StoreError::Crowded`]); what
    /// else the store does waits for none.
    fn cdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Cdr>>;

    /// One page of meeting detail records of `scope`.
    fn mdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Mdr>>;

    /// How many calls the bridge was asked to dial within `created_ms` (epoch ms), by their records; the operator's are none of them.
    fn dialled(&self, created_ms: Range<i64>) -> Answer<'_, Vec<DialledCalls>>;

    /// Notes that a change with this key is about to be made, unless it was noted within the last day, or as much is kept as may be
    /// ([`model::KeyLimit`]). On disk when this answers.
    fn begin_request<'a>(
        &'a self,
        key: &'a RequestKey,
        fingerprint: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Begun>;

    /// Keeps the answer to a change that was begun, where there is room for it; whether there was. Without, the key stays unfinished.
    fn finish_request<'a>(
        &'a self,
        key: &'a RequestKey,
        answer: &'a KeptAnswer,
        now_ms: i64,
    ) -> Answer<'a, bool>;

    /// Forgets a change that was begun and came to nothing.
    fn forget_request<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()>;

    /// One page of what happened in `meeting`, if it is of `scope`.
    fn meeting_log<'a>(
        &'a self,
        scope: &'a Scope,
        meeting: MeetingId,
        query: &'a Query,
    ) -> Answer<'a, Records<Happening>>;

    /// The first of what `wanted` asks for, in order.
    fn missed<'a>(&'a self, scope: &'a Scope, wanted: Missed) -> Answer<'a, Vec<Happening>>;

    /// How much of what happened is there.
    fn kept(&self) -> Answer<'_, Kept>;

    /// Forgets at most `count` of what happened before `before_ms` (epoch ms), the oldest first, with its deliveries; how many it were.
    fn forget(&self, before_ms: i64, count: u32) -> Answer<'_, u64>;

    /// Forgets at most `count` records of calls that ended before `before_ms` (epoch ms), and as many of meetings, the oldest first; how
    /// many it were.
    fn forget_records(&self, before_ms: i64, count: u32) -> Answer<'_, u64>;

    /// One page of what was changed in the tree of `top`, as it was then: of the directory, and by REST of what is live.
    fn audit<'a>(&'a self, top: &'a Sid, query: &'a Query) -> Answer<'a, Records<AuditLine>>;

    /// Whether the database can be written to, tried by writing.
    fn health(&self) -> Answer<'_, ()>;

    /// Moves what is in the write-ahead log to the main file.
    fn checkpoint(&self) -> Answer<'_, ()>;

    /// Ends all connections and lets another process have the store. Everything after it fails.
    fn close(&self) -> Answer<'_, ()>;
}

/// Calls that the bridge has dialled, counted by what their records tell of who made them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialledCalls {
    /// The number that they showed, with plus.
    pub caller: String,
    /// Whose their records are.
    pub subscriber_sid: Option<Sid>,
    /// How many.
    pub count: u32,
}

/// How much of what happened is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The last id of what has been forgotten since; 0 when nothing was.
    pub forgotten: u64,
    /// The last id of what was written, even where that is forgotten; 0 when nothing was.
    pub newest: u64,
}

/// Which of what happened, and may be told, somebody has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The id after which it begins.
    pub after: u64,
    /// The id with which it ends.
    pub upto: u64,
    /// In meetings of this number alone.
    pub number: Option<MeetingNumber>,
    /// Most to return.
    pub limit: u32,
}

/// Something to keep of a call or meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// What remains of a call.
    Call(Box<Cdr>),
    /// A call that is up, as far as it is known: should the bridge end without a farewell, this is what remains of it, with the cause
    /// [`model::Cause::Interrupted`]. A later one takes its place.
    OpenCall(Box<Cdr>),
    /// The bridge runs at this time, epoch ms: calls that are open will have lasted that long at least.
    Alive {
        /// Now.
        at_ms: i64,
    },
    /// What remains of a meeting.
    Meeting(Box<Mdr>),
    /// One thing that somebody did to what is live. Sent again after a failed batch it may stand twice.
    Audit(AuditEntry),
    /// One thing that happened.
    Happening(Arc<Happening>),
}

/// One thing that somebody did to a call, meeting or webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, epoch ms.
    pub at_ms: i64,
    /// Who.
    pub actor: Actor,
    /// The tenant whose it was; seen by it and by all above it.
    pub owner: Sid,
    /// What, in one word; no values, so that no secret gets here.
    pub action: &'static str,
    /// To what, such as `call 5`.
    pub object: String,
}

impl AuditEntry {
    /// What is done to a webhook, or to its delivery of one event; without its address, which may hold a secret.
    pub fn of_webhook(
        at_ms: i64,
        actor: Actor,
        action: &'static str,
        webhook: &Webhook,
        event: Option<u64>,
    ) -> Self {
        let of = event.map_or(String::new(), |event| format!("event {event} of "));
        Self {
            at_ms,
            actor,
            owner: webhook.subscriber_sid.clone(),
            action,
            object: format!("{of}webhook {}", webhook.id),
        }
    }
}
