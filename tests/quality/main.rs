//! Speech through the bridge over bad networks, judged by a perceptual measure.
//!
//! A phone says half a minute of speech; it goes through a simulated network into a leg, through the mixer, out of another leg and
//! through a network to a second phone. `cargo test -p tests --test quality -- --nocapture` prints the scores; those of each
//! call are left in `target/tmp/quality`, the worst marked.

mod call;
mod effort;
mod judge;
mod measure;
mod networks;
mod speech;
mod table;
mod way;
