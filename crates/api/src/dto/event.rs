use model::{Actor, CallNews, Event as OfMeeting, Happening, News};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::call::{Call, HELD};
use super::meeting::Meeting;
use crate::auth::Caller;
use crate::backend::Names;
use crate::events::{Filter, Moment};
use crate::fields::{Plain, Wire, number, text};

/// One thing that happened; EVENTS.md tells what stands in `data`. Times are epoch ms.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// By whom: `type` is `call` with `callId`, `user` with `sid`, or `bridge`.
    actor: Value,
    /// To which call, if to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<u64>,
    /// What else is to be told, by the type.
    data: Map<String, Value>,
    /// Grows with every event of the bridge; a stream that was lost goes on behind it.
    id: u64,
    /// In which meeting, if in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_id: Option<u64>,
    /// Number of that meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    /// Place in the log of the meeting, without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// When, epoch ms.
    time: i64,
    /// What happened.
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Wire for Event {
    const COLLECTION: &'static str = "events";
    const PLAIN: &'static [Plain] = &[
        number("callId"),
        number("id"),
        number("meetingId"),
        number("meetingNumber"),
        number("sequence"),
        number("time"),
        text("type"),
    ];
    const NESTED: &'static [&'static str] = &["actor", "data"];
}

impl From<&Happening> for Event {
    fn from(happening: &Happening) -> Self {
        let place = happening.place;
        let mut data = data(&happening.news);
        if let Some(party) = &happening.party {
            data.insert("callee".to_owned(), party.callee.as_str().into());
            data.insert("caller".to_owned(), party.caller.as_str().into());
        }
        Self {
            actor: actor(&happening.actor),
            call_id: happening.news.leg().map(|leg| leg.0),
            data,
            id: happening.id,
            meeting_id: place.map(|place| place.meeting.0),
            meeting_number: place.map(|place| place.number.0),
            sequence: place.map(|place| place.seq),
            time: happening.at_ms,
            kind: happening.news.kind().text(),
        }
    }
}

/// What is posted of an event: the same object that streams and lists tell.
pub fn event_body(happening: &Happening) -> Vec<u8> {
    serde_json::to_vec(&Event::from(happening)).unwrap_or_default()
}

fn actor(actor: &Actor) -> Value {
    match actor {
        Actor::Leg(leg) => json!({"callId": leg.0, "type": "call"}),
        Actor::User(sid) => json!({"sid": sid.as_str(), "type": "user"}),
        Actor::Bridge => json!({"type": "bridge"}),
    }
}

fn data(news: &News) -> Map<String, Value> {
    let pairs = match news {
        News::Meeting(event) => of_meeting(event),
        News::Call { what, .. } => of_call(*what),
    };
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

type Pairs = Vec<(&'static str, Value)>;

fn of_meeting(event: &OfMeeting) -> Pairs {
    match event {
        OfMeeting::Created | OfMeeting::Started | OfMeeting::EndingCancelled => vec![],
        OfMeeting::Ended { cause } | OfMeeting::Refused { cause, .. } | OfMeeting::Left { cause, .. } => {
            vec![("cause", cause.text().into())]
        }
        OfMeeting::Waiting { role, .. }
        | OfMeeting::Joined { role, .. }
        | OfMeeting::RoleSet { role, .. } => {
            vec![("role", (*role as u8).into())]
        }
        OfMeeting::Muted { mute, .. } => vec![("muteMode", mute.wire().into())],
        OfMeeting::Held { on, .. } => vec![("holdMode", if *on { HELD } else { 0 }.into())],
        OfMeeting::MuteModeSet(mask) => vec![("muteMode", mask.bits().into())],
        OfMeeting::HoldModeSet(mask) => vec![("holdMode", mask.bits().into())],
        OfMeeting::Locked(on) => vec![("isSecured", (*on).into())],
        OfMeeting::Named { name, .. } => vec![("customName", name.as_str().into())],
        OfMeeting::GainSet { db, .. } => vec![("gainLevel", (*db).into())],
        OfMeeting::AttributeSet { id, value } => {
            vec![("name", id.row().name.into()), ("value", value.as_str().into())]
        }
        OfMeeting::Ending { cause, seconds } => {
            vec![("cause", cause.text().into()), ("seconds", (*seconds).into())]
        }
        OfMeeting::QaSet(on) => vec![("qaMode", u8::from(*on).into())],
        OfMeeting::QuestionSet { question, .. } => vec![("qaMode", question.wire().into())],
        OfMeeting::OperatorSet { mode, cause, .. } => {
            let cause = cause.map(|cause| ("cause", cause.text().into()));
            let mode = ("operatorMode", mode.wire().into());
            std::iter::once(mode).chain(cause).collect()
        }
        OfMeeting::PollOpened | OfMeeting::PollCleared => vec![],
        OfMeeting::RecordingStarted { file } => vec![("file", file.as_str().into())],
        OfMeeting::RecordingStopped { file, end, gap_ms } => vec![
            ("cause", end.text().into()),
            ("file", file.as_str().into()),
            ("gapMs", (*gap_ms).into()),
        ],
        OfMeeting::RecordingFailed { fault } => vec![("cause", fault.text().into())],
        OfMeeting::PollClosed(tally) => {
            let votes = tally
                .votes()
                .map(|(digit, votes)| (digit.to_string(), votes.into()));
            vec![("votes", Value::Object(votes.collect()))]
        }
    }
}

fn of_call(what: CallNews) -> Pairs {
    match what {
        CallNews::Ringing | CallNews::InMenu | CallNews::Talking { .. } => vec![],
        CallNews::Ended { cause } => vec![("cause", cause.text().into())],
        CallNews::QualityAlarm {
            on: false,
            mos_hundredths: 0,
        } => vec![("on", false.into())],
        CallNews::QualityAlarm { on, mos_hundredths } => {
            let mos = f64::from(mos_hundredths) / 100.0;
            vec![("on", on.into()), ("recentMosIn", mos.into())]
        }
        CallNews::Keyed(command) => vec![("command", command.text().into())],
    }
}

/// What a stream begins with: everything that `caller` sees of what `filter` is about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    calls: Vec<Call>,
    id: u64,
    meetings: Vec<Meeting>,
    quality_alarms: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    talking: Vec<u64>,
    time: i64,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Snapshot {
    /// `moment` as it is at `now_ms`.
    pub(crate) fn new(
        moment: &Moment,
        caller: &Caller,
        filter: &Filter,
        resumed: Option<bool>,
        names: &Names,
        now_ms: i64,
    ) -> Self {
        let live = &moment.live;
        let meetings = || {
            live.meetings.values().filter(|meeting| {
                caller.sees(&meeting.subscriber_sid)
                    && meeting.policy.realtime.conference_realtime.is_on()
                    && filter.number.is_none_or(|number| number == meeting.number)
            })
        };
        let shown: std::collections::BTreeSet<_> = meetings().map(|meeting| meeting.number).collect();
        let calls: Vec<_> = live
            .calls
            .values()
            .filter(
                |call| match call.meeting.filter(|number| live.meetings.contains_key(number)) {
                    Some(number) => shown.contains(&number),
                    None => filter.number.is_none() && caller.sees(&call.subscriber_sid),
                },
            )
            .collect();
        let among = |legs: &std::collections::BTreeSet<model::LegId>| {
            let shown = calls.iter().map(|call| call.leg);
            shown.filter(|leg| legs.contains(leg)).map(|leg| leg.0).collect()
        };
        Self {
            id: moment.last,
            meetings: meetings()
                .map(|meeting| Meeting::new(meeting, live, now_ms))
                .collect(),
            quality_alarms: among(&moment.alarms),
            resumed,
            talking: among(&moment.talking),
            time: now_ms,
            kind: "snapshot",
            calls: calls
                .into_iter()
                .map(|call| Call::new(call, names, now_ms))
                .collect(),
        }
    }
}
