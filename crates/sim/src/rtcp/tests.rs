//! Reports against each other, and against another reader and writer.

use proptest::prelude::*;

use super::*;

const CLOCK_HZ: u32 = 8_000;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
fn epoch() -> Instant {
    Instant::now()
}

fn reports(ssrc: u32, epoch: Instant) -> Reports {
    Reports::new(ssrc, format!("sim-{ssrc}@127.0.0.1"), epoch, u64::from(ssrc))
}

fn sending(packets: u32) -> Sending {
    Sending {
        packets,
        octets: packets * 160,
        timestamp: packets * 160,
    }
}

/// What is reported at this moment.
fn written(reports: &mut Reports, now: Instant, packets: u32) -> Vec<u8> {
    reports.report(now, sending(packets));
    reports.poll_output().unwrap()
}

#[test]
fn the_round_trip_is_what_neither_side_kept() {
    for (there_ms, kept_ms, back_ms) in [(0, 0, 0), (1, 3_000, 1), (40, 4_900, 70), (900, 10, 1_100)] {
        let begin = epoch();
        let at = |ms: u64| begin + Duration::from_secs(7) + Duration::from_millis(ms);
        // Their clocks have nothing in common.
        let (mut near, mut far) = (reports(1, begin), reports(2, at(0)));
        near.packet(at(0), (2, 10, 0), CLOCK_HZ);
        far.packet(at(0), (1, 20, 0), CLOCK_HZ);
        let question = written(&mut near, at(0), 50);
        far.handle_input(at(there_ms), &question);
        let answer = written(&mut far, at(there_ms + kept_ms), 50);
        near.handle_input(at(there_ms + kept_ms + back_ms), &answer);
        let trip = near.found.trips.worst_ms().unwrap();
        assert!((trip - (there_ms + back_ms) as f64).abs() <= 0.1, "{trip} ms");
        assert_eq!((near.found.trips.count(), far.found.trips.count()), (1, 0));
    }
}

#[test]
fn a_trip_that_cannot_be_is_none() {
    let second = 1 << 16;
    for (last_report, since_last_report, now, trip) in [
        (7 * second, 2 * second, 10 * second, Some(1_000.0)),
        (0, 0, 10 * second, None),
        // It ends before it began: by less than clocks are apart, and by more.
        (7 * second, 3 * second + 60, 10 * second, Some(0.0)),
        (7 * second, 4 * second, 10 * second, None),
        (7 * second, 0, 80 * second, None),
        (u32::MAX - second, second, second - 1, Some(1_000.0)),
    ] {
        let block = Block {
            last_report,
            since_last_report,
            ..Block::default()
        };
        let found = round_trip_ms(now, &block).map(f64::round);
        assert_eq!(found, trip, "{block:?} at {now}");
    }
}

#[test]
fn intervals_are_five_seconds_by_chance_made_half_or_three_halves() {
    for (chance, ms) in [(0.0, 2_052), (0.5, 4_104), (1.0, 6_156)] {
        assert_eq!(interval(INTERVAL, chance).as_millis(), ms, "{chance}");
    }
    let begin = epoch();
    let mut ends = Vec::new();
    for ssrc in [1, 2, 3] {
        let mut reports = reports(ssrc, begin);
        assert_eq!(reports.poll_timeout(), None);
        reports.begin(begin);
        let first = reports.poll_timeout().unwrap() - begin;
        assert!((1_000..3_100).contains(&first.as_millis()), "{first:?}");
        for _ in 0..20 {
            let now = reports.poll_timeout().unwrap();
            written(&mut reports, now, 1);
            let next = reports.poll_timeout().unwrap() - now;
            assert!((2_000..6_200).contains(&next.as_millis()), "{next:?}");
        }
        ends.push(reports.poll_timeout());
    }
    ends.dedup();
    assert_eq!(ends.len(), 3, "every phone has times of its own");
}

#[test]
fn who_has_not_sent_for_two_reports_is_no_sender_any_more() {
    let now = epoch();
    let mut reports = reports(1, now);
    let kinds = [0, 50, 50, 50, 51].map(|packets| written(&mut reports, now, packets)[1]);
    assert_eq!(kinds, [201, 200, 200, 201, 200]);
}

#[test]
fn goodbye_is_said_once_and_by_nobody_who_was_silent() {
    let now = epoch();
    let mut silent = reports(1, now);
    silent.begin(now);
    silent.goodbye(now, sending(0));
    assert_eq!((silent.poll_output(), silent.poll_timeout()), (None, None));
    let mut one = reports(1, now);
    one.goodbye(now, sending(9));
    let last = one.poll_output().unwrap();
    assert!(media::rtcp::parse(&last, 0).unwrap().goodbye);
    let mut other = reports(2, now);
    other.handle_input(now, &last);
    assert_eq!((other.found.received, other.found.goodbyes), (1, 1));
}

#[test]
fn another_reader_finds_what_was_written() {
    let begin = epoch();
    let at = |ms: u64| begin + Duration::from_millis(ms);
    let mut near = reports(1, begin);
    for sequence in (65_500..=u16::MAX).chain(0..40).filter(|n| n % 4 != 1) {
        near.packet(at(0), (2, sequence, 0), CLOCK_HZ);
    }
    let mut far = reports(2, begin);
    let far_said = written(&mut far, at(1_000), 76);
    near.handle_input(at(1_100), &far_said);
    let digest = media::rtcp::parse(&written(&mut near, at(1_600), 80), 2).unwrap();
    let info = digest.info.unwrap();
    assert_eq!((digest.sender, digest.goodbye), (1, false));
    assert_eq!((info.packets, info.bytes, info.timestamp), (80, 12_800, 12_800));
    let block = digest.block.unwrap();
    assert_eq!((block.highest, block.fraction_lost), (0x1_0027, 64));
    assert_eq!((block.lost, block.jitter), (19, 0));
    // The far end's clock began at one second, and half a second has passed since its report came.
    assert_eq!((block.last_report, block.since_last_report), (2 << 16, 1 << 15));
}

#[test]
fn what_another_writer_says_is_found() {
    let now = epoch();
    for (lost, fraction) in [(-3, 0), (700, 26), (0x7f_ffff, 255)] {
        let mut room = [0; media::rtcp::ROOM];
        let block = media::rtcp::Block {
            ssrc: 1,
            fraction_lost: fraction,
            lost,
            ..media::rtcp::Block::default()
        };
        let report = media::rtcp::Report {
            ssrc: 2,
            info: None,
            block: Some(block),
            cname: "bridge",
            goodbye: true,
        };
        let length = report.write(&mut room);
        let mut first = reports(1, now);
        first.handle_input(now, &room[..length]);
        let found = &first.found;
        assert_eq!((found.lost, found.worst_fraction), (Some(lost), fraction));
        assert_eq!((found.goodbyes, found.malformed, found.trips.count()), (1, 0, 0));
        // About others nothing is taken.
        let mut third = reports(3, now);
        third.handle_input(now, &room[..length]);
        assert_eq!((third.found.lost, third.found.received), (None, 1));
    }
}

#[test]
fn what_is_no_report_is_counted_and_dropped() {
    let now = epoch();
    let mut reports = reports(1, now);
    let table: [(&str, &[u8]); 6] = [
        ("nothing", &[]),
        ("RTP", &[0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2]),
        ("a goodbye alone", &[0x81, 203, 0, 1, 0, 0, 0, 2]),
        ("half a report", &[0x80, 200, 0, 6, 0, 0, 0, 2]),
        (
            "a report of 31 blocks without them",
            &[0x9f, 201, 0, 1, 0, 0, 0, 2],
        ),
        ("version 1", &[0x40, 201, 0, 1, 0, 0, 0, 2]),
    ];
    for (count, (name, datagram)) in (1..).zip(table) {
        reports.handle_input(now, datagram);
        assert_eq!(
            (reports.found.malformed, reports.found.received),
            (count, 0),
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn no_datagram_makes_a_phone_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 199..208_u8) {
        let now = epoch();
        let mut reports = reports(1, now);
        reports.handle_input(now, &bytes);
        let mut like = bytes;
        if like.len() >= 4 {
            let words = (like.len() / 4 - 1) as u8;
            like.truncate(like.len() / 4 * 4);
            let head = [0x80 | (like[0] & 0x3f), kind, 0, words];
            like[..4].copy_from_slice(&head);
        }
        reports.handle_input(now, &like);
        prop_assert_eq!(reports.found.malformed + reports.found.received, 2);
    }
}
