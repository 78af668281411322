//! Refusals as they travel: `{"code": …, "message": …, "errors": [{"field": …, "message": …}]}`.

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use model::attribute::AttributeError;
use model::directory::Fault;
use schemars::JsonSchema;
use serde::Serialize;

use crate::backend::{CommandError, EditRefused, Unavailable, Unlisted};
use crate::filter;

/// RFC 7617; the realm is the same for everybody.
const CHALLENGE: &str = "Basic realm=\"conference\", charset=\"UTF-8\"";
/// Seconds after which a request that found the bridge too busy is worth repeating.
const BUSY_RETRY_S: u64 = 1;
/// The same of a list that took too long: it would take as long again, unless others kept the bridge busy. Clients that repeat by themselves do so
/// sooner where nobody says when.
const LONG_RETRY_S: u64 = 60;
/// How a list that takes too long is had all the same.
const NARROW: &str = "the list took too long to be found, as the same would again; ask for fewer by a time \
                      (created ge 1760000000000), a number or a meeting, or in the order it has without one";

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: &'static str,
    errors: Vec<FieldError>,
    header: Option<(HeaderName, HeaderValue)>,
    /// What was asked may have been done, or may yet be.
    is_open: bool,
}

/// Marks answers to requests of which nobody knows whether they were done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open;

/// What is wrong with one field.
#[derive(Debug, JsonSchema, Serialize)]
struct FieldError {
    /// Name of the field or parameter.
    field: String,
    /// What was expected.
    message: String,
}

/// Why a request was refused.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Error")]
pub(crate) struct Wire<'a> {
    /// The status.
    code: u16,
    /// What is wrong with the request as a whole.
    message: &'a str,
    /// What is wrong with single fields; may be empty.
    errors: &'a [FieldError],
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: &'static str) -> Self {
        Self {
            status,
            message,
            errors: Vec::new(),
            header: None,
            is_open: false,
        }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    /// The same refusal, naming one more field.
    pub(crate) fn and(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }

    /// 400: the request as such is wrong.
    pub(crate) fn bad_request() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad request")
    }

    /// 400: the body is not a JSON object.
    pub(crate) fn not_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "No JSON object could be decoded")
    }

    /// 400: `field` holds what it can't.
    pub(crate) fn wrong_value(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Wrong value").and(field, message)
    }

    /// 400: required fields are missing; name them with [`ApiError::and`].
    pub(crate) fn incomplete() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Object validation error")
    }

    /// 400: there is no such field, or it can't be set.
    pub(crate) fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid field specific").and(field, message)
    }

    /// 401: no credentials, or none that can be read.
    pub(crate) fn unauthorized() -> Self {
        Self::challenge("Unauthorized")
    }

    /// 401: credentials that are not good.
    pub(crate) fn bad_credentials() -> Self {
        Self::challenge("Bad credentials")
    }

    fn challenge(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE))
    }

    /// 403: the caller's role may not.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// 404: there is no such object, or it is somebody else's.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found")
    }

    /// 404: the same for what is addressed by SID.
    pub(crate) fn no_such_sid() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Cannot find object by SID")
    }

    /// 405; the answer keeps the `Allow` header it came with.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
    }

    /// 408: the body did not come in time.
    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "Request timeout")
    }

    /// 409: `field` is already taken.
    pub(crate) fn conflict(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict").and(field, message)
    }

    /// 412: the object is not, or no longer, as the client saw it; `header` is the one that says so.
    pub(crate) fn precondition_failed(header: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "Precondition failed").and(header, message)
    }

    /// 413: the body is longer than any object.
    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large")
    }

    /// 415: the body is not declared as plain JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
    }

    /// 422: the key of a change came with another change before.
    pub(crate) fn other_request() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Unprocessable entity").and(
            "Idempotency-Key",
            "this key came with another request within the last day; a new request needs a new key",
        )
    }

    /// 429: too many requests, or too many wrong credentials; good again after `seconds`.
    pub(crate) fn too_many_requests(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests")
            .with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 500: our fault.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    }

    /// 503: the bridge is too busy, or its store can't be written to.
    pub(crate) fn unavailable() -> Self {
        Self::unavailable_for(BUSY_RETRY_S)
    }

    /// 503: the same, or there is no room; good again after `seconds`.
    pub(crate) fn unavailable_for(seconds: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
            .with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 503: the same, and what was asked may have been done all the same.
    fn open() -> Self {
        Self {
            is_open: true,
            ..Self::unavailable()
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let wire = Wire {
            code: self.status.as_u16(),
            message: self.message,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        if self.is_open {
            response.extensions_mut().insert(Open);
        }
        response
    }
}

impl From<CommandError> for ApiError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Gone => Self::not_found(),
            CommandError::Refused { field, message } => Self::wrong_value(field, message),
            CommandError::Forbidden { field, message } => Self::forbidden().and(field, message),
            CommandError::Full { field, message } => Self::unavailable().and(field, message),
            CommandError::Busy => Self::unavailable(),
            CommandError::Timeout => Self::open(),
        }
    }
}

impl From<EditRefused> for ApiError {
    fn from(refused: EditRefused) -> Self {
        let error = match refused {
            EditRefused::Error(error) => error,
            EditRefused::Unavailable => return Self::unavailable(),
            EditRefused::Unknown => return Self::open(),
        };
        match error.fault {
            Fault::Invalid => Self::wrong_value(error.field, error.message),
            Fault::Conflict => Self::conflict(error.field, error.message),
            Fault::Missing => Self::not_found(),
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::unavailable()
    }
}

impl From<Unlisted> for ApiError {
    fn from(unlisted: Unlisted) -> Self {
        match unlisted {
            Unlisted::Unavailable => Self::unavailable(),
            Unlisted::TooLong => Self::unavailable_for(LONG_RETRY_S).and(filter::PARAMETER, NARROW),
        }
    }
}

impl From<AttributeError> for ApiError {
    fn from(error: AttributeError) -> Self {
        Self::wrong_value(error.name(), error.to_string())
    }
}
