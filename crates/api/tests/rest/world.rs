//! The backend that tests stand in for the bridge, and a client that speaks to the API without a network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use api::{
    Answer, Backend, Change, CommandError, DialOrder, EditRefused, Hub, HubLimits, IdKind, Limited,
    LiveCommand, Login, Names, Peer, Readiness, Records, Route, Scope, Settings, SimulatedCall, Simulation,
    Target, Unavailable, Unlisted,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::directory::{Directory, Edit};
use model::query::Query;
use model::{
    Actor, Begun, CallState, Cdr, Delivery, Happening, KeptAnswer, KeyLimit, LegId, Live, Mdr, MeetingNumber,
    Qualities, RequestKey, Sid, Webhook,
};
use serde_json::Value;
use tower::ServiceExt;

use crate::contract;
use crate::fixture::{self, NOW_MS, PASSWORD};
use crate::world_commands::{apply, call};

/// What the fake bridge holds and was asked for.
pub struct State {
    pub now_ms: i64,
    pub random: u64,
    pub live: Arc<Live>,
    pub quality: Arc<Qualities>,
    pub directory: Arc<Directory>,
    pub readiness: Readiness,
    pub commands: Vec<(Actor, Target, LiveCommand)>,
    pub dialled: Vec<(Actor, DialOrder)>,
    pub edits: Vec<(Actor, Edit)>,
    pub refuse_command: Option<CommandError>,
    /// Calls that begin to leave before the next command is done.
    pub leaving: Vec<LegId>,
    /// Calls that go over to the meeting of bob before that.
    pub going_over: Vec<LegId>,
    pub refuse_edit: Option<EditRefused>,
    pub refuse_list: Option<Unlisted>,
    /// Codes that were refused unread.
    pub codes_refused: u64,
    pub logins_refused: u64,
    pub panic: bool,
    /// The last id given.
    pub ids: u64,
    pub simulated: Vec<SimulatedCall>,
    /// What each tenant sees.
    pub audit: Vec<(Sid, Change)>,
    pub cdrs: Vec<Cdr>,
    /// Changes that came with keys: what they were, and how they were answered.
    pub requests: HashMap<RequestKey, ([u8; 32], Option<KeptAnswer>)>,
    pub refuse_key: Option<KeyLimit>,
    /// Others have left no room for answers to them.
    pub keep_no_answer: bool,
    /// Records asked for so far.
    pub queries: Vec<Query>,
    pub mdrs: Vec<Mdr>,
    /// What is on disk.
    pub happenings: Vec<Happening>,
    pub forgotten: u64,
    /// Up to which id events are forgotten once some have been read.
    pub forgets: Option<u64>,
    pub webhooks: Vec<Webhook>,
    pub deliveries: Vec<Delivery>,
    /// What was posted to try webhooks.
    pub tried: Vec<Vec<u8>>,
    /// Who did what to which webhook.
    pub noted: Vec<(Actor, &'static str, String)>,
}

pub struct Fake(pub Mutex<State>, pub Hub);

impl Backend for Fake {
    fn now_ms(&self) -> i64 {
        self.state().now_ms
    }

    fn random(&self) -> u64 {
        let mut state = self.state();
        // A linear congruential generator (Knuth's MMIX constants): any sequence will do here.
        state.random = state
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.random
    }

    fn live(&self) -> Arc<Live> {
        assert!(!self.state().panic, "asked for by the test");
        self.state().live.clone()
    }

    fn quality(&self) -> Arc<Qualities> {
        self.state().quality.clone()
    }

    fn directory(&self) -> Arc<Directory> {
        self.state().directory.clone()
    }

    fn names(&self) -> Names {
        Names {
            bridge: "MIA-QA-FCC4D".into(),
            node: "10.2.114.15".into(),
        }
    }

    fn readiness(&self) -> Readiness {
        self.state().readiness.clone()
    }

    fn command(
        &self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Answer<'_, Result<Arc<Live>, CommandError>> {
        let mut state = self.state();
        let refusal = state.refuse_command.clone();
        state.commands.push((actor, target, command.clone()));
        if refusal.is_none() {
            let mut live = (*state.live).clone();
            for leg in std::mem::take(&mut state.leaving) {
                call(&mut live, leg, |call| call.state = CallState::Ending);
            }
            for leg in std::mem::take(&mut state.going_over) {
                call(&mut live, leg, |call| {
                    (call.meeting, call.subscriber_sid) = (Some(MeetingNumber(306_131)), fixture::sid("bob"));
                });
            }
            apply(&mut live, target, command);
            live.version += 1;
            state.live = Arc::new(live);
        }
        let answer = refusal.map_or_else(|| Ok(state.live.clone()), Err);
        Box::pin(async { answer })
    }

    fn dial(&self, actor: Actor, order: DialOrder) -> Answer<'_, Result<(LegId, Arc<Live>), CommandError>> {
        let mut state = self.state();
        let refusal = state.refuse_command.clone();
        state.dialled.push((actor, order.clone()));
        let call = fixture::dialled(9_000_000 + state.dialled.len() as u64, order);
        let leg = call.leg;
        if refusal.is_none() {
            let mut live = (*state.live).clone();
            live.calls.insert(leg, Arc::new(call));
            state.live = Arc::new(live);
        }
        let answer = refusal.map_or_else(|| Ok((leg, state.live.clone())), Err);
        Box::pin(async { answer })
    }

    fn edit(&self, actor: Actor, edits: Vec<Edit>) -> Answer<'_, Result<Arc<Directory>, EditRefused>> {
        // A disk takes a while: whoever does not wait for it is overwritten.
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.make(actor, edits)
        })
    }

    fn codes_refused(&self, codes: u64) {
        self.state().codes_refused += codes;
    }

    fn login_refused(&self) {
        self.state().logins_refused += 1;
    }

    fn new_ids(&self, _kind: IdKind, count: usize) -> Answer<'_, Result<Vec<u64>, Unavailable>> {
        let mut state = self.state();
        let first = state.ids + 1;
        state.ids += count as u64;
        let ids = (first..=state.ids).collect();
        Box::pin(async { Ok(ids) })
    }

    fn simulate(&self, call: SimulatedCall) -> Answer<'_, Result<Simulation, Unavailable>> {
        let played = fixture::simulation(&call);
        self.state().simulated.push(call);
        Box::pin(async { Ok(played) })
    }

    fn begin_request(
        &self,
        key: RequestKey,
        fingerprint: [u8; 32],
    ) -> Answer<'_, Result<Begun, Unavailable>> {
        let mut state = self.state();
        let begun = match state.requests.get(&key) {
            None => match state.refuse_key {
                Some(limit) => return Box::pin(async move { Ok(Begun::Full(limit)) }),
                None => Begun::Fresh,
            },
            Some((known, _)) if *known != fingerprint => Begun::Other,
            Some((_, None)) => Begun::Unfinished,
            Some((_, Some(answer))) => Begun::Answered(answer.clone()),
        };
        state.requests.entry(key).or_insert((fingerprint, None));
        Box::pin(async { Ok(begun) })
    }

    fn finish_request(&self, key: RequestKey, answer: KeptAnswer) -> Answer<'_, Result<bool, Unavailable>> {
        let mut state = self.state();
        let has_room = !state.keep_no_answer;
        if let Some((_, kept)) = state.requests.get_mut(&key).filter(|_| has_room) {
            *kept = Some(answer);
        }
        Box::pin(async move { Ok(has_room) })
    }

    fn forget_request(&self, key: RequestKey) -> Answer<'_, Result<(), Unavailable>> {
        self.state().requests.remove(&key);
        Box::pin(async { Ok(()) })
    }

    fn cdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Cdr>, Unlisted>> {
        let records = self.state().cdrs.clone();
        let within = |cdr: &Cdr| {
            let owner = cdr.subscriber_sid.as_ref();
            owner.map_or(scope.has_unowned(), |sid| scope.sids().contains(sid))
        };
        let answer = cut(records.into_iter().filter(within).collect(), &query);
        self.state().queries.push(query);
        let refused = self.state().refuse_list;
        Box::pin(async move { refused.map_or(Ok(answer), Err) })
    }

    fn mdrs(&self, scope: Scope, query: Query) -> Answer<'_, Result<Records<Mdr>, Unlisted>> {
        let records = self.state().mdrs.clone();
        let within = |mdr: &Mdr| scope.sids().contains(&mdr.subscriber_sid);
        let answer = cut(records.into_iter().filter(within).collect(), &query);
        self.state().queries.push(query);
        Box::pin(async { Ok(answer) })
    }

    fn audit(&self, top: Sid, query: Query) -> Answer<'_, Result<Records<Change>, Unlisted>> {
        let changes = self.state().audit.clone();
        let of_top = changes.into_iter().filter(|(sid, _)| *sid == top);
        let answer = cut(of_top.map(|(_, change)| change).collect(), &query);
        Box::pin(async { Ok(answer) })
    }
}

/// A page by time alone: what order and filter come to is the store's.
pub(crate) fn cut<R>(mut records: Vec<R>, page: &Query) -> Records<R> {
    if page.order.iter().any(|by| by.descending) {
        records.reverse();
    }
    let total = records.len() as u64;
    let rest = records.into_iter().skip(page.offset as usize);
    Records {
        page: rest.take(page.limit as usize).collect(),
        total,
    }
}

impl Fake {
    fn make(&self, actor: Actor, edits: Vec<Edit>) -> Result<Arc<Directory>, EditRefused> {
        let mut state = self.state();
        let asked = edits.iter().map(|edit| (actor.clone(), edit.clone()));
        state.edits.extend(asked);
        if let Some(refusal) = state.refuse_edit.clone() {
            return Err(refusal);
        }
        let mut next = (*state.directory).clone();
        for edit in edits {
            next = next.edited(edit).map_err(EditRefused::Error)?;
        }
        state.directory = Arc::new(next);
        Ok(state.directory.clone())
    }

    pub fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// One answer.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// What is said to the one who accepts connections.
    pub route: Option<Route>,
    pub login: Option<Login>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The texts `message` and first `field` of a refusal.
    pub fn refusal(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(json["code"], self.status.as_u16(), "{json}");
        let field = text(&json["errors"][0]["field"]);
        (self.status.as_u16(), text(&json["message"]), field)
    }
}

/// The API and its backend.
pub struct World {
    pub backend: Arc<Fake>,
    pub limited: Limited,
    router: Router,
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings {
            public_url: Some("https://api.example.com/".into()),
            ..Settings::default()
        })
    }

    pub fn with(settings: Settings) -> Self {
        Self::with_hub(settings, HubLimits::default())
    }

    /// Earlier runs had events up to `last`.
    pub fn after(last: u64, limits: HubLimits) -> Self {
        Self::made(Settings::default(), limits, last)
    }

    pub fn with_hub(settings: Settings, limits: HubLimits) -> Self {
        Self::made(settings, limits, fixture::LAST_EVENT)
    }

    fn made(settings: Settings, limits: HubLimits, last: u64) -> Self {
        let state = State {
            now_ms: NOW_MS,
            random: 1,
            live: Arc::new(fixture::live()),
            quality: Arc::new(fixture::quality()),
            directory: Arc::new(fixture::directory()),
            readiness: Readiness {
                ready: true,
                reasons: Vec::new(),
            },
            commands: Vec::new(),
            dialled: Vec::new(),
            edits: Vec::new(),
            refuse_command: None,
            leaving: Vec::new(),
            going_over: Vec::new(),
            refuse_edit: None,
            refuse_list: None,
            codes_refused: 0,
            logins_refused: 0,
            panic: false,
            ids: 1000,
            simulated: Vec::new(),
            audit: fixture::audit(),
            cdrs: (1..=3)
                .map(|id| fixture::cdr(id, "alice"))
                .chain([fixture::cdr(4, "bob")])
                .collect(),
            requests: HashMap::new(),
            refuse_key: None,
            keep_no_answer: false,
            queries: Vec::new(),
            mdrs: (1..=2)
                .map(|id| fixture::mdr(id, "uma"))
                .chain([fixture::mdr(3, "bob")])
                .collect(),
            happenings: fixture::log(),
            forgotten: 0,
            forgets: None,
            webhooks: fixture::webhooks(),
            deliveries: fixture::deliveries(),
            tried: Vec::new(),
            noted: Vec::new(),
        };
        let hub = Hub::new(limits, last);
        hub.publish(&state.directory, state.live.clone(), Vec::new());
        let backend = Arc::new(Fake(Mutex::new(state), hub));
        let limited = Limited::default();
        let router = api::router(settings, limited.clone(), backend.clone());
        Self {
            backend,
            limited,
            router,
        }
    }

    /// Publishes what happens, in the order of its ids, with the snapshot there is.
    pub fn publish(&self, happened: Vec<Happening>) {
        let state = self.backend.state();
        let happened = happened.into_iter().map(Arc::new).collect();
        let hub = &self.backend.1;
        hub.publish(&state.directory, state.live.clone(), happened);
    }

    /// The far end of a connection that the API serves.
    pub fn connection(&self) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(256 * 1024);
        let service = hyper_util::service::TowerToHyperService::new(self.router.clone());
        tokio::spawn(async move {
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(hyper_util::rt::TokioIo::new(far), service)
                .with_upgrades();
            // A test may hang up whenever it likes.
            let _ = served.await;
        });
        near
    }

    /// What the hub has counted.
    pub fn counts(&self) -> api::HubCounts {
        self.backend.1.counts()
    }

    /// The answer as it begins; the rest is read by whoever asked.
    pub async fn begin(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request as it is, and holds the answer against the document. What a stream tells is not waited for.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get("content-type");
        let bytes = match kind.is_some_and(|kind| kind == "text/event-stream") {
            true => Default::default(),
            false => to_bytes(body, usize::MAX).await.unwrap(),
        };
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            route: parts.extensions.get().cloned(),
            login: parts.extensions.get().copied(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        contract::check(&method, &uri, &reply);
        reply
    }

    /// Sends `body` as JSON to a path below `/conference/v1`.
    pub async fn ask(&self, login: &str, method: Method, path: &str, body: &str) -> Reply {
        let request = request(method, &format!("/conference/v1{path}"), login, PASSWORD);
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    pub async fn get(&self, login: &str, path: &str) -> Reply {
        self.ask(login, Method::GET, path, "").await
    }

    pub async fn put(&self, login: &str, path: &str, body: &str) -> Reply {
        self.ask(login, Method::PUT, path, body).await
    }

    pub async fn post(&self, login: &str, path: &str, body: &str) -> Reply {
        self.ask(login, Method::POST, path, body).await
    }

    pub async fn delete(&self, login: &str, path: &str) -> Reply {
        self.ask(login, Method::DELETE, path, "").await
    }

    /// Makes edits behind the API's back.
    pub fn edit(&self, edits: impl IntoIterator<Item = Edit>) {
        let mut state = self.backend.state();
        for edit in edits {
            state.directory = Arc::new(state.directory.edited(edit).expect("a right edit"));
        }
    }

    /// The commands asked for so far, without who asked.
    pub fn commands(&self) -> Vec<LiveCommand> {
        let state = self.backend.state();
        state
            .commands
            .iter()
            .flat_map(|(_, _, command)| {
                if let LiveCommand::Several(commands) = command {
                    return commands.clone();
                }
                vec![command.clone()]
            })
            .collect()
    }
}

/// A request with credentials, from 192.0.2.1.
pub fn request(method: Method, uri: &str, login: &str, password: &str) -> axum::http::request::Builder {
    let token = STANDARD.encode(format!("{login}:{password}"));
    Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("Basic {token}"))
        .extension(Peer(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))))
}
