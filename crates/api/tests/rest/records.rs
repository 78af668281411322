use model::directory::{Directory, Edit, SubscriberRole};
use serde_json::json;

use crate::fixture;
use crate::world::World;

#[tokio::test]
async fn call_records_read_newest_first() {
    let world = World::new();
    let list = world.get("alice", "/cdrs?limit=2").await.json();
    assert_eq!((&list["total"], &list["has_more"]), (&json!(3), &json!(true)));
    let expected = json!({
        "accessCode": "111",
        "answered": 3500,
        "callee": "15162065318",
        "caller": "+15162065319",
        "cause": "hung_up",
        "codec": "PCMU",
        "connectionStatus": 0,
        "created": 3000,
        "customName": "",
        "duration": 3,
        "ended": 6600,
        "id": 3,
        "meetingId": 9,
        "meetingNumber": 106_131,
        "role": 1,
        "sipStatus": 200,
        "source": "192.0.2.7",
        "subscriberSid": "sid-alice"
    });
    assert_eq!(list["cdrs"][0], expected);
    let oldest = world.get("alice", "/cdrs?order=created&limit=1").await.json();
    assert_eq!(oldest["cdrs"][0]["id"], 1);
}

#[tokio::test]
async fn calls_of_unknown_numbers_are_seen_by_the_one_above_all_where_there_is_one() {
    let world = World::new();
    let mut unknown = world.backend.state().cdrs[0].clone();
    (unknown.leg, unknown.subscriber_sid) = (model::LegId(99), None);
    world.backend.state().cdrs.push(unknown);
    let sees = async |login: &str| world.get(login, "/cdrs").await.text.contains("\"id\":99,");
    for login in ["alice", "olga", "uma", "bob"] {
        assert!(!sees(login).await, "{login} is one of two trees");
    }
    let tree = [
        fixture::subscriber("alice", None, SubscriberRole::Administrator, None),
        fixture::subscriber("olga", Some("alice"), SubscriberRole::Operator, None),
        fixture::subscriber("uma", Some("alice"), SubscriberRole::Regular, None),
    ];
    let put = |directory: Directory, subscriber| directory.edited(Edit::PutSubscriber(subscriber)).unwrap();
    world.backend.state().directory = tree.into_iter().fold(Directory::default(), put).into();
    for (login, expected) in [("alice", true), ("olga", true), ("uma", false)] {
        assert_eq!(sees(login).await, expected, "{login}");
    }
}

#[tokio::test]
async fn a_list_that_takes_too_long_is_refused_with_what_to_narrow() {
    let world = World::new();
    // What takes too long would again: who asks once more does so later.
    for (refused, fields, retry) in [
        (api::Unlisted::TooLong, json!(["filter"]), "60"),
        (api::Unlisted::Unavailable, json!([]), "1"),
    ] {
        world.backend.state().refuse_list = Some(refused);
        let reply = world
            .get("alice", "/cdrs?filter=caller%20like%20%22%257%25%22")
            .await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("retry-after"), retry);
        let errors = reply.json()["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<_> = errors.iter().map(|error| error["field"].clone()).collect();
        assert_eq!(json!(named), fields);
    }
}

#[tokio::test]
async fn meeting_records_of_everyone_below_are_seen() {
    let world = World::new();
    for (login, total) in [("alice", 2), ("olga", 2), ("uma", 2), ("bob", 1), ("ursula", 0)] {
        assert_eq!(world.get(login, "/mdrs").await.json()["total"], total, "{login}");
    }
    let mdr = world.get("bob", "/mdrs").await.json()["mdrs"][0].take();
    let expected = json!({
        "calls": 3,
        "cause": "empty",
        "created": 3000,
        "duration": 2,
        "ended": 5000,
        "id": 3,
        "meetingNumber": 106_131,
        "onTheFly": true,
        "peak": 2,
        "subscriberSid": "sid-bob"
    });
    assert_eq!(mdr, expected);
}

#[tokio::test]
async fn an_administrator_sees_who_changed_what_in_its_tree_the_newest_first() {
    let world = World::new();
    let list = world.get("alice", "/audit?envelope=collection").await.json();
    let at = |n: i64| crate::fixture::NOW_MS + n;
    let expected = json!({
        "audit": [
            {"action": "hang_up", "created": at(4), "id": 4, "object": "call 6889184", "subscriberSid": "sid-olga"},
            {"action": "put", "created": at(2), "id": 2, "object": "DID 220", "subscriberSid": "sid-gone"},
            {"action": "put", "created": at(1), "id": 1, "object": "subscriber sid-alice"}
        ],
        "last": 2,
        "offset": 0,
        "total": 3
    });
    assert_eq!(list, expected);
    let oldest = world.get("alice", "/audit?order=created&limit=1").await.json();
    assert_eq!(
        (&oldest["items"][0]["id"], &oldest["total"]),
        (&json!(1), &json!(3))
    );
    let others = world.get("bob", "/audit").await;
    assert!(
        others.json()["total"] == 1 && !others.text.contains("alice"),
        "{}",
        others.text
    );
}
