//! Entity tags of stored objects, so that nobody overwrites what he has not seen (RFC 9110, sections 8.8.3 and 13.1).

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{ETAG, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use blake2::digest::consts::U16;
use blake2::{Blake2s, Digest};
use serde::Serialize;

use crate::error::ApiError;

/// What is told to who names another tag in `If-Match`.
pub(crate) const CURRENT_TAG: &str = "expected * or the tag that ETag of the object has now: read it again";
/// The same where there is no tag.
const UNTAGGED: &str =
    "expected * or no such header: what changes by itself, as calls, meetings and lists do, has no tags";
/// The headers as refusals name them.
const IF_MATCH: &str = "If-Match";
const IF_NONE_MATCH: &str = "If-None-Match";

/// What a request demands of the object it is about.
#[derive(Debug)]
pub(crate) struct Conditions {
    /// It must be one of these.
    only_if: Option<Tags>,
    /// It must be none of these.
    unless: Option<Tags>,
}

#[derive(Debug)]
enum Tags {
    Any,
    These(Vec<String>),
}

/// Answers a GET as it demands of what would be sent, whatever that is; all else is for the handlers, since it must be known before anything
/// is done. What is refused anyway is refused for that (RFC 9110, section 13.2).
pub(crate) async fn select(request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let conditions = Conditions::of(request.headers());
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    match conditions {
        Ok(conditions) => conditions.select(response),
        Err(refusal) => refusal.into_response(),
    }
}

impl Conditions {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self {
            only_if: Tags::read(headers, IF_MATCH)?,
            unless: Tags::read(headers, IF_NONE_MATCH)?,
        })
    }

    /// Refuses a change of an object that is not, or no longer, as the client saw it.
    pub(crate) fn allow(&self, object: &impl Serialize) -> Result<(), ApiError> {
        let tag = tag(object);
        self.check(|tags| tags.hold(&tag), CURRENT_TAG)
    }

    /// Refuses a change, for the sake of a tag, of what has none since it changes by itself, and a new object in a list, which has none either:
    /// only `*` is met.
    pub(crate) fn allow_untagged(&self) -> Result<(), ApiError> {
        self.check(Tags::is_any, UNTAGGED)
    }

    /// Refuses what is not as the headers demand; `expected` tells what `If-Match` would have to be.
    fn check(&self, is_met: impl Fn(&Tags) -> bool, expected: &'static str) -> Result<(), ApiError> {
        self.require(&is_met, expected)?;
        match self.excludes(is_met) {
            true => Err(ApiError::precondition_failed(
                IF_NONE_MATCH,
                "expected neither * nor the tag that ETag of the object has now",
            )),
            false => Ok(()),
        }
    }

    fn require(&self, is_met: impl Fn(&Tags) -> bool, expected: &'static str) -> Result<(), ApiError> {
        match self.only_if.as_ref().is_none_or(is_met) {
            true => Ok(()),
            false => Err(ApiError::precondition_failed(IF_MATCH, expected)),
        }
    }

    fn excludes(&self, is_met: impl Fn(&Tags) -> bool) -> bool {
        self.unless.as_ref().is_some_and(is_met)
    }

    /// `response`, unless another is wanted; its tag alone where the client has it already.
    fn select(&self, response: Response) -> Response {
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        let is_met = |tags: &Tags| tag.map_or(tags.is_any(), |tag| tags.hold(tag));
        let expected = tag.map_or(UNTAGGED, |_| CURRENT_TAG);
        if let Err(refusal) = self.require(is_met, expected) {
            return refusal.into_response();
        }
        match self.excludes(is_met) {
            true => not_modified(&response),
            false => response,
        }
    }
}

/// What is sent in place of `known`.
fn not_modified(known: &Response) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Some(tag) = known.headers().get(ETAG) {
        response.headers_mut().insert(ETAG, tag.clone());
    }
    response
}

/// `response`, which carries `object`, with its tag.
pub(crate) fn tagged(object: &impl Serialize, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(tag(object)) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

/// Names the state of an object: the same whatever fields of it are asked for.
fn tag(object: &impl Serialize) -> String {
    let mut hash = Blake2s::<U16>::new();
    hash.update(serde_json::to_vec(object).unwrap_or_default());
    let octets = hash.finalize();
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("\"{hex}\"")
}

impl Tags {
    fn read(headers: &HeaderMap, name: &'static str) -> Result<Option<Self>, ApiError> {
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            let text = value.to_str().unwrap_or_default().trim();
            if text == "*" {
                return Ok(Some(Self::Any));
            }
            let expected = "expected * or tags in quotes, as ETag gives them";
            let listed = listed(text).filter(|tags| !tags.is_empty());
            tags.extend(listed.ok_or_else(|| ApiError::bad_request().and(name, expected))?);
        }
        Ok((!tags.is_empty()).then_some(Self::These(tags)))
    }

    fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    fn hold(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|known| known == tag),
        }
    }
}

/// The tags of a list. Members may be empty, and commas stand in tags of others (RFC 9110, sections 5.6.1.2 and 8.8.3).
fn listed(text: &str) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let (tag, after) = first(rest)?;
        tags.push(tag.to_owned());
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

/// The tag that `text` begins with, in its quotes, and what is behind it. Proxies that compress make strong tags weak; ours name the state
/// of an object, so both are the same.
fn first(text: &str) -> Option<(&str, &str)> {
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let inner = tag.strip_prefix('"')?.find('"')?;
    // Each of the quotes is one octet long.
    tag.split_at_checked(inner.saturating_add(2))
}

impl<S: Send + Sync> FromRequestParts<S> for Conditions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.headers)
    }
}
