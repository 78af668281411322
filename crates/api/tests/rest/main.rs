//! The API driven in process, without sockets, against a backend of two tenants with live calls.

#![allow(missing_docs, unreachable_pub, reason = "a test program")]

mod accounts;
mod auth;
mod calls;
mod deny;
mod directory;
mod effective;
mod errors;
mod fixture;
mod health;
mod hostile;
mod meetings;
mod numbers;
mod owned_rooms;
mod pages;
mod quality;
mod readme;
mod records;
mod rooms;
mod simulate;
mod world;
