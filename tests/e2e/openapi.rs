//! The example calls of the OpenAPI document run as they are written.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::program::tool;
use crate::support::until::share;

/// Operations that change something, in an order in which each finds what it needs.
const CHANGES: [&str; 20] = [
    "simulateCall",
    "steerMeetingCalls",
    "updateCall",
    "updateMeeting",
    "updateMeetingAttribute",
    "hangUpCall",
    "endMeeting",
    "createMeetingRoom",
    "updateMeetingRoom",
    "createSubscriber",
    "updateSubscriber",
    "createSubscriberMeetingRoom",
    "updateSubscriberMeetingRoom",
    "replaceSubscriberMeetingRoomKeychain",
    "deleteMeetingRoom",
    "createDidGroup",
    "updateDidGroup",
    "createDid",
    "updateDid",
    "deleteDid",
];

/// Operations that read what is not there yet, or that have no end; other tests have them.
const UNREADABLE: [&str; 4] = [
    "getWebhook",
    "listDeliveries",
    "listMeetingRecordEvents",
    "streamEvents",
];

/// Example calls by the names of their operations; those that read stand in `reads`.
fn examples(document: &Value) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut changes, mut reads) = (BTreeMap::new(), Vec::new());
    for (_, item) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has methods") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let source = text(&operation["x-codeSamples"][0]["source"]);
            let name = text(&operation["operationId"]);
            match method == "get" {
                true if UNREADABLE.contains(&name.as_str()) => {}
                true => reads.push(source),
                false => drop(changes.insert(name, source)),
            }
        }
    }
    (changes, reads)
}

#[test]
fn the_example_calls_of_the_document_run_as_written() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phones: Vec<_> = ["111#", "222#"]
        .map(|code| {
            let mut phone = Phone::call(bridge.sip(), "15162065319");
            phone.enter(code);
            phone
        })
        .into();
    let rest = bridge.rest();
    let call = rest.wait_for("/calls", "the host is in", |call| {
        call["role"] == 1 && call["state"] == 2
    });
    rest.wait_for("/calls", "the other is in", |call| {
        call["role"] == 2 && call["state"] == 2
    });
    let room = rest.list("/meetingRooms").remove(0);
    let run = |source: &str| {
        let output = Command::new(tool("bash"))
            .args([
                "-e",
                "-u",
                "-c",
                &source.replace("curl ", "curl --show-error --max-time 10 "),
            ])
            .envs([
                ("API", rest.url.as_str()),
                ("LOGIN", &rest.login_of("demo")),
                ("MEETING", "106131"),
                ("DID", "220"),
                ("GROUP", "219"),
            ])
            .env("CALL", call["id"].to_string())
            .env("ROOM", room["meetingNumber"].to_string())
            .env(
                "SID",
                room["subscriberSid"].as_str().expect("a room has an owner"),
            )
            .current_dir(bridge.file(""))
            .output()
            .expect("bash runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{source}\ntold {told}\nand {complaint}");
        told
    };
    let document: Value = serde_json::from_str(&run(
        "curl --fail --cacert data/cert.pem \"${API%/conference/v1}/openapi.json\"",
    ))
    .expect("it is JSON");
    let (changes, reads) = examples(&document);
    assert!(reads.len() > 20, "examples are missing");
    reads.iter().for_each(|source| drop(run(source)));
    for name in CHANGES {
        run(changes
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no example")));
    }
    phones.iter_mut().for_each(Phone::wait_for_bye);
}
