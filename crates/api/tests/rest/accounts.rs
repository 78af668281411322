//! Subscribers are made, changed and deleted, and change themselves.

use axum::body::Body;
use axum::http::Method;
use model::directory::{Edit, SubscriberRole};
use model::{LegId, MeetingNumber};
use serde_json::{Value, json};

use crate::fixture::{self, NOW_MS};
use crate::world::{World, request};

const NEW: &str = r#"{"login": "new", "password": "long enough"}"#;
const UMA: &str = "/subscribers/sid-uma";

async fn status(world: &World, login: &str, password: &str) -> u16 {
    let ask = request(Method::GET, "/conference/v1/callFlows", login, password);
    world.send(ask.body(Body::empty()).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_subscriber_is_made_with_sid_and_token_and_can_log_in() {
    let world = World::new();
    let reply = world.post("alice", "/subscribers", NEW).await;
    let made = reply.json();
    assert_eq!(reply.status, 201, "{made}");
    let (sid, token) = (made["sid"].as_str().unwrap(), &made["authenticationToken"]);
    let expected = json!({"authenticationToken": token, "created": NOW_MS, "details": "", "didGroupReferences": [],
        "email": "", "ext": "", "externalId": -1, "firstName": "", "lastName": "", "login": "new",
        "meetingRooms": [], "parentSid": "sid-alice", "phoneNumber": "", "role": 3, "sid": sid});
    assert_eq!(made, expected);
    assert!(sid.len() == 36 && sid.as_bytes()[14] == b'4', "{sid}");
    assert_eq!(token.as_str().unwrap().len(), 32);
    assert!(!reply.text.contains("argon2") && !reply.text.contains("long enough"));
    assert_eq!(status(&world, "new", "long enough").await, 200);
    assert_eq!(status(&world, "new", "long enougH").await, 401);
    assert_eq!(
        world.get("alice", &format!("/subscribers/{sid}")).await.json(),
        made
    );
    let other = world
        .post("alice", "/subscribers", &NEW.replace("new", "newer"))
        .await
        .json();
    assert!(other["sid"] != made["sid"] && other["authenticationToken"] != *token);
}

#[tokio::test]
async fn every_field_of_a_new_subscriber_is_kept() {
    let world = World::new();
    let body = r#"{"login": "new", "password": "long enough", "role": "1", "parentSid": "sid-uma", "externalId": 77,
        "firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "phoneNumber": 442071838750, "ext": "12",
        "details": "d", "didGroupReferences": [{"didGroupId": "219", "state": 1}],
        "eventCallbackUrl": "https://example.com/events?x=1",
        "meetingRooms": [{"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"accessCode": "4711", "role": 1}]}]}"#;
    let reply = world.post("alice", "/subscribers", body).await;
    let mut made = reply.json();
    assert_eq!(reply.status, 201, "{made}");
    assert!(!reply.text.contains("eventCallbackUrl"));
    let rooms = made["meetingRooms"].take();
    assert_eq!(
        (
            &rooms[0]["subscriberSid"],
            rooms[0]["keychain"][0]["accessCode"].as_str()
        ),
        (&made["sid"], Some("4711"))
    );
    for (field, value) in [
        ("role", json!(1)),
        ("parentSid", json!("sid-uma")),
        ("externalId", json!(77)),
        ("firstName", json!("Ann")),
        ("lastName", json!("Lee")),
        ("email", json!("ann@example.com")),
        ("phoneNumber", json!("442071838750")),
        ("ext", json!("12")),
        ("details", json!("d")),
        ("didGroupReferences", json!([{"didGroupId": 219, "state": 1}])),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(made["callback"]["url"], "https://example.com/events?x=1");
    assert!(made["callback"]["id"].as_u64().is_some_and(|id| id > 1000));
}

#[tokio::test]
async fn what_is_wrong_with_a_subscriber_is_said_by_field_and_nothing_is_made() {
    let world = World::new();
    let good = |more: &str| NEW.replace('}', &format!(", {more}}}"));
    let url = |url: &str| good(&format!(r#""eventCallbackUrl": "{url}""#));
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for (body, code, message, field) in [
        ("{}".to_owned(), 400, "Object validation error", "login"),
        (
            r#"{"login": "x"}"#.to_owned(),
            400,
            "Object validation error",
            "password",
        ),
        (
            NEW.replace("long enough", "short"),
            400,
            "Wrong value",
            "password",
        ),
        (
            NEW.replace("long enough", "tab\\there"),
            400,
            "Wrong value",
            "password",
        ),
        (
            NEW.replace("long enough", &"x".repeat(1025)),
            400,
            "Wrong value",
            "password",
        ),
        (NEW.replace("\"new\"", "\"\""), 400, "Wrong value", "login"),
        (NEW.replace("\"new\"", "\"a:b\""), 400, "Wrong value", "login"),
        (NEW.replace("\"new\"", "\"uma\""), 409, "Conflict", "login"),
        (NEW.replace("\"new\"", "\"ursula\""), 409, "Conflict", "login"),
        (good(r#""role": 0"#), 400, "Wrong value", "role"),
        (good(r#""role": 4"#), 400, "Wrong value", "role"),
        (
            good(r#""phoneNumber": "+442071838750""#),
            400,
            "Wrong value",
            "phoneNumber",
        ),
        (good(r#""firstName": 5"#), 400, "Wrong value", "firstName"),
        (good(r#""externalId": "x""#), 400, "Wrong value", "externalId"),
        (good(r#""parentSid": "none""#), 400, "Wrong value", "parentSid"),
        (good(r#""sid": "mine""#), 400, "Invalid field specific", "sid"),
        (
            good(r#""authenticationToken": "mine""#),
            400,
            "Invalid field specific",
            "authenticationToken",
        ),
        (
            good(r#""passwordHash": "x""#),
            400,
            "Invalid field specific",
            "passwordHash",
        ),
        (url("ftp://example.com/"), 400, "Wrong value", "eventCallbackUrl"),
        (
            url("https://user:secret@example.com/"),
            400,
            "Wrong value",
            "eventCallbackUrl",
        ),
        (url("https://"), 400, "Wrong value", "eventCallbackUrl"),
        // As a webhook's, it is read by what the bridge posts to.
        (url("http://10.0.0.1/"), 400, "Wrong value", "eventCallbackUrl"),
        (url("/relative"), 400, "Wrong value", "eventCallbackUrl"),
        (
            url("https://example.com/ x"),
            400,
            "Wrong value",
            "eventCallbackUrl",
        ),
        (
            url("https://example.com/#x"),
            400,
            "Wrong value",
            "eventCallbackUrl",
        ),
        (url(&long), 400, "Wrong value", "eventCallbackUrl"),
        (
            good(r#""callback": "https://example.com/""#),
            400,
            "Wrong value",
            "callback",
        ),
        (
            good(r#""callback": {"id": 5, "url": "https://example.com/"}"#),
            400,
            "Invalid field specific",
            "id",
        ),
        (
            good(r#""callback": {"url": "file:///x"}"#),
            400,
            "Wrong value",
            "url",
        ),
        (
            good(r#""callback": {"url": "https://a.example/"}, "eventCallbackUrl": "https://b.example/""#),
            400,
            "Wrong value",
            "eventCallbackUrl",
        ),
        (
            good(r#""meetingRooms": [{"callFlowId": 3}]"#),
            400,
            "Object validation error",
            "primaryDidGroupId",
        ),
        (
            good(r#""meetingRooms": [{"primaryDidGroupId": 219, "callFlowId": 3, "meetingNumber": 106131}]"#),
            409,
            "Conflict",
            "meetingNumber",
        ),
        (
            good(
                r#""meetingRooms": [{"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"role": 1}]},
                {"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"accessCode": "111", "role": 1}]}]"#,
            ),
            409,
            "Conflict",
            "accessCode",
        ),
        (
            good(r#""didGroupReferences": [{"didGroupId": 219}, {"didGroupId": 219}]"#),
            400,
            "Wrong value",
            "didGroupReferences",
        ),
    ] {
        let reply = world.post("alice", "/subscribers", &body).await;
        assert_eq!(reply.refusal(), (code, message.into(), field.into()), "{body}");
    }
    let state = world.backend.state();
    assert_eq!((state.ids, state.edits.len()), (1000, 0), "neither ids nor edits");
}

#[tokio::test]
async fn nobody_is_made_so_far_down_that_those_at_the_top_would_not_be_told_of_it() {
    let world = World::new();
    let names: Vec<_> = (0..62).map(|n| format!("deep{n}")).collect();
    let parents = std::iter::once("alice").chain(names.iter().map(String::as_str));
    let role = SubscriberRole::Administrator;
    let below = |(login, parent): (&String, &str)| fixture::subscriber(login, Some(parent), role, None);
    world.edit(names.iter().zip(parents).map(below).map(Edit::PutSubscriber));
    let new = |login: &str, parent: &str| {
        format!(r#"{{"login": "{login}", "password": "long enough", "parentSid": "{parent}"}}"#)
    };
    let last = world
        .post("alice", "/subscribers", &new("last", "sid-deep61"))
        .await;
    assert_eq!(last.status, 201, "{}", last.text);
    let made = last.json();
    let body = new("beyond", made["sid"].as_str().unwrap());
    let beyond = world.post("alice", "/subscribers", &body).await;
    assert_eq!(beyond.refusal(), (400, "Wrong value".into(), "parentSid".into()));
}

#[tokio::test]
async fn a_subscriber_changes_by_field_and_can_be_sent_back_as_it_was_read() {
    let world = World::new();
    let read = world.get("alice", UMA).await;
    let back = world.put("alice", UMA, &read.text).await;
    assert_eq!((back.status.as_u16(), &back.text), (200, &read.text));
    let body = r#"{"firstName": "Una", "role": 2, "login": "una", "email": "u@example.com", "ext": null}"#;
    let changed = world.put("alice", UMA, body).await.json();
    assert_eq!(
        [
            &changed["firstName"],
            &changed["lastName"],
            &changed["role"],
            &changed["login"]
        ],
        [&json!("Una"), &json!("Smith"), &json!(2), &json!("una")]
    );
    assert_eq!(world.get("una", UMA).await.status, 200);
    assert_eq!(world.get("uma", UMA).await.status, 401);
    for field in [
        "authenticationToken",
        "created",
        "externalId",
        "parentSid",
        "sid",
        "colour",
    ] {
        let reply = world.put("alice", UMA, &format!(r#"{{"{field}": "x"}}"#)).await;
        assert_eq!(
            reply.refusal(),
            (400, "Invalid field specific".into(), field.into())
        );
    }
    let taken = world.put("alice", UMA, r#"{"login": "bob"}"#).await;
    assert_eq!(taken.refusal(), (409, "Conflict".into(), "login".into()));
}

#[tokio::test]
async fn the_callback_is_set_by_either_of_its_names_and_taken_away_by_none() {
    let world = World::new();
    for (body, callback) in [
        (
            r#"{"callback": {"url": "https://a.example/"}}"#,
            json!({"id": 5, "url": "https://a.example/"}),
        ),
        (
            r#"{"eventCallbackUrl": "https://b.example/x"}"#,
            json!({"id": 5, "url": "https://b.example/x"}),
        ),
        (
            r#"{"callback": {"id": 5, "url": "https://b.example/x"}, "eventCallbackUrl": "https://c.example/"}"#,
            json!({"id": 5, "url": "https://c.example/"}),
        ),
        (r#"{"eventCallbackUrl": ""}"#, Value::Null),
        (
            r#"{"eventCallbackUrl": "https://d.example/"}"#,
            json!({"id": 1001, "url": "https://d.example/"}),
        ),
        (
            r#"{"eventCallbackUrl": "https://d.example/", "firstName": "Una"}"#,
            json!({"id": 1001, "url": "https://d.example/"}),
        ),
        (r#"{"eventCallbackUrl": null}"#, Value::Null),
        (
            r#"{"callback": {"url": "https://e.example/"}}"#,
            json!({"id": 1002, "url": "https://e.example/"}),
        ),
        (r#"{"callback": null}"#, Value::Null),
    ] {
        let reply = world.put("uma", UMA, body).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["callback"]),
            (200, &callback),
            "{body}"
        );
    }
}

#[tokio::test]
async fn who_changes_his_password_is_known_by_the_new_one_at_once_and_by_the_old_one_no_more() {
    for login in fixture::A {
        let world = World::new();
        assert_eq!(status(&world, login, fixture::PASSWORD).await, 200);
        let path = format!("/subscribers/sid-{login}");
        let reply = world.put(login, &path, r#"{"password": "another one"}"#).await;
        assert_eq!(reply.status, 200, "{login}: {}", reply.text);
        assert!(!reply.text.contains("another one"));
        assert_eq!(status(&world, login, fixture::PASSWORD).await, 401, "{login}");
        assert_eq!(status(&world, login, "another one").await, 200, "{login}");
    }
}

#[tokio::test]
async fn nobody_raises_or_deletes_himself() {
    let world = World::new();
    for (login, path, body, field) in [
        ("uma", UMA, r#"{"role": 1}"#, "role"),
        ("uma", UMA, r#"{"login": "ula"}"#, "login"),
        ("uma", UMA, r#"{"didGroupReferences": []}"#, "didGroupReferences"),
        ("olga", "/subscribers/sid-olga", r#"{"role": 1}"#, "role"),
        (
            "olga",
            "/subscribers/sid-olga",
            r#"{"firstName": "x"}"#,
            "firstName",
        ),
        ("alice", "/subscribers/sid-alice", r#"{"role": 3}"#, "role"),
    ] {
        let reply = world.put(login, path, body).await;
        assert_eq!(
            reply.refusal(),
            (403, "Forbidden".into(), field.into()),
            "{login} {body}"
        );
    }
    let deleted = world.delete("alice", "/subscribers/sid-alice").await;
    assert_eq!(deleted.refusal(), (403, "Forbidden".into(), "sid".into()));
    assert_eq!(world.backend.state().edits, []);
    for (login, body) in [
        ("uma", r#"{"role": 3, "login": "uma"}"#),
        (
            "uma",
            r#"{"role": null, "didGroupReferences": null, "meetingRooms": null}"#,
        ),
        ("alice", r#"{"role": "1"}"#),
        ("alice", r#"{"role": null}"#),
        (
            "olga",
            r#"{"role": null, "meetingRooms": null, "password": null}"#,
        ),
    ] {
        let path = format!("/subscribers/sid-{login}");
        assert_eq!(world.put(login, &path, body).await.status, 200, "{body}");
    }
}

#[tokio::test]
async fn who_is_deleted_while_his_request_waits_changes_nothing() {
    let world = World::new();
    let ada = fixture::subscriber("ada", Some("alice"), SubscriberRole::Administrator, None);
    world.edit([Edit::PutSubscriber(ada)]);
    assert_eq!(world.get("ada", "/callFlows").await.status, 200);
    assert_eq!(world.get("alice", "/callFlows").await.status, 200);
    let (deleted, late) = tokio::join!(
        world.delete("alice", "/subscribers/sid-ada"),
        world.post("ada", "/didGroups", r#"{"name": "g", "callFlowId": 3}"#)
    );
    assert_eq!((deleted.status.as_u16(), late.status.as_u16()), (204, 401));
}

#[tokio::test]
async fn who_owns_something_is_not_deleted_until_it_is_gone() {
    let world = World::new();
    let owner = world.delete("alice", UMA).await;
    assert_eq!(owner.refusal(), (409, "Conflict".into(), "sid".into()));
    assert!(owner.text.contains("delete those first"), "{}", owner.text);
    assert_eq!(world.delete("alice", "/meetingRooms/273751").await.status, 204);
    assert_eq!(world.delete("alice", UMA).await.status, 204);
    assert_eq!(world.get("alice", UMA).await.status, 404);
    assert_eq!(status(&world, "uma", fixture::PASSWORD).await, 401);
}

#[tokio::test]
async fn rooms_within_a_subscriber_are_changed_by_number_and_otherwise_made() {
    let world = World::new();
    let body = r#"{"firstName": "Una", "meetingRooms": [
        {"meetingNumber": "273751", "description": "old"},
        {"primaryDidGroupId": 219, "callFlowId": 3, "meetingNumber": 400000, "keychain": [{"role": 1}]},
        {"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"role": 1}]}]}"#;
    let una = world.put("uma", UMA, body).await.json();
    let rooms = una["meetingRooms"].as_array().unwrap();
    assert_eq!(
        (una["firstName"].as_str(), rooms.len()),
        (Some("Una"), 3),
        "{una}"
    );
    let old = rooms
        .iter()
        .find(|room| room["meetingNumber"] == 273_751)
        .unwrap();
    assert_eq!(old["description"], "old");
    assert!(rooms.iter().any(|room| room["meetingNumber"] == 400_000));
    let ids: Vec<_> = rooms
        .iter()
        .filter_map(|room| room["keychain"][0]["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(
        ids.iter().all(|id| (1001..=1002).contains(id)) && ids[0] != ids[1],
        "{ids:?}"
    );
    let again = world.put("uma", UMA, r#"{"meetingRooms": []}"#).await.json();
    assert_eq!(again["meetingRooms"], una["meetingRooms"], "none is deleted");
    let half = r#"{"firstName": "Eva", "meetingRooms": [{"meetingNumber": 273751, "description": "x"},
        {"meetingNumber": 106131, "primaryDidGroupId": 219, "callFlowId": 3}]}"#;
    let refused = world.put("uma", UMA, half).await;
    assert_eq!(
        refused.refusal(),
        (409, "Conflict".into(), "meetingNumber".into())
    );
    assert_eq!(
        world.get("uma", UMA).await.json()["firstName"],
        "Una",
        "all or none"
    );
}

#[tokio::test]
async fn a_loan_that_is_disabled_is_enabled_by_who_may_use_the_group_and_not_by_its_holder() {
    let world = World::new();
    let state = |state: u8| format!(r#"{{"didGroupReferences": [{{"didGroupId": 219, "state": {state}}}]}}"#);
    for body in [r#"{"role": 1}"#, &state(1)] {
        assert_eq!(world.put("alice", UMA, body).await.status, 200, "{body}");
    }
    let room = "/meetingRooms/273751";
    assert_eq!(world.put("uma", room, &state(1)).await.status, 200);
    for path in [UMA, room] {
        let refused = world.put("uma", path, &state(0)).await;
        let refusal = (403, "Forbidden".into(), "didGroupReferences".into());
        assert_eq!(refused.refusal(), refusal, "{path}");
        assert!(refused.text.contains("is enabled by those alone who may use it"));
        assert_eq!(world.put("uma", path, &state(1)).await.status, 200, "{path}");
        assert_eq!(world.get("uma", "/didGroups/219").await.status, 404, "{path}");
    }
    assert_eq!(world.put("alice", UMA, &state(0)).await.status, 200);
    assert_eq!(world.get("uma", "/didGroups/219").await.status, 200);
    assert_eq!(world.put("uma", room, &state(0)).await.status, 200);
}

#[tokio::test]
async fn naming_the_primary_group_that_a_room_has_brings_back_no_reference() {
    let world = World::new();
    let room = "/meetingRooms/273751";
    let none = json!([]);
    for body in [r#"{"didGroupReferences": []}"#, r#"{"primaryDidGroupId": 219}"#] {
        let reply = world.put("uma", room, body).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["didGroupReferences"]),
            (200, &none),
            "{body}"
        );
    }
}

#[tokio::test]
async fn who_has_a_meeting_or_call_going_on_is_not_deleted() {
    let world = World::new();
    let vera = fixture::subscriber("vera", Some("alice"), SubscriberRole::Regular, None);
    let directory = world.backend.state().directory.edited(Edit::PutSubscriber(vera));
    world.backend.state().directory = directory.unwrap().into();
    let idle = world.backend.state().live.clone();
    let (mut call, mut meeting) = ((*idle).clone(), (*idle).clone());
    call.calls.insert(LegId(5), fixture::call(5, None, "vera").into());
    meeting.meetings.insert(
        MeetingNumber(206_131),
        fixture::meeting(206_131, 7, "vera", &[]).into(),
    );
    for busy in [call, meeting] {
        world.backend.state().live = busy.into();
        let refused = world.delete("alice", "/subscribers/sid-vera").await;
        assert_eq!(refused.refusal(), (409, "Conflict".into(), "sid".into()));
        assert!(refused.text.contains("meetings or calls going on"));
    }
    world.backend.state().live = idle;
    assert_eq!(world.delete("alice", "/subscribers/sid-vera").await.status, 204);
}
