//! Headers that are none (RFC 4475's second category), and headers that can be read in two ways.

use super::Edit::{Add, Body, Cut, Drop, First, Many, Pad, Set, Swap};
use super::Expect::{Silence, Status, StatusOrSilence};
use super::{Case, invite, options};

const BAD: super::Expect = Status(&[400]);

pub const CASES: &[Case] = &[
    // Missing.
    options("no From", &[Drop("From")], BAD),
    options("no To", &[Drop("To")], BAD),
    options("no Call-ID", &[Drop("Call-ID")], BAD),
    options("no CSeq", &[Drop("CSeq")], BAD),
    options("no Via", &[Drop("Via")], Silence),
    options(
        "only a Via",
        &[Drop("From"), Drop("To"), Drop("Call-ID"), Drop("CSeq")],
        BAD,
    ),
    invite("a call without Contact", &[Drop("Contact")], BAD),
    // Twice.
    options("two From", &[Add("From: <sip:mallory@example.com>;tag=x")], BAD),
    options(
        "two From, one by its short name",
        &[First("f: <sip:mallory@example.com>;tag=x")],
        BAD,
    ),
    options("two To", &[Add("To: <sip:mallory@example.com>")], BAD),
    options("two Call-ID", &[Add("Call-ID: other@x")], BAD),
    options("two Call-ID, one by its short name", &[Add("i: other@x")], BAD),
    options("two CSeq", &[Add("CSeq: 2 OPTIONS")], BAD),
    options("two CSeq of other methods", &[First("CSeq: 1 INVITE")], BAD),
    options("two Max-Forwards", &[Add("Max-Forwards: 5")], BAD),
    options(
        "two Content-Length that contradict",
        &[Add("Content-Length: 5")],
        BAD,
    ),
    options("two Content-Length that agree", &[Add("l: {len}")], BAD),
    invite("two Content-Type", &[Add("c: text/plain")], BAD),
    invite("two Contact", &[Add("Contact: <sip:mallory@{me}>")], BAD),
    invite(
        "two Contact in one line",
        &[Set("Contact", "<sip:alice@{me}>, <sip:mallory@{me}>")],
        BAD,
    ),
    options(
        "two From in one line",
        &[Set(
            "From",
            "<sip:a@example.com>;tag=1, <sip:b@example.com>;tag=2",
        )],
        BAD,
    ),
    options(
        "everything twice",
        &[
            Add("From: <sip:b@example.com>;tag=2"),
            Add("To: <sip:b@{us}>"),
            Add("Call-ID: b"),
            Add("CSeq: 8 BYE"),
            Add("Max-Forwards: 3"),
        ],
        BAD,
    ),
    // Numbers.
    options(
        "a sequence number of 2^31",
        &[Set("CSeq", "2147483648 OPTIONS")],
        BAD,
    ),
    options(
        "a sequence number of 2^32",
        &[Set("CSeq", "4294967296 OPTIONS")],
        BAD,
    ),
    options(
        "a sequence number of 2^65",
        &[Set("CSeq", "36893488147419103232 OPTIONS")],
        BAD,
    ),
    options("a negative sequence number", &[Set("CSeq", "-1 OPTIONS")], BAD),
    options(
        "a sequence number in hexadecimal",
        &[Set("CSeq", "0x1 OPTIONS")],
        BAD,
    ),
    options("no sequence number", &[Set("CSeq", "OPTIONS")], BAD),
    options("a sequence number alone", &[Set("CSeq", "1")], BAD),
    options("more after CSeq", &[Set("CSeq", "1 OPTIONS x")], BAD),
    options("an empty CSeq", &[Set("CSeq", "")], BAD),
    options(
        "a CSeq of a thousand digits",
        &[Drop("CSeq"), Pad("CSeq", 1000), Swap("xxxxxxxxxx", "9999999999")],
        BAD,
    ),
    options("hops beyond 255", &[Set("Max-Forwards", "256")], BAD),
    options("negative hops", &[Set("Max-Forwards", "-1")], BAD),
    options("hops in words", &[Set("Max-Forwards", "seventy")], BAD),
    options(
        "a length beyond the datagram",
        &[Set("Content-Length", "10")],
        BAD,
    ),
    invite("a length one beyond the body", &[Cut(1)], BAD),
    options("a negative length", &[Set("Content-Length", "-999")], BAD),
    options("a length with a sign", &[Set("Content-Length", "+0")], BAD),
    options("a length in words", &[Set("Content-Length", "none")], BAD),
    options("an empty length", &[Set("Content-Length", "")], BAD),
    options("a list of lengths", &[Set("Content-Length", "0, 0")], BAD),
    options(
        "a length of 2^32",
        &[Set("Content-Length", "4294967296")],
        Status(&[400, 413]),
    ),
    options(
        "a length of 2^64 less one",
        &[Set("Content-Length", "18446744073709551615")],
        Status(&[400, 413]),
    ),
    options(
        "a length of 2^64",
        &[Set("Content-Length", "18446744073709551616")],
        Status(&[400, 413]),
    ),
    options(
        "a length of 2^63",
        &[Set("Content-Length", "9223372036854775808")],
        Status(&[400, 413]),
    ),
    options(
        "a length of a hundred digits",
        &[
            Drop("Content-Length"),
            Pad("Content-Length", 100),
            Swap("xxxxxxxxxx", "7777777777"),
        ],
        Status(&[400, 413]),
    ),
    invite(
        "seconds beyond 2^32 to ring",
        &[Add("Expires: 10000000000000000")],
        Status(&[200, 400]),
    ),
    // Addresses.
    options("an empty From", &[Set("From", "")], BAD),
    options("a From of brackets only", &[Set("From", "<>;tag={from}")], BAD),
    options(
        "a name that is never closed",
        &[Set("To", "\"Mr. J. User <sip:1000@{us}>")],
        BAD,
    ),
    options(
        "a bracket that is never closed",
        &[Set("To", "<sip:1000@{us}")],
        BAD,
    ),
    options(
        "a bracket that is never opened",
        &[Set("To", "sip:1000@{us}>")],
        BAD,
    ),
    options(
        "a comma in a name without quotes",
        &[Set("From", "Bell, Alexander <sip:a@example.com>;tag={from}")],
        BAD,
    ),
    options(
        "spaces inside of brackets",
        &[Set("To", "\"W\" < sip:1000@{us} >")],
        Status(&[200, 400]),
    ),
    options(
        "a name in Greek without quotes",
        &[Set("To", "Ελένη <sip:1000@{us}>")],
        Status(&[200, 400]),
    ),
    options(
        "text after the bracket",
        &[Set("To", "<sip:1000@{us}> hello")],
        BAD,
    ),
    options(
        "an empty tag",
        &[Set("From", "<sip:alice@example.com>;tag=")],
        BAD,
    ),
    options(
        "a tag without value",
        &[Set("From", "<sip:alice@example.com>;tag")],
        BAD,
    ),
    options(
        "a quoted tag",
        &[Set("From", "<sip:alice@example.com>;tag=\"x\"")],
        BAD,
    ),
    options(
        "a tag with a space",
        &[Set("From", "<sip:alice@example.com>;tag=a b")],
        BAD,
    ),
    options(
        "two tags in From",
        &[Set("From", "<sip:alice@example.com>;tag=a;tag=b")],
        BAD,
    ),
    options("two tags in To", &[Set("To", "<sip:1000@{us}>;tag=a;TAG=b")], BAD),
    options(
        "an escape that is none in To",
        &[Set("To", "<sip:%xy@{us}>")],
        BAD,
    ),
    options(
        "separators without elements",
        &[
            Set("Via", "SIP/2.0/UDP {me};;,;,,"),
            Set("Contact", "\"\" <>;,\"Joe\" <sip:x@y>;;,,;;"),
        ],
        StatusOrSilence(&[400]),
    ),
    invite("a Contact that is nothing", &[Set("Contact", "")], BAD),
    invite("a Contact that is a star", &[Set("Contact", "*")], BAD),
    invite(
        "a Contact by telephone",
        &[Set("Contact", "<tel:+12015550123>")],
        BAD,
    ),
    invite(
        "a Contact to the web",
        &[Set("Contact", "<http://evil.example/>")],
        BAD,
    ),
    invite(
        "headers in a Contact without brackets",
        &[Set("Contact", "sip:alice@{me}?Route=%3Csip:evil.example%3E")],
        BAD,
    ),
    invite(
        "a Contact with an open name",
        &[Set("Contact", "\"alice <sip:alice@{me}>")],
        BAD,
    ),
    options("an empty Call-ID", &[Set("Call-ID", "")], BAD),
    options("a Call-ID of two words", &[Set("Call-ID", "{id} other")], BAD),
    options("a Call-ID with a comma", &[Set("Call-ID", "{id},other")], BAD),
    options("a Route that is none", &[Add("Route: sip")], BAD),
    options("a Route of brackets only", &[Add("Route: <>")], BAD),
    invite(
        "a Record-Route that is none",
        &[Add("Record-Route: <sip:a;lr")],
        BAD,
    ),
    // Via.
    options("an empty Via", &[Set("Via", "")], StatusOrSilence(&[400])),
    options(
        "a Via without host",
        &[Set("Via", "SIP/2.0/UDP ;branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a Via without transport",
        &[Set("Via", "SIP/2.0 {me};branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a Via of the web",
        &[Set("Via", "HTTP/1.1/TCP {me};branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a Via of version seven",
        &[Set("Via", "SIP/7.0/UDP {me};branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a Via with a port beyond 65535",
        &[Set(
            "Via",
            "SIP/2.0/UDP example.com:70000;branch=z9hG4bK{id};rport",
        )],
        StatusOrSilence(&[400]),
    ),
    options(
        "a Via with a port of letters",
        &[Set("Via", "SIP/2.0/UDP example.com:sip;branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "two branches",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};branch=z9hG4bK{id};branch=z9hG4bKother;rport",
        )],
        BAD,
    ),
    options(
        "a branch without value",
        &[Set("Via", "SIP/2.0/UDP {me};branch=;rport")],
        BAD,
    ),
    options("a second Via that is none", &[Add("Via: nonsense")], BAD),
    options(
        "a hundred and fifty hops",
        &[Many(150, "Via: SIP/2.0/UDP h{n}.example;branch=z9hG4bK{n}")],
        StatusOrSilence(&[400, 483, 513]),
    ),
    // Lines.
    options("a line without colon", &[Add("nonsense")], BAD),
    options("a header without name", &[Add(": value")], BAD),
    options("a space inside a header name", &[Add("X Y: value")], BAD),
    options(
        "a header name with bytes that are no text",
        &[Add("X{ff}: value")],
        BAD,
    ),
    options("a header name with a NUL", &[Add("X{00}: value")], BAD),
    options("a continuation of nothing", &[First(" folded: value")], BAD),
    options(
        "a NUL in From",
        &[Set("From", "\"a{00}b\" <sip:alice@example.com>;tag={from}")],
        BAD,
    ),
    options("a NUL in an unknown header", &[Add("X: a{00}b")], BAD),
    options("a bell in an unknown header", &[Add("X: {07}")], BAD),
    options(
        "a lone CR in From",
        &[Set("From", "\"a{0d}b\" <sip:alice@example.com>;tag={from}")],
        BAD,
    ),
    options(
        "a lone LF that hides a header",
        &[Set(
            "From",
            "\"a{0a}X-Hidden: 1\" <sip:alice@example.com>;tag={from}",
        )],
        BAD,
    ),
    options(
        "a lone CR that hides a header",
        &[Add("Subject: a{0d}Via: SIP/2.0/UDP 203.0.113.66;branch=z9hG4bKx")],
        BAD,
    ),
    options(
        "lines that end in LF only",
        &[Swap("\r\n", "\n")],
        StatusOrSilence(&[400]),
    ),
    options(
        "lines that end in CR only",
        &[Swap("\r\n", "\r")],
        StatusOrSilence(&[400]),
    ),
    options("no empty line at the end", &[Cut(2)], StatusOrSilence(&[400])),
    options(
        "cut off in the middle of a header",
        &[Cut(30)],
        StatusOrSilence(&[400]),
    ),
    options(
        "a control character where a space belongs, before the colon",
        &[Swap("\r\nTo:", "\r\nTo{0b}:")],
        BAD,
    ),
    options(
        "a To hidden behind a control character",
        &[First("To{01}: <sip:hidden@{us}>")],
        BAD,
    ),
    // Bodies.
    invite("a body of no kind", &[Drop("Content-Type")], Status(&[400, 415])),
    invite(
        "a kind that is none",
        &[Body("application", "v=0")],
        Status(&[400, 415]),
    ),
    invite("a kind of nothing", &[Body("", "v=0")], Status(&[400, 415])),
    // Size.
    options(
        "a header of 60,000 bytes",
        &[Pad("X-Long", 60_000)],
        Status(&[400, 413, 513]),
    ),
    options(
        "a thousand headers",
        &[Many(1000, "X-{n}: {n}")],
        Status(&[400, 413, 513]),
    ),
    options(
        "nine thousand empty headers",
        &[Many(9000, "X:")],
        Status(&[400, 413, 513]),
    ),
    options(
        "a header folded nine thousand times",
        &[Add("X: y"), Many(9000, " z")],
        Status(&[400, 413, 513]),
    ),
    options(
        "a From of 30,000 brackets",
        &[
            Drop("From"),
            Pad("From", 30_000),
            Swap("xxxxxxxxxx", "<<<<<<<<<<"),
        ],
        Status(&[400, 413, 513]),
    ),
    options(
        "a From of 7,000 backslashes in quotes",
        &[
            Drop("From"),
            Pad("From", 7_000),
            Swap("From: x", "From: \"x"),
            Swap("xx", "\\\\"),
        ],
        Status(&[400, 413, 513]),
    ),
];
