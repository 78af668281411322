//! Objects that unit tests of several modules are about.

use model::Sid;
use model::directory::{Subscriber, SubscriberRole};

/// An administrator whose login is its id, without a password.
pub(crate) fn subscriber(sid: &str, parent: Option<&str>) -> Subscriber {
    Subscriber::new(
        Sid::new(sid),
        parent.map(Sid::new),
        sid,
        SubscriberRole::Administrator,
    )
}
