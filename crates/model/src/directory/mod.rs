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
    /// How many codes of each length a DID group has.
    code_lengths: OrdMap<(DidGroupId, usize), usize>,
    /// How many rooms of each owner are reached by the numbers of a DID group.
    owners: OrdMap<(DidGroupId, Sid), usize>,
    /// Where rooms have gone that had these numbers before, none of which a room has. It is not stored, for no meeting outlives the program;
    /// there are no more of them than numbers of six digits.
    renumbered: OrdMap<MeetingNumber, MeetingNumber>,
    by_login: OrdMap<String, Sid>,
}
