use serde_json::json;

use super::rooms::ATTRIBUTE_UPDATE;
use crate::dto::call_flow::CallFlow;
use crate::dto::did::Did;
use crate::dto::did_group::DidGroup;
use crate::dto::simulation::Simulation;
use crate::handlers::{did, did_group, simulate};
use crate::openapi::answer::{Content, Object, Refusal, Success};
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCallFlows",
        summary: "Ways of handling calls",
        ..Operation::list::<CallFlow>("/callFlows")
    },
    Operation {
        id: "getCallFlow",
        summary: "One call flow, with every attribute at its default",
        note: "With `effective` the templates have their `origin`, too.",
        ..Operation::read::<CallFlow>("/callFlows/{id}")
    },
    Operation {
        id: "listDids",
        summary: "Numbers that can be dialled",
        ..Operation::list::<Did>("/dids")
    },
    Operation {
        id: "createDid",
        summary: "Add a number",
        note: "`countryCode` is that of the group's conferences unless sent.",
        ..Operation::create::<Did>("/dids", DID_NEW).stored()
    },
    Operation {
        id: "getDid",
        summary: "One number",
        ..Operation::read::<Did>("/dids/{id}").stored()
    },
    Operation {
        id: "updateDid",
        summary: "Change a number, or move it to another group",
        note: ATTRIBUTES_NOTE,
        ..Operation::update::<Did>("/dids/{id}", DID_CHANGE).stored()
    },
    Operation {
        id: "deleteDid",
        summary: "Delete a number",
        ..Operation::delete("/dids/{id}").stored()
    },
    Operation {
        id: "listDidGroups",
        summary: "Groups of numbers",
        ..Operation::list::<DidGroup>("/didGroups")
    },
    Operation {
        id: "createDidGroup",
        summary: "Make a group",
        ..Operation::create::<DidGroup>("/didGroups", GROUP_NEW).stored()
    },
    Operation {
        id: "getDidGroup",
        summary: "One group",
        ..Operation::read::<DidGroup>("/didGroups/{id}").stored()
    },
    Operation {
        id: "updateDidGroup",
        summary: "Change a group",
        note: ATTRIBUTES_NOTE,
        ..Operation::update::<DidGroup>("/didGroups/{id}", GROUP_CHANGE).stored()
    },
    Operation {
        id: "deleteDidGroup",
        summary: "Delete a group",
        note: "409 while it has numbers, rooms, or accounts that it is lent to.",
        ..Operation::delete("/didGroups/{id}").stored()
    },
    Operation {
        id: "simulateCall",
        summary: "What a call to a number would go through",
        note: "The call is only played, by the menu and the meeting that real calls go through; nothing changes.",
        success: Success::new(
            200,
            "What would happen.",
            Content::Object(Object::of::<Simulation>()),
        ),
        refusals: &[Refusal::BadRequest, Refusal::UnsupportedMediaType],
        ..Operation::create::<Simulation>("/simulate", CALL)
    },
];

const ATTRIBUTES_NOTE: &str = "`attributes` are merged by name, and a null value takes the override off.";

const DID_NEW: Body = Body {
    shape: &DID_CREATE,
    example: || json!({"phoneNumber": "442071838750", "didGroupId": 219, "countryCode": "GB"}),
};

const DID_CREATE: Shape = Shape {
    name: "DidCreate",
    about: "A new number.",
    fields: || {
        vec![
            (Effect::Sets, did::FIELDS.to_vec()),
            (Effect::Sets, vec![did::COUNTRY]),
        ]
    },
    required: did::REQUIRED,
    ..DID_UPDATE
};

const DID_CHANGE: Body = Body {
    shape: &DID_UPDATE,
    example: || json!({"description": "Sales", "attributes": [{"name": "call_delay", "value": "2"}]}),
};

const DID_UPDATE: Shape = Shape {
    name: "DidUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Did>(),
    fields: || {
        vec![
            (Effect::Sets, did::FIELDS.to_vec()),
            (Effect::Fixed, did::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        json!({
            "attributes": {"type": "array", "items": {"$ref": "#/components/schemas/AttributeUpdate"}},
            "countryCode": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "description": {"type": ["string", "null"], "maxLength": 4096, "description": "Free text."},
            "phoneNumber": {"type": "string", "pattern": "^[0-9]{5,15}$"},
        })
    },
    parts: &[&ATTRIBUTE_UPDATE],
};

const GROUP_NEW: Body = Body {
    shape: &GROUP_CREATE,
    example: || json!({"name": "London", "callFlowId": 3}),
};

const GROUP_CREATE: Shape = Shape {
    name: "DidGroupCreate",
    about: "A new group.",
    fields: || {
        vec![
            (Effect::Sets, did_group::FIELDS.to_vec()),
            (Effect::Sets, did_group::OF_NEW.to_vec()),
        ]
    },
    required: did_group::REQUIRED,
    ..GROUP_UPDATE
};

const GROUP_CHANGE: Body = Body {
    shape: &GROUP_UPDATE,
    example: || json!({"name": "London", "attributes": [{"name": "conference_start_how", "value": "moderator"}]}),
};

const GROUP_UPDATE: Shape = Shape {
    name: "DidGroupUpdate",
    about: "What is to change; the rest stays. Numbers are changed at their own addresses.",
    of: Object::of::<DidGroup>(),
    fields: || {
        vec![
            (Effect::Sets, did_group::FIELDS.to_vec()),
            (Effect::Fixed, did_group::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        json!({
            "attributes": {"type": "array", "items": {"$ref": "#/components/schemas/AttributeUpdate"}},
            "callFlowId": {"type": "integer", "enum": [1, 3]},
            "description": {"type": ["string", "null"], "maxLength": 4096},
            "name": {"type": "string", "minLength": 1, "maxLength": 255},
            "subscriberSid": {"type": "string", "description": "Owner; the account itself unless said."},
        })
    },
    parts: &[&ATTRIBUTE_UPDATE],
};

const CALL: Body = Body {
    shape: &SIMULATED_CALL,
    example: || json!({"did": "+1 516 206 5319", "caller": "12025550123", "digits": "111#"}),
};

const SIMULATED_CALL: Shape = Shape {
    name: "SimulatedCall",
    about: "A call that is only played.",
    of: Object::of::<Simulation>(),
    fields: || vec![(Effect::Sets, simulate::FIELDS.to_vec())],
    required: simulate::REQUIRED,
    values: || {
        json!({
            "caller": {"type": "string", "maxLength": 255, "description": "The calling number or name; left out where it is withheld."},
            "did": {"type": "string", "minLength": 1, "maxLength": 255, "description": "Number that is dialled, in any form that people dial."},
            "digits": {
                "type": "string", "maxLength": 100, "pattern": "^[0-9*#A-D]*$",
                "description": "Keys pressed, each as soon as it is listened to; behind the last one the phone is silent.",
            },
            "time": {
                "type": ["integer", "null"], "format": "int64", "minimum": 0,
                "description": "When the call comes, epoch ms, as if nobody were on the line; left out: now, among those who are in meetings now.",
            },
        })
    },
    parts: &[],
};
