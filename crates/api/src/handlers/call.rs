use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::attribute::{Resolved, resolve};
use model::directory::Directory;
use model::{CallState, CallView, Command, LegId, Live, Mute, OperatorMode, PresenterMedia, Question, Role};
use serde_json::{Map, Value};

use super::steer::steer;
use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::body::Body;
use crate::dto::attribute::Attribute;
use crate::dto::call::Call as Dto;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// The field that moves a call to the room and role of another code.
pub(crate) const MOVE: &str = "accessCode";
/// Makes the command that gives a call the value of one field; `None` where the call, as far as it is known, has it.
pub(crate) type Step = fn(&Value, LegId, Option<&CallView>) -> Result<Option<LiveCommand>, ApiError>;
/// The other fields that take effect, in the order in which they do.
pub(crate) const STEPS: &[(&str, Step)] = &[
    (ROLE, set_role),
    ("customName", set_name),
    ("gainLevel", set_gain),
    ("holdMode", set_hold),
    ("muteMode", set_mute),
    ("operatorMode", set_operator),
    ("presenterMedia", set_presenter),
    ("qaMode", set_question),
];
/// The field that goes first, for others follow it.
const ROLE: &str = "role";
/// What a meeting gives to a call with its role.
const OF_ROLE: &[&str] = &["holdMode", "muteMode"];
/// Fields that are accepted and change nothing, as documented; `duration` has moved on since it was read.
pub(crate) const INERT: &[&str] = &[
    "addressFrom",
    "addressTo",
    "callee",
    "caller",
    "codec",
    "connectionStatus",
    "duration",
    "nodeName",
    "state",
];
/// Fields that may only come as they are.
pub(crate) const FIXED: &[&str] = &["bridgeName", "created", "id", "joined", "meetingNumber"];
/// Microphone level in dB.
const GAIN_DB: std::ops::RangeInclusive<i64> = -20..=20;

/// GET /calls
pub(crate) async fn list(State(api): State<Api>, caller: Caller, listing: Listing<Dto<'static>>) -> Response {
    let (live, names, now_ms) = (api.backend.live(), api.backend.names(), api.backend.now_ms());
    let calls = live.calls.values().filter(|call| caller.sees_call(call));
    listing.answer_resolved(
        calls.collect(),
        |call| Dto::new(call, &names, now_ms),
        |call, dto| in_force(&caller, &live, call, dto),
    )
}

/// GET /calls/{id}
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    detail: Detail<Dto<'static>>,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let call = find(&live, &caller, &id)?;
    let dto = detail.resolve(dto(&api, call), |dto| in_force(&caller, &live, call, dto));
    Ok(detail.selection.ok(&dto))
}

/// `dto` of `call`, with the attributes in force for it: of the meeting that it is in or waits for, before that of the room that it is
/// made for, or of the number that it dialled.
pub(super) fn in_force<'a>(caller: &Caller, live: &Live, call: &CallView, dto: Dto<'a>) -> Dto<'a> {
    dto.with_attributes(match live.meeting_of(call) {
        Some(meeting) => Attribute::in_meeting(meeting),
        None => Attribute::in_force(&before_meeting(&caller.directory, call)),
    })
}

/// The settings in force for a call that is in no meeting.
fn before_meeting(directory: &Directory, call: &CallView) -> Resolved {
    let own = match call.outbound {
        true => directory
            .grant(call.did_group, &call.access_code)
            .map(|grant| directory.resolve_room(&grant.room)),
        false => directory
            .dialled(&call.callee)
            // A number that has been moved meanwhile is somebody else's.
            .filter(|dialled| dialled.group.id == call.did_group)
            .map(|dialled| directory.resolve(&dialled, None)),
    };
    own.unwrap_or_else(|| {
        let group = directory.group(call.did_group);
        resolve(group.map(|group| &group.attributes).as_slice())
    })
}

/// PUT /calls/{id}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    selection: Selection<Dto<'static>>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let call = find(&live, &caller, &id)?;
    let steps: Vec<_> = STEPS.iter().map(|(field, _)| *field).collect();
    value::only(&body, &[&[MOVE], &steps, INERT, FIXED])?;
    let current = serde_json::to_value(dto(&api, call)).unwrap_or_default();
    value::unchanged(&body, &current, FIXED)?;
    let commands = commands(&caller, call, &body)?;
    conditions.allow_untagged()?;
    let live = steer(&api, &caller, Target::Leg(call.leg), commands).await?;
    // Where there was nothing to do it may have gone over to another meanwhile.
    let call = live.calls.get(&call.leg).filter(|call| caller.sees_call(call));
    Ok(selection.ok(&dto(&api, call.ok_or_else(ApiError::not_found)?)))
}

/// DELETE /calls/{id}
pub(crate) async fn hang_up(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let leg = find(&api.backend.live(), &caller, &id)?.leg;
    conditions.allow_untagged()?;
    let command = LiveCommand::HangUp { leg };
    steer(&api, &caller, Target::Leg(leg), vec![command]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The call that an address names, if `caller` may see it.
pub(super) fn find<'a>(live: &'a Live, caller: &Caller, id: &str) -> Result<&'a CallView, ApiError> {
    let call = live.calls.get(&LegId::key(id)?);
    call.filter(|call| caller.sees_call(call))
        .map(|call| &**call)
        .ok_or_else(ApiError::not_found)
}

pub(super) fn dto<'a>(api: &Api, call: &'a CallView) -> Dto<'a> {
    Dto::new(call, &api.backend.names(), api.backend.now_ms())
}

/// What has to be done for `call` to be as `body` says, all of it checked; the move comes first, for the rest is meant for
/// where the call is then.
fn commands(
    caller: &Caller,
    call: &CallView,
    body: &Map<String, Value>,
) -> Result<Vec<LiveCommand>, ApiError> {
    let moved = value::present(body, MOVE).map(|value| move_to(caller, call, value));
    let moved = moved.transpose()?.flatten();
    // After a move, what the call is now says nothing: its role and mutes are those of the new room. One that still rings is in none: only
    // its role is that of the code.
    let rings = CallView {
        role: None,
        ..call.clone()
    };
    let now = match (&moved, call.state) {
        (None, _) => Some(call),
        (Some(_), CallState::Ringing) => Some(&rings),
        (Some(_), _) => None,
    };
    let mut commands: Vec<_> = moved.into_iter().collect();
    commands.extend(steps(call.leg, now, body)?);
    Ok(commands)
}

fn steps(
    leg: LegId,
    now: Option<&CallView>,
    body: &Map<String, Value>,
) -> Result<Vec<LiveCommand>, ApiError> {
    let mut commands = Vec::new();
    let mut has_new_role = false;
    for (field, step) in STEPS {
        if let Some(value) = value::present(body, field) {
            // What was so in the former role may come to be otherwise with the new one.
            let known = now.filter(|_| !(has_new_role && OF_ROLE.contains(field)));
            let command = step(value, leg, known)?;
            has_new_role |= *field == ROLE && command.is_some();
            commands.extend(command);
        }
    }
    Ok(commands)
}

/// What has to be done for a call to be as `body` says of many: fields that take effect, and no move.
pub(super) fn steps_of_many(
    leg: LegId,
    now: Option<&CallView>,
    body: &Map<String, Value>,
) -> Result<Vec<LiveCommand>, ApiError> {
    let fields: Vec<_> = STEPS.iter().map(|(field, _)| *field).collect();
    value::only(body, &[&fields])?;
    steps(leg, now, body)
}

/// The move to the room that a code opens, `None` for the code the call has. A code of somebody else's room opens none.
fn move_to(caller: &Caller, call: &CallView, value: &Value) -> Result<Option<LiveCommand>, ApiError> {
    let access_code = value::code(MOVE, value)?;
    if access_code == call.access_code {
        return Ok(None);
    }
    let grant = caller.directory.grant(call.did_group, &access_code);
    match grant.is_some_and(|grant| caller.sees(&grant.room.subscriber_sid)) {
        true => Ok(Some(LiveCommand::Move {
            leg: call.leg,
            access_code,
        })),
        false => Err(ApiError::wrong_value(
            MOVE,
            "no meeting room of this number has this code",
        )),
    }
}

fn set_name(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let name = name(value)?;
    let same = now.is_some_and(|call| call.custom_name == name);
    Ok((!same).then_some(LiveCommand::Meeting(Command::SetName { leg, name })))
}

fn set_gain(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let db = gain(value)?;
    let same = now.is_some_and(|call| call.gain_db == db);
    Ok((!same).then_some(LiveCommand::Meeting(Command::SetGain { leg, db })))
}

fn set_hold(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let on = hold(value)?;
    let same = now.is_some_and(|call| call.held == on);
    Ok((!same).then_some(LiveCommand::Meeting(Command::SetHold { leg, on })))
}

fn set_mute(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let mute = mute(value)?;
    let same = now.is_some_and(|call| call.mute == mute);
    Ok((!same).then_some(LiveCommand::Meeting(Command::SetMute { leg, mute })))
}

/// 2 comes of itself when the operator answers, so it may only come as it is.
fn set_operator(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let number = value::integer("operatorMode", value, 0..=2).ok();
    let wanted = number.and_then(OperatorMode::from_wire);
    let known = now.map(|call| call.operator);
    let on = match wanted {
        Some(mode) if known == Some(mode) => return Ok(None),
        Some(OperatorMode::None) => false,
        Some(OperatorMode::Requested) if known == Some(OperatorMode::With) => return Ok(None),
        Some(OperatorMode::Requested) => true,
        Some(OperatorMode::With) | None => {
            let expected =
                "expected 1 to call the operator or 0 to come back; 2 it is when the operator answers";
            return Err(ApiError::wrong_value("operatorMode", expected));
        }
    };
    Ok(Some(LiveCommand::Meeting(Command::SetOperator { leg, on })))
}

fn set_presenter(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let media = presenter(value)?;
    let same = now.is_some_and(|call| call.presenter_media == media);
    Ok((!same).then_some(LiveCommand::SetPresenter { leg, media }))
}

fn set_question(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let number = value::integer("qaMode", value, 0..=3).ok();
    let expected = "expected 0 no question, 1 hand raised, 2 has the floor or 3 answered";
    let question = number.and_then(Question::from_wire);
    let question = question.ok_or_else(|| ApiError::wrong_value("qaMode", expected))?;
    let same = now.is_some_and(|call| call.question == question);
    Ok((!same).then_some(LiveCommand::Meeting(Command::SetQuestion { leg, question })))
}

fn set_role(value: &Value, leg: LegId, now: Option<&CallView>) -> Result<Option<LiveCommand>, ApiError> {
    let number = value::integer("role", value, 0..=3).ok();
    if now.is_some_and(|call| number == Some(call.role.map_or(0, |role| role as i64))) {
        return Ok(None);
    }
    let role = role(value)?;
    Ok(Some(LiveCommand::Meeting(Command::SetRole { leg, role })))
}

/// `customName`.
pub(super) fn name(value: &Value) -> Result<String, ApiError> {
    value::text("customName", value, value::NAME_MAX)
}

/// `gainLevel`, dB.
pub(super) fn gain(value: &Value) -> Result<i8, ApiError> {
    let db = value::integer("gainLevel", value, GAIN_DB).ok();
    let db = db.and_then(|db| i8::try_from(db).ok());
    db.ok_or_else(|| ApiError::wrong_value("gainLevel", "expected whole decibels from -20 to 20"))
}

/// `holdMode`: any but 0 holds.
pub(super) fn hold(value: &Value) -> Result<bool, ApiError> {
    let any = i64::from(i32::MIN)..=i64::from(i32::MAX);
    Ok(value::integer("holdMode", value, any)? != 0)
}

/// `muteMode`.
pub(super) fn mute(value: &Value) -> Result<Mute, ApiError> {
    let mute = value::integer("muteMode", value, 0..=63)
        .ok()
        .and_then(Mute::from_wire);
    let expected = "expected 0, 1, 2 or 3, or 32, 36 or 40 for 0, 1 and 2";
    mute.ok_or_else(|| ApiError::wrong_value("muteMode", expected))
}

/// `presenterMedia`.
pub(super) fn presenter(value: &Value) -> Result<PresenterMedia, ApiError> {
    let number = value::integer("presenterMedia", value, 0..=7).ok();
    let expected = "expected the sum of 1 audio, 2 video and 4 screen, or 0";
    let media = number.and_then(PresenterMedia::from_wire);
    media.ok_or_else(|| ApiError::wrong_value("presenterMedia", expected))
}

/// `role`.
pub(super) fn role(value: &Value) -> Result<Role, ApiError> {
    let number = value::integer("role", value, 0..=3).ok();
    let expected = || ApiError::wrong_value("role", "expected 1 host, 2 participant or 3 listener");
    number.and_then(Role::from_wire).ok_or_else(expected)
}
