//! What we do not take, and how we say so.

use crate::peer::*;
use sip::{Command, Door, EndCause, Event};

/// Statuses of the calls that never were.
fn turned_away(peer: &mut Peer) -> Vec<String> {
    let told = peer.events().into_iter().map(|event| {
        let Event::TurnedAway { invite, status } = event else {
            panic!("{event:?}")
        };
        assert_eq!((invite.dialled.as_str(), invite.offer), ("5551234", None));
        status.to_string()
    });
    told.collect()
}

/// Sends a changed OPTIONS and expects the start of the answer.
fn options(change: impl Fn(String) -> String, expected: &str) {
    let mut peer = Peer::new();
    let text = change(peer.stranger("OPTIONS", 1, "", ""));
    let answer = only(peer.send(&text));
    let line = answer.split("\r\n").next().unwrap();
    assert_eq!(line, format!("SIP/2.0 {expected}"), "{text}");
    assert!(value(&answer, "Via").starts_with("SIP"), "{answer}");
}

#[test]
fn a_malformed_request_is_told_what_is_wrong() {
    let replacements = [
        (
            "Max-Forwards: 70",
            "Max-Forwards: 70\r\nMax-Forwards: 69",
            "400 Two Max-Forwards headers",
        ),
        ("Call-ID: c1", "i: c0\r\nCall-ID: c1", "400 Two Call-ID headers"),
        ("To: ", "t: <sip:x@y>\r\nTo: ", "400 Two To headers"),
        ("From: ", "f: <sip:x@y>;tag=1\r\nFrom: ", "400 Two From headers"),
        ("CSeq: 1", "CSeq: 1 OPTIONS\r\nCSeq: 1", "400 Two CSeq headers"),
        (
            "Content-Length: 0",
            "Content-Length: 0\r\nl: 0",
            "400 Two Content-Length headers",
        ),
        (
            "Content-Length: 0",
            "Content-Length: 5",
            "400 Body shorter than Content-Length",
        ),
        (
            "Content-Length: 0",
            "Content-Length: -1",
            "400 Bad Content-Length",
        ),
        (
            "Content-Length: 0",
            "Content-Length: 18446744073709551615",
            "413 Request Entity Too Large",
        ),
        (
            "Content-Length: 0",
            "Content-Length: 99999999999999999999",
            "400 Bad Content-Length",
        ),
        (
            "CSeq: 1 OPTIONS",
            "CSeq: 2147483648 OPTIONS",
            "400 CSeq out of range",
        ),
        (
            "CSeq: 1 OPTIONS",
            "CSeq: 99999999999999999999 OPTIONS",
            "400 CSeq out of range",
        ),
        ("CSeq: 1 OPTIONS", "CSeq: -1 OPTIONS", "400 Bad CSeq"),
        (
            "CSeq: 1 OPTIONS",
            "CSeq: 1 INVITE",
            "400 CSeq names another method",
        ),
        ("CSeq: 1 OPTIONS\r\n", "", "400 No CSeq"),
        ("Call-ID: c1@example.com\r\n", "", "400 No Call-ID"),
        ("Call-ID: c1@example.com", "Call-ID: a b", "400 Bad Call-ID"),
        (
            "Max-Forwards: 70",
            "Max-Forwards: 300",
            "400 Max-Forwards out of range",
        ),
        ("Max-Forwards: 70", "Max-Forwards: many", "400 Bad Max-Forwards"),
        (
            "Max-Forwards: 70",
            "Expires: 4294967296",
            "400 Expires out of range",
        ),
        ("tag=a1", "tag=a1;tag=a2", "400 Two tags in From or To"),
        ("tag=a1", "tag=", "400 Bad From"),
        ("tag=a1", "tag", "400 Bad tag in From"),
        ("tag=a1", "tag=\"a b\"", "400 Bad tag in From"),
        ("\"Alice\"", "\"Alice", "400 Bad From"),
        ("\"Alice\"", "Bell, Alice", "400 Bad From"),
        ("branch=z9hG4bK1", "branch=z9hG4bK", "400 Empty branch in Via"),
        ("branch=z9hG4bK1", "branch=a;branch=b", "400 Two branches in Via"),
        ("branch=z9hG4bK1", "branch=z9hG4bK1;;,;,,", "400 Bad Via"),
        (
            "sip:5551234@192.0.2.1 SIP",
            "sip:5551234@192.0.2.1?Route=x SIP",
            "400 Headers in the Request-URI",
        ),
        (
            "sip:5551234@192.0.2.1 SIP",
            "<sip:5551234@192.0.2.1> SIP",
            "400 Bad Request-URI",
        ),
        (
            "sip:5551234@192.0.2.1 SIP",
            "sip:5551234@192.0.2.1; lr SIP",
            "400 Bad Request-Line",
        ),
        ("OPTIONS sip", "OPTIONS  sip", "400 Bad Request-Line"),
        (" SIP/2.0\r\nVia", " SIP/2.0 \r\nVia", "400 Bad Request-Line"),
        ("1 SIP/2.0", "1 SIP/7.0", "505 Version Not Supported"),
        (
            "Max-Forwards: 70",
            "Max-Forwards: 70\r\nno colon here",
            "400 Header without colon",
        ),
        (
            "Max-Forwards: 70",
            "Max\x01Forwards: 70",
            "400 Control character in a header",
        ),
        (
            "Max-Forwards: 70",
            "Max-Forwards\x0b: 70",
            "400 Control character in a header",
        ),
        (
            "Max-Forwards: 70",
            "Max-Forwards\u{a0}: 70",
            "400 Bad header name",
        ),
        ("Max-Forwards: 70", "Max Forwards: 70", "400 Bad header name"),
        (
            "Max-Forwards: 70",
            "Subject: a\0b",
            "400 Control character in a header",
        ),
        ("\"Alice\"", "\"Al\0ice\"", "400 Control character in a header"),
        ("\"Alice\"", "\"Al\nice\"", "400 Bare CR or LF"),
        ("\"Alice\"", "\"Al\rice\"", "400 Bare CR or LF"),
        ("Max-Forwards: 70", "Route: nonsense", "400 Bad Route"),
        ("Max-Forwards: 70", "Record-Route: <sip:a", "400 Bad Record-Route"),
        (
            "Contact: <sip:alice@192.0.2.9>",
            "Contact: \"x <sip:a@b>",
            "400 Bad Contact",
        ),
    ];
    for (from, to, expected) in replacements {
        options(
            |text| {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            },
            expected,
        );
    }
}

#[test]
fn no_answer_lets_a_line_end_or_a_nul_through() {
    let mut peer = Peer::new();
    for poison in ["\r", "\n", "\0", "\x07"] {
        let text = peer
            .stranger("OPTIONS", 1, "", "")
            .replace("\"Alice\"", &format!("\"A{poison}Evil: 1\""));
        let answer = only(peer.send(&text));
        assert!(answer.lines().all(|line| !line.starts_with("Evil")), "{answer}");
        assert!(answer.chars().all(|c| !c.is_control() || "\r\n".contains(c)));
        assert_eq!(answer.matches('\n').count(), answer.matches("\r\n").count());
    }
}

#[test]
fn lawful_oddities_are_taken() {
    let replacements = [
        ("From: ", "From : "),
        ("From: ", "fRoM\t:   "),
        ("Max-Forwards: 70", "Max-Forwards: 0068"),
        ("CSeq: 1 OPTIONS", "CSeq:\r\n 0001\r\n\tOPTIONS"),
        ("Max-Forwards: 70\r\n", ""),
        ("\"Alice\"", "\"A \\\" \\\x07 \\\0 lice\""),
        ("\"Alice\"", "\"Al\u{ef}ce\""),
        (
            "Via: SIP/2.0/UDP 192.0.2.9;",
            "Via: SIP / 2.0 / UDP   [2001:db8::9]:5070 ; ",
        ),
        ("Via: ", "v: "),
        (
            "sip:5551234@192.0.2.1 SIP",
            "sip:5551234@[2001:db8::1]:5060;transport=udp SIP",
        ),
        ("sip:5551234@192.0.2.1 SIP", "sips:5551234@example.com SIP"),
        ("sip:5551234@192.0.2.1 SIP", "tel:+1-555-1234 SIP"),
        ("Max-Forwards: 70", "UnknownHeader: ;;,,;;,;\r\nMax-Forwards: 0"),
        ("Content-Length: 0\r\n", ""),
        ("OPTIONS sip:555", "\r\n\r\nOPTIONS sip:555"),
        ("\r\n\r\n", "\r\n\r\ntrailing octets of the datagram"),
        (";tag=a1", ""),
    ];
    for (from, to) in replacements {
        options(
            |text| {
                assert!(text.contains(from), "{from}");
                text.replacen(from, to, 1)
            },
            "200 OK",
        );
    }
}

#[test]
fn the_via_and_the_names_come_back_as_they_were() {
    let mut peer = Peer::new();
    let text = peer
        .stranger("OPTIONS", 1, "", "")
        .replace(
            "branch=z9hG4bK1",
            "branch=z9hG4bK1;rport;x=\"a,b;c\" , SIP/2.0/TCP far.example;branch=z9hG4bKf",
        )
        .replace(
            "Max-Forwards",
            "Via: SIP/2.0/UDP last.example\r\nTimestamp: 54\r\nMax-Forwards",
        );
    let answer = only(peer.send(&text));
    assert_eq!(
        values(&answer, "Via"),
        [
            "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;x=\"a,b;c\";received=192.0.2.9;rport=5060",
            "SIP/2.0/TCP far.example;branch=z9hG4bKf",
            "SIP/2.0/UDP last.example",
        ]
    );
    assert_eq!(value(&answer, "From"), "\"Alice\" <sip:alice@example.com>;tag=a1");
    assert_eq!(value(&answer, "Timestamp"), "54");
}

#[test]
fn methods_we_do_not_offer_are_refused_with_what_we_do() {
    let table = [
        ("REGISTER", "405"),
        ("REFER", "405"),
        ("MESSAGE", "405"),
        ("PUBLISH", "405"),
        ("NOTIFY", "405"),
        ("PRACK", "405"),
        ("SUBSCRIBE", "489"),
        ("NEWMETHOD", "501"),
        ("invite", "501"),
        ("!int-Method.%*_+`'~", "501"),
    ];
    for (method, status) in table {
        let mut peer = Peer::new();
        let text = peer.stranger(method, 1, "", "");
        let first = only(peer.send(&text));
        assert_eq!(kind(&first), status);
        assert!(value(&first, "Allow").contains("INVITE"));
        assert_eq!(only(peer.send(&text)), first, "copies get equal answers");
        assert_eq!(peer.endpoint.load(), (0, 0), "without anything kept");
    }
}

#[test]
fn an_invite_is_refused_for_what_it_asks_and_brings() {
    let table = [
        ("Require: 100rel\r\n", SDP, "420", ("Unsupported", "100rel")),
        (
            "Require: timer, Foo\r\nProxy-Require: bar\r\n",
            SDP,
            "420",
            ("Unsupported", "Foo, bar"),
        ),
        (
            "Content-Type: text/plain\r\n",
            "hi",
            "415",
            ("Accept", "application/sdp"),
        ),
        (
            "Content-Encoding: gzip\r\n",
            SDP,
            "415",
            ("Accept-Encoding", "identity"),
        ),
        (
            "Accept: text/plain\r\n",
            SDP,
            "406",
            ("Accept", "application/sdp"),
        ),
        (
            "Supported: timer\r\nSession-Expires: 60\r\n",
            SDP,
            "422",
            ("Min-SE", "90"),
        ),
    ];
    for (extra, body, status, (name, expected)) in table {
        let mut peer = Peer::new();
        let invite = peer.stranger("INVITE", 1, extra, body);
        let answer = only(peer.send(&invite));
        assert_eq!(
            (kind(&answer).as_str(), value(&answer, name)),
            (status, expected),
            "{extra}"
        );
        let told = if status == "422" { vec![] } else { vec![status] };
        assert_eq!(turned_away(&mut peer), told, "{extra}");
        peer.send(&invite);
        assert_eq!(turned_away(&mut peer), [""; 0], "a copy is no call of its own");
        assert_eq!(peer.endpoint.load(), (0, 0));
        assert!(
            peer.send(&invite.replace("INVITE", "ACK")).is_empty(),
            "an ACK is never answered"
        );
    }
}

#[test]
fn nothing_is_kept_of_a_call_at_a_shut_door() {
    for (status, retry_after) in [(403, None), (503, Some("5"))] {
        let mut peer = Peer::new();
        peer.door = Door::Shut(status);
        let invite = peer.stranger("INVITE", 1, "", SDP);
        let answer = only(peer.send(&invite));
        assert_eq!(kind(&answer), status.to_string());
        assert_eq!(answer.contains("Retry-After"), retry_after.is_some());
        assert_eq!(turned_away(&mut peer), [status.to_string()]);
        assert_eq!(only(peer.send(&invite)), answer, "copies get equal answers");
        assert_eq!(turned_away(&mut peer), [""; 0]);
        assert_eq!((peer.endpoint.load(), peer.pass(60_000)), ((0, 0), vec![]));
        assert_eq!(peer.endpoint.counters().shut_out, 2);
        let options = peer.stranger("OPTIONS", 1, "", "");
        assert_eq!(kind(&only(peer.send(&options))), "200");
    }
}

#[test]
fn an_invite_must_say_where_its_caller_is() {
    let table = [
        ("Contact: <sip:alice@192.0.2.9>\r\n", ""),
        ("<sip:alice@192.0.2.9>", "*"),
        ("<sip:alice@192.0.2.9>", "<tel:+15550100>"),
        ("<sip:alice@192.0.2.9>", "<sip:a@192.0.2.9>, <sip:b@192.0.2.9>"),
        ("\r\nContent-Type: application/sdp", ""),
    ];
    for (from, to) in table {
        let mut peer = Peer::new();
        let invite = peer.stranger("INVITE", 1, "", SDP);
        assert!(invite.contains(from));
        assert_eq!(kinds(&peer.send(&invite.replace(from, to))), ["400"]);
    }
}

#[test]
fn an_optional_body_we_do_not_know_is_as_none() {
    let mut peer = Peer::new();
    let extra = "Content-Type: text/plain\r\nContent-Disposition: session;handling=optional\r\nRequire: timer\r\nAccept: */*\r\n";
    let invite = peer.stranger("INVITE", 1, extra, "hi");
    peer.send(&invite);
    let events = peer.events();
    let [Event::Incoming(incoming)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(incoming.offer, None);
}

#[test]
fn strange_schemes_get_416() {
    for uri in [
        "http://example.com/",
        "soap.beep://192.0.2.1",
        "nobodyKnows:totallyopaque",
    ] {
        let mut peer = Peer::new();
        let text = peer
            .stranger("OPTIONS", 1, "", "")
            .replace("OPTIONS sip:5551234@192.0.2.1", &format!("OPTIONS {uri}"));
        assert_eq!(kinds(&peer.send(&text)), ["416"]);
    }
}

#[test]
fn a_merged_invite_gets_482_and_makes_no_second_call() {
    let mut peer = Peer::new();
    let (call, invite) = peer.invite("");
    let copy = invite.replace("z9hG4bK1", "z9hG4bKother");
    assert_eq!(kinds(&peer.send(&copy)), ["482"]);
    assert!(peer.events().is_empty());
    assert_eq!(peer.endpoint.counters().merged, 1);
    peer.answer(call);
    assert_eq!(kinds(&peer.send(&copy)), ["482"], "after the answer too");
}

#[test]
fn requests_for_dialogs_we_do_not_have_get_481() {
    for method in ["BYE", "INFO", "UPDATE", "INVITE", "OPTIONS"] {
        let mut peer = Peer::new();
        let text = peer
            .stranger(method, 1, "", "")
            .replace("To: <sip:5551234@192.0.2.1>", "To: <sip:x@y>;tag=zz");
        assert_eq!(kinds(&peer.send(&text)), ["481"]);
    }
    for method in ["BYE", "INFO", "UPDATE", "CANCEL"] {
        let mut peer = Peer::new();
        let text = peer.stranger(method, 1, "", "");
        assert_eq!(kinds(&peer.send(&text)), ["481"]);
    }
}

#[test]
fn a_caller_of_rfc_2543_is_served() {
    let mut peer = Peer::new();
    let old = |text: String| {
        text.replace(";branch=z9hG4bK1", "")
            .replace(";branch=z9hG4bK2", "")
            .replace(";tag=a1", "")
    };
    let invite = old(peer.stranger("INVITE", 1, "", SDP));
    assert_eq!(kinds(&peer.send(&invite)), ["100"]);
    assert_eq!(
        kinds(&peer.send(&invite)),
        ["100"],
        "a copy is recognised without a branch"
    );
    let call = peer.incoming();
    peer.answer(call);
    let ack = old(peer.inside("ACK", 1, "", ""));
    peer.send(&ack);
    assert_eq!(peer.events(), [Event::Confirmed { call, sdp: None }]);
}

#[test]
fn noise_is_not_answered() {
    let mut peer = Peer::new();
    let ok = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
              To: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    let options = peer.stranger("OPTIONS", 1, "", "");
    let texts = [
        String::new(),
        "\r\n\r\n".to_owned(),
        "hello".to_owned(),
        "\0\u{1}\u{12}".to_owned(),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        ok.replace("CSeq: 1", "CSeq: 4294967296"),
        ok.replace("200", "99999"),
        ok.replace("Via: ", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKy\r\nVia: "),
        options.replace("Via: ", "X: "),
        options.replace("OPTIONS", "ACK").replace("CSeq: 1", "CSeq: x"),
        options.split_at(40).0.to_owned(),
    ];
    for text in &texts {
        assert!(peer.send(text).is_empty(), "{text:?}");
    }
    assert_eq!(peer.endpoint.counters().noise, texts.len() as u64);
    assert!(peer.send(ok).is_empty());
    assert_eq!(peer.endpoint.counters().stray_responses, 1);
    let ack = peer.stranger("ACK", 1, "", "");
    assert!(peer.send(&ack).is_empty());
    assert_eq!(peer.endpoint.counters().stray_acks, 1);
}

#[test]
fn our_users_refusals_are_sent_as_told() {
    for (status, sent) in [
        (404, "404"),
        (486, "486"),
        (488, "488"),
        (603, "603"),
        (200, "500"),
        (99, "500"),
    ] {
        let mut peer = Peer::new();
        let (call, _) = peer.invite("");
        let refused = peer.command(Command::Refuse {
            call,
            status,
            reason: None,
            retry_after: None,
        });
        assert_eq!(kinds(&refused), [sent]);
        let cause = EndCause::Refused(sent.parse().unwrap());
        assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    }
}
