//! What the shard tells.

use std::net::SocketAddr;
use std::time::Duration;

use media::{Echo, Encoder, Fallbacks, Leg, MediaLoss, Prepared, Quality};

use crate::baggage::Baggage;
use crate::branch::Branch;
use crate::room::Room;
use crate::tap::Tap;
use crate::{LegKey, PlayId, Playlist};

/// Something that happened in the shard.
#[derive(Debug)]
pub enum Report<S> {
    /// A key went down.
    Digit {
        /// On which leg.
        leg: LegKey,
        /// The key.
        key: char,
    },
    /// A leg has been silent on the wire for too long.
    MediaLost {
        /// Which.
        leg: LegKey,
        /// Which limit was passed.
        which: MediaLoss,
    },
    /// A leg's media comes from another address than its SDP said.
    Latched {
        /// Which.
        leg: LegKey,
        /// The address learnt.
        to: SocketAddr,
    },
    /// Somebody began or stopped talking.
    Talking {
        /// Who.
        leg: LegKey,
        /// Which of the two.
        on: bool,
    },
    /// A leg came to be suspected of playing music, or is not any more.
    Music {
        /// Which.
        leg: LegKey,
        /// Which of the two.
        suspected: bool,
    },
    /// A leg came to be suspected of sending back what it hears, or is not any more.
    Echo {
        /// Which.
        leg: LegKey,
        /// The echo, if there is one.
        suspected: Option<Echo>,
    },
    /// Something played has ended.
    Played {
        /// What.
        id: PlayId,
        /// Whether it was heard to its end.
        completed: bool,
    },
    /// A leg's processing failed; it is retired, the others are not touched.
    Failed {
        /// Which.
        leg: LegKey,
    },
    /// How a leg's media is, once a second.
    Quality {
        /// Which.
        leg: LegKey,
        /// Counters and meters.
        quality: Quality,
    },
    /// How the shard is, five times a second.
    Stats(Stats),
    /// A leg has left this shard to go on in another one.
    HandedOver {
        /// Which.
        leg: LegKey,
        /// All of it, for [`crate::Order::TakeOver`].
        baggage: Box<Baggage<S>>,
    },
    /// Something to be freed outside.
    Retired(Retired<S>),
}

/// What the shard has no use for any more.
#[derive(Debug)]
pub enum Retired<S> {
    /// A leg, by order or by failure.
    Leg {
        /// Which.
        leg: LegKey,
        /// Its audio.
        media: Box<Leg>,
        /// Its encoder.
        encoder: Encoder,
        /// Its network.
        socket: S,
    },
    /// A playlist that has ended.
    Playlist(Playlist),
    /// What a change of a session has replaced.
    Change(Box<Prepared>),
    /// An encoder that had no use, or was replaced.
    Encoder(Encoder),
    /// A room that was closed.
    Room(Box<Room>),
    /// A link that had no place.
    Branch(Box<Branch>),
    /// A recorder's end that had no place, was replaced, or is over.
    Tap(Box<Tap>),
    /// What a leg was brought in, or could not be given away in.
    Baggage(Box<Baggage<S>>),
}

/// How the shard is. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Ticks so far.
    pub ticks: u64,
    /// Legs now.
    pub legs: usize,
    /// Rooms now.
    pub rooms: usize,
    /// Payloads sent that were encoded once for everybody who heard the same.
    pub shared: u64,
    /// Payloads sent that were mixed and encoded for one leg.
    pub own: u64,
    /// Those among them that others heard, too, and only had no encoder to share in their format.
    pub unshared: u64,
    /// Payloads sent to one leg that had been encoded before.
    pub read: u64,
    /// Ticks of legs that were sent nothing because there was nothing but noise to hear, which their phones make.
    pub rested: u64,
    /// Opus payloads of single legs whose encoders tried less hard because there were many of them.
    pub efforts: EffortCounts,
    /// Ramps that were too many at once.
    pub ramps: RampCounts,
    /// Orders that named nothing known, or had no place.
    pub orders_refused: u64,
    /// Reports lost because nobody read them.
    pub reports_lost: u64,
    /// Times that datagrams were left for later because a leg got more than its share.
    pub receive_limited: u64,
    /// What the system would not do for the network.
    pub fallbacks: Fallbacks,
    /// Legs retired because their processing failed.
    pub legs_failed: u64,
    /// Partial sums of other branches that did not come in time.
    pub partials_late: u64,
    /// Partial sums given up because they came too late.
    pub partials_dropped: u64,
    /// Ticks of recordings that were lost because the recorder had not caught up.
    pub taped_lost: u64,
    /// Ticks that passed for a leg on its way from one shard to another: nothing was sent in them.
    pub ticks_under_way: u64,
    /// Ticks that began late.
    pub late: u64,
    /// Ticks given up because they were too late for anybody.
    pub skipped: u64,
    /// Worst lateness of a tick since the last report.
    pub worst_late: Duration,
    /// Longest time that a tick took since the last report.
    pub worst_tick: Duration,
    /// Time that all ticks took since the last report.
    pub busy: Duration,
    /// From a tick's deadline until it begins to send ([`crate::Pace::lag`]); 0 where it does as soon as all is heard.
    pub lag: Duration,
    /// How long ticks took, from the first on.
    pub spent: Spent,
}

/// Opus payloads of single legs that were made with less than full effort ([`media::Effort`]). Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EffortCounts {
    /// Those with half of it.
    pub half: u64,
    /// Those with the least.
    pub least: u64,
}

/// Ramps for which there were not encodings enough. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RampCounts {
    /// Ticks by which they began later.
    pub put_off: u64,
    /// Those that were left out: the leg went over within one sample.
    pub cut: u64,
    /// Those behind which a leg went on at once with what all hear, though its encoder was not like theirs yet.
    pub unsettled: u64,
}

/// How long ticks took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How many took no longer than the bound of the same place in [`Spent::BOUNDS`], and longer than the one before; last those beyond all.
    pub ticks: [u64; Self::BOUNDS.len() + 1],
    /// What all took together.
    pub total: Duration,
}

impl Spent {
    /// Bounds of the classes; at 20 ms the next tick is late.
    pub const BOUNDS: [Duration; 8] = [
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_millis(2),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(15),
        Duration::from_millis(20),
        Duration::from_millis(40),
    ];

    pub(crate) fn note(&mut self, spent: Duration) {
        let class = Self::BOUNDS.iter().take_while(|bound| spent > **bound).count();
        if let Some(ticks) = self.ticks.get_mut(class) {
            *ticks += 1;
        }
        self.total += spent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tick_is_in_the_class_of_the_first_bound_it_keeps() {
        let mut spent = Spent::default();
        for us in [0, 500, 501, 20_000, 20_001, 40_001, 900_000] {
            spent.note(Duration::from_micros(us));
        }
        assert_eq!(spent.ticks, [2, 1, 0, 0, 0, 0, 1, 1, 2]);
        assert_eq!(spent.total, Duration::from_micros(981_003));
    }
}
