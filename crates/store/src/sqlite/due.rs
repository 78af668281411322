//! What may be posted now, found among the firsts of chains (`delivery_heads`): what has to wait costs nothing, however much it is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use model::Delivery;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::deliveries::delivery;
use super::load::{number, sid};
use super::transaction::transaction;
use crate::{StoreError, Waiting};

/// No wait is longer, ms.
const WAIT_MAX_MS: i64 = 24 * 3600 * 1000;

/// What is due at `now_ms`: whether it was tried, and up to which time, epoch ms. What was never tried waits for nobody, whatever the clock
/// showed when it happened: it may have been set since.
fn ranges(now_ms: i64) -> [(bool, i64); 2] {
    [(false, i64::MAX), (true, now_ms)]
}

/// From one webhook to the next by one step in the index each, whatever waits for them.
const WAITING: &str = "
    WITH RECURSIVE found (webhook) AS (
        SELECT (
            SELECT heads.webhook FROM delivery_heads AS heads INDEXED BY delivery_heads_by_due
            WHERE heads.is_tried = ?1 ORDER BY heads.webhook LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT heads.webhook FROM delivery_heads AS heads INDEXED BY delivery_heads_by_due
            WHERE heads.is_tried = ?1 AND heads.webhook > found.webhook ORDER BY heads.webhook LIMIT 1
        ) FROM found WHERE found.webhook IS NOT NULL
    )
    SELECT webhooks.id AS webhook, webhooks.subscriber_sid AS subscriber_sid, (
        SELECT heads.due_ms FROM delivery_heads AS heads INDEXED BY delivery_heads_by_due
        WHERE heads.is_tried = ?1 AND heads.webhook = found.webhook AND heads.due_ms <= ?2
        ORDER BY heads.due_ms LIMIT 1
    ) AS since_ms, (
        SELECT count(*) FROM (
            SELECT 1 FROM delivery_heads AS heads INDEXED BY delivery_heads_by_due
            WHERE heads.is_tried = ?1 AND heads.webhook = found.webhook AND heads.due_ms <= ?2 LIMIT ?3
        )
    ) AS chains
    FROM found CROSS JOIN webhooks ON webhooks.id = found.webhook
    WHERE NOT webhooks.is_disabled";

/// Webhooks to which something may be posted, with so many chains counted of each at least, where there are so many.
pub(super) async fn waiting(pool: &SqlitePool, now_ms: i64, most: u32) -> Result<Vec<Waiting>, StoreError> {
    let mut found: BTreeMap<String, Waiting> = BTreeMap::new();
    for (is_tried, upto_ms) in ranges(now_ms) {
        let rows = sqlx::query(WAITING).bind(is_tried).bind(upto_ms).bind(most);
        for row in &rows.fetch_all(pool).await? {
            let Some(since_ms) = row.try_get::<Option<i64>, _>("since_ms")? else {
                continue;
            };
            // A clock that was set back puts nobody behind all others.
            let one = waits(row, since_ms.min(now_ms))?;
            match found.entry(one.webhook.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(one);
                }
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    known.since_ms = known.since_ms.min(one.since_ms);
                    known.chains += one.chains;
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

fn waits(row: &SqliteRow, since_ms: i64) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        webhook: row.try_get("webhook")?,
        owner: sid(row, "subscriber_sid")?,
        since_ms,
        chains: number(row, "chains")?,
    })
}

/// In the order of the index, of which no more is read than is asked for.
const DUE: &str = "
    SELECT deliveries.* FROM delivery_heads AS heads INDEXED BY delivery_heads_by_due
    CROSS JOIN deliveries ON deliveries.webhook = heads.webhook AND deliveries.happening = heads.happening
    WHERE heads.is_tried = ?1 AND heads.webhook = ?3 AND heads.due_ms <= ?2
        AND EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = ?3)
    ORDER BY heads.due_ms, heads.happening LIMIT ?4";

/// What may be posted to one webhook, the longest due first.
pub(super) async fn due(
    pool: &SqlitePool,
    webhook: &str,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut found = Vec::new();
    for (is_tried, upto_ms) in ranges(now_ms) {
        let rows = sqlx::query(DUE)
            .bind(is_tried)
            .bind(upto_ms)
            .bind(webhook)
            .bind(limit);
        for row in &rows.fetch_all(pool).await? {
            found.push(delivery(row)?);
        }
    }
    found.sort_by_key(|delivery| (delivery.due_ms, delivery.happening));
    found.truncate(limit as usize);
    Ok(found)
}

/// What has been tried and is first in its chain waits by `by_ms` less. What would wait for longer than anything does got its time from a
/// clock that was set back since, before which nobody looked: it is due.
pub(super) async fn hasten(pool: &SqlitePool, now_ms: i64, by_ms: i64) -> Result<(), StoreError> {
    let all = async |db: &mut SqliteConnection| {
        sqlx::query(
            "UPDATE deliveries SET due_ms = CASE WHEN due_ms - ?2 > ?1 + ?3 THEN ?1 ELSE due_ms - ?2 END
             WHERE state = 0 AND (webhook, happening) IN (
                 SELECT webhook, happening FROM delivery_heads WHERE is_tried = 1 AND (?2 > 0 OR due_ms > ?1 + ?3)
             )",
        )
        .bind(now_ms)
        .bind(by_ms)
        .bind(WAIT_MAX_MS)
        .execute(db)
        .await?;
        Ok(())
    };
    transaction(pool, all).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use model::directory::{Edit, Subscriber, SubscriberRole};
    use model::{
        Actor, CallNews, DeliveryState, Happening, LegId, MeetingId, MeetingNumber, News, Place, Sid,
    };
    use sqlx::AssertSqlSafe;
    use tempfile::TempDir;

    use super::super::SqliteStore;
    use super::*;
    use crate::{Record, Store, WebhookStore};

    /// Every second one is of one meeting, all others of one each; a third was tried in vain.
    const PENDING: &str = "
        WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1)
        INSERT INTO deliveries (webhook, happening, chain, state, attempts, created_ms, due_ms)
        SELECT 'w', x, CASE x % 2 WHEN 0 THEN 7 ELSE 100 + x END, 0, x % 3 = 0, x, x FROM n";

    /// A store that counts the steps that SQLite's machine takes.
    struct Counted {
        store: SqliteStore,
        steps: Arc<AtomicU64>,
    }

    impl Counted {
        async fn open(folder: &TempDir, pending: i64) -> Self {
            let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
            let account = Subscriber::new(Sid::new("a"), None, "a", SubscriberRole::Administrator);
            let edits = [Edit::PutSubscriber(account)];
            store.write(&Actor::Bridge, &edits, 7).await.unwrap();
            sqlx::query("INSERT INTO webhooks VALUES ('w', 'a', 0, '', '[]', '', 0, 0, x'00', NULL, NULL)")
                .execute(&store.writer)
                .await
                .unwrap();
            sqlx::query(PENDING)
                .bind(pending)
                .execute(&store.writer)
                .await
                .unwrap();
            let counted = Self {
                store,
                steps: Arc::default(),
            };
            counted.count().await;
            counted
        }

        /// Has every connection count.
        async fn count(&self) {
            for pool in [&self.store.readers, &self.store.writer] {
                let mut all = Vec::new();
                for _ in 0..pool.options().get_max_connections() {
                    let (mut connection, steps) = (pool.acquire().await.unwrap(), self.steps.clone());
                    let goes_on = move || steps.fetch_add(1, Ordering::Relaxed) < u64::MAX;
                    connection
                        .lock_handle()
                        .await
                        .unwrap()
                        .set_progress_handler(1, goes_on);
                    all.push(connection);
                }
            }
        }

        async fn steps<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> u64 {
            self.steps.store(0, Ordering::Relaxed);
            assert!(work.await.is_ok());
            self.steps.load(Ordering::Relaxed)
        }
    }

    /// An event of the meeting that has so many pending.
    fn event() -> Record {
        let (leg, what) = (LegId(3), CallNews::Ringing);
        Record::Happening(Arc::new(Happening {
            id: 1 << 40,
            at_ms: 7,
            subscriber_sid: Sid::new("a"),
            place: Some(Place {
                meeting: MeetingId(7),
                number: MeetingNumber(100_007),
                seq: 0,
            }),
            actor: Actor::Bridge,
            news: News::Call { leg, what },
            party: None,
            is_live: true,
        }))
    }

    /// What everything that is done for each event takes where so many are pending.
    async fn costs(pending: i64) -> [(&'static str, u64); 6] {
        let folder = TempDir::new().unwrap();
        let counted = Counted::open(&folder, pending).await;
        let store = &counted.store;
        let mut first = store.due("w", 0, 9).await.unwrap().remove(1);
        assert_eq!((first.happening, first.chain), (2, 7));
        first.state = DeliveryState::Delivered;
        [
            ("what waits", counted.steps(store.waiting(0, 9)).await),
            (
                "what waits later",
                counted.steps(store.waiting(i64::MAX, 9)).await,
            ),
            ("what is due", counted.steps(store.due("w", i64::MAX, 16)).await),
            ("an event", counted.steps(store.add_records(&[event()])).await),
            ("the end of one", counted.steps(store.settle(&[first])).await),
            ("the backlog", counted.steps(store.backlog()).await),
        ]
    }

    #[tokio::test]
    async fn what_is_done_for_each_event_takes_no_more_steps_where_a_hundred_times_as_much_is_pending() {
        let (few, many) = (costs(300).await, costs(30_000).await);
        for ((what, few), (_, many)) in few.into_iter().zip(many) {
            // Some statements are prepared first. Were all looked at, it would be tens of thousands.
            assert!(few > 0 && many < 2 * few + 1_000, "{what}: {few}, then {many}");
        }
    }

    #[tokio::test]
    async fn an_account_goes_in_no_more_steps_where_a_hundred_times_as_much_is_pending_for_it() {
        let costs = async |pending: i64| {
            let folder = TempDir::new().unwrap();
            let counted = Counted::open(&folder, pending).await;
            let gone = [Edit::DeleteSubscriber(Sid::new("a"))];
            [
                counted.steps(counted.store.write(&Actor::Bridge, &gone, 8)).await,
                counted.steps(counted.store.clear_deliveries(100)).await,
            ]
        };
        let (few, many) = (costs(300).await, costs(30_000).await);
        for (few, many) in few.into_iter().zip(many) {
            assert!(few > 0 && many < 2 * few + 1_000, "{few}, then {many}");
        }
    }

    /// What the step that made heads made.
    const MADE: [&str; 12] = [
        "TRIGGER head_came",
        "TRIGGER head_changed",
        "TRIGGER head_settled",
        "TRIGGER head_went",
        "TRIGGER delivery_came",
        "TRIGGER delivery_changed",
        "TRIGGER delivery_went",
        "TRIGGER webhook_goes",
        "TRIGGER webhook_moved",
        "TABLE delivery_heads",
        "TABLE delivery_counts",
        "INDEX deliveries_by_age",
    ];

    #[tokio::test]
    async fn what_was_pending_before_heads_were_kept_is_found_and_counted_by_the_next_start() {
        let folder = TempDir::new().unwrap();
        let store = Counted::open(&folder, 300).await.store;
        let told = async |store: &SqliteStore| {
            let due = store.due("w", 200, 999).await.unwrap();
            (due, store.waiting(200, 9).await, store.backlog().await)
        };
        let before = told(&store).await;
        assert!(before.0.len() > 100 && before.2.as_ref().is_ok_and(|backlog| backlog.pending == 300));
        for what in MADE {
            let statement = AssertSqlSafe(format!("DROP {what}"));
            sqlx::query(statement).execute(&store.writer).await.unwrap();
        }
        sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 11")
            .execute(&store.writer)
            .await
            .unwrap();
        store.close().await.unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        assert_eq!(told(&store).await, before);
    }
}
