//! A call leaves: last words, BYE, its record.

use std::time::Instant;

use media::MediaLoss;
use model::{Actor, Cause, Command, LegId, Phrase};
use sip::EndCause;

use super::arrival::both_ports;
use super::call::{Call, Media, Stage};
use super::dialling;
use super::output::{MediaOrder, Output};
use super::{Control, LAST_WORDS_MAX, Owner};

impl Control {
    /// Ends a call after last words; at once when it never was answered or there are none.
    pub(super) fn leave(&mut self, now: Instant, leg: LegId, cause: Cause, say: &[Phrase]) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        if call.is_ending() {
            return;
        }
        if say.is_empty() || !matches!(call.media, Media::Running { .. }) {
            return self.end(now, leg, cause);
        }
        call.cause.get_or_insert(cause);
        self.out_of_meeting(now, leg, cause);
        if let Some(call) = self.calls.get_mut(&leg) {
            call.stage = Stage::Leaving {
                until: now + LAST_WORDS_MAX,
            };
        }
        self.say(leg, say);
        self.dirty_calls.insert(leg);
        self.reschedule_call(leg);
    }

    /// Ends a call at once.
    pub(super) fn end(&mut self, now: Instant, leg: LegId, cause: Cause) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        call.cause.get_or_insert(cause);
        self.out_of_meeting(now, leg, cause);
        self.hang_up(now, leg);
    }

    /// Refuses a call that has not been answered.
    pub(super) fn refuse(
        &mut self,
        now: Instant,
        leg: LegId,
        status: u16,
        reason: Option<String>,
        cause: Cause,
    ) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        call.cause.get_or_insert(cause);
        call.record.sip_status = status;
        call.stage = Stage::Gone;
        let call = call.dialog;
        self.refuse_dialog(now, call, status, reason);
    }

    /// BYE, or 480 to a call that still rings, or CANCEL where the bridge is who calls.
    pub(super) fn hang_up(&mut self, now: Instant, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        if !matches!(call.stage, Stage::Gone) {
            let stage = std::mem::replace(&mut call.stage, Stage::Gone);
            if let (false, 200) = (call.answered(), call.record.sip_status) {
                call.record.sip_status = if call.view.outbound { 487 } else { 480 };
            }
            if matches!(stage, Stage::Dialling(dialling) if dialling.is_unsent()) {
                return self.finish(now, leg, Cause::Fault, None);
            }
            let reason = call.cause.map(|cause| cause.text().to_owned());
            let call = call.dialog;
            self.dirty_calls.insert(leg);
            self.reschedule_call(leg);
            self.sip(now, sip::Command::HangUp { call, reason });
        }
    }

    /// Tells the meeting, after which nothing of it concerns the leg any more.
    pub(super) fn out_of_meeting(&mut self, now: Instant, leg: LegId, cause: Cause) {
        let own = matches!(cause, Cause::HungUp | Cause::Left);
        let actor = if own { Actor::Leg(leg) } else { Actor::Bridge };
        self.taken_out_by(now, leg, cause, actor);
    }

    /// The same, at somebody's request.
    pub(super) fn taken_out_by(&mut self, now: Instant, leg: LegId, cause: Cause, actor: Actor) {
        self.operator_out(now, leg, cause);
        let Some(id) = self.calls.get(&leg).and_then(|call| call.meeting()) else {
            return;
        };
        let row = self.meetings.get(&id).and_then(|slot| slot.meeting.row(leg));
        if let Some(call) = self.calls.get_mut(&leg) {
            call.stage = Stage::Leaving {
                until: now + LAST_WORDS_MAX,
            };
            if let Some(row) = row {
                call.keep(row);
            }
        }
        self.moved.insert(leg);
        self.out_of_room(leg);
        self.command(now, id, actor, Command::Leave { leg, cause });
    }

    /// The mixer has had no packet of a leg for too long.
    pub(super) fn media_lost(&mut self, now: Instant, leg: LegId, which: MediaLoss) {
        let cause = match which {
            MediaLoss::First => Cause::MediaNeverCame,
            MediaLoss::Steady => Cause::MediaLost,
            MediaLoss::Hold => Cause::MediaLostOnHold,
        };
        self.end(now, leg, cause);
    }

    /// Signalling is done with a call: the last that happens to it.
    pub(super) fn dialog_ended(&mut self, now: Instant, dialog: sip::CallId, ended: EndCause) {
        let Some(leg) = self.by_dialog.remove(&dialog) else {
            return;
        };
        let dialled = |call: &Call| call.view.outbound && !call.answered();
        let (cause, status) = match self.calls.get(&leg).is_some_and(dialled) {
            true => dialling::explain(&ended),
            false => explain(&ended),
        };
        self.finish(now, leg, cause, status);
    }

    /// What remains to be done of a call that nobody can do anything with any more.
    fn finish(&mut self, now: Instant, leg: LegId, cause: Cause, status: Option<u16>) {
        self.out_of_meeting(now, leg, cause);
        let why = self.calls.get(&leg).and_then(|call| call.cause);
        self.call_over(now, leg, why.unwrap_or(cause));
        let Some(mut call) = self.calls.remove(&leg) else {
            return;
        };
        self.schedule.set(Owner::Call(leg), None);
        self.end_watches(now, leg);
        call.playing.and_then(|play| self.plays.remove(&play));
        if !call.view.outbound {
            self.forget_source(call.source());
        }
        match call.media {
            Media::Running { rtp, .. } => {
                self.forget_ports(rtp);
                self.order(MediaOrder::Remove { leg });
            }
            Media::Ready { rtp, .. } | Media::Offered { rtp, .. } => {
                self.forget_ports(rtp);
                self.outputs.push_back(Output::ClosePort { leg });
            }
            Media::Opening { .. } | Media::None => {}
        }
        call.record.ended_ms = self.clock.ms(now);
        call.record.cause = call.cause.unwrap_or(cause);
        if let (false, 200, Some(status)) = (call.answered(), call.record.sip_status, status) {
            call.record.sip_status = status;
        }
        self.live.calls.remove(&leg);
        self.dirty_calls.insert(leg);
        self.keep_record(now, call.record);
    }

    fn forget_ports(&mut self, rtp: std::net::SocketAddr) {
        for port in both_ports(rtp) {
            self.ports.remove(&port);
        }
    }

    fn forget_source(&mut self, source: std::net::IpAddr) {
        let source = model::host(source);
        match self.per_source.get_mut(&source) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(self.per_source.remove(&source)),
        }
    }

    /// Takes no calls any more and ends those there are.
    pub(super) fn shut_down(&mut self, now: Instant) {
        self.draining = true;
        let legs: Vec<_> = self.calls.keys().copied().collect();
        for leg in legs {
            self.end(now, leg, Cause::Shutdown);
        }
    }
}

/// The cause in our words, and the SIP status of a call that was never answered.
fn explain(ended: &EndCause) -> (Cause, Option<u16>) {
    match ended {
        EndCause::Bye { .. } => (Cause::HungUp, Some(487)),
        EndCause::Cancelled => (Cause::Cancelled, Some(487)),
        EndCause::NoAnswer | EndCause::Unreachable => (Cause::Cancelled, Some(487)),
        EndCause::NotAcknowledged => (Cause::NotAcknowledged, None),
        // No answer could be sent; a client that loses its connection takes that for 503 (RFC 3261 section 8.1.3.1).
        EndCause::TransportLost => (Cause::TransportLost, Some(503)),
        // The only requests of ours within a call that can fail are refreshes of its session.
        EndCause::SessionExpired | EndCause::RequestFailed(_) => (Cause::SessionExpired, None),
        EndCause::Refused(status) => (Cause::Fault, Some(*status)),
        EndCause::HungUp => (Cause::Fault, None),
    }
}
