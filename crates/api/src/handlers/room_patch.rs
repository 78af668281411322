//! What a request wants of a meeting room, read and checked before anything is touched.

use std::collections::HashSet;

use model::directory::{DidGroup, DidGroupReference, Room};
use model::{DidGroupId, MeetingNumber};
use serde_json::{Map, Value};

use super::attributes::Changes;
use super::keychain::{self, Wanted};
use super::references;
use crate::auth::Caller;
use crate::chosen;
use crate::error::ApiError;
use crate::router::Api;
use crate::value;

/// Fields that can be set.
pub(crate) const FIELDS: &[&str] = &[
    "attributes",
    "description",
    "didGroupReferences",
    "keychain",
    "meetingNumber",
    "primaryDidGroupId",
];
const PRIMARY: &str = "primaryDidGroupId";

/// Changes of a room; what is `None` stays.
#[derive(Debug)]
pub(super) struct RoomPatch {
    attributes: Changes,
    description: Option<String>,
    references: Option<Vec<DidGroupReference>>,
    keychain: Option<Vec<Wanted>>,
    /// The number asked for.
    pub(super) number: Option<MeetingNumber>,
    /// The group asked for.
    pub(super) primary: Option<DidGroupId>,
}

impl RoomPatch {
    /// Reads the settable fields of `body`.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let field = |name| value::present(body, name);
        let description = body.get("description");
        let description = description.map(|value| value::text("description", value, value::TEXT_MAX));
        Ok(Self {
            attributes: Changes::read(body)?,
            description: description.transpose()?,
            references: field("didGroupReferences").map(references::read).transpose()?,
            keychain: field("keychain").map(keychain::read).transpose()?,
            number: field("meetingNumber").map(number).transpose()?,
            primary: field(PRIMARY)
                .map(|value| value::id(PRIMARY, value).map(DidGroupId))
                .transpose()?,
        })
    }

    /// Makes the changes. The caller must be allowed every DID group that the room does not have yet, or has disabled, and so many codes of its
    /// own choice as are new.
    pub(super) fn apply(self, room: &mut Room, caller: &Caller, api: &Api) -> Result<(), ApiError> {
        let before = room.clone();
        self.attributes.merge(&mut room.attributes)?;
        if let Some(description) = self.description {
            room.description = description;
        }
        let primary = self.primary.filter(|id| *id != room.primary_did_group_id);
        if let Some(references) = self.references {
            references::check(&references, &room.did_group_references, caller)?;
            room.did_group_references = references;
        } else if let Some(primary) = primary {
            follow_primary(room, primary);
        }
        if let Some(primary) = primary {
            let group = visible_group(caller, primary)?;
            room.primary_did_group_id = primary;
            room.call_flow = group.call_flow;
        }
        if let Some(number) = self.number {
            room.meeting_number = number;
        }
        let made = match self.keychain {
            Some(wanted) => keychain::replace(room, wanted, caller, &*api.backend)?,
            None => HashSet::new(),
        };
        chosen::allow_codes(api, caller, &before, room, &made)
    }
}

/// The group `id`, if the caller may use it; otherwise it is as if there were none.
pub(super) fn visible_group(caller: &Caller, id: DidGroupId) -> Result<&DidGroup, ApiError> {
    let group = caller.group(id).map(|group| &**group);
    group.ok_or_else(|| ApiError::wrong_value(PRIMARY, "expected the id of a DID group"))
}

/// A room whose primary group changes is reached by the new one's numbers in place of the old one's.
fn follow_primary(room: &mut Room, primary: DidGroupId) {
    let references = &mut room.did_group_references;
    if references.iter().any(|r| r.did_group_id == primary) {
        return;
    }
    let old = room.primary_did_group_id;
    match references.iter_mut().find(|r| r.did_group_id == old) {
        Some(reference) => reference.did_group_id = primary,
        None => references.push(DidGroupReference {
            did_group_id: primary,
            disabled: false,
        }),
    }
}

fn number(value: &Value) -> Result<MeetingNumber, ApiError> {
    let wrong = || ApiError::wrong_value("meetingNumber", "expected six digits, 100000 to 999999");
    let number = value::integer("meetingNumber", value, 100_000..=999_999).map_err(|_| wrong())?;
    u32::try_from(number).map(MeetingNumber).map_err(|_| wrong())
}
