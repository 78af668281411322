//! What an answer must look like: JSON in which some texts stand for any value of a kind.

use serde_json::Value;

/// Any number.
pub(crate) const NUMBER: &str = "<number>";
/// A time in epoch ms of this year or later.
pub(crate) const TIME: &str = "<time>";
/// Any text.
pub(crate) const TEXT: &str = "<text>";
/// Any text, or no such field.
pub(crate) const TEXT_OR_NONE: &str = "<text or none>";
/// A list of anything.
pub(crate) const LIST: &str = "<list>";

/// Compares field by field; panics with the place where they differ.
pub(crate) fn assert_shape(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in expected {
                let place = format!("{place}.{name}");
                match found.get(name) {
                    Some(found) => assert_shape(found, value, &place),
                    None => assert_eq!(value, TEXT_OR_NONE, "{place} is missing"),
                }
            }
            let extra: Vec<_> = found
                .keys()
                .filter(|name| !expected.contains_key(*name))
                .collect();
            assert!(
                extra.is_empty(),
                "{place} has {extra:?} beside what is documented"
            );
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{place}: {found:?}");
            for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_shape(found, expected, &format!("{place}[{n}]"));
            }
        }
        (found, Value::String(kind)) if kind.starts_with('<') => assert_kind(found, kind, place),
        (found, expected) => assert_eq!(found, expected, "{place}"),
    }
}

fn assert_kind(found: &Value, kind: &str, place: &str) {
    /// The first of 2026, when the bridge was younger.
    const LATELY_MS: i64 = 1_767_225_600_000;
    let good = match kind {
        NUMBER => found.is_number(),
        TIME => found.as_i64().is_some_and(|ms| ms > LATELY_MS),
        TEXT | TEXT_OR_NONE => found.is_string(),
        LIST => found.is_array(),
        other => panic!("{other} is no kind"),
    };
    assert!(good, "{place}: expected {kind}, found {found}");
}
