use model::directory::{DidGroupReference, Key};
use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::Attribute;
use crate::fields::{Plain, Wire, number, text};

/// A meeting room: settings and access codes.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MeetingRoom")]
pub(crate) struct Room {
    /// What the room overrides.
    attributes: Vec<Attribute>,
    /// When it was made, epoch ms.
    created: i64,
    /// Free text; absent when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Groups by whose numbers it is reached.
    did_group_references: Vec<Reference>,
    /// Access codes and the roles they give.
    keychain: Vec<MeetingKey>,
    /// Six digits; the address of meeting and room.
    meeting_number: u32,
    /// Group that it belongs to.
    primary_did_group_id: u64,
    /// Owner.
    subscriber_sid: String,
}

/// A DID group by whose numbers the room is reached; `state` 0 active, 1 disabled.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DidGroupReference")]
pub(crate) struct Reference {
    /// Id of the DID group.
    did_group_id: u64,
    /// 0 active, 1 disabled.
    #[schemars(extend("enum" = [0, 1]))]
    state: u8,
}

/// An access code and the role it gives.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeetingKey {
    /// Digits to key.
    access_code: String,
    /// Id of the key.
    id: u64,
    /// 1 host, 2 participant, 3 listener.
    #[schemars(extend("enum" = [1, 2, 3]))]
    role: u8,
}

impl Wire for Room {
    const COLLECTION: &'static str = "meetingRooms";
    const PLAIN: &'static [Plain] = &[
        number("created"),
        text("description"),
        number("meetingNumber"),
        number("primaryDidGroupId"),
        text("subscriberSid"),
    ];
    const NESTED: &'static [&'static str] = &["attributes", "didGroupReferences", "keychain"];
    const RESOLVES: bool = true;
    const KEY: &'static str = "meetingNumber";
}

impl From<&DidGroupReference> for Reference {
    fn from(reference: &DidGroupReference) -> Self {
        Self {
            did_group_id: reference.did_group_id.0,
            state: u8::from(reference.disabled),
        }
    }
}

impl From<&Key> for MeetingKey {
    fn from(key: &Key) -> Self {
        Self {
            access_code: key.access_code.clone(),
            id: key.id.0,
            role: key.role as u8,
        }
    }
}

impl Room {
    /// The same, with these attributes in place of what it sets itself.
    pub(crate) fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes, ..self }
    }
}

impl From<&model::directory::Room> for Room {
    fn from(room: &model::directory::Room) -> Self {
        Self {
            attributes: Attribute::overrides(&room.attributes),
            created: room.created_ms,
            description: room.description.clone(),
            did_group_references: room.did_group_references.iter().map(Reference::from).collect(),
            keychain: room.keychain.iter().map(MeetingKey::from).collect(),
            meeting_number: room.meeting_number.0,
            primary_did_group_id: room.primary_did_group_id.0,
            subscriber_sid: room.subscriber_sid.to_string(),
        }
    }
}

impl Wire for MeetingKey {
    const COLLECTION: &'static str = "keychain";
    const PLAIN: &'static [Plain] = &[text("accessCode"), number("id"), number("role")];
    const NESTED: &'static [&'static str] = &[];
}
