//! The requests that the reference shows, as it shows them.

use serde_json::{Value, json};

use super::shape::{LIST, NUMBER, TEXT, TEXT_OR_NONE, TIME, assert_shape};
use super::{CALLER, DIALLED, Site};
use crate::support::until::share;

fn call(role: u64, code: &str) -> Value {
    json!({
        "accessCode": code, "addressFrom": TEXT, "addressTo": TEXT_OR_NONE, "bridgeName": TEXT, "callee": DIALLED,
        "caller": CALLER, "codec": "PCMU", "connectionStatus": 0, "created": TIME, "customName": "", "duration": NUMBER,
        "gainLevel": 0, "holdMode": 0, "id": NUMBER, "joined": TIME, "meetingNumber": 106_131, "muteMode": 0,
        "nodeName": TEXT, "presenterMedia": 0, "qaMode": 0, "role": role, "state": 2
    })
}

fn did(id: u64, group: u64, number: &str) -> Value {
    json!({
        "attributes": [], "countryCode": "US", "description": TEXT, "didGroupId": group, "id": id, "phoneNumber": number,
        "state": -1
    })
}

fn group(id: u64, flow: u64, did: Value) -> Value {
    json!({
        "attributes": [], "callFlowId": flow, "description": TEXT, "dids": [did], "id": id, "name": TEXT, "state": -1,
        "subscriberSid": TEXT
    })
}

fn meeting() -> Value {
    json!({
        "attributes": LIST, "created": TIME, "duration": NUMBER, "holdMode": 0, "id": NUMBER, "isRecording": false,
        "isSecured": false, "meetingNumber": 106_131, "muteMode": 32, "participantCount": 2, "qaMode": 0, "state": 2,
        "subscriberName": "John Smith", "type": NUMBER
    })
}

fn room(number: Value, description: &str) -> Value {
    let mut room = json!({
        "attributes": [], "created": TIME, "didGroupReferences": [{"didGroupId": 219, "state": 0}], "keychain": [],
        "meetingNumber": number, "primaryDidGroupId": 219, "subscriberSid": TEXT
    });
    if !description.is_empty() {
        room["description"] = description.into();
    }
    room
}

fn list(name: &str, objects: Value) -> Value {
    let count = objects.as_array().map_or(0, Vec::len);
    json!({name: objects, "last": count.saturating_sub(1), "offset": 0, "total": count})
}

#[test]
fn every_example_of_the_reference_is_answered_as_it_shows() {
    let _turn = share();
    let mut site = Site::new();
    let (first, second) = (did(220, 219, "15162065319"), did(221, 220, "15162065318"));
    let flow = |id: u64, name: &str| json!({"id": id, "name": name, "path": TEXT});
    let null = Value::Null;
    for (path, expected) in [
        (
            "/callFlows?excludeFields=attributeTemplates",
            list("callFlows", json!([flow(1, "SPECTEL"), flow(3, "CONF")])),
        ),
        (
            "/callFlows/1?excludeFields=attributeTemplates",
            flow(1, "SPECTEL"),
        ),
        ("/calls", list("calls", json!([call(1, "111"), call(2, "222")]))),
        ("/calls/{call}", call(1, "111")),
        ("/dids", list("dids", json!([first, second]))),
        ("/dids/220", first.clone()),
        (
            "/didGroups",
            list(
                "didGroups",
                json!([group(219, 3, first.clone()), group(220, 1, second.clone())]),
            ),
        ),
        ("/didGroups/219", group(219, 3, first.clone())),
        ("/meetings", list("meetings", json!([meeting()]))),
        ("/meetings/106131", meeting()),
    ] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let asked = match expected.get("total") {
            Some(_) => format!("{path}{separator}envelope=collection"),
            None => path.to_owned(),
        };
        let answer = site.ask("GET", &asked, &null);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_shape(&answer.body, &expected, path);
    }
    attributes_of_a_meeting(&site);
    changes(&site);
    rooms(&site);
    ends(&mut site);
}

/// The page of the pagination's own example: what lies behind the end is empty and links back.
#[test]
fn a_page_behind_the_end_links_back() {
    let _turn = share();
    let site = Site::new();
    let page = site
        .ask("GET", "/dids?offset=2&limit=4&envelope=items", &Value::Null)
        .body;
    let previous = page["pagination"]["previous"]
        .as_str()
        .expect("a link")
        .to_owned();
    assert!(previous.ends_with("limit=4&offset=0"), "{previous}");
    let expected = json!({
        "count": 0, "has_more": false, "items": [], "limit": 4, "offset": 2, "pagination": {"previous": TEXT}, "total": 2
    });
    assert_shape(&page, &expected, "page");
}

fn attributes_of_a_meeting(site: &Site) {
    let bare = site
        .ask("GET", "/meetings/106131/attributes?limit=5", &Value::Null)
        .body;
    let pair = json!({"name": TEXT, "value": TEXT});
    assert_shape(&bare, &json!([pair, pair, pair, pair, pair]), "attributes");
    let all = site.ask("GET", "/meetings/106131/attributes", &Value::Null).body;
    let value = |name: &str| {
        let all = all.as_array().expect("a bare array");
        let found = all.iter().find(|attribute| attribute["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))["value"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    for (name, expected) in [
        ("conference_exittones", "on"),
        ("conference_qa_policy", "p"),
        ("conf_participants_count", "1"),
        ("conf_hosts_count", "1"),
        ("conf_listeners_count", "0"),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    let participants = value("participant_list");
    let codes: Vec<_> = participants
        .split(',')
        .map(|one| one.split(':').next_back())
        .collect();
    assert_eq!(codes, [Some("'111'"), Some("'222'")], "{participants}");
}

fn changes(site: &Site) {
    let named = site.ask("PUT", "/calls/{call}", &json!({"customName": "name"}));
    assert_eq!((named.status, &named.body["customName"]), (200, &json!("name")));
    let poll = site.ask("PUT", "/meetings/106131", &json!({"pollingMode": {"status": 2}}));
    assert_eq!(poll.status, 200, "{}", poll.body);
    assert_shape(&poll.body, &meeting(), "PUT /meetings/106131");
    for (body, message, field) in [
        (json!({"colour": 1}), "Invalid field specific", "colour"),
        (json!({"gainLevel": "loud"}), "Wrong value", "gainLevel"),
    ] {
        let refused = site.ask("PUT", "/calls/{call}", &body);
        assert_eq!((refused.status, refused.body["code"].as_u64()), (400, Some(400)));
        assert_eq!(refused.body["message"], message);
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
}

fn rooms(site: &Site) {
    let made = site.ask(
        "POST",
        "/meetingRooms",
        &json!({"primaryDidGroupId": 219, "callFlowId": 3}),
    );
    assert_eq!(made.status, 201, "{}", made.body);
    assert_shape(&made.body, &room(json!(NUMBER), ""), "POST /meetingRooms");
    let number = made.body["meetingNumber"].clone();
    let path = format!("/meetingRooms/{number}");
    let without = |field: &str, mut room: Value| {
        room.as_object_mut().expect("an object").remove(field);
        room
    };
    let read = site
        .ask("GET", &format!("{path}?excludeFields=attributes"), &Value::Null)
        .body;
    assert_shape(
        &read,
        &without("attributes", room(number.clone(), "")),
        "GET a room",
    );
    let filter = format!(
        "/meetingRooms?excludeFields=attributes&envelope=collection&filter=meetingNumber%20eq%20{number}"
    );
    let listed = site.ask("GET", &filter, &Value::Null).body;
    let expected = list(
        "meetingRooms",
        json!([without("attributes", room(number.clone(), ""))]),
    );
    assert_shape(&listed, &expected, "GET /meetingRooms");
    let put = site.ask("PUT", &path, &json!({"description": "Another description"}));
    assert_eq!(put.status, 200);
    assert_shape(&put.body, &room(number, "Another description"), "PUT a room");
    assert_eq!(site.ask("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(site.ask("GET", &path, &Value::Null).status, 404);
    for (body, message) in [
        (json!({}), "Object validation error"),
        (json!({"primaryDidGroupId": 1, "callFlowId": 3}), "Wrong value"),
    ] {
        let refused = site.ask("POST", "/meetingRooms", &body);
        assert_eq!(
            (refused.status, refused.body["message"].as_str()),
            (400, Some(message))
        );
    }
}

/// The calls, and at last the meeting.
fn ends(site: &mut Site) {
    assert_eq!(site.ask("DELETE", "/calls/{call}", &Value::Null).status, 204);
    assert_eq!(site.ask("GET", "/calls/{call}", &Value::Null).status, 404);
    site.phones.remove(0).wait_for_bye();
    assert_eq!(site.ask("DELETE", "/meetings/106131", &Value::Null).status, 204);
    site.phones.remove(0).wait_for_bye();
    let gone = site.ask("GET", "/meetings/106131", &Value::Null);
    assert_eq!((gone.status, &gone.body["message"]), (404, &json!("Not found")));
}
