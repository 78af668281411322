//! Requests inside a call: BYE, INFO, OPTIONS, re-INVITE, UPDATE, and the ACK of our 2xx.

use std::time::Instant;

use sipx_sip::HeaderName;

use super::Endpoint;
use super::api::{CallId, EndCause, Event};
use super::transactions::{Class, TxId};
use crate::dialog::call::{Call, Pending, PendingKind, Stage};
use crate::dialog::contact;
use crate::dialog::session::Agreed;
use crate::message::{Refusal, Request, Verb, Writer, body, text};

impl Endpoint {
    pub(super) fn within(&mut self, now: Instant, id: CallId, request: &Request) {
        let class = match request.verb {
            Verb::Bye => Class::Ending,
            Verb::Invite
            | Verb::Ack
            | Verb::Cancel
            | Verb::Options
            | Verb::Info
            | Verb::Update
            | Verb::Subscribe
            | Verb::Declined
            | Verb::Unknown => Class::InCall(id),
        };
        if !self.admits_in_dialog(class) {
            return self.refuse_stateless(&request.echo, &self.busy());
        }
        let tx = self.open(request, class, id);
        self.with_call(id, |endpoint, call| endpoint.in_dialog(now, call, tx, request));
    }

    fn in_dialog(&mut self, now: Instant, call: &mut Call, tx: TxId, request: &Request) {
        if !call.dialog.advances(request.cseq) {
            self.out.counters.out_of_order += 1;
            return self.deny(now, tx, request, &Refusal::new(500).because("CSeq out of order"));
        }
        let outcome = match request.verb {
            Verb::Bye => {
                self.peer_bye(now, call, tx, request);
                Ok(())
            }
            Verb::Options => {
                self.affirm(now, call, tx, request);
                Ok(())
            }
            Verb::Info => self.info(now, call, tx, request),
            Verb::Invite => self.reinvite(now, call, tx, request),
            Verb::Update => self.update(now, call, tx, request),
            Verb::Subscribe => self.subscribe_within(now, call, tx, request),
            Verb::Ack | Verb::Cancel | Verb::Declined | Verb::Unknown => Err(Refusal::new(501)),
        };
        if let Err(refusal) = outcome {
            self.deny(now, tx, request, &refusal);
        }
    }

    fn deny(&mut self, now: Instant, tx: TxId, request: &Request, refusal: &Refusal) {
        // The request has our tag already, or it would not be in a dialog.
        self.refuse_in_transaction(now, tx, &request.echo, refusal, "");
    }

    fn affirm(&mut self, now: Instant, call: &Call, tx: TxId, request: &Request) {
        let writer = Writer::response(&request.echo, 200, None, None);
        let ok = self
            .abilities(writer, request.echo.flow, call.dialog.focus)
            .done();
        self.respond(now, tx, 200, ok);
    }

    fn peer_bye(&mut self, now: Instant, call: &mut Call, tx: TxId, request: &Request) {
        let ok = Writer::response(&request.echo, 200, None, None).done();
        self.respond(now, tx, 200, ok);
        // RFC 3261 section 15.1.2: what is still open gets 487.
        self.refuse_pending(now, call, &Refusal::new(487));
        self.end_watchers(now, call);
        let reason = text::first(&request.headers, &HeaderName::Reason);
        self.end(call, EndCause::Bye { reason }, Stage::Gone);
    }

    fn info(&mut self, now: Instant, call: &Call, tx: TxId, request: &Request) -> Result<(), Refusal> {
        let digit = body::digit(request)?;
        let ok = Writer::response(&request.echo, 200, None, None).done();
        self.respond(now, tx, 200, ok);
        if let (Some((digit, duration_ms)), false) = (digit, call.is_over()) {
            self.tell(Event::Digit {
                call: call.id,
                digit,
                duration_ms,
            });
        }
        Ok(())
    }

    fn reinvite(
        &mut self,
        now: Instant,
        call: &mut Call,
        tx: TxId,
        request: &Request,
    ) -> Result<(), Refusal> {
        self.check_offer(call)?;
        let pending = self.pending(tx, request, PendingKind::Invite)?;
        // A peer that changes the call has seen our 2xx: its ACK is only late.
        self.take_acknowledgement(now, call, None);
        self.trying(now, tx, &request.echo);
        self.refresh_target(call, request);
        self.offered(call, pending, request)
    }

    fn update(&mut self, now: Instant, call: &mut Call, tx: TxId, request: &Request) -> Result<(), Refusal> {
        let mut pending = self.pending(tx, request, PendingKind::Update)?;
        if pending.has_offer {
            self.check_offer(call)?;
            self.refresh_target(call, request);
            return self.offered(call, pending, request);
        }
        if call.is_over() {
            return Err(Refusal::new(481));
        }
        self.refresh_target(call, request);
        if matches!(call.stage, Stage::Ringing { .. }) {
            // No session yet whose timer could run.
            pending.agreed = None;
        }
        self.accept(now, call, &pending, None);
        Ok(())
    }

    /// RFC 3261 section 14.2 and RFC 3311 section 5.2: one offer at a time.
    fn check_offer(&mut self, call: &Call) -> Result<(), Refusal> {
        let undecided = match call.stage {
            Stage::Ringing { .. } => true,
            Stage::Up => call.peer_offer.is_some(),
            Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone => return Err(Refusal::new(481)),
        };
        if undecided {
            let seconds = self.random.below(11);
            return Err(Refusal::new(500)
                .because("Request Pending")
                .with("Retry-After", seconds.to_string()));
        }
        match call.is_offering() {
            true => Err(Refusal::new(491)),
            false => Ok(()),
        }
    }

    fn pending(&self, tx: TxId, request: &Request, kind: PendingKind) -> Result<Pending, Refusal> {
        let offer = body::sdp(request)?;
        contact(&request.headers)?;
        Ok(Pending {
            tx,
            echo: request.echo.clone(),
            seq: request.cseq,
            kind,
            has_offer: offer.is_some(),
            agreed: Agreed::as_server(&request.headers, self.session_policy())?,
        })
    }

    fn refresh_target(&self, call: &mut Call, request: &Request) {
        call.dialog.retarget(&request.headers);
        call.flow = request.flow;
        if request.headers.get(&HeaderName::Allow).is_some() {
            call.peer_updates = text::lists(&request.headers, &HeaderName::Allow, "UPDATE");
        }
    }

    fn offered(&mut self, call: &mut Call, pending: Pending, request: &Request) -> Result<(), Refusal> {
        let sdp = body::sdp(request)?;
        call.peer_offer = Some(Box::new(pending));
        self.tell(Event::Offered { call: call.id, sdp });
        Ok(())
    }

    /// Takes in the ACK of our 2xx; whether it was one.
    pub(super) fn acked(&mut self, now: Instant, call: &mut Call, request: &Request) -> bool {
        if call
            .unacked
            .as_ref()
            .is_none_or(|unacked| unacked.seq != request.cseq)
        {
            return false;
        }
        let sdp = body::sdp(request).unwrap_or_default();
        self.take_acknowledgement(now, call, sdp);
        true
    }

    fn take_acknowledgement(&mut self, now: Instant, call: &mut Call, sdp: Option<Vec<u8>>) {
        let Some(unacked) = call.unacked.take() else {
            return;
        };
        let id = call.id;
        match &mut call.stage {
            Stage::Leaving { reason } => {
                let reason = reason.take();
                call.stage = Stage::Closing;
                self.send_bye(now, call, reason.as_deref());
            }
            Stage::Up => {
                let answer = sdp.filter(|_| unacked.offers);
                self.tell(match (unacked.first, unacked.offers, answer) {
                    (true, _, sdp) => Event::Confirmed { call: id, sdp },
                    (false, true, Some(sdp)) => Event::OfferAnswered { call: id, sdp },
                    // Not an event for our user: nothing changed with this ACK.
                    (false, false, _) => return,
                    (false, true, None) => Event::OfferRefused {
                        call: id,
                        status: 488,
                    },
                });
            }
            Stage::Ringing { .. }
            | Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Closing
            | Stage::Gone => {}
        }
    }
}
