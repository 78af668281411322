//! The collection for Postman, sent request by request as Postman does.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::operations::call_all;
use crate::support::program::{root, tool};
use crate::support::rest::CURL;
use crate::support::stage::Stage;
use crate::support::until::share;

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The object of a list that has this key.
fn named<'a>(objects: &'a Value, key: &str) -> &'a Value {
    let found = list(objects).iter().find(|object| object["key"] == key);
    found.unwrap_or_else(|| panic!("no {key} in {objects}"))
}

/// Every request by its `METHOD /path/{variable}`.
fn requests(collection: &Value) -> BTreeMap<String, &Value> {
    let mut requests = BTreeMap::new();
    let folders = list(&collection["item"]).iter();
    for item in folders.flat_map(|folder| list(&folder["item"])) {
        let request = &item["request"];
        let words = list(&request["url"]["path"]).iter().map(text);
        let path = words.map(|word| match word.strip_prefix(':') {
            Some(variable) => format!("/{{{variable}}}"),
            None => format!("/{word}"),
        });
        let address = format!("{} {}", text(&request["method"]), path.collect::<String>());
        let other = requests.insert(address, request);
        assert!(other.is_none(), "{} stands there twice", item["name"]);
    }
    requests
}

/// A text with the collection's variables: `url` and `password` as its user sets them, the others as they come.
fn filled(collection: &Value, stage: &Stage, template: &Value) -> String {
    let login = &stage.rest().login;
    let (_, password) = login.split_once(':').expect("a login has a password");
    let mut whole = text(template).to_owned();
    for variable in list(&collection["variable"]) {
        let key = text(&variable["key"]);
        let value = match key {
            "url" => stage.rest().root(),
            "password" => password,
            _ => text(&variable["value"]),
        };
        whole = whole.replace(&format!("{{{{{key}}}}}"), value);
    }
    assert!(!whole.contains("{{"), "there is no such variable: {whole}");
    whole
}

/// Where a request goes, its path's variables replaced by what is there, or left as they come where nothing else could stand.
fn address(collection: &Value, stage: &Stage, request: &Value) -> String {
    let url = &request["url"];
    let is_off = |parameter: &Value| parameter["disabled"] == true;
    assert!(
        list(&url["query"]).iter().all(is_off),
        "parameters are sent: {url}"
    );
    let host = list(&url["host"]).iter();
    let host: Vec<_> = host.map(|part| filled(collection, stage, part)).collect();
    let mut address = host.join(".");
    let mut before = "";
    for word in list(&url["path"]).iter().map(text) {
        let value = match word.strip_prefix(':') {
            Some(variable) => stage
                .id(before)
                .unwrap_or_else(|| text(&named(&url["variable"], variable)["value"])),
            None => word,
        };
        address.push('/');
        address.push_str(value);
        before = word;
    }
    address
}

/// What Postman sends, by curl: it names the media type of a body whose language it is told.
fn sent(collection: &Value, stage: &Stage, request: &Value) -> Command {
    assert_eq!(collection["auth"]["type"], "basic");
    let basic = &collection["auth"]["basic"];
    let part = |key| filled(collection, stage, &named(basic, key)["value"]);
    let login = format!("{}:{}", part("username"), part("password"));
    let mut curl = Command::new(tool("curl"));
    curl.args(CURL)
        .args(["--request", text(&request["method"]), "--user", &login])
        .arg("--cacert")
        .arg(stage.file("data/cert.pem"));
    for header in list(&request["header"]) {
        let value = filled(collection, stage, &header["value"]);
        curl.arg("--header")
            .arg(format!("{}: {value}", text(&header["key"])));
    }
    let body = &request["body"];
    if !body.is_null() {
        assert_eq!(body["options"]["raw"]["language"], "json");
        curl.args(["--header", "Content-Type: application/json", "--data-binary"])
            .arg(filled(collection, stage, &body["raw"]));
    }
    curl.arg(address(collection, stage, request));
    curl
}

#[test]
fn every_request_of_the_collection_is_answered_as_the_document_says() {
    let _turn = share();
    let file = fs::read_to_string(root().join("crates/api/postman.json")).expect("there is a collection");
    let collection: Value = serde_json::from_str(&file).expect("it is JSON");
    let requests = requests(&collection);
    let called = call_all(|stage, operation| {
        let request = requests.get(&operation.address);
        let request = request.unwrap_or_else(|| panic!("no request is {}", operation.address));
        sent(&collection, stage, request)
    });
    assert_eq!(requests.len(), called, "some requests are of no operation");
}
