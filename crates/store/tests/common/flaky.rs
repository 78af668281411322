//! A store in memory that fails when told to.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use model::directory::{Directory, Edit};
use model::query::Query;
use model::{Actor, Begun, Cdr, Delivery, Happening, KeptAnswer, Mdr, MeetingId, RequestKey, Sid, Webhook};
use store::{
    Answer, AuditEntry, AuditLine, Backlog, DialledCalls, IdKind, Kept, Missed, Record, Records, Scope,
    Store, StoreError, Waiting, WebhookStore,
};
use tokio::sync::Semaphore;

/// Keeps what it is given; fails the next `fail` writes; each write waits for a permit of `gate`.
pub(crate) struct Flaky {
    pub(crate) fail: AtomicU32,
    /// Whether the next write is made and yet said to have failed.
    pub(crate) lies: AtomicBool,
    pub(crate) gate: Semaphore,
    pub(crate) edits: Mutex<Vec<Edit>>,
    pub(crate) batches: Mutex<Vec<Vec<Record>>>,
}

impl Flaky {
    /// One that lets everything through and fails the first `fail` writes.
    pub(crate) fn failing(fail: u32) -> Self {
        Self {
            fail: AtomicU32::new(fail),
            lies: AtomicBool::new(false),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            edits: Mutex::default(),
            batches: Mutex::default(),
        }
    }

    async fn pass(&self) -> Result<(), StoreError> {
        self.gate.acquire().await.unwrap().forget();
        let failing = self
            .fail
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match failing {
            Ok(_) => Err(StoreError::Full),
            Err(_) => Ok(()),
        }
    }
}

fn done<T: Send + 'static>(value: T) -> Answer<'static, T> {
    Box::pin(async { Ok(value) })
}

fn none<R>() -> Records<R> {
    Records {
        page: Vec::new(),
        total: 0,
    }
}

impl Store for Flaky {
    fn load(&self) -> Answer<'_, Directory> {
        let edits = self.edits.lock().unwrap();
        let all = edits.iter().try_fold(Directory::default(), |directory, edit| {
            directory.edited(edit.clone())
        });
        done(all.unwrap())
    }

    fn write<'a>(&'a self, _actor: &'a Actor, edits: &'a [Edit], _now_ms: i64) -> Answer<'a, ()> {
        Box::pin(async {
            self.pass().await?;
            self.edits.lock().unwrap().extend_from_slice(edits);
            match self.lies.swap(false, Ordering::SeqCst) {
                true => Err(StoreError::Failed("the connection was lost".into())),
                false => Ok(()),
            }
        })
    }

    fn reserve(&self, _kind: IdKind, count: u64) -> Answer<'_, Range<u64>> {
        done(0..count)
    }

    /// Refuses for ever what has an id that no database can hold.
    fn add_records<'a>(&'a self, records: &'a [Record]) -> Answer<'a, ()> {
        Box::pin(async {
            self.pass().await?;
            if records
                .iter()
                .any(|record| matches!(record, Record::Call(cdr) if cdr.leg.0 == u64::MAX))
            {
                return Err(StoreError::Unstorable {
                    object: "call".into(),
                    field: "id",
                });
            }
            self.batches.lock().unwrap().push(records.to_vec());
            Ok(())
        })
    }

    fn cdrs<'a>(&'a self, _scope: &'a Scope, _query: &'a Query) -> Answer<'a, Records<Cdr>> {
        done(none())
    }

    fn mdrs<'a>(&'a self, _scope: &'a Scope, _query: &'a Query) -> Answer<'a, Records<Mdr>> {
        done(none())
    }

    fn dialled(&self, _created_ms: Range<i64>) -> Answer<'_, Vec<DialledCalls>> {
        done(Vec::new())
    }

    fn begin_request<'a>(
        &'a self,
        _key: &'a RequestKey,
        _fingerprint: &'a [u8; 32],
        _now_ms: i64,
    ) -> Answer<'a, Begun> {
        done(Begun::Fresh)
    }

    fn finish_request<'a>(
        &'a self,
        _key: &'a RequestKey,
        _answer: &'a KeptAnswer,
        _now_ms: i64,
    ) -> Answer<'a, bool> {
        done(true)
    }

    fn forget_request<'a>(&'a self, _key: &'a RequestKey) -> Answer<'a, ()> {
        done(())
    }

    fn meeting_log<'a>(
        &'a self,
        _scope: &'a Scope,
        _meeting: MeetingId,
        _query: &'a Query,
    ) -> Answer<'a, Records<Happening>> {
        done(none())
    }

    fn audit<'a>(&'a self, _top: &'a Sid, _query: &'a Query) -> Answer<'a, Records<AuditLine>> {
        done(none())
    }

    fn missed<'a>(&'a self, _scope: &'a Scope, _wanted: Missed) -> Answer<'a, Vec<Happening>> {
        done(Vec::new())
    }

    fn kept(&self) -> Answer<'_, Kept> {
        done(Kept::default())
    }

    fn forget(&self, _before_ms: i64, _count: u32) -> Answer<'_, u64> {
        done(0)
    }

    fn forget_records(&self, _before_ms: i64, _count: u32) -> Answer<'_, u64> {
        done(0)
    }

    fn health(&self) -> Answer<'_, ()> {
        done(())
    }

    fn checkpoint(&self) -> Answer<'_, ()> {
        done(())
    }

    fn close(&self) -> Answer<'_, ()> {
        done(())
    }
}

impl WebhookStore for Flaky {
    fn webhooks<'a>(&'a self, _scope: &'a Scope) -> Answer<'a, Vec<Webhook>> {
        done(Vec::new())
    }

    fn webhook<'a>(&'a self, _id: &'a str) -> Answer<'a, Option<Webhook>> {
        done(None)
    }

    fn put_webhook<'a>(&'a self, _webhook: &'a Webhook, _entry: &'a AuditEntry) -> Answer<'a, ()> {
        done(())
    }

    fn disable_webhook<'a>(&'a self, _id: &'a str, _url: &'a str, _at_ms: i64) -> Answer<'a, ()> {
        done(())
    }

    fn remove_webhook<'a>(&'a self, _id: &'a str, _entry: &'a AuditEntry) -> Answer<'a, ()> {
        done(())
    }

    fn deliveries<'a>(&'a self, _webhook: &'a Webhook, _query: &'a Query) -> Answer<'a, Records<Delivery>> {
        done(none())
    }

    fn redeliver<'a>(
        &'a self,
        _webhook: &'a str,
        _happening: u64,
        _entry: &'a AuditEntry,
    ) -> Answer<'a, bool> {
        done(false)
    }

    fn waiting(&self, _now_ms: i64, _most: u32) -> Answer<'_, Vec<Waiting>> {
        done(Vec::new())
    }

    fn due<'a>(&'a self, _webhook: &'a str, _now_ms: i64, _limit: u32) -> Answer<'a, Vec<Delivery>> {
        done(Vec::new())
    }

    fn hasten(&self, _now_ms: i64, _by_ms: i64) -> Answer<'_, ()> {
        done(())
    }

    fn settle<'a>(&'a self, _deliveries: &'a [Delivery]) -> Answer<'a, ()> {
        done(())
    }

    fn forget_deliveries(&self, _most: u32, _count: u32) -> Answer<'_, u64> {
        done(0)
    }

    fn clear_deliveries(&self, _count: u32) -> Answer<'_, u64> {
        done(0)
    }

    fn happening(&self, _id: u64) -> Answer<'_, Option<Happening>> {
        done(None)
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        done(Backlog::default())
    }
}
