use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use api::Peer;
use axum::body::Body;
use axum::http::{Method, Request};
use model::directory::{Edit, SubscriberRole};
use tokio::time::Instant;

use crate::fixture::{self, PASSWORD};
use crate::world::{Reply, World, request};

const CALLS: &str = "/conference/v1/calls";

async fn try_out(world: &World, login: &str, password: &str, last: u8) -> Reply {
    let mut request = request(Method::GET, CALLS, login, password)
        .body(Body::empty())
        .unwrap();
    let source = IpAddr::V4(Ipv4Addr::new(198, 51, 100, last));
    request.extensions_mut().insert(Peer(source));
    world.send(request).await
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_told_apart_and_both_are_challenged() {
    let world = World::new();
    for path in [CALLS, "/conference/v1/nothing", "/conference/v1", "/"] {
        for header in [None, Some("Basic"), Some("Basic ???"), Some("Bearer x")] {
            let request = header
                .into_iter()
                .fold(Request::get(path), |r, h| r.header("authorization", h));
            let reply = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                reply.refusal(),
                (401, "Unauthorized".into(), String::new()),
                "{path} {header:?}"
            );
            assert!(reply.header("www-authenticate").starts_with("Basic "));
        }
    }
    for (login, password) in [
        ("alice", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("alice\0", PASSWORD),
    ] {
        let reply = try_out(&world, login, password, 1).await;
        assert_eq!(
            reply.refusal(),
            (401, "Bad credentials".into(), String::new()),
            "{login}"
        );
        assert!(reply.header("www-authenticate").starts_with("Basic "));
    }
    assert_eq!(try_out(&world, "alice", PASSWORD, 1).await.status, 200);
}

#[tokio::test]
async fn the_eleventh_wrong_try_is_too_many_and_another_source_is_unaffected() {
    let world = World::new();
    for _ in 0..10 {
        assert_eq!(try_out(&world, "alice", "wrong", 1).await.status, 401);
    }
    let reply = try_out(&world, "alice", PASSWORD, 1).await;
    assert_eq!(reply.refusal(), (429, "Too many requests".into(), String::new()));
    assert_eq!(reply.header("retry-after"), "6");
    assert_eq!(try_out(&world, "alice", PASSWORD, 2).await.status, 200);
    assert_eq!(try_out(&world, "bob", PASSWORD, 1).await.status, 200);
    world.backend.state().now_ms += 6_000;
    assert_eq!(try_out(&world, "alice", PASSWORD, 1).await.status, 200);
}

#[tokio::test]
async fn a_changed_password_counts_from_the_next_request_on() {
    let world = World::new();
    assert_eq!(try_out(&world, "alice", PASSWORD, 1).await.status, 200);
    let mut alice = fixture::subscriber("alice", None, SubscriberRole::Administrator, None);
    alice.password_hash = api::hash_password("new", [1; 16]);
    let directory = world.backend.state().directory.clone();
    let directory = directory.edited(Edit::PutSubscriber(alice)).unwrap();
    world.backend.state().directory = directory.into();
    assert_eq!(try_out(&world, "alice", PASSWORD, 1).await.status, 401);
    assert_eq!(try_out(&world, "alice", "new", 1).await.status, 200);
}

#[tokio::test]
async fn a_subscriber_without_a_password_can_not_log_in() {
    let world = World::new();
    let mut alice = fixture::subscriber("alice", None, SubscriberRole::Administrator, None);
    alice.password_hash = String::new();
    let directory = world.backend.state().directory.clone();
    let directory = directory.edited(Edit::PutSubscriber(alice)).unwrap();
    world.backend.state().directory = directory.into();
    for password in ["", PASSWORD] {
        assert_eq!(try_out(&world, "alice", password, 1).await.status, 401);
    }
}

#[tokio::test]
async fn guesses_sent_all_at_once_count_one_by_one() {
    let world = std::sync::Arc::new(World::new());
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let world = world.clone();
        tries.spawn(async move { try_out(&world, "alice", "wrong", 1).await.status.as_u16() });
    }
    let answers = tries.join_all().await;
    let checked = answers.iter().filter(|status| **status == 401).count();
    // One of a source is checked at a time.
    assert_eq!(checked, 10, "{answers:?}");
    assert!(
        answers.iter().all(|status| matches!(status, 401 | 429)),
        "{answers:?}"
    );
}

#[tokio::test]
async fn good_credentials_sent_all_at_once_are_all_good() {
    let world = std::sync::Arc::new(World::new());
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let world = world.clone();
        tries.spawn(async move { try_out(&world, "alice", PASSWORD, 1).await.status.as_u16() });
    }
    assert_eq!(tries.join_all().await, [200; 40]);
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

/// `cargo test --release -p api --test rest -- --ignored --nocapture an_unknown_login`; that both are the same work is tested without a clock.
#[tokio::test]
#[ignore = "measures time: by hand, on a quiet machine"]
async fn an_unknown_login_takes_as_long_as_a_wrong_password() {
    const TRIES: usize = 120;
    let world = World::new();
    let mut took = [vec![], vec![]];
    for n in 0..2 * TRIES {
        // What was wrong before is forgiven.
        world.backend.state().now_ms += 60_000;
        let begin = Instant::now();
        let reply = try_out(&world, ["alice", "nobody"][n % 2], "wrong", 1).await;
        took[n % 2].push(begin.elapsed());
        assert_eq!(reply.status, 401);
    }
    let [known, unknown] = took.map(median);
    let apart = known.abs_diff(unknown);
    eprintln!("wrong password {known:?}, unknown login {unknown:?}: {apart:?} apart");
    assert!(apart < Duration::from_millis(2) && apart < known.min(unknown) * 35 / 100);
}
