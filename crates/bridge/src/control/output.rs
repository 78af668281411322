//! What control wants done.

use std::sync::Arc;
use std::time::Duration;

use api::CommandError;
use media::{LegConfig, Session};
use meeting::Hears;
use model::{Happening, LegId, Live, MeetingId, MeetingNumber, RecordingEnd};
use sip::{Flow, Hop, SubscriptionId};
use store::{IdKind, Record};

use super::voice::Sound;

/// Names one thing being played, so that its end can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayId(pub u64);

/// Names a request that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// For whom a way is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayFor {
    /// A call that is to be made.
    Call(LegId),
    /// A phone that shows a roster, and asked by datagram for connections.
    Roster(SubscriptionId),
}

/// What to do.
#[derive(Debug)]
pub enum Output {
    /// Send a SIP message.
    Send {
        /// The way.
        flow: Flow,
        /// One whole message.
        bytes: Vec<u8>,
    },
    /// Bind a port pair for a leg; answer with `PortOpened` or `PortRefused`.
    OpenPort {
        /// Which.
        leg: LegId,
        /// The address of ours that the call came to.
        near: std::net::IpAddr,
    },
    /// Give back a port pair that no media order has taken.
    ClosePort {
        /// Which.
        leg: LegId,
    },
    /// Find the address of the next hop, and connect where that takes a connection; answer with `WayOpened` or `WayRefused`.
    OpenWay {
        /// For whom.
        whose: WayFor,
        /// Where to.
        hop: Hop,
    },
    /// For the mixer.
    Media(MediaOrder),
    /// For the store.
    Record(Record),
    /// A call was answered.
    Answered {
        /// So long after its INVITE, ringing included.
        after: Duration,
    },
    /// So many calls that were never answered left no record, since there were too many of them.
    Withheld {
        /// Since the last time.
        records: u64,
    },
    /// Reserve more ids; answer with `Ids`.
    ReserveIds(IdKind),
    /// What readers see from now on.
    Publish {
        /// The snapshot.
        live: Arc<Live>,
        /// What has happened since the one before, in order; all of it is included.
        happened: Vec<Arc<Happening>>,
    },
    /// Answer to a request; comes after the snapshot that includes it, and right behind what the audit notes of it.
    Reply {
        /// Which.
        ticket: Ticket,
        /// Done, or why not.
        result: Result<(), CommandError>,
    },
    /// Answer to the wish for a call; comes after the snapshot that shows it, and right behind what the audit notes of it.
    Dialled {
        /// Which.
        ticket: Ticket,
        /// The call, or why there is none.
        result: Result<LegId, CommandError>,
    },
}

/// Who hears something played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// One leg, privately.
    Leg(LegId),
    /// Everybody who hears the room.
    Room(MeetingId),
}

/// An order for the mixer.
#[derive(Debug)]
pub enum MediaOrder {
    /// Start a leg on the port pair opened for it.
    Add {
        /// Which.
        leg: LegId,
        /// How.
        config: Box<LegConfig>,
    },
    /// A re-INVITE or UPDATE changed what was agreed.
    Update {
        /// Which.
        leg: LegId,
        /// What is agreed now.
        session: Box<Session>,
    },
    /// Stop a leg; its ports go to rest.
    Remove {
        /// Which.
        leg: LegId,
    },
    /// Make a room for a meeting.
    OpenRoom {
        /// Which.
        room: MeetingId,
    },
    /// The meeting is over.
    CloseRoom {
        /// Which.
        room: MeetingId,
    },
    /// Put a leg into a room.
    Join {
        /// Which.
        leg: LegId,
        /// Where.
        room: MeetingId,
    },
    /// Take a leg out of its room.
    Part {
        /// Which.
        leg: LegId,
    },
    /// Whether a leg is heard, and what it hears.
    Route {
        /// Which.
        leg: LegId,
        /// Whether its voice goes into the mix.
        speaks: bool,
        /// What it hears.
        hears: Hears,
    },
    /// Microphone level.
    Gain {
        /// Which.
        leg: LegId,
        /// In dB.
        db: i8,
    },
    /// Play sounds one after another: to a leg in place of what it is being told, to a room after what it is being told.
    Play {
        /// To whom.
        to: Listeners,
        /// Its name.
        id: PlayId,
        /// What.
        sounds: Vec<Sound>,
    },
    /// Stop what is being played to a leg.
    Hush {
        /// Which.
        leg: LegId,
    },
    /// Record a room; `RecordingBegan` or `RecordingFailed` follows.
    Record(Box<RecordingOrder>),
    /// Record it no longer.
    EndRecording {
        /// Which room.
        room: MeetingId,
        /// How it ended.
        end: RecordingEnd,
    },
}

/// A recording that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingOrder {
    /// The room, and its meeting.
    pub room: MeetingId,
    /// Number of the meeting.
    pub number: MeetingNumber,
    /// Which of the meeting, from 1.
    pub take: u32,
    /// Name of the file.
    pub file: String,
    /// When it was asked for, epoch ms.
    pub started_ms: i64,
    /// By whom: a role, `user` by REST, or `bridge`.
    pub started_by: &'static str,
}
