//! What each address does, one file an object.

pub(crate) mod call;
pub(crate) mod call_flow;
pub(crate) mod cdr;
pub(crate) mod did;
pub(crate) mod did_group;
pub(crate) mod event;
pub(crate) mod health;
mod keychain;
pub(crate) mod mdr;
pub(crate) mod meeting;
pub(crate) mod meeting_attribute;
pub(crate) mod meeting_calls;
pub(crate) mod quality;
mod records;
pub(crate) mod room;
mod room_patch;
mod steer;
pub(crate) mod subscriber;
pub(crate) mod webhook;
