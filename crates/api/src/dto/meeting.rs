use std::collections::BTreeMap;

use model::attribute::{Levels, Switch};
use model::{CallState, CallView, Live, MeetingView, Poll, PollStatus, Role};
use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::{Attribute, NameValue};
use super::seconds;
use crate::fields::{Plain, Wire, flag, number, text};

/// A meeting while it lasts. `created` is epoch ms, `duration` in seconds, `participantCount` those who have joined.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meeting {
    /// What the room and the meeting itself override; `group` is 4.
    attributes: Vec<Attribute>,
    /// When its first caller came, epoch ms.
    created: i64,
    /// Seconds since `created`.
    duration: i64,
    /// Who is held, two bits a role as in `muteMode`: 0 nobody, 40 participants and listeners.
    hold_mode: u8,
    /// Id of the meeting, of which a number has many one after another.
    id: u64,
    /// Whether it is recorded.
    is_recording: bool,
    /// Whether it is locked: only hosts get in.
    is_secured: bool,
    /// Six digits; the address of meeting and room.
    meeting_number: u32,
    /// Who is muted, two bits a role (hosts 1 and 2, participants 4 and 8, listeners 16 and 32; the lower by
    /// themselves, the higher by host or policy): 0 nobody, 32 listeners, 36 participants too, who may unmute
    /// themselves, 40 participants and listeners.
    mute_mode: u8,
    /// Calls that have joined.
    participant_count: usize,
    /// The poll, where one is open or its result stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_mode: Option<PollingMode>,
    /// 0 off, 1 questions and answers go on.
    #[schemars(extend("enum" = [0, 1]))]
    qa_mode: u8,
    /// 0 created, 1 waiting for its start, 2 in progress, 3 stopping.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    state: u8,
    /// Name of the owner.
    subscriber_name: String,
    /// 1 takes part in distributed meetings, 0 not.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = [0, 1]))]
    kind: u8,
}

/// A poll: the digits that have votes, and how many.
#[derive(Debug, JsonSchema, Serialize)]
struct PollingMode {
    /// 1 open, 2 closed.
    #[schemars(extend("enum" = [1, 2]))]
    status: u8,
    /// Votes by digit.
    votes: BTreeMap<u8, u32>,
}

impl PollingMode {
    /// `None` where there is no poll.
    fn of(poll: Poll) -> Option<Self> {
        (poll.status != PollStatus::None).then(|| Self {
            status: poll.status.wire(),
            votes: poll.tally.votes().collect(),
        })
    }
}

impl Wire for Meeting {
    const COLLECTION: &'static str = "meetings";
    const PLAIN: &'static [Plain] = &[
        number("created"),
        number("duration"),
        number("holdMode"),
        number("id"),
        flag("isRecording"),
        flag("isSecured"),
        number("meetingNumber"),
        number("muteMode"),
        number("participantCount"),
        number("qaMode"),
        number("state"),
        text("subscriberName"),
        number("type"),
    ];
    const NESTED: &'static [&'static str] = &["attributes", "pollingMode"];
    const RESOLVES: bool = true;
}

impl Meeting {
    /// `view`, with its calls in `live`, as it is at `now_ms`.
    pub(crate) fn new(view: &MeetingView, live: &Live, now_ms: i64) -> Self {
        let distributed = view.policy.realtime.conference_distributed;
        Self {
            attributes: Attribute::owned(&view.attributes, Levels::ROOM.bits()),
            created: view.created_ms,
            duration: seconds(view.created_ms, now_ms),
            hold_mode: view.hold.bits(),
            id: view.id.0,
            is_recording: view.recording,
            is_secured: view.locked,
            meeting_number: view.number.0,
            mute_mode: view.mute.bits(),
            participant_count: joined(view, live).count(),
            polling_mode: PollingMode::of(view.poll),
            qa_mode: u8::from(view.questions),
            state: view.state as u8,
            subscriber_name: view.subscriber_name.clone(),
            kind: u8::from(distributed == Switch::On),
        }
    }

    /// The same, with these attributes in place of what it sets itself.
    pub(crate) fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes, ..self }
    }
}

/// Names of the live counters.
pub(crate) const COUNTERS: [&str; 4] = [
    "conf_participants_count",
    "conf_hosts_count",
    "conf_listeners_count",
    "participant_list",
];

/// The live counters: who has joined, by role and by name.
pub(crate) fn counters(view: &MeetingView, live: &Live) -> [NameValue; 4] {
    let count = |name, role| NameValue {
        name,
        value: joined(view, live)
            .filter(|call| call.role == Some(role))
            .count()
            .to_string(),
    };
    let list: Vec<_> = joined(view, live).map(participant).collect();
    let [participants, hosts, listeners, everybody] = COUNTERS;
    [
        count(participants, Role::Participant),
        count(hosts, Role::Host),
        count(listeners, Role::Listener),
        NameValue {
            name: everybody,
            value: list.join(","),
        },
    ]
}

fn joined<'a>(view: &'a MeetingView, live: &'a Live) -> impl Iterator<Item = &'a CallView> {
    let calls = live.calls_of(view).map(|call| &**call);
    calls.filter(|call| call.state == CallState::InMeeting)
}

/// `caller:callee:'code'`, without what would end one of them early.
fn participant(call: &CallView) -> String {
    let plain = |text: &str| text.replace([':', ',', '\''], "");
    format!(
        "{}:{}:'{}'",
        plain(call.caller.trim_start_matches('+')),
        plain(&call.callee),
        plain(&call.access_code)
    )
}
