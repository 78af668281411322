//! The file as it is written. Unknown keys are refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// Attribute names and their wire texts.
pub(super) type AttributesForm = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FileForm {
    #[serde(default)]
    pub(super) subscribers: Vec<Spanned<SubscriberForm>>,
    #[serde(default)]
    pub(super) did_groups: Vec<Spanned<GroupForm>>,
    #[serde(default)]
    pub(super) dids: Vec<Spanned<DidForm>>,
    #[serde(default)]
    pub(super) meeting_rooms: Vec<Spanned<RoomForm>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubscriberForm {
    pub(super) sid: String,
    pub(super) parent_sid: Option<String>,
    pub(super) login: String,
    pub(super) password: Option<String>,
    pub(super) password_hash: Option<String>,
    pub(super) role: Spanned<i64>,
    #[serde(default)]
    pub(super) first_name: String,
    #[serde(default)]
    pub(super) last_name: String,
    #[serde(default)]
    pub(super) email: String,
    #[serde(default)]
    pub(super) phone_number: String,
    #[serde(default)]
    pub(super) ext: String,
    #[serde(default)]
    pub(super) details: String,
    /// −1 stands for none.
    #[serde(default = "no_external_id")]
    pub(super) external_id: i64,
    #[serde(default)]
    pub(super) did_group_references: Vec<ReferenceForm>,
}

fn no_external_id() -> i64 {
    -1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GroupForm {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) call_flow_id: Spanned<u64>,
    pub(super) subscriber_sid: String,
    #[serde(default)]
    pub(super) attributes: AttributesForm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DidForm {
    pub(super) id: u64,
    pub(super) phone_number: String,
    pub(super) country_code: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) did_group_id: u64,
    #[serde(default)]
    pub(super) attributes: AttributesForm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RoomForm {
    pub(super) meeting_number: u32,
    #[serde(default)]
    pub(super) description: String,
    pub(super) call_flow_id: Spanned<u64>,
    pub(super) primary_did_group_id: u64,
    /// Left out: the primary group alone.
    pub(super) did_group_references: Option<Vec<ReferenceForm>>,
    pub(super) subscriber_sid: String,
    #[serde(default)]
    pub(super) attributes: AttributesForm,
    #[serde(default)]
    pub(super) keychain: Vec<KeyForm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReferenceForm {
    pub(super) did_group_id: u64,
    /// 0 active, 1 disabled.
    #[serde(default = "active")]
    pub(super) state: Spanned<u8>,
}

fn active() -> Spanned<u8> {
    Spanned::new(0..0, 0)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyForm {
    pub(super) access_code: String,
    pub(super) role: Spanned<i64>,
}
