//! The life of a call: INVITE, ACK, CANCEL, BYE, and what gets lost on the way.

use crate::peer::*;
use sip::{Command, EndCause, Event, Transport};

#[test]
fn a_call_is_offered_with_what_the_invite_says() {
    let mut peer = Peer::new();
    let extra = "P-Asserted-Identity: <tel:+1-555-0100>\r\nPrivacy: id\r\nUser-Agent: phone\r\n";
    let invite = peer.stranger("INVITE", 1, extra, SDP);
    let sent = peer.send(&invite.replace("INVITE sip:5551234@", "INVITE sip:%35551234@"));
    assert_eq!(kinds(&sent), ["100"]);
    let events = peer.events();
    let [Event::Incoming(incoming)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(incoming.dialled, "5551234");
    assert_eq!(incoming.to_user.as_deref(), Some("5551234"));
    assert_eq!(incoming.from_user.as_deref(), Some("alice"));
    assert_eq!(incoming.from_display.as_deref(), Some("Alice"));
    assert_eq!(incoming.asserted.as_deref(), Some("+15550100"));
    assert!(incoming.privacy);
    assert_eq!(incoming.source, UDP.remote);
    assert_eq!(incoming.transport, Transport::Udp);
    assert_eq!(incoming.offer.as_deref(), Some(SDP.as_bytes()));
    assert_eq!(incoming.user_agent.as_deref(), Some("phone"));
    assert_eq!(incoming.from_header, "\"Alice\" <sip:alice@example.com>;tag=a1");
}

#[test]
fn a_call_rings_is_answered_acknowledged_and_ended_by_the_peer() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    let ringing = only(peer.command(Command::Ring { call }));
    assert_eq!(kind(&ringing), "180");
    let tag = peer.tag.clone();
    let ok = peer.answer(call);
    assert_eq!(kind(&ok), "200");
    assert_eq!(peer.tag, tag);
    assert_eq!(value(&ok, "CSeq"), "1 INVITE");
    assert_eq!(focus(&ok).1, "192.0.2.1:5060");
    assert_eq!(value(&ok, "Content-Type"), "application/sdp");
    assert_eq!(body(&ok), "our");
    let ack = peer.inside("ACK", 1, "", "");
    assert!(peer.send(&ack).is_empty());
    assert_eq!(peer.events(), [Event::Confirmed { call, sdp: None }]);
    assert!(peer.pass(31_000).is_empty());

    let bye = peer.inside("BYE", 2, "Reason: Q.850;cause=16\r\n", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
    let reason = Some("Q.850;cause=16".to_owned());
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::Bye { reason }
        }]
    );
    assert_eq!(
        kinds(&peer.send(&bye)),
        ["200"],
        "a copy of the BYE gets the same answer"
    );
    peer.pass(40_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
    assert_eq!(peer.endpoint.poll_timeout(), None);
    assert_eq!(kinds(&peer.send(&bye)), ["481"]);
}

#[test]
fn an_invite_without_offer_gets_ours_and_the_ack_brings_the_answer() {
    let mut peer = Peer::new();
    let invite = peer.stranger("INVITE", 1, "", "");
    peer.send(&invite);
    let call = peer.incoming();
    peer.answer(call);
    let ack = peer.inside("ACK", 1, "", "v=1\r\n");
    peer.send(&ack);
    let sdp = Some(b"v=1\r\n".to_vec());
    assert_eq!(peer.events(), [Event::Confirmed { call, sdp }]);
}

#[test]
fn a_retransmitted_invite_never_makes_two_calls() {
    let mut peer = Peer::new();
    let (call, invite) = peer.invite("");
    assert_eq!(kinds(&peer.send(&invite)), ["100"]);
    peer.command(Command::Ring { call });
    assert_eq!(kinds(&peer.send(&invite)), ["180"]);
    peer.answer(call);
    assert!(
        peer.send(&invite).is_empty(),
        "the dialog repeats the 200 by its own timer"
    );
    assert!(peer.events().is_empty());
    assert_eq!(peer.endpoint.counters().retransmissions, 3);
    assert_eq!(peer.endpoint.counters().calls, 1);
}

#[test]
fn our_200_is_repeated_until_the_ack_on_every_transport() {
    for mut peer in [Peer::new(), Peer::over_tcp()] {
        let (call, _) = peer.invite("");
        peer.answer(call);
        let seen = peer.pass(8_000);
        assert_eq!(times(&seen, "200"), [500, 1500, 3500, 7500]);
        let ack = peer.inside("ACK", 1, "", "");
        peer.send(&ack);
        assert!(peer.pass(60_000).is_empty());
    }
}

#[test]
fn a_call_nobody_acknowledges_gets_a_bye_after_64_t1() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.answer(call);
    let seen = peer.pass(32_000);
    assert_eq!(
        times(&seen, "200"),
        [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    );
    assert_eq!(times(&seen, "BYE"), [32_000]);
    let cause = EndCause::NotAcknowledged;
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    let seen = peer.pass(32_000);
    assert_eq!(times(&seen, "BYE").len(), 10, "timer E");
    peer.pass(5_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
    assert!(peer.events().is_empty());
}

#[test]
fn hanging_up_sends_a_bye_with_the_reason() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let reason = Some("the \"end\"".to_owned());
    let bye = only(peer.command(Command::HangUp { call, reason }));
    assert!(bye.starts_with("BYE sip:alice@192.0.2.9 SIP/2.0\r\n"), "{bye}");
    assert_eq!(
        value(&bye, "From"),
        format!("<sip:5551234@192.0.2.1>;tag={}", peer.tag.clone().unwrap())
    );
    assert_eq!(value(&bye, "To"), "\"Alice\" <sip:alice@example.com>;tag=a1");
    assert_eq!(value(&bye, "Call-ID"), "c1@example.com");
    assert_eq!(value(&bye, "Reason"), "SIP;cause=200;text=\"the 'end'\"");
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::HungUp
        }]
    );
    peer.send(&reply(&bye, 200, "", ""));
    assert_eq!(peer.endpoint.load().0, 0);
    peer.pass(40_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
    peer.command(Command::HangUp { call, reason: None });
    assert_eq!(peer.endpoint.counters().late_commands, 1);
}

#[test]
fn both_sides_may_say_bye_at_once() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let ours = only(peer.command(Command::HangUp { call, reason: None }));
    let theirs = peer.inside("BYE", 2, "", "");
    assert_eq!(kinds(&peer.send(&theirs)), ["200"]);
    peer.send(&reply(&ours, 481, "", ""));
    assert_eq!(peer.events().len(), 1);
    peer.pass(40_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.answer(call);
    let hung = peer.command(Command::HangUp { call, reason: None });
    assert!(hung.is_empty());
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::HungUp
        }]
    );
    assert_eq!(times(&peer.pass(500), "200"), [500], "the 200 is still repeated");
    let ack = peer.inside("ACK", 1, "", "");
    assert_eq!(kinds(&peer.send(&ack)), ["BYE"]);
    assert!(peer.events().is_empty());
}

#[test]
fn hanging_up_before_an_ack_that_never_comes_says_bye_all_the_same() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.answer(call);
    peer.command(Command::HangUp { call, reason: None });
    assert_eq!(times(&peer.pass(32_000), "BYE"), [32_000]);
    assert_eq!(peer.events().len(), 1);
}

#[test]
fn a_cancel_while_ringing_ends_the_call_with_487() {
    let mut peer = Peer::new();
    let (call, invite) = peer.invite("");
    peer.command(Command::Ring { call });
    let cancel = cancel_of(&invite);
    let sent = peer.send(&cancel);
    assert_eq!(kinds(&sent), ["200", "487"]);
    assert_eq!(value(&sent[0], "CSeq"), "1 CANCEL");
    assert_eq!(value(&sent[1], "CSeq"), "1 INVITE");
    assert_eq!(value(&sent[0], "To"), value(&sent[1], "To"));
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::Cancelled
        }]
    );
    assert_eq!(kinds(&peer.send(&cancel)), ["200"]);
    peer.command(Command::Answer { call, sdp: vec![] });
    assert_eq!(
        peer.endpoint.counters().late_commands,
        1,
        "the user's answer lost the race"
    );
    let ack = invite.replace("INVITE", "ACK");
    peer.send(&ack);
    assert!(peer.pass(4_000).is_empty());
    peer.pass(40_000);
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn a_cancel_after_the_200_changes_nothing() {
    let mut peer = Peer::new();
    let (call, invite) = peer.invite("");
    peer.answer(call);
    assert_eq!(kinds(&peer.send(&cancel_of(&invite))), ["200"]);
    assert!(peer.events().is_empty());
    let ack = peer.inside("ACK", 1, "", "");
    peer.send(&ack);
    assert_eq!(peer.events(), [Event::Confirmed { call, sdp: None }]);
    let bye = peer.inside("BYE", 2, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
}

#[test]
fn a_cancel_that_matches_nothing_gets_481() {
    let mut peer = Peer::new();
    let (_, invite) = peer.invite("");
    let cancel = cancel_of(&invite);
    for other in [
        cancel.replace("z9hG4bK1", "z9hG4bK99"),
        cancel.replace("CSeq: 1 ", "CSeq: 2 "),
        cancel.replace("tag=a1", "tag=a2"),
        cancel.replace("c1@example.com", "c2@example.com"),
        cancel.replace("UDP 192.0.2.9", "UDP 192.0.2.8"),
    ] {
        assert_eq!(kinds(&peer.send(&other)), ["481"], "{other}");
    }
    assert!(peer.events().is_empty());
}

#[test]
fn a_bye_while_ringing_ends_the_call() {
    let mut peer = Peer::new();
    let (call, _) = peer.invite("");
    peer.command(Command::Ring { call });
    let bye = peer.inside("BYE", 2, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200", "487"]);
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::Bye { reason: None }
        }]
    );
}

#[test]
fn a_refused_call_is_resent_until_acknowledged() {
    let mut peer = Peer::new();
    let (call, invite) = peer.invite("");
    let refused = only(peer.command(Command::Refuse {
        call,
        status: 503,
        reason: Some("Full".to_owned()),
        retry_after: Some(30),
    }));
    assert!(refused.starts_with("SIP/2.0 503 Full\r\n"));
    assert_eq!(value(&refused, "Retry-After"), "30");
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::Refused(503)
        }]
    );
    assert_eq!(times(&peer.pass(2_000), "503"), [500, 1500]);
    assert!(peer.send(&invite.replace("INVITE", "ACK")).is_empty());
    assert!(peer.pass(40_000).is_empty());
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn a_call_may_ring_only_as_long_as_expires_and_our_bound_allow() {
    for (expires, end) in [
        ("Expires: 20\r\n", 20_000),
        ("Expires: 4000\r\n", 180_000),
        ("", 180_000),
    ] {
        let mut peer = Peer::new();
        let (call, _) = peer.invite(expires);
        peer.command(Command::Ring { call });
        let seen = peer.pass(180_000);
        assert_eq!(times(&seen, "487").first(), Some(&end));
        let reminders = (1..end / 60_000 + u64::from(end % 60_000 > 0)).map(|n| n * 60_000);
        assert_eq!(
            times(&seen, "180"),
            reminders.collect::<Vec<_>>(),
            "once a minute"
        );
        assert_eq!(
            peer.events(),
            [Event::Ended {
                call,
                cause: EndCause::NoAnswer
            }]
        );
    }
}

#[test]
fn a_connection_carries_a_call_from_its_invite_to_its_end() {
    let mut peer = Peer::over_tcp();
    assert!(!peer.endpoint.carries_call(7));
    peer.call("");
    assert!(peer.endpoint.carries_call(7) && !peer.endpoint.carries_call(8));
    peer.lose(7);
    assert!(!peer.endpoint.carries_call(7));
}

#[test]
fn a_lost_connection_ends_its_calls_and_leaves_nothing_behind() {
    let mut peer = Peer::over_tcp();
    let call = peer.call("");
    assert!(peer.lose(8).is_empty());
    assert!(peer.events().is_empty(), "another connection");
    assert!(peer.lose(7).is_empty());
    assert_eq!(
        peer.events(),
        [Event::Ended {
            call,
            cause: EndCause::TransportLost
        }]
    );
    assert_eq!(peer.endpoint.load(), (0, 0));
    assert_eq!(peer.endpoint.poll_timeout(), None);
}

#[test]
fn a_call_that_is_over_moves_nowhere_and_is_gone_with_the_connection_of_its_bye() {
    for moves_before in [true, false] {
        let mut peer = Peer::over_tcp();
        let call = peer.call("");
        let update = |peer: &mut Peer| {
            let text = peer
                .inside("UPDATE", 7, "", "")
                .replace("SIP/2.0/TCP", "SIP/2.0/UDP");
            let before = std::mem::replace(&mut peer.flow, UDP);
            let status = kind(&only(peer.send(&text)));
            peer.flow = before;
            status
        };
        if moves_before {
            assert_eq!(update(&mut peer), "200");
        }
        peer.command(Command::HangUp { call, reason: None });
        if !moves_before {
            assert_eq!(update(&mut peer), "481");
        }
        peer.lose(7);
        peer.pass(33_000);
        assert_eq!(
            (peer.endpoint.load(), peer.endpoint.poll_timeout()),
            ((0, 0), None)
        );
    }
}

#[test]
fn a_connection_lost_in_mid_invite_leaves_nothing_behind() {
    let mut peer = Peer::over_tcp();
    for _ in 0..1000 {
        let (call, _) = peer.invite("");
        peer.lose(7);
        assert_eq!(
            peer.events(),
            [Event::Ended {
                call,
                cause: EndCause::TransportLost
            }]
        );
    }
    assert_eq!(peer.endpoint.load(), (0, 0));
}

#[test]
fn nobody_else_reaches_into_a_call() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let bye = peer.inside("BYE", 2, "", "");
    let tag = peer.tag.clone().unwrap();
    for other in [
        bye.replace(&tag, &tag[..8]),
        bye.replace(&tag, &format!("{tag}0")),
        bye.replace(
            &tag,
            &tag.to_uppercase().replace(|c: char| c.is_ascii_digit(), "0"),
        ),
        bye.replace("tag=a1", "tag=a"),
        bye.replace(";tag=a1", ""),
        bye.replace("c1@example.com", "c1@example.co"),
    ] {
        assert_eq!(kinds(&peer.send(&other)), ["481"], "{other}");
    }
    assert!(peer.events().is_empty());
    assert!(
        tag.len() == 16 && u64::from_str_radix(&tag, 16).is_ok(),
        "64 bits"
    );
    let cause = EndCause::Bye { reason: None };
    peer.send(&bye);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn requests_in_a_call_must_come_in_order() {
    let mut peer = Peer::new();
    peer.call("");
    let info = peer.inside("INFO", 5, "", "");
    assert_eq!(kinds(&peer.send(&info)), ["200"]);
    assert_eq!(kinds(&peer.send(&info)), ["200"], "a copy");
    for seq in [4, 5, 1] {
        let late = peer.inside("INFO", seq, "", "");
        assert_eq!(kinds(&peer.send(&late)), ["500"]);
    }
    assert_eq!(peer.endpoint.counters().out_of_order, 3);
    let next = peer.inside("INFO", 1_000_000, "", "");
    assert_eq!(kinds(&peer.send(&next)), ["200"]);
}

#[test]
fn digits_come_by_info() {
    let mut peer = Peer::new();
    let call = peer.call("");
    let mut digit = |seq, kind: &str, body: &str| {
        let info = peer.inside("INFO", seq, &format!("Content-Type: {kind}\r\n"), body);
        let status = kind_of(peer.send(&info));
        (status, peer.events())
    };
    let event = |digit, duration_ms| {
        vec![Event::Digit {
            call,
            digit,
            duration_ms,
        }]
    };
    assert_eq!(
        digit(2, "application/dtmf-relay", "Signal=*\r\nDuration=90\r\n"),
        ("200".into(), event('*', 90))
    );
    assert_eq!(digit(3, "Application/DTMF", "7"), ("200".into(), event('7', 160)));
    assert_eq!(digit(4, "application/dtmf", "x"), ("400".into(), vec![]));
    assert_eq!(digit(5, "application/xml", "<x/>"), ("415".into(), vec![]));
}

#[test]
fn options_tells_what_we_can_in_and_out_of_a_call() {
    let mut peer = Peer::new();
    let outside = peer
        .stranger("OPTIONS", 1, "", "")
        .replace("Max-Forwards: 70", "Max-Forwards: 0");
    let answers = [only(peer.send(&outside)), {
        peer.call("");
        let inside = peer.inside("OPTIONS", 2, "", "");
        only(peer.send(&inside))
    }];
    for answer in answers {
        assert_eq!(kind(&answer), "200");
        assert_eq!(
            value(&answer, "Allow"),
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, SUBSCRIBE"
        );
        assert_eq!(value(&answer, "Accept"), "application/sdp");
        assert_eq!(value(&answer, "Supported"), "timer, tdialog");
        assert!(value(&answer, "To").contains(";tag="));
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let run = || {
        let mut peer = Peer::new();
        let call = peer.call("");
        only(peer.command(Command::HangUp { call, reason: None }))
    };
    assert_eq!(run(), run());
}

fn kind_of(sent: Vec<String>) -> String {
    kind(&only(sent))
}

fn cancel_of(invite: &str) -> String {
    let head = invite.replace("INVITE", "CANCEL");
    let head = head.split("\r\n\r\n").next().unwrap();
    let kept = head.split("\r\n").filter(|line| !line.starts_with("Content-"));
    format!("{}\r\n\r\n", kept.collect::<Vec<_>>().join("\r\n"))
}
