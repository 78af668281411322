use axum::http::Method;
use model::directory::Edit;
use model::{DidGroupId, MeetingNumber, Role};
use serde_json::{Value, json};

use crate::fixture;
use crate::world::{Reply, World};

const ROOM: &str = "/meetingRooms/106131";

async fn post(world: &World, login: &str, body: &str) -> Reply {
    world.ask(login, Method::POST, "/meetingRooms", body).await
}

#[tokio::test]
async fn a_room_is_made_as_the_reference_shows_it() {
    let world = World::new();
    let reply = post(&world, "alice", r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#).await;
    assert_eq!(reply.status, 201);
    let mut room = reply.json();
    let number = room["meetingNumber"].take().as_u64().unwrap();
    assert!((100_000..=999_999).contains(&number));
    let expected = json!({
        "attributes": [],
        "created": fixture::NOW_MS,
        "didGroupReferences": [{"didGroupId": 219, "state": 0}],
        "keychain": [],
        "meetingNumber": null,
        "primaryDidGroupId": 219,
        "subscriberSid": "sid-alice"
    });
    assert_eq!(room, expected);
    let again = world.get("alice", &format!("/meetingRooms/{number}")).await;
    assert_eq!(again.json()["meetingNumber"], number);
}

#[tokio::test]
async fn a_room_is_made_with_everything_it_is_given() {
    let world = World::new();
    let body = r#"{"primaryDidGroupId": "219", "callFlowId": "3", "meetingNumber": "452650", "description": "d",
        "subscriberSid": "sid-uma", "didGroupReferences": [{"didGroupId": 219, "state": 1}],
        "attributes": [{"name": "conference_maxcalls", "value": 7}],
        "keychain": [{"accessCode": 12345, "role": 1}, {"accessCode": "012", "role": "2"}]}"#;
    let room = post(&world, "alice", body).await.json();
    assert_eq!(room["meetingNumber"], 452_650);
    assert_eq!(room["subscriberSid"], "sid-uma");
    assert_eq!(room["description"], "d");
    assert_eq!(
        room["didGroupReferences"],
        json!([{"didGroupId": 219, "state": 1}])
    );
    assert_eq!(room["attributes"][0]["value"], "7");
    let keychain = json!([
        {"accessCode": "12345", "id": 1001, "role": 1},
        {"accessCode": "012", "id": 1002, "role": 2}
    ]);
    assert_eq!(room["keychain"], keychain);
}

#[tokio::test]
async fn a_room_that_can_not_be_made_says_which_field_is_wrong() {
    let world = World::new();
    let good = |more: &str| format!(r#"{{"primaryDidGroupId": 219, "callFlowId": 3, {more}}}"#);
    for (body, code, message, field) in [
        ("{}".to_owned(), 400, "Object validation error", "callFlowId"),
        (
            r#"{"callFlowId": 3}"#.to_owned(),
            400,
            "Object validation error",
            "primaryDidGroupId",
        ),
        (
            r#"{"primaryDidGroupId": null, "callFlowId": 3}"#.to_owned(),
            400,
            "Object validation error",
            "primaryDidGroupId",
        ),
        (
            r#"{"primaryDidGroupId": 9, "callFlowId": 3}"#.to_owned(),
            400,
            "Wrong value",
            "primaryDidGroupId",
        ),
        (
            r#"{"primaryDidGroupId": "x", "callFlowId": 3}"#.to_owned(),
            400,
            "Wrong value",
            "primaryDidGroupId",
        ),
        (
            r#"{"primaryDidGroupId": 219, "callFlowId": 2}"#.to_owned(),
            400,
            "Wrong value",
            "callFlowId",
        ),
        (
            r#"{"primaryDidGroupId": 219, "callFlowId": 1}"#.to_owned(),
            400,
            "Wrong value",
            "callFlowId",
        ),
        (good(r#""colour": 1"#), 400, "Invalid field specific", "colour"),
        (
            good(r#""meetingNumber": 99999"#),
            400,
            "Wrong value",
            "meetingNumber",
        ),
        (
            good(r#""meetingNumber": 106131"#),
            409,
            "Conflict",
            "meetingNumber",
        ),
        (
            good(r#""subscriberSid": "sid-none""#),
            400,
            "Wrong value",
            "subscriberSid",
        ),
        (good(r#""description": 5"#), 400, "Wrong value", "description"),
        (
            good(r#""didGroupReferences": [{"didGroupId": 9}]"#),
            400,
            "Wrong value",
            "didGroupReferences",
        ),
        (
            good(r#""didGroupReferences": [{"didGroupId": 219, "state": 2}]"#),
            400,
            "Wrong value",
            "state",
        ),
        (
            good(r#""didGroupReferences": [{"didGroupId": 219}, {"didGroupId": 219}]"#),
            400,
            "Wrong value",
            "didGroupReferences",
        ),
        (good(r#""keychain": 5"#), 400, "Wrong value", "keychain"),
        (
            good(r#""keychain": [{"accessCode": "1"}]"#),
            400,
            "Object validation error",
            "role",
        ),
        (
            good(r#""keychain": [{"accessCode": "1", "role": 0}]"#),
            400,
            "Wrong value",
            "role",
        ),
        (
            good(r#""keychain": [{"accessCode": "x", "role": 1}]"#),
            400,
            "Wrong value",
            "accessCode",
        ),
        (
            good(r#""keychain": [{"accessCode": "5", "role": 1}, {"accessCode": "5", "role": 2}]"#),
            409,
            "Conflict",
            "accessCode",
        ),
        (
            good(r#""keychain": [{"accessCode": "111", "role": 1}]"#),
            409,
            "Conflict",
            "accessCode",
        ),
        (
            good(r#""keychain": [{"code": "111", "role": 1}]"#),
            400,
            "Invalid field specific",
            "code",
        ),
        (
            good(r#""attributes": [{"name": "colour", "value": "red"}]"#),
            400,
            "Wrong value",
            "colour",
        ),
        (
            good(r#""attributes": [{"name": "call_delay", "value": "1"}]"#),
            400,
            "Wrong value",
            "call_delay",
        ),
        (
            good(r#""attributes": [{"name": "conference_maxcalls"}]"#),
            400,
            "Wrong value",
            "conference_maxcalls",
        ),
        (
            good(r#""attributes": [{"value": "1"}]"#),
            400,
            "Wrong value",
            "attributes",
        ),
        (
            good(r#""attributes": {"conference_maxcalls": 1}"#),
            400,
            "Wrong value",
            "attributes",
        ),
    ] {
        let reply = post(&world, "alice", &body).await;
        assert_eq!(reply.refusal(), (code, message.into(), field.into()), "{body}");
    }
    assert_eq!(world.backend.state().directory.rooms().count(), 3);
    let both = post(&world, "alice", "{}").await.json();
    assert_eq!(both["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn groups_of_another_tenant_can_not_be_told_from_none() {
    let world = World::new();
    for [foreign, missing] in [
        [
            r#"{"primaryDidGroupId": 319, "callFlowId": 3}"#,
            r#"{"primaryDidGroupId": 9, "callFlowId": 3}"#,
        ],
        [
            r#"{"primaryDidGroupId": 219, "callFlowId": 3, "didGroupReferences": [{"didGroupId": 319}]}"#,
            r#"{"primaryDidGroupId": 219, "callFlowId": 3, "didGroupReferences": [{"didGroupId": 9}]}"#,
        ],
        [
            r#"{"primaryDidGroupId": 219, "callFlowId": 3, "subscriberSid": "sid-bob"}"#,
            r#"{"primaryDidGroupId": 219, "callFlowId": 3, "subscriberSid": "none"}"#,
        ],
    ] {
        assert_eq!(
            post(&world, "alice", foreign).await,
            post(&world, "alice", missing).await
        );
    }
    for body in [
        r#"{"primaryDidGroupId": 319}"#,
        r#"{"didGroupReferences": [{"didGroupId": 319}]}"#,
    ] {
        assert_eq!(world.put("alice", ROOM, body).await.status, 400, "{body}");
    }
    assert_eq!(world.backend.state().edits, []);
}

#[tokio::test]
async fn an_update_is_partial_and_answers_the_room() {
    let world = World::new();
    let reply = world
        .put(
            "uma",
            "/meetingRooms/273751",
            r#"{"description":"Another description"}"#,
        )
        .await;
    let expected = json!({
        "attributes": [],
        "created": 1_544_482_680_000_i64,
        "description": "Another description",
        "didGroupReferences": [{"didGroupId": 219, "state": 0}],
        "keychain": [],
        "meetingNumber": 273_751,
        "primaryDidGroupId": 219,
        "subscriberSid": "sid-uma"
    });
    assert_eq!(reply.json(), expected);
    let reply = world
        .put("uma", "/meetingRooms/273751", r#"{"description": null}"#)
        .await;
    assert_eq!(reply.json()["description"], Value::Null);
}

#[tokio::test]
async fn a_room_that_was_read_can_be_sent_back() {
    let world = World::new();
    world
        .put(
            "alice",
            ROOM,
            r#"{"attributes": [{"name": "conference_maxcalls", "value": 7}]}"#,
        )
        .await;
    let read = world.get("alice", ROOM).await;
    let back = world.put("alice", ROOM, &read.text).await;
    assert_eq!((back.status, &back.text), (read.status, &read.text));
}

#[tokio::test]
async fn attributes_merge_by_name_and_null_takes_one_off() {
    let world = World::new();
    let values = |reply: Reply| {
        let list = reply.json()["attributes"].as_array().unwrap().clone();
        let pairs = list
            .into_iter()
            .map(|a| format!("{}={}", a["name"], a["value"]).replace('"', ""));
        pairs.collect::<Vec<_>>()
    };
    for (body, after) in [
        (
            r#"[{"name": "conference_maxcalls", "value": 7}]"#,
            vec!["conference_maxcalls=7"],
        ),
        (
            r#"[{"name": "conference_entrytones", "value": "off"}]"#,
            vec!["conference_entrytones=off", "conference_maxcalls=7"],
        ),
        (
            r#"[{"name": "conference_maxcalls", "value": null}]"#,
            vec!["conference_entrytones=off"],
        ),
        ("[]", vec!["conference_entrytones=off"]),
    ] {
        let reply = world
            .put("alice", ROOM, &format!(r#"{{"attributes": {body}}}"#))
            .await;
        assert_eq!(values(reply), after, "{body}");
    }
    let boolean = world.put(
        "alice",
        ROOM,
        r#"{"attributes": [{"name": "conference_appspecific", "value": true}]}"#,
    );
    assert!(values(boolean.await).contains(&"conference_appspecific=true".to_owned()));
}

#[tokio::test]
async fn a_keychain_replaces_the_set_and_codes_that_stay_keep_their_ids() {
    let world = World::new();
    let body = r#"{"keychain": [{"accessCode": "2222", "role": 3}, {"accessCode": "5555", "role": 1}]}"#;
    let keychain = world.put("alice", ROOM, body).await.json()["keychain"].take();
    let expected = json!([
        {"accessCode": "2222", "id": 2, "role": 3},
        {"accessCode": "5555", "id": 1001, "role": 1}
    ]);
    assert_eq!(keychain, expected);
    let directory = world.backend.state().directory.clone();
    assert!(directory.grant(DidGroupId(219), "111").is_none());
    let by_id = world
        .put("alice", ROOM, r#"{"keychain": [{"id": 2, "role": 1}]}"#)
        .await
        .json();
    assert_eq!(
        by_id["keychain"],
        json!([{"accessCode": "2222", "id": 2, "role": 1}])
    );
    let none = world.put("alice", ROOM, r#"{"keychain": []}"#).await.json();
    assert_eq!(none["keychain"], json!([]));
}

#[tokio::test]
async fn an_id_that_is_not_that_of_the_code_is_refused_and_nothing_is_changed() {
    let world = World::new();
    let before = world.get("alice", ROOM).await.json();
    let keys = "/subscribers/sid-alice/meetingRooms/106131/keychain";
    for key in [
        r#"{"id": 9, "role": 1}"#,
        r#"{"id": 9, "role": 1, "accessCode": "2222"}"#,
        r#"{"id": 9, "role": 1, "accessCode": "5555"}"#,
        r#"{"id": 2, "role": 1, "accessCode": "5555"}"#,
        r#"{"id": 2, "role": 1, "accessCode": "111"}"#,
    ] {
        let list = format!(r#"[{{"role": 2}}, {key}]"#);
        let body = format!(r#"{{"description": "x", "keychain": {list}}}"#);
        for (path, body) in [(ROOM, &body), (keys, &list)] {
            assert_eq!(
                world.put("alice", path, body).await.refusal(),
                (400, "Wrong value".into(), "keychain".into()),
                "{path} {body}"
            );
        }
    }
    let body = r#"{"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"id": 2, "role": 1}]}"#;
    let made = world.post("alice", "/meetingRooms", body).await;
    assert_eq!(made.refusal().2, "keychain", "a new room has no codes yet");
    assert_eq!(world.get("alice", ROOM).await.json(), before);
    for key in [
        r#"{"id": "2", "role": 1, "accessCode": 2222}"#,
        r#"{"id": 2.0, "role": 1}"#,
    ] {
        let keychain = world.put("alice", keys, &format!("[{key}]")).await.json();
        assert_eq!(
            keychain,
            json!([{"accessCode": "2222", "id": 2, "role": 1}]),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_key_without_a_code_gets_nine_digits_and_eleven_in_a_crowded_group() {
    let world = World::new();
    let body = r#"{"keychain": [{"role": 1}, {"role": 2, "accessCode": null}]}"#;
    let keychain = world.put("alice", ROOM, body).await.json()["keychain"].take();
    let codes: Vec<_> = (0..2)
        .map(|n| keychain[n]["accessCode"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        codes.iter().all(|code| code.len() == 9) && codes[0] != codes[1],
        "{codes:?}"
    );

    let directory = world.backend.state().directory.clone();
    let crowded = (0..11_u32).fold((*directory).clone(), |directory, n| {
        let codes: Vec<_> = (0..1000).map(|m| format!("{n:02}{m:04}")).collect();
        let codes: Vec<_> = codes.iter().map(|code| (7, code.as_str(), Role::Host)).collect();
        let room = fixture::room(800_000 + n, "alice", 219, &codes);
        directory.edited(Edit::PutRoom(room)).unwrap()
    });
    world.backend.state().directory = crowded.into();
    let keychain = world
        .put("alice", ROOM, r#"{"keychain": [{"role": 1}]}"#)
        .await
        .json();
    assert_eq!(keychain["keychain"][0]["accessCode"].as_str().unwrap().len(), 11);
}

#[tokio::test]
async fn a_room_changes_its_number_in_one_edit_and_not_while_its_meeting_runs() {
    let world = World::new();
    let from = MeetingNumber(106_131);
    let body = r#"{"meetingNumber": 500000}"#;
    let early = world.put("alice", ROOM, body).await;
    assert_eq!(early.refusal(), (409, "Conflict".into(), "meetingNumber".into()));
    assert!(early.text.contains("while the meeting of this room runs"));
    let mut live = fixture::live();
    live.meetings.remove(&from);
    world.backend.state().live = live.into();
    let reply = world.put("alice", ROOM, body).await;
    assert_eq!(reply.json()["meetingNumber"], 500_000);
    assert!(matches!(
        world.backend.state().edits.as_slice(),
        [(_, Edit::RenumberRoom { from: old, .. })] if *old == from
    ));
    assert_eq!(world.get("alice", ROOM).await.status, 404);
    let on_the_fly = fixture::meeting(600_000, 5, "bob", &[]);
    let mut live = fixture::live();
    live.meetings.insert(on_the_fly.number, on_the_fly.into());
    world.backend.state().live = live.into();
    let live = world
        .put("uma", "/meetingRooms/273751", r#"{"meetingNumber": 600000}"#)
        .await;
    assert_eq!(live.refusal(), (409, "Conflict".into(), "meetingNumber".into()));
    let taken = world
        .put("uma", "/meetingRooms/273751", r#"{"meetingNumber": 306131}"#)
        .await;
    assert_eq!(taken.refusal(), (409, "Conflict".into(), "meetingNumber".into()));
}

#[tokio::test]
async fn another_primary_group_takes_the_place_of_the_old_one() {
    let world = World::new();
    let directory = world.backend.state().directory.clone();
    let directory = directory
        .edited(Edit::PutGroup(fixture::group(229, "alice")))
        .unwrap();
    world.backend.state().directory = directory.into();
    let room = world
        .put("alice", ROOM, r#"{"primaryDidGroupId": 229}"#)
        .await
        .json();
    assert_eq!(room["primaryDidGroupId"], 229);
    assert_eq!(
        room["didGroupReferences"],
        json!([{"didGroupId": 229, "state": 0}])
    );
}

#[tokio::test]
async fn what_is_fixed_or_unknown_is_refused() {
    let world = World::new();
    for (body, field) in [
        (r#"{"subscriberSid": "sid-uma"}"#, "subscriberSid"),
        (r#"{"created": 5}"#, "created"),
        (r#"{"callFlowId": 1}"#, "callFlowId"),
        (r#"{"colour": 1, "description": "x"}"#, "colour"),
    ] {
        let reply = world.put("alice", ROOM, body).await;
        assert_eq!(
            reply.refusal(),
            (400, "Invalid field specific".into(), field.into())
        );
    }
    for body in [r#"{"callFlowId": "3"}"#, r#"{"callFlowId": 3.0}"#] {
        assert_eq!(world.put("alice", ROOM, body).await.status, 200, "{body}");
    }
}

#[tokio::test]
async fn a_deleted_room_is_gone() {
    let world = World::new();
    let reply = world.ask("alice", Method::DELETE, ROOM, "").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(world.get("alice", ROOM).await.status, 404);
}

#[tokio::test]
async fn a_store_that_can_not_write_is_said_to_be_unavailable() {
    let world = World::new();
    world.backend.state().refuse_edit = Some(api::EditRefused::Unavailable);
    let reply = world.put("alice", ROOM, r#"{"description": "x"}"#).await;
    assert_eq!(reply.refusal().0, 503);
    assert_eq!(reply.header("retry-after"), "1");
}

#[tokio::test]
async fn concurrent_updates_of_one_room_both_count() {
    let world = World::new();
    // From here on nothing but the edits takes time.
    assert_eq!(world.get("alice", ROOM).await.status, 200);
    let (one, other) = tokio::join!(
        world.put("alice", ROOM, r#"{"description": "x"}"#),
        world.put(
            "alice",
            ROOM,
            r#"{"attributes": [{"name": "conference_maxcalls", "value": 7}]}"#
        )
    );
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (200, 200));
    let room = world.get("alice", ROOM).await.json();
    assert_eq!(
        (&room["description"], &room["attributes"][0]["value"]),
        (&json!("x"), &json!("7"))
    );
}
