//! What callers of a meeting notice, on simulated time.

mod admission;
mod commands;
mod hold;
mod lifetime;
mod log;
mod mute;
mod properties;
mod settings;
mod world;
