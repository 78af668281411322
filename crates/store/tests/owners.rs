//! Whose records are, also when their owners are deleted.

#[path = "common/records.rs"]
mod records;

use std::sync::Arc;

use model::directory::{Edit, Subscriber, SubscriberRole};
use model::query::{OrderBy, Query};
use model::{Actor, Cause, Event, Happening, Mdr, MeetingId, MeetingNumber, News, Place, Sid, Webhook};
use records::cdr;
use store::{AuditEntry, Order, Page, Record, Scope, SqliteStore, Store, WebhookStore};
use tempfile::TempDir;

/// The tree top > a > a1, and b beside it.
async fn open(folder: &TempDir) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    for (sid, parent) in [
        ("top", None),
        ("a", Some("top")),
        ("a1", Some("a")),
        ("b", Some("top")),
    ] {
        put(&store, sid, parent).await;
    }
    store
}

async fn put(store: &SqliteStore, sid: &str, parent: Option<&str>) {
    let subscriber = Subscriber {
        password_hash: "hash".into(),
        created_ms: 5,
        ..Subscriber::new(
            Sid::new(sid),
            parent.map(Sid::new),
            sid,
            SubscriberRole::Administrator,
        )
    };
    write(store, Edit::PutSubscriber(subscriber)).await;
}

async fn write(store: &SqliteStore, edit: Edit) {
    store.write(&Actor::Bridge, &[edit], 7).await.unwrap();
}

async fn delete(store: &SqliteStore, sid: &str) {
    write(store, Edit::DeleteSubscriber(Sid::new(sid))).await;
}

/// A call, a meeting and its start, of one number.
fn remains(n: u64, owner: &str) -> [Record; 3] {
    let (meeting, number) = (MeetingId(n), MeetingNumber(100_000 + n as u32));
    let mdr = Mdr {
        meeting,
        number,
        subscriber_sid: Sid::new(owner),
        created_ms: 10,
        started_ms: None,
        ended_ms: 20,
        calls: 4,
        peak: 3,
        cause: Cause::Empty,
        on_the_fly: true,
    };
    let happening = Happening {
        id: n,
        at_ms: 10,
        subscriber_sid: Sid::new(owner),
        place: Some(Place {
            meeting,
            number,
            seq: 0,
        }),
        actor: Actor::Bridge,
        news: News::Meeting(Event::Started),
        party: None,
        is_live: true,
    };
    [
        Record::Call(Box::new(cdr(n, Some(owner), 10))),
        Record::Meeting(Box::new(mdr)),
        Record::Happening(Arc::new(happening)),
    ]
}

fn all(field: &'static str) -> Query {
    let descending = false;
    Query {
        offset: 0,
        limit: 100,
        order: vec![OrderBy { field, descending }],
        filter: None,
    }
}

/// The numbers of the calls, of the meetings, and of those meetings whose log is seen.
async fn seen(store: &SqliteStore, sid: &str) -> [Vec<u64>; 3] {
    let scope = Scope::below(&store.load().await.unwrap(), &Sid::new(sid));
    let cdrs = store.cdrs(&scope, &all("created")).await.unwrap();
    let mdrs = store.mdrs(&scope, &all("created")).await.unwrap();
    assert_eq!(
        [cdrs.total, mdrs.total],
        [cdrs.page.len() as u64, mdrs.page.len() as u64]
    );
    let mut logged = Vec::new();
    for n in 1..10 {
        let log = store.meeting_log(&scope, MeetingId(n), &all("sequence")).await;
        if log.unwrap().total == 1 {
            logged.push(n);
        }
    }
    [
        cdrs.page.iter().map(|cdr| cdr.leg.0).collect(),
        mdrs.page.iter().map(|mdr| mdr.meeting.0).collect(),
        logged,
    ]
}

/// All three of the same numbers.
fn of(numbers: &[u64]) -> [Vec<u64>; 3] {
    [numbers.to_vec(), numbers.to_vec(), numbers.to_vec()]
}

#[tokio::test]
async fn records_of_who_is_deleted_stay_with_those_above_also_those_written_late() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.add_records(&remains(1, "a1")).await.unwrap();
    store.add_records(&remains(2, "b")).await.unwrap();
    delete(&store, "a1").await;
    store.add_records(&remains(3, "a1")).await.unwrap();
    for (sid, numbers) in [("top", &[1, 2, 3][..]), ("a", &[1, 3]), ("b", &[2])] {
        assert_eq!(seen(&store, sid).await, of(numbers), "{sid}");
    }
    let kept = store.cdrs(&Scope::tenant(Sid::new("a")), &all("created")).await;
    assert_eq!(kept.unwrap().page[0].subscriber_sid, Some(Sid::new("a1")));
    // Who stood below whom is kept through every step, and by the next process.
    delete(&store, "a").await;
    store.close().await.unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    assert_eq!(seen(&store, "top").await, of(&[1, 2, 3]));
    assert_eq!(seen(&store, "b").await, of(&[2]));
}

#[tokio::test]
async fn a_sid_that_is_given_again_takes_its_records_along() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.add_records(&remains(1, "a1")).await.unwrap();
    delete(&store, "a1").await;
    put(&store, "a1", Some("b")).await;
    assert_eq!(seen(&store, "a").await, of(&[]));
    assert_eq!(seen(&store, "b").await, of(&[1]));
}

#[tokio::test]
async fn events_and_changes_of_who_is_deleted_reach_those_above_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let webhook = Webhook {
        id: "w".into(),
        subscriber_sid: Sid::new("a"),
        is_callback: false,
        url: "https://example.com".into(),
        types: Vec::new(),
        description: String::new(),
        is_disabled: false,
        created_ms: 9,
        secret: vec![1; 32],
        old_secret: None,
    };
    let entry = |owner: &str, action: &'static str, object: &str| AuditEntry {
        at_ms: 9,
        actor: Actor::Bridge,
        owner: Sid::new(owner),
        action,
        object: object.into(),
    };
    let put = entry("a", "put", "webhook w");
    store.put_webhook(&webhook, &put).await.unwrap();
    delete(&store, "a1").await;
    store.add_records(&remains(1, "a1")).await.unwrap();
    let posted = store.deliveries(&webhook, &all("id")).await.unwrap();
    assert_eq!(posted.page[0].happening, 1);
    let late = entry("a1", "hang_up", "call 5");
    store.add_records(&[Record::Audit(late)]).await.unwrap();
    let page = Page {
        offset: 0,
        limit: 1,
        order: Order::NewestFirst,
    };
    for (sid, total) in [("a", 5), ("top", 7)] {
        let lines = store.audit(&Sid::new(sid), &page.into()).await.unwrap();
        assert_eq!(
            (lines.page[0].object.as_str(), lines.total),
            ("call 5", total),
            "{sid}"
        );
    }
}

#[tokio::test]
async fn what_belongs_to_nobody_is_of_a_scope_that_says_so() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let calls = [cdr(1, None, 10), cdr(2, Some("b"), 20)];
    let records = calls.map(|cdr| Record::Call(Box::new(cdr)));
    store.add_records(&records).await.unwrap();
    for (unowned, expected) in [(true, &[1, 2][..]), (false, &[2])] {
        let scope = Scope::tenant(Sid::new("b")).and_unowned(unowned);
        let found = store.cdrs(&scope, &all("created")).await.unwrap();
        let legs: Vec<_> = found.page.iter().map(|cdr| cdr.leg.0).collect();
        assert_eq!((legs.as_slice(), found.total), (expected, expected.len() as u64));
    }
}

#[tokio::test]
async fn a_call_that_a_crash_cut_off_is_whose_it_was_last() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let open_call = |owner: &str| Record::OpenCall(Box::new(cdr(1, Some(owner), 10)));
    store
        .add_records(&[open_call("a1"), open_call("b")])
        .await
        .unwrap();
    store.close().await.unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).await.unwrap();
    for (sid, expected) in [("a1", &[][..]), ("b", &[1])] {
        assert_eq!(seen(&store, sid).await[0], expected, "{sid}");
    }
}
