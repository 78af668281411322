//! Calls that the bridge is asked to make.

use api::{CommandError, DialOrder};
use model::directory::Edit;
use model::{Actor, DidGroupId, DidId, Mute, PresenterMedia, Role};
use serde_json::json;

use crate::fixture::{did, group, reference, room, sid};
use crate::world::World;

const BODY: &str = r#"{"callee": "+14165550123", "caller": "15162065319", "accessCode": "2222"}"#;

fn order() -> DialOrder {
    DialOrder {
        callee: "+14165550123".into(),
        did: DidId(220),
        group: DidGroupId(219),
        access_code: "2222".into(),
        custom_name: String::new(),
        gain_db: 0,
        held: None,
        mute: None,
        presenter_media: PresenterMedia::NONE,
        role: None,
    }
}

/// Changes the directory.
fn put(world: &World, objects: impl IntoIterator<Item = Edit>) {
    let mut state = world.backend.state();
    for edit in objects {
        state.directory = state.directory.edited(edit).unwrap().into();
    }
}

/// A second group of tenant A, with a number and a room.
fn with_second_group(code: &str) -> World {
    let world = World::new();
    let objects = [
        Edit::PutGroup(group(229, "alice")),
        Edit::PutDid(did(230, 229, "15162065777")),
        Edit::PutRoom(room(206_131, "alice", 229, &[(9, code, Role::Listener)])),
    ];
    put(&world, objects);
    world
}

#[tokio::test]
async fn a_call_is_asked_for_and_answered_as_it_begins() {
    let world = World::new();
    let reply = world.post("alice", "/calls", BODY).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let call = reply.json();
    for (field, value) in [
        ("id", json!(9_000_001)),
        ("state", json!(0)),
        ("connectionStatus", json!(1)),
        ("callee", json!("+14165550123")),
        ("accessCode", json!("2222")),
        ("role", json!(2)),
    ] {
        assert_eq!(call[field], value, "{field}");
    }
    assert_eq!(
        world.backend.state().dialled,
        [(Actor::User(sid("alice")), order())]
    );
    let few = world.post("alice", "/calls?include_fields=id,state", BODY).await;
    assert_eq!(few.json(), json!({"id": 9_000_002, "state": 0}));
}

#[tokio::test]
async fn what_a_call_may_begin_with_comes_along() {
    let world = World::new();
    let body = r#"{"callee": 14165550123, "caller": "+1 (516) 206-5319", "accessCode": 2222, "customName": "Bob", "gainLevel": -3,
        "holdMode": 2, "muteMode": 40, "presenterMedia": 2, "role": 3, "qaMode": 0}"#;
    assert_eq!(world.post("olga", "/calls", body).await.status, 201);
    let expected = DialOrder {
        callee: "14165550123".into(),
        custom_name: "Bob".into(),
        gain_db: -3,
        held: Some(true),
        mute: Some(Mute {
            soft: false,
            hard: true,
        }),
        presenter_media: PresenterMedia::VIDEO,
        role: Some(Role::Listener),
        ..order()
    };
    assert_eq!(
        world.backend.state().dialled,
        [(Actor::User(sid("olga")), expected)]
    );
    let own_role = BODY.replace('}', r#", "role": 0, "holdMode": null, "muteMode": null}"#);
    assert_eq!(world.post("olga", "/calls", &own_role).await.status, 201);
    assert_eq!(world.backend.state().dialled[1].1, order());
    let open = BODY.replace('}', r#", "holdMode": 0, "muteMode": 0}"#);
    assert_eq!(world.post("olga", "/calls", &open).await.status, 201);
    let expected = DialOrder {
        held: Some(false),
        mute: Some(Mute::default()),
        ..order()
    };
    assert_eq!(world.backend.state().dialled[2].1, expected);
}

#[tokio::test]
async fn refusals_name_the_field_and_nobody_is_called() {
    let world = World::new();
    let with = |field: &str, value: &str| {
        let mut body: serde_json::Value = serde_json::from_str(BODY).unwrap();
        body[field] = serde_json::from_str(value).unwrap();
        body.to_string()
    };
    for (body, message, field) in [
        (with("colour", "1"), "Invalid field specific", "colour"),
        (with("id", "1"), "Invalid field specific", "id"),
        (with("state", "1"), "Invalid field specific", "state"),
        (with("callee", "null"), "Object validation error", "callee"),
        (with("caller", "null"), "Object validation error", "caller"),
        (
            with("accessCode", "null"),
            "Object validation error",
            "accessCode",
        ),
        (with("callee", "[]"), "Wrong value", "callee"),
        (with("callee", "\"\\u0000\""), "Wrong value", "callee"),
        (with("caller", "\"15162065400\""), "Wrong value", "caller"),
        (with("caller", "\"+14155550100\""), "Wrong value", "caller"),
        (with("caller", "\"alice\""), "Wrong value", "caller"),
        (with("caller", "true"), "Wrong value", "caller"),
        (with("accessCode", "\"9999\""), "Wrong value", "accessCode"),
        (with("accessCode", "\"333\""), "Wrong value", "accessCode"),
        (with("accessCode", "\"1a\""), "Wrong value", "accessCode"),
        (with("gainLevel", "21"), "Wrong value", "gainLevel"),
        (with("muteMode", "4"), "Wrong value", "muteMode"),
        (with("holdMode", "1.5"), "Wrong value", "holdMode"),
        (with("role", "4"), "Wrong value", "role"),
        (with("presenterMedia", "8"), "Wrong value", "presenterMedia"),
        (with("customName", "5"), "Wrong value", "customName"),
        (with("operatorMode", "1"), "Wrong value", "operatorMode"),
        (with("qaMode", "1"), "Wrong value", "qaMode"),
    ] {
        let reply = world.post("alice", "/calls", &body).await;
        assert_eq!(reply.refusal(), (400, message.into(), field.into()), "{body}");
    }
    let missing = world.post("alice", "/calls", "{}").await.json();
    let fields: Vec<_> = missing["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(fields, ["accessCode", "callee", "caller"]);
    assert!(world.backend.state().dialled.is_empty());
}

#[tokio::test]
async fn the_code_is_looked_up_where_the_number_shown_is_then_elsewhere() {
    let world = with_second_group("444");
    let ask = |caller: &str, code: &str| {
        format!(r#"{{"callee": "1", "caller": "{caller}", "accessCode": "{code}"}}"#)
    };
    for (caller, code, group) in [
        ("15162065319", "2222", 219),
        ("15162065777", "2222", 219),
        ("15162065777", "444", 229),
        ("15162065319", "444", 229),
    ] {
        assert_eq!(
            world.post("alice", "/calls", &ask(caller, code)).await.status,
            201
        );
        let order = world.backend.state().dialled.last().unwrap().1.clone();
        assert_eq!(order.group, DidGroupId(group), "{caller} {code}");
    }

    let world = with_second_group("2222");
    for (caller, group) in [("15162065319", 219), ("15162065777", 229)] {
        assert_eq!(
            world.post("alice", "/calls", &ask(caller, "2222")).await.status,
            201
        );
        assert_eq!(
            world.backend.state().dialled.last().unwrap().1.group,
            DidGroupId(group)
        );
    }
}

#[tokio::test]
async fn a_code_of_several_rooms_needs_a_number_of_the_room_meant() {
    let world = with_second_group("555");
    let objects = [
        Edit::PutGroup(group(239, "alice")),
        Edit::PutRoom(room(206_132, "alice", 239, &[(10, "555", Role::Host)])),
    ];
    put(&world, objects);
    let body = r#"{"callee": "1", "caller": "15162065319", "accessCode": "555"}"#;
    let reply = world.post("alice", "/calls", body).await;
    assert_eq!(reply.refusal(), (400, "Wrong value".into(), "accessCode".into()));
    assert!(
        reply.text.contains("caller must be one of the numbers"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn a_regular_user_calls_into_its_own_rooms_by_the_numbers_lent_to_it() {
    let world = World::new();
    let mut own = room(273_751, "uma", 219, &[(7, "777", Role::Host)]);
    own.did_group_references = vec![reference(219)];
    put(&world, [Edit::PutRoom(own)]);
    let body = |code: &str| format!(r#"{{"callee": "1", "caller": "15162065319", "accessCode": "{code}"}}"#);
    assert_eq!(world.post("uma", "/calls", &body("777")).await.status, 201);
    assert_eq!(world.post("uma", "/calls", &body("2222")).await.status, 400);
}

#[tokio::test]
async fn the_bridges_refusals_become_answers() {
    let message = || "dial_out.something says no".to_owned();
    let field = "callee";
    for (error, status, named) in [
        (
            CommandError::Refused {
                field,
                message: message(),
            },
            400,
            "callee",
        ),
        (
            CommandError::Forbidden {
                field,
                message: message(),
            },
            403,
            "callee",
        ),
        (
            CommandError::Full {
                field,
                message: message(),
            },
            503,
            "callee",
        ),
        (CommandError::Busy, 503, ""),
    ] {
        let world = World::new();
        world.backend.state().refuse_command = Some(error);
        let reply = world.post("alice", "/calls", BODY).await;
        let (code, _, field) = reply.refusal();
        assert_eq!((code, field.as_str()), (status, named));
        assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
        assert_eq!(reply.text.contains("dial_out.something"), !named.is_empty());
    }
}
