//! The store in one SQLite file: WAL, `synchronous=FULL`, one writing connection, a few reading ones.

mod audit;
mod edit;
mod fault;
mod files;
mod interrupted;
mod load;
mod log;
mod open;
mod query;
mod records;
mod requests;
mod schema;
mod sequence;
#[cfg(test)]
mod tests;
mod transaction;

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use model::directory::{Directory, Edit};
use model::query::Query;
use model::{Actor, Begun, Cdr, KeptAnswer, Mdr, MeetingId, RequestKey, Sid};
use sqlx::SqlitePool;

use crate::{Answer, AuditLine, IdKind, LogLine, Page, Record, Records, Scope, Store, StoreError};

/// A [`Store`] in one SQLite file. One process at a time may have it open.
pub struct SqliteStore {
    /// One connection, so that writers queue here and not in SQLite.
    writer: SqlitePool,
    readers: SqlitePool,
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
        Box::pin(records::add(&self.writer, records))
    }

    fn cdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Cdr>> {
        Box::pin(records::cdrs(&self.readers, scope, query))
    }

    fn mdrs<'a>(&'a self, scope: &'a Scope, query: &'a Query) -> Answer<'a, Records<Mdr>> {
        Box::pin(records::mdrs(&self.readers, scope, query))
    }

    fn begin_request<'a>(
        &'a self,
        key: &'a RequestKey,
        fingerprint: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Begun> {
        Box::pin(requests::begin(&self.writer, key, fingerprint, now_ms))
    }

    fn finish_request<'a>(&'a self, key: &'a RequestKey, answer: &'a KeptAnswer) -> Answer<'a, ()> {
        Box::pin(requests::finish(&self.writer, key, answer))
    }

    fn forget_request<'a>(&'a self, key: &'a RequestKey) -> Answer<'a, ()> {
        Box::pin(requests::forget(&self.writer, key))
    }

    fn meeting_log<'a>(
        &'a self,
        scope: &'a Scope,
        meeting: MeetingId,
        page: Page,
    ) -> Answer<'a, Records<LogLine>> {
        Box::pin(log::read(&self.readers, scope, meeting, page))
    }

    fn audit<'a>(&'a self, top: &'a Sid, query: &'a Query) -> Answer<'a, Records<AuditLine>> {
        Box::pin(audit::read(&self.readers, top, query))
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
