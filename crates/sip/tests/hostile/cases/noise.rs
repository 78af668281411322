//! What is no SIP at all, and responses nobody waits for.

use super::Edit::{Add, Drop, First, Set};
use super::Expect::{Silence, StatusOrSilence};
use super::{Case, raw, response};

pub const CASES: &[Case] = &[
    raw("an empty datagram", "", Silence),
    raw("one line end", "\r\n", Silence),
    raw("a ping", "\r\n\r\n", Silence),
    raw("four NULs", "{00}{00}{00}{00}", Silence),
    raw("one byte", "x", Silence),
    raw("one space", " ", Silence),
    raw("a keep-alive word", "jaK", Silence),
    raw("a greeting", "HELLO\r\n\r\n", Silence),
    raw(
        "a request of the web",
        "GET / HTTP/1.1\r\nHost: {us}\r\n\r\n",
        Silence,
    ),
    raw(
        "a request of the web in SIP clothes",
        "GET / HTTP/1.1\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\r\n\r\n",
        Silence,
    ),
    raw(
        "a response of the web",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Silence,
    ),
    raw(
        "a STUN request",
        "{00}{01}{00}{00}{21}{12}{a4}{42}abcdefghijkl",
        Silence,
    ),
    raw(
        "a TLS hello",
        "{16}{03}{01}{02}{00}{01}{00}{01}{fc}{03}{03}",
        Silence,
    ),
    raw(
        "a DTLS hello",
        "{16}{fe}{fd}{00}{00}{00}{00}{00}{00}{00}{00}{00}{10}",
        Silence,
    ),
    raw(
        "an RTP packet",
        "{80}{00}{12}{34}{00}{00}{00}{a0}{de}{ad}{be}{ef}{ff}{ff}{ff}{ff}",
        Silence,
    ),
    raw(
        "a DNS query",
        "{12}{34}{01}{00}{00}{01}{00}{00}{00}{00}{00}{00}{07}example{03}com{00}{00}{01}{00}{01}",
        Silence,
    ),
    raw(
        "an SDP alone",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n\r\n",
        Silence,
    ),
    raw(
        "headers alone",
        "Via: SIP/2.0/UDP {me};branch=z9hG4bK{id}\r\nFrom: <sip:a@b>;tag=1\r\n\r\n",
        StatusOrSilence(&[400]),
    ),
    raw("a request line alone", "OPTIONS sip:{us} SIP/2.0", Silence),
    raw(
        "a request line and an empty line",
        "OPTIONS sip:{us} SIP/2.0\r\n\r\n",
        Silence,
    ),
    raw(
        "two bytes of a wide character set",
        "{ff}{fe}O{00}P{00}T{00}",
        Silence,
    ),
    raw(
        "a byte order mark before a request",
        "{ef}{bb}{bf}OPTIONS sip:{us} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\r\n\r\n",
        StatusOrSilence(&[400]),
    ),
    raw("an ACK with no header", "ACK sip:{us} SIP/2.0\r\n\r\n", Silence),
    response("a stray 100", "SIP/2.0 100 Trying", &[]),
    response("a stray 180", "SIP/2.0 180 Ringing", &[]),
    response("a stray 200", "SIP/2.0 200 OK", &[]),
    response("a stray 200 of a BYE", "SIP/2.0 200 OK", &[Set("CSeq", "1 BYE")]),
    response(
        "a stray 302 to elsewhere",
        "SIP/2.0 302 Moved",
        &[Set("Contact", "<sip:victim@203.0.113.66>")],
    ),
    response(
        "a stray challenge",
        "SIP/2.0 401 Unauthorized",
        &[Add(
            "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", algorithm=MD5",
        )],
    ),
    response(
        "a stray 407 with a broken challenge",
        "SIP/2.0 407 Proxy",
        &[Add("Proxy-Authenticate: Digest realm=\"")],
    ),
    response("a stray 408", "SIP/2.0 408 Request Timeout", &[]),
    response("a stray 481", "SIP/2.0 481 No", &[]),
    response(
        "a stray 503",
        "SIP/2.0 503 No",
        &[Add("Retry-After: 99999999999")],
    ),
    response("a response without reason", "SIP/2.0 100 ", &[]),
    response("a response without reason and space", "SIP/2.0 200", &[]),
    response(
        "a response with a reason in Russian",
        "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое",
        &[],
    ),
    response(
        "a status beyond all numbers",
        "SIP/2.0 4294967301 better not break the receiver",
        &[],
    ),
    response("a status of 99", "SIP/2.0 99 No", &[]),
    response("a status of 700", "SIP/2.0 700 No", &[]),
    response("a status of 1000", "SIP/2.0 1000 No", &[]),
    response("a negative status", "SIP/2.0 -200 No", &[]),
    response("a status in words", "SIP/2.0 OK OK", &[]),
    response("a response of another version", "SIP/3.0 200 OK", &[]),
    response(
        "a response with scalars beyond all bounds",
        "SIP/2.0 503 Service Unavailable",
        &[
            Set("CSeq", "9292394834772304023312 OPTIONS"),
            Add("Retry-After: 949302838503028349304023988"),
            Add("Warning: 1812 overture \"In Progress\""),
        ],
    ),
    response(
        "a response with two Vias",
        "SIP/2.0 200 OK",
        &[Add("Via: SIP/2.0/UDP {me};branch=z9hG4bKother")],
    ),
    response("a response without Via", "SIP/2.0 200 OK", &[Drop("Via")]),
    response(
        "a response with a Via of somebody else",
        "SIP/2.0 200 OK",
        &[Set("Via", "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK{id}")],
    ),
    response("a response without CSeq", "SIP/2.0 200 OK", &[Drop("CSeq")]),
    response(
        "a response with two CSeq",
        "SIP/2.0 200 OK",
        &[First("CSeq: 2 BYE")],
    ),
];
