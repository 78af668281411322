//! The collection for Postman, made from the OpenAPI document.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::contract::DOCUMENT;

/// What Postman asks of a collection like ours, in our own words: it says itself how it differs from the official schema.
const FORMAT: &str = include_str!("../postman-2.1-schema.json");

#[test]
fn the_postman_collection_in_the_repository_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("postman.json");
    let text = serde_json::to_string_pretty(&collection()).unwrap() + "\n";
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        std::fs::write(&path, text).unwrap();
        panic!("{} was stale and has been rewritten: commit it", path.display());
    }
}

fn postman() -> Validator {
    let schema: Value = serde_json::from_str(FORMAT).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_collection_has_the_form_that_postman_reads() {
    let (postman, collection) = (postman(), collection());
    let errors: Vec<_> = postman
        .iter_errors(&collection)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn what_postman_would_not_read_or_pass_over_is_refused() {
    let postman = postman();
    for (place, value) in [
        ("/info/schema", json!("https://example.com/collection.json")),
        ("/auth/basic/0/key", json!("login")),
        ("/item/0/item", json!([])),
        ("/item/0/item/0/request", json!({})),
        ("/item/0/item/0/request/method", json!("get")),
        ("/item/0/item/0/request/url/host", json!([])),
        (
            "/item/0/item/0/request/url/path",
            json!(["conference/v1", "calls"]),
        ),
        (
            "/item/0/item/0/request/url/query",
            json!([{"key": "limit", "value": "1", "disabeld": true}]),
        ),
    ] {
        let mut damaged = collection();
        *damaged.pointer_mut(place).unwrap() = value;
        assert!(!postman.is_valid(&damaged), "{place}");
    }
}

#[test]
fn every_address_of_the_collection_is_the_same_in_one_piece_and_in_parts() {
    let collection = collection();
    let folders = list(&collection["item"]).iter();
    for item in folders.flat_map(|folder| list(&folder["item"])) {
        let url = &item["request"]["url"];
        let parts = |name: &str| list(&url[name]).iter().map(text).collect::<Vec<_>>();
        let (host, path) = (parts("host"), parts("path"));
        assert_eq!(url["raw"], format!("{}/{}", host.join("."), path.join("/")));
        let in_path = path.iter().filter_map(|word| word.strip_prefix(':'));
        let variables = list(&url["variable"]);
        let named = variables.iter().filter_map(|variable| variable["key"].as_str());
        assert_eq!(
            in_path.collect::<BTreeSet<_>>(),
            named.collect::<BTreeSet<_>>(),
            "{url}"
        );
        assert!(
            variables.iter().all(|variable| variable["value"] != ""),
            "{url} leads nowhere"
        );
    }
}

/// A folder a tag, a request an operation; address and login are variables of the collection.
fn collection() -> Value {
    let variable = |key: &str, value: &str| json!({"key": key, "value": value});
    let folders = list(&DOCUMENT["tags"]).iter().map(folder);
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
    let parameters = list(&operation["parameters"]).iter().map(resolved);
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

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
