use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::attribute::{Level, Overrides};
use model::directory::{CallFlow, DidGroup, DidGroupReference, Edit, Room};
use model::{MeetingNumber, Sid};
use serde_json::{Map, Value};

use super::room_patch::{self, RoomPatch, visible_group};
use crate::auth::Caller;
use crate::body::Body;
use crate::dto::room::Room as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
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
    listing.answer(visible.collect(), |room| Dto::from(&***room))
}

/// GET /meetingRooms/{meetingNumber}
pub(crate) async fn read(
    caller: Caller,
    At(number): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let room = caller.room(MeetingNumber::key(&number)?)?;
    Ok(selection.ok(&Dto::from(&**room)))
}

/// POST /meetingRooms
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    value::only(&body, &[room_patch::FIELDS, OF_NEW])?;
    require(&body)?;
    let patch = RoomPatch::read(&body)?;
    let _edits = api.edits.lock().await;
    let caller = caller.at(api.backend.directory());
    let mut room = new_room(&api, &caller, &patch, &body)?;
    patch.apply(&mut room, &caller, &*api.backend).await?;
    let answer = Dto::from(&room);
    api.backend.edit(caller.actor(), Edit::PutRoom(room)).await?;
    Ok(selection.answer(StatusCode::CREATED, &answer))
}

/// PUT /meetingRooms/{meetingNumber}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    caller.may_configure()?;
    let _edits = api.edits.lock().await;
    let caller = caller.at(api.backend.directory());
    let before = caller.room(MeetingNumber::key(&number)?)?;
    value::only(&body, &[room_patch::FIELDS, FIXED])?;
    value::unchanged(&body, &current(before), FIXED)?;
    let mut room = (**before).clone();
    let patch = RoomPatch::read(&body)?;
    if patch.number.is_some_and(|number| number != before.meeting_number) {
        new_number(&api, &caller, patch.number)?;
    }
    patch.apply(&mut room, &caller, &*api.backend).await?;
    let answer = Dto::from(&room);
    let edit = match before.meeting_number {
        same if same == room.meeting_number => Edit::PutRoom(room),
        from => Edit::RenumberRoom { from, room },
    };
    api.backend.edit(caller.actor(), edit).await?;
    Ok(selection.ok(&answer))
}

/// DELETE /meetingRooms/{meetingNumber}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<String>,
) -> Result<StatusCode, ApiError> {
    caller.may_configure()?;
    let _edits = api.edits.lock().await;
    let caller = caller.at(api.backend.directory());
    let number = caller.room(MeetingNumber::key(&number)?)?.meeting_number;
    api.backend.edit(caller.actor(), Edit::DeleteRoom(number)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The room as a client knows it, and what it was made with.
fn current(room: &Room) -> Value {
    let mut value = serde_json::to_value(Dto::from(room)).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("callFlowId".to_owned(), room.call_flow.id().into());
    }
    value
}

fn require(body: &Map<String, Value>) -> Result<(), ApiError> {
    let missing = |field: &&&str| value::present(body, field).is_none();
    let mut missing = REQUIRED.iter().filter(missing).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    Err(missing.fold(ApiError::incomplete(), |refusal, field| {
        refusal.and(*field, "is required")
    }))
}

/// A room of its own number, group and owner, otherwise empty.
fn new_room(
    api: &Api,
    caller: &Caller,
    patch: &RoomPatch,
    body: &Map<String, Value>,
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
        subscriber_sid: owner(caller, body)?,
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

fn owner(caller: &Caller, body: &Map<String, Value>) -> Result<Sid, ApiError> {
    let Some(value) = value::present(body, "subscriberSid") else {
        return Ok(caller.sid.clone());
    };
    let sid = value.as_str().map(Sid::new);
    let subscriber = sid.and_then(|sid| caller.subscriber(&sid).ok());
    let expected = || ApiError::wrong_value("subscriberSid", "expected the sid of a subscriber");
    subscriber
        .map(|subscriber| subscriber.sid.clone())
        .ok_or_else(expected)
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
