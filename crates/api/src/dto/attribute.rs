use model::MeetingView;
use model::attribute::{ATTRIBUTES, Attribute as Row, AttributeId, Levels, Overrides, Resolved};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fields::{Plain, Wire, text};
use crate::openapi::{AttributeName, LiveName};

/// One attribute with its value; `group` is a mask of levels (1 call flow and DID group, 2 DID, 4 meeting room).
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attribute {
    /// What it does, and whether it does so yet.
    description: String,
    /// Values it may take, separated by commas; empty where they are not a fixed list.
    enum_values: String,
    /// Levels where it may be overridden, a mask: 1 call flow and DID group, 2 DID, 4 meeting room. Of a
    /// meeting: the level that owns the value.
    group: u8,
    /// Name of the attribute.
    #[schemars(with = "AttributeName")]
    pub(super) name: &'static str,
    /// Where the value was set, of attributes in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
    /// 0 text, 2 whole number, 3 keys, 4 roles out of h, p, l, 5 one of `enumValues`, 7 address of a sound.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = [0, 2, 3, 4, 5, 7]))]
    kind: u8,
    /// Value as a text, whatever its type.
    pub(super) value: String,
}

impl Attribute {
    fn new(row: &'static Row, value: &str) -> Self {
        Self {
            description: format!("{}{}", row.doc.trim(), row.status.remark()),
            enum_values: row.choices.join(","),
            group: row.levels.bits(),
            name: row.name,
            origin: None,
            kind: row.kind as u8,
            value: value.to_owned(),
        }
    }

    /// Every attribute at its default, by name.
    pub(crate) fn templates() -> Vec<Self> {
        by_name(ATTRIBUTES.iter().map(|row| Self::new(row, row.default)))
    }

    /// What one level sets, by name; `group` says where it may be set.
    pub(crate) fn overrides(overrides: &Overrides) -> Vec<Self> {
        by_name(overrides.iter().map(|(id, value)| Self::new(id.row(), value)))
    }

    /// What a running meeting sets, by name; `group` says which level owns the value.
    pub(crate) fn owned(overrides: &Overrides, owner: u8) -> Vec<Self> {
        let own = |(id, value): (AttributeId, &str)| Self {
            group: owner,
            ..Self::new(id.row(), value)
        };
        by_name(overrides.iter().map(own))
    }

    /// Every attribute as it is in force, by name, with its origin; `group` says where it may be set.
    pub(crate) fn in_force(resolved: &Resolved) -> Vec<Self> {
        by_name(ATTRIBUTES.iter().map(|row| Self {
            origin: Some(resolved.origin_of(row.id).to_string()),
            ..Self::new(row, &resolved.policy.text(row.id))
        }))
    }

    /// Every attribute as it is in force in a meeting, by name, with its origin; `group` says which level owns the value.
    pub(crate) fn in_meeting(view: &MeetingView) -> Vec<Self> {
        by_name(ATTRIBUTES.iter().map(|row| {
            let value = view.policy.text(row.id);
            let (owner, origin) = match value == view.base.policy.text(row.id) {
                true => {
                    let level = view.base.origin_of(row.id);
                    (Levels::of(level), level.to_string())
                }
                false => (Levels::ROOM, "meeting".to_owned()),
            };
            Self {
                group: owner.bits(),
                origin: Some(origin),
                ..Self::new(row, &value)
            }
        }))
    }
}

fn by_name(attributes: impl Iterator<Item = Attribute>) -> Vec<Attribute> {
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_by_key(|attribute| attribute.name);
    attributes
}

/// An attribute of a running meeting, or one of its live counters.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub(crate) struct NameValue {
    /// Name of the attribute or counter.
    #[schemars(with = "LiveName")]
    pub(crate) name: &'static str,
    /// Value in force, as a text.
    pub(crate) value: String,
}

impl Wire for NameValue {
    const COLLECTION: &'static str = "attributes";
    const PLAIN: &'static [Plain] = &[text("name"), text("value")];
    const NESTED: &'static [&'static str] = &[];
}
