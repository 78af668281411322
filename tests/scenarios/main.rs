//! Whole calls through a whole bridge on simulated time, one file a story.

mod admission;
mod calls;
mod chance;
mod codecs;
mod door;
mod entry;
mod events;
mod guessing;
mod http;
mod keys;
mod lifetime;
mod meetings;
mod menu;
mod offers;
mod refusals;
mod rest;
mod upkeep;
