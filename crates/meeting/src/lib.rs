//! One live meeting: who is in it, what they may do, when it starts and ends.
//!
//! [`Meeting`] is a machine without clock or I/O. Keypad, REST and the bridge itself give it the same [`model::Command`]s; it
//! answers with routes for the mixer, words to say, and [`model::Event`]s in order. The same commands at the same times give the same
//! meeting: its log can be replayed.

mod admission;
mod announce;
mod deadlines;
mod hold;
mod lifetime;
mod log;
mod machine;
mod mute;
mod operator;
mod output;
mod poll;
mod qa;
mod recording;
mod roster;

pub use log::{Entry, LogEntry};
pub use machine::Meeting;
pub use output::{Audience, Hears, Output, Tone};
pub use roster::Row;
