//! The per-packet and per-tick paths of a leg never touch the heap.

mod common;

use std::time::Duration;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use common::{EVENT, OURS, PEER, PEER_RTCP, SSRC, at, config, epoch, rtp, session};
use media::rtcp::{Block, ROOM, Report};
use media::{Codec, Decode, Encoder, Format, Frame, Leg, LegEvent, OpusSend, Rate, Session};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// 20 ms of a tone that comes and goes.
fn said(encoder: &mut Encoder, n: u64) -> Vec<u8> {
    let mut frame = Frame::silence(encoder.format().codec().rate());
    let on = if n % 60 < 30 { 8_000.0 } else { 0.0 };
    let samples = frame.samples_mut().iter_mut().enumerate();
    samples.for_each(|(at, sample)| *sample = ((at as f64 * 0.3).sin() * on) as i16);
    let mut payload = [0; Codec::MAX_PAYLOAD];
    let length = encoder.encode(&frame, &mut payload);
    payload[..length].to_vec()
}

/// Everything that comes in during twenty seconds: loss, disorder, keys, rubbish, reports.
fn input(codec: Codec) -> Vec<(u64, bool, Vec<u8>)> {
    let mut encoder = Encoder::new(Format::of(codec));
    let steps = codec.clock_hz() / 50;
    let mut input = Vec::new();
    let mut room = [0; ROOM];
    for n in 0..1_000u64 {
        let timestamp = n as u32 * steps;
        let way = if n % 11 == 0 { 55 } else { n % 7 };
        if n % 13 != 0 {
            input.push((
                n * 20 + way,
                true,
                rtp(0, 2 * n as u16, timestamp, SSRC, &said(&mut encoder, n)),
            ));
        }
        input.push((
            n * 20,
            true,
            rtp(
                EVENT,
                2 * n as u16 + 1,
                timestamp / (10 * steps) * (10 * steps),
                SSRC,
                &[5, 0, 1, 64],
            ),
        ));
        if n % 50 == 0 {
            input.push((n * 20, true, vec![0xff; 40]));
            let block = Block {
                ssrc: OURS,
                ..Block::default()
            };
            let report = Report {
                ssrc: SSRC,
                info: None,
                block: Some(block),
                cname: "p",
                goodbye: false,
            };
            let length = report.write(&mut room);
            input.push((n * 20, false, room[..length].to_vec()));
        }
    }
    input.sort_by_key(|i| i.0);
    input
}

fn run(session: Session) -> (Leg, u32, u32) {
    let start = epoch();
    let codec = session.format.codec();
    let mut encoder = Encoder::new(session.format);
    let mut leg = Leg::new(media::LegConfig { session, ..config() }, start);
    let mut frame = Frame::silence(codec.rate());
    let mut payload = [0; Codec::MAX_PAYLOAD];
    let (peer, peer_rtcp) = (at(PEER), at(PEER_RTCP));
    let input = input(codec);
    let (mut sent, mut digits) = (0, 0);
    assert_no_alloc(|| {
        let mut waiting = input.iter().peekable();
        for tick in 0..1_000u64 {
            let now = start + Duration::from_millis(tick * 20 + 10);
            while let Some((ms, audio, packet)) = waiting.next_if(|i| i.0 <= tick * 20 + 10) {
                let at = start + Duration::from_millis(*ms);
                if *audio {
                    leg.on_rtp(at, peer, packet);
                } else {
                    leg.on_rtcp(at, peer_rtcp, packet);
                }
            }
            let decode = [Decode::Always, Decode::IfTalking, Decode::No][(tick / 100 % 3) as usize];
            leg.playout(now, decode, &mut frame);
            let length = encoder.encode(&frame, &mut payload);
            leg.send(now, &payload[..length], &mut |_, bytes| {
                sent += u32::from(!bytes.is_empty())
            });
            leg.rtcp(now, &mut |_, bytes| sent += u32::from(!bytes.is_empty()));
            while let Some(event) = leg.poll_event() {
                digits += u32::from(matches!(event, LegEvent::Digit { .. }));
            }
        }
        leg.goodbye(start + Duration::from_secs(20), &mut |_, _| sent += 1);
    });
    (leg, sent, digits)
}

#[test]
fn twenty_seconds_of_a_troubled_call_allocate_nothing() {
    let (leg, sent, digits) = run(Session {
        ptime_ms: 30,
        ..session()
    });
    let quality = leg.quality();
    assert!(
        quality.concealed_ms > 0 && quality.lost > 0 && quality.malformed > 0,
        "{quality:?}"
    );
    assert!(sent > 660 && digits == 100, "{sent} sent, {digits} digits");
}

#[test]
fn codecs_with_a_memory_allocate_nothing_either() {
    for codec in [
        Codec::G722,
        Codec::Opus(Rate::Hz8000),
        Codec::Opus(Rate::Hz16000),
        Codec::Opus(Rate::Hz48000),
    ] {
        let protected = OpusSend {
            fec_percent: 20,
            ..OpusSend::default()
        };
        let (leg, sent, digits) = run(Session {
            format: Format::with_opus(codec, protected),
            ..session()
        });
        let quality = leg.quality();
        assert!(
            quality.concealed_ms > 0 && quality.lost > 0,
            "{codec:?}: {quality:?}"
        );
        assert!(sent > 900 && digits > 90, "{sent} sent, {digits} digits");
    }
}

#[test]
fn listening_for_keys_in_the_audio_allocates_nothing() {
    let (leg, _, _) = run(Session {
        telephone_event: None,
        inband_digits: true,
        ..session()
    });
    assert!(leg.quality().received > 800);
}
