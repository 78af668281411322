//! Attributes that a request sets on a DID group, a DID or a room.

use model::attribute::Overrides;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::value;

/// Fields of an attribute: name and value count, the others come along when one that was read is sent back.
pub(crate) const FIELDS: &[&str] = &["description", "enumValues", "group", "name", "type", "value"];

/// Attributes to set, or to take off, by name.
#[derive(Debug, Default)]
pub(super) struct Changes(Vec<(String, Option<String>)>);

impl Changes {
    /// Reads `attributes` of `body`, where it is there.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let Some(list) = value::present(body, "attributes") else {
            return Ok(Self::default());
        };
        let mut changes: Vec<(String, _)> = Vec::new();
        for attribute in value::objects("attributes", list)? {
            value::only(attribute, &[FIELDS])?;
            let name = attribute.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| ApiError::wrong_value("attributes", "each needs a name"))?;
            let value = attribute.get("value");
            let value =
                value.ok_or_else(|| ApiError::wrong_value(name, "needs a value, or null for none"))?;
            if changes.iter().any(|(other, _)| other == name) {
                return Err(ApiError::wrong_value(name, "stands twice"));
            }
            changes.push((name.to_owned(), value::attribute(name, value)?));
        }
        Ok(Self(changes))
    }

    /// Makes the changes; what is not named stays.
    pub(super) fn merge(&self, overrides: &mut Overrides) -> Result<(), ApiError> {
        for (name, value) in &self.0 {
            match value {
                Some(text) => overrides.put(name, text)?,
                None => overrides.remove(name)?,
            }
        }
        Ok(())
    }
}
