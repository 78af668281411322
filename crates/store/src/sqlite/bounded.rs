//! Lists end when their time is over, and when nobody waits for them any more: what they look at is for whoever asks to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};
use tokio::time::timeout;

use crate::StoreError;

/// Longest that a list may be read.
pub(super) const LIST_MAX: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at whether the time is over: less than a millisecond.
const STEPS: i32 = 10_000;

/// Does `work` as of one moment, for `most` at the longest.
pub(super) async fn bounded<T>(
    pool: &SqlitePool,
    most: Duration,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut reading = Reading {
        connection: Some(pool.acquire().await.map_err(crowded)?),
        is_over: Arc::default(),
    };
    let Some(connection) = &mut reading.connection else {
        return Err(StoreError::Failed("no connection".to_owned()));
    };
    let is_over = reading.is_over.clone();
    let goes_on = move || !is_over.load(Ordering::Relaxed);
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, goes_on);
    let read = async {
        let mut tx = connection.begin().await?;
        let done = work(&mut tx).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(done)
    };
    let done = timeout(most, read).await.map_err(|_| StoreError::TooLong)??;
    connection.lock_handle().await?.remove_progress_handler();
    // Only now it is as good as before.
    reading.connection.take();
    Ok(done)
}

/// Where all connections for lists have been busy for as long as one waits, that is said.
fn crowded(error: sqlx::Error) -> StoreError {
    match matches!(error, sqlx::Error::PoolTimedOut) {
        true => StoreError::Crowded,
        false => error.into(),
    }
}

/// A connection that reads. It goes back to its pool only when it was taken out of here; else what it reads ends, and so does it.
struct Reading {
    connection: Option<PoolConnection<Sqlite>>,
    is_over: Arc<AtomicBool>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            self.is_over.store(true, Ordering::Relaxed);
            connection.close_on_drop();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tempfile::TempDir;

    use super::super::SqliteStore;
    use super::*;

    /// Counts for hours.
    pub(in crate::sqlite) async fn endless(db: &mut SqliteConnection) -> Result<i64, StoreError> {
        const ENDLESS: &str =
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
        Ok(sqlx::query_scalar(ENDLESS).fetch_one(db).await?)
    }

    pub(in crate::sqlite) async fn one(db: &mut SqliteConnection) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT 1").fetch_one(db).await?)
    }

    #[tokio::test]
    async fn a_list_that_takes_too_long_ends_and_leaves_its_place_to_others() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let most = Duration::from_millis(20);
        // More often than there are connections.
        for _ in 0..5 {
            let ended = bounded(&store.lists.pool, most, endless).await;
            assert_eq!(ended, Err(StoreError::TooLong));
        }
        assert_eq!(bounded(&store.lists.pool, LIST_MAX, one).await, Ok(1));
        assert_eq!(bounded(&store.lists.pool, LIST_MAX, one).await, Ok(1));
    }

    #[tokio::test]
    async fn a_list_that_nobody_waits_for_any_more_ends_too() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        for _ in 0..5 {
            let left = timeout(
                Duration::from_millis(20),
                bounded(&store.lists.pool, LIST_MAX, endless),
            );
            assert!(left.await.is_err());
        }
        assert_eq!(bounded(&store.lists.pool, LIST_MAX, one).await, Ok(1));
    }
}
