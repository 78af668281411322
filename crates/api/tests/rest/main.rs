//! The API driven in process, without sockets, against a backend of two tenants with live calls.

#![allow(missing_docs, unreachable_pub, reason = "a test program")]

mod accounts;
mod auth;
mod bulk;
mod calls;
mod chosen;
mod contract;
mod deny;
mod dial;
mod directory;
mod effective;
mod errors;
mod etags;
mod events;
mod filter;
mod fixture;
mod health;
mod hostile;
mod idempotency;
mod made;
mod meetings;
mod memory;
mod numbers;
mod openapi;
mod owned_rooms;
mod page;
mod pages;
mod postman;
mod quality;
mod readme;
mod records;
mod rooms;
mod simulate;
mod sockets;
mod timing;
mod webhooks;
mod world;
mod world_commands;
mod world_events;
