use std::collections::BTreeMap;

use axum::response::Response;
use model::directory::Room;
use model::{MeetingNumber, Sid};

use crate::auth::Caller;
use crate::dto::room::{MeetingKey, Room as RoomDto};
use crate::dto::subscriber::Subscriber as Dto;
use crate::error::ApiError;
use crate::fields::Selection;
use crate::list::Listing;
use crate::path::{At, Key};

/// GET /subscribers
pub(crate) async fn list(caller: Caller, listing: Listing<Dto>) -> Response {
    let mut rooms: BTreeMap<&Sid, Vec<&Room>> = BTreeMap::new();
    for room in caller.directory.rooms() {
        rooms.entry(&room.subscriber_sid).or_default().push(room);
    }
    let subscribers = caller.directory.subscribers();
    let visible = subscribers.filter(|subscriber| caller.sees(&subscriber.sid));
    listing.answer(visible.collect(), |subscriber| {
        let own = rooms.get(&subscriber.sid).into_iter().flatten();
        Dto::new(
            subscriber,
            own.map(|room| RoomDto::from(*room)).collect(),
            &caller,
        )
    })
}

/// GET /subscribers/{sid}
pub(crate) async fn read(
    caller: Caller,
    At(sid): At<String>,
    selection: Selection<Dto>,
) -> Result<Response, ApiError> {
    let subscriber = caller.subscriber(&Sid::key(&sid)?)?;
    let rooms = rooms_of(&caller, &subscriber.sid).map(RoomDto::from);
    Ok(selection.ok(&Dto::new(subscriber, rooms.collect(), &caller)))
}

/// GET /subscribers/{sid}/meetingRooms
pub(crate) async fn rooms(
    caller: Caller,
    At(sid): At<String>,
    listing: Listing<RoomDto>,
) -> Result<Response, ApiError> {
    let sid = &caller.subscriber(&Sid::key(&sid)?)?.sid;
    Ok(listing.answer(rooms_of(&caller, sid).collect(), |room| RoomDto::from(*room)))
}

/// GET /subscribers/{sid}/meetingRooms/{meetingNumber}
pub(crate) async fn room(
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    selection: Selection<RoomDto>,
) -> Result<Response, ApiError> {
    Ok(selection.ok(&RoomDto::from(room_of(&caller, &sid, &number)?)))
}

/// GET /subscribers/{sid}/meetingRooms/{meetingNumber}/keychain: a bare array.
pub(crate) async fn keychain(
    caller: Caller,
    At((sid, number)): At<(String, String)>,
    listing: Listing<MeetingKey>,
) -> Result<Response, ApiError> {
    let room = room_of(&caller, &sid, &number)?;
    Ok(listing.answer_bare(room.keychain.iter().collect(), |key| MeetingKey::from(*key)))
}

fn rooms_of<'a>(caller: &'a Caller, sid: &'a Sid) -> impl Iterator<Item = &'a Room> {
    let rooms = caller.directory.rooms().map(|room| &**room);
    rooms.filter(move |room| room.subscriber_sid == *sid)
}

fn room_of<'a>(caller: &'a Caller, sid: &str, number: &str) -> Result<&'a Room, ApiError> {
    let sid = &caller.subscriber(&Sid::key(sid)?)?.sid;
    let room = caller.room(MeetingNumber::key(number)?)?;
    Some(&**room)
        .filter(|room| room.subscriber_sid == *sid)
        .ok_or_else(ApiError::not_found)
}
