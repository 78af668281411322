//! Bounds: what is shed, in which order, and that all memory comes back.

use crate::peer::*;
use sip::{Command, Door, EndCause, EndpointConfig, Event, Limits};

fn limited(change: impl FnOnce(&mut Limits)) -> Peer {
    let mut config = EndpointConfig::default();
    change(&mut config.limits);
    Peer::with(config)
}

/// The n-th call of another caller.
fn nth(peer: &mut Peer, n: usize) -> String {
    peer.stranger("INVITE", 1, "", SDP)
        .replace("c1@", &format!("n{n}@"))
}

#[test]
fn too_many_calls_are_refused_without_keeping_anything() {
    let mut peer = limited(|limits| limits.calls = 2);
    let sent: Vec<String> = (0..4)
        .flat_map(|n| {
            let invite = nth(&mut peer, n);
            peer.send(&invite)
        })
        .collect();
    assert_eq!(kinds(&sent), ["100", "100", "503", "503"]);
    assert_eq!(value(&sent[3], "Retry-After"), "5");
    assert_eq!(peer.endpoint.load(), (2, 2));
    assert_eq!(peer.endpoint.counters().shed_calls, 2);
}

#[test]
fn one_source_cannot_take_all_transactions() {
    let mut peer = limited(|limits| limits.transactions_per_source = 3);
    for n in 0..5 {
        let invite = nth(&mut peer, n);
        assert_eq!(kinds(&peer.send(&invite)), [if n < 3 { "100" } else { "503" }]);
    }
    assert_eq!(peer.endpoint.counters().shed_source, 2);
    peer.flow.remote = addr([198, 51, 100, 7], 5060);
    let other = nth(&mut peer, 9);
    assert_eq!(kinds(&peer.send(&other)), ["100"]);
}

#[test]
fn a_call_can_be_ended_while_new_ones_are_shed() {
    let mut peer = limited(|limits| limits.transactions = 2);
    let call = peer.call("");
    let bye = peer.inside("BYE", 2, "", "");
    let (second, third) = (nth(&mut peer, 1), nth(&mut peer, 2));
    assert_eq!(kinds(&peer.send(&second)), ["100"]);
    assert_eq!(kinds(&peer.send(&third)), ["503"]);
    assert_eq!(peer.endpoint.counters().shed_transactions, 1);
    peer.events();
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
    let cause = EndCause::Bye { reason: None };
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn even_requests_in_calls_have_a_bound() {
    let mut peer = limited(|limits| limits.transactions = 4);
    peer.call("");
    let statuses: Vec<String> = (2..9)
        .map(|seq| {
            let info = peer.inside("INFO", seq, "", "");
            kind(&only(peer.send(&info)))
        })
        .collect();
    assert_eq!(statuses, ["200", "200", "200", "200", "200", "503", "503"]);
    assert_eq!(peer.endpoint.counters().shed_in_dialog, 2);
}

#[test]
fn one_call_cannot_take_all_transactions_and_can_still_end() {
    let mut peer = limited(|limits| limits.transactions_per_call = 2);
    peer.call("");
    let statuses: Vec<String> = (2..5)
        .map(|seq| {
            let info = peer.inside("INFO", seq, "", "");
            kind(&only(peer.send(&info)))
        })
        .collect();
    assert_eq!(statuses, ["200", "200", "503"]);
    let bye = peer.inside("BYE", 9, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
}

/// A hop of so many bytes, which every answer repeats.
fn hop(bytes: usize) -> String {
    format!("Via: SIP/2.0/UDP h;branch=z9hG4bK{}\r\n", "q".repeat(bytes))
}

/// A route of so many bytes, which a dialog keeps.
fn route(bytes: usize) -> String {
    format!("Record-Route: <sip:h;lr;q={}>\r\n", "q".repeat(bytes))
}

/// The n-th call of another caller, with this header.
fn nth_with(peer: &mut Peer, n: usize, header: &str) -> String {
    peer.stranger("INVITE", 1, header, SDP)
        .replace("c1@", &format!("n{n}@"))
}

#[test]
fn answers_that_are_kept_have_a_bound_in_bytes_and_give_it_back() {
    let mut peer = limited(|limits| {
        limits.transaction_bytes = 10_000;
        limits.transactions_per_source = limits.transactions;
    });
    let sent: Vec<String> = (0..5)
        .flat_map(|n| {
            let invite = nth_with(&mut peer, n, &hop(3_500));
            peer.send(&invite)
        })
        .collect();
    assert_eq!(kinds(&sent), ["100", "100", "100", "503", "503"]);
    assert_eq!(peer.endpoint.counters().shed_bytes, 2);
    assert_eq!(peer.endpoint.load(), (3, 3));
    let (kept, _) = peer.endpoint.kept_bytes();
    assert!((10_500..13_000).contains(&kept), "{kept}");
    peer.pass(300_000);
    assert_eq!(
        (peer.endpoint.load(), peer.endpoint.kept_bytes()),
        ((0, 0), (0, 0))
    );
    let invite = nth_with(&mut peer, 9, &hop(3_500));
    assert_eq!(kinds(&peer.send(&invite)), ["100"]);
}

#[test]
fn long_answers_of_one_call_or_source_leave_bytes_to_others() {
    let mut peer = limited(|limits| {
        limits.transaction_bytes = 400_000;
        limits.transactions = 400;
        limits.transactions_per_call = 10;
        limits.transactions_per_source = 20;
    });
    peer.call("");
    let statuses: Vec<String> = (2..7)
        .map(|seq| {
            let info = peer.inside("INFO", seq, &hop(3_800), "");
            kind(&only(peer.send(&info)))
        })
        .collect();
    assert_eq!(
        statuses,
        ["200", "200", "200", "503", "503"],
        "10,000 bytes a call"
    );
    let bye = peer.inside("BYE", 9, &hop(3_800), "");
    let statuses: Vec<String> = (0..8)
        .map(|n| {
            let invite = nth_with(&mut peer, n, &hop(3_800));
            kind(&only(peer.send(&invite)))
        })
        .collect();
    assert_eq!(
        statuses[4..],
        ["100", "503", "503", "503"],
        "20,000 bytes a source"
    );
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
    peer.flow.remote = addr([198, 51, 100, 7], 5060);
    let other = nth_with(&mut peer, 9, &hop(3_800));
    assert_eq!(kinds(&peer.send(&other)), ["100"]);
    assert_eq!(peer.endpoint.counters().shed_bytes, 5);
}

#[test]
fn a_call_can_be_ended_when_no_more_bytes_of_answers_may_be_kept() {
    let mut peer = limited(|limits| {
        limits.transaction_bytes = 4_000;
        limits.transactions_per_call = limits.transactions;
    });
    peer.call("");
    let statuses: Vec<String> = (2..5)
        .map(|seq| {
            let info = peer.inside("INFO", seq, &hop(2_500), "");
            kind(&only(peer.send(&info)))
        })
        .collect();
    assert_eq!(statuses, ["200", "200", "503"]);
    let bye = peer.inside("BYE", 9, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
}

#[test]
fn what_dialogs_keep_has_a_bound_in_bytes() {
    let mut peer = limited(|limits| limits.dialog_bytes = 10_000);
    let sent: Vec<String> = (0..4)
        .flat_map(|n| {
            let invite = nth_with(&mut peer, n, &route(3_000));
            peer.send(&invite)
        })
        .collect();
    assert_eq!(kinds(&sent), ["100", "100", "503", "503"]);
    assert_eq!(peer.endpoint.counters().shed_bytes, 2);
    peer.pass(300_000);
    assert_eq!(peer.endpoint.kept_bytes(), (0, 0));
}

#[test]
fn a_call_that_keeps_too_much_is_asked_nothing_more_and_can_end() {
    let mut peer = limited(|limits| limits.dialog_bytes = 2_000);
    let call = peer.call(&route(3_500));
    let info = peer.inside("INFO", 2, "", "");
    assert_eq!(kinds(&peer.send(&info)), ["503"]);
    let bye = peer.inside("BYE", 3, "", "");
    assert_eq!(kinds(&peer.send(&bye)), ["200"]);
    let cause = EndCause::Bye { reason: None };
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    assert_eq!(peer.endpoint.counters().shed_bytes, 1);
}

#[test]
fn refused_invites_are_forgotten_for_newer_ones_and_counted_while_copies_may_come() {
    let mut peer = Peer::new();
    peer.door = Door::Shut(403);
    let refuse = |peer: &mut Peer, many: usize| {
        for n in 0..many {
            let invite = nth(peer, n);
            assert_eq!(kinds(&peer.send(&invite)), ["403"]);
        }
        peer.endpoint.counters().forgotten_refusals
    };
    assert_eq!(refuse(&mut peer, 512), 0);
    assert_eq!(refuse(&mut peer, 10), 10);
    peer.pass(501);
    assert_eq!(refuse(&mut peer, 512), 10, "no copy of those is to come");
    assert_eq!(refuse(&mut peer, 1), 11);
}

#[test]
fn heads_bodies_headers_and_hops_are_bounded() {
    let long = "x".repeat(70_000);
    let many = |text: &str, n| text.repeat(n);
    let table = [
        (many("Foo: y\r\n", 401), "", "400"),
        (many("Foo: y\r\n", 380), "", "200"),
        (many("Via: SIP/2.0/UDP h;branch=z9hG4bKq\r\n", 99), "", "200"),
        (format!("Foo: {}\r\n", &long[..9_000]), "", "400"),
        (format!("Foo: {long}\r\n"), "", "513"),
        (String::new(), long.as_str(), "413"),
    ];
    for (extra, body, status) in table {
        let mut peer = Peer::over_tcp();
        let text = peer.stranger("OPTIONS", 1, &extra, body);
        assert_eq!(kinds(&peer.send(&text)), [status], "{}", extra.len());
    }
    let mut peer = Peer::new();
    let text = peer.stranger(
        "OPTIONS",
        1,
        &many("Via: SIP/2.0/UDP h;branch=z9hG4bKq\r\n", 100),
        "",
    );
    assert!(peer.send(&text).is_empty(), "too many hops to answer");
}

#[test]
fn thousands_of_calls_come_and_go_and_leave_nothing() {
    let mut peer = limited(|limits| {
        limits.transactions_per_source = 20_000;
    });
    let mut calls = Vec::new();
    for n in 0..5_000 {
        let invite = nth(&mut peer, n);
        peer.send(&invite);
        let call = peer.incoming();
        peer.answer(call);
        let ack = peer.inside("ACK", 1, "", "").replace("c1@", &format!("n{n}@"));
        peer.send(&ack);
        assert_eq!(peer.events().len(), 1);
        calls.push(call);
    }
    assert_eq!(peer.endpoint.load(), (5_000, 5_000));
    peer.pass(33_000);
    assert_eq!(
        peer.endpoint.load(),
        (5_000, 0),
        "nothing lingers in a call that is up"
    );
    for call in calls {
        let bye = only(peer.command(Command::HangUp { call, reason: None }));
        peer.send(&reply(&bye, 200, "", ""));
    }
    peer.pass(33_000);
    assert_eq!(
        (peer.endpoint.load(), peer.endpoint.kept_bytes()),
        ((0, 0), (0, 0))
    );
    assert_eq!(peer.endpoint.poll_timeout(), None);
}
