//! What lists of a thousand calls cost the API, from a request with credentials to the bytes of its answer, without a network.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a bench in the world of the tests, of which it needs a part"
)]

#[path = "../tests/rest/contract.rs"]
mod contract;
#[path = "../tests/rest/fixture.rs"]
mod fixture;
#[path = "../tests/rest/world.rs"]
mod world;
#[path = "../tests/rest/world_commands.rs"]
mod world_commands;
#[path = "../tests/rest/world_events.rs"]
mod world_events;

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Method;
use criterion::{Criterion, Throughput};
use fixture::PASSWORD;
use model::CallView;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use world::{World, request};

/// Calls in all, one of which is there already.
const CALLS: u64 = 1_000;
/// What is asked for, and how many calls that shows.
const LISTS: [(&str, &str, u64); 5] = [
    ("all", "", CALLS),
    (
        "all, by a filter",
        "&filter=state%20eq%202%20and%20muteMode%20lt%202",
        CALLS,
    ),
    (
        "few, by a filter",
        "&filter=meetingNumber%20eq%20106131%20and%20muteMode%20eq%200%20and%20caller%20like%20%22%2599%22",
        CALLS / 100,
    ),
    ("in order of a text", "&order=caller%20desc", CALLS),
    ("two fields", "&include_fields=id,muteMode", CALLS),
];

/// A world with a thousand calls in alice's meeting.
fn crowded() -> World {
    let world = World::new();
    let mut state = world.backend.state();
    let mut live = (*state.live).clone();
    for n in 1..CALLS {
        let call = CallView {
            address_from: format!("<sip:1555{n:07}@192.0.2.7>;tag={n:x}"),
            address_to: "<sip:15162065319@192.0.2.1>".to_owned(),
            caller: format!("+1555{n:07}"),
            ..fixture::call(8_000_000 + n, Some(106_131), "alice")
        };
        live.calls.insert(call.leg, Arc::new(call));
    }
    state.live = Arc::new(live);
    drop(state);
    world
}

/// The answer to a GET of alice's.
fn get(runtime: &Runtime, world: &World, path: &str) -> Bytes {
    let request = request(Method::GET, path, "alice", PASSWORD);
    let request = request.body(Body::empty()).expect("a whole request");
    runtime.block_on(async {
        let answer = world.begin(request).await;
        to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a whole answer")
    })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let world = crowded();
    let mut group = criterion.benchmark_group("list of 1,000 calls");
    for (name, parameters, shown) in LISTS {
        let path = format!("/conference/v1/calls?limit=1000{parameters}");
        let answer = get(&runtime, &world, &path);
        let json: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(json["count"], shown, "{name}");
        group.throughput(Throughput::Bytes(answer.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| get(&runtime, &world, &path)));
    }
    group.finish();
    criterion.final_summary();
}
