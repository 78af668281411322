//! A call played without a phone: the menu's and the meeting's own machines, on a clock of its own.
//!
//! Not asked are the door, which knows addresses and loads, and the allowances against guessing: what they say of a call depends on
//! where it comes from and on what others do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Outcome, SimulatedCall, Simulation, Step, What};
use ivr::session::{self, Found, Session};
use meeting::{Audience, Meeting, Tone};
use model::directory::{Dialled, Directory, Grant};
use model::{Actor, Cause, Command, Entrant, LegId, Live, MeetingState, MeetingView, Role, Sid};

use super::arrival::shown_number;
use super::opening::{self, Opening};

/// The leg of the call; no real one comes that far.
const LEG: LegId = LegId(u64::MAX);
/// So long ago all others came in: what is said and sounded of them is over.
const SETTLED: Duration = Duration::from_secs(10);
/// A menu ends by itself after ten minutes; this is more than can happen in them.
const ROUNDS_MAX: usize = 10_000;

/// Plays `call` as the bridge would take it now, one with an operator or without. `now` is any moment: only what follows it counts.
pub fn simulate(
    now: Instant,
    directory: &Directory,
    live: &Live,
    has_operator: bool,
    call: &SimulatedCall,
) -> Simulation {
    let none = Live::default();
    let mut player = Player {
        call,
        directory,
        has_operator,
        live: if call.among_others { live } else { &none },
        start: now + SETTLED,
        now: now + SETTLED,
        steps: Vec::new(),
        consumed: 0,
    };
    match player.menu() {
        Ok(code) => player.enter(&code),
        Err(cause) => player.turned_away(cause),
    }
}

struct Player<'a> {
    call: &'a SimulatedCall,
    directory: &'a Directory,
    has_operator: bool,
    live: &'a Live,
    start: Instant,
    now: Instant,
    steps: Vec<Step>,
    consumed: usize,
}

impl Player<'_> {
    fn step(&mut self, what: What) {
        let after = self.now - self.start;
        self.steps.push(Step { after, what });
    }

    fn dialled(&self) -> &Dialled {
        &self.call.dialled
    }

    fn may_tell_of(&self, owner: &Sid) -> bool {
        self.call.scope.sids().contains(owner)
    }

    /// Steps 3 to 7 of the call flow; the code that was good.
    fn menu(&mut self) -> Result<String, Cause> {
        let settings = opening::menu_settings(self.dialled(), self.directory, self.has_operator);
        let mut session = Session::new(self.now, settings);
        for _ in 0..ROUNDS_MAX {
            while let Some(output) = session.poll_output() {
                if let Some(end) = self.menu_output(&mut session, output) {
                    return end;
                }
            }
            let key = self.call.keys.chars().nth(self.consumed);
            match (key.filter(|_| session.listens()), session.poll_timeout()) {
                (Some(key), _) => {
                    self.consumed += 1;
                    self.step(What::Key(key));
                    session.handle_input(self.now, session::Input::Digit(key));
                }
                (None, Some(at)) => {
                    self.now = self.now.max(at);
                    session.handle_timeout(self.now);
                }
                (None, None) => return Err(Cause::Fault),
            }
        }
        Err(Cause::Fault)
    }

    /// Does what the menu wants; how it ends, when it does.
    fn menu_output(
        &mut self,
        session: &mut Session,
        output: session::Output,
    ) -> Option<Result<String, Cause>> {
        let answer = match output {
            session::Output::Ring => {
                self.step(What::Ring);
                return None;
            }
            session::Output::Hush => return None,
            session::Output::Answer => {
                self.step(What::Answer);
                session::Input::Connected
            }
            session::Output::Say(phrases) => {
                self.step(What::Say(phrases));
                session::Input::Said
            }
            session::Output::Peek(digits) => {
                let group = self.dialled().group.id;
                let whole =
                    opening::is_whole(self.directory, group, &digits) && self.grant(&digits).is_some();
                if !whole {
                    return None;
                }
                session::Input::Complete
            }
            session::Output::LookUp(code) => {
                self.step(What::LookUp);
                session::Input::Found {
                    found: self.found(&code),
                    wait: Duration::ZERO,
                }
            }
            session::Output::Enter { code, .. } => return Some(Ok(code)),
            // What comes then is between two people.
            session::Output::CallOperator => {
                self.step(What::CallOperator);
                return Some(Err(Cause::WrongCode));
            }
            session::Output::HangUp { cause, say } => {
                self.step(What::Say(say));
                self.step(What::HangUp);
                return Some(Err(cause));
            }
        };
        session.handle_input(self.now, answer);
        None
    }

    fn found(&self, code: &str) -> Found {
        let known = self.grant(code).is_some() || self.running_on_the_fly(code).is_some();
        match known {
            true => Found::Open,
            false if opening::may_open(self.dialled().group.call_flow, code) => Found::Free,
            false => Found::Wrong,
        }
    }

    fn grant(&self, code: &str) -> Option<Grant> {
        let grant = self.directory.grant(self.dialled().group.id, code);
        grant.filter(|grant| self.may_tell_of(&grant.room.subscriber_sid))
    }

    /// The meeting that somebody has opened with this code by a number of the same group.
    fn running_on_the_fly(&self, code: &str) -> Option<&Arc<MeetingView>> {
        let group = self.dialled().group.id;
        let of_code = |meeting: &MeetingView| {
            self.live.calls_of(meeting).any(|call| {
                let dialled = self.directory.dialled(&call.callee);
                call.access_code == code && dialled.is_some_and(|dialled| dialled.group.id == group)
            })
        };
        self.live.meetings.values().find(|meeting| {
            meeting.on_the_fly && self.may_tell_of(&meeting.subscriber_sid) && of_code(meeting)
        })
    }

    /// Steps 8 to 15: into the meeting that the code opens, or not.
    fn enter(mut self, code: &str) -> Simulation {
        let fly = self.running_on_the_fly(code).cloned();
        let opening = match self.grant(code) {
            Some(grant) => Opening::of_room(self.directory, grant),
            None => Opening::on_the_fly(self.directory, self.dialled(), code, fly.is_some()),
        };
        let room = opening.room.as_ref();
        let known = room.and_then(|room| self.live.meetings.get(&room.meeting_number));
        // One that is ending takes nobody in any more: whoever comes gets a fresh one.
        let goes_on = |meeting: &Arc<MeetingView>| meeting.state != MeetingState::Stopping;
        let running = known.cloned().or(fly).filter(goes_on);
        let mut meeting = match &running {
            Some(view) => rebuilt(self.start - SETTLED, view, self.live),
            None => Meeting::new(opening.settings.policy.clone()),
        };
        let outcome = self.join(&mut meeting, opening.role, code);
        Simulation {
            caller: shown_number(&self.call.caller),
            steps: self.steps,
            consumed: self.consumed,
            role: Some(opening.role),
            opens_on_the_fly: opening.room.is_none() && running.is_none(),
            room: opening.room,
            meeting: running,
            outcome,
            settings: opening.settings,
        }
    }

    fn join(&mut self, meeting: &mut Meeting, role: Role, code: &str) -> Outcome {
        let entrant = Entrant {
            leg: LEG,
            role,
            name: String::new(),
            caller: shown_number(&self.call.caller).trim_start_matches('+').to_owned(),
            callee: self.dialled().did.phone_number.clone(),
            access_code: code.to_owned(),
        };
        let command = Command::Join(Box::new(entrant));
        meeting.handle_input(self.now, Actor::Leg(LEG), command);
        let mut outcome = Outcome::Refused(Cause::Fault);
        while let Some(output) = meeting.poll_output() {
            if let meeting::Output::Record { take, .. } = &output {
                let command = Command::RecordingBegan { take: *take };
                meeting.handle_input(self.now, Actor::Bridge, command);
            }
            if let Some(decided) = self.meeting_output(output, outcome) {
                outcome = decided;
            }
        }
        outcome
    }

    /// Notes what the caller hears of a meeting, whose decision so far is `outcome`; a decision, when it is one.
    fn meeting_output(&mut self, output: meeting::Output, outcome: Outcome) -> Option<Outcome> {
        match output {
            meeting::Output::Admitted { leg: LEG, waiting } => {
                return Some(if waiting {
                    Outcome::Waiting
                } else {
                    Outcome::Joined
                });
            }
            meeting::Output::Refused { leg: LEG, cause, say } => {
                self.step(What::Say(say));
                self.step(What::HangUp);
                return Some(Outcome::Refused(cause));
            }
            meeting::Output::Say { to, phrases } => {
                if to == Audience::Leg(LEG) || to == Audience::Everyone && outcome == Outcome::Joined {
                    self.step(What::Say(phrases));
                }
            }
            meeting::Output::Tone(Tone::Entry) => {
                if outcome == Outcome::Joined {
                    self.step(What::EntryTone);
                }
            }
            meeting::Output::Admitted { .. }
            | meeting::Output::Refused { .. }
            | meeting::Output::Route { .. }
            | meeting::Output::Gain { .. }
            | meeting::Output::CallOperator { .. }
            | meeting::Output::DropOperator { .. }
            | meeting::Output::Tone(Tone::Exit)
            | meeting::Output::Drop { .. }
            | meeting::Output::Record { .. }
            | meeting::Output::EndRecording { .. }
            | meeting::Output::Event { .. }
            | meeting::Output::Ended { .. } => {}
        }
        None
    }

    fn turned_away(self, cause: Cause) -> Simulation {
        Simulation {
            caller: shown_number(&self.call.caller),
            settings: self.directory.resolve(&self.call.dialled, None),
            steps: self.steps,
            consumed: self.consumed,
            role: None,
            room: None,
            meeting: None,
            opens_on_the_fly: false,
            outcome: Outcome::Refused(cause),
        }
    }
}

/// A meeting like the one that readers see: the same people in the same roles, the same modes and lock.
fn rebuilt(at: Instant, view: &MeetingView, live: &Live) -> Meeting {
    let mut meeting = Meeting::new((*view.policy).clone());
    let entrants = live.calls_of(view).map(|call| Entrant {
        leg: call.leg,
        role: call.role.unwrap_or(Role::Participant),
        name: call.custom_name.clone(),
        caller: call.caller.clone(),
        callee: call.callee.clone(),
        access_code: call.access_code.clone(),
    });
    let joins = entrants.map(|entrant| (Actor::Leg(entrant.leg), Command::Join(Box::new(entrant))));
    // Refused where it is so already, as it is with joins where the limits have changed meanwhile.
    let started = view.started_ms.map(|_| Command::Start);
    let modes = [
        Command::SetMuteMode(view.mute),
        Command::SetHoldMode(view.hold),
        Command::SetLock(view.locked),
    ];
    let recording = [Command::SetRecording(true), Command::RecordingBegan { take: 1 }];
    let recording = recording.into_iter().filter(|_| view.recording_asked);
    let modes = started.into_iter().chain(modes).chain(recording);
    for (actor, command) in joins.chain(modes.map(|command| (Actor::Bridge, command))) {
        meeting.handle_input(at, actor, command);
        while meeting.poll_output().is_some() {}
    }
    meeting
}
