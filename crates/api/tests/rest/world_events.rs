//! What the fake bridge knows of events and webhooks.

use api::{
    Answer, EventBackend, Hub, Kept, Missed, Records, Scope, Tried, Unavailable, Unlisted, WebhookBackend,
};
use model::query::Query;
use model::{Actor, Delivery, DeliveryState, Happening, MeetingId, Webhook};

use crate::world::{Fake, cut};

impl EventBackend for Fake {
    fn hub(&self) -> &Hub {
        &self.1
    }

    fn missed(&self, scope: Scope, wanted: Missed) -> Answer<'_, Result<Vec<Happening>, Unavailable>> {
        let mut state = self.state();
        let within = |happening: &&Happening| {
            happening.id > wanted.after
                && happening.id <= wanted.upto
                && happening.is_live
                && scope.sids().contains(&happening.subscriber_sid)
                && wanted
                    .number
                    .is_none_or(|number| happening.place.is_some_and(|place| place.number == number))
        };
        let missed = state.happenings.iter().filter(within);
        let missed = missed.take(wanted.limit as usize).cloned().collect();
        state.forgotten = state.forgets.take().unwrap_or(state.forgotten);
        Box::pin(async { Ok(missed) })
    }

    fn kept(&self) -> Answer<'_, Result<Kept, Unavailable>> {
        let state = self.state();
        let forgotten = state.forgotten;
        let newest = state.happenings.last().map_or(0, |last| last.id).max(forgotten);
        Box::pin(async move { Ok(Kept { forgotten, newest }) })
    }

    fn meeting_log(
        &self,
        scope: Scope,
        meeting: MeetingId,
        query: Query,
    ) -> Answer<'_, Result<Records<Happening>, Unlisted>> {
        let state = self.state();
        let within = |happening: &&Happening| {
            happening.place.is_some_and(|place| place.meeting == meeting)
                && scope.sids().contains(&happening.subscriber_sid)
        };
        let log = state.happenings.iter().filter(within).cloned().collect();
        let answer = cut(log, &query);
        Box::pin(async { Ok(answer) })
    }
}

impl WebhookBackend for Fake {
    fn webhooks(&self, scope: Scope) -> Answer<'_, Result<Vec<Webhook>, Unavailable>> {
        let within = |webhook: &&Webhook| scope.sids().contains(&webhook.subscriber_sid);
        let webhooks = self.state().webhooks.iter().filter(within).cloned().collect();
        Box::pin(async { Ok(webhooks) })
    }

    fn put_webhook(
        &self,
        actor: Actor,
        action: &'static str,
        webhook: Webhook,
    ) -> Answer<'_, Result<(), Unavailable>> {
        let mut state = self.state();
        state.noted.push((actor, action, webhook.id.clone()));
        match state.webhooks.iter_mut().find(|known| known.id == webhook.id) {
            Some(known) => *known = webhook,
            None => state.webhooks.push(webhook),
        }
        Box::pin(async { Ok(()) })
    }

    fn remove_webhook(&self, actor: Actor, webhook: Webhook) -> Answer<'_, Result<(), Unavailable>> {
        let mut state = self.state();
        state.webhooks.retain(|known| known.id != webhook.id);
        state.noted.push((actor, "delete", webhook.id));
        Box::pin(async { Ok(()) })
    }

    fn deliveries(&self, webhook: Webhook, query: Query) -> Answer<'_, Result<Records<Delivery>, Unlisted>> {
        let state = self.state();
        let own = state
            .deliveries
            .iter()
            .filter(|delivery| delivery.webhook == webhook.id);
        let answer = cut(own.cloned().collect(), &query);
        Box::pin(async { Ok(answer) })
    }

    fn redeliver(&self, actor: Actor, webhook: Webhook, event: u64) -> Answer<'_, Result<bool, Unavailable>> {
        let mut state = self.state();
        let mut own = state
            .deliveries
            .iter_mut()
            .filter(|delivery| delivery.webhook == webhook.id);
        let found = own.find(|delivery| delivery.happening == event);
        let known = found.is_some();
        if let Some(delivery) = found {
            delivery.state = DeliveryState::Pending;
            state.noted.push((actor, "redeliver", webhook.id));
        }
        Box::pin(async move { Ok(known) })
    }

    fn check_url(&self, url: &str) -> Result<(), &'static str> {
        match url.starts_with("https://") {
            true => Ok(()),
            false => Err("expected an https URL"),
        }
    }

    fn try_webhook(&self, webhook: Webhook, id: String, body: Vec<u8>) -> Answer<'_, Tried> {
        assert!(id.starts_with("test_"));
        self.state().tried.push(body);
        let tried = match webhook.url.contains("down") {
            true => Tried::Failed("no connection"),
            false => Tried::Answered(204),
        };
        Box::pin(async move { tried })
    }
}
