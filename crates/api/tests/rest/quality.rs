use std::sync::Arc;

use model::{LegId, Qualities, QualityView};
use serde_json::{Value, json};

use crate::fixture;
use crate::world::World;

const CALL: &str = "/calls/6889184/quality";
const MEETING: &str = "/meetings/106131/quality";
const PAGE: &str = include_str!("../../README.md");

/// All that can be told of a call.
const WHOLE: &str = r#"{
    "agcGainDb": -5,
    "burstLossRatio": 1.23,
    "clippedMs": 23,
    "codec": "opus",
    "comfortNoisePackets": 6,
    "concealedMs": 19,
    "depthMs": 17,
    "digits": 14,
    "digitsDropped": 15,
    "duplicatedPackets": 4,
    "echoDelayMs": 240,
    "echoLossDb": 31,
    "foreignPackets": 8,
    "id": 6889184,
    "jitterMs": 16,
    "latePackets": 3,
    "levelDbov": -22,
    "lossBursts": 41,
    "lossPercent": 5.3,
    "lostPackets": 50,
    "malformedPackets": 7,
    "mosIn": 3.46,
    "mosOut": 4.32,
    "musicSuspected": true,
    "noiseDbov": -65,
    "otherSourcePackets": 11,
    "overflowedPackets": 5,
    "rateHz": 48000,
    "ratingIn": 71.3,
    "ratingOut": 88.9,
    "receivedPackets": 950,
    "recentLossPercent": 50.0,
    "recentMosIn": 1.3,
    "recoveredMs": 20,
    "remoteJitterMs": 30,
    "remoteLossPercent": 1.56,
    "remoteLostPackets": 29,
    "reportsReceived": 13,
    "reportsSent": 27,
    "roundTripMs": 28,
    "sentPackets": 1000,
    "shortenedMs": 21,
    "sourceChanges": 10,
    "speechDbov": -24,
    "stretchedMs": 22,
    "talking": true,
    "targetMs": 18,
    "timingRestarts": 12,
    "withheldPackets": 26,
    "wrongTypePackets": 9
}"#;

#[tokio::test]
async fn the_quality_of_a_call_tells_all_that_is_known_with_units() {
    let world = World::new();
    let expected: Value = serde_json::from_str(WHOLE).expect("it is JSON");
    assert_eq!(world.get("alice", CALL).await.json(), expected);
    let list = world
        .get("alice", &format!("{MEETING}?envelope=collection"))
        .await;
    assert_eq!(
        list.json(),
        json!({"quality": [expected], "last": 0, "offset": 0, "total": 1})
    );
}

#[tokio::test]
async fn what_is_not_known_is_absent_and_a_call_without_audio_has_its_id_alone() {
    let world = World::new();
    let menu = world.get("bob", "/calls/7000002/quality").await;
    assert_eq!(
        (menu.status.as_u16(), menu.json()),
        (200, json!({"id": 7_000_002}))
    );
    let started = QualityView {
        codec: "PCMU",
        rate_hz: 8_000,
        ..QualityView::default()
    };
    let one: Qualities = [(LegId(6_889_184), Arc::new(started))].into_iter().collect();
    world.backend.state().quality = Arc::new(one);
    let call = world.get("alice", CALL).await.json();
    assert_eq!(
        (&call["codec"], &call["receivedPackets"], &call["talking"]),
        (&json!("PCMU"), &json!(0), &json!(false))
    );
    for field in [
        "lossPercent",
        "burstLossRatio",
        "ratingIn",
        "mosIn",
        "recentMosIn",
        "ratingOut",
        "mosOut",
        "roundTripMs",
        "remoteLossPercent",
        "levelDbov",
        "speechDbov",
        "noiseDbov",
    ] {
        assert!(call.get(field).is_none(), "{field}: {call}");
    }
}

/// Alice's meeting with three calls of these scores; the fourth has no audio yet.
fn crowd() -> World {
    let world = World::new();
    let mut live = fixture::live();
    let mut quality = Qualities::default();
    for (id, mos) in [(1, 3.9), (2, 4.4), (3, 2.0), (4, 0.0)] {
        live.calls
            .insert(LegId(id), fixture::call(id, Some(106_131), "alice").into());
        if mos > 0.0 {
            quality.insert(LegId(id), fixture::audio(mos).into());
        }
    }
    let meeting = fixture::meeting(106_131, 196_938, "alice", &[4, 2, 1, 3]);
    live.meetings.insert(meeting.number, meeting.into());
    let mut state = world.backend.state();
    (state.live, state.quality) = (live.into(), quality.into());
    drop(state);
    world
}

fn of(list: &Value, field: &str) -> Vec<Value> {
    let items = list["items"].as_array().expect("a list has items");
    items.iter().map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn the_quality_of_a_meeting_is_a_list_with_all_that_lists_have() {
    let world = crowd();
    let all = world.get("alice", MEETING).await.json();
    assert_eq!(of(&all, "id"), [4, 2, 1, 3], "in order of arrival");
    assert_eq!((&all["total"], &all["has_more"]), (&json!(4), &json!(false)));
    let worst = world
        .get(
            "olga",
            &format!("{MEETING}?order=mosIn&limit=2&offset=1&include_fields=id,mosIn"),
        )
        .await
        .json();
    assert_eq!(
        worst["items"],
        json!([{"id": 3, "mosIn": 2.0}, {"id": 1, "mosIn": 3.9}])
    );
    assert_eq!(worst["has_more"], true);
    let best = world
        .get("alice", &format!("{MEETING}?order=mosIn%20desc&limit=1"))
        .await
        .json();
    assert_eq!(of(&best, "id"), [2]);
}

#[tokio::test]
async fn unknown_fields_and_methods_are_refused_as_everywhere() {
    let world = World::new();
    let reply = world.get("alice", &format!("{CALL}?include_fields=mos")).await;
    assert_eq!(
        reply.refusal(),
        (400, "Invalid field specific".into(), "include_fields".into())
    );
    let reply = world.get("alice", &format!("{MEETING}?order=mos")).await;
    assert_eq!(reply.refusal(), (400, "Wrong value".into(), "order".into()));
    for path in [CALL, MEETING] {
        assert_eq!(world.put("alice", path, "{}").await.status, 405, "{path}");
    }
    assert_eq!(world.get("alice", "/calls/x/quality").await.status, 404);
}

#[tokio::test]
async fn the_page_explains_exactly_the_fields_there_are() {
    let world = World::new();
    let call = world.get("alice", CALL).await.json();
    let mut served: Vec<_> = call.as_object().expect("an object").keys().cloned().collect();
    let table = PAGE
        .split("| field of quality |")
        .nth(1)
        .expect("the table is there");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names = rows.filter_map(|row| row.split('|').nth(1));
    let mut explained: Vec<_> = names
        .flat_map(|names| {
            names
                .split(',')
                .map(|name| name.trim().trim_matches('`').to_owned())
        })
        .collect();
    served.sort();
    explained.sort();
    assert_eq!(explained, served);
}

#[tokio::test]
async fn answers_name_their_route_and_what_the_credentials_were_worth() {
    use api::{Login, Route};
    let world = World::new();
    for (login, path, route, worth) in [
        (
            "alice",
            CALL,
            Some("/conference/v1/calls/:id/quality"),
            Some(Login::Good),
        ),
        (
            "alice",
            "/calls/1/",
            Some("/conference/v1/calls/:id"),
            Some(Login::Good),
        ),
        (
            "nobody",
            "/calls",
            Some("/conference/v1/calls"),
            Some(Login::Wrong),
        ),
        ("alice", "/nothing/6889184", None, Some(Login::Good)),
    ] {
        let reply = world.get(login, path).await;
        assert_eq!(reply.route, route.map(|route| Route(route.into())), "{path}");
        assert_eq!(reply.login, worth, "{path}");
    }
    let health = axum::http::Request::get("/livez");
    let reply = world.send(health.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((reply.route, reply.login), (Some(Route("/livez".into())), None));
}
