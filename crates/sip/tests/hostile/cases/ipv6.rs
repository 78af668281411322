//! IPv6 addresses (RFC 5118).

use super::Edit::{Add, Sdp, Set, Start};
use super::Expect::{Status, StatusOrSilence};
use super::{Case, invite, options, request};

const OK: super::Expect = Status(&[200]);
const BAD: super::Expect = Status(&[400]);

pub const CASES: &[Case] = &[
    options(
        "an address in brackets",
        &[Start("OPTIONS sip:1000@[2001:db8::10] SIP/2.0")],
        OK,
    ),
    options(
        "an address in brackets in all headers",
        &[
            Set("From", "<sip:alice@[2001:db8::9]>;tag={from}"),
            Set("To", "<sip:1000@[2001:db8::10]:5060>"),
            Set("Contact", "<sip:alice@[2001:db8::9]>"),
            Set("Call-ID", "{id}@[2001:db8::9]"),
        ],
        OK,
    ),
    request(
        "REGISTER at an address in brackets",
        "REGISTER",
        &[Start("REGISTER sip:[2001:db8::10] SIP/2.0")],
        Status(&[405]),
    ),
    options(
        "an IPv6 address without brackets",
        &[Start("OPTIONS sip:1000@2001:db8::10 SIP/2.0")],
        BAD,
    ),
    options(
        "a port that looks like part of the address",
        &[Start("OPTIONS sip:1000@[2001:db8::10:5070] SIP/2.0")],
        OK,
    ),
    options(
        "a port after the bracket",
        &[Start("OPTIONS sip:1000@[2001:db8::10]:5070 SIP/2.0")],
        OK,
    ),
    options(
        "a hop in brackets",
        &[Add(
            "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKas3-111",
        )],
        OK,
    ),
    options(
        "a hop received without brackets",
        &[Add(
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3",
        )],
        OK,
    ),
    options(
        "our own hop in brackets",
        &[Set(
            "Via",
            "SIP/2.0/UDP [2001:db8::9]:6050;branch=z9hG4bK{id};rport",
        )],
        OK,
    ),
    options(
        "an IPv4 address in IPv6 clothes",
        &[
            Start("OPTIONS sip:1000@[::ffff:192.0.2.10] SIP/2.0"),
            Add("Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bK1"),
        ],
        OK,
    ),
    options(
        "the longest address",
        &[Start(
            "OPTIONS sip:1000@[2001:0DB8:0000:0000:0000:FFFF:0192.0.2.1] SIP/2.0",
        )],
        Status(&[200, 400]),
    ),
    options(
        "capital letters",
        &[Start("OPTIONS sip:1000@[2001:DB8::ABCD] SIP/2.0")],
        OK,
    ),
    options("no address at all", &[Start("OPTIONS sip:1000@[::] SIP/2.0")], OK),
    options(
        "three colons",
        &[Start("OPTIONS sip:1000@[2001:db8:::192.0.2.1] SIP/2.0")],
        Status(&[200, 400]),
    ),
    options(
        "two gaps",
        &[Start("OPTIONS sip:1000@[2001::db8::1] SIP/2.0")],
        BAD,
    ),
    options(
        "nine groups",
        &[Start("OPTIONS sip:1000@[1:2:3:4:5:6:7:8:9] SIP/2.0")],
        BAD,
    ),
    options(
        "a group of five digits",
        &[Start("OPTIONS sip:1000@[2001:db800::1] SIP/2.0")],
        BAD,
    ),
    options(
        "a letter that is no digit",
        &[Start("OPTIONS sip:1000@[2001:dbg::1] SIP/2.0")],
        BAD,
    ),
    options(
        "a bracket never closed",
        &[Start("OPTIONS sip:1000@[2001:db8::1 SIP/2.0")],
        BAD,
    ),
    options(
        "a bracket never opened",
        &[Start("OPTIONS sip:1000@2001:db8::1] SIP/2.0")],
        BAD,
    ),
    options("empty brackets", &[Start("OPTIONS sip:1000@[] SIP/2.0")], BAD),
    options(
        "brackets in brackets",
        &[Start("OPTIONS sip:1000@[[::1]] SIP/2.0")],
        BAD,
    ),
    options(
        "text after the bracket of an address",
        &[Start("OPTIONS sip:1000@[::1]x SIP/2.0")],
        BAD,
    ),
    options(
        "an IPv4 address in brackets",
        &[Start("OPTIONS sip:1000@[192.0.2.1] SIP/2.0")],
        BAD,
    ),
    options(
        "a name in brackets",
        &[Start("OPTIONS sip:1000@[example.com] SIP/2.0")],
        BAD,
    ),
    options(
        "a zone",
        &[Start("OPTIONS sip:1000@[fe80::1%25eth0] SIP/2.0")],
        Status(&[200, 400]),
    ),
    options(
        "an address of the future",
        &[Start("OPTIONS sip:1000@[v7.x] SIP/2.0")],
        BAD,
    ),
    options(
        "a hop with a bracket never closed",
        &[Set("Via", "SIP/2.0/UDP [2001:db8::1;branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    options(
        "a hop without brackets",
        &[Set("Via", "SIP/2.0/UDP 2001:db8::1;branch=z9hG4bK{id};rport")],
        StatusOrSilence(&[400]),
    ),
    invite(
        "a Contact in brackets",
        &[Set("Contact", "<sip:alice@[2001:db8::9]:5060>")],
        OK,
    ),
    invite(
        "a Contact without brackets around its address",
        &[Set("Contact", "<sip:alice@2001:db8::9>")],
        BAD,
    ),
    invite(
        "media to IPv6",
        &[Sdp(
            "v=0\no=a 1 1 IN IP6 2001:db8::9\ns=-\nc=IN IP6 2001:db8::9\nt=0 0\nm=audio 30000 RTP/AVP 0",
        )],
        Status(&[200, 488]),
    ),
    invite(
        "media to brackets",
        &[Sdp(
            "v=0\no=a 1 1 IN IP6 [2001:db8::9]\ns=-\nc=IN IP6 [2001:db8::9]\nt=0 0\nm=audio 30000 RTP/AVP 0",
        )],
        Status(&[400, 488]),
    ),
    invite(
        "media to IPv6 and to IPv4",
        &[Sdp(
            "v=0\no=a 1 1 IN IP6 2001:db8::9\ns=-\nt=0 0\nm=audio 30000 RTP/AVP 0\nc=IN IP6 2001:db8::9\nm=audio 30002 RTP/AVP 0\nc=IN IP4 {media}",
        )],
        OK,
    ),
    invite(
        "media to an IPv4 address in IPv6 clothes",
        &[Sdp(
            "v=0\no=a 1 1 IN IP4 {media}\ns=-\nc=IN IP6 ::ffff:{media}\nt=0 0\nm=audio 30000 RTP/AVP 0",
        )],
        OK,
    ),
    invite(
        "origin and media of two families",
        &[Sdp(
            "v=0\no=a 1 1 IN IP6 2001:db8::9\ns=-\nc=IN IP4 {media}\nt=0 0\nm=audio 30000 RTP/AVP 0",
        )],
        OK,
    ),
];
