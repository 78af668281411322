//! Phones that show the roster of the meeting they are in: subscriptions to it (RFC 4575, RFC 4579).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use model::{LegId, MeetingId};
use sip::{SubscriptionId, SubscriptionOrder, SubscriptionReason};

use super::Control;
use super::conference_info::{Document, Person};
use crate::masked::masked;

/// Most people in a document, in order of arrival: more would not fit a datagram. How many there are in all is told.
const SHOWN: usize = 100;

/// One subscription.
#[derive(Debug)]
pub(super) struct Watch {
    leg: LegId,
    /// Our host and port as the phone knows them.
    host: String,
    /// The meeting it was told of; none while its caller is in the menu.
    meeting: Option<MeetingId>,
    version: u32,
    /// What it was told last.
    told: BTreeMap<LegId, Person>,
}

impl Control {
    /// A phone wants to be told: only one whose caller is here, by the call it asks in, else by its address and the name it called by.
    pub(super) fn subscribing(&mut self, now: Instant, subscriber: &sip::Subscriber) {
        let subscription = subscriber.subscription;
        let leg = match subscriber.call {
            Some(call) => self.by_dialog.get(&call).copied(),
            None => self.caller_at(subscriber),
        };
        let Some(leg) = leg else {
            return self.watch_order(now, subscription, SubscriptionOrder::Deny { status: 403 });
        };
        let watch = Watch {
            leg,
            host: subscriber.host.clone(),
            meeting: None,
            version: 0,
            told: BTreeMap::new(),
        };
        self.watches.insert(subscription, watch);
        self.watch_order(now, subscription, SubscriptionOrder::Admit);
    }

    /// The latest call from this address by this name.
    fn caller_at(&self, subscriber: &sip::Subscriber) -> Option<LegId> {
        let user = subscriber.from_user.as_deref().filter(|user| !user.is_empty())?;
        let source = subscriber.source.ip().to_canonical();
        let mut calls = self.calls.iter().rev();
        let same = calls.find(|(_, call)| {
            call.answered() && !call.is_ending() && call.source() == source && call.peer_user == user
        });
        same.map(|(leg, _)| *leg)
    }

    /// Signalling is ready to tell a phone how things are.
    pub(super) fn state_wanted(&mut self, now: Instant, subscription: SubscriptionId, full: bool) {
        let Some(mut watch) = self.watches.remove(&subscription) else {
            return;
        };
        let meeting = self.calls.get(&watch.leg).and_then(|call| call.meeting());
        // Of a meeting that nothing is told of, phones are told nothing either.
        let meeting = meeting.filter(|id| self.meetings.get(id).is_some_and(|slot| slot.is_live()));
        if watch.meeting.is_some() && watch.meeting != meeting {
            let gone = SubscriptionOrder::End(SubscriptionReason::NoResource);
            return self.watch_order(now, subscription, gone);
        }
        let body = meeting.and_then(|id| self.document(id, &mut watch, full));
        watch.meeting = meeting;
        self.watches.insert(subscription, watch);
        let active = meeting.is_some();
        self.watch_order(now, subscription, SubscriptionOrder::State { active, body });
    }

    fn document(&self, id: MeetingId, watch: &mut Watch, full: bool) -> Option<Vec<u8>> {
        let slot = self.meetings.get(&id)?;
        let legs: Vec<_> = slot.meeting.legs().collect();
        let shown = legs.iter().take(SHOWN);
        let now: BTreeMap<_, _> = shown
            .filter_map(|leg| Some((*leg, self.person(id, *leg)?)))
            .collect();
        // The first document that a phone gets of a meeting is a whole one.
        let full = full || watch.meeting.is_none();
        let people = match full {
            true => now
                .iter()
                .map(|(leg, person)| (*leg, Some(person.clone())))
                .collect(),
            false => differences(&watch.told, &now),
        };
        let document = Document {
            host: &watch.host,
            number: slot.number.0,
            version: watch.version,
            full,
            count: legs.len(),
            active: slot.meeting.has_started(),
            locked: slot.meeting.locked(),
            people: &people,
        };
        let text = document.text();
        watch.version = watch.version.wrapping_add(1);
        watch.told = now;
        Some(text)
    }

    fn person(&self, id: MeetingId, leg: LegId) -> Option<Person> {
        let row = self.meetings.get(&id)?.meeting.row(leg)?;
        let call = self.calls.get(&leg)?;
        let name = match row.name.as_str() {
            "" => masked(&call.numbers().0),
            name => name.to_owned(),
        };
        Some(Person {
            name,
            role: row.role,
            waits: row.waiting,
            held: row.held,
            muted: row.mute.any(),
            dialled: call.view.outbound,
        })
    }

    /// Signalling is done with a subscription.
    pub(super) fn unsubscribed(&mut self, subscription: SubscriptionId) {
        self.watches.remove(&subscription);
    }

    /// Tells signalling whose meeting, or place, has changed; whether that concerned anybody.
    pub(super) fn tell_watches(&mut self, now: Instant) -> bool {
        let (meetings, legs) = (std::mem::take(&mut self.news), std::mem::take(&mut self.moved));
        if self.watches.is_empty() || (meetings.is_empty() && legs.is_empty()) {
            return false;
        }
        let concerned = |watch: &Watch| {
            legs.contains(&watch.leg) || watch.meeting.is_some_and(|meeting| meetings.contains(&meeting))
        };
        let watches = self.watches.iter();
        let concerned: Vec<_> = watches
            .filter(|(_, watch)| concerned(watch))
            .map(|(id, _)| *id)
            .collect();
        for subscription in &concerned {
            self.watch_order(now, *subscription, SubscriptionOrder::Changed);
        }
        !concerned.is_empty()
    }

    /// A call is gone, and with it what its phone was told.
    pub(super) fn end_watches(&mut self, now: Instant, leg: LegId) {
        let watches = self.watches.iter();
        let of_leg: Vec<_> = watches
            .filter(|(_, watch)| watch.leg == leg)
            .map(|(id, _)| *id)
            .collect();
        for subscription in of_leg {
            self.watches.remove(&subscription);
            let gone = SubscriptionOrder::End(SubscriptionReason::NoResource);
            self.watch_order(now, subscription, gone);
        }
    }

    fn watch_order(&mut self, now: Instant, subscription: SubscriptionId, order: SubscriptionOrder) {
        self.endpoint
            .handle_input(now, sip::Input::Subscription { subscription, order });
    }
}

/// Who is new or has changed, and who is gone.
fn differences(
    before: &BTreeMap<LegId, Person>,
    now: &BTreeMap<LegId, Person>,
) -> BTreeMap<LegId, Option<Person>> {
    let legs: BTreeSet<_> = before.keys().chain(now.keys()).copied().collect();
    let changed = legs.into_iter().filter(|leg| before.get(leg) != now.get(leg));
    changed.map(|leg| (leg, now.get(&leg).cloned())).collect()
}
