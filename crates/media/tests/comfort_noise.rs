//! Silence that is told in place of being sent (RFC 3389), both ways.

mod common;

use std::time::Duration;

use common::{Call, PEER, PEER_RTCP, SSRC, at, config, session};
use media::rtcp::{ROOM, Report};
use media::{ComfortNoise, Dbov, Direction, LegConfig, LegEvent, Session};

#[test]
fn comfort_noise_of_any_length_is_counted_and_gives_its_level() {
    let mut call = Call::new(config());
    call.say();
    for (payload, told) in [
        (&[][..], None),
        (&[61], Some(-61)),
        (&[0x80 | 50, 1, 2, 3], Some(-50)),
        (&[127], Some(-127)),
        (&[0; 640], Some(0)),
    ] {
        let before = call.leg.quality();
        let noise = call.next_packet(13, payload);
        call.rtp_from(PEER, &noise);
        let after = call.leg.quality();
        assert_eq!(
            (after.comfort_noise, after.malformed),
            (before.comfort_noise + 1, 0)
        );
        assert_eq!(after.noise_dbov, told.or(before.noise_dbov), "{payload:?}");
    }
}

/// A session in which both sides may suppress silence.
fn suppressing() -> Session {
    Session {
        comfort_noise: ComfortNoise::TakenAndSent,
        ..session()
    }
}

#[test]
fn rest_is_told_only_where_it_was_agreed_on_and_there_is_somebody_to_tell() {
    let no_one = "0.0.0.0:0".parse().unwrap();
    for (session, heard, told) in [
        (suppressing(), true, true),
        (suppressing(), false, false),
        (session(), true, false),
        (
            Session {
                comfort_noise: ComfortNoise::Taken,
                ..session()
            },
            true,
            false,
        ),
        (
            Session {
                direction: Direction::RecvOnly,
                ..suppressing()
            },
            true,
            false,
        ),
        (
            Session {
                rtp: no_one,
                ..suppressing()
            },
            false,
            false,
        ),
    ] {
        let mut call = Call::new(LegConfig {
            session: session.clone(),
            ..config()
        });
        if heard {
            call.say();
        }
        call.wait(Duration::from_secs(6));
        let mut packets = 0;
        let now = call.now;
        let rests = call.leg.rest(now, Dbov::new(-67), &mut |to, _| {
            assert_eq!(to, at(PEER));
            packets += 1;
        });
        let counted = call.leg.quality().comfort_noise_sent;
        assert_eq!(
            (rests, packets, counted),
            (told, u64::from(told), u64::from(told)),
            "{session:?}"
        );
    }
}

#[test]
fn who_may_be_silent_is_there_as_long_as_his_reports_come_and_others_are_not() {
    for (agreed, is_lost) in [(ComfortNoise::No, true), (ComfortNoise::Taken, false)] {
        let mut call = Call::new(LegConfig {
            session: Session {
                comfort_noise: agreed,
                ..session()
            },
            ..config()
        });
        call.say();
        let report = Report {
            ssrc: SSRC,
            info: None,
            block: None,
            cname: "peer",
            goodbye: false,
        };
        let mut room = [0; ROOM];
        let length = report.write(&mut room);
        for _ in 0..20 {
            call.wait(Duration::from_secs(5));
            call.rtcp_from(PEER_RTCP, &room[..length]);
        }
        let lost = |event: &LegEvent| matches!(event, LegEvent::MediaLost { .. });
        assert_eq!(call.events().iter().any(lost), is_lost, "{agreed:?}");
        call.wait(Duration::from_secs(61));
        assert_eq!(call.events().iter().any(lost), !is_lost, "{agreed:?}");
    }
}
