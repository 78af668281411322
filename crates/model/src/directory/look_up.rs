use std::sync::Arc;

use super::{Did, DidGroup, Directory, Key, Room, Subscriber, normalise};
use crate::attribute::{Resolved, resolve};
use crate::{DidGroupId, DidId, MeetingNumber, Sid};

/// A dialled number that is one of ours.
#[derive(Clone, Debug)]
pub struct Dialled {
    /// The number.
    pub did: Arc<Did>,
    /// Its group.
    pub group: Arc<DidGroup>,
}

/// What an access code opens.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The room.
    pub room: Arc<Room>,
    /// The key that was used.
    pub key: Key,
}

impl Directory {
    /// The DID that was dialled, in whatever form; `None` when it is not ours or the form fits several.
    pub fn dialled(&self, number: &str) -> Option<Dialled> {
        let digits = normalise(number)?;
        let ids = self.by_number.get(&digits)?;
        let exact = ids
            .iter()
            .find(|id| self.dids.get(*id).is_some_and(|did| did.phone_number == digits));
        let id = match (exact, ids.as_slice()) {
            (Some(id), _) => id,
            (None, [id]) => id,
            (None, _) => return None,
        };
        let did = self.dids.get(id)?.clone();
        let group = self.groups.get(&did.did_group_id)?.clone();
        Some(Dialled { did, group })
    }

    /// What `code` opens within the numbers of `group`.
    pub fn grant(&self, group: DidGroupId, code: &str) -> Option<Grant> {
        let number = self.by_code.get(&(group, code.to_owned()))?;
        let room = self.rooms.get(number)?.clone();
        let key = room.keychain.iter().find(|key| key.access_code == code)?.clone();
        Some(Grant { room, key })
    }

    /// Whether some code of `group` begins with `digits` and is longer.
    pub fn longer_code(&self, group: DidGroupId, digits: &str) -> bool {
        let from = (group, format!("{digits}\0"));
        self.by_code
            .range(from..)
            .next()
            .is_some_and(|((g, code), _)| *g == group && code.starts_with(digits))
    }

    /// Whether some code of `group` has more digits than this, whatever they are.
    pub fn has_code_beyond(&self, group: DidGroupId, digits: usize) -> bool {
        let mut longer = self.code_lengths.range((group, digits + 1)..);
        longer.next().is_some_and(|((g, _), _)| *g == group)
    }

    /// The owners of the rooms that are reached by the numbers of `group`, one by one.
    pub fn owners(&self, group: DidGroupId) -> impl Iterator<Item = &Sid> {
        self.owners
            .range((group, Sid::new(""))..)
            .take_while(move |((g, _), _)| *g == group)
            .map(|((_, owner), _)| owner)
    }

    /// The number that a room has now which had `number` before and has it no longer; it may have been deleted meanwhile.
    pub fn renumbered(&self, number: MeetingNumber) -> Option<MeetingNumber> {
        let next = |number: &MeetingNumber| self.renumbered.get(number).copied();
        // What a number leads to never leads back to it; the bound is there for whoever does not believe it.
        let numbers = std::iter::successors(next(&number), next);
        numbers.take(self.renumbered.len()).last()
    }

    /// Whether the rooms of both are the same, as is known without looking at them.
    pub fn shares_rooms(&self, other: &Self) -> bool {
        self.rooms.ptr_eq(&other.rooms)
    }

    /// Number of codes that are good in `group`, for judging how easily one is guessed.
    pub fn codes(&self, group: DidGroupId) -> usize {
        self.by_code
            .range((group, String::new())..)
            .take_while(|((g, _), _)| *g == group)
            .count()
    }

    /// The settings in force for a call: room, else DID, else DID group, else the call flow's default.
    pub fn resolve(&self, dialled: &Dialled, room: Option<&Room>) -> Resolved {
        let layers = [&dialled.group.attributes, &dialled.did.attributes];
        let room = room.map(|room| &room.attributes);
        resolve(&layers.into_iter().chain(room).collect::<Vec<_>>())
    }

    /// The settings in force for a room whatever number was dialled: room, else its primary DID group, else default.
    pub fn resolve_room(&self, room: &Room) -> Resolved {
        let group = self
            .groups
            .get(&room.primary_did_group_id)
            .map(|group| &group.attributes);
        resolve(&group.into_iter().chain([&room.attributes]).collect::<Vec<_>>())
    }

    /// Whether `sid` is `above` or stands somewhere below it.
    pub fn is_within(&self, sid: &Sid, above: &Sid) -> bool {
        let mut at = Some(sid);
        // The tree is as deep as there are subscribers at most; edits refuse loops.
        for _ in 0..=self.subscribers.len() {
            match at {
                Some(sid) if sid == above => return true,
                Some(sid) => at = self.subscribers.get(sid).and_then(|s| s.parent_sid.as_ref()),
                None => return false,
            }
        }
        false
    }

    /// Whether `actor` may see and steer what `owner` owns. Whoever is not there any more may nothing.
    pub fn sees(&self, actor: &Sid, owner: &Sid) -> bool {
        let actor = self.subscribers.get(actor);
        actor.is_some_and(|actor| self.is_within(owner, actor.top()))
    }

    /// Whether `actor` may use a DID group: one of its tree, or one lent to it.
    pub fn may_use(&self, actor: &Sid, group: &DidGroup) -> bool {
        let is_lent = |actor: &Arc<Subscriber>| actor.lent_groups().any(|id| id == group.id);
        self.subscribers.get(actor).is_some_and(is_lent) || self.sees(actor, &group.subscriber_sid)
    }

    /// The only subscriber that stands below nobody, where there are not several.
    pub fn above_all(&self) -> Option<&Sid> {
        let mut tops = self.subscribers.values().filter(|s| s.parent_sid.is_none());
        let first = tops.next()?;
        tops.next().is_none().then_some(&first.sid)
    }

    /// A subscriber by secure id.
    pub fn subscriber(&self, sid: &Sid) -> Option<&Arc<Subscriber>> {
        self.subscribers.get(sid)
    }

    /// A subscriber by login.
    pub fn login(&self, login: &str) -> Option<&Arc<Subscriber>> {
        self.subscribers.get(self.by_login.get(login)?)
    }

    /// A DID group.
    pub fn group(&self, id: DidGroupId) -> Option<&Arc<DidGroup>> {
        self.groups.get(&id)
    }

    /// A DID.
    pub fn did(&self, id: DidId) -> Option<&Arc<Did>> {
        self.dids.get(&id)
    }

    /// A meeting room.
    pub fn room(&self, number: MeetingNumber) -> Option<&Arc<Room>> {
        self.rooms.get(&number)
    }

    /// Every subscriber, by secure id.
    pub fn subscribers(&self) -> impl Iterator<Item = &Arc<Subscriber>> {
        self.subscribers.values()
    }

    /// Every DID group, by id.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<DidGroup>> {
        self.groups.values()
    }

    /// Every DID, by id.
    pub fn dids(&self) -> impl Iterator<Item = &Arc<Did>> {
        self.dids.values()
    }

    /// The DIDs of one group, by id.
    pub fn dids_of(&self, group: DidGroupId) -> impl Iterator<Item = &Arc<Did>> {
        self.dids.values().filter(move |did| did.did_group_id == group)
    }

    /// Every meeting room, by number.
    pub fn rooms(&self) -> impl Iterator<Item = &Arc<Room>> {
        self.rooms.values()
    }
}
