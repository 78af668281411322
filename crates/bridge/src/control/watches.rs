//! Phones that show the roster of the meeting they are in: subscriptions to it (RFC 4575, RFC 4579).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use model::{LegId, MeetingId, masked};
use sip::{Flow, SubscriptionId, SubscriptionOrder, SubscriptionReason};

use super::Control;
use super::conference_info::{Document, Person};
use super::rooms::Slot;

/// Most subscriptions to one meeting: for each of them a change has what it was told of every caller compared with how that one is now.
const WATCHES_PER_MEETING: usize = 100;

/// Who is in a meeting, as phones are shown it.
pub(super) type Roster = BTreeMap<LegId, Arc<Person>>;

/// One subscription.
#[derive(Debug)]
pub(super) struct Watch {
    leg: LegId,
    /// Our host and port as the phone knows them.
    host: String,
    /// The meeting it was told of; none while its caller is in the menu.
    meeting: Option<MeetingId>,
    /// By which URI it knew the conference when it was told.
    focus: String,
    version: u32,
    /// Whom it was told of, and what.
    told: Roster,
}

impl Control {
    /// A phone wants to be told: only one whose caller is here, by the call that it asks in or proves to know. What it says of itself counts for
    /// nothing, since behind one address may be the callers of many tenants.
    pub(super) fn subscribing(&mut self, now: Instant, subscriber: &sip::Subscriber) {
        let subscription = subscriber.subscription;
        let caller = |call: sip::CallId| self.by_dialog.get(&call).copied();
        let leg = match subscriber.call.and_then(caller) {
            None => return self.deny(now, subscription, 403),
            Some(leg) if self.is_watched_enough(leg) => return self.deny(now, subscription, 503),
            Some(leg) => leg,
        };
        let watch = Watch {
            leg,
            host: subscriber.host.clone(),
            meeting: None,
            focus: String::new(),
            version: 0,
            told: Roster::new(),
        };
        self.watches.insert(subscription, watch);
        self.watch_order(now, subscription, SubscriptionOrder::Admit);
    }

    fn deny(&mut self, now: Instant, subscription: SubscriptionId, status: u16) {
        self.watch_order(now, subscription, SubscriptionOrder::Deny { status });
    }

    /// Whether this caller, or the meeting it is in, has as many subscriptions as it may have.
    fn is_watched_enough(&self, leg: LegId) -> bool {
        let of_leg = self.watches.values().filter(|watch| watch.leg == leg).count();
        let of_meeting = self.shown_to(leg).map_or(0, |id| self.watches_of(id));
        of_leg >= self.config.endpoint.limits.subscriptions_per_call || of_meeting >= WATCHES_PER_MEETING
    }

    fn watches_of(&self, id: MeetingId) -> usize {
        let watches = self.watches.values();
        watches.filter(|watch| watch.meeting == Some(id)).count()
    }

    /// The meeting that a caller is in, if anything is told of it: what the world is told nothing of, phones are told nothing of either.
    fn shown_to(&self, leg: LegId) -> Option<MeetingId> {
        let meeting = self.calls.get(&leg)?.meeting()?;
        self.meetings.get(&meeting)?.is_live().then_some(meeting)
    }

    /// Why a subscription is over now that its caller is in this meeting, or in none; nothing where it goes on.
    fn why_over(&self, watch: &Watch, meeting: Option<MeetingId>) -> Option<SubscriptionReason> {
        match (watch.meeting, meeting) {
            (Some(_), None) => Some(SubscriptionReason::NoResource),
            (Some(before), Some(now)) => (before != now).then_some(SubscriptionReason::Deactivated),
            (None, Some(id)) => {
                (self.watches_of(id) >= WATCHES_PER_MEETING).then_some(SubscriptionReason::Probation)
            }
            (None, None) => None,
        }
    }

    /// Signalling is ready to tell a phone, which knows the conference by this URI, how things are, in so many bytes.
    pub(super) fn state_wanted(
        &mut self,
        now: Instant,
        subscription: SubscriptionId,
        full: bool,
        room: usize,
        focus: String,
    ) {
        let Some(mut watch) = self.watches.remove(&subscription) else {
            return;
        };
        let meeting = self.shown_to(watch.leg);
        if let Some(reason) = self.why_over(&watch, meeting) {
            return self.watch_order(now, subscription, SubscriptionOrder::End(reason));
        }
        // What is told of one conference can't be changed by a document about another one.
        let full = full || watch.focus != focus;
        watch.focus = focus;
        let document = meeting.and_then(|id| self.document(id, &mut watch, full, room));
        watch.meeting = meeting;
        self.watches.insert(subscription, watch);
        let active = meeting.is_some();
        let (body, more) = document.map_or((None, false), |(text, more)| (Some(text), more));
        self.watch_order(now, subscription, SubscriptionOrder::State { active, body, more });
    }

    /// What a phone is told next, and whether there is more to tell than that.
    fn document(
        &mut self,
        id: MeetingId,
        watch: &mut Watch,
        full: bool,
        room: usize,
    ) -> Option<(Vec<u8>, bool)> {
        let now = self.roster(id)?;
        let slot = self.meetings.get(&id)?;
        // The first document that a phone gets of a meeting is a whole one.
        let full = full || watch.meeting.is_none();
        if full {
            watch.told.clear();
        }
        let people = changes(&watch.told, &now);
        let document = Document {
            focus: &watch.focus,
            host: &watch.host,
            number: slot.number.0,
            version: watch.version,
            full,
            count: now.len(),
            active: slot.meeting.has_started(),
            locked: slot.meeting.locked(),
            people: &people,
        };
        let (text, told) = document.text(room);
        watch.version = watch.version.wrapping_add(1);
        for (leg, _) in people.iter().take(told) {
            match now.get(leg) {
                Some(person) => watch.told.insert(*leg, Arc::clone(person)),
                None => watch.told.remove(leg),
            };
        }
        Some((text, told < people.len()))
    }

    /// Who is in a meeting: put together once for all who watch it, and anew when it has changed.
    fn roster(&mut self, id: MeetingId) -> Option<Arc<Roster>> {
        let slot = self.meetings.get(&id)?;
        if let Some(known) = &slot.roster {
            return Some(Arc::clone(known));
        }
        let people = slot
            .meeting
            .legs()
            .filter_map(|leg| Some((leg, Arc::new(self.person(slot, leg)?))));
        let roster: Arc<Roster> = Arc::new(people.collect());
        self.counts.rosters += 1;
        self.meetings.get_mut(&id)?.roster = Some(Arc::clone(&roster));
        Some(roster)
    }

    fn person(&self, slot: &Slot, leg: LegId) -> Option<Person> {
        let row = slot.meeting.row(leg)?;
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

    /// The connection that a phone asked for is open.
    pub(super) fn roster_way_opened(&mut self, now: Instant, subscription: SubscriptionId, flow: Flow) {
        self.watch_order(now, subscription, SubscriptionOrder::Way { flow });
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

/// Who of those told of has changed or is gone, and behind them who is new: where not all fit, nobody is shown for long as they no longer are.
fn changes<'a>(told: &Roster, now: &'a Roster) -> Vec<(LegId, Option<&'a Person>)> {
    let changed = told.iter().filter(|(leg, person)| now.get(*leg) != Some(*person));
    let changed = changed.map(|(leg, _)| *leg);
    let new = now.keys().copied().filter(|leg| !told.contains_key(leg));
    let shown = |leg: LegId| (leg, now.get(&leg).map(|person| &**person));
    changed.chain(new).map(shown).collect()
}
