use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Command, MeetingNumber, MeetingState, MeetingView, MuteMask, PollStatus};
use serde_json::{Map, Value};

use super::steer::steer;
use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::body::Body;
use crate::dto::attribute::Attribute;
use crate::dto::meeting::Meeting as Dto;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Fields that take effect.
pub(crate) const EFFECTIVE: &[&str] = &[
    "holdMode",
    "isRecording",
    "isSecured",
    "muteMode",
    "pollingMode",
    "qaMode",
    "state",
];
/// Fields that have moved on since they were read.
pub(crate) const INERT: &[&str] = &["duration", "participantCount"];
/// Fields that may only come as they are.
pub(crate) const FIXED: &[&str] = &[
    "attributes",
    "created",
    "id",
    "meetingNumber",
    "subscriberName",
    "type",
];

/// GET /meetings
pub(crate) async fn list(State(api): State<Api>, caller: Caller, listing: Listing<Dto>) -> Response {
    let (live, now_ms) = (api.backend.live(), api.backend.now_ms());
    let meetings = live.meetings.values();
    let visible = meetings.filter(|meeting| caller.sees(&meeting.subscriber_sid));
    listing.answer_resolved(
        visible.collect(),
        |meeting| Dto::new(meeting, &live, now_ms),
        |meeting, dto| in_force(meeting, dto),
    )
}

/// GET /meetings/{meetingNumber}
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    let dto = Dto::new(meeting, &live, api.backend.now_ms());
    Ok(detail
        .selection
        .ok(&detail.resolve(dto, |dto| in_force(meeting, dto))))
}

/// `dto` of `meeting`, with the attributes in force in it.
fn in_force(meeting: &MeetingView, dto: Dto) -> Dto {
    dto.with_attributes(Attribute::in_meeting(meeting))
}

/// PUT /meetings/{meetingNumber}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let before = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    value::only(&body, &[EFFECTIVE, INERT, FIXED])?;
    let current = Dto::new(before, &live, api.backend.now_ms());
    let current = serde_json::to_value(current).unwrap_or_default();
    value::unchanged(&body, &current, FIXED)?;
    let commands = commands(before, &body)?;
    conditions.allow_untagged()?;
    let live = steer(&api, &caller, Target::Meeting(before.id), commands).await?;
    let after = live.meetings.get(&before.number);
    let meeting = match after.filter(|after| after.id == before.id) {
        Some(after) => (**after).clone(),
        // It was stopped, and is gone.
        None => MeetingView {
            state: MeetingState::Stopping,
            legs: Vec::new(),
            ..(**before).clone()
        },
    };
    Ok(selection.ok(&Dto::new(&meeting, &live, api.backend.now_ms())))
}

/// DELETE /meetings/{meetingNumber}
pub(crate) async fn end(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let live = api.backend.live();
    let id = caller.meeting(&live, MeetingNumber::key(&number)?)?.id;
    conditions.allow_untagged()?;
    let command = LiveCommand::EndMeeting;
    steer(&api, &caller, Target::Meeting(id), vec![command]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What has to be done for `meeting` to be as `body` says, all of it checked. Starting comes first and stopping last.
fn commands(meeting: &MeetingView, body: &Map<String, Value>) -> Result<Vec<LiveCommand>, ApiError> {
    let field = |name| value::present(body, name);
    let mut commands = Vec::new();
    if let Some(value) = field("isSecured") {
        let on = value::boolean("isSecured", value)?;
        commands.extend((on != meeting.locked).then_some(Command::SetLock(on)));
    }
    if let Some(value) = field("muteMode") {
        let mask = mask("muteMode", value)?;
        commands.extend((mask != meeting.mute).then_some(Command::SetMuteMode(mask)));
    }
    if let Some(value) = field("holdMode") {
        let mask = mask("holdMode", value)?;
        commands.extend((mask != meeting.hold).then_some(Command::SetHoldMode(mask)));
    }
    if let Some(value) = field("qaMode") {
        let expected = |_| ApiError::wrong_value("qaMode", "expected 0 for off or 1 for running");
        let on = value::integer("qaMode", value, 0..=1).map_err(expected)? == 1;
        commands.extend((on != meeting.questions).then_some(Command::SetQa(on)));
    }
    if let Some(value) = field("pollingMode") {
        commands.extend(polling(meeting, value)?.map(Command::SetPoll));
    }
    if let Some(value) = field("isRecording") {
        let on = value::boolean("isRecording", value)?;
        // One that is about to begin can be stopped, and is waited for by all who ask for it.
        let is_so = match on {
            true => meeting.recording,
            false => !meeting.recording_asked,
        };
        commands.extend((!is_so).then_some(Command::SetRecording(on)));
    }
    match field("state")
        .map(|value| state(meeting, value))
        .transpose()?
        .flatten()
    {
        Some(Command::Start) => commands.insert(0, Command::Start),
        other => commands.extend(other),
    }
    Ok(commands.into_iter().map(LiveCommand::Meeting).collect())
}

/// What has to become of the poll; closing one that is not open changes nothing. Votes are taken as they come, so that what was read can
/// be sent back.
fn polling(meeting: &MeetingView, value: &Value) -> Result<Option<PollStatus>, ApiError> {
    let expected = || {
        ApiError::wrong_value(
            "pollingMode",
            r#"expected {"status": 0}, 1 to open or 2 to close"#,
        )
    };
    let poll = value.as_object().ok_or_else(expected)?;
    value::only(poll, &[&["status", "votes"]])?;
    let status = poll.get("status").ok_or_else(expected)?;
    let status = value::integer("pollingMode", status, 0..=2).ok();
    let status = status.and_then(PollStatus::from_wire).ok_or_else(expected)?;
    let idle = meeting.poll.status == PollStatus::None && status == PollStatus::Closed;
    Ok(Some(status).filter(|status| *status != meeting.poll.status && !idle))
}

fn mask(field: &str, value: &Value) -> Result<MuteMask, ApiError> {
    let expected = "expected a mask of two bits a role, 0 to 63, such as 0, 32, 36 or 40";
    let number = value::integer(field, value, 0..=63).ok();
    number
        .and_then(MuteMask::from_wire)
        .ok_or_else(|| ApiError::wrong_value(field, expected))
}

fn state(meeting: &MeetingView, value: &Value) -> Result<Option<Command>, ApiError> {
    const START: i64 = MeetingState::InProgress as i64;
    const STOP: i64 = MeetingState::Stopping as i64;
    match value::integer("state", value, 0..=3) {
        Ok(number) if number == meeting.state as i64 => Ok(None),
        Ok(START) => Ok(Some(Command::Start)),
        Ok(STOP) => Ok(Some(Command::Stop)),
        _ => Err(ApiError::wrong_value("state", "expected 2 to start or 3 to stop")),
    }
}
