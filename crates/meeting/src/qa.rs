//! Questions and answers: hands are raised and queue in order, and one leg at a time has the floor.

use model::{Actor, Event, LegId, Phrase, Prompt, Question, Role};

use crate::Meeting;
use crate::machine::{NOT_STARTED, SAME};
use crate::roster::Member;

/// Why nobody has a question now.
pub(crate) const NO_SESSION: &str = "no question-and-answer session is running";

/// A question-and-answer session that runs.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Every change of a part counts here, so that raised hands have their order.
    changes: u64,
}

/// A leg's part in the session, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It asks nothing.
    None,
    /// It waits in this place of the order of raising.
    Raised { order: u64 },
    /// It is heard. Whether it had muted itself before, for then it is so again.
    Floor { own_mute: bool },
    /// It had its turn.
    Answered,
}

impl Member {
    pub(crate) fn question(&self) -> Question {
        match self.part {
            Part::None => Question::None,
            Part::Raised { .. } => Question::Raised,
            Part::Floor { .. } => Question::Floor,
            Part::Answered => Question::Answered,
        }
    }

    pub(crate) fn has_floor(&self) -> bool {
        matches!(self.part, Part::Floor { .. })
    }

    /// Gives it another part. A mute of its own from before the floor comes back as the floor goes; one from meanwhile stays.
    fn set_question(&mut self, question: Question, order: u64) {
        if let Part::Floor { own_mute } = self.part {
            self.own_mute |= own_mute;
        }
        self.part = match question {
            Question::None => Part::None,
            Question::Raised => Part::Raised { order },
            Question::Floor => Part::Floor {
                own_mute: std::mem::take(&mut self.own_mute),
            },
            Question::Answered => Part::Answered,
        };
    }
}

impl Meeting {
    /// Whether a question-and-answer session runs.
    pub fn questions(&self) -> bool {
        self.session.is_some()
    }

    /// Whether a leg of this role is muted by the session, if one runs.
    pub(crate) fn qa_mutes(&self, role: Role) -> bool {
        self.questions() && self.policy.qa.conference_qa_policy.has(role)
    }

    pub(crate) fn set_qa(&mut self, actor: &Actor, on: bool) -> Result<(), &'static str> {
        if self.questions() == on {
            return Err(SAME);
        }
        if !self.has_started() {
            self.tell(actor, [Prompt::NotAvailable]);
            return Err(NOT_STARTED);
        }
        self.session = on.then(Session::default);
        self.event(actor, Event::QaSet(on));
        self.apply_session(actor);
        let prompt = if on { Prompt::QaStarted } else { Prompt::QaEnded };
        self.say_all(actor, prompt);
        Ok(())
    }

    /// Mutes those whom the session mutes, and nobody else; without one nobody has a question.
    pub(crate) fn apply_session(&mut self, actor: &Actor) {
        let runs = self.questions();
        for leg in self.in_order(Member::stays) {
            let Some(member) = self.roster.get(&leg) else {
                continue;
            };
            let (mutes, ends) = (
                self.qa_mutes(member.role),
                !runs && member.question() != Question::None,
            );
            if ends {
                let question = Question::None;
                self.event(actor, Event::QuestionSet { leg, question });
            }
            self.change(actor, leg, |member| {
                if ends {
                    member.set_question(Question::None, 0);
                }
                member.qa_mute = mutes;
            });
        }
    }

    /// The host's key: whoever had the floor is answered, and the first of those who wait has it.
    pub(crate) fn next_question(&mut self, actor: &Actor) -> Result<(), &'static str> {
        if !self.questions() {
            return Err(NO_SESSION);
        }
        match (self.queue().first(), self.floor()) {
            (Some(leg), _) => self.give_floor(actor, *leg),
            (None, Some(leg)) => self.lower(actor, leg, Question::Answered),
            (None, None) => {}
        }
        if let Actor::Leg(host) = actor {
            let waiting = waiting(self.queue().len());
            self.say(*host, waiting);
        }
        Ok(())
    }

    /// The others' key.
    pub(crate) fn toggle_hand(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        let question = match self.member(leg)?.question() {
            Question::None | Question::Answered => Question::Raised,
            Question::Raised => Question::None,
            Question::Floor => Question::Answered,
        };
        self.set_question(actor, leg, question)
    }

    pub(crate) fn set_question(
        &mut self,
        actor: &Actor,
        leg: LegId,
        question: Question,
    ) -> Result<(), &'static str> {
        if self.member(leg)?.question() == question {
            return Err(SAME);
        }
        if !self.questions() {
            return Err(NO_SESSION);
        }
        match question {
            Question::Raised => self.raise(actor, leg),
            Question::Floor => self.give_floor(actor, leg),
            Question::None | Question::Answered => self.lower(actor, leg, question),
        }
        Ok(())
    }

    /// A leg waits for the floor behind all who do already. The first tells the hosts that there is a question.
    fn raise(&mut self, actor: &Actor, leg: LegId) {
        self.put(actor, leg, Question::Raised);
        let place = self.queue().len() as u32;
        self.say(leg, place_in_queue(place));
        if place == 1 {
            let roles = self.policy.keys.conference_qa_dtmf;
            for host in self.in_order(|member| member.is_inside() && roles.has(member.role)) {
                if host != leg {
                    self.say(host, vec![Phrase::Prompt(Prompt::NewQuestion)]);
                }
            }
        }
    }

    fn give_floor(&mut self, actor: &Actor, leg: LegId) {
        if let Some(former) = self.floor() {
            self.lower(actor, former, Question::Answered);
        }
        self.put(actor, leg, Question::Floor);
        self.say_everybody(vec![Phrase::Prompt(Prompt::NextQuestion)]);
        self.say(leg, vec![Phrase::Prompt(Prompt::YouHaveTheFloor)]);
        if let Some(next) = self.queue().first() {
            self.say(*next, vec![Phrase::Prompt(Prompt::YouAreNext)]);
        }
    }

    /// Takes a leg's hand down, or the floor away from it, and tells it.
    pub(crate) fn lower(&mut self, actor: &Actor, leg: LegId, question: Question) {
        let before = self.put(actor, leg, question);
        let muted = self.member(leg).is_ok_and(|member| member.mute().any());
        let prompt = match before {
            Question::Raised => Some(Prompt::HandLowered),
            Question::Floor if muted => Some(Prompt::FloorOver),
            Question::Floor | Question::None | Question::Answered => None,
        };
        if let Some(prompt) = prompt {
            self.say(leg, vec![Phrase::Prompt(prompt)]);
        }
    }

    /// The leg goes away: its hand is up no more, and the floor is free. The mixer is told nothing of it, where the leg may be gone.
    pub(crate) fn withdraw(&mut self, actor: &Actor, leg: LegId) {
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        if !matches!(member.part, Part::Raised { .. } | Part::Floor { .. }) {
            return;
        }
        let before = member.mute();
        let question = Question::None;
        member.set_question(question, 0);
        let mute = member.mute();
        self.event(actor, Event::QuestionSet { leg, question });
        if mute != before {
            self.event(actor, Event::Muted { leg, mute });
        }
    }

    /// The meeting ends, and the session with it.
    pub(crate) fn end_session(&mut self, actor: &Actor) {
        if self.session.take().is_some() {
            self.event(actor, Event::QaSet(false));
        }
    }

    /// Changes a leg's part without a word; gives back what it was.
    fn put(&mut self, actor: &Actor, leg: LegId, question: Question) -> Question {
        let before = self.member(leg).map_or(Question::None, Member::question);
        let order = match &mut self.session {
            Some(session) => {
                session.changes += 1;
                session.changes
            }
            None => 0,
        };
        self.event(actor, Event::QuestionSet { leg, question });
        self.change(actor, leg, |member| member.set_question(question, order));
        before
    }

    /// Who has the floor.
    fn floor(&self) -> Option<LegId> {
        let holder = self.staying().find(|member| member.has_floor());
        holder.map(|member| member.leg)
    }

    /// Those whose hands are raised, in the order they were.
    fn queue(&self) -> Vec<LegId> {
        let waiting = self.staying().filter_map(|member| match member.part {
            Part::Raised { order } => Some((order, member.leg)),
            Part::None | Part::Floor { .. } | Part::Answered => None,
        });
        let mut waiting: Vec<_> = waiting.collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, leg)| leg).collect()
    }
}

fn place_in_queue(place: u32) -> Vec<Phrase> {
    match place {
        1 => vec![Phrase::Prompt(Prompt::YouAreNext)],
        place => vec![
            Phrase::Prompt(Prompt::HandRaised),
            Phrase::Number(place),
            Phrase::Prompt(Prompt::InQueue),
        ],
    }
}

/// How many wait for the floor, as it is said to a host.
fn waiting(count: usize) -> Vec<Phrase> {
    match count as u32 {
        0 => vec![Phrase::Prompt(Prompt::NoQuestions)],
        1 => vec![Phrase::Prompt(Prompt::OneQuestionWaiting)],
        count => vec![Phrase::Number(count), Phrase::Prompt(Prompt::QuestionsWaiting)],
    }
}
