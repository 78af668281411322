use model::Actor;
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::Caller;
use crate::backend;
use crate::fields::{Plain, Wire, number, text};

/// Who changed what; without values, so that no secret is in it. `created` is epoch ms; what the bridge did by itself has no
/// `subscriberSid`, and who is not in the tree of the one who reads, or no more, no `login`.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditEntry")]
pub(crate) struct Change {
    /// What was done, in one word such as `put`, `delete` or `hang_up`.
    action: String,
    /// When, epoch ms.
    created: i64,
    /// Id of the entry.
    id: u64,
    /// Login of who did it; absent when it is not in the reader's tree, or no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
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
    // Known only to the directory, of which the store knows nothing when it looks for changes.
    const NESTED: &'static [&'static str] = &["login"];
}

impl Change {
    /// `change` as `caller` may see it.
    pub(crate) fn new(change: backend::Change, caller: &Caller) -> Self {
        let sid = match change.actor {
            Actor::User(sid) => Some(sid),
            Actor::Leg(_) | Actor::Bridge => None,
        };
        let known = sid.as_ref().and_then(|sid| caller.subscriber(sid).ok());
        Self {
            action: change.action,
            created: change.at_ms,
            id: change.id,
            login: known.map(|subscriber| subscriber.login.clone()),
            object: change.object,
            subscriber_sid: sid.map(|sid| sid.to_string()),
        }
    }
}
