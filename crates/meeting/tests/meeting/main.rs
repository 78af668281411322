//! What a meeting does, rule by rule, on simulated time.

mod admission;
mod announcements;
mod attributes;
mod ending;
mod hold;
mod log;
mod mute;
mod operator;
mod poll;
mod properties;
mod qa;
mod recording;
mod roles;
mod script;
mod starting;
mod witness;
