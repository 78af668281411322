//! Live meetings: made by the first caller, gone with the last.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use ivr::keypad::{self, Keypad, Scene};
use meeting::{Audience, Meeting, Row};
use model::attribute::{ATTRIBUTES, Level, Overrides, Resolved};
use model::directory::Room;
use model::{
    Actor, Cause, Command, DidGroupId, Entrant, Event, KeyedCommand, LegId, Mdr, MeetingId, MeetingNumber,
    MeetingState, MeetingView, Place, Role, Sid,
};
use store::Record;

use super::call::Stage;
use super::opening::{self, Opening};
use super::output::{Listeners, MediaOrder, Output};
use super::voice::{self, Sound};
use super::watches::Roster;
use super::{Control, Owner};

/// How often a free number for a meeting on the fly is looked for.
const NUMBER_TRIES: usize = 100;

/// One live meeting.
pub(super) struct Slot {
    pub(super) meeting: Meeting,
    /// What it began with.
    base: Arc<Resolved>,
    pub(super) number: MeetingNumber,
    room: Option<Arc<Room>>,
    /// Group and code of a meeting on the fly.
    code: Option<(DidGroupId, String)>,
    subscriber_sid: Sid,
    subscriber_name: String,
    created_ms: i64,
    started_ms: Option<i64>,
    logged: u64,
    calls: u32,
    inside: BTreeSet<LegId>,
    peak: u32,
    /// Whether the mixer was told to record it.
    pub(super) is_taped: bool,
    /// Whether its outputs are being carried out; what they cause in it waits its turn.
    draining: bool,
    /// Who is in it, for phones that show it; none where it has changed since it was last asked for.
    pub(super) roster: Option<Arc<Roster>>,
}

impl Control {
    pub(super) fn room_for_a_meeting(&self) -> bool {
        self.meetings.len() < self.config.max_meetings
    }

    /// Hands a leg to the meeting its code opens, which is made if it is not there.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        leg: LegId,
        code: String,
        on_the_fly: bool,
        pound_pending: bool,
    ) {
        let Some(opening) = self.opening(leg, &code, on_the_fly) else {
            // The code was taken away between look-up and answer.
            return self.leave(
                now,
                leg,
                Cause::WrongCode,
                &[model::Phrase::Prompt(model::Prompt::Goodbye)],
            );
        };
        let role = opening.role;
        let Some(id) = self.find_or_open(now, opening) else {
            return self.turn_away(now, leg);
        };
        self.join(now, leg, id, role, code, pound_pending);
    }

    /// Ends a call that the bridge has no room for, though its code is good.
    pub(super) fn turn_away(&mut self, now: Instant, leg: LegId) {
        let goodbye = [model::Phrase::Prompt(model::Prompt::Goodbye)];
        self.leave(now, leg, Cause::BridgeFull, &goodbye);
    }

    fn join(
        &mut self,
        now: Instant,
        leg: LegId,
        id: MeetingId,
        role: Role,
        code: String,
        pound_pending: bool,
    ) {
        let Some(slot) = self.meetings.get(&id) else {
            return;
        };
        let (number, owner) = (slot.number, slot.owner().clone());
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        self.moved.insert(leg);
        call.belong_to(owner, &code);
        call.stage = Stage::Meeting {
            id,
            keypad: Keypad::new(now, leg, pound_pending),
        };
        call.view.meeting = Some(number);
        call.record.meeting = Some((id, number));
        call.record.role = Some(role);
        let (caller, callee) = call.numbers();
        let name = call.view.custom_name.clone();
        let entrant = Entrant {
            leg,
            role,
            name: name.clone(),
            caller,
            callee,
            access_code: code,
        };
        let db = call.view.gain_db;
        self.dirty_calls.insert(leg);
        self.keep_open(leg);
        self.order(MediaOrder::Join { leg, room: id });
        self.command(now, id, Actor::Leg(leg), Command::Join(Box::new(entrant)));
        if db != 0 {
            // A leg that was moved keeps the level it had, as the mixer does.
            self.command(now, id, Actor::Bridge, Command::SetGain { leg, db });
        }
        self.tell_name(now, id, leg, name);
        self.reschedule_call(leg);
    }

    /// Who comes in with a name, moved here or called by the bridge, is known by it in the log of this meeting, too.
    fn tell_name(&mut self, now: Instant, id: MeetingId, leg: LegId, name: String) {
        let slot = self.meetings.get(&id);
        let is_in = slot.is_some_and(|slot| slot.meeting.row(leg).is_some());
        if is_in && !name.is_empty() {
            self.meeting_event(now, id, Actor::Bridge, Event::Named { leg, name });
        }
    }

    pub(super) fn opening(&self, leg: LegId, code: &str, on_the_fly: bool) -> Option<Opening> {
        let dialled = &self.calls.get(&leg)?.dialled;
        let id = dialled.group.id;
        if let Some(grant) = self.directory.grant(id, code) {
            return Some(Opening::of_room(&self.directory, grant));
        }
        // Since the number was dialled its group may have changed, or have gone, and its owner with it.
        let group = self.directory.group(id)?;
        let running = self.on_the_fly.contains_key(&(id, code.to_owned()));
        let opens = on_the_fly && opening::may_open(group.call_flow, code);
        (running || opens).then(|| Opening::on_the_fly(&self.directory, dialled, code, running))
    }

    /// Why a call would not get in with a code that is good, should it be moved there.
    pub(super) fn would_refuse(&self, leg: LegId, opening: &Opening) -> Option<Cause> {
        let own = self.calls.get(&leg).and_then(|call| call.meeting());
        // A meeting that loses its only leg ends, and a fresh one begins.
        let is_shared = |id: &MeetingId| {
            self.meetings
                .get(id)
                .is_some_and(|slot| slot.meeting.legs().count() > 1)
        };
        let lasts = |id: &MeetingId| own != Some(*id) || is_shared(id);
        match self.find(opening).filter(lasts) {
            Some(id) => self
                .meetings
                .get(&id)?
                .meeting
                .would_admit(leg, opening.role)
                .err(),
            None => (!self.room_for_a_meeting()).then_some(Cause::BridgeFull),
        }
    }

    fn find_or_open(&mut self, now: Instant, opening: Opening) -> Option<MeetingId> {
        self.find(&opening).or_else(|| self.open(now, opening))
    }

    /// A meeting that is ending takes nobody in any more: whoever comes gets a fresh one.
    fn find(&self, opening: &Opening) -> Option<MeetingId> {
        let known = match (&opening.room, &opening.code) {
            (Some(room), _) => self.by_number.get(&room.meeting_number),
            (None, Some(code)) => self.on_the_fly.get(code),
            (None, None) => None,
        };
        let room = opening.room.as_ref();
        let takes = |slot: &Slot| slot.is_of(room) && !slot.meeting.is_ending();
        known
            .copied()
            .filter(|id| self.meetings.get(id).is_some_and(takes))
    }

    fn open(&mut self, now: Instant, opening: Opening) -> Option<MeetingId> {
        if !self.room_for_a_meeting() {
            return None;
        }
        let number = match &opening.room {
            Some(room) => room.meeting_number,
            None => self.free_number()?,
        };
        let id = self.ids.meeting()?;
        let owner = self.directory.subscriber(&opening.owner);
        let created_ms = self.clock.ms(now);
        let mut meeting = Meeting::new(opening.settings.policy.clone());
        // With its time, so that a store that begins anew with its ids does not meet the files of the one before.
        meeting.name_recordings(format!("{created_ms}-{id}"));
        let slot = Slot {
            meeting,
            base: Arc::new(opening.settings),
            number,
            room: opening.room,
            code: opening.code.clone(),
            subscriber_name: owner.map(|owner| owner.display_name()).unwrap_or_default(),
            subscriber_sid: opening.owner,
            created_ms,
            started_ms: None,
            logged: 0,
            calls: 0,
            inside: BTreeSet::new(),
            peak: 0,
            is_taped: false,
            draining: false,
            roster: None,
        };
        self.meetings.insert(id, slot);
        self.by_number.insert(number, id);
        if let Some(code) = opening.code {
            self.on_the_fly.insert(code, id);
        }
        self.order(MediaOrder::OpenRoom { room: id });
        self.meeting_outputs(now, id);
        Some(id)
    }

    /// Six digits that neither a room nor a meeting has.
    pub(super) fn free_number(&mut self) -> Option<MeetingNumber> {
        for _ in 0..NUMBER_TRIES {
            let number = MeetingNumber(100_000 + self.random.u32() % 900_000);
            if self.directory.room(number).is_none() && !self.by_number.contains_key(&number) {
                return Some(number);
            }
        }
        None
    }

    /// One verb for keypad, REST and the bridge itself.
    pub(super) fn command(&mut self, now: Instant, id: MeetingId, actor: Actor, command: Command) {
        if let Some(slot) = self.meetings.get_mut(&id) {
            slot.meeting.handle_input(now, actor, command);
            self.meeting_outputs(now, id);
        }
    }

    pub(super) fn end_meeting(&mut self, now: Instant, id: MeetingId, actor: Actor) {
        self.command(now, id, actor, Command::Stop);
    }

    pub(super) fn meeting_timeout(&mut self, now: Instant, id: MeetingId) {
        if let Some(slot) = self.meetings.get_mut(&id) {
            slot.meeting.handle_timeout(now);
            self.meeting_outputs(now, id);
        }
    }

    pub(super) fn meeting_digit(&mut self, now: Instant, leg: LegId, key: char) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        let Stage::Meeting { id, keypad } = &mut call.stage else {
            return;
        };
        let Some(slot) = self.meetings.get(id) else { return };
        let Some(row) = slot.meeting.row(leg) else { return };
        let has_operator = self.config.operator.is_some();
        keypad.handle_input(now, key, slot.scene(&row, has_operator));
        self.keypad_outputs(now, leg);
        self.reschedule_call(leg);
    }

    pub(super) fn keypad_outputs(&mut self, now: Instant, leg: LegId) {
        while let Some(call) = self.calls.get_mut(&leg)
            && let Stage::Meeting { id, keypad } = &mut call.stage
            && let Some(output) = keypad.poll_output()
        {
            let id = *id;
            match output {
                keypad::Output::Command(command) => {
                    if let Some(keyed) = KeyedCommand::of(&command) {
                        self.keyed(now, leg, id, keyed);
                    }
                    self.command(now, id, Actor::Leg(leg), command);
                }
                keypad::Output::Say(phrases) => self.say(leg, &phrases),
                keypad::Output::Help(phrases) => {
                    self.keyed(now, leg, id, KeyedCommand::Help);
                    self.say(leg, &phrases);
                }
                keypad::Output::Hush => self.hush(leg),
                keypad::Output::RolePin(pin) => self.role_pin(now, leg, id, &pin),
            }
        }
    }

    /// A role PIN is a host code of the same room; guesses cost the same allowance as codes at the door.
    fn role_pin(&mut self, now: Instant, leg: LegId, id: MeetingId, pin: &str) {
        let Some(who) = self.calls.get(&leg).map(|call| call.guesser.clone()) else {
            return;
        };
        let spent = self.budget.allowance(now, &who) == ivr::budget::Allowance::Spent;
        // The room as it is now: its codes may have changed since the meeting began.
        let room = self.meetings.get(&id).and_then(|slot| {
            let room = self.directory.room(slot.number);
            room.filter(|room| slot.is_of(Some(*room)))
        });
        let opens = |room: &Arc<Room>| {
            room.keychain
                .iter()
                .any(|key| key.role == Role::Host && key.access_code == pin)
        };
        let right = !spent && room.is_some_and(opens);
        if !right {
            self.budget.failed(now, &who);
        }
        self.keyed(now, leg, id, KeyedCommand::RolePin);
        self.command(now, id, Actor::Leg(leg), Command::RolePin { leg, right });
    }

    /// Carries out what a meeting wants. One that sends a thousand legs away is told a thousand times that a leg left: those commands
    /// add to the same queue instead of draining it within each other, which would take a stack as deep as the meeting is large.
    fn meeting_outputs(&mut self, now: Instant, id: MeetingId) {
        self.dirty_meetings.insert(id);
        self.news.insert(id);
        let Some(slot) = self.meetings.get_mut(&id) else {
            return;
        };
        slot.roster = None;
        if std::mem::replace(&mut slot.draining, true) {
            return;
        }
        while let Some(slot) = self.meetings.get_mut(&id)
            && let Some(output) = slot.meeting.poll_output()
        {
            self.meeting_output(now, id, output);
        }
        let slot = self.meetings.get_mut(&id);
        let at = slot.and_then(|slot| {
            slot.draining = false;
            slot.meeting.poll_timeout()
        });
        self.schedule.set(Owner::Meeting(id), at);
    }

    fn meeting_output(&mut self, now: Instant, id: MeetingId, output: meeting::Output) {
        match output {
            meeting::Output::Admitted { leg, .. } => drop(self.dirty_calls.insert(leg)),
            meeting::Output::Refused { leg, cause, say } => self.leave(now, leg, cause, &say),
            meeting::Output::Drop { leg, cause, say } => self.leave(now, leg, cause, &say),
            meeting::Output::Route { leg, speaks, hears } => self.route(id, leg, speaks, hears),
            meeting::Output::CallOperator { leg, by } => self.call_operator(now, leg, by),
            meeting::Output::DropOperator { leg } => self.drop_operator(now, leg),
            meeting::Output::Gain { leg, db } => {
                self.dirty_calls.insert(leg);
                self.order(MediaOrder::Gain { leg, db });
            }
            meeting::Output::Say { to, phrases } => match to {
                Audience::Leg(leg) => self.say(leg, &phrases),
                Audience::Everyone => self.play_to_room(id, voice::speak(&phrases)),
            },
            meeting::Output::Tone(meeting::Tone::Entry) => self.play_to_room(id, vec![Sound::EntryTone]),
            meeting::Output::Tone(meeting::Tone::Exit) => self.play_to_room(id, vec![Sound::ExitTone]),
            meeting::Output::Record { take, file, by } => self.record(now, id, take, file, &by),
            meeting::Output::EndRecording { end, .. } => self.end_recording(id, end),
            meeting::Output::Event { actor, event } => self.meeting_event(now, id, actor, event),
            meeting::Output::Ended { cause } => self.meeting_over(now, id, cause),
        }
    }

    fn play_to_room(&mut self, room: MeetingId, sounds: Vec<Sound>) {
        let id = self.new_play();
        self.order(MediaOrder::Play {
            to: Listeners::Room(room),
            id,
            sounds,
        });
    }

    /// Keeps count for the records.
    pub(super) fn note_event(&mut self, now: Instant, id: MeetingId, event: &Event) {
        let at_ms = self.clock.ms(now);
        let joined = self
            .meetings
            .get_mut(&id)
            .and_then(|slot| slot.count(at_ms, event));
        let Some((leg, call)) = joined.and_then(|leg| Some((leg, self.calls.get_mut(&leg)?))) else {
            return;
        };
        call.view.joined_ms = Some(at_ms);
        if call.record.joined_ms.is_none() {
            call.record.joined_ms = Some(at_ms);
            self.keep_open(leg);
        }
    }

    fn meeting_over(&mut self, now: Instant, id: MeetingId, cause: Cause) {
        let Some(slot) = self.meetings.remove(&id) else {
            return;
        };
        self.schedule.set(Owner::Meeting(id), None);
        if self.by_number.get(&slot.number) == Some(&id) {
            self.by_number.remove(&slot.number);
            self.live.meetings.remove(&slot.number);
        }
        if let Some(code) = slot
            .code
            .as_ref()
            .filter(|code| self.on_the_fly.get(code) == Some(&id))
        {
            self.on_the_fly.remove(code);
        }
        self.order(MediaOrder::CloseRoom { room: id });
        let record = Mdr {
            meeting: id,
            number: slot.number,
            subscriber_sid: slot.subscriber_sid,
            created_ms: slot.created_ms,
            started_ms: slot.started_ms,
            ended_ms: self.clock.ms(now),
            calls: slot.calls,
            peak: slot.peak,
            cause,
            on_the_fly: slot.code.is_some(),
        };
        self.counts.meetings += 1;
        self.outputs
            .push_back(Output::Record(Record::Meeting(Box::new(record))));
    }
}

impl Slot {
    /// The next place in its log.
    pub(super) fn next_place(&mut self, meeting: MeetingId) -> Place {
        let (number, seq) = (self.number, self.logged);
        self.logged += 1;
        Place { meeting, number, seq }
    }

    /// Whether the world may be told while it goes on.
    pub(super) fn is_live(&self) -> bool {
        self.meeting.policy().realtime.conference_realtime.is_on()
    }

    /// Whether it is a meeting of this room, or one on the fly where there is none.
    pub(super) fn is_of(&self, room: Option<&Arc<Room>>) -> bool {
        match (&self.room, room) {
            (Some(own), Some(room)) => own.is_same(room),
            (own, room) => own.is_none() && room.is_none(),
        }
    }

    /// Gives it another number; answers the one it had.
    pub(super) fn take_number(&mut self, number: MeetingNumber) -> MeetingNumber {
        self.roster = None;
        if let Some(room) = &mut self.room {
            Arc::make_mut(room).meeting_number = number;
        }
        std::mem::replace(&mut self.number, number)
    }

    /// The tenant it belongs to.
    pub(super) fn owner(&self) -> &Sid {
        &self.subscriber_sid
    }

    /// Keeps count for the record; tells who has just joined.
    fn count(&mut self, at_ms: i64, event: &Event) -> Option<LegId> {
        if matches!(event, Event::Started) {
            self.started_ms = Some(at_ms);
        } else if let Event::Left { leg, .. } = event {
            self.inside.remove(leg);
        } else if let Event::Joined { leg, .. } = event {
            self.calls += 1;
            self.inside.insert(*leg);
            self.peak = self.peak.max(self.inside.len() as u32);
            return Some(*leg);
        }
        None
    }

    /// Whether a digit of a leg is a vote: whoever is with the operator has none.
    pub(super) fn votes(&self, leg: LegId) -> bool {
        let is_here = |row: Row| !row.operator.is_aside();
        self.meeting.polling() && self.meeting.row(leg).is_some_and(is_here)
    }

    /// What the keys of a leg depend on.
    fn scene(&self, row: &Row, has_operator: bool) -> Scene<'_> {
        let aside = row.operator.is_aside();
        Scene {
            role: row.role,
            policy: &self.meeting.policy().keys,
            questions: self.meeting.questions(),
            polling: self.votes(row.leg),
            operator: has_operator,
            aside,
        }
    }

    /// What the room sets, and what was changed since.
    fn attributes(&self) -> Overrides {
        let mut attributes = match &self.room {
            Some(room) => room.attributes.clone(),
            None => Overrides::new(Level::Room),
        };
        let (now, then) = (self.meeting.policy(), &self.base.policy);
        if now != then {
            for row in ATTRIBUTES {
                let text = now.text(row.id);
                if text != then.text(row.id) {
                    // Only what a room may set is changed in a meeting.
                    let known = attributes.put(row.name, &text);
                    debug_assert!(known.is_ok(), "{} was checked when it was set", row.name);
                }
            }
        }
        attributes
    }

    /// The meeting as readers see it.
    pub(super) fn view(&self, id: MeetingId) -> MeetingView {
        let meeting = &self.meeting;
        MeetingView {
            id,
            number: self.number,
            subscriber_sid: self.subscriber_sid.clone(),
            subscriber_name: self.subscriber_name.clone(),
            policy: Arc::new(meeting.policy().clone()),
            attributes: self.attributes(),
            base: self.base.clone(),
            created_ms: self.created_ms,
            started_ms: self.started_ms,
            hold: meeting.hold_mode(),
            mute: meeting.mute_mode(),
            questions: meeting.questions(),
            poll: meeting.poll(),
            recording: meeting.recorded(),
            recording_asked: meeting.recording(),
            locked: meeting.locked(),
            state: match (meeting.is_ending(), self.started_ms) {
                (true, _) => MeetingState::Stopping,
                (false, Some(_)) => MeetingState::InProgress,
                (false, None) => MeetingState::Waiting,
            },
            legs: meeting.legs().collect(),
            on_the_fly: self.code.is_some(),
        }
    }
}
