//! From which pages a browser may use the credentials that it sends along from any.
//!
//! What carries JSON no page of somebody else can send: a browser asks first whether it may, and is refused. That leaves what needs no body,
//! and WebSocket.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::router::Api;

/// The request comes from no page, or from one of this very address.
pub(crate) struct OwnPage;

impl FromRequestParts<Api> for OwnPage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match is_own(&parts.headers, api.settings.public_url.as_deref()) {
            true => Ok(Self),
            false => Err(ApiError::forbidden()),
        }
    }
}

fn is_own(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let (origin, host) = (origin.to_str().unwrap_or_default(), headers.get(HOST));
    let own = host
        .and_then(|host| host.to_str().ok())
        .map(|host| format!("https://{host}"));
    let public = public_url.map(|url| url.trim_end_matches('/'));
    let known = [own.as_deref(), public];
    known
        .into_iter()
        .flatten()
        .any(|known| known.eq_ignore_ascii_case(origin))
}
