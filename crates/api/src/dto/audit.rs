use model::Actor;
use schemars::JsonSchema;
use serde::Serialize;

use crate::backend;
use crate::fields::{Plain, Wire, number, text};

/// Who changed what; without values, so that no secret is in it. `created` is epoch ms; what the bridge did by itself has no
/// `subscriberSid`.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub(crate) struct Change {
    /// What was done, in one word: `create` where the object was made, `put` where it was changed, `delete`, `hang_up` and the like.
    action: String,
    /// When, epoch ms.
    created: i64,
    /// Id of the entry.
    id: u64,
    /// To what: its kind, and what it is known by.
    object: String,
    /// Who did it; absent when the bridge did it by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber_sid: Option<String>,
}

impl Wire for Change {
    const COLLECTION: &'static str = "audit";
    const PLAIN: &'static [Plain] = &[
        text("action"),
        number("created"),
        number("id"),
        text("object"),
        text("subscriberSid"),
    ];
    const NESTED: &'static [&'static str] = &[];
}

impl From<backend::Change> for Change {
    fn from(change: backend::Change) -> Self {
        let sid = match change.actor {
            Actor::User(sid) => Some(sid.to_string()),
            Actor::Leg(_) | Actor::Bridge => None,
        };
        Self {
            action: change.action,
            created: change.at_ms,
            id: change.id,
            object: change.object,
            subscriber_sid: sid,
        }
    }
}
