//! What the shard is told.

use std::sync::Arc;

use media::{Clip, Encoder, Format, Leg, Prepared};

use crate::baggage::Baggage;
use crate::branch::Branch;
use crate::encoded::Encoded;
use crate::room::Room;
use crate::tap::Tap;

/// Names a leg; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegKey(pub u64);

/// Names a room; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomKey(pub u64);

/// Names something that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

/// What a leg hears beside what is played to it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// Its room, without itself.
    Room,
    /// The shard's music.
    Music,
    /// Nothing.
    Nothing,
}

/// One recording, shared by all who play it.
pub type Sound = Clip;

/// Recordings played one after another without a gap.
#[derive(Debug)]
pub struct Playlist {
    /// Told when it has ended.
    pub id: PlayId,
    /// What is played.
    pub sounds: Box<[Sound]>,
    /// Each of them as it is sent to the one leg that is to hear them, if they were encoded before; else none. They are used where the leg
    /// has their format and hears nothing else, and each then begins with a tick.
    pub encoded: Box<[Arc<Encoded>]>,
}

impl Playlist {
    /// One that is mixed and encoded while it is played.
    pub fn new(id: PlayId, sounds: Box<[Sound]>) -> Self {
        Self {
            id,
            sounds,
            encoded: Box::default(),
        }
    }
}

/// Who hears something played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One leg alone. What else it hears goes on softly beneath.
    Leg(LegKey),
    /// Everybody who hears the room, over the talk.
    Room(RoomKey),
    /// Everybody who hears the room but one: who comes in does not hear that he came.
    RoomExcept(RoomKey, LegKey),
}

/// Legs that hear the same, but for those who speak or are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Those in a room.
    Room(RoomKey),
    /// Those who hear music.
    Music,
    /// Those who hear nothing but the noise of the line.
    Nothing,
}

/// One thing to do at the next tick.
#[derive(Debug)]
pub enum Order<S> {
    /// Take a leg in: it is in no room, is not heard and hears nothing.
    AddLeg {
        /// Its name.
        leg: LegKey,
        /// Its audio.
        media: Box<Leg>,
        /// Makes what it alone is sent, in the format of its session.
        encoder: Encoder,
        /// Its network.
        socket: S,
    },
    /// What was agreed for a leg has changed.
    UpdateLeg {
        /// Which.
        leg: LegKey,
        /// What is agreed now, with all that it takes.
        change: Box<Prepared>,
        /// Where the format has changed.
        encoder: Option<Encoder>,
    },
    /// Send a leg its codec otherwise from now on, for example with redundancy.
    AdaptLeg {
        /// Which.
        leg: LegKey,
        /// Makes what it alone is sent from now on; of its codec.
        encoder: Encoder,
    },
    /// Take leave of a leg; it comes back as [`crate::Retired::Leg`].
    RemoveLeg {
        /// Which.
        leg: LegKey,
    },
    /// Give a leg away at the end of the tick, out of its room if it is in one; it comes back as [`crate::Report::HandedOver`].
    HandOver {
        /// Which.
        leg: LegKey,
        /// What it travels in; empty.
        baggage: Box<Baggage<S>>,
    },
    /// Take in a leg that another shard gave away. It is in no room, and routed as it was. It goes on with the tick after its last; when
    /// this shard is not as far yet, this order and those after it wait for a tick.
    TakeOver {
        /// The leg.
        baggage: Box<Baggage<S>>,
    },
    /// Make a room.
    OpenRoom {
        /// Its name.
        room: RoomKey,
        /// What it mixes in.
        audio: Box<Room>,
    },
    /// Make a room one branch of a meeting that is spread over shards, all of which tick for the same deadlines. The other end of the way
    /// goes to the other branch.
    Link {
        /// Which.
        room: RoomKey,
        /// This end.
        branch: Box<Branch>,
    },
    /// Bring an encoder whose payloads are for all who hear the same in its format. Without one of its format a leg of Opus or G.722 costs
    /// an encoder's time of its own. Of these there is room for [`crate::MOST_FORMATS`]; one that finds none comes back.
    Equip {
        /// Who hears the same.
        whom: Audience,
        /// The encoder.
        encoder: Encoder,
    },
    /// Take back the encoder of a format that no leg takes any more, so that another finds room; it comes back as
    /// [`crate::Retired::Encoder`]. Legs that take it all the same encode for themselves.
    Unequip {
        /// Who hears the same.
        whom: Audience,
        /// The format.
        format: Format,
    },
    /// Let a recorder have what is heard in a room, in place of one that had; the room mixes at the rate of the tap, whoever listens. Of a
    /// meeting that is spread over shards any branch has it all.
    Tap {
        /// Which.
        room: RoomKey,
        /// The recorder's end.
        tap: Box<Tap>,
    },
    /// Let no recorder have it any longer; the tap comes back as [`crate::Retired::Tap`].
    Untap {
        /// Which.
        room: RoomKey,
    },
    /// Close a room; legs still in it are parted from it.
    CloseRoom {
        /// Which.
        room: RoomKey,
    },
    /// Put a leg into a room, out of the one it is in. It is heard and hears as it was routed last.
    Join {
        /// Which.
        leg: LegKey,
        /// Where.
        room: RoomKey,
    },
    /// Take a leg out of its room. It is not heard and hears nothing, music neither, until it is routed anew.
    Part {
        /// Which.
        leg: LegKey,
    },
    /// Whether a leg is heard, and what it hears.
    Route {
        /// Which.
        leg: LegKey,
        /// Whether its voice goes into the room.
        speaks: bool,
        /// What it hears.
        hears: Hears,
    },
    /// Microphone level of a leg.
    Gain {
        /// Which.
        leg: LegKey,
        /// In dB, −40 to 40; what lies outside is taken as the limit.
        db: i8,
    },
    /// Play something in place of what is played to the same, and of what waits there.
    Play {
        /// To whom.
        to: Target,
        /// What.
        playlist: Playlist,
    },
    /// Play something after what is played to the same and waits there. Four may wait; one more is not played.
    Queue {
        /// To whom.
        to: Target,
        /// What.
        playlist: Playlist,
    },
    /// Stop what is played to a leg alone, and what waits.
    Hush {
        /// Which.
        leg: LegKey,
    },
}
