//! The REST API in front of a world, asked without a network.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use api::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, EventBackend, Hub, HubLimits, IdKind,
    Kept, LiveCommand, Missed, Names, Readiness, Records, Scope, SimulatedCall, Simulation, Target, Tried,
    Unavailable, WebhookBackend,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::directory::{Directory, Edit};
use model::query::Query;
use model::{
    Actor, Begun, Cdr, Delivery, Happening, KeptAnswer, LegId, Live, Mdr, MeetingId, Qualities, RequestKey,
    Sid, Webhook,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::{EPOCH_MS, World};

const PASSWORD: &str = "correct horse";

struct Bridge(Mutex<World>, Hub);

/// A world with its API.
pub struct Site {
    bridge: Arc<Bridge>,
    router: Router,
    runtime: tokio::runtime::Runtime,
}

impl Site {
    /// Puts the API in front of a world; the demo's administrator may log in.
    pub fn new(mut world: World) -> Self {
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| api::hash_password(PASSWORD, *b"0123456789abcdef"));
        let mut admin = world
            .directory
            .login("admin")
            .expect("the demo's")
            .as_ref()
            .clone();
        admin.password_hash = hash.clone();
        world.edit(Edit::PutSubscriber(admin)).expect("a right edit");
        let bridge = Arc::new(Bridge(Mutex::new(world), Hub::new(HubLimits::default(), 0)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        Self {
            router: api::router(api::Settings::default(), bridge.clone()),
            bridge,
            runtime: runtime.expect("a runtime"),
        }
    }

    /// The world behind the API.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.bridge.world()
    }

    /// Asks below `/conference/v1`; the status and the JSON that comes back, null for none.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let token = STANDARD.encode(format!("admin:{PASSWORD}"));
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

impl Bridge {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("nobody has panicked")
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
        7
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

    fn dial(&self, _actor: Actor, order: DialOrder) -> Answer<'_, Result<(LegId, Arc<Live>), CommandError>> {
        let mut world = self.world();
        let leg = world.dial(order);
        let answer = leg.map(|leg| (leg, world.live.clone()));
        Box::pin(async { answer })
    }

    fn edit(&self, _actor: Actor, edits: Vec<Edit>) -> Answer<'_, Result<Arc<Directory>, EditRefused>> {
        let mut world = self.world();
        let edited = edits.into_iter().try_for_each(|edit| world.edit(edit));
        let answer = edited.map(|()| world.directory.clone());
        Box::pin(async { answer.map_err(EditRefused::Error) })
    }

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

    fn finish_request(&self, _: RequestKey, _: KeptAnswer) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async { Ok(()) })
    }

    fn forget_request(&self, _: RequestKey) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async { Ok(()) })
    }

    fn cdrs(&self, _scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unavailable>> {
        let records = self.world().cdrs().into_iter().cloned().collect();
        Box::pin(async move { Ok(page_of(records, &query)) })
    }

    fn mdrs(&self, _scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unavailable>> {
        let records = self.world().mdrs().into_iter().cloned().collect();
        Box::pin(async move { Ok(page_of(records, &query)) })
    }

    fn audit(&self, _top: Sid, query: Query) -> Answer<'_, Result<Records<Change>, Unavailable>> {
        let changes = self.world().audit();
        Box::pin(async move { Ok(page_of(changes, &query)) })
    }
}

impl EventBackend for Bridge {
    fn hub(&self) -> &Hub {
        &self.1
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
    ) -> Answer<'_, Result<Records<Happening>, Unavailable>> {
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
    fn webhooks(&self, _scope: Scope) -> Answer<'_, Result<Vec<Webhook>, Unavailable>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn put_webhook(
        &self,
        _actor: Actor,
        _action: &'static str,
        _webhook: Webhook,
    ) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn remove_webhook(&self, _actor: Actor, _webhook: Webhook) -> Answer<'_, Result<(), Unavailable>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn deliveries(
        &self,
        _webhook: Webhook,
        query: Query,
    ) -> Answer<'_, Result<Records<Delivery>, Unavailable>> {
        Box::pin(async move { Ok(page_of(Vec::new(), &query)) })
    }

    fn redeliver(
        &self,
        _actor: Actor,
        _webhook: Webhook,
        _event: u64,
    ) -> Answer<'_, Result<bool, Unavailable>> {
        Box::pin(async { Ok(false) })
    }

    fn check_url(&self, _url: &str) -> Result<(), &'static str> {
        Ok(())
    }

    fn try_webhook(&self, _webhook: Webhook, _id: String, _body: Vec<u8>) -> Answer<'_, Tried> {
        Box::pin(async { Tried::Failed("there is no network here") })
    }
}
