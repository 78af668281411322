use serde_json::json;

use crate::dto::call::Call;
use crate::dto::quality::Quality;
use crate::handlers::call;
use crate::openapi::answer::Object;
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCalls",
        summary: "Who is on the line",
        ..Operation::list::<Call>("/calls")
    },
    Operation {
        id: "getCall",
        summary: "One call",
        ..Operation::read::<Call>("/calls/{id}")
    },
    Operation {
        id: "updateCall",
        summary: "Mute, hold, name, promote or move a call",
        note: "`accessCode` moves the call to the room and role of that code, before the other fields take effect.",
        ..Operation::steer::<Call>("/calls/{id}", UPDATE)
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

const UPDATE: Body = Body {
    shape: &CALL_UPDATE,
    example: || json!({"muteMode": 2, "customName": "Front desk"}),
};

pub(super) const CALL_UPDATE: Shape = Shape {
    name: "CallUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Call>(),
    fields: || {
        vec![
            (Effect::Sets, vec![call::MOVE]),
            (
                Effect::Sets,
                call::STEPS.iter().map(|(field, _)| *field).collect(),
            ),
            (Effect::Later, call::LATER.to_vec()),
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
            "holdMode": {"type": "integer", "minimum": 0, "maximum": 63, "description": "0 takes it off hold, anything else holds it."},
            "muteMode": {"type": "integer", "enum": [0, 1, 2, 3, 32, 36, 40], "description": "0 open, 1 muted by the caller, 2 by host or policy, 3 by both; 32, 36 and 40 mean 0, 1 and 2."},
            "presenterMedia": {"type": "integer", "enum": [0, 1]},
            "role": {"type": "integer", "enum": [1, 2, 3], "description": "1 host, 2 participant, 3 listener."},
            "operatorMode": {"type": "integer", "enum": [0], "description": "0 none, 1 requested, 2 with the operator."},
            "qaMode": {"type": "integer", "enum": [0]},
        })
    },
    parts: &[],
};
