//! Where our requests and responses go: Record-Route, strict routers, Contacts, translated addresses.

use crate::peer::*;
use sip::{Command, EndpointConfig, Flow, Transport};

/// A call with these headers; our 200 and our BYE.
fn bye_of(peer: &mut Peer, extra: &str) -> (String, String) {
    let (call, _) = peer.invite(extra);
    let ok = peer.answer(call);
    let ack = peer.inside("ACK", 1, "", "");
    peer.send(&ack);
    (ok, only(peer.command(Command::HangUp { call, reason: None })))
}

fn target(bye: &str) -> &str {
    bye.split(' ').nth(1).unwrap()
}

#[test]
fn record_route_is_repeated_and_becomes_our_route() {
    let mut peer = Peer::new();
    let (ok, bye) = bye_of(
        &mut peer,
        "Record-Route: <sip:192.0.2.20;lr>,\r\n \"P, 2\" <sip:p2.example.com;lr;x=y>\r\nRecord-Route: <sip:p1.example.com;lr>\r\n",
    );
    let routes = [
        "<sip:192.0.2.20;lr>",
        "\"P, 2\" <sip:p2.example.com;lr;x=y>",
        "<sip:p1.example.com;lr>",
    ];
    assert_eq!(values(&ok, "Record-Route"), routes);
    assert_eq!(values(&bye, "Route"), routes);
    assert_eq!(target(&bye), "sip:alice@192.0.2.9");
    assert_eq!(peer.last_flow.unwrap().remote, addr([192, 0, 2, 20], 5060));
}

#[test]
fn a_strict_router_becomes_the_request_uri_and_the_target_the_last_route() {
    let mut peer = Peer::new();
    let (_, bye) = bye_of(
        &mut peer,
        "Record-Route: <sip:192.0.2.20:5080;method=INVITE;x=1?Subject=a>, <sip:p1.example.com;lr>\r\n",
    );
    assert_eq!(target(&bye), "sip:192.0.2.20:5080;x=1");
    assert_eq!(
        values(&bye, "Route"),
        ["<sip:p1.example.com;lr>", "<sip:alice@192.0.2.9>"]
    );
    assert_eq!(peer.last_flow.unwrap().remote, addr([192, 0, 2, 20], 5080));
}

#[test]
fn our_requests_go_to_the_next_hop_that_can_be_trusted() {
    let via = "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKfar\r\n";
    let table = [
        ("Contact: <sip:a@192.0.2.9:5099>", "", [192, 0, 2, 9], 5099),
        (
            "Contact: sip:a@192.0.2.9:5099;expires=60",
            "",
            [192, 0, 2, 9],
            5099,
        ),
        ("Contact: <sip:a@phone.example>", "", [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@10.0.0.2:5099>", "", [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@198.51.100.2:5099>", via, [198, 51, 100, 2], 5099),
        ("Contact: <sip:a@127.0.0.1:5099>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@224.0.0.1:5099>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@255.255.255.255:5099>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@0.0.0.0:5099>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@192.0.2.1:5060>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@198.51.100.2:0>", via, [192, 0, 2, 9], 5060),
        ("Contact: <sip:a@[2001:db8::9]:5099>", via, [192, 0, 2, 9], 5060),
    ];
    for (contact, via, ip, port) in table {
        let mut peer = Peer::new();
        bye_of(&mut peer, &format!("{contact}\r\n{via}"));
        assert_eq!(peer.last_flow.unwrap().remote, addr(ip, port), "{contact} {via}");
    }
}

#[test]
fn a_connection_carries_everything_back() {
    let mut peer = Peer::over_tcp();
    let (ok, bye) = bye_of(&mut peer, "Record-Route: <sip:192.0.2.20;lr>\r\n");
    assert_eq!(focus(&ok).1, "192.0.2.1:5060;transport=tcp");
    assert!(value(&bye, "Via").starts_with("SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK"));
    assert_eq!(peer.last_flow, Some(TCP));
}

#[test]
fn a_reinvite_may_move_the_call_to_another_contact_and_connection() {
    let mut peer = Peer::over_tcp();
    let call = peer.call("");
    peer.flow = Flow {
        connection: Some(8),
        ..TCP
    };
    let reinvite = peer.inside("INVITE", 2, "Contact: <sip:new@192.0.2.9>\r\n", SDP);
    peer.send(&reinvite);
    peer.command(Command::AcceptOffer { call, sdp: vec![] });
    let ack = peer.inside("ACK", 2, "", "");
    peer.send(&ack);
    peer.events();
    peer.lose(7);
    assert!(peer.events().is_empty(), "it lives on the new connection");
    let bye = only(peer.command(Command::HangUp { call, reason: None }));
    assert_eq!(target(&bye), "sip:new@192.0.2.9");
    assert_eq!(peer.last_flow.unwrap().connection, Some(8));
}

#[test]
fn we_advertise_what_we_are_told() {
    let mut config = EndpointConfig::default();
    config
        .advertised
        .insert(Transport::Udp, "bridge.example.com".to_owned());
    let mut peer = Peer::with(config);
    let (ok, bye) = bye_of(&mut peer, "");
    assert_eq!(focus(&ok).1, "bridge.example.com");
    assert!(value(&bye, "Via").starts_with("SIP/2.0/UDP bridge.example.com;branch="));
}

#[test]
fn responses_follow_rport_or_sent_by_but_never_leave_the_source() {
    let table = [
        ("192.0.2.9;", 5060),
        ("192.0.2.9:5070;", 5070),
        ("victim.example:5070;", 5070),
        ("198.51.100.1:5070;maddr=203.0.113.5;", 5070),
        ("198.51.100.1:5070;rport;", 41_000),
    ];
    for (sent_by, port) in table {
        let mut peer = Peer::new();
        peer.flow.remote.set_port(41_000);
        let text = peer.stranger("OPTIONS", 1, "", "").replace("192.0.2.9;", sent_by);
        peer.send(&text);
        assert_eq!(
            peer.last_flow.unwrap().remote,
            addr([192, 0, 2, 9], port),
            "{sent_by}"
        );
    }
}
