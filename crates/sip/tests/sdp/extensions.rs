//! Levels in packets (RFC 6464) as header extensions (RFC 8285): what is taken, and how it is answered and offered.

use sip::sdp::{AudioLevel, Direction, accept_answer, make_offer};

use super::{answered, local, media_part, offer, ours};

const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const AUDIO: &str = "m=audio 5004 RTP/AVP 0";

/// The `extmap` lines of a description.
fn extmaps(sdp: &str) -> Vec<&str> {
    let lines = media_part(sdp).into_iter();
    lines.filter(|line| line.starts_with("a=extmap")).collect()
}

/// Lines with `LEVEL` in place of L.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.replace('L', LEVEL)).collect()
}

fn level(id: u8, voice_flag: bool) -> AudioLevel {
    AudioLevel { id, voice_flag }
}

#[test]
fn levels_are_taken_by_their_number_and_only_to_be_read() {
    for (media, id, voice_flag, reply) in [
        ("a=extmap:1 L", 1, true, "1/recvonly L"),
        ("a=extmap:14 L vad=on", 14, true, "14/recvonly L"),
        ("a=extmap:3/sendonly L vad=off", 3, false, "3/recvonly L vad=off"),
        (
            "a=extmap:2/sendrecv   L  x=1  vad=off ",
            2,
            false,
            "2/recvonly L vad=off",
        ),
        ("a=extmap: 6 L", 6, true, "6/recvonly L"),
        // Only the form with two bytes has these.
        ("a=extmap:16 L", 16, true, "16/recvonly L"),
        ("a=extmap:255 L", 255, true, "255/recvonly L"),
        // What is known stands among what is not.
        (
            "a=extmap:1 urn:x\na=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid\na=extmap:5 L",
            5,
            true,
            "5/recvonly L",
        ),
        // The first that can be used counts.
        ("a=extmap:4 L\na=extmap:5 L vad=off", 4, true, "4/recvonly L"),
        (
            "a=extmap:0 L\na=extmap:15 L\na=extmap:7/both L\na=extmap:8 L",
            8,
            true,
            "8/recvonly L",
        ),
        (
            "a=extmap:1 L\na=extmap:1 urn:x\na=extmap:9 L",
            9,
            true,
            "9/recvonly L",
        ),
        ("a=extmap:1 L\na=extmap:1 L", 1, true, "1/recvonly L"),
    ] {
        let mut all = vec![AUDIO.to_owned()];
        all.extend(lines(media));
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let (sdp, agreed) = answered(&offer(&all), None).unwrap();
        assert_eq!(agreed.audio_level, Some(level(id, voice_flag)), "{media}");
        assert_eq!(
            extmaps(&sdp),
            [format!("a=extmap:{}", reply.replace('L', LEVEL))],
            "{media}"
        );
    }
}

#[test]
fn what_cannot_be_read_or_is_not_sent_is_not_answered() {
    for media in [
        "",
        "a=extmap",
        "a=extmap:",
        "a=extmap:1",
        "a=extmap:L",
        "a=extmap:1L",
        "a=extmap:0 L",
        "a=extmap:15 L",
        "a=extmap:256 L",
        "a=extmap:4096 L",
        "a=extmap:-1 L",
        "a=extmap:+1 L",
        "a=extmap:1.0 L",
        "a=extmap:99999999999999999999 L",
        "a=extmap:x L",
        "a=extmap:1/ L",
        "a=extmap:1/SENDONLY L",
        "a=extmap:1/sendonly/recvonly L",
        "a=extmap:/sendonly L",
        "a=extmap:1/recvonly L",
        "a=extmap:1/inactive L",
        "a=extmap:1 LX",
        "a=extmap:1 xL",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:csrc-audio-level",
        "a=extmap:1 L\na=extmap:1 urn:x",
        "a=extmap:1 urn:x\na=extmap:1 L",
        "a=extmap-allow-mixed\na=EXTMAP:1 L",
    ] {
        let mut all = vec![AUDIO.to_owned()];
        all.extend(lines(media));
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let (sdp, agreed) = answered(&offer(&all), None).unwrap();
        assert_eq!(agreed.audio_level, None, "{media}");
        assert!(!sdp.contains("extmap"), "{media}: {sdp}");
    }
}

#[test]
fn a_session_s_declaration_holds_where_the_line_has_none() {
    for (session, media, id) in [
        ("a=extmap:3 L", "", Some(3)),
        ("a=extmap:3 L", "a=extmap:4 L", Some(4)),
        ("a=extmap:3 L", "a=extmap:3 urn:x", None),
        ("a=extmap:3 urn:x", "a=extmap:3 L", None),
        ("a=extmap:3/recvonly L", "", None),
    ] {
        let mut all = lines(session);
        all.push(AUDIO.to_owned());
        all.extend(lines(media));
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let (sdp, agreed) = answered(&offer(&all), None).unwrap();
        assert_eq!(agreed.audio_level.map(|level| level.id), id, "{session} {media}");
        assert_eq!(extmaps(&sdp).len(), usize::from(id.is_some()));
    }
}

#[test]
fn our_offer_asks_for_levels_and_takes_them_as_offered_only() {
    let mine = make_offer(&local(), Direction::SendRecv, None);
    let text = String::from_utf8(mine.clone()).unwrap();
    assert_eq!(extmaps(&text), [format!("a=extmap:1/recvonly {LEVEL}")]);
    for (answer, taken) in [
        ("a=extmap:1/sendonly L", Some(level(1, true))),
        ("a=extmap:1 L vad=off", Some(level(1, false))),
        ("", None),
        ("a=extmap:2 L", None),
        ("a=extmap:1/inactive L", None),
        ("a=extmap:1/recvonly L", None),
    ] {
        let mut all = vec![AUDIO.to_owned()];
        all.extend(lines(answer));
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let agreed = accept_answer(&mine, &offer(&all), &local(), &ours).unwrap();
        assert_eq!(agreed.audio_level, taken, "{answer}");
    }
}

#[test]
fn an_offer_within_the_call_keeps_the_number() {
    let all = lines("m=audio 5004 RTP/AVP 0\na=extmap:11 L");
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let (before, _) = answered(&offer(&all), None).unwrap();
    let again = make_offer(&local(), Direction::SendRecv, Some(before.as_bytes()));
    let again = String::from_utf8(again).unwrap();
    assert_eq!(extmaps(&again), [format!("a=extmap:11/recvonly {LEVEL}")]);
}

#[test]
fn thousands_of_declarations_are_read_and_harmless() {
    let mut all = vec![AUDIO.to_owned()];
    all.extend((0..900).map(|n| format!("a=extmap:{} {LEVEL}", n % 300)));
    all.extend((0..250).map(|n| format!("a=extmap:{n} x")));
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let (_, agreed) = answered(&offer(&all), None).unwrap();
    assert_eq!(agreed.audio_level.map(|level| level.id), Some(250));
}
