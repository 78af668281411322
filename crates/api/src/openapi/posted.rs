//! `webhooks` of the document: what the bridge posts, and what is made of the answer.

use serde_json::{Value, json};

use super::answer::Object;
use super::example;
use super::schema::Schemas;
use crate::dto::event::{Event, WebhookTest};

const ABOUT: &str = "\
The same object as in streams and lists, in the form of Standard Webhooks, at least once: drop what you know by `webhook-id`. The events \
of one meeting come in order. What is not answered 2xx within 10 s is tried again for a day, after 5 s, 10 s, 20 s … 2 h, not before \
your `Retry-After`.";

/// What is posted to the addresses of webhooks.
pub(super) fn webhooks(schemas: &mut Schemas) -> Value {
    let event = Object::of::<Event>();
    let test = Object::within::<WebhookTest>();
    let schema = json!({"oneOf": [schemas.object(&event), schemas.object(&test)]});
    json!({
        "event": {
            "post": {
                "operationId": "takeEvent",
                "tags": ["webhooks"],
                "summary": "An event, posted to a webhook",
                "description": ABOUT,
                "security": [],
                "parameters": headers(),
                "requestBody": {
                    "required": true,
                    "content": {"application/json": {"schema": schema, "example": example::of(&(event.name)())}},
                },
                "responses": {
                    "2XX": {"description": "Taken."},
                    "410": {"description": "Wanted no more: the webhook is disabled."},
                    "default": {"description": "Tried again, redirects too; the event is dead after a day."},
                },
            },
        },
    })
}

fn headers() -> Value {
    let header = |name: &str, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"},
            "example": example,
        })
    };
    json!([
        header(
            "webhook-id",
            "Of this event, the same at every attempt.",
            "evt_1000042"
        ),
        header(
            "webhook-timestamp",
            "Of this attempt, epoch seconds.",
            "1764290000"
        ),
        header(
            "webhook-signature",
            "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, for each secret that is good.",
            "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
        ),
    ])
}
