//! Messages: what we accept of them, and how ours are written.
//!
//! The grammar is `sipx_sip`'s; [`read`] adds the checks it leaves to its user, [`echo`] keeps what a
//! response repeats, [`write`](mod@write) makes our messages, [`identity`] reads what a caller says about himself.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub(crate) mod body;
pub(crate) mod echo;
pub(crate) mod identity;
pub(crate) mod read;
pub(crate) mod refusal;
pub(crate) mod text;
mod verb;
pub(crate) mod write;

pub(crate) use echo::Echo;
pub(crate) use read::{Reading, Request, Response, read};
pub(crate) use refusal::Refusal;
pub(crate) use verb::Verb;
pub(crate) use write::Writer;
