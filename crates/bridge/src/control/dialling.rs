//! Calls that the bridge makes: asked for by REST, dialled, answered, and handed to the meeting without keying a code.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use api::{CommandError, DialOrder};
use ivr::budget::Guesser;
use model::directory::{Dialled, Did};
use model::{
    Actor, CallState, CallView, Cause, Cdr, Command, Event, LegId, Mute, OperatorMode, Phrase, Prompt,
    Question, Role, Sid,
};
use sip::{Dial, DialError, EndCause, Flow};
use store::{AuditEntry, Record};

use super::Control;
use super::arrival::both_ports;
use super::call::{Call, Media, Stage};
use super::dial_plan::{Destination, NotDialled};
use super::negotiation::{self, Here};
use super::output::{Output, Ticket, WayFor};

/// A call under way to the called one.
#[derive(Debug)]
pub(super) struct Dialling {
    to: Destination,
    /// Who asked for it, and sees to it that its mute, hold and role are as asked for.
    actor: Actor,
    /// The way there, once it is open.
    flow: Option<Flow>,
    /// Whether its INVITE is out.
    sent: bool,
    /// How long it may ring.
    ringing: Duration,
    /// Longest time from the answer to the end.
    longest: Duration,
    /// Whether it is to be held, and how muted, whatever its meeting does with those who come.
    held: Option<bool>,
    mute: Option<Mute>,
    /// The role it is to have in place of that of its code.
    role: Option<Role>,
}

impl Dialling {
    pub(super) fn new(to: Destination, actor: Actor, ringing: Duration, longest: Duration) -> Self {
        Self {
            to,
            actor,
            flow: None,
            sent: false,
            ringing,
            longest,
            held: None,
            mute: None,
            role: None,
        }
    }

    /// Whether signalling knows nothing of the call yet.
    pub(super) fn is_unsent(&self) -> bool {
        !self.sent
    }
}

impl Control {
    /// Somebody wants the bridge to call somebody.
    pub(super) fn dial(&mut self, now: Instant, ticket: Ticket, actor: Actor, order: DialOrder) {
        let result = self.try_dial(now, actor.clone(), order);
        if let Ok(leg) = &result
            && let Some(call) = self.calls.get(leg)
        {
            let entry = AuditEntry {
                at_ms: self.clock.ms(now),
                actor,
                owner: call.view.subscriber_sid.clone(),
                action: "dial",
                object: format!("call {leg}"),
            };
            self.replies.push(Output::Record(Record::Audit(entry)));
        }
        self.replies.push(Output::Dialled { ticket, result });
    }

    fn try_dial(&mut self, now: Instant, actor: Actor, mut order: DialOrder) -> Result<LegId, CommandError> {
        let from = self.directory.did(order.did).cloned();
        let from = from.filter(|did| self.may_show(&actor, did));
        let group = self.directory.group(order.group).cloned();
        let (Some(did), Some(group)) = (from, group) else {
            return Err(refused("caller", "expected one of your numbers"));
        };
        let grant = self.directory.grant(group.id, &order.access_code);
        let grant = grant.filter(|grant| self.sees(&actor, &grant.room.subscriber_sid));
        let grant = grant.ok_or_else(|| refused("accessCode", NO_ROOM))?;
        let may = self
            .config
            .dial_out
            .judge(&order.callee)
            .and_then(|to| self.has_room_to_dial(now, &group.subscriber_sid).map(|()| to));
        let may = may.inspect_err(|why| self.counts.not_dialled(why));
        let to = may.map_err(|why| why.refusal("callee"))?;
        let leg = self.ids.leg().ok_or(CommandError::Busy)?;
        self.today.count(&group.subscriber_sid);
        let plan = &self.config.dial_out;
        let mut dialling = Dialling::new(to, actor.clone(), plan.ring_timeout, plan.max_duration);
        (dialling.held, dialling.mute, dialling.role) = (order.held, order.mute, order.role);
        let owner = grant.room.subscriber_sid.clone();
        order.role.get_or_insert(grant.key.role);
        let call = self.new_outbound(now, leg, Dialled { did, group }, owner, dialling, order);
        self.begin_to_dial(now, call, actor);
        Ok(leg)
    }

    /// Whether a number is the asker's to be shown, by the directory as it is now.
    fn may_show(&self, actor: &Actor, did: &Did) -> bool {
        let group = self.directory.group(did.did_group_id);
        match actor {
            Actor::User(sid) => group.is_some_and(|group| self.directory.may_use(sid, group)),
            Actor::Leg(_) | Actor::Bridge => true,
        }
    }

    /// A call to be made is known from here on, and looks for its way.
    pub(super) fn begin_to_dial(&mut self, now: Instant, call: Call, asked_by: Actor) {
        let leg = call.view.leg;
        let Stage::Dialling(dialling) = &call.stage else {
            return;
        };
        let hop = dialling.to.hop.clone();
        self.calls.insert(leg, call);
        self.dirty_calls.insert(leg);
        self.call_dials(now, leg, asked_by);
        let whose = WayFor::Call(leg);
        self.outputs.push_back(Output::OpenWay { whose, hop });
    }

    /// Whether the bridge takes no more calls, whoever makes them.
    pub(super) fn is_full(&self) -> bool {
        self.draining
            || self.calls.len() >= self.config.max_calls
            || self.headroom.is_crowded(self.calls.len())
    }

    fn has_room_to_dial(&mut self, now: Instant, owner: &Sid) -> Result<(), NotDialled> {
        let now_ms = self.clock.ms(now);
        let plan = &self.config.dial_out;
        let bridge = self.is_full();
        let is_dialled = |call: &&Call| call.view.outbound && call.operator_for.is_none();
        let outbound = || self.calls.values().filter(is_dialled);
        let of_owner = outbound().filter(|call| call.dialled.group.subscriber_sid == *owner);
        for (is_so, why) in [
            (bridge, NotDialled::Bridge),
            (outbound().count() >= plan.max_calls, NotDialled::MaxCalls),
            (
                of_owner.count() >= plan.max_calls_per_tenant,
                NotDialled::MaxCallsPerTenant,
            ),
            (
                self.today.calls(now_ms, owner) >= plan.calls_per_day_per_tenant,
                NotDialled::CallsPerDay,
            ),
        ] {
            if is_so {
                return Err(why);
            }
        }
        Ok(())
    }

    pub(super) fn new_outbound(
        &mut self,
        now: Instant,
        leg: LegId,
        dialled: Dialled,
        owner: Sid,
        dialling: Dialling,
        order: DialOrder,
    ) -> Call {
        let to = &dialling.to;
        let caller = format!("+{}", dialled.did.phone_number);
        let created_ms = self.clock.ms(now);
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Call {
            dialog: self.endpoint.reserve(),
            guesser: Guesser {
                caller: to.person(),
                source: unknown,
                group: dialled.group.id,
            },
            media: Media::None,
            playing: None,
            keys: Call::key_credit(now),
            record: new_record(leg, owner.clone(), to, caller.clone(), created_ms, &order),
            cause: None,
            ends_at: None,
            is_known: true,
            operator_for: None,
            aside: None,
            view: CallView {
                leg,
                subscriber_sid: owner,
                did_group: dialled.group.id,
                access_code: order.access_code,
                address_from: String::new(),
                address_to: format!("<{}>", to.uri),
                callee: to.callee.clone(),
                caller,
                codec: String::new(),
                outbound: true,
                created_ms,
                joined_ms: None,
                custom_name: order.custom_name,
                gain_db: order.gain_db,
                presenter_media: order.presenter_media,
                held: order.held.unwrap_or_default(),
                mute: order.mute.unwrap_or_default(),
                meeting: None,
                question: Question::None,
                operator: OperatorMode::None,
                role: order.role,
                state: CallState::Ringing,
            },
            dialled,
            stage: Stage::Dialling(Box::new(dialling)),
        }
    }

    /// The way to the called one is open: now a port.
    pub(super) fn way_opened(&mut self, leg: LegId, flow: Flow) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Stage::Dialling(dialling) = &mut call.stage else {
            return;
        };
        if dialling.flow.replace(flow).is_some() {
            return;
        }
        let source = flow.remote.ip().to_canonical();
        call.guesser.source = source;
        call.record.source = source.to_string();
        call.media = Media::Opening { offer: None };
        let near = flow.local.ip();
        self.outputs.push_back(Output::OpenPort { leg, near });
    }

    /// There is no way to the called one.
    pub(super) fn way_refused(&mut self, now: Instant, leg: LegId) {
        self.give_up(now, leg, Cause::Unreachable);
    }

    /// Ends a call that signalling knows nothing of: as if there had been nobody to ask.
    pub(super) fn give_up(&mut self, now: Instant, leg: LegId, cause: Cause) {
        if let Some(call) = self.calls.get_mut(&leg) {
            call.record.sip_status = 503;
        }
        self.end(now, leg, cause);
    }

    /// A port is there: our offer goes out.
    pub(super) fn invite(&mut self, now: Instant, leg: LegId, rtp: SocketAddr) {
        let here = Here::new(&self.config, &self.ports, leg, rtp);
        let sdp = negotiation::offer(&here);
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Stage::Dialling(dialling) = &mut call.stage else {
            return;
        };
        let Some(flow) = dialling.flow else { return };
        let from = self.endpoint.address(flow, &call.view.caller);
        call.view.address_from.clone_from(&from);
        call.media = Media::Offered {
            rtp,
            sdp: sdp.clone(),
        };
        let plan = &self.config.dial_out;
        let dial = Dial {
            flow,
            target: dialling.to.uri.clone(),
            asserted: Some(from.clone()),
            from,
            sdp,
            credentials: plan.credentials.clone().filter(|_| dialling.to.by_trunk),
            ringing: dialling.ringing,
        };
        dialling.sent = true;
        let dialog = call.dialog;
        self.ports.extend(both_ports(rtp));
        self.by_dialog.insert(dialog, leg);
        self.dirty_calls.insert(leg);
        if let Err(error) = self.endpoint.dial(now, dialog, &dial) {
            self.not_sent(now, leg, error);
        } else {
            self.counts.dialled += 1;
        }
    }

    fn not_sent(&mut self, now: Instant, leg: LegId, error: DialError) {
        if let Some(call) = self.calls.get_mut(&leg)
            && let Stage::Dialling(dialling) = &mut call.stage
        {
            dialling.sent = false;
            self.by_dialog.remove(&call.dialog);
        }
        let cause = match error {
            DialError::Full => Cause::BridgeFull,
            DialError::BadAddress => Cause::Unreachable,
        };
        self.give_up(now, leg, cause);
    }

    /// The called one has answered, which costs from here on: audio, and into the meeting.
    pub(super) fn callee_answered(&mut self, now: Instant, dialog: sip::CallId, answer: Option<&[u8]>) {
        let answered_ms = self.clock.ms(now);
        let Some(leg) = self.by_dialog.get(&dialog).copied() else {
            return;
        };
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Stage::Dialling(dialling) = &call.stage else {
            return;
        };
        call.ends_at = now.checked_add(dialling.longest);
        call.record.answered_ms = Some(answered_ms);
        let operator_for = call.operator_for;
        self.counts.dialled_answered += 1;
        if self.is_agreed(now, leg, answer.unwrap_or_default()) {
            match operator_for {
                Some(caller) => self.operator_answered(now, leg, caller),
                None => self.let_in(now, leg),
            }
        }
    }

    /// The code that the call was made with opens its meeting; what was asked for it comes with it.
    fn let_in(&mut self, now: Instant, leg: LegId) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Stage::Dialling(dialling) = std::mem::replace(&mut call.stage, Stage::Door) else {
            return;
        };
        let code = call.view.access_code.clone();
        // What they are its meeting says; what they are to be stands in the order.
        (call.view.mute, call.view.held, call.view.role) = (Mute::default(), false, None);
        let grant = self.directory.grant(call.dialled.group.id, &code);
        if grant.is_some_and(|grant| grant.room.subscriber_sid != call.view.subscriber_sid) {
            // While it rang the code was given to somebody else's room, which nobody has asked for.
            let goodbye = [Phrase::Prompt(Prompt::Goodbye)];
            return self.leave(now, leg, Cause::WrongCode, &goodbye);
        }
        if self.headroom.is_overrun() {
            return self.turn_away(now, leg);
        }
        self.enter(now, leg, code, false, false);
        let Some(id) = self.calls.get(&leg).and_then(|call| call.meeting()) else {
            return;
        };
        let wishes = [
            dialling.role.map(|role| Command::SetRole { leg, role }),
            dialling.mute.map(|mute| Command::SetMute { leg, mute }),
            dialling.held.map(|on| Command::SetHold { leg, on }),
        ];
        // One that is so already changes nothing.
        for wish in wishes.into_iter().flatten() {
            self.command(now, id, dialling.actor.clone(), wish);
        }
    }

    /// Whether what is asked for a call would be kept until it is in its meeting.
    pub(super) fn would_be_wish(&self, leg: LegId, command: &Command) -> bool {
        let can_be = matches!(
            command,
            Command::SetName { .. }
                | Command::SetGain { .. }
                | Command::SetMute { .. }
                | Command::SetHold { .. }
                | Command::SetRole { .. }
        );
        let is_dialled =
            |call: &Call| matches!(call.stage, Stage::Dialling(_)) && call.operator_for.is_none();
        can_be && self.calls.get(&leg).is_some_and(is_dialled)
    }

    /// What is asked for a call that is being dialled is kept until it is in its meeting, and told at once; whether it is one.
    pub(super) fn is_wish(&mut self, now: Instant, leg: LegId, actor: &Actor, command: &Command) -> bool {
        if !self.would_be_wish(leg, command) {
            return false;
        }
        let changed = self.calls.get_mut(&leg).and_then(|call| keep(leg, call, command));
        self.dirty_calls.insert(leg);
        if let Some(event) = changed {
            self.ringing_news(now, leg, actor.clone(), event);
        }
        true
    }

    /// Another code for a call that is being dialled, with the role that goes with it; `None` for other calls.
    pub(super) fn change_code(
        &mut self,
        now: Instant,
        actor: &Actor,
        leg: LegId,
        code: &str,
    ) -> Option<Result<(), CommandError>> {
        let call = self.calls.get(&leg)?;
        if !matches!(call.stage, Stage::Dialling(_)) {
            return None;
        }
        let grant = self.directory.grant(call.dialled.group.id, code);
        let grant = grant.filter(|grant| self.sees(actor, &grant.room.subscriber_sid));
        let Some(grant) = grant else {
            return Some(Err(refused("accessCode", NO_ROOM)));
        };
        let role = grant.key.role;
        let call = self.calls.get_mut(&leg)?;
        if let Stage::Dialling(dialling) = &mut call.stage {
            dialling.role = None;
        }
        let before = call.view.role.replace(role);
        call.belong_to(grant.room.subscriber_sid.clone(), code);
        self.dirty_calls.insert(leg);
        if before != Some(role) {
            self.ringing_news(now, leg, actor.clone(), Event::RoleSet { leg, role });
        }
        Some(Ok(()))
    }

    /// A dialled call has lasted as long as it may; whether it had.
    pub(super) fn is_too_long(&mut self, now: Instant, leg: LegId) -> bool {
        let Some(call) = self.calls.get_mut(&leg) else {
            return false;
        };
        if call.is_ending() || call.ends_at.is_none_or(|at| at > now) {
            return false;
        }
        call.ends_at = None;
        self.leave(now, leg, Cause::CallTooLong, &[Phrase::Prompt(Prompt::Goodbye)]);
        true
    }
}

/// Keeps what is asked for a call that is being dialled; what changes by it, if anything does.
fn keep(leg: LegId, call: &mut Call, command: &Command) -> Option<Event> {
    let Stage::Dialling(dialling) = &mut call.stage else {
        return None;
    };
    let view = &mut call.view;
    match command {
        Command::SetName { name, .. } => {
            call.record.custom_name.clone_from(name);
            let before = std::mem::replace(&mut view.custom_name, name.clone());
            let name = name.clone();
            (before != name).then_some(Event::Named { leg, name })
        }
        &Command::SetGain { db, .. } => {
            let before = std::mem::replace(&mut view.gain_db, db);
            (before != db).then_some(Event::GainSet { leg, db })
        }
        &Command::SetMute { mute, .. } => {
            dialling.mute = Some(mute);
            let before = std::mem::replace(&mut view.mute, mute);
            (before != mute).then_some(Event::Muted { leg, mute })
        }
        &Command::SetHold { on, .. } => {
            dialling.held = Some(on);
            let before = std::mem::replace(&mut view.held, on);
            (before != on).then_some(Event::Held { leg, on })
        }
        &Command::SetRole { role, .. } => {
            dialling.role = Some(role);
            let before = view.role.replace(role);
            (before != Some(role)).then_some(Event::RoleSet { leg, role })
        }
        Command::Join(_)
        | Command::Leave { .. }
        | Command::Drop { .. }
        | Command::ToggleMute { .. }
        | Command::StepMuteMode
        | Command::SetMuteMode(_)
        | Command::ToggleHold
        | Command::SetHoldMode(_)
        | Command::ToggleLock
        | Command::SetLock(_)
        | Command::StepTones
        | Command::Count { .. }
        | Command::RolePin { .. }
        | Command::SetAttribute { .. }
        | Command::SetQa(_)
        | Command::NextQuestion
        | Command::ToggleHand { .. }
        | Command::SetQuestion { .. }
        | Command::ToggleOperator { .. }
        | Command::SetOperator { .. }
        | Command::OperatorAnswered { .. }
        | Command::OperatorGone { .. }
        | Command::SetPoll(_)
        | Command::Vote { .. }
        | Command::ToggleRecording
        | Command::SetRecording(_)
        | Command::RecordingBegan { .. }
        | Command::RecordingGap { .. }
        | Command::RecordingFailed { .. }
        | Command::Start
        | Command::Stop => None,
    }
}

const NO_ROOM: &str = "expected an access code of a meeting room in the DID group of the caller's number";

fn refused(field: &'static str, message: &str) -> CommandError {
    CommandError::Refused {
        field,
        message: message.to_owned(),
    }
}

fn new_record(
    leg: LegId,
    owner: Sid,
    to: &Destination,
    caller: String,
    created_ms: i64,
    order: &DialOrder,
) -> Cdr {
    Cdr {
        leg,
        subscriber_sid: Some(owner),
        callee: to.callee.clone(),
        caller,
        source: String::new(),
        outbound: true,
        codec: String::new(),
        created_ms,
        answered_ms: None,
        joined_ms: None,
        ended_ms: 0,
        meeting: None,
        role: None,
        access_code: order.access_code.clone(),
        custom_name: order.custom_name.clone(),
        cause: Cause::Fault,
        sip_status: 200,
    }
}

/// Why the called one did not take the call, and the status it is recorded with.
pub(super) fn explain(ended: &EndCause) -> (Cause, Option<u16>) {
    let (cause, status) = match ended {
        EndCause::RequestFailed(status) => (of_status(*status), *status),
        EndCause::NoAnswer => (Cause::NoAnswer, 408),
        EndCause::Unreachable => (Cause::Unreachable, 408),
        EndCause::TransportLost => (Cause::Unreachable, 503),
        EndCause::HungUp => (Cause::Fault, 487),
        EndCause::Bye { .. }
        | EndCause::Cancelled
        | EndCause::Refused(_)
        | EndCause::NotAcknowledged
        | EndCause::SessionExpired => (Cause::Fault, 500),
    };
    (cause, Some(status))
}

/// RFC 3261 section 21, RFC 8197 (607) and RFC 8688 (608).
fn of_status(status: u16) -> Cause {
    match status {
        486 | 600 => Cause::Busy,
        408 | 480 | 487 => Cause::NoAnswer,
        403 | 603 | 607 | 608 => Cause::Declined,
        406 | 415 | 488 | 606 => Cause::NoCodec,
        _ => Cause::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_told_as_what_it_is() {
        for (statuses, cause) in [
            (&[486, 600][..], Cause::Busy),
            (&[408, 480, 487], Cause::NoAnswer),
            (&[403, 603, 607, 608], Cause::Declined),
            (&[488, 606], Cause::NoCodec),
            (
                &[301, 302, 401, 404, 407, 410, 484, 500, 503, 604],
                Cause::Unreachable,
            ),
        ] {
            for status in statuses {
                let told = explain(&EndCause::RequestFailed(*status));
                assert_eq!(told, (cause, Some(*status)));
            }
        }
    }
}
