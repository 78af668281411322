use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::units::duration;

/// Shortest time that records may be kept: by then nothing is written again.
const SHORTEST: Duration = Duration::from_secs(24 * 3600);

/// `[records]`: what remains of calls and meetings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsSection {
    /// How long after its end a call or meeting is remembered; none: for ever.
    #[serde(deserialize_with = "some_duration")]
    pub keep: Option<Duration>,
}

impl RecordsSection {
    /// What must hold, and what is said where it does not.
    pub(super) fn checks(&self) -> [(bool, &'static str); 1] {
        [(
            self.keep.is_none_or(|keep| keep >= SHORTEST),
            "records.keep: expected 1day or more; leave it out to keep records for ever",
        )]
    }
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}
