use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{CallView, Command, LegId, Live, Mute, Role};
use serde_json::{Map, Value};

use super::steer::steer;
use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::body::Body;
use crate::dto::call::Call as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Fields that take effect.
const EFFECTIVE: &[&str] = &[
    "accessCode",
    "customName",
    "gainLevel",
    "holdMode",
    "muteMode",
    "presenterMedia",
    "role",
];
/// Fields that will, in a later version.
const LATER: &[&str] = &["operatorMode", "qaMode"];
/// Fields that are accepted and change nothing, as documented; `duration` has moved on since it was read.
const INERT: &[&str] = &[
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
const FIXED: &[&str] = &["bridgeName", "created", "id", "joined", "meetingNumber"];
/// Microphone level in dB.
const GAIN_DB: std::ops::RangeInclusive<i64> = -20..=20;

/// GET /calls
pub(crate) async fn list(State(api): State<Api>, caller: Caller, listing: Listing<Dto>) -> Response {
    let (live, names, now_ms) = (api.backend.live(), api.backend.names(), api.backend.now_ms());
    let calls = live.calls.values().filter(|call| caller.sees_call(&live, call));
    listing.answer(calls.collect(), |call| Dto::new(call, &names, now_ms))
}

/// GET /calls/{id}
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    Ok(selection.ok(&dto(&api, find(&live, &caller, &id)?)))
}

/// PUT /calls/{id}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let call = find(&live, &caller, &id)?;
    value::only(&body, &[EFFECTIVE, LATER, INERT, FIXED])?;
    let current = serde_json::to_value(dto(&api, call)).unwrap_or_default();
    value::unchanged(&body, &current, FIXED)?;
    let commands = commands(&caller, call, &body)?;
    let live = steer(&api, &caller, Target::Leg(call.leg), commands).await?;
    let call = live.calls.get(&call.leg).ok_or_else(ApiError::not_found)?;
    Ok(selection.ok(&dto(&api, call)))
}

/// DELETE /calls/{id}
pub(crate) async fn hang_up(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let leg = find(&api.backend.live(), &caller, &id)?.leg;
    let command = LiveCommand::HangUp { leg };
    steer(&api, &caller, Target::Leg(leg), vec![command]).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find<'a>(live: &'a Live, caller: &Caller, id: &str) -> Result<&'a CallView, ApiError> {
    let call = live.calls.get(&LegId::key(id)?);
    call.filter(|call| caller.sees_call(live, call))
        .map(|call| &**call)
        .ok_or_else(ApiError::not_found)
}

fn dto(api: &Api, call: &CallView) -> Dto {
    Dto::new(call, &api.backend.names(), api.backend.now_ms())
}

/// What has to be done for `call` to be as `body` says, all of it checked; the move comes first, for the rest is meant for
/// where the call is then.
fn commands(
    caller: &Caller,
    call: &CallView,
    body: &Map<String, Value>,
) -> Result<Vec<LiveCommand>, ApiError> {
    for field in LATER {
        if body
            .get(*field)
            .is_some_and(|value| value::integer(field, value, 0..=0).is_err())
        {
            return Err(ApiError::not_available(field));
        }
    }
    let moved = value::present(body, "accessCode")
        .map(|value| move_to(caller, call, value))
        .transpose()?
        .flatten();
    let mut commands: Vec<_> = moved.into_iter().collect();
    for field in EFFECTIVE {
        if let Some(value) = value::present(body, field) {
            // After a move what the call is now says nothing: its role and mutes are those of the new room.
            let stays = commands.is_empty().then_some(call);
            commands.extend(command(field, value, call.leg, stays)?);
        }
    }
    Ok(commands)
}

/// The move to the room that a code opens, `None` for the code the call has. A code of somebody else's room opens none.
fn move_to(caller: &Caller, call: &CallView, value: &Value) -> Result<Option<LiveCommand>, ApiError> {
    const FIELD: &str = "accessCode";
    let access_code = value::code(FIELD, value)?;
    if access_code == call.access_code {
        return Ok(None);
    }
    let dialled = caller.directory.dialled(&call.callee);
    let grant = dialled.and_then(|dialled| caller.directory.grant(dialled.group.id, &access_code));
    match grant.is_some_and(|grant| caller.sees(&grant.room.subscriber_sid)) {
        true => Ok(Some(LiveCommand::Move {
            leg: call.leg,
            access_code,
        })),
        false => Err(ApiError::wrong_value(
            FIELD,
            "no meeting room of this number has this code",
        )),
    }
}

/// The command that gives `leg` the value of one field; `None` where `now` has it already.
fn command(
    field: &str,
    value: &Value,
    leg: LegId,
    now: Option<&CallView>,
) -> Result<Option<LiveCommand>, ApiError> {
    let is = |same: fn(&CallView) -> Value, wanted: Value| now.is_some_and(|call| same(call) == wanted);
    Ok(match field {
        "customName" => {
            let name = value::text(field, value, value::NAME_MAX)?;
            let same = is(|call| call.custom_name.as_str().into(), name.as_str().into());
            (!same).then_some(LiveCommand::Meeting(Command::SetName { leg, name }))
        }
        "gainLevel" => {
            let wrong = || ApiError::wrong_value(field, "expected whole decibels from -20 to 20");
            let db = value::integer(field, value, GAIN_DB).map_err(|_| wrong())?;
            let db = i8::try_from(db).map_err(|_| wrong())?;
            let same = is(|call| call.gain_db.into(), db.into());
            (!same).then_some(LiveCommand::Meeting(Command::SetGain { leg, db }))
        }
        "holdMode" => {
            let on = value::integer(field, value, 0..=63)? != 0;
            let same = is(|call| call.held.into(), on.into());
            (!same).then_some(LiveCommand::Meeting(Command::SetHold { leg, on }))
        }
        "muteMode" => {
            let mute = Mute::from_wire(value::integer(field, value, 0..=63)?).ok_or_else(|| {
                ApiError::wrong_value(field, "expected 0, 1, 2 or 3, or 32, 36 or 40 for 0, 1 and 2")
            })?;
            let same = is(|call| call.mute.wire().into(), mute.wire().into());
            (!same).then_some(LiveCommand::Meeting(Command::SetMute { leg, mute }))
        }
        "presenterMedia" => {
            let expected = "expected 0, or 1 for audio; this bridge has no video and no screen sharing yet";
            let audio =
                value::integer(field, value, 0..=1).map_err(|_| ApiError::wrong_value(field, expected))?;
            let audio = audio == 1;
            let same = is(|call| call.presenter_audio.into(), audio.into());
            (!same).then_some(LiveCommand::SetPresenter { leg, audio })
        }
        "role" => {
            let number = value::integer(field, value, 0..=3)?;
            if is(
                |call| call.role.map_or(0, |role| role as i64).into(),
                number.into(),
            ) {
                return Ok(None);
            }
            let role = Role::from_wire(number).ok_or_else(|| {
                ApiError::wrong_value(field, "expected 1 host, 2 participant or 3 listener")
            })?;
            Some(LiveCommand::Meeting(Command::SetRole { leg, role }))
        }
        _ => None,
    })
}
