//! The API driven in process, without sockets, against a backend of two tenants with live calls.

#![allow(missing_docs, unreachable_pub, reason = "a test program")]

mod auth;
mod bulk;
mod calls;
mod contract;
mod deny;
mod directory;
mod errors;
mod filter;
mod fixture;
mod health;
mod hostile;
mod idempotency;
mod meetings;
mod openapi;
mod page;
mod pages;
mod postman;
mod quality;
mod readme;
mod records;
mod rooms;
mod world;
