use model::{Begun, KeptAnswer, RequestKey};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::transaction::transaction;
use crate::StoreError;

/// How long a key is kept, in ms.
const LIFETIME_MS: i64 = 24 * 3600 * 1000;
/// Most keys kept for one subscriber.
const KEYS_MAX: i64 = 10_000;

/// Notes `key`, unless it is known.
pub(super) async fn begin(
    pool: &SqlitePool,
    key: &RequestKey,
    fingerprint: &[u8; 32],
    now_ms: i64,
) -> Result<Begun, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        forget_old(db, key, now_ms).await?;
        match find(db, key, fingerprint).await? {
            Some(known) => Ok(known),
            None => note(db, key, fingerprint, now_ms).await,
        }
    };
    transaction(pool, all).await
}

/// A few of all, so that no request waits long, and this one.
async fn forget_old(db: &mut SqliteConnection, key: &RequestKey, now_ms: i64) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE at_ms < ?1 ORDER BY at_ms LIMIT 100)
            OR (subscriber_sid = ?2 AND key = ?3 AND at_ms < ?1)",
    )
    .bind(now_ms.saturating_sub(LIFETIME_MS))
    .bind(key.sid.as_str())
    .bind(&key.key)
    .execute(db)
    .await?;
    Ok(())
}

async fn find(
    db: &mut SqliteConnection,
    key: &RequestKey,
    fingerprint: &[u8; 32],
) -> Result<Option<Begun>, StoreError> {
    let row = sqlx::query(
        "SELECT fingerprint, status, headers, body FROM requests WHERE subscriber_sid = ?1 AND key = ?2",
    )
    .bind(key.sid.as_str())
    .bind(&key.key)
    .fetch_optional(db)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let same = row.try_get::<Vec<u8>, _>("fingerprint")? == fingerprint;
    Ok(Some(if same { answered(&row)? } else { Begun::Other }))
}

fn answered(row: &SqliteRow) -> Result<Begun, StoreError> {
    let Some(status) = row.try_get::<Option<u16>, _>("status")? else {
        return Ok(Begun::Unfinished);
    };
    let headers: String = row.try_get("headers")?;
    let damaged = |_| StoreError::Damaged("headers of a kept answer".to_owned());
    Ok(Begun::Answered(KeptAnswer {
        status,
        headers: serde_json::from_str(&headers).map_err(damaged)?,
        body: row.try_get("body")?,
    }))
}

async fn note(
    db: &mut SqliteConnection,
    key: &RequestKey,
    fingerprint: &[u8; 32],
    now_ms: i64,
) -> Result<Begun, StoreError> {
    // Older ones may be there yet, behind older ones of others.
    let used: i64 =
        sqlx::query_scalar("SELECT count(*) FROM requests WHERE subscriber_sid = ?1 AND at_ms >= ?2")
            .bind(key.sid.as_str())
            .bind(now_ms.saturating_sub(LIFETIME_MS))
            .fetch_one(&mut *db)
            .await?;
    if used >= KEYS_MAX {
        return Ok(Begun::Full);
    }
    sqlx::query("INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint) VALUES (?1, ?2, ?3, ?4)")
        .bind(key.sid.as_str())
        .bind(&key.key)
        .bind(now_ms)
        .bind(&fingerprint[..])
        .execute(db)
        .await?;
    Ok(Begun::Fresh)
}

/// Keeps the answer to a change that was begun.
pub(super) async fn finish(
    pool: &SqlitePool,
    key: &RequestKey,
    answer: &KeptAnswer,
) -> Result<(), StoreError> {
    let headers = serde_json::to_string(&answer.headers).unwrap_or_default();
    let all = async |db: &mut SqliteConnection| {
        let statement =
            "UPDATE requests SET status = ?3, headers = ?4, body = ?5 WHERE subscriber_sid = ?1 AND key = ?2";
        let update = sqlx::query(statement).bind(key.sid.as_str()).bind(&key.key);
        update
            .bind(answer.status)
            .bind(headers)
            .bind(&answer.body)
            .execute(db)
            .await?;
        Ok(())
    };
    transaction(pool, all).await
}

/// Forgets a change that was begun and came to nothing.
pub(super) async fn forget(pool: &SqlitePool, key: &RequestKey) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        sqlx::query("DELETE FROM requests WHERE subscriber_sid = ?1 AND key = ?2")
            .bind(key.sid.as_str())
            .bind(&key.key)
            .execute(db)
            .await?;
        Ok(())
    };
    transaction(pool, all).await
}

#[cfg(test)]
mod tests {
    use model::Sid;

    use super::*;
    use crate::{SqliteStore, Store};

    fn key(sid: &str) -> RequestKey {
        RequestKey {
            sid: Sid::new(sid),
            key: "one more".to_owned(),
        }
    }

    #[tokio::test]
    async fn one_subscriber_may_use_ten_thousand_keys_a_day() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        sqlx::query(
            "WITH RECURSIVE used (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM used WHERE n < 10000)
             INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint) SELECT 'a', n, n, x'00' FROM used",
        )
        .execute(&store.writer)
        .await
        .unwrap();
        let begin = async |sid: &str, now_ms| store.begin_request(&key(sid), &[1; 32], now_ms).await;
        assert_eq!(begin("a", 0).await, Ok(Begun::Full));
        assert_eq!(begin("b", 0).await, Ok(Begun::Fresh));
        assert_eq!(begin("a", LIFETIME_MS + 50).await, Ok(Begun::Fresh));
    }

    #[tokio::test]
    async fn keys_of_the_day_before_count_no_more_though_others_have_older_ones() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        for (sid, after_ms) in [("b", 0), ("a", 20_000)] {
            sqlx::query(
                "WITH RECURSIVE used (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM used WHERE n < 10000)
                 INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint) SELECT ?1, n, ?2 + n, x'00' FROM used",
            )
            .bind(sid)
            .bind(after_ms)
            .execute(&store.writer)
            .await
            .unwrap();
        }
        let mine = key("a");
        let begun = store.begin_request(&mine, &[1; 32], LIFETIME_MS + 40_000);
        assert_eq!(begun.await, Ok(Begun::Fresh));
    }
}
