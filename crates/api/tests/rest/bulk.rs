//! The calls of a meeting, steered together.

use api::LiveCommand;
use axum::http::Method;
use model::{Command, LegId, MeetingNumber, Mute, Role};
use serde_json::{Value, json};

use crate::fixture;
use crate::world::World;

const CALLS: &str = "/meetings/106131/calls";
const HOST: u64 = 6_889_184;

/// Alice's meeting with two participants and a listener beside its host: 1, 2 and 3.
fn crowded() -> World {
    let world = World::new();
    let mut live = fixture::live();
    let roles = [
        (1, Role::Participant),
        (2, Role::Participant),
        (3, Role::Listener),
    ];
    for (id, role) in roles {
        let mut call = fixture::call(id, Some(106_131), "alice");
        call.role = Some(role);
        live.calls.insert(call.leg, call.into());
    }
    let mut meeting = (*live.meetings[&MeetingNumber(106_131)]).clone();
    meeting.legs.extend(roles.map(|(id, _)| LegId(id)));
    live.meetings.insert(meeting.number, meeting.into());
    world.backend.state().live = live.into();
    world
}

fn ids(list: &Value) -> Vec<u64> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|call| call["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_calls_of_a_meeting_are_a_list_in_order_of_arrival() {
    let world = crowded();
    let list = world.get("alice", CALLS).await.json();
    assert_eq!(ids(&list), [HOST, 1, 2, 3]);
    let listeners = world
        .get("alice", &format!("{CALLS}?filter=role%20eq%203"))
        .await
        .json();
    assert_eq!(ids(&listeners), [3]);
}

#[tokio::test]
async fn everybody_or_those_chosen_are_muted_in_one_command() {
    let world = crowded();
    let reply = world
        .put(
            "alice",
            &format!("{CALLS}?filter=role%20ne%201"),
            r#"{"muteMode": 2}"#,
        )
        .await;
    let list = reply.json();
    assert_eq!(ids(&list), [1, 2, 3]);
    assert_eq!((&list["total"], &list["has_more"]), (&json!(3), &json!(false)));
    assert!(
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|call| call["muteMode"] == 2)
    );
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let each = [1, 2, 3].map(|id| {
        let leg = LegId(id);
        (leg, LiveCommand::Meeting(Command::SetMute { leg, mute }))
    });
    assert_eq!(world.commands(), [LiveCommand::All(each.to_vec())]);
    assert_eq!(
        world.get("alice", &format!("/calls/{HOST}")).await.json()["muteMode"],
        0
    );
}

#[tokio::test]
async fn who_leaves_before_the_change_is_made_is_not_in_the_answer() {
    let world = crowded();
    world.backend.state().leaving = vec![LegId(2)];
    let list = world.put("alice", CALLS, r#"{"muteMode": 2}"#).await.json();
    assert_eq!((ids(&list), &list["total"]), (vec![HOST, 1, 3], &json!(3)));
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().all(|call| call["muteMode"] == 2), "{list}");
    let left = world.get("alice", "/calls/2").await.json();
    assert_eq!((&left["state"], &left["muteMode"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn who_has_gone_over_to_anothers_meeting_before_the_change_is_made_is_not_shown() {
    let world = crowded();
    world.backend.state().going_over = vec![LegId(2)];
    let list = world.put("alice", CALLS, r#"{"muteMode": 2}"#).await;
    assert_eq!(
        (ids(&list.json()), &list.json()["total"]),
        (vec![HOST, 1, 3], &json!(3))
    );
    assert!(!list.text.contains("306131"), "{}", list.text);
    assert_eq!(world.get("alice", "/calls/2").await.status, 404);
    assert_eq!(world.get("bob", "/calls/2").await.json()["muteMode"], 0);
}

#[tokio::test]
async fn only_what_changes_is_asked_for() {
    let world = crowded();
    world.put("alice", "/calls/2", r#"{"holdMode": 2}"#).await;
    world
        .put("alice", CALLS, r#"{"holdMode": 2, "muteMode": 0}"#)
        .await;
    let Some(LiveCommand::All(each)) = world.commands().pop() else {
        panic!("{:?}", world.commands())
    };
    let legs: Vec<_> = each.iter().map(|(leg, _)| leg.0).collect();
    assert_eq!(legs, [HOST, 1, 3]);
}

#[tokio::test]
async fn an_empty_filter_chooses_nobody_rather_than_all() {
    let world = crowded();
    for query in ["filter=", "filter", "fil%74er=%20", "include_fields=id&filter=&"] {
        let path = format!("{CALLS}?{query}");
        for method in [Method::DELETE, Method::PUT] {
            let reply = world.ask("alice", method, &path, r#"{"muteMode": 2}"#).await;
            assert_eq!(
                reply.refusal(),
                (400, "Wrong value".into(), "filter".into()),
                "{query}"
            );
        }
    }
    assert_eq!(world.commands(), []);
}

#[tokio::test]
async fn the_floor_is_given_to_one_alone() {
    let world = crowded();
    let one = format!("{CALLS}?filter=id%20eq%202");
    for body in [r#"{"qaMode": 2}"#, r#"{"holdMode": 2, "qaMode": "2"}"#] {
        let all = world.put("alice", CALLS, body).await;
        assert_eq!(all.refusal(), (400, "Wrong value".into(), "qaMode".into()));
    }
    assert_eq!(world.commands(), []);
    let given = world.put("alice", &one, r#"{"qaMode": 2}"#).await;
    assert_eq!(ids(&given.json()), [2], "{}", given.text);
    let raised = world.put("alice", CALLS, r#"{"qaMode": 1}"#).await;
    assert_eq!(raised.status, 200, "{}", raised.text);
}

#[tokio::test]
async fn those_chosen_are_hung_up_and_the_others_stay() {
    let world = crowded();
    let path = format!("{CALLS}?filter=role%20eq%202");
    let reply = world.ask("alice", Method::DELETE, &path, "").await;
    assert_eq!(reply.status, 204);
    let left = world.get("alice", "/calls").await.json();
    assert_eq!(ids(&left), [3, HOST]);
}

#[tokio::test]
async fn what_cannot_be_done_to_many_is_refused_and_changes_nothing() {
    let world = crowded();
    for (path, body, message, field) in [
        (
            CALLS.to_owned(),
            r#"{"accessCode": "111"}"#,
            "Invalid field specific",
            "accessCode",
        ),
        (CALLS.to_owned(), r#"{"muteMode": 9}"#, "Wrong value", "muteMode"),
        (
            format!("{CALLS}?filter=id%20eq%2099"),
            r#"{"muteMode": 9}"#,
            "Wrong value",
            "muteMode",
        ),
        (
            format!("{CALLS}?filter=id"),
            r#"{"muteMode": 2}"#,
            "Wrong value",
            "filter",
        ),
        (
            format!("{CALLS}?limit=1"),
            r#"{"muteMode": 2}"#,
            "Bad request",
            "limit",
        ),
    ] {
        let reply = world.put("alice", &path, body).await;
        assert_eq!(
            reply.refusal(),
            (400, message.into(), field.into()),
            "{path} {body}"
        );
    }
    assert_eq!(world.put("bob", CALLS, r#"{"muteMode": 2}"#).await.status, 404);
    assert_eq!(world.ask("bob", Method::DELETE, CALLS, "").await.status, 404);
    assert_eq!(world.commands(), []);
}
