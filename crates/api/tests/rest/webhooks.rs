use api::Settings;
use axum::body::Body;
use axum::http::Method;
use model::{Actor, DeliveryState};
use serde_json::{Value, json};

use crate::fixture::{NOW_MS, PASSWORD, sid};
use crate::world::{World, request};

async fn create(world: &World, login: &str, body: &str) -> crate::world::Reply {
    world.ask(login, Method::POST, "/webhooks", body).await
}

async fn post(world: &World, path: &str) -> crate::world::Reply {
    world.ask("alice", Method::POST, path, "").await
}

#[tokio::test]
async fn a_webhook_is_made_read_changed_and_taken_away_and_tells_its_secret_once() {
    let world = World::new();
    let body =
        r#"{"url": "https://example.com/hook", "types": ["call.*", "meeting.ended"], "description": "CRM"}"#;
    let made = create(&world, "alice", body).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44, "{secret}");
    let id = made["id"].as_str().unwrap();
    let expected = json!({
        "callback": false,
        "created": NOW_MS,
        "description": "CRM",
        "disabled": false,
        "id": id,
        "subscriberSid": sid("alice").as_str(),
        "types": ["call.*", "meeting.ended"],
        "url": "https://example.com/hook",
    });
    let path = format!("/webhooks/{id}");
    assert_eq!(
        world.get("alice", &path).await.json(),
        expected,
        "without the secret"
    );
    let changed = world
        .put("alice", &path, r#"{"types": null, "disabled": true}"#)
        .await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["types"]),
        (200, &json!([]))
    );
    assert_eq!(changed.json()["disabled"], true);
    let back = world.put("alice", &path, &changed.text).await;
    assert_eq!(back.json(), changed.json(), "what was read may be sent back");
    let gone = world.ask("alice", Method::DELETE, &path, "").await;
    assert_eq!(
        (
            gone.status.as_u16(),
            world.get("alice", &path).await.status.as_u16()
        ),
        (204, 404)
    );
}

#[tokio::test]
async fn a_secret_that_was_told_may_be_sent_back_and_no_other() {
    let world = World::new();
    let mut told = create(&world, "alice", r#"{"url": "https://example.com/hook"}"#)
        .await
        .json();
    let path = format!("/webhooks/{}", told["id"].as_str().unwrap());
    told["description"] = json!("CRM");
    let changed = world.put("alice", &path, &told.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(
        (&changed.json()["description"], &changed.json()["secret"]),
        (&json!("CRM"), &Value::Null),
        "it is told once all the same"
    );
    assert_eq!(world.put("alice", &path, r#"{"secret": null}"#).await.status, 200);
    let rotated = post(&world, &format!("{path}/rotate")).await.json();
    for secret in [&told["secret"], &json!("whsec_"), &json!(5)] {
        let body = json!({"description": "x", "secret": secret}).to_string();
        let refusal = world.put("alice", &path, &body).await.refusal();
        assert_eq!(
            (refusal.0, refusal.2.as_str()),
            (400, "secret"),
            "of before, or another"
        );
    }
    assert_eq!(world.get("alice", &path).await.json()["description"], "CRM");
    assert_eq!(world.put("alice", &path, &rotated.to_string()).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_by_its_field() {
    let world = World::new();
    for (body, field) in [
        ("{}", "url"),
        (r#"{"url": ""}"#, "url"),
        (r#"{"url": "gopher://example.com"}"#, "url"),
        (r#"{"url": 5}"#, "url"),
        (r#"{"url": "https://example.com", "types": ["call"]}"#, "types"),
        (r#"{"url": "https://example.com", "types": "call.*"}"#, "types"),
        (r#"{"url": "https://example.com", "secret": "x"}"#, "secret"),
        (r#"{"url": "https://example.com", "disabled": 1}"#, "disabled"),
    ] {
        let refusal = create(&world, "alice", body).await.refusal();
        assert_eq!((refusal.0, refusal.2.as_str()), (400, field), "{body}");
    }
    let moved = world
        .put("alice", "/webhooks/whk_1", r#"{"subscriberSid": "sid-bob"}"#)
        .await;
    assert_eq!(moved.refusal().2, "subscriberSid");
    assert_eq!(world.backend.state().webhooks.len(), 4);
}

#[tokio::test]
async fn of_one_subscriber_there_are_as_many_as_the_operator_allows() {
    let world = World::with(Settings {
        webhooks_per_subscriber: 20,
        ..Settings::default()
    });
    for n in 1..=20 {
        let status = create(&world, "alice", r#"{"url": "https://example.com"}"#)
            .await
            .status;
        assert_eq!(status, if n < 20 { 201 } else { 409 }, "{n}");
    }
    let other = create(&world, "uma", r#"{"url": "https://example.com"}"#).await;
    assert_eq!(other.status, 201);
}

#[tokio::test]
async fn a_new_secret_leaves_the_old_one_good_for_a_day() {
    let world = World::new();
    let rotated = post(&world, "/webhooks/whk_1/rotate").await.json();
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(rotated["previousSecretUntil"], NOW_MS + 86_400_000);
    let webhook = world.backend.state().webhooks[1].clone();
    assert_eq!(webhook.old_secret, Some((vec![7; 32], NOW_MS + 86_400_000)));
    assert!(webhook.secret.len() == 32 && webhook.secret != [7; 32]);
    assert!(!format!("{webhook:?}").contains("secret: ["), "no log holds it");
}

#[tokio::test]
async fn a_callback_is_a_webhook_whose_address_its_subscriber_says() {
    let world = World::new();
    let path = "/webhooks/cb_sid-alice";
    let changed = world.put("alice", path, r#"{"types": ["meeting.*"]}"#).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["callback"]),
        (200, &json!(true))
    );
    let moved = world
        .put("alice", path, r#"{"url": "https://elsewhere.example.com"}"#)
        .await;
    assert_eq!(moved.refusal().2, "url");
    assert_eq!(world.ask("alice", Method::DELETE, path, "").await.status, 409);
    assert_eq!(post(&world, &format!("{path}/rotate")).await.status, 200);
}

#[tokio::test]
async fn a_test_tells_what_came_of_it() {
    let world = World::new();
    let tried = post(&world, "/webhooks/whk_1/test").await.json();
    assert_eq!(tried, json!({"delivered": true, "status": 204}));
    world.backend.state().webhooks[1].url = "https://down.example.com".into();
    let tried = post(&world, "/webhooks/whk_1/test").await.json();
    assert_eq!(tried, json!({"delivered": false, "fault": "no connection"}));
}

#[tokio::test]
async fn deliveries_tell_how_far_they_are_and_go_out_again_when_asked() {
    let world = World::new();
    let page = world.get("alice", "/webhooks/whk_1/deliveries").await.json();
    let told = |n: usize, field: &str| page["deliveries"][n][field].clone();
    assert_eq!(
        [0, 1, 2].map(|n| told(n, "state")),
        ["dead", "delivered", "pending"]
    );
    assert_eq!([0, 1, 2].map(|n| told(n, "id")), [3, 2, 1]);
    assert_eq!(
        (told(2, "nextAttempt"), told(1, "nextAttempt")),
        (json!(NOW_MS + 5_000), Value::Null)
    );
    assert_eq!(
        (told(0, "fault"), told(1, "status"), told(0, "attempts")),
        (json!("no connection"), json!(500), json!(3))
    );
    assert_eq!(
        post(&world, "/webhooks/whk_1/deliveries/3/redeliver")
            .await
            .status,
        202
    );
    assert_eq!(world.backend.state().deliveries[2].state, DeliveryState::Pending);
    assert_eq!(
        post(&world, "/webhooks/whk_1/deliveries/9/redeliver")
            .await
            .status,
        404
    );
    world.backend.state().webhooks[1].is_disabled = true;
    assert_eq!(
        post(&world, "/webhooks/whk_1/deliveries/3/redeliver")
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn an_operator_looks_and_changes_nothing_and_sees_no_webhook_of_others() {
    let world = World::new();
    let body = r#"{"url": "https://example.com"}"#;
    assert_eq!(create(&world, "olga", body).await.status, 403);
    for (login, ids) in [
        ("alice", vec!["cb_sid-alice", "whk_1", "whk_3"]),
        ("olga", vec![]),
        ("uma", vec!["whk_3"]),
        ("bob", vec!["whk_2"]),
    ] {
        let list = world.get(login, "/webhooks").await.json();
        let found: Vec<_> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|webhook| webhook["id"].clone())
            .collect();
        assert_eq!(found, ids, "{login}");
    }
}

#[tokio::test]
async fn who_changed_a_webhook_is_noted_with_what_was_done() {
    let world = World::new();
    let body = r#"{"url": "https://example.com/hook?key=1"}"#;
    let made = create(&world, "alice", body).await.json();
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    for body in [r#"{"disabled": true}"#, r#"{"disabled": true}"#, "{}"] {
        assert_eq!(world.put("alice", &path, body).await.status, 200, "{body}");
    }
    assert_eq!(post(&world, &format!("{path}/rotate")).await.status, 200);
    assert_eq!(world.delete("alice", &path).await.status, 204);
    let again = post(&world, "/webhooks/whk_1/deliveries/3/redeliver").await;
    assert_eq!(again.status, 202);
    let noted = world.backend.state().noted.clone();
    let by_alice = Actor::User(sid("alice"));
    assert!(noted.iter().all(|(actor, ..)| *actor == by_alice));
    let actions: Vec<_> = noted.iter().map(|(_, action, _)| *action).collect();
    assert_eq!(actions, ["create", "put", "rotate", "delete", "redeliver"]);
}

#[tokio::test]
async fn no_page_of_somebody_else_changes_a_secret_or_has_anything_posted() {
    let world = World::new();
    for (origin, path, status) in [
        ("https://evil.example.com", "rotate", 403),
        ("https://evil.example.com", "test", 403),
        ("null", "deliveries/7/redeliver", 403),
        ("https://here.example.com", "rotate", 200),
    ] {
        let path = format!("/conference/v1/webhooks/whk_1/{path}");
        let request = request(Method::POST, &path, "alice", PASSWORD)
            .header("host", "here.example.com")
            .header("origin", origin);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, status, "{path}");
    }
    let state = world.backend.state();
    assert_eq!((state.noted.len(), state.tried.len()), (1, 0));
}
