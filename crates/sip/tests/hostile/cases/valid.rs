//! Odd, and sound (the first category of RFC 4475).

use super::Edit::{Add, Body, Drop, First, Many, NoBody, Pad, Set, Start, Swap, Tail};
use super::Expect::{Call, Status};
use super::{Case, invite, options};

const OK: super::Expect = Status(&[200]);

pub const CASES: &[Case] = &[
    invite(
        "a torturous call",
        &[
            Start("INVITE sip:1000@{us};unknownparam SIP/2.0"),
            Set("Max-Forwards", "\r\n 0068"),
            Set("To", "\r\n sip:1000@{us} ;   x    = y"),
            Set(
                "From",
                "\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = {from}",
            ),
            Set("Call-ID", "{id}.ndaksdj@192.0.2.9"),
            Set("CSeq", "0009\r\n  INVITE"),
            Set(
                "Via",
                "SIP  /   2.0\r\n /UDP\r\n    {me};branch=z9hG4bK{id};rport",
            ),
            Set(
                "Contact",
                "\"Quoted string \\\"\\\"\" <sip:jdrosen@{me};one=two> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33",
            ),
            Swap("Content-Type: ", "Content-TYPE    \t : "),
            Swap("\r\nTo: ", "\r\nTO :"),
            Swap("\r\nMax-Forwards: ", "\r\nMAX-forwards:"),
            Add("NewFangledHeader:   newfangled value\r\n continued newfangled value"),
            Add("UnknownHeaderWithUnusualValue: ;;,,;;,;"),
            Add(
                "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239",
            ),
        ],
        OK,
    ),
    invite(
        "all headers by their short names",
        &[
            Swap("\r\nVia:", "\r\nv:"),
            Swap("\r\nFrom:", "\r\nf:"),
            Swap("\r\nTo:", "\r\nt:"),
            Swap("\r\nCall-ID:", "\r\ni:"),
            Swap("\r\nContact:", "\r\nm:"),
            Swap("\r\nContent-Type:", "\r\nc:"),
            Swap("\r\nContent-Length:", "\r\nl:"),
            Add("k: timer"),
            Add("s: short"),
        ],
        OK,
    ),
    options(
        "header names in any case",
        &[
            Swap("\r\nVia:", "\r\nvIA:"),
            Swap("\r\nFrom:", "\r\nFROM:"),
            Swap("\r\nCall-ID:", "\r\ncall-id:"),
            Swap("\r\nCSeq:", "\r\ncsEQ:"),
            Swap("\r\nTo:", "\r\ntO:"),
        ],
        OK,
    ),
    options(
        "spaces and tabs before and after the colon",
        &[
            Swap("\r\nMax-Forwards: ", "\r\nMax-Forwards \t :\t "),
            Swap("\r\nTo: ", "\r\nTo :   "),
        ],
        OK,
    ),
    options("no space after the colon", &[Swap(": ", ":")], OK),
    options(
        "values folded over lines",
        &[
            Set("CSeq", "1\r\n\t  OPTIONS"),
            Set("Via", "SIP/2.0/UDP\r\n {me}\r\n ;branch=z9hG4bK{id}\r\n ;rport"),
            Add("Subject: one\r\n two\r\n\tthree"),
        ],
        OK,
    ),
    options(
        "a value that begins on the next line",
        &[Set("From", "\r\n <sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "spaces inside Via",
        &[Set("Via", "SIP / 2.0 / UDP  {me} ; branch = z9hG4bK{id} ; rport")],
        OK,
    ),
    options(
        "leading zeros",
        &[
            Set("CSeq", "0000000001 OPTIONS"),
            Set("Max-Forwards", "0070"),
            Set("Content-Length", "0000"),
        ],
        OK,
    ),
    options(
        "the highest sequence number",
        &[Set("CSeq", "2147483647 OPTIONS")],
        OK,
    ),
    options("sequence number zero", &[Set("CSeq", "0 OPTIONS")], OK),
    options(
        "many hops in one line and in several",
        &[
            Add("Via: SIP/2.0/TCP a.example;branch=z9hG4bK1, SIP/2.0/TLS b.example;branch=z9hG4bK2"),
            Add("v: SIP/2.0/SCTP c.example:5070"),
        ],
        OK,
    ),
    options(
        "hops over transports nobody knows",
        &[
            Add("Via: SIP/2.0/UNKNOWN a.example;branch=z9hG4bK1"),
            Add("Via: SIP/2.0/TLS-SCTP b.example;branch=z9hG4bK2"),
        ],
        OK,
    ),
    options(
        "an unknown Via parameter and one without value",
        &[Set(
            "Via",
            "SIP/2.0/UDP {me};branch=z9hG4bK{id};rport;alias;x=\"a;b,c\"",
        )],
        OK,
    ),
    options(
        "an unknown header",
        &[Add("X-Never-Heard-Of: any % \" ; , < > text")],
        OK,
    ),
    options("an unknown header in Chinese", &[Add("X-Text: 会议室")], OK),
    options(
        "an unknown header with bytes that are no text",
        &[Add("X-Bytes: {ff}{fe}{80}")],
        OK,
    ),
    options("an empty header", &[Add("Supported:"), Add("Organization: ")], OK),
    options("a header of one letter nobody knows", &[Add("q: 1")], OK),
    options(
        "a header name with every token character",
        &[Add("X.!%*_+`'~-9: y")],
        OK,
    ),
    options(
        "a quoted name with escapes",
        &[Set(
            "From",
            "\"J \\\"The\\\\ \\\" X\" <sip:alice@example.com>;tag={from}",
        )],
        OK,
    ),
    options(
        "a quoted name with commas and brackets",
        &[Set("From", "\"a, <b>; c@d?\" <sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "a quoted name that is empty",
        &[Set("From", "\"\" <sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "a quoted name in Greek",
        &[Set("To", "\"Ελένη\" <sip:1000@{us}>")],
        OK,
    ),
    options(
        "a name of several words",
        &[Set(
            "From",
            "The Quick Brown Fox <sip:alice@example.com>;tag={from}",
        )],
        OK,
    ),
    options(
        "a name that touches its bracket",
        &[Set("From", "caller<sip:alice@example.com>;tag={from}")],
        OK,
    ),
    options(
        "an address without brackets",
        &[
            Set("From", "sip:alice@example.com;tag={from}"),
            Set("To", "sip:1000@{us}"),
        ],
        OK,
    ),
    options(
        "parameters inside and outside of brackets",
        &[Set(
            "From",
            "<sip:alice@example.com;transport=udp;x>;y=1;tag={from};z",
        )],
        OK,
    ),
    options(
        "a tag of all token characters",
        &[Set("From", "<sip:alice@example.com>;tag=-.!%*_+`'~9{id}")],
        OK,
    ),
    options(
        "a tag in upper case",
        &[Set("From", "<sip:alice@example.com>;TAG={from}")],
        OK,
    ),
    options(
        "a Call-ID of all word characters",
        &[Set("Call-ID", "{id}-.!%*_+`'~()<>:\\\"/[]?{7b}{7d}@x")],
        OK,
    ),
    options("a Call-ID without host", &[Set("Call-ID", "{id}")], OK),
    options(
        "an escaped user",
        &[Start("OPTIONS sip:%31%30%30%30@{us} SIP/2.0")],
        OK,
    ),
    options(
        "an escaped NUL in the user",
        &[
            Start("OPTIONS sip:null-%00-null@{us} SIP/2.0"),
            Set("To", "<sip:%00@{us}>"),
        ],
        OK,
    ),
    options(
        "a user that looks like an address",
        &[Start("OPTIONS sip:sip%3Auser%40example.com@{us};other=x SIP/2.0")],
        OK,
    ),
    options(
        "a user with parameters of its own",
        &[Start("OPTIONS sip:user;par=u%40example.net@{us} SIP/2.0")],
        OK,
    ),
    options(
        "a user with all it may have",
        &[Start(
            "OPTIONS sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{us} SIP/2.0",
        )],
        OK,
    ),
    options("no user", &[Start("OPTIONS sip:{us} SIP/2.0")], OK),
    options(
        "a scheme in upper case",
        &[Start("OPTIONS SIP:1000@{us} SIP/2.0")],
        OK,
    ),
    options(
        "the version in lower case",
        &[Start("OPTIONS sip:1000@{us} sip/2.0")],
        Status(&[200, 400]),
    ),
    options(
        "unknown URI parameters",
        &[Start("OPTIONS sip:1000@{us};unknown;x=%41;lr SIP/2.0")],
        OK,
    ),
    options(
        "a host name with a dot at its end",
        &[Start("OPTIONS sip:1000@example.com. SIP/2.0")],
        OK,
    ),
    options(
        "To with a scheme of books",
        &[
            Set("To", "<isbn:2983792873>"),
            Set("From", "<http://www.example.com>;tag={from}"),
        ],
        OK,
    ),
    options(
        "From by telephone",
        &[Set(
            "From",
            "<tel:+1-201-555-0123;phone-context=x.example>;tag={from}",
        )],
        OK,
    ),
    options("no hops left", &[Set("Max-Forwards", "0")], OK),
    options("the most hops left", &[Set("Max-Forwards", "255")], OK),
    options("a body of text", &[Body("text/plain", "hello")], OK),
    options(
        "a body without its length",
        &[Drop("Content-Length"), Body("text/plain", "hello")],
        OK,
    ),
    options(
        "more in the datagram than the length says",
        &[Tail("INVITE sip:1000@{us} SIP/2.0\r\n\r\nv=0")],
        OK,
    ),
    options(
        "empty lines before it",
        &[Swap("OPTIONS sip:", "\r\n\r\n\r\nOPTIONS sip:")],
        OK,
    ),
    options(
        "a date in another zone",
        &[Add("Date: Fri, 01 Jan 2010 16:00:00 EST")],
        Status(&[200, 400]),
    ),
    options(
        "a long name",
        &[Set(
            "From",
            "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" <sip:alice@example.com>;tag={from}",
        )],
        OK,
    ),
    options("a long header", &[Pad("X-Long", 4000)], OK),
    options(
        "thirty hops",
        &[Many(30, "Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{n}")],
        OK,
    ),
    options("a hundred headers", &[Many(100, "X-{n}: {n}")], OK),
    options(
        "comments",
        &[Add("User-Agent: a/1 (b (c) \\) d) e"), Add("Server: (x)")],
        OK,
    ),
    options("a timestamp", &[Add("Timestamp: 54.25 0.5")], OK),
    options(
        "a request line folded into a quoted string",
        &[Add("Subject: \"\\\r\n OPTIONS sip:x SIP/2.0\"")],
        OK,
    ),
    options("a Route to us", &[First("Route: <sip:{us};lr>")], OK),
    options(
        "a method of all token characters",
        &[
            Start("!OPT-ions0123456789_*+`.%indeed'~ sip:1000@{us} SIP/2.0"),
            Set("CSeq", "1 !OPT-ions0123456789_*+`.%indeed'~"),
        ],
        Status(&[501]),
    ),
    options(
        "a method that looks escaped",
        &[
            Start("OPTION%53 sip:1000@{us} SIP/2.0"),
            Set("CSeq", "1 OPTION%53"),
        ],
        Status(&[501]),
    ),
    options(
        "a method in lower case",
        &[Start("options sip:1000@{us} SIP/2.0"), Set("CSeq", "1 options")],
        Status(&[501]),
    ),
    invite(
        "a call by telephone URI",
        &[
            Start("INVITE tel:+12015550123;x=y SIP/2.0"),
            Set("To", "<tel:+12015550123>"),
        ],
        Call,
    ),
    invite("a call with no offer", &[NoBody], OK),
    invite("a call with its length unsaid", &[Drop("Content-Length")], OK),
    invite(
        "a type with parameters in odd case",
        &[Swap(
            "Content-Type: application/sdp",
            "Content-Type: Application / SDP ; charset=\"utf-8\"",
        )],
        OK,
    ),
    invite(
        "a disposition",
        &[Add("Content-Disposition: session;handling=required")],
        OK,
    ),
    invite(
        "an encoding that is none",
        &[Add("Content-Encoding: identity")],
        OK,
    ),
    invite(
        "an optional body of another kind",
        &[
            Body("application/x-picture", "GIF89"),
            Add("Content-Disposition: render;handling=optional"),
        ],
        OK,
    ),
    invite(
        "extensions the caller has and we have not",
        &[Add("Supported: 100rel, replaces, x-teleport")],
        OK,
    ),
    invite(
        "timers required",
        &[
            Add("Require: timer"),
            Add("Supported: timer"),
            Add("Session-Expires: 1800"),
        ],
        OK,
    ),
    invite(
        "any answer is accepted",
        &[Add("Accept: text/html;q=0.1, */*")],
        OK,
    ),
    invite("no hops left for a call", &[Set("Max-Forwards", "0")], OK),
    invite(
        "a Contact without brackets",
        &[Set("Contact", "sip:alice@{me}")],
        OK,
    ),
    invite(
        "a Contact with a name and parameters",
        &[Set(
            "Contact",
            "\"A, B\" <sip:alice@{me};transport=udp>;expires=3600;q=0.5;+sip.x=\"<y>\"",
        )],
        OK,
    ),
    invite(
        "a Contact at a name",
        &[Set("Contact", "<sip:alice@phone.invalid>")],
        OK,
    ),
];
