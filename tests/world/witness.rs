//! What there is to see and hear in the world: records, words, views.

use api::Change;
use bridge::control::Listeners;
use bridge::control::voice::Sound;
use meeting::Hears;
use model::{
    Actor, CallView, Cause, Cdr, Event, Happening, LegId, Mdr, MeetingId, MeetingNumber, MeetingView, News,
};
use store::{AuditEntry, Record};

use crate::{PhoneId, World};

impl World {
    /// Call records so far.
    pub fn cdrs(&self) -> Vec<&Cdr> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Call(cdr) => Some(&**cdr),
            Record::Meeting(_)
            | Record::Happening(_)
            | Record::Audit(_)
            | Record::OpenCall(_)
            | Record::Alive { .. } => None,
        });
        found.collect()
    }

    /// Meeting records so far.
    pub fn mdrs(&self) -> Vec<&Mdr> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Meeting(mdr) => Some(&**mdr),
            Record::Call(_)
            | Record::Happening(_)
            | Record::Audit(_)
            | Record::OpenCall(_)
            | Record::Alive { .. } => None,
        });
        found.collect()
    }

    /// The meetings' log so far.
    pub fn log(&self) -> Vec<&Happening> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Happening(happening) => happening.place.is_some().then_some(&**happening),
            Record::Call(_)
            | Record::Meeting(_)
            | Record::Audit(_)
            | Record::OpenCall(_)
            | Record::Alive { .. } => None,
        });
        found.collect()
    }

    /// What was done to calls and meetings by REST so far.
    pub fn audit(&self) -> Vec<Change> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Audit(entry) => Some(entry),
            Record::Call(_)
            | Record::Meeting(_)
            | Record::Happening(_)
            | Record::OpenCall(_)
            | Record::Alive { .. } => None,
        });
        let change = |(id, entry): (u64, &AuditEntry)| Change {
            id,
            at_ms: entry.at_ms,
            actor: entry.actor.clone(),
            action: entry.action.to_owned(),
            object: entry.object.clone(),
        };
        (1..).zip(found).map(change).collect()
    }

    /// What meetings decided, and who had it so, in the order of their log.
    pub fn decided(&self) -> Vec<(Actor, Event)> {
        let log = self.log().into_iter();
        log.filter_map(|happening| match &happening.news {
            News::Meeting(event) => Some((happening.actor.clone(), event.clone())),
            News::Call { .. } => None,
        })
        .collect()
    }

    /// What meetings decided, in the order of their log.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.log()
            .into_iter()
            .filter_map(|happening| match &happening.news {
                News::Meeting(event) => Some(event),
                News::Call { .. } => None,
            })
    }

    /// Whether an event is in the log.
    pub fn logged(&self, event: &Event) -> bool {
        self.events().any(|known| known == event)
    }

    /// Why the only call that ended did.
    pub fn cause(&self) -> Cause {
        let [cdr] = self.cdrs()[..] else {
            panic!("{:?}", self.cdrs())
        };
        cdr.cause
    }

    /// The record of a phone's call, once it has ended.
    pub fn cdr(&self, phone: PhoneId) -> Option<&Cdr> {
        let leg = self.leg(phone);
        self.cdrs().into_iter().find(|cdr| cdr.leg == leg)
    }

    /// Why a phone's call ended, if it did.
    pub fn end_of(&self, phone: PhoneId) -> Option<Cause> {
        self.cdr(phone).map(|cdr| cdr.cause)
    }

    /// A phone's call as readers see it.
    pub fn view(&self, phone: PhoneId) -> &CallView {
        &self.live.calls[&self.leg(phone)]
    }

    /// A meeting as readers see it.
    pub fn meeting(&self, number: MeetingNumber) -> &MeetingView {
        &self.live.meetings[&number]
    }

    /// Whether a phone's voice goes into the mix.
    pub fn speaks(&self, phone: PhoneId) -> bool {
        self.mixer.routes[&self.leg(phone)].0
    }

    /// What a phone in a meeting hears.
    pub fn hears(&self, phone: PhoneId) -> Hears {
        self.mixer.routes[&self.leg(phone)].1
    }

    /// How often a prompt was said to a phone alone.
    pub fn heard(&self, phone: PhoneId, name: &str) -> usize {
        self.times(phone, name).len()
    }

    /// When a prompt was said to a phone alone, ms since the start.
    pub fn times(&self, phone: PhoneId, name: &str) -> Vec<u64> {
        let to = Listeners::Leg(self.leg(phone));
        let same = self.mixer.said.iter().filter(|(_, who, _)| *who == to);
        same.filter(|(_, _, sounds)| sounds.iter().any(|sound| is(sound, name)))
            .map(|(ms, _, _)| *ms)
            .collect()
    }

    /// What was said to a phone alone last, without pauses.
    pub fn last_words(&self, phone: PhoneId) -> Vec<&'static str> {
        let to = Listeners::Leg(self.leg(phone));
        let last = self.mixer.said.iter().rfind(|(_, who, _)| *who == to);
        last.map(|(_, _, sounds)| names(sounds)).unwrap_or_default()
    }

    /// How often a prompt was said to a whole meeting.
    pub fn announced(&self, name: &str) -> usize {
        self.announcements(name).len()
    }

    /// When a prompt was said to a whole meeting, and in what words.
    pub fn announcements(&self, name: &str) -> Vec<(u64, Vec<&'static str>)> {
        let rooms = self
            .mixer
            .said
            .iter()
            .filter(|(_, to, _)| matches!(to, Listeners::Room(_)));
        rooms
            .filter(|(_, _, sounds)| sounds.iter().any(|sound| is(sound, name)))
            .map(|(ms, _, sounds)| (*ms, names(sounds)))
            .collect()
    }

    /// Legs that a meeting's mix contains.
    pub fn mix_of(&self, room: MeetingId) -> Vec<LegId> {
        let inside = self.mixer.places.iter().filter(|(_, place)| **place == room);
        inside
            .map(|(leg, _)| *leg)
            .filter(|leg| self.mixer.routes.get(leg).is_some_and(|(speaks, _)| *speaks))
            .collect()
    }
}

fn names(sounds: &[Sound]) -> Vec<&'static str> {
    let name = |sound: &Sound| match sound {
        Sound::Clip(clip) => Some(*clip),
        Sound::EntryTone => Some("entry_tone"),
        Sound::ExitTone => Some("exit_tone"),
        Sound::Pause => None,
    };
    sounds.iter().filter_map(name).collect()
}

fn is(sound: &Sound, name: &str) -> bool {
    names(std::slice::from_ref(sound)).contains(&name)
}
