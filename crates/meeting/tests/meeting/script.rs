//! A scripted meeting: who joins, what is asked of it, how time passes; and what came of each step.

use std::time::{Duration, Instant};

use meeting::{Audience, Entry, Hears, Meeting, Output, Row, Tone};
use model::attribute::{AttributeId, Policy};
use model::{Actor, Cause, Command, Entrant, Event, LegId, Phrase, RecordingFault, Role, Sid};

use crate::witness::Witness;

/// What came of one step, in order.
#[derive(Debug)]
pub(crate) struct Did(pub(crate) Vec<Output>);

/// A meeting, its clock, and phones that hang up at once when they are told to go.
pub(crate) struct Script {
    pub(crate) meeting: Meeting,
    pub(crate) policy: Policy,
    pub(crate) epoch: Instant,
    pub(crate) now: Instant,
    /// Whether the legs that are told to go are still there after the step.
    pub(crate) slow_to_go: bool,
    /// What comes of recordings at once, if anything.
    pub(crate) recorder: Option<Result<(), RecordingFault>>,
    /// How late every timer is.
    pub(crate) late: Duration,
    pub(crate) witness: Witness,
    /// Everything that came out so far.
    pub(crate) history: Vec<Output>,
}

/// A leg that asks.
pub(crate) fn leg(number: u64) -> Actor {
    Actor::Leg(LegId(number))
}

/// A client that asks.
pub(crate) fn rest() -> Actor {
    Actor::User(Sid::new("boss"))
}

/// A settings table of the room.
pub(crate) fn policy(settings: &[(&str, &str)]) -> Policy {
    let mut policy = Policy::default();
    for (name, value) in settings {
        let id = AttributeId::find(name).expect(name);
        assert!(policy.set(id, value), "{name} = {value}");
    }
    policy
}

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) fn entrant(number: u64, role: Role) -> Entrant {
    Entrant {
        leg: LegId(number),
        role,
        name: format!("caller {number}"),
        caller: "4930123".to_owned(),
        callee: "4930999".to_owned(),
        access_code: "1234".to_owned(),
    }
}

impl Script {
    /// A meeting with these settings, that nobody is in yet.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let (policy, epoch) = (policy(settings), epoch());
        Self {
            meeting: Meeting::new(policy.clone()),
            policy,
            epoch,
            now: epoch,
            slow_to_go: false,
            recorder: Some(Ok(())),
            late: Duration::ZERO,
            witness: Witness::default(),
            history: Vec::new(),
        }
    }

    /// The same with these legs in it, five seconds after the last came.
    pub(crate) fn with(settings: &[(&str, &str)], legs: &[(u64, Role)]) -> Self {
        let mut script = Self::new(settings);
        for (number, role) in legs {
            script.joins(*number, *role);
        }
        script.wait(5);
        script
    }

    pub(crate) fn joins(&mut self, number: u64, role: Role) -> Did {
        let command = Command::Join(Box::new(entrant(number, role)));
        self.asks(leg(number), command)
    }

    pub(crate) fn leaves(&mut self, number: u64) -> Did {
        let cause = Cause::HungUp;
        let leave = Command::Leave {
            leg: LegId(number),
            cause,
        };
        self.asks(leg(number), leave)
    }

    /// Somebody asks for something.
    pub(crate) fn asks(&mut self, actor: Actor, command: Command) -> Did {
        self.meeting.handle_input(self.now, actor, command);
        Did(self.drain())
    }

    /// A client changes a setting of the running meeting.
    pub(crate) fn sets(&mut self, name: &str, value: &str) -> Did {
        let id = AttributeId::find(name).expect(name);
        let value = Some(value.to_owned());
        self.asks(rest(), Command::SetAttribute { id, value })
    }

    /// Seconds go by; timers come when they are due, or later by as much as `late` says.
    pub(crate) fn wait(&mut self, seconds: u64) -> Did {
        let until = self.now + Duration::from_secs(seconds);
        let mut did = Vec::new();
        while let Some(at) = self.meeting.poll_timeout().filter(|at| *at + self.late <= until) {
            self.now = self.now.max(at + self.late);
            self.meeting.handle_timeout(self.now);
            // Before what comes of it is reported back: a leg that leaves then may make something due at once.
            let next = self.meeting.poll_timeout();
            assert!(next.is_none_or(|at| at > self.now), "a busy loop");
            did.extend(self.drain());
        }
        self.now = until;
        Did(did)
    }

    /// Why the last command was not carried out.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        match &self.meeting.log().last()?.entry {
            Entry::Command { refused, .. } => *refused,
            Entry::Timeout => None,
        }
    }

    pub(crate) fn row(&self, number: u64) -> Row {
        self.meeting.row(LegId(number)).expect("a leg of this meeting")
    }

    /// The legs in it, in order of arrival.
    pub(crate) fn legs(&self) -> Vec<u64> {
        self.meeting.legs().map(|leg| leg.0).collect()
    }

    /// Takes out what there is; phones that are told to go hang up, as the bridge makes them.
    fn drain(&mut self) -> Vec<Output> {
        let mut did = Vec::new();
        while let Some(output) = self.meeting.poll_output() {
            if let Output::Drop { leg, cause, .. } = &output
                && !self.slow_to_go
            {
                let (leg, cause) = (*leg, *cause);
                let leave = Command::Leave { leg, cause };
                self.meeting.handle_input(self.now, Actor::Bridge, leave);
            }
            if let Output::Record { take, .. } = &output {
                self.recorder_answers(*take);
            }
            did.push(output);
        }
        self.witness.observe(&did, &self.meeting);
        self.history.extend(did.iter().cloned());
        did
    }
}

impl Script {
    fn recorder_answers(&mut self, take: u32) {
        let answer = self.recorder.map(|outcome| match outcome {
            Ok(()) => Command::RecordingBegan { take },
            Err(fault) => Command::RecordingFailed { take, fault },
        });
        if let Some(command) = answer {
            self.meeting.handle_input(self.now, Actor::Bridge, command);
        }
    }
}

impl Did {
    fn pick<T>(&self, what: impl Fn(&Output) -> Option<T>) -> Vec<T> {
        self.0.iter().filter_map(what).collect()
    }

    /// What one leg was told privately, last words among it.
    pub(crate) fn told(&self, number: u64) -> String {
        let to = Audience::Leg(LegId(number));
        spell(self.0.iter().filter_map(|output| {
            if let Output::Drop { leg, say, .. } | Output::Refused { leg, say, .. } = output {
                return (leg.0 == number).then_some(say);
            }
            said(output, to)
        }))
    }

    /// What everybody in the room heard.
    pub(crate) fn announced(&self) -> String {
        let heard = |output| said(output, Audience::Everyone);
        spell(self.0.iter().filter_map(heard))
    }

    pub(crate) fn tones(&self) -> Vec<Tone> {
        self.pick(|output| {
            if let Output::Tone(tone) = output {
                Some(*tone)
            } else {
                None
            }
        })
    }

    /// Where one leg was routed last.
    pub(crate) fn route(&self, number: u64) -> Option<(bool, Hears)> {
        let routes = self.pick(|output| {
            let Output::Route { leg, speaks, hears } = output else {
                return None;
            };
            (leg.0 == number).then_some((*speaks, *hears))
        });
        routes.last().copied()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events_by().into_iter().map(|(_, event)| event).collect()
    }

    pub(crate) fn events_by(&self) -> Vec<(Actor, Event)> {
        self.pick(|output| {
            let Output::Event { actor, event } = output else {
                return None;
            };
            Some((actor.clone(), event.clone()))
        })
    }

    pub(crate) fn has(&self, event: &Event) -> bool {
        self.events().contains(event)
    }

    /// Who was told to go, and why.
    pub(crate) fn dropped(&self) -> Vec<(u64, Cause)> {
        self.pick(|output| {
            let Output::Drop { leg, cause, .. } = output else {
                return None;
            };
            Some((leg.0, *cause))
        })
    }

    /// Why somebody was not let in.
    pub(crate) fn refused(&self) -> Option<Cause> {
        let refused = self.pick(|output| {
            let Output::Refused { cause, .. } = output else {
                return None;
            };
            Some(*cause)
        });
        refused.first().copied()
    }

    /// Why the meeting is over.
    pub(crate) fn ended(&self) -> Option<Cause> {
        let ended = self.pick(|output| {
            let Output::Ended { cause } = output else {
                return None;
            };
            Some(*cause)
        });
        ended.first().copied()
    }
}

fn said(output: &Output, audience: Audience) -> Option<&Vec<Phrase>> {
    let Output::Say { to, phrases } = output else {
        return None;
    };
    (*to == audience).then_some(phrases)
}

/// Prompts by name, numbers as digits; a bar between one saying and the next.
fn spell<'a>(sayings: impl Iterator<Item = &'a Vec<Phrase>>) -> String {
    let word = |phrase: &Phrase| match phrase {
        Phrase::Prompt(prompt) => prompt.name().to_owned(),
        Phrase::Number(number) => number.to_string(),
        Phrase::Digits(text) | Phrase::Keys(text) => text.clone(),
    };
    let saying = |phrases: &Vec<Phrase>| phrases.iter().map(word).collect::<Vec<_>>().join(" ");
    sayings.map(saying).collect::<Vec<_>>().join(" | ")
}
