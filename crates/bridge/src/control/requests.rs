//! Requests by REST, answered when they are done.

use std::time::Instant;

use api::{CommandError, LiveCommand, Target};
use model::attribute::AttributeId;
use model::{Actor, Cause, Command, LegId, MeetingId, Sid};
use store::{AuditEntry, Record};

use super::call::{Media, Stage};
use super::output::{Output, Ticket};
use super::rooms::Slot;
use super::{Control, audit, recording};

impl Control {
    pub(super) fn request(
        &mut self,
        now: Instant,
        ticket: Ticket,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) {
        let recorded = recording::asked_for(target, &command);
        let result = if !self.may_steer(&actor, target) {
            Err(CommandError::Gone)
        } else if let LiveCommand::Several(commands) = command {
            self.several(now, &actor, target, commands)
        } else {
            self.noted(now, actor, target, command)
        };
        match recorded {
            Some(room) if result.is_ok() => self.hold(now, ticket, room),
            Some(_) | None => self.replies.push(Output::Reply { ticket, result }),
        }
    }

    /// Whether the target is the asker's as things are now: REST has looked at a snapshot, since when a call may have gone over to another
    /// tenant's meeting, and the asker out of the directory. What is not there any more is told by whoever looks for it.
    fn may_steer(&self, actor: &Actor, target: Target) -> bool {
        let owner = match target {
            Target::Meeting(id) => self.meetings.get(&id).map(Slot::owner),
            Target::Leg(leg) => self.owner_of(leg),
        };
        owner.is_none_or(|owner| self.sees(actor, owner))
    }

    /// Whether what `owner` owns is there for whoever asks.
    pub(super) fn sees(&self, actor: &Actor, owner: &Sid) -> bool {
        match actor {
            Actor::User(sid) => self.directory.sees(sid, owner),
            Actor::Leg(_) | Actor::Bridge => true,
        }
    }

    fn several(
        &mut self,
        now: Instant,
        actor: &Actor,
        target: Target,
        commands: Vec<LiveCommand>,
    ) -> Result<(), CommandError> {
        self.willing_to_all(commands.iter().map(|command| (target, command)))?;
        let mut commands = commands.into_iter();
        commands.try_for_each(|command| self.noted(now, actor.clone(), target, command))
    }

    /// Does it, and notes for the audit that it was done.
    fn noted(
        &mut self,
        now: Instant,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Result<(), CommandError> {
        // Before: what is hung up or ended is not there after.
        let entries = self.audit_entries(now, &actor, target, &command);
        self.carry_out(now, actor, target, command)?;
        let noted = entries.into_iter().map(Record::Audit);
        self.replies.extend(noted.map(Output::Record));
        Ok(())
    }

    /// What a request is noted as, should it be done; nothing where its target is not there.
    fn audit_entries(
        &self,
        now: Instant,
        actor: &Actor,
        target: Target,
        command: &LiveCommand,
    ) -> Vec<AuditEntry> {
        let Some((owner, object)) = self.audited(target) else {
            return Vec::new();
        };
        let object = match command {
            LiveCommand::All(_) => format!("calls of {object}"),
            LiveCommand::Meeting(_)
            | LiveCommand::Move { .. }
            | LiveCommand::SetPresenter { .. }
            | LiveCommand::HangUp { .. }
            | LiveCommand::EndMeeting
            | LiveCommand::Several(_) => object,
        };
        let entry = |(action, attribute): (&'static str, Option<AttributeId>)| AuditEntry {
            at_ms: self.clock.ms(now),
            actor: actor.clone(),
            owner: owner.clone(),
            action,
            object: match attribute {
                Some(id) => format!("{} of {object}", id.row().name),
                None => object.clone(),
            },
        };
        audit::actions(command).into_iter().map(entry).collect()
    }

    /// Whose a call or meeting is, and what it is called.
    fn audited(&self, target: Target) -> Option<(&Sid, String)> {
        match target {
            Target::Meeting(id) => {
                let slot = self.meetings.get(&id)?;
                Some((slot.owner(), format!("meeting {}", slot.number)))
            }
            Target::Leg(leg) => Some((self.owner_of(leg)?, format!("call {leg}"))),
        }
    }

    /// Whose a call is.
    pub(super) fn owner_of(&self, leg: LegId) -> Option<&Sid> {
        let call = self.calls.get(&leg)?;
        let meeting = call.meeting().and_then(|id| self.meetings.get(&id));
        Some(meeting.map_or(&call.view.subscriber_sid, Slot::owner))
    }

    fn carry_out(
        &mut self,
        now: Instant,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Result<(), CommandError> {
        match command {
            LiveCommand::Meeting(command) => {
                if let Target::Leg(leg) = target
                    && self.is_wish(now, leg, &actor, &command)
                {
                    return Ok(());
                }
                let id = self.meeting_of(target, &command)?;
                self.willing(id, &command, false)?;
                self.can_call_operator(&command, 0)?;
                self.command(now, id, actor, command);
            }
            LiveCommand::Move { leg, access_code } => self.move_call(now, actor, leg, &access_code)?,
            LiveCommand::SetPresenter { leg, media } => {
                self.alive(leg)?;
                self.presents(now, leg, actor, media);
            }
            LiveCommand::HangUp { leg } => {
                self.alive(leg)?;
                self.taken_out_by(now, leg, Cause::DroppedByApi, actor);
                self.end(now, leg, Cause::DroppedByApi);
            }
            LiveCommand::EndMeeting => {
                let id = self.meeting_of(target, &Command::Stop)?;
                self.end_meeting(now, id, actor);
            }
            LiveCommand::All(commands) => {
                if matches!(target, Target::Meeting(id) if !self.meetings.contains_key(&id)) {
                    return Err(CommandError::Gone);
                }
                // Whoever has left meanwhile, or gone over to another meeting, is not there to be steered.
                let here = |(leg, _): &(LegId, LiveCommand)| self.is_at(*leg, target);
                let here: Vec<_> = commands.into_iter().filter(here).collect();
                self.willing_to_all(here.iter().map(|(leg, command)| (Target::Leg(*leg), command)))?;
                for (leg, command) in here {
                    match self.carry_out(now, actor.clone(), Target::Leg(leg), command) {
                        Ok(()) | Err(CommandError::Gone) => {}
                        Err(why) => return Err(why),
                    }
                }
            }
            LiveCommand::Several(commands) => self.several(now, &actor, target, commands)?,
        }
        Ok(())
    }

    fn alive(&self, leg: LegId) -> Result<(), CommandError> {
        match self.calls.get(&leg) {
            Some(call) if !call.is_ending() => Ok(()),
            Some(_) | None => Err(CommandError::Gone),
        }
    }

    /// Whether a call is up, and in the meeting where one is meant.
    fn is_at(&self, leg: LegId, target: Target) -> bool {
        let meeting = self.calls.get(&leg).and_then(|call| call.meeting());
        let is_meant = match target {
            Target::Meeting(id) => meeting == Some(id),
            Target::Leg(_) => true,
        };
        is_meant && self.alive(leg).is_ok()
    }

    fn meeting_of(&self, target: Target, command: &Command) -> Result<MeetingId, CommandError> {
        match target {
            Target::Meeting(id) if self.meetings.contains_key(&id) => Ok(id),
            Target::Meeting(_) => Err(CommandError::Gone),
            Target::Leg(leg) => {
                self.alive(leg)?;
                let call = self.calls.get(&leg);
                let why = match call.and_then(|call| call.operator_for) {
                    Some(_) => NO_MEETING,
                    None => "the caller has not entered a meeting yet",
                };
                let meeting = call.and_then(|call| call.meeting());
                meeting.ok_or_else(|| CommandError::Refused {
                    field: field(command),
                    message: why.to_owned(),
                })
            }
        }
    }

    /// Whether each of these can be done, so that a request is done whole or not at all. Where a call is moved to cannot be asked before it is
    /// there.
    fn willing_to_all<'a>(
        &self,
        commands: impl Iterator<Item = (Target, &'a LiveCommand)>,
    ) -> Result<(), CommandError> {
        let (mut starts, mut operators) = (false, 0);
        for (target, command) in commands {
            let command = match command {
                LiveCommand::Meeting(command) => command,
                LiveCommand::Move { .. } => return Ok(()),
                LiveCommand::SetPresenter { .. }
                | LiveCommand::HangUp { .. }
                | LiveCommand::EndMeeting
                | LiveCommand::All(_)
                | LiveCommand::Several(_) => continue,
            };
            if matches!(target, Target::Leg(leg) if self.would_be_wish(leg, command)) {
                continue;
            }
            let id = self.meeting_of(target, command)?;
            self.willing(id, command, starts)?;
            self.can_call_operator(command, operators)?;
            starts |= *command == Command::Start;
            operators += usize::from(matches!(command, Command::SetOperator { on: true, .. }));
        }
        Ok(())
    }

    /// Whether the meeting can do what is asked of it now, or once it was started.
    fn willing(&self, id: MeetingId, command: &Command, starts: bool) -> Result<(), CommandError> {
        let slot = self.meetings.get(&id).ok_or(CommandError::Gone)?;
        let records = *command == Command::SetRecording(true) && !slot.meeting.recording();
        let fault = records.then(|| self.recording_fault(0)).flatten();
        let refused = slot.meeting.refuses(command, starts);
        match refused.or(fault.map(recording::explained)) {
            None => Ok(()),
            Some(why) => Err(CommandError::Refused {
                field: field(command),
                message: why.to_owned(),
            }),
        }
    }

    /// Moves a live call to the room and role that a code opens.
    fn move_call(&mut self, now: Instant, actor: Actor, leg: LegId, code: &str) -> Result<(), CommandError> {
        self.alive(leg)?;
        let refused = |message: &str| CommandError::Refused {
            field: "accessCode",
            message: message.to_owned(),
        };
        if self
            .calls
            .get(&leg)
            .is_some_and(|call| call.operator_for.is_some())
        {
            return Err(refused(NO_MEETING));
        }
        if let Some(result) = self.change_code(now, &actor, leg, code) {
            return result;
        }
        let Some(call) = self.calls.get(&leg) else {
            return Err(CommandError::Gone);
        };
        if !matches!(call.media, Media::Running { .. }) {
            return Err(refused("the call has not been answered yet"));
        }
        let group = call.dialled.group.id;
        let on_the_fly = self.on_the_fly.contains_key(&(group, code.to_owned()));
        let opening = self.opening(leg, code, on_the_fly);
        // A code of somebody else's room is as good as none.
        let Some(opening) = opening.filter(|opening| self.sees(&actor, &opening.owner)) else {
            return Err(refused(
                "expected an access code that is good on the number of this call",
            ));
        };
        if let Some(cause) = self.would_refuse(leg, &opening) {
            return Err(refused(not_admitted(cause)));
        }
        self.taken_out_by(now, leg, Cause::Moved, actor);
        if let Some(call) = self.calls.get_mut(&leg) {
            call.stage = Stage::Door;
        }
        self.hush(leg);
        // The meeting may have ended with this very leg; then the code opens another.
        self.enter(now, leg, code.to_owned(), on_the_fly, false);
        Ok(())
    }
}

/// Why the operator's call is not steered.
const NO_MEETING: &str = "this is the operator's call, which is in no meeting and has no place in one";

/// Why the meeting behind a good code does not take the call, which stays where it is.
fn not_admitted(cause: Cause) -> &'static str {
    let reasons = [
        (Cause::Locked, "the meeting of this code is locked"),
        (Cause::MeetingFull, "the meeting of this code is full"),
        (
            Cause::RoleFull,
            "the meeting of this code has no place left for its role",
        ),
        (Cause::BridgeFull, "the bridge holds as many meetings as it may"),
    ];
    let reason = reasons.iter().find(|(known, _)| *known == cause);
    reason.map_or("the meeting of this code takes nobody in", |(_, reason)| reason)
}

/// The wire field that a command on a leg comes from.
fn field(command: &Command) -> &'static str {
    match command {
        Command::SetMute { .. }
        | Command::ToggleMute { .. }
        | Command::StepMuteMode
        | Command::SetMuteMode(_) => "muteMode",
        Command::SetHold { .. } | Command::ToggleHold | Command::SetHoldMode(_) => "holdMode",
        Command::SetQa(_)
        | Command::NextQuestion
        | Command::ToggleHand { .. }
        | Command::SetQuestion { .. } => "qaMode",
        Command::ToggleOperator { .. }
        | Command::SetOperator { .. }
        | Command::OperatorAnswered { .. }
        | Command::OperatorGone { .. } => "operatorMode",
        Command::SetPoll(_) | Command::Vote { .. } => "pollingMode",
        Command::SetRole { .. } | Command::RolePin { .. } => "role",
        Command::SetName { .. } => "customName",
        Command::SetGain { .. } => "gainLevel",
        Command::SetAttribute { .. } | Command::StepTones => "attributes",
        Command::ToggleLock | Command::SetLock(_) => "isSecured",
        Command::ToggleRecording | Command::SetRecording(_) => "isRecording",
        Command::Start | Command::Stop => "state",
        Command::Join(_) | Command::Leave { .. } | Command::Drop { .. } | Command::Count { .. } => "id",
        Command::RecordingBegan { .. } | Command::RecordingGap { .. } | Command::RecordingFailed { .. } => {
            "id"
        }
    }
}
