//! What a request wants of a meeting room, read and checked before anything is touched.

use model::directory::{DidGroup, DidGroupReference, Room};
use model::{DidGroupId, MeetingNumber};
use serde_json::{Map, Value};

use super::keychain::{self, Wanted};
use crate::auth::Caller;
use crate::backend::Backend;
use crate::error::ApiError;
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
/// Fields of an attribute: name and value count, the others come along when one that was read is sent back.
pub(crate) const ATTRIBUTE_FIELDS: &[&str] = &["description", "enumValues", "group", "name", "type", "value"];
const PRIMARY: &str = "primaryDidGroupId";
const REFERENCES: &str = "didGroupReferences";

/// Changes of a room; what is `None` stays.
#[derive(Debug)]
pub(super) struct RoomPatch {
    /// Attributes to set, or to take off.
    attributes: Vec<(String, Option<String>)>,
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
            attributes: field("attributes").map_or(Ok(Vec::new()), attributes)?,
            description: description.transpose()?,
            references: field(REFERENCES).map(references).transpose()?,
            keychain: field("keychain").map(keychain::read).transpose()?,
            number: field("meetingNumber").map(number).transpose()?,
            primary: field(PRIMARY)
                .map(|value| value::id(PRIMARY, value).map(DidGroupId))
                .transpose()?,
        })
    }

    /// Makes the changes. The caller must be allowed every DID group that the room does not have yet.
    pub(super) async fn apply(
        self,
        room: &mut Room,
        caller: &Caller,
        backend: &dyn Backend,
    ) -> Result<(), ApiError> {
        for (name, value) in &self.attributes {
            match value {
                Some(text) => room.attributes.put(name, text)?,
                None => room.attributes.remove(name)?,
            }
        }
        if let Some(description) = self.description {
            room.description = description;
        }
        if let Some(references) = self.references {
            check_references(&references, room, caller)?;
            room.did_group_references = references;
        } else if let Some(primary) = self.primary {
            follow_primary(room, primary);
        }
        if let Some(primary) = self.primary.filter(|id| *id != room.primary_did_group_id) {
            let group = visible_group(caller, primary)?;
            room.primary_did_group_id = primary;
            room.call_flow = group.call_flow;
        }
        if let Some(number) = self.number {
            room.meeting_number = number;
        }
        match self.keychain {
            Some(wanted) => keychain::replace(room, wanted, caller, backend).await,
            None => Ok(()),
        }
    }
}

/// The group `id`, if the caller may use it; otherwise it is as if there were none.
pub(super) fn visible_group(caller: &Caller, id: DidGroupId) -> Result<&DidGroup, ApiError> {
    let group = caller.group(id).map(|group| &**group);
    group.ok_or_else(|| ApiError::wrong_value(PRIMARY, "expected the id of a DID group"))
}

fn check_references(references: &[DidGroupReference], room: &Room, caller: &Caller) -> Result<(), ApiError> {
    let had = |id| room.did_group_references.iter().any(|r| r.did_group_id == id);
    let allowed = |r: &DidGroupReference| had(r.did_group_id) || caller.group(r.did_group_id).is_some();
    if !references.iter().all(allowed) {
        return Err(ApiError::wrong_value(REFERENCES, "expected ids of DID groups"));
    }
    for (n, reference) in references.iter().enumerate() {
        let rest = references.iter().skip(n + 1);
        if rest
            .into_iter()
            .any(|other| other.did_group_id == reference.did_group_id)
        {
            return Err(ApiError::wrong_value(REFERENCES, "a DID group stands twice"));
        }
    }
    Ok(())
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

fn attributes(value: &Value) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let mut attributes: Vec<(String, _)> = Vec::new();
    for attribute in value::objects("attributes", value)? {
        value::only(attribute, &[ATTRIBUTE_FIELDS])?;
        let name = attribute.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| ApiError::wrong_value("attributes", "each needs a name"))?;
        let value = attribute.get("value");
        let value = value.ok_or_else(|| ApiError::wrong_value(name, "needs a value, or null for none"))?;
        if attributes.iter().any(|(other, _)| other == name) {
            return Err(ApiError::wrong_value(name, "stands twice"));
        }
        attributes.push((name.to_owned(), value::attribute(name, value)?));
    }
    Ok(attributes)
}

fn references(value: &Value) -> Result<Vec<DidGroupReference>, ApiError> {
    value::objects(REFERENCES, value)?
        .into_iter()
        .map(|reference| {
            value::only(reference, &[&["didGroupId", "state"]])?;
            let id = reference.get("didGroupId").unwrap_or(&Value::Null);
            let state = value::present(reference, "state");
            let state = state.map_or(Ok(0), |state| value::integer("state", state, 0..=1))?;
            Ok(DidGroupReference {
                did_group_id: DidGroupId(value::id("didGroupId", id)?),
                disabled: state == 1,
            })
        })
        .collect()
}

fn number(value: &Value) -> Result<MeetingNumber, ApiError> {
    let wrong = || ApiError::wrong_value("meetingNumber", "expected six digits, 100000 to 999999");
    let number = value::integer("meetingNumber", value, 100_000..=999_999).map_err(|_| wrong())?;
    u32::try_from(number).map(MeetingNumber).map_err(|_| wrong())
}
