//! Coming in and going out.

use std::time::Instant;

use model::{Actor, Cause, Entrant, Event, LegId, Mute, Phrase, Prompt, Role};

use crate::lifetime::State;
use crate::roster::{Member, Place, UNKNOWN};
use crate::{Meeting, Output, Tone};

impl Meeting {
    /// Steps 9 to 15 of the call flow: lock, places, waiting room, in.
    pub(crate) fn join(&mut self, now: Instant, entrant: Entrant) -> Result<(), &'static str> {
        let (leg, role) = (entrant.leg, entrant.role);
        let actor = Actor::Leg(leg);
        if self.roster.contains_key(&leg) {
            return Err("already in this meeting");
        }
        if self.roster.is_empty() && !self.is_ending() {
            self.event(&actor, Event::Created);
        }
        if let Err((cause, prompt)) = self.admit(leg, role) {
            self.refuse(leg, cause, prompt);
            return Err(cause.text());
        }
        let mut member = Member::new(now, entrant, self.mute_mode, self.hold_mode, self.arrivals);
        member.qa_mute = self.qa_mutes(role);
        self.arrivals += 1;
        self.roster.insert(leg, member);
        let waiting = !self.has_started() && !self.starts_with(role);
        self.output(Output::Admitted { leg, waiting });
        if self.has_started() {
            let people = self.head_count();
            self.enter(now, leg, vec![], &people);
            self.hosts_changed(now, &actor);
        } else if waiting {
            self.wait(leg, role);
        } else {
            self.start(now, &actor);
        }
        Ok(())
    }

    /// Whether `leg` would be let in now in this role. If it is here already, its own place counts as free: it would come back.
    ///
    /// # Errors
    /// The cause it would be refused for.
    pub fn would_admit(&self, leg: LegId, role: Role) -> Result<(), Cause> {
        self.admit(leg, role).map_err(|(cause, _)| cause)
    }

    fn admit(&self, leg: LegId, role: Role) -> Result<(), (Cause, Prompt)> {
        if self.is_ending() {
            return Err((Cause::MeetingStopped, Prompt::MeetingOver));
        }
        if self.locked && role != Role::Host {
            return Err((Cause::Locked, Prompt::LockedOut));
        }
        let capacity = &self.policy.capacity;
        let others = || self.staying().filter(|member| member.leg != leg);
        let places = others().count() as u32;
        if !capacity.conference_maxcalls.allows(places + 1) {
            return Err((Cause::MeetingFull, Prompt::MeetingFull));
        }
        let alike = others().filter(|member| member.role == role).count() as u32;
        if !capacity.conference_maxcallsperrole.of(role).allows(alike + 1) {
            return Err((Cause::RoleFull, Prompt::MeetingFull));
        }
        Ok(())
    }

    /// A meeting that refuses its very first caller is over: nobody else would ever end it.
    fn refuse(&mut self, leg: LegId, cause: Cause, prompt: Prompt) {
        let actor = Actor::Leg(leg);
        self.event(&actor, Event::Refused { leg, cause });
        let say = [prompt, Prompt::Goodbye].map(Phrase::Prompt).to_vec();
        self.output(Output::Refused { leg, cause, say });
        if self.roster.is_empty() && !self.is_ending() {
            self.finish(&actor, Cause::Empty);
        }
    }

    fn wait(&mut self, leg: LegId, role: Role) {
        self.event(&Actor::Leg(leg), Event::Waiting { leg, role });
        self.first_state(leg);
        self.route(leg);
        self.say(leg, vec![Phrase::Prompt(self.waiting_prompt())]);
    }

    /// The mute and hold that the modes in force give to a leg as it comes are events as any others.
    fn first_state(&mut self, leg: LegId) {
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        let (known, mute, on) = (member.known, member.mute(), member.held());
        member.known = true;
        if !known && mute.any() {
            self.event(&Actor::Bridge, Event::Muted { leg, mute });
        }
        if !known && on {
            self.event(&Actor::Bridge, Event::Held { leg, on });
        }
    }

    /// The mute and hold of a leg that goes are over with it, as events too.
    fn last_state(&mut self, member: &Member) {
        let leg = member.leg;
        if member.mute().any() {
            let mute = Mute::default();
            self.event(&Actor::Bridge, Event::Muted { leg, mute });
        }
        if member.held() {
            self.event(&Actor::Bridge, Event::Held { leg, on: false });
        }
    }

    /// The one way in, from the door, the waiting room or another meeting; `people` says how many are there. From the operator it is the
    /// last part of it alone, [`take_place`](Self::take_place), since nobody has noticed that the leg was away.
    pub(crate) fn enter(&mut self, now: Instant, leg: LegId, before: Vec<Phrase>, people: &[Phrase]) {
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        member.place = Place::Inside { since: now };
        let role = member.role;
        self.event(&Actor::Leg(leg), Event::Joined { leg, role });
        self.first_state(leg);
        let counted = self.policy.entry.call_announceparticipantcount.has(role);
        self.take_place(leg, before, if counted { people } else { &[] });
        if self.policy.announce.conference_entrytones.is_on() {
            self.tone(now, Tone::Entry);
        }
    }

    /// The leg contributes and hears what it may, and is told how it is.
    pub(crate) fn take_place(&mut self, leg: LegId, before: Vec<Phrase>, people: &[Phrase]) {
        self.route(leg);
        let mut words = before;
        words.extend(self.own_state(leg));
        words.extend_from_slice(people);
        if !words.is_empty() {
            self.say(leg, words);
        }
    }

    /// The leg is gone. One that was told to go is gone for that reason, and by whoever sent it away: the first cause stays.
    pub(crate) fn left(
        &mut self,
        now: Instant,
        actor: &Actor,
        leg: LegId,
        cause: Cause,
    ) -> Result<(), &'static str> {
        self.end_parts(actor, leg, cause);
        let member = self.roster.remove(&leg).ok_or(UNKNOWN)?;
        self.poll.leave(leg);
        let (cause, actor) = match &member.place {
            Place::Going { cause, by, .. } => (*cause, by),
            Place::Waiting { .. } | Place::Inside { .. } => (cause, actor),
        };
        self.last_state(&member);
        self.event(actor, Event::Left { leg, cause });
        if self.roster.is_empty() {
            self.last_left(actor);
            return Ok(());
        }
        let heard = member.was_inside() && self.roster.values().any(Member::is_inside);
        if heard && self.policy.announce.conference_exittones.is_on() {
            self.tone(now, Tone::Exit);
        }
        self.hosts_changed(now, actor);
        Ok(())
    }

    fn last_left(&mut self, actor: &Actor) {
        let (cause, by) = match &self.state {
            State::Ending { cause, by } => (*cause, by.clone()),
            State::Waiting | State::Running { .. } | State::Ended => (Cause::Empty, actor.clone()),
        };
        self.finish(&by, cause);
    }

    /// Sends one leg away, by its own key, by a host or by a client.
    pub(crate) fn drop_leg(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        self.member(leg)?;
        let (cause, say) = match actor {
            Actor::Leg(own) if *own == leg => (Cause::Left, vec![Prompt::Goodbye]),
            Actor::Leg(_) => (Cause::DroppedByHost, vec![Prompt::Removed, Prompt::Goodbye]),
            Actor::User(_) | Actor::Bridge => (Cause::DroppedByApi, vec![]),
        };
        self.send_away(actor, leg, cause, &say);
        Ok(())
    }

    /// The leg goes away: what goes on with it goes off before.
    fn end_parts(&mut self, actor: &Actor, leg: LegId, cause: Cause) {
        self.end_operator(actor, leg, cause);
        self.withdraw(actor, leg);
    }

    /// Tells a leg to go; it counts no more, but is here until its `Leave` comes.
    pub(crate) fn send_away(&mut self, actor: &Actor, leg: LegId, cause: Cause, say: &[Prompt]) {
        self.end_parts(actor, leg, cause);
        if let Some(member) = self.roster.get_mut(&leg) {
            member.place = Place::Going {
                cause,
                by: actor.clone(),
                was_inside: member.was_inside(),
            };
            self.route(leg);
            let say = say.iter().copied().map(Phrase::Prompt).collect();
            self.output(Output::Drop { leg, cause, say });
        }
    }
}
