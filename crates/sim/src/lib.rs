//! Simulated callers: many phones that call a conference bridge, key a code, talk in known tones, and judge what they hear.
//!
//! An implementation of the phone's side of its own. With the bridge it shares the coding of audio ([`media::Codec`]) and the reading of
//! datagrams ([`udp::Batch`]), and nothing else: no signalling, no buffers, no mixer, no state, so that a fault of one is not
//! hidden by the same fault in the other.
//!
//! Everything but [`mod@run`] and `crew` is a machine: time comes in as an argument, packets go out through `poll_output`.

pub mod arrivals;
mod call;
mod codec;
mod crew;
mod ear;
mod edges;
mod keypad;
mod leg;
mod line;
mod link;
mod mark;
mod message;
mod mix;
pub mod options;
mod plan;
mod presence;
pub mod report;
mod rest;
mod rtcp;
pub mod run;
mod sdp;
mod speaker;
mod target;
mod tone;
mod track;
mod words;

pub use options::Options;
pub use run::{Outcome, run};
