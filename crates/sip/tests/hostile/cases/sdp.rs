//! Offers that would break, aim or confuse us (attacks A10, A11, A12, A29).

use super::Edit::{ManyInBody, Sdp, Swap};
use super::Expect::Status;
use super::{Case, invite};

macro_rules! audio {
    ($lines:literal) => {
        Sdp(concat!(
            "v=0\no=a 1 1 IN IP4 {media}\ns=-\nc=IN IP4 {media}\nt=0 0\n",
            $lines
        ))
    };
}

/// An offer with another c= line.
macro_rules! to {
    ($connection:literal) => {
        Sdp(concat!(
            "v=0\no=a 1 1 IN IP4 {media}\ns=-\n",
            $connection,
            "\nt=0 0\nm=audio 30000 RTP/AVP 0"
        ))
    };
}

const OK: super::Expect = Status(&[200]);
const BAD: super::Expect = Status(&[400]);
const NOT_HERE: super::Expect = Status(&[488]);

pub const CASES: &[Case] = &[
    invite("an offer that is no SDP", &[Sdp("hello")], BAD),
    invite("an offer of one letter", &[Sdp("v")], BAD),
    invite("an offer of version only", &[Sdp("v=0")], NOT_HERE),
    invite(
        "an offer of version one",
        &[Sdp("v=1\nm=audio 30000 RTP/AVP 0")],
        BAD,
    ),
    invite(
        "an offer without version",
        &[Sdp(
            "o=a 1 1 IN IP4 {media}\nc=IN IP4 {media}\nm=audio 30000 RTP/AVP 0",
        )],
        BAD,
    ),
    invite(
        "an offer with a NUL",
        &[audio!("m=audio 30000 RTP/AVP 0\na=x{00}y")],
        BAD,
    ),
    invite(
        "an offer with a lone CR",
        &[audio!("m=audio 30000 RTP/AVP 0\na=x{0d}y")],
        BAD,
    ),
    invite("an offer of bytes", &[Sdp("{ff}{d8}{ff}{e0}{00}{10}JFIF")], BAD),
    invite(
        "an offer with a line without =",
        &[audio!("m=audio 30000 RTP/AVP 0\nnonsense")],
        BAD,
    ),
    invite(
        "an offer with LF only",
        &[Swap("v=0\r\n", "v=0\n"), Swap("s=-\r\n", "s=-\n")],
        OK,
    ),
    invite(
        "an offer without o=, s= and t=",
        &[Sdp("v=0\nc=IN IP4 {media}\nm=audio 30000 RTP/AVP 0")],
        OK,
    ),
    invite(
        "an offer with numbers beyond 2^64 in o=",
        &[Sdp(
            "v=0\no=a 99999999999999999999999 99999999999999999999999 IN IP4 {media}\nc=IN IP4 {media}\nm=audio 30000 RTP/AVP 0",
        )],
        Status(&[200, 400]),
    ),
    invite("an offer of no line", &[audio!("a=x")], NOT_HERE),
    invite(
        "an offer of video",
        &[audio!("m=video 30000 RTP/AVP 96")],
        NOT_HERE,
    ),
    invite("an offer of fax", &[audio!("m=image 30000 udptl t38")], NOT_HERE),
    invite(
        "an offer of audio and seventeen kinds more",
        &[ManyInBody(17, "m=video 90{n} RTP/AVP 96")],
        NOT_HERE,
    ),
    invite(
        "an offer of two thousand lines",
        &[ManyInBody(2000, "m=video 9 RTP/AVP 96")],
        NOT_HERE,
    ),
    invite(
        "an offer of two thousand attributes",
        &[ManyInBody(2000, "a=rtpmap:96 x{n}/8000")],
        OK,
    ),
    invite(
        "an offer of a thousand formats",
        &[ManyInBody(1000, "a=fmtp:{n} mode-set=0,1,2,3;octet-align=1")],
        OK,
    ),
    invite(
        "payload type 128",
        &[audio!("m=audio 30000 RTP/AVP 128")],
        NOT_HERE,
    ),
    invite(
        "payload type 255",
        &[audio!("m=audio 30000 RTP/AVP 255\na=rtpmap:255 PCMU/8000")],
        NOT_HERE,
    ),
    invite(
        "payload type 2^32",
        &[audio!(
            "m=audio 30000 RTP/AVP 4294967296\na=rtpmap:4294967296 PCMU/8000"
        )],
        NOT_HERE,
    ),
    invite("payload type -1", &[audio!("m=audio 30000 RTP/AVP -1")], NOT_HERE),
    invite("no payload type", &[audio!("m=audio 30000 RTP/AVP")], BAD),
    invite(
        "an rtpmap for type 2^32",
        &[audio!("m=audio 30000 RTP/AVP 0\na=rtpmap:4294967296 PCMU/8000")],
        OK,
    ),
    invite(
        "an rtpmap at clock zero",
        &[audio!("m=audio 30000 RTP/AVP 0 96\na=rtpmap:96 opus/0/0")],
        OK,
    ),
    invite(
        "an rtpmap at clock 2^64",
        &[audio!(
            "m=audio 30000 RTP/AVP 0 96\na=rtpmap:96 opus/18446744073709551616/2"
        )],
        OK,
    ),
    invite(
        "an rtpmap without anything",
        &[audio!(
            "m=audio 30000 RTP/AVP 0 96\na=rtpmap\na=rtpmap:\na=rtpmap:96\na=rtpmap:96 "
        )],
        OK,
    ),
    invite(
        "an fmtp that is a bomb",
        &[audio!(
            "m=audio 30000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-4294967295,0-15,-,--,9-1,99999999999"
        )],
        OK,
    ),
    invite(
        "a ptime of zero",
        &[audio!("m=audio 30000 RTP/AVP 0\na=ptime:0")],
        OK,
    ),
    invite(
        "a ptime of 2^32",
        &[audio!(
            "m=audio 30000 RTP/AVP 0\na=ptime:4294967296\na=maxptime:4294967297"
        )],
        OK,
    ),
    invite(
        "a negative ptime",
        &[audio!("m=audio 30000 RTP/AVP 0\na=ptime:-20\na=maxptime:-1")],
        OK,
    ),
    invite(
        "a ptime of 65535 and a maxptime of one",
        &[audio!("m=audio 30000 RTP/AVP 0\na=ptime:65535\na=maxptime:1")],
        OK,
    ),
    invite(
        "a bandwidth of nothing",
        &[audio!(
            "b=AS:0\nb=TIAS:-1\nb=:\nm=audio 30000 RTP/AVP 0\nb=AS:99999999999999999999"
        )],
        OK,
    ),
    // Security that is none.
    invite(
        "secured by no key",
        &[audio!("m=audio 30000 RTP/SAVP 0")],
        NOT_HERE,
    ),
    invite(
        "secured by a key of three bytes",
        &[audio!(
            "m=audio 30000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"
        )],
        NOT_HERE,
    ),
    invite(
        "secured by a suite nobody knows",
        &[audio!(
            "m=audio 30000 RTP/SAVP 0\na=crypto:1 ROT13 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
        )],
        NOT_HERE,
    ),
    invite(
        "secured with feedback and no key",
        &[audio!("m=audio 30000 RTP/SAVPF 0")],
        NOT_HERE,
    ),
    invite(
        "secured by DTLS without fingerprint",
        &[audio!("m=audio 30000 UDP/TLS/RTP/SAVPF 0\na=setup:actpass")],
        NOT_HERE,
    ),
    invite(
        "a profile nobody knows",
        &[audio!("m=audio 30000 RTP/XYZ 0")],
        NOT_HERE,
    ),
    invite(
        "a profile that is none",
        &[audio!("m=audio 30000 RTP/(AVP) 0")],
        BAD,
    ),
    // Where it would have us send.
    invite(
        "media to a multicast group by an offer",
        &[to!("c=IN IP4 224.2.1.1/127")],
        NOT_HERE,
    ),
    invite(
        "media to everybody by an offer",
        &[to!("c=IN IP4 255.255.255.255")],
        NOT_HERE,
    ),
    invite(
        "media to a name by an offer",
        &[to!("c=IN IP4 phone.example.com")],
        NOT_HERE,
    ),
    invite(
        "media to an octal address",
        &[to!("c=IN IP4 0177.0.0.1")],
        NOT_HERE,
    ),
    invite("media to a number", &[to!("c=IN IP4 2130706433")], NOT_HERE),
    invite("media to no address", &[to!("a=x")], NOT_HERE),
    invite(
        "media to an empty address",
        &[to!("c=IN IP4 ")],
        Status(&[400, 488]),
    ),
    invite(
        "media to two addresses",
        &[to!("c=IN IP4 {media}\nc=IN IP4 203.0.113.66")],
        BAD,
    ),
    invite(
        "media to a telephone network",
        &[to!("c=TN RFC2543 +12015550123")],
        NOT_HERE,
    ),
    invite(
        "media to IP4 that is none",
        &[to!("c=IN IP4 2001:db8::1")],
        NOT_HERE,
    ),
    invite(
        "media to a multicast group of IPv6",
        &[to!("c=IN IP6 ff02::1")],
        NOT_HERE,
    ),
    invite(
        "media to a multicast group in IPv6 clothes",
        &[to!("c=IN IP6 ::ffff:224.0.0.1")],
        NOT_HERE,
    ),
    invite("media nowhere, as of old", &[to!("c=IN IP4 0.0.0.0")], OK),
    invite("media to port 0", &[audio!("m=audio 0 RTP/AVP 0")], NOT_HERE),
    invite("media to port 7", &[audio!("m=audio 7 RTP/AVP 0")], NOT_HERE),
    invite("media to port 53", &[audio!("m=audio 53 RTP/AVP 0")], NOT_HERE),
    invite("media to port 65536", &[audio!("m=audio 65536 RTP/AVP 0")], BAD),
    invite(
        "media to port 2^32 and one more",
        &[audio!("m=audio 4294997296 RTP/AVP 0")],
        BAD,
    ),
    invite("media to port -1", &[audio!("m=audio -1 RTP/AVP 0")], BAD),
    invite(
        "media to a thousand ports",
        &[audio!("m=audio 30000/1000 RTP/AVP 0")],
        NOT_HERE,
    ),
    invite(
        "RTCP to a victim",
        &[audio!("m=audio 30000 RTP/AVP 0\na=rtcp:53 IN IP4 203.0.113.66")],
        OK,
    ),
    invite(
        "a hundred candidates to ourselves",
        &[ManyInBody(100, "a=candidate:{n} 1 UDP 1 127.0.0.1 {n} typ host")],
        OK,
    ),
    invite(
        "directions that contradict",
        &[audio!(
            "m=audio 30000 RTP/AVP 0\na=sendonly\na=recvonly\na=inactive\na=sendrecv"
        )],
        OK,
    ),
];
