//! Attributes in force, and where each was set.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::attribute::{ATTRIBUTES, Level};
use model::{CallState, CallView};
use serde_json::{Value, json};

use crate::contract::DOCUMENT;
use crate::fixture;
use crate::world::World;

/// Value, `group` and origin of an attribute among all seventy.
fn named(attributes: &Value, name: &str) -> (String, u64, String) {
    let all = attributes.as_array().unwrap();
    assert_eq!(all.len(), 70, "{attributes}");
    assert!(
        all.iter()
            .all(|a| a["origin"].is_string() && a["description"].is_string())
    );
    let found = all.iter().find(|a| a["name"] == name).unwrap();
    let text = |field: &str| found[field].as_str().unwrap().to_owned();
    (text("value"), found["group"].as_u64().unwrap(), text("origin"))
}

fn expected(value: &str, group: u64, origin: &str) -> (String, u64, String) {
    (value.into(), group, origin.into())
}

/// A group, one of its DIDs and its room that override each other.
async fn layered() -> World {
    let world = World::new();
    for (path, name, value) in [
        ("/didGroups/219", "call_delay", "2"),
        ("/didGroups/219", "conference_maxcalls", "50"),
        ("/didGroups/219", "conference_start_how", "moderator"),
        ("/dids/220", "call_delay", "5"),
        ("/meetingRooms/106131", "conference_maxcalls", "9"),
    ] {
        let body = json!({"attributes": [{"name": name, "value": value}]}).to_string();
        assert_eq!(world.put("alice", path, &body).await.status, 200, "{path}");
    }
    world
}

#[tokio::test]
async fn each_object_tells_what_is_in_force_and_which_level_says_so() {
    let world = layered().await;
    for (path, name, value) in [
        ("/didGroups/219", "call_delay", expected("2", 3, "DID group")),
        (
            "/didGroups/219",
            "conference_maxcalls",
            expected("50", 5, "DID group"),
        ),
        (
            "/didGroups/219",
            "call_operator_after",
            expected("3", 1, "call flow"),
        ),
        ("/dids/220", "call_delay", expected("5", 3, "DID")),
        ("/dids/221", "call_delay", expected("2", 3, "DID group")),
        ("/dids/220", "conference_maxcalls", expected("50", 5, "DID group")),
        ("/dids/220", "call_operator_after", expected("3", 1, "call flow")),
        (
            "/meetingRooms/106131",
            "conference_maxcalls",
            expected("9", 5, "meeting room"),
        ),
        (
            "/meetingRooms/273751",
            "conference_maxcalls",
            expected("50", 5, "DID group"),
        ),
        (
            "/meetingRooms/106131",
            "conference_start_how",
            expected("moderator", 5, "DID group"),
        ),
        (
            "/meetingRooms/106131",
            "conference_exittones",
            expected("on", 5, "call flow"),
        ),
        (
            "/subscribers/sid-alice/meetingRooms/106131",
            "conference_maxcalls",
            expected("9", 5, "meeting room"),
        ),
    ] {
        let object = world.get("alice", &format!("{path}?effective=true")).await.json();
        assert_eq!(named(&object["attributes"], name), value, "{path} {name}");
    }
}

/// Calls that are in no meeting: in the menu of a DID, in that of a number that is gone, called for a room, and the operator's.
fn on_their_way(world: &World) {
    let menu = |id, callee: &str| CallView {
        access_code: String::new(),
        callee: callee.into(),
        joined_ms: None,
        role: None,
        state: CallState::Menu,
        ..fixture::call(id, None, "alice")
    };
    let called = |id, code: &str| CallView {
        access_code: code.into(),
        outbound: true,
        state: CallState::Ringing,
        ..menu(id, "14165550123")
    };
    let mut state = world.backend.state();
    let mut live = (*state.live).clone();
    for call in [
        menu(1, "15162065319"),
        menu(2, "15162065399"),
        // A number of another tenant, to which it was given meanwhile.
        menu(3, "15162065400"),
        called(4, "111"),
        called(5, ""),
    ] {
        live.calls.insert(call.leg, Arc::new(call));
    }
    state.live = Arc::new(live);
}

#[tokio::test]
async fn a_call_shows_what_is_in_force_in_its_meeting_and_before_that_for_its_room_or_number() {
    let world = layered().await;
    on_their_way(&world);
    let other = json!({"attributes": [{"name": "call_delay", "value": "4"}]}).to_string();
    assert_eq!(world.put("bob", "/dids/320", &other).await.status, 200);
    let attribute = "/meetings/106131/attributes/conference_entrytones";
    assert_eq!(
        world.put("alice", attribute, r#"{"value": "off"}"#).await.status,
        200
    );
    for (call, name, value) in [
        (6_889_184, "conference_entrytones", expected("off", 4, "meeting")),
        (
            6_889_184,
            "conference_distributed",
            expected("on", 1, "DID group"),
        ),
        // The meeting began before its room and group were changed.
        (6_889_184, "conference_maxcalls", expected("1000", 1, "call flow")),
        (1, "call_delay", expected("5", 3, "DID")),
        (1, "conference_maxcalls", expected("50", 5, "DID group")),
        (2, "call_delay", expected("2", 3, "DID group")),
        (3, "call_delay", expected("2", 3, "DID group")),
        (4, "conference_maxcalls", expected("9", 5, "meeting room")),
        (4, "call_delay", expected("2", 3, "DID group")),
        (5, "conference_maxcalls", expected("50", 5, "DID group")),
        (5, "call_operator_after", expected("3", 1, "call flow")),
    ] {
        let path = format!("/calls/{call}?effective=true");
        let object = world.get("alice", &path).await.json();
        assert_eq!(named(&object["attributes"], name), value, "{call} {name}");
    }
    let meeting = world.get("alice", "/meetings/106131?effective=true").await.json();
    let call = world.get("alice", "/calls/6889184?effective=true").await.json();
    assert_eq!(call["attributes"], meeting["attributes"]);
}

#[tokio::test]
async fn call_flows_and_subscribers_show_it_where_their_attributes_stand() {
    let world = layered().await;
    for (path, pointer, name, value) in [
        (
            "/callFlows/3",
            "/attributeTemplates",
            "conference_maxcalls",
            expected("1000", 5, "call flow"),
        ),
        (
            "/subscribers/sid-alice",
            "/meetingRooms/0/attributes",
            "conference_maxcalls",
            expected("9", 5, "meeting room"),
        ),
        (
            "/subscribers/sid-uma",
            "/meetingRooms/0/attributes",
            "conference_start_how",
            expected("moderator", 5, "DID group"),
        ),
        (
            "/subscribers/sid-uma",
            "/meetingRooms/0/attributes",
            "conference_exittones",
            expected("on", 5, "call flow"),
        ),
    ] {
        let object = world.get("alice", &format!("{path}?effective=true")).await.json();
        assert_eq!(
            named(object.pointer(pointer).unwrap(), name),
            value,
            "{path} {name}"
        );
    }
}

/// Lists that show what is in force, by what their objects are addressed, and where.
const LISTS: &[(&str, &str, &str)] = &[
    ("/callFlows", "id", "/callFlows"),
    ("/calls", "id", "/calls"),
    ("/didGroups", "id", "/didGroups"),
    ("/dids", "id", "/dids"),
    ("/meetingRooms", "meetingNumber", "/meetingRooms"),
    ("/meetings", "meetingNumber", "/meetings"),
    ("/meetings/106131/calls", "id", "/calls"),
    ("/subscribers", "sid", "/subscribers"),
    (
        "/subscribers/sid-uma/meetingRooms",
        "meetingNumber",
        "/subscribers/sid-uma/meetingRooms",
    ),
];

#[tokio::test]
async fn lists_show_of_each_object_what_is_shown_at_its_own_address() {
    let world = layered().await;
    on_their_way(&world);
    for (list, id, address) in LISTS {
        for order in [String::new(), format!("&order={id}%20desc")] {
            let path = format!("{list}?effective=true&limit=100{order}");
            let page = world.get("alice", &path).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty(), "{path}");
            for item in items {
                let key = item[id].to_string().replace('"', "");
                let alone = world
                    .get("alice", &format!("{address}/{key}?effective=true"))
                    .await;
                assert_eq!(*item, alone.json(), "{path}");
            }
            assert!(page.to_string().contains(r#""origin""#), "{path}");
        }
        let plain = world.get("alice", list).await;
        assert!(!plain.text.contains("\"origin\""), "{list}");
    }
}

#[tokio::test]
async fn a_page_of_what_is_in_force_is_short_and_says_so() {
    let world = World::new();
    for (list, ..) in LISTS {
        let long = world
            .get("alice", &format!("{list}?effective=true&limit=101"))
            .await;
        assert_eq!(
            long.refusal(),
            (400, "Wrong value".into(), "limit".into()),
            "{list}"
        );
        assert!(long.text.contains("from 1 to 100"), "{}", long.text);
        let plain = format!("{list}?effective=false&limit=1000");
        assert_eq!(world.get("alice", &plain).await.status, 200, "{list}");
    }
    let first = world.get("alice", "/dids?effective=true&limit=1").await.json();
    let next = first["pagination"]["next"].as_str().unwrap();
    assert!(next.contains("effective=true"), "{next}");
}

#[tokio::test]
async fn what_has_no_attributes_says_which_objects_have() {
    let world = World::new();
    for path in [
        "/audit",
        "/calls/6889184/quality",
        "/cdrs",
        "/mdrs",
        "/meetings/106131/attributes",
        "/meetings/106131/quality",
        "/subscribers/sid-uma/meetingRooms/273751/keychain",
        "/webhooks",
        "/webhooks/whk_1",
    ] {
        let reply = world.get("alice", &format!("{path}?effective=true")).await;
        assert_eq!(
            reply.refusal(),
            (400, "Bad request".into(), "effective".into()),
            "{path}"
        );
        let message = reply.json()["errors"][0]["message"].to_string();
        for (list, ..) in LISTS.iter().filter(|(list, ..)| list.matches('/').count() == 1) {
            assert!(message.contains(&list[1..]), "{message}");
        }
    }
    let changed = world.put("alice", "/dids/220?effective=true", "{}").await;
    assert_eq!(changed.refusal().2, "effective");
    let unknown = world.get("alice", "/cdrs?colour=true").await.json();
    assert_eq!(unknown["errors"][0]["message"], "there is no such parameter");
}

#[test]
fn it_is_documented_where_it_works() {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let taken = paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.filter_map(move |(method, operation)| {
            let parameters = operation["parameters"].as_array().unwrap();
            let reference = json!({"$ref": "#/components/parameters/effective"});
            parameters
                .contains(&reference)
                .then(|| format!("{method} {path}"))
        })
    });
    let below = |path: &str| format!("get /conference/v1{path}");
    let singles = [
        "/callFlows/{id}",
        "/calls/{id}",
        "/didGroups/{id}",
        "/dids/{id}",
        "/meetingRooms/{number}",
        "/meetings/{number}",
        "/subscribers/{sid}",
        "/subscribers/{sid}/meetingRooms/{number}",
    ];
    let lists = LISTS.iter().map(|(list, ..)| {
        let list = list.replace("106131", "{number}");
        below(&list.replace("sid-uma", "{sid}"))
    });
    let expected: BTreeSet<_> = singles.into_iter().map(below).chain(lists).collect();
    assert_eq!(taken.collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn a_meeting_tells_what_was_changed_while_it_runs() {
    let world = World::new();
    let path = "/meetings/106131";
    let read = async |name| {
        let object = world.get("alice", &format!("{path}?effective=true")).await.json();
        named(&object["attributes"], name)
    };
    assert_eq!(
        read("conference_distributed").await,
        expected("on", 1, "DID group")
    );
    assert_eq!(
        read("conference_maxcalls").await,
        expected("1000", 1, "call flow")
    );
    let attribute = format!("{path}/attributes/conference_maxcalls");
    assert_eq!(
        world.put("alice", &attribute, r#"{"value": 7}"#).await.status,
        200
    );
    assert_eq!(read("conference_maxcalls").await, expected("7", 4, "meeting"));
}

#[tokio::test]
async fn without_it_objects_show_what_they_set_themselves() {
    let world = layered().await;
    for path in [
        "/didGroups/219",
        "/dids/220",
        "/meetingRooms/106131",
        "/meetings/106131",
    ] {
        let plain = world.get("alice", path).await;
        assert!(!plain.text.contains("\"origin\""), "{path}");
        assert!(plain.json()["attributes"].as_array().unwrap().len() < 4, "{path}");
        let same = world.get("alice", &format!("{path}?effective=False")).await;
        assert_eq!(plain, same, "{path}");
        let short = world
            .get(
                "alice",
                &format!("{path}?effective=true&include_fields=attributes"),
            )
            .await
            .json();
        assert_eq!(short.as_object().unwrap().len(), 1, "{path}");
        let wrong = world.get("alice", &format!("{path}?effective=yes")).await;
        assert_eq!(wrong.refusal(), (400, "Wrong value".into(), "effective".into()));
    }
    let call = world.get("alice", "/calls/6889184").await.json();
    assert_eq!(call["attributes"], Value::Null);
}

#[tokio::test]
async fn what_is_in_force_is_not_taken_for_what_an_object_sets_itself() {
    let world = layered().await;
    let read = world.get("alice", "/dids/220?effective=true").await;
    let back = world.put("alice", "/dids/220", &read.text).await;
    assert_eq!(
        back.refusal(),
        (400, "Invalid field specific".into(), "origin".into())
    );
}

#[tokio::test]
async fn each_attribute_is_taken_where_it_may_be_set_and_refused_by_name_elsewhere() {
    let world = World::new();
    for row in ATTRIBUTES {
        for (level, path) in [
            (Level::Group, "/didGroups/219"),
            (Level::Did, "/dids/220"),
            (Level::Room, "/meetingRooms/106131"),
        ] {
            let body = json!({"attributes": [{"name": row.name, "value": row.default}]});
            let reply = world.put("alice", path, &body.to_string()).await;
            if row.levels.allow(level) {
                assert_eq!(reply.status, 200, "{} at {path}: {}", row.name, reply.text);
                let object = reply.json();
                let mut attributes = object["attributes"].as_array().unwrap().iter();
                let set = attributes.find(|attribute| attribute["name"] == row.name);
                assert_eq!(set.unwrap()["value"], row.default, "{} at {path}", row.name);
            } else {
                let (status, _, field) = reply.refusal();
                assert_eq!((status, field.as_str()), (400, row.name), "{path}");
            }
        }
    }
}
