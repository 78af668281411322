//! Why something ended or was refused. Decided where it happens, carried as a value into log, record, event and API.

use std::fmt;

macro_rules! causes {
    ($( $(#[doc = $doc:literal])+ $Name:ident = $text:literal, )+) => {
        /// Why a call or meeting ended, or why a caller was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause { $( $(#[doc = $doc])+ $Name, )+ }

        impl Cause {
            /// Every cause.
            pub const ALL: &'static [Self] = &[$(Self::$Name,)+];

            /// The word used in logs, records, events and the API.
            pub fn text(self) -> &'static str {
                match self { $(Self::$Name => $text,)+ }
            }
        }
    };
}

causes! {
    /// The caller hung up.
    HungUp = "hung_up",
    /// The caller gave up before the call was answered.
    Cancelled = "cancelled",
    /// The caller keyed the leave command.
    Left = "left",
    /// Ended by a REST request.
    DroppedByApi = "dropped_by_api",
    /// Ended by a host.
    DroppedByHost = "dropped_by_host",
    /// The dialled number is not one of ours.
    UnknownNumber = "unknown_number",
    /// No room for another call: legs, calls a second or headroom.
    BridgeFull = "bridge_full",
    /// No port for its audio could be opened: all are in use, or the address is none of this machine's.
    NoMediaPort = "no_media_port",
    /// The bridge is shutting down and takes no calls.
    Draining = "draining",
    /// The called one is busy.
    Busy = "busy",
    /// The called one did not answer in time.
    NoAnswer = "no_answer",
    /// The called one did not want the call.
    Declined = "declined",
    /// The called one could not be reached.
    Unreachable = "unreachable",
    /// The source is not allowed to call.
    NotAllowed = "not_allowed",
    /// No codec in common.
    NoCodec = "no_codec",
    /// The call's description could not be used.
    BadOffer = "bad_offer",
    /// The INVITE asked for something the bridge does not do.
    NotSupported = "not_supported",
    /// Too many wrong access codes.
    WrongCode = "wrong_code",
    /// Too many guesses from this caller or source.
    TooManyGuesses = "too_many_guesses",
    /// Not on the room's whitelist.
    NotOnList = "not_on_list",
    /// The meeting is locked.
    Locked = "locked",
    /// No place left in the meeting.
    MeetingFull = "meeting_full",
    /// No place left for this role.
    RoleFull = "role_full",
    /// The meeting did not start in time.
    NotStarted = "not_started",
    /// The meeting ended because everybody had left.
    Empty = "empty",
    /// The last host left and the grace was over.
    HostLeft = "host_left",
    /// The meeting had lasted as long as it may.
    MeetingTooLong = "meeting_too_long",
    /// The call had lasted as long as it may.
    CallTooLong = "call_too_long",
    /// The meeting was ended by command.
    MeetingStopped = "meeting_stopped",
    /// The answer was never acknowledged.
    NotAcknowledged = "not_acknowledged",
    /// No audio packet arrived from the start.
    MediaNeverCame = "media_never_came",
    /// Audio packets stopped arriving.
    MediaLost = "media_lost",
    /// Audio packets stopped arriving while the phone had the call on hold.
    MediaLostOnHold = "media_lost_on_hold",
    /// The session was not refreshed.
    SessionExpired = "session_expired",
    /// The transport connection was lost.
    TransportLost = "transport_lost",
    /// The call moved to another meeting.
    Moved = "moved",
    /// A fault of the bridge; the log says more.
    Fault = "fault",
    /// The bridge ended without a farewell: it was killed, or its machine failed.
    Interrupted = "interrupted",
    /// The bridge stopped.
    Shutdown = "shutdown",
}

impl Cause {
    /// The cause called `text`.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.text() == text)
    }

    /// Which sort of end it is.
    pub fn class(self) -> CauseClass {
        match self {
            Self::HungUp
            | Self::Left
            | Self::DroppedByApi
            | Self::DroppedByHost
            | Self::Empty
            | Self::HostLeft
            | Self::MeetingTooLong
            | Self::CallTooLong
            | Self::MeetingStopped
            | Self::Moved
            | Self::Shutdown => CauseClass::Normal,
            Self::Cancelled => CauseClass::Abandoned,
            Self::Busy | Self::NoAnswer | Self::Declined | Self::Unreachable => CauseClass::Unreached,
            Self::UnknownNumber
            | Self::NotAllowed
            | Self::NoCodec
            | Self::BadOffer
            | Self::NotSupported
            | Self::WrongCode
            | Self::TooManyGuesses
            | Self::NotOnList
            | Self::Locked
            | Self::MeetingFull
            | Self::RoleFull
            | Self::NotStarted => CauseClass::Refused,
            Self::BridgeFull | Self::NoMediaPort | Self::Draining => CauseClass::Overload,
            Self::NotAcknowledged
            | Self::MediaNeverCame
            | Self::MediaLost
            | Self::MediaLostOnHold
            | Self::SessionExpired
            | Self::TransportLost
            | Self::Fault
            | Self::Interrupted => CauseClass::Failed,
        }
    }
}

/// Sorts of ends, by whom they concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CauseClass {
    /// Somebody wanted it so, or the rules of the meeting did.
    Normal,
    /// The caller gave up before there was an answer.
    Abandoned,
    /// The bridge called somebody who did not take the call.
    Unreached,
    /// The caller may not, or can not: numbers, codes, codecs, limits of a meeting.
    Refused,
    /// The bridge could not take it: more of it is needed.
    Overload,
    /// It broke: the network, the phone or the bridge.
    Failed,
}

impl CauseClass {
    /// Its word in metrics.
    pub fn text(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Abandoned => "abandoned",
            Self::Unreached => "unreached",
            Self::Refused => "refused",
            Self::Overload => "overload",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_by_its_own_word() {
        for cause in Cause::ALL {
            assert_eq!(Cause::find(cause.text()), Some(*cause));
        }
    }
}
