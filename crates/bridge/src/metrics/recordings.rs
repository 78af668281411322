//! Recordings as they are counted.

use std::fmt::Error;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use super::scribe::Scribe;

/// Counters that the recorder raises.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recordings {
    /// Under way now.
    pub(crate) running: Gauge,
    /// Begun.
    pub(crate) started: Counter,
    /// That could not begin, or go on.
    pub(crate) failed: Counter,
    /// Written, bytes.
    pub(crate) bytes: Counter,
    /// Times that silence stands in place of what could not be written in time.
    pub(crate) gaps: Counter,
    /// How much silence that is, ms.
    pub(crate) gap_ms: Counter,
}

impl Recordings {
    pub(super) fn write(&self, page: &mut Scribe<'_>) -> Result<(), Error> {
        page.metric("recordings", "Recordings under way now.", &self.running)?;
        for (name, help, counter) in [
            ("recordings_started", "Recordings begun.", &self.started),
            (
                "recordings_failed",
                "Recordings that could not begin, or go on.",
                &self.failed,
            ),
            ("recording_bytes", "Bytes of recordings on disk.", &self.bytes),
            (
                "recording_gaps",
                "Times that silence stands in a recording for what could not be written in time.",
                &self.gaps,
            ),
        ] {
            page.metric(name, help, counter)?;
        }
        page.counter(
            "recording_gap_seconds",
            "Silence in recordings for what could not be written in time.",
            self.gap_ms.get() as f64 / 1_000.0,
        )
    }
}
