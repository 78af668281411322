//! A leg as its users see it.

mod common;

use std::time::Duration;

use common::{
    Call, EVENT, KEYS, OURS, PEER, PEER_RTCP, SSRC, STRANGER, at, config, rtp, session, tone_payload,
};
use media::rtcp::{Block, ROOM, Report, SenderInfo};
use media::{Codec, Direction, Format, Heard, Latching, LegEvent, MediaLoss, Session};

fn is_audio(heard: Heard) -> bool {
    matches!(heard, Heard::Audio { level } if level.db() > -20)
}

#[test]
fn what_the_peer_says_is_heard_at_its_level() {
    let mut call = Call::new(config());
    let heard: Vec<_> = (0..100).map(|_| call.say()).collect();
    assert!(heard[1..].iter().all(|&h| is_audio(h)), "{:?}", &heard[..5]);
    let quality = call.leg.quality();
    assert_eq!(
        (quality.received, quality.lost, quality.late, quality.concealed_ms),
        (100, 0, 0, 0)
    );
    assert_eq!((quality.jitter_ms, quality.ssrc_changes), (0, 0));
    assert!(quality.depth_ms <= 25);
}

#[test]
fn what_is_sent_is_a_valid_stream_to_the_address_of_the_sdp() {
    let mut call = Call::new(config());
    for n in 0..20u16 {
        let sent = call.send();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].0, at(PEER));
        let packet = media::rtp::Packet::parse(&sent[0].1).unwrap();
        assert_eq!(
            (packet.sequence, packet.marker, packet.ssrc),
            (65_530u16.wrapping_add(n), n == 0, OURS)
        );
        assert_eq!(
            packet.timestamp,
            (u32::MAX - 500).wrapping_add(u32::from(n) * 160)
        );
        assert_eq!(packet.payload, tone_payload());
    }
}

#[test]
fn direction_and_hold_are_obeyed_and_the_numbers_go_on() {
    let mut call = Call::new(config());
    call.say();
    let first = call.send();
    for direction in [Direction::RecvOnly, Direction::Inactive] {
        call.change(Session {
            direction,
            ..session()
        });
        assert!(call.send().is_empty());
    }
    call.change(Session {
        direction: Direction::SendOnly,
        ..session()
    });
    let resumed = call.send();
    let number = |sent: &[(_, Vec<u8>)]| {
        let p = media::rtp::Packet::parse(&sent[0].1).unwrap();
        (p.sequence, p.timestamp)
    };
    let (sequence, timestamp) = number(&first);
    assert_eq!(
        number(&resumed),
        (sequence.wrapping_add(1), timestamp.wrapping_add(480))
    );
    assert_eq!(call.say(), Heard::Silence);
}

#[test]
fn a_peer_that_never_answers_gets_five_seconds_of_packets_and_more_once_it_does() {
    let mut call = Call::new(config());
    let mut sent = 0;
    for _ in 0..500 {
        sent += call.send().len() + call.report().len();
        call.tick();
    }
    assert!((250..=252).contains(&sent), "{sent}");
    assert_eq!(call.leg.quality().send_withheld, 250);
    call.rtp_from(STRANGER, &rtp(0, 1, 1, 9, &tone_payload()));
    assert!(call.send().is_empty());
    call.say();
    assert_eq!(call.send().len(), 1);
}

#[test]
fn nothing_goes_to_an_address_that_means_nowhere() {
    for nowhere in ["0.0.0.0:4000", "192.0.2.1:0", "[::]:9"] {
        let mut config = config();
        config.session.rtp = at(nowhere);
        config.session.rtcp = at(nowhere);
        let mut call = Call::new(config);
        for _ in 0..400 {
            assert!(call.send().is_empty() && call.report().is_empty(), "{nowhere}");
            call.tick();
        }
    }
}

#[test]
fn strangers_are_neither_heard_nor_sent_to() {
    for latching in [Latching::Off, Latching::Symmetric] {
        let mut call = Call::new(media::LegConfig { latching, ..config() });
        for _ in 0..50 {
            assert_eq!(call.say_from(STRANGER), Heard::Silence);
            assert!(call.send().iter().all(|(to, _)| *to == at(PEER)));
        }
        assert_eq!((call.leg.quality().foreign, call.leg.quality().received), (50, 0));
        assert_eq!(call.events(), []);
    }
}

#[test]
fn a_peer_behind_a_nat_is_learnt_and_then_kept() {
    const NAT: &str = "203.0.113.5:55000";
    let mut config = config();
    config.latching = Latching::Symmetric;
    config.signalling_ip = at(NAT).ip();
    let mut call = Call::new(config);
    for _ in 0..20 {
        call.say_from(NAT);
    }
    assert_eq!(call.events(), [LegEvent::Latched { to: at(NAT) }]);
    assert_eq!((call.send()[0].0, call.leg.peer()), (at(NAT), at(NAT)));
    for from in [PEER, "203.0.113.5:55002", STRANGER] {
        call.rtp_from(from, &rtp(0, 1, 1, SSRC, &tone_payload()));
    }
    assert_eq!(call.send()[0].0, at(NAT));
    call.change(Session {
        ptime_ms: 20,
        ..call.leg.session().clone()
    });
    assert_eq!(call.leg.peer(), at(NAT));
    call.change(Session {
        rtp: at("192.0.2.99:7000"),
        ..session()
    });
    assert_eq!(call.leg.peer(), at("192.0.2.99:7000"));
}

#[test]
fn reports_follow_a_learnt_peer_only_when_they_name_its_source() {
    const NAT: &str = "203.0.113.5:55000";
    const NAT_RTCP: &str = "203.0.113.5:55001";
    let mut config = config();
    config.latching = Latching::Symmetric;
    config.signalling_ip = at(NAT).ip();
    let mut call = Call::new(config);
    for _ in 0..10 {
        call.say_from(NAT);
    }
    let report = |ssrc| {
        let mut room = [0; ROOM];
        let report = Report {
            ssrc,
            info: None,
            block: None,
            cname: "p",
            goodbye: false,
        };
        let length = report.write(&mut room);
        room[..length].to_vec()
    };
    for (from, ssrc) in [
        (STRANGER, SSRC),
        (NAT_RTCP, 5),
        (NAT_RTCP, SSRC),
        (PEER_RTCP, SSRC),
    ] {
        call.rtcp_from(from, &report(ssrc));
    }
    let quality = call.leg.quality();
    assert_eq!((quality.rtcp_received, quality.foreign), (1, 7 + 3));
    let mut to = None;
    for _ in 0..500 {
        call.say_from(NAT);
        to = call.report().first().map(|r| r.0).or(to);
    }
    assert_eq!(to, Some(at(NAT_RTCP)));
}

#[test]
fn a_key_is_told_at_its_first_packet_and_never_heard() {
    let mut call = Call::new(config());
    for _ in 0..50 {
        call.say();
    }
    let start = call.timestamp;
    for n in 1..=10u16 {
        // The peer sends the tone as audio too, as some do.
        let audio = call.next_packet(0, &tone_payload());
        let [d0, d1] = (n * 160).to_be_bytes();
        let end = if n == 10 { 0x80 } else { 0 };
        let event = rtp(EVENT, call.sequence, start, SSRC, &[5, end, d0, d1]);
        call.sequence = call.sequence.wrapping_add(1);
        call.timestamp = call.timestamp.wrapping_add(160);
        call.rtp_from(PEER, &audio);
        call.rtp_from(PEER, &event);
        if n == 1 {
            assert_eq!(call.leg.poll_event(), Some(LegEvent::Digit { key: '5' }));
        }
        let heard = call.tick();
        if n > 2 {
            assert_eq!(heard, Heard::Silence, "packet {n}");
            assert!(call.frame.samples().iter().all(|&s| s == 0));
        }
    }
    assert_eq!(
        call.events(),
        [LegEvent::DigitEnd {
            key: '5',
            duration_ms: 200
        }]
    );
    let after: Vec<_> = (0..5).map(|_| call.say()).collect();
    assert!(after[3..].iter().all(|&h| is_audio(h)), "{after:?}");
    assert_eq!(call.leg.quality().digits, 1);
}

#[test]
fn keys_in_the_audio_are_found_only_where_no_events_were_negotiated() {
    let mut signal = Vec::new();
    for n in 0..4_000 {
        let t = f64::from(n) / 8_000.0 * std::f64::consts::TAU;
        let on = (1_600..2_400).contains(&n);
        let tone = ((t * 770.0).sin() + (t * 1_336.0).sin()) * 6_000.0;
        signal.push(if on { tone as i16 } else { 0 });
    }
    let mut payload = vec![0; signal.len()];
    media::codec::g711::encode_alaw(&signal, &mut payload);
    for (telephone_event, inband_digits, found) in [
        (None, true, true),
        (Some(KEYS), true, false),
        (None, false, false),
    ] {
        let mut config = config();
        config.session = Session {
            telephone_event,
            inband_digits,
            format: Format::of(Codec::Pcma),
            payload_type: 8,
            receive_payload_type: 8,
            ..session()
        };
        let mut call = Call::new(config);
        let mut loudest = 0;
        for part in payload.chunks(160) {
            let packet = call.next_packet(8, part);
            call.timestamp = call.timestamp.wrapping_add(160);
            call.rtp_from(PEER, &packet);
            call.tick();
            loudest = call
                .frame
                .samples()
                .iter()
                .map(|s| s.unsigned_abs())
                .max()
                .unwrap()
                .max(loudest);
        }
        let keys = call.events();
        assert_eq!(keys.first() == Some(&LegEvent::Digit { key: '5' }), found);
        assert_eq!(loudest < 40, found, "{loudest}");
        assert_eq!(keys.len(), if found { 2 } else { 0 });
    }
}

#[test]
fn silence_on_the_wire_is_told_once_for_each_limit() {
    let mut call = Call::new(config());
    call.wait(Duration::from_secs(32));
    assert_eq!(
        call.events(),
        [LegEvent::MediaLost {
            which: MediaLoss::First
        }]
    );
    call.say();
    call.wait(Duration::from_secs(61));
    assert_eq!(
        call.events(),
        [LegEvent::MediaLost {
            which: MediaLoss::Steady
        }]
    );
    call.change(Session {
        remote_held: true,
        ..session()
    });
    call.wait(Duration::from_secs(29 * 60));
    assert_eq!(call.events(), []);
    call.wait(Duration::from_secs(61));
    assert_eq!(
        call.events(),
        [LegEvent::MediaLost {
            which: MediaLoss::Hold
        }]
    );
}

#[test]
fn another_source_is_followed_after_two_packets_and_heard_without_delay_added() {
    let mut call = Call::new(config());
    for _ in 0..50 {
        call.say();
    }
    let mut heard = Vec::new();
    for n in 0..10u16 {
        let packet = rtp(0, n, 5_000_000 + u32::from(n) * 160, 777, &tone_payload());
        call.rtp_from(PEER, &packet);
        heard.push(call.tick());
    }
    assert!(heard[3..].iter().all(|&h| is_audio(h)), "{heard:?}");
    let quality = call.leg.quality();
    assert_eq!(
        (quality.ssrc_changes, quality.ssrc_refused, quality.lost),
        (1, 1, 0)
    );
}

#[test]
fn a_peer_that_counts_anew_from_where_it_began_is_heard_from_the_second_packet_on() {
    let mut call = Call::new(config());
    let begin = call.sequence;
    for _ in 0..60 {
        call.say();
    }
    call.sequence = begin;
    let heard: Vec<_> = (0..20).map(|_| call.say()).collect();
    assert!(heard[4..].iter().all(|&h| is_audio(h)), "{heard:?}");
    let quality = call.leg.quality();
    assert_eq!(
        (quality.duplicated, quality.ssrc_changes, quality.lost),
        (1, 0, 0)
    );
}

#[test]
fn a_new_codec_is_heard_at_once() {
    let mut call = Call::new(config());
    for _ in 0..10 {
        call.say();
    }
    call.change(Session {
        format: Format::of(Codec::Pcma),
        payload_type: 8,
        receive_payload_type: 8,
        ..session()
    });
    let old = call.next_packet(0, &tone_payload());
    call.rtp_from(PEER, &old);
    assert_eq!(call.leg.quality().wrong_payload_type, 1);
    let mut tone = [0; 160];
    media::codec::g711::decode(&media::codec::g711::ULAW, &tone_payload(), &mut tone);
    let mut payload = [0; 160];
    media::codec::g711::encode_alaw(&tone, &mut payload);
    for n in 0..10 {
        let packet = call.next_packet(8, &payload);
        call.timestamp = call.timestamp.wrapping_add(160);
        call.rtp_from(PEER, &packet);
        let heard = call.tick();
        assert!(n < 1 || is_audio(heard), "{heard:?} at {n}");
    }
}

#[test]
fn a_peer_that_may_send_both_laws_is_heard_in_either_packet_by_packet() {
    let mut tone = [0; 160];
    media::codec::g711::decode(&media::codec::g711::ULAW, &tone_payload(), &mut tone);
    let mut alaw = [0; 160];
    media::codec::g711::encode_alaw(&tone, &mut alaw);
    let heard = |other_law| {
        let mut config = config();
        config.session.other_law = other_law;
        let mut call = Call::new(config);
        let mut levels = Vec::new();
        for n in 0..50 {
            let is_mu = n / 3 % 2 == 0;
            let (kind, payload) = if is_mu { (0, tone_payload()) } else { (8, alaw) };
            let packet = call.next_packet(kind, &payload);
            call.timestamp = call.timestamp.wrapping_add(160);
            call.rtp_from(PEER, &packet);
            if let Heard::Audio { level } = call.tick() {
                levels.push(level.db());
            }
        }
        (levels, call.leg.quality())
    };
    let (levels, quality) = heard(Some(8));
    assert!(levels.len() >= 48, "{levels:?}");
    assert!(
        levels[2..].iter().all(|db| (-16..=-14).contains(db)),
        "{levels:?}"
    );
    assert_eq!((quality.wrong_payload_type, quality.concealed_ms), (0, 0));
    let (_, quality) = heard(None);
    assert_eq!(quality.wrong_payload_type, 24);
}

#[test]
fn comfort_noise_is_silence_and_no_loss() {
    let mut call = Call::new(config());
    for _ in 0..50 {
        call.say();
    }
    let noise = call.next_packet(13, &[70]);
    call.rtp_from(PEER, &noise);
    assert_eq!(call.leg.quality().noise_dbov, Some(-70));
    let heard: Vec<_> = (0..50).map(|_| call.tick()).collect();
    assert!(heard[3..].iter().all(|&h| h == Heard::Silence), "{heard:?}");
    call.timestamp = call.timestamp.wrapping_add(50 * 160);
    let after: Vec<_> = (0..5).map(|_| call.say()).collect();
    assert!(after[2..].iter().all(|&h| is_audio(h)), "{after:?}");
    let quality = call.leg.quality();
    assert_eq!((quality.comfort_noise, quality.lost, quality.resyncs), (1, 0, 0));
}

#[test]
fn reports_carry_what_was_sent_and_heard_and_measure_the_round_trip() {
    let mut call = Call::new(config());
    let mut reports = Vec::new();
    for n in 0..1_500u16 {
        if n % 10 == 9 {
            // Lost on the way.
            call.next_packet(0, &[]);
            call.timestamp = call.timestamp.wrapping_add(160);
            call.tick();
        } else {
            call.say();
        }
        call.send();
        for (to, bytes) in call.report() {
            assert_eq!(to, at(PEER_RTCP));
            reports.push(media::rtcp::parse(&bytes, SSRC).unwrap());
            answer(&mut call, reports.last().unwrap().info.unwrap());
        }
    }
    // Thirty seconds hold six to eight reports of about five seconds.
    assert!((5..=10).contains(&reports.len()), "{}", reports.len());
    let last = reports.last().unwrap();
    assert_eq!(last.sender, OURS);
    let block = last.block.unwrap();
    assert!(
        (20..=32).contains(&block.fraction_lost),
        "{}",
        block.fraction_lost
    );
    assert!(block.lost > 80 && block.last_report != 0, "{block:?}");
    let rtt = call.leg.quality().rtt_ms.unwrap();
    assert!((79..=81).contains(&rtt), "{rtt} ms");
    let quality = call.leg.quality();
    assert_eq!(
        (
            quality.remote_fraction_lost,
            quality.remote_lost_lately,
            quality.remote_lost,
            quality.remote_jitter_ms
        ),
        (Some(7), Some(7 * 256), Some(12), Some(5))
    );
}

/// The peer answers a report 50 ms after it came, 40 ms of way each way.
fn answer(call: &mut Call, info: SenderInfo) {
    let mut room = [0; ROOM];
    let block = Block {
        ssrc: OURS,
        fraction_lost: 7,
        lost: 12,
        jitter: 40,
        last_report: (info.ntp >> 16) as u32,
        since_last_report: 65_536 / 20,
        ..Block::default()
    };
    let report = Report {
        ssrc: SSRC,
        info: Some(info),
        block: Some(block),
        cname: "p",
        goodbye: false,
    };
    let length = report.write(&mut room);
    let later = call.now + Duration::from_millis(130);
    call.leg.on_rtcp(later, at(PEER_RTCP), &room[..length]);
}

#[test]
fn jitter_that_no_way_has_is_not_believed() {
    for (steps, told) in [
        (40, Some(5)),
        (8 * 59_999, Some(59_999)),
        (8 * 60_000, None),
        (u32::MAX, None),
    ] {
        let mut call = Call::new(config());
        call.say();
        let block = Block {
            ssrc: OURS,
            jitter: steps,
            ..Block::default()
        };
        let report = Report {
            ssrc: SSRC,
            info: None,
            block: Some(block),
            cname: "p",
            goodbye: false,
        };
        let mut room = [0; ROOM];
        let length = report.write(&mut room);
        call.rtcp_from(PEER_RTCP, &room[..length]);
        assert_eq!(call.leg.quality().remote_jitter_ms, told, "{steps}");
    }
}

#[test]
fn the_last_report_says_goodbye_and_one_from_the_peer_ends_nothing() {
    let mut call = Call::new(config());
    call.say();
    let mut sent = Vec::new();
    call.leg
        .goodbye(call.now, &mut |_, bytes| sent.push(bytes.to_vec()));
    assert!(media::rtcp::parse(&sent[0], 0).unwrap().goodbye);
    call.rtcp_from(PEER_RTCP, &sent[0]);
    assert_eq!(call.leg.quality().rtcp_byes, 1);
    for _ in 0..3 {
        call.say();
    }
    assert!(is_audio(call.say()));
}
