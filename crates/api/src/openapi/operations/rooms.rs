use serde_json::json;

use crate::dto::attribute::Attribute;
use crate::dto::room::{MeetingKey, Room};
use crate::handlers::{attributes, keychain, room, room_patch};
use crate::openapi::answer::Object;
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listMeetingRooms",
        summary: "Rooms of the account and those below it",
        ..Operation::list::<Room>("/meetingRooms")
    },
    Operation {
        id: "createMeetingRoom",
        summary: "Make a room",
        note: "`primaryDidGroupId` and its `callFlowId` are needed. The number, and codes of keys that name none, are made by the server.",
        ..Operation::create::<Room>("/meetingRooms", CREATE).stored()
    },
    Operation {
        id: "getMeetingRoom",
        summary: "One room",
        ..Operation::read::<Room>("/meetingRooms/{number}").stored()
    },
    Operation {
        id: "updateMeetingRoom",
        summary: "Change a room",
        note: "`attributes` are merged by name, and a null value takes the override off. `keychain` and `didGroupReferences` replace \
               what was there; codes that stay keep their ids.",
        ..Operation::update::<Room>("/meetingRooms/{number}", UPDATE).stored()
    },
    Operation {
        id: "deleteMeetingRoom",
        summary: "Delete a room",
        ..Operation::delete("/meetingRooms/{number}").stored()
    },
];

pub(super) const CREATE: Body = Body {
    shape: &ROOM_CREATE,
    example: || json!({"primaryDidGroupId": 219, "callFlowId": 3, "keychain": [{"role": 1}, {"role": 2}]}),
};

const ROOM_CREATE: Shape = Shape {
    name: "MeetingRoomCreate",
    about: "A new room.",
    fields: || {
        vec![
            (Effect::Sets, room_patch::FIELDS.to_vec()),
            (Effect::Sets, room::OF_NEW.to_vec()),
        ]
    },
    required: room::REQUIRED,
    ..ROOM_UPDATE
};

pub(super) const UPDATE: Body = Body {
    shape: &ROOM_UPDATE,
    example: || json!({"description": "Weekly", "attributes": [{"name": "conference_start_how", "value": "moderator"}]}),
};

pub(super) const ROOM_UPDATE: Shape = Shape {
    name: "MeetingRoomUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Room>(),
    fields: || {
        vec![
            (Effect::Sets, room_patch::FIELDS.to_vec()),
            (Effect::Fixed, room::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        json!({
            "attributes": {"type": "array", "items": {"$ref": "#/components/schemas/AttributeUpdate"}},
            "callFlowId": {"type": "integer", "enum": [1, 3], "description": "Call flow of the primary DID group."},
            "description": {"type": ["string", "null"], "maxLength": 4096, "description": "Free text."},
            "keychain": {"type": "array", "maxItems": keychain::KEYS_MAX, "items": {"$ref": "#/components/schemas/MeetingKeyUpdate"}},
            "meetingNumber": {"type": "integer", "minimum": 100_000, "maximum": 999_999},
            "subscriberSid": {"type": "string", "description": "Owner; the account itself unless said."},
        })
    },
    parts: &[&ATTRIBUTE_UPDATE, &KEY_UPDATE],
};

/// An attribute within an object that is sent.
pub(super) const ATTRIBUTE_UPDATE: Shape = Shape {
    name: "AttributeUpdate",
    about: "An attribute to set or to take off; what else is answered of one may come along.",
    of: Object::within::<Attribute>(),
    fields: || vec![(Effect::Sets, attributes::FIELDS.to_vec())],
    required: &["name", "value"],
    values: || {
        json!({
            "value": {"type": ["string", "integer", "boolean", "null"], "description": "As a text; null takes the override off."},
        })
    },
    parts: &[],
};

pub(super) const KEY_UPDATE: Shape = Shape {
    name: "MeetingKeyUpdate",
    about: "A code and the role it gives. Without a code it keeps that of the key whose id it names, or gets one that nobody can foresee.",
    of: Object::of::<MeetingKey>(),
    fields: || vec![(Effect::Sets, keychain::FIELDS.to_vec())],
    required: &["role"],
    values: || json!({"accessCode": {"type": "string", "pattern": "^[0-9]{1,20}$"}}),
    parts: &[],
};
