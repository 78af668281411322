use serde_json::{Value, json};

use crate::world::World;

fn did(id: u64, number: &str) -> Value {
    json!({"attributes": [], "countryCode": "US", "didGroupId": 219, "id": id, "phoneNumber": number, "state": -1})
}

#[tokio::test]
async fn call_flows_read_as_the_reference_shows_them() {
    let world = World::new();
    let flows = world
        .get(
            "alice",
            "/callFlows?excludeFields=attributeTemplates&envelope=collection",
        )
        .await;
    let expected = json!({
        "callFlows": [
            {"id": 1, "name": "SPECTEL", "path": "/callflows/SPECTEL"},
            {"id": 3, "name": "CONF", "path": "/callflows/CONF"}
        ],
        "last": 1,
        "offset": 0,
        "total": 2
    });
    assert_eq!(flows.json(), expected);
    for missing in ["2", "0", "x", "99999999999999999999", "+1", "1.0"] {
        let reply = world.get("alice", &format!("/callFlows/{missing}")).await;
        assert_eq!(
            reply.refusal(),
            (404, "Not found".into(), String::new()),
            "{missing}"
        );
    }
}

#[tokio::test]
async fn a_call_flow_carries_all_seventy_attributes() {
    let world = World::new();
    let flow = world.get("uma", "/callFlows/3").await.json();
    let templates = flow["attributeTemplates"].as_array().unwrap();
    assert_eq!(templates.len(), 70);
    let named = |name| templates.iter().find(|a| a["name"] == name).unwrap();
    let start = named("conference_start_how");
    assert_eq!(
        (
            &start["type"],
            &start["group"],
            &start["enumValues"],
            &start["value"]
        ),
        (
            &json!(5),
            &json!(5),
            &json!("first,moderator,explicit"),
            &json!("first")
        )
    );
    let delay = named("call_delay");
    assert_eq!(
        (&delay["type"], &delay["group"], &delay["value"]),
        (&json!(2), &json!(3), &json!("0"))
    );
    assert!(
        templates
            .iter()
            .all(|a| a["description"].as_str().is_some_and(|text| text.len() > 10))
    );
    for (name, later) in [("conference_maxcalls", false), ("conference_whitelist", true)] {
        let told = named(name)["description"].as_str().unwrap();
        assert_eq!(told.ends_with("not yet in effect."), later, "{told}");
    }
    assert!(
        templates
            .windows(2)
            .all(|pair| pair[0]["name"].as_str() < pair[1]["name"].as_str())
    );
}

#[tokio::test]
async fn dids_and_their_groups_read_as_the_reference_shows_them() {
    let world = World::new();
    let dids = json!([did(220, "15162065319"), did(221, "15162065318")]);
    let list = world.get("alice", "/dids?envelope=collection").await.json();
    assert_eq!(list, json!({"dids": dids, "last": 1, "offset": 0, "total": 2}));
    assert_eq!(
        world.get("alice", "/dids/220").await.json(),
        did(220, "15162065319")
    );
    let group = json!({
        "attributes": [],
        "callFlowId": 3,
        "description": "",
        "dids": dids,
        "id": 219,
        "name": "alice_didGroup",
        "state": -1,
        "subscriberSid": "sid-alice"
    });
    assert_eq!(world.get("alice", "/didGroups/219").await.json(), group);
    let list = world.get("alice", "/didGroups?envelope=collection").await.json();
    assert_eq!(
        list,
        json!({"didGroups": [group], "last": 0, "offset": 0, "total": 1})
    );
}

#[tokio::test]
async fn a_group_that_is_lent_is_seen_and_a_disabled_loan_is_not() {
    let world = World::new();
    assert_eq!(world.get("uma", "/didGroups/219").await.status, 200);
    assert_eq!(world.get("uma", "/dids").await.json()["total"], 2);
    let mut uma = crate::fixture::subscriber(
        "uma",
        Some("alice"),
        model::directory::SubscriberRole::Regular,
        Some(219),
    );
    uma.did_group_references[0].disabled = true;
    let directory = world.backend.state().directory.clone();
    let directory = directory
        .edited(model::directory::Edit::PutSubscriber(uma))
        .unwrap();
    world.backend.state().directory = directory.into();
    assert_eq!(world.get("uma", "/didGroups/219").await.status, 404);
    assert_eq!(world.get("uma", "/dids").await.json()["total"], 0);
}

#[tokio::test]
async fn a_subscriber_reads_with_its_rooms_and_without_its_password() {
    let world = World::new();
    let reply = world.get("alice", "/subscribers/sid-uma").await;
    let mut uma = reply.json();
    let rooms = uma["meetingRooms"].take();
    assert_eq!(rooms[0]["meetingNumber"], 273_751);
    let expected = json!({
        "authenticationToken": "token-uma",
        "callback": {"id": 5, "url": "https://uma.example.com/"},
        "created": crate::fixture::NOW_MS,
        "details": "",
        "didGroupReferences": [{"didGroupId": 219, "state": 0}],
        "email": "",
        "ext": "",
        "externalId": -1,
        "firstName": "John",
        "lastName": "Smith",
        "login": "uma",
        "meetingRooms": null,
        "parentSid": "sid-alice",
        "phoneNumber": "",
        "role": 3,
        "sid": "sid-uma"
    });
    assert_eq!(uma, expected);
    assert!(!reply.text.contains("argon2"));
}

#[tokio::test]
async fn an_operator_sees_no_secrets_of_others() {
    let world = World::new();
    let list = world.get("olga", "/subscribers").await;
    assert_eq!(list.json()["total"], 3);
    assert!(list.text.contains("token-olga"));
    for secret in ["token-alice", "token-uma", "alice.example.com"] {
        assert!(!list.text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn rooms_are_found_below_their_owner_too() {
    let world = World::new();
    let base = "/subscribers/sid-alice/meetingRooms";
    let list = world.get("alice", base).await.json();
    assert_eq!(
        (&list["total"], &list["items"][0]["meetingNumber"]),
        (&json!(1), &json!(106_131))
    );
    let room = world.get("alice", &format!("{base}/106131")).await;
    assert_eq!(room.text, world.get("alice", "/meetingRooms/106131").await.text);
    let keychain = world
        .get("alice", &format!("{base}/106131/keychain"))
        .await
        .json();
    let expected = json!([
        {"accessCode": "111", "id": 1, "role": 1},
        {"accessCode": "2222", "id": 2, "role": 2}
    ]);
    assert_eq!(keychain, expected);
    for path in ["273751", "273751/keychain", "1", "x"] {
        assert_eq!(
            world.get("alice", &format!("{base}/{path}")).await.status,
            404,
            "{path}"
        );
    }
    let missing = world.get("alice", "/subscribers/none/meetingRooms").await;
    assert_eq!(missing.refusal().1, "Cannot find object by SID");
}

#[tokio::test]
async fn rooms_list_as_the_reference_shows_them() {
    let world = World::new();
    let list = world
        .get(
            "uma",
            "/meetingRooms?excludeFields=attributes&envelope=collection",
        )
        .await;
    let expected = json!({
        "last": 0,
        "meetingRooms": [{
            "created": 1_544_482_680_000_i64,
            "didGroupReferences": [{"didGroupId": 219, "state": 0}],
            "keychain": [],
            "meetingNumber": 273_751,
            "primaryDidGroupId": 219,
            "subscriberSid": "sid-uma"
        }],
        "offset": 0,
        "total": 1
    });
    assert_eq!(list.json(), expected);
}
