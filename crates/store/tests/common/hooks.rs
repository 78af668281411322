//! A store with accounts, their webhooks, and events that are to be posted to those.

use std::sync::Arc;

use model::directory::{Callback, Edit, Subscriber, SubscriberRole};
use model::query::{OrderBy, Query};
use model::{Actor, Event, Happening, LegId, MeetingId, MeetingNumber, News, Party, Place, Sid, Webhook};
use store::{AuditEntry, Record, SqliteStore, Store, WebhookStore};
use tempfile::TempDir;

pub(crate) async fn open(folder: &TempDir) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    for (sid, parent) in [("a", None), ("a1", Some("a")), ("b", None)] {
        write(&store, account(sid, parent, None)).await;
    }
    store
}

pub(crate) async fn write(store: &SqliteStore, subscriber: Subscriber) {
    let edit = Edit::PutSubscriber(subscriber);
    store.write(&Actor::Bridge, &[edit], 7).await.unwrap();
}

pub(crate) fn account(sid: &str, parent: Option<&str>, callback: Option<&str>) -> Subscriber {
    Subscriber {
        password_hash: "hash".into(),
        created_ms: 5,
        callback: callback.map(|url| Callback {
            id: 5,
            url: url.into(),
        }),
        ..Subscriber::new(
            Sid::new(sid),
            parent.map(Sid::new),
            sid,
            SubscriberRole::Administrator,
        )
    }
}

/// In meeting 1 or 2, or outside of one (0).
pub(crate) fn happening(id: u64, owner: &str, meeting: u64, news: News) -> Happening {
    let place = Place {
        meeting: MeetingId(meeting),
        number: MeetingNumber(100_000 + meeting as u32),
        seq: id,
    };
    Happening {
        id,
        at_ms: 1_000 * id as i64,
        subscriber_sid: Sid::new(owner),
        place: (meeting > 0).then_some(place),
        actor: Actor::Leg(LegId(9)),
        news,
        party: Some(Party {
            caller: "+12025550123".into(),
            callee: "15162065319".into(),
        }),
        is_live: true,
    }
}

pub(crate) fn started(id: u64, owner: &str, meeting: u64) -> Happening {
    happening(id, owner, meeting, News::Meeting(Event::Started))
}

pub(crate) async fn add(store: &SqliteStore, happenings: &[Happening]) {
    let records = happenings.iter().cloned().map(Arc::new).map(Record::Happening);
    store.add_records(&records.collect::<Vec<_>>()).await.unwrap();
}

pub(crate) fn webhook(id: &str, owner: &str, types: &[&str]) -> Webhook {
    Webhook {
        id: id.into(),
        subscriber_sid: Sid::new(owner),
        is_callback: false,
        url: "https://example.com".into(),
        types: types.iter().map(ToString::to_string).collect(),
        description: "text".into(),
        is_disabled: false,
        created_ms: 9,
        secret: vec![1; 32],
        old_secret: Some((vec![2; 32], 77)),
    }
}

pub(crate) fn noted(action: &'static str, at_ms: i64) -> AuditEntry {
    AuditEntry {
        at_ms,
        actor: Actor::User(Sid::new("a")),
        owner: Sid::new("a"),
        action,
        object: "webhook w".into(),
    }
}

pub(crate) async fn put(store: &SqliteStore, webhook: &Webhook) {
    store.put_webhook(webhook, &noted("put", 9)).await.unwrap();
}

pub(crate) fn by_id(descending: bool) -> Query {
    Query {
        offset: 0,
        limit: 100,
        order: vec![OrderBy {
            field: "id",
            descending,
        }],
        filter: None,
    }
}

/// What may be posted now, so much of each webhook at most, the longest due first.
pub(crate) async fn due(store: &SqliteStore, now_ms: i64, per_webhook: u32) -> Vec<(String, u64)> {
    let mut due = Vec::new();
    for one in store.waiting(now_ms, per_webhook).await.unwrap() {
        due.extend(store.due(&one.webhook, now_ms, per_webhook).await.unwrap());
    }
    due.sort_by_key(|delivery| (delivery.due_ms, delivery.happening));
    due.into_iter()
        .map(|delivery| (delivery.webhook, delivery.happening))
        .collect()
}

pub(crate) fn named(due: &[(&str, u64)]) -> Vec<(String, u64)> {
    due.iter()
        .map(|(webhook, id)| ((*webhook).to_owned(), *id))
        .collect()
}
