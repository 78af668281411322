//! What lies beside a recording that is over.

use model::{MeetingId, MeetingNumber, RecordingEnd};
use serde::Serialize;

use super::About;

/// The object in the file of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sidecar {
    /// Name of the recording, in the same folder.
    file: String,
    /// The meeting, as in its record.
    meeting_id: u64,
    meeting_number: u32,
    /// When it was asked for, epoch ms.
    started: i64,
    /// Epoch ms.
    ended: i64,
    duration_ms: u64,
    bytes: u64,
    /// Times that silence stands in place of what could not be written in time.
    gaps: u64,
    /// How much silence that is.
    gap_ms: u64,
    /// How it ended.
    cause: &'static str,
    /// As what: a role, `user` by REST, or `bridge`.
    started_by: String,
}

/// What was measured of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) length_ms: u64,
    pub(crate) bytes: u64,
    pub(crate) gaps: u64,
    pub(crate) gap_ms: u64,
}

impl Sidecar {
    /// Of a recording that ended at `ended_ms`.
    pub(crate) fn new(
        file: &str,
        about: &About,
        ended_ms: i64,
        end: RecordingEnd,
        measured: Measured,
    ) -> Self {
        let (MeetingId(meeting_id), MeetingNumber(meeting_number)) = (about.meeting, about.number);
        Self {
            file: file.to_owned(),
            meeting_id,
            meeting_number,
            started: about.started_ms,
            ended: ended_ms,
            duration_ms: measured.length_ms,
            bytes: measured.bytes,
            gaps: measured.gaps,
            gap_ms: measured.gap_ms,
            cause: end.text(),
            started_by: about.started_by.clone(),
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
