//! Recordings as files: what is written, what lies beside it, and what a crash leaves of it. No clock, no thread: the shell's recorder
//! writes.

mod remains;
mod sidecar;
mod tape;

pub(crate) use remains::Remains;
pub(crate) use sidecar::{Measured, Sidecar};
pub(crate) use tape::{About, Tape};

/// Names of the four things that a recording tells of itself, in its comments (RFC 7845, section 5.2).
const COMMENTS: [&str; 4] = ["MEETING_ID", "MEETING_NUMBER", "STARTED_MS", "STARTED_BY"];
/// Samples at 48 kHz that libopus takes to run in, whatever the rate: its look-ahead and the compensation of its delay.
const PRE_SKIP: u16 = 312;

/// Length in ms of what ends at this granule position (RFC 7845, section 4: samples at 48 kHz).
fn length_ms(granule: u64) -> u64 {
    granule.saturating_sub(PRE_SKIP.into()) / 48
}
