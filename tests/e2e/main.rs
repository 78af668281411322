//! The built program over loopback: calls by phones that others wrote, hostile peers, load, and kill -9.
#![expect(
    clippy::disallowed_methods,
    reason = "real sockets and processes: real time, and deadlines that are polled"
)]

mod audit;
mod clients;
mod contract;
mod crash;
mod ctl;
mod deliveries;
mod dialling;
mod edits;
mod events;
mod hostile_rtp;
mod hostile_sip;
mod load;
mod openapi;
mod postman;
mod quality;
mod readme;
mod recording;
mod reference;
mod reports;
mod roster;
mod schemathesis;
mod silence;
mod sim;
mod sipp;
mod softphones;
mod support;
mod webhooks;
