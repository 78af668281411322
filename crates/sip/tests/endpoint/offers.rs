//! Changing a session: re-INVITE and UPDATE of the peer's, re-INVITE of ours, and when they meet.

use crate::peer::*;
use sip::{Command, EndCause, Event};

fn accept(peer: &mut Peer, call: sip::CallId) -> String {
    only(peer.command(Command::AcceptOffer {
        call,
        sdp: b"again".to_vec(),
    }))
}

fn offer(peer: &mut Peer, call: sip::CallId) -> String {
    only(peer.command(Command::Offer {
        call,
        sdp: b"offer".to_vec(),
    }))
}

fn offered(call: sip::CallId) -> [Event; 1] {
    let sdp = Some(SDP.as_bytes().to_vec());
    [Event::Offered { call, sdp }]
}

#[test]
fn a_reinvite_with_an_offer_is_answered_and_its_200_repeated() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", SDP);
    assert_eq!(kinds(&peer.send(&reinvite)), ["100"]);
    assert_eq!(peer.events(), offered(call));
    let ok = accept(&mut peer, call);
    assert_eq!((kind(&ok).as_str(), body(&ok)), ("200", "again"));
    assert_eq!(times(&peer.pass(1_500), "200"), [500, 1500]);
    let ack = peer.inside("ACK", 2, "", "");
    peer.send(&ack);
    assert!(peer.pass(10_000).is_empty());
    assert!(peer.events().is_empty());
}

#[test]
fn a_reinvite_without_offer_gets_ours_and_the_ack_brings_the_answer() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", "");
    peer.send(&reinvite);
    assert_eq!(peer.events(), [Event::Offered { call, sdp: None }]);
    accept(&mut peer, call);
    let update = peer.inside("UPDATE", 3, "", SDP);
    assert_eq!(kinds(&peer.send(&update)), ["491"], "our offer is out");
    let ack = peer.inside("ACK", 2, "", "answer");
    peer.send(&ack);
    let sdp = b"answer".to_vec();
    assert_eq!(peer.events(), [Event::OfferAnswered { call, sdp }]);
}

#[test]
fn an_ack_that_does_not_answer_our_offer_leaves_the_session_as_it_was() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", "");
    peer.send(&reinvite);
    accept(&mut peer, call);
    peer.events();
    let ack = peer.inside("ACK", 2, "", "");
    peer.send(&ack);
    assert_eq!(peer.events(), [Event::OfferRefused { call, status: 488 }]);
}

#[test]
fn a_reinvite_nobody_acknowledges_ends_the_call() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", SDP);
    peer.send(&reinvite);
    accept(&mut peer, call);
    peer.events();
    assert_eq!(times(&peer.pass(32_000), "BYE"), [32_000]);
    let cause = EndCause::NotAcknowledged;
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn a_rejected_offer_changes_nothing() {
    for (method, sent) in [("INVITE", "488"), ("UPDATE", "488")] {
        let mut peer = Peer::new();
        let call = peer.call("");
        let request = peer.inside(method, 2, "", SDP);
        peer.send(&request);
        assert_eq!(peer.events(), offered(call));
        assert_eq!(
            kinds(&peer.command(Command::RejectOffer { call, status: 488 })),
            [sent]
        );
        let bye = peer.inside("BYE", 3, "", "");
        assert_eq!(kinds(&peer.send(&bye)), ["200"]);
    }
}

#[test]
fn an_update_with_an_offer_is_answered_at_once_and_needs_no_ack() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let update = peer.inside("UPDATE", 2, "", SDP);
    assert!(peer.send(&update).is_empty());
    assert_eq!(peer.events(), offered(call));
    let ok = accept(&mut peer, call);
    assert_eq!(
        (kind(&ok).as_str(), value(&ok, "CSeq"), body(&ok)),
        ("200", "2 UPDATE", "again")
    );
    assert!(peer.pass(10_000).is_empty());
    assert_eq!(kinds(&peer.send(&update)), ["200"]);
}

#[test]
fn an_update_without_offer_is_answered_without_asking() {
    let mut peer = Peer::new();
    peer.call("");
    let update = peer.inside("UPDATE", 2, "", "");
    let ok = only(peer.send(&update));
    assert_eq!((kind(&ok).as_str(), body(&ok)), ("200", ""));
    assert!(peer.events().is_empty());
}

#[test]
fn an_update_while_it_rings_refreshes_but_cannot_offer() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.command(Command::Ring { call });
    let bare = peer.inside("UPDATE", 2, "", "");
    assert_eq!(kinds(&peer.send(&bare)), ["200"]);
    let offering = peer.inside("UPDATE", 3, "", SDP);
    let refused = only(peer.send(&offering));
    assert_eq!(kind(&refused), "500");
    assert!(value(&refused, "Retry-After").parse::<u32>().unwrap() <= 10);
    assert_eq!(kind(&peer.answer(call)), "200");
}

#[test]
fn overlapping_offers_of_the_peer_get_500_with_retry_after() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let first = peer.inside("INVITE", 2, "", SDP);
    peer.send(&first);
    for method in ["INVITE", "UPDATE"] {
        let seq = if method == "INVITE" { 3 } else { 4 };
        let second = peer.inside(method, seq, "", SDP);
        let refused = only(peer.send(&second));
        assert_eq!(kind(&refused), "500");
        assert!(value(&refused, "Retry-After").parse::<u32>().unwrap() <= 10);
    }
    assert_eq!(peer.events(), offered(call));
    assert_eq!(kind(&accept(&mut peer, call)), "200");
}

#[test]
fn a_reinvite_before_the_ack_of_the_first_call_counts_as_that_ack() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.answer(call);
    let reinvite = peer.inside("INVITE", 2, "", SDP);
    assert_eq!(kinds(&peer.send(&reinvite)), ["100"]);
    let sdp = Some(SDP.as_bytes().to_vec());
    assert_eq!(
        peer.events(),
        [Event::Confirmed { call, sdp: None }, Event::Offered { call, sdp }]
    );
    assert!(peer.pass(10_000).is_empty(), "the 200 is repeated no more");
}

#[test]
fn a_cancelled_reinvite_is_withdrawn_and_the_call_goes_on() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", SDP);
    peer.send(&reinvite);
    peer.events();
    let cancel = reinvite.replace("INVITE", "CANCEL");
    assert_eq!(kinds(&peer.send(&cancel)), ["200", "487"]);
    assert_eq!(peer.events(), [Event::OfferWithdrawn { call }]);
    peer.command(Command::AcceptOffer { call, sdp: vec![] });
    assert_eq!(peer.endpoint.counters().late_commands, 1);
    let bye = peer.inside("BYE", 3, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
}

#[test]
fn a_bye_refuses_the_open_reinvite() {
    let mut peer = Peer::new();
    peer.call("");
    let reinvite = peer.inside("INVITE", 2, "", SDP);
    peer.send(&reinvite);
    let bye = peer.inside("BYE", 3, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200", "487"]);
}

#[test]
fn our_offer_is_answered_and_each_copy_of_the_200_acknowledged() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = offer(&mut peer, call);
    assert_eq!((kind(&reinvite).as_str(), body(&reinvite)), ("INVITE", "offer"));
    assert_eq!(value(&reinvite, "CSeq"), "1 INVITE");
    peer.send(&reply(&reinvite, 100, "", ""));
    let ok = reply(&reinvite, 200, "Contact: <sip:new@192.0.2.9:5070>\r\n", "answer");
    let ack = only(peer.send(&ok));
    assert_eq!((kind(&ack).as_str(), value(&ack, "CSeq")), ("ACK", "1 ACK"));
    assert_ne!(
        value(&ack, "Via"),
        value(&reinvite, "Via"),
        "a transaction of its own"
    );
    let sdp = b"answer".to_vec();
    assert_eq!(peer.events(), [Event::OfferAnswered { call, sdp }]);
    assert_eq!(kinds(&peer.send(&ok)), ["ACK"]);
    assert!(peer.events().is_empty());
    let bye = only(peer.command(Command::HangUp { call, reason: None }));
    assert!(bye.starts_with("BYE sip:new@192.0.2.9:5070 "), "{bye}");
    assert_eq!(value(&bye, "CSeq"), "2 BYE");
}

#[test]
fn our_refused_offer_is_acknowledged_by_its_transaction() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reinvite = offer(&mut peer, call);
    let refusal = reply(&reinvite, 488, "", "");
    let ack = only(peer.send(&refusal));
    assert_eq!((kind(&ack).as_str(), value(&ack, "CSeq")), ("ACK", "1 ACK"));
    assert_eq!(value(&ack, "Via"), value(&reinvite, "Via"));
    assert_eq!(peer.events(), [Event::OfferRefused { call, status: 488 }]);
    assert_eq!(kinds(&peer.send(&refusal)), ["ACK"]);
    assert!(peer.events().is_empty());
}

#[test]
fn offers_that_meet_get_491_and_ours_is_sent_again() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ours = offer(&mut peer, call);
    for (method, seq) in [("INVITE", 2), ("UPDATE", 3)] {
        let theirs = peer.inside(method, seq, "", SDP);
        assert_eq!(kinds(&peer.send(&theirs)), ["491"]);
    }
    let bare = peer.inside("UPDATE", 4, "", "");
    assert_eq!(
        kinds(&peer.send(&bare)),
        ["200"],
        "without an offer there is nothing to meet"
    );
    assert_eq!(kinds(&peer.send(&reply(&ours, 491, "", ""))), ["ACK"]);
    assert!(peer.events().is_empty());
    let seen = peer.pass(2_000);
    let again = seen.iter().find(|(_, text)| kind(text) == "INVITE").unwrap();
    assert_eq!((value(&again.1, "CSeq"), body(&again.1)), ("2 INVITE", "offer"));
}

#[test]
fn an_offer_refused_with_491_again_and_again_is_given_up() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let mut ours = offer(&mut peer, call);
    for _ in 0..4 {
        peer.send(&reply(&ours, 491, "", ""));
        ours = peer.pass(2_000).remove(0).1;
    }
    peer.send(&reply(&ours, 491, "", ""));
    assert_eq!(peer.events(), [Event::OfferRefused { call, status: 491 }]);
}

#[test]
fn an_offer_that_cannot_be_made_now_is_refused_with_491() {
    let mut peer = Peer::new();
    let call = peer.call("");
    offer(&mut peer, call);
    let second = Command::Offer { call, sdp: vec![] };
    assert!(peer.command(second).is_empty());
    assert_eq!(peer.events(), [Event::OfferRefused { call, status: 491 }]);
}

#[test]
fn a_peer_that_lost_the_call_ends_it() {
    for status in [481, 408] {
        let mut peer = Peer::new();
        let call = peer.call("");
        let ours = offer(&mut peer, call);
        assert_eq!(kinds(&peer.send(&reply(&ours, status, "", ""))), ["ACK", "BYE"]);
        let cause = EndCause::RequestFailed(status);
        assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    }
}

#[test]
fn a_peer_that_does_not_answer_our_offer_ends_the_call() {
    let mut peer = Peer::new();
    let call = peer.call("");
    offer(&mut peer, call);
    let seen = peer.pass(32_000);
    assert_eq!(times(&seen, "INVITE"), [500, 1500, 3500, 7500, 15500, 31500]);
    assert_eq!(times(&seen, "BYE"), [32_000]);
    let cause = EndCause::RequestFailed(408);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn a_bye_of_ours_may_overtake_our_offer() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ours = offer(&mut peer, call);
    let bye = only(peer.command(Command::HangUp { call, reason: None }));
    peer.events();
    assert_eq!(kinds(&peer.send(&reply(&ours, 200, "", "answer"))), ["ACK"]);
    assert!(peer.events().is_empty());
    peer.send(&reply(&bye, 200, "", ""));
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn a_peer_that_never_decides_on_our_offer_ends_the_call() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ours = offer(&mut peer, call);
    peer.send(&reply(&ours, 100, "", ""));
    assert_eq!(times(&peer.pass(180_000), "BYE"), [180_000]);
    let cause = EndCause::RequestFailed(408);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}
