//! Who sees which change.

use model::attribute::{Level, Overrides};
use model::directory::{CallFlow, Callback, Did, DidGroup, Edit, Room, Subscriber, SubscriberRole};
use model::query::{Filter, OrderBy, Query, Relation, Scalar, Test};
use model::{Actor, DidGroupId, DidId, LegId, MeetingNumber, Sid};
use store::{AuditEntry, IdKind, Order, Page, Record, SqliteStore, Store};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("store.db")).await.unwrap()
}

fn subscriber(sid: &str, parent: Option<&str>, callback: Option<u64>) -> Edit {
    Edit::PutSubscriber(Subscriber {
        password_hash: "secret hash".into(),
        authentication_token: "secret token".into(),
        callback: callback.map(|id| Callback {
            id,
            url: "https://example.com/".into(),
        }),
        ..Subscriber::new(
            Sid::new(sid),
            parent.map(Sid::new),
            sid,
            SubscriberRole::Administrator,
        )
    })
}

fn group(id: u64, owner: &str) -> Edit {
    Edit::PutGroup(DidGroup {
        id: DidGroupId(id),
        name: "group".into(),
        description: String::new(),
        call_flow: CallFlow::Conf,
        subscriber_sid: Sid::new(owner),
        attributes: Overrides::new(Level::Group),
    })
}

fn did(group: u64) -> Edit {
    Edit::PutDid(Did {
        id: DidId(1),
        phone_number: "15162065319".into(),
        country_code: "US".into(),
        description: String::new(),
        did_group_id: DidGroupId(group),
        attributes: Overrides::new(Level::Did),
    })
}

fn room(number: u32, group: u64, owner: &str) -> Room {
    Room {
        meeting_number: MeetingNumber(number),
        created_ms: 0,
        description: String::new(),
        call_flow: CallFlow::Conf,
        attributes: Overrides::new(Level::Room),
        did_group_references: Vec::new(),
        keychain: Vec::new(),
        primary_did_group_id: DidGroupId(group),
        subscriber_sid: Sid::new(owner),
    }
}

/// Two tenants below one top, each with a group.
async fn tenants(folder: &TempDir) -> SqliteStore {
    let store = open(folder).await;
    let edits = [
        subscriber("top", None, None),
        subscriber("a", Some("top"), None),
        subscriber("a1", Some("a"), None),
        subscriber("b", Some("top"), None),
        group(1, "a1"),
        group(2, "b"),
    ];
    store.write(&Actor::Bridge, &edits, 1).await.unwrap();
    store
}

async fn write(store: &SqliteStore, edits: &[Edit]) {
    store
        .write(&Actor::User(Sid::new("top")), edits, 2)
        .await
        .unwrap();
}

/// What `sid` sees beyond the first changes, the newest first.
async fn seen(store: &SqliteStore, sid: &str) -> Vec<String> {
    let page = Page {
        offset: 0,
        limit: 100,
        order: Order::NewestFirst,
    };
    let lines = store.audit(&Sid::new(sid), &page.into()).await.unwrap();
    assert_eq!(lines.total, lines.page.len() as u64);
    let later = lines.page.into_iter().filter(|line| line.at_ms > 1);
    later
        .map(|line| {
            let Actor::User(sid) = line.actor else {
                panic!("{line:?}")
            };
            format!("{sid}: {} {}", line.action, line.object)
        })
        .collect()
}

#[tokio::test]
async fn a_change_is_seen_by_the_owner_and_all_above_and_by_nobody_else() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    write(&store, &[group(1, "a1"), Edit::PutRoom(room(100_001, 1, "a1"))]).await;
    let both = ["top: create room 100001", "top: put DID group 1"];
    for sid in ["a1", "a", "top"] {
        assert_eq!(seen(&store, sid).await, both, "{sid}");
    }
    assert!(seen(&store, "b").await.is_empty() && seen(&store, "nobody").await.is_empty());
}

#[tokio::test]
async fn what_moves_from_one_tenant_to_another_is_seen_by_both() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    write(&store, &[did(1)]).await;
    write(&store, &[did(2)]).await;
    write(&store, &[Edit::DeleteDid(DidId(1))]).await;
    assert_eq!(seen(&store, "a1").await, ["top: put DID 1", "top: create DID 1"]);
    assert_eq!(seen(&store, "b").await, ["top: delete DID 1", "top: put DID 1"]);
    assert_eq!(seen(&store, "top").await.len(), 3);
}

#[tokio::test]
async fn a_change_outlives_its_object_and_its_owner() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    let renumbered = Edit::RenumberRoom {
        from: MeetingNumber(100_001),
        room: room(100_002, 1, "a1"),
    };
    let edits = [
        Edit::PutRoom(room(100_001, 1, "a1")),
        renumbered,
        Edit::DeleteRoom(MeetingNumber(100_002)),
        Edit::DeleteGroup(DidGroupId(1)),
        Edit::DeleteSubscriber(Sid::new("a1")),
    ];
    write(&store, &edits).await;
    store.close().await.unwrap();
    let store = open(&folder).await;
    let expected = [
        "top: delete subscriber a1",
        "top: delete DID group 1",
        "top: delete room 100002",
        "top: renumber room 100001 to 100002",
        "top: create room 100001",
    ];
    assert_eq!(seen(&store, "a").await, expected);
    assert!(seen(&store, "b").await.is_empty());
}

#[tokio::test]
async fn what_is_made_is_told_from_what_is_changed_also_within_one_request_and_after_a_deletion() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    let made = |number| Edit::PutRoom(room(number, 1, "a1"));
    let account = || subscriber("a2", Some("a"), None);
    write(&store, &[account(), account(), group(7, "a"), group(7, "a")]).await;
    write(&store, &[made(100_001), made(100_001)]).await;
    write(&store, &[Edit::DeleteRoom(MeetingNumber(100_001))]).await;
    write(&store, &[made(100_001), Edit::DeleteSubscriber(Sid::new("a2"))]).await;
    let expected = [
        "top: delete subscriber a2",
        "top: create room 100001",
        "top: delete room 100001",
        "top: put room 100001",
        "top: create room 100001",
        "top: put DID group 7",
        "top: create DID group 7",
        "top: put subscriber a2",
        "top: create subscriber a2",
    ];
    assert_eq!(seen(&store, "a").await, expected);
    assert_eq!(
        seen(&store, "a2").await,
        [expected[0], expected[7], expected[8]],
        "a subscriber sees what is done to it"
    );
}

#[tokio::test]
async fn what_is_done_to_calls_and_meetings_stands_between_the_edits() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    let entry = Record::Audit(AuditEntry {
        at_ms: 2,
        actor: Actor::User(Sid::new("a")),
        owner: Sid::new("a1"),
        action: "mute",
        object: "call 5".into(),
    });
    write(&store, &[group(1, "a1")]).await;
    store.add_records(&[entry]).await.unwrap();
    write(&store, &[group(1, "a1")]).await;
    let expected = ["top: put DID group 1", "a: mute call 5", "top: put DID group 1"];
    assert_eq!(seen(&store, "a").await, expected);
    assert!(seen(&store, "b").await.is_empty());
}

#[tokio::test]
async fn every_actor_is_read_back_as_it_was() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    let actors = [Actor::Bridge, Actor::User(Sid::new("a b")), Actor::Leg(LegId(7))];
    for actor in &actors {
        store.write(actor, &[group(2, "b")], 2).await.unwrap();
    }
    let page = Page {
        offset: 2,
        limit: 10,
        order: Order::OldestFirst,
    };
    let lines = store.audit(&Sid::new("b"), &page.into()).await.unwrap().page;
    assert_eq!(
        lines.into_iter().map(|line| line.actor).collect::<Vec<_>>(),
        actors
    );
}

#[tokio::test]
async fn changes_are_read_in_pages_either_way() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    let objects = async |offset, limit, order| {
        let page = Page { offset, limit, order };
        let lines = store.audit(&Sid::new("a"), &page.into()).await.unwrap();
        assert_eq!(lines.total, 3);
        let objects = lines.page.into_iter().map(|line| line.object);
        objects.collect::<Vec<_>>()
    };
    for (offset, limit, order, expected) in [
        (
            0,
            10,
            Order::OldestFirst,
            vec!["subscriber a", "subscriber a1", "DID group 1"],
        ),
        (0, 2, Order::NewestFirst, vec!["DID group 1", "subscriber a1"]),
        (2, 2, Order::NewestFirst, vec!["subscriber a"]),
        (u64::MAX, 2, Order::OldestFirst, vec![]),
    ] {
        assert_eq!(objects(offset, limit, order).await, expected);
    }
}

#[tokio::test]
async fn the_id_of_a_callback_that_was_written_is_not_given_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    assert_eq!(store.reserve(IdKind::Callback, 1).await.unwrap(), 1..2);
    write(&store, &[subscriber("a", None, Some(40))]).await;
    assert_eq!(store.reserve(IdKind::Callback, 1).await.unwrap(), 41..42);
}

#[tokio::test]
async fn every_field_gives_an_order_and_can_be_compared() {
    let folder = TempDir::new().unwrap();
    let store = tenants(&folder).await;
    write(&store, &[Edit::DeleteGroup(DidGroupId(1))]).await;
    let found = async |field, filter| {
        let order = vec![OrderBy {
            field,
            descending: false,
        }];
        let query = Query {
            offset: 0,
            limit: 10,
            order,
            filter,
        };
        let lines = store.audit(&Sid::new("a"), &query).await.unwrap();
        let objects = lines.page.into_iter().map(|line| line.object);
        objects.collect::<Vec<_>>()
    };
    for (field, first) in [
        ("action", "subscriber a"),
        ("created", "subscriber a"),
        ("id", "subscriber a"),
        ("object", "DID group 1"),
        ("subscriberSid", "subscriber a"),
    ] {
        assert_eq!(found(field, None).await[0], first, "{field}");
    }
    let by_top = Filter::Field {
        name: "subscriberSid",
        test: Test::Is(Relation::Equal, Scalar::Text("top".into())),
    };
    assert_eq!(found("id", Some(by_top)).await, ["DID group 1"]);
}
