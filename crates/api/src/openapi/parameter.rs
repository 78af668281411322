//! Parameters: in the path, in the query, in headers.

use serde_json::{Map, Value, json};

use super::answer::{Content, Object};
use super::operation::{Operation, Verb};
use super::schema::Schemas;
use crate::fields::Shape;
use crate::{fields, filter, list};

/// A header that requests may carry.
pub(super) struct Header {
    name: &'static str,
    description: &'static str,
    schema: fn() -> Value,
    /// Which operations read it.
    read: fn(&Operation) -> bool,
}

/// Every header of requests beside credentials and the media type; a row here documents it wherever `read` says.
pub(super) const HEADERS: &[Header] = &[
    Header {
        name: "Idempotency-Key",
        description: "A text of the client's own for this change: sent again within a day, the change is answered as it was the first time. An account may use 10,000 keys within a day, and answers of 64 MiB in all are kept for it; a change with a new key beyond that is refused (429), as is one when answers of 512 MiB are kept for its tenant and all accounts below it, and one (503) when answers of 2 GiB are kept for all accounts.",
        schema: || json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-\\[\\]-~]+$"}),
        read: |operation| operation.method != Verb::Get,
    },
    Header {
        name: "If-Match",
        description: "Tags of `ETag`: only an object that has one of them is changed, or sent; `*` for any.",
        schema: tags,
        read: |operation| operation.changes_stored() || operation.reads_stored(),
    },
    Header {
        name: "If-None-Match",
        description: "Tags of `ETag` that the client has already: of an object with one of them nothing is sent again.",
        schema: tags,
        read: Operation::reads_stored,
    },
];

fn tags() -> Value {
    json!({"type": "string", "pattern": "^(\\*|(W/)?\"[^\",]*\"( *, *(W/)?\"[^\",]*\")*)$"})
}

/// Parameters that mean the same everywhere; the others name fields of the object.
const SHARED: &[&str] = &["offset", "limit", "envelope"];
/// What `filter` means.
const FILTER: &str = "Only objects of which this is true: `eq ne gt ge lt le like ilike in` between a field and a value, joined by `and`, \
                      `or`, `not` and parentheses; texts in quotes, lists in parentheses, `%` in `like` for anything.";

/// The `parameters` of an operation.
pub(super) fn of(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<_> = variables(operation.path)
        .map(|variable| in_path(operation.path, variable))
        .collect();
    let (object, lists): (_, &[&[&str]]) = match operation.success.content {
        Content::List(object) if operation.filtered => (Some(object), &[list::CHOOSING, fields::PARAMETERS]),
        Content::Array(object) if operation.method != Verb::Get => (Some(object), &[fields::PARAMETERS]),
        Content::Array(object) => (Some(object), &[list::BARE, fields::PARAMETERS]),
        Content::List(object) => (Some(object), &[list::PARAMETERS, fields::PARAMETERS]),
        Content::Object(object) => (Some(object), &[fields::PARAMETERS]),
        Content::Nothing | Content::Json(..) | Content::Text(_) => (None, &[]),
    };
    if let Some(object) = object {
        let names = lists.iter().copied().flatten();
        parameters.extend(names.map(|name| in_query(name, &object, schemas)));
        if object.resolves && operation.method == Verb::Get {
            parameters.push(reference(fields::EFFECTIVE));
        }
    }
    if operation.filtered && object.is_none() {
        parameters.push(reference(filter::PARAMETER));
    }
    if operation.streams {
        parameters.extend(of_streams());
    }
    let headers = HEADERS.iter().filter(|header| (header.read)(operation));
    parameters.extend(headers.map(|header| reference(header.name)));
    Value::Array(parameters)
}

/// What a stream is asked for.
fn of_streams() -> [Value; 3] {
    let id = || json!({"type": "integer", "format": "int64", "minimum": 0});
    [
        json!({
            "name": "types", "in": "query", "schema": {"type": "string"}, "example": "call.*,meeting.ended",
            "description": "Types of events, or families of them with a star, separated by commas; all unless given.",
        }),
        json!({
            "name": "lastEventId", "in": "query", "schema": id(),
            "description": "The last event that came: the stream goes on behind it. For clients that can't send the header.",
        }),
        json!({
            "name": "Last-Event-ID", "in": "header", "schema": id(),
            "description": "The last event that came: the stream goes on behind it.",
        }),
    ]
}

/// The variables of a path, in order.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split('}').next())
}

/// What stands before a variable: `/calls/{id}` is of `calls`.
fn owner<'a>(path: &'a str, variable: &str) -> &'a str {
    let before = path.split(&format!("/{{{variable}}}")).next().unwrap_or_default();
    before.rsplit('/').next().unwrap_or_default()
}

fn in_path(path: &str, variable: &str) -> Value {
    let id = json!({"type": "integer", "format": "int64", "minimum": 0});
    let (description, schema, example) = match (owner(path, variable), variable) {
        ("attributes", _) => (
            "Name of the attribute.",
            json!({"$ref": "#/components/schemas/AttributeName"}),
            json!("conference_maxcalls"),
        ),
        ("subscribers", _) => (
            "Sid of the account.",
            json!({"type": "string", "minLength": 1}),
            json!("sid-alice"),
        ),
        (_, "number") => (
            "Number of the meeting and its room.",
            json!({"type": "integer", "minimum": 100_000, "maximum": 999_999}),
            json!(106_131),
        ),
        ("webhooks", _) => (
            "Id of the webhook.",
            json!({"type": "string", "minLength": 1}),
            json!("whk_0123456789abcdef"),
        ),
        ("mdrs", _) => ("Id of the meeting.", id, json!(31)),
        ("deliveries", _) => ("Id of the event.", id, json!(1)),
        ("docs", _) => ("Name of the file.", json!({"type": "string"}), json!("page.css")),
        ("calls", _) => ("Id of the call.", id, json!(6_889_184)),
        ("callFlows", _) => ("Id of the call flow.", id, json!(3)),
        ("didGroups", _) => ("Id of the DID group.", id, json!(219)),
        ("dids", _) => ("Id of the number.", id, json!(220)),
        _ => ("Id of the object.", id, json!(1)),
    };
    json!({"name": variable, "in": "path", "required": true, "description": description, "schema": schema, "example": example})
}

/// The path with what its variables are called in the example calls.
pub(super) fn in_shell(path: &str) -> String {
    let word = |variable: &str| match (owner(path, variable), variable) {
        ("attributes", _) => "conference_maxcalls".to_owned(),
        ("subscribers", _) => "$SID".to_owned(),
        ("meetingRooms", _) => "$ROOM".to_owned(),
        ("callFlows", _) => "3".to_owned(),
        ("docs", _) => "page.css".to_owned(),
        ("didGroups", _) => "$GROUP".to_owned(),
        ("deliveries", _) => "$DELIVERY".to_owned(),
        (owner, _) => format!("${}", owner.trim_end_matches('s').to_uppercase()),
    };
    let replace = |path: String, variable: &str| path.replace(&format!("{{{variable}}}"), &word(variable));
    variables(path).fold(path.to_owned(), replace)
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn in_query(name: &str, object: &Object, schemas: &mut Schemas) -> Value {
    if SHARED.contains(&name) {
        return reference(name);
    }
    let (description, schema, deprecated) = match name {
        "filter" => (
            FILTER,
            json!({"type": "string", "examples": [filter_of(object)]}),
            false,
        ),
        "order" => (
            "Fields to order by, each with `asc` (unless said) or `desc`, the first first; 8 at most.",
            schemas.order(object),
            false,
        ),
        "include_fields" => (
            "Fields to send; the others are left out.",
            schemas.fields(object),
            false,
        ),
        "includeFields" => ("The same as `include_fields`.", schemas.fields(object), true),
        "exclude_fields" => ("Fields to leave out.", schemas.fields(object), false),
        "excludeFields" => ("The same as `exclude_fields`.", schemas.fields(object), true),
        other => panic!("parameter {other} has no documentation: add it to SHARED and components(), or here"),
    };
    let mut parameter = json!({"name": name, "in": "query", "description": description, "schema": schema});
    if deprecated {
        parameter["deprecated"] = true.into();
    }
    parameter
}

/// A filter of these objects: by their first text, and by their first number if they have any.
fn filter_of(object: &Object) -> String {
    let first = |shape| object.plain.iter().find(|field| field.shape == shape);
    let tests = [
        first(Shape::Text).map(|text| format!("{} like \"1%\"", text.name)),
        first(Shape::Number).map(|number| format!("{} gt 1", number.name)),
    ];
    tests.into_iter().flatten().collect::<Vec<_>>().join(" or ")
}

/// `components/parameters`.
pub(super) fn components() -> Value {
    let query = |name: &str, description: &str, schema: Value| {
        let value = json!({"name": name, "in": "query", "description": description, "schema": schema});
        (name.to_owned(), value)
    };
    let shared = [
        query(
            "offset",
            "Objects to skip.",
            json!({"type": "integer", "minimum": 0, "default": 0}),
        ),
        query(
            "limit",
            "Most objects to send; lists send 10 unless told, bare arrays all. At most 100 with `effective`.",
            json!({"type": "integer", "minimum": 1, "maximum": 1000}),
        ),
        query(
            "envelope",
            "Which of the two envelopes to send; both unless told.",
            json!({"type": "string", "enum": ["items", "collection"]}),
        ),
        query(
            "filter",
            FILTER,
            json!({"type": "string", "examples": ["role eq 1 and customName like \"A%\""]}),
        ),
        query(
            fields::EFFECTIVE,
            "Whether attributes are all that are in force, each with its `origin`, in place of those that the object sets itself. \
             `limit` is 100 at most then.",
            json!({"type": "boolean", "default": false}),
        ),
    ];
    let headers = HEADERS.iter().map(|header| {
        let value = json!({"name": header.name, "in": "header", "description": header.description, "schema": (header.schema)()});
        (header.name.to_owned(), value)
    });
    shared.into_iter().chain(headers).collect::<Map<_, _>>().into()
}
