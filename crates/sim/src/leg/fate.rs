//! How far a phone is, and what became of its call.

use std::time::Duration;

/// How far a phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It will call.
    Waiting,
    /// It has called.
    Calling,
    /// It was answered.
    Up,
    /// It hangs up.
    Leaving,
    /// Nothing more happens.
    Over,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing yet; at the end: never dialled.
    Open,
    /// Answered, not over.
    Answered,
    /// Refused with a status.
    Refused(u16),
    /// No final answer.
    Unanswered,
    /// Answered with an SDP that cannot be used, and why.
    NoAudio(String),
    /// The bridge hung up first.
    HungUp,
    /// Our BYE: answered or not.
    Ended(bool),
}

/// Packets that a phone sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) packets: u64,
    /// Packets of silence that were left out.
    pub(crate) unsent: u64,
    /// Sent more than 5 ms, more than 20 ms after their time: the simulator's own faults.
    pub(crate) late_5ms: u64,
    pub(crate) late_20ms: u64,
}

impl Sent {
    /// One was sent, or lost on purpose, so long after its time.
    pub(crate) fn note(&mut self, late: Duration) {
        self.packets += 1;
        self.late_5ms += u64::from(late > Duration::from_millis(5));
        self.late_20ms += u64::from(late > Duration::from_millis(20));
    }
}
