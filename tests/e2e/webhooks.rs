//! Webhooks end to end: the callback of a subscriber, secrets that are changed, and what was given up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::events::visit;
use crate::support::bridge::Bridge;
use crate::support::receiver::{Posted, RECEIVERS, Receiver};
use crate::support::rest::Rest;
use crate::support::until::{share, until, until_true};

/// Whose the demo's numbers and room are.
const TENANT: &str = "00000000-0000-4000-8000-000000000002";
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

fn url_of(receiver: &Receiver) -> String {
    format!("http://{}/hook", receiver.address())
}

/// Has the ends of meetings posted to `receiver`: the webhook's path, and its secret.
pub(crate) fn hook(rest: &Rest, receiver: &Receiver) -> (String, String) {
    let body = json!({"url": url_of(receiver), "types": ["meeting.ended"]});
    let made = rest.request("POST", "/webhooks", Some(&body));
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |field: &str| made.body[field].as_str().expect("a text").to_owned();
    (format!("/webhooks/{}", text("id")), text("secret"))
}

/// The webhook's new secret.
fn rotated(rest: &Rest, webhook: &str) -> String {
    let answer = rest.request("POST", &format!("{webhook}/rotate"), None);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["secret"].as_str().expect("a secret").to_owned()
}

/// What was posted, once so many of this type are among it.
pub(crate) fn posted_until(receiver: &Receiver, kind: &str, count: usize) -> Vec<Posted> {
    until("it is posted", LIMIT, || {
        let posted = receiver.posted();
        let of_kind = posted.iter().filter(|one| one.event["type"] == kind).count();
        (of_kind >= count).then_some(posted)
    })
}

#[test]
fn the_callback_of_a_subscriber_is_posted_what_happens_signed_with_the_secret_that_rotate_gave() {
    let _turn = share();
    let (bridge, receiver) = (Bridge::start_with(RECEIVERS), Receiver::start());
    let (rest, url) = (bridge.rest(), url_of(&receiver));
    let (subscriber, webhook) = (format!("/subscribers/{TENANT}"), format!("/webhooks/cb_{TENANT}"));
    rest.put(&subscriber, &json!({"eventCallbackUrl": url}));
    let shown = rest.get(&webhook);
    assert_eq!(
        (&shown["callback"], &shown["url"], &shown["secret"]),
        (&json!(true), &json!(url), &Value::Null)
    );

    let secret = rotated(rest, &webhook);
    visit(&bridge, 1);
    posted_until(&receiver, "meeting.ended", 1);
    let posted = posted_until(&receiver, "call.ended", 1);
    assert!(posted.iter().all(|one| one.is_signed_with(&secret)));
    let record = rest.wait_for("/mdrs", "the meeting's record", |_| true);
    let log = rest.list(&format!("/mdrs/{}/events", record["id"]));
    let events = posted.iter().map(|one| one.event.clone());
    let of_meeting: Vec<_> = events.filter(|event| !event["sequence"].is_null()).collect();
    assert_eq!(of_meeting, log);

    rest.put(&subscriber, &json!({"eventCallbackUrl": ""}));
    assert_eq!(rest.request("GET", &webhook, None).status, 404);
    visit(&bridge, 1);
    rest.wait_for("/mdrs", "the second meeting's record", |other| {
        other["id"] != record["id"]
    });
    assert_eq!(receiver.posted().len(), posted.len(), "it was taken away");
}

#[test]
fn while_a_secret_is_changed_the_new_one_and_the_one_before_verify_what_is_posted() {
    let _turn = share();
    let (bridge, receiver) = (Bridge::start_with(RECEIVERS), Receiver::start());
    let rest = bridge.rest();
    let (webhook, secret) = hook(rest, &receiver);
    assert_eq!(rest.get(&webhook)["previousSecretUntil"], Value::Null);
    let mut secrets = vec![secret];
    for good in [&[true][..], &[true, true], &[false, true, true]] {
        visit(&bridge, 1);
        let posted = posted_until(&receiver, "meeting.ended", secrets.len());
        let last = posted.last().expect("it was posted");
        let verified: Vec<_> = secrets.iter().map(|secret| last.is_signed_with(secret)).collect();
        assert_eq!(verified, good);
        secrets.push(rotated(rest, &webhook));
        assert!(rest.get(&webhook)["previousSecretUntil"].is_u64());
    }
}

/// The deliveries of a webhook that are in this state.
fn in_state(rest: &Rest, webhook: &str, state: &str) -> Vec<Value> {
    let list = rest.get(&format!("{webhook}/deliveries?filter=state%20eq%20%22{state}%22"));
    list["items"].as_array().cloned().expect("a list has items")
}

/// The only one that is, once it is.
pub(crate) fn once_in_state(rest: &Rest, webhook: &str, state: &str) -> Value {
    until(state, LIMIT, || match &in_state(rest, webhook, state)[..] {
        [one] => Some(one.clone()),
        [] => None,
        more => panic!("{more:?}"),
    })
}

#[test]
fn what_was_given_up_is_listed_as_dead_and_posted_once_it_is_asked_for_again() {
    let _turn = share();
    let (bridge, receiver) = (Bridge::start_with(RECEIVERS), Receiver::start_gone());
    let (rest, address) = (bridge.rest(), receiver.address());
    let (webhook, secret) = hook(rest, &receiver);
    visit(&bridge, 1);
    let dead = once_in_state(rest, &webhook, "dead");
    assert_eq!((&dead["status"], &dead["attempts"]), (&json!(410), &json!(1)));
    let is_disabled = || rest.get(&webhook)["disabled"] == true;
    until_true("the webhook is disabled", LIMIT, is_disabled);
    let again = format!("{webhook}/deliveries/{}/redeliver", dead["id"]);
    assert_eq!(rest.request("POST", &again, None).status, 409, "it is disabled");

    drop(receiver);
    let receiver = Receiver::at(address);
    rest.put(&webhook, &json!({"disabled": false}));
    assert_eq!(
        in_state(rest, &webhook, "dead").len(),
        1,
        "nobody asked for it yet"
    );
    assert_eq!(rest.request("POST", &again, None).status, 202);
    let posted = posted_until(&receiver, "meeting.ended", 1);
    let [one] = &posted[..] else { panic!("{posted:?}") };
    assert!(one.id == format!("evt_{}", dead["id"]) && one.is_signed_with(&secret));
    assert_eq!(once_in_state(rest, &webhook, "delivered")["id"], dead["id"]);
    assert!(in_state(rest, &webhook, "dead").is_empty());
}
