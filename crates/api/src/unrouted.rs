//! Refusals of whoever accepts connections, of requests that the router never got or did not answer: shaped as all others are.

use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::router::uncached;

/// 400: the request names no host, or more than one (RFC 9112, section 3.2).
pub fn not_one_host() -> Response {
    uncached(
        ApiError::bad_request()
            .and("Host", "expected once")
            .into_response(),
    )
}

/// 503: the router did not answer in time; what was asked may have been done, or may yet be.
pub fn out_of_time() -> Response {
    uncached(ApiError::unavailable().into_response())
}
