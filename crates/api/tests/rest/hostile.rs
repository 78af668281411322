//! Whatever is sent, the bridge is never at fault.

use axum::body::Body;
use axum::http::{HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;

use crate::fixture::PASSWORD;
use crate::world::{World, request};

/// Fields that some object has, so that values get past the first check.
const FIELDS: &[&str] = &[
    "accessCode",
    "attributes",
    "callFlowId",
    "customName",
    "description",
    "didGroupReferences",
    "gainLevel",
    "holdMode",
    "id",
    "isRecording",
    "isSecured",
    "keychain",
    "meetingNumber",
    "muteMode",
    "name",
    "operatorMode",
    "pollingMode",
    "presenterMedia",
    "primaryDidGroupId",
    "qaMode",
    "role",
    "state",
    "subscriberSid",
    "types",
    "url",
    "value",
];

const ROUTES: &[(Method, &str)] = &[
    (Method::PUT, "/calls/6889184"),
    (Method::PUT, "/meetings/106131"),
    (Method::PUT, "/meetings/106131/attributes/conference_maxcalls"),
    (Method::PUT, "/meetings/106131/attributes/conference_schedule"),
    (Method::POST, "/meetingRooms"),
    (Method::PUT, "/meetingRooms/106131"),
    (Method::POST, "/webhooks"),
    (Method::PUT, "/webhooks/whk_1"),
];

/// Addresses that look into headers, each in its way.
const LOOKED_INTO: &[(Method, &str)] = &[
    (Method::GET, "/events"),
    (Method::GET, "/meetings/106131/events"),
    (Method::GET, "/meetingRooms"),
    (Method::GET, "/meetingRooms/106131"),
    (Method::PUT, "/meetingRooms/106131"),
];

const HEADERS: &[&str] = &[
    "accept",
    "authorization",
    "content-encoding",
    "content-type",
    "host",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..70_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,12}".prop_map(Value::from),
        Just(Value::from(219)),
        Just(Value::from(3)),
        Just(Value::from("conference_maxcalls")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![
        12 => prop::sample::select(FIELDS).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::btree_map(key, value, 0..5).prop_map(|map| map.into_iter().collect())
}

/// Values of headers as clients send them, and as none should.
fn header() -> impl Strategy<Value = HeaderValue> {
    let octets = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..9),
        "[ -~]{0,300}".prop_map(String::into_bytes),
        "(W/)?\"[0-9a-f]{0,40}\"(, ?\"[!-~]{0,9}\"){0,3}".prop_map(String::into_bytes),
        "(Basic|basic|Bearer) +[A-Za-z0-9+/]{0,40}={0,3}".prop_map(String::into_bytes),
        "-?[0-9]{0,21}".prop_map(String::into_bytes),
    ];
    octets.prop_filter_map("no value of a header", |octets| {
        HeaderValue::from_bytes(&octets).ok()
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn no_json_body_is_ever_our_fault() {
    let (runtime, world) = (runtime(), World::new());
    let strategy = (prop::sample::select(ROUTES), object(json()));
    let mut seen = std::collections::BTreeSet::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(3000));
    let seen_cell = std::cell::RefCell::new(&mut seen);
    runner
        .run(&strategy, |((method, path), body)| {
            world.backend.state().live = crate::fixture::live().into();
            world.backend.state().directory = crate::fixture::directory().into();
            world.backend.state().webhooks = crate::fixture::webhooks();
            let body = serde_json::to_string(&body).unwrap();
            let reply = runtime.block_on(world.ask("alice", method, path, &body));
            seen_cell.borrow_mut().insert(reply.status.as_u16());
            prop_assert!(reply.status.as_u16() < 500, "{reply:?}");
            prop_assert!(serde_json::from_str::<Value>(&reply.text).is_ok());
            Ok(())
        })
        .unwrap();
    assert!(
        seen.contains(&200) && seen.contains(&400),
        "both sides were tried: {seen:?}"
    );
}

#[test]
fn no_octets_are_ever_our_fault() {
    let (runtime, world) = (runtime(), World::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(500));
    let strategy = (prop::sample::select(ROUTES), any::<Vec<u8>>());
    runner
        .run(&strategy, |((method, path), body)| {
            let request = request(method, &format!("/conference/v1{path}"), "alice", PASSWORD)
                .header("content-type", "application/json");
            let reply = runtime.block_on(world.send(request.body(Body::from(body)).unwrap()));
            prop_assert_eq!(reply.status.as_u16(), 400);
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_query_is_ever_our_fault() {
    let (runtime, world) = (runtime(), World::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1000));
    let name = prop::sample::select(
        &[
            "limit",
            "offset",
            "order",
            "envelope",
            "includeFields",
            "filter",
            "x",
        ][..],
    );
    let value = prop_oneof![
        "[a-zA-Z0-9%+,\"' -]{0,12}",
        "[0-9]{1,20}",
        Just("created desc".to_owned())
    ];
    runner
        .run(&prop::collection::vec((name, value), 0..4), |pairs| {
            let escape = |text: &str| text.replace('%', "%25").replace(' ', "%20").replace('"', "%22");
            let pairs: Vec<_> = pairs.iter().map(|(n, v)| format!("{n}={}", escape(v))).collect();
            let path = format!("/meetingRooms?{}", pairs.join("&"));
            let reply = runtime.block_on(world.get("alice", &path));
            prop_assert!(matches!(reply.status.as_u16(), 200 | 400), "{reply:?}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_header_is_ever_our_fault() {
    let (runtime, world) = (runtime(), World::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1000));
    let headers = prop::collection::vec((prop::sample::select(HEADERS), header()), 1..4);
    let strategy = (prop::sample::select(LOOKED_INTO), headers);
    runner
        .run(&strategy, |((method, path), headers)| {
            world.backend.state().directory = crate::fixture::directory().into();
            // Wrong credentials are forgiven after a minute.
            world.backend.state().now_ms += 60_000;
            let mut request = request(method, &format!("/conference/v1{path}"), "alice", PASSWORD)
                .header("content-type", "application/json")
                .body(Body::from(r#"{"description": "x"}"#))
                .unwrap();
            for (name, value) in headers {
                request.headers_mut().insert(name, value);
            }
            let reply = runtime.block_on(world.send(request));
            prop_assert!(reply.status.as_u16() < 500, "{reply:?}");
            Ok(())
        })
        .unwrap();
}
