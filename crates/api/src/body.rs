//! Request bodies: one JSON object, at one address a list, read strictly.
//!
//! Refused: other media types (415), more than 1 MiB (413), a body that does not come within 30 s (408) or breaks off, invalid UTF-8 or
//! JSON, anything but what is expected, nesting beyond 64, U+0000 anywhere, and a key that stands twice: whichever of the two a
//! reader takes, another takes the other.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Longest body, in octets.
pub(crate) const BODY_MAX: usize = 1024 * 1024;
/// Time for a body to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Deepest nesting of objects and lists.
const DEPTH_MAX: usize = 64;

/// The object a request carries.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Map<String, Value>);

/// The list a request carries, for the one address that takes a list.
#[derive(Debug)]
pub(crate) struct ListBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        object(&octets(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for ListBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let value = json(&octets(request, state).await?)?;
        match value.is_array() {
            true => Ok(Self(value)),
            false => Err(ApiError::bad_request().and("", "expected a list")),
        }
    }
}

async fn octets<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    check_media_type(request.headers())?;
    raw(request, state).await
}

/// What a request carries, of whatever type.
///
/// # Errors
/// 408 when it does not come in time, 413 when it is too long, 400 when it broke off.
pub(crate) async fn raw<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state))
        .await
        .map_err(|_| ApiError::too_slow())?
        .map_err(|rejection| match rejection.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
            _ => ApiError::bad_request().and("", "the body broke off"),
        })
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let media_type = text(CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let plain = text(CONTENT_ENCODING).is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    match plain && essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(ApiError::unsupported_media_type()),
    }
}

/// Reads one JSON object.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let kind = match json(bytes)? {
        Value::Object(map) => return Ok(map),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
    };
    // Its syntax is good: whoever looks for a fault there finds none.
    Err(ApiError::not_json().and("", format!("expected an object, not {kind}")))
}

/// Reads one JSON value.
fn json(bytes: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::not_json())?;
    let fault = RefCell::new(None);
    let strict = Strict {
        depth: 0,
        fault: &fault,
        field: "",
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = strict.deserialize(&mut reader);
    if let Some(error) = fault.take() {
        return Err(error);
    }
    match (value, reader.end()) {
        (Ok(value), Ok(())) => Ok(value),
        _ => Err(ApiError::not_json()),
    }
}

/// Builds a [`Value`], keeping in `fault` why it stopped; `field` is the key of the outermost object it is within.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a RefCell<Option<ApiError>>,
    field: &'a str,
}

impl<'a> Strict<'a> {
    fn fail<T, E: Error>(self, message: &str) -> Result<T, E> {
        *self.fault.borrow_mut() = Some(ApiError::wrong_value(self.field, message));
        Err(E::custom(message))
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return self.fail("nested deeper than 64 levels");
        }
        Ok(Self {
            depth: self.depth.saturating_add(1),
            ..self
        })
    }

    fn text<E: Error>(self, text: String) -> Result<String, E> {
        match text.contains('\0') {
            true => self.fail("U+0000 is not allowed"),
            false => Ok(text),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let key = self.text(key)?;
            let field = if self.depth == 0 { key.as_str() } else { self.field };
            let here = Strict { field, ..inner };
            if map.contains_key(&key) {
                return here.fail("stands twice");
            }
            let value = object.next_value_seed(here)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        format!("{:?}", object(bytes).unwrap_err())
    }

    #[test]
    fn only_one_whole_json_object_is_taken() {
        for bytes in [
            &b""[..],
            b"{",
            b"[]",
            b"1",
            b"null",
            b"{} x",
            b"{\"a\": NaN}",
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\\ud800\"}",
            b"{'a': 1}",
            b"{\"a\": 1,}",
        ] {
            assert!(
                refusal(bytes).contains("No JSON object could be decoded"),
                "{bytes:?}"
            );
        }
        assert_eq!(object(b" {\"a\": [1, -2, 0.5, null, true]} ").unwrap().len(), 1);
    }

    #[test]
    fn what_is_json_but_no_object_is_told_so() {
        for (text, kind) in [
            ("[]", "a list"),
            ("[{}]", "a list"),
            ("1", "a number"),
            ("\"a\"", "a string"),
            ("true", "a boolean"),
            ("null", "null"),
        ] {
            let refusal = refusal(text.as_bytes());
            let expected = format!("expected an object, not {kind}");
            assert!(refusal.contains(&expected), "{text}: {refusal}");
        }
        assert!(!refusal(b"[").contains("expected an object"));
    }

    #[test]
    fn a_refusal_names_the_field_it_is_about() {
        for (text, field, message) in [
            (r#"{"a": 1, "a": 2}"#, "a", "stands twice"),
            (r#"{"a": {"b": 1, "b": 2}}"#, "a", "stands twice"),
            (r#"{"a": ["x\u0000"]}"#, "a", "U+0000"),
            (r#"{"x\u0000": 1}"#, "", "U+0000"),
        ] {
            let refusal = refusal(text.as_bytes());
            assert!(
                refusal.contains(message) && refusal.contains(&format!("field: \"{field}\"")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn nesting_ends_at_sixty_four() {
        let nested = |depth: usize| format!("{{\"a\": {}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(object(nested(64).as_bytes()).is_ok());
        assert!(refusal(nested(65).as_bytes()).contains("deeper"));
        assert!(refusal(nested(100_000).as_bytes()).contains("deeper"));
    }
}
