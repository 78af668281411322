//! The API driven in process, without sockets, against a backend of two tenants with live calls.

#![allow(missing_docs, unreachable_pub, reason = "a test program")]

mod auth;
mod bulk;
mod calls;
mod deny;
mod directory;
mod errors;
mod events;
mod filter;
mod fixture;
mod health;
mod hostile;
mod idempotency;
mod meetings;
mod pages;
mod quality;
mod readme;
mod records;
mod rooms;
mod sockets;
mod webhooks;
mod world;
