//! Packets of Opus as phones may send them: of any length, of one frame or several, in each of its modes, in mono and stereo by turns.

mod common;

use common::{Call, PEER, config, session};
use media::{Codec, Format, Heard, Quality, Rate, Session};
use opus::{Application, Bandwidth, Bitrate, Channels, Encoder, Signal};

const TYPE: u8 = 96;
/// Steps of the clock, and samples of the phone, in a tick.
const TICK: usize = 960;

fn call() -> Call {
    let mut config = config();
    config.session = Session {
        format: Format::of(Codec::Opus(Rate::Hz48000)),
        payload_type: TYPE,
        receive_payload_type: TYPE,
        ..session()
    };
    Call::new(config)
}

/// What a phone says from this sample on, in each of its channels: a tone of 700 Hz, -15 dBov.
fn said(first: usize, count: usize, channels: Channels) -> Vec<i16> {
    let at = |n: usize| (n as f64 / 48_000.0 * 700.0 * std::f64::consts::TAU).sin() * 8_000.0;
    (first..first + count)
        .flat_map(|n| [at(n) as i16; 2].into_iter().take(channels as usize))
        .collect()
}

/// The phone's next packet, of so many samples.
fn send(call: &mut Call, payload: &[u8], samples: usize) {
    let packet = call.next_packet(TYPE, payload);
    call.timestamp = call.timestamp.wrapping_add(samples as u32);
    call.rtp_from(PEER, &packet);
}

/// Two seconds of a phone that says this in packets of so many samples: what was heard in each tick.
fn heard_in(samples: usize, mut payload: impl FnMut(usize) -> Vec<u8>) -> (Vec<Heard>, Quality) {
    let mut call = call();
    let mut sent = 0;
    let heard = (1..=100).map(|tick| {
        while sent + samples <= tick * TICK {
            send(&mut call, &payload(sent), samples);
            sent += samples;
        }
        call.tick()
    });
    let heard = heard.collect();
    (heard, call.leg.quality())
}

fn is_loud(heard: &Heard) -> bool {
    matches!(heard, Heard::Audio { level } if (-18..=-12).contains(&level.db()))
}

#[track_caller]
fn is_whole(name: &str, (heard, quality): &(Vec<Heard>, Quality)) {
    assert!(heard[20..].iter().all(is_loud), "{name}: {heard:?}");
    let faults = [
        quality.lost,
        quality.late,
        quality.overflowed,
        quality.concealed_ms,
        quality.resyncs,
        quality.malformed,
    ];
    assert_eq!(faults, [0; 6], "{name}: {quality:?}");
}

#[test]
fn packets_of_any_length_that_opus_has_are_heard_whole() {
    for samples in [120, 240, 480, 960, 1_920, 2_880, 3_840, 4_800, 5_760] {
        for channels in [Channels::Mono, Channels::Stereo] {
            let mut phone = Encoder::new(48_000, channels, Application::Voip).unwrap();
            phone.set_bitrate(Bitrate::Bits(64_000)).unwrap();
            let found = heard_in(samples, |first| {
                phone.encode_vec(&said(first, samples, channels), 1_400).unwrap()
            });
            is_whole(&format!("{samples} samples, {channels:?}"), &found);
        }
    }
}

/// Two packets of one frame each, of the same configuration, as one of two frames (RFC 6716, section 3.2, codes 2 and 3).
fn joined(first: &[u8], second: &[u8], code: u8) -> Vec<u8> {
    let (head, one, two) = (first[0] | code, &first[1..], &second[1..]);
    let length = match one.len() {
        short @ 0..252 => vec![short as u8],
        long => vec![252 + (long as u8 & 3), ((long - 252 - (long & 3)) / 4) as u8],
    };
    // Code 3: two frames of lengths of their own, unpadded.
    let count: &[u8] = if code == 3 { &[0x80 | 2] } else { &[] };
    [&[head][..], count, &length, one, two].concat()
}

#[test]
fn packets_of_several_frames_are_heard_whole() {
    for code in [2, 3] {
        let mut phone = Encoder::new(48_000, Channels::Mono, Application::LowDelay).unwrap();
        phone.set_bitrate(Bitrate::Bits(48_000)).unwrap();
        phone.set_bandwidth(Bandwidth::Fullband).unwrap();
        let found = heard_in(2 * TICK, |first| {
            let [one, two] = [first, first + TICK].map(|first| {
                let said = said(first, TICK, Channels::Mono);
                phone.encode_vec(&said, 1_400).unwrap()
            });
            // Alone in CELT each packet is one frame, and of the same kind.
            assert!(one[0] & 3 == 0 && one[0] == two[0], "{:#x} {:#x}", one[0], two[0]);
            joined(&one, &two, code)
        });
        is_whole(&format!("code {code}"), &found);
    }
}

/// A phone that sends in this way.
fn phone(bits: i32, band: Bandwidth, channels: Channels, application: Application) -> (Encoder, Channels) {
    let mut phone = Encoder::new(48_000, channels, application).unwrap();
    phone.set_bitrate(Bitrate::Bits(bits)).unwrap();
    phone.set_max_bandwidth(band).unwrap();
    phone.set_signal(Signal::Voice).unwrap();
    (phone, channels)
}

/// The way of coding that a packet has (RFC 6716, table 2), and whether it is stereo.
fn mode(packet: &[u8]) -> (&'static str, bool) {
    let name = match packet[0] >> 3 {
        0..12 => "SILK",
        12..16 => "hybrid",
        _ => "CELT",
    };
    (name, packet[0] & 4 != 0)
}

#[test]
fn a_phone_that_changes_its_mode_and_channels_all_the_time_is_heard_on() {
    use opus::Application::{LowDelay, Voip};
    use opus::Channels::{Mono, Stereo};
    let mut phones = [
        phone(20_000, Bandwidth::Wideband, Mono, Voip),
        phone(96_000, Bandwidth::Fullband, Stereo, LowDelay),
        phone(32_000, Bandwidth::Fullband, Mono, Voip),
        phone(40_000, Bandwidth::Wideband, Stereo, Voip),
        phone(64_000, Bandwidth::Fullband, Mono, LowDelay),
    ];
    let (mut call, mut modes, mut faint) = (call(), Vec::new(), 0);
    for tick in 0..500 {
        let place = tick / 25 % phones.len();
        let (phone, channels) = &mut phones[place];
        let packet = phone
            .encode_vec(&said(tick * TICK, TICK, *channels), 1_400)
            .unwrap();
        if !modes.contains(&mode(&packet)) {
            modes.push(mode(&packet));
        }
        send(&mut call, &packet, TICK);
        let heard = call.tick();
        // Where the way of coding changes, the decoder turns one into the other, and a new encoder warms up.
        let is_settled = tick >= 20 && tick % 25 >= 10;
        faint += u32::from(is_settled && !is_loud(&heard));
    }
    let quality = call.leg.quality();
    assert!(modes.len() >= 4, "{modes:?}");
    assert_eq!(faint, 0, "{quality:?}");
    assert_eq!(
        (quality.lost, quality.late, quality.concealed_ms, quality.resyncs),
        (0, 0, 0, 0),
        "{quality:?}"
    );
}

#[test]
fn packets_of_nothing_and_of_rubbish_cost_no_more_than_their_own_time() {
    let mut phone = Encoder::new(48_000, Channels::Mono, Application::Voip).unwrap();
    let mut call = call();
    let mut heard = Vec::new();
    for tick in 0..100 {
        let good = phone
            .encode_vec(&said(tick * TICK, TICK, Channels::Mono), 1_400)
            .unwrap();
        // Nothing, with the time of the packet behind it; and once two frames, the first longer than both.
        send(&mut call, &[], 0);
        let payload = if tick == 50 { vec![0xfa, 200, 1] } else { good };
        send(&mut call, &payload, TICK);
        heard.push(call.tick());
    }
    let quality = call.leg.quality();
    assert_eq!((quality.received, quality.lost), (200, 0));
    assert!(quality.concealed_ms <= 40, "{quality:?}");
    assert!(heard[60..].iter().all(is_loud), "{heard:?}");
}
