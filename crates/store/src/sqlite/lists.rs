//! Connections for lists, and the write-ahead log that grows behind them.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use super::bounded::{LIST_MAX, bounded};
use super::open;
use crate::StoreError;

/// Connections that read lists. One that goes through millions of rows wants a core meanwhile.
pub(super) const LISTERS: u32 = 2;
/// From this length on the log is emptied, bytes; SQLite does so at some 4 MiB by itself where it can.
const LOG_MAX: u64 = 64 << 20;

/// What lists are read with: whatever those take, the other connections are free.
pub(super) struct Lists {
    pub(super) pool: SqlitePool,
    writer: SqlitePool,
    /// The write-ahead log.
    log: PathBuf,
    /// Held by who empties it.
    emptying: Mutex<()>,
}

impl Lists {
    /// With [`LISTERS`] connections, of the store at `path`.
    pub(super) fn new(pool: SqlitePool, writer: SqlitePool, path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            pool,
            writer,
            log: log.into(),
            emptying: Mutex::default(),
        }
    }

    /// Reads a list as of one moment, within its time.
    pub(super) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = bounded(&self.pool, LIST_MAX, work).await;
        self.keep_log_below(LOG_MAX).await;
        done
    }

    /// SQLite begins its log anew only while nobody reads it (<https://sqlite.org/wal.html>, section 6): lists that follow one another without
    /// a gap would let it grow for ever. Where it has grown there is a gap, once all lists have ended that are being read.
    async fn keep_log_below(&self, most: u64) {
        let length = fs::metadata(&self.log).map_or(0, |log| log.len());
        if length < most {
            return;
        }
        let Ok(_alone) = self.emptying.try_lock() else {
            return;
        };
        let mut all = Vec::new();
        for _ in 0..LISTERS {
            match self.pool.acquire().await {
                Ok(connection) => all.push(connection),
                Err(_) => return,
            }
        }
        // Where it fails the next list tries it again.
        let _ = open::checkpoint(&self.writer).await;
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::SqliteStore;
    use super::*;
    use crate::Store;

    #[tokio::test]
    async fn a_log_that_has_grown_is_emptied_and_lists_go_on() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let length = || fs::metadata(folder.path().join("store.db-wal")).unwrap().len();
        store.health().await.unwrap();
        let grown = length();
        assert!(grown > 0);
        store.lists.keep_log_below(grown + 1).await;
        assert_eq!(length(), grown);
        store.lists.keep_log_below(grown).await;
        assert_eq!(length(), 0);
        let one = async |db: &mut SqliteConnection| -> Result<i64, StoreError> {
            Ok(sqlx::query_scalar("SELECT 1").fetch_one(db).await?)
        };
        assert_eq!(store.lists.read(one).await, Ok(1));
    }
}
