//! Changes that are sent twice.

use axum::body::Body;
use axum::http::Method;
use model::KeyLimit;
use model::directory::Edit;
use serde_json::json;

use crate::fixture::{self, PASSWORD};
use crate::world::{Reply, World, request};

const ROOM: &str = r#"{"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"role": 1}]}"#;

async fn keyed(world: &World, login: &str, method: Method, path: &str, body: &str, key: &str) -> Reply {
    let request = request(method, &format!("/conference/v1{path}"), login, PASSWORD)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    world
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

async fn make(world: &World, key: &str) -> Reply {
    keyed(world, "alice", Method::POST, "/meetingRooms", ROOM, key).await
}

#[tokio::test]
async fn a_room_asked_for_twice_is_made_once_and_answered_twice() {
    let world = World::new();
    let first = make(&world, "a-1").await;
    let again = make(&world, "\"a-1\"").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        ("", "true")
    );
    assert_eq!(world.backend.state().edits.len(), 1);
    let other = make(&world, "a-2").await;
    assert_ne!(other.json()["meetingNumber"], first.json()["meetingNumber"]);
}

#[tokio::test]
async fn a_key_is_its_owner_s_and_goes_with_one_request() {
    let world = World::new();
    make(&world, "k").await;
    for (method, path, body) in [
        (Method::POST, "/meetingRooms", "{}"),
        (Method::POST, "/meetingRooms?includeFields=keychain", ROOM),
        (Method::DELETE, "/meetingRooms/106131", ""),
    ] {
        let reply = keyed(&world, "alice", method, path, body, "k").await;
        assert_eq!(
            reply.refusal(),
            (422, "Unprocessable entity".into(), "Idempotency-Key".into())
        );
    }
    let bob = keyed(
        &world,
        "bob",
        Method::PUT,
        "/calls/7000001",
        r#"{"gainLevel": 3}"#,
        "k",
    )
    .await;
    assert_eq!(bob.status, 200);
}

#[tokio::test]
async fn a_deletion_sent_again_is_still_a_success_and_a_refusal_stays_one() {
    let world = World::new();
    for _ in 0..2 {
        let reply = keyed(&world, "alice", Method::DELETE, "/calls/6889184", "", "gone").await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    }
    assert_eq!(world.commands().len(), 1);
    for _ in 0..2 {
        let reply = keyed(&world, "alice", Method::PUT, "/calls/1", "{}", "none").await;
        assert_eq!(reply.status, 404);
    }
}

#[tokio::test]
async fn what_failed_may_be_tried_again_with_the_same_key() {
    let world = World::new();
    world.backend.state().refuse_edit = Some(api::EditRefused::Unavailable);
    assert_eq!(make(&world, "k").await.status, 503);
    world.backend.state().refuse_edit = None;
    assert_eq!(make(&world, "k").await.status, 201);
}

#[tokio::test]
async fn what_may_have_been_done_all_the_same_is_not_done_again() {
    let world = World::new();
    world.backend.state().refuse_edit = Some(api::EditRefused::Unknown);
    assert_eq!(make(&world, "k").await.status, 503);
    world.backend.state().refuse_edit = None;
    let again = make(&world, "k").await;
    assert_eq!(
        (again.status.as_u16(), again.refusal().2.as_str()),
        (409, "Idempotency-Key")
    );
    world.backend.state().refuse_command = Some(api::CommandError::Timeout);
    for status in [503, 409] {
        let reply = keyed(&world, "alice", Method::DELETE, "/calls/6889184", "", "late").await;
        assert_eq!(reply.status, status);
    }
    assert_eq!(world.commands().len(), 1);
}

#[tokio::test]
async fn two_at_once_are_one() {
    let world = World::new();
    let (one, other) = tokio::join!(make(&world, "k"), make(&world, "k"));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(world.backend.state().edits.len(), 1);
}

#[tokio::test]
async fn after_a_crash_it_is_said_that_the_end_is_not_known() {
    let world = World::new();
    make(&world, "k").await;
    for (_, kept) in world.backend.state().requests.values_mut() {
        *kept = None;
    }
    let reply = make(&world, "k").await;
    assert_eq!(
        reply.refusal(),
        (409, "Conflict".into(), "Idempotency-Key".into())
    );
    assert!(reply.text.contains("look what came of it"));
}

#[tokio::test]
async fn an_answer_that_is_too_long_to_be_kept_is_given_all_the_same_and_nothing_is_done_twice() {
    let world = World::new();
    let rooms = (0..600).map(|n| {
        let mut room = fixture::room(400_000 + n, "uma", 219, &[]);
        // Four octets each.
        room.description = "\u{1f512}".repeat(4096);
        Edit::PutRoom(room)
    });
    world.edit(rooms);
    let put = || {
        keyed(
            &world,
            "alice",
            Method::PUT,
            "/subscribers/sid-uma",
            r#"{"firstName": "Una"}"#,
            "k",
        )
    };
    let first = put().await;
    assert_eq!(
        (first.status.as_u16(), &first.json()["firstName"]),
        (200, &json!("Una"))
    );
    assert!(first.text.len() > 8 * 1024 * 1024, "{}", first.text.len());
    let again = put().await;
    assert_eq!(
        again.refusal(),
        (409, "Conflict".into(), "Idempotency-Key".into())
    );
    assert_eq!(world.backend.state().edits.len(), 1);
    assert_eq!(world.limited.counts().answers_unkept, 1);
}

#[tokio::test]
async fn a_change_whose_key_has_no_room_is_refused_before_it_is_made_and_the_limit_is_named() {
    let world = World::new();
    for (limit, status, message, said) in [
        (KeyLimit::Keys, 429, "Too many requests", "10000 keys"),
        (
            KeyLimit::AccountBytes,
            429,
            "Too many requests",
            "for this account take 64 MiB",
        ),
        (
            KeyLimit::TenantBytes,
            429,
            "Too many requests",
            "for this tenant and all accounts below it take 512 MiB",
        ),
        (
            KeyLimit::AllBytes,
            503,
            "Service unavailable",
            "for all accounts take 2048 MiB",
        ),
    ] {
        world.backend.state().refuse_key = Some(limit);
        let refused = make(&world, "k").await;
        assert_eq!(
            refused.refusal(),
            (status, message.into(), "Idempotency-Key".into())
        );
        assert!(refused.text.contains(said), "{}", refused.text);
        assert_eq!(refused.header("retry-after"), "3600");
    }
    let counts = world.limited.counts();
    let refused = [
        counts.keys_refused,
        counts.keys_refused_for_account,
        counts.keys_refused_for_tenant,
        counts.keys_refused_for_all,
    ];
    assert_eq!(refused, [1; 4]);
    assert!(world.backend.state().edits.is_empty());
    assert!(world.backend.state().requests.is_empty());
    world.backend.state().refuse_key = None;
    assert_eq!(make(&world, "k").await.status, 201);
}

#[tokio::test]
async fn an_answer_for_which_others_left_no_room_is_given_and_nothing_is_done_twice() {
    let world = World::new();
    world.backend.state().keep_no_answer = true;
    assert_eq!(make(&world, "k").await.status, 201);
    let again = make(&world, "k").await;
    assert_eq!(
        again.refusal(),
        (409, "Conflict".into(), "Idempotency-Key".into())
    );
    assert_eq!(world.backend.state().edits.len(), 1);
    assert_eq!(world.limited.counts().answers_unkept, 1);
}

#[tokio::test]
async fn keys_that_are_none_are_refused_and_reading_needs_none() {
    let world = World::new();
    for key in ["", "\"\"", "a b", "é", &"k".repeat(256)] {
        assert_eq!(make(&world, key).await.refusal().2, "Idempotency-Key", "{key}");
    }
    assert_eq!(make(&world, &"k".repeat(255)).await.status, 201);
    let read = keyed(&world, "alice", Method::GET, "/calls", "", "r").await;
    assert_eq!(read.status, 200);
    assert_eq!(world.backend.state().requests.len(), 1);
}

#[tokio::test]
async fn a_login_that_asks_too_often_is_told_to_wait_and_others_are_not() {
    let world = World::with(api::Settings {
        requests_per_second: 5,
        ..api::Settings::default()
    });
    for _ in 0..5 {
        assert_eq!(world.get("alice", "/calls").await.status, 200);
    }
    let refused = world.get("alice", "/calls").await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "1")
    );
    assert_eq!(refused.json()["message"], json!("Too many requests"));
    assert_eq!(world.get("bob", "/calls").await.status, 200);
    world.backend.state().now_ms += 1_000;
    assert_eq!(world.get("alice", "/calls").await.status, 200);
}
