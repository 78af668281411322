//! Attributes in force, and where each was set.

use model::attribute::{ATTRIBUTES, Level};
use serde_json::{Value, json};

use crate::world::World;

/// Value, `group` and origin of an attribute among all seventy.
fn named(object: &Value, name: &str) -> (String, u64, String) {
    let all = object["attributes"].as_array().unwrap();
    assert_eq!(all.len(), 70, "{object}");
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
        assert_eq!(named(&object, name), value, "{path} {name}");
    }
}

#[tokio::test]
async fn a_meeting_tells_what_was_changed_while_it_runs() {
    let world = World::new();
    let path = "/meetings/106131";
    let read = async |name| {
        named(
            &world.get("alice", &format!("{path}?effective=true")).await.json(),
            name,
        )
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
        let same = world.get("alice", &format!("{path}?effective=false")).await;
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
    for path in ["/subscribers/sid-uma", "/calls/6889184", "/dids"] {
        let reply = world.get("alice", &format!("{path}?effective=true")).await;
        assert_eq!(reply.refusal().0, 400, "{path}");
    }
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
