use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::stream::{iter, unfold};
use tokio::time::{Instant, sleep};

use crate::fixture::PASSWORD;
use crate::world::{Reply, World, request};

const CALL: &str = "/conference/v1/calls/6889184";

#[tokio::test]
async fn a_refusal_has_the_documented_shape() {
    let world = World::new();
    let reply = world
        .put("alice", "/meetingRooms/106131", r#"{"primaryDidGroupId": 9}"#)
        .await;
    let text = r#"{"code":400,"message":"Wrong value","errors":[{"field":"primaryDidGroupId","message":"expected the id of a DID group"}]}"#;
    assert_eq!(reply.text, text);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    let missing = world.get("alice", "/calls/1").await;
    assert_eq!(missing.text, r#"{"code":404,"message":"Not found","errors":[]}"#);
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let world = World::new();
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"{\"customName\": \"\xff\"}",
        b"{} {}",
    ] {
        let request =
            request(Method::PUT, CALL, "alice", PASSWORD).header("content-type", "application/json");
        let reply = world.send(request.body(Body::from(body.to_vec())).unwrap()).await;
        assert_eq!(
            reply.refusal(),
            (400, "No JSON object could be decoded".into(), String::new()),
            "{body:?}"
        );
    }
    for (body, field) in [
        (r#"{"customName": "a", "customName": "b"}"#, "customName"),
        (r#"{"customName": "a\u0000"}"#, "customName"),
    ] {
        let reply = world.put("alice", "/calls/6889184", body).await;
        assert_eq!(reply.refusal(), (400, "Wrong value".into(), field.into()));
    }
}

#[tokio::test]
async fn only_plain_json_is_taken() {
    let world = World::new();
    for (name, value, status) in [
        ("content-type", "application/json", 200),
        ("content-type", "Application/JSON; charset=utf-8", 200),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("content-type", "text/plain", 415),
        ("content-type", "application/json-patch+json", 415),
        ("x-other", "", 415),
    ] {
        let request = request(Method::PUT, CALL, "alice", PASSWORD).header(name, value);
        let reply = world.send(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(reply.status, status, "{name}: {value}");
    }
    let request = request(Method::PUT, CALL, "alice", PASSWORD)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let reply = world.send(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(
        reply.refusal(),
        (415, "Unsupported media type".into(), String::new())
    );
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_too_large() {
    let world = World::new();
    let body = |length: usize| format!("{{\"caller\": \"{}\"}}", "x".repeat(length - 14));
    assert_eq!(body(1024 * 1024).len(), 1024 * 1024);
    assert_eq!(
        world
            .put("alice", "/calls/6889184", &body(1024 * 1024))
            .await
            .status,
        200
    );
    let reply = world.put("alice", "/calls/6889184", &body(1024 * 1024 + 1)).await;
    assert_eq!(reply.refusal(), (413, "Payload too large".into(), String::new()));
}

/// A body of which an octet comes every second.
fn dripping(octets: u32) -> Body {
    Body::from_stream(unfold(0, move |sent| async move {
        sleep(Duration::from_secs(1)).await;
        (sent < octets).then_some((Ok::<_, Infallible>("["), sent + 1))
    }))
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_half_a_minute() {
    let world = World::new();
    for (octets, key, status) in [(20, "", 400), (1_000, "", 408), (20, "a", 400), (1_000, "b", 408)] {
        let uri = "/conference/v1/meetingRooms/106131";
        let request = request(Method::PUT, uri, "alice", PASSWORD).header("content-type", "application/json");
        let request = match key {
            "" => request,
            key => request.header("idempotency-key", key),
        };
        let begin = Instant::now();
        let reply = world.send(request.body(dripping(octets)).unwrap()).await;
        assert_eq!(reply.refusal().0, status, "{octets} {key}");
        let took = begin.elapsed().as_secs();
        assert_eq!(took, if status == 408 { 30 } else { 21 }, "{octets} {key}");
    }
}

/// A body that ends before it is whole.
fn broken() -> Body {
    let lost = io::Error::from(io::ErrorKind::ConnectionReset);
    Body::from_stream(iter([Ok("{\"gainLevel\": "), Err(lost)]))
}

/// Asks for a change of a call, with a key if there is one.
async fn change(world: &World, key: &str, body: Body) -> Reply {
    let request = request(Method::PUT, CALL, "alice", PASSWORD).header("content-type", "application/json");
    let request = match key {
        "" => request,
        key => request.header("idempotency-key", key),
    };
    world.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn a_body_that_broke_off_is_told_from_one_that_is_too_large_and_spends_no_key() {
    let world = World::new();
    for key in ["", "k"] {
        let large = change(&world, key, Body::from(" ".repeat(1024 * 1024 + 1))).await;
        assert_eq!(large.refusal(), (413, "Payload too large".into(), String::new()));
        let cut = change(&world, key, broken()).await;
        assert_eq!(cut.refusal(), (400, "Bad request".into(), String::new()), "{key}");
        assert!(cut.text.contains("the body broke off"), "{cut:?}");
    }
    assert!(world.commands().is_empty() && world.backend.state().requests.is_empty());
    let good = || Body::from(r#"{"gainLevel": 3}"#);
    assert_eq!(change(&world, "k", good()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_hangs_is_not_in_the_way_of_the_same_request_sent_again() {
    let world = World::new();
    let good = || Body::from(r#"{"gainLevel": 3}"#);
    assert_eq!(change(&world, "", good()).await.status, 200);
    let begin = Instant::now();
    let both = async {
        let again = async {
            // The first has come by then, but for its body.
            sleep(Duration::from_secs(5)).await;
            (
                change(&world, "k", good()).await.status,
                begin.elapsed().as_secs(),
            )
        };
        tokio::join!(change(&world, "k", dripping(1_000)), again)
    };
    let (hung, again) = both.await;
    assert_eq!((hung.refusal().0, again.0.as_u16(), again.1), (408, 200, 5));
}

#[tokio::test]
async fn a_method_that_is_not_there_says_which_are() {
    let world = World::new();
    for (method, path, allow) in [
        (Method::POST, "/meetings", "GET, HEAD, OPTIONS"),
        (Method::PATCH, "/calls/1", "GET, HEAD, PUT, DELETE, OPTIONS"),
        (Method::GET, "/meetings/106131/attributes/x", "PUT, OPTIONS"),
        (Method::PUT, "/meetingRooms", "GET, HEAD, POST, OPTIONS"),
    ] {
        let sorted = |list: &str| {
            let mut names: Vec<_> = list.split(", ").map(|name| name.replace(',', ", ")).collect();
            names = names.join(", ").split(", ").map(str::to_owned).collect();
            names.sort();
            names
        };
        let reply = world.ask("alice", method.clone(), path, "{}").await;
        assert_eq!(
            reply.refusal(),
            (405, "Method not allowed".into(), String::new()),
            "{path}"
        );
        assert_eq!(sorted(reply.header("allow")), sorted(allow), "{path}");
        let options = world.ask("alice", Method::OPTIONS, path, "").await;
        assert_eq!((options.status.as_u16(), options.text.as_str()), (204, ""));
        assert_eq!(sorted(options.header("allow")), sorted(allow), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_done_for_a_parameter_that_is_not_there() {
    for (method, path) in [
        (Method::DELETE, "/calls/6889184"),
        (Method::DELETE, "/meetings/106131"),
        (Method::DELETE, "/meetings/106131/calls"),
        (Method::DELETE, "/dids/220"),
        (Method::DELETE, "/didGroups/219"),
        (Method::DELETE, "/meetingRooms/106131"),
        (Method::DELETE, "/subscribers/sid-uma"),
        (Method::DELETE, "/subscribers/sid-alice/meetingRooms/106131"),
        (Method::DELETE, "/webhooks/whk_1"),
        (Method::POST, "/webhooks/whk_1/rotate"),
        (Method::POST, "/webhooks/whk_1/test"),
        (Method::POST, "/webhooks/whk_1/deliveries/3/redeliver"),
    ] {
        let world = World::new();
        for query in ["flter=id%20eq%201", "filter=&filter="] {
            let reply = world
                .ask("alice", method.clone(), &format!("{path}?{query}"), "")
                .await;
            assert_eq!(reply.status, 400, "{path}?{query}: {}", reply.text);
        }
        let state = world.backend.state();
        assert_eq!((state.commands.len(), state.edits.len()), (0, 0), "{path}");
        assert!(state.noted.is_empty() && state.tried.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing_and_head_leaves_the_body_out() {
    let world = World::new();
    for path in [
        "/calls",
        "/meetingRooms/106131",
        "/subscribers/sid-alice/meetingRooms/106131/keychain",
    ] {
        let plain = world.get("alice", path).await;
        let slash = world.get("alice", &format!("{path}/")).await;
        assert_eq!((plain.status.as_u16(), &plain.text), (200, &slash.text), "{path}");
        let head = world.ask("alice", Method::HEAD, path, "").await;
        assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), plain.text.len().to_string());
    }
}

#[tokio::test]
async fn unknown_addresses_are_not_found() {
    let world = World::new();
    for path in [
        "",
        "/",
        "/nothing",
        "/calls/1/2",
        "/calls//",
        "/calls/%ff",
        "/meetings/106131/x",
        "/meetings/0106131x",
    ] {
        let reply = world.get("alice", path).await;
        assert_eq!(
            reply.refusal(),
            (404, "Not found".into(), String::new()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500_and_the_next_request_is_served() {
    let world = World::new();
    assert_eq!(world.get("alice", "/dids").await.status, 200);
    world.backend.state().panic = true;
    let reply = world.get("alice", "/calls").await;
    // The panic happened while the fake held no lock, so it goes on.
    assert_eq!(
        reply.refusal(),
        (500, "Internal server error".into(), String::new())
    );
    world.backend.state().panic = false;
    assert_eq!(world.get("alice", "/calls").await.status, 200);
}
