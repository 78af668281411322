//! What webhooks need of the bridge.

use model::query::Query;
use model::{Actor, Delivery, Webhook};

use crate::backend::{Answer, Records, Scope, Unavailable, Unlisted};

/// Webhooks as the bridge keeps them.
pub trait WebhookBackend: Send + Sync + 'static {
    /// Every webhook within `scope`, by owner and age.
    fn webhooks(&self, scope: Scope) -> Answer<'_, Result<Vec<Webhook>, Unavailable>>;

    /// Writes a webhook, be it new or known. What is pending for one that is disabled is given up. The audit has it as `action`, one word.
    fn put_webhook(
        &self,
        actor: Actor,
        action: &'static str,
        webhook: Webhook,
    ) -> Answer<'_, Result<(), Unavailable>>;

    /// Takes a webhook away, with its deliveries.
    fn remove_webhook(&self, actor: Actor, webhook: Webhook) -> Answer<'_, Result<(), Unavailable>>;

    /// One page of the deliveries of a webhook.
    fn deliveries(&self, webhook: Webhook, query: Query) -> Answer<'_, Result<Records<Delivery>, Unlisted>>;

    /// Has an event delivered again; tells whether there is such a delivery.
    fn redeliver(&self, actor: Actor, webhook: Webhook, event: u64) -> Answer<'_, Result<bool, Unavailable>>;

    /// Whether events may be posted to `url`; else what was expected.
    fn check_url(&self, url: &str) -> Result<(), &'static str>;

    /// Posts `body` at once, under the name `id`.
    fn try_webhook(&self, webhook: Webhook, id: String, body: Vec<u8>) -> Answer<'_, Tried>;
}

/// What came of posting once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// There was an answer with this status.
    Answered(u16),
    /// There was none, and why.
    Failed(&'static str),
}
