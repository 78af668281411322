use model::Actor;
use serde::Serialize;

use crate::auth::Caller;
use crate::backend;
use crate::fields::{Plain, Wire, number, text};

/// Who changed what; without values, so that no secret is in it. `created` is epoch ms; what the bridge did by itself has no
/// `subscriberSid`, and who is not in the tree of the one who reads, or no more, no `login`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    action: String,
    created: i64,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
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
