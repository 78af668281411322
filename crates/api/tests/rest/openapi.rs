//! The document says what is served, in the form that OpenAPI 3.1 prescribes.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request};
use model::NewsKind;
use model::attribute::ATTRIBUTES;
use serde_json::{Map, Value};

use crate::contract::{DOCUMENT, pointer, validator};
use crate::fixture::PASSWORD;
use crate::world::{World, request};

/// The official schema of OpenAPI 3.1 documents, <https://spec.openapis.org/oas/3.1/schema/2022-10-07> (Apache-2.0).
const OFFICIAL: &str = include_str!("../openapi-3.1-schema.json");

const MANUAL: &str = include_str!("../../EVENTS.md");

#[test]
fn the_document_in_the_repository_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = api::openapi();
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        std::fs::write(&path, text).unwrap();
        panic!("{} was stale and has been rewritten: commit it", path.display());
    }
}

#[tokio::test]
async fn the_document_is_served_to_everybody() {
    let ask = Request::get("/openapi.json").body(Body::empty()).unwrap();
    let reply = World::new().send(ask).await;
    assert_eq!(reply.text, api::openapi());
    assert_eq!(reply.header("content-type"), "application/json");
}

#[test]
fn the_document_is_openapi() {
    let official: Value = serde_json::from_str(OFFICIAL).unwrap();
    let official = jsonschema::validator_for(&official).unwrap();
    let errors: Vec<_> = official
        .iter_errors(&DOCUMENT)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
}

/// `METHOD path` of every operation.
fn documented() -> BTreeSet<String> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let named = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .map(|method| format!("{} {path}", method.to_uppercase()))
            .collect::<Vec<_>>()
    };
    paths.flat_map(named).collect()
}

#[tokio::test]
async fn every_route_is_documented_and_every_operation_is_served() {
    let world = World::new();
    let mut served = BTreeSet::new();
    for path in api::paths() {
        let request = request(Method::OPTIONS, &path.replace(['{', '}'], ""), "alice", PASSWORD);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, 204, "{path}");
        let allow = reply.header("allow").split([',', ' ']).map(str::to_owned);
        let methods = allow.filter(|method| !matches!(method.as_str(), "" | "HEAD" | "OPTIONS"));
        served.extend(methods.map(|method| format!("{method} {path}")));
    }
    assert_eq!(documented(), served, "left: documented, right: served");
}

fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_is_for() {
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        assert!(name.len() > 5 && names.insert(name), "{method} {path}: {name:?}");
        assert!(operation["summary"].as_str().unwrap().len() > 5, "{name}");
        let variables = path
            .split('{')
            .skip(1)
            .map(|part| part.split('}').next().unwrap());
        let named = operation["parameters"].as_array().unwrap().iter();
        let named = named
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| &parameter["name"]);
        assert!(variables.eq(named), "{name} documents its path's variables");
    }
}

#[test]
fn every_field_of_every_object_has_a_word_of_explanation() {
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let told = property["description"].as_str().unwrap_or_default();
            assert!(!told.is_empty() || field == "id", "{name}.{field}");
        }
    }
}

#[test]
fn every_attribute_is_named_and_explained() {
    let schema = &DOCUMENT["components"]["schemas"]["AttributeName"];
    let names: Vec<_> = ATTRIBUTES.iter().map(|row| row.name).collect();
    assert_eq!(schema["enum"], serde_json::json!(names));
    assert_eq!(names.len(), 70);
    for row in ATTRIBUTES {
        let told = schema["x-enumDescriptions"][row.name].as_str().unwrap();
        assert!(told.contains(row.expected), "{}", row.name);
    }
}

/// What stands in the data of events of a type, by the document and by the manual.
fn data_of(kind: &str) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let schemas = &DOCUMENT["components"]["schemas"];
    let conditions = schemas["Event"]["allOf"].as_array().unwrap().iter();
    let of_kind = |condition: &&Value| condition["if"]["properties"]["type"]["const"] == kind;
    let [condition] = conditions.filter(of_kind).collect::<Vec<_>>()[..] else {
        panic!("{kind} stands once")
    };
    let named = &condition["then"]["properties"]["data"]["propertyNames"]["enum"];
    let documented = named
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    let row = MANUAL
        .lines()
        .find(|line| line.starts_with(&format!("| `{kind}` |")))
        .unwrap_or_else(|| panic!("EVENTS.md knows no {kind}"));
    let data = row.trim_end_matches('|').rsplit('|').next().unwrap();
    let known = |word: &&str| schemas["EventData"]["properties"].get(word).is_some();
    let told = data.split('`').skip(1).step_by(2).filter(known);
    (documented.collect(), told.collect())
}

#[test]
fn the_manual_and_the_document_tell_the_same_of_each_type_of_event() {
    let kinds = DOCUMENT["components"]["schemas"]["Event"]["properties"]["type"]["examples"].as_array();
    let kinds: Vec<_> = kinds.unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    assert_eq!(kinds.len(), NewsKind::ALL.len());
    for kind in kinds {
        let (documented, told) = data_of(kind);
        assert_eq!(documented, told, "{kind}");
    }
}

#[tokio::test]
async fn what_is_posted_is_documented_as_it_is_posted() {
    let post = &DOCUMENT["webhooks"]["event"]["post"];
    let place = ["webhooks", "event", "post", "requestBody"];
    assert_eq!(examples(&place, &post["requestBody"]), 1);
    let schema = pointer(&[&place[..], &["content", "application/json", "schema"]].concat());
    let world = World::new();
    assert_eq!(world.post("alice", "/webhooks/whk_1/test", "").await.status, 200);
    let test: Value = serde_json::from_slice(&world.backend.state().tried[0]).unwrap();
    assert!(validator(&schema, false).is_valid(&test), "{test}");
    let mut other = test.clone();
    other["type"] = "call.left".into();
    assert!(!validator(&schema, false).is_valid(&other), "an event has an id");
}

/// Holds the example of each media type against its schema.
fn examples(place: &[&str], content: &Value) -> usize {
    let types = content["content"].as_object().into_iter().flat_map(Map::iter);
    let with_example = types.filter(|(_, media)| !media["example"].is_null());
    with_example
        .map(|(media_type, media)| {
            let schema = pointer(&[place, &["content", media_type, "schema"]].concat());
            let validator = validator(&schema, false);
            let errors: Vec<_> = validator
                .iter_errors(&media["example"])
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{schema}: {}", errors.join("; "));
        })
        .count()
}

#[test]
fn every_example_fits_its_schema() {
    let mut seen = 0;
    for (path, method, operation) in operations() {
        seen += examples(&["paths", path, method, "requestBody"], &operation["requestBody"]);
        for (status, response) in operation["responses"].as_object().unwrap() {
            seen += examples(&["paths", path, method, "responses", status], response);
        }
    }
    for (name, response) in DOCUMENT["components"]["responses"].as_object().unwrap() {
        seen += examples(&["components", "responses", name], response);
    }
    assert!(seen > 40, "{seen}");
}
