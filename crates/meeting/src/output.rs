use model::{Actor, Cause, Event, LegId, Phrase, RecordingEnd};

/// What a leg hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// The meeting, without itself.
    Room,
    /// Music.
    Music,
    /// Nothing.
    Nothing,
    /// The operator, in private; music until one is there.
    Operator,
}

/// A sound for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody came in.
    Entry,
    /// Somebody left.
    Exit,
}

/// Who hears something said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One leg, privately.
    Leg(LegId),
    /// Everybody who hears the meeting.
    Everyone,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The leg was let in: into the waiting room or the meeting itself.
    Admitted {
        /// Which.
        leg: LegId,
        /// Whether it waits for the start.
        waiting: bool,
    },
    /// The leg was not let in: say this and end its call.
    Refused {
        /// Which.
        leg: LegId,
        /// Why.
        cause: Cause,
        /// Last words.
        say: Vec<Phrase>,
    },
    /// Whether a leg is heard, and what it hears.
    Route {
        /// Which.
        leg: LegId,
        /// Whether its voice goes into the mix.
        speaks: bool,
        /// What it hears.
        hears: Hears,
    },
    /// Microphone level of a leg.
    Gain {
        /// Which.
        leg: LegId,
        /// In dB.
        db: i8,
    },
    /// Say something.
    Say {
        /// To whom.
        to: Audience,
        /// What.
        phrases: Vec<Phrase>,
    },
    /// Play a sound to everybody.
    Tone(Tone),
    /// Say this to a leg of the meeting and end its call; its [`model::Command::Leave`] follows.
    Drop {
        /// Which.
        leg: LegId,
        /// Why.
        cause: Cause,
        /// Last words; none: at once.
        say: Vec<Phrase>,
    },
    /// Call the operator for a leg; answer with [`model::Command::OperatorAnswered`] and [`model::Command::OperatorGone`], or the second
    /// alone.
    CallOperator {
        /// Which.
        leg: LegId,
        /// Who asked for it.
        by: Actor,
    },
    /// The leg has no more use for its operator: end that call, should there be one.
    DropOperator {
        /// Which.
        leg: LegId,
    },
    /// Record the meeting from now on; [`model::Command::RecordingBegan`] or [`model::Command::RecordingFailed`] follows.
    Record {
        /// Which of this meeting, from 1.
        take: u32,
        /// Name of the file.
        file: String,
        /// Who asked for it.
        by: Actor,
    },
    /// Record it no longer.
    EndRecording {
        /// Which of this meeting, from 1.
        take: u32,
        /// How it ended.
        end: RecordingEnd,
    },
    /// Something the world may know, in order.
    Event {
        /// Who asked or decided.
        actor: Actor,
        /// What.
        event: Event,
    },
    /// The last leg is gone; nothing follows.
    Ended {
        /// Why.
        cause: Cause,
    },
}
