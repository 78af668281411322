//! A meeting, its callers and their ears. Stands in for the bridge: leads time from deadline to deadline, and lets a leg that is told to
//! go leave at once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use meeting::{Audience, Hears, Meeting, Output, Tone};
use model::attribute::{AttributeId, Policy};
use model::{Actor, Cause, Command, Entrant, Event, LegId, Phrase, Role, Sid};

pub(crate) const HOST: Role = Role::Host;
pub(crate) const GUEST: Role = Role::Participant;
pub(crate) const LISTENER: Role = Role::Listener;

pub(crate) struct World {
    pub(crate) meeting: Meeting,
    pub(crate) epoch: Instant,
    pub(crate) now: Instant,
    pub(crate) events: Vec<(Actor, Event)>,
    pub(crate) routes: BTreeMap<LegId, (bool, Hears)>,
    pub(crate) gone: BTreeMap<LegId, Cause>,
    pub(crate) ended: Option<Cause>,
    heard: BTreeMap<LegId, Vec<String>>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) fn policy(settings: &[(&str, &str)]) -> Policy {
    let mut policy = Policy::default();
    for (name, value) in settings {
        assert!(policy.set(AttributeId::find(name).expect(name), value), "{name}");
    }
    policy
}

pub(crate) fn leg(n: u64) -> LegId {
    LegId(n)
}

pub(crate) fn caller(n: u64) -> Actor {
    Actor::Leg(LegId(n))
}

pub(crate) fn client() -> Actor {
    Actor::User(Sid::new("S1"))
}

pub(crate) fn entrant(n: u64, role: Role) -> Box<Entrant> {
    Box::new(Entrant {
        leg: leg(n),
        role,
        name: format!("caller {n}"),
        caller: format!("1555000{n}"),
        callee: "15551234567".into(),
        access_code: "106131".into(),
    })
}

impl World {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let epoch = epoch();
        Self {
            meeting: Meeting::new(policy(settings)),
            epoch,
            now: epoch,
            events: Vec::new(),
            routes: BTreeMap::new(),
            gone: BTreeMap::new(),
            ended: None,
            heard: BTreeMap::new(),
        }
    }

    /// With these callers inside (or waiting), numbered from 1; what they heard so far is forgotten.
    pub(crate) fn with(settings: &[(&str, &str)], roles: &[Role]) -> Self {
        let mut world = Self::new(settings);
        for (n, role) in (1..).zip(roles) {
            world.join(n, *role);
        }
        world.forget();
        world
    }

    pub(crate) fn join(&mut self, n: u64, role: Role) {
        self.ask(caller(n), Command::Join(entrant(n, role)));
    }

    pub(crate) fn hang_up(&mut self, n: u64) {
        let (leg, cause) = (leg(n), Cause::HungUp);
        self.ask(caller(n), Command::Leave { leg, cause });
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let (id, value) = (AttributeId::find(name).expect(name), Some(value.to_owned()));
        self.ask(client(), Command::SetAttribute { id, value });
    }

    pub(crate) fn ask(&mut self, actor: Actor, command: Command) {
        self.meeting.handle_input(self.now, actor, command);
        self.drain();
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn wait(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.meeting.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.meeting.handle_timeout(self.now);
            let next = self.meeting.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a deadline that never passes"
            );
            self.drain();
        }
        self.now = until;
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.meeting.poll_output() {
            assert!(self.ended.is_none(), "after the end: {output:?}");
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Admitted { leg, .. } => assert!(self.meeting.row(leg).is_some()),
            Output::Refused { leg, cause, say } => {
                self.hear(leg, &say);
                self.gone.insert(leg, cause);
            }
            Output::Route { leg, speaks, hears } => drop(self.routes.insert(leg, (speaks, hears))),
            Output::Gain { .. } => {}
            Output::Say {
                to: Audience::Leg(leg),
                phrases,
            } => self.hear(leg, &phrases),
            Output::Say {
                to: Audience::Everyone,
                phrases,
            } => {
                for leg in self.room() {
                    self.hear(leg, &phrases);
                }
            }
            Output::Tone(tone) => {
                for leg in self.room() {
                    self.note(leg, if tone == Tone::Entry { "♪in" } else { "♪out" });
                }
            }
            Output::Drop { leg, cause, say } => {
                self.hear(leg, &say);
                self.meeting
                    .handle_input(self.now, Actor::Bridge, Command::Leave { leg, cause });
            }
            Output::Event { actor, event } => self.happened(actor, event),
            Output::Ended { cause } => self.ended = Some(cause),
        }
    }

    fn happened(&mut self, actor: Actor, event: Event) {
        if let Event::Left { leg, cause } = event {
            self.routes.remove(&leg);
            self.gone.insert(leg, cause);
        }
        self.events.push((actor, event));
    }

    fn room(&self) -> Vec<LegId> {
        let hearing = self.routes.iter().filter(|(_, (_, hears))| *hears == Hears::Room);
        hearing.map(|(leg, _)| *leg).collect()
    }

    fn hear(&mut self, leg: LegId, phrases: &[Phrase]) {
        for phrase in phrases {
            let word = match phrase {
                Phrase::Prompt(prompt) => prompt.name().to_owned(),
                Phrase::Number(number) => number.to_string(),
                Phrase::Digits(text) | Phrase::Keys(text) => text.clone(),
            };
            self.note(leg, &word);
        }
    }

    fn note(&mut self, leg: LegId, word: &str) {
        self.heard.entry(leg).or_default().push(word.to_owned());
    }

    /// What a caller heard since last asked, in one line.
    pub(crate) fn heard(&mut self, n: u64) -> String {
        self.heard.remove(&leg(n)).unwrap_or_default().join(" ")
    }

    pub(crate) fn forget(&mut self) {
        self.heard.clear();
        self.events.clear();
    }

    pub(crate) fn speaks(&self, n: u64) -> bool {
        self.routes[&leg(n)].0
    }

    pub(crate) fn hears(&self, n: u64) -> Hears {
        self.routes[&leg(n)].1
    }

    /// Mute bits as clients see them: 0, 1 soft, 2 hard, 3 both.
    pub(crate) fn mute(&self, n: u64) -> u8 {
        self.meeting.row(leg(n)).expect("in the meeting").mute.wire()
    }

    pub(crate) fn cause(&self, n: u64) -> Option<Cause> {
        self.gone.get(&leg(n)).copied()
    }

    pub(crate) fn refused(&self) -> Option<&'static str> {
        match &self.meeting.log().last()?.entry {
            meeting::Entry::Command { refused, .. } => *refused,
            meeting::Entry::Timeout => None,
        }
    }

    /// Events so far, without who decided them.
    pub(crate) fn what_happened(&self) -> Vec<&Event> {
        self.events.iter().map(|(_, event)| event).collect()
    }
}
