//! What strangers and broken peers send: dropped, counted, without harm to the call.

mod common;

use common::{Call, EVENT, OURS, PEER, PEER_RTCP, SSRC, STRANGER, config, rtp, tone_payload};
use media::{Codec, Decode, Format, Heard, LegEvent, LevelFormat, Quality, Rate};
use proptest::prelude::*;

/// A call that has talked for a second.
fn talking() -> Call {
    let mut call = Call::new(config());
    for _ in 0..50 {
        call.say();
    }
    call
}

fn with_first_byte(first: u8, tail: &[u8]) -> Vec<u8> {
    let mut packet = ours(0, tail);
    packet[0] = first;
    packet
}

/// Which counter a datagram must move.
type Counter = fn(&Quality) -> u64;

type Case = (&'static str, &'static str, Vec<u8>, Counter);

fn ours(payload_type: u8, payload: &[u8]) -> Vec<u8> {
    rtp(payload_type, 14, 0, SSRC, payload)
}

fn lies_about_lengths() -> Vec<Case> {
    let heads: [(&str, u8, &[u8]); 13] = [
        ("version 0", 0x00, &[0; 160]),
        ("version 1", 0x40, &[0; 160]),
        ("version 3", 0xc0, &[0; 160]),
        ("15 sources in no bytes", 0x8f, &[]),
        ("4 sources in 15 bytes", 0x84, &[0; 15]),
        ("extension cut in its head", 0x90, &[0; 3]),
        ("extension of 65535 words", 0x90, &[0xbe, 0xde, 0xff, 0xff]),
        ("extension one word too long", 0x90, &[0, 0, 0, 2, 0, 0, 0, 0]),
        ("padding of nothing", 0xa0, &[]),
        ("padding of 0", 0xa0, &[1, 0]),
        ("padding of 255", 0xa0, &[1, 2, 255]),
        ("padding one too long", 0xa0, &[0, 3]),
        ("padding into the extension", 0xb0, &[0, 0, 0, 1, 0, 0, 0, 9]),
    ];
    let whole: [(&str, Vec<u8>); 7] = [
        ("empty", vec![]),
        ("one byte", vec![0x80]),
        ("eleven bytes", vec![0x80; 11]),
        ("all bits set", vec![0xff; 1_500]),
        ("a payload of 183 ms", ours(0, &[0xff; 1_464])),
        ("a payload of 64 KiB", ours(0, &vec![0; 65_000])),
        (
            "a STUN binding request",
            [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[0; 12]].concat(),
        ),
    ];
    let heads = heads.map(|(name, first, tail)| (name, with_first_byte(first, tail)));
    let events = (0..4).map(|n| ("an event cut short", ours(EVENT, &[1; 4][..n])));
    whole
        .into_iter()
        .chain(heads)
        .chain(events)
        .map(|(name, packet)| (name, PEER, packet, (|q| q.malformed) as Counter))
        .collect()
}

fn wrong_types() -> Vec<Case> {
    let table: [(&str, Vec<u8>); 5] = [
        ("another codec", ours(8, &tone_payload())),
        ("G.729", ours(18, &[0; 20])),
        ("another event type", ours(96, &[1, 10, 0, 160])),
        ("type 127", ours(127, &tone_payload())),
        (
            "RTCP on the RTP port",
            [&[0x80, 200, 0, 6][..], &[0; 24]].concat(),
        ),
    ];
    table
        .map(|(name, packet)| (name, PEER, packet, (|q| q.wrong_payload_type) as Counter))
        .into()
}

fn wrong_sources() -> Vec<Case> {
    let sane = ours(0, &tone_payload());
    let payload = tone_payload();
    vec![
        ("a sane packet of a stranger", STRANGER, sane.clone(), |q| {
            q.foreign
        }),
        ("one of the peer's other port", "192.0.2.10:4002", sane, |q| {
            q.foreign
        }),
        ("rubbish of a stranger", STRANGER, vec![0xff; 3], |q| q.foreign),
        ("another source", PEER, rtp(0, 14, 0, 999, &payload), |q| {
            q.ssrc_refused
        }),
        (
            "the right source far ahead",
            PEER,
            rtp(0, 30_000, 0, SSRC, &payload),
            |q| q.ssrc_refused,
        ),
        ("a packet seen before", PEER, rtp(0, 13, 0, SSRC, &payload), |q| {
            q.duplicated
        }),
    ]
}

#[test]
fn every_hostile_packet_is_dropped_counted_and_leaves_the_call_whole() {
    let table = [lies_about_lengths(), wrong_types(), wrong_sources()].concat();
    assert!(table.len() >= 30);
    for (name, from, packet, counter) in table {
        let mut call = talking();
        // 65500 + 50 packets: the next sequence number is 14.
        assert_eq!(call.sequence, 14);
        let before = call.leg.quality();
        call.rtp_from(from, &packet);
        let after = call.leg.quality();
        assert_eq!(counter(&after), counter(&before) + 1, "{name}");
        let counted = [
            after.malformed,
            after.foreign,
            after.wrong_payload_type,
            after.ssrc_refused,
            after.duplicated,
        ];
        assert_eq!(counted.iter().sum::<u64>(), 1, "{name} is counted once");
        assert_eq!(call.events(), [], "{name}");
        if packet.get(1) == Some(&EVENT) {
            call.sequence += 1;
        }
        for _ in 0..5 {
            assert!(matches!(call.say(), Heard::Audio { .. }), "{name}");
        }
    }
}

#[test]
fn timestamps_that_leap_as_far_as_they_can_in_every_packet_end_no_call() {
    for codec in [
        Codec::Opus(Rate::Hz48000),
        Codec::Opus(Rate::Hz16000),
        Codec::G722,
    ] {
        let mut config = config();
        config.session.format = Format::of(codec);
        let mut call = Call::new(config);
        for n in 0..100_000 {
            let packet = call.next_packet(0, &[8; 3]);
            call.rtp_from(PEER, &packet);
            call.timestamp = call.timestamp.wrapping_add(i32::MAX as u32);
            if n % 1_000 == 0 {
                call.tick();
            }
        }
        let quality = call.leg.quality();
        assert_eq!((quality.received, quality.jitter_ms), (100_000, 0), "{codec:?}");
    }
}

#[test]
fn hostile_reports_are_dropped_and_counted() {
    let mut call = talking();
    let table: [(&str, &str, Vec<u8>); 8] = [
        ("empty", PEER_RTCP, vec![]),
        ("four bytes", PEER_RTCP, vec![0x80, 201, 0, 0]),
        (
            "a source description alone",
            PEER_RTCP,
            vec![0x81, 202, 0, 1, 0, 0, 0, 1],
        ),
        ("a goodbye alone", PEER_RTCP, vec![0x81, 203, 0, 1, 0, 0, 0, 1]),
        (
            "31 blocks in no bytes",
            PEER_RTCP,
            vec![0x9f, 201, 0, 1, 0, 0, 0, 1],
        ),
        (
            "a compound whose second length lies",
            PEER_RTCP,
            vec![0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 202, 0, 9, 0, 0],
        ),
        (
            "padding inside a compound",
            PEER_RTCP,
            vec![
                0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1,
            ],
        ),
        ("RTP", PEER_RTCP, rtp(0, 1, 1, SSRC, &tone_payload())),
    ];
    for (n, (name, from, packet)) in table.into_iter().enumerate() {
        call.rtcp_from(from, &packet);
        assert_eq!(call.leg.quality().malformed, n as u64 + 1, "{name}");
    }
    call.rtcp_from(STRANGER, &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    let quality = call.leg.quality();
    assert_eq!((quality.foreign, quality.rtcp_received), (1, 0));
}

#[test]
fn ten_thousand_sources_leave_the_followed_one_undisturbed() {
    let mut call = talking();
    for ssrc in 0..10_000u32 {
        call.rtp_from(
            PEER,
            &rtp(0, ssrc as u16, ssrc, ssrc | 0x4000_0000, &tone_payload()),
        );
    }
    assert_eq!(call.leg.quality().ssrc_refused, 10_000);
    assert!(matches!(call.say(), Heard::Audio { .. }));
}

#[test]
fn a_flood_of_keys_fills_a_bounded_queue_and_is_counted() {
    let mut call = talking();
    for n in 0..1_000u32 {
        call.timestamp = call.timestamp.wrapping_add(160);
        let event = call.next_packet(EVENT, &[(n % 16) as u8, 0x80, 0, 160]);
        call.rtp_from(PEER, &event);
    }
    let events = call.events();
    assert!(events.len() <= 32, "{}", events.len());
    assert!(events.iter().any(|e| matches!(e, LegEvent::Digit { .. })));
    let quality = call.leg.quality();
    assert_eq!(quality.digits, 1_000);
    assert!(quality.digits_dropped >= 960);
}

#[test]
fn a_burst_larger_than_the_buffer_is_refused_and_the_delay_stays_capped() {
    let mut call = talking();
    for _ in 0..500 {
        let packet = call.next_packet(0, &tone_payload());
        call.timestamp = call.timestamp.wrapping_add(160);
        call.rtp_from(PEER, &packet);
    }
    let quality = call.leg.quality();
    assert!(quality.overflowed + quality.late >= 400, "{quality:?}");
    for _ in 0..100 {
        call.tick();
        assert!(call.leg.quality().depth_ms <= 240);
    }
}

#[test]
fn timestamps_that_leap_with_every_packet_overflow_nothing() {
    let mut config = config();
    config.session.format = Format::of(Codec::Opus(Rate::Hz48000));
    let mut call = Call::new(config);
    for n in 0..120_000u32 {
        call.timestamp = call.timestamp.wrapping_add(i32::MAX as u32);
        let audio = call.next_packet(0, &[0xf8, 1, 2, 3]);
        call.rtp_from(PEER, &audio);
        if n % 100 == 0 {
            let key = call.next_packet(EVENT, &[1, 0x80, 0, 160]);
            call.rtp_from(PEER, &key);
            call.tick();
        }
    }
    assert_eq!(call.leg.quality().received, 121_200);
}

/// A report that is well formed, whatever it says and of whom.
fn any_report() -> impl Strategy<Value = Vec<u8>> {
    let mostly = |ssrc| prop_oneof![3 => Just(ssrc), 1 => any::<u32>()];
    let words = any::<[u32; 5]>;
    (any::<bool>(), mostly(SSRC), words(), mostly(OURS), words()).prop_map(
        |(sends, sender, info, about, block)| {
            let (kind, info) = if sends {
                (200, &info[..])
            } else {
                (201, &info[..0])
            };
            let words = [&[sender][..], info, &[about][..], &block[..]].concat();
            let body: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            [&[0x81, kind, 0, words.len() as u8][..], &body[..]].concat()
        },
    )
}

/// A packet with a header extension of either form, or none.
fn extended() -> impl Strategy<Value = Vec<u8>> {
    let profile = prop_oneof![Just(0xbede_u16), Just(0x1000), any::<u16>()];
    let words = proptest::collection::vec(any::<u8>(), 0..6);
    (0u16..100, profile, words).prop_map(|(sequence, profile, words)| {
        let length = words.len() as u16;
        let content = words.iter().flat_map(|byte| [*byte, 1, 0x90, 0]);
        let mut packet = rtp(0, sequence, u32::from(sequence) * 160, SSRC, &[]);
        packet[0] |= 0x10;
        packet.extend(profile.to_be_bytes().into_iter().chain(length.to_be_bytes()));
        packet.extend(content.chain(tone_payload()));
        packet
    })
}

fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let payload = proptest::collection::vec(any::<u8>(), 0..200);
    let types = prop_oneof![Just(0u8), Just(EVENT), Just(13), any::<u8>()];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        extended(),
        (types, any::<u16>(), any::<u32>(), 0u32..6, payload).prop_map(
            |(kind, sequence, timestamp, ssrc, payload)| rtp(kind, sequence, timestamp, ssrc, &payload)
        ),
        // Beginnings of Opus packets of every kind, with lengths that lie.
        (
            0u16..100,
            0u32..48_000,
            any::<u8>(),
            proptest::collection::vec(any::<u8>(), 0..1_400)
        )
            .prop_map(|(sequence, timestamp, toc, rest)| rtp(
                0,
                sequence,
                timestamp,
                SSRC,
                &[&[toc], &rest[..]].concat()
            )),
        (0u16..100, 0u32..16_000, 0usize..640).prop_map(|(sequence, timestamp, length)| rtp(
            0,
            sequence,
            timestamp,
            SSRC,
            &vec![0x55; length]
        )),
    ]
}

const CODECS: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_packets_in_any_order_make_a_leg_panic(
        inband: bool,
        codec in 0usize..CODECS.len(),
        decode in 0usize..3,
        level in proptest::option::of((0u8..16, any::<bool>())),
        packets in proptest::collection::vec((any_packet(), 0u64..60), 0..80),
    ) {
        let mut config = config();
        config.session.inband_digits = inband;
        if inband {
            config.session.telephone_event = None;
        }
        config.session.format = Format::of(CODECS[codec]);
        config.session.audio_level = level.map(|(id, voice_flag)| LevelFormat { id, voice_flag });
        let mut call = Call::new(config);
        call.decode = [Decode::Always, Decode::IfTalking, Decode::No][decode];
        for (packet, wait) in packets {
            call.rtp_from(PEER, &packet);
            call.rtcp_from(PEER_RTCP, &packet);
            call.now += std::time::Duration::from_millis(wait);
            if wait % 3 == 0 {
                call.tick();
                call.send();
                call.report();
            }
        }
        call.wait(std::time::Duration::from_millis(400));
        // The cap, and the packet that was whole when it was reached: Opus has up to 120 ms in one.
        prop_assert!(call.leg.quality().depth_ms <= 360);
    }

    #[test]
    fn no_reports_make_a_leg_panic_whatever_they_say(
        reports in proptest::collection::vec((any_report(), 0u64..10_000), 1..40),
    ) {
        let mut call = talking();
        for (report, wait) in &reports {
            call.rtcp_from(PEER_RTCP, report);
            call.now += std::time::Duration::from_millis(*wait);
            call.say();
            call.report();
            let _ = call.leg.quality().outbound();
        }
        prop_assert_eq!(call.leg.quality().rtcp_received, reports.len() as u64);
    }
}
