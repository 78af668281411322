//! The collection for Postman, made from the OpenAPI document.

use std::path::Path;

use serde_json::{Value, json};

use crate::contract::DOCUMENT;

#[test]
fn the_postman_collection_in_the_repository_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("postman.json");
    let text = serde_json::to_string_pretty(&collection()).unwrap() + "\n";
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        std::fs::write(&path, text).unwrap();
        panic!("{} was stale and has been rewritten: commit it", path.display());
    }
}

/// A folder a tag, a request an operation; address and login are variables of the collection.
fn collection() -> Value {
    let variable = |key: &str, value: &str| json!({"key": key, "value": value});
    let folders = DOCUMENT["tags"].as_array().unwrap().iter().map(folder);
    json!({
        "info": {
            "name": DOCUMENT["info"]["title"],
            "description": DOCUMENT["info"]["description"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {"type": "basic", "basic": [
            {"key": "username", "value": "{{login}}", "type": "string"},
            {"key": "password", "value": "{{password}}", "type": "string"},
        ]},
        "variable": [variable("url", "https://127.0.0.1:8443"), variable("login", "demo"), variable("password", "")],
        "item": folders.collect::<Vec<_>>(),
    })
}

fn folder(tag: &Value) -> Value {
    let mut items = Vec::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["tags"][0] == tag["name"] {
                items.push(item(path, method, operation));
            }
        }
    }
    json!({"name": tag["name"], "description": tag["description"], "item": items})
}

fn item(path: &str, method: &str, operation: &Value) -> Value {
    let parameters = operation["parameters"].as_array().unwrap().iter().map(resolved);
    let (variables, queries): (Vec<_>, Vec<_>) = parameters
        .filter(|parameter| parameter["in"] != "header")
        .partition(|parameter| parameter["in"] == "path");
    let variables = variables.into_iter().map(|parameter| {
        json!({"key": parameter["name"], "value": text(&parameter["example"]), "description": parameter["description"]})
    });
    let queries = queries.into_iter().map(|parameter| {
        json!({"key": parameter["name"], "value": "", "disabled": true, "description": parameter["description"]})
    });
    let path = path.replace('{', ":").replace('}', "");
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let mut request = json!({
        "method": method.to_uppercase(),
        "header": [],
        "description": operation["description"],
        "url": {
            "raw": format!("{{{{url}}}}{path}"),
            "host": ["{{url}}"],
            "path": parts,
            "variable": variables.collect::<Vec<_>>(),
            "query": queries.collect::<Vec<_>>(),
        },
    });
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        request["body"] = json!({
            "mode": "raw",
            "raw": serde_json::to_string_pretty(example).unwrap(),
            "options": {"raw": {"language": "json"}},
        });
    }
    json!({"name": operation["summary"], "request": request})
}

fn resolved(parameter: &Value) -> &Value {
    match parameter["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(&reference[1..]).unwrap(),
        None => parameter,
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
