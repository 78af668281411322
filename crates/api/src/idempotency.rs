//! `Idempotency-Key`: a change that is sent again is not made again, its first answer is (as in the IETF's draft
//! "The Idempotency-Key HTTP Header Field"). Keys are kept for a day, on disk, up to bounds ([`KeyLimit`]) beyond which a change is refused
//! before it is made.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use blake2::{Blake2s256, Digest};
use model::{Begun, KeptAnswer, KeyLimit, RequestKey};

use crate::auth::Caller;
use crate::body::raw;
use crate::error::{ApiError, Open};
use crate::router::Api;

/// The header that carries a key.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Stands on an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, in octets.
const LENGTH_MAX: usize = 255;
/// Headers of an answer that are kept with it.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];
/// When a key for which there is no room may be tried again, in seconds.
const FULL_RETRY_S: u64 = 3600;
/// What to do meanwhile.
const FULL_ADVICE: &str = "until some are a day old; try later, or without a key";

/// Keys whose first request is still at work.
#[derive(Clone, Default)]
pub(crate) struct AtWork(Arc<Mutex<HashSet<RequestKey>>>);

/// Has a key until dropped.
struct Working {
    all: AtWork,
    key: RequestKey,
}

impl AtWork {
    fn begin(&self, key: &RequestKey) -> Option<Working> {
        let new = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone());
        new.then(|| Working {
            all: self.clone(),
            key: key.clone(),
        })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut keys = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

/// Answers a request whose key has been seen as it was answered then; lets all others through.
pub(crate) async fn once(State(api): State<Api>, caller: Caller, request: Request, next: Next) -> Response {
    let changes = matches!(*request.method(), Method::POST | Method::PUT | Method::DELETE);
    let key = match key(request.headers()) {
        Ok(Some(key)) if changes => key,
        Ok(_) => return next.run(request).await,
        Err(refusal) => return refusal.into_response(),
    };
    let key = RequestKey {
        sid: caller.sid.clone(),
        key,
    };
    match answered_once(&api, key, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut sent = headers.get_all(HEADER).iter();
    let (Some(value), more) = (sent.next(), sent.next()) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    // The draft writes keys as quoted strings (RFC 8941); most clients leave the quotes out.
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let good = more.is_none() && (1..=LENGTH_MAX).contains(&inner.len());
    match good && inner.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(Some(inner.to_owned())),
        false => Err(ApiError::bad_request().and(
            "Idempotency-Key",
            "expected one key of 1 to 255 visible ASCII characters",
        )),
    }
}

async fn answered_once(
    api: &Api,
    key: RequestKey,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let at_work = || {
        ApiError::conflict(
            "Idempotency-Key",
            "the first request with this key is still at work",
        )
    };
    let (parts, body) = request.into_parts();
    // A body that hangs on a way that is gone holds no key: the same request may come again on another.
    let bytes = raw(Request::from_parts(parts.clone(), body), api).await?;
    let _working = api.at_work.begin(&key).ok_or_else(at_work)?;
    let begun = api
        .backend
        .begin_request(key.clone(), fingerprint(&parts, &bytes))
        .await?;
    match begun {
        Begun::Fresh => {}
        Begun::Answered(answer) => return Ok(replayed(answer)),
        Begun::Other => return Err(ApiError::other_request()),
        Begun::Unfinished => {
            let message = "how this ended was not kept: the bridge stopped, or was too slow, or its answer was over 8 MiB or one of too many at once; look what came of it, and go on with a new key";
            return Err(ApiError::conflict("Idempotency-Key", message));
        }
        Begun::Full(limit) => return Err(full(api, limit)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    kept(api, key, response).await
}

/// The refusal of a key for which there is no room.
fn full(api: &Api, limit: KeyLimit) -> ApiError {
    let most = limit.most();
    let (refusal, is_reached) = match limit {
        KeyLimit::Keys => {
            api.limited.note(|counts| counts.keys_refused += 1);
            let is_reached = format!("this account has used {most} keys, as many as are kept");
            (ApiError::too_many_requests(FULL_RETRY_S), is_reached)
        }
        KeyLimit::AccountBytes => {
            api.limited.note(|counts| counts.keys_refused_for_account += 1);
            let is_reached = format!(
                "the answers kept for this account take {} MiB, the most",
                most >> 20
            );
            (ApiError::too_many_requests(FULL_RETRY_S), is_reached)
        }
        KeyLimit::TenantBytes => {
            api.limited.note(|counts| counts.keys_refused_for_tenant += 1);
            let is_reached = format!(
                "the answers kept for this tenant and all accounts below it take {} MiB, the most",
                most >> 20
            );
            (ApiError::too_many_requests(FULL_RETRY_S), is_reached)
        }
        KeyLimit::AllBytes => {
            api.limited.note(|counts| counts.keys_refused_for_all += 1);
            let is_reached = format!(
                "the answers kept for all accounts take {} MiB, the most",
                most >> 20
            );
            (ApiError::unavailable_for(FULL_RETRY_S), is_reached)
        }
    };
    refusal.and("Idempotency-Key", format!("{is_reached}, {FULL_ADVICE}"))
}

/// What makes a request the same again: its method, address and body.
fn fingerprint(parts: &Parts, body: &Bytes) -> [u8; 32] {
    let mut hash = Blake2s256::new();
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        body,
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Keeps the answer before it is given. What changed nothing and may end otherwise next time is not kept.
async fn kept(api: &Api, key: RequestKey, response: Response) -> Result<Response, ApiError> {
    if response.extensions().get::<Open>().is_some() {
        // Done again it might be done twice: the key stays unfinished, and says so.
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    // It is in memory already, as every answer to a change.
    let body = to_bytes(body, usize::MAX)
        .await
        .map_err(|_| ApiError::internal())?;
    let unkept = || api.limited.note(|counts| counts.answers_unkept += 1);
    if body.len() > KeptAnswer::BODY_MAX {
        // It is done and told: only the disk is spared.
        unkept();
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let passing = [
        StatusCode::PRECONDITION_FAILED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::UNAUTHORIZED,
    ];
    let written = if parts.status.is_server_error() || passing.contains(&parts.status) {
        api.backend.forget_request(key).await
    } else {
        let answer = KeptAnswer {
            status: parts.status.as_u16(),
            headers: headers(&parts.headers),
            body: body.to_vec(),
        };
        let kept = api.backend.finish_request(key, answer).await;
        if kept != Ok(true) {
            unkept();
        }
        kept.map(|_| ())
    };
    if written.is_err() {
        // It is done all the same; whoever repeats it is told that its end is not known.
        tracing::error!("the answer to a request with an Idempotency-Key was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn headers(all: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName| Some((name.to_string(), all.get(name)?.to_str().ok()?.to_owned()));
    KEPT.iter().filter_map(text).collect()
}

fn replayed(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    // What the body was made of decides its type, not that it is octets now.
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
