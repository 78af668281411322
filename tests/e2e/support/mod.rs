//! What the tests share: the program, its REST API, phones, and sound.

pub(crate) mod baresip;
pub(crate) mod bridge;
pub(crate) mod crowd;
pub(crate) mod display;
pub(crate) mod numbers;
pub(crate) mod operations;
pub(crate) mod phone;
pub(crate) mod program;
pub(crate) mod receiver;
pub(crate) mod rest;
pub(crate) mod sound;
pub(crate) mod stage;
pub(crate) mod stream;
pub(crate) mod until;
