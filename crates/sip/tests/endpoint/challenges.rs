//! Calls we make over a way that wants to know who we are (RFC 3261 section 22).

use std::time::Duration;

use proptest::prelude::*;

use crate::peer::*;
use sip::{CallId, Command, Credentials, Dial, EndCause, Event};

const MD5: &str =
    "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", qop=\"auth,auth-int\", algorithm=MD5\r\n";
const SHA: &str = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256, opaque=\"o\"\r\n";
const PROXY: &str = "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"p1\"\r\n";
const STALE: &str = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n3\", stale=true\r\n";
const PATH: &str = "Contact: <sip:bob@192.0.2.77>\r\n";

/// A call with credentials, and its INVITE.
fn dialled(peer: &mut Peer) -> (CallId, String) {
    let call = peer.endpoint.reserve();
    let plan = Dial {
        flow: UDP,
        target: "sip:+15550100@192.0.2.9".to_owned(),
        from: "<sip:5551234@bridge.example>".to_owned(),
        asserted: Some("<sip:5551234@bridge.example>".to_owned()),
        sdp: b"offer".to_vec(),
        credentials: Some(Credentials {
            username: "bridge".to_owned(),
            password: "secret".to_owned(),
        }),
        ringing: Duration::from_secs(60),
    };
    peer.endpoint.dial(peer.now, call, &plan).unwrap();
    (call, only(peer.drain()))
}

fn tagged(request: &str, status: u16, extra: &str, body: &str) -> String {
    let to = value(request, "To").to_owned();
    reply(request, status, extra, body).replace(&format!("To: {to}"), &format!("To: {to};tag=b1"))
}

/// Refuses a request with a challenge; the ACK of an INVITE and what follows it.
fn challenge(peer: &mut Peer, request: &str, status: u16, header: &str) -> Vec<String> {
    let refusal = match value(request, "To").contains(";tag=") {
        true => reply(request, status, header, ""),
        false => tagged(request, status, header, ""),
    };
    peer.send(&refusal)
}

#[test]
fn a_challenged_invite_is_acknowledged_and_sent_again_with_an_answer() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    assert!(values(&invite, "Authorization").is_empty());
    let sent = challenge(&mut peer, &invite, 401, MD5);
    assert_eq!(kinds(&sent), ["ACK", "INVITE"]);
    let again = &sent[1];
    assert_eq!((value(again, "CSeq"), body(again)), ("2 INVITE", "offer"));
    for name in ["From", "To", "Call-ID", "P-Asserted-Identity"] {
        assert_eq!(value(again, name), value(&invite, name), "{name}");
    }
    assert_ne!(value(again, "Via"), value(&invite, "Via"));
    let answer = value(again, "Authorization");
    for part in [
        "Digest username=\"bridge\"",
        "realm=\"trunk\"",
        "nonce=\"n1\"",
        "uri=\"sip:+15550100@192.0.2.9\"",
        "qop=auth, nc=00000001",
        "algorithm=MD5",
    ] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
    assert!(!again.contains("secret"));
    let answer = answer.to_owned();
    let ack = only(peer.send(&tagged(again, 200, PATH, "answer")));
    assert_eq!(
        (value(&ack, "CSeq"), value(&ack, "Authorization")),
        ("2 ACK", answer.as_str())
    );
    let sdp = Some(b"answer".to_vec());
    assert_eq!(peer.events(), [Event::Answered { call, sdp }]);
}

#[test]
fn the_strongest_algorithm_offered_is_taken_and_others_are_left() {
    let mut peer = Peer::new();
    let (_, invite) = dialled(&mut peer);
    let unknown = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n9\", algorithm=SHA-3\r\n";
    let sent = challenge(&mut peer, &invite, 401, &format!("{unknown}{MD5}{SHA}"));
    let answer = value(&sent[1], "Authorization");
    assert!(
        answer.contains("algorithm=SHA-256") && answer.contains("opaque=\"o\""),
        "{answer}"
    );
}

#[test]
fn a_proxy_and_the_called_may_both_ask() {
    let mut peer = Peer::new();
    let (_, invite) = dialled(&mut peer);
    let sent = challenge(&mut peer, &invite, 407, PROXY);
    assert!(value(&sent[1], "Proxy-Authorization").contains("realm=\"proxy\""));
    let sent = challenge(&mut peer, &sent[1], 401, MD5);
    let last = &sent[1];
    assert!(value(last, "Proxy-Authorization").contains("realm=\"proxy\""));
    assert!(value(last, "Authorization").contains("realm=\"trunk\""));
    assert_eq!(value(last, "CSeq"), "3 INVITE");
}

#[test]
fn a_wrong_password_ends_the_call_and_a_stale_nonce_does_not() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    let sent = challenge(&mut peer, &invite, 401, MD5);
    assert_eq!(kinds(&challenge(&mut peer, &sent[1], 401, SHA)), ["ACK"]);
    let cause = EndCause::RequestFailed(401);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);

    let mut peer = Peer::new();
    let (_, invite) = dialled(&mut peer);
    let sent = challenge(&mut peer, &invite, 401, MD5);
    let sent = challenge(&mut peer, &sent[1], 401, STALE);
    assert!(value(&sent[1], "Authorization").contains("nonce=\"n3\""));
}

#[test]
fn a_peer_that_always_finds_the_nonce_stale_is_not_asked_for_ever() {
    let mut peer = Peer::new();
    let (call, mut invite) = dialled(&mut peer);
    let mut rounds = 0;
    while let [_, again] = &challenge(&mut peer, &invite, 401, STALE)[..] {
        invite.clone_from(again);
        rounds += 1;
        assert!(rounds < 10);
    }
    assert_eq!(rounds, 3);
    let cause = EndCause::RequestFailed(401);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn what_cannot_be_answered_ends_the_call() {
    for header in [
        "",
        "WWW-Authenticate: Basic realm=\"trunk\"\r\n",
        "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n\", qop=\"auth-int\"\r\n",
        "WWW-Authenticate: Digest nonce=\"n\"\r\n",
        "WWW-Authenticate: Digest realm=\"trunk\r\n",
        PROXY,
    ] {
        let mut peer = Peer::new();
        let (call, invite) = dialled(&mut peer);
        assert_eq!(
            kinds(&challenge(&mut peer, &invite, 401, header)),
            ["ACK"],
            "{header}"
        );
        let cause = EndCause::RequestFailed(401);
        assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    }
}

#[test]
fn a_call_that_was_given_up_answers_no_challenge() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    peer.command(Command::HangUp { call, reason: None });
    assert_eq!(kinds(&challenge(&mut peer, &invite, 401, MD5)), ["ACK"]);
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn a_bye_says_who_we_are_and_is_sent_again_with_a_fresh_nonce() {
    let mut peer = Peer::new();
    let (call, invite) = dialled(&mut peer);
    let sent = challenge(&mut peer, &invite, 401, MD5);
    peer.send(&tagged(&sent[1], 200, PATH, "answer"));
    let bye = only(peer.command(Command::HangUp { call, reason: None }));
    let answer = value(&bye, "Authorization");
    assert!(
        answer.contains("nonce=\"n1\"") && answer.contains("nc=00000002"),
        "{answer}"
    );
    assert!(answer.contains("uri=\"sip:bob@192.0.2.77\""), "{answer}");
    let again = only(challenge(&mut peer, &bye, 401, SHA));
    assert!(again.starts_with("BYE ") && value(&again, "Authorization").contains("nonce=\"n2\""));
    assert!(challenge(&mut peer, &again, 401, SHA).is_empty());
    peer.pass(60_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_challenge_makes_us_tell_the_password_or_write_a_broken_message(
        status in prop::sample::select(vec![401_u16, 407]),
        parts in prop::collection::vec("(realm|nonce|opaque|qop|algorithm|stale|x)=\"?[ -~]{0,12}\"?", 0..6),
    ) {
        let mut peer = Peer::new();
        let (_, mut request) = dialled(&mut peer);
        let whose = if status == 401 { "WWW" } else { "Proxy" };
        let header = format!("{whose}-Authenticate: Digest {}\r\n", parts.join(", "));
        for _ in 0..4 {
            let sent = challenge(&mut peer, &request, status, &header);
            for text in &sent {
                prop_assert!(text.contains("\r\n\r\n") && !text.contains("secret"));
                prop_assert!(!text.split("\r\n").any(|line| line.contains(['\r', '\n'])));
            }
            let Some(again) = sent.into_iter().find(|text| kind(text) == "INVITE") else {
                break;
            };
            request = again;
        }
    }
}
