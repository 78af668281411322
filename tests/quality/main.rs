//! Speech through the bridge over bad networks, judged by a perceptual measure.
//!
//! A phone says half a minute of speech; it goes through a simulated network into a leg, through the mixer, out of another leg and
//! through a network to a second phone. `cargo test -p tests --test quality -- --nocapture` prints a table of the scores.

mod call;
mod judge;
mod measure;
mod networks;
mod speech;
mod way;
