//! The bridge as the API sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{
    Answer, Backend, CommandError, EditRefused, LiveCommand, Names, Readiness, Records, Scope, Target,
    Unavailable,
};
use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, TrySendError};
use model::directory::{Directory, Edit};
use model::query::Query;
use model::{Actor, Begun, Cdr, KeptAnswer, KeyId, Live, Mdr, Qualities, RequestKey};
use tokio::sync::oneshot;

use super::control_thread::Inbound;
use super::post::Poster;
use crate::metrics::Metrics;

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
    pub(super) draining: Arc<AtomicBool>,
    pub(super) hub: api::Hub,
    pub(super) poster: Arc<Poster>,
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
            store::WriteRefused::NotEmpty
            | store::WriteRefused::Busy
            | store::WriteRefused::Store(_)
            | store::WriteRefused::Closed => {
                tracing::error!(%error, "an edit was not written");
                EditRefused::Unavailable
            }
        }
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
        let mut reasons = Vec::new();
        if self.draining.load(Ordering::Relaxed) {
            reasons.push("the bridge is stopping".to_owned());
        }
        Readiness {
            ready: reasons.is_empty(),
            reasons,
        }
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
            match self.control.try_send(request) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Err(CommandError::Busy),
                Err(TrySendError::Disconnected(_)) => return Err(CommandError::Gone),
            }
            match tokio::time::timeout(COMMAND_MAX, answered).await {
                Ok(Ok(done)) => done.map(|()| self.live()),
                Ok(Err(_)) => Err(CommandError::Gone),
                Err(_) => Err(CommandError::Timeout),
            }
        })
    }

    fn edit(&self, actor: Actor, edit: Edit) -> Answer<'_, Result<Arc<Directory>, EditRefused>> {
        Box::pin(async move {
            self.keeper
                .edit(actor, edit, now_ms())
                .await
                .map_err(Self::refused)
        })
    }

    fn new_key_ids(&self, count: usize) -> Answer<'_, Result<Vec<KeyId>, Unavailable>> {
        Box::pin(async move {
            let ids = self.store.reserve(store::IdKind::Key, count as u64).await;
            ids.map(|ids| ids.map(KeyId).collect()).map_err(Self::unavailable)
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

    fn finish_request(&self, key: RequestKey, answer: KeptAnswer) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let kept = self.store.finish_request(&key, &answer).await;
            kept.map_err(Self::unavailable)
        })
    }

    fn forget_request(&self, key: RequestKey) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move { self.store.forget_request(&key).await.map_err(Self::unavailable) })
    }

    fn cdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unavailable>> {
        Box::pin(async move {
            let records = self
                .store
                .cdrs(&tenants(&scope), &query)
                .await
                .map_err(Self::unavailable)?;
            Ok(Records {
                page: records.page,
                total: records.total,
            })
        })
    }

    fn mdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unavailable>> {
        Box::pin(async move {
            let records = self
                .store
                .mdrs(&tenants(&scope), &query)
                .await
                .map_err(Self::unavailable)?;
            Ok(Records {
                page: records.page,
                total: records.total,
            })
        })
    }
}

pub(super) fn tenants(scope: &Scope) -> store::Scope {
    let (first, others) = scope.sids().split_first().expect("a scope is never empty");
    store::Scope::of(first.clone(), others.iter().cloned())
}
