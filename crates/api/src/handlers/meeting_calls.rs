//! The calls of one meeting: listed, and steered together.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{CallState, CallView, LegId, Live, MeetingNumber, MeetingView, Question};
use serde_json::{Map, Value};

use super::call::{dto, in_force, steps_of_many};
use super::steer::steer;
use crate::auth::Caller;
use crate::backend::{LiveCommand, Target};
use crate::body::Body;
use crate::dto::call::Call as Dto;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::list::{Chosen, Listing};
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// GET /meetings/{meetingNumber}/calls: those in it or waiting for it, in order of arrival.
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    listing: Listing<Dto<'static>>,
) -> Result<Response, ApiError> {
    let (live, names, now_ms) = (api.backend.live(), api.backend.names(), api.backend.now_ms());
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    Ok(listing.answer_resolved(
        live.calls_of(meeting).collect(),
        |call| Dto::new(call, &names, now_ms),
        |call, dto| in_force(&caller, &live, call, dto),
    ))
}

/// PUT /meetings/{meetingNumber}/calls: the same change of all calls, or of those that pass the filter, at one moment. Answers those that it
/// was made to.
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    Chosen(listing): Chosen<Dto<'static>>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let live = api.backend.live();
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    let calls = chosen(&api, &live, meeting, &listing);
    // What can't be read is refused whether there is anybody it is for or not.
    steps_of_many(LegId(0), None, &body)?;
    one_has_the_floor(&calls, &body)?;
    let mut commands = Vec::new();
    for call in &calls {
        let steps = steps_of_many(call.leg, Some(call), &body)?.into_iter();
        commands.extend(steps.map(|command| (call.leg, command)));
    }
    conditions.allow_untagged()?;
    let live = steer(
        &api,
        &caller,
        Target::Meeting(meeting.id),
        vec![LiveCommand::All(commands)],
    )
    .await?;
    let after = calls.iter().filter_map(|call| live.calls.get(&call.leg));
    // Those that were leaving when it was made, or in another meeting by then, have been passed over.
    let now = live.meetings.values().find(|now| now.id == meeting.id);
    let is_in = |call: &&Arc<CallView>| {
        let same = now.is_some_and(|now| call.meeting == Some(now.number));
        same && call.state != CallState::Ending && caller.sees_call(call)
    };
    let changed = after.filter(is_in);
    Ok(listing.answer_all(changed.map(|call| dto(&api, call))))
}

/// Refuses to give the floor to many: each would take it from the one before.
fn one_has_the_floor(calls: &[&CallView], body: &Map<String, Value>) -> Result<(), ApiError> {
    const FIELD: &str = "qaMode";
    let floor = i64::from(Question::Floor.wire());
    let asks = |mode| value::integer(FIELD, mode, floor..=floor).is_ok();
    let given = value::present(body, FIELD).is_some_and(asks);
    match given && calls.len() > 1 {
        true => Err(ApiError::wrong_value(
            FIELD,
            "expected 0, 1 or 3 for several calls: one alone has the floor",
        )),
        false => Ok(()),
    }
}

/// DELETE /meetings/{meetingNumber}/calls: hangs up all calls, or those that pass the filter, at one moment.
pub(crate) async fn hang_up(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    Chosen(listing): Chosen<Dto<'static>>,
) -> Result<StatusCode, ApiError> {
    let live = api.backend.live();
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    let calls = chosen(&api, &live, meeting, &listing);
    conditions.allow_untagged()?;
    let hang_up = |call: &&CallView| (call.leg, LiveCommand::HangUp { leg: call.leg });
    let commands = calls.iter().map(hang_up).collect();
    steer(
        &api,
        &caller,
        Target::Meeting(meeting.id),
        vec![LiveCommand::All(commands)],
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn chosen<'a>(
    api: &Api,
    live: &'a Live,
    meeting: &'a MeetingView,
    listing: &Listing<Dto<'static>>,
) -> Vec<&'a CallView> {
    let calls = live.calls_of(meeting).map(|call| &**call);
    calls.filter(|call| listing.chooses(&dto(api, call))).collect()
}
