//! One call as control keeps it.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use ivr::budget::Guesser;
use ivr::keypad::Keypad;
use ivr::session::Session;
use model::directory::Dialled;
use model::{CallState, CallView, Cause, Cdr, LegId, MeetingId, Sid};

use super::credit::Credit;
use super::dialling::Dialling;
use super::negotiation::Agreed;
use super::output::PlayId;

/// Keys taken of one caller a second, and at once: more than anybody presses. Each may be an event on disk.
const KEYS_PER_SECOND: u32 = 20;
const KEYS_AT_ONCE: u64 = 40;

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
    /// How much its caller may key yet.
    pub(super) keys: Credit,
    /// What is said about it to readers, less what its meeting decides.
    pub(super) view: CallView,
    /// What will be recorded of it.
    pub(super) record: Cdr,
    /// Why it ends, once decided; the first cause stays.
    pub(super) cause: Option<Cause>,
    /// When a call that was dialled has lasted as long as it may.
    pub(super) ends_at: Option<Instant>,
    /// Whether the world was told that it has come.
    pub(super) is_known: bool,
    /// Whose operator it is, if it is the operator's call.
    pub(super) operator_for: Option<LegId>,
    /// The room that it is in for the operator, instead of its meeting's or none.
    pub(super) aside: Option<MeetingId>,
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
    /// Our offer is out; the answer comes with the ACK, or with the 200 of the called one.
    Offered { rtp: SocketAddr, sdp: Vec<u8> },
    /// No port.
    None,
}

/// Where the caller is.
#[derive(Debug)]
pub(super) enum Stage {
    /// Waiting for a port.
    Door,
    /// On its way to the one whom the bridge calls.
    Dialling(Box<Dialling>),
    /// In the menu.
    Menu(Box<Session>),
    /// In a meeting or its waiting room.
    Meeting { id: MeetingId, keypad: Keypad },
    /// The operator, talking with the caller who asked for one.
    Operator,
    /// Hearing last words.
    Leaving { until: Instant },
    /// BYE or a refusal is on its way.
    Gone,
}

impl Call {
    /// What the caller of one that begins `now` may key.
    pub(super) fn key_credit(now: Instant) -> Credit {
        Credit::new(now, KEYS_PER_SECOND, KEYS_AT_ONCE)
    }

    /// From now on it is for the room that `code` opens, whose `owner` has its news and its record.
    pub(super) fn belong_to(&mut self, owner: Sid, code: &str) {
        code.clone_into(&mut self.view.access_code);
        code.clone_into(&mut self.record.access_code);
        self.record.subscriber_sid = Some(owner.clone());
        self.view.subscriber_sid = owner;
    }

    /// The meeting the call is in or waits for.
    pub(super) fn meeting(&self) -> Option<MeetingId> {
        match &self.stage {
            Stage::Meeting { id, .. } => Some(*id),
            Stage::Door | Stage::Dialling(_) | Stage::Menu(_) | Stage::Operator => None,
            Stage::Leaving { .. } | Stage::Gone => None,
        }
    }

    /// Keeps what its meeting knew of it, for its record and for the next meeting it is moved to.
    pub(super) fn keep(&mut self, row: meeting::Row) {
        self.view.gain_db = row.gain_db;
        self.view.custom_name.clone_from(&row.name);
        self.record.custom_name = row.name;
        self.record.role = Some(row.role);
    }

    /// The participant's number and ours, digits without plus, whoever of the two has called the other.
    pub(super) fn numbers(&self) -> (String, String) {
        let (caller, callee) = (self.view.caller.trim_start_matches('+'), &self.view.callee);
        match self.view.outbound {
            true => (
                self.guesser.caller.trim_start_matches('+').to_owned(),
                caller.to_owned(),
            ),
            false => (caller.to_owned(), callee.clone()),
        }
    }

    /// When the call itself wants to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let stage = match &self.stage {
            Stage::Menu(session) => session.poll_timeout(),
            Stage::Meeting { keypad, .. } => keypad.poll_timeout(),
            Stage::Leaving { until } => Some(*until),
            Stage::Door | Stage::Dialling(_) | Stage::Operator => None,
            Stage::Gone => return None,
        };
        stage.into_iter().chain(self.ends_at).min()
    }

    /// The network address of the caller.
    pub(super) fn source(&self) -> IpAddr {
        self.guesser.source
    }

    /// Whether 200 has been sent, or has come.
    pub(super) fn answered(&self) -> bool {
        self.record.answered_ms.is_some()
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.stage, Stage::Leaving { .. } | Stage::Gone)
    }

    /// The state readers see, unless its meeting says more.
    pub(super) fn state(&self) -> CallState {
        match &self.stage {
            Stage::Door | Stage::Dialling(_) => CallState::Ringing,
            Stage::Menu(_) if !self.answered() => CallState::Ringing,
            Stage::Menu(_) | Stage::Meeting { .. } | Stage::Operator => CallState::Menu,
            Stage::Leaving { .. } | Stage::Gone => CallState::Ending,
        }
    }
}
