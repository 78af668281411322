//! Streams by WebSocket, with a client of another origin.

use std::time::Duration;

use api::{HubLimits, Settings};
use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use model::{Event, LegId, Role};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::contract::{pointer, validator};
use crate::events::edit;
use crate::fixture::{LAST_EVENT, PASSWORD, happening};
use crate::memory::{is_alone, resident_kib};
use crate::world::{World, request};

type Socket = WebSocketStream<DuplexStream>;

async fn open(world: &World, path: &str, origin: &str) -> Result<Socket, Error> {
    let uri = format!("ws://api.example.com/conference/v1{path}");
    let mut request = uri.into_client_request()?;
    let token = STANDARD.encode(format!("alice:{PASSWORD}"));
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Basic {token}").parse().unwrap());
    headers.insert("origin", origin.parse().unwrap());
    // What memory there is goes to the bridge's side.
    let config = WebSocketConfig::default().read_buffer_size(1024);
    client_async_with_config(request, world.connection(), Some(config))
        .await
        .map(|(socket, _)| socket)
}

/// The next object; pings are answered on the way.
async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await.unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
        assert!(message.is_ping(), "{message:?}");
    }
}

/// Why the bridge closes.
async fn closing(socket: &mut Socket) -> CloseCode {
    loop {
        let message = socket.next().await.unwrap().unwrap();
        if let Message::Close(frame) = message {
            return frame.unwrap().code;
        }
        assert!(message.is_ping() || message.is_text(), "{message:?}");
    }
}

const OWN: &str = "https://api.example.com";

fn joined(world: &World, id: u64) {
    let (leg, role) = (LegId(9), Role::Host);
    world.publish(vec![happening(id, "alice", id, Event::Joined { leg, role })]);
}

#[tokio::test]
async fn a_socket_tells_the_same_objects_as_a_stream_of_lines() {
    let world = World::new();
    let mut socket = open(&world, "/events", OWN).await.unwrap();
    let snapshot = next(&mut socket).await;
    assert_eq!(
        (&snapshot["type"], &snapshot["id"]),
        (&json!("snapshot"), &json!(LAST_EVENT))
    );
    joined(&world, 41);
    assert_eq!(next(&mut socket).await["id"], 41);
    drop(socket);
    joined(&world, 42);
    let mut socket = open(&world, "/meetings/106131/events?lastEventId=41", OWN)
        .await
        .unwrap();
    assert_eq!(next(&mut socket).await["id"], 42);
}

#[tokio::test(start_paused = true)]
async fn a_silent_socket_is_told_up_to_which_event_nothing_was_for_it() {
    let world = World::new();
    let mut socket = open(&world, "/events?types=meeting.*", OWN).await.unwrap();
    next(&mut socket).await;
    let begin = tokio::time::Instant::now();
    joined(&world, 41);
    let heartbeat = next(&mut socket).await;
    assert_eq!(heartbeat, json!({"id": 41, "type": "heartbeat"}));
    assert_eq!(begin.elapsed(), Duration::from_secs(15));
    let schema = validator(&pointer(&["components", "schemas", "Heartbeat"]), false);
    assert!(schema.is_valid(&heartbeat));
}

#[tokio::test]
async fn a_foreign_page_gets_no_socket() {
    let world = World::new();
    let Err(Error::Http(refused)) = open(&world, "/events", "https://evil.example.com").await else {
        panic!("it was opened");
    };
    assert_eq!((refused.status().as_u16(), world.counts().streams), (403, 0));
}

#[tokio::test]
async fn who_sends_much_is_sent_away() {
    let world = World::new();
    let mut large = open(&world, "/events", OWN).await.unwrap();
    large
        .send(Message::Binary(vec![0; 64 * 1024 + 1].into()))
        .await
        .unwrap();
    assert_eq!(closing(&mut large).await, CloseCode::Size);
    let mut many = open(&world, "/events", OWN).await.unwrap();
    for _ in 0..51 {
        // A slow machine may have been sent away before the last.
        if many.send(Message::Text("x".into())).await.is_err() {
            break;
        }
    }
    assert_eq!(closing(&mut many).await, CloseCode::Policy);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_always_has_something_to_say_is_sent_away_with_its_password_all_the_same() {
    let world = World::new();
    let mut socket = open(&world, "/events", OWN).await.unwrap();
    next(&mut socket).await;
    let begin = tokio::time::Instant::now();
    edit(&world, |alice| {
        alice.password_hash = api::hash_password("another", [1; 16])
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    socket.send(Message::Text("x".into())).await.unwrap();
    assert_eq!(closing(&mut socket).await, CloseCode::Again);
    let lasted = begin.elapsed();
    assert!(lasted < Duration::from_secs(16), "{lasted:?}");
}

/// The head of a frame that announces so many octets, masked with zeros (RFC 6455, section 5.2).
fn announcement(octets: u64) -> Vec<u8> {
    [&[0x82_u8, 0xff][..], &octets.to_be_bytes(), &[0; 4]].concat()
}

#[tokio::test]
async fn a_frame_that_can_not_be_read_is_named_for_what_is_wrong_with_it() {
    let world = World::new();
    let masked = |head: [u8; 2], payload: &[u8]| [&head[..], &[0; 4], payload].concat();
    for (frame, code) in [
        (masked([0x81, 0x82], b"\xc3\x28"), CloseCode::Invalid),
        // A bit of an extension that nobody asked for, an operation that is none, and more of what never began.
        (masked([0xc1, 0x80], b""), CloseCode::Protocol),
        (masked([0x83, 0x80], b""), CloseCode::Protocol),
        (masked([0x80, 0x80], b""), CloseCode::Protocol),
        // A ping in parts, and text without a mask.
        (masked([0x09, 0x80], b""), CloseCode::Protocol),
        (vec![0x81, 0x01, b'x'], CloseCode::Protocol),
        (announcement(100 << 20), CloseCode::Size),
    ] {
        let mut socket = open(&world, "/events", OWN).await.unwrap();
        socket.get_mut().write_all(&frame).await.unwrap();
        assert_eq!(closing(&mut socket).await, code, "{frame:02x?}");
    }
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_its_code() {
    let world = World::new();
    for (payload, code) in [
        (&b""[..], None),
        (&[0x03, 0xe8], Some(CloseCode::Normal)),
        (&[0x03, 0xe9], Some(CloseCode::Away)),
        (&[0x0b, 0xb8], Some(CloseCode::Iana(3_000))),
        // Codes below 1000 are not used.
        (&[0x03, 0xe7], Some(CloseCode::Protocol)),
    ] {
        let mut socket = open(&world, "/events", OWN).await.unwrap();
        // What a stream begins with and the first ping, in either order: an answer to that must not meet a connection that is closed.
        for _ in 0..2 {
            let message = socket.next().await.unwrap().unwrap();
            assert!(message.is_text() || message.is_ping(), "{message:?}");
        }
        socket.flush().await.unwrap();
        let head = [0x88, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        let frame = [&head[..], payload].concat();
        socket.get_mut().write_all(&frame).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        let Message::Close(told) = answer else {
            panic!("{payload:?}: {answer:?}");
        };
        assert_eq!(told.map(|told| told.code), code, "{payload:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_announces_a_hundred_mebibytes_is_refused_before_they_come() {
    let world = World::new();
    let mut socket = open(&world, "/events", OWN).await.unwrap();
    let head = announcement(100 << 20);
    socket.get_mut().write_all(&head).await.unwrap();
    assert_eq!(closing(&mut socket).await, CloseCode::Size);
    let mut taken = 0;
    while let Ok(octets) = socket.get_mut().write(&[0; 16 * 1024]).await {
        taken += octets;
        assert!(taken < 1 << 20, "{taken} octets were taken");
    }
    assert_eq!(world.counts().streams, 0);
}

#[tokio::test]
async fn thousands_of_idle_sockets_take_little_memory_each() {
    const SOCKETS: usize = 2_000;
    if !is_alone("sockets::thousands_of_idle_sockets_take_little_memory_each") {
        return;
    }
    let limits = HubLimits {
        streams_per_subscriber: SOCKETS,
        ..HubLimits::default()
    };
    let world = World::with_hub(Settings::default(), limits);
    let (mut sockets, mut before) = (vec![], 0);
    for n in 0..SOCKETS {
        if n == 100 {
            before = resident_kib();
        }
        let mut socket = open(&world, "/events", OWN).await.unwrap();
        assert_eq!(next(&mut socket).await["type"], "snapshot");
        sockets.push(socket);
    }
    let each = resident_kib().saturating_sub(before) * 1024 / (SOCKETS - 100);
    assert!(each < 64 * 1024, "{each} octets a socket");
    joined(&world, 41);
    for socket in &mut sockets {
        assert_eq!(next(socket).await["id"], 41);
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_opens_no_socket() {
    let world = World::new();
    for (origin, status) in [
        ("https://evil.example.com", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
        ("http://api.example.com", StatusCode::FORBIDDEN),
        // What is left to be refused is that a test has no connection to upgrade.
        ("https://api.example.com", StatusCode::BAD_REQUEST),
        ("https://here.example.com:8443", StatusCode::BAD_REQUEST),
        ("", StatusCode::BAD_REQUEST),
    ] {
        for path in ["/events", "/meetings/106131/events"] {
            let request = request(Method::GET, &format!("/conference/v1{path}"), "alice", PASSWORD)
                .header("host", "here.example.com:8443")
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            let request = match origin {
                "" => request,
                origin => request.header("origin", origin),
            };
            let reply = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, status, "{path} {origin}");
        }
    }
}
