use serde::Serialize;

use super::seconds;
use crate::fields::{Plain, Wire, number, text};

/// Call detail record. Times are epoch ms; `duration` is in seconds, from the answer to the end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cdr {
    access_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<i64>,
    callee: String,
    caller: String,
    cause: &'static str,
    codec: String,
    connection_status: u8,
    created: i64,
    custom_name: String,
    duration: i64,
    ended: i64,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meeting_number: Option<u32>,
    role: u8,
    sip_status: u16,
    source: String,
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
