//! Takes what is due from the store, posts it, and writes what came of it: at least once, in order within a meeting.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use model::{Delivery, DeliveryState};
use store::{Backlog, Store, StoreError};
use tokio::task::JoinSet;

use super::backend::now_ms;
use super::post::Poster;
use crate::metrics::Deliveries;
use crate::webhooks::{Bounds, Outcome, Schedule, Verdict};

/// How often is looked for what is due while nothing comes back.
const LOOK: Duration = Duration::from_millis(250);
/// Pause after the store has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the backlog is laid down for readers.
const LAY_DOWN_MS: i64 = 10_000;
/// Deliveries of one webhook at once.
const PER_WEBHOOK: usize = 8;

/// Everything the courier has.
pub(super) struct Courier {
    store: Arc<dyn Store>,
    poster: Arc<Poster>,
    schedule: Schedule,
    at_once: usize,
    under_way: JoinSet<(Delivery, Option<Came>)>,
    /// What came back and is not on disk yet, with the address that it came from.
    unsettled: Vec<(Verdict, String)>,
    counts: Deliveries,
    backlog: Arc<ArcSwap<Backlog>>,
    lay_down_ms: i64,
    /// Wall clock, epoch ms.
    now_ms: fn() -> i64,
}

impl Courier {
    /// Posts so many at once.
    pub(super) fn new(
        store: Arc<dyn Store>,
        poster: Arc<Poster>,
        at_once: usize,
        counts: Deliveries,
        backlog: Arc<ArcSwap<Backlog>>,
    ) -> Self {
        let bounds = Bounds {
            at_once,
            per_webhook: PER_WEBHOOK,
        };
        Self {
            store,
            poster,
            schedule: Schedule::new(bounds),
            at_once,
            under_way: JoinSet::new(),
            unsettled: Vec::new(),
            counts,
            backlog,
            lay_down_ms: 0,
            now_ms,
        }
    }

    /// Runs until dropped.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.round().await {
                tracing::error!(%error, "webhooks wait for the store");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Writes what came back, sends what is due, and waits for what comes next.
    async fn round(&mut self) -> Result<(), StoreError> {
        self.settle().await?;
        self.lay_down().await?;
        let (own, all) = (PER_WEBHOOK * 2, self.at_once * 2);
        let due = self.store.due((self.now_ms)(), own as u32, all as u32).await?;
        for delivery in due {
            if self.schedule.begin(&delivery) {
                let (store, poster) = (self.store.clone(), self.poster.clone());
                self.under_way
                    .spawn(async move { deliver(&*store, &poster, delivery).await });
            }
        }
        tokio::select! {
            Some(done) = self.under_way.join_next() => self.take(done),
            () = tokio::time::sleep(LOOK) => {}
        }
        while let Some(done) = self.under_way.try_join_next() {
            self.take(done);
        }
        Ok(())
    }

    fn take(&mut self, done: Result<(Delivery, Option<Came>), tokio::task::JoinError>) {
        let Ok((delivery, came)) = done else {
            // Its chain stays as it is until the bridge starts anew; the log has the panic.
            return;
        };
        let Some(Came { outcome, url }) = came else {
            // Taken away with its webhook.
            return self.schedule.end(&delivery.webhook, delivery.chain);
        };
        let dice = getrandom::u64().unwrap_or(0);
        let verdict = Schedule::judge((self.now_ms)(), delivery, outcome, dice);
        self.counts.note(&verdict.delivery);
        self.unsettled.push((verdict, url));
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        let deliveries: Vec<_> = self
            .unsettled
            .iter()
            .map(|(verdict, _)| verdict.delivery.clone())
            .collect();
        // Where one of these fails all are settled again: it comes to the same.
        self.store.settle(&deliveries).await?;
        for (verdict, url) in self.unsettled.iter().filter(|(verdict, _)| verdict.disable) {
            let id = &verdict.delivery.webhook;
            self.store.disable_webhook(id, url, (self.now_ms)()).await?;
        }
        for (verdict, _) in self.unsettled.drain(..) {
            let Delivery { webhook, chain, .. } = &verdict.delivery;
            self.schedule.end(webhook, *chain);
            if verdict.disable {
                tracing::info!(webhook, "a webhook is gone (410), and disabled");
            } else if verdict.delivery.state == DeliveryState::Dead {
                tracing::warn!(
                    webhook,
                    event = verdict.delivery.happening,
                    "an event was not delivered"
                );
            }
        }
        Ok(())
    }

    async fn lay_down(&mut self) -> Result<(), StoreError> {
        let now_ms = (self.now_ms)();
        if now_ms >= self.lay_down_ms {
            self.lay_down_ms = now_ms + LAY_DOWN_MS;
            self.poster.sweep();
            self.backlog.store(Arc::new(self.store.backlog().await?));
        }
        Ok(())
    }
}

/// What came of posting, and where to it was posted: none where nothing was.
struct Came {
    outcome: Outcome,
    url: String,
}

impl Came {
    fn failed(fault: &'static str) -> Self {
        Self {
            outcome: Outcome::Failed(fault),
            url: String::new(),
        }
    }
}

/// Posts one delivery; nothing comes of it when its webhook is there no more.
async fn deliver(store: &dyn Store, poster: &Poster, delivery: Delivery) -> (Delivery, Option<Came>) {
    let webhook = match store.webhook(&delivery.webhook).await {
        Ok(Some(webhook)) if !webhook.is_disabled => webhook,
        Ok(Some(_) | None) => return (delivery, None),
        Err(_) => return (delivery, Some(Came::failed("the store did not answer"))),
    };
    let came = match store.happening(delivery.happening).await {
        Ok(Some(happening)) => {
            let id = format!("evt_{}", happening.id);
            let outcome = poster.post(&webhook, &id, api::event_body(&happening)).await;
            let url = webhook.url;
            Came { outcome, url }
        }
        // Events are kept for longer than they are posted; one without its event is never good again.
        Ok(None) => Came::failed("the event is forgotten"),
        Err(_) => Came::failed("the store did not answer"),
    };
    (delivery, Some(came))
}

#[cfg(test)]
mod tests;
