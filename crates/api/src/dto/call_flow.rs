use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::Attribute;
use crate::fields::{Plain, Wire, number, text};

/// A way of handling calls, with the attributes it gives to whatever overrides none of them.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallFlow {
    /// Every attribute at its default.
    attribute_templates: Vec<Attribute>,
    /// Id of the call flow: 1 SPECTEL, 3 CONF.
    id: u64,
    /// SPECTEL or CONF.
    name: &'static str,
    /// For internal use.
    path: String,
}

impl Wire for CallFlow {
    const COLLECTION: &'static str = "callFlows";
    const PLAIN: &'static [Plain] = &[number("id"), text("name"), text("path")];
    const NESTED: &'static [&'static str] = &["attributeTemplates"];
    const RESOLVES: bool = true;
}

impl CallFlow {
    /// The same, with these attributes in place of its templates.
    pub(crate) fn with_attributes(self, attribute_templates: Vec<Attribute>) -> Self {
        Self {
            attribute_templates,
            ..self
        }
    }
}

impl From<model::directory::CallFlow> for CallFlow {
    fn from(flow: model::directory::CallFlow) -> Self {
        Self {
            attribute_templates: Attribute::templates(),
            id: flow.id(),
            name: flow.name(),
            path: format!("/callflows/{}", flow.name()),
        }
    }
}
