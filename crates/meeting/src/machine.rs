use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::time::Instant;

use model::attribute::{AttributeId, Policy};
use model::{Actor, Command, Event, LegId, MuteMask, Phrase, PollStatus, Prompt, Question, Role};

use crate::Output;
use crate::lifetime::{Closing, State};
use crate::log::{Entry, Log, LogEntry};
use crate::poll::Poll;
use crate::qa::{NO_SESSION, Session};
use crate::recording::{Recording, UNNAMED};
use crate::roster::{Member, Row};

/// Why a command that would change nothing is not carried out.
pub(crate) const SAME: &str = "already so";
/// Why there are neither questions nor polls yet.
pub(crate) const NOT_STARTED: &str = "the meeting has not started yet";
/// What a microphone's level may be, dB.
const GAIN_DB: RangeInclusive<i8> = -20..=20;

/// The machine. Same commands at the same times, same meeting.
#[derive(Debug)]
pub struct Meeting {
    /// Settings in force.
    pub(crate) policy: Policy,
    /// Settings it began with.
    base: Policy,
    pub(crate) roster: BTreeMap<LegId, Member>,
    pub(crate) state: State,
    /// The grace after the last host left.
    pub(crate) closing: Option<Closing>,
    pub(crate) mute_mode: MuteMask,
    pub(crate) hold_mode: MuteMask,
    /// What was told of the mute mode last; open before anything was.
    pub(crate) told_mute_mode: MuteMask,
    /// The same of the hold mode.
    pub(crate) told_hold_mode: MuteMask,
    pub(crate) locked: bool,
    /// The question-and-answer session that runs.
    pub(crate) session: Option<Session>,
    pub(crate) poll: Poll,
    /// The recording that was asked for.
    pub(crate) recording: Option<Recording>,
    /// How many were asked for so far.
    pub(crate) takes: u32,
    /// Name that they share.
    pub(crate) recordings: String,
    /// Not before then is another tone played.
    pub(crate) quiet_until: Option<Instant>,
    /// Whether its end by its length was announced.
    pub(crate) warned: bool,
    /// How many were ever let in.
    pub(crate) arrivals: u64,
    /// Whether a host was ever in it while it ran: only then can the last one leave.
    pub(crate) had_host: bool,
    log: Log,
    outputs: VecDeque<Output>,
}

impl Meeting {
    /// A meeting that nobody is in yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            mute_mode: MuteMask::of_policy(policy.mute.conference_mute_policy),
            hold_mode: MuteMask::of_policy(policy.mute.conference_hold_policy),
            base: policy.clone(),
            policy,
            roster: BTreeMap::new(),
            state: State::Waiting,
            closing: None,
            told_mute_mode: MuteMask::OPEN,
            told_hold_mode: MuteMask::OPEN,
            locked: false,
            session: None,
            poll: Poll::None,
            recording: None,
            takes: 0,
            recordings: UNNAMED.to_owned(),
            quiet_until: None,
            warned: false,
            arrivals: 0,
            had_host: false,
            log: Log::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Carries out one command, whoever sent it. What cannot be done is noted in the log and changes nothing.
    pub fn handle_input(&mut self, now: Instant, actor: Actor, command: Command) {
        let entry = Entry::Command {
            actor: actor.clone(),
            command: command.clone(),
            refused: None,
        };
        self.log.add(now, entry);
        if let Err(why) = self.carry_out(now, &actor, command) {
            self.log.refuse_last(why);
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.log.add(now, Entry::Timeout);
            self.pass(now);
        }
    }

    /// Hands out the next thing to do; drain to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_deadline()
    }

    /// Everything that was put in so far, in order.
    pub fn log(&self) -> impl Iterator<Item = &LogEntry> {
        self.log.iter()
    }

    /// Settings in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Mute mode in force.
    pub fn mute_mode(&self) -> MuteMask {
        self.mute_mode
    }

    /// Hold mode in force.
    pub fn hold_mode(&self) -> MuteMask {
        self.hold_mode
    }

    /// Whether locked.
    pub fn locked(&self) -> bool {
        self.locked
    }

    /// Whether it takes nobody in any more.
    pub fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending { .. } | State::Ended)
    }

    /// Whether it is in progress.
    pub fn has_started(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// Its legs in order of arrival, waiting ones too.
    pub fn legs(&self) -> impl Iterator<Item = LegId> + use<> {
        self.in_order(|_| true).into_iter()
    }

    /// One leg as others see it.
    pub fn row(&self, leg: LegId) -> Option<Row> {
        self.roster.get(&leg).map(Member::row)
    }

    /// Why a client cannot have now what it asks for, or once the meeting has started where it asks for that, too; nothing where it can, or where
    /// all is as it asks already.
    pub fn refuses(&self, command: &Command, starts: bool) -> Option<&'static str> {
        if let Command::SetQuestion { question, .. } = command {
            let asks = *question != Question::None;
            return (asks && !self.questions()).then_some(NO_SESSION);
        }
        let records = *command == Command::SetRecording(true);
        if records && let Err(why) = self.may_record() {
            return Some(why);
        }
        let begins = records || matches!(command, Command::SetQa(true) | Command::SetPoll(PollStatus::Open));
        let waits = !starts && !self.has_started() && !self.is_ending();
        (begins && waits).then_some(NOT_STARTED)
    }

    fn carry_out(&mut self, now: Instant, actor: &Actor, command: Command) -> Result<(), &'static str> {
        if !matches!(command, Command::Join(_) | Command::Leave { .. }) {
            self.may_command(actor)?;
        }
        match command {
            Command::Join(entrant) => self.join(now, *entrant),
            Command::Leave { leg, cause } => self.left(now, actor, leg, cause),
            Command::Drop { leg } => self.drop_leg(actor, leg),
            Command::ToggleMute { leg } => self.toggle_mute(actor, leg),
            Command::SetMute { leg, mute } => self.set_mute(actor, leg, mute),
            Command::StepMuteMode => self.step_mute_mode(actor),
            Command::SetMuteMode(mode) => self.set_mute_mode(actor, mode),
            Command::SetHold { leg, on } => self.set_hold(actor, leg, on),
            Command::ToggleHold => self.toggle_hold(actor),
            Command::SetHoldMode(mode) => self.set_hold_mode(actor, mode),
            Command::ToggleLock => self.set_lock(actor, !self.locked),
            Command::SetLock(on) => self.set_lock(actor, on),
            Command::StepTones => self.step_tones(actor),
            Command::SetQa(on) => self.set_qa(actor, on),
            Command::NextQuestion => self.next_question(actor),
            Command::ToggleHand { leg } => self.toggle_hand(actor, leg),
            Command::SetQuestion { leg, question } => self.set_question(actor, leg, question),
            Command::SetPoll(status) => self.set_poll(actor, status),
            Command::Vote { leg, digit } => self.vote(leg, digit),
            Command::ToggleOperator { leg } => self.toggle_operator(actor, leg),
            Command::SetOperator { leg, on } => self.set_operator(actor, leg, on),
            Command::OperatorAnswered { leg } => self.operator_answered(actor, leg),
            Command::OperatorGone { leg, cause } => self.operator_gone(actor, leg, cause),
            Command::ToggleRecording => self.toggle_recording(now, actor),
            Command::SetRecording(on) => self.set_recording(now, actor, on),
            Command::RecordingBegan { take } => self.recording_began(take),
            Command::RecordingGap { take, ms } => self.recording_gap(take, ms),
            Command::RecordingFailed { take, fault } => self.recording_failed(take, fault),
            Command::Count { leg } => self.count(leg),
            Command::SetRole { leg, role } => self.set_role(now, actor, leg, role),
            Command::RolePin { leg, right } => self.role_pin(now, actor, leg, right),
            Command::SetName { leg, name } => self.set_name(actor, leg, name),
            Command::SetGain { leg, db } => self.set_gain(actor, leg, db),
            Command::SetAttribute { id, value } => self.set_attribute(now, actor, id, value),
            Command::Start => self.start_by_command(now, actor),
            Command::Stop => self.stop_by_command(actor),
        }
    }

    /// Whether anything but coming and going is taken from `actor`; what a role may do, the keypad and the API know.
    fn may_command(&self, actor: &Actor) -> Result<(), &'static str> {
        if self.is_ending() {
            return Err("the meeting is over");
        }
        match actor {
            Actor::Leg(leg) => self.member(*leg).map(drop),
            Actor::User(_) | Actor::Bridge => Ok(()),
        }
    }

    fn set_lock(&mut self, actor: &Actor, on: bool) -> Result<(), &'static str> {
        if self.locked == on {
            return Err(SAME);
        }
        self.locked = on;
        self.event(actor, Event::Locked(on));
        let prompt = if on {
            Prompt::NowLocked
        } else {
            Prompt::NowUnlocked
        };
        self.say_all(actor, prompt);
        Ok(())
    }

    fn set_role(&mut self, now: Instant, actor: &Actor, leg: LegId, role: Role) -> Result<(), &'static str> {
        let (mute, hold) = (self.mute_mode.of(role), self.hold_mode.of(role).any());
        let qa_mute = self.qa_mutes(role);
        let member = self.member_mut(leg)?;
        if member.role == role {
            return Err(SAME);
        }
        let before = (member.mute(), member.held());
        (member.role, member.mode_mute, member.mode_hold) = (role, mute, hold);
        member.qa_mute = qa_mute;
        let after = (member.mute(), member.held());
        self.event(actor, Event::RoleSet { leg, role });
        let prompt = match role {
            Role::Host => Prompt::NowHost,
            Role::Participant => Prompt::NowParticipant,
            Role::Listener => Prompt::NowListener,
        };
        self.say(leg, vec![Phrase::Prompt(prompt)]);
        if before.0 != after.0 {
            self.mute_changed(actor, leg);
        }
        if before.1 != after.1 {
            self.hold_changed(actor, leg);
        }
        self.hosts_changed(now, actor);
        Ok(())
    }

    fn role_pin(&mut self, now: Instant, actor: &Actor, leg: LegId, right: bool) -> Result<(), &'static str> {
        if right {
            return self.set_role(now, actor, leg, Role::Host);
        }
        self.member(leg)?;
        self.say(leg, vec![Phrase::Prompt(Prompt::PinWrong)]);
        Err("wrong PIN")
    }

    fn set_name(&mut self, actor: &Actor, leg: LegId, name: String) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        if member.name == name {
            return Err(SAME);
        }
        member.name.clone_from(&name);
        self.event(actor, Event::Named { leg, name });
        Ok(())
    }

    fn set_gain(&mut self, actor: &Actor, leg: LegId, db: i8) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        if !GAIN_DB.contains(&db) {
            return Err("beyond 20 dB up or down");
        }
        if member.gain_db == db {
            return Err(SAME);
        }
        member.gain_db = db;
        self.output(Output::Gain { leg, db });
        self.event(actor, Event::GainSet { leg, db });
        Ok(())
    }

    /// Changes a setting while the meeting runs, and what follows from it.
    fn set_attribute(
        &mut self,
        now: Instant,
        actor: &Actor,
        id: AttributeId,
        value: Option<String>,
    ) -> Result<(), &'static str> {
        let value = value.unwrap_or_else(|| self.base.text(id));
        if self.policy.text(id) == value {
            return Err(SAME);
        }
        if !self.policy.set(id, &value) {
            return Err("not a value of this attribute");
        }
        let value = self.policy.text(id);
        self.event(actor, Event::AttributeSet { id, value });
        self.attribute_changed(now, actor, id);
        self.hosts_changed(now, actor);
        Ok(())
    }

    /// What a setting does to those who are here already. The others are read when they are needed.
    fn attribute_changed(&mut self, now: Instant, actor: &Actor, id: AttributeId) {
        let policy = &self.policy.mute;
        if id == AttributeId::conference_mute_policy {
            // Refused only when the mode is so already.
            let mode = MuteMask::of_policy(policy.conference_mute_policy);
            let _ = self.set_mute_mode(actor, mode);
        } else if id == AttributeId::conference_hold_policy {
            let mode = MuteMask::of_policy(policy.conference_hold_policy);
            let _ = self.set_hold_mode(actor, mode);
        } else if id == AttributeId::conference_qa_policy {
            self.apply_session(actor);
        } else if id == AttributeId::conference_maxduration {
            self.length_changed(now, actor);
        } else if id == AttributeId::conference_stop_wait {
            self.grace_changed(now, actor);
        } else if id == AttributeId::conference_recording {
            self.recording_mode_changed(actor);
        } else if id == AttributeId::call_maxduration {
            self.roster.values_mut().for_each(|member| member.warned = false);
        }
    }

    /// Tells the mixer what a leg contributes and hears now.
    pub(crate) fn route(&mut self, leg: LegId) {
        if let Some(member) = self.roster.get(&leg) {
            let (speaks, hears) = member.route();
            self.outputs.push_back(Output::Route { leg, speaks, hears });
        }
    }

    pub(crate) fn event(&mut self, actor: &Actor, event: Event) {
        let actor = actor.clone();
        self.outputs.push_back(Output::Event { actor, event });
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}
