//! Takes what is due from the store, posts it, and writes what came of it: at least once, in order within a meeting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use model::{Delivery, DeliveryState, Webhook};
use store::{Backlog, Store, StoreError};
use tokio::task::{Id, JoinError, JoinSet};

use super::backend::now_ms;
use super::post::Poster;
use crate::metrics::Deliveries;
use crate::webhooks::{Bounds, Outcome, Schedule, Verdict};

/// How often is looked for what is due while nothing comes back.
const LOOK: Duration = Duration::from_millis(250);
/// Pause after the store has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the backlog is laid down for readers.
const LAY_DOWN: Duration = Duration::from_secs(10);
/// Deliveries of one webhook at once.
const PER_WEBHOOK: u32 = 8;
/// A clock that goes back by less is none that was set, ms.
const SET_BACK_MS: i64 = 1_000;

/// Everything the courier has.
pub(super) struct Courier {
    store: Arc<dyn Store>,
    poster: Arc<Poster>,
    schedule: Schedule,
    under_way: JoinSet<Option<Came>>,
    /// What each of those under way posts.
    posting: HashMap<Id, Delivery>,
    /// What came back and is not on disk yet, with the address that it came from.
    unsettled: Vec<(Verdict, String)>,
    counts: Deliveries,
    backlog: Arc<ArcSwap<Backlog>>,
    laid_down: Option<Instant>,
    /// Wall clock, epoch ms.
    now_ms: fn() -> i64,
    /// What it showed last.
    seen_ms: Option<i64>,
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
        Self {
            store,
            poster,
            schedule: Schedule::new(Bounds::of(at_once, PER_WEBHOOK as usize)),
            under_way: JoinSet::new(),
            posting: HashMap::new(),
            unsettled: Vec::new(),
            counts,
            backlog,
            laid_down: None,
            now_ms,
            seen_ms: None,
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
        self.send().await?;
        tokio::select! {
            Some(done) = self.under_way.join_next_with_id() => self.take(done),
            () = tokio::time::sleep(LOOK) => {}
        }
        while let Some(done) = self.under_way.try_join_next_with_id() {
            self.take(done);
        }
        Ok(())
    }

    /// Sends what is due and finds a place.
    async fn send(&mut self) -> Result<(), StoreError> {
        let now_ms = self.look_at_clock().await?;
        let mut waiting = self.store.waiting(now_ms, PER_WEBHOOK + 1).await?;
        let mut served = Vec::new();
        waiting.retain(|one| self.schedule.has_more(one));
        while let Some(turn) = self.schedule.turn(&mut waiting) {
            // As many as may be under way, which are due, too, and as many others.
            let due = self.store.due(&turn.webhook, now_ms, PER_WEBHOOK * 2).await?;
            for delivery in due {
                if self.schedule.begin(&turn, &delivery) {
                    self.post(delivery);
                }
            }
            served.push(turn);
        }
        served.append(&mut waiting);
        for bound in self.schedule.hold_up(&served) {
            self.counts.hold_up(bound);
        }
        Ok(())
    }

    /// What the clock shows. Where it was set back, what is to be tried again does not wait for it to be there again; of how far it was set while
    /// we were away nobody knows.
    async fn look_at_clock(&mut self) -> Result<i64, StoreError> {
        let now_ms = (self.now_ms)();
        let back_ms = self.seen_ms.map_or(0, |seen_ms| seen_ms.saturating_sub(now_ms));
        if self.seen_ms.is_none() || back_ms > SET_BACK_MS {
            self.store.hasten(now_ms, back_ms.max(0)).await?;
        }
        self.seen_ms = Some(now_ms);
        Ok(now_ms)
    }

    fn post(&mut self, delivery: Delivery) {
        let (store, poster, own) = (self.store.clone(), self.poster.clone(), delivery.clone());
        let task = self
            .under_way
            .spawn(async move { deliver(&*store, &poster, own).await });
        self.posting.insert(task.id(), delivery);
    }

    fn take(&mut self, done: Result<(Id, Option<Came>), JoinError>) {
        let (id, came) = match done {
            Ok(done) => done,
            // The log has the panic. The event is tried again like others that failed, and its place is free.
            Err(error) => (error.id(), Some(Came::failed("the bridge failed"))),
        };
        let Some(delivery) = self.posting.remove(&id) else {
            return;
        };
        let Some(Came { outcome, url }) = came else {
            return self.schedule.end(&delivery);
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
            let webhook = &verdict.delivery.webhook;
            self.schedule.end(&verdict.delivery);
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
        // By a clock that nobody sets.
        if self.laid_down.is_none_or(|at| at.elapsed() >= LAY_DOWN) {
            self.poster.sweep();
            self.backlog.store(Arc::new(self.store.backlog().await?));
            self.laid_down = Some(Instant::now());
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

/// Posts one delivery. Nothing comes of it when its webhook is there no more, or has another address by the time that the one before failed:
/// then it goes there at once.
async fn deliver(store: &dyn Store, poster: &Poster, delivery: Delivery) -> Option<Came> {
    let webhook = match store.webhook(&delivery.webhook).await {
        Ok(Some(webhook)) if !webhook.is_disabled => webhook,
        Ok(Some(_) | None) => return None,
        Err(_) => return Some(Came::failed("the store did not answer")),
    };
    let outcome = match store.happening(delivery.happening).await {
        Ok(Some(happening)) => {
            let id = format!("evt_{}", happening.id);
            poster.post(&webhook, &id, api::event_body(&happening)).await
        }
        // Events are kept for longer than they are posted; one without its event is never good again.
        Ok(None) => return Some(Came::failed("the event is forgotten")),
        Err(_) => return Some(Came::failed("the store did not answer")),
    };
    if !outcome.is_taken() && has_moved(store, &webhook).await {
        return None;
    }
    let url = webhook.url;
    Some(Came { outcome, url })
}

/// Whether a webhook has another address by now.
async fn has_moved(store: &dyn Store, webhook: &Webhook) -> bool {
    let now = store.webhook(&webhook.id).await;
    matches!(now, Ok(Some(now)) if now.url != webhook.url)
}

#[cfg(test)]
mod tests;
