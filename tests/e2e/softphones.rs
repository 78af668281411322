//! Two softphones of other people's making meet: the proof that the product works.

use std::time::Duration;

use media::{Clip, Rate};
use serde_json::{Value, json};

use crate::support::baresip::Baresip;
use crate::support::bridge::Bridge;
use crate::support::program::{here, root};
use crate::support::rest::Rest;
use crate::support::sound::{RATE, likeness, read_wav};
use crate::support::until::{share, until_true};

/// The demo's number of the call flow CONF.
const NUMBER: &str = "15162065319";
/// A sentence counts as heard above this, and as not heard below the next: through µ-law it is over 0.9, and other people's
/// sentences are under 0.5.
const HEARD: f32 = 0.8;
const NOT_HEARD: f32 = 0.6;
/// From one end to the other, both phones' buffers included.
const DELAY: Duration = Duration::from_secs(1);

fn voice(name: &str) -> Vec<i16> {
    let samples = read_wav(&here("audio").join(format!("{name}.wav")));
    assert!(samples.len() > RATE, "{name} says nothing");
    samples
}

fn prompt(name: &str) -> Vec<i16> {
    let path = root()
        .join("crates/media/prompts/en")
        .join(format!("{name}.opus"));
    let clip = Clip::from_ogg_opus(&std::fs::read(path).expect(name), &[Rate::Hz8000]).expect(name);
    clip.samples(Rate::Hz8000).expect("at 8 kHz").to_vec()
}

/// A sound in the recording of a phone from sample `since` on.
fn hears(phone: &Baresip, since: usize, sentence: &[i16]) -> f32 {
    let heard = phone.heard();
    likeness(sentence, heard.get(since..).unwrap_or_default())
}

fn wait_until_heard(phone: &Baresip, what: &str) {
    let sentence = prompt(what);
    until_true(what, Duration::from_secs(20), || {
        hears(phone, 0, &sentence) > HEARD
    });
}

/// Time passes until the phone has recorded `sentence` from beginning to end, had it been said.
fn let_it_be_said(phone: &Baresip, since: usize, sentence: &[i16]) {
    let end = since + sentence.len() + DELAY.as_millis() as usize * RATE / 1000;
    let limit = Duration::from_secs((sentence.len() / RATE) as u64) + Duration::from_secs(10);
    until_true("the recording goes on", limit, || phone.heard().len() >= end);
}

fn joined(rest: &Rest, caller: &str) -> Value {
    rest.wait_for("/calls", "the call is in the meeting", |call| {
        call["caller"] == caller && call["state"] == 2
    })
}

fn enter(phone: &mut Baresip, bridge: &Bridge, keys: &str) {
    phone.call(NUMBER, bridge.sip());
    wait_until_heard(phone, "enter_code");
    phone.press(keys);
}

/// Both talk at once; each hears the other and not itself.
fn talk(alice: &mut Baresip, bob: &mut Baresip) {
    let (sentence_a, sentence_b) = (voice("alice"), voice("bob"));
    let (since_a, since_b) = (alice.heard().len(), bob.heard().len());
    alice.say("alice", &sentence_a);
    bob.say("bob", &sentence_b);
    let_it_be_said(alice, since_a, &sentence_b);
    let_it_be_said(bob, since_b, &sentence_a);
    let heard = [
        ("alice hears bob", hears(alice, since_a, &sentence_b), true),
        ("bob hears alice", hears(bob, since_b, &sentence_a), true),
        ("alice hears herself", hears(alice, since_a, &sentence_a), false),
        ("bob hears himself", hears(bob, since_b, &sentence_b), false),
    ];
    eprintln!("{heard:?}");
    for (what, likeness, expected) in heard {
        let right = if expected {
            likeness > HEARD
        } else {
            likeness < NOT_HEARD
        };
        assert!(right, "{what}: {likeness}");
    }
}

/// How much of alice's words reaches bob when she says them now.
fn say_to_bob(alice: &mut Baresip, bob: &Baresip) -> f32 {
    let sentence = &voice("alice")[..4 * RATE];
    let since = bob.heard().len();
    alice.say("again", sentence);
    let_it_be_said(bob, since, sentence);
    hears(bob, since, sentence)
}

fn check_meeting(rest: &Rest) -> Value {
    let (alice, bob) = (joined(rest, "alice"), joined(rest, "bob"));
    for (call, role, code) in [(&alice, 1, "111"), (&bob, 2, "222")] {
        assert_eq!(call["role"], role);
        assert_eq!(call["accessCode"], code);
        assert_eq!(call["codec"], "PCMU");
        assert_eq!(call["meetingNumber"], 106_131);
        assert_eq!(call["callee"], NUMBER);
    }
    let meetings = rest.list("/meetings");
    assert_eq!(meetings.len(), 1, "{meetings:?}");
    assert_eq!(meetings[0]["meetingNumber"], 106_131);
    assert_eq!(meetings[0]["participantCount"], 2);
    alice["id"].clone()
}

fn check_records(rest: &Rest) {
    for (caller, cause) in [("alice", "dropped_by_api"), ("bob", "hung_up")] {
        let record = rest.wait_for("/cdrs", "the call's record", |record| record["caller"] == caller);
        assert_eq!(record["cause"], cause);
        assert_eq!(record["meetingNumber"], 106_131);
        assert_eq!(record["sipStatus"], 200);
    }
    let record = rest.wait_for("/mdrs", "the meeting's record", |_| true);
    assert_eq!(record["peak"], 2);
}

#[test]
fn two_softphones_hear_the_greeting_key_their_codes_and_hear_each_other_until_muted() {
    let _turn = share();
    let bridge = Bridge::start();
    let rest = bridge.rest();
    let mut alice = Baresip::start("alice", bridge.sip());
    let mut bob = Baresip::start("bob", bridge.sip());
    enter(&mut alice, &bridge, "111#");
    enter(&mut bob, &bridge, "222#");
    let call = format!("/calls/{}", check_meeting(rest));
    talk(&mut alice, &mut bob);

    rest.put(&call, &json!({ "muteMode": 2 }));
    assert_eq!(rest.get(&call)["muteMode"], 2);
    let muted = say_to_bob(&mut alice, &bob);
    rest.put(&call, &json!({ "muteMode": 0 }));
    assert_eq!(rest.get(&call)["muteMode"], 0);
    let again = say_to_bob(&mut alice, &bob);
    assert!(muted < NOT_HEARD && again > HEARD, "muted {muted}, then {again}");

    rest.delete(&call);
    alice.wait_for_event("CALL_CLOSED");
    bob.hang_up();
    check_records(rest);
}
