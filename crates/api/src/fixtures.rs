//! Objects that unit tests of several modules are about.

use model::Sid;
use model::directory::{Subscriber, SubscriberRole};

/// An administrator whose login is its id, without a password.
pub(crate) fn subscriber(sid: &str, parent: Option<&str>) -> Subscriber {
    Subscriber {
        sid: Sid::new(sid),
        parent_sid: parent.map(Sid::new),
        login: sid.to_owned(),
        password_hash: String::new(),
        authentication_token: String::new(),
        created_ms: 0,
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        phone_number: String::new(),
        ext: String::new(),
        details: String::new(),
        external_id: -1,
        role: SubscriberRole::Administrator,
        did_group_references: Vec::new(),
        callback: None,
    }
}
