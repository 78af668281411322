//! Numbers of meetings, which are those of their rooms: a room may be renumbered, or come to be, while a caller is on the way into a meeting.
//!
//! REST refuses to renumber a room whose meeting runs, and to take the number of a meeting; but it looks at a snapshot, and who comes in
//! between that and the edit is in a meeting whose number is wrong. Such a meeting follows, so that the next caller with the same code comes
//! into it, and none into somebody else's that has its number by chance.

use std::sync::Arc;

use model::directory::{Directory, Room};
use model::{MeetingId, MeetingNumber};

use super::Control;

impl Control {
    /// From now on this is the directory.
    pub(super) fn take_directory(&mut self, directory: Arc<Directory>) {
        let before = std::mem::replace(&mut self.directory, directory);
        if before.shares_rooms(&self.directory) {
            return;
        }
        let ids: Vec<_> = self.meetings.keys().copied().collect();
        for id in ids {
            if let Some(number) = self.number_to_be(id) {
                self.renumber(id, number);
            }
        }
    }

    /// The number that a meeting must have in place of its own: that of its room, or any where another room has its number.
    fn number_to_be(&mut self, id: MeetingId) -> Option<MeetingNumber> {
        let slot = self.meetings.get(&id)?;
        let is_its = |room: &Arc<Room>| slot.is_of(Some(room));
        let here = self.directory.room(slot.number);
        let is_anothers = here.is_some_and(|room| !is_its(room));
        let gone_to = self.directory.renumbered(slot.number);
        let followed = gone_to.filter(|number| self.directory.room(*number).is_some_and(is_its));
        match is_anothers {
            true => self.free_number(),
            false => followed,
        }
    }

    fn renumber(&mut self, id: MeetingId, number: MeetingNumber) {
        let Some(slot) = self.meetings.get_mut(&id) else {
            return;
        };
        let before = slot.take_number(number);
        let (legs, is_ending): (Vec<_>, _) = (slot.meeting.legs().collect(), slot.meeting.is_ending());
        let was_found = self.by_number.get(&before) == Some(&id);
        if was_found {
            self.by_number.remove(&before);
            self.live.meetings.remove(&before);
        }
        // One that is ending has given its place to the next already.
        if was_found || !is_ending {
            self.by_number.insert(number, id);
        }
        for leg in legs {
            if let Some(call) = self.calls.get_mut(&leg) {
                call.view.meeting = Some(number);
                call.record.meeting = Some((id, number));
                self.dirty_calls.insert(leg);
                self.keep_open(leg);
            }
        }
        self.dirty_meetings.insert(id);
        self.news.insert(id);
    }
}
