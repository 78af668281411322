use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::Sid;
use model::directory::{Edit, Room, Subscriber, SubscriberRole};
use serde_json::{Map, Value};

use super::editing::Editing;
use super::subscriber_patch::{self, SubscriberPatch, password_hash};
use super::{room, subscriber_room};
use crate::auth::Caller;
use crate::body::Body;
use crate::chosen;
use crate::dto::room::Room as RoomDto;
use crate::dto::subscriber::Subscriber as Dto;
use crate::error::ApiError;
use crate::etag::{Conditions, tagged};
use crate::events::{DEPTH_MAX, ancestry};
use crate::fields::{Detail, Selection};
use crate::list::Listing;
use crate::params::NoParams;
use crate::path::{At, Key};
use crate::router::Api;
use crate::value;

const PARENT: &str = "parentSid";
const TOO_DEEP: &str = "expected one further up: 64 subscribers at most stand above one another";
/// Fields that may only come as they are.
pub(crate) const FIXED: &[&str] = &["authenticationToken", "created", "externalId", PARENT, "sid"];
/// Fields that are set only when a subscriber is made.
pub(crate) const OF_NEW: &[&str] = &["externalId", PARENT];
/// Fields that a new subscriber needs.
pub(crate) const REQUIRED: &[&str] = &["login", "password"];

/// What tags name: the password belongs to the state of a subscriber, though nobody is told its hash.
type Tagged = (Dto, String);

/// GET /subscribers
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let mut rooms: BTreeMap<&Sid, Vec<&Room>> = BTreeMap::new();
    for room in caller.directory.rooms() {
        rooms.entry(&room.subscriber_sid).or_default().push(room);
    }
    let subscribers = caller.directory.subscribers();
    let visible = subscribers.filter(|subscriber| caller.sees(&subscriber.sid));
    let own = |sid: &Sid| rooms.get(sid).into_iter().flatten().copied();
    listing.answer_resolved(
        visible.collect(),
        |subscriber| {
            let rooms = own(&subscriber.sid).map(RoomDto::from);
            Dto::new(subscriber, rooms.collect(), &caller)
        },
        |subscriber, dto| in_force(&caller, own(&subscriber.sid), dto),
    )
}

/// GET /subscribers/{sid}
pub(crate) async fn read(
    caller: Caller,
    At(sid): At<String>,
    detail: Detail<Dto>,
) -> Result<Response, ApiError> {
    let subscriber = caller.subscriber(&Sid::key(&sid)?)?;
    let (dto, hash) = state(&caller, subscriber);
    let rooms = rooms_of(&caller, &subscriber.sid);
    let state = (detail.resolve(dto, |dto| in_force(&caller, rooms, dto)), hash);
    Ok(tagged(&state, detail.selection.ok(&state.0)))
}

/// `dto` of a subscriber, with the attributes in force in its `rooms`; it has none itself.
fn in_force<'a>(caller: &Caller, rooms: impl Iterator<Item = &'a Room>, dto: Dto) -> Dto {
    let rooms = rooms.map(|room| room::in_force(caller, room, RoomDto::from(room)));
    dto.with_rooms(rooms.collect())
}

/// POST /subscribers
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    caller.may_administer()?;
    value::only(&body, &[subscriber_patch::FIELDS, OF_NEW])?;
    value::require(&body, REQUIRED)?;
    let patch = SubscriberPatch::read(&body, &*api.backend)?;
    let hash = password_hash(&api, &body).await?;
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let mut subscriber = new_subscriber(&api, &editing.caller, &body)?;
    subscriber.password_hash = hash.unwrap_or_default();
    conditions.allow_untagged()?;
    let made = put(&api, editing, subscriber, patch).await?;
    Ok(tagged(&made, selection.created(&made.0)))
}

/// PUT /subscribers/{sid}
pub(crate) async fn update(
    State(api): State<Api>,
    caller: Caller,
    At(sid): At<String>,
    conditions: Conditions,
    selection: Selection<Dto>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let sid = Sid::key(&sid)?;
    may_change(&caller, &sid)?;
    caller.subscriber(&sid)?;
    value::only(&body, &[subscriber_patch::FIELDS, FIXED])?;
    let hash = password_hash(&api, &body).await?;
    let editing = Editing::begin(&api, &caller, |_| Ok(())).await?;
    may_change(&editing.caller, &sid)?;
    let before = editing.caller.subscriber(&sid)?.clone();
    let current = state(&editing.caller, &before);
    let changes = value::changes(&body, &subscriber_patch::known(&current.0), FIXED)?;
    subscriber_patch::may_change(&editing.caller, &sid, &changes)?;
    let patch = SubscriberPatch::read(&changes, &*api.backend)?;
    let mut subscriber = (*before).clone();
    if let Some(hash) = hash {
        subscriber.password_hash = hash;
    }
    conditions.allow(&current)?;
    let made = put(&api, editing, subscriber, patch).await?;
    Ok(tagged(&made, selection.ok(&made.0)))
}

/// DELETE /subscribers/{sid}
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Caller,
    At(sid): At<String>,
    conditions: Conditions,
    _: NoParams,
) -> Result<StatusCode, ApiError> {
    let editing = Editing::begin(&api, &caller, Caller::may_administer).await?;
    let subscriber = editing.caller.subscriber(&Sid::key(&sid)?)?;
    let (sid, current) = (subscriber.sid.clone(), state(&editing.caller, subscriber));
    if sid == editing.caller.sid {
        return Err(ApiError::forbidden().and("sid", "nobody deletes himself"));
    }
    if is_live(&api, &sid) {
        let message = "still has meetings or calls going on: end those first";
        return Err(ApiError::conflict("sid", message));
    }
    editing
        .delete(Edit::DeleteSubscriber(sid), &current, &conditions)
        .await
}

/// Whether a meeting or call of the subscriber goes on: with its owner gone nobody could see or end it.
fn is_live(api: &Api, sid: &Sid) -> bool {
    let live = api.backend.live();
    let meeting = live
        .meetings
        .values()
        .any(|meeting| meeting.subscriber_sid == *sid);
    meeting || live.calls.values().any(|call| call.subscriber_sid == *sid)
}

/// Whether the caller may change anything of the subscriber: administrators of all in their tree, others of themselves.
fn may_change(caller: &Caller, sid: &Sid) -> Result<(), ApiError> {
    match caller.sid == *sid {
        true => Ok(()),
        false => caller.may_administer(),
    }
}

/// The subscriber as the caller reads it.
fn dto(caller: &Caller, subscriber: &Subscriber) -> Dto {
    let rooms = rooms_of(caller, &subscriber.sid).map(RoomDto::from);
    Dto::new(subscriber, rooms.collect(), caller)
}

/// A subscriber of its own sid, token and parent, otherwise empty: a regular user who cannot log in.
fn new_subscriber(api: &Api, caller: &Caller, body: &Map<String, Value>) -> Result<Subscriber, ApiError> {
    let [a, b, c, d] = std::array::from_fn(|_| api.backend.random());
    let external_id = value::present(body, "externalId");
    let external_id = external_id.map(|id| value::integer("externalId", id, -1..=i64::MAX));
    Ok(Subscriber {
        sid: new_sid(a, b),
        parent_sid: Some(parent(caller, body)?),
        login: String::new(),
        password_hash: String::new(),
        authentication_token: format!("{c:016x}{d:016x}"),
        created_ms: api.backend.now_ms(),
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        phone_number: String::new(),
        ext: String::new(),
        details: String::new(),
        external_id: external_id.unwrap_or(Ok(-1))?,
        role: SubscriberRole::Regular,
        did_group_references: Vec::new(),
        callback: None,
    })
}

/// A random UUID (RFC 9562, section 5.4).
fn new_sid(a: u64, b: u64) -> Sid {
    let (a, b) = ((a & !0xf000) | 0x4000, (b & !(0b11 << 62)) | (0b10 << 62));
    Sid::new(&format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xffff,
        b >> 48,
        b & 0xffff_ffff_ffff
    ))
}

/// Below whom a new subscriber stands: below the one that is named, else below its creator.
fn parent(caller: &Caller, body: &Map<String, Value>) -> Result<Sid, ApiError> {
    let sid = match value::present(body, PARENT) {
        Some(value) => value.as_str().map(Sid::new),
        None => Some(caller.sid.clone()),
    };
    let expected = || ApiError::wrong_value(PARENT, "expected the sid of a subscriber");
    let sid = sid
        .filter(|sid| caller.subscriber(sid).is_ok())
        .ok_or_else(expected)?;
    match ancestry(&caller.directory, &sid).len() < DEPTH_MAX {
        true => Ok(sid),
        false => Err(ApiError::wrong_value(PARENT, TOO_DEEP)),
    }
}

/// Puts the subscriber and the rooms that came with it, all or none; answers it as the caller, who may be the same, sees it then.
async fn put(
    api: &Api,
    mut editing: Editing<'_>,
    mut subscriber: Subscriber,
    patch: SubscriberPatch,
) -> Result<Tagged, ApiError> {
    let (sid, caller) = (subscriber.sid.clone(), editing.caller.clone());
    let rooms = patch.apply(&mut subscriber, &editing.caller)?;
    let known = editing.caller.directory.subscriber(&sid);
    if known.is_none_or(|known| known.login != subscriber.login) {
        chosen::allow_login(api, &editing.caller, &subscriber.login)?;
    }
    editing.add(Edit::PutSubscriber(subscriber))?;
    for body in &rooms {
        let edit = subscriber_room::edit(api, &editing.caller, &sid, body)?;
        editing.add(edit)?;
    }
    let (_, directory) = editing.commit().await?;
    let caller = caller.at(directory)?;
    Ok(state(&caller, caller.subscriber(&sid)?))
}

fn state(caller: &Caller, subscriber: &Subscriber) -> Tagged {
    (dto(caller, subscriber), subscriber.password_hash.clone())
}

/// The rooms that a subscriber owns, by number.
pub(super) fn rooms_of<'a>(caller: &'a Caller, sid: &'a Sid) -> impl Iterator<Item = &'a Room> {
    let rooms = caller.directory.rooms().map(|room| &**room);
    rooms.filter(move |room| room.subscriber_sid == *sid)
}
