use model::directory::{DidGroupReference, Key};
use serde::Serialize;

use super::attribute::Attribute;
use crate::fields::{Plain, Wire, number, text};

/// A meeting room: settings and access codes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    attributes: Vec<Attribute>,
    created: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    did_group_references: Vec<Reference>,
    keychain: Vec<MeetingKey>,
    meeting_number: u32,
    primary_did_group_id: u64,
    subscriber_sid: String,
}

/// A DID group by whose numbers the room is reached; `state` 0 active, 1 disabled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    did_group_id: u64,
    state: u8,
}

/// An access code and the role it gives.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeetingKey {
    access_code: String,
    id: u64,
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
