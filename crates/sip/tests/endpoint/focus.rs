//! By which URI the phone of a call knows the conference, and who may ask about it outside of the call.

use std::net::{Ipv4Addr, SocketAddr};

use crate::dialling::{PATH, dialled, tagged};
use crate::peer::*;
use crate::watchers::{ASK, DATAGRAM, STREAM, wanted_of};
use sip::{CallId, Command, Event, Flow, SubscriptionOrder};

/// A SUBSCRIBE in no dialog, for what is at a URI.
fn ask_at(peer: &mut Peer, uri: &str, call_id: &str, extra: &str) -> String {
    let ask = peer.stranger("SUBSCRIBE", 1, &format!("{ASK}{extra}"), "");
    let ask = ask.replace("SUBSCRIBE sip:5551234@192.0.2.1 ", &format!("SUBSCRIBE {uri} "));
    ask.replace("Call-ID: c1@", &format!("Call-ID: {call_id}@"))
}

/// Which call one has who asks outside of any from there, and is denied.
fn call_of_stranger(
    peer: &mut Peer,
    flow: Flow,
    call_id: &str,
    (uri, extra): (&str, &str),
) -> Option<CallId> {
    peer.flow = flow;
    let ask = ask_at(peer, uri, call_id, extra);
    assert!(peer.send(&ask).is_empty());
    let events = peer.events();
    let [Event::Subscribing(subscriber)] = &events[..] else {
        panic!("{events:?}");
    };
    let denied = peer.order(subscriber.subscription, SubscriptionOrder::Deny { status: 403 });
    assert_eq!(kinds(&denied), ["403"]);
    subscriber.call
}

/// The peer's host, by another port.
const OTHER_PORT: Flow = Flow {
    remote: addr([192, 0, 2, 9], 5099),
    ..UDP
};

/// Another host.
const ELSEWHERE: Flow = Flow {
    remote: addr([192, 0, 2, 10], 5060),
    ..UDP
};

/// What was dialled, which is no name of a conference.
const NUMBER: &str = "sip:5551234@192.0.2.1";

#[test]
fn all_our_contacts_in_a_call_have_one_name_that_no_other_call_has() {
    let mut peer = Peer::new();
    let outside = peer.stranger("OPTIONS", 1, "", "");
    let outside = only(peer.send(&outside));
    assert_eq!(value(&outside, "Contact"), "<sip:192.0.2.1:5060>;isfocus");

    let (call, _) = peer.invite("");
    let mut told = peer.command(Command::Ring { call });
    told.push(peer.answer(call));
    let ack = peer.inside("ACK", 1, "", "");
    peer.send(&ack);
    for (seq, method) in [(2, "OPTIONS"), (3, "UPDATE")] {
        let request = peer.inside(method, seq, "", "");
        told.extend(peer.send(&request));
    }
    let reinvite = peer.inside("INVITE", 4, "", SDP);
    peer.send(&reinvite);
    told.extend(peer.command(Command::AcceptOffer { call, sdp: vec![] }));
    let ack = peer.inside("ACK", 4, "", "");
    peer.send(&ack);
    peer.events();
    let ask = peer.inside("SUBSCRIBE", 5, ASK, "");
    peer.send(&ask);
    let subscription = peer.asking();
    told.extend(peer.order(subscription, SubscriptionOrder::Admit));
    told.extend(peer.tell(subscription, "<all/>"));
    told.extend(peer.command(Command::Offer { call, sdp: vec![1] }));
    assert_eq!(
        kinds(&told),
        ["180", "200", "200", "200", "200", "200", "NOTIFY", "INVITE"]
    );
    let (name, host) = focus(&told[0]);
    assert_eq!((name.len(), host), (16, "192.0.2.1:5060"));
    for message in &told {
        assert_eq!(focus(message), (name, host));
        assert_eq!(message.matches(name).count(), 1, "nowhere else: {message}");
    }

    peer.events();
    let other = peer.stranger("INVITE", 1, "", SDP).replace("c1@", "c2@");
    peer.send(&other);
    let other = peer.incoming();
    assert_ne!(focus(&peer.answer(other)).0, name);
    let (_, invite) = dialled(&mut peer);
    assert_ne!(focus(&invite).0, name);
}

#[test]
fn one_who_asks_outside_of_a_call_may_name_its_conference_from_the_address_of_its_phone() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let tag = peer.tag.clone().expect("a dialog");
    let known = peer.contact.clone().expect("a call");
    let name = known.strip_prefix("sip:").and_then(|uri| uri.split('@').next());
    let name = name.expect("a name").to_owned();
    let mapped = Flow {
        remote: SocketAddr::new(Ipv4Addr::new(192, 0, 2, 9).to_ipv6_mapped().into(), 5060),
        ..UDP
    };
    let (first, rest) = name.split_at(1);
    let escaped = format!("sip:%{:02x}{rest}@192.0.2.1", first.as_bytes()[0]);
    let table = [
        (UDP, known.clone(), Some(call)),
        (OTHER_PORT, known.clone(), Some(call)),
        (TCP, format!("{known};transport=tcp"), Some(call)),
        (mapped, known.clone(), Some(call)),
        (UDP, format!("sip:{name}@bridge.example.com"), Some(call)),
        (UDP, escaped, Some(call)),
        (ELSEWHERE, known.clone(), None),
        (UDP, NUMBER.to_owned(), None),
        (UDP, "sip:192.0.2.1:5060".to_owned(), None),
        (UDP, format!("sip:{rest}@192.0.2.1"), None),
        (UDP, format!("sip:0{name}@192.0.2.1"), None),
        (UDP, format!("sip:{}@192.0.2.1", "0".repeat(16)), None),
        (UDP, format!("sip:{tag}@192.0.2.1"), None),
    ];
    for (n, (flow, uri, expected)) in table.iter().enumerate() {
        let found = call_of_stranger(&mut peer, *flow, &format!("n{n}"), (uri, ""));
        assert_eq!(found, *expected, "{flow:?} {uri}");
    }
    let refused = peer.endpoint.counters().refused_subscriptions;
    assert_eq!(refused, table.len() as u64);
    peer.flow = UDP;
    peer.command(Command::HangUp { call, reason: None });
    peer.events();
    assert_eq!(call_of_stranger(&mut peer, UDP, "late", (&known, "")), None);
}

#[test]
fn one_who_asks_outside_of_a_call_may_name_its_dialog_from_the_address_of_its_phone() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ours = peer.tag.clone().expect("a dialog");
    let named = format!("Target-Dialog: c1@example.com;local-tag=a1;remote-tag={ours}\r\n");
    let table = [
        (UDP, named.clone(), Some(call)),
        (OTHER_PORT, named.clone(), Some(call)),
        (TCP, named.clone(), Some(call)),
        (UDP, format!("{named}Require: tdialog\r\n"), Some(call)),
        (ELSEWHERE, named.clone(), None),
        (
            UDP,
            format!("target-dialog: c1@example.com ; Remote-Tag = a1 ; Local-Tag = {ours}\r\n"),
            Some(call),
        ),
        (UDP, String::new(), None),
        (UDP, named.replace("c1@", "c9@"), None),
        (UDP, named.replace("=a1", "=a2"), None),
        (UDP, named.replace(&ours, "guessed"), None),
        (UDP, named.replace(&ours, ""), None),
        (UDP, named.replace(";local-tag=a1", ""), None),
    ];
    for (n, (flow, extra, expected)) in table.iter().enumerate() {
        let found = call_of_stranger(&mut peer, *flow, &format!("n{n}"), (NUMBER, extra));
        assert_eq!(found, *expected, "{flow:?} {extra}");
    }
    let refused = peer.endpoint.counters().refused_subscriptions;
    assert_eq!(refused, table.len() as u64);
    peer.flow = UDP;
    peer.command(Command::HangUp { call, reason: None });
    peer.events();
    assert_eq!(call_of_stranger(&mut peer, UDP, "late", (NUMBER, &named)), None);
}

#[test]
fn one_whom_we_call_may_ask_too_and_a_fork_that_answers_later_takes_nothing_from_it() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    let known = format!("sip:{}@192.0.2.1", focus(&invite).0);
    peer.send(&tagged(&invite, 200, "b1", PATH, "answer"));
    peer.events();
    assert_eq!(call_of_stranger(&mut peer, UDP, "n1", (&known, "")), Some(call));
    let sent = peer.send(&tagged(&invite, 200, "b2", PATH, "answer"));
    assert_eq!(call_of_stranger(&mut peer, UDP, "n2", (&known, "")), Some(call));
    peer.send(&reply(&sent[1], 200, "", ""));
    assert_eq!(call_of_stranger(&mut peer, UDP, "n3", (&known, "")), Some(call));
}

#[test]
fn one_who_asks_outside_of_a_call_is_told_about_the_uri_of_the_call_by_whatever_way() {
    let mut peer = Peer::new();
    peer.call("");
    let known = peer.contact.clone().expect("a call");
    peer.flow = TCP;
    let ask = ask_at(&mut peer, &known, "beside", "");
    assert!(peer.send(&ask).is_empty());
    let id = peer.asking();
    let accepted = only(peer.order(id, SubscriptionOrder::Admit));
    let contact = format!("<{known};transport=tcp>;isfocus");
    assert_eq!(value(&accepted, "Contact"), contact);
    assert_eq!(peer.events(), [wanted_of(&known, id, true, STREAM)]);
    let notify = only(peer.tell(id, "<all/>"));
    assert_eq!(value(&notify, "Contact"), contact);
    peer.send(&reply(&notify, 200, "", ""));

    peer.flow = UDP;
    let refresh = peer.inside("SUBSCRIBE", 2, ASK, "").replace("c1@", "beside@");
    let contact = format!("<{known}>;isfocus");
    assert_eq!(value(&only(peer.send(&refresh)), "Contact"), contact);
    assert_eq!(peer.events(), [wanted_of(&known, id, true, DATAGRAM)]);
    assert_eq!(value(&only(peer.tell(id, "<all/>")), "Contact"), contact);
}
