//! Polls: everybody in the meeting votes with one digit while one is open.

use std::collections::BTreeMap;

use model::{Actor, Event, LegId, Phrase, PollStatus, Prompt, Tally};

use crate::Meeting;
use crate::machine::{NOT_STARTED, SAME};

/// How far a poll is. Who voted for what is known as long as it may change; outside of the machine and the log it is replayed from, never.
#[derive(Debug, Default)]
pub(crate) enum Poll {
    /// There is none.
    #[default]
    None,
    /// Votes are counted.
    Open(Ballot),
    /// It is over.
    Closed(Tally),
}

/// The votes of an open poll.
#[derive(Debug, Default)]
pub(crate) struct Ballot {
    /// Of those who are here, who may change theirs.
    votes: BTreeMap<LegId, u8>,
    /// Of those who have left.
    left: Tally,
}

impl Ballot {
    fn tally(&self) -> Tally {
        let mut tally = self.left;
        self.votes.values().for_each(|digit| tally.add(*digit));
        tally
    }
}

impl Poll {
    fn view(&self) -> model::Poll {
        let (status, tally) = match self {
            Self::None => (PollStatus::None, Tally::default()),
            Self::Open(ballot) => (PollStatus::Open, ballot.tally()),
            Self::Closed(tally) => (PollStatus::Closed, *tally),
        };
        model::Poll { status, tally }
    }

    /// A leg is gone; its vote stays.
    pub(crate) fn leave(&mut self, leg: LegId) {
        if let Self::Open(ballot) = self
            && let Some(digit) = ballot.votes.remove(&leg)
        {
            ballot.left.add(digit);
        }
    }
}

impl Meeting {
    /// The poll as others see it.
    pub fn poll(&self) -> model::Poll {
        self.poll.view()
    }

    /// Whether votes are counted.
    pub fn polling(&self) -> bool {
        matches!(self.poll, Poll::Open(_))
    }

    /// Opens a poll, which forgets the last, closes the open one, or clears the result.
    pub(crate) fn set_poll(&mut self, actor: &Actor, status: PollStatus) -> Result<(), &'static str> {
        match (&self.poll, status) {
            (Poll::None | Poll::Closed(_), PollStatus::Open) => return self.open_poll(actor),
            (Poll::Open(_), PollStatus::Closed) => self.close_poll(actor),
            (Poll::Open(_), PollStatus::None) => {
                self.close_poll(actor);
                self.clear_poll(actor);
            }
            (Poll::Closed(_), PollStatus::None) => self.clear_poll(actor),
            (Poll::None, PollStatus::None | PollStatus::Closed)
            | (Poll::Open(_), PollStatus::Open)
            | (Poll::Closed(_), PollStatus::Closed) => return Err(SAME),
        }
        Ok(())
    }

    fn open_poll(&mut self, actor: &Actor) -> Result<(), &'static str> {
        if !self.has_started() {
            self.tell(actor, [Prompt::NotAvailable]);
            return Err(NOT_STARTED);
        }
        self.poll = Poll::Open(Ballot::default());
        self.event(actor, Event::PollOpened);
        self.say_all(actor, Prompt::PollOpened);
        Ok(())
    }

    fn close_poll(&mut self, actor: &Actor) {
        let tally = self.count_votes(actor);
        self.say_everybody(result(tally));
    }

    fn count_votes(&mut self, actor: &Actor) -> Tally {
        let tally = self.poll.view().tally;
        self.poll = Poll::Closed(tally);
        self.event(actor, Event::PollClosed(tally));
        tally
    }

    /// The meeting ends: what was voted until then counts.
    pub(crate) fn end_poll(&mut self, actor: &Actor) {
        if self.polling() {
            self.count_votes(actor);
        }
    }

    fn clear_poll(&mut self, actor: &Actor) {
        self.poll = Poll::None;
        self.event(actor, Event::PollCleared);
    }

    /// Counts the vote of a leg, in place of the one it gave before.
    pub(crate) fn vote(&mut self, leg: LegId, digit: u8) -> Result<(), &'static str> {
        self.member(leg)?;
        let Poll::Open(ballot) = &mut self.poll else {
            return Err("no poll is open");
        };
        if digit > 9 {
            return Err("a vote is one digit");
        }
        ballot.votes.insert(leg, digit);
        self.say(leg, vec![Phrase::Prompt(Prompt::VoteCounted)]);
        Ok(())
    }
}

/// The result of a poll as it is said.
fn result(tally: Tally) -> Vec<Phrase> {
    let mut phrases = vec![Phrase::Prompt(Prompt::PollClosed)];
    for (digit, count) in tally.votes() {
        let votes = if count == 1 {
            Prompt::VoteFor
        } else {
            Prompt::VotesFor
        };
        phrases.extend([
            Phrase::Number(count),
            Phrase::Prompt(votes),
            Phrase::Number(digit.into()),
        ]);
    }
    if phrases.len() == 1 {
        phrases.push(Phrase::Prompt(Prompt::NoVotes));
    }
    phrases
}
