//! Stored objects that change while callers are in the menu: what was answered holds for the next thing that a caller does, though no SIP
//! message comes in between.

use serde_json::{Value, json};

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::until::share;

/// Only codes of rooms are good there.
const NUMBER: &str = "15162065318";
const ROOM: &str = "/meetingRooms/106131";

/// A caller who hears the greeting: the last SIP message has come.
fn in_menu(bridge: &Bridge) -> Phone {
    let mut phone = Phone::call(bridge.sip(), NUMBER);
    phone.wait_for_greeting();
    phone
}

/// Gives the demo's room one code, a host's, in place of those it has.
fn replace_codes(bridge: &Bridge, code: &str) {
    let keys = json!([{ "accessCode": code, "role": 1 }]);
    bridge.rest().put(ROOM, &json!({ "keychain": keys }));
}

fn is_in(call: &Value) -> bool {
    call["state"] == 2
}

#[test]
fn codes_made_and_taken_away_while_callers_are_in_the_menu_hold_for_their_next_keys() {
    let _turn = share();
    let bridge = Bridge::start();
    let [mut late, mut known] = [in_menu(&bridge), in_menu(&bridge)];
    replace_codes(&bridge, "444");
    late.press("222#");
    known.press("444#");
    let call = bridge.rest().wait_for("/calls", "the new code is good", is_in);
    assert_eq!(
        (&call["role"], &call["meetingNumber"]),
        (&json!(1), &json!(106_131))
    );
    let calls = bridge.rest().list("/calls");
    assert_eq!(calls.iter().filter(|call| is_in(call)).count(), 1, "{calls:?}");
}

#[test]
fn a_code_made_within_the_pause_that_ends_it_is_good() {
    let _turn = share();
    let bridge = Bridge::start();
    // Logs in before time matters.
    bridge.rest().get(ROOM);
    let mut phone = in_menu(&bridge);
    // While no code begins so, nothing but the pause tells that it is whole.
    phone.press("444");
    replace_codes(&bridge, "444");
    bridge.rest().wait_for("/calls", "the new code is good", is_in);
}
