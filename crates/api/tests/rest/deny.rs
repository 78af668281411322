//! Who may not do what, over every route.

use axum::http::Method;

use crate::fixture::{A, B};
use crate::world::World;

const GET: Method = Method::GET;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// Every route with an object in it: method, address with tenant B's object, the same with one that never was, and a body
/// that would be good.
const ADDRESSED: &[(Method, &str, &str, &str)] = &[
    (GET, "/calls/7000001", "/calls/1", ""),
    (PUT, "/calls/7000001", "/calls/1", r#"{"customName": "x"}"#),
    (PUT, "/calls/7000002", "/calls/1", r#"{"colour": "x"}"#),
    (DELETE, "/calls/7000001", "/calls/1", ""),
    (GET, "/calls/7000001/quality", "/calls/1/quality", ""),
    (GET, "/calls/7000002/quality", "/calls/1/quality", ""),
    (GET, "/dids/320", "/dids/1", ""),
    (GET, "/didGroups/319", "/didGroups/1", ""),
    (GET, "/meetings/306131", "/meetings/999999", ""),
    (
        PUT,
        "/meetings/306131",
        "/meetings/999999",
        r#"{"isSecured": true}"#,
    ),
    (DELETE, "/meetings/306131", "/meetings/999999", ""),
    (GET, "/meetings/306131/events", "/meetings/999999/events", ""),
    (GET, "/mdrs/196939/events", "/mdrs/999999/events", ""),
    (GET, "/meetings/306131/quality", "/meetings/999999/quality", ""),
    (
        GET,
        "/meetings/306131/attributes",
        "/meetings/999999/attributes",
        "",
    ),
    (
        PUT,
        "/meetings/306131/attributes/conference_maxcalls",
        "/meetings/999999/attributes/conference_maxcalls",
        r#"{"value": 1}"#,
    ),
    (GET, "/meetingRooms/306131", "/meetingRooms/999999", ""),
    (
        PUT,
        "/meetingRooms/306131",
        "/meetingRooms/999999",
        r#"{"description": "x"}"#,
    ),
    (
        PUT,
        "/meetingRooms/306131",
        "/meetingRooms/999999",
        r#"{"colour": "x"}"#,
    ),
    (DELETE, "/meetingRooms/306131", "/meetingRooms/999999", ""),
    (GET, "/webhooks/whk_2", "/webhooks/whk_9", ""),
    (
        GET,
        "/webhooks/whk_2/deliveries",
        "/webhooks/whk_9/deliveries",
        "",
    ),
    (PUT, "/webhooks/whk_2", "/webhooks/whk_9", r#"{"disabled": true}"#),
    (DELETE, "/webhooks/whk_2", "/webhooks/whk_9", ""),
    (POST, "/webhooks/whk_2/rotate", "/webhooks/whk_9/rotate", ""),
    (POST, "/webhooks/whk_2/test", "/webhooks/whk_9/test", ""),
    (
        POST,
        "/webhooks/whk_2/deliveries/1/redeliver",
        "/webhooks/whk_9/deliveries/1/redeliver",
        "",
    ),
    (GET, "/subscribers/sid-bob", "/subscribers/none", ""),
    (
        GET,
        "/subscribers/sid-bob/meetingRooms",
        "/subscribers/none/meetingRooms",
        "",
    ),
    (
        GET,
        "/subscribers/sid-bob/meetingRooms/306131",
        "/subscribers/none/meetingRooms/306131",
        "",
    ),
    (
        GET,
        "/subscribers/sid-bob/meetingRooms/306131/keychain",
        "/subscribers/none/meetingRooms/306131/keychain",
        "",
    ),
    (
        GET,
        "/subscribers/sid-uma/meetingRooms/306131",
        "/subscribers/sid-uma/meetingRooms/999999",
        "",
    ),
];

const LISTS: &[&str] = &[
    "/calls",
    "/cdrs",
    "/didGroups",
    "/dids",
    "/mdrs",
    "/meetingRooms",
    "/meetings",
    "/subscribers",
    "/webhooks",
];

/// Whatever names something of tenant B.
const OF_B: &[&str] = &[
    "sid-bob",
    "sid-oscar",
    "sid-ursula",
    "306131",
    "7000001",
    "7000002",
    ":320,",
    ":319,",
    "15162065400",
    "196939",
    "whk_2",
];

#[tokio::test]
async fn what_is_foreign_answers_exactly_like_what_is_missing_for_every_role() {
    let world = World::new();
    for login in A {
        for (method, foreign, missing, body) in ADDRESSED {
            let foreign_reply = world.ask(login, method.clone(), foreign, body).await;
            let missing_reply = world.ask(login, method.clone(), missing, body).await;
            let status = foreign_reply.status.as_u16();
            assert!(
                matches!(status, 403 | 404),
                "{login} {method} {foreign}: {status}"
            );
            assert_eq!(foreign_reply, missing_reply, "{login} {method} {foreign}");
        }
    }
    let state = world.backend.state();
    assert!(state.commands.is_empty() && state.edits.is_empty());
}

#[tokio::test]
async fn lists_hold_nothing_of_another_tenant_and_all_of_ones_own() {
    let world = World::new();
    for login in A {
        for list in LISTS {
            let reply = world.get(login, &format!("{list}?limit=1000")).await;
            assert_eq!(reply.status, 200, "{login} {list}");
            let foreign = OF_B.iter().find(|name| reply.text.contains(*name));
            assert_eq!(foreign, None, "{login} {list}: {}", reply.text);
        }
    }
    for (list, totals) in [
        ("/calls", [2, 2, 0]),
        ("/cdrs", [1, 1, 0]),
        ("/didGroups", [1, 1, 1]),
        ("/dids", [1, 1, 1]),
        ("/mdrs", [1, 1, 0]),
        ("/meetingRooms", [1, 1, 0]),
        ("/meetings", [1, 1, 0]),
        ("/subscribers", [3, 3, 1]),
        ("/webhooks", [1, 0, 0]),
    ] {
        for (login, total) in B.into_iter().zip(totals) {
            assert_eq!(
                world.get(login, list).await.json()["total"],
                total,
                "{login} {list}"
            );
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for() {
    let new_room = r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#;
    for (method, path, body, [administrator, operator, regular]) in [
        (GET, "/callFlows/3", "", [200, 200, 200]),
        (GET, "/calls/6889184", "", [200, 200, 404]),
        (PUT, "/calls/6889184", r#"{"muteMode": 2}"#, [200, 200, 404]),
        (DELETE, "/calls/6889184", "", [204, 204, 404]),
        (GET, "/dids/220", "", [200, 200, 200]),
        (GET, "/didGroups/219", "", [200, 200, 200]),
        (GET, "/meetings/106131", "", [200, 200, 404]),
        (PUT, "/meetings/106131", r#"{"isSecured": true}"#, [200, 200, 404]),
        (DELETE, "/meetings/106131", "", [204, 204, 404]),
        (GET, "/meetings/106131/attributes", "", [200, 200, 404]),
        (
            PUT,
            "/meetings/106131/attributes/conference_maxcalls",
            r#"{"value": 1}"#,
            [200, 200, 404],
        ),
        (GET, "/meetingRooms/106131", "", [200, 200, 404]),
        (
            PUT,
            "/meetingRooms/106131",
            r#"{"description": "x"}"#,
            [200, 403, 404],
        ),
        (DELETE, "/meetingRooms/106131", "", [204, 403, 404]),
        (GET, "/meetingRooms/273751", "", [200, 200, 200]),
        (
            PUT,
            "/meetingRooms/273751",
            r#"{"description": "x"}"#,
            [200, 403, 200],
        ),
        (DELETE, "/meetingRooms/273751", "", [204, 403, 204]),
        (POST, "/meetingRooms", new_room, [201, 403, 201]),
        (GET, "/subscribers/sid-alice", "", [200, 200, 404]),
        (GET, "/subscribers/sid-uma", "", [200, 200, 200]),
    ] {
        for (login, status) in A.into_iter().zip([administrator, operator, regular]) {
            let reply = World::new().ask(login, method.clone(), path, body).await;
            assert_eq!(reply.status, status, "{login} {method} {path}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn a_call_belongs_to_the_meeting_it_is_in_not_to_the_number_it_dialled() {
    let world = World::new();
    let mut live = crate::fixture::live();
    let lent = crate::fixture::call(8, Some(306_131), "alice");
    live.calls.insert(lent.leg, lent.into());
    world.backend.state().live = live.into();
    assert_eq!(world.get("bob", "/calls/8").await.status, 200);
    assert_eq!(world.get("alice", "/calls/8").await.status, 404);
}
