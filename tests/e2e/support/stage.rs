//! A bridge that has one of everything that the operations of the REST API are about.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::baresip::{Baresip, NOBODY};
use super::bridge::Bridge;
use super::phone::Phone;
use super::program::tool;
use super::receiver::{RECEIVERS, Receiver};
use super::rest::{CURL, Rest, in_address};
use super::until::until_true;

const NUMBER: &str = "15162065319";
/// Whom the examples have the bridge call.
const CALLEE: &str = "+14165550123";
const LIMIT: Duration = Duration::from_secs(15);
/// What the demo has, by the words that stand before an id in a path.
const DEMO: [(&str, &str); 5] = [
    ("didGroups", "219"),
    ("dids", "220"),
    ("meetingRooms", "106131"),
    ("meetings", "106131"),
    ("subscribers", "00000000-0000-4000-8000-000000000002"),
];

/// The demo's objects, a host and a participant in the demo's room, the record of a meeting before, a webhook that was posted to, and a
/// softphone that the bridge may call.
pub(crate) struct Stage {
    callers: Vec<Phone>,
    callee: Baresip,
    bridge: Bridge,
    receiver: Receiver,
    /// With the login of the demo's tenant.
    rest: Rest,
    /// What operations are about, by the word that stands before its id in a path.
    ids: BTreeMap<&'static str, String>,
}

impl Stage {
    /// Starts all of it.
    pub(crate) fn start() -> Self {
        let (receiver, callee) = (Receiver::start(), Baresip::start(CALLEE, NOBODY.into()));
        let bridge = Bridge::start_with(&format!(
            "[dial_out]\ntrunk = \"sip:{}\"\nallow = [\"1416\"]\n{RECEIVERS}[recording]\nmin_free_mib = 1\n",
            callee.sip()
        ));
        let mut stage = Self {
            callers: Vec::new(),
            callee,
            rest: bridge.rest().by("demo"),
            bridge,
            receiver,
            ids: DEMO.map(|(word, id)| (word, id.to_owned())).into(),
        };
        stage.hook();
        stage.leave_records();
        stage.fill();
        stage
    }

    /// Has everything that happens posted.
    fn hook(&mut self) {
        let url = format!("http://{}/hook", self.receiver.address());
        let made = self
            .rest
            .request("POST", "/webhooks", Some(&json!({ "url": url })));
        assert_eq!(made.status, 201, "{}", made.body);
        self.note("webhooks", &made.body["id"]);
    }

    /// A meeting takes place, of which events are posted.
    fn leave_records(&mut self) {
        self.come("222#", 2);
        self.clear();
        let record = self.rest.wait_for("/mdrs", "the meeting's record", |_| true);
        self.note("mdrs", &record["id"]);
        let path = format!("/webhooks/{}/deliveries", self.ids["webhooks"]);
        let is_posted = |delivery: &Value| delivery["state"] == "delivered";
        let posted = self.rest.wait_for(&path, "an event is posted", is_posted);
        self.note("deliveries", &posted["id"]);
    }

    /// A host, whose call operations are about, and a participant come into the demo's room.
    fn fill(&mut self) {
        let host = self.come("111#", 1);
        self.come("222#", 2);
        self.note("calls", &host["id"]);
    }

    /// Somebody comes by a code, which gives this role.
    fn come(&mut self, code: &str, role: u64) -> Value {
        let mut phone = Phone::call(self.bridge.sip(), NUMBER);
        phone.enter(code);
        self.callers.push(phone);
        let is_in = |call: &Value| call["role"] == role && call["state"] == 2;
        self.rest.wait_for("/calls", "the call is in the meeting", is_in)
    }

    /// Everybody hangs up, and the meeting is over.
    pub(crate) fn clear(&mut self) {
        self.empty(Phone::hang_up);
    }

    fn empty(&mut self, leave: fn(&mut Phone)) {
        self.callers.iter_mut().for_each(leave);
        self.callers.clear();
        let is_over = || self.rest.list("/meetings").is_empty();
        until_true("the meeting is over", LIMIT, is_over);
    }

    /// From now on operations are about this object.
    fn note(&mut self, word: &'static str, id: &Value) {
        assert!(!id.is_null(), "no id of {word}");
        self.ids.insert(word, in_address(id));
    }

    /// The id that stands behind a word of a path, if one does.
    pub(crate) fn id(&self, word: &str) -> Option<&str> {
        self.ids.get(word).map(String::as_str)
    }

    /// The API, with the login of the demo's tenant.
    pub(crate) fn rest(&self) -> &Rest {
        &self.rest
    }

    /// A file name in the bridge's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.bridge.file(name)
    }

    /// A script in the bridge's folder, with what all examples take for granted.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut bash = Command::new(tool("bash"));
        bash.args(["-e", "-u", "-o", "pipefail", "-c", script])
            .env("API", &self.rest.url)
            .env("LOGIN", &self.rest.login)
            .current_dir(self.file(""));
        bash
    }

    /// An example that is one call of curl, which takes the place of the shell, so that whoever ends the process ends a stream.
    pub(crate) fn curl(&self, example: &str) -> Command {
        let words = example.strip_prefix("curl ");
        let words = words.unwrap_or_else(|| panic!("no call of curl: {example}"));
        let ours = CURL.map(|word| format!("'{word}'")).join(" ");
        self.shell(&format!("exec curl {ours} {words}"))
    }

    /// What an operation was to bring about has happened; what it made is what the next ones are about.
    pub(crate) fn follow(&mut self, operation: &str, answer: &Value) {
        match operation {
            "createCall" => self.answer(&answer["id"]),
            "hangUpCall" => drop(self.callee.wait_for_event("CALL_CLOSED")),
            "hangUpMeetingCalls" => {
                self.empty(Phone::wait_for_bye);
                self.fill();
            }
            "endMeeting" => self.empty(Phone::wait_for_bye),
            "createMeetingRoom" | "createSubscriberMeetingRoom" => {
                self.note("meetingRooms", &answer["meetingNumber"]);
            }
            "createSubscriber" => self.note("subscribers", &answer["sid"]),
            "createDidGroup" => self.note("didGroups", &answer["id"]),
            "createDid" => self.note("dids", &answer["id"]),
            "testWebhook" => assert_eq!(*answer, json!({"delivered": true, "status": 204})),
            "redeliver" => self.wait_for_repetition(),
            _ => {}
        }
    }

    /// Who is called answers, and is in the meeting.
    fn answer(&mut self, id: &Value) {
        self.callee.answer();
        let is_in = |call: &Value| call["id"] == *id && call["state"] == 2;
        self.rest.wait_for("/calls", "who was called is in", is_in);
        self.note("calls", id);
    }

    fn wait_for_repetition(&self) {
        let id = format!("evt_{}", self.ids["deliveries"]);
        until_true("the event is posted once more", LIMIT, || {
            let posted = self.receiver.posted();
            posted.iter().filter(|posted| posted.id == id).count() > 1
        });
    }
}
