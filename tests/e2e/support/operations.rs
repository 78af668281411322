//! Every operation of the REST API called once, against a bridge where each finds what it needs.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use super::rest::Answer;
use super::stage::Stage;
use super::stream::Stream;

/// Operations that change something, in an order in which each finds what it needs. The webhook of the example comes last: by then nothing
/// happens any more that would be posted to its address, which belongs to nobody.
const CHANGES: &[&str] = &[
    "simulateCall",
    "createCall",
    "updateCall",
    "hangUpCall",
    "steerMeetingCalls",
    "updateMeeting",
    "updateMeetingAttribute",
    "hangUpMeetingCalls",
    "endMeeting",
    "createMeetingRoom",
    "updateMeetingRoom",
    "deleteMeetingRoom",
    "createSubscriber",
    "updateSubscriber",
    "createSubscriberMeetingRoom",
    "updateSubscriberMeetingRoom",
    "replaceSubscriberMeetingRoomKeychain",
    "deleteSubscriberMeetingRoom",
    "deleteSubscriber",
    "createDidGroup",
    "updateDidGroup",
    "deleteDidGroup",
    "createDid",
    "updateDid",
    "deleteDid",
    "testWebhook",
    "redeliver",
    "rotateWebhookSecret",
    "updateWebhook",
    "deleteWebhook",
    "createWebhook",
];

/// One method of one path of the document.
pub(crate) struct Operation {
    name: String,
    /// `METHOD /path/{variable}`.
    pub(crate) address: String,
    /// Its example call.
    pub(crate) example: String,
    /// Statuses that say that all is well.
    good: Vec<String>,
    streams: bool,
}

impl Operation {
    fn new(path: &str, method: &str, operation: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let answers = &operation["responses"];
        let statuses = answers.as_object().expect("it is answered").keys();
        let good = statuses.filter(|status| status.starts_with('2'));
        Self {
            name: text(&operation["operationId"]),
            address: format!("{} {path}", method.to_uppercase()),
            example: text(&operation["x-codeSamples"][0]["source"]),
            good: good.cloned().collect(),
            streams: !answers["200"]["content"]["text/event-stream"].is_null(),
        }
    }

    fn reads(&self) -> bool {
        self.address.starts_with("GET ")
    }
}

/// All that the running bridge documents.
fn operations(stage: &Stage) -> Vec<Operation> {
    let example = "curl --fail --cacert data/cert.pem \"${API%/conference/v1}/openapi.json\"";
    let document = Answer::of(stage.curl(example), "the document").body;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has methods") {
            operations.push(Operation::new(path, method, operation));
        }
    }
    operations
}

/// Calls every operation once, by what `command` makes of it: those that read first, then those that change something. Each must be
/// answered with the success that the document tells of it. Gives their number.
pub(crate) fn call_all(command: impl Fn(&Stage, &Operation) -> Command) -> usize {
    let mut stage = Stage::start();
    let all = operations(&stage);
    let count = all.len();
    let (reads, others): (Vec<_>, Vec<_>) = all.into_iter().partition(Operation::reads);
    for operation in &reads {
        call(&mut stage, operation, &command);
    }
    let named = |operation: Operation| (operation.name.clone(), operation);
    let mut changes: BTreeMap<_, _> = others.into_iter().map(named).collect();
    for name in CHANGES {
        let operation = changes.remove(*name);
        let operation = operation.unwrap_or_else(|| panic!("{name} is not in the document"));
        call(&mut stage, &operation, &command);
    }
    let forgotten: Vec<_> = changes.keys().collect();
    assert!(
        forgotten.is_empty(),
        "never called: give {forgotten:?} a place in CHANGES"
    );
    count
}

fn call(stage: &mut Stage, operation: &Operation, command: &impl Fn(&Stage, &Operation) -> Command) {
    let name = &operation.name;
    let curl = command(stage, operation);
    if operation.streams {
        assert_eq!(Stream::of(curl).next()["type"], "snapshot", "{name}");
        return;
    }
    let answer = Answer::of(curl, name);
    let is_good = operation.good.contains(&answer.status.to_string());
    assert!(is_good, "{name}: {} {}", answer.status, answer.body);
    for list in [&answer.body, &answer.body["items"]] {
        assert_ne!(*list, json!([]), "{name} has nothing to show");
    }
    stage.follow(name, &answer.body);
}
