//! Our own offers, and the answers to them.

use sip::sdp::{Codec, Direction, Local, Refusal, accept_answer, make_offer};

use super::{answered, local, media_part, offer, ours, version};

#[test]
fn our_offer_names_every_codec_and_is_readable() {
    let sdp = String::from_utf8(make_offer(&local(), Direction::SendRecv, None)).unwrap();
    assert_eq!(
        media_part(&sdp),
        [
            "m=audio 40000 RTP/AVP 0 8 9 96 101 102",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:9 G722/8000",
            "a=rtpmap:96 opus/48000/2",
            "a=fmtp:96 useinbandfec=1",
            "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-15",
            "a=rtpmap:102 telephone-event/48000",
            "a=fmtp:102 0-15",
            "a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "a=ptime:20",
            "a=rtcp-mux",
            "a=sendrecv",
        ]
    );
}

#[test]
fn a_re_offer_keeps_places_and_numbers_and_counts_versions() {
    let first = offer(&[
        "m=video 5006 RTP/AVP 96",
        "m=audio 5004 RTP/AVP 111 97",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:97 telephone-event/48000",
        "a=extmap:5 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    ]);
    let (before, _) = answered(&first, None).unwrap();
    let opus = Local {
        codecs: vec![Codec::Opus],
        rtcp_mux: false,
        ..local()
    };
    let again = String::from_utf8(make_offer(&opus, Direction::SendRecv, Some(before.as_bytes()))).unwrap();
    assert_eq!(before, again);
    let held = String::from_utf8(make_offer(&opus, Direction::SendOnly, Some(before.as_bytes()))).unwrap();
    assert_eq!(version(&held), 2);
    assert_eq!(
        media_part(&held)[..2],
        ["m=video 0 RTP/AVP 96", "m=audio 40000 RTP/AVP 111 97"]
    );
}

#[test]
fn an_answer_to_our_offer_is_taken() {
    let mine = make_offer(&local(), Direction::SendRecv, None);
    let theirs = offer(&[
        "m=audio 6000 RTP/AVP 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=ptime:30",
    ]);
    let agreed = accept_answer(&mine, &theirs, &local(), &ours).unwrap();
    assert_eq!(
        (agreed.codec, agreed.payload_type, agreed.ptime_ms),
        (Codec::Pcma, 8, 30)
    );
    assert_eq!(agreed.telephone_event.map(|event| event.payload_type), Some(101));
    assert_eq!(agreed.remote_rtcp, Some("192.0.2.7:6001".parse().unwrap()));
}

#[test]
fn a_renumbering_answer_gives_each_way_its_number() {
    let mine = make_offer(
        &Local {
            codecs: vec![Codec::Opus],
            ..local()
        },
        Direction::SendRecv,
        None,
    );
    let theirs = offer(&[
        "m=audio 6000 RTP/AVP 120 121",
        "a=rtpmap:120 OPUS/48000/2",
        "a=rtpmap:121 telephone-event/48000",
    ]);
    let agreed = accept_answer(&mine, &theirs, &local(), &ours).unwrap();
    assert_eq!((agreed.payload_type, agreed.receive_payload_type), (120, 96));
    assert_eq!(agreed.telephone_event.map(|event| event.payload_type), Some(101));
}

#[test]
fn an_answer_that_takes_both_laws_may_send_either() {
    let mine = make_offer(&local(), Direction::SendRecv, None);
    for (line, codec, other) in [
        ("m=audio 6000 RTP/AVP 0", Codec::Pcmu, None),
        ("m=audio 6000 RTP/AVP 0 8", Codec::Pcmu, Some(8)),
        ("m=audio 6000 RTP/AVP 8 9 0", Codec::Pcma, Some(0)),
        ("m=audio 6000 RTP/AVP 8 9", Codec::Pcma, None),
        ("m=audio 6000 RTP/AVP 9 0 8", Codec::G722, None),
    ] {
        let agreed = accept_answer(&mine, &offer(&[line]), &local(), &ours).unwrap();
        assert_eq!((agreed.codec, agreed.other_law), (codec, other), "{line}");
    }
    let narrow = Local {
        codecs: vec![Codec::Pcmu],
        ..local()
    };
    let mine = make_offer(&narrow, Direction::SendRecv, None);
    let theirs = offer(&["m=audio 6000 RTP/AVP 0 8"]);
    let agreed = accept_answer(&mine, &theirs, &local(), &ours).unwrap();
    assert_eq!(agreed.other_law, None, "it was not offered");
    // Of an offer of theirs our answer takes one alone.
    let (_, agreed) = answered(&theirs, None).unwrap();
    assert_eq!((agreed.codec, agreed.other_law), (Codec::Pcmu, None));
}

#[test]
fn keys_come_at_the_clock_the_answer_takes() {
    let mine = make_offer(&local(), Direction::SendRecv, None);
    for (lines, payload_type, clock_hz) in [
        (
            ["m=audio 6000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"],
            101,
            8_000,
        ),
        (
            ["m=audio 6000 RTP/AVP 0 99", "a=rtpmap:99 telephone-event/8000"],
            101,
            8_000,
        ),
        (
            ["m=audio 6000 RTP/AVP 0 102", "a=rtpmap:102 telephone-event/48000"],
            102,
            48_000,
        ),
    ] {
        let agreed = accept_answer(&mine, &offer(&lines), &local(), &ours).unwrap();
        let event = agreed.telephone_event.unwrap();
        assert_eq!((event.payload_type, event.clock_hz), (payload_type, clock_hz));
    }
}

#[test]
fn an_answer_cannot_widen_our_offer() {
    let narrow = Local {
        codecs: vec![Codec::Pcmu],
        telephone_event: false,
        rtcp_mux: false,
        ..local()
    };
    let mine = make_offer(&narrow, Direction::SendOnly, None);
    let wide = offer(&[
        "m=audio 6000 RTP/AVP 0 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtcp-mux",
    ]);
    let agreed = accept_answer(&mine, &wide, &local(), &ours).unwrap();
    assert_eq!(
        (agreed.direction, agreed.telephone_event),
        (Direction::SendOnly, None)
    );
    assert!(!agreed.rtcp_mux);
    assert_eq!(agreed.remote_rtcp, Some("192.0.2.7:6001".parse().unwrap()));
    let more = offer(&["m=audio 6000 RTP/AVP 8 0"]);
    assert_eq!(
        accept_answer(&mine, &more, &local(), &ours).unwrap().codec,
        Codec::Pcmu
    );
    let other = offer(&["m=audio 6000 RTP/AVP 8"]);
    assert_eq!(
        accept_answer(&mine, &other, &local(), &ours),
        Err(Refusal::NoSharedCodec)
    );
}

#[test]
fn answers_that_do_not_fit_the_offer_are_refused() {
    let mine = make_offer(&local(), Direction::SendRecv, None);
    let audio = "m=audio 6000 RTP/AVP 0";
    let status = |lines: &[&str]| accept_answer(&mine, &offer(lines), &local(), &ours).unwrap_err();
    assert_eq!(status(&[]), Refusal::Mismatch);
    assert_eq!(status(&[audio, audio]), Refusal::Mismatch);
    assert_eq!(status(&["m=video 6000 RTP/AVP 0"]), Refusal::Mismatch);
    assert_eq!(status(&["m=audio 6000 RTP/SAVP 0"]), Refusal::Mismatch);
    assert_eq!(status(&["m=audio 6000 RTP/AVPF 0"]), Refusal::Mismatch);
    assert_eq!(status(&["m=audio 0 RTP/AVP 0"]), Refusal::Disabled);
    assert_eq!(status(&["m=audio 80 RTP/AVP 0"]).status(), 488);
    assert_eq!(
        accept_answer(&mine, b"junk", &local(), &ours)
            .unwrap_err()
            .status(),
        400
    );
}
