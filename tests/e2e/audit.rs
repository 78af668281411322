//! The audit of a running bridge: what its shell notes of webhooks, between what control and the store note, and that answers wait for it.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Runtime;

use crate::quality::scrape;
use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::receiver::RECEIVERS;
use crate::support::until::{alone, share};

const AUDIT: &str = "/audit";
/// Counts answers that came before the audit was on disk.
const LATE: &str = "partyline_audits_late_total";

#[test]
fn what_is_done_to_webhooks_calls_and_rooms_is_in_the_audit_in_its_order() {
    let _turn = share();
    let bridge = Bridge::start_with(RECEIVERS);
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
            format!("create webhook {id}"),
            format!("put webhook {id}"),
            format!("rotate webhook {id}"),
            format!("redeliver event {event} of webhook {id}"),
            format!("set_mute call {call}"),
            "put room 106131".to_owned(),
            format!("delete webhook {id}"),
        ]
    );
}

/// A bridge's database, to which nobody else can write.
struct Held {
    runtime: Runtime,
    database: SqliteConnection,
}

impl Held {
    fn of(bridge: &Bridge) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let options = SqliteConnectOptions::new()
            .filename(bridge.file("data/partyline.db"))
            .busy_timeout(Duration::from_secs(10));
        let held = runtime.block_on(async {
            let mut database = options.connect().await?;
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut database).await?;
            Ok::<_, sqlx::Error>(database)
        });
        let database = held.expect("the database can be held");
        Self { runtime, database }
    }

    fn release(self) {
        let released = self.runtime.block_on(self.database.close());
        released.expect("the database can be released");
    }
}

#[test]
fn a_change_is_answered_when_the_audit_has_it_or_the_disk_has_had_two_seconds() {
    let _turn = alone();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("222#");
    let rest = bridge.rest();
    let in_meeting = |call: &Value| call["state"] == 2;
    let call = rest.wait_for("/calls", "the call is in the meeting", in_meeting)["id"].clone();
    let path = format!("/calls/{call}");

    let held = Held::of(&bridge);
    let muting = {
        let (rest, path) = (rest.clone(), path.clone());
        thread::spawn(move || rest.put(&path, &json!({"muteMode": 2})))
    };
    rest.wait_for("/calls", "it is done", |call| call["muteMode"] == 2);
    assert!(!muting.is_finished(), "it is not on disk");
    held.release();
    let muted = muting.join().expect("it is answered");
    assert_eq!(
        (&muted["muteMode"], scrape(&bridge).total(LATE)),
        (&json!(2), 0.0)
    );

    let held = Held::of(&bridge);
    let asked = Instant::now();
    let open = rest.put(&path, &json!({"muteMode": 0}));
    assert!(asked.elapsed() >= Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!((&open["muteMode"], scrape(&bridge).total(LATE)), (&json!(0), 1.0));
    held.release();
    let both = |_: &Value| {
        let audit = rest.list(AUDIT);
        audit.iter().filter(|line| line["action"] == "set_mute").count() == 2
    };
    rest.wait_for(AUDIT, "the late row is on disk", both);
}
