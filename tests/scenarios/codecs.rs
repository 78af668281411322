//! Which codec a call gets, and how it is sent.

use media::{Codec, ComfortNoise, LevelFormat, OpusSend, Rate, Session};
use sip::sdp::ChoiceOf;
use world::{CALLER, CONF, SDP, Settings, World};

const EVENTS: &str = "a=rtpmap:101 telephone-event/8000\r\n";

/// An offer of these payload types, with these lines.
fn offer(types: &str, lines: &str) -> String {
    let sdp = SDP.replace("RTP/AVP 0 101", &format!("RTP/AVP {types}"));
    let sdp = sdp.replace(EVENTS, "");
    lines.lines().fold(sdp, |sdp, line| format!("{sdp}{line}\r\n"))
}

/// What is agreed on with who makes this offer, and our answer.
fn agreed(mut world: World, sdp: &str) -> (Session, String) {
    let phone = world.call_as(CONF, CALLER, sdp);
    world.pass(100);
    let answer = world.last_of(phone, "SIP/2.0 200").to_owned();
    (world.mixer.sessions[&world.leg(phone)].clone(), answer)
}

const KEYS: &str = "a=rtpmap:101 telephone-event/8000";

#[test]
fn the_caller_s_order_decides_unless_the_operator_wants_ours() {
    let sdp = offer("0 9 111 101", &format!("a=rtpmap:111 opus/48000/2\n{KEYS}"));
    let (session, _) = agreed(World::new(), &sdp);
    assert_eq!(session.format.codec(), Codec::Pcmu);
    let ours = World::with(Settings {
        codec_choice: ChoiceOf::Us,
        ..Settings::default()
    });
    let (session, answer) = agreed(ours, &sdp);
    assert_eq!(session.format.codec(), Codec::Opus(Rate::Hz48000));
    assert_eq!((session.payload_type, session.receive_payload_type), (111, 111));
    assert!(
        answer.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"),
        "{answer}"
    );
    assert_eq!(session.telephone_event.map(|keys| keys.clock_hz), Some(8_000));
}

#[test]
fn opus_is_sent_as_the_phone_wants_it_within_our_limit_and_heard_as_wide_as_it_speaks() {
    let plain = OpusSend::default();
    for (fmtp, rate, send, redundancy) in [
        ("minptime=10", Rate::Hz48000, plain, false),
        ("useinbandfec=1;stereo=1", Rate::Hz48000, plain, true),
        (
            "maxplaybackrate=16000;sprop-maxcapturerate=12000;maxaveragebitrate=20500;usedtx=1",
            Rate::Hz16000,
            OpusSend {
                bitrate: 20_000,
                playback_hz: 16_000,
                dtx: true,
                ..plain
            },
            false,
        ),
        (
            "maxplaybackrate=8000;sprop-maxcapturerate=16000",
            Rate::Hz16000,
            OpusSend {
                playback_hz: 8_000,
                ..plain
            },
            false,
        ),
        (
            "maxplaybackrate=8000",
            Rate::Hz48000,
            OpusSend {
                playback_hz: 8_000,
                ..plain
            },
            false,
        ),
        (
            "maxplaybackrate=22050;maxaveragebitrate=128000;cbr=1",
            Rate::Hz48000,
            OpusSend {
                playback_hz: 24_000,
                cbr: true,
                ..plain
            },
            false,
        ),
    ] {
        let lines = format!("a=rtpmap:96 opus/48000/2\na=fmtp:96 {fmtp}\n{KEYS}");
        let (session, _) = agreed(World::new(), &offer("96 101", &lines));
        assert_eq!(session.format.codec(), Codec::Opus(rate), "{fmtp}");
        assert_eq!(
            (session.format.opus(), session.redundancy),
            (send, redundancy),
            "{fmtp}"
        );
    }
}

#[test]
fn who_can_send_keys_in_the_audio_only_gets_a_narrow_codec_if_he_has_one() {
    let (session, _) = agreed(World::new(), &offer("9 8", ""));
    assert_eq!(session.format.codec(), Codec::Pcma);
    assert!(session.inband_digits);
    let (session, _) = agreed(World::new(), &offer("9", ""));
    assert_eq!(session.format.codec(), Codec::G722);
    let (session, _) = agreed(World::new(), &offer("9 8 101", KEYS));
    assert_eq!(session.format.codec(), Codec::G722);
}

#[test]
fn an_answer_may_number_our_offer_anew() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    let answer = offer("120 101", &format!("a=rtpmap:120 opus/48000/2\n{KEYS}"));
    world.manners(phone).answer = answer;
    world.send(phone, "INVITE", "", "");
    world.pass(1);
    let session = &world.mixer.sessions[&world.leg(phone)];
    assert_eq!((session.payload_type, session.receive_payload_type), (120, 96));
    assert_eq!(world.view(phone).codec, "opus");
}

#[test]
fn a_phone_whose_answer_takes_both_laws_may_send_either() {
    let mut world = World::new();
    let phone = world.phone(CONF, CALLER);
    world.manners(phone).answer = offer("8 0 101", KEYS);
    world.send(phone, "INVITE", "", "");
    world.pass(1);
    let session = &world.mixer.sessions[&world.leg(phone)];
    assert_eq!((session.receive_payload_type, session.other_law), (8, Some(0)));
}

const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

#[test]
fn levels_in_packets_are_agreed_on_and_change_with_each_offer() {
    let mut world = World::new();
    let with = |extension: &str| offer("0 101", &format!("{KEYS}\n{extension}"));
    let phone = world.call_as(CONF, CALLER, &with(&format!("a=extmap:2 {LEVEL}")));
    world.pass(100);
    let answer = world.last_of(phone, "SIP/2.0 200").to_owned();
    assert!(
        answer.contains(&format!("a=extmap:2/recvonly {LEVEL}\r\n")),
        "{answer}"
    );
    let levels = |world: &World| world.mixer.sessions[&world.leg(phone)].audio_level;
    let (id, voice_flag) = (2, true);
    assert_eq!(levels(&world), Some(LevelFormat { id, voice_flag }));
    for (extension, expected) in [
        (format!("a=extmap:7/sendonly {LEVEL} vad=off"), Some((7, false))),
        ("a=extmap:7 urn:ietf:params:rtp-hdrext:sdes:mid".to_owned(), None),
        (format!("a=extmap:3 {LEVEL}"), Some((3, true))),
    ] {
        world.send(phone, "INVITE", "", &with(&extension));
        let answer = world.last_message(phone).to_owned();
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        assert_eq!(answer.contains("a=extmap"), expected.is_some(), "{answer}");
        let expected = expected.map(|(id, voice_flag)| LevelFormat { id, voice_flag });
        assert_eq!(levels(&world), expected, "{extension}");
    }
    // The phone asks for an offer of ours.
    world.manners(phone).answer = with(&format!("a=extmap:3/sendonly {LEVEL}"));
    world.send(phone, "INVITE", "", "");
    let offered = world.last_of(phone, "SIP/2.0 200");
    assert!(
        offered.contains(&format!("a=extmap:3/recvonly {LEVEL}\r\n")),
        "{offered}"
    );
    assert_eq!(levels(&world), Some(LevelFormat { id: 3, voice_flag }));
}

fn suppressing() -> World {
    World::with(Settings {
        silence_suppression: true,
        ..Settings::default()
    })
}

#[test]
fn comfort_noise_is_taken_from_who_offers_it_and_sent_where_the_operator_wants() {
    use ComfortNoise::{No, Taken, TakenAndSent};
    let opus = format!("a=rtpmap:96 opus/48000/2\n{KEYS}");
    for (types, lines, by_default, suppressed) in [
        ("0 13 101", KEYS, Taken, TakenAndSent),
        ("9 101 13", KEYS, Taken, TakenAndSent),
        ("0 101", KEYS, No, No),
        ("96 13 101", opus.as_str(), No, No),
    ] {
        for (world, expected) in [(World::new(), by_default), (suppressing(), suppressed)] {
            let (session, answer) = agreed(world, &offer(types, lines));
            assert_eq!(session.comfort_noise, expected, "{types}");
            assert_eq!(
                answer.contains("a=rtpmap:13 CN/8000\r\n"),
                expected != No,
                "{answer}"
            );
        }
    }
}

#[test]
fn comfort_noise_is_offered_where_the_operator_wants_and_a_reinvite_takes_it_back() {
    for (mut world, offered) in [(World::new(), false), (suppressing(), true)] {
        let phone = world.phone(CONF, CALLER);
        world.manners(phone).answer = offer("0 13 101", KEYS);
        world.send(phone, "INVITE", "", "");
        world.pass(1);
        let ours = world.last_of(phone, "SIP/2.0 200").to_owned();
        assert_eq!(ours.contains("CN/8000"), offered, "{ours}");
        let now = |world: &World| world.mixer.sessions[&world.leg(phone)].comfort_noise;
        let expected = if offered {
            ComfortNoise::TakenAndSent
        } else {
            ComfortNoise::No
        };
        assert_eq!(now(&world), expected);
        world.send(phone, "INVITE", "", &offer("0 101", KEYS));
        assert_eq!(now(&world), ComfortNoise::No);
    }
}
