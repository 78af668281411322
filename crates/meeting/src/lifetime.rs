//! When a meeting starts and ends, and how long one may stay.

use std::time::{Duration, Instant};

use model::attribute::{Limit, StartHow, StopHow};
use model::{Actor, Cause, Event, LegId, Phrase, Prompt, Role};

use crate::announce::spoken;
use crate::roster::Place;
use crate::{Meeting, Output};

/// A waiting caller hears why this often.
pub(crate) const REMIND: Duration = Duration::from_secs(60);
/// The end of a meeting or call by its length is announced this long before.
const WARNING: Duration = Duration::from_secs(60);
/// The end after the last host left is announced again this long before.
const LAST_WARNING: Duration = Duration::from_secs(30);

/// How far a meeting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not started; callers hear music.
    Waiting,
    /// In progress.
    Running { since: Instant },
    /// Everybody is told to go.
    Ending { cause: Cause },
    /// Nobody is left.
    Ended,
}

/// No host is left: the meeting ends at a known time unless one comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    at: Instant,
    /// Whether the last warning was given.
    warned: bool,
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
        self.start(now, actor);
        Ok(())
    }

    /// Lets everybody in who waited, in order of arrival; whoever started it comes in last and without ado.
    pub(crate) fn start(&mut self, now: Instant, actor: &Actor) {
        self.state = State::Running { since: now };
        self.event(actor, Event::Started);
        let waiting: Vec<_> = self
            .roster
            .iter()
            .filter(|(_, m)| m.is_waiting())
            .map(|(leg, _)| *leg)
            .collect();
        for leg in waiting {
            let starter = *actor == Actor::Leg(leg);
            let before = if starter {
                vec![]
            } else {
                vec![Phrase::Prompt(Prompt::MeetingStarts)]
            };
            self.enter(now, leg, before);
        }
    }

    pub(crate) fn stop(&mut self, actor: &Actor, cause: Cause) -> Result<(), &'static str> {
        if self.is_ending() {
            return Err("already ending");
        }
        self.state = State::Ending { cause };
        self.closing = None;
        let why = match cause {
            Cause::MeetingTooLong => Prompt::MeetingTimeOver,
            Cause::MeetingStopped => Prompt::HostEndedMeeting,
            _ => Prompt::MeetingOver,
        };
        let legs: Vec<_> = self
            .roster
            .iter()
            .filter(|(_, m)| m.place != Place::Going)
            .map(|(leg, _)| *leg)
            .collect();
        for leg in legs {
            self.send_away(leg, cause, &[why, Prompt::Goodbye]);
        }
        if self.roster.is_empty() {
            self.finish(actor, cause);
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, actor: &Actor, cause: Cause) {
        self.state = State::Ended;
        self.closing = None;
        self.event(actor, Event::Ended { cause });
        self.output(Output::Ended { cause });
    }

    /// A host came, went, or is one no longer: starts or stops the clock of the end.
    pub(crate) fn hosts_changed(&mut self, now: Instant, actor: &Actor) {
        let host = self
            .roster
            .values()
            .any(|m| m.role == Role::Host && m.place != Place::Going);
        match self.state {
            State::Waiting if host && self.starts_with(Role::Host) => self.start(now, actor),
            State::Running { .. } => self.watch_hosts(now, actor, host),
            State::Waiting | State::Ending { .. } | State::Ended => {}
        }
    }

    fn watch_hosts(&mut self, now: Instant, actor: &Actor, host: bool) {
        let by_host = self.policy.lifetime.conference_stop_how == StopHow::Moderator;
        match (&self.closing, by_host && !host) {
            (None, true) if self.had_host => self.begin_closing(now, actor),
            (Some(_), false) => {
                self.closing = None;
                self.event(actor, Event::EndingCancelled);
                self.say_all([Prompt::HostBack]);
            }
            (None, true | false) | (Some(_), true) => {}
        }
        self.had_host |= host;
    }

    fn begin_closing(&mut self, now: Instant, actor: &Actor) {
        let seconds = self.policy.lifetime.conference_stop_wait.0;
        let at = now + Duration::from_secs(seconds.into());
        self.closing = Some(Closing {
            at,
            warned: at - now <= LAST_WARNING,
        });
        self.event(
            actor,
            Event::Ending {
                cause: Cause::HostLeft,
                seconds,
            },
        );
        match seconds {
            0 => self.pass(now),
            _ => self.announce(Prompt::HostLeft, seconds),
        }
    }

    fn announce(&mut self, prompt: Prompt, seconds: u32) {
        let mut phrases = vec![Phrase::Prompt(prompt)];
        phrases.extend(spoken(seconds));
        self.output(Output::Say {
            to: crate::Audience::Everyone,
            phrases,
        });
    }

    /// Does everything whose time has come.
    pub(crate) fn pass(&mut self, now: Instant) {
        self.pass_closing(now);
        self.pass_duration(now);
        let legs: Vec<_> = self.roster.keys().copied().collect();
        for leg in legs {
            self.pass_leg(now, leg);
        }
    }

    fn pass_closing(&mut self, now: Instant) {
        let Some(closing) = &mut self.closing else { return };
        if closing.at <= now {
            // Ending is refused only to a meeting that ends already, which has no closing.
            let _ = self.stop(&Actor::Bridge, Cause::HostLeft);
        } else if !closing.warned && closing.at - now <= LAST_WARNING {
            closing.warned = true;
            let seconds = (closing.at - now).as_secs() as u32;
            self.announce(Prompt::MeetingEndsIn, seconds);
        }
    }

    fn pass_duration(&mut self, now: Instant) {
        let Some(end) = self.end_by_length() else { return };
        if end <= now {
            let _ = self.stop(&Actor::Bridge, Cause::MeetingTooLong);
        } else if !self.warned && end - now <= WARNING {
            self.warned = true;
            let seconds = (end - now).as_secs() as u32;
            self.event(
                &Actor::Bridge,
                Event::Ending {
                    cause: Cause::MeetingTooLong,
                    seconds,
                },
            );
            self.announce(Prompt::MeetingEndsIn, seconds);
        }
    }

    fn pass_leg(&mut self, now: Instant, leg: LegId) {
        let still_waiting = self.still_waiting_prompt();
        let limit = self.policy.lifetime.call_maxduration;
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        match &mut member.place {
            Place::Waiting { until, .. } if *until <= now => {
                self.send_away(leg, Cause::NotStarted, &[Prompt::NotStarted, Prompt::Goodbye]);
            }
            Place::Waiting { remind_at, .. } if *remind_at <= now => {
                *remind_at = now + REMIND;
                self.say(leg, vec![Phrase::Prompt(still_waiting)]);
            }
            Place::Inside { since } => match after(*since, limit) {
                Some(end) if end <= now => {
                    self.send_away(leg, Cause::CallTooLong, &[Prompt::CallTimeOver, Prompt::Goodbye]);
                }
                Some(end) if !member.warned && end - now <= WARNING => {
                    member.warned = true;
                    let mut words = vec![Phrase::Prompt(Prompt::CallEndsIn)];
                    words.extend(spoken((end - now).as_secs() as u32));
                    self.say(leg, words);
                }
                Some(_) | None => {}
            },
            Place::Waiting { .. } | Place::Going => {}
        }
    }

    fn end_by_length(&self) -> Option<Instant> {
        match self.state {
            State::Running { since } => after(since, self.policy.lifetime.conference_maxduration),
            State::Waiting | State::Ending { .. } | State::Ended => None,
        }
    }

    /// The earliest time at which anything is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let closing = self.closing.map(|closing| {
            if closing.warned {
                closing.at
            } else {
                closing.at - LAST_WARNING
            }
        });
        let length = self.end_by_length().map(|end| before(end, self.warned));
        let legs = self.roster.values().filter_map(|member| match member.place {
            Place::Waiting { until, remind_at } => Some(until.min(remind_at)),
            Place::Inside { since } => {
                after(since, self.policy.lifetime.call_maxduration).map(|end| before(end, member.warned))
            }
            Place::Going => None,
        });
        closing.into_iter().chain(length).chain(legs).min()
    }
}

/// The end of something that began `since` and may last as long as `limit`.
fn after(since: Instant, limit: Limit) -> Option<Instant> {
    limit.0.map(|seconds| since + Duration::from_secs(seconds.into()))
}

/// The warning before `end`, or `end` itself once that was given.
fn before(end: Instant, warned: bool) -> Instant {
    if warned {
        end
    } else {
        end.checked_sub(WARNING).unwrap_or(end)
    }
}
