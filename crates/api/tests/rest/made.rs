//! Where what was made is.

use axum::body::Body;
use axum::http::Method;
use serde_json::Value;

use crate::fixture::PASSWORD;
use crate::world::{Reply, World, request};

/// What is posted where, and the list that the address of what is made stands in.
const MADE: &[(&str, &str, &str)] = &[
    (
        "/dids",
        r#"{"phoneNumber": "442071838750", "didGroupId": 219}"#,
        "/dids",
    ),
    (
        "/didGroups",
        r#"{"name": "Sales", "callFlowId": 3}"#,
        "/didGroups",
    ),
    (
        "/meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#,
        "/meetingRooms",
    ),
    (
        "/subscribers/sid-alice/meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#,
        "/meetingRooms",
    ),
    (
        "/subscribers",
        r#"{"login": "ann", "password": "correct horse"}"#,
        "/subscribers",
    ),
    ("/webhooks", r#"{"url": "https://example.com/hook"}"#, "/webhooks"),
];

async fn post(world: &World, path: &str, body: &str) -> Reply {
    let request = request(Method::POST, &format!("/conference/v1{path}"), "alice", PASSWORD)
        .header("content-type", "application/json")
        .header("idempotency-key", "1");
    world
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn what_is_made_is_where_the_answer_says_also_when_it_is_given_again() {
    for (path, body, list) in MADE {
        let world = World::new();
        let made = post(&world, path, body).await;
        assert_eq!(made.status, 201, "{path}: {made:?}");
        let location = made.header("location").to_owned();
        let address = location.strip_prefix("/conference/v1").expect("from the root");
        assert!(address.starts_with(&format!("{list}/")), "{location}");
        let read = world.get("alice", address).await;
        assert_eq!(read.status, 200, "{location}");
        let mut told = made.json();
        if let Value::Object(fields) = &mut told {
            // It is told once.
            fields.remove("secret");
        }
        assert_eq!(read.json(), told, "{location}");
        assert_eq!(read.header("location"), "", "{location}");
        let again = post(&world, path, body).await;
        assert_eq!(
            (again.header("idempotency-replayed"), again.header("location")),
            ("true", location.as_str())
        );
    }
}

#[tokio::test]
async fn a_call_that_is_dialled_has_an_address_and_choosing_fields_takes_it_from_nothing() {
    let world = World::new();
    let body = r#"{"callee": "+14165550123", "caller": "15162065319", "accessCode": "2222"}"#;
    let made = world.post("alice", "/calls?include_fields=state", body).await;
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (201, "/conference/v1/calls/9000001")
    );
    assert!(made.json().get("id").is_none());
}
