//! Offers and the answers they must get. Lines are parted by `\n` here and by CRLF on the wire.

/// What an offer must get.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    /// An answer whose part from the first m-line on is this.
    Media(&'static [&'static str]),
    /// A refusal with this status and text.
    Refused(u16, &'static str),
}

/// One offer.
pub(crate) struct Offer {
    pub(crate) name: &'static str,
    pub(crate) offer: &'static str,
    pub(crate) expect: Expect,
}

const fn media(name: &'static str, offer: &'static str, lines: &'static [&'static str]) -> Offer {
    Offer {
        name,
        offer,
        expect: Expect::Media(lines),
    }
}

const fn refused(name: &'static str, offer: &'static str, status: u16, text: &'static str) -> Offer {
    Offer {
        name,
        offer,
        expect: Expect::Refused(status, text),
    }
}

macro_rules! sdp {
    ($lines:literal) => {
        concat!(
            "v=0\no=a 1 1 IN IP4 192.0.2.7\ns=-\nc=IN IP4 192.0.2.7\nt=0 0\n",
            $lines,
            "\n"
        )
    };
}

/// The same with another session c= line.
macro_rules! at {
    ($connection:literal) => {
        concat!(
            "v=0\no=a 1 1 IN IP4 192.0.2.7\ns=-\n",
            $connection,
            "\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
        )
    };
}

const PCMU: &[&str] = &[
    "m=audio 40000 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
    "a=ptime:20",
    "a=sendrecv",
];
const PCMA: &[&str] = &[
    "m=audio 40000 RTP/AVP 8",
    "a=rtpmap:8 PCMA/8000",
    "a=ptime:20",
    "a=sendrecv",
];
const PCMU_EVENTS: &[&str] = &[
    "m=audio 40000 RTP/AVP 0 101",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=sendrecv",
];

pub(crate) const OFFERS: &[Offer] = &[
    // Codecs and payload types.
    media("static type without rtpmap", sdp!("m=audio 5004 RTP/AVP 0"), PCMU),
    media("A-law first", sdp!("m=audio 5004 RTP/AVP 8 0"), PCMA),
    media(
        "rtpmap in odd case",
        sdp!("m=audio 5004 RTP/AVP 0\na=rtpmap:0 pCmU/8000"),
        PCMU,
    ),
    media(
        "rtpmap with one channel",
        sdp!("m=audio 5004 RTP/AVP 0\na=rtpmap:0 PCMU/8000/1"),
        PCMU,
    ),
    media(
        "unknown codecs before ours",
        sdp!("m=audio 5004 RTP/AVP 18 4 3 97 0\na=rtpmap:97 iLBC/8000"),
        PCMU,
    ),
    media(
        "our codec under a dynamic number",
        sdp!("m=audio 5004 RTP/AVP 118\na=rtpmap:118 PCMA/8000"),
        &[
            "m=audio 40000 RTP/AVP 118",
            "a=rtpmap:118 PCMA/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "wide band",
        sdp!("m=audio 5004 RTP/AVP 9\na=rtpmap:9 G722/8000"),
        &[
            "m=audio 40000 RTP/AVP 9",
            "a=rtpmap:9 G722/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "Opus keeps the offerer's number",
        sdp!("m=audio 5004 RTP/AVP 109 0\na=rtpmap:109 OPUS/48000/2\na=fmtp:109 useinbandfec=1"),
        &[
            "m=audio 40000 RTP/AVP 109",
            "a=rtpmap:109 opus/48000/2",
            "a=fmtp:109 useinbandfec=1",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "Opus without its two channels is none",
        sdp!("m=audio 5004 RTP/AVP 109 0\na=rtpmap:109 opus/48000"),
        PCMU,
    ),
    media(
        "a clock of another codec",
        sdp!("m=audio 5004 RTP/AVP 97 0\na=rtpmap:97 PCMA/16000"),
        PCMU,
    ),
    media(
        "a static number turned into something else",
        sdp!("m=audio 5004 RTP/AVP 0 8\na=rtpmap:0 foo/8000"),
        PCMA,
    ),
    media(
        "two meanings of one number",
        sdp!("m=audio 5004 RTP/AVP 97 8\na=rtpmap:97 PCMU/8000\na=rtpmap:97 PCMA/8000"),
        PCMA,
    ),
    media(
        "a number twice in the line",
        sdp!("m=audio 5004 RTP/AVP 0 0 0"),
        PCMU,
    ),
    media(
        "an rtpmap for a number beyond 127",
        sdp!("m=audio 5004 RTP/AVP 0\na=rtpmap:300 PCMU/8000"),
        PCMU,
    ),
    media(
        "an rtpmap that is no rtpmap",
        sdp!("m=audio 5004 RTP/AVP 0 97\na=rtpmap\na=rtpmap:\na=rtpmap:97\na=rtpmap:97 x"),
        PCMU,
    ),
    refused(
        "payload type 128",
        sdp!("m=audio 5004 RTP/AVP 0 128"),
        488,
        "payload types are numbers up to 127",
    ),
    refused(
        "payload type 2^32",
        sdp!("m=audio 5004 RTP/AVP 4294967296"),
        488,
        "payload types are numbers up to 127",
    ),
    refused(
        "payload type with a sign",
        sdp!("m=audio 5004 RTP/AVP +0"),
        488,
        "payload types are numbers up to 127",
    ),
    refused(
        "payload type that is a word",
        sdp!("m=audio 5004 RTP/AVP pcmu"),
        488,
        "payload types are numbers up to 127",
    ),
    refused(
        "only codecs we have not",
        sdp!("m=audio 5004 RTP/AVP 18 4"),
        488,
        "no shared codec",
    ),
    refused(
        "a dynamic number without rtpmap",
        sdp!("m=audio 5004 RTP/AVP 96"),
        488,
        "no shared codec",
    ),
    refused(
        "keys but no voice",
        sdp!("m=audio 5004 RTP/AVP 101\na=rtpmap:101 telephone-event/8000"),
        488,
        "no shared codec",
    ),
    // Telephone events.
    media(
        "keys",
        sdp!("m=audio 5004 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15"),
        PCMU_EVENTS,
    ),
    media(
        "keys without a list",
        sdp!("m=audio 5004 RTP/AVP 0 101\na=rtpmap:101 TELEPHONE-EVENT/8000"),
        PCMU_EVENTS,
    ),
    media(
        "keys and flash",
        sdp!("m=audio 5004 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-16"),
        &[
            "m=audio 40000 RTP/AVP 0 96",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:96 telephone-event/8000",
            "a=fmtp:96 0-16",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "keys and tones we have not",
        sdp!("m=audio 5004 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-9,11,32,64-70"),
        &[
            "m=audio 40000 RTP/AVP 0 96",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:96 telephone-event/8000",
            "a=fmtp:96 0-9,11",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "a list of events that is a bomb",
        sdp!("m=audio 5004 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-4294967295,-,9-1"),
        PCMU_EVENTS,
    ),
    media(
        "no event we have",
        sdp!("m=audio 5004 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 32-49"),
        PCMU,
    ),
    media(
        "events at a clock of no codec",
        sdp!("m=audio 5004 RTP/AVP 0 101\na=rtpmap:101 telephone-event/16000"),
        PCMU,
    ),
    media(
        "events at the clock of the codec chosen",
        sdp!(
            "m=audio 5004 RTP/AVP 111 101 102\na=rtpmap:111 opus/48000/2\na=rtpmap:101 telephone-event/8000\na=rtpmap:102 telephone-event/48000"
        ),
        &[
            "m=audio 40000 RTP/AVP 111 102",
            "a=rtpmap:111 opus/48000/2",
            "a=fmtp:111 useinbandfec=1",
            "a=rtpmap:102 telephone-event/48000",
            "a=fmtp:102 0-15",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    // Lines we refuse beside the one we take.
    media(
        "video beside audio",
        sdp!("m=video 5006 RTP/AVP 96 97\na=rtpmap:96 H264/90000\nm=audio 5004 RTP/AVP 0"),
        &[
            "m=video 0 RTP/AVP 96",
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "fax, a data channel and a second audio",
        sdp!(
            "m=audio 5004 RTP/AVP 0\nm=image 5008 udptl t38\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\nm=audio 5010 RTP/AVP 8"
        ),
        &[
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
            "m=image 0 udptl t38",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
            "m=audio 0 RTP/AVP 8",
        ],
    ),
    media(
        "a secured line beside an open one",
        sdp!("m=audio 5004 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\nm=audio 5006 RTP/AVP 0"),
        &[
            "m=audio 0 RTP/SAVP 0",
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "an audio line switched off before one that is on",
        sdp!("m=audio 0 RTP/AVP 8\nm=audio 5006 RTP/AVP 0"),
        &[
            "m=audio 0 RTP/AVP 8",
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    media(
        "the feedback profile",
        sdp!("m=audio 5004 RTP/AVPF 0\na=rtcp-fb:* nack"),
        &[
            "m=audio 40000 RTP/AVPF 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    refused(
        "secured without a key",
        sdp!("m=audio 5004 RTP/SAVP 0"),
        488,
        "only RTP/AVP and RTP/AVPF are taken",
    ),
    refused(
        "secured with a key of three bytes",
        sdp!("m=audio 5004 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"),
        488,
        "only RTP/AVP and RTP/AVPF are taken",
    ),
    refused(
        "secured by DTLS",
        sdp!("m=audio 5004 UDP/TLS/RTP/SAVPF 0\na=setup:actpass"),
        488,
        "only RTP/AVP and RTP/AVPF are taken",
    ),
    refused(
        "audio over TCP",
        sdp!("m=audio 5004 TCP/RTP/AVP 0"),
        488,
        "only RTP/AVP and RTP/AVPF are taken",
    ),
    refused("only video", sdp!("m=video 5006 RTP/AVP 96"), 488, "no audio"),
    refused("only fax", sdp!("m=image 5006 udptl t38"), 488, "no audio"),
    refused("no line at all", sdp!("a=x"), 488, "no audio"),
    refused(
        "audio switched off",
        sdp!("m=audio 0 RTP/AVP 0"),
        488,
        "audio is switched off",
    ),
    refused(
        "two ports for one stream",
        sdp!("m=audio 5004/2 RTP/AVP 0"),
        488,
        "only one port a stream is taken",
    ),
    media("one port said twice", sdp!("m=audio 5004/1 RTP/AVP 0"), PCMU),
    // Where media may go.
    media(
        "a c= of the line before that of the session",
        "v=0\nc=IN IP4 224.0.0.1\nm=audio 5004 RTP/AVP 0\nc=IN IP4 192.0.2.9\n",
        PCMU,
    ),
    media(
        "a name in the c= of a refused line only",
        sdp!("m=audio 5004 RTP/AVP 0\nm=video 5006 RTP/AVP 96\nc=IN IP4 host.example"),
        &[
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=sendrecv",
            "m=video 0 RTP/AVP 96",
        ],
    ),
    media(
        "an IPv4 address in IPv6 clothes",
        at!("c=IN IP6 ::ffff:192.0.2.7"),
        PCMU,
    ),
    refused(
        "multicast in IPv6 clothes",
        at!("c=IN IP6 ::ffff:224.0.0.1"),
        488,
        "no media to multicast",
    ),
    refused(
        "a name",
        at!("c=IN IP4 phone.example.com"),
        488,
        "c= must be a numeric address",
    ),
    refused(
        "an octal address",
        at!("c=IN IP4 0300.0.2.7"),
        488,
        "c= must be a numeric address",
    ),
    refused(
        "an address as one number",
        at!("c=IN IP4 3221225991"),
        488,
        "c= must be a numeric address",
    ),
    refused(
        "multicast",
        at!("c=IN IP4 224.2.1.1/127/3"),
        488,
        "no media to multicast",
    ),
    refused(
        "broadcast",
        at!("c=IN IP4 255.255.255.255"),
        488,
        "no media to broadcast or reserved addresses",
    ),
    refused(
        "this network",
        at!("c=IN IP4 0.1.2.3"),
        488,
        "no media to broadcast or reserved addresses",
    ),
    refused(
        "IP4 that is none",
        at!("c=IN IP4 2001:db8::1"),
        488,
        "c= address and its type contradict",
    ),
    refused(
        "IP6 that is none",
        at!("c=IN IP6 192.0.2.7"),
        488,
        "c= address and its type contradict",
    ),
    refused(
        "IPv6 where we have none",
        at!("c=IN IP6 2001:db8::1"),
        488,
        "no media to this address family",
    ),
    refused(
        "a telephone network",
        at!("c=TN RFC2543 5551234"),
        488,
        "c= is not on the Internet",
    ),
    refused("no c= line", at!("a=x"), 488, "no c= line"),
    refused(
        "the port of a name server",
        sdp!("m=audio 53 RTP/AVP 0"),
        488,
        "no media to ports below 1024",
    ),
    refused(
        "port 1023",
        sdp!("m=audio 1023 RTP/AVP 0"),
        488,
        "no media to ports below 1024",
    ),
    media("port 1024", sdp!("m=audio 1024 RTP/AVP 0"), PCMU),
    refused(
        "our own socket",
        "v=0\nc=IN IP4 198.51.100.1\nm=audio 40002 RTP/AVP 0\n",
        488,
        "no media to this address",
    ),
    refused(
        "port beyond 65535",
        sdp!("m=audio 65536 RTP/AVP 0"),
        400,
        "SDP line 6, Media port: expected a number in range",
    ),
    // Lines that do not matter.
    media(
        "neither o=, s= nor t=",
        "v=0\nc=IN IP4 192.0.2.7\nm=audio 5004 RTP/AVP 0\n",
        PCMU,
    ),
    media(
        "odd bandwidth",
        sdp!("b=AS:lots\nb=X-Y\nm=audio 5004 RTP/AVP 0\nb=TIAS:18446744073709551616\nb=:"),
        PCMU,
    ),
    media(
        "odd times, zones and keys",
        "v=0\no=- 1 1 IN IP4 192.0.2.7\ns=a\ns=b\nc=IN IP4 192.0.2.7\nr=7d\nt=x\nz=1\nk=?\nm=audio 5004 RTP/AVP 0\nk=a\nk=b\n",
        PCMU,
    ),
    media(
        "unknown attributes and lines",
        sdp!(
            "a=foo\na=:\ny=1\nm=audio 5004 RTP/AVP 0\na=candidate:1 1 UDP 1 127.0.0.1 9 typ host\na=fmtp:0\nx=2"
        ),
        PCMU,
    ),
    media(
        "blank lines",
        "v=0\n\no=a 1 1 IN IP4 192.0.2.7\ns=-\n\nc=IN IP4 192.0.2.7\nt=0 0\n\nm=audio 5004 RTP/AVP 0\n\n",
        PCMU,
    ),
    media(
        "Latin and Chinese in texts",
        "v=0\no=a 1 1 IN IP4 192.0.2.7\ns=Gespräch 会议\nc=IN IP4 192.0.2.7\nm=audio 5004 RTP/AVP 0\na=x:é\n",
        PCMU,
    ),
    media(
        "contradicting directions allow nothing",
        sdp!("m=audio 5004 RTP/AVP 0\na=sendonly\na=recvonly"),
        &[
            "m=audio 40000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000",
            "a=ptime:20",
            "a=inactive",
        ],
    ),
    refused(
        "a line without =",
        sdp!("m=audio 5004 RTP/AVP 0\nnonsense"),
        400,
        "SDP line 7, line: expected one letter, =, and text",
    ),
    refused(
        "not version 0",
        "v=1\nc=IN IP4 192.0.2.7\nm=audio 5004 RTP/AVP 0\n",
        400,
        "SDP line 1, v=: expected 0",
    ),
];
