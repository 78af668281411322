//! The records of calls and meetings that were, field by field.

use serde_json::{Value, json};

use super::shape::{NUMBER, TIME, assert_shape};
use super::{CALLER, DIALLED, Site, TENANT};
use crate::support::phone::Phone;
use crate::support::until::share;

/// A number of nobody's.
const UNKNOWN: &str = "19995550100";

/// The record of a call in room 106131.
fn joined(call: &Value, role: u64, code: &str, cause: &str) -> Value {
    json!({
        "accessCode": code, "answered": TIME, "callee": DIALLED, "caller": CALLER, "cause": cause, "codec": "PCMU",
        "connectionStatus": 0, "created": call["created"], "customName": call["customName"], "duration": NUMBER,
        "ended": TIME, "id": call["id"], "joined": call["joined"], "meetingId": NUMBER, "meetingNumber": 106_131,
        "role": role, "sipStatus": 200, "source": "127.0.0.1", "subscriberSid": TENANT
    })
}

/// The record of a call that got no further than the menu, or not even there: then there is no codec.
fn outside(cause: &str, status: u16) -> Value {
    json!({
        "accessCode": "", "callee": DIALLED, "caller": CALLER, "cause": cause, "codec": "", "connectionStatus": 0,
        "created": TIME, "customName": "", "duration": 0, "ended": TIME, "id": NUMBER, "role": 0, "sipStatus": status,
        "source": "127.0.0.1"
    })
}

fn ms(record: &Value, field: &str) -> i64 {
    let ms = record[field].as_i64();
    ms.unwrap_or_else(|| panic!("no {field} in {record}"))
}

/// The fields are times in this order, and `duration` is what lies between two of them, in whole seconds.
fn is_in_order(record: &Value, times: &[&str], [from, to]: [&str; 2]) {
    let all: Vec<_> = times.iter().map(|field| ms(record, field)).collect();
    assert!(all.is_sorted(), "{times:?} of {record}");
    let seconds = (ms(record, to) - ms(record, from)) / 1000;
    assert_eq!(ms(record, "duration"), seconds, "{record}");
}

fn record_of(site: &Site, list: &str, id: &Value) -> Value {
    let what = format!("the record {id} of {list}");
    site.rest().wait_for(list, &what, |record| record["id"] == *id)
}

/// Calls as they are while they last: the host, who is given a name, and the participant.
fn live(site: &Site) -> [Value; 2] {
    let named = site.ask("PUT", "/calls/{call}", &json!({"customName": "Ann"}));
    assert_eq!(named.status, 200, "{}", named.body);
    [named.body, site.get("/calls/{guest}")]
}

#[test]
fn the_records_of_calls_say_what_the_calls_were() {
    let _turn = share();
    let mut site = Site::new();
    let [host, guest] = live(&site);
    site.phones.pop().expect("the participant").hang_up();
    let meeting = site.get("/meetings/106131")["id"].clone();
    assert_eq!(site.ask("DELETE", "/calls/{call}", &Value::Null).status, 204);
    for (call, expected) in [
        (&host, joined(&host, 1, "111", "dropped_by_api")),
        (&guest, joined(&guest, 2, "222", "hung_up")),
    ] {
        let record = record_of(&site, "/cdrs", &call["id"]);
        assert_shape(&record, &expected, "a call in a meeting");
        assert_eq!(record["meetingId"], meeting);
        let times = ["created", "answered", "joined", "ended"];
        is_in_order(&record, &times, ["answered", "ended"]);
    }
}

#[test]
fn the_records_of_calls_that_never_joined_say_how_far_they_came() {
    let _turn = share();
    let site = Site::new();
    let refused = Phone::call_as(CALLER, site.bridge.sip(), UNKNOWN).err();
    assert_eq!(refused.map(|refused| refused.0), Some(404));
    let mut expected = outside("unknown_number", 404);
    expected["callee"] = UNKNOWN.into();
    let unknown = |record: &Value| record["callee"] == UNKNOWN;
    let record = site
        .rest()
        .wait_for("/cdrs", "the record of the refusal", unknown);
    assert_shape(&record, &expected, "a call to nobody");

    let mut phone = Phone::call_as(CALLER, site.bridge.sip(), DIALLED).expect("the call is answered");
    let in_menu = |call: &Value| call["state"] == 1;
    let call = site.rest().wait_for("/calls", "the call is in the menu", in_menu);
    let told = ["accessCode", "joined", "meetingNumber", "role"].map(|field| call[field].clone());
    assert_eq!(told, [json!(""), Value::Null, Value::Null, json!(0)]);
    phone.hang_up();
    let mut expected = outside("hung_up", 200);
    for (field, value) in [
        ("answered", json!(TIME)),
        ("codec", json!("PCMU")),
        ("created", call["created"].clone()),
        ("duration", json!(NUMBER)),
        ("id", call["id"].clone()),
        ("subscriberSid", json!(TENANT)),
    ] {
        expected[field] = value;
    }
    let record = record_of(&site, "/cdrs", &call["id"]);
    assert_shape(&record, &expected, "a call in the menu");
    is_in_order(&record, &["created", "answered", "ended"], ["answered", "ended"]);
}

#[test]
fn the_records_of_meetings_say_what_the_meetings_were() {
    let _turn = share();
    let mut site = Site::new();
    let meeting = site.get("/meetings/106131");
    let late = site.enter("333#");
    let three = |meeting: &Value| meeting["participantCount"] == 3;
    site.rest().wait_for("/meetings", "the listener is in", three);
    let mut first = site.phones.remove(0);
    first.hang_up();
    let two = |meeting: &Value| meeting["participantCount"] == 2;
    site.rest().wait_for("/meetings", "the host has left", two);
    assert_eq!(site.ask("DELETE", "/meetings/106131", &Value::Null).status, 204);
    site.phones.push(late);
    site.phones.iter_mut().for_each(Phone::wait_for_bye);
    let expected = json!({
        "calls": 3, "cause": "meeting_stopped", "created": meeting["created"], "duration": NUMBER, "ended": TIME,
        "id": meeting["id"], "meetingNumber": 106_131, "onTheFly": false, "peak": 3, "started": TIME, "subscriberSid": TENANT
    });
    let record = record_of(&site, "/mdrs", &meeting["id"]);
    assert_shape(&record, &expected, "a meeting in a room");
    is_in_order(&record, &["created", "started", "ended"], ["created", "ended"]);

    let mut phone = site.enter("4711#");
    let on_the_fly = |meeting: &Value| meeting["participantCount"] == 1;
    let meeting = site
        .rest()
        .wait_for("/meetings", "the meeting on the fly", on_the_fly);
    phone.hang_up();
    let expected = json!({
        "calls": 1, "cause": "empty", "created": meeting["created"], "duration": NUMBER, "ended": TIME, "id": meeting["id"],
        "meetingNumber": meeting["meetingNumber"], "onTheFly": true, "peak": 1, "started": TIME, "subscriberSid": TENANT
    });
    let record = record_of(&site, "/mdrs", &meeting["id"]);
    assert_shape(&record, &expected, "a meeting on the fly");
}
