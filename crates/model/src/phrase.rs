//! What can be said: prompts of the catalogue, numbers and keys, put together into phrases.

macro_rules! prompts {
    ($( $Name:ident = $name:literal, )+) => {
        /// One recorded prompt of the catalogue; the language decides which recording.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Prompt { $( #[doc = concat!("`", $name, "`")] $Name, )+ }

        impl Prompt {
            /// Every prompt.
            pub const ALL: &'static [Self] = &[$(Self::$Name,)+];

            /// Its name in the catalogue, which is the name of its recording.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => $name,)+ }
            }
        }
    };
}

/// A piece of speech.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    /// A recorded prompt.
    Prompt(Prompt),
    /// A whole number, spoken as one: twenty-one.
    Number(u32),
    /// Digits, spoken one by one.
    Digits(String),
    /// Keys of a telephone, spoken one by one: star, six.
    Keys(String),
}

impl From<Prompt> for Phrase {
    fn from(prompt: Prompt) -> Self {
        Self::Prompt(prompt)
    }
}

prompts! {
    Welcome = "welcome",
    EnterCode = "enter_code",
    CodeNotValid = "code_not_valid",
    Goodbye = "goodbye",
    EnterPin = "enter_pin",
    PinRight = "pin_right",
    PinWrong = "pin_wrong",
    LockedOut = "locked_out",
    MeetingFull = "meeting_full",
    NotOnList = "not_on_list",
    NotStarted = "not_started",
    HostDidNotArrive = "host_did_not_arrive",
    TooEarly = "too_early",
    EnterJobCode = "enter_job_code",
    JobCodeAccepted = "job_code_accepted",
    JobCodeNotValid = "job_code_not_valid",
    SayYourName = "say_your_name",
    WaitingForHost = "waiting_for_host",
    WaitingForStart = "waiting_for_start",
    StillWaitingForHost = "still_waiting_for_host",
    MeetingStarts = "meeting_starts",
    OnlyPerson = "only_person",
    ThereAre = "there_are",
    PeopleInMeeting = "people_in_meeting",
    YouAreMuted = "you_are_muted",
    MutedMayUnmute = "muted_may_unmute",
    YouAreOnHold = "you_are_on_hold",
    ThisMeetingIsRecorded = "this_meeting_is_recorded",
    NowMuted = "now_muted",
    NowUnmuted = "now_unmuted",
    MutedByHost = "muted_by_host",
    UnmutedByHost = "unmuted_by_host",
    MutedByHostRaiseHand = "muted_by_host_raise_hand",
    ListenersCannotSpeak = "listeners_cannot_speak",
    ModeOpen = "mode_open",
    ModeSoft = "mode_soft",
    ModeHard = "mode_hard",
    HoldOn = "hold_on",
    HoldOff = "hold_off",
    NowOnHold = "now_on_hold",
    BackFromHold = "back_from_hold",
    NowLocked = "now_locked",
    NowUnlocked = "now_unlocked",
    TonesOnOn = "tones_on_on",
    TonesOnOff = "tones_on_off",
    TonesOffOn = "tones_off_on",
    TonesOffOff = "tones_off_off",
    NowHost = "now_host",
    NowParticipant = "now_participant",
    NowListener = "now_listener",
    HostLeft = "host_left",
    HostBack = "host_back",
    MeetingEndsIn = "meeting_ends_in",
    CallEndsIn = "call_ends_in",
    Second = "second",
    Seconds = "seconds",
    Minute = "minute",
    Minutes = "minutes",
    MeetingOver = "meeting_over",
    HostEndedMeeting = "host_ended_meeting",
    AdministratorEndedMeeting = "administrator_ended_meeting",
    MeetingTimeOver = "meeting_time_over",
    CallTimeOver = "call_time_over",
    Removed = "removed",
    Moved = "moved",
    CommandNotAllowed = "command_not_allowed",
    NotAvailable = "not_available",
    HelpMute = "help_mute",
    HelpMuteOthers = "help_mute_others",
    HelpHold = "help_hold",
    HelpLock = "help_lock",
    HelpCount = "help_count",
    HelpTones = "help_tones",
    HelpQaHost = "help_qa_host",
    HelpRaiseHand = "help_raise_hand",
    HelpPoll = "help_poll",
    HelpOperator = "help_operator",
    HelpRecord = "help_record",
    HelpRolePin = "help_role_pin",
    HelpHelp = "help_help",
    HelpLeave = "help_leave",
    QaStarted = "qa_started",
    QaEnded = "qa_ended",
    HandRaised = "hand_raised",
    HandLowered = "hand_lowered",
    InQueue = "in_queue",
    YouAreNext = "you_are_next",
    YouHaveTheFloor = "you_have_the_floor",
    FloorOver = "floor_over",
    NextQuestion = "next_question",
    NewQuestion = "new_question",
    NoQuestions = "no_questions",
    OneQuestionWaiting = "one_question_waiting",
    QuestionsWaiting = "questions_waiting",
    PollOpened = "poll_opened",
    PollClosed = "poll_closed",
    VoteCounted = "vote_counted",
    VotesFor = "votes_for",
    VoteFor = "vote_for",
    NoVotes = "no_votes",
    RecordingStarted = "recording_started",
    RecordingStopped = "recording_stopped",
    RecordingNotAllowed = "recording_not_allowed",
    RecordingFailed = "recording_failed",
    CallingOperator = "calling_operator",
    OperatorNotAvailable = "operator_not_available",
    WithOperator = "with_operator",
    OperatorCanceled = "operator_canceled",
    BackFromOperator = "back_from_operator",
    ScheduleExtended = "schedule_extended",
    ScheduleEndsSoon = "schedule_ends_soon",
}
