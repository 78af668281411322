//! A call that is only played: what is asked, and what it would go through.

use std::sync::Arc;
use std::time::Duration;

use model::attribute::Resolved;
use model::directory::{Dialled, Room};
use model::{Cause, MeetingView, Phrase, Role};

use crate::backend::Scope;

/// A call to be played.
#[derive(Clone, Debug)]
pub struct SimulatedCall {
    /// The number that is dialled.
    pub dialled: Dialled,
    /// Calling number or name; empty where it is withheld.
    pub caller: String,
    /// Keys that the caller presses, each as soon as it is listened to.
    pub keys: String,
    /// Whether the meetings that are going on now are there; otherwise nobody is on the line.
    pub among_others: bool,
    /// Whose rooms and meetings may be told of; codes of others are taken for unknown.
    pub scope: Scope,
}

/// What a call would go through.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The caller as it is shown.
    pub caller: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// How many of the keys were listened to in the menu.
    pub consumed: usize,
    /// The role that the code gives; `None` when no code was good.
    pub role: Option<Role>,
    /// The room that the code opens, unless it is a meeting on the fly.
    pub room: Option<Arc<Room>>,
    /// The meeting that is going on already.
    pub meeting: Option<Arc<MeetingView>>,
    /// Whether the call would open a meeting that belongs to no room.
    pub opens_on_the_fly: bool,
    /// How it ends.
    pub outcome: Outcome,
    /// Settings in force at the end: of the number until a code was good, then of the meeting as it would begin.
    pub settings: Resolved,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the call came. What is said takes no time here.
    pub after: Duration,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It rings.
    Ring,
    /// The bridge answers.
    Answer,
    /// The caller hears this.
    Say(Vec<Phrase>),
    /// The caller presses a key.
    Key(char),
    /// A code is looked up.
    LookUp,
    /// The caller hears the tone of somebody who comes in.
    EntryTone,
    /// The bridge calls the operator for the caller.
    CallOperator,
    /// The bridge hangs up.
    HangUp,
}

/// How a call ends, as far as it is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In the meeting.
    Joined,
    /// In the waiting room, until somebody starts the meeting.
    Waiting,
    /// Turned away.
    Refused(Cause),
}
