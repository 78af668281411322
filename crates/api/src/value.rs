//! Values of body fields, read leniently where the contract says so (numbers as texts) and checked.

use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::http::Uri;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Longest name of a call, account or group, in characters.
pub(crate) const NAME_MAX: usize = 255;
/// Longest other text, in characters.
pub(crate) const TEXT_MAX: usize = 4096;
/// Longest telephone number, in digits (ITU-T E.164).
const PHONE_MAX: usize = 15;
/// Longest address of the web, in characters.
const URL_MAX: usize = 2048;

/// Refuses fields that are not one of `known`, all at once.
pub(crate) fn only(body: &Map<String, Value>, known: &[&[&str]]) -> Result<(), ApiError> {
    let mut unknown = body
        .keys()
        .filter(|field| !known.iter().any(|names| names.contains(&field.as_str())));
    let Some(first) = unknown.next() else {
        return Ok(());
    };
    let message = "there is no such field";
    let refusal = ApiError::invalid_field(first, message);
    Err(unknown.fold(refusal, |refusal, field| refusal.and(field, message)))
}

/// Refuses a body in which one of `fields` is absent, naming all that are.
pub(crate) fn require(body: &Map<String, Value>, fields: &[&str]) -> Result<(), ApiError> {
    let missing = |field: &&&str| present(body, field).is_none();
    let mut missing = fields.iter().filter(missing).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    Err(missing.fold(ApiError::incomplete(), |refusal, field| {
        refusal.and(*field, "is required")
    }))
}

/// Refuses fields that can't be changed, unless they come as they are (an object that was read may be sent back).
pub(crate) fn unchanged(body: &Map<String, Value>, current: &Value, fields: &[&str]) -> Result<(), ApiError> {
    for field in fields {
        let same = |sent: &Value| same(sent, current.get(field).unwrap_or(&Value::Null));
        if !body.get(*field).is_none_or(same) {
            return Err(ApiError::invalid_field(*field, "cannot be changed"));
        }
    }
    Ok(())
}

/// What of `body` is to change: the fields that do not come as `current` has them (an object that was read may be sent back).
/// Refuses changes of `fixed` fields, all at once.
pub(crate) fn changes(
    body: &Map<String, Value>,
    current: &impl Serialize,
    fixed: &[&str],
) -> Result<Map<String, Value>, ApiError> {
    let current = serde_json::to_value(current).unwrap_or_default();
    let mut changes = body.clone();
    changes.retain(|field, sent| !same(sent, current.get(field).unwrap_or(&Value::Null)));
    none_of(&changes, fixed)?;
    Ok(changes)
}

fn none_of(changes: &Map<String, Value>, fields: &[&str]) -> Result<(), ApiError> {
    let mut fixed = fields.iter().filter(|field| changes.contains_key(**field));
    let Some(first) = fixed.next() else {
        return Ok(());
    };
    let message = "cannot be changed";
    let refusal = ApiError::invalid_field(*first, message);
    Err(fixed.fold(refusal, |refusal, field| refusal.and(*field, message)))
}

/// Whether it comes as it is; a number may be written otherwise.
fn same(sent: &Value, current: &Value) -> bool {
    let number = |value: &Value| {
        let whole = value.as_u64().map(i128::from);
        let whole = whole.or_else(|| value.as_i64().map(i128::from));
        whole.or_else(|| written_otherwise(value))
    };
    sent == current || (current.is_number() && number(current).is_some_and(|it| number(sent) == Some(it)))
}

/// A whole number within `range`, however it is written.
pub(crate) fn integer(field: &str, value: &Value, range: RangeInclusive<i64>) -> Result<i64, ApiError> {
    let number = value.as_i64().or_else(|| written_otherwise(value));
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        let expected = format!(
            "expected a whole number from {} to {}",
            range.start(),
            range.end()
        );
        ApiError::wrong_value(field, expected)
    })
}

/// An id: a number, or a text that is one.
pub(crate) fn id(field: &str, value: &Value) -> Result<u64, ApiError> {
    let number = value.as_u64().or_else(|| written_otherwise(value));
    number.ok_or_else(|| ApiError::wrong_value(field, "expected an id"))
}

/// A whole number as a text, or with a fraction of nothing: to JSON Schema, and so to the document, 5.0 is an integer.
fn written_otherwise<N: FromStr>(value: &Value) -> Option<N> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    format!("{number:.0}").parse().ok()
}

/// `true` or `false`.
pub(crate) fn boolean(field: &str, value: &Value) -> Result<bool, ApiError> {
    value
        .as_bool()
        .ok_or_else(|| ApiError::wrong_value(field, "expected true or false"))
}

/// A text of at most `max` characters without control characters but line ends and tabs; null is the empty one.
pub(crate) fn text(field: &str, value: &Value, max: usize) -> Result<String, ApiError> {
    let text = if value.is_null() { Some("") } else { value.as_str() };
    let plain = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    let good = text.filter(|text| text.chars().count() <= max && text.chars().all(plain));
    let expected =
        || ApiError::wrong_value(field, format!("expected at most {max} characters of plain text"));
    good.map(str::to_owned).ok_or_else(expected)
}

/// A telephone number: digits without plus, whether they came as a text or as a number; null is none.
pub(crate) fn phone_number(field: &str, value: &Value) -> Result<String, ApiError> {
    let number = value.as_u64().map(|number| number.to_string());
    let text = if value.is_null() { Some("") } else { value.as_str() };
    let number = number.or_else(|| text.map(str::to_owned));
    let digits = |number: &String| number.len() <= PHONE_MAX && number.bytes().all(|b| b.is_ascii_digit());
    number
        .filter(digits)
        .ok_or_else(|| ApiError::wrong_value(field, "expected at most 15 digits in E.164 form without plus"))
}

/// Where something is to be sent: an http or https address of at most 2048 characters without credentials; `None` for null
/// and for the empty text.
pub(crate) fn url(field: &str, value: &Value) -> Result<Option<String>, ApiError> {
    let text = if value.is_null() { Some("") } else { value.as_str() };
    let good = |text: &&str| {
        let uri = Uri::try_from(*text)
            .ok()
            .filter(|_| text.len() <= URL_MAX && !text.contains('#'));
        let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
        let host = |uri: &Uri| {
            let authority = uri.authority();
            authority.is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'))
        };
        text.is_empty() || uri.is_some_and(|uri| web(&uri) && host(&uri))
    };
    let expected = || {
        let expected =
            "expected an http or https URL of at most 2048 characters, without credentials and fragment";
        ApiError::wrong_value(field, expected)
    };
    let text = text.filter(good).ok_or_else(expected)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// An access code: digits, whether they came as a text or as a number.
pub(crate) fn code(field: &str, value: &Value) -> Result<String, ApiError> {
    let number = value.as_u64().map(|number| number.to_string());
    let code = number.or_else(|| value.as_str().map(str::to_owned));
    let digits = |code: &String| (1..=20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    code.filter(digits)
        .ok_or_else(|| ApiError::wrong_value(field, "expected 1 to 20 digits"))
}

/// The value of an attribute, whatever came in as text; `None` for null.
pub(crate) fn attribute(name: &str, value: &Value) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(ApiError::wrong_value(name, "expected a text")),
    }
}

/// A list of objects.
pub(crate) fn objects<'a>(field: &str, value: &'a Value) -> Result<Vec<&'a Map<String, Value>>, ApiError> {
    let list = value.as_array().map(|list| list.iter().map(Value::as_object));
    list.and_then(Iterator::collect)
        .ok_or_else(|| ApiError::wrong_value(field, "expected a list of objects"))
}

/// The value of `field`, where there is one and it is not null.
pub(crate) fn present<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    body.get(field).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_number_is_taken_however_it_is_written() {
        for (value, expected) in [
            (json!(5), Some(5)),
            (json!("5"), Some(5)),
            (json!(5.0), Some(5)),
            (json!(-5.0), Some(-5)),
            (json!(5.5), None),
            (json!(1e300), None),
            (json!("5.0"), None),
            (json!(true), None),
            (json!([5]), None),
        ] {
            assert_eq!(integer("n", &value, -10..=10).ok(), expected, "{value}");
            let expected = expected.and_then(|number| u64::try_from(number).ok());
            assert_eq!(id("n", &value).ok(), expected, "{value}");
        }
    }

    #[test]
    fn what_comes_back_as_it_is_is_no_change_however_its_numbers_are_written() {
        for (sent, current, expected) in [
            (json!(5), json!(5), true),
            (json!(5.0), json!(5), true),
            (json!("5"), json!(5), true),
            (json!(5), json!(5.0), true),
            (json!(4.25), json!(4.25), true),
            (json!(-5.0), json!(-5), true),
            (json!(u64::MAX), json!(u64::MAX), true),
            (json!(u64::MAX.to_string()), json!(u64::MAX), true),
            (json!(5.5), json!(5), false),
            (json!(6.0), json!(5), false),
            (json!("5.0"), json!(5), false),
            (json!(5), json!("5"), false),
            (json!(5.0), json!("5"), false),
            (json!(0), json!(false), false),
            (json!(0), json!(null), false),
            (json!([5.0]), json!(5), false),
            (json!(null), json!(null), true),
        ] {
            assert_eq!(same(&sent, &current), expected, "{sent} for {current}");
        }
        let body = json!({"id": 5.0, "created": "7", "name": "x"});
        let body = body.as_object().unwrap();
        let current = json!({"id": 5, "created": 7, "name": "y"});
        assert!(unchanged(body, &current, &["id", "created"]).is_ok());
        let changed = changes(body, &current, &["id", "created"]).unwrap();
        assert_eq!(Value::Object(changed), json!({"name": "x"}));
    }
}
