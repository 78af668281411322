//! What PUT may change: each field of each object, with each value that the reference names, read back as it is then.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Site;
use crate::support::until::{share, until_true};

/// A change: where, what is put, and what is read then by field or by pointer, null for what is absent; the same as was put where that is
/// empty.
type Change = (&'static str, &'static str, &'static str);

const MEETING: &str = "/meetings/106131";
const CALL: &str = "/calls/{call}";
const GUEST: &str = "/calls/{guest}";

const OF_MEETINGS: &[Change] = &[
    (MEETING, r#"{"isSecured": true}"#, ""),
    (MEETING, r#"{"isSecured": false}"#, ""),
    (MEETING, r#"{"muteMode": 36}"#, ""),
    (
        GUEST,
        r#"{"customName": "Bob"}"#,
        r#"{"customName": "Bob", "muteMode": 1}"#,
    ),
    (MEETING, r#"{"muteMode": 40}"#, ""),
    (
        GUEST,
        r#"{"customName": "Bill"}"#,
        r#"{"customName": "Bill", "muteMode": 2}"#,
    ),
    (MEETING, r#"{"muteMode": 0}"#, ""),
    (
        GUEST,
        r#"{"customName": ""}"#,
        r#"{"customName": "", "muteMode": 0}"#,
    ),
    (MEETING, r#"{"muteMode": 32}"#, ""),
    (MEETING, r#"{"holdMode": 40}"#, ""),
    (
        GUEST,
        r#"{"customName": "Bob"}"#,
        r#"{"customName": "Bob", "holdMode": 2}"#,
    ),
    (MEETING, r#"{"holdMode": 0}"#, ""),
    (MEETING, r#"{"qaMode": 1}"#, ""),
    (GUEST, r#"{"qaMode": 1}"#, ""),
    (GUEST, r#"{"qaMode": 2}"#, ""),
    (GUEST, r#"{"qaMode": 3}"#, ""),
    (GUEST, r#"{"qaMode": 0}"#, ""),
    (MEETING, r#"{"qaMode": 0}"#, ""),
    (
        MEETING,
        r#"{"pollingMode": {"status": 1}}"#,
        r#"{"pollingMode": {"status": 1, "votes": {}}}"#,
    ),
    (
        MEETING,
        r#"{"pollingMode": {"status": 2}}"#,
        r#"{"pollingMode": {"status": 2, "votes": {}}}"#,
    ),
    (
        MEETING,
        r#"{"pollingMode": {"status": 0}}"#,
        r#"{"pollingMode": null}"#,
    ),
    (MEETING, r#"{"isRecording": true}"#, ""),
    (MEETING, r#"{"isRecording": false}"#, ""),
    (
        "/meetings/106131/attributes/conference_exittones",
        r#"{"value": "off"}"#,
        "",
    ),
    (
        MEETING,
        "{}",
        r#"{"/attributes/0/name": "conference_exittones", "/attributes/0/group": 4}"#,
    ),
];

const OF_CALLS: &[Change] = &[
    (CALL, r#"{"customName": "Ann"}"#, ""),
    (CALL, r#"{"gainLevel": -7}"#, ""),
    (CALL, r#"{"gainLevel": "5"}"#, r#"{"gainLevel": 5}"#),
    (CALL, r#"{"holdMode": 2}"#, ""),
    (CALL, r#"{"holdMode": 0}"#, ""),
    (CALL, r#"{"holdMode": 40}"#, r#"{"holdMode": 2}"#),
    (CALL, r#"{"holdMode": 0}"#, ""),
    (CALL, r#"{"holdMode": -1}"#, r#"{"holdMode": 2}"#),
    (CALL, r#"{"holdMode": 0}"#, ""),
    (CALL, r#"{"muteMode": 1}"#, ""),
    (CALL, r#"{"muteMode": 2}"#, ""),
    (CALL, r#"{"muteMode": 3}"#, ""),
    (CALL, r#"{"muteMode": 0}"#, ""),
    (CALL, r#"{"muteMode": 36}"#, r#"{"muteMode": 1}"#),
    (CALL, r#"{"muteMode": 40}"#, r#"{"muteMode": 2}"#),
    (CALL, r#"{"muteMode": 32}"#, r#"{"muteMode": 0}"#),
    (CALL, r#"{"presenterMedia": 1}"#, ""),
    (CALL, r#"{"presenterMedia": 6}"#, ""),
    (CALL, r#"{"presenterMedia": "2"}"#, r#"{"presenterMedia": 2}"#),
    (CALL, r#"{"presenterMedia": 0}"#, ""),
    (CALL, r#"{"operatorMode": 0}"#, r#"{"operatorMode": null}"#),
    (CALL, r#"{"role": 3}"#, r#"{"role": 3, "accessCode": "111"}"#),
    (CALL, r#"{"role": 2}"#, ""),
    (CALL, r#"{"role": 1}"#, ""),
    (
        CALL,
        r#"{"accessCode": "222"}"#,
        r#"{"accessCode": "222", "role": 2, "meetingNumber": 106131, "state": 2, "customName": "Ann"}"#,
    ),
    (
        CALL,
        r#"{"accessCode": 111}"#,
        r#"{"accessCode": "111", "role": 1, "state": 2}"#,
    ),
];

const OF_WHAT_IS_STORED: &[Change] = &[
    ("/meetingRooms/{room}", r#"{"description": "blue"}"#, ""),
    (
        "/meetingRooms/{room}",
        r#"{"description": ""}"#,
        r#"{"description": null}"#,
    ),
    (
        "/meetingRooms/{room}",
        r#"{"attributes": [{"name": "conference_maxcalls", "value": 7}]}"#,
        r#"{"/attributes/0/name": "conference_maxcalls", "/attributes/0/value": "7", "/attributes/1": null}"#,
    ),
    (
        "/meetingRooms/{room}",
        r#"{"attributes": [{"name": "conference_maxcalls", "value": null}]}"#,
        r#"{"attributes": []}"#,
    ),
    (
        "/meetingRooms/{room}",
        r#"{"keychain": [{"accessCode": "660066", "role": 1}, {"accessCode": 770077, "role": 2}]}"#,
        r#"{"/keychain/0/accessCode": "660066", "/keychain/0/role": 1, "/keychain/1/accessCode": "770077", "/keychain/1/role": 2}"#,
    ),
    (
        "/meetingRooms/{room}",
        r#"{"didGroupReferences": [{"didGroupId": 219}, {"didGroupId": "220", "state": 1}]}"#,
        r#"{"didGroupReferences": [{"didGroupId": 219, "state": 0}, {"didGroupId": 220, "state": 1}]}"#,
    ),
    (
        "/meetingRooms/{room}",
        r#"{"primaryDidGroupId": "220"}"#,
        r#"{"primaryDidGroupId": 220}"#,
    ),
    ("/dids/221", r#"{"description": "spare"}"#, ""),
    ("/dids/221", r#"{"description": ""}"#, r#"{"description": null}"#),
    (
        "/dids/221",
        r#"{"attributes": [{"name": "call_delay", "value": "3"}]}"#,
        r#"{"/attributes/0/value": "3", "/attributes/0/group": 3, "/attributes/0/type": 2}"#,
    ),
    ("/dids/221", r#"{"didGroupId": "219"}"#, r#"{"didGroupId": 219}"#),
    ("/dids/221", r#"{"phoneNumber": "15162065398"}"#, ""),
    (
        "/dids/221",
        r#"{"phoneNumber": 15162065399}"#,
        r#"{"phoneNumber": "15162065399"}"#,
    ),
    (
        "/didGroups/220",
        r#"{"name": "spectel", "description": "spare"}"#,
        "",
    ),
    ("/didGroups/220", r#"{"description": ""}"#, ""),
    (
        "/didGroups/220",
        r#"{"attributes": [{"name": "conference_language", "value": "DE"}]}"#,
        r#"{"/attributes/0/value": "DE"}"#,
    ),
    ("/didGroups/220", r#"{"callFlowId": "3"}"#, r#"{"callFlowId": 3}"#),
    (
        "/subscribers/{sid}",
        r#"{"details": "a", "email": "b@example.com", "ext": "12", "firstName": "C", "lastName": "D"}"#,
        "",
    ),
    (
        "/subscribers/{sid}",
        r#"{"phoneNumber": "15162065300", "login": "clark", "role": 2}"#,
        "",
    ),
    (
        "/subscribers/{sid}",
        r#"{"password": "another long one"}"#,
        r#"{"password": null, "login": "clark"}"#,
    ),
    (
        "/subscribers/{sid}",
        r#"{"eventCallbackUrl": "https://events.example.com/a"}"#,
        r#"{"/callback/url": "https://events.example.com/a", "eventCallbackUrl": null}"#,
    ),
    (
        "/subscribers/{sid}",
        r#"{"eventCallbackUrl": null}"#,
        r#"{"/callback": null}"#,
    ),
    (
        "/subscribers/{sid}",
        r#"{"callback": {"url": "https://events.example.com/b"}}"#,
        r#"{"/callback/url": "https://events.example.com/b"}"#,
    ),
    ("/subscribers/{sid}", r#"{"callback": null}"#, ""),
    (
        "/subscribers/{sid}",
        r#"{"didGroupReferences": [{"didGroupId": 219, "state": 1}]}"#,
        "",
    ),
    (
        "/subscribers/{sid}",
        r#"{"meetingRooms": [{"primaryDidGroupId": 219, "callFlowId": 3, "description": "mine"}]}"#,
        r#"{"/meetingRooms/0/description": "mine", "/meetingRooms/0/primaryDidGroupId": 219}"#,
    ),
];

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What was expected is there.
fn assert_has(found: &Value, expected: &Map<String, Value>, change: &str) {
    for (field, value) in expected {
        let pointer = format!("/{}", field.trim_start_matches('/'));
        let found = found.pointer(&pointer).unwrap_or(&Value::Null);
        assert_eq!(found, value, "{change}: {field}");
    }
}

/// Puts one after another; each is answered with what is read afterwards, too.
fn make(site: &Site, changes: &[Change], named: impl Fn(&str) -> String) {
    for (path, body, expected) in changes {
        let path = named(path);
        let expected = json_of(if expected.is_empty() { body } else { expected });
        let expected = expected.as_object().expect("an object");
        let answer = site.ask("PUT", &path, &json_of(body));
        let change = format!("PUT {path} {body}");
        assert_eq!(answer.status, 200, "{change}: {}", answer.body);
        assert_has(&answer.body, expected, &change);
        if !path.contains("/attributes/") {
            assert_has(&site.get(&path), expected, &change);
        }
    }
}

#[test]
fn every_field_of_a_call_and_of_a_meeting_that_put_may_change_is_changed() {
    let _turn = share();
    let site = Site::new();
    make(&site, OF_MEETINGS, str::to_owned);
    make(&site, OF_CALLS, str::to_owned);
}

#[test]
fn what_a_call_is_by_itself_is_taken_and_changes_nothing() {
    let _turn = share();
    let site = Site::new();
    let without_duration = || {
        let mut call = site.get(CALL);
        call.as_object_mut().expect("an object").remove("duration");
        call
    };
    let before = without_duration();
    let body = json!({
        "addressFrom": "x", "addressTo": "x", "callee": "1", "caller": "2", "codec": "opus", "connectionStatus": 1,
        "nodeName": "x", "state": 3
    });
    let answer = site.ask("PUT", CALL, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(without_duration(), before);
}

#[test]
fn an_attribute_of_a_meeting_is_changed_for_as_long_as_it_lasts_and_counters_are_not() {
    let _turn = share();
    let site = Site::new();
    let put = |name: &str, value: Value| {
        let path = format!("{MEETING}/attributes/{name}");
        site.ask("PUT", &path, &json!({ "value": value }))
    };
    let read = |name: &str| {
        let all = site.get("/meetings/106131/attributes");
        let found = all.as_array().expect("a bare array").iter();
        let mut found = found.filter(|attribute| attribute["name"] == name);
        found.next().unwrap_or_else(|| panic!("no {name}"))["value"].clone()
    };
    for (name, value, expected) in [
        ("conference_exittones", json!("off"), "off"),
        ("conference_exittones", Value::Null, "on"),
        ("conference_maxcalls", json!(7), "7"),
        ("conference_maxcalls", Value::Null, "1000"),
    ] {
        let answer = put(name, value);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert_eq!(answer.body, json!({"name": name, "value": expected}));
        assert_eq!(read(name), expected, "{name}");
    }
    for (name, status) in [
        ("conf_participants_count", 400),
        ("conf_hosts_count", 400),
        ("conf_listeners_count", 400),
        ("participant_list", 400),
        ("call_delay", 400),
        ("colour", 404),
    ] {
        let answer = put(name, json!("1"));
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
}

#[test]
fn a_meeting_waits_is_started_and_is_stopped_by_its_state() {
    let _turn = share();
    let site = Site::new();
    let order = json!({
        "primaryDidGroupId": 219, "callFlowId": 3, "attributes": [{"name": "conference_start_how", "value": "explicit"}],
        "keychain": [{"accessCode": "880088", "role": 2}]
    });
    let made = site.ask("POST", "/meetingRooms", &order);
    assert_eq!(made.status, 201, "{}", made.body);
    let number = made.body["meetingNumber"].clone();
    let path = format!("/meetings/{number}");
    let mut phone = site.enter("880088#");
    let waits = |call: &Value| call["meetingNumber"] == number;
    let call = site.rest().wait_for("/calls", "the call waits", waits);
    assert_eq!((&call["state"], &call["role"]), (&json!(1), &json!(2)));
    let meeting = site.get(&path);
    assert_eq!(
        (&meeting["state"], &meeting["participantCount"]),
        (&json!(1), &json!(0))
    );
    let started = site.ask("PUT", &path, &json!({"state": 2}));
    assert_eq!((started.status, &started.body["state"]), (200, &json!(2)));
    assert_eq!(started.body["participantCount"], 1);
    assert_eq!(site.get(&format!("/calls/{}", call["id"]))["state"], 2);
    let stopped = site.ask("PUT", &path, &json!({"state": 3}));
    assert_eq!((stopped.status, &stopped.body["state"]), (200, &json!(3)));
    phone.wait_for_bye();
    until_true("the meeting is over", Duration::from_secs(10), || {
        site.ask("GET", &path, &Value::Null).status == 404
    });
}

#[test]
fn every_field_of_what_is_stored_that_put_may_change_is_changed() {
    let _turn = share();
    let site = Site::new();
    let order = json!({"primaryDidGroupId": 219, "callFlowId": 3});
    let room = site.ask("POST", "/meetingRooms", &order).body["meetingNumber"].to_string();
    let order = json!({"login": "clerk", "password": "one long enough"});
    let made = site.ask("POST", "/subscribers", &order);
    let sid = made.body["sid"].as_str().expect("a sid").to_owned();
    let own = format!("/subscribers/{sid}");
    let by = |login: &str| site.rest().with_login(login).request("GET", &own, None).status;
    assert_eq!(by("clerk:one long enough"), 200);
    make(&site, OF_WHAT_IS_STORED, |path| {
        path.replace("{room}", &room).replace("{sid}", &sid)
    });
    assert_eq!(
        [
            by("clerk:one long enough"),
            by("clark:one long enough"),
            by("clark:another long one")
        ],
        [401, 401, 200],
        "login and password are the new ones"
    );
    renumbered(&site, &room);
}

/// A code that stays keeps its id, those that are not named go, one that is left out is made; and a room has another number.
fn renumbered(site: &Site, room: &str) {
    let path = format!("/meetingRooms/{room}");
    let before = site.get(&path)["keychain"].clone();
    let body =
        json!({"keychain": [{"role": 3}, {"accessCode": "660066", "role": 2}], "meetingNumber": 654_321});
    let answer = site.ask("PUT", &path, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(site.ask("GET", &path, &Value::Null).status, 404);
    let after = site.get("/meetingRooms/654321");
    assert_eq!(after, answer.body);
    let kept = json!({"accessCode": "660066", "id": before[0]["id"], "role": 2});
    assert_eq!(
        (&after["keychain"][1], after["keychain"][2].is_null()),
        (&kept, true)
    );
    let made = after["keychain"][0]["accessCode"].as_str().expect("a code");
    assert!(
        made.len() >= 9 && made.bytes().all(|digit| digit.is_ascii_digit()),
        "{made}"
    );
    assert_ne!(before[1]["id"], after["keychain"][0]["id"]);
    let deleted = site.ask("DELETE", "/meetingRooms/654321", &Value::Null);
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
}
