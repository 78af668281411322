//! One endpoint, one peer, no sockets: calls are answered as the offer deserves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::sdp::{ChoiceOf, Codec, Direction, Local, Refusal, answer, make_offer, parse};
use sip::{
    CallId, Command, Door, Endpoint, EndpointConfig, Event, Flow, Input, Limits, Output, SubscriptionOrder,
    Transport,
};

/// What to do with a new call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Answer,
    Ring,
}

/// What came of one input.
#[derive(Debug, Default)]
pub struct Outcome {
    pub sent: Vec<(SocketAddr, Vec<u8>)>,
    pub calls: usize,
    pub ended: usize,
}

impl Outcome {
    /// Statuses of all responses sent, in order.
    pub fn statuses(&self) -> Vec<u16> {
        self.sent.iter().filter_map(|(_, bytes)| status(bytes)).collect()
    }

    /// Statuses of the final ones.
    pub fn finals(&self) -> Vec<u16> {
        self.statuses()
            .into_iter()
            .filter(|status| *status >= 200)
            .collect()
    }
}

/// The status of a response; none for a request.
pub fn status(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes.strip_prefix(b"SIP/2.0 ")?.get(..3)?)
        .ok()?
        .parse()
        .ok()
}

/// The To tag of a response.
pub fn to_tag(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let to = text
        .lines()
        .find(|line| line.starts_with("To:"))
        .expect("a To header");
    to.split(";tag=")
        .nth(1)
        .expect("a To tag")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned()
}

pub struct World {
    pub endpoint: Endpoint,
    pub now: Instant,
    pub flow: Flow,
    pub habit: Habit,
    /// Calls that live, and what we told them last.
    pub live: BTreeMap<CallId, Vec<u8>>,
}

impl World {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    pub fn new(limits: Limits) -> Self {
        let config = EndpointConfig {
            limits,
            ..EndpointConfig::default()
        };
        Self {
            endpoint: Endpoint::new(config, [7; 32]),
            now: Instant::now(),
            flow: Flow {
                transport: Transport::Udp,
                local: "192.0.2.1:5060".parse().expect("an address"),
                remote: "192.0.2.9:5060".parse().expect("an address"),
                connection: None,
            },
            habit: Habit::Answer,
            live: BTreeMap::new(),
        }
    }

    /// One datagram and all that comes of it at once.
    pub fn feed(&mut self, bytes: &[u8]) -> Outcome {
        self.endpoint.handle_input(
            self.now,
            Input::Message {
                flow: self.flow,
                bytes,
                door: Door::Open,
            },
        );
        self.drain()
    }

    pub fn command(&mut self, command: Command) -> Outcome {
        self.endpoint.handle_input(self.now, Input::Command(command));
        self.drain()
    }

    /// Lets this much time pass at once.
    pub fn pass(&mut self, time: Duration) -> Outcome {
        self.now += time;
        self.endpoint.handle_timeout(self.now);
        self.drain()
    }

    /// Hangs up everywhere and waits until nothing is left to wait for; tells where packets went meanwhile.
    pub fn settle(&mut self) -> Vec<SocketAddr> {
        let mut went = Vec::new();
        let mut note = |outcome: Outcome| went.extend(outcome.sent.into_iter().map(|(to, _)| to));
        for call in self.live.keys().copied().collect::<Vec<_>>() {
            note(self.command(Command::HangUp { call, reason: None }));
        }
        for _ in 0..2_000 {
            let Some(at) = self.endpoint.poll_timeout() else {
                return went;
            };
            note(self.pass(at.saturating_duration_since(self.now)));
        }
        panic!("the endpoint never settles: {:?}", self.endpoint.load());
    }

    pub fn drain(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { flow, bytes } => outcome.sent.push((flow.remote, bytes.to_vec())),
                Output::Event(event) => {
                    outcome.calls += usize::from(matches!(event, Event::Incoming(_)));
                    outcome.ended += usize::from(matches!(event, Event::Ended { .. }));
                    let input = watched(&event).or_else(|| self.react(event).map(Input::Command));
                    if let Some(input) = input {
                        self.endpoint.handle_input(self.now, input);
                    }
                }
            }
        }
        outcome
    }

    fn react(&mut self, event: Event) -> Option<Command> {
        match event {
            Event::Incoming(incoming) => {
                let call = incoming.call;
                self.live.insert(call, Vec::new());
                if self.habit == Habit::Ring {
                    return Some(Command::Ring { call });
                }
                Some(match self.describe(call, incoming.offer.as_deref()) {
                    Ok(sdp) => Command::Answer { call, sdp },
                    Err(refusal) => Command::Refuse {
                        call,
                        status: refusal.status(),
                        reason: Some(refusal.to_string()),
                        retry_after: None,
                    },
                })
            }
            Event::Offered { call, sdp } => Some(match self.describe(call, sdp.as_deref()) {
                Ok(sdp) => Command::AcceptOffer { call, sdp },
                Err(refusal) => Command::RejectOffer {
                    call,
                    status: refusal.status(),
                },
            }),
            Event::Ended { call, .. } => {
                self.live.remove(&call);
                None
            }
            Event::TurnedAway { .. }
            | Event::Confirmed { .. }
            | Event::Progress { .. }
            | Event::Answered { .. }
            | Event::OfferWithdrawn { .. }
            | Event::OfferAnswered { .. }
            | Event::OfferRefused { .. }
            | Event::Digit { .. }
            | Event::Subscribing(_)
            | Event::StateWanted { .. }
            | Event::WayWanted { .. }
            | Event::Unsubscribed { .. } => None,
        }
    }

    fn describe(&mut self, call: CallId, offer: Option<&[u8]>) -> Result<Vec<u8>, Refusal> {
        let local = Local {
            address: self.flow.local.ip(),
            rtp_port: 40_000,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            choice: ChoiceOf::Offerer,
            telephone_event: true,
            comfort_noise: true,
            rtcp_mux: false,
            session_id: call.0,
            ptime_ms: 20,
            opus: sip::sdp::OpusParameters::default(),
        };
        let told = self.live.entry(call).or_default();
        let previous = Some(told.as_slice()).filter(|told| !told.is_empty());
        let sdp = match offer {
            Some(offer) => answer(&parse(offer)?, &local, previous, &|to| to.ip() == local.address)?.0,
            None => make_offer(&local, Direction::SendRecv, previous),
        };
        told.clone_from(&sdp);
        Ok(sdp)
    }
}

/// Whoever wants to watch may, and is told something.
fn watched(event: &Event) -> Option<Input<'static>> {
    let (subscription, order) = if let Event::Subscribing(subscriber) = event {
        (subscriber.subscription, SubscriptionOrder::Admit)
    } else if let Event::StateWanted { subscription, .. } = event {
        let order = SubscriptionOrder::State {
            active: true,
            body: Some(b"<roster/>".to_vec()),
            more: false,
        };
        (*subscription, order)
    } else {
        return None;
    };
    Some(Input::Subscription { subscription, order })
}
