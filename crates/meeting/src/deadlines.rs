//! What is due, and when: of the meeting as a whole and of each leg. Deadlines follow from when things began and from the settings
//! in force, so that a setting changed while the meeting runs holds at once.

use std::time::{Duration, Instant};

use model::attribute::{LifetimePolicy, Limit};
use model::{Actor, Cause, Event, LegId, Phrase, Prompt, RecordingEnd};

use crate::Meeting;
use crate::announce::spoken;
use crate::lifetime::State;
use crate::roster::{Member, Place};

/// A waiting caller hears why this often.
pub(crate) const REMIND: Duration = Duration::from_secs(60);
/// The end of a meeting or call by its length is announced this long before.
pub(crate) const WARNING: Duration = Duration::from_secs(60);
/// The end after the last host left is announced again this long before.
pub(crate) const LAST_WARNING: Duration = Duration::from_secs(30);

/// Something to do at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// End it.
    End(Cause),
    /// Say that it ends then.
    Warn(Cause, Instant),
    /// Say why the caller waits.
    Remind,
    /// Record no longer.
    StopRecording,
}

impl Meeting {
    /// The earliest time at which anything is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let legs = self.roster.values();
        let legs = legs.flat_map(|member| member.deadlines(&self.policy.lifetime));
        self.deadlines().chain(legs).map(|(at, _)| at).min()
    }

    /// Does everything whose time has come.
    pub(crate) fn pass(&mut self, now: Instant) {
        while let Some(due) = first_due(self.deadlines(), now) {
            self.act(now, due);
        }
        for leg in self.in_order(Member::stays) {
            while let Some(due) = self.leg_due(now, leg) {
                self.act_on_leg(now, leg, due);
            }
        }
    }

    /// Ends before warnings.
    fn deadlines(&self) -> impl Iterator<Item = (Instant, Due)> + use<> {
        let grace = self.grace_end().map(|end| (end, Cause::HostLeft));
        let length = self.end_by_length().map(|end| (end, Cause::MeetingTooLong));
        let unwarned = self.closing.is_some_and(|closing| !closing.warned);
        let warnings = [
            grace.filter(|_| unwarned).map(|end| warning(end, LAST_WARNING)),
            length.filter(|_| !self.warned).map(|end| warning(end, WARNING)),
        ];
        let ends = [grace, length].map(|end| end.map(|(at, cause)| (at, Due::End(cause))));
        let recording = self.recording_end().map(|end| (end, Due::StopRecording));
        ends.into_iter().chain(warnings).chain([recording]).flatten()
    }

    fn leg_due(&self, now: Instant, leg: LegId) -> Option<Due> {
        let member = self.roster.get(&leg)?;
        first_due(member.deadlines(&self.policy.lifetime), now)
    }

    fn act(&mut self, now: Instant, due: Due) {
        match due {
            Due::End(cause) => self.stop(&Actor::Bridge, cause),
            Due::Warn(Cause::HostLeft, end) => {
                if let Some(closing) = &mut self.closing {
                    closing.warned = true;
                }
                self.announce(Prompt::MeetingEndsIn, seconds(now, end));
            }
            Due::Warn(cause, end) => {
                self.warned = true;
                let seconds = seconds(now, end);
                self.event(&Actor::Bridge, Event::Ending { cause, seconds });
                self.announce(Prompt::MeetingEndsIn, seconds);
            }
            Due::StopRecording => self.stop_recording(&Actor::Bridge, RecordingEnd::HostLeft),
            Due::Remind => {}
        }
    }

    fn act_on_leg(&mut self, now: Instant, leg: LegId, due: Due) {
        let (why, in_vain) = (self.still_waiting_prompt(), self.not_started_prompt());
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        match due {
            Due::End(cause) => {
                let too_long = cause == Cause::CallTooLong;
                let why = if too_long { Prompt::CallTimeOver } else { in_vain };
                self.send_away(&Actor::Bridge, leg, cause, &[why, Prompt::Goodbye]);
            }
            Due::Warn(_, end) => {
                member.warned = true;
                let mut words = vec![Phrase::Prompt(Prompt::CallEndsIn)];
                words.extend(spoken(seconds(now, end)));
                self.say_aside(leg, words);
            }
            Due::StopRecording => {}
            Due::Remind => {
                let remind_at = now + REMIND;
                member.place = Place::Waiting { remind_at };
                self.say(leg, vec![Phrase::Prompt(why)]);
            }
        }
    }

    /// When the grace after the last host left is over.
    pub(crate) fn grace_end(&self) -> Option<Instant> {
        let grace = Duration::from_secs(self.policy.lifetime.conference_stop_wait.0.into());
        self.closing.map(|closing| closing.since + grace)
    }

    /// When the meeting will have lasted as long as it may.
    pub(crate) fn end_by_length(&self) -> Option<Instant> {
        match self.state {
            State::Running { since } => after(since, self.policy.lifetime.conference_maxduration),
            State::Waiting | State::Ending { .. } | State::Ended => None,
        }
    }
}

impl Member {
    /// Ends before warnings.
    fn deadlines(&self, lifetime: &LifetimePolicy) -> impl Iterator<Item = (Instant, Due)> + use<> {
        let wait = Duration::from_secs(lifetime.conference_start_wait.0.into());
        let (wait_end, remind) = match self.place {
            Place::Waiting { remind_at } => (Some(self.arrived + wait), Some((remind_at, Due::Remind))),
            Place::Inside { .. } | Place::Going { .. } => (None, None),
        };
        let call_end = after(self.arrived, lifetime.call_maxduration).filter(|_| self.stays());
        let call_end = call_end.map(|end| (end, Cause::CallTooLong));
        let warn = call_end.filter(|_| !self.warned).map(|end| warning(end, WARNING));
        let ends = [call_end, wait_end.map(|end| (end, Cause::NotStarted))];
        let ends = ends.map(|end| end.map(|(at, cause)| (at, Due::End(cause))));
        ends.into_iter().chain([warn, remind]).flatten()
    }
}

fn first_due(mut deadlines: impl Iterator<Item = (Instant, Due)>, now: Instant) -> Option<Due> {
    let due = deadlines.find(|(at, _)| *at <= now);
    due.map(|(_, due)| due)
}

/// The end of something that began `since` and may last as long as `limit`.
fn after(since: Instant, limit: Limit) -> Option<Instant> {
    limit.0.map(|seconds| since + Duration::from_secs(seconds.into()))
}

/// The warning some time before an end.
fn warning((end, cause): (Instant, Cause), before: Duration) -> (Instant, Due) {
    let at = end.checked_sub(before).unwrap_or(end);
    (at, Due::Warn(cause, end))
}

/// Whole seconds from `now` to `end`, rounded up: a timer is always a little late, and then a minute is still a minute.
pub(crate) fn seconds(now: Instant, end: Instant) -> u32 {
    let left = end.saturating_duration_since(now).as_millis().div_ceil(1000);
    u32::try_from(left).unwrap_or(u32::MAX)
}
