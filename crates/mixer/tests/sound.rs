//! What is done to a voice on its way: levelled, turned up and down, keys taken out; and what is found out about it.

mod common;

use std::f64::consts::TAU;

use common::{PEAK, Phone, World};
use media::{Codec, Echo, Rate, Session};
use mixer::{LegKey, Order, Report};

const HZ: usize = 8_000;

/// Something like speech, faint: syllables of gliding harmonics, words with pauses between them.
fn murmur(seconds: usize, peak: f64) -> Vec<i16> {
    let mut phase = 0.0;
    let syllable = HZ * 9 / 50;
    (0..seconds * HZ)
        .map(|n| {
            let (number, at) = (n / syllable, (n % syllable) as f64 / syllable as f64);
            let pitch = 110.0 + 17.0 * (number * 7 % 5) as f64 + 60.0 * at;
            phase += pitch / HZ as f64;
            let formant = 400.0 + 300.0 * (number * 11 % 4) as f64 + 250.0 * at;
            let voice: f64 = (1..16)
                .map(|h| {
                    let near = (pitch * f64::from(h) - formant) / 200.0;
                    (phase * f64::from(h) * TAU).sin() / (1.0 + near * near)
                })
                .sum();
            let is_word = number % 9 < 6;
            let loud = (at * std::f64::consts::PI).sin().powi(2);
            (voice * loud * if is_word { peak / 3.0 } else { 0.0 }) as i16
        })
        .collect()
}

/// Level of what was heard in the loud parts, dB.
fn loudness(audio: &[i16]) -> f64 {
    let powers = audio
        .chunks(HZ / 50)
        .map(|tick| tick.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / tick.len() as f64);
    let mut powers: Vec<f64> = powers.collect();
    powers.sort_by(f64::total_cmp);
    let loud = &powers[powers.len() / 2..];
    10.0 * (loud.iter().sum::<f64>() / loud.len() as f64).log10()
}

/// Two phones in a room; the first murmurs, the second only listens.
fn murmuring(peak: f64) -> World {
    let mut world = World::speaking(&[Codec::Pcmu, Codec::Pcmu]);
    world.phones[0].says = murmur(30, peak);
    world.phones[1].speaks = false;
    world.gather(1);
    world
}

#[test]
fn a_faint_caller_is_heard_louder_and_a_loud_one_softer_and_both_alike() {
    let levels = [1_500.0, 14_000.0].map(|peak| {
        let mut world = murmuring(peak);
        world.run(20_000);
        world.listen_anew();
        world.run(10_000);
        let said = loudness(&world.phones[0].says);
        let heard = loudness(&world.phones[1].heard);
        assert_eq!(heard > said, peak < 5_000.0, "{heard} {said}");
        heard
    });
    assert!((levels[0] - levels[1]).abs() < 4.0, "{levels:?}");
}

#[test]
fn gain_level_comes_on_top_of_levelling() {
    let mut world = murmuring(2_000.0);
    world.run(20_000);
    let mut level = |db| {
        world.order(Order::Gain { leg: LegKey(0), db });
        world.run(60);
        world.listen_anew();
        world.run(9_720);
        loudness(&world.phones[1].heard)
    };
    let plain = level(0);
    for db in [6, -6, -12] {
        let off = level(db) - plain - f64::from(db);
        assert!(off.abs() < 1.5, "{db} dB: {off}");
    }
}

#[test]
fn a_levelled_voice_is_taken_out_of_what_its_owner_hears_to_the_last_bit() {
    let heard = |murmurs: bool| {
        let mut world = World::speaking(&[Codec::Pcmu, Codec::Pcmu, Codec::G722]);
        world.phones[0].says = murmur(30, 1_500.0);
        world.phones[0].speaks = murmurs;
        world.gather(1);
        world.run(12_000);
        world.phones.swap_remove(0).heard
    };
    assert!(heard(true) == heard(false));
}

#[test]
fn a_tone_is_heard_as_loud_as_it_is_said_for_as_long_as_it_lasts() {
    let mut world = World::new(2);
    world.gather(1);
    for _ in 0..60 {
        world.run(1_000);
        let ratio = world.phones[1].hears(world.phones[0].hz) / PEAK;
        assert!((0.97..1.03).contains(&ratio), "{ratio}");
    }
}

#[test]
fn gain_level_is_honoured_within_half_a_decibel() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut world = World::speaking(&[codec, Codec::Pcmu]);
        world.gather(1);
        for db in [-20, -13, -7, -3, -1, 0, 1, 3, 7, 13, 18] {
            world.order(Order::Gain { leg: LegKey(0), db });
            world.run(300);
            let heard = 20.0 * (world.phones[1].hears(world.phones[0].hz) / PEAK).log10();
            assert!(
                (heard - f64::from(db)).abs() < 0.5,
                "{codec:?}: {heard:.2} for {db} dB"
            );
        }
    }
}

/// What is told of one leg, by second.
fn told<T>(
    world: &mut World,
    seconds: u64,
    mut what: impl FnMut(&Report<common::SimSocket>) -> Option<T>,
) -> Vec<(u64, T)> {
    let mut told = Vec::new();
    for second in 0..seconds {
        world.run(1_000);
        told.extend(
            world
                .reports()
                .iter()
                .filter_map(|report| Some((second, what(report)?))),
        );
    }
    told
}

#[test]
fn music_is_told_when_it_is_suspected_and_when_it_is_over() {
    let mut world = World::new(2);
    world.phones[1].speaks = false;
    world.gather(1);
    let music = |report: &Report<_>| {
        let Report::Music { leg, suspected } = report else {
            return None;
        };
        Some((leg.0, *suspected))
    };
    let heard = told(&mut world, 30, music);
    assert!(matches!(heard[..], [(15..25, (0, true))]), "{heard:?}");
    world.phones[0].speaks = false;
    let heard = told(&mut world, 30, music);
    assert!(matches!(heard[..], [(0..20, (0, false))]), "{heard:?}");
}

#[test]
fn an_echo_is_told_of_the_leg_that_makes_it_with_its_delay_and_loss() {
    let mut world = World::speaking(&[Codec::Pcmu, Codec::Pcma, Codec::Pcmu]);
    world.phones[0].says = murmur(30, 9_000.0);
    world.phones[1].echoes = Some(12);
    world.phones[2].speaks = false;
    world.gather(1);
    let echo = |report: &Report<_>| {
        let Report::Echo { leg, suspected } = report else {
            return None;
        };
        Some((leg.0, *suspected))
    };
    let heard = told(&mut world, 30, echo);
    assert!(
        matches!(
            heard[..],
            [(
                0..20,
                (
                    1,
                    Some(Echo {
                        delay_ms: 240..=300,
                        loss_db: 11..=17
                    })
                )
            )]
        ),
        "{heard:?}"
    );
    world.phones[1].echoes = None;
    world.phones[1].speaks = false;
    let heard = told(&mut world, 30, echo);
    assert!(matches!(heard[..], [(0..15, (1, None))]), "{heard:?}");
}

/// Keys, 80 ms each, after one another, with half a second between them; and a murmur in front and behind.
fn keyed() -> Vec<i16> {
    let mut audio = murmur(2, 6_000.0);
    for (low, high) in [
        (697.0, 1_209.0),
        (770.0, 1_336.0),
        (852.0, 1_477.0),
        (941.0, 1_336.0),
    ] {
        let tone = (0..HZ * 8 / 100).map(|n| {
            let t = n as f64 * TAU / HZ as f64;
            (5_000.0 * ((t * low).sin() + (t * high).sin())) as i16
        });
        audio.extend(tone);
        audio.extend([0; HZ / 2]);
    }
    audio
}

#[test]
fn nobody_hears_keys_in_the_audio_and_words_before_them_are_whole() {
    let mut world = World::new(0);
    let mut phone = Phone::new(0, Codec::Pcmu);
    phone.says = keyed();
    let session = Session {
        telephone_event: None,
        inband_digits: true,
        ..phone.session()
    };
    world.add_phone(phone);
    world.add(1);
    world.phones[1].speaks = false;
    world.change(0, session);
    world.gather(1);
    world.run(2_000 + 200);
    let digit = |report: &Report<_>| {
        let Report::Digit { key, .. } = report else {
            return None;
        };
        Some(*key)
    };
    let words = loudness(&world.phones[1].heard);
    world.listen_anew();
    world.run(2_000);
    let digits: String = world.reports().iter().filter_map(digit).collect();
    assert_eq!(digits, "1590");
    let power = |audio: &[i16]| audio.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let said = power(&keyed()[2 * HZ..]);
    let heard = power(&world.phones[1].heard);
    assert!(10.0 * (heard / said).log10() < -60.0, "{heard} of {said}");
    assert!(words > 50.0, "{words}");
}

#[test]
fn speech_of_every_codec_is_levelled() {
    for codec in [Codec::G722, Codec::Opus(Rate::Hz48000)] {
        let mut world = World::speaking(&[codec, Codec::Pcmu]);
        let factor = codec.rate().hz() as usize / HZ;
        let said = murmur(10, 1_500.0);
        world.phones[0].says = said
            .iter()
            .flat_map(|sample| std::iter::repeat_n(*sample, factor))
            .collect();
        world.phones[1].speaks = false;
        world.gather(1);
        world.run(10_000);
        world.listen_anew();
        world.run(10_000);
        let lifted = loudness(&world.phones[1].heard) - loudness(&said);
        assert!(lifted > 5.0, "{codec:?}: {lifted} dB");
    }
}
