//! Detail records: what remains of a call and of a meeting. Times are epoch ms.

use std::fmt;

use crate::{Cause, LegId, MeetingId, MeetingNumber, Role, Sid, masked};

/// Call detail record, one for every call, refused ones too.
#[derive(Clone, PartialEq, Eq)]
pub struct Cdr {
    /// The call.
    pub leg: LegId,
    /// The tenant that owns the meeting it was in last. Of a call that came to none: whose number was dialled, `None` for a number nobody owns;
    /// of one the bridge made, the owner of the room or of the caller that it was for.
    pub subscriber_sid: Option<Sid>,
    /// Dialled number as dialled.
    pub callee: String,
    /// Calling number with plus, or name.
    pub caller: String,
    /// Network address of the caller, or the one that the bridge's call went to.
    pub source: String,
    /// Whether the bridge dialled out.
    pub outbound: bool,
    /// Codec name, empty when none was agreed.
    pub codec: String,
    /// When the call came, or was asked for.
    pub created_ms: i64,
    /// When it was answered.
    pub answered_ms: Option<i64>,
    /// When it joined the meeting.
    pub joined_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: i64,
    /// The meeting it was in last.
    pub meeting: Option<(MeetingId, MeetingNumber)>,
    /// Its role there.
    pub role: Option<Role>,
    /// The code that opened the meeting; wrong ones are not kept.
    pub access_code: String,
    /// Name given.
    pub custom_name: String,
    /// Why it ended.
    pub cause: Cause,
    /// SIP status of a refusal, 200 for answered calls.
    pub sip_status: u16,
}

impl fmt::Debug for Cdr {
    /// Without the code and whole numbers, which no log is to hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cdr")
            .field("leg", &self.leg)
            .field("subscriber_sid", &self.subscriber_sid)
            .field("callee", &masked(&self.callee))
            .field("caller", &masked(&self.caller))
            .field("source", &self.source)
            .field("outbound", &self.outbound)
            .field("codec", &self.codec)
            .field("created_ms", &self.created_ms)
            .field("answered_ms", &self.answered_ms)
            .field("joined_ms", &self.joined_ms)
            .field("ended_ms", &self.ended_ms)
            .field("meeting", &self.meeting)
            .field("role", &self.role)
            .field("cause", &self.cause)
            .field("sip_status", &self.sip_status)
            .finish_non_exhaustive()
    }
}

/// Meeting detail record, one for every meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mdr {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its number.
    pub number: MeetingNumber,
    /// The tenant it belonged to.
    pub subscriber_sid: Sid,
    /// When its first caller came.
    pub created_ms: i64,
    /// When it started.
    pub started_ms: Option<i64>,
    /// When it was over.
    pub ended_ms: i64,
    /// Calls that were in it.
    pub calls: u32,
    /// Most at once.
    pub peak: u32,
    /// Why it ended.
    pub cause: Cause,
    /// Opened by an unknown code.
    pub on_the_fly: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_and_no_whole_number_is_in_a_debug_text() {
        let cdr = Cdr {
            leg: LegId(7),
            subscriber_sid: Some(Sid::new("s1")),
            callee: "15162065319".to_owned(),
            caller: "+12025550123".to_owned(),
            source: "192.0.2.7".to_owned(),
            outbound: false,
            codec: "PCMU".to_owned(),
            created_ms: 0,
            answered_ms: None,
            joined_ms: None,
            ended_ms: 0,
            meeting: None,
            role: Some(Role::Host),
            access_code: "735268".to_owned(),
            custom_name: String::new(),
            cause: Cause::HungUp,
            sip_status: 200,
        };
        let text = format!("{cdr:?}");
        for shown in ["s1", "192.0.2.7", "HungUp", "*********19", "+*********23"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        for secret in ["735268", "12025550123", "15162065319"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
