//! When a meeting starts and ends.

use std::time::Instant;

use model::attribute::{StartHow, StopHow};
use model::{Actor, Cause, Event, Phrase, Prompt, RecordingEnd, Role};

use crate::deadlines::{LAST_WARNING, WARNING, seconds};
use crate::roster::Member;
use crate::{Meeting, Output};

/// How far a meeting is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not started; callers hear music.
    Waiting,
    /// In progress.
    Running { since: Instant },
    /// Everybody is told to go.
    Ending { cause: Cause, by: Actor },
    /// Nobody is left.
    Ended,
}

/// No host is left: the meeting ends after the grace unless one comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) since: Instant,
    /// Whether the last warning was given.
    pub(crate) warned: bool,
}

impl Meeting {
    /// Whether the meeting starts when somebody of this role comes in.
    pub(crate) fn starts_with(&self, role: Role) -> bool {
        match self.policy.lifetime.conference_start_how {
            StartHow::First => true,
            StartHow::Moderator => role == Role::Host,
            StartHow::Explicit => false,
        }
    }

    pub(crate) fn start_by_command(&mut self, now: Instant, actor: &Actor) -> Result<(), &'static str> {
        if self.has_started() {
            return Err("already started");
        }
        if !self.roster.values().any(Member::is_waiting) {
            return Err("nobody is in it");
        }
        self.start(now, actor);
        Ok(())
    }

    /// Lets everybody in who waited, in order of arrival; whoever started it comes in last and without ado.
    pub(crate) fn start(&mut self, now: Instant, actor: &Actor) {
        self.state = State::Running { since: now };
        self.event(actor, Event::Started);
        let starter = |leg| *actor == Actor::Leg(leg);
        let mut waiting = self.in_order(Member::is_waiting);
        waiting.sort_by_key(|leg| starter(*leg));
        let people = self.head_count();
        // First: what is said to the room they hear faintly, beneath what is said to each of them.
        self.auto_record(now);
        for leg in waiting {
            let before = match starter(leg) {
                true => vec![],
                false => vec![Phrase::Prompt(Prompt::MeetingStarts)],
            };
            self.enter(now, leg, before, &people);
        }
        self.hosts_changed(now, actor);
    }

    pub(crate) fn stop_by_command(&mut self, actor: &Actor) -> Result<(), &'static str> {
        self.stop(actor, Cause::MeetingStopped);
        Ok(())
    }

    /// Sends everybody away. Only leaves are awaited then.
    pub(crate) fn stop(&mut self, actor: &Actor, cause: Cause) {
        self.end_recording(actor, RecordingEnd::MeetingEnded);
        let by = actor.clone();
        self.state = State::Ending { cause, by };
        self.closing = None;
        let why = match (cause, actor) {
            (Cause::MeetingTooLong, _) => Prompt::MeetingTimeOver,
            (Cause::MeetingStopped, Actor::Leg(_)) => Prompt::HostEndedMeeting,
            (Cause::MeetingStopped, Actor::User(_)) => Prompt::AdministratorEndedMeeting,
            (_, Actor::Leg(_) | Actor::User(_) | Actor::Bridge) => Prompt::MeetingOver,
        };
        for leg in self.in_order(Member::stays) {
            self.send_away(actor, leg, cause, &[why, Prompt::Goodbye]);
        }
        if self.roster.is_empty() {
            self.finish(actor, cause);
        }
    }

    pub(crate) fn finish(&mut self, actor: &Actor, cause: Cause) {
        self.end_recording(actor, RecordingEnd::MeetingEnded);
        self.end_poll(actor);
        self.end_session(actor);
        self.end_mute_mode();
        self.end_hold_mode();
        if std::mem::take(&mut self.locked) {
            self.event(&Actor::Bridge, Event::Locked(false));
        }
        self.state = State::Ended;
        self.closing = None;
        self.event(actor, Event::Ended { cause });
        self.output(Output::Ended { cause });
    }

    /// A host came, went, or is one no longer, or a setting about them changed: starts the meeting, or starts or stops the clock of
    /// its end.
    pub(crate) fn hosts_changed(&mut self, now: Instant, actor: &Actor) {
        match self.state {
            State::Waiting => {
                let mut waiting = self.roster.values().filter(|member| member.is_waiting());
                if waiting.any(|member| self.starts_with(member.role)) {
                    self.start(now, actor);
                }
            }
            State::Running { .. } => {
                self.watch_hosts(now, actor);
                self.watch_recording(now);
            }
            State::Ending { .. } | State::Ended => {}
        }
    }

    fn watch_hosts(&mut self, now: Instant, actor: &Actor) {
        let host = self.staying().any(|member| member.role == Role::Host);
        self.had_host |= host;
        let by_host = self.policy.lifetime.conference_stop_how == StopHow::Moderator;
        let closes = by_host && self.had_host && !host;
        match (self.closing, closes) {
            (None, true) => self.begin_closing(now, actor),
            (Some(_), false) => {
                self.closing = None;
                self.cancel_ending(now, actor);
                if host {
                    self.say_all(actor, Prompt::HostBack);
                }
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn begin_closing(&mut self, now: Instant, actor: &Actor) {
        let (since, warned) = (now, false);
        self.closing = Some(Closing { since, warned });
        self.announce_grace(now, actor, Prompt::HostLeft);
    }

    /// The grace was given another length while it runs.
    pub(crate) fn grace_changed(&mut self, now: Instant, actor: &Actor) {
        self.announce_grace(now, actor, Prompt::MeetingEndsIn);
    }

    /// Says how much of the grace is left, or ends the meeting when nothing is.
    fn announce_grace(&mut self, now: Instant, actor: &Actor, prompt: Prompt) {
        let Some(end) = self.grace_end() else { return };
        let cause = Cause::HostLeft;
        let seconds = seconds(now, end);
        self.event(actor, Event::Ending { cause, seconds });
        if seconds == 0 {
            return self.stop(actor, cause);
        }
        if let Some(closing) = &mut self.closing {
            closing.warned = end - now <= LAST_WARNING;
        }
        self.announce(prompt, seconds);
    }

    /// The meeting may last longer or less long than it could: what was said of its end holds no more.
    pub(crate) fn length_changed(&mut self, now: Instant, actor: &Actor) {
        let far = |end| end > now + WARNING;
        if std::mem::take(&mut self.warned) && self.end_by_length().is_none_or(far) {
            self.cancel_ending(now, actor);
        }
    }

    /// One reason to end is gone. What is known of another still stands.
    fn cancel_ending(&mut self, now: Instant, actor: &Actor) {
        self.event(actor, Event::EndingCancelled);
        let length = self.end_by_length().filter(|_| self.warned);
        let grace = self.grace_end().map(|end| (Cause::HostLeft, end));
        for (cause, end) in length
            .map(|end| (Cause::MeetingTooLong, end))
            .into_iter()
            .chain(grace)
        {
            let seconds = seconds(now, end);
            self.event(actor, Event::Ending { cause, seconds });
        }
    }
}
