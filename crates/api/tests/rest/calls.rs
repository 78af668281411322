use api::{CommandError, LiveCommand, Target};
use axum::http::Method;
use model::{Actor, Command, LegId, Mute, OperatorMode, PresenterMedia, Question, Role};
use serde_json::json;

use crate::fixture::sid;
use crate::world::World;

const CALL: &str = "/calls/6889184";
const LEG: LegId = LegId(6_889_184);

#[tokio::test]
async fn a_call_reads_as_the_reference_shows_it() {
    let world = World::new();
    let call = json!({
        "accessCode": "111",
        "addressFrom": "\"+15162065319\" ",
        "bridgeName": "MIA-QA-FCC4D",
        "callee": "15162065318",
        "caller": "+15162065319",
        "codec": "PCMU",
        "connectionStatus": 0,
        "created": 1_544_643_810_000_i64,
        "customName": "",
        "duration": 171,
        "gainLevel": 0,
        "holdMode": 0,
        "id": 6_889_184,
        "joined": 1_544_643_810_000_i64,
        "meetingNumber": 106_131,
        "muteMode": 0,
        "nodeName": "10.2.114.15",
        "presenterMedia": 0,
        "qaMode": 0,
        "role": 1,
        "state": 2
    });
    assert_eq!(world.get("alice", CALL).await.json(), call);
    let list = world.get("alice", "/calls?envelope=collection").await;
    assert_eq!(
        list.json(),
        json!({"calls": [call], "last": 0, "offset": 0, "total": 1})
    );
    let text = world.get("alice", CALL).await.text;
    let names = call.as_object().unwrap().keys();
    let places: Vec<_> = names.map(|name| text.find(&format!("\"{name}\":"))).collect();
    assert!(
        places.is_sorted() && places[0] == Some(1),
        "fields stand in alphabetical order: {text}"
    );
}

#[tokio::test]
async fn a_call_in_the_menu_has_no_meeting_yet() {
    let world = World::new();
    let call = world.get("bob", "/calls/7000002").await.json();
    assert_eq!(call["state"], 1);
    assert_eq!(call["role"], 0);
    assert_eq!(
        (&call["meetingNumber"], &call["joined"]),
        (&json!(null), &json!(null))
    );
}

#[tokio::test]
async fn fields_that_take_effect_become_commands_of_the_user_who_asked() {
    for (body, command) in [
        (
            r#"{"customName": "name"}"#,
            LiveCommand::Meeting(Command::SetName {
                leg: LEG,
                name: "name".into(),
            }),
        ),
        (
            r#"{"gainLevel": "-20"}"#,
            LiveCommand::Meeting(Command::SetGain { leg: LEG, db: -20 }),
        ),
        (
            r#"{"holdMode": 40}"#,
            LiveCommand::Meeting(Command::SetHold { leg: LEG, on: true }),
        ),
        (
            r#"{"muteMode": 40}"#,
            LiveCommand::Meeting(Command::SetMute {
                leg: LEG,
                mute: Mute {
                    soft: false,
                    hard: true,
                },
            }),
        ),
        (
            r#"{"role": 3}"#,
            LiveCommand::Meeting(Command::SetRole {
                leg: LEG,
                role: Role::Listener,
            }),
        ),
        (
            r#"{"qaMode": "2"}"#,
            LiveCommand::Meeting(Command::SetQuestion {
                leg: LEG,
                question: Question::Floor,
            }),
        ),
        (
            r#"{"operatorMode": "1"}"#,
            LiveCommand::Meeting(Command::SetOperator { leg: LEG, on: true }),
        ),
        (
            r#"{"presenterMedia": 1}"#,
            LiveCommand::SetPresenter {
                leg: LEG,
                media: PresenterMedia::AUDIO,
            },
        ),
        (
            r#"{"presenterMedia": "4"}"#,
            LiveCommand::SetPresenter {
                leg: LEG,
                media: PresenterMedia::SCREEN,
            },
        ),
        (
            r#"{"accessCode": 2222}"#,
            LiveCommand::Move {
                leg: LEG,
                access_code: "2222".into(),
            },
        ),
    ] {
        let world = World::new();
        let reply = world.put("alice", CALL, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let expected = (Actor::User(sid("alice")), Target::Leg(LEG), command);
        assert_eq!(world.backend.state().commands, [expected], "{body}");
    }
}

#[tokio::test]
async fn the_answer_is_the_call_as_it_is_after_the_command() {
    let world = World::new();
    let body = r#"{"customName": "name", "gainLevel": 3, "holdMode": 1, "muteMode": 1, "role": 2, "presenterMedia": 1, "qaMode": 3, "operatorMode": 1}"#;
    let call = world.put("olga", CALL, body).await.json();
    for (field, value) in [
        ("customName", json!("name")),
        ("gainLevel", json!(3)),
        ("holdMode", json!(2)),
        ("muteMode", json!(1)),
        ("role", json!(2)),
        ("presenterMedia", json!(1)),
        ("qaMode", json!(3)),
        ("operatorMode", json!(1)),
    ] {
        assert_eq!(call[field], value, "{field}");
    }
}

#[tokio::test]
async fn every_sum_of_what_a_call_may_present_is_kept_shown_and_found() {
    let world = World::new();
    for media in 0..8 {
        let call = world
            .put("alice", CALL, &format!(r#"{{"presenterMedia": {media}}}"#))
            .await;
        assert_eq!(
            (call.status.as_u16(), &call.json()["presenterMedia"]),
            (200, &json!(media))
        );
        let found = format!("/calls?filter=presenterMedia%20eq%20{media}%20and%20id%20eq%206889184");
        let found = world.get("alice", &found).await.json();
        assert_eq!(found["items"][0]["presenterMedia"], json!(media), "{found}");
    }
}

#[tokio::test]
async fn what_changes_nothing_asks_nothing_of_the_bridge() {
    let world = World::new();
    let documented = r#"{"addressFrom": "x", "addressTo": "x", "callee": "x", "caller": "x", "codec": "x",
        "connectionStatus": 1, "nodeName": "x", "state": 3}"#;
    assert_eq!(world.put("alice", CALL, documented).await.status, 200);
    let read = world.get("alice", CALL).await.text;
    assert_eq!(world.put("alice", CALL, &read).await.text, read);
    assert_eq!(world.put("alice", CALL, "{}").await.status, 200);
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn the_operator_is_shown_while_there_is_one_and_asked_for_only_by_whom_has_none() {
    use OperatorMode::{None, Requested, With};
    let set = |on| vec![LiveCommand::Meeting(Command::SetOperator { leg: LEG, on })];
    for (mode, wanted, expected) in [
        (None, 0, vec![]),
        (None, 1, set(true)),
        (Requested, 0, set(false)),
        (Requested, 1, vec![]),
        (With, 0, set(false)),
        (With, 1, vec![]),
        (With, 2, vec![]),
    ] {
        let world = World::new();
        let mut live = crate::fixture::live();
        let mut own = crate::fixture::call(LEG.0, Some(106_131), "alice");
        own.operator = mode;
        live.calls.insert(LEG, own.into());
        world.backend.state().live = live.into();
        let shown = &world.get("alice", CALL).await.json()["operatorMode"];
        assert_eq!(
            *shown,
            if mode == None {
                json!(null)
            } else {
                json!(mode.wire())
            }
        );
        let body = format!("{{\"operatorMode\": {wanted}}}");
        assert_eq!(
            world.put("alice", CALL, &body).await.status,
            200,
            "{mode:?} {wanted}"
        );
        assert_eq!(world.commands(), expected, "{mode:?} {wanted}");
    }
}

#[tokio::test]
async fn a_move_goes_first_and_what_comes_with_it_is_never_taken_for_unchanged() {
    let world = World::new();
    world
        .put("alice", CALL, r#"{"role": 1, "accessCode": "2222"}"#)
        .await;
    let role = Command::SetRole {
        leg: LEG,
        role: Role::Host,
    };
    let moved = LiveCommand::Move {
        leg: LEG,
        access_code: "2222".into(),
    };
    assert_eq!(world.commands(), [moved, LiveCommand::Meeting(role)]);
}

#[tokio::test]
async fn a_new_role_goes_before_mute_and_hold_which_are_not_taken_for_unchanged_then() {
    let set = |role| Command::SetRole { leg: LEG, role };
    let hold = Command::SetHold { leg: LEG, on: false };
    let mute = Command::SetMute {
        leg: LEG,
        mute: Mute {
            soft: false,
            hard: false,
        },
    };
    for (body, expected) in [
        (
            r#"{"customName": "", "holdMode": 0, "muteMode": 0, "role": 3}"#,
            vec![set(Role::Listener), hold, mute],
        ),
        (r#"{"holdMode": 0, "muteMode": 0, "role": 1}"#, vec![]),
    ] {
        let world = World::new();
        assert_eq!(world.put("alice", CALL, body).await.status, 200, "{body}");
        let expected: Vec<_> = expected.into_iter().map(LiveCommand::Meeting).collect();
        assert_eq!(world.commands(), expected, "{body}");
    }
}

#[tokio::test]
async fn refusals_name_the_field_and_nothing_is_done() {
    let world = World::new();
    for (body, message, field) in [
        (r#"{"colour": 1}"#, "Invalid field specific", "colour"),
        (r#"{"customName": "x", "id": 5}"#, "Invalid field specific", "id"),
        (
            r#"{"customName": "x", "gainLevel": 21}"#,
            "Wrong value",
            "gainLevel",
        ),
        (r#"{"gainLevel": 1.5}"#, "Wrong value", "gainLevel"),
        (r#"{"gainLevel": true}"#, "Wrong value", "gainLevel"),
        (r#"{"customName": 5}"#, "Wrong value", "customName"),
        (r#"{"customName": "a\u0007"}"#, "Wrong value", "customName"),
        (r#"{"muteMode": 4}"#, "Wrong value", "muteMode"),
        (r#"{"holdMode": 1.5}"#, "Wrong value", "holdMode"),
        (r#"{"role": 0}"#, "Wrong value", "role"),
        (r#"{"role": 4}"#, "Wrong value", "role"),
        (r#"{"presenterMedia": 8}"#, "Wrong value", "presenterMedia"),
        (r#"{"presenterMedia": -1}"#, "Wrong value", "presenterMedia"),
        (r#"{"presenterMedia": 1.5}"#, "Wrong value", "presenterMedia"),
        (r#"{"presenterMedia": true}"#, "Wrong value", "presenterMedia"),
        (r#"{"qaMode": 4}"#, "Wrong value", "qaMode"),
        (r#"{"qaMode": true}"#, "Wrong value", "qaMode"),
        (r#"{"operatorMode": 2}"#, "Wrong value", "operatorMode"),
        (r#"{"operatorMode": 3}"#, "Wrong value", "operatorMode"),
        (r#"{"operatorMode": true}"#, "Wrong value", "operatorMode"),
        (r#"{"accessCode": "999"}"#, "Wrong value", "accessCode"),
        (r#"{"accessCode": "333"}"#, "Wrong value", "accessCode"),
        (r#"{"accessCode": "1a"}"#, "Wrong value", "accessCode"),
    ] {
        let reply = world.put("alice", CALL, body).await;
        assert_eq!(reply.refusal(), (400, message.into(), field.into()), "{body}");
    }
    let range = world.put("alice", CALL, r#"{"gainLevel": 21}"#).await.text;
    assert!(range.contains("-20 to 20"), "{range}");
    let with = world.put("alice", CALL, r#"{"operatorMode": 2}"#).await.text;
    assert!(with.contains("expected 1 to call the operator or 0"), "{with}");
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn a_regular_user_can_not_move_a_call_into_the_room_of_another() {
    let world = World::new();
    let mut live = crate::fixture::live();
    let own = crate::fixture::call(1, Some(273_751), "uma");
    live.calls.insert(LegId(1), own.into());
    let meeting = crate::fixture::meeting(273_751, 5, "uma", &[1]);
    live.meetings.insert(meeting.number, meeting.into());
    world.backend.state().live = live.into();
    assert_eq!(world.get("uma", "/calls/1").await.status, 200);
    let reply = world.put("uma", "/calls/1", r#"{"accessCode": "2222"}"#).await;
    let missing = world.put("uma", "/calls/1", r#"{"accessCode": "9999"}"#).await;
    assert_eq!((reply.status.as_u16(), &reply.text), (400, &missing.text));
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn hanging_up_ends_the_call() {
    let world = World::new();
    let reply = world.ask("alice", Method::DELETE, CALL, "").await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(world.commands(), [LiveCommand::HangUp { leg: LEG }]);
    assert_eq!(world.get("alice", CALL).await.status, 404);
}

#[tokio::test]
async fn the_bridges_refusals_become_answers() {
    let refused = CommandError::Refused {
        field: "role",
        message: "no place left".into(),
    };
    for (error, status, field) in [
        (CommandError::Gone, 404, ""),
        (refused, 400, "role"),
        (CommandError::Busy, 503, ""),
        (CommandError::Timeout, 503, ""),
    ] {
        let world = World::new();
        world.backend.state().refuse_command = Some(error);
        let reply = world
            .put("alice", CALL, r#"{"role": 2, "customName": "x"}"#)
            .await;
        let (code, _, named) = reply.refusal();
        assert_eq!((code, named.as_str()), (status, field));
        assert_eq!(reply.header("retry-after"), if status == 503 { "1" } else { "" });
        assert_eq!(world.backend.state().commands.len(), 1, "all or nothing");
    }
}
