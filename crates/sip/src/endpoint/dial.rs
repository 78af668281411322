//! Calls we make: INVITE, its answers, CANCEL (RFC 3261 sections 9.1 and 13.2).
//!
//! Redirections are not followed: whoever dials decides where calls go. Challenges are answered where the call came with credentials.

use std::time::Instant;

use bytes::Bytes;
use sipx_sip::{Address, HeaderName, Uri};

use super::Endpoint;
use super::api::{CallId, Dial, EndCause, Event};
use super::outgoing::session_description;
use super::transactions::{Class, NewClient, Purpose};
use super::watchers::PACKAGE;
use crate::auth::Authenticator;
use crate::dialog::Dialog;
use crate::dialog::call::{Call, Dialling, Stage};
use crate::dialog::focus::Focus;
use crate::dialog::session::{Agreed, SessionTimer};
use crate::flow::Flow;
use crate::message::refusal::{ALLOW, SUPPORTED};
use crate::message::{Response, Writer, text};
use crate::timers::T1_64;

/// Why a call was not even tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialError {
    /// Too many calls or transactions.
    Full,
    /// The target is no SIP URI, or the caller no address.
    BadAddress,
}

impl Endpoint {
    /// The handle for a call to be dialled.
    pub fn reserve(&mut self) -> CallId {
        self.calls.next_id()
    }

    /// Calls somebody as the call `id`, which was reserved for this; the outcome comes as events.
    ///
    /// # Errors
    /// When there is no room for another call, or an address cannot be read; then no event comes.
    pub fn dial(&mut self, now: Instant, id: CallId, dial: &Dial) -> Result<(), DialError> {
        let target = Uri::parse(Bytes::copy_from_slice(dial.target.as_bytes())).ok();
        let target = target
            .filter(|uri| uri.scheme().is_sip() && !uri.has_headers())
            .ok_or(DialError::BadAddress)?;
        Address::parse(dial.from.as_bytes(), "From").map_err(|_| DialError::BadAddress)?;
        let limits = self.config.limits;
        let room = self.calls.len() < limits.calls
            && self.dialogs_fit(limits.dialog_bytes)
            && self.admits_in_dialog(Class::Ending);
        if !room {
            return Err(DialError::Full);
        }
        let call = self.dialled(now, id, target, dial);
        self.calls.put(Box::new(call));
        Ok(())
    }

    /// Our address on this way for a user, a number with plus or a name, as it goes into From.
    pub fn address(&self, flow: Flow, user: &str) -> String {
        let phone = if user.starts_with('+') { ";user=phone" } else { "" };
        format!("<sip:{user}@{}{phone}>", self.advertised(flow))
    }

    fn dialled(&mut self, now: Instant, id: CallId, target: Uri, dial: &Dial) -> Call {
        let call_id = format!("{}{}", self.random.token(), self.random.token());
        let (tag, focus) = (self.random.token(), Focus::new(self.random.bits()));
        let dialog = Dialog::dialled(call_id, tag, &dial.from, target, focus);
        let mut call = Call::new(id, dialog, dial.flow, Stage::Gone);
        call.local_sdp = Bytes::copy_from_slice(&dial.sdp);
        let authenticator = dial.credentials.as_ref().map(Authenticator::new);
        call.authenticator = authenticator.map(Box::new);
        let dialling = self.invite(now, &mut call, dial.asserted.clone(), now + dial.ringing);
        call.stage = Stage::Dialling(Box::new(dialling));
        call
    }

    /// Sends the INVITE: once, and again for each challenge.
    fn invite(
        &mut self,
        now: Instant,
        call: &mut Call,
        asserted: Option<String>,
        give_up_at: Instant,
    ) -> Dialling {
        let (branch, seq) = (self.random.branch(), call.dialog.next_seq());
        let via = self.via(call.flow, &branch);
        let authorization = self.authorization(call, "INVITE");
        let start = |method| call.dialog.request(method, seq, &via);
        let request = start("INVITE")
            .header("To", call.dialog.to())
            .pairs(&authorization);
        let new = NewClient {
            branch: branch.clone(),
            flow: call.flow,
            request: self.invitation(request, call, asserted.as_ref()),
            call: call.id,
            purpose: Purpose::Invite,
            seq,
            ack: Some(start("ACK")),
        };
        let cancel = start("CANCEL").header("To", call.dialog.to()).done();
        self.transactions.open_client(now, new, &mut self.out);
        Dialling {
            branch,
            flow: call.flow,
            cancel,
            may_cancel: false,
            cancelled: false,
            give_up_at,
            asserted,
        }
    }

    fn invitation(&self, writer: Writer, call: &Call, asserted: Option<&String>) -> Bytes {
        writer
            .header("Contact", self.contact(call.flow, call.dialog.focus))
            .header("Allow", ALLOW)
            .header("Supported", SUPPORTED)
            .header("Accept", "application/sdp")
            .header("Allow-Events", PACKAGE)
            .maybe("P-Asserted-Identity", asserted)
            .header("User-Agent", &self.config.user_agent)
            .sdp(&call.local_sdp)
    }

    /// A response to our INVITE.
    pub(super) fn dial_answered(&mut self, now: Instant, call: &mut Call, seq: u32, response: &Response) {
        match response.status {
            ..200 => self.dial_progress(now, call, response),
            200..300 => self.dial_accepted(now, call, seq, response),
            status if !self.dial_challenged(now, call, response) => {
                self.dial_failed(call, EndCause::RequestFailed(status));
            }
            _ => {}
        }
    }

    /// Sends the INVITE again where it is challenged and we have an answer.
    fn dial_challenged(&mut self, now: Instant, call: &mut Call, response: &Response) -> bool {
        let Stage::Dialling(dialling) = &mut call.stage else {
            return false;
        };
        let authenticator = call.authenticator.as_mut();
        if !authenticator.is_some_and(|authenticator| authenticator.is_challenged(response)) {
            return false;
        }
        let (asserted, give_up_at) = (dialling.asserted.take(), dialling.give_up_at);
        let again = self.invite(now, call, asserted, give_up_at);
        call.stage = Stage::Dialling(Box::new(again));
        true
    }

    /// No call came of it.
    pub(super) fn dial_failed(&mut self, call: &mut Call, cause: EndCause) {
        match call.stage {
            Stage::Dialling(_) | Stage::Abandoned(_) => self.end(call, cause, Stage::Gone),
            Stage::Ringing { .. } | Stage::Up | Stage::Leaving { .. } | Stage::Closing | Stage::Gone => {}
        }
    }

    /// Our user, or the clock, gives a dialled call up.
    pub(super) fn abandon(&mut self, now: Instant, call: &mut Call, cause: EndCause) {
        match std::mem::replace(&mut call.stage, Stage::Gone) {
            Stage::Dialling(mut dialling) => {
                dialling.give_up_at = now + T1_64;
                self.tell(Event::Ended { call: call.id, cause });
                call.stage = Stage::Abandoned(dialling);
                self.cancel_dialled(now, call);
            }
            other @ (Stage::Ringing { .. }
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone) => call.stage = other,
        }
    }

    pub(super) fn dial_timeout(&mut self, now: Instant, call: &mut Call) {
        match &call.stage {
            Stage::Dialling(dialling) if dialling.give_up_at <= now => {
                self.abandon(now, call, EndCause::NoAnswer);
            }
            Stage::Abandoned(dialling) if dialling.give_up_at <= now => call.stage = Stage::Gone,
            Stage::Ringing { .. }
            | Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone => {}
        }
    }

    fn dial_progress(&mut self, now: Instant, call: &mut Call, response: &Response) {
        let told = call.is_over();
        match &mut call.stage {
            Stage::Dialling(dialling) | Stage::Abandoned(dialling) => dialling.may_cancel = true,
            Stage::Ringing { .. } | Stage::Up | Stage::Leaving { .. } | Stage::Closing | Stage::Gone => {
                return;
            }
        }
        self.cancel_dialled(now, call);
        if response.status > 100 && !told {
            self.tell(Event::Progress {
                call: call.id,
                status: response.status,
                sdp: session_description(response),
            });
        }
    }

    /// Sends the CANCEL of an abandoned call, once, as soon as it may.
    fn cancel_dialled(&mut self, now: Instant, call: &mut Call) {
        let Stage::Abandoned(dialling) = &mut call.stage else {
            return;
        };
        if !dialling.may_cancel || dialling.cancelled {
            return;
        }
        dialling.cancelled = true;
        let new = NewClient {
            branch: dialling.branch.clone(),
            flow: dialling.flow,
            request: dialling.cancel.clone(),
            call: call.id,
            purpose: Purpose::Cancel,
            seq: 0,
            ack: None,
        };
        self.transactions.open_client(now, new, &mut self.out);
    }

    fn dial_accepted(&mut self, now: Instant, call: &mut Call, seq: u32, response: &Response) {
        match call.stage {
            Stage::Dialling(_) => {
                self.enter(now, call, seq, response);
                call.stage = Stage::Up;
                let sdp = session_description(response);
                self.tell(Event::Answered { call: call.id, sdp });
            }
            Stage::Abandoned(_) => {
                self.enter(now, call, seq, response);
                call.stage = Stage::Closing;
                self.send_bye(now, call, None);
            }
            Stage::Ringing { .. } | Stage::Up | Stage::Leaving { .. } | Stage::Closing | Stage::Gone => {
                self.dial_answered_again(now, call, seq, response);
            }
        }
    }

    fn enter(&mut self, now: Instant, call: &mut Call, seq: u32, response: &Response) {
        call.dialog = call.dialog.answered(response);
        call.session = SessionTimer::start(now, Agreed::as_client(&response.headers));
        call.peer_updates = text::lists(&response.headers, &HeaderName::Allow, "UPDATE");
        if let Some(authenticator) = &mut call.authenticator {
            authenticator.settle();
        }
        self.send_ack(call, seq);
    }

    /// A copy of the 2xx is acknowledged again; that of another branch of a fork is also ended (13.2.2.4).
    fn dial_answered_again(&mut self, now: Instant, call: &Call, seq: u32, response: &Response) {
        let mut dialog = call.dialog.answered(response);
        if dialog.key == call.dialog.key {
            return self.send_ack(call, seq);
        }
        if self.calls.find(&dialog.key).is_some() || self.calls.len() >= self.config.limits.calls {
            return;
        }
        // What all branches of the INVITE were told is the name of the one that goes on.
        dialog.focus = None;
        let id = self.calls.next_id();
        let mut other = Call::new(id, dialog, call.flow, Stage::Closing);
        self.send_ack(&other, seq);
        self.send_bye(now, &mut other, None);
        self.calls.put(Box::new(other));
    }
}
