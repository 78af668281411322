use serde_json::json;

use super::rooms::{self, KEY_UPDATE, ROOM_UPDATE};
use crate::dto::room::{MeetingKey, Room};
use crate::dto::subscriber::Subscriber;
use crate::handlers::{keychain, subscriber, subscriber_patch};
use crate::openapi::answer::{Content, Object, Success};
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listSubscribers",
        summary: "The account and those below it",
        ..Operation::list::<Subscriber>("/subscribers")
    },
    Operation {
        id: "createSubscriber",
        summary: "Make an account",
        note: "Sid and `authenticationToken` are made by the server. Rooms may come along; all is made or nothing.",
        ..Operation::create::<Subscriber>("/subscribers", CREATE).stored()
    },
    Operation {
        id: "getSubscriber",
        summary: "One account",
        note: "With `effective` its rooms show what is in force in them.",
        ..Operation::read::<Subscriber>("/subscribers/{sid}").stored()
    },
    Operation {
        id: "updateSubscriber",
        summary: "Change an account",
        note: "Administrators change those of their tree; others themselves: an operator its password, a regular user also its names, \
               addresses and rooms.",
        ..Operation::update::<Subscriber>("/subscribers/{sid}", UPDATE).stored()
    },
    Operation {
        id: "deleteSubscriber",
        summary: "Delete an account",
        note: "409 while accounts stand below it, or rooms, DID groups, meetings or calls are its own. Its records stay with who is above it.",
        ..Operation::delete("/subscribers/{sid}").stored()
    },
    Operation {
        id: "listSubscriberMeetingRooms",
        summary: "Rooms of one account",
        ..Operation::list_below::<Room>("/subscribers/{sid}/meetingRooms")
    },
    Operation {
        id: "createSubscriberMeetingRoom",
        summary: "Make a room for an account",
        ..Operation::create_below::<Room>("/subscribers/{sid}/meetingRooms", rooms::CREATE).stored()
    },
    Operation {
        id: "getSubscriberMeetingRoom",
        summary: "One room of an account",
        ..Operation::read::<Room>("/subscribers/{sid}/meetingRooms/{number}").stored()
    },
    Operation {
        id: "updateSubscriberMeetingRoom",
        summary: "Change a room of an account",
        ..Operation::update::<Room>("/subscribers/{sid}/meetingRooms/{number}", rooms::UPDATE).stored()
    },
    Operation {
        id: "deleteSubscriberMeetingRoom",
        summary: "Delete a room of an account",
        ..Operation::delete("/subscribers/{sid}/meetingRooms/{number}").stored()
    },
    Operation {
        id: "listSubscriberMeetingRoomKeychain",
        summary: "Access codes of a room",
        note: "A bare array.",
        ..Operation::array_below::<MeetingKey>("/subscribers/{sid}/meetingRooms/{number}/keychain").stored()
    },
    Operation {
        id: "replaceSubscriberMeetingRoomKeychain",
        summary: "Replace the access codes of a room",
        note: "A bare array. Codes that stay keep their ids.",
        list_max: Some(keychain::KEYS_MAX),
        success: Success::new(
            200,
            "The codes as they are now.",
            Content::Array(Object::of::<MeetingKey>()),
        ),
        ..Operation::update::<MeetingKey>("/subscribers/{sid}/meetingRooms/{number}/keychain", KEYS).stored()
    },
];

const CREATE: Body = Body {
    shape: &SUBSCRIBER_CREATE,
    example: || json!({"login": "ann", "password": "correct horse", "firstName": "Ann", "lastName": "Lee", "role": 3}),
};

const SUBSCRIBER_CREATE: Shape = Shape {
    name: "SubscriberCreate",
    about: "A new account.",
    fields: || {
        vec![
            (Effect::Sets, subscriber_patch::FIELDS.to_vec()),
            (Effect::Sets, subscriber::OF_NEW.to_vec()),
        ]
    },
    required: subscriber::REQUIRED,
    ..SUBSCRIBER_UPDATE
};

const UPDATE: Body = Body {
    shape: &SUBSCRIBER_UPDATE,
    example: || json!({"email": "john@example.com", "callback": {"url": "https://example.com/events"}}),
};

const SUBSCRIBER_UPDATE: Shape = Shape {
    name: "SubscriberUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Subscriber>(),
    fields: || {
        vec![
            (Effect::Sets, subscriber_patch::FIELDS.to_vec()),
            (Effect::Fixed, subscriber::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        let text = |max: u32| json!({"type": ["string", "null"], "maxLength": max});
        json!({
            "callback": {
                "type": ["object", "null"],
                "description": "Where events go; null for nowhere any more.",
                "properties": {
                    "id": {"type": "integer", "format": "int64", "description": "Taken as it is."},
                    "url": url(),
                },
                "required": ["url"],
                "additionalProperties": false,
            },
            "details": text(4096),
            "email": text(255),
            "eventCallbackUrl": url(),
            "ext": text(255),
            "externalId": {"type": "integer", "format": "int64", "minimum": -1},
            "firstName": text(255),
            "lastName": text(255),
            "login": {"type": "string", "minLength": 1, "maxLength": 255},
            "meetingRooms": {
                "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/MeetingRoomUpdate"},
                "description": "Rooms to change, named by `meetingNumber`; any other is made, and needs `callFlowId` and \
                                `primaryDidGroupId`. Rooms that are not named stay.",
            },
            "parentSid": {"type": "string", "description": "Account it stands below; the account itself unless said."},
            "password": {"type": "string", "format": "password", "minLength": 8, "maxLength": 1024, "writeOnly": true, "description": "To log in with."},
            "phoneNumber": {"type": ["string", "null"], "pattern": "^[0-9]{0,15}$"},
        })
    },
    parts: &[&ROOM_UPDATE],
};

fn url() -> serde_json::Value {
    json!({
        "type": ["string", "null"], "maxLength": 2048, "pattern": "^(https?://.*)?$",
        "description": "Address that events are sent to, http or https; null or empty for none.",
    })
}

const KEYS: Body = Body {
    shape: &KEY_UPDATE,
    example: || json!([{"accessCode": "4711", "role": 1}, {"role": 2}]),
};
