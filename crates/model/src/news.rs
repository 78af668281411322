//! What the world may know, of calls and meetings alike: one ordered stream.

use crate::attribute::AttributeId;
use crate::{Actor, Cause, Command, Event, LegId, MeetingId, MeetingNumber, PresenterMedia, Sid};

/// One thing that happened, with its place in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Grows through the whole bridge, over restarts too; there are gaps.
    pub id: u64,
    /// When, epoch ms.
    pub at_ms: i64,
    /// The tenant it belongs to: the meeting's, outside of meetings whose the call was then.
    pub subscriber_sid: Sid,
    /// Where in a meeting's log it stands, if it happened in one.
    pub place: Option<Place>,
    /// Who asked or decided.
    pub actor: Actor,
    /// What.
    pub news: News,
    /// Who called, of what tells of a call's coming.
    pub party: Option<Party>,
    /// Whether anybody may be told while it goes on (`conference_realtime`).
    pub is_live: bool,
}

/// A place in the log of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its number.
    pub number: MeetingNumber,
    /// Counted from 0, without gaps.
    pub seq: u64,
}

/// Both ends of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Calling number with plus, or whatever name the phone gave.
    pub caller: String,
    /// Dialled number, digits without plus.
    pub callee: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// To a meeting, as it decided itself.
    Meeting(Event),
    /// To a call.
    Call {
        /// Which.
        leg: LegId,
        /// What.
        what: CallNews,
    },
}

/// What happens to a call beside what its meeting decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallNews {
    /// It has come, and rings.
    Ringing,
    /// It was answered, and is in the menu.
    InMenu,
    /// It is over; nothing follows.
    Ended {
        /// Why.
        cause: Cause,
    },
    /// Its caller began or ceased to talk, and is heard.
    Talking {
        /// Whether it began.
        on: bool,
    },
    /// Its caller is heard badly, or well again.
    QualityAlarm {
        /// Whether badly.
        on: bool,
        /// Mean opinion score of the last ten seconds, hundredths.
        mos_hundredths: u16,
    },
    /// Its caller keyed a command.
    Keyed(KeyedCommand),
    /// It is marked as presenting other media than before.
    Presents(PresenterMedia),
}

macro_rules! words {
    ($(#[$doc:meta])* $Name:ident { $( $(#[$row:meta])+ $Row:ident = $text:literal, )+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Name { $( $(#[$row])+ $Row, )+ }

        impl $Name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$Row,)+];

            /// Its word on the wire and on disk.
            pub fn text(self) -> &'static str {
                match self { $(Self::$Row => $text,)+ }
            }

            /// The one with this word.
            pub fn find(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|row| row.text() == text)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// A command as it is keyed.
    KeyedCommand {
        /// Toggle one's own mute.
        Mute = "mute",
        /// Step the mute of the others.
        MuteOthers = "muteOthers",
        /// Toggle the hold of the others.
        Hold = "hold",
        /// Toggle the lock.
        Lock = "lock",
        /// Hear how many there are.
        Count = "count",
        /// Hear which commands there are.
        Help = "help",
        /// Step the entry and exit tones.
        Tones = "tones",
        /// Leave.
        Leave = "leave",
        /// Become host by a code, right or wrong.
        RolePin = "rolePin",
        /// Begin questions and answers, take the next question, or end them.
        Questions = "questions",
        /// Raise or lower one's hand.
        Hand = "hand",
        /// Open or close a poll.
        Poll = "poll",
        /// Call the operator, or come back.
        Operator = "operator",
        /// Start or stop recording.
        Record = "record",
    }
}

impl KeyedCommand {
    /// What a command to a meeting is called that came from the keypad; nothing for one that no key gives. [`Self::Help`] comes
    /// of none: its caller is answered without the meeting.
    pub fn of(command: &Command) -> Option<Self> {
        match command {
            Command::ToggleMute { .. } => Some(Self::Mute),
            Command::StepMuteMode => Some(Self::MuteOthers),
            Command::ToggleHold => Some(Self::Hold),
            Command::ToggleLock => Some(Self::Lock),
            Command::Count { .. } => Some(Self::Count),
            Command::StepTones => Some(Self::Tones),
            Command::Drop { .. } => Some(Self::Leave),
            Command::RolePin { .. } => Some(Self::RolePin),
            Command::SetQa(_) | Command::NextQuestion => Some(Self::Questions),
            Command::ToggleHand { .. } => Some(Self::Hand),
            Command::SetPoll(_) => Some(Self::Poll),
            Command::ToggleOperator { .. } => Some(Self::Operator),
            Command::ToggleRecording => Some(Self::Record),
            Command::Join(_)
            | Command::Leave { .. }
            | Command::SetMute { .. }
            | Command::SetMuteMode(_)
            | Command::SetHold { .. }
            | Command::SetHoldMode(_)
            | Command::SetLock(_)
            | Command::SetRole { .. }
            | Command::SetName { .. }
            | Command::SetGain { .. }
            | Command::SetAttribute { .. }
            | Command::SetQuestion { .. }
            | Command::SetOperator { .. }
            | Command::OperatorAnswered { .. }
            | Command::OperatorGone { .. }
            // Whoever votes is not told of, and neither is that he did.
            | Command::Vote { .. }
            | Command::SetRecording(_)
            | Command::RecordingBegan { .. }
            | Command::RecordingGap { .. }
            | Command::RecordingFailed { .. }
            | Command::Start
            | Command::Stop => None,
        }
    }
}

words! {
    /// The type of an event, as subscribers choose by it.
    NewsKind {
        /// [`CallNews::Ringing`]
        CallRinging = "call.ringing",
        /// [`CallNews::InMenu`]
        CallMenu = "call.menu",
        /// [`Event::Waiting`]
        CallWaiting = "call.waiting",
        /// [`Event::Joined`]
        CallJoined = "call.joined",
        /// [`Event::Refused`]
        CallRefused = "call.refused",
        /// [`Event::Left`]
        CallLeft = "call.left",
        /// [`CallNews::Ended`]
        CallEnded = "call.ended",
        /// [`Event::Muted`]
        CallMuted = "call.muted",
        /// [`Event::Held`]
        CallHeld = "call.held",
        /// [`Event::Named`]
        CallNamed = "call.named",
        /// [`Event::RoleSet`]
        CallRole = "call.role",
        /// [`Event::GainSet`]
        CallGain = "call.gain",
        /// [`Event::QuestionSet`]
        CallQuestion = "call.question",
        /// [`Event::OperatorSet`]
        CallOperator = "call.operator",
        /// [`CallNews::Presents`]
        CallPresenter = "call.presenter",
        /// [`CallNews::Talking`]
        TalkingOn = "talking.on",
        /// [`CallNews::Talking`]
        TalkingOff = "talking.off",
        /// [`CallNews::Keyed`]
        DigitsCommand = "digits.command",
        /// [`Event::Created`]
        MeetingCreated = "meeting.created",
        /// [`Event::Started`]
        MeetingStarted = "meeting.started",
        /// [`Event::Ended`]
        MeetingEnded = "meeting.ended",
        /// [`Event::Locked`]
        MeetingLocked = "meeting.locked",
        /// [`Event::MuteModeSet`]
        MeetingMuteMode = "meeting.muteMode",
        /// [`Event::HoldModeSet`]
        MeetingHoldMode = "meeting.holdMode",
        /// [`Event::AttributeSet`]
        MeetingAttribute = "meeting.attribute",
        /// [`Event::QaSet`]
        MeetingQa = "meeting.qa",
        /// [`Event::PollOpened`]
        PollOpened = "poll.opened",
        /// [`Event::PollClosed`]
        PollClosed = "poll.closed",
        /// [`Event::PollCleared`]
        PollCleared = "poll.cleared",
        /// [`Event::RecordingStarted`]
        RecordingStarted = "recording.started",
        /// [`Event::RecordingStopped`]
        RecordingStopped = "recording.stopped",
        /// [`Event::RecordingFailed`]
        RecordingFailed = "recording.failed",
        /// [`Event::Ending`]
        MeetingEnding = "meeting.ending",
        /// [`Event::EndingCancelled`]
        MeetingEndingCancelled = "meeting.endingCancelled",
        /// [`CallNews::QualityAlarm`]
        QualityAlarm = "quality.alarm",
    }
}

impl NewsKind {
    /// Whether `pattern` means it: its own word, or that of its family with a star, such as `call.*`.
    pub fn fits(self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(family) => family.ends_with('.') && self.text().starts_with(family),
            None => self.text() == pattern,
        }
    }

    /// Whether `pattern` means any at all.
    pub fn is_pattern(pattern: &str) -> bool {
        Self::ALL.iter().any(|kind| kind.fits(pattern))
    }
}

impl News {
    /// Its type.
    pub fn kind(&self) -> NewsKind {
        match self {
            Self::Meeting(event) => kind_of(event),
            Self::Call { what, .. } => match what {
                CallNews::Ringing => NewsKind::CallRinging,
                CallNews::InMenu => NewsKind::CallMenu,
                CallNews::Ended { .. } => NewsKind::CallEnded,
                CallNews::Talking { on: true } => NewsKind::TalkingOn,
                CallNews::Talking { on: false } => NewsKind::TalkingOff,
                CallNews::QualityAlarm { .. } => NewsKind::QualityAlarm,
                CallNews::Keyed(_) => NewsKind::DigitsCommand,
                CallNews::Presents(_) => NewsKind::CallPresenter,
            },
        }
    }

    /// Whether the world may be told of its meeting from here on, where that changes with it (`conference_realtime`).
    pub fn turns_live(&self) -> Option<bool> {
        match self {
            Self::Meeting(Event::AttributeSet { id, value }) if *id == AttributeId::conference_realtime => {
                Some(value == "on")
            }
            Self::Meeting(_) | Self::Call { .. } => None,
        }
    }

    /// The call it concerns, if it is one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Meeting(event) => event.leg(),
            Self::Call { leg, .. } => Some(*leg),
        }
    }
}

fn kind_of(event: &Event) -> NewsKind {
    match event {
        Event::Created => NewsKind::MeetingCreated,
        Event::Started => NewsKind::MeetingStarted,
        Event::Ended { .. } => NewsKind::MeetingEnded,
        Event::Waiting { .. } => NewsKind::CallWaiting,
        Event::Joined { .. } => NewsKind::CallJoined,
        Event::Refused { .. } => NewsKind::CallRefused,
        Event::Left { .. } => NewsKind::CallLeft,
        Event::Muted { .. } => NewsKind::CallMuted,
        Event::Held { .. } => NewsKind::CallHeld,
        Event::MuteModeSet(_) => NewsKind::MeetingMuteMode,
        Event::HoldModeSet(_) => NewsKind::MeetingHoldMode,
        Event::Locked(_) => NewsKind::MeetingLocked,
        Event::RoleSet { .. } => NewsKind::CallRole,
        Event::Named { .. } => NewsKind::CallNamed,
        Event::GainSet { .. } => NewsKind::CallGain,
        Event::AttributeSet { .. } => NewsKind::MeetingAttribute,
        Event::QaSet(_) => NewsKind::MeetingQa,
        Event::QuestionSet { .. } => NewsKind::CallQuestion,
        Event::OperatorSet { .. } => NewsKind::CallOperator,
        Event::PollOpened => NewsKind::PollOpened,
        Event::PollClosed(_) => NewsKind::PollClosed,
        Event::PollCleared => NewsKind::PollCleared,
        Event::RecordingStarted { .. } => NewsKind::RecordingStarted,
        Event::RecordingStopped { .. } => NewsKind::RecordingStopped,
        Event::RecordingFailed { .. } => NewsKind::RecordingFailed,
        Event::Ending { .. } => NewsKind::MeetingEnding,
        Event::EndingCancelled => NewsKind::MeetingEndingCancelled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_one_type_or_a_whole_family() {
        let fitting = |pattern: &str| NewsKind::ALL.iter().filter(|kind| kind.fits(pattern)).count();
        for (pattern, count) in [
            ("call.joined", 1),
            ("talking.*", 2),
            ("call.*", 15),
            ("quality.*", 1),
            ("recording.*", 3),
            ("*", 0),
            ("call*", 0),
            ("call", 0),
            ("", 0),
            ("call.join", 0),
        ] {
            assert_eq!(fitting(pattern), count, "{pattern}");
            assert_eq!(NewsKind::is_pattern(pattern), count > 0, "{pattern}");
        }
    }

    #[test]
    fn words_are_found_again_and_none_stands_twice() {
        let kinds: std::collections::BTreeSet<_> = NewsKind::ALL.iter().map(|kind| kind.text()).collect();
        assert_eq!(kinds.len(), NewsKind::ALL.len());
        assert!(
            NewsKind::ALL
                .iter()
                .all(|kind| NewsKind::find(kind.text()) == Some(*kind))
        );
        assert!(
            KeyedCommand::ALL
                .iter()
                .all(|key| KeyedCommand::find(key.text()) == Some(*key))
        );
    }
}
