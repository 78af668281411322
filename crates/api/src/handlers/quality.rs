use axum::extract::State;
use axum::response::Response;
use model::MeetingNumber;

use super::call::find;
use crate::auth::Caller;
use crate::dto::quality::Quality as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};
use crate::router::Api;

/// GET /calls/{id}/quality
pub(crate) async fn of_call(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let (live, quality) = (api.backend.live(), api.backend.quality());
    let call = find(&live, &caller, &id)?;
    let audio = quality.get(&call.leg);
    Ok(selection.ok(&Dto::new(call, audio.map(|audio| &**audio))))
}

/// GET /meetings/{meetingNumber}/quality: the calls in it or waiting for it, in order of arrival.
pub(crate) async fn of_meeting(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    let (live, quality) = (api.backend.live(), api.backend.quality());
    let meeting = caller.meeting(&live, MeetingNumber::key(&number)?)?;
    let audio = |leg| quality.get(leg).map(|audio| &**audio);
    let calls = live.calls_of(meeting).collect();
    Ok(listing.answer(calls, |call| Dto::new(call, audio(&call.leg))))
}
