//! Rooms and keychains below their subscriber.

use serde_json::json;

use crate::world::World;

const ROOMS: &str = "/subscribers/sid-uma/meetingRooms";
const NEW: &str = r#"{"primaryDidGroupId": 219, "callFlowId": 3, "meetingNumber": 400000}"#;

#[tokio::test]
async fn a_room_is_made_for_the_subscriber_of_the_address() {
    let world = World::new();
    let reply = world.post("alice", ROOMS, NEW).await;
    let room = reply.json();
    assert_eq!(
        (reply.status.as_u16(), &room["subscriberSid"]),
        (201, &json!("sid-uma"))
    );
    assert_eq!(world.get("uma", "/meetingRooms/400000").await.json(), room);
    let other = NEW.replace("400000", r#"400001, "subscriberSid": "sid-alice""#);
    let other = world.post("alice", ROOMS, &other).await;
    assert_eq!(
        other.refusal(),
        (400, "Wrong value".into(), "subscriberSid".into())
    );
    let missing = world.post("alice", "/subscribers/none/meetingRooms", NEW).await;
    assert_eq!(missing.refusal().1, "Cannot find object by SID");
}

#[tokio::test]
async fn a_room_below_its_subscriber_changes_moves_and_goes_as_any_other() {
    let world = World::new();
    let path = format!("{ROOMS}/273751");
    let changed = world
        .put("uma", &path, r#"{"description": "d", "meetingNumber": 400000}"#)
        .await;
    assert_eq!(changed.json()["description"], "d");
    assert_eq!(world.get("uma", &path).await.status, 404);
    let path = format!("{ROOMS}/400000");
    let read = world.get("uma", &path).await;
    let back = world.put("uma", &path, &read.text).await;
    assert_eq!((back.status.as_u16(), &back.text), (200, &read.text));
    assert_eq!(world.delete("uma", &path).await.status, 204);
    assert_eq!(world.get("uma", &path).await.status, 404);
    for not_umas in [format!("{ROOMS}/106131"), format!("{ROOMS}/x")] {
        assert_eq!(world.put("alice", &not_umas, "{}").await.status, 404);
        assert_eq!(world.delete("alice", &not_umas).await.status, 404);
    }
}

#[tokio::test]
async fn a_keychain_is_put_as_the_bare_array_that_it_is_read_as() {
    let world = World::new();
    let path = "/subscribers/sid-alice/meetingRooms/106131/keychain";
    let read = world.get("alice", path).await;
    let back = world.put("alice", path, &read.text).await;
    assert_eq!((back.status.as_u16(), &back.text), (200, &read.text));
    let body = r#"[{"accessCode": "2222", "role": 3}, {"accessCode": 5555, "role": "1"}]"#;
    let expected = json!([
        {"accessCode": "2222", "id": 2, "role": 3},
        {"accessCode": "5555", "id": 1001, "role": 1}
    ]);
    assert_eq!(world.put("alice", path, body).await.json(), expected);
    assert_eq!(world.get("alice", path).await.json(), expected);
    let short = world
        .put("alice", &format!("{path}?include_fields=role"), body)
        .await;
    assert_eq!(short.json(), json!([{"role": 3}, {"role": 1}]));
    assert_eq!(world.put("alice", path, "[]").await.json(), json!([]));
}

#[tokio::test]
async fn what_is_no_keychain_is_refused_and_spends_no_id() {
    let world = World::new();
    let path = "/subscribers/sid-uma/meetingRooms/273751/keychain";
    for (body, code, message, field) in [
        (r#"{"keychain": []}"#, 400, "Bad request", ""),
        ("null", 400, "Bad request", ""),
        ("[", 400, "No JSON object could be decoded", ""),
        ("[1]", 400, "Wrong value", "keychain"),
        (r#"[{"accessCode": "1"}]"#, 400, "Object validation error", "role"),
        (
            r#"[{"accessCode": "x", "role": 1}]"#,
            400,
            "Wrong value",
            "accessCode",
        ),
        (
            r#"[{"code": "1", "role": 1}]"#,
            400,
            "Invalid field specific",
            "code",
        ),
        (
            r#"[{"accessCode": "111", "role": 1}]"#,
            409,
            "Conflict",
            "accessCode",
        ),
        (
            r#"[{"role": 1}, {"accessCode": "5", "role": 1}, {"accessCode": "5", "role": 1}]"#,
            409,
            "Conflict",
            "accessCode",
        ),
    ] {
        let reply = world.put("uma", path, body).await;
        assert_eq!(reply.refusal(), (code, message.into(), field.into()), "{body}");
    }
    assert_eq!(world.backend.state().ids, 1000);
}
