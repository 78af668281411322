use crate::dto::event::Event;
use crate::openapi::answer::{Content, Refusal, Success};
use crate::openapi::operation::Operation;

/// Media types of streams.
const STREAM: &[&str] = &["text/event-stream"];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "streamEvents",
        summary: "What happens, while it happens",
        note: "Server-Sent Events, or a WebSocket where the request is an upgrade. It begins with an object of the \
               schema `Snapshot`; each event then is one of the schema `Event`. In a silence a WebSocket is told a `Heartbeat` \
               every 15 s, a stream of lines its `id` without data.",
        streams: true,
        refusals: &[Refusal::BadRequest, Refusal::Forbidden],
        ..Operation::stream("/events", Success::new(200, "A stream.", Content::Text(STREAM)))
    },
    Operation {
        id: "listMeetingEvents",
        summary: "What has happened in a meeting so far",
        note: "With `Accept: text/event-stream`, or as an upgrade to a WebSocket, a stream of this meeting alone, as at `/events` \
               and with what that takes, `types`, `lastEventId` and `Last-Event-ID`, in place of what is documented here; 403 to \
               pages of others, as there.",
        refusals: &[Refusal::BadRequest, Refusal::Forbidden, Refusal::NotFound],
        ..Operation::list_below::<Event>("/meetings/{number}/events")
    },
    Operation {
        id: "listMeetingRecordEvents",
        summary: "What happened in a meeting that is over",
        ..Operation::list_below::<Event>("/mdrs/{id}/events")
    },
];
