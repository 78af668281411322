use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::attribute::{Level, Overrides};
use model::directory::{CallFlow, DidGroup, DidGroupReference, Edit, Room};
use model::{MeetingNumber, Sid};
use serde_json::{Map, Value};

use super::editing::Editing;
use super::room_patch::{self, RoomPatch, visible_group};
use crate::auth::Caller;
use crate::body::Body;
use crate::dto::attribute::Attribute;
use crate::dto::room::Room as Dto;
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

/// Fields that are set when a room is made and never after.
pub(crate) const FIXED: &[&str] = &["callFlowId", "created", "subscriberSid"];
/// Fields that are set only when a room is made.
pub(crate) const OF_NEW: &[&str] = &["callFlowId", "subscriberSid"];
/// Fields that a new room needs.
pub(crate) const REQUIRED: &[&str] = &["callFlowId", "primaryDidGroupId"];
/// Numbers to try before giving up; by then next to all of them are taken.
const TRIES: usize = 10_000;

/// GET /meetingRooms
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let rooms = caller.directory.rooms();
    let visible = rooms.filter(|room| caller.sees(&room.subscriber_sid));
    answer(&caller, &listing, visible.map(|room| &**room).collect())
}

/// The answer that carries a page of `rooms`.
pub(super) fn answer(caller: &Caller, listing: &Listing<Dto>, rooms: Vec<&Room>) -> Response {
    listing.answer_resolved(
        rooms,
        |room| Dto::from(*room),
        |room, dto| in_force(caller, room, dto),
    )
}

/// GET /meetingRooms/{meetingNumber}
pub(crate) async fn read(
    caller: Caller,
    At(number): At<String>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let room = caller.room(MeetingNumber::key(&number)?)?;
    Ok(shown(&caller, room, &detail))
}

/// The answer that carries `room`.
pub(super) fn shown(caller: &Caller, room: &Room, detail: &Detail<Dto>) -> Response {
    let dto = detail.resolve(Dto::from(room), |dto| in_force(caller, room, dto));
    tagged(&dto, detail.selection.ok(&dto))
}

/// `dto` of `room`, with the attributes in force in it, whatever number was dialled.
pub(super) fn in_force(caller: &Caller, room: &Room, dto: Dto) -> Dto {
    dto.with_attributes(Attribute::in_force(&caller.directory.resolve_room(room)))
}

/// POST /meetingRooms
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let room = drafted(&api, &editing.caller, &body, None)?;
    conditions.allow_untagged()?;
    let dto = Dto::from(&*put(editing, None, room).await?);
    Ok(tagged(&dto, selection.created(&dto)))
}

/// PUT /meetingRooms/{meetingNumber}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let before = editing.caller.room(MeetingNumber::key(&number)?)?.clone();
    let room = changed(&api, &editing.caller, &before, &body)?;
    conditions.allow(&Dto::from(&*before))?;
    let dto = Dto::from(&*put(editing, Some(before.meeting_number), room).await?);
    Ok(tagged(&dto, selection.ok(&dto)))
}

/// DELETE /meetingRooms/{meetingNumber}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_configure).await?;
    let room = editing.caller.room(MeetingNumber::key(&number)?)?;
    let (edit, current) = (Edit::DeleteRoom(room.meeting_number), Dto::from(&**room));
    editing.delete(edit, &current, &conditions).await
}

/// A room as `body` describes it; of `owner`, or of whom the body names, or of the caller.
pub(super) fn drafted(
    api: &Api,
    caller: &Caller,
    body: &Map<String, Value>,
    owner: Option<&Sid>,
) -> Result<Room, ApiError> {
    value::only(body, &[room_patch::FIELDS, OF_NEW])?;
    value::require(body, REQUIRED)?;
    let patch = RoomPatch::read(body)?;
    let mut room = new_room(api, caller, &patch, body, owner)?;
    patch.apply(&mut room, caller, api)?;
    Ok(room)
}

/// `before` as `body` changes it.
pub(super) fn changed(
    api: &Api,
    caller: &Caller,
    before: &Room,
    body: &Map<String, Value>,
) -> Result<Room, ApiError> {
    value::only(body, &[room_patch::FIELDS, FIXED])?;
    value::unchanged(body, &current(caller, before), FIXED)?;
    let mut room = before.clone();
    let patch = RoomPatch::read(body)?;
    if patch.number.is_some_and(|number| number != before.meeting_number) {
        // Whoever calls next would come into another meeting than those who are in it.
        if api.backend.live().meetings.contains_key(&before.meeting_number) {
            let message = "cannot be changed while the meeting of this room runs";
            return Err(ApiError::conflict("meetingNumber", message));
        }
        new_number(api, caller, patch.number)?;
    }
    patch.apply(&mut room, caller, api)?;
    Ok(room)
}

/// The edit that puts `room` in place of the one of number `from`, where there was one.
pub(super) fn edit(from: Option<MeetingNumber>, room: Room) -> Edit {
    match from {
        Some(from) if from != room.meeting_number => Edit::RenumberRoom { from, room },
        Some(_) | None => Edit::PutRoom(room),
    }
}

/// Makes the edit of [`edit`]; answers the room with the ids that its keys were given.
pub(super) async fn put(
    mut editing: Editing<'_>,
    from: Option<MeetingNumber>,
    room: Room,
) -> Result<Arc<Room>, ApiError> {
    let number = room.meeting_number;
    editing.add(edit(from, room))?;
    let (_, directory) = editing.commit().await?;
    directory.room(number).cloned().ok_or_else(ApiError::internal)
}

/// The room as a client knows it, and what it is made with.
fn current(caller: &Caller, room: &Room) -> Value {
    let mut value = serde_json::to_value(Dto::from(room)).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        let group = caller.directory.group(room.primary_did_group_id);
        let flow = group.map_or(room.call_flow, |group| group.call_flow);
        map.insert("callFlowId".to_owned(), flow.id().into());
    }
    value
}

/// A room of its own number, group and owner, otherwise empty.
fn new_room(
    api: &Api,
    caller: &Caller,
    patch: &RoomPatch,
    body: &Map<String, Value>,
    owner: Option<&Sid>,
) -> Result<Room, ApiError> {
    let primary = patch.primary.ok_or_else(ApiError::incomplete)?;
    let group = visible_group(caller, primary)?;
    let reference = DidGroupReference {
        did_group_id: primary,
        disabled: false,
    };
    Ok(Room {
        meeting_number: new_number(api, caller, patch.number)?,
        created_ms: api.backend.now_ms(),
        description: String::new(),
        call_flow: call_flow(group, body)?,
        attributes: Overrides::new(Level::Room),
        did_group_references: vec![reference],
        keychain: Vec::new(),
        primary_did_group_id: primary,
        subscriber_sid: named_owner(caller, body, owner)?,
    })
}

/// The call flow asked for, which must be the one that calls to the group's numbers go through.
fn call_flow(group: &DidGroup, body: &Map<String, Value>) -> Result<CallFlow, ApiError> {
    const FIELD: &str = "callFlowId";
    let id = body.get(FIELD).and_then(|value| value::id(FIELD, value).ok());
    id.and_then(CallFlow::from_id)
        .filter(|flow| *flow == group.call_flow)
        .ok_or_else(|| ApiError::wrong_value(FIELD, "expected the callFlowId of the DID group"))
}

/// Whose a new object is to be: of whom the body names, else of `owner`, else of the caller.
pub(super) fn named_owner(
    caller: &Caller,
    body: &Map<String, Value>,
    owner: Option<&Sid>,
) -> Result<Sid, ApiError> {
    let Some(value) = value::present(body, "subscriberSid") else {
        return Ok(owner.unwrap_or(&caller.sid).clone());
    };
    let sid = value.as_str().map(Sid::new);
    let fits = |sid: &Sid| owner.is_none_or(|owner| owner == sid) && caller.subscriber(sid).is_ok();
    sid.filter(fits).ok_or_else(|| {
        ApiError::wrong_value("subscriberSid", "expected the sid of the subscriber who owns it")
    })
}

/// The number asked for, or one that nobody can foresee; free among rooms and among meetings opened on the fly.
fn new_number(api: &Api, caller: &Caller, wanted: Option<MeetingNumber>) -> Result<MeetingNumber, ApiError> {
    let live = api.backend.live();
    let free = |number: &MeetingNumber| {
        caller.directory.room(*number).is_none() && !live.meetings.contains_key(number)
    };
    if let Some(number) = wanted {
        let taken = || ApiError::conflict("meetingNumber", "this number is already taken");
        return Some(number).filter(free).ok_or_else(taken);
    }
    let any = || MeetingNumber(100_000 + (api.backend.random() % 900_000) as u32);
    let mut numbers = std::iter::repeat_with(any).take(TRIES);
    numbers.find(free).ok_or_else(ApiError::unavailable)
}
