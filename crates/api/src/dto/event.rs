use model::{Actor, Happening};
use schemars::JsonSchema;
use serde::Serialize;

use super::call::Call;
use super::event_data::{By, Data, by_type};
use super::meeting::Meeting;
use crate::auth::Caller;
use crate::backend::Names;
use crate::events::{Filter, Moment};
use crate::fields::{Plain, Wire, number, text};

/// One thing that happened.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = by_type)]
pub(crate) struct Event {
    /// By whom.
    actor: By,
    /// To which call, if to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<u64>,
    /// What else is to be told, by the type.
    data: Data,
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
    /// What happened; types of things to come will be added.
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
        Self {
            actor: By::from(&happening.actor),
            call_id: happening.news.leg().map(|leg| leg.0),
            data: Data::from(happening),
            id: happening.id,
            meeting_id: place.map(|place| place.meeting.0),
            meeting_number: place.map(|place| place.number.0),
            sequence: place.map(|place| place.seq),
            time: happening.at_ms,
            kind: happening.news.kind().text(),
        }
    }
}

/// What is posted to try a webhook: it happened to nothing, and is in no list.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct WebhookTest {
    /// Who tries it.
    actor: By,
    /// Nothing.
    data: Data,
    /// When, epoch ms.
    time: i64,
    /// That it is a test, and no event.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "webhook.test"))]
    kind: &'static str,
}

impl WebhookTest {
    /// By `actor`, at `now_ms`.
    pub(crate) fn new(actor: &Actor, now_ms: i64) -> Self {
        Self {
            actor: By::from(actor),
            data: Data::default(),
            time: now_ms,
            kind: "webhook.test",
        }
    }
}

/// What is posted of an event: the same object that streams and lists tell.
pub fn event_body(happening: &Happening) -> Vec<u8> {
    serde_json::to_vec(&Event::from(happening)).unwrap_or_default()
}

/// That a WebSocket was told nothing for a while. A stream of lines tells the same by a comment and an `id` without data.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Heartbeat {
    /// Up to this event nothing is missing; a stream that was lost goes on behind it.
    id: u64,
    /// That it is a heartbeat, and no event.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "heartbeat"))]
    kind: &'static str,
}

impl Heartbeat {
    /// Nothing was to be told up to the event `id`.
    pub(crate) fn new(id: u64) -> Self {
        let kind = "heartbeat";
        Self { id, kind }
    }
}

/// What a stream begins with: everything as it is.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot<'a> {
    /// Calls on the line.
    calls: Vec<Call<'a>>,
    /// The last event that is included.
    id: u64,
    /// Meetings that are up.
    meetings: Vec<Meeting>,
    /// Calls whose caller is heard badly.
    quality_alarms: Vec<u64>,
    /// `false` where what was missed since the last event is not known any more, so that the stream begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    /// Calls whose caller talks.
    talking: Vec<u64>,
    /// Now, epoch ms.
    time: i64,
    /// That it is a snapshot, and no event.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "snapshot"))]
    kind: &'static str,
}

impl<'a> Snapshot<'a> {
    /// `moment` as it is at `now_ms`.
    pub(crate) fn new(
        moment: &'a Moment,
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
        let calls = live.calls.values().filter(|call| match live.meeting_of(call) {
            Some(meeting) => shown.contains(&meeting.number),
            None => filter.number.is_none() && caller.sees_call(call),
        });
        let calls: Vec<_> = calls.collect();
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
