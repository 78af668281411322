//! Whole calls through a whole bridge on simulated time, one file a story.

mod admission;
mod calls;
mod chance;
mod codecs;
mod dial_plan;
mod dialling;
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
mod operator;
mod operator_chance;
mod polls;
mod questions;
mod recording;
mod refusals;
mod rest;
mod roster;
mod simulate;
mod upkeep;
