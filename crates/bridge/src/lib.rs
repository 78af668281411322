//! The bridge: sockets, clocks and threads around the machines, and the program `partyline`.

mod check;
pub mod cli;
pub mod config;
pub mod control;
mod ctl;
mod metrics;
mod recording;
mod shell;
mod simulate;
mod webhooks;
