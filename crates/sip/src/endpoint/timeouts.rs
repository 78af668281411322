//! Deadlines of a call: ringing, the ACK of our 2xx, an offer to repeat, the session timer.

use std::time::Instant;

use super::Endpoint;
use super::api::EndCause;
use crate::dialog::call::{Call, OurOffer, Stage};
use crate::message::Refusal;
use crate::transaction::ServerInput;

impl Endpoint {
    pub(super) fn call_timeout(&mut self, now: Instant, call: &mut Call) {
        self.ringing_timeout(now, call);
        self.dial_timeout(now, call);
        self.unacked_timeout(now, call);
        self.offer_timeout(now, call);
        self.session_timeout(now, call);
    }

    fn ringing_timeout(&mut self, now: Instant, call: &mut Call) {
        let Stage::Ringing {
            remind_at,
            give_up_at,
            ..
        } = &call.stage
        else {
            return;
        };
        if *give_up_at <= now {
            self.refuse_pending(now, call, &Refusal::new(487));
            self.end(call, EndCause::NoAnswer, Stage::Gone);
        } else if remind_at.is_some_and(|at| at <= now) {
            self.ring_call(now, call);
        }
    }

    fn unacked_timeout(&mut self, now: Instant, call: &mut Call) {
        let Some(unacked) = &mut call.unacked else {
            return;
        };
        if unacked.give_up_at <= now {
            call.unacked = None;
            let reason = match &mut call.stage {
                Stage::Leaving { reason } => reason.take(),
                Stage::Ringing { .. }
                | Stage::Dialling(_)
                | Stage::Abandoned(_)
                | Stage::Up
                | Stage::Closing
                | Stage::Gone => None,
            };
            return self.close(now, call, EndCause::NotAcknowledged, reason.as_deref());
        }
        if unacked.resend.at <= now {
            unacked.resend.advance();
            let input = ServerInput::Respond {
                status: 200,
                bytes: unacked.ok.clone(),
            };
            self.transactions
                .server_input(now, unacked.tx, input, &mut self.out);
        }
    }

    fn offer_timeout(&mut self, now: Instant, call: &mut Call) {
        match std::mem::replace(&mut call.our_offer, OurOffer::None) {
            OurOffer::Waiting {
                at,
                sdp,
                motive,
                tries,
            } if at <= now => self.send_offer(now, call, sdp, motive, tries + 1),
            OurOffer::InFlight { give_up_at, .. } if give_up_at <= now => {
                self.transactions.abandon_invite(call.id);
                self.fail(now, call, 408);
            }
            other @ (OurOffer::None | OurOffer::Waiting { .. } | OurOffer::InFlight { .. }) => {
                call.our_offer = other;
            }
        }
    }

    fn session_timeout(&mut self, now: Instant, call: &mut Call) {
        if !matches!(call.stage, Stage::Up) {
            return;
        }
        if call.session.is_expired(now) {
            self.close(now, call, EndCause::SessionExpired, Some("session expired"));
        } else if call.session.take_refresh(now) {
            self.refresh(now, call);
        }
    }
}
