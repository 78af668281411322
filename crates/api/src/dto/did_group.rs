use model::directory::Directory;
use schemars::JsonSchema;
use serde::Serialize;

use super::attribute::Attribute;
use super::did::{Did, STATE};
use crate::fields::{Plain, Wire, number, text};

/// Numbers that share a call flow and one set of access codes.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DidGroup {
    /// What the group overrides.
    attributes: Vec<Attribute>,
    /// Call flow of its numbers: 1 SPECTEL, 3 CONF.
    call_flow_id: u64,
    /// Free text.
    description: String,
    /// Its numbers.
    dids: Vec<Did>,
    /// Id of the group.
    id: u64,
    /// Name of the group.
    name: String,
    /// -1.
    state: i8,
    /// Owner.
    subscriber_sid: String,
}

impl Wire for DidGroup {
    const COLLECTION: &'static str = "didGroups";
    const PLAIN: &'static [Plain] = &[
        number("callFlowId"),
        text("description"),
        number("id"),
        text("name"),
        number("state"),
        text("subscriberSid"),
    ];
    const NESTED: &'static [&'static str] = &["attributes", "dids"];
    const RESOLVES: bool = true;
}

impl DidGroup {
    /// `group` with its numbers.
    pub(crate) fn new(group: &model::directory::DidGroup, directory: &Directory) -> Self {
        Self {
            attributes: Attribute::overrides(&group.attributes),
            call_flow_id: group.call_flow.id(),
            description: group.description.clone(),
            dids: directory.dids_of(group.id).map(|did| Did::from(&**did)).collect(),
            id: group.id.0,
            name: group.name.clone(),
            state: STATE,
            subscriber_sid: group.subscriber_sid.to_string(),
        }
    }

    /// The same, with these attributes in place of what it sets itself.
    pub(crate) fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes, ..self }
    }
}
