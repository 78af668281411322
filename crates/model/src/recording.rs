//! Recordings of meetings.

use crate::news::words;

words! {
    /// How a recording ended.
    RecordingEnd {
        /// Somebody stopped it, by key or by REST, or by switching `conference_recording` off.
        Asked = "asked",
        /// The last host had left for as long as `recording_stop_wait`.
        HostLeft = "host_left",
        /// The meeting ended.
        MeetingEnded = "meeting_ended",
        /// It could not go on.
        Failed = "failed",
        /// The bridge ended without a farewell.
        Interrupted = "interrupted",
    }
}

words! {
    /// Why a recording could not begin, or go on.
    RecordingFault {
        /// The bridge is configured not to record.
        SwitchedOff = "switched_off",
        /// As many are under way as may be.
        TooMany = "too_many",
        /// The disk has less free space than is to be left.
        DiskFull = "disk_full",
        /// The file could not be made or written.
        Disk = "disk",
        /// The recorder itself failed.
        Recorder = "recorder",
    }
}
