//! The operator: a leg asks for one, talks with one in private, and comes back as it was. The others notice no more of it than that it is
//! silent.

use model::{Actor, Cause, Event, LegId, OperatorMode, Phrase, Prompt};

use crate::machine::SAME;
use crate::roster::Member;
use crate::{Meeting, Output};

/// Why an operator who comes, or goes, is nobody's.
const NOT_ASKED: &str = "no operator was asked for";

impl Meeting {
    /// The operator key: calls one, or comes back.
    pub(crate) fn toggle_operator(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        let on = !self.member(leg)?.operator.is_aside();
        self.set_operator(actor, leg, on)
    }

    pub(crate) fn set_operator(&mut self, actor: &Actor, leg: LegId, on: bool) -> Result<(), &'static str> {
        let cause = match (self.member(leg)?.operator, on) {
            (OperatorMode::None, true) => return self.call_operator(actor, leg),
            (OperatorMode::Requested, false) => Cause::Cancelled,
            (OperatorMode::With, false) => Cause::Left,
            (OperatorMode::None, false) | (OperatorMode::Requested | OperatorMode::With, true) => {
                return Err(SAME);
            }
        };
        self.output(Output::DropOperator { leg });
        self.back_from_operator(actor, leg, cause);
        Ok(())
    }

    /// Silent in the meeting first, then off to where the operator will be.
    fn call_operator(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        self.put_operator(actor, leg, OperatorMode::Requested, None);
        self.route(leg);
        self.say_aside(leg, vec![Phrase::Prompt(Prompt::CallingOperator)]);
        let by = actor.clone();
        self.output(Output::CallOperator { leg, by });
        Ok(())
    }

    pub(crate) fn operator_answered(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        if self.member(leg)?.operator != OperatorMode::Requested {
            return Err(NOT_ASKED);
        }
        self.put_operator(actor, leg, OperatorMode::With, None);
        self.route(leg);
        self.say_aside(leg, vec![Phrase::Prompt(Prompt::WithOperator)]);
        Ok(())
    }

    pub(crate) fn operator_gone(
        &mut self,
        actor: &Actor,
        leg: LegId,
        cause: Cause,
    ) -> Result<(), &'static str> {
        if !self.member(leg)?.operator.is_aside() {
            return Err(NOT_ASKED);
        }
        self.back_from_operator(actor, leg, cause);
        Ok(())
    }

    /// Whoever waits for the start goes on waiting; everybody else comes in as by any other way, only without a tone.
    fn back_from_operator(&mut self, actor: &Actor, leg: LegId, cause: Cause) {
        let before = self.put_operator(actor, leg, OperatorMode::None, Some(cause));
        let prompt = match (before, cause) {
            (OperatorMode::With, _) => Prompt::BackFromOperator,
            (_, Cause::Cancelled) => Prompt::OperatorCanceled,
            (OperatorMode::None | OperatorMode::Requested, _) => Prompt::OperatorNotAvailable,
        };
        let waits = self.member(leg).is_ok_and(Member::is_waiting);
        let words = match (waits, before) {
            (false, _) => return self.take_place(leg, vec![Phrase::Prompt(prompt)], &[]),
            (true, OperatorMode::With) => vec![self.waiting_prompt()],
            (true, OperatorMode::None | OperatorMode::Requested) => vec![prompt, self.waiting_prompt()],
        };
        self.route(leg);
        self.say(leg, words.into_iter().map(Phrase::Prompt).collect());
    }

    /// The leg goes away: its operator is needed no more.
    pub(crate) fn end_operator(&mut self, actor: &Actor, leg: LegId, cause: Cause) {
        let mode = self.roster.get(&leg).map(|member| member.operator);
        if mode.is_some_and(OperatorMode::is_aside) {
            self.output(Output::DropOperator { leg });
            self.put_operator(actor, leg, OperatorMode::None, Some(cause));
        }
    }

    /// Changes how far a leg is with the operator, without a word; gives back what it was.
    fn put_operator(
        &mut self,
        actor: &Actor,
        leg: LegId,
        mode: OperatorMode,
        cause: Option<Cause>,
    ) -> OperatorMode {
        let Some(member) = self.roster.get_mut(&leg) else {
            return OperatorMode::None;
        };
        let before = std::mem::replace(&mut member.operator, mode);
        self.event(actor, Event::OperatorSet { leg, mode, cause });
        before
    }
}
