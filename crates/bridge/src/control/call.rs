//! One call as control keeps it.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use ivr::budget::Guesser;
use ivr::keypad::Keypad;
use ivr::session::Session;
use model::directory::Dialled;
use model::{CallState, CallView, Cause, Cdr, MeetingId};

use super::negotiation::Agreed;
use super::output::PlayId;

/// A call from its INVITE to its record.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) dialog: sip::CallId,
    pub(super) dialled: Dialled,
    pub(super) guesser: Guesser,
    pub(super) media: Media,
    pub(super) stage: Stage,
    /// What is being played to the leg alone.
    pub(super) playing: Option<PlayId>,
    /// What is said about it to readers, less what its meeting decides.
    pub(super) view: CallView,
    /// What will be recorded of it.
    pub(super) record: Cdr,
    /// Why it ends, once decided; the first cause stays.
    pub(super) cause: Option<Cause>,
    /// Whether the world was told that it has come.
    pub(super) is_known: bool,
}

/// How far the audio is.
#[derive(Debug)]
pub(super) enum Media {
    /// A port has been asked for; here is what the caller offered.
    Opening { offer: Option<Vec<u8>> },
    /// A port is open; here is our answer to the offer, or our own offer.
    Ready {
        rtp: SocketAddr,
        sdp: Vec<u8>,
        agreed: Option<Box<Agreed>>,
    },
    /// The leg is with the mixer.
    Running { rtp: SocketAddr, agreed: Box<Agreed> },
    /// Our offer is out; the answer comes with the ACK.
    Offered { rtp: SocketAddr, sdp: Vec<u8> },
    /// No port.
    None,
}

/// Where the caller is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Waiting for a port.
    Door,
    /// In the menu.
    Menu(Box<Session>),
    /// In a meeting or its waiting room.
    Meeting { id: MeetingId, keypad: Keypad },
    /// Hearing last words.
    Leaving { until: Instant },
    /// BYE or a refusal is on its way.
    Gone,
}

impl Call {
    /// The meeting the call is in or waits for.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        match &self.stage {
            Stage::Meeting { id, .. } => Some(*id),
            Stage::Door | Stage::Menu(_) | Stage::Leaving { .. } | Stage::Gone => None,
        }
    }

    /// Keeps what its meeting knew of it, for its record and for the next meeting it is moved to.
    pub(super) fn keep(&mut self, row: meeting::Row) {
        self.view.gain_db = row.gain_db;
        self.view.custom_name.clone_from(&row.name);
        self.record.custom_name = row.name;
        self.record.role = Some(row.role);
    }

    /// When the call itself wants to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Menu(session) => session.poll_timeout(),
            Stage::Meeting { keypad, .. } => keypad.poll_timeout(),
            Stage::Leaving { until } => Some(*until),
            Stage::Door | Stage::Gone => None,
        }
    }

    /// The network address of the caller.
    pub(super) fn source(&self) -> IpAddr {
        self.guesser.source
    }

    /// Whether 200 has been sent.
    pub(super) fn answered(&self) -> bool {
        self.record.answered_ms.is_some()
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.stage, Stage::Leaving { .. } | Stage::Gone)
    }

    /// The state readers see, unless its meeting says more.
    pub(super) fn state(&self) -> CallState {
        match &self.stage {
            Stage::Door => CallState::Ringing,
            Stage::Menu(_) if !self.answered() => CallState::Ringing,
            Stage::Menu(_) | Stage::Meeting { .. } => CallState::Menu,
            Stage::Leaving { .. } | Stage::Gone => CallState::Ending,
        }
    }
}
