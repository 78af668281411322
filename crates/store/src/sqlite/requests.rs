use model::{Begun, KeptAnswer, KeyLimit, RequestKey, Sid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::transaction::transaction;
use crate::StoreError;

/// How long a key is kept, in ms.
const LIFETIME_MS: i64 = 24 * 3600 * 1000;
/// What a key takes beside its answer, bytes: its row and what finds it. The migration that counts bytes has it, too.
const KEY_BYTES: i64 = 1024;

/// What is kept of one subscriber's last day, of its tenant's, and of all.
struct Used {
    keys: i64,
    bytes: i64,
    bytes_of_tenant: i64,
    bytes_of_all: i64,
}

impl Used {
    /// The first limit that so much more would be beyond.
    fn beyond(&self, keys: i64, bytes: i64) -> Option<KeyLimit> {
        KeyLimit::ALL.into_iter().find(|limit| {
            let after = match limit {
                KeyLimit::Keys => self.keys.saturating_add(keys),
                KeyLimit::AccountBytes => self.bytes.saturating_add(bytes),
                KeyLimit::TenantBytes => self.bytes_of_tenant.saturating_add(bytes),
                KeyLimit::AllBytes => self.bytes_of_all.saturating_add(bytes),
            };
            after > limit.most()
        })
    }
}

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
    // With room for an answer as long as any: once the change is made it is too late to refuse it.
    let longest = KEY_BYTES + KeptAnswer::BODY_MAX as i64;
    let tenant = tenant(db, &key.sid).await?;
    let used = used(db, &key.sid, tenant.as_deref(), now_ms).await?;
    if let Some(limit) = used.beyond(1, longest) {
        return Ok(Begun::Full(limit));
    }
    sqlx::query(
        "INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint, bytes, tenant)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(key.sid.as_str())
    .bind(&key.key)
    .bind(now_ms)
    .bind(&fingerprint[..])
    .bind(KEY_BYTES)
    .bind(tenant)
    .execute(db)
    .await?;
    Ok(Begun::Fresh)
}

/// The account right below the one above all that is `sid`, or that it stands below: none of the one above all.
async fn tenant(db: &mut SqliteConnection, sid: &Sid) -> Result<Option<String>, StoreError> {
    // UNION, not UNION ALL, so that it ends even where damaged data loops.
    const TENANT: &str = "WITH RECURSIVE above (sid, parent_sid) AS (
            SELECT sid, parent_sid FROM subscribers WHERE sid = ?1
            UNION
            SELECT parent.sid, parent.parent_sid FROM subscribers AS parent JOIN above ON parent.sid = above.parent_sid
        )
        SELECT above.sid FROM above JOIN subscribers AS top ON top.sid = above.parent_sid WHERE top.parent_sid IS NULL";
    Ok(sqlx::query_scalar(TENANT)
        .bind(sid.as_str())
        .fetch_optional(db)
        .await?)
}

async fn used(
    db: &mut SqliteConnection,
    sid: &Sid,
    tenant: Option<&str>,
    now_ms: i64,
) -> Result<Used, StoreError> {
    // Older ones may be there yet, behind older ones of others. Of a tenant's the last hour of the day before counts whole: as long is
    // a client asked to wait.
    let row = sqlx::query(
        "SELECT count(*) AS keys, coalesce(sum(bytes), 0) AS bytes, (
             SELECT coalesce(sum(kept.bytes), 0) FROM requests_kept_by_tenant AS kept
             WHERE kept.tenant = ?3 AND kept.hour >= ?2 / 3600000
         ) AS bytes_of_tenant, (SELECT kept.bytes FROM requests_kept AS kept) AS bytes_of_all
         FROM requests WHERE subscriber_sid = ?1 AND at_ms >= ?2",
    )
    .bind(sid.as_str())
    .bind(now_ms.saturating_sub(LIFETIME_MS))
    .bind(tenant)
    .fetch_one(db)
    .await?;
    Ok(Used {
        keys: row.try_get("keys")?,
        bytes: row.try_get("bytes")?,
        bytes_of_tenant: row.try_get("bytes_of_tenant")?,
        bytes_of_all: row.try_get("bytes_of_all")?,
    })
}

/// Keeps the answer to a change that was begun, unless it is too long, or several at once are too many bytes.
pub(super) async fn finish(
    pool: &SqlitePool,
    key: &RequestKey,
    answer: &KeptAnswer,
    now_ms: i64,
) -> Result<bool, StoreError> {
    if answer.body.len() > KeptAnswer::BODY_MAX {
        return Ok(false);
    }
    let headers = serde_json::to_string(&answer.headers).unwrap_or_default();
    let bytes = (headers.len() + answer.body.len()) as i64;
    let all = async |db: &mut SqliteConnection| {
        // Where it stood when the key was noted, whatever has become of the account since.
        let noted: Option<Option<String>> =
            sqlx::query_scalar("SELECT tenant FROM requests WHERE subscriber_sid = ?1 AND key = ?2")
                .bind(key.sid.as_str())
                .bind(&key.key)
                .fetch_optional(&mut *db)
                .await?;
        let used = used(db, &key.sid, noted.flatten().as_deref(), now_ms).await?;
        if used.beyond(0, bytes).is_some() {
            return Ok(false);
        }
        let statement = "UPDATE requests SET status = ?3, headers = ?4, body = ?5, bytes = ?6
             WHERE subscriber_sid = ?1 AND key = ?2";
        let update = sqlx::query(statement).bind(key.sid.as_str()).bind(&key.key);
        let done = update
            .bind(answer.status)
            .bind(headers)
            .bind(&answer.body)
            .bind(KEY_BYTES.saturating_add(bytes))
            .execute(db)
            .await?;
        Ok(done.rows_affected() > 0)
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
    use model::Actor;
    use model::directory::{Edit, Subscriber, SubscriberRole};

    use super::*;
    use crate::{SqliteStore, Store};

    const MIB: i64 = 1 << 20;

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
        assert_eq!(begin("a", 0).await, Ok(Begun::Full(KeyLimit::Keys)));
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

    /// Has these answers kept since the beginning of time: whose, and how long.
    async fn with_answers(store: &SqliteStore, answers: impl IntoIterator<Item = (String, i64)>) {
        for (sid, bytes) in answers {
            sqlx::query(
                "INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint, bytes) VALUES (?1, 'old', 0, x'00', ?2)",
            )
            .bind(sid)
            .bind(bytes)
            .execute(&store.writer)
            .await
            .unwrap();
        }
    }

    /// What is counted, and what there is.
    async fn counted(store: &SqliteStore) -> (i64, i64) {
        let row = sqlx::query(
            "SELECT (SELECT bytes FROM requests_kept) AS kept,
                 coalesce(sum(1024 + coalesce(length(headers), 0) + coalesce(length(body), 0)), 0) AS there
             FROM requests",
        )
        .fetch_one(&store.writer)
        .await
        .unwrap();
        (row.get("kept"), row.get("there"))
    }

    #[tokio::test]
    async fn a_key_needs_room_for_the_longest_answer_among_those_of_its_subscriber() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let most = KeyLimit::AccountBytes.most() - KEY_BYTES - 8 * MIB;
        let full = Ok(Begun::Full(KeyLimit::AccountBytes));
        with_answers(&store, [("a".to_owned(), most), ("b".to_owned(), most + 1)]).await;
        let begin = async |sid: &str, now_ms| store.begin_request(&key(sid), &[1; 32], now_ms).await;
        assert_eq!(begin("a", 0).await, Ok(Begun::Fresh));
        assert_eq!(begin("b", 0).await, full);
        assert_eq!(begin("c", 0).await, Ok(Begun::Fresh));
        assert_eq!(begin("b", LIFETIME_MS).await, full);
        assert_eq!(begin("b", LIFETIME_MS + 1).await, Ok(Begun::Fresh));
    }

    #[tokio::test]
    async fn all_subscribers_together_have_a_bound_and_room_again_after_a_day() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        with_answers(&store, (0..41).map(|n| (n.to_string(), 50 * MIB))).await;
        let begin = async |now_ms| store.begin_request(&key("a"), &[1; 32], now_ms).await;
        assert_eq!(begin(0).await, Ok(Begun::Full(KeyLimit::AllBytes)));
        assert_eq!(begin(LIFETIME_MS + 1).await, Ok(Begun::Fresh));
        assert_eq!(counted(&store).await, (KEY_BYTES, KEY_BYTES));
    }

    /// A store with the account `r` above all, the tenants `t` and `u`, and `t2` below `t1` below `t`.
    async fn with_tenants(folder: &tempfile::TempDir) -> SqliteStore {
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let accounts = [
            ("r", None),
            ("t", Some("r")),
            ("t1", Some("t")),
            ("t2", Some("t1")),
            ("u", Some("r")),
        ];
        let edits = accounts.map(|(sid, parent)| {
            let parent = parent.map(Sid::new);
            let role = SubscriberRole::Administrator;
            Edit::PutSubscriber(Subscriber::new(Sid::new(sid), parent, sid, role))
        });
        store.write(&Actor::Bridge, &edits, 0).await.unwrap();
        store
    }

    /// Has an answer of the tenant `t` kept, of an account that is gone.
    async fn kept_for_tenant(store: &SqliteStore, at_ms: i64, bytes: i64) {
        sqlx::query(
            "INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint, bytes, tenant)
             VALUES ('t3', 'old', ?1, x'00', ?2, 't')",
        )
        .bind(at_ms)
        .bind(bytes)
        .execute(&store.writer)
        .await
        .unwrap();
    }

    /// Bytes that are counted of the tenant, and those that there are.
    async fn counted_for_tenant(store: &SqliteStore) -> (i64, i64) {
        let row = sqlx::query(
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM requests_kept_by_tenant WHERE tenant = 't') AS kept,
                 (SELECT coalesce(sum(bytes), 0) FROM requests WHERE tenant = 't') AS there",
        )
        .fetch_one(&store.writer)
        .await
        .unwrap();
        (row.get("kept"), row.get("there"))
    }

    #[tokio::test]
    async fn a_tenant_has_a_bound_with_all_accounts_below_it_and_others_have_room() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = with_tenants(&folder).await;
        let most = KeyLimit::TenantBytes.most() - KEY_BYTES - 8 * MIB;
        kept_for_tenant(&store, 0, most).await;
        let begin = async |sid: &str, now_ms| store.begin_request(&key(sid), &[1; 32], now_ms).await;
        // It has just room enough, and takes a part of it.
        assert_eq!(begin("t2", 0).await, Ok(Begun::Fresh));
        for sid in ["t", "t1"] {
            assert_eq!(begin(sid, 0).await, Ok(Begun::Full(KeyLimit::TenantBytes)));
        }
        for sid in ["u", "r", "gone"] {
            assert_eq!(begin(sid, 0).await, Ok(Begun::Fresh));
        }
        let most = most + KEY_BYTES;
        assert_eq!(counted_for_tenant(&store).await, (most, most));
        assert_eq!(begin("t", LIFETIME_MS + 1).await, Ok(Begun::Fresh));
        assert_eq!(counted_for_tenant(&store).await, (KEY_BYTES, KEY_BYTES));
    }

    #[tokio::test]
    async fn an_answer_for_which_others_of_its_tenant_left_no_room_is_not_kept() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = with_tenants(&folder).await;
        let (mine, most) = (key("t2"), KeyLimit::TenantBytes.most());
        // With no headers, which take two bytes.
        let answer = KeptAnswer {
            status: 200,
            headers: vec![],
            body: vec![b' '; 100],
        };
        store.begin_request(&mine, &[1; 32], 0).await.unwrap();
        kept_for_tenant(&store, 0, most - KEY_BYTES - 101).await;
        assert_eq!(store.finish_request(&mine, &answer, 0).await, Ok(false));
        sqlx::query("UPDATE requests SET bytes = bytes - 1 WHERE subscriber_sid = 't3'")
            .execute(&store.writer)
            .await
            .unwrap();
        assert_eq!(store.finish_request(&mine, &answer, 0).await, Ok(true));
        assert_eq!(counted_for_tenant(&store).await, (most, most));
    }

    #[tokio::test]
    async fn what_a_tenant_kept_the_day_before_counts_no_more_though_others_have_older_ones() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = with_tenants(&folder).await;
        sqlx::query(
            "WITH RECURSIVE used (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM used WHERE n < 1000)
             INSERT INTO requests (subscriber_sid, key, at_ms, fingerprint) SELECT 'u', n, n, x'00' FROM used",
        )
        .execute(&store.writer)
        .await
        .unwrap();
        kept_for_tenant(&store, 20_000, KeyLimit::TenantBytes.most()).await;
        let begin = async |now_ms| store.begin_request(&key("t1"), &[1; 32], now_ms).await;
        let hour_ms = 3_600_000;
        for (now_ms, begun) in [
            (LIFETIME_MS + 20_000, Begun::Full(KeyLimit::TenantBytes)),
            (LIFETIME_MS + hour_ms, Begun::Fresh),
        ] {
            assert_eq!(begin(now_ms).await, Ok(begun));
        }
        let there = KeyLimit::TenantBytes.most() + KEY_BYTES;
        assert_eq!(counted_for_tenant(&store).await, (there, there));
    }

    #[tokio::test]
    async fn an_answer_for_which_others_left_no_room_is_not_kept_and_its_key_says_so() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let mine = key("a");
        let answer = |length| KeptAnswer {
            status: 200,
            headers: vec![],
            body: vec![b' '; length],
        };
        let begin = || store.begin_request(&mine, &[1; 32], 0);
        let finish = async |length, now_ms| {
            let answer = answer(length);
            store.finish_request(&mine, &answer, now_ms).await
        };
        assert_eq!(begin().await, Ok(Begun::Fresh));
        with_answers(&store, [("a".to_owned(), KeyLimit::AccountBytes.most())]).await;
        assert_eq!(finish(100, 0).await, Ok(false));
        assert_eq!(begin().await, Ok(Begun::Unfinished));
        // A day later the other is gone.
        let later = LIFETIME_MS + 1;
        assert_eq!(finish(KeptAnswer::BODY_MAX + 1, later).await, Ok(false));
        assert_eq!(finish(100, later).await, Ok(true));
        assert_eq!(begin().await, Ok(Begun::Answered(answer(100))));
    }

    #[tokio::test]
    async fn what_is_counted_is_what_there_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let answer = KeptAnswer {
            status: 201,
            headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
            body: vec![b' '; 5_000],
        };
        let finish = async |sid: &str| store.finish_request(&key(sid), &answer, 0).await;
        for sid in ["a", "b", "c"] {
            store.begin_request(&key(sid), &[1; 32], 0).await.unwrap();
        }
        assert_eq!(counted(&store).await, (3 * KEY_BYTES, 3 * KEY_BYTES));
        assert_eq!(finish("a").await, Ok(true));
        assert_eq!(finish("b").await, Ok(true));
        let (kept, there) = counted(&store).await;
        assert!(kept == there && kept > 3 * KEY_BYTES + 10_000, "{kept} {there}");
        store.forget_request(&key("b")).await.unwrap();
        store.forget_request(&key("c")).await.unwrap();
        let (kept, there) = counted(&store).await;
        assert!(kept == there && kept < 2 * KEY_BYTES + 5_000, "{kept} {there}");
    }
}
