//! What was answered is on disk: kill -9, and start again.

use serde_json::json;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::until::share;

const ROOM: &str = "/meetingRooms/106131";

#[test]
fn what_was_acknowledged_and_what_was_recorded_outlives_kill_9() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    phone.hang_up();
    let record = bridge.rest().wait_for("/cdrs", "the call's record", |_| true);
    let keys = json!([{ "accessCode": "111", "role": 1 }, { "accessCode": "904551827", "role": 2 }]);
    let change = json!({ "description": "Changed just before the end", "keychain": keys });
    let changed = bridge.rest().put(ROOM, &change);

    let bridge = bridge.kill_and_restart();
    let room = bridge.rest().get(ROOM);
    assert_eq!(room, changed);
    assert_eq!(room["description"], change["description"]);
    assert_eq!(
        bridge.rest().list("/cdrs").as_slice(),
        std::slice::from_ref(&record)
    );

    // The code made before the end opens the room, and no id is used twice.
    let mut phone = Phone::call(bridge.sip(), "15162065318");
    phone.enter("904551827#");
    let call = bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    assert_eq!(call["meetingNumber"], 106_131);
    assert_ne!(call["id"], record["id"]);
}

#[test]
fn what_rest_did_to_a_call_and_answered_is_in_the_audit_after_kill_9() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    let call = bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2)["id"]
        .clone();
    bridge
        .rest()
        .put(&format!("/calls/{call}"), &json!({ "muteMode": 2 }));

    let bridge = bridge.kill_and_restart();
    let audit = bridge.rest().list("/audit");
    let muted = audit.iter().find(|line| line["action"] == "set_mute");
    let object = muted.map(|line| &line["object"]);
    assert_eq!(object, Some(&json!(format!("call {call}"))), "{audit:?}");
}

#[test]
fn calls_that_are_up_at_kill_9_have_a_record_after_it() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    let call = bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    // Records reach the disk in their order: with this one the first call's is there.
    Phone::call(bridge.sip(), "15162065318").hang_up();
    let ended = bridge.rest().wait_for("/cdrs", "the other's record", |_| true);

    let bridge = bridge.kill_and_restart();
    let cdrs = bridge.rest().list("/cdrs");
    let [cut] = cdrs
        .iter()
        .filter(|cdr| cdr["id"] != ended["id"])
        .collect::<Vec<_>>()[..]
    else {
        panic!("{cdrs:?}")
    };
    assert_eq!((&cut["id"], &cut["cause"]), (&call["id"], &json!("interrupted")));
    let [joined, ended] = ["joined", "ended"].map(|field| cut[field].as_i64());
    assert!(joined.is_some() && joined <= ended, "{cut}");
    let mdrs = bridge.rest().list("/mdrs");
    assert_eq!((mdrs.len(), &mdrs[0]["cause"]), (1, &json!("interrupted")));
    assert!(bridge.rest().list("/calls").is_empty());
}

#[test]
fn calls_that_are_up_at_sigterm_get_a_bye_and_a_record() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    let bridge = bridge.restart();
    phone.wait_for_bye();
    let record = bridge.rest().wait_for("/cdrs", "the call's record", |_| true);
    assert_eq!(record["cause"], "shutdown");
}
