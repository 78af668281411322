//! Webhooks: which delivery goes out when, how it is signed, and where it may go. No clock, no socket: the shell's courier posts.

mod places;
mod schedule;
mod signature;
mod target;

pub(crate) use places::Places;
pub(crate) use schedule::{Bound, Bounds, Outcome, Schedule, Verdict};
pub(crate) use signature::{Signing, headers};
pub(crate) use target::{Policy, Target};
