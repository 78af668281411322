//! One call: an INVITE dialog with what is under way in it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Dialog;
use super::session::{Agreed, SessionTimer};
use crate::auth::Authenticator;
use crate::endpoint::api::CallId;
use crate::endpoint::transactions::TxId;
use crate::flow::Flow;
use crate::message::Echo;
use crate::timers::{Backoff, T1_64, T2};

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) dialog: Dialog,
    /// The way our requests go when the next hop says nothing better.
    pub(crate) flow: Flow,
    pub(crate) stage: Stage,
    /// Our 2xx to the peer's last INVITE, until its ACK.
    pub(crate) unacked: Option<Unacked>,
    /// An offer of the peer's that our user has not decided on.
    pub(crate) peer_offer: Option<Box<Pending>>,
    pub(crate) our_offer: OurOffer,
    /// An UPDATE of ours is under way.
    pub(crate) updating: bool,
    pub(crate) session: SessionTimer,
    /// The last session description we sent, for refreshes by re-INVITE.
    pub(crate) local_sdp: Bytes,
    /// Whether the peer's Allow lists UPDATE.
    pub(crate) peer_updates: bool,
    /// How challenges are answered, in a call we made with credentials.
    pub(crate) authenticator: Option<Box<Authenticator>>,
    /// What was counted of it, bytes.
    pub(crate) counted: usize,
}

/// How far a call is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The INVITE waits for our user.
    Ringing {
        invite: Box<Pending>,
        /// When to repeat the 180 (RFC 3261 section 13.3.1.1); none was sent yet while `None`.
        remind_at: Option<Instant>,
        give_up_at: Instant,
    },
    /// Our INVITE has no final answer.
    Dialling(Box<Dialling>),
    /// Our user gave a dialled call up; what still comes is acknowledged and ended.
    Abandoned(Box<Dialling>),
    /// Answered.
    Up,
    /// Our user hung up before the ACK came; BYE waits for it (RFC 3261 section 15).
    Leaving { reason: Option<String> },
    /// BYE is on its way.
    Closing,
    /// To be forgotten.
    Gone,
}

/// An INVITE of ours, and what ends it.
#[derive(Debug)]
pub(crate) struct Dialling {
    pub(crate) branch: String,
    pub(crate) flow: Flow,
    /// The whole CANCEL; it may go out once a provisional response came (RFC 3261 section 9.1).
    pub(crate) cancel: Bytes,
    pub(crate) may_cancel: bool,
    pub(crate) cancelled: bool,
    pub(crate) give_up_at: Instant,
    /// P-Asserted-Identity.
    pub(crate) asserted: Option<String>,
}

/// A request of the peer's that waits for our user.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) tx: TxId,
    pub(crate) echo: Echo,
    pub(crate) seq: u32,
    pub(crate) kind: PendingKind,
    /// It brought an offer, so our 2xx brings the answer.
    pub(crate) has_offer: bool,
    pub(crate) agreed: Option<Agreed>,
}

/// Which request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PendingKind {
    Invite,
    Update,
}

/// A 2xx resent until its ACK comes (RFC 3261 section 13.3.1.4).
#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) tx: TxId,
    pub(crate) seq: u32,
    pub(crate) ok: Bytes,
    pub(crate) resend: Backoff,
    pub(crate) give_up_at: Instant,
    /// It brought our offer, so the ACK brings the answer.
    pub(crate) offers: bool,
    /// It made the call, rather than changed it.
    pub(crate) first: bool,
}

impl Unacked {
    pub(crate) fn new(now: Instant, pending: &Pending, ok: Bytes) -> Self {
        Self {
            tx: pending.tx,
            seq: pending.seq,
            ok,
            resend: Backoff::new(now, T2),
            give_up_at: now + T1_64,
            offers: !pending.has_offer,
            first: false,
        }
    }
}

/// Why we offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motive {
    /// Our user asked for it and hears of the outcome.
    User,
    /// A session refresh by re-INVITE.
    Refresh,
}

/// Our re-INVITE.
#[derive(Debug)]
pub(crate) enum OurOffer {
    None,
    /// Refused with 491; to be sent again (RFC 3261 section 14.1).
    Waiting {
        at: Instant,
        sdp: Bytes,
        motive: Motive,
        tries: u32,
    },
    InFlight {
        seq: u32,
        /// A peer that says 100 and no more is as good as gone.
        give_up_at: Instant,
        sdp: Bytes,
        motive: Motive,
        tries: u32,
    },
}

/// How often an offer refused with 491 is sent.
pub(crate) const OFFER_TRIES: u32 = 5;
/// How often a 180 is repeated.
pub(crate) const REMIND: Duration = Duration::from_secs(60);

impl Call {
    /// A call in which nothing has happened yet.
    pub(crate) fn new(id: CallId, dialog: Dialog, flow: Flow, stage: Stage) -> Self {
        Self {
            id,
            dialog,
            flow,
            stage,
            unacked: None,
            peer_offer: None,
            our_offer: OurOffer::None,
            updating: false,
            session: SessionTimer::Off,
            local_sdp: Bytes::new(),
            peer_updates: false,
            authenticator: None,
            counted: 0,
        }
    }

    /// What it keeps of messages, bytes; nothing once it is to be forgotten.
    pub(crate) fn bytes(&self) -> usize {
        let stage = match &self.stage {
            Stage::Ringing { invite, .. } => invite.echo.size(),
            Stage::Dialling(dialling) | Stage::Abandoned(dialling) => dialling.cancel.len(),
            Stage::Up | Stage::Leaving { .. } | Stage::Closing => 0,
            Stage::Gone => return 0,
        };
        let unacked = self.unacked.as_ref().map_or(0, |unacked| unacked.ok.len());
        let offer = self.peer_offer.as_ref().map_or(0, |offer| offer.echo.size());
        self.dialog.bytes() + self.local_sdp.len() + stage + unacked + offer
    }

    /// When something is to be done next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let stage = match &self.stage {
            Stage::Ringing {
                remind_at,
                give_up_at,
                ..
            } => Some(remind_at.map_or(*give_up_at, |at| at.min(*give_up_at))),
            Stage::Dialling(dialling) | Stage::Abandoned(dialling) => Some(dialling.give_up_at),
            Stage::Up => self.session.deadline(),
            Stage::Leaving { .. } | Stage::Closing | Stage::Gone => None,
        };
        let unacked = self
            .unacked
            .as_ref()
            .map(|unacked| unacked.resend.at.min(unacked.give_up_at));
        let offer = match &self.our_offer {
            OurOffer::Waiting { at, .. } => Some(*at),
            OurOffer::InFlight { give_up_at, .. } => Some(*give_up_at),
            OurOffer::None => None,
        };
        [stage, unacked, offer].into_iter().flatten().min()
    }

    /// Whether our user was told that it ended.
    pub(crate) fn is_over(&self) -> bool {
        match self.stage {
            Stage::Ringing { .. } | Stage::Dialling(_) | Stage::Up => false,
            Stage::Abandoned(_) | Stage::Leaving { .. } | Stage::Closing | Stage::Gone => true,
        }
    }

    /// Whether our own offer is out, by re-INVITE or in a 2xx whose ACK is missing.
    pub(crate) fn is_offering(&self) -> bool {
        let in_ok = self.unacked.as_ref().is_some_and(|unacked| unacked.offers);
        match self.our_offer {
            OurOffer::InFlight { .. } => true,
            OurOffer::None | OurOffer::Waiting { .. } => in_ok,
        }
    }
}
