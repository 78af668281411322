//! Whatever a world is told must be as the OpenAPI document says that events are.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use jsonschema::Validator;
use model::Happening;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(&api::openapi()).expect("the document is JSON");
    // What it does not name is none of it.
    for name in ["Event", "EventActor", "EventData"] {
        document["components"]["schemas"][name]["additionalProperties"] = json!(false);
    }
    document["$ref"] = json!("#/components/schemas/Event");
    jsonschema::validator_for(&document).expect("the document has a schema of events")
});

/// Events that were looked at: their data, and all the rest but numbers.
static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

fn seen() -> MutexGuard<'static, HashSet<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fails where an event misses its schema. One that differs from an earlier one by ids and times alone is not looked at again.
pub(crate) fn check(happening: &Happening) {
    let event: Value = serde_json::from_slice(&api::event_body(happening)).expect("events are JSON");
    let without_numbers = |text: String| text.replace(|letter: char| letter.is_ascii_digit(), "");
    let form = format!("{} {}", event["data"], without_numbers(event.to_string()));
    if seen().contains(&form) {
        return;
    }
    let errors: Vec<_> = SCHEMA
        .iter_errors(&event)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{event}: {}", errors.join("; "));
    seen().insert(form);
}
