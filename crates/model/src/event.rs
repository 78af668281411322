//! What the world may know of a meeting, in order.

use crate::attribute::AttributeId;
use crate::{
    Cause, LegId, Mute, MuteMask, OperatorMode, Question, RecordingEnd, RecordingFault, Role, Tally,
};

/// One thing that happened to a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The meeting came into being with its first caller.
    Created,
    /// Its start condition was met.
    Started,
    /// It is over.
    Ended {
        /// Why.
        cause: Cause,
    },
    /// A leg waits for the start.
    Waiting {
        /// Which.
        leg: LegId,
        /// As what.
        role: Role,
    },
    /// A leg is in the meeting.
    Joined {
        /// Which.
        leg: LegId,
        /// As what.
        role: Role,
    },
    /// A leg was not let in.
    Refused {
        /// Which.
        leg: LegId,
        /// Why.
        cause: Cause,
    },
    /// A leg is out; follows exactly one `Waiting` or `Joined`.
    Left {
        /// Which.
        leg: LegId,
        /// Why.
        cause: Cause,
    },
    /// A leg's mute bits changed.
    Muted {
        /// Which.
        leg: LegId,
        /// New bits.
        mute: Mute,
    },
    /// A leg was held or released.
    Held {
        /// Which.
        leg: LegId,
        /// New state.
        on: bool,
    },
    /// The meeting's mute mode changed; one that was told is open again before the meeting ends. So it is with the hold mode.
    MuteModeSet(MuteMask),
    /// The meeting's hold mode changed.
    HoldModeSet(MuteMask),
    /// Locked or unlocked.
    Locked(bool),
    /// A question-and-answer session began or ended.
    QaSet(bool),
    /// A leg's part in the session changed: its hand was raised or lowered, the floor given to it or taken from it.
    QuestionSet {
        /// Which.
        leg: LegId,
        /// The new one.
        question: Question,
    },
    /// A leg has called the operator, is with the operator, or is back. Callers in the menu can be with the operator, too: then no meeting
    /// tells it.
    OperatorSet {
        /// Which.
        leg: LegId,
        /// How far it is now.
        mode: OperatorMode,
        /// Why it is back, or why the bridge called the operator; nothing where the actor says it all.
        cause: Option<Cause>,
    },
    /// A poll was opened.
    PollOpened,
    /// It was closed, with this result.
    PollClosed(Tally),
    /// Its result was cleared.
    PollCleared,
    /// Its recording has begun.
    RecordingStarted {
        /// Name of the file.
        file: String,
    },
    /// Its recording has ended; follows exactly one `RecordingStarted`.
    RecordingStopped {
        /// Name of the file.
        file: String,
        /// How it ended.
        end: RecordingEnd,
        /// Silence in place of what could not be written in time, ms.
        gap_ms: u32,
    },
    /// It could not be recorded, or not any more.
    RecordingFailed {
        /// Why.
        fault: RecordingFault,
    },
    /// A leg's role changed.
    RoleSet {
        /// Which.
        leg: LegId,
        /// The new one.
        role: Role,
    },
    /// A leg's name changed.
    Named {
        /// Which.
        leg: LegId,
        /// The new one.
        name: String,
    },
    /// A leg's microphone level changed.
    GainSet {
        /// Which.
        leg: LegId,
        /// In dB.
        db: i8,
    },
    /// An attribute of the running meeting changed (tones among them).
    AttributeSet {
        /// Which.
        id: AttributeId,
        /// New wire text in force.
        value: String,
    },
    /// The meeting ends at a known time unless something changes.
    Ending {
        /// What would end it.
        cause: Cause,
        /// Seconds from now.
        seconds: u32,
    },
    /// What would have ended it no longer will.
    EndingCancelled,
}

impl Event {
    /// The leg whose view it changes, if it is one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Waiting { leg, .. } | Self::Joined { leg, .. } | Self::Refused { leg, .. } => Some(*leg),
            Self::Left { leg, .. } | Self::Muted { leg, .. } | Self::Held { leg, .. } => Some(*leg),
            Self::RoleSet { leg, .. } | Self::Named { leg, .. } | Self::GainSet { leg, .. } => Some(*leg),
            Self::QuestionSet { leg, .. } | Self::OperatorSet { leg, .. } => Some(*leg),
            Self::Created | Self::Started | Self::Ended { .. } | Self::MuteModeSet(_) => None,
            Self::HoldModeSet(_) | Self::Locked(_) | Self::AttributeSet { .. } => None,
            Self::QaSet(_) | Self::PollOpened | Self::PollClosed(_) | Self::PollCleared => None,
            Self::RecordingStarted { .. } | Self::RecordingStopped { .. } | Self::RecordingFailed { .. } => {
                None
            }
            Self::Ending { .. } | Self::EndingCancelled => None,
        }
    }
}
