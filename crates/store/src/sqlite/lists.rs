//! Connections for lists, and the write-ahead log that grows behind them.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::bounded::{LIST_MAX, bounded};
use super::open;
use crate::{Scope, StoreError};

/// Connections that read lists. One that goes through millions of rows wants a core meanwhile.
pub(super) const LISTERS: u32 = 3;
/// Queues that accounts wait in; some share one.
const TURNS: usize = 64;
/// Longest wait in such a queue.
const TURN_MAX: Duration = Duration::from_secs(5);
/// From this length on the log is emptied, bytes; SQLite does so at some 4 MiB by itself where it can.
const LOG_MAX: u64 = 64 << 20;

/// What lists are read with: whatever those take, the other connections are free.
pub(super) struct Lists {
    pub(super) pool: SqlitePool,
    writer: SqlitePool,
    /// Each held by an account that reads a list.
    turns: [Mutex<()>; TURNS],
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
            turns: std::array::from_fn(|_| Mutex::default()),
            log: log.into(),
            emptying: Mutex::default(),
        }
    }

    /// Reads a list for who sees `scope`, as of one moment and within its time. Everybody reads one at a time: whoever asks for many long ones
    /// keeps others from none of theirs.
    pub(super) async fn read<T>(
        &self,
        scope: &Scope,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let turn = timeout(TURN_MAX, self.turns[place(scope)].lock()).await;
        let _turn = turn.map_err(|_| StoreError::Crowded)?;
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

/// The queue of who sees `scope`.
fn place(scope: &Scope) -> usize {
    let mut hasher = DefaultHasher::new();
    scope.sids().hash(&mut hasher);
    hasher.finish() as usize % TURNS
}

#[cfg(test)]
mod tests {
    use model::Sid;
    use tempfile::TempDir;

    use super::super::SqliteStore;
    use super::super::bounded::tests::{endless, one};
    use super::*;
    use crate::Store;

    fn account(number: usize) -> Scope {
        Scope::tenant(Sid::new(&format!("account {number}")))
    }

    #[tokio::test]
    async fn who_asks_for_many_long_lists_keeps_others_from_none() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let (greedy, lists) = (account(0), &store.lists);
        let other = (1..).map(account).find(|other| place(other) != place(&greedy));
        let other = other.unwrap();
        let long = async {
            tokio::join!(
                lists.read(&greedy, endless),
                lists.read(&greedy, endless),
                lists.read(&greedy, endless),
                lists.read(&greedy, endless)
            )
        };
        let short = async {
            while lists.turns[place(&greedy)].try_lock().is_ok() {
                tokio::task::yield_now().await;
            }
            lists.read(&other, one).await
        };
        tokio::select! {
            _ = long => panic!("these take longer"),
            found = short => assert_eq!(found, Ok(1)),
        }
    }

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
        assert_eq!(store.lists.read(&account(0), one).await, Ok(1));
    }
}
