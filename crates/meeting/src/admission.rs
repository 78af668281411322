//! Coming in and going out.

use std::time::{Duration, Instant};

use model::{Actor, Cause, Entrant, Event, LegId, Phrase, Prompt, Role};

use crate::lifetime::State;
use crate::roster::{Member, Place};
use crate::{Meeting, Output, Tone};

impl Meeting {
    /// Steps 9 to 15 of the call flow: lock, places, waiting room, in.
    pub(crate) fn join(&mut self, now: Instant, entrant: Entrant) -> Result<(), &'static str> {
        let (leg, role) = (entrant.leg, entrant.role);
        if self.roster.contains_key(&leg) {
            return Err("already in this meeting");
        }
        if let Err((cause, prompt)) = self.admit(role) {
            self.event(&Actor::Leg(leg), Event::Refused { leg, cause });
            let say = [prompt, Prompt::Goodbye].map(Phrase::Prompt).to_vec();
            self.output(Output::Refused { leg, cause, say });
            return Err(cause.text());
        }
        if self.roster.is_empty() && !self.has_started() {
            self.event(&Actor::Leg(leg), Event::Created);
        }
        let wait = Duration::from_secs(self.policy.lifetime.conference_start_wait.0.into());
        let place = Place::Waiting {
            until: now + wait,
            remind_at: now + crate::lifetime::REMIND,
        };
        self.roster
            .insert(leg, Member::new(entrant, self.mute_mode, self.hold_mode, place));
        let waiting = !self.has_started() && !self.starts_with(role);
        self.output(Output::Admitted { leg, waiting });
        let actor = Actor::Leg(leg);
        if self.has_started() {
            self.enter(now, leg, vec![]);
            self.hosts_changed(now, &actor);
        } else if waiting {
            self.wait(leg, role);
        } else {
            self.start(now, &actor);
        }
        Ok(())
    }

    fn admit(&self, role: Role) -> Result<(), (Cause, Prompt)> {
        if self.is_ending() {
            return Err((Cause::MeetingStopped, Prompt::MeetingOver));
        }
        if self.locked && role != Role::Host {
            return Err((Cause::Locked, Prompt::LockedOut));
        }
        let staying = || self.roster.values().filter(|member| member.place != Place::Going);
        let capacity = &self.policy.capacity;
        if !capacity.conference_maxcalls.allows(staying().count() as u32 + 1) {
            return Err((Cause::MeetingFull, Prompt::MeetingFull));
        }
        let alike = staying().filter(|member| member.role == role).count() as u32;
        if !capacity.conference_maxcallsperrole.of(role).allows(alike + 1) {
            return Err((Cause::RoleFull, Prompt::MeetingFull));
        }
        Ok(())
    }

    fn wait(&mut self, leg: LegId, role: Role) {
        self.event(&Actor::Leg(leg), Event::Waiting { leg, role });
        self.route(leg);
        self.say(leg, vec![Phrase::Prompt(self.waiting_prompt())]);
    }

    /// The one way in, from the door, the waiting room or another meeting.
    pub(crate) fn enter(&mut self, now: Instant, leg: LegId, before: Vec<Phrase>) {
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        member.place = Place::Inside { since: now };
        let role = member.role;
        self.event(&Actor::Leg(leg), Event::Joined { leg, role });
        self.route(leg);
        let mut words = before;
        words.extend(self.own_state(leg));
        if self.policy.entry.call_announceparticipantcount.has(role) {
            words.extend(self.head_count());
        }
        if !words.is_empty() {
            self.say(leg, words);
        }
        if self.policy.announce.conference_entrytones.is_on() {
            self.tone(now, Tone::Entry);
        }
    }

    /// The leg is gone.
    pub(crate) fn left(
        &mut self,
        now: Instant,
        actor: &Actor,
        leg: LegId,
        cause: Cause,
    ) -> Result<(), &'static str> {
        let member = self.roster.remove(&leg).ok_or("no such leg in this meeting")?;
        self.event(actor, Event::Left { leg, cause });
        let was_inside = !member.is_waiting();
        if was_inside && !self.is_ending() && self.policy.announce.conference_exittones.is_on() {
            self.tone(now, Tone::Exit);
        }
        if self.roster.is_empty() {
            let cause = match self.state {
                State::Ending { cause } => cause,
                State::Waiting | State::Running { .. } | State::Ended => Cause::Empty,
            };
            self.finish(actor, cause);
        } else {
            self.hosts_changed(now, actor);
        }
        Ok(())
    }

    /// Sends one leg away, by its own key, by a host or by a client.
    pub(crate) fn drop_leg(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        self.member(leg)?;
        let (cause, say) = match actor {
            Actor::Leg(own) if *own == leg => (Cause::Left, vec![Prompt::Goodbye]),
            Actor::Leg(_) => (Cause::DroppedByHost, vec![Prompt::Removed, Prompt::Goodbye]),
            Actor::User(_) | Actor::Bridge => (Cause::DroppedByApi, vec![]),
        };
        self.send_away(leg, cause, &say);
        Ok(())
    }

    pub(crate) fn send_away(&mut self, leg: LegId, cause: Cause, say: &[Prompt]) {
        if let Some(member) = self.roster.get_mut(&leg) {
            member.place = Place::Going;
            self.route(leg);
            let say = say.iter().copied().map(Phrase::Prompt).collect();
            self.output(Output::Drop { leg, cause, say });
        }
    }
}
