use serde_json::json;

use crate::openapi::answer::{Content, Refusal, Success};
use crate::openapi::operation::Operation;
use crate::openapi::page;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "getLiveness",
        summary: "Whether the program runs",
        ..Operation::open(
            "/livez",
            Success::new(200, "It runs.", Content::Json(alive, || json!({"status": "ok"}))),
        )
    },
    Operation {
        id: "getReadiness",
        summary: "Whether the bridge takes calls",
        ..Operation::open("/readyz", READINESS)
    },
    Operation {
        id: "getOpenApi",
        summary: "This document",
        ..Operation::open(
            "/openapi.json",
            Success::new(
                200,
                "This document.",
                Content::Json(object, || json!({"openapi": "3.1.0"})),
            ),
        )
    },
    Operation {
        id: "getReferencePage",
        summary: "This document in a browser, where calls can be tried out",
        ..Operation::open(
            "/docs",
            Success::new(200, "The page.", Content::Text(&[page::HTML])),
        )
    },
    Operation {
        id: "getReferencePageFile",
        summary: "Styles and scripts of the page",
        refusals: &[Refusal::NotFound],
        ..Operation::open(
            "/docs/{file}",
            Success::new(200, "The file.", Content::Text(&[page::CSS, page::SCRIPT])),
        )
    },
];

const READINESS: Success = Success {
    or: Some((503, "It does not, and why.")),
    ..Success::new(
        200,
        "It does.",
        Content::Json(ready, || json!({"ready": true, "reasons": []})),
    )
};

fn alive() -> serde_json::Value {
    json!({"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}})
}

fn ready() -> serde_json::Value {
    json!({
        "type": "object",
        "required": ["ready", "reasons"],
        "properties": {
            "ready": {"type": "boolean"},
            "reasons": {"type": "array", "items": {"type": "string"}, "description": "Why not."},
        },
    })
}

fn object() -> serde_json::Value {
    json!({"type": "object"})
}
