//! Who may not do what, over every route there is.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request};
use model::{CallState, CallView, DidGroupId};

use crate::fixture::{A, B, PASSWORD};
use crate::world::{Reply, World, request};

const GET: Method = Method::GET;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// What a method at an address does for whom.
struct Row {
    method: Method,
    template: &'static str,
    /// What stands for the parameters: an object of tenant A, one of tenant B, one that never was.
    objects: [&'static [&'static str]; 3],
    /// A body that is good.
    body: &'static str,
    /// What administrator, operator and regular user of tenant A get for the object of A.
    answers: [u16; 3],
}

const fn row(
    method: Method,
    template: &'static str,
    objects: [&'static [&'static str]; 3],
    body: &'static str,
    answers: [u16; 3],
) -> Row {
    Row {
        method,
        template,
        objects,
        body,
        answers,
    }
}

/// Of an address without parameters.
const NONE: [&[&str]; 3] = [&[], &[], &[]];
/// Of what belongs to nobody; the one that never was has another test.
const FLOW: [&[&str]; 3] = [&["3"], &["2"], &["2"]];
const CALL: [&[&str]; 3] = [&["6889184"], &["7000001"], &["1"]];
const GROUP: [&[&str]; 3] = [&["219"], &["319"], &["1"]];
const DID: [&[&str]; 3] = [&["220"], &["320"], &["1"]];
const ROOM: [&[&str]; 3] = [&["106131"], &["306131"], &["999999"]];
const UMAS_ROOM: [&[&str]; 3] = [&["273751"], &["306131"], &["999999"]];
const MEETING: [&[&str]; 3] = ROOM;
const ATTRIBUTE: [&[&str]; 3] = [
    &["106131", "conference_maxcalls"],
    &["306131", "conference_maxcalls"],
    &["999999", "conference_maxcalls"],
];
const ALICE: [&[&str]; 3] = [&["sid-alice"], &["sid-bob"], &["none"]];
const OLGA: [&[&str]; 3] = [&["sid-olga"], &["sid-oscar"], &["none"]];
const UMA: [&[&str]; 3] = [&["sid-uma"], &["sid-ursula"], &["none"]];
const OF_ALICE: [&[&str]; 3] = [
    &["sid-alice", "106131"],
    &["sid-bob", "306131"],
    &["none", "306131"],
];
const OF_UMA: [&[&str]; 3] = [
    &["sid-uma", "273751"],
    &["sid-uma", "306131"],
    &["sid-uma", "999999"],
];
const RECORD: [&[&str]; 3] = [&["196938"], &["196939"], &["999999"]];
const WEBHOOK: [&[&str]; 3] = [&["whk_1"], &["whk_2"], &["whk_9"]];
const DELIVERY: [&[&str]; 3] = [&["whk_1", "1"], &["whk_2", "1"], &["whk_9", "1"]];
const NEW_WEBHOOK: &str = r#"{"url": "https://hooks.example.com/"}"#;
const NEW_ROOM: &str = r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#;
const NEW_DID: &str = r#"{"phoneNumber": "442071838750", "didGroupId": 219}"#;
const NEW_GROUP: &str = r#"{"name": "g", "callFlowId": 1}"#;
const NEW_SUBSCRIBER: &str = r#"{"login": "new", "password": "long enough"}"#;
const NEW_CALL: &str = r#"{"callee": "+14165550123", "caller": "15162065319", "accessCode": "111"}"#;
const CALL_IN: &str = r#"{"did": "15162065319", "digits": "111#"}"#;
const TEXT: &str = r#"{"description": "x"}"#;
const KEYS: &str = r#"[{"accessCode": "4711", "role": 1}]"#;

/// Every method of every address; a test holds that none is missing.
const ROWS: &[Row] = &[
    row(GET, "/audit", NONE, "", [200, 403, 403]),
    row(GET, "/callFlows", NONE, "", [200, 200, 200]),
    row(GET, "/callFlows/{id}", FLOW, "", [200, 200, 200]),
    row(GET, "/calls", NONE, "", [200, 200, 200]),
    row(POST, "/calls", NONE, NEW_CALL, [201, 201, 400]),
    row(GET, "/calls/{id}", CALL, "", [200, 200, 404]),
    row(PUT, "/calls/{id}", CALL, r#"{"muteMode": 2}"#, [200, 200, 404]),
    row(DELETE, "/calls/{id}", CALL, "", [204, 204, 404]),
    row(GET, "/calls/{id}/quality", CALL, "", [200, 200, 404]),
    row(GET, "/cdrs", NONE, "", [200, 200, 200]),
    row(GET, "/didGroups", NONE, "", [200, 200, 200]),
    row(POST, "/didGroups", NONE, NEW_GROUP, [201, 403, 403]),
    row(GET, "/didGroups/{id}", GROUP, "", [200, 200, 200]),
    row(PUT, "/didGroups/{id}", GROUP, TEXT, [200, 403, 403]),
    row(DELETE, "/didGroups/{id}", GROUP, "", [409, 403, 403]),
    row(GET, "/dids", NONE, "", [200, 200, 200]),
    row(POST, "/dids", NONE, NEW_DID, [201, 403, 403]),
    row(GET, "/dids/{id}", DID, "", [200, 200, 200]),
    row(PUT, "/dids/{id}", DID, TEXT, [200, 403, 403]),
    row(DELETE, "/dids/{id}", DID, "", [204, 403, 403]),
    row(GET, "/mdrs", NONE, "", [200, 200, 200]),
    row(GET, "/meetingRooms", NONE, "", [200, 200, 200]),
    row(POST, "/meetingRooms", NONE, NEW_ROOM, [201, 403, 201]),
    row(GET, "/meetingRooms/{n}", ROOM, "", [200, 200, 404]),
    row(PUT, "/meetingRooms/{n}", ROOM, TEXT, [200, 403, 404]),
    row(DELETE, "/meetingRooms/{n}", ROOM, "", [204, 403, 404]),
    row(GET, "/meetingRooms/{n}", UMAS_ROOM, "", [200, 200, 200]),
    row(PUT, "/meetingRooms/{n}", UMAS_ROOM, TEXT, [200, 403, 200]),
    row(DELETE, "/meetingRooms/{n}", UMAS_ROOM, "", [204, 403, 204]),
    row(GET, "/meetings", NONE, "", [200, 200, 200]),
    row(GET, "/meetings/{n}", MEETING, "", [200, 200, 404]),
    row(
        PUT,
        "/meetings/{n}",
        MEETING,
        r#"{"isSecured": true}"#,
        [200, 200, 404],
    ),
    row(DELETE, "/meetings/{n}", MEETING, "", [204, 204, 404]),
    row(GET, "/meetings/{n}/attributes", MEETING, "", [200, 200, 404]),
    row(
        PUT,
        "/meetings/{n}/attributes/{name}",
        ATTRIBUTE,
        r#"{"value": 1}"#,
        [200, 200, 404],
    ),
    row(GET, "/meetings/{n}/calls", MEETING, "", [200, 200, 404]),
    row(
        PUT,
        "/meetings/{n}/calls",
        MEETING,
        r#"{"muteMode": 2}"#,
        [200, 200, 404],
    ),
    row(DELETE, "/meetings/{n}/calls", MEETING, "", [204, 204, 404]),
    row(GET, "/meetings/{n}/quality", MEETING, "", [200, 200, 404]),
    row(POST, "/simulate", NONE, CALL_IN, [200, 200, 200]),
    row(GET, "/subscribers", NONE, "", [200, 200, 200]),
    row(POST, "/subscribers", NONE, NEW_SUBSCRIBER, [201, 403, 403]),
    row(GET, "/subscribers/{sid}", ALICE, "", [200, 200, 404]),
    row(GET, "/subscribers/{sid}", UMA, "", [200, 200, 200]),
    row(
        PUT,
        "/subscribers/{sid}",
        ALICE,
        r#"{"firstName": "x"}"#,
        [200, 403, 403],
    ),
    row(
        PUT,
        "/subscribers/{sid}",
        UMA,
        r#"{"firstName": "x"}"#,
        [200, 403, 200],
    ),
    row(PUT, "/subscribers/{sid}", UMA, r#"{"role": 1}"#, [200, 403, 403]),
    row(DELETE, "/subscribers/{sid}", ALICE, "", [403, 403, 403]),
    row(DELETE, "/subscribers/{sid}", OLGA, "", [204, 403, 403]),
    row(DELETE, "/subscribers/{sid}", UMA, "", [409, 403, 403]),
    row(GET, "/subscribers/{sid}/meetingRooms", ALICE, "", [200, 200, 404]),
    row(
        POST,
        "/subscribers/{sid}/meetingRooms",
        ALICE,
        NEW_ROOM,
        [201, 403, 404],
    ),
    row(
        POST,
        "/subscribers/{sid}/meetingRooms",
        UMA,
        NEW_ROOM,
        [201, 403, 201],
    ),
    row(
        GET,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_ALICE,
        "",
        [200, 200, 404],
    ),
    row(
        GET,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_UMA,
        "",
        [200, 200, 200],
    ),
    row(
        PUT,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_ALICE,
        TEXT,
        [200, 403, 404],
    ),
    row(
        PUT,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_UMA,
        TEXT,
        [200, 403, 200],
    ),
    row(
        DELETE,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_ALICE,
        "",
        [204, 403, 404],
    ),
    row(
        DELETE,
        "/subscribers/{sid}/meetingRooms/{n}",
        OF_UMA,
        "",
        [204, 403, 204],
    ),
    row(
        GET,
        "/subscribers/{sid}/meetingRooms/{n}/keychain",
        OF_ALICE,
        "",
        [200, 200, 404],
    ),
    row(
        PUT,
        "/subscribers/{sid}/meetingRooms/{n}/keychain",
        OF_ALICE,
        KEYS,
        [200, 403, 404],
    ),
    row(
        PUT,
        "/subscribers/{sid}/meetingRooms/{n}/keychain",
        OF_UMA,
        KEYS,
        [200, 403, 200],
    ),
    row(GET, "/events", NONE, "", [200, 200, 200]),
    row(GET, "/mdrs/{id}/events", RECORD, "", [200, 200, 404]),
    row(GET, "/meetings/{n}/events", MEETING, "", [200, 200, 404]),
    row(GET, "/webhooks", NONE, "", [200, 200, 200]),
    row(POST, "/webhooks", NONE, NEW_WEBHOOK, [201, 403, 201]),
    row(GET, "/webhooks/{id}", WEBHOOK, "", [200, 404, 404]),
    row(PUT, "/webhooks/{id}", WEBHOOK, TEXT, [200, 403, 404]),
    row(DELETE, "/webhooks/{id}", WEBHOOK, "", [204, 403, 404]),
    row(GET, "/webhooks/{id}/deliveries", WEBHOOK, "", [200, 404, 404]),
    row(
        POST,
        "/webhooks/{id}/deliveries/{delivery}/redeliver",
        DELIVERY,
        "",
        [202, 403, 404],
    ),
    row(POST, "/webhooks/{id}/rotate", WEBHOOK, "", [200, 403, 404]),
    row(POST, "/webhooks/{id}/test", WEBHOOK, "", [200, 403, 404]),
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

impl Row {
    /// The address with one of its objects in it.
    fn path(&self, objects: &[&str]) -> String {
        let mut rest = objects.iter();
        let parts = self.template.split('/').map(|part| match part.starts_with('{') {
            true => rest.next().copied().expect("an object for each parameter"),
            false => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    fn own(&self) -> String {
        self.path(self.objects[0])
    }

    fn is_list(&self) -> bool {
        self.method == GET && !self.template.contains('{')
    }
}

/// Every method of every address behind credentials, as the router itself tells.
async fn served() -> BTreeSet<(String, String)> {
    let world = World::new();
    let mut served = BTreeSet::new();
    for path in api::paths() {
        // What stands elsewhere is told to everybody.
        let Some(below) = path.strip_prefix("/conference/v1") else {
            continue;
        };
        let example = path.replace(['{', '}'], "");
        let ask = request(Method::OPTIONS, &example, "alice", PASSWORD);
        let reply = world.send(ask.body(Body::empty()).unwrap()).await;
        let template = below.replace("{number}", "{n}");
        let methods = reply.header("allow").split(',').map(str::trim);
        let methods = methods.filter(|method| !matches!(*method, "HEAD" | "OPTIONS"));
        served.extend(methods.map(|method| (template.clone(), method.to_owned())));
    }
    served
}

async fn ask(world: &World, login: &str, row: &Row, path: &str) -> Reply {
    world.ask(login, row.method.clone(), path, row.body).await
}

#[tokio::test]
async fn every_method_of_every_address_has_a_row() {
    let rows = ROWS
        .iter()
        .map(|row| (row.template.to_owned(), row.method.to_string()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), served().await);
}

#[tokio::test]
async fn only_what_stands_outside_the_base_is_told_without_credentials() {
    for path in api::paths() {
        let ask = Request::get(path.replace(['{', '}'], "")).body(Body::empty());
        let reply = World::new().send(ask.unwrap()).await;
        let behind = path.starts_with("/conference/v1/");
        assert_eq!(reply.status == 401, behind, "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for() {
    for row in ROWS {
        for (login, status) in A.into_iter().zip(row.answers) {
            let world = World::new();
            let reply = ask(&world, login, row, &row.own()).await;
            let what = format!("{login} {} {}: {}", row.method, row.own(), reply.text);
            assert_eq!(reply.status, status, "{what}");
            let state = world.backend.state();
            let untouched = state.edits.is_empty() && state.commands.is_empty();
            assert!(status < 400 || untouched, "{what}");
        }
    }
}

#[tokio::test]
async fn what_is_foreign_answers_exactly_like_what_is_missing_for_every_role() {
    let world = World::new();
    for login in A {
        for row in ROWS.iter().filter(|row| row.template.contains('{')) {
            // What is wrong with a body must not tell either.
            for body in [row.body, r#"{"colour": "x"}"#, r#"[{"colour": "x"}]"#] {
                let [foreign, missing] = [row.objects[1], row.objects[2]].map(|objects| row.path(objects));
                let foreign_reply = world.ask(login, row.method.clone(), &foreign, body).await;
                let missing_reply = world.ask(login, row.method.clone(), &missing, body).await;
                let status = foreign_reply.status.as_u16();
                let what = format!("{login} {} {foreign} {body}: {status}", row.method);
                let unread = body != row.body && status == 400;
                assert!(matches!(status, 403 | 404) || unread, "{what}");
                assert_eq!(foreign_reply, missing_reply, "{what}");
            }
        }
    }
    let state = world.backend.state();
    assert!(state.commands.is_empty() && state.edits.is_empty());
}

#[tokio::test]
async fn what_is_foreign_answers_like_what_is_missing_whatever_a_request_carries_along() {
    let world = World::new();
    let mut keys = 0..;
    for (name, value) in [
        ("if-match", "*"),
        ("if-match", "\"0123456789abcdef0123456789abcdef\""),
        ("if-none-match", "*"),
        ("idempotency-key", ""),
        ("accept", "text/event-stream"),
    ] {
        let queries = ["", "?effective=true", "?filter=x", "?include_fields=id"];
        let of_one = ROWS.iter().filter(|row| row.template.contains('{'));
        for (row, query) in of_one.flat_map(|row| queries.map(|query| (row, query))) {
            let mut replies = Vec::new();
            for objects in &row.objects[1..] {
                let uri = format!("/conference/v1{}{query}", row.path(objects));
                let ask = request(row.method.clone(), &uri, "alice", PASSWORD);
                let ask = match value {
                    "" => ask.header(name, keys.next().unwrap_or(0)),
                    value => ask.header(name, value),
                };
                let ask = ask.header("content-type", "application/json");
                replies.push(world.send(ask.body(Body::from(row.body)).unwrap()).await);
            }
            let what = format!("{name} {} {}{query}: {:?}", row.method, row.template, replies);
            assert!(matches!(replies[0].status.as_u16(), 400 | 403 | 404), "{what}");
            assert_eq!(replies[0], replies[1], "{what}");
            assert!(!query.is_empty() || replies[0].status != 400, "{what}");
        }
    }
    let state = world.backend.state();
    assert!(state.commands.is_empty() && state.edits.is_empty());
}

#[tokio::test]
async fn nothing_is_said_or_done_without_good_credentials() {
    let world = World::new();
    for row in ROWS {
        let uri = format!("/conference/v1{}", row.own());
        for (credentials, message) in [
            (None, "Unauthorized"),
            (Some("Basic Og=="), "Bad credentials"),
            (Some("Bearer YTpi"), "Unauthorized"),
        ] {
            let mut ask = Request::builder().method(row.method.clone()).uri(&uri);
            if let Some(credentials) = credentials {
                ask = ask.header("authorization", credentials);
            }
            let ask = ask.header("content-type", "application/json");
            world.backend.state().now_ms += 3_600_000;
            let reply = world.send(ask.body(Body::from(row.body)).unwrap()).await;
            assert_eq!(reply.refusal(), (401, message.into(), String::new()), "{uri}");
            assert!(reply.header("www-authenticate").starts_with("Basic"), "{uri}");
        }
    }
    let state = world.backend.state();
    assert!(state.commands.is_empty() && state.edits.is_empty());
}

#[tokio::test]
async fn lists_hold_nothing_of_another_tenant_and_all_of_ones_own() {
    let world = World::new();
    for login in A {
        for row in ROWS.iter().filter(|row| row.is_list()) {
            let list = row.template;
            let reply = world.get(login, &format!("{list}?limit=1000")).await;
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
async fn what_a_body_names_of_another_tenant_can_not_be_told_from_what_is_missing() {
    for (method, path, body, foreign, missing) in [
        (
            POST,
            "/dids",
            r#"{"phoneNumber": "442071838750", "didGroupId": ?}"#,
            "319",
            "9",
        ),
        (PUT, "/dids/220", r#"{"didGroupId": ?}"#, "319", "9"),
        (
            POST,
            "/didGroups",
            r#"{"name": "g", "callFlowId": 3, "subscriberSid": "?"}"#,
            "sid-bob",
            "none",
        ),
        (
            POST,
            "/subscribers",
            r#"{"login": "new", "password": "long enough", "parentSid": "?"}"#,
            "sid-bob",
            "none",
        ),
        (
            POST,
            "/subscribers",
            r#"{"login": "new", "password": "long enough", "didGroupReferences": [{"didGroupId": ?}]}"#,
            "319",
            "9",
        ),
        (
            PUT,
            "/subscribers/sid-uma",
            r#"{"didGroupReferences": [{"didGroupId": ?}]}"#,
            "319",
            "9",
        ),
        (
            PUT,
            "/subscribers/sid-uma",
            r#"{"meetingRooms": [{"primaryDidGroupId": ?, "callFlowId": 3}]}"#,
            "319",
            "9",
        ),
        (POST, "/simulate", r#"{"did": "?"}"#, "15162065400", "15162065999"),
        (
            POST,
            "/subscribers/sid-uma/meetingRooms",
            r#"{"primaryDidGroupId": ?, "callFlowId": 3}"#,
            "319",
            "9",
        ),
        (
            POST,
            "/subscribers/sid-uma/meetingRooms",
            r#"{"primaryDidGroupId": 219, "callFlowId": 3, "subscriberSid": "?"}"#,
            "sid-bob",
            "none",
        ),
    ] {
        let world = World::new();
        let [foreign, missing] = [foreign, missing].map(|named| body.replace('?', named));
        let foreign_reply = world.ask("alice", method.clone(), path, &foreign).await;
        assert_eq!(foreign_reply.status, 400, "{foreign}: {}", foreign_reply.text);
        let missing_reply = world.ask("alice", method, path, &missing).await;
        assert_eq!(foreign_reply, missing_reply, "{foreign}");
        assert_eq!(world.backend.state().edits, [], "{foreign}");
    }
}

#[tokio::test]
async fn a_call_belongs_to_the_meeting_it_is_in_not_to_the_number_it_dialled() {
    let world = World::new();
    let mut live = crate::fixture::live();
    let lent = CallView {
        did_group: DidGroupId(219),
        ..crate::fixture::call(8, Some(306_131), "bob")
    };
    live.calls.insert(lent.leg, lent.into());
    world.backend.state().live = live.into();
    assert_eq!(world.get("bob", "/calls/8").await.status, 200);
    assert_eq!(world.get("alice", "/calls/8").await.status, 404);
}

#[tokio::test]
async fn a_call_that_has_left_its_meeting_is_not_shown_to_who_has_the_number_of_it_now() {
    let world = World::new();
    let mut live = crate::fixture::live();
    let left = CallView {
        state: CallState::Ending,
        ..crate::fixture::call(8, Some(106_131), "bob")
    };
    live.calls.insert(left.leg, left.into());
    world.backend.state().live = live.into();
    assert_eq!(world.get("alice", "/calls/8").await.status, 404);
    assert_eq!(world.delete("alice", "/calls/8").await.status, 404);
    assert_eq!(world.get("bob", "/calls/8?effective=true").await.status, 200);
    assert_eq!(world.commands(), []);
}
