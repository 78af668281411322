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
/// By how much the log may grow before it is emptied, bytes; SQLite does so at some 4 MiB by itself where it can.
const LOG_MAX: u64 = 64 << 20;

/// What lists are read with: whatever those take, the other connections are free.
pub(super) struct Lists {
    pub(super) pool: SqlitePool,
    writer: SqlitePool,
    /// Each held by an account that reads a list.
    turns: [Mutex<()>; TURNS],
    /// The write-ahead log.
    log: PathBuf,
    /// From which length on it is emptied next, bytes; held by who empties it.
    log_most: Mutex<u64>,
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
            log_most: Mutex::new(LOG_MAX),
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
        self.keep_log_short().await;
        done
    }

    /// SQLite begins its log anew only while nobody reads it (<https://sqlite.org/wal.html>, section 6): lists that follow one another without
    /// a gap would let it grow for ever. Where it has grown there is a gap, once all lists have ended that are being read.
    async fn keep_log_short(&self) {
        let Ok(mut most) = self.log_most.try_lock() else {
            return;
        };
        if self.log_length() < *most {
            return;
        }
        let mut all = Vec::new();
        for _ in 0..LISTERS {
            match self.pool.acquire().await {
                Ok(connection) => all.push(connection),
                Err(_) => return,
            }
        }
        // Where it fails, or another than lists reads for long, there is no other gap until the log has grown by as much once more.
        let _ = open::checkpoint_unless_read(&self.writer).await;
        *most = self.log_length().saturating_add(LOG_MAX);
    }

    /// Bytes of the log.
    fn log_length(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |log| log.len())
    }
}

/// The queue of who sees `scope`: that of its account, whose lists show now the account alone, now all below it.
fn place(scope: &Scope) -> usize {
    let mut hasher = DefaultHasher::new();
    scope.sids().first().hash(&mut hasher);
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

    #[test]
    fn all_lists_of_an_account_wait_in_one_queue() {
        for below in 1..9 {
            let below = (1..=below).map(|number| Sid::new(&format!("below {number}")));
            let whole = Scope::of(Sid::new("account 0"), below);
            for scope in [whole.clone(), whole.and_unowned(true)] {
                assert_eq!(place(&scope), place(&account(0)), "{scope:?}");
            }
        }
    }

    /// Ends a list when the log may be so long.
    async fn end_list(lists: &Lists, log_most: u64) {
        *lists.log_most.lock().await = log_most;
        lists.keep_log_short().await;
    }

    #[tokio::test]
    async fn a_log_that_has_grown_is_emptied_and_lists_go_on() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        store.health().await.unwrap();
        let grown = store.lists.log_length();
        assert!(grown > 0);
        end_list(&store.lists, grown + 1).await;
        assert_eq!(store.lists.log_length(), grown);
        end_list(&store.lists, grown).await;
        assert_eq!(store.lists.log_length(), 0);
        assert_eq!(*store.lists.log_most.lock().await, LOG_MAX);
        assert_eq!(store.lists.read(&account(0), one).await, Ok(1));
    }

    #[tokio::test]
    async fn a_log_that_another_reads_for_long_holds_nobody_up_and_is_emptied_later() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let lists = &store.lists;
        store.health().await.unwrap();
        // As a backup does.
        let mut reader = store.readers.begin().await.unwrap();
        assert_eq!(one_id(&mut reader).await, 1);
        store.health().await.unwrap();
        let grown = lists.log_length();
        // SQLite would wait for the reader for as long as for any lock.
        let waited = timeout(Duration::from_secs(2), end_list(lists, grown)).await;
        assert_eq!(waited, Ok(()));
        let most = *lists.log_most.lock().await;
        assert_eq!((lists.log_length(), most), (grown, grown + LOG_MAX));
        reader.commit().await.unwrap();
        end_list(lists, grown).await;
        assert_eq!(lists.log_length(), 0);
    }

    /// Reads something that is on disk.
    async fn one_id(db: &mut SqliteConnection) -> i64 {
        let found = sqlx::query_scalar("SELECT next FROM sequences WHERE name = 'leg'");
        found.fetch_one(db).await.unwrap()
    }
}
