use model::Actor;
use serde::Serialize;

use crate::backend;
use crate::fields::{Plain, Wire, number, text};

/// Who changed what; without values, so that no secret is in it. `created` is epoch ms; what the bridge did by itself has no
/// `subscriberSid`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    action: String,
    created: i64,
    id: u64,
    object: String,
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
