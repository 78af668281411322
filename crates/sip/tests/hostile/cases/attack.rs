//! Messages that would turn us against somebody else, or hide from somebody on the way (attacks A2, A24, A26).

use super::Edit::{Add, Drop, First, Many, Set, Start, Swap};
use super::Expect::{Silence, Status, StatusOrSilence};
use super::{Case, invite, options, request};

const OK: super::Expect = Status(&[200]);

pub const CASES: &[Case] = &[
    // Where answers go: to the sender, whatever the message says.
    options(
        "a Via of a victim",
        &[Set("Via", "SIP/2.0/UDP 203.0.113.66;branch=z9hG4bK{id};rport")],
        OK,
    ),
    options(
        "a Via that claims to be received from a victim",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};received=203.0.113.66;branch=z9hG4bK{id};rport",
        )],
        OK,
    ),
    options(
        "a Via that claims a port",
        &[Set("Via", "SIP/2.0/UDP {me};rport=53;branch=z9hG4bK{id}")],
        Status(&[200, 400]),
    ),
    options(
        "a Via with a group to answer to",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};maddr=224.0.0.1;ttl=255;branch=z9hG4bK{id};rport",
        )],
        OK,
    ),
    options(
        "a Via with a victim to answer to",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};maddr=203.0.113.66;branch=z9hG4bK{id};rport",
        )],
        OK,
    ),
    options(
        "a Via of everybody",
        &[Set("Via", "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK{id};rport")],
        OK,
    ),
    options(
        "a Via of ourselves",
        &[Set("Via", "SIP/2.0/UDP {us};branch=z9hG4bK{id};rport")],
        Status(&[200, 482]),
    ),
    options(
        "a Via over TCP in a datagram",
        &[Set("Via", "SIP/2.0/TCP {me};branch=z9hG4bK{id};rport")],
        Status(&[200, 400]),
    ),
    options(
        "a Route to a victim",
        &[First("Route: <sip:203.0.113.66;lr>")],
        Status(&[200, 403, 404, 481]),
    ),
    options(
        "a request for somebody else",
        &[Start("OPTIONS sip:victim@203.0.113.66 SIP/2.0")],
        Status(&[200, 403, 404]),
    ),
    options(
        "a request with a group in its URI",
        &[Start("OPTIONS sip:1000@{us};maddr=224.0.0.1;ttl=255 SIP/2.0")],
        OK,
    ),
    invite(
        "a Contact at a victim",
        &[Set("Contact", "<sip:victim@203.0.113.66>")],
        OK,
    ),
    invite(
        "a Contact at a group",
        &[Set("Contact", "<sip:victim@224.0.0.1>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Contact at everybody",
        &[Set("Contact", "<sip:victim@255.255.255.255>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Contact at ourselves",
        &[Set("Contact", "<sip:1000@{us}>")],
        Status(&[200, 400, 482]),
    ),
    invite(
        "a Contact at port 53",
        &[Set("Contact", "<sip:victim@203.0.113.66:53>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Record-Route by a victim",
        &[Add("Record-Route: <sip:203.0.113.66;lr>")],
        OK,
    ),
    invite(
        "a Record-Route by a group",
        &[Add("Record-Route: <sip:224.0.0.1;lr>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Record-Route by ourselves",
        &[Add("Record-Route: <sip:{us};lr>")],
        Status(&[200, 400, 482]),
    ),
    invite(
        "a Record-Route at the port of a name server",
        &[Add("Record-Route: <sip:203.0.113.66:53;lr>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Record-Route with a group to send to",
        &[Add("Record-Route: <sip:203.0.113.66;maddr=224.0.0.1;lr>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Contact with a group to send to",
        &[Set("Contact", "<sip:alice@{me};maddr=224.0.0.1>")],
        Status(&[200, 400]),
    ),
    invite(
        "a hundred Record-Routes",
        &[Many(100, "Record-Route: <sip:p{n}.example;lr>")],
        Status(&[200, 400]),
    ),
    invite(
        "a Record-Route with a line end",
        &[Add("Record-Route: <sip:a{0a}Evil: 1;lr>")],
        Status(&[400]),
    ),
    // Two readings of one message.
    options(
        "a second request in the body",
        &[
            super::Edit::Body("text/plain", "x"),
            Set("Content-Length", "0"),
            super::Edit::Tail("\r\nBYE sip:1000@{us} SIP/2.0\r\n\r\n"),
        ],
        OK,
    ),
    options(
        "a header behind the empty line",
        &[Swap("\r\nCall-ID:", "\r\n\r\nCall-ID:")],
        Status(&[400]),
    ),
    options(
        "two Content-Lengths with a request between",
        &[
            First("Content-Length: 0"),
            super::Edit::Body("text/plain", "BYE sip:1000@{us} SIP/2.0"),
        ],
        Status(&[400]),
    ),
    options(
        "a From that continues a comment",
        &[First("Subject: (\r\n )"), Add("X: )")],
        OK,
    ),
    options(
        "an unknown header that looks like From",
        &[First("Fr\u{43e}m: <sip:hidden@x>;tag=9")],
        Status(&[200, 400]),
    ),
    options(
        "a From with a no-break space before its colon",
        &[First("From\u{a0}: <sip:hidden@x>;tag=9")],
        Status(&[200, 400]),
    ),
    options(
        "a To after a vertical tab",
        &[Swap("\r\nTo:", "{0b}To:")],
        Status(&[400]),
    ),
    options(
        "a header that begins in a folded quoted name",
        &[Set("From", "\"\r\n To: x\" <sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "a folded line of spaces only",
        &[Add("Subject: a\r\n   \r\n b")],
        OK,
    ),
    options("To in two letters", &[Drop("To"), Add("t: <sip:1000@{us}>")], OK),
    // Names that would be repeated in our answers and logs.
    options(
        "terminal codes in a name",
        &[Set(
            "From",
            "\"{1b}]0;owned{07}\" <sip:alice@example.com>;tag={from}",
        )],
        Status(&[400]),
    ),
    options(
        "a reversed name",
        &[Set("From", "\"\u{202e}evil\" <sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "a name that is no text",
        &[Set("From", "\"{e4}{f6}{fc}\" <sip:alice@example.com>;tag={from}")],
        Status(&[200, 400]),
    ),
    options(
        "an overlong zero in a name",
        &[Set("From", "\"{c0}{80}\" <sip:alice@example.com>;tag={from}")],
        Status(&[200, 400]),
    ),
    options(
        "half a surrogate in a name",
        &[Set("From", "\"{ed}{a0}{80}\" <sip:alice@example.com>;tag={from}")],
        Status(&[200, 400]),
    ),
    // Faulty requests must be answered to the sender too.
    options(
        "a fault with a Via of a victim",
        &[
            Set("Via", "SIP/2.0/UDP 203.0.113.66;branch=z9hG4bK{id};rport"),
            Drop("To"),
        ],
        Status(&[400]),
    ),
    options(
        "a fault with a group to answer to",
        &[
            Set("Via", "SIP/2.0/UDP {me};maddr=224.0.0.1;branch=z9hG4bK{id};rport"),
            Drop("CSeq"),
        ],
        Status(&[400]),
    ),
    options(
        "a fault in every header",
        &[
            Set("From", "<"),
            Set("To", ">"),
            Set("Call-ID", ","),
            Set("CSeq", "x y z"),
            Set("Max-Forwards", "x"),
            Set("Contact", "<"),
        ],
        Status(&[400]),
    ),
    options(
        "a fault that would be repeated",
        &[Set("To", "<sip:x@y>;tag=a{0d}{0a}Evil: 1"), Drop("CSeq")],
        Status(&[400]),
    ),
    request("a faulty BYE", "BYE", &[Drop("CSeq")], Status(&[400])),
    request("a faulty CANCEL", "CANCEL", &[Drop("Call-ID")], Status(&[400])),
    request(
        "a faulty REGISTER",
        "REGISTER",
        &[Set("CSeq", "x REGISTER")],
        Status(&[400, 405]),
    ),
    request(
        "an ACK that is faulty and has a victim in Via",
        "ACK",
        &[
            Set("Via", "SIP/2.0/UDP 203.0.113.66;branch=z9hG4bK{id}"),
            Drop("To"),
        ],
        Silence,
    ),
    request(
        "a method that is a status line",
        "SIP/2.0",
        &[],
        StatusOrSilence(&[400, 501]),
    ),
];
