use schemars::JsonSchema;
use serde::Serialize;

use super::seconds;
use crate::fields::{Plain, Wire, number, text};
use crate::openapi::CauseName;

/// Call detail record. Times are epoch ms; `duration` is in seconds, from the answer to the end.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cdr {
    /// Code that opened the meeting; empty when none did.
    access_code: String,
    /// When it was answered, epoch ms; absent when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<i64>,
    /// Number that was dialled, E.164 without plus.
    callee: String,
    /// Number of the caller, E.164 with plus.
    caller: String,
    /// Why it ended.
    #[schemars(with = "CauseName")]
    cause: &'static str,
    /// Codec of its audio; empty when none was agreed on.
    codec: String,
    /// 0 inbound, 1 outbound.
    #[schemars(extend("enum" = [0, 1]))]
    connection_status: u8,
    /// When it came, epoch ms.
    created: i64,
    /// Name given to the caller.
    custom_name: String,
    /// Seconds from the answer to the end.
    duration: i64,
    /// When it ended, epoch ms.
    ended: i64,
    /// Id of the call.
    id: u64,
    /// When it joined the meeting, epoch ms; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    /// Id of the meeting, of which a number has many one after another.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_id: Option<u64>,
    /// Number of the meeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    /// 0 none, 1 host, 2 participant, 3 listener.
    #[schemars(extend("enum" = [0, 1, 2, 3]))]
    role: u8,
    /// SIP status that it was answered with.
    sip_status: u16,
    /// Address that it came from.
    source: String,
    /// Owner; absent when no number of ours was dialled.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber_sid: Option<String>,
}

impl Wire for Cdr {
    const COLLECTION: &'static str = "cdrs";
    const PLAIN: &'static [Plain] = &[
        text("accessCode"),
        number("answered"),
        text("callee"),
        text("caller"),
        text("cause"),
        text("codec"),
        number("connectionStatus"),
        number("created"),
        text("customName"),
        number("duration"),
        number("ended"),
        number("id"),
        number("joined"),
        number("meetingId"),
        number("meetingNumber"),
        number("role"),
        number("sipStatus"),
        text("source"),
        text("subscriberSid"),
    ];
    const NESTED: &'static [&'static str] = &[];
}

impl From<model::Cdr> for Cdr {
    fn from(record: model::Cdr) -> Self {
        Self {
            access_code: record.access_code,
            answered: record.answered_ms,
            callee: record.callee,
            caller: record.caller,
            cause: record.cause.text(),
            codec: record.codec,
            connection_status: u8::from(record.outbound),
            created: record.created_ms,
            custom_name: record.custom_name,
            duration: record.answered_ms.map_or(0, |ms| seconds(ms, record.ended_ms)),
            ended: record.ended_ms,
            id: record.leg.0,
            joined: record.joined_ms,
            meeting_id: record.meeting.map(|(id, _)| id.0),
            meeting_number: record.meeting.map(|(_, number)| number.0),
            role: record.role.map_or(0, |role| role as u8),
            sip_status: record.sip_status,
            source: record.source,
            subscriber_sid: record.subscriber_sid.map(|sid| sid.to_string()),
        }
    }
}
