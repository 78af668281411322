//! MANY legs: the shard that mixes. One tick is 20 ms of everything: orders, packets in, playout, sums, packets out, reports.
//!
//! Real time: nothing in a tick locks, allocates, frees, logs, or makes a system call that can block; a test proves
//! it. Whatever is no longer needed goes back through the ring of reports and is freed by whoever reads them. Every table has its size from
//! construction on, and what does not fit is counted or stays with the sender.
//!
//! A meeting that is too big for one shard has a room in each of several, its *branches*: they tell each other in every tick what
//! their own legs say, through rings with one writer and one reader ([`Branch`]). A leg goes from one shard to another as it is, with
//! all that it plays and remembers ([`Baggage`]).
//!
//! A room that is recorded gives its whole sum to a [`Tap`] in every tick, by such a ring, too.
//!
//! The arithmetic of mixing can be had without legs, too, as benches do: [`Sum`] and [`limit_all`].
//!
//! A tick has two halves, [`Shard::hear`] and [`Shard::say`]; a [`Pace`] tells when to begin the second, so that packets leave evenly.
//!
//! A shard is a machine: [`media::LegSocket`] stands for the network, `now` for the clock, so that whole meetings run in tests.

mod baggage;
mod branch;
mod command;
mod effort;
mod encoded;
mod fade;
mod floor;
mod gain;
mod handle;
mod leg;
mod limiter;
mod looped;
mod lull;
mod order;
mod outbox;
mod pace;
mod payload;
mod player;
mod ramps;
mod reading;
mod report;
mod ride;
mod room;
mod schedule;
mod shard;
mod sum;
mod table;
mod talker;
mod tap;

pub use baggage::Baggage;
pub use branch::Branch;
pub use encoded::Encoded;
pub use handle::Handle;
pub use limiter::limit_all;
pub use order::{Audience, Hears, LegKey, Order, PlayId, Playlist, RoomKey, Sound, Target};
pub use pace::Pace;
pub use payload::MOST_FORMATS;
pub use report::{EffortCounts, RampCounts, Report, Retired, Spent, Stats};
pub use room::Room;
pub use schedule::Schedule;
pub use shard::{STATS_TICKS, Shard, ShardConfig, shard};
pub use sum::Sum;
pub use tap::{Tap, Taped};
