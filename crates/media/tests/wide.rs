//! Legs of G.722 and Opus: levels, loss, pauses, and what is not decoded.

mod common;

use std::time::Duration;

use common::{Call, EVENT, PEER, at, config, session};
use media::{Codec, Decode, Encoder, Format, Frame, Heard, LegEvent, OpusSend, Quality, Rate, Session};
use opus::{Application, Bitrate, Channels, Signal};

const WIDE: [Codec; 4] = [
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

/// A peer that says something, 20 ms at a time.
struct Talk {
    call: Call,
    codec: Codec,
    encoder: Encoder,
    said: usize,
}

impl Talk {
    fn new(format: Format) -> Self {
        let codec = format.codec();
        let mut config = config();
        config.session = Session {
            format,
            payload_type: 96,
            receive_payload_type: 96,
            ..session()
        };
        Self {
            call: Call::new(config),
            codec,
            encoder: Encoder::new(format),
            said: 0,
        }
    }

    fn of(codec: Codec) -> Self {
        Self::new(Format::of(codec))
    }

    /// The next packet; its payload is empty where the codec sends none.
    fn next(&mut self, sound: impl Fn(f64) -> f64) -> Vec<u8> {
        let rate = self.codec.rate();
        let mut frame = Frame::silence(rate);
        for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
            *sample = sound((self.said + n) as f64 / f64::from(rate.hz())) as i16;
        }
        self.said += rate.samples_per_tick();
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let length = self.encoder.encode(&frame, &mut payload);
        let packet = (length > 0).then(|| self.call.next_packet(96, &payload[..length]));
        self.call.timestamp = self.call.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        packet.unwrap_or_default()
    }

    /// One tick in which the packet arrives.
    fn say(&mut self, sound: impl Fn(f64) -> f64) -> Heard {
        let packet = self.next(sound);
        if !packet.is_empty() {
            self.call.rtp_from(PEER, &packet);
        }
        self.call.tick()
    }

    fn go_on(&mut self, ticks: usize, sound: impl Fn(f64) -> f64) {
        for _ in 0..ticks {
            self.say(&sound);
        }
    }

    fn quality(&self) -> Quality {
        self.call.leg.quality()
    }
}

fn tone(time: f64) -> f64 {
    (time * 700.0 * std::f64::consts::TAU).sin() * 8_000.0
}

/// Syllables, five a second, with pauses between them.
fn speech(time: f64) -> f64 {
    let syllable = (time * 5.0).floor();
    let pitch = 100.0 + 13.0 * (syllable % 5.0);
    let swell = (time * 5.0 * std::f64::consts::PI).sin().powi(2);
    let pulse = (time * pitch).fract();
    (-pulse * 6.0).exp() * (pulse * 40.0).sin() * swell * 20_000.0
}

fn silence(_: f64) -> f64 {
    0.0
}

/// The noise of a line, −72 dBov.
fn faint(time: f64) -> f64 {
    let mixed = ((time * 48_000.0) as u32).wrapping_mul(2_654_435_761);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
    f64::from(mixed >> 16) / 65_536.0 * 28.0 - 14.0
}

#[test]
fn every_codec_gives_the_level_that_was_said_without_loss_or_delay_of_its_own() {
    for codec in WIDE {
        let mut talk = Talk::of(codec);
        let heard: Vec<_> = (0..100).map(|_| talk.say(tone)).collect();
        for heard in &heard[10..] {
            let is_level = matches!(heard, Heard::Audio { level } if (-16..=-14).contains(&level.db()));
            assert!(is_level, "{codec:?}: {heard:?}");
        }
        let quality = talk.quality();
        assert_eq!(
            (quality.received, quality.lost, quality.late, quality.concealed_ms),
            (100, 0, 0, 0)
        );
        assert!(
            quality.depth_ms <= 25 && quality.jitter_ms == 0,
            "{codec:?}: {quality:?}"
        );
    }
}

/// Two seconds of a tone in the left channel of a stereo phone, or `in_both`: how loud it is heard over how loud it is on the left, dB, and
/// what was counted.
fn heard_in_stereo(bits: i32, in_both: bool) -> (f64, Quality) {
    let mut phone = opus::Encoder::new(48_000, Channels::Stereo, Application::Voip).unwrap();
    phone.set_bitrate(Bitrate::Bits(bits)).unwrap();
    // Else the tone is taken for music, and all is CELT.
    phone.set_signal(Signal::Voice).unwrap();
    let mut talk = Talk::of(Codec::Opus(Rate::Hz48000));
    let (right, energy) = (i16::from(in_both), |sample: &i16| f64::from(*sample).powi(2));
    let (mut said, mut heard) = (0.0, 0.0);
    for tick in 0..100 {
        let left = (0..960).map(|n| tone(f64::from(tick * 960 + n) / 48_000.0) as i16);
        let samples: Vec<i16> = left.flat_map(|left| [left, right * left]).collect();
        let payload = phone.encode_vec(&samples, 1_000).unwrap();
        let (is_stereo, is_celt) = (payload[0] & 4 != 0, payload[0] >> 3 >= 16);
        assert!(
            is_stereo && is_celt == (bits > 64_000),
            "{bits}: {:#x}",
            payload[0]
        );
        let packet = talk.call.next_packet(96, &payload);
        talk.call.timestamp = talk.call.timestamp.wrapping_add(960);
        talk.call.rtp_from(PEER, &packet);
        talk.call.tick();
        if tick >= 20 {
            said += samples.iter().step_by(2).map(energy).sum::<f64>();
            heard += talk.call.frame.samples().iter().map(energy).sum::<f64>();
        }
    }
    (10.0 * f64::log10(heard / said), talk.quality())
}

#[test]
fn a_stereo_phone_is_heard_at_the_mean_of_its_channels() {
    // SILK at the lower bit rate, CELT at the higher one.
    for bits in [40_000, 96_000] {
        for (in_both, expected) in [(true, 0.0), (false, -6.0)] {
            let (db, quality) = heard_in_stereo(bits, in_both);
            assert!((db - expected).abs() < 1.0, "{bits} {in_both}: {db:.2} dB");
            assert_eq!(
                (quality.received, quality.lost, quality.late, quality.concealed_ms),
                (100, 0, 0, 0),
                "{bits} {in_both}"
            );
        }
    }
}

#[test]
fn what_is_sent_has_the_clock_of_the_codec() {
    for (codec, steps) in [(Codec::G722, 160), (Codec::Opus(Rate::Hz16000), 960)] {
        let mut talk = Talk::of(codec);
        let mut frame = Frame::silence(codec.rate());
        let mut timestamps = Vec::new();
        for n in 0..10 {
            frame
                .samples_mut()
                .iter_mut()
                .enumerate()
                .for_each(|(at, s)| *s = tone((at + n) as f64 * 1e-4) as i16);
            let mut payload = [0; Codec::MAX_PAYLOAD];
            let length = talk.encoder.encode(&frame, &mut payload);
            assert!(length > 0 && codec.duration(&payload[..length]) == codec.rate().samples_per_tick());
            talk.call
                .leg
                .send(talk.call.now, &payload[..length], &mut |to, datagram| {
                    let packet = media::rtp::Packet::parse(datagram).unwrap();
                    assert_eq!(
                        (to, packet.payload_type, packet.payload),
                        (at(PEER), 96, &payload[..length])
                    );
                    timestamps.push(packet.timestamp);
                });
            talk.call.tick();
        }
        assert_eq!(timestamps.len(), 10);
        assert!(
            timestamps
                .windows(2)
                .all(|pair| pair[1].wrapping_sub(pair[0]) == steps)
        );
    }
}

/// Says speech for five seconds over a way of 40 ms that loses every tenth packet.
fn lossy(format: Format) -> Quality {
    let mut talk = Talk::new(format);
    let mut on_their_way = std::collections::VecDeque::new();
    for n in 0..250 {
        let packet = talk.next(speech);
        on_their_way.push_back((n % 10 != 7).then_some(packet));
        // Uneven by 40 ms, so that the buffer is deep enough for the packet behind a lost one to be there.
        if n % 3 == 2 {
            for packet in on_their_way.drain(..).flatten() {
                talk.call.rtp_from(PEER, &packet);
            }
        }
        talk.call.tick();
    }
    talk.quality()
}

#[test]
fn lost_packets_come_back_from_the_redundancy_of_the_next_and_are_invented_without_it() {
    let codec = Codec::Opus(Rate::Hz16000);
    let plain = lossy(Format::of(codec));
    assert_eq!(plain.recovered_ms, 0);
    assert!(plain.concealed_ms >= 400, "{plain:?}");
    let protected = Format::with_opus(
        codec,
        OpusSend {
            fec_percent: 20,
            ..OpusSend::default()
        },
    );
    let quality = lossy(protected);
    assert!(quality.recovered_ms >= 340, "{quality:?}");
    assert_eq!(quality.recovered_ms, 20 * quality.recovered);
    assert!(quality.concealed_ms <= 150, "{quality:?}");
}

#[test]
fn a_long_packet_that_comes_back_is_one_that_was_not_lost() {
    let mut talk = Talk::of(Codec::Opus(Rate::Hz16000));
    let mut phone = opus::Encoder::new(16_000, Channels::Mono, Application::Voip).unwrap();
    phone.set_bitrate(Bitrate::Bits(32_000)).unwrap();
    // CELT has no redundancy.
    phone.set_signal(Signal::Voice).unwrap();
    phone.set_inband_fec(true).unwrap();
    phone.set_packet_loss_perc(20).unwrap();
    let mut on_their_way = Vec::new();
    for n in 0..100 {
        // 60 ms a packet, two at a time; every tenth is lost.
        let samples = n * 960..(n + 1) * 960;
        let samples: Vec<i16> = samples
            .map(|at| speech(f64::from(at) / 16_000.0) as i16)
            .collect();
        let payload = phone.encode_vec(&samples, 1_000).unwrap();
        let packet = talk.call.next_packet(96, &payload);
        talk.call.timestamp = talk.call.timestamp.wrapping_add(2_880);
        on_their_way.extend((n % 10 != 4).then_some(packet));
        if n % 2 == 1 {
            for packet in on_their_way.drain(..) {
                talk.call.rtp_from(PEER, &packet);
            }
        }
        for _ in 0..3 {
            talk.call.tick();
        }
    }
    let quality = talk.quality();
    assert!((5..=10).contains(&quality.recovered), "{quality:?}");
    assert_eq!(quality.recovered_ms, 60 * quality.recovered);
    let unheard = quality.lost + quality.late - quality.recovered;
    assert!(
        (quality.inbound().loss - unheard as f64 / 100.0).abs() < 1e-9,
        "{quality:?}"
    );
}

#[test]
fn redundancy_is_waited_for_through_pauses_too_and_not_anew_at_each_word() {
    let opus = OpusSend {
        fec_percent: 20,
        ..OpusSend::default()
    };
    let mut talk = Talk::new(Format::with_opus(Codec::Opus(Rate::Hz16000), opus));
    for n in 0..1_000 {
        let talks = n / 50 % 2 == 0;
        let packet = talk.next(|time| if talks { speech(time) } else { 0.0 });
        if n % 20 != 7 {
            talk.call.rtp_from(PEER, &packet);
        }
        talk.call.tick();
    }
    let quality = talk.quality();
    assert!(quality.recovered_ms >= 400, "{quality:?}");
    assert!(
        quality.stretched_ms <= 40 && quality.shortened_ms <= 20,
        "{quality:?}"
    );
}

#[test]
fn a_lost_packet_leaves_no_hole_in_any_codec() {
    for codec in WIDE {
        let mut talk = Talk::of(codec);
        for n in 0..100 {
            let packet = talk.next(tone);
            if n % 10 != 5 || n < 20 {
                talk.call.rtp_from(PEER, &packet);
            }
            talk.call.tick();
            let level = media::Dbov::of(talk.call.frame.samples()).db();
            assert!(n < 20 || level > -40, "{codec:?}: {level} dBov at {n}");
        }
        assert!(
            (100..=240).contains(&talk.quality().concealed_ms),
            "{codec:?}: {:?}",
            talk.quality()
        );
    }
}

#[test]
fn silence_that_shows_is_not_decoded_and_the_first_word_after_it_is_whole() {
    for (codec, background) in [
        (Codec::Opus(Rate::Hz16000), silence as fn(f64) -> f64),
        (Codec::G722, silence),
        (Codec::G722, faint),
        (Codec::Pcmu, silence),
        (Codec::Pcmu, faint),
        (Codec::Pcma, faint),
    ] {
        the_first_word_is_whole(codec, background);
    }
}

fn the_first_word_is_whole(codec: Codec, background: fn(f64) -> f64) {
    let whole = |decode: Decode| {
        let mut talk = Talk::of(codec);
        talk.go_on(200, background);
        talk.call.decode = decode;
        let mut skipped = 0;
        for _ in 0..100 {
            skipped += u32::from(talk.say(background) == Heard::Skipped);
        }
        let mut heard = Vec::new();
        for _ in 0..25 {
            talk.say(|time| speech(time - 6.0));
            heard.extend_from_slice(talk.call.frame.samples());
        }
        (skipped, heard)
    };
    let (spared, heard) = whole(Decode::IfTalking);
    let (none, reference) = whole(Decode::Always);
    assert!(spared >= 90 && none == 0, "{codec:?}: {spared} of 100 spared");
    let energy = |samples: &[i16]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let difference: Vec<i16> = heard
        .iter()
        .zip(&reference)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    let ratio = energy(&difference) / energy(&reference);
    assert!(ratio < 0.02, "{codec:?}: {ratio:.4} of the energy differs");
}

#[test]
fn who_is_not_to_be_heard_is_not_decoded_and_comes_back_at_his_level() {
    for codec in WIDE.into_iter().chain([Codec::Pcmu]) {
        let mut talk = Talk::of(codec);
        talk.go_on(20, tone);
        talk.call.decode = Decode::No;
        assert!((0..50).all(|_| talk.say(tone) == Heard::Skipped), "{codec:?}");
        talk.call.decode = Decode::Always;
        let heard: Vec<_> = (0..10).map(|_| talk.say(tone)).collect();
        let is_loud =
            |heard: &Heard| matches!(heard, Heard::Audio { level } if (-17..=-13).contains(&level.db()));
        assert!(heard[1..].iter().all(is_loud), "{codec:?}: {heard:?}");
        assert_eq!(talk.quality().concealed_ms, 0);
    }
}

#[test]
fn ten_ms_of_a_word_at_the_end_of_a_tick_are_heard() {
    let mut call = Call::new(config());
    call.decode = Decode::IfTalking;
    let mut heard = Vec::new();
    for n in 0..60 {
        let payload = if n == 41 { [0x90; 80] } else { [0xff; 80] };
        let packet = call.next_packet(0, &payload);
        call.timestamp = call.timestamp.wrapping_add(80);
        call.rtp_from(PEER, &packet);
        if n % 2 == 1 {
            heard.push((
                call.tick(),
                call.frame.samples().iter().any(|sample| *sample != 0),
            ));
        }
    }
    let audible: Vec<_> = heard.iter().filter(|(_, sounds)| *sounds).collect();
    assert_eq!(audible.len(), 1, "{heard:?}");
    assert!(matches!(audible[0].0, Heard::Audio { .. }), "{heard:?}");
    assert!(
        heard[5..]
            .iter()
            .filter(|(heard, _)| *heard == Heard::Skipped)
            .count()
            >= 22,
        "{heard:?}"
    );
}

#[test]
fn a_tone_that_swells_out_of_silence_is_heard_in_g722_within_half_a_second() {
    let mut talk = Talk::of(Codec::G722);
    talk.go_on(50, silence);
    let begin = talk.said as f64 / 16_000.0;
    talk.call.decode = Decode::IfTalking;
    let swell = |time: f64| {
        let since = time - begin;
        (since * 150.0 * std::f64::consts::TAU).sin() * 800.0 * (since / 0.5).min(1.0)
    };
    let loud = |heard: Heard| matches!(heard, Heard::Audio { level } if level >= media::Dbov::AUDIBLE);
    let heard = (0..60).position(|_| loud(talk.say(swell)));
    assert!(heard.is_some_and(|ticks| ticks <= 28), "{heard:?}");
}

#[test]
fn a_tone_that_opus_takes_for_noise_is_heard_within_half_a_second_all_the_same() {
    let mut talk = Talk::of(Codec::Opus(Rate::Hz16000));
    talk.go_on(500, tone);
    talk.call.decode = Decode::IfTalking;
    let heard = (0..30)
        .filter(|_| matches!(talk.say(tone), Heard::Audio { .. }))
        .count();
    assert!(heard > 0);
}

/// A phone of Opus that was silent for twenty seconds, on a decoder that spares what it can, and how many of the last ten were decoded.
fn long_silent(format: Format, background: fn(f64) -> f64) -> (Talk, usize) {
    let mut talk = Talk::new(format);
    talk.call.decode = Decode::IfTalking;
    talk.go_on(500, background);
    let decoded = (0..500).filter(|_| talk.say(background) != Heard::Skipped);
    let count = decoded.count();
    (talk, count)
}

#[test]
fn what_no_flag_tells_of_is_heard_after_a_long_silence_at_once_or_within_two_seconds() {
    let constant = OpusSend {
        cbr: true,
        ..OpusSend::default()
    };
    // Ticks of ten seconds with some of a packet that was decoded: each packet may touch two. And ticks until the tone is heard, three of them
    // for the jitter buffer.
    for (send, background, most_decoded, most_unheard) in [
        (OpusSend::default(), silence as fn(f64) -> f64, 18, 3),
        (OpusSend::default(), faint, 18, 104),
        (constant, silence, 60, 30),
        (constant, faint, 60, 30),
    ] {
        let format = Format::with_opus(Codec::Opus(Rate::Hz16000), send);
        let (mut talk, decoded) = long_silent(format, background);
        assert!(decoded <= most_decoded, "{send:?}: {decoded} of 500 decoded");
        // An encoder that has heard the tone for long takes it for noise: no voice flag is up any more.
        let mut used = Talk::new(format);
        used.go_on(500, tone);
        talk.encoder = used.encoder;
        let is_loud = |heard: Heard| matches!(heard, Heard::Audio { level } if level >= media::Dbov::AUDIBLE);
        let unheard = (0..120).position(|_| is_loud(talk.say(tone)));
        assert!(
            unheard.is_some_and(|ticks| ticks <= most_unheard),
            "{send:?}: {unheard:?}"
        );
    }
}

#[test]
fn the_first_word_after_a_silence_of_twenty_seconds_is_whole() {
    let rising = |time: f64| tone(time) * (time / 2.0).min(1.0);
    for (name, sound) in [
        ("speech", speech as fn(f64) -> f64),
        ("a tone that rises", rising),
    ] {
        let heard = |decode: Decode| {
            let (mut talk, _) = long_silent(Format::of(Codec::Opus(Rate::Hz16000)), silence);
            talk.call.decode = decode;
            let begin = talk.said as f64 / 16_000.0;
            let mut heard = Vec::new();
            for _ in 0..25 {
                let word = talk.say(|time| sound(time - begin));
                heard.extend_from_slice(talk.call.frame.samples());
                if matches!(word, Heard::Audio { level } if level >= media::Dbov::AUDIBLE) {
                    // As the mixer does whose gate has opened.
                    talk.call.decode = Decode::Always;
                }
            }
            heard
        };
        let (spared, whole) = (heard(Decode::IfTalking), heard(Decode::Always));
        let energy = |samples: &mut dyn Iterator<Item = f64>| samples.map(|s| s * s).sum::<f64>();
        let both = spared.iter().zip(&whole);
        let difference = energy(&mut both.map(|(a, b)| f64::from(*a) - f64::from(*b)));
        let ratio = difference / energy(&mut whole.iter().map(|s| f64::from(*s)));
        assert!(ratio < 0.02, "{name}: {ratio:.4} of the energy differs");
    }
}

#[test]
fn discontinued_transmission_is_a_pause_and_no_loss() {
    let dtx = OpusSend {
        dtx: true,
        ..OpusSend::default()
    };
    let mut talk = Talk::new(Format::with_opus(Codec::Opus(Rate::Hz16000), dtx));
    let mut sent = 0;
    for n in 0..400 {
        let talks = n % 200 < 50;
        let packet = talk.next(|time| if talks { speech(time) } else { 0.0 });
        if !packet.is_empty() {
            sent += 1;
            talk.call.rtp_from(PEER, &packet);
        }
        talk.call.tick();
    }
    let quality = talk.quality();
    assert!(sent < 250, "{sent} packets sent");
    assert_eq!((quality.lost, quality.late), (0, 0));
    assert!(quality.concealed_ms < 400, "{quality:?}");
    assert!(talk.call.events().is_empty());
    talk.call.wait(Duration::from_secs(1));
}

#[test]
fn another_codec_in_the_call_is_heard_at_once_whatever_it_is() {
    for from in WIDE.into_iter().chain([Codec::Pcmu]) {
        for to in WIDE.into_iter().chain([Codec::Pcma]).filter(|to| *to != from) {
            let mut talk = Talk::of(from);
            talk.go_on(20, tone);
            talk.call.change(Session {
                format: Format::of(to),
                payload_type: 96,
                receive_payload_type: 96,
                ..session()
            });
            (talk.codec, talk.encoder) = (to, Encoder::new(Format::of(to)));
            let heard: Vec<_> = (0..10).map(|_| talk.say(tone)).collect();
            let is_loud = |heard: &Heard| matches!(heard, Heard::Audio { level } if level.db() > -17);
            assert!(heard[3..].iter().all(is_loud), "{from:?} to {to:?}: {heard:?}");
            assert_eq!(talk.call.frame.rate(), to.rate());
        }
    }
}

/// A second of one sound, a key of 120 ms on a clock of its own over another, and the first again; what is heard from the key on, and told.
fn press_on_another_clock(around: fn(f64) -> f64, beneath: fn(f64) -> f64) -> (Vec<Heard>, Vec<LegEvent>) {
    let mut talk = Talk::of(Codec::Opus(Rate::Hz48000));
    talk.go_on(50, around);
    let start = talk.call.timestamp;
    let (mut heard, mut told) = (Vec::new(), Vec::new());
    for n in 1..=8u16 {
        let duration = (n.min(6) * 160).to_be_bytes();
        let end = if n > 5 { 0x80 } else { 0 };
        let mut packet = talk.call.next_packet(EVENT, &[7, end, duration[0], duration[1]]);
        packet[4..8].copy_from_slice(&start.to_be_bytes());
        talk.call.rtp_from(PEER, &packet);
        heard.push(talk.say(if n <= 6 { beneath } else { around }));
        told.extend(talk.call.events());
    }
    heard.extend((0..30).map(|_| talk.say(around)));
    (heard, told)
}

#[test]
fn keys_on_a_clock_of_their_own_are_told_and_blank_the_audio_beneath_them_and_no_more() {
    let is_loud = |heard: &&Heard| matches!(heard, Heard::Audio { level } if level.db() > -40);
    let (heard, told) = press_on_another_clock(silence, tone);
    assert_eq!(told[0], LegEvent::Digit { key: '7' });
    assert!(
        matches!(told[1..], [LegEvent::DigitEnd { key: '7', .. }]),
        "{told:?}"
    );
    assert_eq!(heard.iter().filter(is_loud).count(), 0, "{heard:?}");
    let (heard, _) = press_on_another_clock(tone, silence);
    assert!(heard.iter().filter(is_loud).count() >= 38 - 8, "{heard:?}");
}
