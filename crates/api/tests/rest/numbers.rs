//! DIDs and their groups are made, changed and deleted.

use model::DidGroupId;
use model::directory::{Edit, SubscriberRole};
use serde_json::{Value, json};

use crate::fixture;
use crate::world::{Reply, World};

const NEW_DID: &str = r#"{"phoneNumber": "442071838750", "didGroupId": 219}"#;

fn values(object: &Value) -> Vec<String> {
    let list = object["attributes"].as_array().unwrap();
    let pairs = list
        .iter()
        .map(|a| format!("{}={}", a["name"], a["value"]).replace('"', ""));
    pairs.collect()
}

fn refused(reply: &Reply) -> (u16, String, String) {
    reply.refusal()
}

#[tokio::test]
async fn a_did_is_made_with_an_id_of_its_own_and_can_be_dialled() {
    let world = World::new();
    let body = r#"{"phoneNumber": 442071838750, "didGroupId": "219", "countryCode": "GB", "description": "London",
        "attributes": [{"name": "call_delay", "value": 3}]}"#;
    let reply = world.post("alice", "/dids", body).await;
    let did = reply.json();
    assert_eq!(reply.status, 201, "{did}");
    let expected = json!({"countryCode": "GB", "description": "London", "didGroupId": 219, "id": 1001,
        "phoneNumber": "442071838750", "state": -1, "attributes": did["attributes"]});
    assert_eq!(did, expected);
    assert_eq!(values(&did), ["call_delay=3"]);
    assert_eq!(world.get("alice", "/dids/1001").await.json(), did);
    let directory = world.backend.state().directory.clone();
    assert_eq!(directory.dialled("+44 20 7183 8750").unwrap().did.id.0, 1001);
}

#[tokio::test]
async fn the_country_of_a_did_is_that_of_its_group_unless_it_is_sent() {
    let world = World::new();
    let country = async |body: &str| world.post("alice", "/dids", body).await.json()["countryCode"].take();
    assert_eq!(country(NEW_DID).await, "US");
    let german = r#"{"attributes": [{"name": "conference_country", "value": "DE"}]}"#;
    assert_eq!(world.put("alice", "/didGroups/219", german).await.status, 200);
    assert_eq!(country(&NEW_DID.replace("8750", "8751")).await, "DE");
}

#[tokio::test]
async fn what_is_wrong_with_a_did_is_said_by_field_and_spends_no_id() {
    let world = World::new();
    let good = |more: &str| NEW_DID.replace('}', &format!(", {more}}}"));
    for (body, code, message, field) in [
        ("{}".to_owned(), 400, "Object validation error", "didGroupId"),
        (
            r#"{"didGroupId": 219}"#.to_owned(),
            400,
            "Object validation error",
            "phoneNumber",
        ),
        (NEW_DID.replace("219", "\"x\""), 400, "Wrong value", "didGroupId"),
        (
            NEW_DID.replace("442071838750", "+442071838750"),
            400,
            "Wrong value",
            "phoneNumber",
        ),
        (
            NEW_DID.replace("442071838750", "1"),
            400,
            "Wrong value",
            "phoneNumber",
        ),
        (
            NEW_DID.replace("442071838750", "15162065319"),
            409,
            "Conflict",
            "phoneNumber",
        ),
        (
            NEW_DID.replace("442071838750", "15162065400"),
            409,
            "Conflict",
            "phoneNumber",
        ),
        (good(r#""countryCode": "gb""#), 400, "Wrong value", "countryCode"),
        (good(r#""countryCode": "GBR""#), 400, "Wrong value", "countryCode"),
        (good(r#""description": 5"#), 400, "Wrong value", "description"),
        (good(r#""id": 5"#), 400, "Invalid field specific", "id"),
        (good(r#""colour": 1"#), 400, "Invalid field specific", "colour"),
        (
            good(r#""attributes": [{"name": "conference_maxcalls", "value": 5}]"#),
            400,
            "Wrong value",
            "conference_maxcalls",
        ),
        (
            good(r#""attributes": [{"name": "call_delay", "value": "soon"}]"#),
            400,
            "Wrong value",
            "call_delay",
        ),
    ] {
        let reply = world.post("alice", "/dids", &body).await;
        assert_eq!(refused(&reply), (code, message.into(), field.into()), "{body}");
    }
    let both = world.post("alice", "/dids", "{}").await.json();
    assert_eq!(both["errors"].as_array().unwrap().len(), 2);
    let state = world.backend.state();
    assert_eq!((state.ids, state.edits.len()), (1000, 0));
}

#[tokio::test]
async fn a_did_changes_by_field_and_can_be_sent_back_as_it_was_read() {
    let world = World::new();
    world.edit([Edit::PutGroup(fixture::group(229, "alice"))]);
    let changed = world
        .put(
            "alice",
            "/dids/220",
            r#"{"phoneNumber": "15162065300", "attributes": [{"name": "call_delay", "value": "2"}]}"#,
        )
        .await
        .json();
    assert_eq!(
        (&changed["phoneNumber"], &changed["didGroupId"]),
        (&json!("15162065300"), &json!(219))
    );
    let moved = world
        .put(
            "alice",
            "/dids/220",
            r#"{"didGroupId": "229", "description": "d"}"#,
        )
        .await
        .json();
    assert_eq!(
        (values(&moved), &moved["didGroupId"]),
        (vec!["call_delay=2".to_owned()], &json!(229))
    );
    let read = world.get("alice", "/dids/220").await;
    assert_eq!(read.json(), moved);
    let back = world.put("alice", "/dids/220", &read.text).await;
    assert_eq!((back.status.as_u16(), &back.text), (200, &read.text));
    let bare = r#"{"description": null, "attributes": [{"name": "call_delay", "value": null}]}"#;
    let bare = world.put("alice", "/dids/220", bare).await.json();
    assert_eq!((&bare["description"], values(&bare).len()), (&Value::Null, 0));
    for (body, field) in [
        (r#"{"countryCode": "DE"}"#, "countryCode"),
        (r#"{"id": 5}"#, "id"),
        (r#"{"state": 0}"#, "state"),
        (r#"{"colour": 0}"#, "colour"),
    ] {
        let reply = world.put("alice", "/dids/220", body).await;
        assert_eq!(
            refused(&reply),
            (400, "Invalid field specific".into(), field.into())
        );
    }
    for (body, code, field) in [
        (r#"{"phoneNumber": "15162065318"}"#, 409, "phoneNumber"),
        (
            r#"{"attributes": [{"name": "conference_maxcalls", "value": null}]}"#,
            400,
            "conference_maxcalls",
        ),
    ] {
        let (status, _, named) = refused(&world.put("alice", "/dids/220", body).await);
        assert_eq!((status, named.as_str()), (code, field), "{body}");
    }
}

#[tokio::test]
async fn a_deleted_did_can_be_dialled_no_more_and_its_number_is_free() {
    let world = World::new();
    assert_eq!(world.delete("alice", "/dids/220").await.status, 204);
    assert_eq!(world.get("alice", "/dids/220").await.status, 404);
    let again = NEW_DID.replace("442071838750", "15162065319");
    assert_eq!(world.post("alice", "/dids", &again).await.status, 201);
}

#[tokio::test]
async fn a_group_is_made_for_its_creator_or_for_one_below() {
    let world = World::new();
    let body = r#"{"name": "g", "callFlowId": "1", "description": "d",
        "attributes": [{"name": "conference_mute_policy", "value": "pl"}]}"#;
    let reply = world.post("alice", "/didGroups", body).await;
    let group = reply.json();
    assert_eq!(reply.status, 201, "{group}");
    let expected = json!({"attributes": group["attributes"], "callFlowId": 1, "description": "d", "dids": [],
        "id": 1001, "name": "g", "state": -1, "subscriberSid": "sid-alice"});
    assert_eq!(group, expected);
    assert_eq!(values(&group), ["conference_mute_policy=pl"]);
    assert_eq!(world.get("alice", "/didGroups/1001").await.json(), group);
    let umas = r#"{"name": "g", "callFlowId": 3, "subscriberSid": "sid-uma"}"#;
    let umas = world.post("alice", "/didGroups", umas).await.json();
    assert_eq!(
        (&umas["subscriberSid"], &umas["description"]),
        (&json!("sid-uma"), &json!(""))
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_said_by_field_and_spends_no_id() {
    let world = World::new();
    let good = |more: &str| format!(r#"{{"name": "g", "callFlowId": 3, {more}}}"#);
    for (body, message, field) in [
        (
            r#"{"name": "g"}"#.to_owned(),
            "Object validation error",
            "callFlowId",
        ),
        (
            r#"{"callFlowId": 3}"#.to_owned(),
            "Object validation error",
            "name",
        ),
        (
            r#"{"callFlowId": 2, "name": "g"}"#.to_owned(),
            "Wrong value",
            "callFlowId",
        ),
        (
            r#"{"callFlowId": 3, "name": ""}"#.to_owned(),
            "Wrong value",
            "name",
        ),
        (
            r#"{"callFlowId": 3, "name": 5}"#.to_owned(),
            "Wrong value",
            "name",
        ),
        (good(r#""subscriberSid": 5"#), "Wrong value", "subscriberSid"),
        (good(r#""dids": []"#), "Invalid field specific", "dids"),
        (
            good(r#""attributes": [{"name": "polling_dtmf_binding", "value": "*"}]"#),
            "Wrong value",
            "attributes",
        ),
        (
            good(r#""attributes": [{"name": "polling_dtmf_binding", "value": "99"}]"#),
            "Wrong value",
            "polling_dtmf_binding",
        ),
        (
            good(r#""attributes": [{"name": "colour", "value": "red"}]"#),
            "Wrong value",
            "colour",
        ),
    ] {
        let reply = world.post("alice", "/didGroups", &body).await;
        assert_eq!(refused(&reply), (400, message.into(), field.into()), "{body}");
    }
    let state = world.backend.state();
    assert_eq!((state.ids, state.edits.len()), (1000, 0));
}

#[tokio::test]
async fn a_binding_that_took_the_keys_of_the_role_pin_before_is_in_the_way_of_no_other_change() {
    let world = World::new();
    let path = "/didGroups/219";
    let known = world.backend.state().directory.group(DidGroupId(219)).cloned();
    let mut group = (*known.unwrap()).clone();
    group.attributes.put("polling_dtmf_binding", "99").unwrap();
    world.edit([Edit::PutGroup(group)]);
    let read = world.get("alice", path).await;
    for (body, status) in [
        (&*read.text, 200),
        (r#"{"description": "x"}"#, 200),
        (
            r#"{"attributes": [{"name": "call_operator_after", "value": 5}]}"#,
            400,
        ),
        (
            r#"{"attributes": [{"name": "polling_dtmf_binding", "value": "94"}]}"#,
            200,
        ),
    ] {
        let reply = world.put("alice", path, body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_group_changes_by_field_and_takes_its_rooms_to_another_call_flow() {
    let world = World::new();
    let path = "/didGroups/219";
    let read = world.get("alice", path).await;
    let back = world.put("alice", path, &read.text).await;
    assert_eq!((back.status.as_u16(), &back.text), (200, &read.text));
    let body =
        r#"{"callFlowId": 1, "name": "other", "attributes": [{"name": "call_operator_after", "value": 5}]}"#;
    let changed = world.put("alice", path, body).await.json();
    assert_eq!(
        (&changed["callFlowId"], &changed["name"], values(&changed)),
        (
            &json!(1),
            &json!("other"),
            vec!["call_operator_after=5".to_owned()]
        )
    );
    assert_eq!(changed["dids"].as_array().unwrap().len(), 2);
    for (flow, status) in [(1, 200), (3, 400)] {
        let body = format!(r#"{{"callFlowId": {flow}}}"#);
        assert_eq!(
            world.put("alice", "/meetingRooms/106131", &body).await.status,
            status
        );
    }
    for (body, field) in [
        (r#"{"subscriberSid": "sid-uma"}"#, "subscriberSid"),
        (r#"{"dids": []}"#, "dids"),
        (r#"{"id": 5}"#, "id"),
        (r#"{"colour": 5}"#, "colour"),
    ] {
        let reply = world.put("alice", path, body).await;
        assert_eq!(
            refused(&reply),
            (400, "Invalid field specific".into(), field.into())
        );
    }
}

#[tokio::test]
async fn a_group_in_use_stays_and_says_what_is_in_the_way() {
    let world = World::new();
    let reply = world.delete("alice", "/didGroups/219").await;
    assert_eq!(refused(&reply).0, 409);
    assert!(
        reply
            .text
            .contains("delete them, or let them refer to another first"),
        "{}",
        reply.text
    );
    assert_eq!(world.backend.state().edits, []);
    world.edit([Edit::PutGroup(fixture::group(229, "alice"))]);
    assert_eq!(world.delete("alice", "/didGroups/229").await.status, 204);
    assert_eq!(world.get("alice", "/didGroups/229").await.status, 404);
}

#[tokio::test]
async fn a_group_that_is_lent_is_used_but_not_changed() {
    let world = World::new();
    let lent = fixture::subscriber("ada", Some("alice"), SubscriberRole::Administrator, Some(219));
    world.edit([
        Edit::PutSubscriber(lent),
        Edit::PutGroup(fixture::group(229, "ada")),
        Edit::PutDid(fixture::did(230, 229, "442071838750")),
    ]);
    assert_eq!(world.get("ada", "/didGroups/219").await.status, 200);
    let text = r#"{"description": "mine now"}"#;
    for (path, answers) in [
        ("/didGroups/219", [403, 403]),
        ("/dids/220", [403, 403]),
        ("/dids/230", [200, 204]),
        ("/didGroups/229", [200, 204]),
    ] {
        let put = world.put("ada", path, text).await.status.as_u16();
        let deleted = world.delete("ada", path).await.status.as_u16();
        assert_eq!([put, deleted], answers, "{path}");
    }
    let into = world.post("ada", "/dids", NEW_DID).await;
    assert_eq!(refused(&into), (400, "Wrong value".into(), "didGroupId".into()));
    let room = r#"{"primaryDidGroupId": 219, "callFlowId": 3}"#;
    assert_eq!(world.post("ada", "/meetingRooms", room).await.status, 201);
    let directory = world.backend.state().directory.clone();
    assert_eq!(directory.group(DidGroupId(219)).unwrap().description, "");
}
