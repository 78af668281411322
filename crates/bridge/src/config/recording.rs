use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::units::count;

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

/// `[recording]`: meetings on this machine's disk.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingSection {
    /// Whether meetings may be recorded.
    pub enabled: bool,
    /// Where; none: `recordings` below the data folder.
    pub folder: Option<PathBuf>,
    /// Recordings at once.
    #[serde(deserialize_with = "count")]
    pub at_once: usize,
    /// Free space below which nothing is recorded, MiB.
    #[serde(deserialize_with = "count")]
    pub min_free_mib: u64,
}

impl Default for RecordingSection {
    fn default() -> Self {
        Self {
            enabled: true,
            folder: None,
            at_once: 32,
            min_free_mib: 1024,
        }
    }
}

impl RecordingSection {
    /// Where recordings lie, of a bridge whose data folder is `data`.
    pub(crate) fn place(&self, data: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| data.join("recordings"))
    }

    /// Recordings at once; none where it is switched off.
    pub(crate) fn most(&self) -> usize {
        if self.enabled { self.at_once } else { 0 }
    }

    /// Free space below which nothing is recorded, bytes.
    pub(crate) fn min_free(&self) -> u64 {
        self.min_free_mib.saturating_mul(MIB)
    }

    /// What must hold, and what is said where it does not.
    pub(super) fn checks(&self) -> [(bool, &'static str); 2] {
        let folder = self.folder.as_deref();
        [
            (
                (1..=500).contains(&self.at_once),
                "recording.at_once: expected 1 to 500; to record nothing set recording.enabled to false",
            ),
            (
                folder.is_none_or(|folder| !folder.as_os_str().is_empty()),
                "recording.folder: expected a folder; leave it out for recordings below the data folder",
            ),
        ]
    }
}
