//! Comfort noise (RFC 3389): taken where it is offered and fits the codec, offered where silence is suppressed.

use sip::sdp::{Codec, Direction, Local, accept_answer, make_offer};

use super::{answered, local, media_part, offer, ours};

/// Whether it is agreed on with who offers these payload types with these lines.
fn taken(types: &str, lines: &[&str]) -> bool {
    let audio = format!("m=audio 5004 RTP/AVP {types}");
    let all: Vec<_> = std::iter::once(audio.as_str())
        .chain(lines.iter().copied())
        .collect();
    let (sdp, agreed) = answered(&offer(&all), None).unwrap();
    let first = media_part(&sdp)[0];
    assert_eq!(
        first.split(' ').any(|word| word == "13"),
        agreed.comfort_noise,
        "{first}"
    );
    assert_eq!(
        sdp.contains("a=rtpmap:13 CN/8000\r\n"),
        agreed.comfort_noise,
        "{sdp}"
    );
    agreed.comfort_noise
}

#[test]
fn it_is_taken_with_codecs_of_its_clock_by_its_own_number_only() {
    let opus = "a=rtpmap:96 opus/48000/2";
    for (types, lines, expected) in [
        ("0 13", &[][..], true),
        ("13 0", &[], true),
        ("8 13", &["a=rtpmap:13 CN/8000"], true),
        ("9 13", &["a=rtpmap:13 cn/8000/1"], true),
        ("0 13 13 13", &["a=fmtp:13 x"], true),
        ("0", &["a=rtpmap:13 CN/8000"], false),
        ("96 0 13", &[opus], false),
        ("0 96 13", &[opus], true),
        ("0 13", &["a=rtpmap:13 CN/16000"], false),
        ("0 13", &["a=rtpmap:13 CN/8000/2"], false),
        ("0 13", &["a=rtpmap:13 PCMA/8000"], false),
        ("0 13", &["a=rtpmap:13 CN/8000", "a=rtpmap:13 x/8000"], false),
        ("0 98", &["a=rtpmap:98 CN/8000"], false),
        ("0 98", &["a=rtpmap:98 CN/16000"], false),
        ("0 19", &[], false),
    ] {
        assert_eq!(taken(types, lines), expected, "{types} {lines:?}");
    }
    let alone = answered(&offer(&["m=audio 5004 RTP/AVP 13"]), None).unwrap_err();
    assert_eq!(alone.to_string(), "no shared codec");
}

#[test]
fn the_answer_names_it_behind_the_codec_and_before_the_keys() {
    let bytes = offer(&[
        "m=audio 5004 RTP/AVP 8 0 101 13",
        "a=rtpmap:101 telephone-event/8000",
    ]);
    let (sdp, _) = answered(&bytes, None).unwrap();
    let lines = media_part(&sdp);
    assert_eq!(
        lines[..4],
        [
            "m=audio 40000 RTP/AVP 8 13 101",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:13 CN/8000",
            "a=rtpmap:101 telephone-event/8000",
        ]
    );
}

fn with(codecs: Vec<Codec>, comfort_noise: bool) -> Local {
    Local {
        codecs,
        comfort_noise,
        ..local()
    }
}

#[test]
fn it_is_offered_behind_the_codecs_where_silence_is_suppressed_and_some_codec_has_its_clock() {
    for (codecs, comfort_noise, formats) in [
        (vec![Codec::Opus, Codec::Pcmu], true, "96 0 13 101 102"),
        (vec![Codec::G722], true, "9 13 101"),
        (vec![Codec::G722], false, "9 101"),
        (vec![Codec::Opus], true, "96 101"),
    ] {
        let sdp = make_offer(&with(codecs, comfort_noise), Direction::SendRecv, None);
        let sdp = String::from_utf8(sdp).unwrap();
        let line = media_part(&sdp)[0];
        assert_eq!(line, format!("m=audio 40000 RTP/AVP {formats}"));
    }
}

#[test]
fn an_answer_takes_it_only_where_it_was_offered_and_fits() {
    let opus = "a=rtpmap:96 opus/48000/2";
    for (offered, types, expected) in [
        (true, "0 13", true),
        (true, "0", false),
        (true, "96 13", false),
        (false, "0 13", false),
    ] {
        let local = with(vec![Codec::Opus, Codec::Pcmu], offered);
        let mine = make_offer(&local, Direction::SendRecv, None);
        let theirs = offer(&[&format!("m=audio 6000 RTP/AVP {types}"), opus]);
        let agreed = accept_answer(&mine, &theirs, &local, &ours).unwrap();
        assert_eq!(agreed.comfort_noise, expected, "{offered} {types}");
    }
}

#[test]
fn an_offer_within_the_call_takes_it_back_or_brings_it() {
    let before = answered(&offer(&["m=audio 5004 RTP/AVP 0 13"]), None).unwrap().0;
    let again = make_offer(
        &with(vec![Codec::Pcmu], true),
        Direction::SendRecv,
        Some(before.as_bytes()),
    );
    let again = String::from_utf8(again).unwrap();
    assert_eq!(media_part(&again)[0], "m=audio 40000 RTP/AVP 0 13 101");
    let (answer, agreed) = answered(&offer(&["m=audio 5004 RTP/AVP 0"]), Some(again.as_bytes())).unwrap();
    assert!(!agreed.comfort_noise && !answer.contains("CN"), "{answer}");
}
