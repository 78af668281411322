//! MANY legs: the shard that mixes. One tick is 20 ms of everything: orders, packets in, playout, sums, packets out, reports.
//!
//! Real time: nothing in [`Shard::tick`] locks, allocates, frees, logs, or makes a system call that can block; a test proves
//! it. Whatever is no longer needed goes back through the ring of reports and is freed by whoever reads them. Every table has its size from
//! construction on, and what does not fit is counted or stays with the sender.
//!
//! A shard is a machine: [`LegSocket`] stands for the network, `now` for the clock, so that whole meetings run in tests.

mod command;
mod fade;
mod floor;
mod handle;
mod leg;
mod limiter;
mod looped;
mod order;
mod outbox;
mod payload;
mod player;
mod report;
mod room;
mod schedule;
mod shard;
mod socket;
mod sum;
mod table;
mod talker;

pub use handle::Handle;
pub use order::{Audience, Hears, LegKey, Order, PlayId, Playlist, RoomKey, Sound, Target};
pub use report::{Report, Retired, Stats};
pub use room::Room;
pub use schedule::Schedule;
pub use shard::{STATS_TICKS, Shard, ShardConfig, shard};
pub use socket::{Channel, LegSocket, Received};
