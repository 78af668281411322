//! Messages, commands and time in any order: every call ends once, and nothing is left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use crate::peer::*;
use sip::{CallId, Command, Dial, Event, Input, SubscriptionId, SubscriptionOrder};

#[derive(Clone, Debug)]
enum Step {
    Invite(u32),
    Cancel,
    Inside(&'static str, u32, bool),
    Again(usize),
    Reply(u16, bool),
    Order(u8, u16),
    Pass(u64),
    Lose,
    Dial,
}

fn step() -> impl Strategy<Value = Step> {
    let methods = prop::sample::select(vec![
        "ACK",
        "BYE",
        "INVITE",
        "UPDATE",
        "INFO",
        "OPTIONS",
        "CANCEL",
        "SUBSCRIBE",
    ]);
    let statuses = prop::sample::select(vec![
        100_u16, 180, 200, 200, 302, 408, 422, 481, 486, 487, 491, 500, 501,
    ]);
    prop_oneof![
        3 => (1..4_u32).prop_map(Step::Invite),
        1 => Just(Step::Cancel),
        6 => (methods, 1..8_u32, any::<bool>()).prop_map(|(m, seq, sdp)| Step::Inside(m, seq, sdp)),
        2 => (0..20_usize).prop_map(Step::Again),
        4 => (statuses, any::<bool>()).prop_map(|(status, sdp)| Step::Reply(status, sdp)),
        6 => (0..7_u8, 100..700_u16).prop_map(|(which, status)| Step::Order(which, status)),
        3 => prop::sample::select(vec![1_u64, 500, 3_000, 33_000, 200_000]).prop_map(Step::Pass),
        1 => Just(Step::Lose),
        1 => Just(Step::Dial),
    ]
}

/// The peer with what it heard and said.
struct Story {
    peer: Peer,
    said: Vec<String>,
    asked: Vec<String>,
    open: BTreeMap<CallId, bool>,
    invites: u32,
}

impl Story {
    fn say(&mut self, text: String) {
        let heard = self.peer.send(&text);
        self.said.push(text);
        self.hear(heard);
    }

    fn hear(&mut self, heard: Vec<String>) {
        let requests = heard.into_iter().filter(|text| !text.starts_with("SIP/2.0"));
        self.asked.extend(requests.filter(|text| kind(text) != "ACK"));
        for event in self.peer.events() {
            self.note(&event);
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Incoming(incoming) => {
                assert_eq!(self.open.insert(incoming.call, true), None, "a handle used twice");
            }
            Event::TurnedAway { invite, .. } => assert_eq!(self.open.get(&invite.call), None),
            Event::Ended { call, .. } => {
                assert_eq!(self.open.insert(*call, false), Some(true), "ended twice");
            }
            Event::Progress { call, .. }
            | Event::Answered { call, .. }
            | Event::Confirmed { call, .. }
            | Event::Offered { call, .. }
            | Event::OfferWithdrawn { call }
            | Event::OfferAnswered { call, .. }
            | Event::OfferRefused { call, .. }
            | Event::Digit { call, .. } => assert_eq!(self.open.get(call), Some(&true), "{event:?}"),
            Event::Subscribing(subscriber) => self.watch(subscriber.subscription, SubscriptionOrder::Admit),
            Event::StateWanted { subscription, .. } => {
                let order = SubscriptionOrder::State {
                    active: true,
                    body: Some(b"state".to_vec()),
                    more: false,
                };
                self.watch(*subscription, order);
            }
            Event::WayWanted { .. } | Event::Unsubscribed { .. } => {}
        }
    }

    fn watch(&mut self, subscription: SubscriptionId, order: SubscriptionOrder) {
        let input = Input::Subscription { subscription, order };
        self.peer.endpoint.handle_input(self.peer.now, input);
        let heard = self.peer.drain();
        self.hear(heard);
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Invite(kind) => {
                self.invites += 1;
                let extra = [
                    "",
                    "Supported: timer\r\nSession-Expires: 120\r\n",
                    "Session-Expires: 120\r\nAllow: UPDATE\r\n",
                ];
                let extra = extra[*kind as usize % 3];
                let text = self
                    .peer
                    .stranger("INVITE", 1, extra, if *kind == 1 { "" } else { SDP });
                self.say(text.replace("c1@", &format!("n{}@", self.invites)));
            }
            Step::Cancel => {
                let invite = self
                    .said
                    .iter()
                    .rev()
                    .find(|text| kind(text) == "INVITE")
                    .cloned();
                if let Some(invite) = invite {
                    self.say(invite.replace("INVITE", "CANCEL"));
                }
            }
            Step::Inside(method, seq, sdp) => {
                if self.peer.tag.is_some() {
                    // Of three that ask to watch one ends it.
                    let watch = format!("Event: conference\r\nExpires: {}\r\n", 100 * (seq % 3));
                    let extra = if *method == "SUBSCRIBE" { &watch } else { "" };
                    let text = self.peer.inside(method, *seq, extra, if *sdp { SDP } else { "" });
                    self.say(text.replace("c1@", &format!("n{}@", self.invites)));
                }
            }
            Step::Again(n) => {
                if let Some(text) = self.said.get(*n).cloned() {
                    self.say(text);
                }
            }
            Step::Reply(status, sdp) => {
                if let Some(request) = self.asked.last().cloned() {
                    let tagged = value(&request, "To").contains(";tag=");
                    let text = reply(
                        &request,
                        *status,
                        "Contact: <sip:b@192.0.2.9>\r\n",
                        if *sdp { SDP } else { "" },
                    );
                    let text = if tagged {
                        text
                    } else {
                        text.replace("\r\nCall-ID", ";tag=b1\r\nCall-ID")
                    };
                    self.say(text);
                }
            }
            Step::Order(which, status) => self.order(*which, *status),
            Step::Pass(ms) => {
                let heard = self.peer.pass(*ms).into_iter().map(|(_, text)| text).collect();
                self.hear(heard);
            }
            Step::Lose => {
                let heard = self.peer.lose(7);
                self.hear(heard);
            }
            Step::Dial => {
                let dial = Dial {
                    flow: self.peer.flow,
                    target: "sip:b@192.0.2.9".to_owned(),
                    from: "<sip:us@192.0.2.1>".to_owned(),
                    asserted: None,
                    sdp: vec![b'x'],
                    credentials: None,
                    ringing: Duration::from_secs(60),
                };
                let call = self.peer.endpoint.reserve();
                self.peer.endpoint.dial(self.peer.now, call, &dial).unwrap();
                self.open.insert(call, true);
                let heard = self.peer.drain();
                self.hear(heard);
            }
        }
    }

    fn order(&mut self, which: u8, status: u16) {
        let Some(call) = self.open.keys().last().copied() else {
            return;
        };
        let sdp = b"our".to_vec();
        let heard = self.peer.command(match which {
            0 => Command::Ring { call },
            1 => Command::Answer { call, sdp },
            2 => Command::Refuse {
                call,
                status,
                reason: None,
                retry_after: None,
            },
            3 => Command::AcceptOffer { call, sdp },
            4 => Command::RejectOffer { call, status },
            5 => Command::Offer { call, sdp },
            _ => Command::HangUp { call, reason: None },
        });
        self.hear(heard);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_once_and_nothing_is_left(tcp: bool, steps in prop::collection::vec(step(), 1..40)) {
        let peer = if tcp { Peer::over_tcp() } else { Peer::new() };
        let mut story = Story { peer, said: vec![], asked: vec![], open: BTreeMap::new(), invites: 0 };
        for step in &steps {
            story.take(step);
        }
        for call in story.open.keys().copied().collect::<Vec<_>>() {
            let heard = story.peer.command(Command::HangUp { call, reason: None });
            story.hear(heard);
        }
        story.take(&Step::Pass(200_000));
        prop_assert!(story.open.values().all(|open| !open), "{:?}", story.open);
        prop_assert_eq!(story.peer.endpoint.load(), (0, 0));
        prop_assert_eq!(story.peer.endpoint.poll_timeout(), None);
    }
}
