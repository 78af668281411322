//! The example calls of the OpenAPI document run as they are written.

use crate::support::operations::call_all;
use crate::support::until::share;

/// What stands before an id in a path, and what the id is called in the examples.
const NAMES: [(&str, &str); 9] = [
    ("calls", "CALL"),
    ("deliveries", "DELIVERY"),
    ("didGroups", "GROUP"),
    ("dids", "DID"),
    ("mdrs", "MDR"),
    ("meetingRooms", "ROOM"),
    ("meetings", "MEETING"),
    ("subscribers", "SID"),
    ("webhooks", "WEBHOOK"),
];

#[test]
fn the_example_calls_of_the_document_run_as_written() {
    let _turn = share();
    let called = call_all(|stage, operation| {
        let mut curl = stage.curl(&operation.example);
        let ids = NAMES
            .into_iter()
            .filter_map(|(word, name)| Some((name, stage.id(word)?)));
        curl.envs(ids);
        curl
    });
    assert!(called > 60, "operations are missing: there are {called}");
}
