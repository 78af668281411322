use serde::Serialize;

use super::attribute::Attribute;
use crate::fields::{Plain, Wire, number, text};

/// `state` of DIDs and DID groups.
pub(super) const STATE: i8 = -1;

/// A number that can be dialled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Did {
    attributes: Vec<Attribute>,
    country_code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    did_group_id: u64,
    id: u64,
    phone_number: String,
    state: i8,
}

impl Wire for Did {
    const COLLECTION: &'static str = "dids";
    const PLAIN: &'static [Plain] = &[
        text("countryCode"),
        text("description"),
        number("didGroupId"),
        number("id"),
        text("phoneNumber"),
        number("state"),
    ];
    const NESTED: &'static [&'static str] = &["attributes"];
}

impl Did {
    /// The same, with these attributes in place of what it sets itself.
    pub(crate) fn with_attributes(self, attributes: Vec<Attribute>) -> Self {
        Self { attributes, ..self }
    }
}

impl From<&model::directory::Did> for Did {
    fn from(did: &model::directory::Did) -> Self {
        Self {
            attributes: Attribute::overrides(&did.attributes),
            country_code: did.country_code.clone(),
            description: did.description.clone(),
            did_group_id: did.did_group_id.0,
            id: did.id.0,
            phone_number: did.phone_number.clone(),
            state: STATE,
        }
    }
}
