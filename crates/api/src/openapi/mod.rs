//! The OpenAPI 3.1 document, made from the code and served at `/openapi.json`: what is answered from the types in `dto`, what is
//! asked from the lists of fields that the handlers check, and one row of `operations` a route and method.
//!
//! To add an operation, write its row into the file of its tag in `operations`; `Operation::list`, `read`, `create`, `update`,
//! `delete`, `steer` and `end` say what such operations have in common, and `..` takes it over. A new object derives `JsonSchema` in
//! `dto`, with a line of documentation a field, and has an example in `example.rs`. A body is a `Shape` beside the row: the handler's
//! own lists of fields, and values where they differ from what is answered. `cargo test -p api` tells what is missing, and
//! writes `crates/api/openapi.json` and `postman.json` anew. What changes something has its place in `tests/e2e/support/operations.rs`, by
//! which every example call is run.
//!
//! Headers that requests may carry (`If-Match`, `Idempotency-Key`) stand in `parameter::HEADERS`, headers of answers (`ETag`) in
//! `answer::HEADERS`.

mod answer;
mod example;
mod operation;
mod operations;
pub(crate) mod page;
mod parameter;
mod posted;
mod request;
mod schema;

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

pub(crate) use schema::{AttributeName, CauseName, LiveName};

const ABOUT: &str = "\
Steers calls and meetings while they last, and configures numbers, meeting rooms, access codes and accounts. What is answered \
2xx is on disk and in force.

**Log in** by HTTP Basic over HTTPS. What belongs to another account is answered as if it did not exist (404).

**Lists** come in pages: `limit` (10 unless given, 1000 at most), `offset`, `order`. Both documented envelopes are sent at once; \
`envelope=items` or `envelope=collection` leaves one of them. `include_fields` and `exclude_fields` choose fields: the required \
fields of the schemas are those sent when nothing is chosen.

**Changes** are partial: fields that are absent stay as they are. An object that was read may be sent back whole. Numbers are \
also taken as texts of digits; unknown fields and unknown parameters are refused, by name.

**Times** are milliseconds since 1970, durations whole seconds.

**Refusals** are objects with `code`, `message` and `errors`, which names each field at fault and what was expected. A method \
that an address does not know is answered 405 with `Allow`; every address answers OPTIONS, and HEAD where it answers GET.";

/// The document.
pub(crate) fn document() -> Value {
    let mut schemas = schema::Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for (tag, operation) in operations::all() {
        let path = paths.entry(operation.full_path()).or_insert_with(|| json!({}));
        path[operation.method.name()] = operation.document(tag, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Partyline conference API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Telephone conferences: calls, meetings, rooms, numbers, accounts.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The bridge that serves this document."}],
        "security": [{"basic": []}],
        "tags": operations::tags(),
        "paths": paths,
        "webhooks": posted::webhooks(&mut schemas),
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic", "description": "Login and password of a subscriber."}},
            "parameters": parameter::components(),
            "headers": answer::headers(),
            "responses": answer::refusals(),
            "schemas": schemas.finish(),
        },
    })
}

/// The document as it is served and kept.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// GET /openapi.json
pub(crate) async fn serve() -> Response {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| text().into());
    ([(CONTENT_TYPE, "application/json")], text.clone()).into_response()
}
