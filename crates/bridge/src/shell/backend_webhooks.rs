//! Webhooks as the API sees them.

use api::{Answer, Records, Scope, Tried, Unavailable, Unlisted, WebhookBackend};
use model::query::Query;
use model::{Actor, Delivery, Webhook};
use store::AuditEntry;

use super::backend::{BridgeBackend, now_ms, tenants};
use crate::webhooks::{Bound, Outcome};

impl WebhookBackend for BridgeBackend {
    fn webhooks(&self, scope: Scope) -> Answer<'_, Result<Vec<Webhook>, Unavailable>> {
        Box::pin(async move {
            self.store
                .webhooks(&tenants(&scope))
                .await
                .map_err(Self::unavailable)
        })
    }

    fn put_webhook(
        &self,
        actor: Actor,
        action: &'static str,
        webhook: Webhook,
    ) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let entry = AuditEntry::of_webhook(now_ms(), actor, action, &webhook, None);
            let put = self.store.put_webhook(&webhook, &entry).await;
            put.map_err(Self::unavailable)
        })
    }

    fn remove_webhook(&self, actor: Actor, webhook: Webhook) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let entry = AuditEntry::of_webhook(now_ms(), actor, "delete", &webhook, None);
            let removed = self.store.remove_webhook(&webhook.id, &entry).await;
            removed.map_err(Self::unavailable)
        })
    }

    fn deliveries(&self, webhook: Webhook, query: Query) -> Answer<'_, Result<Records<Delivery>, Unlisted>> {
        Box::pin(async move {
            let found = self.store.deliveries(&webhook, &query).await;
            let found = found.map_err(|error| self.unlisted(error))?;
            Ok(Records {
                page: found.page,
                total: found.total,
            })
        })
    }

    fn redeliver(&self, actor: Actor, webhook: Webhook, event: u64) -> Answer<'_, Result<bool, Unavailable>> {
        Box::pin(async move {
            let entry = AuditEntry::of_webhook(now_ms(), actor, "redeliver", &webhook, Some(event));
            let renewed = self.store.redeliver(&webhook.id, event, &entry).await;
            renewed.map_err(Self::unavailable)
        })
    }

    fn check_url(&self, url: &str) -> Result<(), &'static str> {
        self.poster.policy().read(url).map(drop)
    }

    fn try_webhook(&self, webhook: Webhook, id: String, body: Vec<u8>) -> Answer<'_, Tried> {
        Box::pin(async move {
            match self.tries.post(&self.poster, webhook, id, body).await {
                Some(Outcome::Answered { status, .. }) => Tried::Answered(status),
                Some(Outcome::Failed(fault)) => Tried::Failed(fault),
                None => {
                    self.metrics.deliveries.hold_up(Bound::Tests);
                    Tried::Failed("other tests are under way")
                }
            }
        })
    }
}
