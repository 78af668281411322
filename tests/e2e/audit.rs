//! The audit of a running bridge: what its shell notes of webhooks, between what control and the store note.

use serde_json::{Value, json};

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::until::share;

const AUDIT: &str = "/audit";

#[test]
fn what_is_done_to_webhooks_calls_and_rooms_is_in_the_audit_in_its_order() {
    let _turn = share();
    let bridge = Bridge::start_with("[webhooks]\nallow_http = true\nallow_private = [\"127.0.0.0/8\"]\n");
    let rest = bridge.rest();
    let done = |method: &str, path: &str, body: Option<Value>, status: u16| {
        let answer = rest.request(method, path, body.as_ref());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        answer.body
    };
    // Nobody is there, so events wait.
    let url = json!({"url": "http://127.0.0.1:9/"});
    let made = done("POST", "/webhooks", Some(url), 201);
    let id = made["id"].as_str().expect("a webhook has an id");
    let webhook = format!("/webhooks/{id}");

    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let in_meeting = |call: &Value| call["state"] == 2;
    let call = rest.wait_for("/calls", "the call is in the meeting", in_meeting)["id"].clone();
    let waits = |_: &Value| true;
    let deliveries = format!("{webhook}/deliveries");
    let event = rest.wait_for(&deliveries, "an event waits", waits)["id"].clone();

    done("PUT", &webhook, Some(json!({"description": "x"})), 200);
    done("POST", &format!("{webhook}/rotate"), None, 200);
    done("POST", &format!("{deliveries}/{event}/redeliver"), None, 202);
    done(
        "PUT",
        &format!("/calls/{call}"),
        Some(json!({"muteMode": 2})),
        200,
    );
    // It is written some moments after the answer.
    let muted = |line: &Value| line["action"] == "set_mute";
    rest.wait_for(AUDIT, "the call was muted", muted);
    let text = json!({"description": "x"});
    done("PUT", "/meetingRooms/106131", Some(text), 200);
    done("DELETE", &webhook, None, 204);

    let audit = rest.list(AUDIT);
    // The newest comes first. At its first start the bridge has made what there is.
    let by_users = audit.iter().rev().filter(|line| !line["subscriberSid"].is_null());
    let word = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let lines: Vec<_> = by_users
        .map(|line| format!("{} {}", word(line, "action"), word(line, "object")))
        .collect();
    assert_eq!(
        lines,
        [
            format!("put webhook {id}"),
            format!("put webhook {id}"),
            format!("rotate webhook {id}"),
            format!("redeliver event {event} of webhook {id}"),
            format!("set_mute call {call}"),
            "put room 106131".to_owned(),
            format!("delete webhook {id}"),
        ]
    );
}
