//! Events through the whole program: streamed, cut and resumed, posted, and over kill -9.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::support::bridge::Bridge;
use crate::support::crowd::{LIMITS, come_and_go};
use crate::support::phone::Phone;
use crate::support::receiver::{Posted, RECEIVERS, Receiver};
use crate::support::until::{alone, share, until, until_true};

/// A caller comes, is in the meeting as the `count`th, and goes.
pub(crate) fn visit(bridge: &Bridge, count: u64) {
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    bridge
        .rest()
        .wait_for("/meetings", "the call is in the meeting", |meeting| {
            meeting["participantCount"] == count
        });
    phone.hang_up();
}

fn ids(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .map(|event| event["id"].as_u64().expect("an event has an id"))
        .collect()
}

/// The log of every meeting that is over, the oldest first.
fn logs(bridge: &Bridge) -> Vec<Value> {
    let mut meetings = bridge.rest().list("/mdrs");
    meetings.sort_by_key(|meeting| meeting["id"].as_u64());
    let log = |meeting: &Value| bridge.rest().list(&format!("/mdrs/{}/events", meeting["id"]));
    meetings.iter().flat_map(log).collect()
}

#[test]
fn a_stream_that_was_cut_goes_on_where_it_was() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut stream = bridge.rest().stream("/events", None);
    assert_eq!(stream.next()["type"], "snapshot");
    visit(&bridge, 1);
    let mut events = stream.until("call.joined");
    drop(stream);
    visit(&bridge, 1);
    let mut stream = bridge.rest().stream("/events", events.last());
    events.extend(stream.until("call.ended"));
    events.extend(stream.until("call.ended"));
    bridge.rest().wait_for("/mdrs", "both meetings' records", |_| {
        bridge.rest().list("/mdrs").len() == 2
    });
    let of_meetings: Vec<_> = events
        .iter()
        .filter(|event| !event["sequence"].is_null())
        .cloned()
        .collect();
    assert_eq!(of_meetings, logs(&bridge), "without gap, and nothing twice");
    assert!(ids(&events).is_sorted());
}

/// What is told of each call that begins with `call.joined` or ends with `call.left`, in order.
fn stays(events: &[Value]) -> HashMap<u64, Vec<&str>> {
    let mut stays: HashMap<_, Vec<_>> = HashMap::new();
    for event in events {
        let kind = event["type"].as_str().expect("an event has a type");
        if let Some(call) = event["callId"].as_u64()
            && ["call.joined", "call.left"].contains(&kind)
        {
            stays.entry(call).or_default().push(kind);
        }
    }
    stays
}

#[test]
fn while_hundreds_come_and_go_the_stream_has_no_gap_and_each_is_told_to_join_before_it_leaves() {
    let _turn = alone();
    let bridge = Bridge::start_with(LIMITS);
    let mut stream = bridge.rest().stream("/events", None);
    assert_eq!(stream.next()["type"], "snapshot");
    let mut callers = come_and_go(&bridge, 8);
    let events = stream.until("meeting.ended");
    // How well the calls were is not asked here: a slow machine sends some away.
    callers.wait().expect("it ends");
    let of_meeting: Vec<_> = events
        .into_iter()
        .filter(|event| !event["sequence"].is_null())
        .collect();
    let sequences: Vec<_> = of_meeting
        .iter()
        .map(|event| event["sequence"].as_u64())
        .collect();
    assert_eq!(
        sequences,
        (0..of_meeting.len() as u64).map(Some).collect::<Vec<_>>()
    );
    assert!(ids(&of_meeting).is_sorted_by(|a, b| a < b));
    let stays = stays(&of_meeting);
    assert!(
        stays.values().all(|told| *told == ["call.joined", "call.left"]),
        "{stays:?}"
    );
    assert!(stays.len() > 800, "only {} calls came and went", stays.len());
}

#[test]
fn what_kill_9_cut_off_is_told_to_have_ended() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut stream = bridge.rest().stream("/events", None);
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    let mut events = stream.until("call.joined");
    // Events reach the disk in their order: with these the first call's are there.
    visit(&bridge, 2);
    let cut = events.last().expect("it joined").clone();
    bridge
        .rest()
        .wait_for("/meetings/106131/events", "the visitor's end", |event| {
            event["type"] == "call.left" && event["callId"] != cut["callId"]
        });
    let bridge = bridge.kill_and_restart();
    let mut stream = bridge.rest().stream("/events", events.last());
    events.extend(stream.until("meeting.ended"));
    let log = logs(&bridge);
    let ends: Vec<_> = log
        .iter()
        .rev()
        .take(2)
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(ends, ["meeting.ended", "call.left"]);
    assert!(
        log.iter()
            .rev()
            .take(2)
            .all(|event| event["data"] == json!({"cause": "interrupted"}))
    );
    let sequences: Vec<_> = log.iter().map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(sequences, (0..log.len() as u64).map(Some).collect::<Vec<_>>());
    assert!(ids(&events[1..]).is_sorted_by(|a, b| a < b));
}

#[test]
fn a_receiver_that_was_away_gets_every_event_in_order_and_signed() {
    let _turn = share();
    let bridge = Bridge::start_with(RECEIVERS);
    let receiver = Receiver::start();
    let address = receiver.address();
    let body = json!({"url": format!("http://{address}/hook?x=1"), "types": ["meeting.*", "call.joined", "call.left"]});
    let made = bridge.rest().request("POST", "/webhooks", Some(&body));
    assert_eq!(made.status, 201, "{}", made.body);
    let (secret, id) = (
        made.body["secret"].as_str().unwrap(),
        made.body["id"].as_str().unwrap(),
    );
    let tried = bridge
        .rest()
        .request("POST", &format!("/webhooks/{id}/test"), None);
    assert_eq!(tried.body, json!({"delivered": true, "status": 204}));
    let test = receiver.posted();
    assert!(test[0].is_signed_with(secret) && test[0].event["type"] == "webhook.test");
    drop(receiver);

    visit(&bridge, 1);
    let deliveries = format!("/webhooks/{id}/deliveries");
    bridge
        .rest()
        .wait_for(&deliveries, "a try that failed", |delivery| {
            delivery["attempts"] == 1
                && delivery["state"] == "pending"
                && delivery["fault"] == "no connection"
        });
    let receiver = Receiver::at(address);
    let posted = until("everything is posted", Duration::from_secs(30), || {
        let posted = receiver.posted();
        let whole = posted
            .last()
            .is_some_and(|posted| posted.event["type"] == "meeting.ended");
        whole.then_some(posted)
    });
    assert!(posted.iter().all(|posted| posted.is_signed_with(secret)));
    let log: Vec<_> = logs(&bridge)
        .into_iter()
        .filter(|event| {
            let kind = event["type"].as_str().unwrap();
            kind.starts_with("meeting.") || kind == "call.joined" || kind == "call.left"
        })
        .collect();
    let events: Vec<_> = posted.iter().map(|posted| posted.event.clone()).collect();
    assert_eq!(events, log);
    assert!(
        posted
            .iter()
            .all(|posted| posted.id == format!("evt_{}", posted.event["id"]))
    );
    let all_taken = || {
        bridge
            .rest()
            .list(&deliveries)
            .iter()
            .all(|delivery| delivery["state"] == "delivered")
    };
    until("all are on record as delivered", Duration::from_secs(10), || {
        all_taken().then_some(())
    });
}

/// Has everything posted to `receiver` by TLS; the webhook's secret, and what came of a test of it.
fn hook(bridge: &Bridge, receiver: &Receiver) -> (String, Value) {
    let url = format!("https://{}/hook", receiver.address());
    let made = bridge
        .rest()
        .request("POST", "/webhooks", Some(&json!({ "url": url })));
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/webhooks/{}/test", made.body["id"].as_str().unwrap());
    let tried = bridge.rest().request("POST", &path, None).body;
    (made.body["secret"].as_str().unwrap().to_owned(), tried)
}

#[test]
fn events_are_posted_by_tls_to_those_whose_certificate_is_good_and_to_nobody_else() {
    let _turn = share();
    let (receiver, certificate) = Receiver::start_tls();
    let private = "[webhooks]\nallow_private = [\"127.0.0.0/8\"]\n";
    let bridge = Bridge::start_trusting(&certificate, private);
    let (secret, tried) = hook(&bridge, &receiver);
    assert_eq!(tried, json!({"delivered": true, "status": 204}));
    visit(&bridge, 1);
    let posted = until("all is posted", Duration::from_secs(15), || {
        let posted = receiver.posted();
        let is_over = |posted: &Posted| posted.event["type"] == "meeting.ended";
        posted.iter().any(is_over).then_some(posted)
    });
    assert!(posted.len() > 4 && posted.iter().all(|posted| posted.is_signed_with(&secret)));
    let stranger = Bridge::start_with(private);
    let (_, tried) = hook(&stranger, &receiver);
    assert_eq!(
        tried,
        json!({"delivered": false, "fault": "its certificate is not good"})
    );
}

/// Does this to the bridge's database, from outside.
fn in_database(bridge: &Bridge, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let file = bridge.file("data/partyline.db");
    let done = runtime.expect("a runtime").block_on(async {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(Duration::from_secs(10));
        let mut database = options.connect().await?;
        sqlx::raw_sql(statement).execute(&mut database).await?;
        database.close().await
    });
    done.expect("the database takes it");
}

#[test]
fn a_webhook_that_is_gone_is_disabled_as_soon_as_the_disk_takes_it() {
    let _turn = share();
    let bridge = Bridge::start_with(RECEIVERS);
    let receiver = Receiver::start_gone();
    let body = json!({"url": format!("http://{}/hook", receiver.address()), "types": ["meeting.ended"]});
    let made = bridge.rest().request("POST", "/webhooks", Some(&body));
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/webhooks/{}", made.body["id"].as_str().unwrap());
    let is_disabled = || bridge.rest().request("GET", &path, None).body["disabled"] == true;
    in_database(
        &bridge,
        "CREATE TRIGGER refuse BEFORE UPDATE OF is_disabled ON webhooks BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    visit(&bridge, 1);
    until_true(
        "the bridge fails to disable the webhook",
        Duration::from_secs(15),
        || {
            let log = std::fs::read_to_string(bridge.file("err")).unwrap_or_default();
            log.contains("webhooks wait for the store")
        },
    );
    assert_eq!((receiver.posted().len(), is_disabled()), (1, false));
    in_database(&bridge, "DROP TRIGGER refuse");
    until_true("the webhook is disabled", Duration::from_secs(15), is_disabled);
    visit(&bridge, 1);
    bridge
        .rest()
        .wait_for("/mdrs", "the second meeting's record", |_| {
            bridge.rest().list("/mdrs").len() == 2
        });
    let deliveries = bridge.rest().list(&format!("{path}/deliveries"));
    assert_eq!(deliveries.len(), 1, "nothing is to be posted any more");
}
