//! Subscriptions to the conference, inside a call and outside.

use crate::peer::*;
use sip::{
    Command, Door, EndpointConfig, Event, Flow, Hop, Input, Limits, SubscriptionId, SubscriptionOrder,
    SubscriptionReason, Transport,
};

pub(crate) const ASK: &str = "Event: conference\r\nAccept: application/conference-info+xml\r\n";

impl Peer {
    pub(crate) fn order(&mut self, subscription: SubscriptionId, order: SubscriptionOrder) -> Vec<String> {
        self.endpoint
            .handle_input(self.now, Input::Subscription { subscription, order });
        self.drain()
    }

    /// The one who has just asked.
    pub(crate) fn asking(&mut self) -> SubscriptionId {
        match &self.events()[..] {
            [Event::Subscribing(subscriber)] => subscriber.subscription,
            other => panic!("nobody asks: {other:?}"),
        }
    }

    pub(crate) fn tell(&mut self, subscription: SubscriptionId, text: &str) -> Vec<String> {
        self.tell_part(subscription, text, false)
    }

    fn tell_part(&mut self, subscription: SubscriptionId, text: &str, more: bool) -> Vec<String> {
        let body = Some(text.as_bytes().to_vec());
        let active = true;
        self.order(subscription, SubscriptionOrder::State { active, body, more })
    }
}

/// Room in a datagram, and on a connection, bytes.
pub(crate) const DATAGRAM: usize = 7 * 1024;
pub(crate) const STREAM: usize = 60 * 1024;

/// By one who asked for no call's conference, by datagram.
fn wanted(subscription: SubscriptionId, full: bool, room: usize) -> Event {
    wanted_of("sip:192.0.2.1:5060", subscription, full, room)
}

/// By one who knows the conference by this URI.
pub(crate) fn wanted_of(focus: &str, subscription: SubscriptionId, full: bool, room: usize) -> Event {
    Event::StateWanted {
        subscription,
        full,
        room,
        focus: focus.to_owned(),
    }
}

/// One who asked outside of a call, was admitted and told all.
fn watching(peer: &mut Peer, extra: &str) -> (SubscriptionId, String) {
    let ask = peer.stranger("SUBSCRIBE", 1, &format!("{ASK}{extra}"), "");
    assert!(peer.send(&ask).is_empty());
    let id = peer.asking();
    let accepted = only(peer.order(id, SubscriptionOrder::Admit));
    assert_eq!(kind(&accepted), "200");
    let expected = match peer.flow.connection {
        Some(_) => wanted_of("sip:192.0.2.1:5060;transport=tcp", id, true, STREAM),
        None => wanted(id, true, DATAGRAM),
    };
    assert_eq!(peer.events(), [expected]);
    let notify = only(peer.tell(id, "<all/>"));
    (id, notify)
}

#[test]
fn a_subscription_is_accepted_told_all_and_told_changes() {
    let mut peer = Peer::new();
    let (id, notify) = watching(&mut peer, "Expires: 600\r\n");
    assert!(notify.starts_with("NOTIFY sip:alice@192.0.2.9 SIP/2.0\r\n"));
    for (name, expected) in [
        ("Event", "conference"),
        ("Subscription-State", "active;expires=600"),
        ("Content-Type", "application/conference-info+xml"),
        ("Contact", "<sip:192.0.2.1:5060>;isfocus"),
        ("CSeq", "1 NOTIFY"),
    ] {
        assert_eq!(value(&notify, name), expected);
    }
    assert_eq!(body(&notify), "<all/>");
    peer.send(&reply(&notify, 200, "", ""));
    assert!(peer.order(id, SubscriptionOrder::Changed).is_empty());
    assert!(peer.events().is_empty(), "not within the same second");
    peer.pass(1_000);
    assert_eq!(peer.events(), [wanted(id, false, DATAGRAM)]);
    let notify = only(peer.tell(id, "<some/>"));
    assert_eq!((value(&notify, "CSeq"), body(&notify)), ("2 NOTIFY", "<some/>"));
    peer.send(&reply(&notify, 200, "", ""));
    assert_eq!(
        times(&peer.pass(700_000), "NOTIFY"),
        [
            600_000, 600_500, 601_500, 603_500, 607_500, 611_500, 615_500, 619_500, 623_500, 627_500, 631_500
        ]
    );
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn what_cannot_be_watched_is_refused_before_anybody_is_asked() {
    let accept = "Accept: text/plain\r\n";
    for (extra, status, header) in [
        (
            "Event: presence\r\n".to_owned(),
            "489",
            ("Allow-Events", "conference"),
        ),
        (String::new(), "489", ("Allow-Events", "conference")),
        (
            format!("Event: conference\r\n{accept}"),
            "406",
            ("Accept", "application/conference-info+xml"),
        ),
        (format!("{ASK}Expires: 59\r\n"), "423", ("Min-Expires", "60")),
        (
            format!("{ASK}Contact: <mailto:a@b>\r\n"),
            "400",
            ("CSeq", "1 SUBSCRIBE"),
        ),
    ] {
        let mut peer = Peer::new();
        let ask = peer.stranger("SUBSCRIBE", 1, &extra, "");
        let answer = only(peer.send(&ask));
        assert_eq!(
            (kind(&answer).as_str(), value(&answer, header.0)),
            (status, header.1),
            "{extra}"
        );
        assert!(peer.events().is_empty());
        peer.pass(60_000);
        assert_eq!(peer.endpoint.load(), (0, 0));
    }
}

#[test]
fn times_beyond_an_hour_are_cut_and_none_means_an_hour() {
    for (extra, granted) in [
        ("", "3600"),
        ("Expires: 86400\r\n", "3600"),
        ("Expires: 60\r\n", "60"),
    ] {
        let mut peer = Peer::new();
        let ask = peer.stranger("SUBSCRIBE", 1, &format!("{ASK}{extra}"), "");
        peer.send(&ask);
        let id = peer.asking();
        let accepted = only(peer.order(id, SubscriptionOrder::Admit));
        assert_eq!(value(&accepted, "Expires"), granted);
    }
}

#[test]
fn one_who_is_denied_is_told_and_forgotten() {
    let mut peer = Peer::new();
    let ask = peer.stranger("SUBSCRIBE", 1, ASK, "");
    peer.send(&ask);
    let id = peer.asking();
    assert_eq!(
        kinds(&peer.order(id, SubscriptionOrder::Deny { status: 403 })),
        ["403"]
    );
    assert_eq!(kinds(&peer.send(&ask)), ["403"], "a copy gets the same");
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
    assert!(peer.order(id, SubscriptionOrder::Changed).is_empty());
    assert_eq!(peer.endpoint.counters().refused_subscriptions, 1);
}

#[test]
fn where_there_are_too_many_one_is_told_to_come_back_and_counted() {
    let mut peer = Peer::new();
    let ask = peer.stranger("SUBSCRIBE", 1, ASK, "");
    peer.send(&ask);
    let id = peer.asking();
    let answer = only(peer.order(id, SubscriptionOrder::Deny { status: 503 }));
    assert_eq!(
        (kind(&answer).as_str(), value(&answer, "Retry-After")),
        ("503", "5")
    );
    let counters = peer.endpoint.counters();
    assert_eq!(
        (counters.shed_subscriptions, counters.refused_subscriptions),
        (1, 0)
    );

    let mut peer = Peer::new();
    let (id, _) = watching(&mut peer, "");
    let last = only(peer.order(id, SubscriptionOrder::End(SubscriptionReason::Probation)));
    assert_eq!(
        value(&last, "Subscription-State"),
        "terminated;reason=probation;retry-after=60"
    );
    assert_eq!(peer.endpoint.counters().shed_subscriptions, 1);
}

#[test]
fn what_did_not_fit_is_asked_for_when_the_next_notify_may_go() {
    let mut peer = Peer::new();
    let ask = peer.stranger("SUBSCRIBE", 1, ASK, "");
    peer.send(&ask);
    let id = peer.asking();
    peer.order(id, SubscriptionOrder::Admit);
    peer.events();
    let notify = only(peer.tell_part(id, "<some/>", true));
    peer.send(&reply(&notify, 200, "", ""));
    assert!(peer.events().is_empty(), "not within the same second");
    peer.pass(1_000);
    assert_eq!(peer.events(), [wanted(id, false, DATAGRAM)]);
    let notify = only(peer.tell(id, "<rest/>"));
    peer.send(&reply(&notify, 200, "", ""));
    peer.pass(10_000);
    assert!(peer.events().is_empty(), "all is told");
    assert_eq!(peer.endpoint.counters().documents_in_parts, 1);
}

#[test]
fn a_document_that_does_not_fit_its_way_is_left_out_and_counted() {
    for (mut peer, room) in [(Peer::new(), DATAGRAM), (Peer::over_tcp(), STREAM)] {
        let (id, notify) = watching(&mut peer, "");
        peer.send(&reply(&notify, 200, "", ""));
        for (len, told, withheld) in [(room, room, 0), (room + 1, 0, 1)] {
            peer.order(id, SubscriptionOrder::Changed);
            peer.pass(1_000);
            let notify = only(peer.tell(id, &"x".repeat(len)));
            assert_eq!(body(&notify).len(), told);
            assert_eq!(peer.endpoint.counters().withheld_documents, withheld);
            peer.send(&reply(&notify, 200, "", ""));
        }
    }
}

#[test]
fn a_refresh_inside_a_call_on_a_connection_has_the_room_of_the_connection() {
    let mut peer = Peer::over_tcp();
    peer.call("");
    let ask = peer.inside("SUBSCRIBE", 2, ASK, "");
    peer.send(&ask);
    let id = peer.asking();
    peer.order(id, SubscriptionOrder::Admit);
    let known = peer.contact.clone().expect("a call");
    assert_eq!(peer.events(), [wanted_of(&known, id, true, STREAM)]);
    let notify = only(peer.tell(id, "<all/>"));
    peer.send(&reply(&notify, 200, "", ""));
    let refresh = peer.inside("SUBSCRIBE", 3, ASK, "");
    peer.send(&refresh);
    assert_eq!(peer.events(), [wanted_of(&known, id, true, STREAM)]);
}

#[test]
fn a_connection_carries_a_subscription_as_it_does_a_call() {
    let mut peer = Peer::over_tcp();
    let (id, _) = watching(&mut peer, "");
    assert!(peer.endpoint.carries_call(7) && !peer.endpoint.carries_call(8));
    peer.order(id, SubscriptionOrder::End(SubscriptionReason::NoResource));
    assert!(!peer.endpoint.carries_call(7));
}

#[test]
fn it_is_refreshed_and_ended_in_its_dialog() {
    let mut peer = Peer::new();
    let (id, notify) = watching(&mut peer, "");
    peer.send(&reply(&notify, 200, "", ""));
    let refresh = peer.inside("SUBSCRIBE", 2, &format!("{ASK}Expires: 120\r\n"), "");
    let sent = peer.send(&refresh);
    assert_eq!(
        (kinds(&sent), value(&sent[0], "Expires")),
        (vec!["200".to_owned()], "120")
    );
    assert_eq!(peer.events(), [wanted(id, true, DATAGRAM)]);
    let notify = only(peer.tell(id, "<all/>"));
    assert_eq!(value(&notify, "Subscription-State"), "active;expires=120");
    peer.send(&reply(&notify, 200, "", ""));
    let old = peer
        .inside("SUBSCRIBE", 2, ASK, "")
        .replace("branch=z9hG4bK", "branch=z9hG4bKx");
    assert_eq!(kinds(&peer.send(&old)), ["500"]);
    let bye = peer.inside("BYE", 3, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["481"]);
    let end = peer.inside("SUBSCRIBE", 4, &format!("{ASK}Expires: 0\r\n"), "");
    assert_eq!(kinds(&peer.send(&end)), ["200"]);
    assert_eq!(peer.events(), [wanted(id, true, DATAGRAM)]);
    let last = only(peer.tell(id, "<all/>"));
    assert_eq!(value(&last, "Subscription-State"), "terminated;reason=timeout");
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);
    peer.send(&reply(&last, 200, "", ""));
    let late = peer.inside("SUBSCRIBE", 5, ASK, "");
    assert_eq!(kinds(&peer.send(&late)), ["481"]);
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn inside_a_call_requests_of_both_share_one_sequence_and_end_together() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ask = peer.inside("SUBSCRIBE", 2, ASK, "");
    peer.send(&ask);
    let events = peer.events();
    let [Event::Subscribing(subscriber)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(subscriber.call, Some(call));
    let id = subscriber.subscription;
    peer.order(id, SubscriptionOrder::Admit);
    let notify = only(peer.tell(id, "<all/>"));
    assert_eq!(value(&notify, "CSeq"), "1 NOTIFY");
    peer.send(&reply(&notify, 200, "", ""));
    peer.events();
    let sent = peer.command(Command::HangUp { call, reason: None });
    assert_eq!(kinds(&sent), ["NOTIFY", "BYE"]);
    assert_eq!(
        value(&sent[0], "Subscription-State"),
        "terminated;reason=noresource"
    );
    assert_eq!(
        (value(&sent[0], "CSeq"), value(&sent[1], "CSeq")),
        ("2 NOTIFY", "3 BYE")
    );
    assert!(peer.events().contains(&Event::Unsubscribed { subscription: id }));
    for request in &sent {
        peer.send(&reply(request, 200, "", ""));
    }
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn two_in_one_call_differ_by_the_id_of_their_event_and_a_third_is_too_many() {
    let mut peer = Peer::new();
    peer.call("");
    for (seq, id, status) in [
        (2, "a", None),
        (3, "b", None),
        (4, "a", Some("200")),
        (5, "c", Some("403")),
    ] {
        let ask = peer.inside(
            "SUBSCRIBE",
            seq,
            &ASK.replace("conference\r", &format!("conference;id={id}\r")),
            "",
        );
        let sent = peer.send(&ask);
        match status {
            None => {
                let subscription = peer.asking();
                peer.order(subscription, SubscriptionOrder::Admit);
                let notify = only(peer.tell(subscription, "<all/>"));
                assert_eq!(value(&notify, "Event"), format!("conference;id={id}"));
                peer.send(&reply(&notify, 200, "", ""));
                peer.events();
            }
            Some(status) => assert_eq!(kinds(&sent), [status]),
        }
    }
    assert_eq!(peer.endpoint.counters().shed_subscriptions, 1);
}

#[test]
fn as_many_are_held_as_the_limit_allows_and_none_at_a_shut_door() {
    let limits = Limits {
        subscriptions: 3,
        ..Limits::default()
    };
    let mut peer = Peer::with(EndpointConfig {
        limits,
        ..EndpointConfig::default()
    });
    let asks: Vec<_> = (1..=4)
        .map(|n| {
            peer.stranger("SUBSCRIBE", 1, ASK, "")
                .replace("c1@example.com", &format!("c{n}@example.com"))
        })
        .collect();
    for ask in &asks[..3] {
        assert!(peer.send(ask).is_empty());
    }
    let answer = only(peer.send(&asks[3]));
    assert_eq!(
        (kind(&answer).as_str(), value(&answer, "Retry-After")),
        ("503", "5")
    );
    assert_eq!(peer.endpoint.counters().shed_subscriptions, 1);
    let mut peer = Peer::new();
    peer.door = Door::Shut(403);
    assert_eq!(kinds(&peer.send(&asks[0])), ["403"]);
    assert!(peer.events().is_empty());
}

#[test]
fn a_notify_that_nobody_takes_ends_the_subscription() {
    for status in [481, 405, 503] {
        let mut peer = Peer::new();
        let (id, notify) = watching(&mut peer, "");
        assert!(peer.send(&reply(&notify, status, "", "")).is_empty());
        assert_eq!(
            peer.events(),
            [Event::Unsubscribed { subscription: id }],
            "{status}"
        );
    }
    let mut peer = Peer::new();
    let (id, _) = watching(&mut peer, "");
    peer.pass(32_000);
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn our_user_ends_it_and_a_lost_connection_does() {
    let mut peer = Peer::new();
    let (id, _) = watching(&mut peer, "");
    let last = only(peer.order(id, SubscriptionOrder::End(SubscriptionReason::Rejected)));
    assert_eq!(value(&last, "Subscription-State"), "terminated;reason=rejected");
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);

    let mut peer = Peer::over_tcp();
    let (id, _) = watching(&mut peer, "");
    assert!(peer.lose(7).is_empty());
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

/// A subscription that came by datagram, with a connection open for its NOTIFYs: 9.
fn with_way(peer: &mut Peer) -> (SubscriptionId, Flow) {
    let contact = "Contact: <sip:alice@192.0.2.9:5080;transport=tcp>\r\n";
    let ask = peer.stranger("SUBSCRIBE", 1, &format!("{ASK}{contact}"), "");
    peer.send(&ask);
    let id = peer.asking();
    peer.order(id, SubscriptionOrder::Admit);
    let way_wanted = Event::WayWanted {
        subscription: id,
        hop: Hop {
            transport: Transport::Tcp,
            host: "192.0.2.9".to_owned(),
            port: 5080,
        },
    };
    assert_eq!(peer.events(), [way_wanted, wanted(id, true, DATAGRAM)]);
    let notify = only(peer.tell(id, "<all/>"));
    assert!(value(&notify, "Via").starts_with("SIP/2.0/UDP "));
    peer.send(&reply(&notify, 200, "", ""));

    let way = Flow {
        transport: Transport::Tcp,
        connection: Some(9),
        remote: addr([192, 0, 2, 9], 5080),
        ..UDP
    };
    assert!(peer.order(id, SubscriptionOrder::Way { flow: way }).is_empty());
    assert!(peer.endpoint.carries_call(9));
    (id, way)
}

#[test]
fn one_who_came_by_datagram_and_asks_for_connections_is_told_by_one_until_it_is_lost() {
    let mut peer = Peer::new();
    let (id, way) = with_way(&mut peer);
    peer.order(id, SubscriptionOrder::Changed);
    peer.pass(1_000);
    assert_eq!(peer.events(), [wanted(id, false, STREAM)]);
    let notify = only(peer.tell(id, "<some/>"));
    assert!(value(&notify, "Via").starts_with("SIP/2.0/TCP "));
    assert_eq!(value(&notify, "Contact"), "<sip:192.0.2.1:5060>;isfocus");
    assert_eq!(peer.last_flow, Some(way));

    assert!(peer.lose(9).is_empty());
    assert!(!peer.endpoint.carries_call(9));
    peer.pass(1_000);
    assert_eq!(
        peer.events(),
        [wanted(id, true, DATAGRAM)],
        "what was under way is told anew"
    );
    let notify = only(peer.tell(id, "<all/>"));
    assert!(value(&notify, "Via").starts_with("SIP/2.0/UDP "));
}

#[test]
fn where_nobody_answers_by_a_connection_it_is_left_before_the_subscription_is_given_up() {
    let mut peer = Peer::new();
    let (id, _) = with_way(&mut peer);
    peer.order(id, SubscriptionOrder::Changed);
    peer.pass(1_000);
    peer.events();
    let notify = only(peer.tell(id, "<some/>"));
    assert!(value(&notify, "Via").starts_with("SIP/2.0/TCP "));
    peer.pass(32_000);
    assert!(!peer.endpoint.carries_call(9));
    assert_eq!(peer.events(), [wanted(id, true, DATAGRAM)]);
    let notify = only(peer.tell(id, "<all/>"));
    assert!(value(&notify, "Via").starts_with("SIP/2.0/UDP "));
    peer.pass(32_000);
    assert_eq!(peer.events(), [Event::Unsubscribed { subscription: id }]);
}

#[test]
fn no_connection_is_opened_to_another_host_to_names_or_by_other_transports() {
    for contact in [
        "192.0.2.77:5080;transport=tcp",
        "alice.example.com;transport=tcp",
        "192.0.2.9:5080;transport=tls",
        "192.0.2.9:22;transport=tcp",
        "192.0.2.9:5080",
    ] {
        let mut peer = Peer::new();
        let extra = format!("{ASK}Contact: <sip:alice@{contact}>\r\n");
        let ask = peer.stranger("SUBSCRIBE", 1, &extra, "");
        peer.send(&ask);
        let id = peer.asking();
        peer.order(id, SubscriptionOrder::Admit);
        assert_eq!(peer.events(), [wanted(id, true, DATAGRAM)], "{contact}");
    }
    let mut peer = Peer::over_tcp();
    let contact = "Contact: <sip:alice@192.0.2.9:5080;transport=tcp>\r\n";
    watching(&mut peer, contact);
}
