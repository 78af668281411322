//! What happened long ago is forgotten, in small steps, so that nobody who writes has to wait.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use store::{Store, StoreError};

use super::backend::now_ms;

/// Forgotten in one transaction.
const STEP: u32 = 500;
/// Deliveries of a webhook that are over and kept, the latest: it may see some hundred a second, and each of its events stands there once more.
const OVER_MAX: u32 = 100_000;
/// Deliveries forgotten in one transaction.
const DELIVERIES_STEP: u32 = 2_000;
/// Between two steps while there is more.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(60);

/// Forgets events that are older than `keep`. Runs until dropped.
pub(super) async fn events(store: Arc<dyn Store>, keep: Duration) {
    loop {
        let gone = store.forget(before_ms(now_ms(), keep), STEP).await;
        rest(gone, "old events are still there").await;
    }
}

/// Forgets records of calls and meetings that ended longer than `keep` ago, and counts them in `forgotten`. Runs until dropped.
pub(super) async fn records(store: Arc<dyn Store>, keep: Duration, forgotten: Counter) {
    loop {
        let gone = forget_records(&*store, before_ms(now_ms(), keep), &forgotten).await;
        rest(gone, "old records are still there").await;
    }
}

/// Forgets deliveries that are over where a webhook has more than are kept, and counts them in `forgotten`; also what is left of webhooks that
/// are gone, which nobody misses. Runs until dropped.
pub(super) async fn deliveries(store: Arc<dyn Store>, forgotten: Counter) {
    loop {
        let gone = forget_deliveries(&*store, OVER_MAX, &forgotten).await;
        rest(gone, "old deliveries are still there").await;
    }
}

/// One step of either, of a webhook with more than `most`; how many it were.
async fn forget_deliveries(store: &dyn Store, most: u32, forgotten: &Counter) -> Result<u64, StoreError> {
    let gone = store.forget_deliveries(most, DELIVERIES_STEP).await?;
    forgotten.inc_by(gone);
    let cleared = store.clear_deliveries(DELIVERIES_STEP).await?;
    Ok(gone + cleared)
}

/// One step; how many it were.
async fn forget_records(store: &dyn Store, before_ms: i64, forgotten: &Counter) -> Result<u64, StoreError> {
    let gone = store.forget_records(before_ms, STEP).await?;
    forgotten.inc_by(gone);
    Ok(gone)
}

/// Until the next step, which is soon while there is something to forget.
async fn rest(gone: Result<u64, StoreError>, failed: &'static str) {
    let pause = match gone {
        Ok(0) => LOOK,
        Ok(_) => PAUSE,
        Err(error) => {
            tracing::warn!(%error, "{failed}");
            LOOK
        }
    };
    tokio::time::sleep(pause).await;
}

fn before_ms(now_ms: i64, keep: Duration) -> i64 {
    now_ms.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use model::directory::{Edit, Subscriber, SubscriberRole};
    use model::{Actor, CallNews, Cause, Happening, LegId, Mdr, MeetingId, MeetingNumber, News, Sid};
    use store::{AuditEntry, Record, SqliteStore, WebhookStore};
    use tempfile::TempDir;

    use super::super::post::tests::webhook;
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn meeting(id: u64, ended_ms: i64) -> Record {
        Record::Meeting(Box::new(Mdr {
            meeting: MeetingId(id),
            number: MeetingNumber(106_131),
            subscriber_sid: Sid::new("a"),
            created_ms: 0,
            started_ms: None,
            ended_ms,
            calls: 0,
            peak: 0,
            cause: Cause::Empty,
            on_the_fly: true,
        }))
    }

    /// One outside of a meeting.
    fn event(id: u64) -> Record {
        let (leg, what) = (LegId(id), CallNews::Ringing);
        Record::Happening(Arc::new(Happening {
            id,
            at_ms: 0,
            subscriber_sid: Sid::new("a"),
            place: None,
            actor: Actor::Bridge,
            news: News::Call { leg, what },
            party: None,
            is_live: true,
        }))
    }

    #[tokio::test]
    async fn deliveries_that_are_over_are_forgotten_where_there_are_too_many_and_counted() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let account = Subscriber::new(Sid::new("a"), None, "a", SubscriberRole::Administrator);
        let edits = [Edit::PutSubscriber(account)];
        store.write(&Actor::Bridge, &edits, 0).await.unwrap();
        let hook = webhook("https://example.com");
        let entry = AuditEntry::of_webhook(0, Actor::Bridge, "create", &hook, None);
        store.put_webhook(&hook, &entry).await.unwrap();
        let events: Vec<_> = (1..=3).map(event).collect();
        store.add_records(&events).await.unwrap();
        // Gone, so that all three are given up.
        store.disable_webhook(&hook.id, &hook.url, 0).await.unwrap();
        let forgotten = Counter::default();
        for (most, gone, so_far) in [(3, 0, 0), (1, 2, 2), (1, 0, 2)] {
            assert_eq!(forget_deliveries(&store, most, &forgotten).await, Ok(gone));
            assert_eq!(forgotten.get(), so_far);
        }
        assert_eq!(store.backlog().await.unwrap().dead, 1);
        let edits = [Edit::DeleteSubscriber(Sid::new("a"))];
        store.write(&Actor::Bridge, &edits, 0).await.unwrap();
        // One delivery, and that its webhook is gone.
        for gone in [2, 0] {
            assert_eq!(forget_deliveries(&store, 1, &forgotten).await, Ok(gone));
            assert_eq!(forgotten.get(), 2);
        }
    }

    #[tokio::test]
    async fn records_are_forgotten_a_step_at_a_time_once_they_are_older_than_is_kept_and_counted() {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
        let (all, forgotten) = (u64::from(STEP) + 2, Counter::default());
        let records: Vec<_> = (1..=all).map(|id| meeting(id, 1_000)).collect();
        store.add_records(&records).await.unwrap();
        let day_ms = 86_400_000;
        for (now_ms, gone, so_far) in [
            (day_ms + 1_000, 0, 0),
            (day_ms + 1_001, u64::from(STEP), u64::from(STEP)),
            (day_ms + 1_001, 2, all),
            (day_ms + 1_001, 0, all),
        ] {
            let before = before_ms(now_ms, DAY);
            assert_eq!(forget_records(&store, before, &forgotten).await, Ok(gone));
            assert_eq!(forgotten.get(), so_far);
        }
    }
}
