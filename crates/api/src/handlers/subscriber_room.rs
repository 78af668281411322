//! Rooms of one subscriber, addressed below it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::directory::{Edit, Room};
use model::{MeetingNumber, Sid};
use serde_json::{Map, Value};

use super::editing::Editing;
use super::keychain;
use super::room::{self, changed, drafted, put};
use super::subscriber::rooms_of;
use crate::auth::Caller;
use crate::body::{Body, ListBody};
use crate::chosen;
use crate::dto::room::{MeetingKey, Room as Dto};
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::fields::{Detail, Selection};
use crate::list::{Bare, Listing};
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// GET /subscribers/{sid}/meetingRooms
pub(crate) async fn list(
    caller: Caller,
    At(sid): At<String>,
    listing: Listing<Dto>,
) -> Result<Response, ApiError> {
    let sid = &caller.subscriber(&Sid::key(&sid)?)?.sid;
    Ok(room::answer(&caller, &listing, rooms_of(&caller, sid).collect()))
}

/// GET /subscribers/{sid}/meetingRooms/{meetingNumber}
pub(crate) async fn read(
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let room = find(&caller, &sid, &number)?;
    Ok(room::shown(&caller, room, &detail))
}

/// POST /subscribers/{sid}/meetingRooms
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    At(sid): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let sid = editing.caller.subscriber(&Sid::key(&sid)?)?.sid.clone();
    let room = drafted(&api, &editing.caller, &body, Some(&sid))?;
    conditions.allow_untagged()?;
    let dto = Dto::from(&*put(editing, None, room).await?);
    Ok(tagged(&dto, selection.created(&dto)))
}

/// PUT /subscribers/{sid}/meetingRooms/{meetingNumber}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let before = find(&editing.caller, &sid, &number)?;
    let (from, room) = (
        before.meeting_number,
        changed(&api, &editing.caller, before, &body)?,
    );
    conditions.allow(&Dto::from(before))?;
    let dto = Dto::from(&*put(editing, Some(from), room).await?);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// DELETE /subscribers/{sid}/meetingRooms/{meetingNumber}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let room = find(&editing.caller, &sid, &number)?;
    let (edit, current) = (Edit::DeleteRoom(room.meeting_number), Dto::from(room));
    editing.delete(edit, &current, &conditions).await
}

/// GET /subscribers/{sid}/meetingRooms/{meetingNumber}/keychain: a bare array.
pub(crate) async fn keychain(
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    Bare(listing): Bare<MeetingKey>,
) -> Result<Response, ApiError> {
    let room = find(&caller, &sid, &number)?;
    let response = listing.answer_bare(room.keychain.iter().collect(), |key| MeetingKey::from(*key));
    Ok(tagged(&keys(room), response))
}

/// PUT /subscribers/{sid}/meetingRooms/{meetingNumber}/keychain: a bare array in place of the one there is.
pub(crate) async fn replace_keychain(
    State(api): State<Api>,
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    conditions: Conditions,
    selection: Selection<MeetingKey>,
    ListBody(body): ListBody,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let before = find(&editing.caller, &sid, &number)?;
    let (mut room, current) = (before.clone(), keys(before));
    let wanted = keychain::read(&body)?;
    let made = keychain::replace(&mut room, wanted, &editing.caller, &*api.backend)?;
    chosen::allow_codes(&api, &editing.caller, before, &room, &made)?;
    conditions.allow(&current)?;
    let keys = keys(&*put(editing, Some(room.meeting_number), room).await?);
    let chosen: Vec<_> = keys.iter().map(|key| selection.apply(key)).collect();
    Ok(tagged(&keys, Json(chosen).into_response()))
}

fn keys(room: &Room) -> Vec<MeetingKey> {
    room.keychain.iter().map(MeetingKey::from).collect()
}

/// What a room within a subscriber's body asks for: one of the subscriber's that is named by its number is changed,
/// any other is made.
pub(super) fn edit(
    api: &Api,
    caller: &Caller,
    owner: &Sid,
    body: &Map<String, Value>,
) -> Result<Edit, ApiError> {
    const NUMBER: &str = "meetingNumber";
    let number =
        value::present(body, NUMBER).map(|number| value::integer(NUMBER, number, 0..=u32::MAX.into()));
    let number = number.transpose()?.and_then(|number| u32::try_from(number).ok());
    let known = number.and_then(|number| caller.directory.room(MeetingNumber(number)));
    match known.filter(|room| room.subscriber_sid == *owner) {
        Some(before) => Ok(room::edit(
            Some(before.meeting_number),
            changed(api, caller, before, body)?,
        )),
        None => Ok(room::edit(None, drafted(api, caller, body, Some(owner))?)),
    }
}

fn find<'a>(caller: &'a Caller, sid: &str, number: &str) -> Result<&'a Room, ApiError> {
    let sid = &caller.subscriber(&Sid::key(sid)?)?.sid;
    let room = caller.room(MeetingNumber::key(number)?)?;
    Some(&**room)
        .filter(|room| room.subscriber_sid == *sid)
        .ok_or_else(ApiError::not_found)
}
