//! Clients steer calls and meetings by HTTP, from the JSON they send to what callers hear.

use meeting::Hears;
use model::{Actor, Cause, Event, LegId, News};
use serde_json::{Value, json};
use world::{CONF, PhoneId, Site, World};

const ROOM: &str = "/meetings/106131";

/// A site with a host and a guest in the demo's room.
fn two() -> (Site, PhoneId, PhoneId) {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    (Site::new(world), host, guest)
}

fn path(site: &Site, phone: PhoneId) -> String {
    format!("/calls/{}", site.world().leg(phone).0)
}

#[test]
fn every_field_of_a_call_that_takes_effect_is_put_answered_and_heard() {
    for (field, value, read) in [
        ("muteMode", json!(2), json!(2)),
        ("muteMode", json!(36), json!(1)),
        ("holdMode", json!(1), json!(2)),
        ("gainLevel", json!(-6), json!(-6)),
        ("role", json!(3), json!(3)),
        ("customName", json!("Ann"), json!("Ann")),
        ("presenterMedia", json!(1), json!(1)),
        ("presenterMedia", json!(7), json!(7)),
        ("accessCode", json!("333"), json!("333")),
    ] {
        let (site, _, guest) = two();
        let call = path(&site, guest);
        let (status, answer) = site.ask("PUT", &call, &json!({ field: value }).to_string());
        assert_eq!((status, &answer[field]), (200, &read), "{field}: {answer}");
        assert_eq!(site.ask("GET", &call, "").1[field], read, "{field}");
        let silent = matches!(field, "muteMode" | "holdMode" | "role" | "accessCode");
        assert_eq!(site.world().speaks(guest), !silent, "{field}");
    }
}

#[test]
fn several_fields_at_once_move_the_call_first_and_hold_in_its_new_role() {
    let (site, _, guest) = two();
    let call = path(&site, guest);
    let body = json!({"muteMode": 0, "customName": "Ann", "accessCode": "111"}).to_string();
    let (status, answer) = site.ask("PUT", &call, &body);
    assert_eq!(
        (status, &answer["role"], &answer["customName"]),
        (200, &json!(1), &json!("Ann"))
    );
    assert!(site.world().speaks(guest));
}

#[test]
fn a_new_role_comes_with_the_mute_and_hold_that_are_asked_for_and_else_with_the_meetings() {
    let policies = [("conference_mute_policy", "l"), ("conference_hold_policy", "l")];
    let mut world = World::room(&policies);
    world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    let site = Site::new(world);
    for (body, expected) in [
        (json!({"role": 3, "muteMode": 0, "holdMode": 0}), [3, 0, 0]),
        (json!({"role": 2}), [2, 0, 0]),
        (json!({"role": 3}), [3, 2, 2]),
        (json!({"role": 2, "muteMode": 2, "holdMode": 2}), [2, 2, 2]),
        (json!({"role": 3, "muteMode": 0, "accessCode": "111"}), [3, 0, 2]),
    ] {
        let (status, answer) = site.ask("PUT", &path(&site, guest), &body.to_string());
        let found = ["role", "muteMode", "holdMode"].map(|field| answer[field].clone());
        assert_eq!((status, json!(found)), (200, json!(expected)), "{body}");
    }
}

#[test]
fn what_a_call_cannot_be_put_to_is_refused_by_its_field_and_nothing_changes() {
    for body in [
        json!({"muteMode": 5}),
        json!({"gainLevel": 21}),
        json!({"role": 0}),
        json!({"presenterMedia": 8}),
        json!({"accessCode": "98765"}),
        json!({"qaMode": 1}),
        json!({"customName": 5}),
        json!({"nonsense": 1}),
        json!({"id": 4711}),
    ] {
        let (site, _, guest) = two();
        let version = site.world().live.version;
        let (status, answer) = site.ask("PUT", &path(&site, guest), &body.to_string());
        let field = body.as_object().unwrap().keys().next().unwrap();
        assert_eq!(status, 400, "{body}: {answer}");
        assert_eq!(answer["errors"][0]["field"], field.as_str(), "{answer}");
        assert_eq!(site.world().live.version, version, "{body}");
    }
}

/// What was told from there on: type, call, data, and what kind of actor had it so.
fn told(world: &World, from: usize) -> Vec<Value> {
    let told = world.told[from..].iter().map(|happening| {
        let event: Value = serde_json::from_slice(&api::event_body(happening)).expect("events are JSON");
        json!([
            event["type"],
            event["callId"],
            event["data"],
            event["actor"]["type"]
        ])
    });
    told.collect()
}

#[test]
fn all_but_the_host_are_held_and_muted_together_hear_and_are_heard_so_and_it_is_told_in_order() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let others = ["222#", "222#", "333#"].map(|code| world.enter(CONF, code));
    let [ann, bob, listener] = others.map(|phone| world.leg(phone).0);
    let site = Site::new(world);
    for (field, mode, kind, changed, speaks, hears) in [
        (
            "holdMode",
            2,
            "call.held",
            &[ann, bob, listener][..],
            false,
            Hears::Music,
        ),
        // The room's policy has muted the listener already.
        ("muteMode", 2, "call.muted", &[ann, bob], false, Hears::Music),
        (
            "holdMode",
            0,
            "call.held",
            &[ann, bob, listener],
            false,
            Hears::Room,
        ),
        (
            "muteMode",
            0,
            "call.muted",
            &[ann, bob, listener],
            true,
            Hears::Room,
        ),
    ] {
        let (before, body) = (site.world().told.len(), json!({ field: mode }));
        let calls = format!("{ROOM}/calls?filter=role%20ne%201");
        let (status, answer) = site.ask("PUT", &calls, &body.to_string());
        let answered = answer["items"].as_array().expect("a list").iter();
        let answered: Vec<_> = answered.map(|call| json!([call["id"], call[field]])).collect();
        let expected = [ann, bob, listener].map(|id| json!([id, mode]));
        assert_eq!((status, answered), (200, expected.to_vec()));
        let world = site.world();
        let expected: Vec<_> = changed.iter().map(|id| json!([kind, id, body, "user"])).collect();
        assert_eq!(told(&world, before), expected);
        for phone in others {
            let route = (world.speaks(phone), world.hears(phone));
            assert_eq!(route, (speaks, hears), "{body}: {phone:?}");
        }
        assert_eq!((world.speaks(host), world.hears(host)), (true, Hears::Room));
    }
}

#[test]
fn a_call_in_the_menu_is_shown_so_and_refuses_what_needs_a_meeting() {
    let mut world = World::new();
    let phone = world.call(CONF);
    let site = Site::new(world);
    let call = path(&site, phone);
    let (_, answer) = site.ask("GET", &call, "");
    assert_eq!(
        (&answer["state"], &answer["meetingNumber"]),
        (&json!(1), &Value::Null)
    );
    let (status, answer) = site.ask("PUT", &call, &json!({"muteMode": 2}).to_string());
    assert_eq!((status, &answer["errors"][0]["field"]), (400, &json!("muteMode")));
    let (status, answer) = site.ask("PUT", &call, &json!({"accessCode": "111"}).to_string());
    assert_eq!(
        (status, &answer["state"], &answer["role"]),
        (200, &json!(2), &json!(1))
    );
}

#[test]
fn a_deleted_call_hears_no_more_and_is_found_no_more() {
    let (site, host, guest) = two();
    let call = path(&site, guest);
    assert_eq!(site.ask("DELETE", &call, ""), (204, Value::Null));
    assert!(site.world().has_got(guest, "BYE") && !site.world().has_got(host, "BYE"));
    assert_eq!(site.world().end_of(guest), Some(Cause::DroppedByApi));
    for method in ["DELETE", "GET", "PUT"] {
        assert_eq!(site.ask(method, &call, "{}").0, 404, "{method}");
    }
    assert_eq!(site.ask("GET", "/calls", "").1["total"], 1);
    let (_, records) = site.ask("GET", "/cdrs", "");
    assert_eq!(records["cdrs"][0]["id"], site.world().leg(guest).0);
}

#[test]
fn every_field_of_a_meeting_that_takes_effect_is_put_answered_and_heard() {
    for (field, value, words) in [
        ("isSecured", json!(true), "now_locked"),
        ("muteMode", json!(40), "mode_hard"),
        ("holdMode", json!(40), ""),
    ] {
        let (site, host, guest) = two();
        let (status, answer) = site.ask("PUT", ROOM, &json!({ field: value }).to_string());
        assert_eq!((status, &answer[field]), (200, &value), "{field}: {answer}");
        let world = site.world();
        assert_eq!(world.announced(words), usize::from(!words.is_empty()), "{field}");
        assert_eq!(world.speaks(guest), field == "isSecured", "{field}");
        assert!(world.speaks(host), "{field}");
        let held = field == "holdMode";
        assert_eq!(world.hears(guest) == Hears::Music, held, "{field}");
    }
}

#[test]
fn a_meeting_is_started_and_stopped_by_its_state() {
    let mut world = World::room(&[("conference_start_how", "explicit")]);
    let guest = world.enter(CONF, "222#");
    let site = Site::new(world);
    assert_eq!(site.ask("GET", ROOM, "").1["state"], 1);
    let (status, answer) = site.ask("PUT", ROOM, &json!({"state": 2}).to_string());
    assert_eq!((status, &answer["state"]), (200, &json!(2)));
    assert!(site.world().speaks(guest));
    let (status, answer) = site.ask("PUT", ROOM, &json!({"state": 3}).to_string());
    assert_eq!((status, &answer["state"]), (200, &json!(3)));
    site.world().pass(5_000);
    assert_eq!(site.world().end_of(guest), Some(Cause::MeetingStopped));
    assert_eq!(site.ask("GET", ROOM, "").0, 404);
    assert_eq!(site.ask("GET", "/mdrs", "").1["total"], 1);
}

#[test]
fn a_deleted_meeting_ends_for_everybody_and_the_log_says_who_did_it() {
    let (site, host, guest) = two();
    assert_eq!(site.ask("DELETE", ROOM, ""), (204, Value::Null));
    site.world().pass(5_000);
    let world = site.world();
    for phone in [host, guest] {
        assert_eq!(
            world.last_words(phone),
            ["administrator_ended_meeting", "goodbye"]
        );
        assert_eq!(world.end_of(phone), Some(Cause::MeetingStopped));
    }
    let cause = Cause::MeetingStopped;
    let log = world.log();
    let ended = log
        .iter()
        .find(|entry| entry.news == News::Meeting(Event::Ended { cause }));
    assert!(matches!(&ended.unwrap().actor, Actor::User(sid) if sid.as_str().ends_with("01")));
    drop(world);
    for method in ["DELETE", "GET", "PUT"] {
        assert_eq!(site.ask(method, ROOM, "{}").0, 404, "{method}");
    }
}

#[test]
fn what_a_meeting_cannot_be_put_to_is_refused_by_its_field() {
    for body in [
        json!({"muteMode": 64}),
        json!({"holdMode": "much"}),
        json!({"isSecured": 5}),
        json!({"state": 7}),
        json!({"isRecording": "loudly"}),
        json!({"nonsense": 1}),
    ] {
        let (site, _, guest) = two();
        let (status, answer) = site.ask("PUT", ROOM, &body.to_string());
        let field = body.as_object().unwrap().keys().next().unwrap();
        assert_eq!(status, 400, "{body}: {answer}");
        assert_eq!(answer["errors"][0]["field"], field.as_str(), "{answer}");
        assert!(site.world().speaks(guest), "{body}");
    }
}

#[test]
fn an_attribute_of_a_running_meeting_is_put_and_heeded() {
    let (site, _, guest) = two();
    let attribute = |name: &str| format!("{ROOM}/attributes/{name}");
    let (status, answer) = site.ask("PUT", &attribute("conference_maxduration"), r#"{"value": "300"}"#);
    assert_eq!(status, 200, "{answer}");
    site.world().pass(310_000);
    assert_eq!(site.world().end_of(guest), Some(Cause::MeetingTooLong));
    let (site, _, guest) = two();
    for (name, body, status) in [
        ("conference_maxduration", r#"{"value": "long"}"#, 400),
        ("conference_nonsense", r#"{"value": "1"}"#, 404),
        ("conference_maxduration", "{}", 400),
    ] {
        assert_eq!(site.ask("PUT", &attribute(name), body).0, status, "{name} {body}");
    }
    site.world().pass(310_000);
    assert_eq!(site.world().end_of(guest), None);
}

#[test]
fn ids_that_name_nothing_are_not_found_and_methods_that_do_nothing_not_allowed() {
    let (site, _, _) = two();
    let unknown = format!("/calls/{}", LegId(4_711).0);
    for (method, path, status) in [
        ("GET", unknown.as_str(), 404),
        ("PUT", &unknown, 404),
        ("DELETE", &unknown, 404),
        ("DELETE", "/calls/x", 404),
        ("PUT", "/meetings/999999", 404),
        ("DELETE", "/meetings/999999", 404),
        ("DELETE", "/calls", 405),
        ("POST", ROOM, 405),
    ] {
        assert_eq!(site.ask(method, path, "{}").0, status, "{method} {path}");
    }
}

#[test]
fn a_meeting_tells_where_each_attribute_was_set_and_what_was_changed_while_it_runs() {
    let (site, _, _) = two();
    let named = |name: &str, query: &str| {
        let (_, meeting) = site.ask("GET", &format!("{ROOM}{query}"), "");
        let attributes = meeting["attributes"].as_array().cloned().unwrap_or_default();
        attributes.into_iter().find(|attribute| attribute["name"] == name)
    };
    let before = named("conference_maxcalls", "?effective=true").expect("all are there");
    assert_eq!(
        (&before["value"], &before["origin"]),
        (&json!("1000"), &json!("call flow"))
    );
    assert_eq!(named("conference_maxcalls", ""), None);
    let path = format!("{ROOM}/attributes/conference_maxcalls");
    assert_eq!(site.ask("PUT", &path, r#"{"value": 7}"#).0, 200);
    let after = named("conference_maxcalls", "?effective=true").expect("all are there");
    assert_eq!(
        (&after["value"], &after["origin"]),
        (&json!("7"), &json!("meeting"))
    );
    assert_eq!(
        named("conference_maxcalls", "").expect("it was changed")["value"],
        "7"
    );
    assert_eq!(site.ask("PUT", &path, r#"{"value": null}"#).0, 200);
    assert_eq!(named("conference_maxcalls", ""), None);
}

#[test]
fn what_is_done_by_rest_to_calls_and_meetings_is_noted_without_values() {
    let (site, _, guest) = two();
    let call = path(&site, guest);
    for (method, path, body) in [
        (
            "PUT",
            &*call,
            r#"{"accessCode": "333", "customName": "Ann", "muteMode": 2}"#,
        ),
        ("PUT", &*call, r#"{"muteMode": 99}"#),
        ("PUT", ROOM, r#"{"isSecured": true}"#),
        (
            "PUT",
            &*format!("{ROOM}/attributes/conference_maxcalls"),
            r#"{"value": 7}"#,
        ),
        (
            "PUT",
            &*format!("{ROOM}/calls"),
            r#"{"muteMode": 2, "gainLevel": 3}"#,
        ),
        ("DELETE", &*call, ""),
        ("DELETE", ROOM, ""),
    ] {
        site.ask(method, path, body);
    }
    let (_, audit) = site.ask("GET", "/audit?order=created&limit=100", "");
    let items = audit["items"].as_array().expect("a list").clone();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
    let noted: Vec<_> = items
        .iter()
        .map(|item| {
            format!(
                "{} {} {}",
                text(item, "subscriberSid"),
                text(item, "action"),
                text(item, "object")
            )
        })
        .collect();
    let call = call.trim_start_matches("/calls/");
    let admin = "00000000-0000-4000-8000-000000000001";
    let expected = [
        format!("{admin} move call {call}"),
        format!("{admin} set_name call {call}"),
        format!("{admin} set_mute call {call}"),
        format!("{admin} set_lock meeting 106131"),
        format!("{admin} set_attribute conference_maxcalls of meeting 106131"),
        format!("{admin} set_gain calls of meeting 106131"),
        format!("{admin} set_mute calls of meeting 106131"),
        format!("{admin} hang_up call {call}"),
        format!("{admin} end meeting 106131"),
    ];
    assert_eq!(noted, expected);
}
