//! How long a start waits for the store.

use std::time::{Duration, Instant};

use model::attribute::{Level, Overrides};
use model::directory::{
    CallFlow, Did, DidGroup, DidGroupReference, Edit, Key, Room, Subscriber, SubscriberRole,
};
use model::{Actor, DidGroupId, DidId, KeyId, MeetingNumber, Role, Sid};
use store::{SqliteStore, Store};
use tempfile::TempDir;

const OBJECTS: u32 = 10_000;
/// Of the 2 s from a crash to the first answered call.
const BOUND: Duration = Duration::from_secs(2);

fn owner() -> Edit {
    Edit::PutSubscriber(Subscriber::new(
        Sid::new("owner"),
        None,
        "owner",
        SubscriberRole::Administrator,
    ))
}

fn group() -> Edit {
    Edit::PutGroup(DidGroup {
        id: DidGroupId(1),
        name: "group".into(),
        description: String::new(),
        call_flow: CallFlow::Spectel,
        subscriber_sid: Sid::new("owner"),
        attributes: Overrides::new(Level::Group),
    })
}

fn did(n: u32) -> Edit {
    Edit::PutDid(Did {
        id: DidId(u64::from(n) + 1),
        phone_number: format!("1516{n:07}"),
        country_code: "US".into(),
        description: String::new(),
        did_group_id: DidGroupId(1),
        attributes: Overrides::new(Level::Did),
    })
}

fn room(n: u32) -> Edit {
    let mut attributes = Overrides::new(Level::Room);
    attributes.put("conference_mute_policy", "pl").unwrap();
    let keys = Role::ALL.into_iter().zip(1..).map(|(role, digit)| Key {
        id: KeyId(u64::from(n) * 3 + digit),
        access_code: format!("{digit}{n:08}"),
        role,
    });
    Edit::PutRoom(Room {
        meeting_number: MeetingNumber(100_000 + n),
        created_ms: 0,
        description: "room".into(),
        call_flow: CallFlow::Spectel,
        attributes,
        did_group_references: vec![DidGroupReference {
            did_group_id: DidGroupId(1),
            disabled: false,
        }],
        keychain: keys.collect(),
        primary_did_group_id: DidGroupId(1),
        subscriber_sid: Sid::new("owner"),
    })
}

#[expect(clippy::disallowed_methods, reason = "what is tested is how long it takes")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn ten_thousand_rooms_and_numbers_are_there_within_the_time_of_a_restart() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let edits: Vec<_> = [owner(), group()]
        .into_iter()
        .chain((0..OBJECTS).map(did))
        .chain((0..OBJECTS).map(room))
        .collect();
    let store = SqliteStore::open(&path).await.unwrap();
    store.write(&Actor::Bridge, &edits, 0).await.unwrap();
    store.close().await.unwrap();
    let start = now();
    let store = SqliteStore::open(&path).await.unwrap();
    let directory = store.load().await.unwrap();
    let taken = now() - start;
    println!("opened and loaded in {} ms", taken.as_millis());
    assert_eq!(directory.codes(DidGroupId(1)), 3 * OBJECTS as usize);
    assert_eq!(directory.dids().count(), OBJECTS as usize);
    assert!(taken < BOUND, "{taken:?}");
}
