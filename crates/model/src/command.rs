//! What a meeting can be asked to do. Keypad, REST and console all end here: one verb, one implementation.

use crate::attribute::AttributeId;
use crate::{Cause, LegId, Mute, MuteMask, PollStatus, Question, RecordingFault, Role, Sid};

/// Who asks, or decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A caller, by keypad or by hanging up.
    Leg(LegId),
    /// A subscriber, by REST.
    User(Sid),
    /// The bridge itself: a timer, a policy, the network.
    Bridge,
}

/// A caller who has passed the menus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrant {
    /// The leg.
    pub leg: LegId,
    /// As the access code says.
    pub role: Role,
    /// Name to show, empty if unknown.
    pub name: String,
    /// Calling number as shown in rosters: digits without plus, or empty.
    pub caller: String,
    /// Dialled number, digits without plus.
    pub callee: String,
    /// The code that was keyed.
    pub access_code: String,
}

/// One thing a meeting can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A caller asks to be let in (steps 8 to 15 of the call flow).
    Join(Box<Entrant>),
    /// The leg is gone; comes after the fact.
    Leave {
        /// Which.
        leg: LegId,
        /// Why.
        cause: Cause,
    },
    /// Hang up one leg.
    Drop {
        /// Which.
        leg: LegId,
    },
    /// Toggle a leg's own mute (its soft bit).
    ToggleMute {
        /// Which.
        leg: LegId,
    },
    /// Set both mute bits of a leg.
    SetMute {
        /// Which.
        leg: LegId,
        /// New state.
        mute: Mute,
    },
    /// Step the mute mode of the others: 32 ▸ 36 ▸ 40 ▸ 32.
    StepMuteMode,
    /// Set the meeting's mute mode; later joiners get it too.
    SetMuteMode(MuteMask),
    /// Hold or release one leg.
    SetHold {
        /// Which.
        leg: LegId,
        /// New state.
        on: bool,
    },
    /// Toggle hold of participants and listeners.
    ToggleHold,
    /// Set the meeting's hold mode; later joiners get it too.
    SetHoldMode(MuteMask),
    /// Toggle the lock.
    ToggleLock,
    /// Lock or unlock.
    SetLock(bool),
    /// Step entry:exit tones on:on ▸ on:off ▸ off:on ▸ off:off.
    StepTones,
    /// Begin or end a question-and-answer session.
    SetQa(bool),
    /// Give the floor to whoever raised a hand first.
    NextQuestion,
    /// Raise a leg's hand, or lower it; one that has the floor gives it back.
    ToggleHand {
        /// Which.
        leg: LegId,
    },
    /// Change a leg's part in the question-and-answer session, out of turn too.
    SetQuestion {
        /// Which.
        leg: LegId,
        /// The new one.
        question: Question,
    },
    /// Open a poll, close it, or clear its result.
    SetPoll(PollStatus),
    /// A leg votes in the open poll; its last vote counts.
    Vote {
        /// Which.
        leg: LegId,
        /// For what, 0 to 9.
        digit: u8,
    },
    /// Call the operator for a leg; one that has called or is with the operator comes back.
    ToggleOperator {
        /// Which.
        leg: LegId,
    },
    /// Call the operator for a leg, or bring it back.
    SetOperator {
        /// Which.
        leg: LegId,
        /// New state.
        on: bool,
    },
    /// The operator whom a leg has called is there; comes after the fact.
    OperatorAnswered {
        /// Which.
        leg: LegId,
    },
    /// The operator does not come, or is gone; comes after the fact.
    OperatorGone {
        /// Whose.
        leg: LegId,
        /// Why.
        cause: Cause,
    },
    /// Start recording, or stop.
    ToggleRecording,
    /// Start recording or stop.
    SetRecording(bool),
    /// The recording asked for is being written; comes after the fact.
    RecordingBegan {
        /// Which of the meeting, from 1.
        take: u32,
    },
    /// Some of the recording could not be written in time, and silence stands in its place; comes after the fact.
    RecordingGap {
        /// Which of the meeting, from 1.
        take: u32,
        /// How much, ms.
        ms: u32,
    },
    /// The recording could not begin or go on; comes after the fact.
    RecordingFailed {
        /// Which of the meeting, from 1.
        take: u32,
        /// Why.
        fault: RecordingFault,
    },
    /// Tell a leg how many people are in the meeting.
    Count {
        /// Which.
        leg: LegId,
    },
    /// Give a leg another role.
    SetRole {
        /// Which.
        leg: LegId,
        /// The new one.
        role: Role,
    },
    /// The leg keyed the role PIN rightly or wrongly (the bridge has looked it up); a right one makes it host.
    RolePin {
        /// Which.
        leg: LegId,
        /// Whether the PIN was one of the room's host codes.
        right: bool,
    },
    /// Change the name shown for a leg.
    SetName {
        /// Which.
        leg: LegId,
        /// The new one.
        name: String,
    },
    /// Change the microphone level of a leg.
    SetGain {
        /// Which.
        leg: LegId,
        /// In dB, −20 to 20.
        db: i8,
    },
    /// Change one attribute of the running meeting; `None` goes back to the room's value.
    SetAttribute {
        /// Which.
        id: AttributeId,
        /// Checked wire text.
        value: Option<String>,
    },
    /// Start the meeting now, whatever it waits for.
    Start,
    /// End the meeting for everybody.
    Stop,
}
