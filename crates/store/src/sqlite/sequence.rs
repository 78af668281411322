use std::ops::Range;

use sqlx::{SqliteConnection, SqlitePool};

use super::fault::{fit, whole};
use crate::{IdKind, StoreError};

/// Takes the next `count` ids of `kind`.
pub(super) async fn reserve(pool: &SqlitePool, kind: IdKind, count: u64) -> Result<Range<u64>, StoreError> {
    let count = fit(count, || kind.name().to_owned(), "count")?;
    let end: i64 = sqlx::query_scalar("UPDATE sequences SET next = next + ?1 WHERE name = ?2 RETURNING next")
        .bind(count)
        .bind(kind.name())
        .fetch_one(pool)
        .await?;
    Ok(whole(end - count, "id")?..whole(end, "id")?)
}

/// Marks `id`, chosen by somebody else, and all below it as spent.
pub(super) async fn spend(db: &mut SqliteConnection, kind: IdKind, id: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE sequences SET next = ?1 + 1 WHERE name = ?2 AND next <= ?1")
        .bind(id)
        .bind(kind.name())
        .execute(db)
        .await?;
    Ok(())
}

/// Tries whether the disk can be written, by a change: SQLite writes nothing where nothing changes.
pub(super) async fn probe(pool: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("UPDATE sequences SET next = next + 1 WHERE name = 'probe'")
        .execute(pool)
        .await?;
    Ok(())
}
