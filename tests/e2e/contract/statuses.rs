//! The statuses of the reference with their messages, and the methods of each address.
//!
//! 500 is not among them: whatever brings it is a fault of the bridge's own that nobody can cause from outside. That it is told as the
//! reference says is shown by the tests of `api`, where a handler panics.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{Site, TENANT};
use crate::support::program::tool;
use crate::support::rest::{Answer, Rest};
use crate::support::until::share;

/// Octets that a body may have.
const BODY_MAX: usize = 1024 * 1024;
/// More wrong passwords than anybody may try in the time that they take.
const GUESSES: usize = 30;

/// A refusal of the documented shape.
fn assert_refused(answer: &Answer, status: u16, message: &str, request: &str) {
    let body = &answer.body;
    assert_eq!(answer.status, status, "{request}: {body}");
    let told = (&body["code"], &body["message"]);
    assert_eq!(told, (&json!(status), &json!(message)), "{request}");
    assert!(body["errors"].is_array(), "{request}: {body}");
}

#[test]
fn what_is_not_there_is_404_by_number_and_by_sid() {
    let _turn = share();
    let site = Site::new();
    let (number, sid) = ("Not found", "Cannot find object by SID");
    for (method, path, body, message) in [
        ("GET", "/calls/999999", Value::Null, number),
        ("PUT", "/calls/999999", json!({"customName": "Ann"}), number),
        ("DELETE", "/calls/999999", Value::Null, number),
        ("GET", "/callFlows/2", Value::Null, number),
        ("GET", "/dids/1", Value::Null, number),
        ("PUT", "/dids/1", json!({"description": "mine"}), number),
        ("DELETE", "/dids/1", Value::Null, number),
        ("GET", "/didGroups/1", Value::Null, number),
        ("PUT", "/didGroups/1", json!({"description": "mine"}), number),
        ("DELETE", "/didGroups/1", Value::Null, number),
        ("GET", "/meetings/999999", Value::Null, number),
        ("PUT", "/meetings/999999", json!({"isSecured": true}), number),
        ("DELETE", "/meetings/999999", Value::Null, number),
        ("GET", "/meetings/999999/attributes", Value::Null, number),
        ("GET", "/meetingRooms/999999", Value::Null, number),
        (
            "PUT",
            "/meetingRooms/999999",
            json!({"description": "mine"}),
            number,
        ),
        ("DELETE", "/meetingRooms/999999", Value::Null, number),
        ("GET", "/nothing", Value::Null, number),
        ("GET", "/subscribers/none", Value::Null, sid),
        ("PUT", "/subscribers/none", json!({"details": "mine"}), sid),
        ("DELETE", "/subscribers/none", Value::Null, sid),
        ("GET", "/subscribers/none/meetingRooms", Value::Null, sid),
    ] {
        let answer = site.ask(method, path, &body);
        assert_refused(&answer, 404, message, &format!("{method} {path}"));
    }
}

/// Requests with what is wrong with them, by the status, its message and the field that is told.
const REFUSED: &[(&str, &str, u16, &str, &str)] = &[
    (
        "PUT /calls/{call}",
        r#"{"colour": 1}"#,
        400,
        "Invalid field specific",
        "colour",
    ),
    (
        "PUT /calls/{call}",
        r#"{"id": 77777777}"#,
        400,
        "Invalid field specific",
        "id",
    ),
    (
        "PUT /meetings/106131",
        r#"{"colour": 1}"#,
        400,
        "Invalid field specific",
        "colour",
    ),
    (
        "GET /dids?includeFields=colour",
        "null",
        400,
        "Invalid field specific",
        "includeFields",
    ),
    (
        "POST /meetingRooms",
        r#"{"callFlowId": 3}"#,
        400,
        "Object validation error",
        "primaryDidGroupId",
    ),
    (
        "POST /meetingRooms",
        r#"{"primaryDidGroupId": 219}"#,
        400,
        "Object validation error",
        "callFlowId",
    ),
    (
        "POST /meetingRooms",
        r#"{"primaryDidGroupId": "x", "callFlowId": 3}"#,
        400,
        "Wrong value",
        "primaryDidGroupId",
    ),
    (
        "POST /meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 1}"#,
        400,
        "Wrong value",
        "callFlowId",
    ),
    (
        "PUT /didGroups/219",
        r#"{"attributes": [{"name": "polling_dtmf_binding", "value": "*"}]}"#,
        400,
        "Wrong value",
        "attributes",
    ),
    (
        "PUT /didGroups/219",
        r#"{"attributes": [{"name": "polling_dtmf_binding", "value": "99"}]}"#,
        400,
        "Wrong value",
        "polling_dtmf_binding",
    ),
    (
        "POST /calls",
        r#"{"callee": "1", "caller": "2"}"#,
        400,
        "Object validation error",
        "accessCode",
    ),
    ("GET /dids?limit=x", "null", 400, "Wrong value", "limit"),
    ("GET /dids?limit=0", "null", 400, "Wrong value", "limit"),
    ("GET /dids?limit=1001", "null", 400, "Wrong value", "limit"),
    ("GET /dids?offset=-1", "null", 400, "Wrong value", "offset"),
    ("GET /dids?order=colour", "null", 400, "Wrong value", "order"),
    ("GET /dids?order=id%20up", "null", 400, "Wrong value", "order"),
    (
        "GET /dids?filter=id%20is%201",
        "null",
        400,
        "Wrong value",
        "filter",
    ),
    ("GET /dids?envelope=both", "null", 400, "Wrong value", "envelope"),
    ("GET /dids?colour=x", "null", 400, "Bad request", "colour"),
    (
        "POST /meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3, "meetingNumber": 106131}"#,
        409,
        "Conflict",
        "meetingNumber",
    ),
    (
        "POST /meetingRooms",
        r#"{"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"accessCode": "111", "role": 1}]}"#,
        409,
        "Conflict",
        "accessCode",
    ),
    (
        "POST /dids",
        r#"{"didGroupId": 219, "phoneNumber": "15162065319"}"#,
        409,
        "Conflict",
        "phoneNumber",
    ),
    (
        "POST /subscribers",
        r#"{"login": "demo", "password": "long enough"}"#,
        409,
        "Conflict",
        "login",
    ),
];

#[test]
fn what_is_wrong_with_a_request_is_400_and_what_is_taken_is_409_by_its_field() {
    let _turn = share();
    let site = Site::new();
    for (request, body, status, message, field) in REFUSED {
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let answer = site.ask(method, path, &serde_json::from_str(body).expect("it is JSON"));
        let request = format!("{request} {body}");
        assert_refused(&answer, *status, message, &request);
        let error = &answer.body["errors"][0];
        assert_eq!(error["field"], *field, "{request}: {error}");
        assert_ne!(error["message"].as_str().unwrap_or_default(), "", "{request}");
    }
}

/// A change of the host's call whose body is sent as it is, declared as `kind`.
fn sent(site: &Site, kind: &str, body: &str) -> Answer {
    let mut curl = site.rest().curl("PUT", &format!("/calls/{}", site.host));
    let kind = format!("Content-Type: {kind}");
    curl.args(["--header", &kind, "--data-binary", body]);
    Answer::of(curl, body)
}

#[test]
fn a_body_that_is_no_json_object_is_400_another_type_415_and_a_long_one_413() {
    let _turn = share();
    let site = Site::new();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"customName\"",
        r#"{"customName": }"#,
        r#"{"customName": "Ann"} {}"#,
    ] {
        let answer = sent(&site, "application/json", body);
        assert_refused(&answer, 400, "No JSON object could be decoded", body);
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let answer = sent(&site, kind, "{}");
        assert_refused(&answer, 415, "Unsupported media type", kind);
    }
    let file = site.bridge.file("long.json");
    for (octets, status) in [(BODY_MAX, 200), (BODY_MAX + 1, 413)] {
        let body = |text: &str| format!(r#"{{"caller": "{text}"}}"#);
        let text = body(&"x".repeat(octets - body("").len()));
        fs::write(&file, text).expect("a file is written");
        let answer = sent(&site, "application/json", &format!("@{}", file.display()));
        assert_eq!(answer.status, status, "{octets} octets: {}", answer.body);
        if status == 413 {
            assert_refused(&answer, 413, "Payload too large", "a long body");
        }
    }
}

#[test]
fn whoever_has_no_credentials_or_wrong_ones_is_401_and_whoever_guesses_429() {
    let _turn = share();
    let site = Site::new();
    let challenged = |curl: Command, message: &str, who: &str| {
        let (head, answer) = Answer::with_head(curl, who);
        assert_refused(&answer, 401, message, who);
        assert!(
            head.contains("\r\nwww-authenticate: basic realm="),
            "{who}: {head}"
        );
    };
    let by = |login: &str| site.rest().with_login(login).curl("GET", "/calls");
    challenged(by(""), "Unauthorized", "nobody");
    let mut bearer = by("");
    bearer.args(["--header", "Authorization: Bearer token"]);
    challenged(bearer, "Unauthorized", "the bearer of a token");
    challenged(
        by("demo:wrong"),
        "Bad credentials",
        "the tenant with a wrong password",
    );
    challenged(by("stranger:wrong"), "Bad credentials", "a stranger");
    let mut guesses = (0..GUESSES).map(|_| Answer::with_head(by("stranger:wrong"), "a guess"));
    let (head, answer) = guesses
        .find(|(_, answer)| answer.status != 401)
        .expect("guessing comes to an end");
    assert_refused(&answer, 429, "Too many requests", "a guess");
    let wait = head
        .split("\r\nretry-after: ")
        .nth(1)
        .expect("it says when to come back");
    let seconds = wait.split("\r\n").next().and_then(|wait| wait.parse().ok());
    assert!((1..=60).contains(&seconds.unwrap_or(0)), "{head}");
    assert_eq!(
        site.ask("GET", "/calls", &Value::Null).status,
        200,
        "others are let in"
    );
}

/// An account below the demo's tenant, with this role.
fn account(tenant: &Rest, login: &str, role: u64) -> Rest {
    let password = "correct horse battery";
    let order = json!({"login": login, "password": password, "role": role});
    let made = tenant.request("POST", "/subscribers", Some(&order));
    assert_eq!(made.status, 201, "{}", made.body);
    tenant.with_login(&format!("{login}:{password}"))
}

#[test]
fn a_role_that_may_not_is_403_and_what_is_another_tenants_404() {
    let _turn = share();
    let site = Site::new();
    let tenant = site.rest().by("demo");
    let [desk, clerk] = [("desk", 2), ("clerk", 3)].map(|(login, role)| account(&tenant, login, role));
    let room = json!({"primaryDidGroupId": 219, "callFlowId": 3});
    let did = json!({"didGroupId": 219, "phoneNumber": "15162065320"});
    let newcomer = json!({"login": "newcomer", "password": "long enough"});
    for (method, path, body) in [
        ("POST", "/dids", did),
        ("PUT", "/dids/220", json!({"description": "mine"})),
        ("DELETE", "/dids/220", Value::Null),
        ("PUT", "/didGroups/219", json!({"description": "mine"})),
        ("DELETE", "/didGroups/219", Value::Null),
        ("POST", "/subscribers", newcomer),
    ] {
        for (who, rest) in [("operator", &desk), ("regular user", &clerk)] {
            let sent = Some(&body).filter(|body| !body.is_null());
            let answer = rest.request(method, path, sent);
            assert_refused(
                &answer,
                403,
                "Forbidden",
                &format!("{method} {path} by the {who}"),
            );
        }
    }
    let answer = desk.request("POST", "/meetingRooms", Some(&room));
    assert_refused(&answer, 403, "Forbidden", "a room by the operator");
    assert_eq!(
        desk.get("/meetings/106131")["participantCount"],
        2,
        "it looks and steers"
    );
    for path in [
        "/calls/{call}",
        "/meetings/106131",
        "/meetingRooms/106131",
        "/dids/220",
        "/didGroups/219",
    ] {
        let path = path.replace("{call}", &site.host.to_string());
        let answer = clerk.request("GET", &path, None);
        assert_refused(&answer, 404, "Not found", &format!("{path} by the regular user"));
    }
    let answer = clerk.request("GET", &format!("/subscribers/{TENANT}"), None);
    assert_refused(
        &answer,
        404,
        "Cannot find object by SID",
        "the tenant by the regular user",
    );
}

/// Every address of the reference with what can be done there.
const METHODS: &[(&str, &str)] = &[
    ("/callFlows", "GET HEAD"),
    ("/callFlows/3", "GET HEAD"),
    ("/calls", "GET HEAD POST"),
    ("/calls/{call}", "DELETE GET HEAD PUT"),
    ("/dids", "GET HEAD POST"),
    ("/dids/220", "DELETE GET HEAD PUT"),
    ("/didGroups", "GET HEAD POST"),
    ("/didGroups/219", "DELETE GET HEAD PUT"),
    ("/meetings", "GET HEAD"),
    ("/meetings/106131", "DELETE GET HEAD PUT"),
    ("/meetings/106131/attributes", "GET HEAD"),
    ("/meetings/106131/attributes/conference_language", "PUT"),
    ("/meetingRooms", "GET HEAD POST"),
    ("/meetingRooms/106131", "DELETE GET HEAD PUT"),
    ("/subscribers", "GET HEAD POST"),
    ("/subscribers/{tenant}", "DELETE GET HEAD PUT"),
    ("/subscribers/{tenant}/meetingRooms", "GET HEAD POST"),
    ("/subscribers/{tenant}/meetingRooms/106131", "DELETE GET HEAD PUT"),
    (
        "/subscribers/{tenant}/meetingRooms/106131/keychain",
        "GET HEAD PUT",
    ),
    ("/cdrs", "GET HEAD"),
    ("/mdrs", "GET HEAD"),
];

#[test]
fn every_address_takes_its_methods_and_is_405_for_others() {
    let _turn = share();
    let site = Site::new();
    for (template, methods) in METHODS {
        let path = template.replace("{call}", &site.host.to_string());
        let path = path.replace("{tenant}", TENANT);
        let (head, answer) = Answer::with_head(site.rest().curl("PATCH", &path), template);
        assert_refused(&answer, 405, "Method not allowed", template);
        let allow = head.split("\r\nallow: ").nth(1).expect("it says what is allowed");
        let allow = allow.split("\r\n").next().unwrap_or_default().to_uppercase();
        let mut allowed: Vec<_> = allow
            .split(',')
            .map(str::trim)
            .filter(|name| *name != "OPTIONS")
            .collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(" "), *methods, "{template}");
        if methods.contains("GET") {
            site.get(&path);
        }
    }
}

#[test]
fn nothing_is_answered_without_tls() {
    let _turn = share();
    let site = Site::new();
    let url = site.rest().root().replace("https://", "http://");
    let mut curl = Command::new(tool("curl"));
    curl.args(["--silent", "--fail", "--max-time", "20"]);
    curl.arg(format!("{url}/openapi.json"));
    let output = curl.output().expect("curl runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "it answers {told}");
}
