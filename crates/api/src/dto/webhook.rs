use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{DeliveryState, Webhook as Model};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fields::{Plain, Wire, flag, number, text};

/// An address that events are posted to. Times are epoch ms. The secret is told when it is made, and never again.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// Whether it is the callback of its subscriber.
    callback: bool,
    /// When it was made, epoch ms.
    created: i64,
    /// Free text.
    description: String,
    /// Whether nothing is posted.
    disabled: bool,
    /// Id of the webhook.
    id: String,
    /// Until when posts are signed with the secret before, too, epoch ms; absent when with one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_secret_until: Option<i64>,
    /// What posts are signed with; only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Whose it is.
    subscriber_sid: String,
    /// Types of events that are posted, or families of them with a star; all when empty.
    types: Vec<String>,
    /// Address that is posted to.
    url: String,
}

impl Wire for Webhook {
    const COLLECTION: &'static str = "webhooks";
    const PLAIN: &'static [Plain] = &[
        flag("callback"),
        number("created"),
        text("description"),
        flag("disabled"),
        text("id"),
        number("previousSecretUntil"),
        text("secret"),
        text("subscriberSid"),
        text("url"),
    ];
    const NESTED: &'static [&'static str] = &["types"];
}

impl From<&Model> for Webhook {
    fn from(webhook: &Model) -> Self {
        Self {
            callback: webhook.is_callback,
            created: webhook.created_ms,
            description: webhook.description.clone(),
            disabled: webhook.is_disabled,
            id: webhook.id.clone(),
            previous_secret_until: webhook.old_secret.as_ref().map(|(_, until)| *until),
            secret: None,
            subscriber_sid: webhook.subscriber_sid.to_string(),
            types: webhook.types.clone(),
            url: webhook.url.clone(),
        }
    }
}

impl Webhook {
    /// The same with its secret, just made.
    pub(crate) fn with_secret(webhook: &Model) -> Self {
        let secret = format!("whsec_{}", STANDARD.encode(&webhook.secret));
        Self {
            secret: Some(secret),
            ..Self::from(webhook)
        }
    }
}

/// One event on its way to one webhook. Times are epoch ms.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Times it was sent.
    attempts: u32,
    /// When the event happened, or was last asked for again, epoch ms: for a day from then on it is tried.
    created: i64,
    /// Id of the event.
    event_id: u64,
    /// Why the last attempt came to nothing; absent when it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Id of the delivery, that of its event.
    id: u64,
    /// When it is sent next, epoch ms; of one that is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<i64>,
    /// `pending`, `delivered` or `dead`.
    state: &'static str,
    /// With what it was answered last; absent when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl Wire for Delivery {
    const COLLECTION: &'static str = "deliveries";
    const PLAIN: &'static [Plain] = &[
        number("attempts"),
        number("created"),
        number("eventId"),
        text("fault"),
        number("id"),
        number("nextAttempt"),
        text("state"),
        number("status"),
    ];
    const NESTED: &'static [&'static str] = &[];
}

impl From<model::Delivery> for Delivery {
    fn from(delivery: model::Delivery) -> Self {
        let pending = delivery.state == DeliveryState::Pending;
        Self {
            attempts: delivery.attempts,
            created: delivery.created_ms,
            event_id: delivery.happening,
            fault: delivery.fault,
            id: delivery.happening,
            next_attempt: pending.then_some(delivery.due_ms),
            state: delivery.state.text(),
            status: delivery.status,
        }
    }
}
