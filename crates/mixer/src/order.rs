//! What the shard is told.

use media::{Clip, Leg, Session};

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
}

/// Who hears something played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One leg, over whatever else it hears.
    Leg(LegKey),
    /// Everybody who hears the room.
    Room(RoomKey),
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
        /// Its network.
        socket: S,
    },
    /// What was agreed for a leg has changed.
    UpdateLeg {
        /// Which.
        leg: LegKey,
        /// What is agreed now.
        session: Box<Session>,
    },
    /// Give a leg back.
    RemoveLeg {
        /// Which.
        leg: LegKey,
    },
    /// Make a room.
    OpenRoom {
        /// Its name.
        room: RoomKey,
    },
    /// Close a room; legs still in it are in no room then.
    CloseRoom {
        /// Which.
        room: RoomKey,
    },
    /// Put a leg into a room, out of the one it is in.
    Join {
        /// Which.
        leg: LegKey,
        /// Where.
        room: RoomKey,
    },
    /// Take a leg out of its room.
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
        /// In dB, −40 to 40.
        db: i8,
    },
    /// Play something in place of what is being played to the same.
    Play {
        /// To whom.
        to: Target,
        /// What.
        playlist: Playlist,
    },
    /// Stop what is being played to a leg.
    Hush {
        /// Which.
        leg: LegKey,
    },
}
