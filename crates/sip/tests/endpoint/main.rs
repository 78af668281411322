//! The endpoint against a scripted peer, on simulated time.

mod calls;
mod challenges;
mod dialling;
mod focus;
mod limits;
mod mutations;
mod offers;
mod orders;
mod peer;
mod refusals;
mod routes;
mod sessions;
mod watchers;
