use serde_json::json;

use super::calls::CALL_UPDATE;
use crate::dto::attribute::NameValue;
use crate::dto::call::Call;
use crate::dto::meeting::Meeting;
use crate::dto::quality::Quality;
use crate::handlers::{call, meeting, meeting_attribute};
use crate::openapi::answer::{Content, Object, Success};
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listMeetings",
        summary: "Meetings that go on",
        ..Operation::list::<Meeting>("/meetings")
    },
    Operation {
        id: "getMeeting",
        summary: "One meeting",
        ..Operation::read::<Meeting>("/meetings/{number}")
    },
    Operation {
        id: "updateMeeting",
        summary: "Lock, mute, hold, record, start or stop a meeting; let it ask and vote",
        ..Operation::steer::<Meeting>("/meetings/{number}", UPDATE)
    },
    Operation {
        id: "endMeeting",
        summary: "Hang up everybody",
        ..Operation::end("/meetings/{number}")
    },
    Operation {
        id: "listMeetingCalls",
        summary: "Who is in a meeting or waits for it",
        ..Operation::list_below::<Call<'_>>("/meetings/{number}/calls")
    },
    Operation {
        id: "steerMeetingCalls",
        summary: "Steer all calls of a meeting, or those that a filter chooses",
        success: Success::new(
            200,
            "The calls that it was made to, as they are now. Who was leaving or elsewhere is passed over.",
            Content::List(Object::of::<Call<'_>>()),
        ),
        filtered: true,
        ..Operation::steer::<Call<'_>>("/meetings/{number}/calls", MANY)
    },
    Operation {
        id: "hangUpMeetingCalls",
        summary: "Hang up all calls of a meeting, or those that a filter chooses",
        filtered: true,
        ..Operation::end("/meetings/{number}/calls")
    },
    Operation {
        id: "listMeetingAttributes",
        summary: "Attributes in force, and live counters",
        note: "A bare array: every attribute by name, then `conf_participants_count`, `conf_hosts_count`, `conf_listeners_count` and \
               `participant_list`.",
        ..Operation::array_below::<NameValue>("/meetings/{number}/attributes")
    },
    Operation {
        id: "updateMeetingAttribute",
        summary: "Set an attribute for as long as the meeting lasts",
        ..Operation::steer::<NameValue>("/meetings/{number}/attributes/{name}", ATTRIBUTE)
    },
    Operation {
        id: "listMeetingQuality",
        summary: "How good the audio of everybody in a meeting is",
        note: "`filter=mosIn ne null&order=mosIn&limit=10` shows the ten worst; who has no score yet would come first.",
        ..Operation::list_below::<Quality>("/meetings/{number}/quality")
    },
];

const MANY: Body = Body {
    shape: &MEETING_CALLS_UPDATE,
    example: || json!({"muteMode": 2}),
};

const MEETING_CALLS_UPDATE: Shape = Shape {
    name: "MeetingCallsUpdate",
    about: "What is to change of each call.",
    fields: || {
        vec![(
            Effect::Sets,
            call::STEPS.iter().map(|(field, _)| *field).collect(),
        )]
    },
    ..CALL_UPDATE
};

const UPDATE: Body = Body {
    shape: &MEETING_UPDATE,
    example: || json!({"isSecured": true}),
};

const MEETING_UPDATE: Shape = Shape {
    name: "MeetingUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Meeting>(),
    fields: || {
        vec![
            (Effect::Sets, meeting::EFFECTIVE.to_vec()),
            (Effect::Inert, meeting::INERT.to_vec()),
            (Effect::Fixed, meeting::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        let mask = || json!({"type": "integer", "minimum": 0, "maximum": 63});
        json!({
            "holdMode": mask(),
            "muteMode": mask(),
            "state": {"type": "integer", "enum": [0, 1, 2, 3], "description": "2 starts the meeting, 3 stops it; taken as it is, too."},
            "pollingMode": {
                "type": "object",
                "description": "The poll.",
                "properties": {
                    "status": {"type": "integer", "enum": [0, 1, 2], "description": "0 takes the poll away, 1 opens one, 2 closes it."},
                    "votes": {"type": "object", "description": "Taken, so that what was read can be sent back; changes nothing."},
                },
                "required": ["status"],
                "additionalProperties": false,
            },
            "qaMode": {"type": "integer", "enum": [0, 1]},
        })
    },
    parts: &[],
};

const ATTRIBUTE: Body = Body {
    shape: &MEETING_ATTRIBUTE_UPDATE,
    example: || json!({"value": "250"}),
};

const MEETING_ATTRIBUTE_UPDATE: Shape = Shape {
    name: "MeetingAttributeUpdate",
    about: "The value that is to be in force.",
    of: Object::of::<NameValue>(),
    fields: || {
        vec![
            (Effect::Sets, vec![meeting_attribute::VALUE]),
            (Effect::Fixed, vec![meeting_attribute::NAME]),
        ]
    },
    required: &[meeting_attribute::VALUE],
    values: || json!({"value": {"type": ["string", "integer", "boolean", "null"], "description": "As a text; null goes back to the room's value."}}),
    parts: &[],
};
