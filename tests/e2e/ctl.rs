//! `partyline ctl` against a running bridge, most of it with a call in a meeting.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};

use crate::events::visit;
use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::program::partyline;
use crate::support::receiver::{RECEIVERS, Receiver};
use crate::support::until::{share, until_true};
use crate::webhooks::{LIMIT, hook, once_in_state, posted_until};

/// The program with the bridge's data folder, as the README's examples have it.
fn command(bridge: &Bridge) -> Command {
    command_at(bridge, &bridge.rest().url)
}

/// The same where the API is said to be at `url`.
fn command_at(bridge: &Bridge, url: &str) -> Command {
    let mut command = Command::new(partyline());
    command
        .args(["ctl", "--url", url, "--data"])
        .arg(bridge.file("data"))
        .env_remove("PARTYLINE_LOGIN");
    command
}

/// What it told when it did what it should.
fn told(bridge: &Bridge, words: &str) -> String {
    told_of(bridge, &words.split(' ').collect::<Vec<_>>())
}

/// The same where words hold spaces.
fn told_of(bridge: &Bridge, words: &[&str]) -> String {
    let output = command(bridge).args(words).output().expect("the program runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {complaint}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// `partyline ctl tail`, until it is dropped.
struct Tail {
    child: Child,
    told: PathBuf,
}

impl Tail {
    /// Once it has told what is so already.
    fn start(bridge: &Bridge, words: &str) -> Self {
        let told = bridge.file(&words.replace(' ', "-"));
        let child = command(bridge)
            .args(words.split(' '))
            .stdout(File::create(&told).expect("a file is made"))
            .spawn()
            .expect("the program runs");
        let tail = Self { child, told };
        tail.wait_for("snapshot");
        tail
    }

    fn wait_for(&self, word: &str) {
        until_true(word, Duration::from_secs(15), || {
            self.lines().iter().any(|line| line.contains(word))
        });
    }

    /// Those that are whole.
    fn lines(&self) -> Vec<String> {
        let told = fs::read_to_string(&self.told).expect("the file is there");
        let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its status and complaint.
fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn a_meeting_is_watched_and_steered_from_the_command_line() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let rest = bridge.rest();
    rest.wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    let said: Value = serde_json::from_str(&told(&bridge, "calls --json")).expect("it is JSON");
    let call = said["items"][0]["id"].as_u64().expect("a call has an id");
    assert!(told(&bridge, "meetings").contains("106131  in progress"));
    assert!(told(&bridge, "calls").contains("in the meeting"));

    told(&bridge, &format!("mute {call}"));
    told(&bridge, &format!("hold {call}"));
    told(&bridge, "lock 106131");
    let roster = told(&bridge, "meeting 106131");
    for word in ["yes", "host", "by the host", "held", &call.to_string()] {
        assert!(roster.contains(word), "{word}: {roster}");
    }
    told(&bridge, &format!("unmute {call}"));
    told(&bridge, &format!("release {call}"));
    told(&bridge, "mute-all 106131");
    told(&bridge, "hold-all 106131");
    let meeting = rest.get("/meetings/106131");
    assert_eq!(
        (&meeting["muteMode"], &meeting["holdMode"]),
        (&40.into(), &40.into())
    );
    told(&bridge, "unmute-all 106131");
    told(&bridge, "release-all 106131");
    assert!(told(&bridge, "unlock 106131").contains("meeting 106131: isSecured false"));
    let meeting = rest.get("/meetings/106131");
    assert_eq!(
        (&meeting["muteMode"], &meeting["holdMode"], &meeting["isSecured"]),
        (&0.into(), &0.into(), &false.into())
    );
    assert!(told(&bridge, "quality 106131").contains("PCMU"));

    told(&bridge, &format!("drop {call}"));
    phone.wait_for_bye();
    rest.wait_for("/cdrs", "the call left a record", |record| record["id"] == call);
    assert!(told(&bridge, "cdrs").contains("dropped_by_api"));
    let record = rest.wait_for("/mdrs", "the meeting left a record", |_| true);
    let cause = record["cause"].as_str().expect("a record has a cause");
    let of_meeting = told(&bridge, "mdrs");
    for word in [cause, "  106131  ", &record["id"].to_string()] {
        assert!(of_meeting.contains(word), "{word}: {of_meeting}");
    }
    let of_call = format!(r#"object eq "call {call}" and action eq "set_mute""#);
    let changes = told_of(&bridge, &["audit", "--order", "created", "--filter", &of_call]);
    let changes: Vec<_> = changes.lines().skip(1).collect();
    assert_eq!(changes.len(), 2, "it was muted and unmuted: {changes:?}");
    let object = format!("  set_mute  call {call}");
    for change in changes {
        let by_bridge = change.contains("the bridge");
        assert!(change.ends_with(&object) && !by_bridge, "{change}");
    }
}

#[test]
fn what_happens_is_told_line_by_line_as_text_and_as_json_until_the_meeting_is_ended() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let in_meeting = |call: &Value| call["state"] == 2;
    let call = bridge
        .rest()
        .wait_for("/calls", "the call is in the meeting", in_meeting);
    let call = call["id"].as_u64().expect("a call has an id");
    let text = Tail::start(&bridge, "tail 106131");
    let all = Tail::start(&bridge, "tail --json");
    told(&bridge, &format!("mute {call}"));
    told(&bridge, "lock 106131");
    told(&bridge, "unlock 106131");
    assert!(told(&bridge, "end 106131").contains("meeting 106131: ended"));
    phone.wait_for_bye();
    for tail in [&text, &all] {
        tail.wait_for("meeting.ended");
    }

    let said = all.lines();
    let said = said
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    let of_meeting = said.filter(|event| event["meetingNumber"] == 106_131);
    let events: Vec<_> = of_meeting
        .skip_while(|event| event["type"] != "call.muted")
        .collect();
    let kinds: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let expected = [
        "call.muted",
        "meeting.locked",
        "meeting.locked",
        "call.muted",
        "call.left",
        "meeting.ended",
    ];
    let steered: Vec<_> = kinds.iter().filter(|kind| expected.contains(kind)).collect();
    assert_eq!(steered, expected.iter().collect::<Vec<_>>(), "{events:?}");
    let (muted, by) = (&events[0], &events[0]["actor"]);
    assert_eq!(
        (&muted["callId"], &muted["data"], &by["type"]),
        (&call.into(), &json!({"muteMode": 2}), &"user".into())
    );

    let lines = text.lines();
    let lines: Vec<_> = lines
        .iter()
        .skip_while(|line| !line.contains("call.muted"))
        .collect();
    let words: Vec<_> = lines.iter().filter_map(|line| line.split("  ").nth(2)).collect();
    assert_eq!(words, kinds, "both tell the same, in the same order");
    let sid = by["sid"].as_str().expect("a user has a sid");
    let expected = format!("  106131  call.muted  call {call}  by {sid}  muteMode=2");
    assert!(lines[0].ends_with(&expected), "{}", lines[0]);
}

#[test]
fn a_room_is_made_changed_and_deleted_from_the_command_line() {
    let _turn = share();
    let bridge = Bridge::start();
    let said = told(
        &bridge,
        "room create --group 219 --key host:471147 --key participant --json",
    );
    let room: Value = serde_json::from_str(&said).expect("it is JSON");
    let number = &room["meetingNumber"];
    assert_eq!(room["keychain"][0]["accessCode"], "471147");
    told(
        &bridge,
        &format!("room set {number} --description Weekly --attribute conference_maxcalls=7"),
    );
    let shown = told(&bridge, &format!("room show {number}"));
    for line in [
        "description  Weekly",
        "code         471147 host",
        "attribute    conference_maxcalls = 7",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(told(&bridge, "rooms").contains("Weekly"));
    told(&bridge, &format!("room delete {number}"));
    assert!(!told(&bridge, "rooms").contains("Weekly"));
    for (words, word) in [
        ("dids", "15162065319"),
        ("groups", "CONF"),
        ("subscribers", "administrator"),
    ] {
        assert!(told(&bridge, words).contains(word), "{words}");
    }
}

#[test]
fn what_was_given_up_is_found_and_posted_again_from_the_command_line() {
    let _turn = share();
    let (bridge, receiver) = (Bridge::start_with(RECEIVERS), Receiver::start_gone());
    let (rest, address) = (bridge.rest(), receiver.address());
    let (webhook, secret) = hook(rest, &receiver);
    let id = webhook.strip_prefix("/webhooks/").expect("it is its path");
    assert!(told(&bridge, "webhooks").contains("meeting.ended"));
    visit(&bridge, 1);
    let event = once_in_state(rest, &webhook, "dead")["id"].to_string();
    let is_disabled = || rest.get(&webhook)["disabled"] == true;
    until_true("the webhook is disabled", LIMIT, is_disabled);
    let dead = told(&bridge, &format!("webhook deliveries {id} --dead"));
    assert!(dead.contains(&event) && dead.contains("410"), "{dead}");
    let again = format!("webhook redeliver {id} {event}");
    let mut off = command(&bridge);
    off.args(again.split(' '));
    let (status, complaint) = refused(off);
    assert_eq!(status, Some(1));
    assert!(complaint.contains(r#"{"disabled": false}"#), "{complaint}");

    drop(receiver);
    let receiver = Receiver::at(address);
    rest.put(&webhook, &json!({"disabled": false}));
    assert_eq!(
        told(&bridge, &again),
        format!("event {event}: waits for its turn\n")
    );
    let posted = posted_until(&receiver, "meeting.ended", 1);
    assert!(posted.iter().all(|one| one.is_signed_with(&secret)));
    once_in_state(rest, &webhook, "delivered");
    let all = told(&bridge, &format!("webhook deliveries {id}"));
    assert!(all.contains("delivered"), "{all}");
    let dead = told(&bridge, &format!("webhook deliveries {id} --dead"));
    assert_eq!(dead, "there is no such delivery\n");
}

#[test]
fn the_bridge_is_found_by_its_address_without_a_path_and_a_wrong_path_is_named() {
    let _turn = share();
    let bridge = Bridge::start();
    for (path, status, says) in [
        ("", 0, ""),
        ("/", 0, ""),
        ("/api", 1, "or the API does not begin at https://127.0.0.1:"),
    ] {
        let mut command = command_at(&bridge, &format!("{}{path}", bridge.rest().root()));
        command.arg("calls");
        let (ended, complaint) = refused(command);
        assert_eq!(ended, Some(status), "{path}: {complaint}");
        assert!(complaint.contains(says), "{path}: {complaint}");
    }
}

#[test]
fn refusals_say_what_to_do_and_have_their_exit_status() {
    let _turn = share();
    let bridge = Bridge::start();
    let mut missing = command(&bridge);
    missing.args(["mute", "1"]);
    let (status, complaint) = refused(missing);
    assert_eq!(status, Some(1));
    assert!(
        complaint.contains("PUT /calls/1: 404 Not found") && complaint.contains("partyline ctl calls"),
        "{complaint}"
    );
    let mut wrong = command(&bridge);
    wrong.arg("calls").env("PARTYLINE_LOGIN", "demo:wrong");
    let (status, complaint) = refused(wrong);
    assert_eq!(status, Some(1));
    assert!(
        complaint.contains("401 Bad credentials") && complaint.contains("--password-file"),
        "{complaint}"
    );
    let mut nowhere = command_at(&bridge, "https://127.0.0.1:1/conference/v1");
    nowhere.arg("calls");
    let (status, complaint) = refused(nowhere);
    assert_eq!(status, Some(2), "{complaint}");
    assert!(
        complaint.contains("no answer from https://127.0.0.1:1/"),
        "{complaint}"
    );
    let mut silent = command(&bridge);
    silent.args(["tail", "999999"]);
    let (status, complaint) = refused(silent);
    assert_eq!(status, Some(1));
    assert!(
        complaint.contains("GET /meetings/999999/events: 404 Not found"),
        "{complaint}"
    );
    let mut unknown = command(&bridge);
    unknown.args(["room", "create", "--key", "boss"]);
    let (status, complaint) = refused(unknown);
    assert_eq!(status, Some(2));
    assert!(complaint.contains("host, participant or listener"), "{complaint}");
}
