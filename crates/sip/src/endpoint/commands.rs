//! What our user wants done with a call.

use std::time::Instant;

use bytes::Bytes;

use super::Endpoint;
use super::api::{CallId, Command, EndCause, Event};
use crate::dialog::call::{Call, Motive, OurOffer, REMIND, Stage};
use crate::message::Refusal;

impl Command {
    /// The call it is about.
    pub fn call(&self) -> CallId {
        match self {
            Self::Ring { call }
            | Self::Answer { call, .. }
            | Self::Refuse { call, .. }
            | Self::AcceptOffer { call, .. }
            | Self::RejectOffer { call, .. }
            | Self::Offer { call, .. }
            | Self::HangUp { call, .. } => *call,
        }
    }
}

impl Endpoint {
    pub(super) fn obey(&mut self, now: Instant, call: &mut Call, command: Command) {
        match command {
            Command::Ring { .. } => self.ring_call(now, call),
            Command::Answer { sdp, .. } => self.answer_call(now, call, &sdp),
            Command::Refuse {
                status,
                reason,
                retry_after,
                ..
            } => self.refuse_call(now, call, refusal(status, reason, retry_after)),
            Command::AcceptOffer { sdp, .. } => self.accept_offer(now, call, &sdp),
            Command::RejectOffer { status, .. } => self.reject_offer(now, call, status),
            Command::Offer { sdp, .. } => self.offer(now, call, Bytes::from(sdp)),
            Command::HangUp { reason, .. } => self.hang_up(now, call, reason),
        }
    }

    pub(super) fn ring_call(&mut self, now: Instant, call: &mut Call) {
        let Stage::Ringing {
            invite, remind_at, ..
        } = &mut call.stage
        else {
            return self.late();
        };
        *remind_at = Some(now + REMIND);
        self.ring(now, invite, &call.dialog);
    }

    fn answer_call(&mut self, now: Instant, call: &mut Call, sdp: &[u8]) {
        match std::mem::replace(&mut call.stage, Stage::Up) {
            Stage::Ringing { invite, .. } => self.accept(now, call, &invite, Some(sdp)),
            other @ (Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone) => {
                call.stage = other;
                self.late();
            }
        }
        if let Some(unacked) = &mut call.unacked {
            unacked.first = true;
        }
    }

    fn refuse_call(&mut self, now: Instant, call: &mut Call, refusal: Refusal) {
        match call.stage {
            Stage::Ringing { .. } => {
                self.refuse_pending(now, call, &refusal);
                self.end(call, EndCause::Refused(refusal.status), Stage::Gone);
            }
            Stage::Dialling(_)
            | Stage::Abandoned(_)
            | Stage::Up
            | Stage::Leaving { .. }
            | Stage::Closing
            | Stage::Gone => self.late(),
        }
    }

    fn accept_offer(&mut self, now: Instant, call: &mut Call, sdp: &[u8]) {
        match call.peer_offer.take() {
            Some(pending) => self.accept(now, call, &pending, Some(sdp)),
            None => self.late(),
        }
    }

    fn reject_offer(&mut self, now: Instant, call: &mut Call, status: u16) {
        let status = if (400..700).contains(&status) { status } else { 488 };
        match call.peer_offer {
            Some(_) => self.refuse_pending(now, call, &Refusal::new(status)),
            None => self.late(),
        }
    }

    fn offer(&mut self, now: Instant, call: &mut Call, sdp: Bytes) {
        let free = matches!(call.stage, Stage::Up)
            && matches!(call.our_offer, OurOffer::None)
            && call.unacked.is_none()
            && call.peer_offer.is_none();
        match (free, call.is_over()) {
            (true, _) => self.send_offer(now, call, sdp, Motive::User, 1),
            (false, true) => self.late(),
            (false, false) => self.tell(Event::OfferRefused {
                call: call.id,
                status: 491,
            }),
        }
    }

    /// Ends a call in whatever state it is.
    pub(super) fn hang_up(&mut self, now: Instant, call: &mut Call, reason: Option<String>) {
        match call.stage {
            Stage::Ringing { .. } => {
                let refusal = Refusal::new(480);
                self.refuse_pending(now, call, &refusal_with_reason(refusal, reason.as_deref()));
                self.end(call, EndCause::HungUp, Stage::Gone);
            }
            Stage::Up if call.unacked.as_ref().is_some_and(|unacked| unacked.first) => {
                self.refuse_pending(now, call, &Refusal::new(487));
                self.end(call, EndCause::HungUp, Stage::Leaving { reason });
            }
            Stage::Up => self.close(now, call, EndCause::HungUp, reason.as_deref()),
            Stage::Dialling(_) => self.abandon(now, call, EndCause::HungUp),
            Stage::Abandoned(_) | Stage::Leaving { .. } | Stage::Closing | Stage::Gone => self.late(),
        }
    }

    /// Ends an answered call with BYE.
    pub(super) fn close(&mut self, now: Instant, call: &mut Call, cause: EndCause, reason: Option<&str>) {
        self.refuse_pending(now, call, &Refusal::new(487));
        call.unacked = None;
        call.our_offer = OurOffer::None;
        self.end_watchers(now, call);
        self.end(call, cause, Stage::Closing);
        self.send_bye(now, call, reason);
    }
}

fn refusal(status: u16, reason: Option<String>, retry_after: Option<u32>) -> Refusal {
    let status = if (300..700).contains(&status) { status } else { 500 };
    let mut refusal = Refusal::new(status);
    refusal.reason = reason;
    match retry_after {
        Some(seconds) => refusal.with("Retry-After", seconds.to_string()),
        None => refusal,
    }
}

fn refusal_with_reason(refusal: Refusal, reason: Option<&str>) -> Refusal {
    match reason {
        Some(reason) => refusal.with("Reason", reason_header(reason)),
        None => refusal,
    }
}

/// RFC 3326: our words as the text of a SIP cause.
pub(super) fn reason_header(text: &str) -> String {
    let text = text.replace(['"', '\\'], "'");
    format!("SIP;cause=200;text=\"{text}\"")
}
