use serde_json::{Value, json};

use crate::dto::webhook::{Delivery, Webhook};
use crate::handlers::webhook;
use crate::openapi::answer::{Content, Object, Success};
use crate::openapi::operation::Operation;
use crate::openapi::request::{Body, Effect, Shape};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listWebhooks",
        summary: "Where events are posted to",
        ..Operation::list::<Webhook>("/webhooks")
    },
    Operation {
        id: "createWebhook",
        summary: "Have events posted to an address",
        note: "The answer has the secret that posts are signed with (Standard Webhooks); it is told this once.",
        ..Operation::create::<Webhook>("/webhooks", CREATE).stored()
    },
    Operation {
        id: "getWebhook",
        summary: "One webhook",
        ..Operation::read::<Webhook>("/webhooks/{id}").stored()
    },
    Operation {
        id: "updateWebhook",
        summary: "Change or disable a webhook",
        ..Operation::update::<Webhook>("/webhooks/{id}", UPDATE).stored()
    },
    Operation {
        id: "deleteWebhook",
        summary: "Post there no more",
        ..Operation::delete("/webhooks/{id}").stored()
    },
    Operation {
        id: "rotateWebhookSecret",
        summary: "Give a webhook a new secret",
        note: "Posts are signed with both for a day.",
        ..Operation::act(
            "/webhooks/{id}/rotate",
            Success::new(
                200,
                "The webhook, with its new secret.",
                Content::Object(Object::of::<Webhook>()),
            ),
        )
        .stored()
    },
    Operation {
        id: "testWebhook",
        summary: "Post a test event now, and tell what came of it",
        ..Operation::act(
            "/webhooks/{id}/test",
            Success::new(
                200,
                "What came of it.",
                Content::Json(tried, || json!({"delivered": true, "status": 204})),
            ),
        )
    },
    Operation {
        id: "listDeliveries",
        summary: "What became of events on their way to a webhook",
        ..Operation::list_below::<Delivery>("/webhooks/{id}/deliveries")
    },
    Operation {
        id: "redeliver",
        summary: "Send an event once more",
        ..Operation::act(
            "/webhooks/{id}/deliveries/{delivery}/redeliver",
            Success::new(202, "It waits for its turn.", Content::Nothing),
        )
    },
];

fn tried() -> Value {
    json!({
        "type": "object",
        "properties": {
            "delivered": {"type": "boolean", "description": "Whether it was answered with 2xx."},
            "status": {"type": "integer", "description": "With what it was answered."},
            "fault": {"type": "string", "description": "Why it was not answered."},
        },
        "required": ["delivered"],
        "additionalProperties": false,
    })
}

const CREATE: Body = Body {
    shape: &WEBHOOK_CREATE,
    example: || json!({"url": "https://hooks.example.com/partyline", "types": ["call.*"], "description": "CRM"}),
};

const UPDATE: Body = Body {
    shape: &WEBHOOK_UPDATE,
    example: || json!({"disabled": true}),
};

const WEBHOOK_CREATE: Shape = Shape {
    name: "WebhookCreate",
    about: "Where to post what.",
    fields: || vec![(Effect::Sets, webhook::EFFECTIVE.to_vec())],
    required: &["url"],
    ..WEBHOOK_UPDATE
};

const WEBHOOK_UPDATE: Shape = Shape {
    name: "WebhookUpdate",
    about: "What is to change; the rest stays.",
    of: Object::of::<Webhook>(),
    fields: || {
        vec![
            (Effect::Sets, webhook::EFFECTIVE.to_vec()),
            (Effect::Fixed, webhook::FIXED.to_vec()),
        ]
    },
    required: &[],
    values: || {
        json!({
            "description": {"type": "string", "maxLength": 255},
            "url": {"type": "string", "format": "uri", "minLength": 1, "maxLength": 2048},
            "types": {"type": ["array", "null"], "items": {"type": "string"}},
        })
    },
    parts: &[],
};
