//! Calls we make.

use std::time::Duration;

use crate::peer::*;
use sip::{CallId, Command, Dial, DialError, EndCause, Event};

fn plan() -> Dial {
    Dial {
        flow: UDP,
        target: "sip:+15550100@192.0.2.9;user=phone".to_owned(),
        from: "\"Room 5\" <sip:5551234@bridge.example>".to_owned(),
        asserted: Some("<sip:5551234@bridge.example>".to_owned()),
        sdp: b"offer".to_vec(),
        credentials: None,
        ringing: Duration::from_secs(60),
    }
}

pub(crate) fn dialled(peer: &mut Peer) -> (CallId, String) {
    let call = dial(peer, &plan()).unwrap();
    (call, only(peer.drain()))
}

fn dial(peer: &mut Peer, plan: &Dial) -> Result<CallId, DialError> {
    let call = peer.endpoint.reserve();
    peer.endpoint.dial(peer.now, call, plan).map(|()| call)
}

pub(crate) fn tagged(request: &str, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let to = value(request, "To").to_owned();
    reply(request, status, extra, body).replace(&format!("To: {to}"), &format!("To: {to};tag={tag}"))
}

pub(crate) const PATH: &str =
    "Contact: <sip:bob@192.0.2.77>\r\nRecord-Route: <sip:p2.example;lr>, <sip:p1.example;lr>\r\n";

#[test]
fn a_call_is_dialled_answered_and_ended() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    assert!(invite.starts_with("INVITE sip:+15550100@192.0.2.9;user=phone SIP/2.0\r\n"));
    assert_eq!(value(&invite, "To"), "<sip:+15550100@192.0.2.9;user=phone>");
    assert!(value(&invite, "From").starts_with("\"Room 5\" <sip:5551234@bridge.example>;tag="));
    assert_eq!(
        value(&invite, "P-Asserted-Identity"),
        "<sip:5551234@bridge.example>"
    );
    assert_eq!(body(&invite), "offer");
    assert!(peer.send(&reply(&invite, 100, "", "")).is_empty());
    assert!(peer.events().is_empty());
    peer.send(&tagged(&invite, 183, "b1", "", "early"));
    let sdp = Some(b"early".to_vec());
    assert_eq!(
        peer.events(),
        [Event::Progress {
            call,
            status: 183,
            sdp
        }]
    );
    assert!(peer.pass(59_000).is_empty());

    let ok = tagged(&invite, 200, "b1", PATH, "answer");
    let ack = only(peer.send(&ok));
    assert!(ack.starts_with("ACK sip:bob@192.0.2.77 SIP/2.0\r\n"));
    assert_eq!(
        values(&ack, "Route"),
        ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]
    );
    assert_eq!(value(&ack, "CSeq"), "1 ACK");
    let sdp = Some(b"answer".to_vec());
    assert_eq!(peer.events(), [Event::Answered { call, sdp }]);
    assert_eq!(kinds(&peer.send(&ok)), ["ACK"]);
    assert!(peer.events().is_empty());

    let bye = only(peer.command(Command::HangUp { call, reason: None }));
    assert_eq!(value(&bye, "CSeq"), "2 BYE");
    assert!(value(&bye, "To").ends_with(";tag=b1"));
    peer.send(&reply(&bye, 200, "", ""));
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::HungUp
        }]
    );
}

#[test]
fn the_called_one_may_hang_up_and_change_the_session() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    peer.send(&tagged(&invite, 200, "b1", PATH, "answer"));
    peer.events();
    let from_them = |text: String| {
        let ours = value(&invite, "From").to_owned();
        let theirs = format!("{};tag=b1", value(&invite, "To"));
        text.replace("\"Alice\" <sip:alice@example.com>;tag=a1", &theirs)
            .replace("To: <sip:5551234@192.0.2.1>", &format!("To: {ours}"))
            .replace("c1@example.com", value(&invite, "Call-ID"))
    };
    let info = from_them(peer.stranger("INFO", 0, "", ""));
    assert_eq!(kinds(&peer.send(&info)), ["200"], "any first CSeq will do");
    let reinvite = from_them(peer.stranger("INVITE", 1, "", SDP));
    assert_eq!(kinds(&peer.send(&reinvite)), ["100"]);
    let sdp = Some(SDP.as_bytes().to_vec());
    assert_eq!(peer.events(), [Event::Offered { call, sdp }]);
    let bye = from_them(peer.stranger("BYE", 2, "", ""));
    assert_eq!(kinds(&peer.send(&bye)), ["200", "487"]);
    let cause = EndCause::Bye { reason: None };
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn a_refused_call_ends_with_its_status_and_is_not_redirected_and_without_credentials_not_authenticated() {
    for status in [302, 401, 407, 404, 486, 603] {
        let mut peer = Peer::new();
        let (call, invite) = dialled(&mut peer);
        let refusal = tagged(&invite, status, "b1", "Contact: <sip:victim@192.0.2.66>\r\n", "");
        let ack = only(peer.send(&refusal));
        assert_eq!(
            (kind(&ack).as_str(), value(&ack, "Via")),
            ("ACK", value(&invite, "Via"))
        );
        let cause = EndCause::RequestFailed(status);
        assert_eq!(peer.events(), [Event::Ended { call, cause }]);
        assert_eq!(kinds(&peer.send(&refusal)), ["ACK"]);
        peer.pass(60_000);
        assert_eq!(peer.endpoint.load(), (0, 0));
    }
}

#[test]
fn a_call_nobody_answers_ends_by_timer_b_or_by_our_bound() {
    let mut peer = Peer::new();
    let (call, _) = dialled(&mut peer);
    assert_eq!(times(&peer.pass(40_000), "INVITE").len(), 6);
    let cause = EndCause::Unreachable;
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);

    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    peer.send(&tagged(&invite, 180, "b1", "", ""));
    assert_eq!(times(&peer.pass(60_000), "CANCEL"), [60_000]);
    let ended = peer.events().pop();
    let cause = EndCause::NoAnswer;
    assert_eq!(ended, Some(Event::Ended { call, cause }));
    peer.pass(40_000);
    assert_eq!(peer.endpoint.load(), (0, 0), "even if no 487 ever comes");
}

#[test]
fn hanging_up_while_it_rings_cancels() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    let hung = peer.command(Command::HangUp { call, reason: None });
    assert!(hung.is_empty(), "no CANCEL before a provisional response");
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::HungUp
        }]
    );
    let cancel = only(peer.send(&tagged(&invite, 180, "b1", "", "")));
    assert_eq!(
        (kind(&cancel).as_str(), value(&cancel, "CSeq")),
        ("CANCEL", "1 CANCEL")
    );
    for name in ["Via", "From", "To", "Call-ID"] {
        assert_eq!(value(&cancel, name), value(&invite, name));
    }
    peer.send(&reply(&cancel, 200, "", ""));
    assert_eq!(kinds(&peer.send(&tagged(&invite, 487, "b1", "", ""))), ["ACK"]);
    assert!(peer.events().is_empty());
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn an_answer_that_crosses_our_cancel_is_acknowledged_and_ended() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    peer.send(&tagged(&invite, 180, "b1", "", ""));
    peer.events();
    assert_eq!(
        kinds(&peer.command(Command::HangUp { call, reason: None })),
        ["CANCEL"]
    );
    let sent = peer.send(&tagged(&invite, 200, "b1", PATH, "answer"));
    assert_eq!(kinds(&sent), ["ACK", "BYE"]);
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::HungUp
        }]
    );
}

#[test]
fn a_second_branch_of_a_fork_is_acknowledged_and_ended() {
    let mut peer = Peer::new();
    let (_, invite) = dialled(&mut peer);
    peer.send(&tagged(&invite, 200, "b1", PATH, "answer"));
    peer.events();
    let second = tagged(&invite, 200, "b2", PATH, "answer");
    let sent = peer.send(&second);
    assert_eq!(kinds(&sent), ["ACK", "BYE"]);
    assert!(value(&sent[1], "To").ends_with(";tag=b2"));
    assert!(peer.events().is_empty());
    peer.send(&reply(&sent[1], 200, "", ""));
    assert_eq!(peer.endpoint.load().0, 1);
}

#[test]
fn a_lost_connection_ends_the_dialling() {
    let mut peer = Peer::over_tcp();
    let call = dial(&mut peer, &Dial { flow: TCP, ..plan() }).unwrap();
    peer.lose(7);
    let cause = EndCause::TransportLost;
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn what_cannot_be_dialled_is_refused_at_once() {
    let mut peer = Peer::new();
    for (target, from) in [
        ("tel:+15550100", "<sip:a@b>"),
        ("sip:a@b?Route=x", "<sip:a@b>"),
        ("sip:a@b c", "<sip:a@b>"),
        ("sip:a@b\r\nX: y", "<sip:a@b>"),
        ("sip:a@b", "nonsense"),
    ] {
        let plan = Dial {
            target: target.to_owned(),
            from: from.to_owned(),
            ..plan()
        };
        assert_eq!(dial(&mut peer, &plan), Err(DialError::BadAddress));
    }
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn glare_in_a_call_we_made_waits_longer() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    peer.send(&tagged(&invite, 200, "b1", PATH, "answer"));
    let ours = only(peer.command(Command::Offer { call, sdp: vec![1] }));
    peer.send(&reply(&ours, 491, "", ""));
    assert!(peer.pass(2_099).is_empty());
    assert!(!times(&peer.pass(1_901), "INVITE").is_empty());
}
