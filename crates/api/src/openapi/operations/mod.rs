//! The table: what the API answers, one row a route and method, one file a tag.

mod calls;
mod events;
mod meetings;
mod numbers;
mod records;
mod rooms;
mod service;
mod subscribers;
mod webhooks;

use serde_json::{Value, json};

use super::operation::Operation;

/// Operations of one kind.
struct Tag {
    name: &'static str,
    description: &'static str,
    operations: &'static [Operation],
}

/// In the order of the page.
const TAGS: &[Tag] = &[
    Tag {
        name: "calls",
        description: "Phones on the line: who they are, and what they may do in their meeting. A call is there while it lasts.",
        operations: calls::OPERATIONS,
    },
    Tag {
        name: "meetings",
        description: "Meetings while they last: started, locked, muted, held, ended.",
        operations: meetings::OPERATIONS,
    },
    Tag {
        name: "meetingRooms",
        description: "What meetings are made of: access codes, roles and attributes, kept on disk.",
        operations: rooms::OPERATIONS,
    },
    Tag {
        name: "numbers",
        description: "Numbers that can be dialled, groups of them, and the call flows they lead into.",
        operations: numbers::OPERATIONS,
    },
    Tag {
        name: "subscribers",
        description: "Accounts, and what is theirs.",
        operations: subscribers::OPERATIONS,
    },
    Tag {
        name: "records",
        description: "What remains of calls and meetings, and of changes.",
        operations: records::OPERATIONS,
    },
    Tag {
        name: "events",
        description: "What happens, as streams and as the log of a meeting.",
        operations: events::OPERATIONS,
    },
    Tag {
        name: "webhooks",
        description: "Events posted to addresses of your own, signed, in order, and tried for a day.",
        operations: webhooks::OPERATIONS,
    },
    Tag {
        name: "service",
        description: "The bridge itself; needs no login.",
        operations: service::OPERATIONS,
    },
];

/// Every row, with its tag.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    let rows = |tag: &'static Tag| tag.operations.iter().map(|operation| (tag.name, operation));
    TAGS.iter().flat_map(rows)
}

/// `tags` of the document.
pub(super) fn tags() -> Value {
    let tags = TAGS.iter();
    tags.map(|tag| json!({"name": tag.name, "description": tag.description}))
        .collect()
}
