//! What each address does, one file an object.

pub(crate) mod attributes;
pub(crate) mod audit;
pub(crate) mod call;
pub(crate) mod call_flow;
pub(crate) mod cdr;
pub(crate) mod dial;
pub(crate) mod did;
pub(crate) mod did_group;
mod editing;
pub(crate) mod event;
pub(crate) mod health;
pub(crate) mod keychain;
pub(crate) mod mdr;
pub(crate) mod meeting;
pub(crate) mod meeting_attribute;
pub(crate) mod meeting_calls;
pub(crate) mod quality;
mod records;
pub(crate) mod references;
pub(crate) mod room;
pub(crate) mod room_patch;
pub(crate) mod simulate;
mod steer;
pub(crate) mod subscriber;
pub(crate) mod subscriber_patch;
pub(crate) mod subscriber_room;
pub(crate) mod webhook;
