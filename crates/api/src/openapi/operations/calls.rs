use serde_json::json;

use crate::dto::call::Call;
use crate::dto::quality::Quality;
use crate::handlers::{call, dial};
use crate::openapi::answer::{Object, Refusal};
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCalls",
        summary: "Who is on the line",
        ..Operation::list::<Call<'_>>("/calls")
    },
    Operation {
        id: "createCall",
        summary: "Call somebody into a meeting",
        note: "Answered as soon as there is a call, `state` 0: what becomes of it stands in `/calls/{id}`, and in `/cdrs` when it is \
               over. 403 when dial-out or this number is not allowed, 503 when there are too many such calls.",
        refusals: DIAL_REFUSALS,
        ..Operation::create::<Call<'_>>("/calls", DIAL)
    },
    Operation {
        id: "getCall",
        summary: "One call",
        note: "With `effective` its `attributes` are those of the meeting that it is in or waits for; before that of the room that it is \
               made for, or of the number that it dialled.",
        ..Operation::read::<Call<'_>>("/calls/{id}")
    },
    Operation {
        id: "updateCall",
        summary: "Mute, hold, name, promote or move a call",
        note: "`accessCode` moves the call to the room and role of that code, before the other fields take effect.",
        ..Operation::steer::<Call<'_>>("/calls/{id}", UPDATE)
    },
    Operation {
        id: "hangUpCall",
        summary: "Hang up",
        ..Operation::end("/calls/{id}")
    },
    Operation {
        id: "getCallQuality",
        summary: "How good the audio of a call is",
        note: "Values are a second old at most. What is not known is absent.",
        ..Operation::read::<Quality>("/calls/{id}/quality")
    },
];

/// The call may have ended before it is looked at.
const DIAL_REFUSALS: &[Refusal] = &[
    Refusal::BadRequest,
    Refusal::Forbidden,
    Refusal::NotFound,
    Refusal::UnsupportedMediaType,
];

const DIAL: Body = Body {
    shape: &CALL_CREATE,
    example: || json!({"callee": "+14165550123", "caller": "15162065319", "accessCode": "111", "customName": "Ann"}),
};

const CALL_CREATE: Shape = Shape {
    name: "CallCreate",
    about: "Whom to call, and what the call begins with.",
    fields: || {
        vec![
            (Effect::Sets, dial::REQUIRED.to_vec()),
            (Effect::Sets, dial::OPTIONAL.to_vec()),
            (Effect::Fixed, dial::IN_MEETINGS.to_vec()),
        ]
    },
    required: dial::REQUIRED,
    values: || {
        let mut values = (CALL_UPDATE.values)();
        values["accessCode"]["description"] = "Code of the room, which also gives the role.".into();
        values["callee"] = json!({
            "type": "string", "minLength": 1, "maxLength": 256,
            "description": "Whom to call: a number with its country code, or a SIP URI.",
        });
        values["caller"] = json!({
            "type": "string", "minLength": 1, "maxLength": 256,
            "description": "Number that is shown, one of the account's DIDs.",
        });
        values["operatorMode"] =
            json!({"type": "integer", "enum": [0], "description": "0: the operator is called in meetings."});
        values["qaMode"] =
            json!({"type": "integer", "enum": [0], "description": "0: hands are raised in meetings."});
        values["role"] = json!({
            "type": "integer", "enum": [0, 1, 2, 3], "default": 0,
            "description": "0 that of the code, 1 host, 2 participant, 3 listener.",
        });
        values
    },
    ..CALL_UPDATE
};

const UPDATE: Body = Body {
    shape: &CALL_UPDATE,
    example: || json!({"muteMode": 2, "customName": "Front desk"}),
};

pub(super) const CALL_UPDATE: Shape = Shape {
    name: "CallUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Call<'_>>(),
    fields: || {
        vec![
            (Effect::Sets, vec![call::MOVE]),
            (
                Effect::Sets,
                call::STEPS.iter().map(|(field, _)| *field).collect(),
            ),
            (Effect::Inert, call::INERT.to_vec()),
            (Effect::Fixed, call::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        json!({
            "accessCode": {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "Moves the call to the room and role of this code."},
            "customName": {"type": "string", "maxLength": 255},
            "gainLevel": {"type": "integer", "minimum": -20, "maximum": 20},
            "holdMode": {"type": "integer", "format": "int32", "description": "0 takes it off hold, anything else holds it."},
            "muteMode": {"type": "integer", "enum": [0, 1, 2, 3, 32, 36, 40], "description": "0 open, 1 muted by the caller, 2 by host or policy, 3 by both; 32, 36 and 40 mean 0, 1 and 2."},
            "presenterMedia": {"type": "integer", "minimum": 0, "maximum": 7, "description": "The sum of 1 audio, 2 video and 4 screen; 0 none."},
            "role": {"type": "integer", "enum": [1, 2, 3], "description": "1 host, 2 participant, 3 listener."},
            "operatorMode": {"type": "integer", "enum": [0, 1, 2], "description": "1 calls the operator, 0 takes that back or comes back from the operator; 2, with the operator, may only come as it is."},
            "qaMode": {"type": "integer", "enum": [0, 1, 2, 3]},
        })
    },
    parts: &[],
};
