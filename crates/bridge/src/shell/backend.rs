//! The bridge as the API sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use api::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, IdKind, LiveCommand, Names, Readiness,
    Records, Scope, SimulatedCall, Simulation, Target, Unavailable, Unlisted,
};
use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, TrySendError};
use model::directory::{Directory, Edit};
use model::query::Query;
use model::{Actor, Begun, Cdr, KeptAnswer, LegId, Live, Mdr, Qualities, RequestKey, Sid};
use tokio::sync::oneshot;

use super::audited::Audited;
use super::control_thread::Inbound;
use super::post::Poster;
use super::tries::Tries;
use crate::metrics::{MediaCounts, Metrics};

/// How long a command may take.
const COMMAND_MAX: Duration = Duration::from_secs(5);

/// Everything the API reads and writes.
pub(super) struct BridgeBackend {
    pub(super) live: Arc<ArcSwap<Live>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) keeper: store::Keeper,
    pub(super) store: Arc<dyn store::Store>,
    pub(super) control: Sender<Inbound>,
    pub(super) names: Names,
    /// Whether callers can ask for an operator.
    pub(super) has_operator: bool,
    pub(super) draining: Arc<AtomicBool>,
    pub(super) hub: api::Hub,
    pub(super) poster: Arc<Poster>,
    pub(super) tries: Tries,
}

/// Wall clock, epoch ms.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

impl BridgeBackend {
    fn refused(error: store::WriteRefused) -> EditRefused {
        match error {
            store::WriteRefused::Edit(error) => EditRefused::Error(error),
            store::WriteRefused::Store(fault) if !fault.left_all_as_it_was() => {
                tracing::error!(%fault, "whether an edit was written is not known");
                EditRefused::Unknown
            }
            store::WriteRefused::Unanswered => {
                tracing::error!("the store ended before it said whether an edit was written");
                EditRefused::Unknown
            }
            store::WriteRefused::NotEmpty
            | store::WriteRefused::Busy
            | store::WriteRefused::Store(_)
            | store::WriteRefused::Closed => {
                tracing::error!(%error, "an edit was not written");
                EditRefused::Unavailable
            }
        }
    }

    /// Hands control a request and waits for its answer, and for the audit of what was done.
    async fn ask<T>(
        &self,
        request: Inbound,
        answered: oneshot::Receiver<Audited<T>>,
    ) -> Result<T, CommandError> {
        match self.control.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(CommandError::Busy),
            // Control has ended: the bridge stops.
            Err(TrySendError::Disconnected(_)) => return Err(CommandError::Busy),
        }
        match tokio::time::timeout(COMMAND_MAX, answered).await {
            Ok(Ok(done)) => done.on_disk(&self.metrics.audits_late).await,
            // It was queued, so it may have been done, or may yet be.
            Ok(Err(_)) | Err(_) => Err(CommandError::Timeout),
        }
    }

    /// Why a list was not read. Who asks for too much at once is no fault of the store, and counted.
    pub(super) fn unlisted(&self, error: store::StoreError) -> Unlisted {
        if error == store::StoreError::TooLong {
            self.metrics.lists.too_long.inc();
            return Unlisted::TooLong;
        }
        if error == store::StoreError::Crowded {
            self.metrics.lists.crowded.inc();
            return Unlisted::Unavailable;
        }
        Self::unavailable(error).into()
    }

    pub(super) fn unavailable(error: store::StoreError) -> Unavailable {
        tracing::error!(%error, "the store did not answer");
        Unavailable
    }
}

impl Backend for BridgeBackend {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn random(&self) -> u64 {
        getrandom::u64().expect("the system has randomness once it has started")
    }

    fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    fn quality(&self) -> Arc<Qualities> {
        self.metrics.qualities.load_full()
    }

    fn directory(&self) -> Arc<Directory> {
        self.keeper.directory()
    }

    fn names(&self) -> Names {
        self.names.clone()
    }

    fn readiness(&self) -> Readiness {
        readiness(self.draining.load(Ordering::Relaxed), &self.metrics.media.load())
    }

    fn command(
        &self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Answer<'_, Result<Arc<Live>, CommandError>> {
        Box::pin(async move {
            let (reply, answered) = oneshot::channel();
            let request = Inbound::Request {
                actor,
                target,
                command,
                reply,
            };
            self.ask(request, answered).await
        })
    }

    fn dial(&self, actor: Actor, order: DialOrder) -> Answer<'_, Result<(LegId, Arc<Live>), CommandError>> {
        Box::pin(async move {
            let (reply, answered) = oneshot::channel();
            let order = Box::new(order);
            let request = Inbound::Dial { actor, order, reply };
            self.ask(request, answered).await
        })
    }

    fn edit(&self, actor: Actor, edits: Vec<Edit>) -> Answer<'_, Result<Arc<Directory>, EditRefused>> {
        Box::pin(async move {
            self.keeper
                .edit_all(actor, edits, now_ms())
                .await
                .map_err(Self::refused)
        })
    }

    fn codes_refused(&self, codes: u64) {
        self.metrics.codes_refused.inc_by(codes);
    }

    fn login_refused(&self) {
        self.metrics.logins_refused.inc();
    }

    fn new_ids(&self, kind: IdKind, count: usize) -> Answer<'_, Result<Vec<u64>, Unavailable>> {
        Box::pin(async move {
            let ids = self.store.reserve(stored_kind(kind), count as u64).await;
            ids.map(Iterator::collect).map_err(Self::unavailable)
        })
    }

    fn simulate(&self, call: SimulatedCall) -> Answer<'_, Result<Simulation, Unavailable>> {
        let (directory, live, has_operator) = (self.directory(), self.live(), self.has_operator);
        Box::pin(async move {
            // A meeting of thousands takes milliseconds to be built again.
            let play =
                move || crate::control::simulate(Instant::now(), &directory, &live, has_operator, &call);
            tokio::task::spawn_blocking(play).await.map_err(|_| Unavailable)
        })
    }

    fn begin_request(
        &self,
        key: RequestKey,
        fingerprint: [u8; 32],
    ) -> Answer<'_, Result<Begun, Unavailable>> {
        Box::pin(async move {
            let begun = self.store.begin_request(&key, &fingerprint, now_ms()).await;
            begun.map_err(Self::unavailable)
        })
    }

    fn finish_request(&self, key: RequestKey, answer: KeptAnswer) -> Answer<'_, Result<bool, Unavailable>> {
        Box::pin(async move {
            let kept = self.store.finish_request(&key, &answer, now_ms()).await;
            kept.map_err(Self::unavailable)
        })
    }

    fn forget_request(&self, key: RequestKey) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move { self.store.forget_request(&key).await.map_err(Self::unavailable) })
    }

    fn cdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unlisted>> {
        Box::pin(async move {
            let records = self
                .store
                .cdrs(&tenants(&scope), &query)
                .await
                .map_err(|error| self.unlisted(error))?;
            Ok(Records {
                page: records.page,
                total: records.total,
            })
        })
    }

    fn mdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unlisted>> {
        Box::pin(async move {
            let records = self
                .store
                .mdrs(&tenants(&scope), &query)
                .await
                .map_err(|error| self.unlisted(error))?;
            Ok(Records {
                page: records.page,
                total: records.total,
            })
        })
    }

    fn audit(&self, top: Sid, query: Query) -> Answer<'_, Result<Records<Change>, Unlisted>> {
        Box::pin(async move {
            let lines = self.store.audit(&top, &query).await;
            let lines = lines.map_err(|error| self.unlisted(error))?;
            Ok(Records {
                page: lines.page.into_iter().map(change).collect(),
                total: lines.total,
            })
        })
    }
}

pub(super) fn tenants(scope: &Scope) -> store::Scope {
    let (first, others) = scope.sids().split_first().expect("a scope is never empty");
    store::Scope::of(first.clone(), others.iter().cloned()).and_unowned(scope.has_unowned())
}

/// What there is against calls: that the bridge stops, or that callers would not be heard.
fn readiness(draining: bool, media: &MediaCounts) -> Readiness {
    let hangs = media.shards.iter().any(|shard| shard.hangs);
    let reasons = [(draining, "the bridge is stopping"), (hangs, "a mixer hangs")];
    let reasons = reasons.into_iter().filter(|(is_so, _)| *is_so);
    let reasons: Vec<_> = reasons.map(|(_, reason)| reason.to_owned()).collect();
    Readiness {
        ready: reasons.is_empty(),
        reasons,
    }
}

fn change(line: store::AuditLine) -> Change {
    let store::AuditLine {
        id,
        at_ms,
        actor,
        action,
        object,
    } = line;
    Change {
        id,
        at_ms,
        actor,
        action,
        object,
    }
}

fn stored_kind(kind: IdKind) -> store::IdKind {
    match kind {
        IdKind::DidGroup => store::IdKind::DidGroup,
        IdKind::Did => store::IdKind::Did,
        IdKind::Key => store::IdKind::Key,
        IdKind::Callback => store::IdKind::Callback,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ShardCounts;

    #[test]
    fn a_bridge_that_stops_or_has_a_mixer_that_hangs_takes_no_calls_and_says_why() {
        let shards = |hangs: &[bool]| {
            let shards = hangs.iter().map(|hangs| ShardCounts {
                hangs: *hangs,
                ..ShardCounts::default()
            });
            MediaCounts {
                shards: shards.collect(),
                ..MediaCounts::default()
            }
        };
        let (stops, hung) = ("the bridge is stopping", "a mixer hangs");
        for (draining, hangs, reasons) in [
            (false, &[false, false][..], vec![]),
            (false, &[], vec![]),
            (false, &[false, true], vec![hung]),
            (true, &[false], vec![stops]),
            (true, &[true, true], vec![stops, hung]),
        ] {
            let readiness = readiness(draining, &shards(hangs));
            assert_eq!(readiness.ready, reasons.is_empty(), "{draining} {hangs:?}");
            assert_eq!(readiness.reasons, reasons, "{draining} {hangs:?}");
        }
    }
}
