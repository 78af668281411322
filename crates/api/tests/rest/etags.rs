//! Nobody overwrites what he has not seen, and nobody is sent what he has.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::fixture::PASSWORD;
use crate::world::{Reply, World, request};

/// Asks with one more header.
async fn with(world: &World, header: (&str, &str), method: Method, path: &str, body: &str) -> Reply {
    let request = request(method, &format!("/conference/v1{path}"), "alice", PASSWORD)
        .header("content-type", "application/json")
        .header(header.0, header.1);
    world
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

/// An object of each kind, made anew: where it is made, how, what names it, and a change of it.
const KINDS: [(&str, &str, &str, &str); 6] = [
    (
        "/dids",
        r#"{"phoneNumber": "442071838750", "didGroupId": 219}"#,
        "id",
        r#"{"description": "Sales"}"#,
    ),
    (
        "/didGroups",
        r#"{"name": "London", "callFlowId": 3}"#,
        "id",
        r#"{"name": "Leeds"}"#,
    ),
    (
        "/meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#,
        "meetingNumber",
        r#"{"description": "Weekly"}"#,
    ),
    (
        "/subscribers/sid-uma/meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#,
        "meetingNumber",
        r#"{"attributes": [{"name": "conference_maxcalls", "value": 7}]}"#,
    ),
    (
        "/subscribers",
        r#"{"login": "ann", "password": "correct horse"}"#,
        "sid",
        r#"{"firstName": "Ann"}"#,
    ),
    (
        "/webhooks",
        r#"{"url": "https://example.com/events"}"#,
        "id",
        r#"{"disabled": true}"#,
    ),
];

/// Makes one; where it is, and its tag.
async fn made(world: &World, collection: &str, body: &str, id: &str) -> (String, String) {
    let made = world.post("alice", collection, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()[id].to_string();
    let path = format!("{collection}/{}", id.trim_matches('"'));
    (path, made.header("etag").to_owned())
}

fn stale(reply: &Reply) {
    let (status, message, field) = reply.refusal();
    assert_eq!(
        (status, &*message),
        (412, "Precondition failed"),
        "{}",
        reply.text
    );
    assert!(["If-Match", "If-None-Match"].contains(&&*field), "{}", reply.text);
}

#[tokio::test]
async fn a_stale_change_is_told_which_header_was_not_met_and_what_it_would_have_to_be() {
    let world = World::new();
    let room = ("/meetingRooms/106131", "{}");
    let call = ("/calls/6889184", r#"{"muteMode": 2}"#);
    for ((path, body), header, value, expected) in [
        (room, "If-Match", "\"a\"", "read it again"),
        (room, "If-None-Match", "*", "neither * nor the tag"),
        (call, "If-Match", "\"a\"", "has no tags"),
        (call, "If-None-Match", "*", "neither * nor the tag"),
    ] {
        let reply = with(&world, (header, value), Method::PUT, path, body).await;
        stale(&reply);
        let error = &reply.json()["errors"][0];
        assert_eq!(error["field"], header, "{path}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected), "{path}: {message}");
    }
}

#[tokio::test]
async fn a_change_of_what_has_changed_meanwhile_is_refused_and_changes_nothing() {
    for (collection, body, id, change) in KINDS {
        let world = World::new();
        let (path, first) = made(&world, collection, body, id).await;
        let changed = with(&world, ("if-match", &first), Method::PUT, &path, change).await;
        assert_eq!(changed.status, 200, "{path}: {}", changed.text);
        let second = changed.header("etag").to_owned();
        assert_ne!(first, second, "{path}");
        let before = world.get("alice", &path).await;
        assert_eq!(before.header("etag"), second, "{path}");
        stale(&with(&world, ("if-match", &first), Method::PUT, &path, body).await);
        stale(&with(&world, ("if-match", &first), Method::DELETE, &path, "").await);
        stale(&with(&world, ("if-none-match", "*"), Method::PUT, &path, change).await);
        assert_eq!(world.get("alice", &path).await.text, before.text, "{path}");
        let gone = with(&world, ("if-match", &second), Method::DELETE, &path, "").await;
        assert_eq!(gone.status, 204, "{path}: {}", gone.text);
        let none = with(&world, ("if-match", "*"), Method::PUT, &path, change).await;
        assert_eq!(none.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_is_live_has_no_tag_and_is_not_changed_for_the_sake_of_one() {
    for (method, path, body) in [
        (Method::PUT, "/calls/6889184", r#"{"muteMode": 2}"#),
        (Method::PUT, "/meetings/106131", r#"{"isSecured": true}"#),
        (Method::PUT, "/meetings/106131/calls", r#"{"muteMode": 2}"#),
        (
            Method::PUT,
            "/meetings/106131/attributes/conference_maxcalls",
            r#"{"value": 7}"#,
        ),
        (Method::DELETE, "/meetings/106131/calls", ""),
        (Method::DELETE, "/calls/6889184", ""),
        (Method::DELETE, "/meetings/106131", ""),
    ] {
        let world = World::new();
        for header in [("if-match", "\"a\""), ("if-none-match", "*")] {
            stale(&with(&world, header, method.clone(), path, body).await);
        }
        assert!(world.backend.state().commands.is_empty(), "{path}");
        for header in [("if-match", "*"), ("if-none-match", "\"a\"")] {
            let world = World::new();
            let done = with(&world, header, method.clone(), path, body).await;
            assert!(done.status.is_success(), "{path}: {}", done.text);
            assert!(!world.backend.state().commands.is_empty(), "{path}");
        }
    }
    let world = World::new();
    for (path, body, status) in [
        ("/calls/1", "{}", 404),
        ("/calls/6889184", r#"{"muteMode": 99}"#, 400),
    ] {
        let reply = with(&world, ("if-match", "\"a\""), Method::PUT, path, body).await;
        assert_eq!(
            reply.status, status,
            "what would be refused anyway is refused for that"
        );
    }
}

#[tokio::test]
async fn a_password_that_has_changed_meanwhile_is_not_overwritten() {
    let world = World::new();
    let ann = r#"{"login": "ann", "password": "correct horse"}"#;
    let (path, first) = made(&world, "/subscribers", ann, "sid").await;
    let put = |tag: String, password: &str| {
        let body = format!(r#"{{"password": "{password}"}}"#);
        let (world, path) = (&world, &path);
        async move { with(world, ("if-match", &tag), Method::PUT, path, &body).await }
    };
    let changed = put(first.clone(), "battery staple").await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_ne!(changed.header("etag"), first);
    assert_eq!(
        world.get("alice", &path).await.header("etag"),
        changed.header("etag")
    );
    stale(&put(first, "another horse").await);
}

#[tokio::test]
async fn a_secret_is_given_anew_only_to_the_webhook_that_was_seen() {
    let world = World::new();
    let (path, tag) = made(
        &world,
        "/webhooks",
        r#"{"url": "https://example.com/events"}"#,
        "id",
    )
    .await;
    let rotate = format!("{path}/rotate");
    let rotated = with(&world, ("if-match", &tag), Method::POST, &rotate, "").await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    let read = world.get("alice", &path).await;
    assert_eq!(read.header("etag"), rotated.header("etag"));
    stale(&with(&world, ("if-match", &tag), Method::POST, &rotate, "").await);
    assert_eq!(world.get("alice", &path).await.text, read.text);
}

#[tokio::test]
async fn who_has_an_object_is_not_sent_it_again_until_it_changes() {
    for (collection, body, id, change) in KINDS {
        let world = World::new();
        let (path, tag) = made(&world, collection, body, id).await;
        let lists = [tag.clone(), "*".to_owned(), format!("\"x\", W/{tag}")];
        for known in &lists {
            for method in [Method::GET, Method::HEAD] {
                let reply = with(&world, ("if-none-match", known), method, &path, "").await;
                assert_eq!((reply.status.as_u16(), &*reply.text), (304, ""), "{path}");
                assert_eq!(reply.header("etag"), tag);
            }
        }
        world.put("alice", &path, change).await;
        let reply = with(&world, ("if-none-match", &tag), Method::GET, &path, "").await;
        assert_eq!(reply.status, 200, "{path}");
        assert_ne!(reply.header("etag"), tag, "{path}");
    }
}

#[tokio::test]
async fn who_wants_the_object_as_it_was_is_told_when_it_is_another() {
    for (collection, body, id, change) in KINDS {
        let world = World::new();
        let (path, tag) = made(&world, collection, body, id).await;
        for wanted in [&*tag, "*"] {
            let reply = with(&world, ("if-match", wanted), Method::GET, &path, "").await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("etag")),
                (200, &*tag),
                "{path}"
            );
        }
        world.put("alice", &path, change).await;
        stale(&with(&world, ("if-match", &tag), Method::GET, &path, "").await);
        let head = with(&world, ("if-match", &tag), Method::HEAD, &path, "").await;
        assert_eq!(head.status, 412, "{path}");
    }
}

#[tokio::test]
async fn what_has_no_tag_is_read_whatever_tag_is_known_and_only_as_it_is() {
    let world = World::new();
    for path in [
        "/calls",
        "/calls/6889184",
        "/callFlows/3",
        "/cdrs",
        "/meetingRooms",
        "/meetings/106131",
        "/meetings/106131/attributes",
        "/meetings/106131/calls",
    ] {
        for (header, value, status) in [
            ("if-match", "*", 200),
            ("if-none-match", "\"a\"", 200),
            ("if-none-match", "*", 304),
            ("if-match", "\"a\"", 412),
        ] {
            let reply = with(&world, (header, value), Method::GET, path, "").await;
            assert_eq!(reply.status, status, "{path}: {header}: {value}");
            if status == 412 {
                stale(&reply);
            }
        }
    }
    for header in [("if-match", "\"a\""), ("if-none-match", "*"), ("if-match", "x")] {
        let missing = with(&world, header, Method::GET, "/calls/1", "").await;
        assert_eq!(missing.status, 404, "what is refused anyway is refused for that");
    }
}

#[tokio::test]
async fn nothing_is_made_for_the_sake_of_a_tag_since_lists_have_none() {
    for (collection, body, ..) in KINDS {
        let world = World::new();
        let before = world.get("alice", collection).await.json()["total"].clone();
        for header in [("if-match", "\"a\""), ("if-none-match", "*")] {
            stale(&with(&world, header, Method::POST, collection, body).await);
            let bad = with(&world, header, Method::POST, collection, r#"{"colour": 1}"#).await;
            assert_eq!(
                bad.status, 400,
                "{collection}: what would be refused anyway is refused for that"
            );
        }
        let after = world.get("alice", collection).await.json()["total"].clone();
        assert_eq!(before, after, "{collection}");
        let made = with(&world, ("if-match", "*"), Method::POST, collection, body).await;
        assert_eq!(made.status, 201, "{collection}: {}", made.text);
    }
    let world = World::new();
    let call = r#"{"callee": "+14165550123", "caller": "15162065319", "accessCode": "2222"}"#;
    for (path, body) in [
        ("/calls", call),
        ("/simulate", r#"{"did": "15162065319"}"#),
        ("/webhooks/whk_1/test", ""),
    ] {
        stale(&with(&world, ("if-match", "\"a\""), Method::POST, path, body).await);
    }
    assert!(world.backend.state().dialled.is_empty());
    assert!(world.backend.state().tried.is_empty());
}

#[tokio::test]
async fn access_codes_have_a_tag_of_their_own() {
    let world = World::new();
    const KEYS: &str = "/subscribers/sid-alice/meetingRooms/106131/keychain";
    let first = world.get("alice", KEYS).await.header("etag").to_owned();
    let put = |tag: String, body: &'static str| {
        let world = &world;
        async move { with(world, ("if-match", &tag), Method::PUT, KEYS, body).await }
    };
    let changed = put(first.clone(), r#"[{"accessCode": "4711", "role": 1}]"#).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let second = changed.header("etag").to_owned();
    stale(&put(first, "[]").await);
    let known = with(&world, ("if-none-match", &second), Method::GET, KEYS, "").await;
    assert_eq!(known.status, 304);
    assert_eq!(put(second, "[]").await.json(), json!([]));
}

#[tokio::test]
async fn a_tag_is_the_same_whatever_fields_are_asked_for_and_what_is_in_force_has_another() {
    let world = World::new();
    const ROOM: &str = "/meetingRooms/106131";
    let tag = |query: &'static str| {
        let world = &world;
        async move {
            let reply = world.get("alice", &format!("{ROOM}{query}")).await;
            reply.header("etag").to_owned()
        }
    };
    let whole = tag("").await;
    assert_eq!(tag("?include_fields=description").await, whole);
    let in_force = tag("?effective=true").await;
    assert_ne!(in_force, whole);
    // Who knows what is in force has not seen what the room itself says.
    stale(&with(&world, ("if-match", &in_force), Method::PUT, ROOM, "{}").await);
    let group = r#"{"attributes": [{"name": "conference_maxcalls", "value": 3}]}"#;
    world.put("alice", "/didGroups/219", group).await;
    assert_eq!(tag("").await, whole);
    assert_ne!(tag("?effective=true").await, in_force);
}

#[tokio::test]
async fn of_two_who_change_the_same_state_one_is_refused() {
    let world = World::new();
    const ROOM: &str = "/meetingRooms/106131";
    let tag = world.get("alice", ROOM).await.header("etag").to_owned();
    let header = ("if-match", &*tag);
    let (a, b) = tokio::join!(
        with(&world, header, Method::PUT, ROOM, r#"{"description": "a"}"#),
        with(&world, header, Method::PUT, ROOM, r#"{"description": "b"}"#),
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn a_tag_is_found_among_those_of_others_however_they_are_listed() {
    let world = World::new();
    const ROOM: &str = "/meetingRooms/106131";
    for (before, after) in [
        ("", ","),
        (", ,", ""),
        ("\"a,b\",", ""),
        ("\"\" ,\t", " , W/\"c, d\""),
        ("W/\"a\"", ""),
    ] {
        let tag = world.get("alice", ROOM).await.header("etag").to_owned();
        let separated = if before.ends_with('"') { "," } else { "" };
        let list = format!("{before}{separated}{tag}{after}");
        let body = r#"{"description": "x"}"#;
        let known = with(&world, ("if-none-match", &list), Method::GET, ROOM, "").await;
        assert_eq!(known.status, 304, "{list}");
        let changed = with(&world, ("if-match", &list), Method::PUT, ROOM, body).await;
        assert_eq!(changed.status, 200, "{list}: {}", changed.text);
        stale(&with(&world, ("if-match", "\"a,b\", W/\"c\","), Method::PUT, ROOM, body).await);
    }
}

#[tokio::test]
async fn what_is_no_tag_is_refused_by_the_name_of_its_header() {
    let world = World::new();
    for bad in [
        "x",
        "\"x",
        "\"a\" \"b\"",
        "\"a\"b",
        "",
        " , ",
        "w/\"a\"",
        "\"a\", *",
        "W/*",
    ] {
        for (header, method) in [("If-Match", Method::PUT), ("If-None-Match", Method::GET)] {
            let reply = with(&world, (header, bad), method, "/meetingRooms/106131", "{}").await;
            let refusal = (400, "Bad request".to_owned(), header.to_owned());
            assert_eq!(reply.refusal(), refusal, "{bad}");
        }
    }
}

#[tokio::test]
async fn the_refusal_of_a_stale_change_is_not_kept_for_its_idempotency_key() {
    let world = World::new();
    const ROOM: &str = "/meetingRooms/106131";
    let put = |tag: String| {
        let request = request(Method::PUT, &format!("/conference/v1{ROOM}"), "alice", PASSWORD)
            .header("content-type", "application/json")
            .header("idempotency-key", "k")
            .header("if-match", tag);
        request.body(Body::from(r#"{"description": "d"}"#)).unwrap()
    };
    stale(&world.send(put("\"old\"".to_owned())).await);
    let tag = world.get("alice", ROOM).await.header("etag").to_owned();
    let done = world.send(put(tag.clone())).await;
    assert_eq!(done.status, 200);
    let again = world.send(put(tag)).await;
    assert_eq!(
        (again.status.as_u16(), again.header("etag")),
        (200, done.header("etag"))
    );
    assert_eq!(again.header("idempotency-replayed"), "true");
}
