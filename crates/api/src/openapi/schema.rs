//! `components/schemas`.

use std::borrow::Cow;

use model::Cause;
use model::attribute::ATTRIBUTES;
use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::answer::Object;
use super::request::Shape;
use crate::dto::event::{Heartbeat, Snapshot};
use crate::dto::meeting::COUNTERS;
use crate::error::Wire as Error;

/// The page that tells what each field of quality means.
const QUALITY: &str = include_str!("../../README.md");

/// Schemas that are referred to, by name.
pub(super) struct Schemas {
    generator: SchemaGenerator,
    /// Those that no type stands for.
    made: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let mut schemas = Self {
            generator: settings.with_transform(plain).into_generator(),
            made: Map::new(),
        };
        schemas.generator.subschema_for::<Error<'_>>();
        // Streams are text to the document, so nothing refers to what they begin with, and to what they say in a silence.
        schemas.generator.subschema_for::<Snapshot<'_>>();
        schemas.generator.subschema_for::<Heartbeat>();
        schemas
    }

    /// A reference to an object that is answered.
    pub(super) fn object(&mut self, object: &Object) -> Value {
        (object.schema)(&mut self.generator).to_value()
    }

    /// A reference to the page of a collection.
    pub(super) fn list(&mut self, object: &Object) -> Value {
        let name = format!("{}List", (object.name)());
        let items = self.object(object);
        self.made
            .entry(name.clone())
            .or_insert_with(|| list(object, &items));
        reference(&name)
    }

    /// A reference to what lists names of fields of an object.
    pub(super) fn fields(&mut self, object: &Object) -> Value {
        let mut names = plain_names(object);
        names.extend_from_slice(object.nested);
        names.sort_unstable();
        self.listed(object, "Fields", "Fields, between commas", &names, "")
    }

    /// A reference to what a list of an object is ordered by.
    pub(super) fn order(&mut self, object: &Object) -> Value {
        let words = "Fields with their directions, between commas";
        self.listed(object, "Order", words, &plain_names(object), "( (asc|desc))?")
    }

    /// A text and no list: generators of clients do not agree on how lists stand in a query.
    fn listed(&mut self, object: &Object, what: &str, words: &str, names: &[&str], after: &str) -> Value {
        let name = format!("{}{what}", (object.name)());
        let one = format!("({}){after}", names.join("|"));
        let description = format!("{words}, of {}.", names.join(", "));
        let pattern = format!("^{one}(,{one})*$");
        let schema = || json!({"type": "string", "description": description, "pattern": pattern});
        self.made.entry(name.clone()).or_insert_with(schema);
        reference(&name)
    }

    /// A reference to an object that is sent.
    pub(super) fn shape(&mut self, shape: &Shape) -> Value {
        for part in shape.parts {
            self.shape(part);
        }
        if !self.made.contains_key(shape.name) {
            self.object(&shape.of);
            let answered = &self.generator.definitions()[&(shape.of.name)()];
            let schema = shape.schema(&made_plain(answered));
            self.made.insert(shape.name.to_owned(), schema);
        }
        reference(shape.name)
    }

    /// All of them.
    pub(super) fn finish(mut self) -> Value {
        let mut schemas = self.generator.take_definitions(true);
        schemas.append(&mut self.made);
        if let Some(quality) = schemas.get_mut("Quality") {
            tell_quality(quality);
        }
        Value::Object(schemas)
    }
}

fn plain_names(object: &Object) -> Vec<&'static str> {
    object.plain.iter().map(|field| field.name).collect()
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(object: &Object, items: &Value) -> Value {
    let mut schema = json!({
        "type": "object",
        "description": "A page. `last`, `offset`, `total` and the collection by its name are one envelope, all but these the other.",
        "properties": {
            "count": {"type": "integer", "minimum": 0, "description": "Objects on this page."},
            "has_more": {"type": "boolean", "description": "Whether others follow."},
            "items": {"type": "array", "items": items, "description": "The page."},
            "last": {"type": "integer", "minimum": 0, "description": "Index of the last object of the page; 0 for an empty page."},
            "limit": {"type": "integer", "minimum": 1, "description": "Most objects of a page."},
            "offset": {"type": "integer", "minimum": 0, "description": "Objects that were skipped."},
            "pagination": {
                "type": "object",
                "description": "Addresses of the pages beside this one.",
                "properties": {"next": {"type": "string", "format": "uri"}, "previous": {"type": "string", "format": "uri"}},
            },
            "total": {"type": "integer", "minimum": 0, "description": "Objects in all."},
        },
    });
    schema["properties"][object.collection] =
        json!({"type": "array", "items": items, "description": "The page once more."});
    let names: Vec<_> = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    schema["required"] = names.into();
    schema
}

/// A schema as others read it: documentation in one line, formats that OpenAPI knows, no bounds where values are listed.
fn plain(schema: &mut Schema) {
    never_null(schema);
    plain_here(schema);
}

fn plain_here(schema: &mut Schema) {
    if let Some(Value::String(words)) = schema.get_mut("description") {
        *words = words.replace('\n', " ");
    }
    let format = match schema.get("format").and_then(Value::as_str) {
        Some("int8" | "int16" | "uint8" | "uint16") => "int32",
        Some("uint32" | "uint64") => "int64",
        Some(_) | None => "",
    };
    if !format.is_empty() {
        schema.insert("format".to_owned(), format.into());
    }
    if schema.get("enum").is_some() {
        for bound in ["format", "minimum", "maximum"] {
            schema.remove(bound);
        }
    }
    transform_subschemas(&mut plain_here, schema);
}

/// What is not known is absent from answers, never null.
fn never_null(schema: &mut Schema) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(either) = schema.get("anyOf").and_then(Value::as_array)
        && let [one, null] = either.as_slice()
        && null["type"] == "null"
    {
        let one = one.clone();
        schema.remove("anyOf");
        schema
            .ensure_object()
            .extend(one.as_object().cloned().into_iter().flatten());
    }
    transform_subschemas(&mut never_null, schema);
}

fn made_plain(schema: &Value) -> Value {
    let mut schema = Schema::try_from(schema.clone()).unwrap_or_default();
    plain(&mut schema);
    schema.to_value()
}

/// Takes the words for the fields of quality from the page that explains them.
fn tell_quality(schema: &mut Value) {
    schema["required"] = json!(["id"]);
    let Some(properties) = schema["properties"].as_object_mut() else {
        return;
    };
    let table = QUALITY.split("| field of quality |").nth(1).unwrap_or_default();
    for line in table.lines().take_while(|line| !line.is_empty()).skip(2) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, unit, what, act] = cells.as_slice() else {
            continue;
        };
        if let Some(property) = properties.get_mut(name.trim_matches('`')) {
            property["description"] = told(unit, what, act).into();
        }
    }
}

fn told(unit: &str, what: &str, act: &str) -> String {
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" ({unit})")
    };
    let act = if act.is_empty() {
        String::new()
    } else {
        format!(" Act when {act}.")
    };
    let mut letters = what.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}{unit}.{act}", letters.as_str())
}

/// Names of the attributes.
pub(crate) struct AttributeName;

impl JsonSchema for AttributeName {
    fn schema_name() -> Cow<'static, str> {
        "AttributeName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = ATTRIBUTES.iter().map(|row| row.name).collect();
        let words = ATTRIBUTES
            .iter()
            .map(|row| (row.name.to_owned(), describe(row).into()));
        let words: Map<String, Value> = words.collect();
        json_schema!({
            "type": "string",
            "description": "Attributes of meetings, inherited room, DID, DID group, call flow.",
            "enum": names,
            "x-enumDescriptions": words,
        })
    }
}

fn describe(row: &model::attribute::Attribute) -> String {
    let text = format!(
        "{} Expects {}; `{}` unless set.{}",
        row.doc.trim(),
        row.expected,
        row.default,
        row.status.remark()
    );
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names of the attributes and counters of a running meeting.
pub(crate) struct LiveName;

impl JsonSchema for LiveName {
    fn schema_name() -> Cow<'static, str> {
        "MeetingAttributeName".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let attribute = generator.subschema_for::<AttributeName>();
        json_schema!({
            "description": "Attributes, and the counters of a running meeting, which can only be read.",
            "anyOf": [attribute, {"type": "string", "enum": COUNTERS}],
        })
    }
}

/// Words for why something ended.
pub(crate) struct CauseName;

impl JsonSchema for CauseName {
    fn schema_name() -> Cow<'static, str> {
        "Cause".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = Cause::ALL.iter().map(|cause| cause.text()).collect();
        json_schema!({"type": "string", "description": "Why a call or meeting ended.", "enum": words})
    }
}
