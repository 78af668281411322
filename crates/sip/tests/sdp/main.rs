//! Offer and answer: a table of offers with the answer expected, our own offers, and properties.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sip::sdp::{
    ChoiceOf, Codec, Direction, Local, MAX_BYTES, Negotiated, OpusParameters, Refusal, SdpError,
    TelephoneEvent, answer, parse,
};

mod chance;
mod comfort_noise;
mod extensions;
mod our_offers;
mod table;

use table::{Expect, OFFERS};

fn local() -> Local {
    Local {
        address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
        rtp_port: 40_000,
        codecs: vec![Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus],
        choice: ChoiceOf::Offerer,
        telephone_event: true,
        comfort_noise: false,
        rtcp_mux: true,
        session_id: 77,
        ptime_ms: 20,
        opus: OpusParameters {
            use_inband_fec: true,
            ..OpusParameters::default()
        },
    }
}

/// Our own sockets, which nobody may aim us at.
fn ours(to: SocketAddr) -> bool {
    to.ip() == local().address && (40_000..50_000).contains(&to.port())
}

fn answered(offer: &[u8], previous: Option<&[u8]>) -> Result<(String, Negotiated), Refusal> {
    let (bytes, agreed) = answer(&parse(offer)?, &local(), previous, &ours)?;
    Ok((String::from_utf8(bytes).expect("answers are UTF-8"), agreed))
}

/// A plain offer with these lines after t=.
fn offer(lines: &[&str]) -> Vec<u8> {
    let mut text =
        String::from("v=0\r\no=alice 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n");
    for line in lines {
        text += line;
        text += "\r\n";
    }
    text.into_bytes()
}

fn version(sdp: &str) -> u64 {
    let origin = sdp
        .lines()
        .find(|line| line.starts_with("o="))
        .expect("an o= line");
    origin
        .split(' ')
        .nth(2)
        .expect("a version")
        .parse()
        .expect("a number")
}

/// The answer from its first m-line on, one line a string.
fn media_part(sdp: &str) -> Vec<&str> {
    sdp.split("\r\n")
        .skip_while(|line| !line.starts_with("m="))
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn every_offer_of_the_table_gets_its_answer() {
    assert!(OFFERS.len() >= 40);
    for case in OFFERS {
        let bytes = case.offer.replace('\n', "\r\n").into_bytes();
        match (answered(&bytes, None), case.expect) {
            (Ok((sdp, _)), Expect::Media(lines)) => assert_eq!(media_part(&sdp), lines, "{}", case.name),
            (Err(refusal), Expect::Refused(status, text)) => {
                assert_eq!(
                    (refusal.status(), refusal.to_string().as_str()),
                    (status, text),
                    "{}",
                    case.name
                );
            }
            (got, _) => panic!("{}: {got:?}", case.name),
        }
    }
}

#[test]
fn the_names_of_the_table_are_unique() {
    let mut names: Vec<_> = OFFERS.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), OFFERS.len());
}

#[test]
fn an_answer_has_its_lines_in_the_order_of_the_rfc_and_ends_each_with_crlf() {
    let (sdp, _) = answered(&offer(&["m=audio 5004 RTP/AVP 0"]), None).unwrap();
    assert_eq!(
        sdp,
        "v=0\r\no=- 77 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn everything_agreed_is_told() {
    let bytes = offer(&[
        "m=audio 5004 RTP/AVP 8 97",
        "a=rtpmap:97 telephone-event/8000",
        "a=fmtp:97 0-15",
        "a=ptime:30",
        "a=rtcp:5010 IN IP4 192.0.2.8",
    ]);
    let (_, agreed) = answered(&bytes, None).unwrap();
    let expected = Negotiated {
        media_index: 0,
        remote_rtp: "192.0.2.7:5004".parse().unwrap(),
        remote_rtcp: Some("192.0.2.8:5010".parse().unwrap()),
        rtcp_mux: false,
        codec: Codec::Pcma,
        payload_type: 8,
        receive_payload_type: 8,
        other_law: None,
        opus: OpusParameters::default(),
        telephone_event: Some(TelephoneEvent {
            payload_type: 97,
            clock_hz: 8_000,
            events: 0xffff,
        }),
        comfort_noise: false,
        audio_level: None,
        ptime_ms: 30,
        direction: Direction::SendRecv,
        remote_held: false,
    };
    assert_eq!(agreed, expected);
}

#[test]
fn rtcp_goes_one_port_up_unless_told_or_multiplexed() {
    let rtcp = |lines: &[&str]| {
        answered(&offer(lines), None)
            .unwrap()
            .1
            .remote_rtcp
            .map(|a| a.to_string())
    };
    let told = |to: &str| Some(to.to_owned());
    assert_eq!(rtcp(&["m=audio 5004 RTP/AVP 0"]), told("192.0.2.7:5005"));
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp:6000"]),
        told("192.0.2.7:6000")
    );
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp-mux"]),
        told("192.0.2.7:5004")
    );
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:6000"]),
        told("192.0.2.7:5004")
    );
    assert_eq!(rtcp(&["m=audio 65535 RTP/AVP 0"]), None);
    assert_eq!(rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp:53"]), None);
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp:6000 IN IP4 224.0.0.1"]),
        None
    );
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp:6000 IN IP4 198.51.100.1"]),
        told("198.51.100.1:6000")
    );
    assert_eq!(
        rtcp(&["m=audio 5004 RTP/AVP 0", "a=rtcp:40001 IN IP4 198.51.100.1"]),
        None
    );
}

#[test]
fn a_held_peer_is_seen_in_all_its_forms() {
    for (session, media, address, direction, held) in [
        ("", "", "192.0.2.7", Direction::SendRecv, false),
        ("", "a=sendonly", "192.0.2.7", Direction::RecvOnly, true),
        ("", "a=recvonly", "192.0.2.7", Direction::SendOnly, false),
        ("", "a=inactive", "192.0.2.7", Direction::Inactive, true),
        ("a=sendonly", "", "192.0.2.7", Direction::RecvOnly, true),
        ("a=inactive", "", "192.0.2.7", Direction::Inactive, true),
        (
            "a=inactive",
            "a=sendrecv",
            "192.0.2.7",
            Direction::SendRecv,
            false,
        ),
        ("", "", "0.0.0.0", Direction::RecvOnly, true),
        ("", "a=inactive", "0.0.0.0", Direction::Inactive, true),
        ("", "a=recvonly", "0.0.0.0", Direction::Inactive, true),
    ] {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\n{session}\r\nm=audio 5004 RTP/AVP 0\r\n\
             c=IN IP4 {address}\r\n{media}\r\n"
        );
        let (sdp, agreed) = answered(text.as_bytes(), None).unwrap();
        assert_eq!(
            (agreed.direction, agreed.remote_held),
            (direction, held),
            "{session} {media} {address}"
        );
        assert!(sdp.ends_with(&format!("a={}\r\n", direction.name())), "{sdp}");
        assert_eq!(agreed.remote_rtcp.is_none(), address == "0.0.0.0");
    }
}

#[test]
fn packet_times_are_checked_and_kept_from_10_to_60_ms() {
    for (lines, expected) in [
        (&[][..], 20),
        (&["a=ptime:10"], 10),
        (&["a=ptime:30"], 30),
        (&["a=ptime: 40 "], 40),
        (&["a=ptime:60"], 60),
        (&["a=ptime:61"], 60),
        (&["a=ptime:200"], 60),
        (&["a=ptime:25"], 20),
        (&["a=ptime:5"], 10),
        (&["a=ptime:0"], 20),
        (&["a=ptime:-20"], 20),
        (&["a=ptime:20.5"], 20),
        (&["a=ptime:"], 20),
        (&["a=ptime"], 20),
        (&["a=ptime:99999999999999999999999999"], 60),
        (&["a=ptime:4294967296"], 60),
        (&["a=maxptime:10"], 10),
        (&["a=ptime:40", "a=maxptime:30"], 30),
        (&["a=ptime:20", "a=maxptime:1"], 10),
        (&["a=maxptime:18446744073709551616"], 20),
    ] {
        let mut all = vec!["m=audio 5004 RTP/AVP 0"];
        all.extend(lines);
        let (sdp, agreed) = answered(&offer(&all), None).unwrap();
        assert_eq!(agreed.ptime_ms, expected, "{lines:?}");
        assert!(sdp.contains(&format!("\r\na=ptime:{expected}\r\n")), "{sdp}");
    }
}

#[test]
fn wishes_about_opus_are_those_of_the_line_taken_and_may_be_spread() {
    let lines = [
        "m=audio 5004 RTP/AVP 98 112 0",
        "a=rtpmap:112 opus/48000/2",
        "a=fmtp:98 minptime=10; UseInbandFEC=1",
        "a=fmtp:112 cbr=1;usedtx=1",
        "a=rtpmap:98 opus/48000/2",
        "a=fmtp:98  maxplaybackrate = 16000 ;stereo=1",
    ];
    let (_, agreed) = answered(&offer(&lines), None).unwrap();
    let wishes = OpusParameters {
        max_playback_hz: 16_000,
        use_inband_fec: true,
        ..OpusParameters::default()
    };
    assert_eq!((agreed.payload_type, agreed.opus), (98, wishes));
}

#[test]
fn opus_is_sent_in_our_packet_time_whatever_the_peer_wishes() {
    for line in ["a=ptime:10", "a=ptime:40", "a=ptime:60", "a=maxptime:40"] {
        let lines = ["m=audio 5004 RTP/AVP 96 0", "a=rtpmap:96 opus/48000/2", line];
        let (sdp, agreed) = answered(&offer(&lines), None).unwrap();
        assert_eq!((agreed.codec, agreed.ptime_ms), (Codec::Opus, 20), "{line}");
        assert!(sdp.contains("\r\na=ptime:20\r\n"), "{sdp}");
    }
}

#[test]
fn the_version_grows_only_when_something_else_changed() {
    let plain = offer(&["m=audio 5004 RTP/AVP 0"]);
    let hold = offer(&["m=audio 5004 RTP/AVP 0", "a=sendonly"]);
    let (first, _) = answered(&plain, None).unwrap();
    let (again, _) = answered(&plain, Some(first.as_bytes())).unwrap();
    assert_eq!(first, again);
    let (held, _) = answered(&hold, Some(again.as_bytes())).unwrap();
    assert_eq!((version(&held), held.contains("o=- 77 2 IN")), (2, true));
    let (held_again, _) = answered(&hold, Some(held.as_bytes())).unwrap();
    assert_eq!(held, held_again);
    let (resumed, _) = answered(&plain, Some(held_again.as_bytes())).unwrap();
    assert_eq!(version(&resumed), 3);
}

#[test]
fn our_order_decides_where_the_operator_says_so() {
    let bytes = offer(&["m=audio 5004 RTP/AVP 0 8 9"]);
    let ours_first = Local {
        choice: ChoiceOf::Us,
        codecs: vec![Codec::G722, Codec::Pcma],
        ..local()
    };
    let (_, agreed) = answer(&parse(&bytes).unwrap(), &ours_first, None, &ours).unwrap();
    assert_eq!(agreed.codec, Codec::G722);
    let theirs_first = Local {
        choice: ChoiceOf::Offerer,
        ..ours_first
    };
    let (_, agreed) = answer(&parse(&bytes).unwrap(), &theirs_first, None, &ours).unwrap();
    assert_eq!(agreed.codec, Codec::Pcma);
}

#[test]
fn a_codec_or_a_feature_not_allowed_is_not_used() {
    let bytes = offer(&[
        "m=audio 5004 RTP/AVP 0 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtcp-mux",
    ]);
    let narrow = Local {
        codecs: vec![Codec::Pcma],
        telephone_event: false,
        rtcp_mux: false,
        ..local()
    };
    let (sdp, agreed) = answer(&parse(&bytes).unwrap(), &narrow, None, &ours).unwrap();
    assert_eq!(
        (agreed.codec, agreed.telephone_event, agreed.rtcp_mux),
        (Codec::Pcma, None, false)
    );
    assert_eq!(
        media_part(std::str::from_utf8(&sdp).unwrap())[0],
        "m=audio 40000 RTP/AVP 8"
    );
    let none = Local {
        codecs: vec![],
        ..local()
    };
    assert_eq!(
        answer(&parse(&bytes).unwrap(), &none, None, &ours),
        Err(Refusal::NoSharedCodec)
    );
}

#[test]
fn ipv6_goes_with_ipv6_only() {
    let bytes = b"v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\ns=-\r\nc=IN IP6 2001:db8::7\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n";
    let six = Local {
        address: IpAddr::V6(Ipv6Addr::LOCALHOST),
        ..local()
    };
    let (sdp, agreed) = answer(&parse(bytes).unwrap(), &six, None, &ours).unwrap();
    assert_eq!(agreed.remote_rtp, "[2001:db8::7]:5004".parse().unwrap());
    assert!(String::from_utf8(sdp).unwrap().contains("\r\nc=IN IP6 ::1\r\n"));
    let refusal = answered(bytes, None).unwrap_err();
    assert_eq!((refusal.status(), refusal.warning()), (488, 301));
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    for (bytes, text) in [
        (&b""[..], "SDP without v="),
        (b"hello", "SDP line 1, line: expected one letter, =, and text"),
        (b"v=1\r\n", "SDP line 1, v=: expected 0"),
        (
            b"v=0\r\nnonsense\r\n",
            "SDP line 2, line: expected one letter, =, and text",
        ),
        (
            b"v=0\r\no=- 1 x IN IP4 1.2.3.4\r\n",
            "SDP line 2, Origin sess-version: expected a number in range",
        ),
        (
            b"v=0\r\nc=IN IP4 1.2.3.4\r\nc=IN IP4 1.2.3.5\r\n",
            "SDP line 3, c=: expected one such line",
        ),
        (
            b"v=0\r\ns=-\r\nm=audio 70000 RTP/AVP 0\r\n",
            "SDP line 3, Media port: expected a number in range",
        ),
        (
            b"v=0\r\nm=audio -1 RTP/AVP 0\r\n",
            "SDP line 2, Media port: expected a number in range",
        ),
        (
            b"v=0\r\nm=audio 5004 RTP/AVP\r\n",
            "SDP line 2, Media fmt: expected a value",
        ),
        (
            b"v=0\r\nm=audio 5004 RTP/AVP \r\n",
            "SDP m-line 0, format: expected a token",
        ),
        (
            b"v=0\r\nm=au(dio 5004 RTP/AVP 0\r\n",
            "SDP m-line 0, media: expected a token",
        ),
        (
            b"v=0\r\nm=audio 5004 RTP//AVP 0\r\n",
            "SDP m-line 0, transport: expected a token",
        ),
        (
            b"v=0\r\nm=audio\xff 5004 RTP/AVP 0\r\n",
            "SDP m-line 0, media: expected a token",
        ),
        (
            b"v=0\r\ns=a\0b\r\n",
            "SDP line 2, line: expected one letter, =, and text",
        ),
    ] {
        assert_eq!(
            parse(bytes).unwrap_err().to_string(),
            text,
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn descriptions_beyond_the_bounds_are_refused() {
    let long = offer(&[
        "m=audio 5004 RTP/AVP 0",
        &format!("a=x:{}", "y".repeat(MAX_BYTES)),
    ]);
    assert!(matches!(parse(&long), Err(SdpError::TooLong { .. })));
    let video = "m=video 5006 RTP/AVP 96";
    let sixteen: Vec<_> = std::iter::once("m=audio 5004 RTP/AVP 0")
        .chain([video; 15])
        .collect();
    assert_eq!(
        answered(&offer(&sixteen), None).unwrap().0.matches("m=").count(),
        16
    );
    let seventeen: Vec<_> = sixteen.iter().copied().chain([video]).collect();
    let refusal = answered(&offer(&seventeen), None).unwrap_err();
    assert_eq!(refusal, Refusal::Malformed(SdpError::TooManyMedia { lines: 17 }));
    assert_eq!(refusal.status(), 488);
}

#[test]
fn a_bomb_of_formats_and_attributes_is_read_and_harmless() {
    let formats = format!("m=audio 5004 RTP/AVP{}", " 0".repeat(14_000));
    let mut lines = vec![formats];
    lines.extend((0..900).map(|i| format!("a=fmtp:{} {}", i % 200, "x;".repeat(5))));
    lines.extend((0..400).map(|i| format!("a=rtpmap:{} foo/{}", 96 + i % 200, i)));
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let (sdp, agreed) = answered(&offer(&lines), None).unwrap();
    assert_eq!((agreed.codec, sdp.len() < 300), (Codec::Pcmu, true));
}
