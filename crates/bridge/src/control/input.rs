//! What happens to control.

use std::net::SocketAddr;
use std::sync::Arc;

use api::{DialOrder, LiveCommand, Target};
use media::MediaLoss;
use model::directory::Directory;
use model::{Actor, LegId, MeetingId, RecordingFault};
use sip::Flow;
use store::IdKind;

use super::WallClock;
use super::output::{PlayId, Ticket, WayFor};

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// A SIP datagram, or a message framed out of a stream.
    Sip {
        /// Where it came from.
        flow: Flow,
        /// The whole message.
        bytes: Vec<u8>,
    },
    /// A SIP connection is gone.
    FlowLost {
        /// Its number.
        connection: u64,
    },
    /// The port pair asked for is open.
    PortOpened {
        /// For which leg.
        leg: LegId,
        /// Address for SDP; RTCP is the next port.
        rtp: SocketAddr,
    },
    /// There was no port to be had.
    PortRefused {
        /// For which leg.
        leg: LegId,
    },
    /// The way asked for is open.
    WayOpened {
        /// For whom.
        whose: WayFor,
        /// The way.
        flow: Flow,
    },
    /// There is no such way: no address of that name, or nobody there.
    WayRefused {
        /// For whom.
        whose: WayFor,
    },
    /// The mixer reports.
    Media(MediaReport),
    /// The clocks on walls were set: what happens from now on is dated by them.
    Clock(WallClock),
    /// The directory changed.
    Directory(Arc<Directory>),
    /// Reserved ids.
    Ids {
        /// Of what.
        kind: IdKind,
        /// Never used before.
        ids: std::ops::Range<u64>,
    },
    /// Somebody asks by REST.
    Request {
        /// To answer with.
        ticket: Ticket,
        /// Who.
        actor: Actor,
        /// About what.
        target: Target,
        /// What.
        command: LiveCommand,
    },
    /// Somebody wants a call to be made, by REST.
    Dial {
        /// To answer with.
        ticket: Ticket,
        /// Who.
        actor: Actor,
        /// Whom to call, and into which room.
        order: Box<DialOrder>,
    },
    /// The bridge is to stop: take no calls and end those there are.
    Shutdown,
}

/// A report of the mixer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaReport {
    /// A key was pressed.
    Digit {
        /// On which leg.
        leg: LegId,
        /// The key.
        key: char,
    },
    /// A leg's packets stopped.
    Lost {
        /// Which leg.
        leg: LegId,
        /// In what way.
        which: MediaLoss,
    },
    /// Something has been played to its end, or was cut off.
    Played {
        /// What.
        id: PlayId,
    },
    /// How busy the mixer was in the last fifth of a second.
    Load {
        /// Share of its time that it needed, percent; at least 100 where it is behind.
        percent: u8,
    },
    /// A caller began or ceased to talk.
    Talking {
        /// On which leg.
        leg: LegId,
        /// Whether it began.
        on: bool,
    },
    /// How well a caller was heard in the last ten seconds.
    Scored {
        /// On which leg.
        leg: LegId,
        /// Mean opinion score, hundredths.
        mos_hundredths: u16,
    },
    /// A leg's processing failed; it is out of the mix.
    Failed {
        /// Which leg.
        leg: LegId,
    },
    /// A recording is being written.
    RecordingBegan {
        /// Of which meeting.
        room: MeetingId,
        /// Which of it.
        take: u32,
    },
    /// Silence had to be written in place of what the recorder could not take in time.
    RecordingGap {
        /// Of which meeting.
        room: MeetingId,
        /// Which of it.
        take: u32,
        /// How much, ms.
        ms: u32,
    },
    /// A recording could not begin, or go on.
    RecordingFailed {
        /// Of which meeting.
        room: MeetingId,
        /// Which of it.
        take: u32,
        /// Why.
        fault: RecordingFault,
    },
}
