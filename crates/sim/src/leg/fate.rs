//! How far a phone is, and what became of its call.

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
    /// Sent more than 5 ms, more than 20 ms after their time: the simulator's own faults.
    pub(crate) late_5ms: u64,
    pub(crate) late_20ms: u64,
}
