//! The REST API in front of a world, asked without a network.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use api::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, EventBackend, Hub, HubLimits, IdKind,
    Kept, LiveCommand, Missed, Names, Readiness, Records, Scope, SimulatedCall, Simulation, Target, Tried,
    Unavailable, Unlisted, WebhookBackend,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::directory::{Directory, Edit, Subscriber};
use model::query::Query;
use model::{
    Actor, Begun, Cdr, Delivery, Happening, KeptAnswer, LegId, Live, Mdr, MeetingId, Qualities, RequestKey,
    Sid, Webhook,
};
use serde_json::Value;
use store::{AuditEntry, SqliteStore, Store, WebhookStore};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::disk::{Disk, change, page, tenants};
use crate::{EPOCH_MS, World};

const PASSWORD: &str = "correct horse";
/// From one random number to the next: odd, so that none comes twice.
const RANDOM_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

struct Bridge {
    world: Mutex<World>,
    hub: Hub,
    /// Without it edits are made in memory alone, and there are no webhooks.
    disk: Option<Disk>,
    random: AtomicU64,
}

/// A world with its API.
pub struct Site {
    bridge: Arc<Bridge>,
    router: Router,
    runtime: Runtime,
}

impl Site {
    /// Puts the API in front of a world; whoever is in its directory may log in.
    pub fn new(mut world: World) -> Self {
        let_in(&mut world);
        Self::with(world, runtime(), None)
    }

    /// The same with a new store at this path, which has edits, records and webhooks.
    pub fn on_disk(mut world: World, path: &Path) -> Self {
        let_in(&mut world);
        let runtime = runtime();
        let disk = runtime.block_on(Disk::new(path, &world.directory));
        Self::with(world, runtime, Some(disk))
    }

    fn with(world: World, runtime: Runtime, disk: Option<Disk>) -> Self {
        let bridge = Arc::new(Bridge {
            world: Mutex::new(world),
            hub: Hub::new(HubLimits::default(), 0),
            disk,
            random: AtomicU64::new(RANDOM_STEP),
        });
        Self {
            router: api::router(api::Settings::default(), api::Limited::default(), bridge.clone()),
            bridge,
            runtime,
        }
    }

    /// The world behind the API.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.bridge.world()
    }

    /// Asks below `/conference/v1` as the demo's administrator; the status and the JSON that comes back, null for none.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.ask_as("admin", method, path, body)
    }

    /// The same by somebody.
    pub fn ask_as(&self, login: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let token = STANDARD.encode(format!("{login}:{PASSWORD}"));
        let request = Request::builder()
            .method(method)
            .uri(format!("/conference/v1{path}"))
            .header("authorization", format!("Basic {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("an answer");
            let status = answer.status().as_u16();
            let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime")
}

/// Gives everybody in the directory the one password.
fn let_in(world: &mut World) {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| api::hash_password(PASSWORD, *b"0123456789abcdef"));
    let with_password = |known: &Arc<Subscriber>| Subscriber {
        password_hash: hash.clone(),
        ..Subscriber::clone(known)
    };
    let subscribers: Vec<_> = world.directory.subscribers().map(with_password).collect();
    for subscriber in subscribers {
        world.edit(Edit::PutSubscriber(subscriber)).expect("a right edit");
    }
}

impl Bridge {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody has panicked")
    }

    /// The store, if there is one, with all that the world has recorded so far.
    async fn store(&self) -> Option<&SqliteStore> {
        let disk = self.disk.as_ref()?;
        let new = disk.take_new(&self.world().records);
        disk.store.add_records(&new).await.expect("the store takes them");
        Some(&disk.store)
    }
}

fn page_of<R>(records: Vec<R>, query: &Query) -> Records<R> {
    let total = records.len() as u64;
    let rest = records.into_iter().skip(query.offset as usize);
    Records {
        page: rest.take(query.limit as usize).collect(),
        total,
    }
}

impl Backend for Bridge {
    fn now_ms(&self) -> i64 {
        EPOCH_MS + self.world().ms() as i64
    }

    fn random(&self) -> u64 {
        self.random.fetch_add(RANDOM_STEP, Ordering::Relaxed)
    }

    fn live(&self) -> Arc<Live> {
        self.world().live.clone()
    }

    fn quality(&self) -> Arc<Qualities> {
        Arc::default()
    }

    fn directory(&self) -> Arc<Directory> {
        self.world().directory.clone()
    }

    fn names(&self) -> Names {
        Names {
            bridge: "world".into(),
            node: "127.0.0.1".into(),
        }
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            ready: true,
            reasons: Vec::new(),
        }
    }

    fn command(
        &self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Answer<'_, Result<Arc<Live>, CommandError>> {
        let mut world = self.world();
        let result = world.request_by(actor, target, command);
        let answer = result.map(|()| world.live.clone());
        Box::pin(async { answer })
    }

    fn dial(&self, actor: Actor, order: DialOrder) -> Answer<'_, Result<(LegId, Arc<Live>), CommandError>> {
        let mut world = self.world();
        let leg = world.dial_by(actor, order);
        let answer = leg.map(|leg| (leg, world.live.clone()));
        Box::pin(async { answer })
    }

    fn edit(&self, actor: Actor, edits: Vec<Edit>) -> Answer<'_, Result<Arc<Directory>, EditRefused>> {
        let mut world = self.world();
        let edited = world.directory.edited_all(&edits).and_then(|(_, changes)| {
            changes.iter().try_for_each(|edit| world.edit(edit.clone()))?;
            Ok(changes)
        });
        let answer = edited.map(|changes| (changes, world.directory.clone()));
        drop(world);
        Box::pin(async move {
            let (changes, directory) = answer.map_err(EditRefused::Error)?;
            if let Some(store) = self.store().await {
                let written = store.write(&actor, &changes, self.now_ms()).await;
                written.expect("the directory took them");
            }
            Ok(directory)
        })
    }

    fn codes_refused(&self, _codes: u64) {}

    fn login_refused(&self) {}

    fn new_ids(&self, _kind: IdKind, count: usize) -> Answer<'_, Result<Vec<u64>, Unavailable>> {
        let ids = (1_000..1_000 + count as u64).collect();
        Box::pin(async { Ok(ids) })
    }

    fn simulate(&self, call: SimulatedCall) -> Answer<'_, Result<Simulation, Unavailable>> {
        let world = self.world();
        let played = bridge::control::simulate(
            world.now(),
            &world.directory,
            &world.live,
            world.has_operator,
            &call,
        );
        Box::pin(async { Ok(played) })
    }

    fn begin_request(&self, _: RequestKey, _: [u8; 32]) -> Answer<'_, Result<Begun, Unavailable>> {
        Box::pin(async { Ok(Begun::Fresh) })
    }

    fn finish_request(&self, _: RequestKey, _: KeptAnswer) -> Answer<'_, Result<bool, Unavailable>> {
        Box::pin(async { Ok(true) })
    }

    fn forget_request(&self, _: RequestKey) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async { Ok(()) })
    }

    fn cdrs(&self, _scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unlisted>> {
        let records = self.world().cdrs().into_iter().cloned().collect();
        Box::pin(async move { Ok(page_of(records, &query)) })
    }

    fn mdrs(&self, _scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unlisted>> {
        let records = self.world().mdrs().into_iter().cloned().collect();
        Box::pin(async move { Ok(page_of(records, &query)) })
    }

    fn audit(&self, top: Sid, query: Query) -> Answer<'_, Result<Records<Change>, Unlisted>> {
        Box::pin(async move {
            let Some(store) = self.store().await else {
                return Ok(page_of(self.world().audit(), &query));
            };
            let lines = page(store.audit(&top, &query).await)?;
            Ok(Records {
                page: lines.page.into_iter().map(change).collect(),
                total: lines.total,
            })
        })
    }
}

impl EventBackend for Bridge {
    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn missed(&self, _scope: Scope, _wanted: Missed) -> Answer<'_, Result<Vec<Happening>, Unavailable>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn kept(&self) -> Answer<'_, Result<Kept, Unavailable>> {
        Box::pin(async { Ok(Kept::default()) })
    }

    fn meeting_log(
        &self,
        _scope: Scope,
        meeting: MeetingId,
        query: Query,
    ) -> Answer<'_, Result<Records<Happening>, Unlisted>> {
        let world = self.world();
        let of_it = |happening: &&&Happening| happening.place.is_some_and(|place| place.meeting == meeting);
        let log = world.log();
        let log = log
            .iter()
            .filter(of_it)
            .map(|happening| (*happening).clone())
            .collect();
        Box::pin(async move { Ok(page_of(log, &query)) })
    }
}

impl WebhookBackend for Bridge {
    fn webhooks(&self, scope: Scope) -> Answer<'_, Result<Vec<Webhook>, Unavailable>> {
        Box::pin(async move {
            let Some(store) = self.store().await else {
                return Ok(Vec::new());
            };
            let found = store.webhooks(&tenants(&scope)).await;
            found.map_err(|_| Unavailable)
        })
    }

    fn put_webhook(
        &self,
        actor: Actor,
        action: &'static str,
        webhook: Webhook,
    ) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let store = self.store().await.ok_or(Unavailable)?;
            let entry = AuditEntry::of_webhook(self.now_ms(), actor, action, &webhook, None);
            let put = store.put_webhook(&webhook, &entry).await;
            put.map_err(|_| Unavailable)
        })
    }

    fn remove_webhook(&self, actor: Actor, webhook: Webhook) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async move {
            let store = self.store().await.ok_or(Unavailable)?;
            let entry = AuditEntry::of_webhook(self.now_ms(), actor, "delete", &webhook, None);
            let removed = store.remove_webhook(&webhook.id, &entry).await;
            removed.map_err(|_| Unavailable)
        })
    }

    fn deliveries(&self, webhook: Webhook, query: Query) -> Answer<'_, Result<Records<Delivery>, Unlisted>> {
        Box::pin(async move {
            let store = self.store().await.ok_or(Unavailable)?;
            page(store.deliveries(&webhook, &query).await)
        })
    }

    fn redeliver(&self, actor: Actor, webhook: Webhook, event: u64) -> Answer<'_, Result<bool, Unavailable>> {
        Box::pin(async move {
            let store = self.store().await.ok_or(Unavailable)?;
            let entry = AuditEntry::of_webhook(self.now_ms(), actor, "redeliver", &webhook, Some(event));
            let renewed = store.redeliver(&webhook.id, event, &entry).await;
            renewed.map_err(|_| Unavailable)
        })
    }

    fn check_url(&self, _url: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn try_webhook(&self, _webhook: Webhook, _id: String, _body: Vec<u8>) -> Answer<'_, Tried> {
        Box::pin(async { Tried::Failed("there is no network here") })
    }
}
