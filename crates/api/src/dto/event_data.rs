//! What stands in an event: by whom, and what else is to be told of its type. EVENTS.md is the manual.

use std::collections::BTreeMap;

use model::{Actor, CallNews, Event, Happening, KeyedCommand, News, NewsKind};
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::call::HELD;

/// Who asked for it or decided it.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EventActor")]
pub(crate) struct By {
    /// The call, of type `call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<u64>,
    /// The account, of type `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// A call, an account, or the bridge itself.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["bridge", "call", "user"]))]
    kind: &'static str,
}

impl From<&Actor> for By {
    fn from(actor: &Actor) -> Self {
        let (call_id, sid, kind) = match actor {
            Actor::Leg(leg) => (Some(leg.0), None, "call"),
            Actor::User(sid) => (None, Some(sid.to_string()), "user"),
            Actor::Bridge => (None, None, "bridge"),
        };
        Self { call_id, sid, kind }
    }
}

/// What else is to be told; which of these there are depends on the type of the event.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EventData")]
pub(crate) struct Data {
    /// Dialled number.
    #[serde(skip_serializing_if = "Option::is_none")]
    callee: Option<String>,
    /// Calling number, or whatever name the phone gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<String>,
    /// Why: of what ends, is refused, or goes to or comes from the operator a `Cause`; of recordings a word of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// The command that was keyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = words(KeyedCommand::ALL, |command| command.text())))]
    command: Option<&'static str>,
    /// Name to show; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_name: Option<String>,
    /// Name of the recording in the bridge's `recording.folder`.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Microphone level, dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    gain_level: Option<i8>,
    /// Silence in place of what could not be recorded in time, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    gap_ms: Option<u32>,
    /// Of a call 2 for held or 0; of a meeting the mask of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 63))]
    hold_mode: Option<u8>,
    /// Whether the meeting is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_secured: Option<bool>,
    /// Of a call bits 1 own and 2 by host or policy; of a meeting the mask of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 63))]
    mute_mode: Option<u8>,
    /// Name of the attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    /// Whether the alarm began.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<bool>,
    /// 0 back, 1 called for, 2 with the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [0, 1, 2]))]
    operator_mode: Option<u8>,
    /// What it is marked as presenting: the sum of 1 audio, 2 video and 4 screen, 0 nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 7))]
    presenter_media: Option<u8>,
    /// Of a call 0 no question, 1 hand raised, 2 has the floor, 3 answered; of a meeting 1 while questions and answers go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    qa_mode: Option<u8>,
    /// Mean opinion score of the last ten seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_mos_in: Option<f64>,
    /// 1 host, 2 participant, 3 listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [1, 2, 3]))]
    role: Option<u8>,
    /// Seconds until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
    /// Value of the attribute that is in force now, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Votes by digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    votes: Option<BTreeMap<String, u32>>,
}

impl From<&Happening> for Data {
    fn from(happening: &Happening) -> Self {
        let data = match &happening.news {
            News::Meeting(event) => of_meeting(event),
            News::Call { what, .. } => of_call(*what),
        };
        let party = happening.party.clone();
        let (callee, caller) = party.map(|party| (party.callee, party.caller)).unzip();
        Self {
            callee,
            caller,
            ..data
        }
    }
}

fn of_meeting(event: &Event) -> Data {
    let mut data = Data::default();
    match event {
        Event::Created | Event::Started | Event::EndingCancelled => {}
        Event::PollOpened | Event::PollCleared => {}
        Event::Ended { cause } | Event::Refused { cause, .. } | Event::Left { cause, .. } => {
            data.cause = Some(cause.text());
        }
        Event::Waiting { role, .. } | Event::Joined { role, .. } | Event::RoleSet { role, .. } => {
            data.role = Some(*role as u8);
        }
        Event::Muted { mute, .. } => data.mute_mode = Some(mute.wire()),
        Event::Held { on, .. } => data.hold_mode = Some(if *on { HELD } else { 0 }),
        Event::MuteModeSet(mask) => data.mute_mode = Some(mask.bits()),
        Event::HoldModeSet(mask) => data.hold_mode = Some(mask.bits()),
        Event::Locked(on) => data.is_secured = Some(*on),
        Event::Named { name, .. } => data.custom_name = Some(name.clone()),
        Event::GainSet { db, .. } => data.gain_level = Some(*db),
        Event::AttributeSet { id, value } => {
            (data.name, data.value) = (Some(id.row().name), Some(value.clone()));
        }
        Event::Ending { cause, seconds } => {
            (data.cause, data.seconds) = (Some(cause.text()), Some(*seconds));
        }
        Event::QaSet(on) => data.qa_mode = Some(u8::from(*on)),
        Event::QuestionSet { question, .. } => data.qa_mode = Some(question.wire()),
        Event::OperatorSet { mode, cause, .. } => {
            (data.operator_mode, data.cause) = (Some(mode.wire()), cause.map(|cause| cause.text()));
        }
        Event::RecordingStarted { file } => data.file = Some(file.clone()),
        Event::RecordingStopped { file, end, gap_ms } => {
            (data.file, data.cause, data.gap_ms) = (Some(file.clone()), Some(end.text()), Some(*gap_ms));
        }
        Event::RecordingFailed { fault } => data.cause = Some(fault.text()),
        Event::PollClosed(tally) => {
            let votes = tally.votes().map(|(digit, votes)| (digit.to_string(), votes));
            data.votes = Some(votes.collect());
        }
    }
    data
}

fn of_call(what: CallNews) -> Data {
    let mut data = Data::default();
    match what {
        CallNews::Ringing | CallNews::InMenu | CallNews::Talking { .. } => {}
        CallNews::Ended { cause } => data.cause = Some(cause.text()),
        CallNews::QualityAlarm { on, mos_hundredths } => {
            data.on = Some(on);
            // One that leaves has no score any more.
            let has_score = on || mos_hundredths > 0;
            data.recent_mos_in = has_score.then(|| f64::from(mos_hundredths) / 100.0);
        }
        CallNews::Keyed(command) => data.command = Some(command.text()),
        CallNews::Presents(media) => data.presenter_media = Some(media.wire()),
    }
    data
}

/// What stands in the data of an event of this type, always and sometimes.
fn fields(kind: NewsKind) -> (&'static [&'static str], &'static [&'static str]) {
    let always: &[_] = match kind {
        NewsKind::CallRinging | NewsKind::CallMenu => &["callee", "caller"],
        NewsKind::CallWaiting | NewsKind::CallJoined => &["callee", "caller", "role"],
        NewsKind::CallRefused | NewsKind::CallLeft | NewsKind::CallEnded => &["cause"],
        NewsKind::CallMuted | NewsKind::MeetingMuteMode => &["muteMode"],
        NewsKind::CallHeld | NewsKind::MeetingHoldMode => &["holdMode"],
        NewsKind::CallNamed => &["customName"],
        NewsKind::CallRole => &["role"],
        NewsKind::CallGain => &["gainLevel"],
        NewsKind::CallQuestion | NewsKind::MeetingQa => &["qaMode"],
        NewsKind::CallOperator => return (&["operatorMode"], &["cause"]),
        NewsKind::CallPresenter => &["presenterMedia"],
        NewsKind::QualityAlarm => return (&["on"], &["recentMosIn"]),
        NewsKind::DigitsCommand => &["command"],
        NewsKind::MeetingEnded | NewsKind::RecordingFailed => &["cause"],
        NewsKind::MeetingLocked => &["isSecured"],
        NewsKind::MeetingAttribute => &["name", "value"],
        NewsKind::MeetingEnding => &["cause", "seconds"],
        NewsKind::PollClosed => &["votes"],
        NewsKind::RecordingStarted => &["file"],
        NewsKind::RecordingStopped => &["cause", "file", "gapMs"],
        NewsKind::TalkingOn | NewsKind::TalkingOff => &[],
        NewsKind::MeetingCreated | NewsKind::MeetingStarted | NewsKind::MeetingEndingCancelled => &[],
        NewsKind::PollOpened | NewsKind::PollCleared => &[],
    };
    (always, &[])
}

fn words<T: Copy>(all: &[T], text: fn(T) -> &'static str) -> Value {
    all.iter().map(|one| text(*one)).collect()
}

/// Says of each type of event what stands in its data. Types of things to come are none of these, and are good.
pub(super) fn by_type(event: &mut Schema) {
    let of = |kind: &NewsKind| {
        let (always, sometimes) = fields(*kind);
        let all: Vec<_> = always.iter().chain(sometimes).collect();
        json!({
            "if": {"properties": {"type": {"const": kind.text()}}, "required": ["type"]},
            "then": {"properties": {"data": {"propertyNames": {"enum": all}, "required": always}}},
        })
    };
    let all: Vec<_> = NewsKind::ALL.iter().map(of).collect();
    event.insert("allOf".to_owned(), all.into());
    if let Some(kind) = event
        .pointer_mut("/properties/type")
        .and_then(Value::as_object_mut)
    {
        kind.insert("examples".to_owned(), words(NewsKind::ALL, NewsKind::text));
    }
}
