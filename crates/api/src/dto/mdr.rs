use schemars::JsonSchema;
use serde::Serialize;

use super::seconds;
use crate::fields::{Plain, Wire, flag, number, text};
use crate::openapi::CauseName;

/// Meeting detail record. Times are epoch ms; `duration` is in seconds, from the first caller to the end.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mdr {
    /// Calls that were in it, all told.
    calls: u32,
    /// Why it ended.
    #[schemars(with = "CauseName")]
    cause: &'static str,
    /// When its first caller came, epoch ms.
    created: i64,
    /// Seconds from the first caller to the end.
    duration: i64,
    /// When it ended, epoch ms.
    ended: i64,
    /// Id of the meeting.
    id: u64,
    /// Number of the meeting.
    meeting_number: u32,
    /// Whether an unknown code opened it; such a meeting has no room.
    on_the_fly: bool,
    /// Most calls at a time.
    peak: u32,
    /// When it began in earnest, epoch ms; absent when it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<i64>,
    /// Owner.
    subscriber_sid: String,
}

impl Wire for Mdr {
    const COLLECTION: &'static str = "mdrs";
    const PLAIN: &'static [Plain] = &[
        number("calls"),
        text("cause"),
        number("created"),
        number("duration"),
        number("ended"),
        number("id"),
        number("meetingNumber"),
        flag("onTheFly"),
        number("peak"),
        number("started"),
        text("subscriberSid"),
    ];
    const NESTED: &'static [&'static str] = &[];
}

impl From<model::Mdr> for Mdr {
    fn from(record: model::Mdr) -> Self {
        Self {
            calls: record.calls,
            cause: record.cause.text(),
            created: record.created_ms,
            duration: seconds(record.created_ms, record.ended_ms),
            ended: record.ended_ms,
            id: record.meeting.0,
            meeting_number: record.number.0,
            on_the_fly: record.on_the_fly,
            peak: record.peak,
            started: record.started_ms,
            subscriber_sid: record.subscriber_sid.to_string(),
        }
    }
}
