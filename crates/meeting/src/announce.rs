//! What is said and sounded.

use std::time::{Duration, Instant};

use model::attribute::{AttributeId, Switch, Value};
use model::{Actor, Event, LegId, Phrase, Prompt, Role};

use crate::roster::Member;
use crate::{Audience, Meeting, Output, Tone};

/// One tone in this time, however many come and go.
const TONE_GAP: Duration = Duration::from_secs(1);

impl Meeting {
    /// Sounds a tone, unless one was just sounded.
    pub(crate) fn tone(&mut self, now: Instant, tone: Tone) {
        if self.quiet_until.is_none_or(|until| until <= now) {
            self.quiet_until = Some(now + TONE_GAP);
            self.output(Output::Tone(tone));
        }
    }

    /// What a leg is told about itself as it comes in.
    pub(crate) fn own_state(&self, leg: LegId) -> Vec<Phrase> {
        let Some(member) = self.roster.get(&leg) else {
            return Vec::new();
        };
        let mute = member.mute();
        let prompts = [
            (mute.hard, Prompt::YouAreMuted),
            (mute.soft && !mute.hard, Prompt::MutedMayUnmute),
            (member.held(), Prompt::YouAreOnHold),
            (self.recording(), Prompt::ThisMeetingIsRecorded),
        ];
        prompts
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, prompt)| Phrase::Prompt(prompt))
            .collect()
    }

    /// How many are in the meeting, as it is said to one of them. All wait or none does, so that those who come in one by one as the
    /// meeting starts hear of each other.
    pub(crate) fn head_count(&self) -> Vec<Phrase> {
        match self.staying().count() as u32 {
            0 | 1 => vec![Phrase::Prompt(Prompt::OnlyPerson)],
            people => vec![
                Phrase::Prompt(Prompt::ThereAre),
                Phrase::Number(people),
                Phrase::Prompt(Prompt::PeopleInMeeting),
            ],
        }
    }

    pub(crate) fn count(&mut self, leg: LegId) -> Result<(), &'static str> {
        self.member(leg)?;
        let count = self.head_count();
        self.say(leg, count);
        Ok(())
    }

    /// Entry:exit tones on:on ▸ on:off ▸ off:on ▸ off:off ▸ on:on.
    pub(crate) fn step_tones(&mut self, actor: &Actor) -> Result<(), &'static str> {
        let announce = &mut self.policy.announce;
        let tones = (
            announce.conference_entrytones.is_on(),
            announce.conference_exittones.is_on(),
        );
        let (entry, exit, prompt) = match tones {
            (true, true) => (true, false, Prompt::TonesOnOff),
            (true, false) => (false, true, Prompt::TonesOffOn),
            (false, true) => (false, false, Prompt::TonesOffOff),
            (false, false) => (true, true, Prompt::TonesOnOn),
        };
        let changes = [
            (AttributeId::conference_entrytones, tones.0, entry),
            (AttributeId::conference_exittones, tones.1, exit),
        ];
        announce.conference_entrytones = Switch::from_bool(entry);
        announce.conference_exittones = Switch::from_bool(exit);
        for (id, _, on) in changes.into_iter().filter(|(_, before, after)| before != after) {
            let value = Switch::from_bool(on).text();
            self.event(actor, Event::AttributeSet { id, value });
        }
        self.tell(actor, [prompt]);
        Ok(())
    }

    /// Says how long the meeting still lasts.
    pub(crate) fn announce(&mut self, prompt: Prompt, seconds: u32) {
        let mut phrases = vec![Phrase::Prompt(prompt)];
        phrases.extend(spoken(seconds));
        self.say_everybody(phrases);
    }

    /// To everybody in the meeting, and to whoever asked for it, should that leg still wait.
    pub(crate) fn say_all(&mut self, actor: &Actor, prompt: Prompt) {
        let phrases = vec![Phrase::Prompt(prompt)];
        if let Actor::Leg(leg) = actor
            && self.member(*leg).is_ok_and(Member::is_waiting)
        {
            self.say(*leg, phrases.clone());
        }
        self.say_everybody(phrases);
    }

    /// To the room, and to each of those who hear music instead of it.
    pub(crate) fn say_everybody(&mut self, phrases: Vec<Phrase>) {
        let away = self.in_order(|member| member.is_inside() && member.held());
        self.output(Output::Say {
            to: Audience::Everyone,
            phrases: phrases.clone(),
        });
        for leg in away {
            self.say(leg, phrases.clone());
        }
    }

    /// Whoever is with the operator, or waits for one, is not talked to by the meeting: how things are then it hears when it is back.
    pub(crate) fn say(&mut self, leg: LegId, phrases: Vec<Phrase>) {
        let aside = |member: &Member| member.operator.is_aside();
        if !self.roster.get(&leg).is_some_and(aside) {
            self.say_aside(leg, phrases);
        }
    }

    /// Said wherever the leg is.
    pub(crate) fn say_aside(&mut self, leg: LegId, phrases: Vec<Phrase>) {
        let to = Audience::Leg(leg);
        self.output(Output::Say { to, phrases });
    }

    /// The one who keyed the command, if it was keyed.
    pub(crate) fn tell<const N: usize>(&mut self, actor: &Actor, prompts: [Prompt; N]) {
        if let Actor::Leg(leg) = actor {
            self.say(*leg, prompts.map(Phrase::Prompt).to_vec());
        }
    }

    /// Why a waiting caller waits.
    pub(crate) fn waiting_prompt(&self) -> Prompt {
        match self.starts_with(Role::Host) {
            true => Prompt::WaitingForHost,
            false => Prompt::WaitingForStart,
        }
    }

    /// Why a caller waited in vain.
    pub(crate) fn not_started_prompt(&self) -> Prompt {
        match self.starts_with(Role::Host) {
            true => Prompt::HostDidNotArrive,
            false => Prompt::NotStarted,
        }
    }

    pub(crate) fn still_waiting_prompt(&self) -> Prompt {
        match self.starts_with(Role::Host) {
            true => Prompt::StillWaitingForHost,
            false => Prompt::WaitingForStart,
        }
    }
}

/// A length of time as it is said: whole minutes where they are whole, else seconds.
pub(crate) fn spoken(seconds: u32) -> [Phrase; 2] {
    let (number, unit) = match (seconds / 60, seconds % 60) {
        (1, 0) => (1, Prompt::Minute),
        (minutes @ 2.., 0) => (minutes, Prompt::Minutes),
        (0, 1) => (1, Prompt::Second),
        _ => (seconds, Prompt::Seconds),
    };
    [Phrase::Number(number), Phrase::Prompt(unit)]
}
