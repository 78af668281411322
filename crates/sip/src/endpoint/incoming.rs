//! Requests as they come: copies of known ones, refusals that keep no state, new calls, CANCEL and ACK.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sipx_sip::HeaderName;

use super::Endpoint;
use super::api::{CallId, Door, EndCause, Event, Incoming, SubscriptionId};
use super::transactions::{Class, NewServer, TxId};
use super::watchers::{self, DOCUMENT};
use crate::counters::Counters;
use crate::dialog::call::{Call, Pending, PendingKind, Stage};
use crate::dialog::focus::Focus;
use crate::dialog::session::Agreed;
use crate::dialog::{Dialog, DialogKey, contact};
use crate::message::refusal::{ALLOW, SUPPORTED};
use crate::message::{Echo, Refusal, Request, Verb, Writer, body, identity, text};
use crate::timers::T1;
use crate::transaction::ServerInput;
use crate::transaction::key::{Key, Origin};

/// What we understand of Require.
const EXTENSIONS: [&[u8]; 2] = [b"timer", b"tdialog"];

impl Endpoint {
    pub(super) fn request(&mut self, now: Instant, request: &Request, door: Door) {
        if request.verb == Verb::Ack {
            return self.ack(now, request);
        }
        if let Some(tx) = self.transactions.find(&Key::of(request)) {
            self.out.counters.retransmissions += 1;
            return self
                .transactions
                .server_input(now, tx, ServerInput::Request, &mut self.out);
        }
        if request.verb == Verb::Cancel {
            return self.cancel(now, request);
        }
        match screen(request).and_then(|()| self.place(request)) {
            Ok(Place::Within(call)) => self.within(now, call, request),
            Ok(Place::Watching(watcher)) => self.within_watch(now, watcher, request),
            Ok(Place::NewWatcher) => self.subscribe(now, request, door),
            Ok(Place::NewCall) => self.new_call(now, request, door),
            Ok(Place::Options) => self.answer_options(&request.echo),
            Err(refusal) => self.refuse(now, request, &refusal),
        }
    }

    /// An answer that leaves no trace; equal for every copy of the request (RFC 3261 section 8.2.7).
    pub(super) fn refuse_stateless(&mut self, echo: &Echo, refusal: &Refusal) {
        let tag = self.stateless_tag(echo);
        let writer = Writer::response(echo, refusal.status, Some(refusal.phrase()), Some(&tag));
        let bytes = self.finish(writer, refusal);
        self.out.send(echo.flow, bytes);
    }

    pub(super) fn refuse(&mut self, now: Instant, request: &Request, refusal: &Refusal) {
        self.out.counters.stateless_answers += 1;
        self.out.counters.merged += u64::from(refusal.status == 482);
        self.refuse_stateless(&request.echo, refusal);
        self.tell_turned_away(now, request, refusal.status);
    }

    /// A merged INVITE (482) belongs to a call that is known, who hears 422 calls again at once with a longer interval (RFC 4028
    /// section 7.3), and an INVITE inside a dialog is no new call.
    fn tell_turned_away(&mut self, now: Instant, request: &Request, status: u16) {
        let new_call =
            request.verb == Verb::Invite && request.to_tag().is_none() && ![422, 482].contains(&status);
        if new_call
            && self
                .turned_away
                .is_new(now, Key::of(request), &mut self.out.counters)
        {
            let invite = Box::new(incoming(self.calls.next_id(), request, None));
            self.tell(Event::TurnedAway { invite, status });
        }
    }

    fn answer_options(&mut self, echo: &Echo) {
        self.out.counters.stateless_answers += 1;
        let tag = self.stateless_tag(echo);
        let bytes = self
            .abilities(Writer::response(echo, 200, None, Some(&tag)), echo.flow, None)
            .done();
        self.out.send(echo.flow, bytes);
    }

    fn stateless_tag(&self, echo: &Echo) -> String {
        self.random
            .stateless_tag(&[&echo.head, echo.to.as_deref().unwrap_or_default()])
    }

    /// Which part of us a sound request is for.
    fn place(&self, request: &Request) -> Result<Place, Refusal> {
        if request.to_tag().is_some() {
            let key = DialogKey::of(request);
            let call = self.calls.find(&key).map(Place::Within);
            let watcher = || self.watchers.find(&key).map(Place::Watching);
            return call.or_else(watcher).ok_or_else(|| Refusal::new(481));
        }
        if self.transactions.has_origin(&Origin::of(request)) {
            return Err(Refusal::new(482).because("Merged request"));
        }
        match request.verb {
            Verb::Invite => Ok(Place::NewCall),
            Verb::Options => Ok(Place::Options),
            Verb::Subscribe => Ok(Place::NewWatcher),
            Verb::Bye | Verb::Info | Verb::Update => Err(Refusal::new(481)),
            Verb::Ack | Verb::Cancel | Verb::Declined | Verb::Unknown => Err(Refusal::new(501)),
        }
    }

    /// Whether a new call can be held; else the refusal, which costs nothing.
    fn admit_call(&mut self, class: Class, door: Door) -> Result<(), Refusal> {
        self.look_at(door)?;
        let limits = self.config.limits;
        let room = self.calls.len() < limits.calls;
        self.out.counters.shed_calls += u64::from(!room);
        if room
            && self.dialogs_fit(limits.dialog_bytes)
            && self.transactions.admits(class, &limits, &mut self.out.counters)
        {
            return Ok(());
        }
        Err(self.busy())
    }

    fn new_call(&mut self, now: Instant, request: &Request, door: Door) {
        let class = Class::NewCall(request.flow.remote.ip());
        let invitation = self.admit_call(class, door).and_then(|()| {
            let offer = body::sdp(request)?;
            let agreed = Agreed::as_server(&request.headers, self.session_policy())?;
            let target = contact(&request.headers)?.ok_or_else(|| Refusal::bad("No Contact"))?;
            Ok((offer, agreed, target))
        });
        let (offer, agreed, target) = match invitation {
            Ok(invitation) => invitation,
            Err(refusal) => return self.refuse(now, request, &refusal),
        };
        self.out.counters.calls += 1;
        let id = self.calls.next_id();
        let tx = self.open(request, class, id);
        let tag = self.random.token();
        self.trying(now, tx, &request.echo);
        let pending = Pending {
            tx,
            echo: request.echo.clone(),
            seq: request.cseq,
            kind: PendingKind::Invite,
            has_offer: offer.is_some(),
            agreed,
        };
        let focus = Focus::new(self.random.bits());
        let dialog = Dialog::from_invite(request, target, &tag, Some(focus));
        let call = self.ringing(now, id, dialog, pending, request);
        self.calls.put(Box::new(call));
        self.tell(Event::Incoming(Box::new(incoming(id, request, offer))));
    }

    fn ringing(&self, now: Instant, id: CallId, dialog: Dialog, invite: Pending, request: &Request) -> Call {
        let bound = self.config.limits.ringing;
        let expires = text::seconds(&request.headers, &HeaderName::Expires);
        let wait = expires.map_or(bound, |s| bound.min(Duration::from_secs(u64::from(s))));
        let stage = Stage::Ringing {
            invite: Box::new(invite),
            remind_at: None,
            give_up_at: now + wait,
        };
        let mut call = Call::new(id, dialog, request.flow, stage);
        call.peer_updates = text::lists(&request.headers, &HeaderName::Allow, "UPDATE");
        call
    }

    /// Opens the server transaction of a request.
    pub(super) fn open(&mut self, request: &Request, class: Class, call: CallId) -> TxId {
        self.transactions.open_server(NewServer {
            key: Key::of(request),
            origin: Origin::of(request),
            flow: request.echo.flow,
            class,
            call,
            invite: request.verb == Verb::Invite,
        })
    }

    /// RFC 3261 section 9.2: the CANCEL is answered for itself; it ends an INVITE that is still open.
    fn cancel(&mut self, now: Instant, request: &Request) {
        let invite = self.transactions.find(&Key::of_invite(request));
        let known = invite.and_then(|tx| self.transactions.server(tx));
        let matching = known.filter(|(_, origin)| **origin == Origin::of_invite(request));
        let (Some((call, _)), Some(invite)) = (matching, invite) else {
            return self.refuse(now, request, &Refusal::new(481));
        };
        if !self.admits_in_dialog(Class::Ending) {
            return self.refuse(now, request, &Refusal::new(503));
        }
        let tx = self.open(request, Class::Ending, call);
        let tag = self.with_call(call, |_, call| call.dialog.local_tag().to_owned());
        let tag = tag.unwrap_or_else(|| self.stateless_tag(&request.echo));
        let ok = Writer::response(&request.echo, 200, None, Some(&tag)).done();
        self.respond(now, tx, 200, ok);
        self.with_call(call, |endpoint, call| endpoint.cancelled(now, call, invite));
    }

    fn cancelled(&mut self, now: Instant, call: &mut Call, invite: TxId) {
        match &call.stage {
            Stage::Ringing { invite: pending, .. } if pending.tx == invite => {
                self.refuse_pending(now, call, &Refusal::new(487));
                self.end(call, EndCause::Cancelled, Stage::Gone);
            }
            Stage::Ringing { .. }
            | Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone => {
                let reinvite = call.peer_offer.as_ref().is_some_and(|offer| offer.tx == invite);
                if reinvite {
                    self.refuse_pending(now, call, &Refusal::new(487));
                    self.tell(Event::OfferWithdrawn { call: call.id });
                }
            }
        }
    }

    /// An ACK is never answered. That of a 2xx belongs to the call, that of a failure to its transaction.
    fn ack(&mut self, now: Instant, request: &Request) {
        let dialog = request
            .to_tag()
            .and_then(|_| self.calls.find(&DialogKey::of(request)));
        let taken =
            dialog.and_then(|id| self.with_call(id, |endpoint, call| endpoint.acked(now, call, request)));
        if taken == Some(true) {
            return;
        }
        match self.transactions.find(&Key::of(request)) {
            Some(tx) => self
                .transactions
                .server_input(now, tx, ServerInput::Ack, &mut self.out),
            None => self.out.counters.stray_acks += u64::from(dialog.is_none()),
        }
    }
}

/// INVITEs turned away lately, the latest first, and when: their copies are no calls of their own.
#[derive(Debug, Default)]
pub(super) struct TurnedAway(VecDeque<(Instant, Key)>);

impl TurnedAway {
    /// How many are remembered: those of half a second, after which a caller without an answer sends again, at a rate that is a flood.
    const MAX: usize = 512;

    /// Whether it was not turned away before. Counts those forgotten for it of which a copy may still come.
    fn is_new(&mut self, now: Instant, key: Key, counters: &mut Counters) -> bool {
        if self.0.iter().any(|(_, known)| *known == key) {
            return false;
        }
        for (at, _) in self.0.drain((Self::MAX - 1).min(self.0.len())..) {
            let may_come = now.saturating_duration_since(at) <= T1;
            counters.forgotten_refusals += u64::from(may_come);
        }
        self.0.push_front((now, key));
        true
    }
}

/// Where a sound request belongs.
enum Place {
    Within(CallId),
    Watching(SubscriptionId),
    NewCall,
    NewWatcher,
    Options,
}

/// The checks of RFC 3261 section 8.2 that need no state, in its order.
fn screen(request: &Request) -> Result<(), Refusal> {
    check_verb(request.verb)?;
    if !identity::is_ours(request.uri.scheme()) {
        return Err(Refusal::new(416));
    }
    check_extensions(request)?;
    match request.verb {
        Verb::Invite | Verb::Update => check_accept(request, "application/sdp"),
        Verb::Subscribe => watchers::check_event(request).and_then(|()| check_accept(request, DOCUMENT)),
        Verb::Ack
        | Verb::Cancel
        | Verb::Bye
        | Verb::Options
        | Verb::Info
        | Verb::Declined
        | Verb::Unknown => Ok(()),
    }
}

fn check_verb(verb: Verb) -> Result<(), Refusal> {
    let status = match verb {
        Verb::Invite
        | Verb::Ack
        | Verb::Cancel
        | Verb::Bye
        | Verb::Options
        | Verb::Info
        | Verb::Update
        | Verb::Subscribe => return Ok(()),
        Verb::Declined => 405,
        Verb::Unknown => 501,
    };
    Err(Refusal::new(status).with("Allow", ALLOW))
}

fn check_extensions(request: &Request) -> Result<(), Refusal> {
    let mut required = text::list(&request.headers, &HeaderName::Require);
    required.extend(text::list(&request.headers, &HeaderName::ProxyRequire));
    let unknown: Vec<String> = required
        .iter()
        .filter(|name| !EXTENSIONS.iter().any(|known| name.eq_ignore_ascii_case(known)))
        .map(|name| text::readable(name))
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Refusal::new(420)
            .with("Unsupported", unknown.join(", "))
            .with("Supported", SUPPORTED)),
    }
}

/// What we answer with is of this kind: a caller who will not take that gets 406 (RFC 4475 section 3.3.15).
fn check_accept(request: &Request, kind: &'static str) -> Result<(), Refusal> {
    if request.headers.get(&HeaderName::Accept).is_none() {
        return Ok(());
    }
    let accepted = text::list(&request.headers, &HeaderName::Accept)
        .iter()
        .any(|range| {
            let range = range
                .split(|&byte| byte == b';')
                .next()
                .unwrap_or_default()
                .trim_ascii()
                .to_ascii_lowercase();
            [kind.as_bytes(), b"application/*", b"*/*"].contains(&range.as_slice())
        });
    match accepted {
        true => Ok(()),
        false => Err(Refusal::new(406).with("Accept", kind)),
    }
}

fn incoming(call: CallId, request: &Request, offer: Option<Vec<u8>>) -> Incoming {
    let header = |name| text::first(&request.headers, name).unwrap_or_default();
    Incoming {
        call,
        dialled: identity::user(&request.uri).unwrap_or_default(),
        to_user: identity::user(&request.to.uri),
        from_user: identity::user(&request.from.uri),
        from_display: identity::display(&request.from),
        from_header: header(&HeaderName::From),
        to_header: header(&HeaderName::To),
        asserted: identity::asserted(request),
        privacy: identity::wants_privacy(request),
        source: request.flow.remote,
        transport: request.flow.transport,
        offer,
        user_agent: text::first(&request.headers, &HeaderName::UserAgent),
    }
}
