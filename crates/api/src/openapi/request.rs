//! What is sent: bodies, made from the lists of fields that the handlers check.

use serde_json::{Map, Value, json};

use super::answer::Object;
use super::schema::Schemas;

/// What a handler does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It takes effect.
    Sets,
    /// It is taken and changes nothing.
    Inert,
    /// It is taken as it is and refused otherwise.
    Fixed,
}

impl Effect {
    const fn remark(self) -> &'static str {
        match self {
            Self::Sets => "",
            Self::Inert => "Taken, so that what was read can be sent back; changes nothing.",
            Self::Fixed => "Cannot be changed; taken as it is.",
        }
    }
}

/// Fields with what is done with them.
pub(super) type Fields = Vec<(Effect, Vec<&'static str>)>;

/// An object that is sent.
pub(super) struct Shape {
    /// Name of its schema.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// The object as it is answered: a field means there what it means here.
    pub(super) of: Object,
    /// The handler's lists.
    pub(super) fields: fn() -> Fields,
    /// Fields without which it is refused.
    pub(super) required: &'static [&'static str],
    /// Schemas of fields that take other values than are answered, or are never answered. The shapes they refer to stand in
    /// `parts`.
    pub(super) values: fn() -> Value,
    /// Shapes within this one.
    pub(super) parts: &'static [&'static Shape],
}

impl Shape {
    /// Its schema.
    pub(super) fn schema(&self, answered: &Value) -> Value {
        let values = (self.values)();
        let mut properties = Map::new();
        for (effect, fields) in (self.fields)() {
            for field in fields {
                let property = property(self.name, field, &values, answered);
                properties.insert(field.to_owned(), remarked(property, effect));
            }
        }
        let mut schema = json!({
            "type": "object",
            "description": self.about,
            "properties": properties,
            "additionalProperties": false,
        });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        schema
    }
}

/// The schema of a field: of its own, with the words of the answer where it has none, or the answer's.
fn property(shape: &str, field: &str, values: &Value, answered: &Value) -> Value {
    let told = answered["properties"].get(field);
    let Some(own) = values.get(field) else {
        let missing = || panic!("{shape}.{field} has no schema: say in `values` what it takes");
        return told.unwrap_or_else(missing).clone();
    };
    let mut own = own.clone();
    if let Some(words) = told.and_then(|told| told.get("description"))
        && own.get("description").is_none()
    {
        own["description"] = words.clone();
    }
    own
}

fn remarked(mut property: Value, effect: Effect) -> Value {
    let remark = effect.remark();
    if !remark.is_empty() {
        let words = property["description"].as_str().unwrap_or_default();
        property["description"] = format!("{words} {remark}").trim().into();
    }
    property
}

/// The body of an operation.
pub(super) struct Body {
    pub(super) shape: &'static Shape,
    pub(super) example: fn() -> Value,
}

impl Body {
    /// The request body object.
    pub(super) fn document(&self, list_max: Option<usize>, schemas: &mut Schemas) -> Value {
        let shape = schemas.shape(self.shape);
        let schema = match list_max {
            Some(max) => json!({"type": "array", "maxItems": max, "items": shape}),
            None => shape,
        };
        json!({"required": true, "content": {"application/json": {"schema": schema, "example": (self.example)()}}})
    }
}
