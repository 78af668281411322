//! The collection for Postman, sent request by request as Postman does, at first as it comes, then with parameters switched on.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::contract::encoded;
use crate::support::operations::call_all;
use crate::support::program::{root, tool};
use crate::support::rest::{Answer, CURL};
use crate::support::stage::Stage;
use crate::support::until::share;

/// Fields that name an object in a list, whichever of them it has.
const NAMES: [&str; 4] = ["id", "sid", "meetingNumber", "name"];

/// Parameters with the values that whoever switches them on gives them.
type Switched<'a> = &'a [(&'a str, &'a str)];

fn collection() -> Value {
    let file = fs::read_to_string(root().join("crates/api/postman.json")).expect("there is a collection");
    serde_json::from_str(&file).expect("it is JSON")
}

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

/// The parameters that are switched on, behind the path; as it comes a request has none that is.
fn query(request: &Value, on: Switched) -> String {
    let parameters = &request["url"]["query"];
    let is_off = |parameter: &Value| parameter["disabled"] == true;
    assert!(
        list(parameters).iter().all(is_off),
        "parameters are sent: {parameters}"
    );
    if on.is_empty() {
        return String::new();
    }
    let filled_in = |(key, value): &(&str, &str)| {
        let parameter = named(parameters, key);
        format!("{}={}", text(&parameter["key"]), encoded(value))
    };
    let switched: Vec<_> = on.iter().map(filled_in).collect();
    format!("?{}", switched.join("&"))
}

/// Where a request goes, its path's variables replaced by what is there, or left as they come where nothing else could stand.
fn address(collection: &Value, stage: &Stage, request: &Value) -> String {
    let url = &request["url"];
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
fn sent(collection: &Value, stage: &Stage, request: &Value, on: Switched) -> Command {
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
    curl.arg(address(collection, stage, request) + &query(request, on));
    curl
}

#[test]
fn every_request_of_the_collection_is_answered_as_the_document_says() {
    let _turn = share();
    let collection = collection();
    let requests = requests(&collection);
    let called = call_all(|stage, operation| {
        let request = requests.get(&operation.address);
        let request = request.unwrap_or_else(|| panic!("no request is {}", operation.address));
        sent(&collection, stage, request, &[])
    });
    assert_eq!(requests.len(), called, "some requests are of no operation");
}

/// A request of the collection, as somebody sends it who switches parameters on.
struct Sender<'a> {
    collection: &'a Value,
    stage: &'a Stage,
    address: &'a str,
    request: &'a Value,
}

impl Sender<'_> {
    fn has(&self, parameter: &str) -> bool {
        let mut parameters = list(&self.request["url"]["query"]).iter();
        parameters.any(|known| known["key"] == parameter)
    }

    /// What it is answered, which must be 200.
    fn ask(&self, on: Switched) -> Value {
        let answer = Answer::of(sent(self.collection, self.stage, self.request, on), self.address);
        assert_eq!(answer.status, 200, "{} {on:?}: {}", self.address, answer.body);
        answer.body
    }

    /// One object of the list is found by its name, shown by that alone, and paged.
    fn look_through_list(&self) {
        let one = objects(&self.ask(&[("limit", "1")]));
        let first = &one[0];
        let name = NAMES.into_iter().find(|name| !first[name].is_null());
        let name = name.expect("it has a name");
        let filter = format!("{name} eq {}", first[name]);
        let order = format!("{name} desc");
        let chosen = [
            ("filter", filter.as_str()),
            ("order", order.as_str()),
            ("limit", "10"),
            ("include_fields", name),
        ];
        let found = self.ask(&chosen);
        let mut only = json!({});
        only[name] = first[name].clone();
        assert_eq!(objects(&found), [only], "{} {chosen:?}", self.address);
        let behind = self.ask(&[("filter", filter.as_str()), ("limit", "1"), ("offset", "1")]);
        assert!(objects(&behind).is_empty(), "{}: {behind}", self.address);
        if self.has("envelope") {
            let told = json!([behind["offset"], behind["limit"], behind["total"]]);
            assert_eq!(told, json!([1, 1, 1]), "{}", self.address);
            let brief = self.ask(&[("envelope", "collection"), ("exclude_fields", name)]);
            assert!(brief["items"].is_null() && brief["total"].is_u64(), "{brief}");
        }
    }
}

/// The objects of a list in an envelope or a bare one.
fn objects(body: &Value) -> Vec<Value> {
    let objects = body.get("items").unwrap_or(body);
    list(objects).to_vec()
}

#[test]
fn whoever_switches_parameters_on_filters_orders_pages_and_chooses() {
    let _turn = share();
    let (collection, stage) = (collection(), Stage::start());
    let (mut lists, mut effective) = (0, 0);
    for (address, request) in requests(&collection) {
        let sender = Sender {
            collection: &collection,
            stage: &stage,
            address: &address,
            request,
        };
        if sender.has("limit") {
            sender.look_through_list();
            lists += 1;
        }
        if sender.has("effective") {
            let body = sender.ask(&[("effective", "true")]);
            assert!(body.to_string().contains("\"origin\":"), "{address}: {body}");
            effective += 1;
        }
    }
    assert!(lists > 15 && effective > 15, "{lists} and {effective}");
    participants_are_steered(&collection, &stage);
}

/// A change of those calls alone that a filter chooses.
fn participants_are_steered(collection: &Value, stage: &Stage) {
    let address = "PUT /conference/v1/meetings/{number}/calls";
    let sender = Sender {
        collection,
        stage,
        address,
        request: requests(collection)[address],
    };
    let steered = sender.ask(&[("filter", "role eq 2"), ("includeFields", "role")]);
    assert_eq!(objects(&steered), [json!({"role": 2})], "{steered}");
    let steered = sender.ask(&[("filter", "role eq 3")]);
    assert!(objects(&steered).is_empty(), "{steered}");
}
