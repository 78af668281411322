use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;

use super::{Did, DidGroup, Directory, Room, Subscriber, forms};
use crate::attribute::{check_bindings, resolve};
use crate::{DidGroupId, DidId, MeetingNumber, Sid};

/// Longest access code, in digits.
const CODE_MAX: usize = 20;
/// Most codes of one room.
const KEYS_MAX: usize = 1000;
/// Most DID groups a room or subscriber may name.
const REFERENCES_MAX: usize = 100;
/// Longest of the other texts, in characters.
const TEXT_MAX: usize = 4096;

/// One change of the directory: an object put whole (made or replaced), or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Make or replace a subscriber.
    PutSubscriber(Subscriber),
    /// Delete a subscriber that owns nothing.
    DeleteSubscriber(Sid),
    /// Make or replace a DID group.
    PutGroup(DidGroup),
    /// Delete a DID group that nothing refers to.
    DeleteGroup(DidGroupId),
    /// Make or replace a DID.
    PutDid(Did),
    /// Delete a DID.
    DeleteDid(DidId),
    /// Make or replace a meeting room.
    PutRoom(Room),
    /// Replace a meeting room by one of another number, in one step.
    RenumberRoom {
        /// Its number so far.
        from: MeetingNumber,
        /// The room with its new number, which must be free.
        room: Room,
    },
    /// Delete a meeting room.
    DeleteRoom(MeetingNumber),
}

/// What kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A value is not acceptable.
    Invalid,
    /// A code, number or login is already taken, or the object is still in use.
    Conflict,
    /// There is no such object.
    Missing,
}

/// Why an edit was refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditError {
    /// What kind.
    pub fault: Fault,
    /// The field at fault, by its name on the wire.
    pub field: &'static str,
    /// What was expected.
    pub message: String,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for EditError {}

type Checked = Result<(), EditError>;

fn refuse<T>(fault: Fault, field: &'static str, message: impl Into<String>) -> Result<T, EditError> {
    Err(EditError {
        fault,
        field,
        message: message.into(),
    })
}

fn ensure(good: bool, fault: Fault, field: &'static str, message: &str) -> Checked {
    if good {
        Ok(())
    } else {
        refuse(fault, field, message)
    }
}

fn text(field: &'static str, text: &str) -> Checked {
    let good = text.chars().count() <= TEXT_MAX && !text.contains('\0');
    ensure(
        good,
        Fault::Invalid,
        field,
        "expected at most 4096 characters without NUL",
    )
}

fn is_so<T: PartialEq>(known: Option<&Arc<T>>, new: &T) -> bool {
    known.is_some_and(|known| **known == *new)
}

impl Directory {
    /// The directory after `edit`, or why it is refused.
    pub fn edited(&self, edit: Edit) -> Result<Self, EditError> {
        let mut next = self.clone();
        match edit {
            Edit::PutSubscriber(subscriber) => next.put_subscriber(subscriber)?,
            Edit::DeleteSubscriber(sid) => next.delete_subscriber(&sid)?,
            Edit::PutGroup(group) => next.put_group(group)?,
            Edit::DeleteGroup(id) => next.delete_group(id)?,
            Edit::PutDid(did) => next.put_did(did)?,
            Edit::DeleteDid(id) => next.delete_did(id)?,
            Edit::PutRoom(room) => next.put_room(room)?,
            Edit::RenumberRoom { from, room } => next.renumber_room(from, room)?,
            Edit::DeleteRoom(number) => next.delete_room(number)?,
        }
        Ok(next)
    }

    /// The directory after `edits`, one after another, and those of them that change something; or why one is refused.
    pub fn edited_all(&self, edits: &[Edit]) -> Result<(Self, Vec<Edit>), EditError> {
        let mut next = self.clone();
        let mut changes = Vec::new();
        for edit in edits {
            let edited = next.edited(edit.clone())?;
            if !next.has(edit) {
                changes.push(edit.clone());
            }
            next = edited;
        }
        Ok((next, changes))
    }

    /// Whether all is already as `edit` would have it.
    fn has(&self, edit: &Edit) -> bool {
        match edit {
            Edit::PutSubscriber(new) => is_so(self.subscribers.get(&new.sid), new),
            Edit::PutGroup(new) => is_so(self.groups.get(&new.id), new),
            Edit::PutDid(new) => is_so(self.dids.get(&new.id), new),
            Edit::PutRoom(new) => is_so(self.rooms.get(&new.meeting_number), new),
            Edit::DeleteSubscriber(_) | Edit::DeleteGroup(_) | Edit::DeleteDid(_) | Edit::DeleteRoom(_) => {
                false
            }
            Edit::RenumberRoom { .. } => false,
        }
    }

    fn put_subscriber(&mut self, subscriber: Subscriber) -> Checked {
        let Subscriber {
            sid,
            parent_sid,
            login,
            ..
        } = &subscriber;
        ensure(
            !login.is_empty(),
            Fault::Invalid,
            "login",
            "expected a name to log in with",
        )?;
        // Basic credentials end the login at the first colon (RFC 7617, section 2).
        ensure(
            !login.contains(':'),
            Fault::Invalid,
            "login",
            "expected a name without a colon",
        )?;
        for (field, value) in [
            ("login", login),
            ("details", &subscriber.details),
            ("email", &subscriber.email),
            ("ext", &subscriber.ext),
            ("firstName", &subscriber.first_name),
            ("lastName", &subscriber.last_name),
            ("phoneNumber", &subscriber.phone_number),
        ] {
            text(field, value)?;
        }
        let taken = self.by_login.get(login).is_some_and(|owner| owner != sid);
        ensure(!taken, Fault::Conflict, "login", "this login is already taken")?;
        if let Some(parent) = parent_sid {
            let known =
                self.subscribers.contains_key(parent) && parent != sid && !self.is_within(parent, sid);
            ensure(
                known,
                Fault::Invalid,
                "parentSid",
                "expected the sid of a subscriber above this one",
            )?;
        }
        self.check_references(&subscriber.did_group_references)?;
        if let Some(old) = self.subscribers.get(sid) {
            let old = old.login.clone();
            self.by_login.remove(&old);
        }
        self.by_login.insert(login.clone(), sid.clone());
        self.subscribers.insert(sid.clone(), Arc::new(subscriber));
        Ok(())
    }

    fn delete_subscriber(&mut self, sid: &Sid) -> Checked {
        let Some(subscriber) = self.subscribers.get(sid).cloned() else {
            return refuse(Fault::Missing, "sid", "no such subscriber");
        };
        let owns = self.groups.values().any(|group| group.subscriber_sid == *sid)
            || self.rooms.values().any(|room| room.subscriber_sid == *sid)
            || self
                .subscribers
                .values()
                .any(|other| other.parent_sid.as_ref() == Some(sid));
        ensure(
            !owns,
            Fault::Conflict,
            "sid",
            "still owns meeting rooms, DID groups or subscribers: delete those first",
        )?;
        self.by_login.remove(&subscriber.login);
        self.subscribers.remove(sid);
        Ok(())
    }

    fn put_group(&mut self, group: DidGroup) -> Checked {
        ensure(!group.name.is_empty(), Fault::Invalid, "name", "expected a name")?;
        text("name", &group.name)?;
        text("description", &group.description)?;
        self.check_owner(&group.subscriber_sid)?;
        let policy = resolve(&[&group.attributes]).policy;
        if let Err(clash) = check_bindings(&policy) {
            return refuse(Fault::Invalid, "attributes", clash.to_string());
        }
        self.groups.insert(group.id, Arc::new(group));
        Ok(())
    }

    fn delete_group(&mut self, id: DidGroupId) -> Checked {
        ensure(
            self.groups.contains_key(&id),
            Fault::Missing,
            "id",
            "no such DID group",
        )?;
        let names = |references: &[super::DidGroupReference]| references.iter().any(|r| r.did_group_id == id);
        let used = self.dids.values().any(|did| did.did_group_id == id)
            || (self.rooms.values())
                .any(|room| room.primary_did_group_id == id || names(&room.did_group_references))
            || (self.subscribers.values()).any(|subscriber| names(&subscriber.did_group_references));
        ensure(
            !used,
            Fault::Conflict,
            "id",
            "DIDs, meeting rooms or subscribers still refer to this DID group: delete them, or let them refer to another first",
        )?;
        self.groups.remove(&id);
        Ok(())
    }

    fn put_did(&mut self, did: Did) -> Checked {
        let number = &did.phone_number;
        let good = (5..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        ensure(
            good,
            Fault::Invalid,
            "phoneNumber",
            "expected 5 to 15 digits in E.164 form without plus",
        )?;
        let country = did.country_code.len() == 2 && did.country_code.bytes().all(|b| b.is_ascii_uppercase());
        ensure(
            country,
            Fault::Invalid,
            "countryCode",
            "expected two capital letters of ISO 3166-1",
        )?;
        text("description", &did.description)?;
        ensure(
            self.groups.contains_key(&did.did_group_id),
            Fault::Invalid,
            "didGroupId",
            "expected the id of a DID group",
        )?;
        let mut alike = self.by_number.get(number).into_iter().flatten();
        let taken = alike.any(|other| {
            *other != did.id
                && self
                    .dids
                    .get(other)
                    .is_some_and(|other| other.phone_number == *number)
        });
        ensure(
            !taken,
            Fault::Conflict,
            "phoneNumber",
            "this number is already in use",
        )?;
        self.forget_number(did.id);
        for form in forms(number) {
            self.by_number.entry(form).or_default().push(did.id);
        }
        self.dids.insert(did.id, Arc::new(did));
        Ok(())
    }

    fn delete_did(&mut self, id: DidId) -> Checked {
        ensure(self.dids.contains_key(&id), Fault::Missing, "id", "no such DID")?;
        self.forget_number(id);
        self.dids.remove(&id);
        Ok(())
    }

    fn forget_number(&mut self, id: DidId) {
        let Some(did) = self.dids.get(&id).cloned() else {
            return;
        };
        for form in forms(&did.phone_number) {
            let left: Vec<_> = self
                .by_number
                .get(&form)
                .into_iter()
                .flatten()
                .copied()
                .filter(|i| *i != id)
                .collect();
            match left.is_empty() {
                true => self.by_number.remove(&form),
                false => self.by_number.insert(form, left),
            };
        }
    }

    fn put_room(&mut self, room: Room) -> Checked {
        let six_digits = (100_000..=999_999).contains(&room.meeting_number.0);
        ensure(
            six_digits,
            Fault::Invalid,
            "meetingNumber",
            "expected six digits, 100000 to 999999",
        )?;
        text("description", &room.description)?;
        self.check_owner(&room.subscriber_sid)?;
        let known = self.groups.contains_key(&room.primary_did_group_id);
        ensure(
            known,
            Fault::Invalid,
            "primaryDidGroupId",
            "expected the id of a DID group",
        )?;
        self.check_references(&room.did_group_references)?;
        self.check_keychain(&room)?;
        self.forget_codes(room.meeting_number);
        self.note_codes(&room);
        self.renumbered.remove(&room.meeting_number);
        self.rooms.insert(room.meeting_number, Arc::new(room));
        Ok(())
    }

    fn renumber_room(&mut self, from: MeetingNumber, room: Room) -> Checked {
        self.delete_room(from)?;
        let taken = self.rooms.contains_key(&room.meeting_number);
        ensure(
            !taken,
            Fault::Conflict,
            "meetingNumber",
            "this number is already taken",
        )?;
        let to = room.meeting_number;
        self.put_room(room)?;
        if from != to {
            self.renumbered.insert(from, to);
        }
        Ok(())
    }

    fn check_keychain(&self, room: &Room) -> Checked {
        ensure(
            room.keychain.len() <= KEYS_MAX,
            Fault::Invalid,
            "keychain",
            "expected at most 1000 codes",
        )?;
        for (n, key) in room.keychain.iter().enumerate() {
            let code = &key.access_code;
            let good = (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
            ensure(good, Fault::Invalid, "accessCode", "expected 1 to 20 digits")?;
            let twice = room
                .keychain
                .iter()
                .skip(n + 1)
                .any(|other| other.access_code == *code);
            ensure(
                !twice,
                Fault::Conflict,
                "accessCode",
                "a code stands twice in the keychain",
            )?;
            let taken = room.active_groups().any(|group| {
                let owner = self.by_code.get(&(group, code.clone()));
                owner.is_some_and(|owner| *owner != room.meeting_number)
            });
            ensure(
                !taken,
                Fault::Conflict,
                "accessCode",
                "this code is already taken within the DID group",
            )?;
        }
        Ok(())
    }

    fn delete_room(&mut self, number: MeetingNumber) -> Checked {
        ensure(
            self.rooms.contains_key(&number),
            Fault::Missing,
            "meetingNumber",
            "no such meeting room",
        )?;
        self.forget_codes(number);
        self.rooms.remove(&number);
        Ok(())
    }

    fn note_codes(&mut self, room: &Room) {
        for group in room.active_groups() {
            let owner = (group, room.subscriber_sid.clone());
            *self.owners.entry(owner).or_default() += 1;
            for key in &room.keychain {
                let length = (group, key.access_code.len());
                *self.code_lengths.entry(length).or_default() += 1;
                self.by_code
                    .insert((group, key.access_code.clone()), room.meeting_number);
            }
        }
    }

    fn forget_codes(&mut self, number: MeetingNumber) {
        let Some(room) = self.rooms.get(&number).cloned() else {
            return;
        };
        for group in room.active_groups() {
            one_less(&mut self.owners, (group, room.subscriber_sid.clone()));
            for key in &room.keychain {
                one_less(&mut self.code_lengths, (group, key.access_code.len()));
                self.by_code.remove(&(group, key.access_code.clone()));
            }
        }
    }

    fn check_owner(&self, sid: &Sid) -> Checked {
        ensure(
            self.subscribers.contains_key(sid),
            Fault::Invalid,
            "subscriberSid",
            "expected the sid of a subscriber",
        )
    }

    fn check_references(&self, references: &[super::DidGroupReference]) -> Checked {
        const FIELD: &str = "didGroupReferences";
        ensure(
            references.len() <= REFERENCES_MAX,
            Fault::Invalid,
            FIELD,
            "expected at most 100 DID groups",
        )?;
        let known = references
            .iter()
            .all(|r| self.groups.contains_key(&r.did_group_id));
        ensure(known, Fault::Invalid, FIELD, "expected ids of DID groups")
    }
}

/// Counts one less of `key`, which is forgotten with the last.
fn one_less<K: Ord + Clone>(counts: &mut OrdMap<K, usize>, key: K) {
    match counts.get(&key).copied() {
        Some(count) if count > 1 => counts.insert(key, count - 1),
        Some(_) | None => counts.remove(&key),
    };
}

#[cfg(test)]
mod tests;
