//! The bridge calls a softphone of other people's making, which is heard in the room.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::baresip::{Baresip, NOBODY};
use crate::support::bridge::Bridge;
use crate::support::program::here;
use crate::support::rest::Rest;
use crate::support::sound::{RATE, likeness, read_wav};
use crate::support::until::{share, until_true};

const NUMBER: &str = "15162065319";
/// A sentence counts as heard above this: through µ-law it is over 0.9, and other people's sentences are under 0.5.
const HEARD: f32 = 0.8;

fn voice(name: &str) -> Vec<i16> {
    read_wav(&here("audio").join(format!("{name}.wav")))
}

/// Time that a sentence may take from one phone to the other, both phones' buffers included, samples.
const DELAY: usize = RATE;

/// `speaker` says a sentence, and it reaches `listener`.
fn is_heard(speaker: &mut Baresip, listener: &Baresip, name: &str) {
    let sentence = voice(name);
    let since = listener.heard().len();
    speaker.say(name, &sentence);
    let end = since + sentence.len() + DELAY;
    let limit = Duration::from_secs((sentence.len() / RATE) as u64 + 15);
    until_true("the recording goes on", limit, || listener.heard().len() >= end);
    let found = likeness(&sentence, &listener.heard()[since..]);
    assert!(found > HEARD, "{name}: {found}");
}

/// The bridge calls a phone, which answers and is in the meeting.
fn bring_in(rest: &Rest, phone: &mut Baresip, callee: &str, code: &str) -> Value {
    let order = json!({"callee": callee, "caller": NUMBER, "accessCode": code, "customName": code});
    let answer = rest.request("POST", "/calls", Some(&order));
    assert_eq!(
        (answer.status, &answer.body["state"]),
        (201, &json!(0)),
        "{}",
        answer.body
    );
    phone.answer();
    rest.wait_for("/calls", "the call is in the meeting", |call| {
        call["id"] == answer.body["id"] && call["state"] == 2
    })
}

#[test]
fn softphones_that_are_called_by_number_and_by_address_are_in_the_room_and_hear_each_other() {
    let _turn = share();
    // The phones are started first, since the bridge must be told where to call; they call nobody themselves.
    let mut alice = Baresip::start("alice", NOBODY.into());
    let mut bob = Baresip::start("+14165550123", NOBODY.into());
    let bridge = Bridge::start_with(&format!(
        "[dial_out]\ntrunk = \"sip:{}\"\nallow = [\"1416\"]\nhosts = [\"{}\"]\n",
        bob.sip(),
        alice.sip()
    ));
    let rest = bridge.rest();
    let address = format!("sip:alice@{}", alice.sip());
    bring_in(rest, &mut alice, &address, "111");
    let call = bring_in(rest, &mut bob, "+1 416 555 0123", "222");
    assert_eq!(
        (&call["connectionStatus"], &call["codec"]),
        (&json!(1), &json!("PCMU"))
    );
    assert_eq!(
        (&call["role"], &call["meetingNumber"]),
        (&json!(2), &json!(106_131))
    );
    assert_eq!(rest.get("/meetings/106131")["participantCount"], 2);

    is_heard(&mut bob, &alice, "bob");
    is_heard(&mut alice, &bob, "alice");

    rest.delete(&format!("/calls/{}", call["id"]));
    bob.wait_for_event("CALL_CLOSED");
    alice.hang_up();
    for (code, cause) in [("222", "dropped_by_api"), ("111", "hung_up")] {
        let record = rest.wait_for("/cdrs", "the call's record", |record| {
            record["customName"] == code
        });
        assert_eq!(
            (&record["cause"], &record["sipStatus"]),
            (&json!(cause), &json!(200))
        );
        assert_eq!(record["connectionStatus"], 1);
    }
}

/// Samples beyond it are no noise of the line, but somebody's voice.
const NOISE: u16 = 1_000;

#[test]
fn a_softphone_as_the_operator_talks_with_one_caller_alone_who_is_back_in_the_meeting_then() {
    let _turn = share();
    let [mut alice, mut bob, mut desk] =
        ["alice", "bob", "desk"].map(|name| Baresip::start(name, NOBODY.into()));
    let bridge = Bridge::start_with(&format!(
        "[dial_out]\nhosts = [\"{}\", \"{}\"]\n[operator]\naddress = \"sip:desk@{}\"\n",
        alice.sip(),
        bob.sip(),
        desk.sip()
    ));
    let rest = bridge.rest();
    let (to_alice, to_bob) = (
        format!("sip:alice@{}", alice.sip()),
        format!("sip:bob@{}", bob.sip()),
    );
    bring_in(rest, &mut alice, &to_alice, "111");
    let call = bring_in(rest, &mut bob, &to_bob, "222");
    let path = format!("/calls/{}", call["id"]);
    let answer = rest.request("PUT", &path, Some(&json!({"operatorMode": 1})));
    assert_eq!((answer.status, &answer.body["operatorMode"]), (200, &json!(1)));
    desk.answer();
    rest.wait_for("/calls", "they talk", |other| {
        other["id"] == call["id"] && other["operatorMode"] == 2
    });
    // The tone that told of the other's coming is over by then.
    let since = alice.heard().len() + 2 * RATE;
    is_heard(&mut bob, &desk, "bob");
    is_heard(&mut desk, &bob, "alice");
    let heard = alice.heard();
    assert!(heard.len() > since + 2 * RATE);
    assert!(heard[since..].iter().all(|sample| sample.unsigned_abs() < NOISE));
    assert_eq!(rest.get("/meetings/106131")["participantCount"], 2);
    desk.hang_up();
    rest.wait_for("/calls", "the caller is back", |other| {
        other["id"] == call["id"] && other["operatorMode"].is_null()
    });
    is_heard(&mut bob, &alice, "bob");
    let record = rest.wait_for("/cdrs", "the operator's record", |_| true);
    assert_eq!(
        (&record["cause"], &record["meetingNumber"]),
        (&json!("hung_up"), &Value::Null)
    );
}

#[test]
fn a_softphone_that_refuses_a_call_over_tcp_leaves_the_cause_in_the_record() {
    let _turn = share();
    let mut bob = Baresip::start("+14165550123", NOBODY.into());
    let bridge = Bridge::start_with(&format!(
        "[dial_out]\ntrunk = \"sip:{};transport=tcp\"\nallow = [\"1416\"]\n",
        bob.sip()
    ));
    let rest = bridge.rest();
    let order = json!({"callee": "+14165550123", "caller": NUMBER, "accessCode": "222"});
    assert_eq!(rest.request("POST", "/calls", Some(&order)).status, 201);
    bob.wait_for_event("CALL_INCOMING");
    bob.decline();
    let record = rest.wait_for("/cdrs", "the call's record", |_| true);
    assert_eq!(
        (&record["cause"], &record["sipStatus"]),
        (&json!("busy"), &json!(486))
    );
}
