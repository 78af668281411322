use std::collections::BTreeMap;

use model::attribute::{Levels, Switch};
use model::{CallState, CallView, Live, MeetingView, Poll, PollStatus, Role};
use serde::Serialize;

use super::attribute::{Attribute, NameValue};
use super::seconds;
use crate::fields::{Plain, Wire, flag, number, text};

/// A meeting while it lasts. `created` is epoch ms, `duration` in seconds, `participantCount` those who have joined.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meeting {
    attributes: Vec<Attribute>,
    created: i64,
    duration: i64,
    hold_mode: u8,
    id: u64,
    is_recording: bool,
    is_secured: bool,
    meeting_number: u32,
    mute_mode: u8,
    participant_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_mode: Option<PollingMode>,
    qa_mode: u8,
    state: u8,
    subscriber_name: String,
    #[serde(rename = "type")]
    kind: u8,
}

/// A poll: the digits that have votes, and how many.
#[derive(Debug, Serialize)]
struct PollingMode {
    status: u8,
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
    [
        count("conf_participants_count", Role::Participant),
        count("conf_hosts_count", Role::Host),
        count("conf_listeners_count", Role::Listener),
        NameValue {
            name: "participant_list",
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
