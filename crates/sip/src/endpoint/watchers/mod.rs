//! Subscriptions to what goes on in a conference (RFC 6665, RFC 4575), inside a call or in a dialog of their own.
//!
//! Who may watch what, and what there is to see, our user decides; `notify` tells it.

mod notify;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bytes::Bytes;
use sipx_sip::HeaderName;

use super::Endpoint;
use super::api::{CallId, Door, Event, Subscriber, SubscriptionId, SubscriptionOrder};
use super::tally::Tally;
use super::transactions::{Class, TxId};
use crate::dialog::call::Call;
use crate::dialog::focus::Focus;
use crate::dialog::{Dialog, DialogKey, contact};
use crate::flow::Flow;
use crate::message::refusal::ALLOW;
use crate::message::{Echo, Refusal, Request, Writer, text};
use crate::subscription::{Reason, Subscription, SubscriptionInput, SubscriptionOutput};
use crate::timers::Agenda;

/// The one event package.
pub(crate) const PACKAGE: &str = "conference";
/// Its documents.
pub(crate) const DOCUMENT: &str = "application/conference-info+xml";
/// Shortest, longest and usual time of a subscription, seconds.
const EXPIRES_MIN: u32 = 60;
const EXPIRES_MAX: u32 = 3600;

/// One subscription.
#[derive(Debug)]
pub(super) struct Watcher {
    id: SubscriptionId,
    place: Place,
    /// The `id` of its Event header, by which several in one dialog differ.
    event: Vec<u8>,
    /// The connection opened for its NOTIFYs, where it came by datagram.
    way: Option<Flow>,
    stage: Stage,
    /// What was counted of it, bytes.
    counted: usize,
}

/// In whose dialog it lives.
#[derive(Debug)]
enum Place {
    Inside(CallId),
    Alone {
        dialog: Box<Dialog>,
        flow: Flow,
        /// The call that it is about.
        call: Option<CallId>,
    },
}

impl Place {
    fn call(&self) -> Option<CallId> {
        match self {
            Self::Inside(call) => Some(*call),
            Self::Alone { call, .. } => *call,
        }
    }
}

#[derive(Debug)]
enum Stage {
    /// The SUBSCRIBE waits for our user.
    Asked {
        tx: TxId,
        echo: Box<Echo>,
        expires: u32,
        tag: String,
    },
    Running(Subscription),
    Gone,
}

/// All subscriptions, found by handle, dialog, call and deadline.
#[derive(Debug)]
pub(super) struct Watchers {
    by_id: BTreeMap<SubscriptionId, Box<Watcher>>,
    by_dialog: BTreeMap<DialogKey, SubscriptionId>,
    by_call: BTreeSet<(CallId, SubscriptionId)>,
    agenda: Agenda<SubscriptionId>,
    kept: Tally,
}

impl Watchers {
    pub(super) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_dialog: BTreeMap::new(),
            by_call: BTreeSet::new(),
            agenda: Agenda::new(),
            kept: Tally::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// What all of them keep of messages, bytes.
    pub(super) fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<SubscriptionId> {
        self.agenda.pop_due(now)
    }

    pub(super) fn find(&self, dialog: &DialogKey) -> Option<SubscriptionId> {
        self.by_dialog.get(dialog).copied()
    }

    fn of_call(&self, call: CallId) -> Vec<SubscriptionId> {
        let range = (call, SubscriptionId(0))..=(call, SubscriptionId(u64::MAX));
        self.by_call.range(range).map(|(_, id)| *id).collect()
    }

    /// The one of a call whose Event has this `id`.
    fn same(&self, call: CallId, event: &[u8]) -> Option<SubscriptionId> {
        let of_call = self.of_call(call).into_iter();
        let is_same = |id: &SubscriptionId| self.by_id.get(id).is_some_and(|watcher| watcher.event == event);
        of_call.into_iter().find(is_same)
    }

    pub(super) fn on_connection(&self, connection: u64) -> Vec<SubscriptionId> {
        let hangs = |watcher: &Watcher| match &watcher.place {
            Place::Alone { flow, .. } => flow.connection == Some(connection),
            Place::Inside(_) => false,
        };
        let watchers = self.by_id.values();
        watchers
            .filter(|watcher| hangs(watcher))
            .map(|watcher| watcher.id)
            .collect()
    }

    pub(super) fn any_on_connection(&self, connection: u64) -> bool {
        let mut watchers = self.by_id.values();
        !self.on_connection(connection).is_empty() || watchers.any(|watcher| watcher.goes_by(connection))
    }

    /// Those whose NOTIFYs went by a connection opened for them, and do so no more.
    pub(super) fn lose_way(&mut self, connection: u64) -> Vec<SubscriptionId> {
        let watchers = self.by_id.values_mut();
        let lost = watchers.filter(|watcher| watcher.goes_by(connection));
        lost.map(|watcher| {
            watcher.way = None;
            watcher.id
        })
        .collect()
    }

    fn take(&mut self, id: SubscriptionId) -> Option<Box<Watcher>> {
        let watcher = self.by_id.remove(&id)?;
        match &watcher.place {
            Place::Inside(call) => drop(self.by_call.remove(&(*call, id))),
            Place::Alone { dialog, .. } => drop(self.by_dialog.remove(&dialog.key)),
        }
        Some(watcher)
    }

    /// Puts one back, or forgets it when it is gone.
    fn put(&mut self, mut watcher: Box<Watcher>) {
        let (id, now) = (watcher.id, watcher.bytes());
        self.kept.count(&mut watcher.counted, now);
        let deadline = match &watcher.stage {
            Stage::Running(machine) => machine.poll_timeout(),
            Stage::Asked { .. } | Stage::Gone => None,
        };
        self.agenda.set(id, deadline);
        if matches!(watcher.stage, Stage::Gone) {
            return;
        }
        match &watcher.place {
            Place::Inside(call) => drop(self.by_call.insert((*call, id))),
            Place::Alone { dialog, .. } => drop(self.by_dialog.insert(dialog.key.clone(), id)),
        }
        self.by_id.insert(id, watcher);
    }
}

/// What a SUBSCRIBE asks for.
struct Ask {
    expires: u32,
    event: Vec<u8>,
}

impl Ask {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let expires = text::seconds(&request.headers, &HeaderName::Expires).unwrap_or(EXPIRES_MAX);
        if (1..EXPIRES_MIN).contains(&expires) {
            return Err(Refusal::new(423).with("Min-Expires", EXPIRES_MIN.to_string()));
        }
        let value = request.headers.value(&HeaderName::Event).unwrap_or_default();
        let parts = text::split(&value, b';');
        let mut params = parts.iter().skip(1).map(|part| text::parameter(part));
        let event = params.find(|(name, _)| name.eq_ignore_ascii_case(b"id"));
        Ok(Self {
            expires: expires.min(EXPIRES_MAX),
            event: event.map(|(_, id)| id.to_vec()).unwrap_or_default(),
        })
    }
}

/// Whether a SUBSCRIBE is for the one package there is (RFC 6665 section 4.2.1.1).
pub(super) fn check_event(request: &Request) -> Result<(), Refusal> {
    let value = request.headers.value(&HeaderName::Event).unwrap_or_default();
    let package = text::split(&value, b';')
        .first()
        .map(|package| package.trim_ascii().to_vec());
    match package.is_some_and(|package| package.eq_ignore_ascii_case(PACKAGE.as_bytes())) {
        true => Ok(()),
        false => Err(Refusal::new(489)
            .with("Allow", ALLOW)
            .with("Allow-Events", PACKAGE)),
    }
}

impl Endpoint {
    /// A SUBSCRIBE outside of any dialog.
    pub(super) fn subscribe(&mut self, now: Instant, request: &Request, door: Door) {
        let class = Class::NewCall(request.flow.remote.ip());
        let asked = self.admit_watcher(class, door).and_then(|()| {
            let target = contact(&request.headers)?.ok_or_else(|| Refusal::bad("No Contact"))?;
            Ok((target, Ask::read(request)?))
        });
        let (target, ask) = match asked {
            Ok(asked) => asked,
            Err(refusal) => return self.refuse(now, request, &refusal),
        };
        let call = self.known_call(request);
        let focus = call.and_then(|call| self.calls.get(call)?.dialog.focus);
        let tag = self.random.token();
        let dialog = Box::new(Dialog::from_invite(request, target, &tag, focus));
        let flow = request.flow;
        let id = SubscriptionId(self.calls.next_id().0);
        let tx = self.open(request, class, CallId(id.0));
        self.watch(id, Place::Alone { dialog, flow, call }, ask, (tx, tag), request);
    }

    /// Whether one more can be held, whoever asks.
    fn admit_watcher(&mut self, class: Class, door: Door) -> Result<(), Refusal> {
        self.look_at(door)?;
        self.check_room_for_watcher()?;
        let limits = self.config.limits;
        let room = self.dialogs_fit(limits.dialog_bytes)
            && self.transactions.admits(class, &limits, &mut self.out.counters);
        match room {
            true => Ok(()),
            false => Err(self.busy()),
        }
    }

    fn check_room_for_watcher(&mut self) -> Result<(), Refusal> {
        if self.watchers.len() < self.config.limits.subscriptions {
            return Ok(());
        }
        self.out.counters.shed_subscriptions += 1;
        Err(self.busy())
    }

    /// A SUBSCRIBE inside a call: a new subscription, or one that goes on or ends.
    pub(super) fn subscribe_within(
        &mut self,
        now: Instant,
        call: &mut Call,
        tx: TxId,
        request: &Request,
    ) -> Result<(), Refusal> {
        if call.is_over() {
            return Err(Refusal::new(481));
        }
        let ask = Ask::read(request)?;
        call.dialog.retarget(&request.headers);
        if let Some(id) = self.watchers.same(call.id, &ask.event) {
            let known_by = (call.dialog.local_tag(), call.dialog.focus);
            self.accept_subscribe(now, tx, &request.echo, ask.expires, known_by);
            self.go_on(now, id, ask.expires, Some(call));
            return Ok(());
        }
        if self.watchers.of_call(call.id).len() >= self.config.limits.subscriptions_per_call {
            self.out.counters.shed_subscriptions += 1;
            return Err(Refusal::new(403).because("Too many subscriptions in this call"));
        }
        self.check_room_for_watcher()?;
        let id = SubscriptionId(self.calls.next_id().0);
        let tag = call.dialog.local_tag().to_owned();
        self.watch(id, Place::Inside(call.id), ask, (tx, tag), request);
        Ok(())
    }

    fn watch(
        &mut self,
        id: SubscriptionId,
        place: Place,
        ask: Ask,
        (tx, tag): (TxId, String),
        request: &Request,
    ) {
        self.out.counters.subscriptions += 1;
        let call = place.call();
        let stage = Stage::Asked {
            tx,
            echo: Box::new(request.echo.clone()),
            expires: ask.expires,
            tag,
        };
        self.watchers.put(Box::new(Watcher {
            id,
            place,
            event: ask.event,
            way: None,
            stage,
            counted: 0,
        }));
        self.tell(Event::Subscribing(Box::new(Subscriber {
            subscription: id,
            call,
            host: self.advertised(request.flow),
        })));
    }

    /// The call that a request outside of it knows: by the URI of our Contact there, as phones ask (RFC 4579), or by its dialog. Phones show URIs,
    /// log them and pass them on, as nobody does with a secret; so knowing one is good only at the address of the call's phone.
    fn known_call(&self, request: &Request) -> Option<CallId> {
        let by_focus = Focus::named_by(&request.uri).and_then(|focus| self.calls.known_as(focus));
        let by_dialog = || {
            let dialogs = DialogKey::named_by(request)?;
            dialogs.iter().find_map(|dialog| self.calls.find(dialog))
        };
        let id = by_focus.or_else(by_dialog)?;
        let call = self.calls.get(id)?;
        let (phone, source) = (call.flow.remote.ip(), request.flow.remote.ip());
        (!call.is_over() && phone.to_canonical() == source.to_canonical()).then_some(id)
    }

    /// The user part of our Contact in the dialog of a subscription.
    fn focus_in(&self, place: &Place) -> Option<Focus> {
        match place {
            Place::Inside(call) => self.calls.get(*call)?.dialog.focus,
            Place::Alone { dialog, .. } => dialog.focus,
        }
    }

    /// A request in the dialog of a subscription.
    pub(super) fn within_watch(&mut self, now: Instant, id: SubscriptionId, request: &Request) {
        let class = Class::InCall(CallId(id.0));
        if !self.admits_in_dialog(class) {
            return self.refuse_stateless(&request.echo, &self.busy());
        }
        let tx = self.open(request, class, CallId(id.0));
        if let Err(refusal) = self.resubscribe(now, id, tx, request) {
            self.refuse_in_transaction(now, tx, &request.echo, &refusal, "");
        }
    }

    fn resubscribe(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        tx: TxId,
        request: &Request,
    ) -> Result<(), Refusal> {
        // Nothing else is done in such a dialog: there is no call in it.
        if request.verb != crate::message::Verb::Subscribe {
            return Err(Refusal::new(481));
        }
        let ask = Ask::read(request)?;
        let mut watcher = self.watchers.take(id).ok_or_else(|| Refusal::new(481))?;
        let (mut in_order, focus) = (false, self.focus_in(&watcher.place));
        if let Place::Alone { dialog, flow, .. } = &mut watcher.place {
            in_order = dialog.advances(request.cseq);
            if in_order {
                dialog.retarget(&request.headers);
                *flow = request.flow;
            }
        }
        self.watchers.put(watcher);
        if !in_order {
            self.out.counters.out_of_order += 1;
            return Err(Refusal::new(500).because("CSeq out of order"));
        }
        self.accept_subscribe(now, tx, &request.echo, ask.expires, ("", focus));
        self.go_on(now, id, ask.expires, None);
        Ok(())
    }

    /// One that is known goes on, or ends, as its SUBSCRIBE says.
    fn go_on(&mut self, now: Instant, id: SubscriptionId, expires: u32, in_hand: Option<&mut Call>) {
        self.seek_way(id, in_hand.as_deref());
        self.with_watcher(now, id, in_hand, |machine| {
            machine.handle_input(now, SubscriptionInput::Subscribed { expires });
        });
    }

    fn accept_subscribe(
        &mut self,
        now: Instant,
        tx: TxId,
        echo: &Echo,
        expires: u32,
        (tag, focus): (&str, Option<Focus>),
    ) {
        let writer = Writer::response(echo, 200, None, Some(tag))
            .headers("Record-Route", &echo.record_routes)
            .header("Expires", expires.to_string());
        let ok = self.abilities(writer, echo.flow, focus).done();
        self.respond(now, tx, 200, ok);
    }

    /// What our user wants done with a subscription.
    pub(super) fn order_watch(&mut self, now: Instant, id: SubscriptionId, order: SubscriptionOrder) {
        match order {
            SubscriptionOrder::Admit => self.admit(now, id),
            SubscriptionOrder::Deny { status } => self.deny_watch(now, id, status),
            SubscriptionOrder::Changed => self.put_in(now, id, SubscriptionInput::Changed),
            SubscriptionOrder::State { active, body, more } => {
                self.out.counters.documents_in_parts += u64::from(more);
                let body = body.map(Bytes::from);
                self.put_in(now, id, SubscriptionInput::State { active, body, more });
            }
            SubscriptionOrder::Way { flow } => match self.watchers.by_id.get_mut(&id) {
                Some(watcher) => watcher.way = Some(flow),
                None => self.late(),
            },
            SubscriptionOrder::End(reason) => {
                self.out.counters.shed_subscriptions += u64::from(reason == Reason::Probation);
                self.put_in(now, id, SubscriptionInput::Ended(reason));
            }
        }
    }

    fn put_in(&mut self, now: Instant, id: SubscriptionId, input: SubscriptionInput) {
        self.with_watcher(now, id, None, |machine| machine.handle_input(now, input));
    }

    fn admit(&mut self, now: Instant, id: SubscriptionId) {
        let Some(mut watcher) = self.watchers.take(id) else {
            return self.late();
        };
        let focus = self.focus_in(&watcher.place);
        match std::mem::replace(&mut watcher.stage, Stage::Gone) {
            Stage::Asked {
                tx,
                echo,
                expires,
                tag,
            } => {
                watcher.stage = Stage::Running(Subscription::new(now, expires));
                self.accept_subscribe(now, tx, &echo, expires, (&tag, focus));
            }
            other @ (Stage::Running(_) | Stage::Gone) => {
                watcher.stage = other;
                self.late();
            }
        }
        self.watchers.put(watcher);
        self.seek_way(id, None);
        self.with_watcher(now, id, None, |_| {});
    }

    fn deny_watch(&mut self, now: Instant, id: SubscriptionId, status: u16) {
        let Some(mut watcher) = self.watchers.take(id) else {
            return self.late();
        };
        match std::mem::replace(&mut watcher.stage, Stage::Gone) {
            Stage::Asked { tx, echo, tag, .. } => {
                let refusal = self.denial(status);
                self.refuse_in_transaction(now, tx, &echo, &refusal, &tag);
            }
            other @ (Stage::Running(_) | Stage::Gone) => {
                watcher.stage = other;
                self.late();
            }
        }
        self.watchers.put(watcher);
    }

    /// The refusal of one who may not watch, or not while there are so many.
    fn denial(&mut self, status: u16) -> Refusal {
        let counters = &mut self.out.counters;
        if status == 503 {
            counters.shed_subscriptions += 1;
            return self.busy();
        }
        counters.refused_subscriptions += 1;
        Refusal::new(if (400..700).contains(&status) { status } else { 403 })
    }

    pub(super) fn watch_timeout(&mut self, now: Instant, id: SubscriptionId) {
        self.with_watcher(now, id, None, |machine| machine.handle_timeout(now));
    }

    /// Works on a running subscription, does what comes of it, and files it again or forgets it.
    fn with_watcher(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        mut in_hand: Option<&mut Call>,
        work: impl FnOnce(&mut Subscription),
    ) {
        let Some(mut watcher) = self.watchers.take(id) else {
            return self.late();
        };
        if let Stage::Running(machine) = &mut watcher.stage {
            work(machine);
        }
        while let Some(output) = watcher.poll_output() {
            self.watch_output(now, &mut watcher, output, in_hand.as_deref_mut());
        }
        self.watchers.put(watcher);
    }

    /// Tells those who watch from inside a call that is just ending that there is nothing to see any more.
    pub(super) fn end_watchers(&mut self, now: Instant, call: &mut Call) {
        for id in self.watchers.of_call(call.id) {
            let Some(mut watcher) = self.watchers.take(id) else {
                continue;
            };
            if let Stage::Running(machine) = &mut watcher.stage {
                machine.handle_input(now, SubscriptionInput::Ended(Reason::NoResource));
            }
            while let Some(output) = watcher.poll_output() {
                self.watch_output(now, &mut watcher, output, Some(&mut *call));
            }
            self.watchers.put(watcher);
        }
    }

    /// Forgets those who watch from inside a call that is gone, or on a connection that is.
    pub(super) fn forget_watchers(&mut self, ids: Vec<SubscriptionId>) {
        for subscription in ids {
            if let Some(mut watcher) = self.watchers.take(subscription) {
                watcher.stage = Stage::Gone;
                self.watchers.put(watcher);
                self.tell(Event::Unsubscribed { subscription });
            }
        }
    }

    /// Those who watch from inside a call.
    pub(super) fn watchers_of(&self, call: CallId) -> Vec<SubscriptionId> {
        self.watchers.of_call(call)
    }
}

impl Watcher {
    /// What it keeps of messages, bytes; nothing once it is to be forgotten.
    fn bytes(&self) -> usize {
        let asked = match &self.stage {
            Stage::Asked { echo, .. } => echo.size(),
            Stage::Running(_) => 0,
            Stage::Gone => return 0,
        };
        let dialog = match &self.place {
            Place::Inside(_) => 0,
            Place::Alone { dialog, .. } => dialog.bytes(),
        };
        self.event.len() + asked + dialog
    }

    /// Whether its NOTIFYs go by this connection, opened for them.
    fn goes_by(&self, connection: u64) -> bool {
        self.way.is_some_and(|way| way.connection == Some(connection))
    }

    fn poll_output(&mut self) -> Option<SubscriptionOutput> {
        match &mut self.stage {
            Stage::Running(machine) => machine.poll_output(),
            Stage::Asked { .. } | Stage::Gone => None,
        }
    }
}
