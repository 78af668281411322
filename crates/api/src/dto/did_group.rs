use model::directory::Directory;
use serde::Serialize;

use super::attribute::Attribute;
use super::did::{Did, STATE};
use crate::fields::{Plain, Wire, number, text};

/// Numbers that share a call flow and one set of access codes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DidGroup {
    attributes: Vec<Attribute>,
    call_flow_id: u64,
    description: String,
    dids: Vec<Did>,
    id: u64,
    name: String,
    state: i8,
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
