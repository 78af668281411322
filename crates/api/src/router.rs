//! Which address is answered by what.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use tokio::sync::Mutex;

use crate::auth::{self, Gate, Hasher};
use crate::backend::Backend;
use crate::body::BODY_MAX;
use crate::chosen::Chosen;
use crate::error::ApiError;
use crate::etag;
use crate::handlers::{
    audit, call, call_flow, cdr, dial, did, did_group, event, health, mdr, meeting, meeting_attribute,
    meeting_calls, quality, room, simulate, subscriber, subscriber_room, webhook,
};
use crate::idempotency::{self, AtWork};
use crate::limited::Limited;
use crate::openapi;

/// Where the API begins.
pub(crate) const BASE: &str = "/conference/v1";

/// What differs from one installation to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Scheme and authority under which clients reach the bridge, such as `https://bridge.example.com`, for the links of
    /// lists; without it `https` and the `Host` of the request.
    pub public_url: Option<String>,
    /// Requests a second that one login may make, as many at once; 0 for no limit.
    pub requests_per_second: u32,
    /// Access codes an hour that one tenant may choose in DID groups where others have rooms, as many at once; none for no limit, 0 where the
    /// server is to make them all.
    pub chosen_codes_per_hour: Option<u32>,
    /// Webhooks that one subscriber may have, its callback aside; 0 for no limit.
    pub webhooks_per_subscriber: usize,
}

/// Stands in the extensions of the answer of a route: which, as `/conference/v1/calls/:id`. It holds nothing of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(pub Arc<str>);

impl Route {
    /// Braces would be taken for the end of a label by readers of metrics that know no better.
    fn of(template: &str) -> Self {
        let text = template.trim_end_matches('/').replace('{', ":").replace('}', "");
        Self(text.into())
    }
}

/// Stands in the extensions of an answer that goes on: its connection is not idle before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streaming;

/// An extension that the one who accepts connections may put on requests: kept as long as a stream goes on that the request began, which
/// may be longer than the connection is one of HTTP.
#[derive(Clone)]
pub struct Hold(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) gate: Arc<Gate>,
    /// Held from reading the directory to the answer of the edit, so that no edit overwrites another.
    pub(crate) edits: Arc<Mutex<()>>,
    /// Keys of changes that are being made.
    pub(crate) at_work: AtWork,
    pub(crate) limited: Limited,
    pub(crate) hasher: Hasher,
    /// What was chosen that others could have.
    pub(crate) chosen: Arc<Chosen>,
}

/// The whole API: `/conference/v1` behind credentials; `/livez`, `/readyz`, `/openapi.json` and `/docs` without.
///
/// Requests should carry a [`crate::Peer`] extension, by which failed logins are counted. What limits do is counted in `limited`.
pub fn router(settings: Settings, limited: Limited, backend: Arc<dyn Backend>) -> Router {
    let gate = Gate::new(&*backend, settings.requests_per_second, limited.clone());
    let api = Api {
        gate: Arc::new(gate),
        chosen: Arc::new(Chosen::new(settings.chosen_codes_per_hour)),
        backend,
        settings: Arc::new(settings),
        edits: Arc::default(),
        at_work: AtWork::default(),
        limited,
        hasher: Hasher::default(),
    };
    let v1 = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| {
            let path = format!("{BASE}{path}");
            router
                .route(&format!("{path}/"), methods.clone())
                .route(&path, methods)
        });
    let guarded = v1
        .fallback(not_found)
        .layer(from_fn(etag::select))
        .layer(from_fn_with_state(api.clone(), idempotency::once))
        .layer(from_fn_with_state(api.clone(), auth::require));
    let all = open_routes()
        .into_iter()
        .fold(guarded, |router, (path, methods)| router.route(path, methods))
        .layer(from_fn(name_route))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(api);
    // Around the whole router and not its routes: `Allow` is known only there.
    Router::new().fallback_service(all).layer(from_fn(finish))
}

/// Every address that is answered, from the root, with its variables in braces.
pub fn paths() -> Vec<String> {
    let below = routes().into_iter().map(|(path, _)| format!("{BASE}{path}"));
    let open = open_routes().into_iter().map(|(path, _)| path.to_owned());
    below.chain(open).collect()
}

/// What is told to everybody.
fn open_routes() -> Vec<(&'static str, MethodRouter<Api>)> {
    vec![
        ("/livez", get(health::live)),
        ("/readyz", get(health::ready)),
        ("/openapi.json", get(openapi::serve)),
        ("/docs", get(openapi::page::page)),
        ("/docs/{file}", get(openapi::page::file)),
    ]
}

/// Every address below the base.
fn routes() -> Vec<(&'static str, MethodRouter<Api>)> {
    let all = [live_routes(), directory_routes(), record_routes()];
    all.into_iter().flatten().collect()
}

/// Calls and meetings while they last.
fn live_routes() -> Vec<(&'static str, MethodRouter<Api>)> {
    vec![
        ("/calls", get(call::list).post(dial::create)),
        (
            "/calls/{id}",
            get(call::read).put(call::update).delete(call::hang_up),
        ),
        ("/calls/{id}/quality", get(quality::of_call)),
        ("/events", get(event::all)),
        ("/meetings", get(meeting::list)),
        (
            "/meetings/{number}",
            get(meeting::read).put(meeting::update).delete(meeting::end),
        ),
        ("/meetings/{number}/attributes", get(meeting_attribute::list)),
        (
            "/meetings/{number}/attributes/{name}",
            put(meeting_attribute::update),
        ),
        (
            "/meetings/{number}/calls",
            get(meeting_calls::list)
                .put(meeting_calls::update)
                .delete(meeting_calls::hang_up),
        ),
        ("/meetings/{number}/events", get(event::of_meeting)),
        ("/meetings/{number}/quality", get(quality::of_meeting)),
    ]
}

/// What is configured.
fn directory_routes() -> Vec<(&'static str, MethodRouter<Api>)> {
    vec![
        ("/callFlows", get(call_flow::list)),
        ("/callFlows/{id}", get(call_flow::read)),
        ("/didGroups", get(did_group::list).post(did_group::create)),
        (
            "/didGroups/{id}",
            get(did_group::read)
                .put(did_group::update)
                .delete(did_group::delete),
        ),
        ("/dids", get(did::list).post(did::create)),
        ("/dids/{id}", get(did::read).put(did::update).delete(did::delete)),
        ("/meetingRooms", get(room::list).post(room::create)),
        (
            "/meetingRooms/{number}",
            get(room::read).put(room::update).delete(room::delete),
        ),
        ("/subscribers", get(subscriber::list).post(subscriber::create)),
        (
            "/subscribers/{sid}",
            get(subscriber::read)
                .put(subscriber::update)
                .delete(subscriber::delete),
        ),
        (
            "/subscribers/{sid}/meetingRooms",
            get(subscriber_room::list).post(subscriber_room::create),
        ),
        (
            "/subscribers/{sid}/meetingRooms/{number}",
            get(subscriber_room::read)
                .put(subscriber_room::update)
                .delete(subscriber_room::delete),
        ),
        (
            "/subscribers/{sid}/meetingRooms/{number}/keychain",
            get(subscriber_room::keychain).put(subscriber_room::replace_keychain),
        ),
    ]
}

/// What remains, where it is sent, and what would be.
fn record_routes() -> Vec<(&'static str, MethodRouter<Api>)> {
    vec![
        ("/audit", get(audit::list)),
        ("/cdrs", get(cdr::list)),
        ("/mdrs", get(mdr::list)),
        ("/mdrs/{id}/events", get(event::of_record)),
        ("/simulate", post(simulate::play)),
        ("/webhooks", get(webhook::list).post(webhook::create)),
        (
            "/webhooks/{id}",
            get(webhook::read).put(webhook::update).delete(webhook::delete),
        ),
        ("/webhooks/{id}/deliveries", get(webhook::deliveries)),
        (
            "/webhooks/{id}/deliveries/{delivery}/redeliver",
            post(webhook::redeliver),
        ),
        ("/webhooks/{id}/rotate", post(webhook::rotate)),
        ("/webhooks/{id}/test", post(webhook::test)),
    ]
}

/// Around credentials and handlers, so that refusals are counted where they belong.
async fn name_route(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map(|path| Route::of(path.as_str()));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

async fn not_found() -> ApiError {
    ApiError::not_found()
}

/// What holds for every answer: OPTIONS says what is allowed, refusals are JSON, nothing is kept by caches, and a fault of
/// ours is a 500 and not a lost connection. The request goes on when its client has gone: a change is whole or absent.
async fn finish(request: Request, next: Next) -> Response {
    let options = request.method() == Method::OPTIONS;
    let mut response = match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request handler panicked");
            ApiError::internal().into_response()
        }
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response = not_allowed(&response, options);
    }
    if response.status().is_server_error() {
        tracing::warn!(status = response.status().as_u16(), "a request failed");
    }
    uncached(response)
}

/// The same answer, which no cache keeps.
pub(crate) fn uncached(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

fn not_allowed(refusal: &Response, options: bool) -> Response {
    let methods = refusal.headers().get(ALLOW).and_then(|allow| allow.to_str().ok());
    let methods: Vec<_> = methods
        .unwrap_or_default()
        .split(',')
        .chain(["OPTIONS"])
        .collect();
    let mut response = match options {
        true => StatusCode::NO_CONTENT.into_response(),
        false => ApiError::method_not_allowed().into_response(),
    };
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
