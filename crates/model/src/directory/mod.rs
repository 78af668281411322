//! What is configured: subscribers, DID groups, DIDs and meeting rooms, in memory and immutable.
//!
//! A [`Directory`] is a value: an edit makes a new one that shares all that did not change, so that readers keep theirs as
//! long as they like and nobody waits. The store writes the edit to disk first and publishes the new directory after.

mod edit;
mod look_up;
mod number;
mod objects;

pub use edit::{Edit, EditError, Fault};
pub use look_up::{Dialled, Grant};
pub use number::{forms, normalise};
pub use objects::{
    CALL_FLOWS, CallFlow, Callback, Did, DidGroup, DidGroupReference, Key, Room, Subscriber, SubscriberRole,
};

use std::sync::Arc;

use imbl::OrdMap;

use crate::{DidGroupId, DidId, MeetingNumber, Sid};

/// Everything configured.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    subscribers: OrdMap<Sid, Arc<Subscriber>>,
    groups: OrdMap<DidGroupId, Arc<DidGroup>>,
    dids: OrdMap<DidId, Arc<Did>>,
    rooms: OrdMap<MeetingNumber, Arc<Room>>,
    /// Every spelling under which a DID may be dialled.
    by_number: OrdMap<String, Vec<DidId>>,
    /// Access codes are unique within a DID group.
    by_code: OrdMap<(DidGroupId, String), MeetingNumber>,
    by_login: OrdMap<String, Sid>,
}
