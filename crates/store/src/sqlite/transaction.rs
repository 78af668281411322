use sqlx::pool::PoolConnection;
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};

use crate::StoreError;

/// Does `work` in one transaction: all of it is on disk when this answers, or none.
///
/// A connection on which anything failed is given up. On a full disk and other faults SQLite ends the transaction by itself
/// (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"), of which sqlx does not know: what it
/// takes for the next transaction would be a savepoint in one that never ends, and its commit a promise that nobody keeps.
pub(super) async fn transaction<T>(
    pool: &SqlitePool,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut lent = Lent(Some(pool.acquire().await?));
    let Some(connection) = &mut lent.0 else {
        return Err(StoreError::Failed("no connection".to_owned()));
    };
    let mut tx = connection.begin().await?;
    let done = work(&mut tx).await?;
    tx.commit().await?;
    // Only now it is as good as before.
    lent.0.take();
    Ok(done)
}

/// A connection that goes back to its pool only when it was taken out of here.
struct Lent(Option<PoolConnection<Sqlite>>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}
