//! A call that is only played: what is asked of the bridge, and how its answer travels.

use serde_json::json;

use crate::fixture::{self, NOW_MS};
use crate::world::World;

#[tokio::test]
async fn what_a_call_would_go_through_is_told_step_by_step() {
    let world = World::new();
    let body = r#"{"did": "+1 516 206 5319", "caller": 12025550123, "digits": "1#"}"#;
    let mut played = world.post("alice", "/simulate", body).await.json();
    let attributes = played["attributes"].take();
    assert_eq!(attributes.as_array().unwrap().len(), 70);
    let at = |ms: i64| NOW_MS + ms;
    let expected = json!({
        "answerDelay": 2,
        "attributes": null,
        "because": {"attribute": "conference_maxcalls", "cause": "meeting_full", "origin": "DID", "value": "1000"},
        "callFlow": "CONF",
        "callFlowId": 3,
        "caller": "12025550123",
        "consumed": "1",
        "created": NOW_MS,
        "didGroupId": 219,
        "didGroupName": "alice_didGroup",
        "didId": 220,
        "left": "#",
        "onTheFly": true,
        "outcome": "refused",
        "phoneNumber": "15162065319",
        "role": 3,
        "running": false,
        "steps": [
            {"action": "ring", "at": at(0)},
            {"action": "answer", "at": at(2_000)},
            {"action": "key", "at": at(2_000), "key": "1"},
            {"action": "lookUp", "at": at(2_000)},
            {"action": "say", "at": at(3_000), "prompts": ["there_are", "7"]},
            {"action": "entryTone", "at": at(3_000)},
            {"action": "hangUp", "at": at(3_000)}
        ]
    });
    assert_eq!(played, expected);
}

#[tokio::test]
async fn the_bridge_is_told_whose_rooms_count_and_whether_others_are_there() {
    let world = World::new();
    for (login, body, among_others, scope) in [
        (
            "alice",
            r#"{"did": 15162065319}"#,
            true,
            vec!["alice", "olga", "uma"],
        ),
        (
            "olga",
            r#"{"did": "15162065319", "time": null}"#,
            true,
            vec!["alice", "olga", "uma"],
        ),
        ("uma", r#"{"did": "15162065319", "time": 5}"#, false, vec!["uma"]),
    ] {
        let played = world
            .post(login, "/simulate?include_fields=created", body)
            .await
            .json();
        let created = if among_others { NOW_MS } else { 5 };
        assert_eq!(played, json!({ "created": created }), "{body}");
        let asked = world.backend.state().simulated.pop().unwrap();
        assert_eq!((asked.among_others, asked.keys.as_str()), (among_others, ""));
        let scope: Vec<_> = scope.into_iter().map(fixture::sid).collect();
        assert_eq!(asked.scope.sids(), scope, "{login}");
    }
}

#[tokio::test]
async fn what_can_not_be_played_is_said_by_field() {
    let world = World::new();
    let good = |more: &str| format!(r#"{{"did": "15162065319", {more}}}"#);
    for (body, message, field) in [
        ("{}".to_owned(), "Object validation error", "did"),
        (r#"{"did": "15550000000"}"#.to_owned(), "Wrong value", "did"),
        (r#"{"did": true}"#.to_owned(), "Wrong value", "did"),
        (good(r#""digits": "12e""#), "Wrong value", "digits"),
        (
            good(&format!(r#""digits": "{}""#, "1".repeat(101))),
            "Wrong value",
            "digits",
        ),
        (good(r#""caller": []"#), "Wrong value", "caller"),
        (good(r#""time": -1"#), "Wrong value", "time"),
        (good(r#""time": "soon""#), "Wrong value", "time"),
        (good(r#""colour": 1"#), "Invalid field specific", "colour"),
    ] {
        let reply = world.post("alice", "/simulate", &body).await;
        assert_eq!(reply.refusal(), (400, message.into(), field.into()), "{body}");
    }
    assert!(world.backend.state().simulated.is_empty());
}
