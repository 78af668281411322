//! The store in one SQLite file: WAL, `synchronous=FULL`, one writing connection, a few reading ones, and others for lists, which
//! may take long.

mod aftermath;
mod audit;
mod bounded;
mod deliveries;
mod due;
mod edit;
mod fault;
mod files;
mod happenings;
mod interrupted;
mod lists;
mod load;
mod news;
mod open;
mod owners;
mod page;
mod query;
mod records;
mod requests;
mod schema;
mod sequence;
#[cfg(test)]
mod tests;
mod transaction;
mod webhooks;

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    Answer, AuditEntry, AuditLine, Backlog, DialledCalls, IdKind, Kept, Missed, Record, Records, Scope,
    Store, StoreError, Waiting, WebhookStore,
};
use model::directory::{Directory, Edit};
use model::query::Query;
use model::{Actor, Begun, Cdr, Delivery, Happening, KeptAnswer, Mdr, MeetingId, RequestKey, Sid, Webhook};
use sqlx::SqlitePool;

use lists::Lists;

/// A [`Store`] in one SQLite file. One process at a time may have it open.
pub struct SqliteStore {
    /// One connection, so that writers queue here and not in SQLite.
    writer: SqlitePool,
    readers: SqlitePool,
    lists: Lists,
    /// Deliveries that were given up since this was opened because too many were pending.
    overflowed: AtomicU64,
    /// The same because their events were forgotten.
    expired: AtomicU64,
    /// The lock is held as long as the file is open.
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes it, with its folder. Needs a tokio runtime.
    ///
    /// Refuses a store that another process has open, a file of another program or later version, and a damaged file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        open::open(path).await
    }

    async fn shut(&self) {
        self.readers.close().await;
        self.lists.pool.close().await;
        self.writer.close().await;
        if let Ok(mut lock) = self.lock.lock() {
            lock.take();
        }
    }
}

impl Store for SqliteStore {
    fn load(&self) -> Answer<'_, Directory> {
        Box::pin(load::load(&self.readers))
    }

    fn write<'a>(&'a self, actor: &'a Actor, edits: &'a [Edit], now_ms: i64) -> Answer<'a, ()> {
        Box::pin(edit::write(&self.writer, actor, edits, now_ms))
    }

    fn reserve(&self, kind: IdKind, count: u64) -> Answer<'_, Range<u64>> {
        Box::pin(sequence::reserve(&self.writer, kind, count))
    }

    fn add_records<'a>(&'a self, records: &'a [Record]) -> Answer<'a, ()> {
        Box::pin(async move {
            let overflowed = records::add(&self.writer, records).await?;
            self.overflowed.fetch_add(overflowed, Ordering::Relaxed);
            Ok(())
        })
    }

    fn cdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Cdr>> {
        Box::pin(records::cdrs(&self.lists, scope, query))
    }

    fn mdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Mdr>> {
        Box::pin(records::mdrs(&self.lists, scope, query))
    }

    fn dialled(&self, created_ms: Range<i64>) -> Answer<'_, Vec<DialledCalls>> {
        Box::pin(records::dialled(&self.readers, created_ms))
    }

    fn begin_request<'a>(
        &'a self,
        key: &'a RequestKey,
        fingerprint: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Begun> {
        Box::pin(requests::begin(&self.writer, key, fingerprint, now_ms))
    }

    fn finish_request<'a>(
        &'a self,
        key: &'a RequestKey,
        answer: &'a KeptAnswer,
        now_ms: i64,
    ) -> Answer<'a, bool> {
        Box::pin(requests::finish(&self.writer, key, answer, now_ms))
    }

    fn forget_request<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()> {
        Box::pin(requests::forget(&self.writer, key))
    }

    fn meeting_log<'a>(
        &'a self,
        scope: &'a Scope,
        meeting: MeetingId,
        query: &'a Query,
    ) -> Answer<'a, Records<Happening>> {
        Box::pin(happenings::of_meeting(&self.lists, scope, meeting, query))
    }

    fn missed<'a>(&'a self, scope: &'a Scope, wanted: Missed) -> Answer<'a, Vec<Happening>> {
        Box::pin(happenings::missed(&self.readers, scope, wanted))
    }

    fn kept(&self) -> Answer<'_, Kept> {
        Box::pin(happenings::kept(&self.readers))
    }

    fn forget(&self, before_ms: i64, count: u32) -> Answer<'_, u64> {
        Box::pin(async move {
            let forgotten = happenings::forget(&self.writer, before_ms, count).await?;
            self.expired.fetch_add(forgotten.pending, Ordering::Relaxed);
            Ok(forgotten.happenings)
        })
    }

    fn forget_records(&self, before_ms: i64, count: u32) -> Answer<'_, u64> {
        Box::pin(records::forget(&self.writer, before_ms, count))
    }

    fn audit<'a>(&'a self, top: &'a Sid, query: &'a Query) -> Answer<'a, Records<AuditLine>> {
        Box::pin(audit::read(&self.lists, top, query))
    }

    fn health(&self) -> Answer<'_, ()> {
        Box::pin(sequence::probe(&self.writer))
    }

    fn checkpoint(&self) -> Answer<'_, ()> {
        Box::pin(open::checkpoint(&self.writer))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.shut().await;
            Ok(())
        })
    }
}

impl WebhookStore for SqliteStore {
    fn webhooks<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Vec<Webhook>> {
        Box::pin(webhooks::list(&self.readers, scope))
    }

    fn webhook<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Webhook>> {
        Box::pin(webhooks::find(&self.readers, id))
    }

    fn put_webhook<'a>(&'a self, webhook: &'a Webhook, entry: &'a AuditEntry) -> Answer<'a, ()> {
        Box::pin(webhooks::put(&self.writer, webhook, entry))
    }

    fn disable_webhook<'a>(&'a self, id: &'a str, url: &'a str, at_ms: i64) -> Answer<'a, ()> {
        Box::pin(webhooks::disable(&self.writer, id, url, at_ms))
    }

    fn remove_webhook<'a>(&'a self, id: &'a str, entry: &'a AuditEntry) -> Answer<'a, ()> {
        Box::pin(webhooks::remove(&self.writer, id, entry))
    }

    fn deliveries<'a>(&'a self, webhook: &'a Webhook, query: &'a Query) -> Answer<'a, Records<Delivery>> {
        Box::pin(deliveries::list(&self.lists, webhook, query))
    }

    fn redeliver<'a>(&'a self, webhook: &'a str, happening: u64, entry: &'a AuditEntry) -> Answer<'a, bool> {
        Box::pin(deliveries::renew(&self.writer, webhook, happening, entry))
    }

    fn waiting(&self, now_ms: i64, most: u32) -> Answer<'_, Vec<Waiting>> {
        Box::pin(due::waiting(&self.readers, now_ms, most))
    }

    fn due<'a>(&'a self, webhook: &'a str, now_ms: i64, limit: u32) -> Answer<'a, Vec<Delivery>> {
        Box::pin(due::due(&self.readers, webhook, now_ms, limit))
    }

    fn hasten(&self, now_ms: i64, by_ms: i64) -> Answer<'_, ()> {
        Box::pin(due::hasten(&self.writer, now_ms, by_ms))
    }

    fn settle<'a>(&'a self, deliveries: &'a [Delivery]) -> Answer<'a, ()> {
        Box::pin(deliveries::settle(&self.writer, deliveries))
    }

    fn forget_deliveries(&self, most: u32, count: u32) -> Answer<'_, u64> {
        Box::pin(deliveries::forget(&self.writer, most, count))
    }

    fn clear_deliveries(&self, count: u32) -> Answer<'_, u64> {
        Box::pin(deliveries::clear(&self.writer, count))
    }

    fn happening(&self, id: u64) -> Answer<'_, Option<Happening>> {
        Box::pin(happenings::find(&self.readers, id))
    }

    fn backlog(&self) -> Answer<'_, Backlog> {
        Box::pin(async move {
            Ok(Backlog {
                overflowed: self.overflowed.load(Ordering::Relaxed),
                expired: self.expired.load(Ordering::Relaxed),
                ..deliveries::backlog(&self.readers).await?
            })
        })
    }
}
