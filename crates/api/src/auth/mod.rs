//! Who is asking: Basic credentials, checked once with argon2id and remembered as a keyed hash.

mod basic;
mod cache;
mod caller;
mod gate;
mod limit;
mod password;
mod rate;
mod turns;

pub(crate) use caller::Caller;
pub(crate) use gate::{Gate, require};
pub use gate::{Login, Peer};
pub(crate) use password::Hasher;
pub use password::hash_password;
pub(crate) use rate::Rates;
