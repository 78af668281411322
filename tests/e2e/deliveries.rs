//! Webhooks while hundreds of calls come and go, and the receiver with them.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::bridge::Bridge;
use crate::support::crowd::{LIMITS, come_and_go};
use crate::support::receiver::{Posted, RECEIVERS, Receiver};
use crate::support::until::{alone, until, until_true};

/// What is posted.
const TYPES: [&str; 4] = ["call.joined", "call.left", "meeting.started", "meeting.ended"];
/// A failure makes the meeting's next event wait for six seconds at most, and a debug build posts some hundred events a second.
const LIMIT: Duration = Duration::from_secs(180);

/// A receiver on the port of another, once it has got so many events; what the other got.
fn replace(receiver: Receiver, events: usize, end: fn(Receiver) -> Vec<Posted>) -> (Vec<Posted>, Receiver) {
    let address: SocketAddr = receiver.address();
    until_true("events are posted", LIMIT, || receiver.posted().len() >= events);
    (end(receiver), Receiver::at(address))
}

/// Once all is posted.
fn rest_of(receiver: &Receiver) -> Vec<Posted> {
    until("everything is posted", LIMIT, || {
        let posted = receiver.posted();
        let is_over = |last: &Posted| last.event["type"] == "meeting.ended";
        posted.last().is_some_and(is_over).then_some(posted)
    })
}

#[test]
fn a_receiver_that_is_killed_while_hundreds_come_and_go_misses_nothing_and_gets_all_in_order() {
    let _turn = alone();
    let bridge = Bridge::start_with(&format!("{LIMITS}{RECEIVERS}"));
    let mut receiver = Receiver::start();
    let body = json!({"url": format!("http://{}/hook", receiver.address()), "types": TYPES});
    let made = bridge.rest().request("POST", "/webhooks", Some(&body));
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.body["secret"].as_str().expect("a secret");
    let mut stream = bridge.rest().stream("/events", None);
    assert_eq!(stream.next()["type"], "snapshot");
    let mut callers = come_and_go(&bridge, 4);
    let told = thread::spawn(move || stream.until("meeting.ended"));
    let mut posted = vec![];
    for end in [Receiver::crash, Receiver::stop, Receiver::crash] {
        let (got, next) = replace(receiver, 50, end);
        posted.extend(got);
        receiver = next;
    }
    posted.extend(rest_of(&receiver));
    // How well the calls were is not asked here: a slow machine sends some away.
    callers.wait().expect("it ends");
    let told: Vec<Value> = told.join().expect("the stream is read to its end");
    let expected: Vec<_> = told
        .into_iter()
        .filter(|event| TYPES.iter().any(|kind| event["type"] == *kind))
        .collect();
    assert!(expected.len() > 1_000, "only {} events", expected.len());
    for one in &posted {
        let id = format!("evt_{}", one.event["id"]);
        assert!(one.id == id && one.is_signed_with(secret), "{one:?}");
    }
    let times = posted.len();
    posted.dedup_by(|again, one| again.id == one.id);
    let events: Vec<_> = posted.iter().map(|one| one.event.clone()).collect();
    assert_eq!(
        events, expected,
        "without gap, in order, and again by the same name"
    );
    assert!(
        times >= events.len() + 2,
        "what was never answered is posted again"
    );
}
