//! What goes in and what comes out of an [`Endpoint`](super::Endpoint).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::auth::Credentials;
use crate::flow::{Flow, Transport};
use crate::limits::Limits;
use crate::subscription::Reason;
use crate::target::Hop;

/// Our handle of one INVITE dialog; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Our handle of one subscription to the conference; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

/// What an endpoint is told once.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// `host` or `host:port` to write in Via and Contact, by transport; the flow's local address where absent.
    pub advertised: BTreeMap<Transport, String>,
    /// The product name for Server and User-Agent.
    pub user_agent: String,
    /// Bounds.
    pub limits: Limits,
    /// Shortest session interval we accept (RFC 4028 Min-SE, at least 90 s).
    pub session_min: Duration,
    /// Session interval we ask for when the peer supports timers but names none; `None`: no timer then.
    pub session_default: Option<Duration>,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            advertised: BTreeMap::new(),
            user_agent: "Partyline".to_owned(),
            limits: Limits::default(),
            session_min: Duration::from_secs(90),
            session_default: Some(Duration::from_secs(1800)),
        }
    }
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// One datagram, or one message framed out of a stream.
    Message {
        /// Where it came from.
        flow: Flow,
        /// The whole message.
        bytes: &'a [u8],
        /// Whether a new call from there is taken.
        door: Door,
    },
    /// A connection is gone.
    FlowLost {
        /// The connection's number.
        connection: u64,
    },
    /// Our user wants something.
    Command(Command),
    /// Our user wants something done with a subscription.
    Subscription {
        /// Which.
        subscription: SubscriptionId,
        /// What.
        order: SubscriptionOrder,
    },
}

/// What our user says to new calls of a source, whatever they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// They are told of with [`Event::Incoming`].
    Open,
    /// They get this status, 400 to 699, and nothing is kept of them: neither their number nor a forged address costs us anything.
    Shut(u16),
}

/// What our user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// 180 Ringing.
    Ring {
        /// The call.
        call: CallId,
    },
    /// Accept the call: 200 with our answer, or with our offer when the INVITE had none.
    Answer {
        /// The call.
        call: CallId,
        /// Our session description.
        sdp: Vec<u8>,
    },
    /// Refuse the call.
    Refuse {
        /// The call.
        call: CallId,
        /// 300 to 699; anything else becomes 500.
        status: u16,
        /// The reason phrase, else the usual one.
        reason: Option<String>,
        /// Retry-After, seconds.
        retry_after: Option<u32>,
    },
    /// Accept the peer's offer of an [`Event::Offered`]; with our offer when it brought none.
    AcceptOffer {
        /// The call.
        call: CallId,
        /// Our session description.
        sdp: Vec<u8>,
    },
    /// Refuse the peer's offer; the session stays as it was.
    RejectOffer {
        /// The call.
        call: CallId,
        /// 400 to 699, mostly 488; anything else becomes 488.
        status: u16,
    },
    /// Offer the peer another session (re-INVITE); one at a time.
    Offer {
        /// The call.
        call: CallId,
        /// Our session description.
        sdp: Vec<u8>,
    },
    /// End the call in whatever state it is.
    HangUp {
        /// The call.
        call: CallId,
        /// Text for the Reason header (RFC 3326).
        reason: Option<String>,
    },
}

/// What our user wants done with a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionOrder {
    /// Accept the one who asks.
    Admit,
    /// Refuse the one who asks.
    Deny {
        /// 400 to 699; anything else becomes 403. With 503 it may ask again later.
        status: u16,
    },
    /// What is watched has changed; [`Event::StateWanted`] follows when it may be told.
    Changed,
    /// How things are, after [`Event::StateWanted`].
    State {
        /// Whether there is anything to see yet.
        active: bool,
        /// A document of RFC 4575, no larger than the room that [`Event::StateWanted`] told; else it is left out.
        body: Option<Vec<u8>>,
        /// Whether there was more to tell than fits: it is asked for again with the next NOTIFY.
        more: bool,
    },
    /// The connection of [`Event::WayWanted`] is open; NOTIFYs go by it until it is lost.
    Way {
        /// The connection.
        flow: Flow,
    },
    /// There is nothing to see any more.
    End(Reason),
}

/// A call we make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// The way to the trunk or phone.
    pub flow: Flow,
    /// Whom to call: a `sip:` or `sips:` URI, as it goes into the Request-URI and To.
    pub target: String,
    /// Who calls: a name-addr such as `\"Room 5\" <sip:5551234@bridge.example.com>`, without tag.
    pub from: String,
    /// P-Asserted-Identity, for trunks that want one.
    pub asserted: Option<String>,
    /// Our offer.
    pub sdp: Vec<u8>,
    /// Who we are where the way is challenged; without them a challenge ends the call.
    pub credentials: Option<Credentials>,
    /// How long to wait for an answer before the call is given up.
    pub ringing: Duration,
}

/// What to do, what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes.
    Send {
        /// The way to send them.
        flow: Flow,
        /// One whole message.
        bytes: bytes::Bytes,
    },
    /// Tell our user.
    Event(Event),
}

/// What happened to a call. Every [`Event::Incoming`] and every call dialled is followed by exactly one
/// [`Event::Ended`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new call; answer it with Ring, Answer or Refuse.
    Incoming(Box<Incoming>),
    /// A call was turned away before it became one (at a shut door, or for 415, 416, 420, 503 and the like); there is nothing to answer. Told once for
    /// all copies of an INVITE.
    TurnedAway {
        /// Who called whom. Its handle names nothing, and its offer is left out.
        invite: Box<Incoming>,
        /// The status it got.
        status: u16,
    },
    /// The called one was reached and rings, or says something before it answers (180 to 199).
    Progress {
        /// The call.
        call: CallId,
        /// The status.
        status: u16,
        /// Early media, if offered.
        sdp: Option<Vec<u8>>,
    },
    /// The called one answered and was acknowledged.
    Answered {
        /// The call.
        call: CallId,
        /// The answer to our offer; without one the call is of no use.
        sdp: Option<Vec<u8>>,
    },
    /// The caller acknowledged our 200.
    Confirmed {
        /// The call.
        call: CallId,
        /// The answer, when the 200 carried our offer and the ACK an answer.
        sdp: Option<Vec<u8>>,
    },
    /// The peer wants another session; answer with AcceptOffer or RejectOffer.
    Offered {
        /// The call.
        call: CallId,
        /// The offer; `None` asks us for one.
        sdp: Option<Vec<u8>>,
    },
    /// The peer took its unanswered offer back (CANCEL of a re-INVITE).
    OfferWithdrawn {
        /// The call.
        call: CallId,
    },
    /// The peer answered our offer (of a re-INVITE, or of our 200 to one of the peer's).
    OfferAnswered {
        /// The call.
        call: CallId,
        /// The answer.
        sdp: Vec<u8>,
    },
    /// The peer refused our offer, or did not answer it; the session stays as it was.
    OfferRefused {
        /// The call.
        call: CallId,
        /// The peer's status; 491 also when we could not send the offer now.
        status: u16,
    },
    /// A digit by INFO.
    Digit {
        /// The call.
        call: CallId,
        /// One of `0-9`, `*`, `#`, `A-D`.
        digit: char,
        /// How long it was held, ms.
        duration_ms: u32,
    },
    /// Somebody wants to watch the conference; answer with Admit or Deny.
    Subscribing(Box<Subscriber>),
    /// One who asked by datagram would rather be told by connection; answer with Way where one can be opened. Until then it is told by datagram.
    WayWanted {
        /// Whose.
        subscription: SubscriptionId,
        /// Where it listens.
        hop: Hop,
    },
    /// It may be told now how things are; answer with State, or End.
    StateWanted {
        /// To whom.
        subscription: SubscriptionId,
        /// All of it, rather than what has changed since the last time.
        full: bool,
        /// How long the document may be by the way it will go, bytes.
        room: usize,
        /// The URI of our Contact in its call, by which its phone knows the conference.
        focus: String,
    },
    /// The subscription is over; its last event.
    Unsubscribed {
        /// Which.
        subscription: SubscriptionId,
    },
    /// The call is over; the last event of a call.
    Ended {
        /// The call.
        call: CallId,
        /// Why.
        cause: EndCause,
    },
}

/// A new call, as the INVITE told it. All texts are the caller's words: untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Our handle.
    pub call: CallId,
    /// User part of the Request-URI, unescaped; the number of a tel URI. Empty when there is none.
    pub dialled: String,
    /// User part or tel number of To.
    pub to_user: Option<String>,
    /// User part or tel number of From.
    pub from_user: Option<String>,
    /// Display name of From.
    pub from_display: Option<String>,
    /// The whole From header.
    pub from_header: String,
    /// The whole To header.
    pub to_header: String,
    /// User part or tel number of the first P-Asserted-Identity (RFC 3325); worth what the source is worth.
    pub asserted: Option<String>,
    /// Whether the caller asks not to be shown (RFC 3323 Privacy other than `none`).
    pub privacy: bool,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// On which transport.
    pub transport: Transport,
    /// The SDP offer; `None` asks us for one.
    pub offer: Option<Vec<u8>>,
    /// User-Agent of the caller.
    pub user_agent: Option<String>,
}

/// One who wants to watch the conference. All texts are the caller's words: untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Our handle.
    pub subscription: SubscriptionId,
    /// The call in whose dialog it asks; or, from the address of the call's phone, whose Contact of ours it asks for, or whose dialog it
    /// names (RFC 4538). Of anybody else nothing is known but what it says itself.
    pub call: Option<CallId>,
    /// Our host and port as it knows them.
    pub host: String,
}

/// Why a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The peer said BYE.
    Bye {
        /// The peer's Reason header.
        reason: Option<String>,
    },
    /// We said BYE, or refused a ringing call.
    HungUp,
    /// Our user refused the call with this status.
    Refused(u16),
    /// The caller gave up while it rang.
    Cancelled,
    /// It rang too long: the caller's Expires or our own bound.
    NoAnswer,
    /// Nothing answered the INVITE of a call we made, not even with a provisional response (timer B).
    Unreachable,
    /// Nobody acknowledged our 200.
    NotAcknowledged,
    /// The connection of the call is gone.
    TransportLost,
    /// Nobody refreshed the session in time (RFC 4028).
    SessionExpired,
    /// A request of ours failed with this status: the INVITE of a call we made, or one inside a call (408 for
    /// no answer, 481 for a peer that does not know the call).
    RequestFailed(u16),
}
