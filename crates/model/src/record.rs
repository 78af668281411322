//! Detail records: what remains of a call and of a meeting. Times are epoch ms.

use crate::{Cause, LegId, MeetingId, MeetingNumber, Role, Sid};

/// Call detail record, one for every call, refused ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
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
