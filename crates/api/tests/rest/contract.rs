//! Every answer of every test is held against the OpenAPI document: a status that its operation does not name, a field that its
//! schema does not, or a header that is missing fails the test.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::{Method, Uri};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::world::Reply;

/// The document as it is served.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&api::openapi()).unwrap());

/// Parameters after which fields are absent that are required otherwise.
const CHOOSING: [&str; 3] = ["clude_fields=", "cludeFields=", "envelope="];

/// Fails where the document says something else of this answer.
pub fn check(method: &Method, uri: &Uri, reply: &Reply) {
    if method == Method::OPTIONS {
        return;
    }
    let request = format!("{method} {uri}: {reply:?}");
    let Some((template, operation)) = operation(method, reply) else {
        let refusal = pointer(&["components", "schemas", "Error"]);
        return matches(&refusal, reply, false, &request);
    };
    let status = reply.status.as_str();
    let told = &operation["responses"][status];
    assert!(!told.is_null(), "a status that is not documented: {request}");
    let place = match told["$ref"].as_str() {
        Some(reference) => reference.to_owned(),
        None => pointer(&["paths", &template, &name(method), "responses", status]),
    };
    let plain = place[1..].replace("%7B", "{").replace("%7D", "}");
    let response = DOCUMENT.pointer(&plain).expect("references lead somewhere");
    let headers = response["headers"].as_object().into_iter().flat_map(Map::keys);
    for header in headers.filter(|name| DOCUMENT["components"]["headers"][name.as_str()]["required"] == true)
    {
        assert!(!reply.header(header).is_empty(), "no {header}: {request}");
    }
    if method == Method::HEAD {
        return;
    }
    let Some(content) = response["content"].as_object() else {
        return assert_eq!(reply.text, "", "a body that is not documented: {request}");
    };
    let media_type = reply.header("content-type");
    assert!(
        content.contains_key(media_type),
        "{media_type} is not documented: {request}"
    );
    if media_type == "application/json" {
        let chosen = CHOOSING
            .iter()
            .any(|name| uri.query().unwrap_or_default().contains(name));
        let schema = format!("{place}/content/application~1json/schema");
        matches(&schema, reply, chosen, &request);
    }
}

/// The operation that answered, if the document knows one.
fn operation(method: &Method, reply: &Reply) -> Option<(String, &'static Value)> {
    let route = reply.route.as_ref()?;
    let parts = route.0.split('/').map(|part| match part.strip_prefix(':') {
        Some(variable) => format!("{{{variable}}}"),
        None => part.to_owned(),
    });
    let template = parts.collect::<Vec<_>>().join("/");
    let operation = DOCUMENT["paths"].get(&template)?.get(name(method))?;
    Some((template, operation))
}

fn name(method: &Method) -> String {
    match *method {
        Method::HEAD => "get".to_owned(),
        _ => method.as_str().to_lowercase(),
    }
}

/// A JSON pointer as the fragment of an address.
pub fn pointer(parts: &[&str]) -> String {
    let escaped = parts.iter().map(|part| {
        let part = part.replace('~', "~0").replace('/', "~1");
        format!("/{}", part.replace('{', "%7B").replace('}', "%7D"))
    });
    format!("#{}", escaped.collect::<String>())
}

fn matches(schema: &str, reply: &Reply, chosen: bool, request: &str) {
    let validator = validator(schema, chosen);
    let value = reply.json();
    let errors: Vec<_> = validator
        .iter_errors(&value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{schema} is missed: {}\n{request}",
        errors.join("; ")
    );
}

/// Validators by the place of their schema, and whether fields were chosen.
type Made = HashMap<(String, bool), Arc<Validator>>;

/// The validator of the schema at a place of the document.
pub fn validator(place: &str, chosen: bool) -> Arc<Validator> {
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    static WHOLE: LazyLock<Value> = LazyLock::new(|| closed(true));
    static CHOSEN: LazyLock<Value> = LazyLock::new(|| closed(false));
    let mut made = MADE.lock().unwrap();
    let make = || {
        let mut schema = if chosen { CHOSEN.clone() } else { WHOLE.clone() };
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["$ref"] = place.into();
        Arc::new(jsonschema::validator_for(&schema).unwrap())
    };
    made.entry((place.to_owned(), chosen))
        .or_insert_with(make)
        .clone()
}

/// The document with nothing allowed that it does not name; `whole` objects have what they require.
fn closed(whole: bool) -> Value {
    let mut document = DOCUMENT.clone();
    for schema in document["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .values_mut()
    {
        if schema["properties"].is_object() {
            let schema = schema.as_object_mut().unwrap();
            schema.insert("additionalProperties".into(), false.into());
            if !whole {
                schema.remove("required");
            }
        }
    }
    document
}
