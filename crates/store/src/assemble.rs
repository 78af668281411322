use std::collections::HashMap;

use model::Sid;
use model::directory::{Did, DidGroup, Edit, Room, Subscriber};

/// All objects of a directory, in any order.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) subscribers: Vec<Subscriber>,
    pub(crate) groups: Vec<DidGroup>,
    pub(crate) dids: Vec<Did>,
    pub(crate) rooms: Vec<Room>,
}

impl Objects {
    /// Edits that make the directory from nothing, each of which finds what it refers to.
    ///
    /// Subscribers own groups and refer to groups, so those that refer are put twice: first without references.
    pub(crate) fn edits(mut self) -> Vec<Edit> {
        parents_first(&mut self.subscribers);
        let bare = self.subscribers.iter().map(|subscriber| Subscriber {
            did_group_references: Vec::new(),
            ..subscriber.clone()
        });
        let mut edits: Vec<_> = bare.map(Edit::PutSubscriber).collect();
        edits.extend(self.groups.into_iter().map(Edit::PutGroup));
        let refer = self
            .subscribers
            .into_iter()
            .filter(|s| !s.did_group_references.is_empty());
        edits.extend(refer.map(Edit::PutSubscriber));
        edits.extend(self.dids.into_iter().map(Edit::PutDid));
        edits.extend(self.rooms.into_iter().map(Edit::PutRoom));
        edits
    }
}

/// What an edit does, in one word; `makes` says that what it puts was not there before.
pub(crate) fn action(edit: &Edit, makes: bool) -> &'static str {
    match edit {
        Edit::PutSubscriber(_) | Edit::PutGroup(_) | Edit::PutDid(_) | Edit::PutRoom(_) => match makes {
            true => "create",
            false => "put",
        },
        Edit::RenumberRoom { .. } => "renumber",
        Edit::DeleteSubscriber(_) | Edit::DeleteGroup(_) | Edit::DeleteDid(_) | Edit::DeleteRoom(_) => {
            "delete"
        }
    }
}

/// Which object an edit is about.
pub(crate) fn describe(edit: &Edit) -> String {
    match edit {
        Edit::PutSubscriber(Subscriber { sid, .. }) | Edit::DeleteSubscriber(sid) => {
            format!("subscriber {sid}")
        }
        Edit::PutGroup(DidGroup { id, .. }) | Edit::DeleteGroup(id) => format!("DID group {id}"),
        Edit::PutDid(Did { id, .. }) | Edit::DeleteDid(id) => format!("DID {id}"),
        Edit::PutRoom(room) => format!("room {}", room.meeting_number),
        Edit::RenumberRoom { from, room } => format!("room {from} to {}", room.meeting_number),
        Edit::DeleteRoom(number) => format!("room {number}"),
    }
}

fn parents_first(subscribers: &mut [Subscriber]) {
    let parents: HashMap<Sid, Sid> = subscribers
        .iter()
        .filter_map(|s| Some((s.sid.clone(), s.parent_sid.clone()?)))
        .collect();
    let above = |sid: &Sid| std::iter::successors(parents.get(sid), |parent| parents.get(*parent));
    // Bounded, since damaged data may loop.
    subscribers.sort_by_cached_key(|s| above(&s.sid).take(parents.len()).count());
}
