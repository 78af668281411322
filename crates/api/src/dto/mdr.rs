use serde::Serialize;

use super::seconds;
use crate::fields::{Plain, Wire, flag, number, text};

/// Meeting detail record. Times are epoch ms; `duration` is in seconds, from the first caller to the end.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mdr {
    calls: u32,
    cause: &'static str,
    created: i64,
    duration: i64,
    ended: i64,
    id: u64,
    meeting_number: u32,
    on_the_fly: bool,
    peak: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<i64>,
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
