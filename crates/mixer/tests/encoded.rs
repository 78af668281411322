//! Prompts encoded before they are played sound as those that are mixed, and cost no encoding.

mod common;

use std::sync::Arc;

use common::{PEAK, Phone, World, clip, config, peak_of};
use media::{Clip, Codec, Encoder, Format, OpusSend, Rate, noise};
use mixer::{Encoded, Order, PlayId, Playlist, Report, ShardConfig, Sound, Stats, Target};

const CODECS: [Codec; 3] = [
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];
/// What the prompts sound like. It fits no tick evenly, so that a cut shows as a step of up to a whole peak.
const PROMPT: f64 = 313.0;
/// Ticks where one recording follows the other, or ends.
const SEAMS: [usize; 4] = [11, 12, 13, 31];

/// One phone that is in no room, on a line with noise; it has been there for a while.
fn world(codec: Codec, noise: &Clip) -> World {
    let noise = noise.clone();
    let mut world = World::with(0, ShardConfig { noise, ..config() });
    world.add_phone(Phone::new(0, codec));
    world.phones[0].speaks = false;
    world.run(500);
    world.listen_anew();
    world
}

fn line() -> Clip {
    noise::comfort_noise(&Rate::ALL)
}

fn sounds() -> Box<[Sound]> {
    Box::new([clip(PROMPT, 237), clip(PROMPT, 400)])
}

type Prepared = Box<[Arc<Encoded>]>;

fn encoded(format: Format, noise: &Clip) -> Prepared {
    let encode = |sound: &Sound| Encoded::new(sound.clone(), noise.clone(), format, &mut || {});
    sounds().iter().map(|sound| Arc::new(encode(sound))).collect()
}

fn play(world: &mut World, id: u64, encoded: Prepared) {
    let playlist = Playlist {
        encoded,
        ..Playlist::new(PlayId(id), sounds())
    };
    let to = Target::Leg(world.phones[0].key);
    world.order(Order::Play { to, playlist });
}

/// Payloads encoded before, and those made for the leg alone, while `what` is done.
fn spent(world: &mut World, what: impl FnOnce(&mut World)) -> (u64, u64) {
    let before = world.shard.stats();
    what(world);
    let Stats { read, own, .. } = world.shard.stats();
    (read - before.read, own - before.own)
}

/// Numbers of what has ended, and whether each was heard whole.
fn played(world: &mut World) -> Vec<(u64, bool)> {
    let told = |report| {
        if let Report::Played { id, completed } = report {
            return Some((id.0, completed));
        }
        None
    };
    world.reports().into_iter().filter_map(told).collect()
}

/// Largest step between two samples that the tone explains, with its ramps and what codecs add.
fn step(codec: Codec) -> i32 {
    let rate = f64::from(codec.rate().hz());
    let tone = 2.0 * PEAK * (std::f64::consts::PI * PROMPT / rate).sin();
    (1.5 * tone + 260.0) as i32
}

/// Loudness of each 20 ms of what was heard, as a part of the prompt's.
fn course(world: &World) -> Vec<f64> {
    let rate = world.phones[0].codec.rate();
    let ticks = world.phones[0].heard.chunks(rate.samples_per_tick());
    ticks.map(|tick| peak_of(PROMPT, rate, tick) / PEAK).collect()
}

#[test]
fn what_was_encoded_before_sounds_as_what_is_mixed_and_ends_as_it_does() {
    let noise = line();
    for codec in CODECS {
        let (mut mixed, mut read) = (world(codec, &noise), world(codec, &noise));
        play(&mut mixed, 1, Prepared::default());
        play(&mut read, 1, encoded(Format::of(codec), &noise));
        assert_eq!(spent(&mut mixed, |world| world.run(800)), (0, 32), "{codec:?}");
        assert_eq!(spent(&mut read, |world| world.run(800)), (32, 0), "{codec:?}");
        assert_eq!(played(&mut mixed), [(1, true)]);
        assert_eq!(played(&mut read), [(1, true)]);
        for (tick, (mixed, read)) in course(&mixed).iter().zip(course(&read)).enumerate() {
            // Each recording ends with a ramp and fills its last tick with silence.
            let most = match tick {
                0 => 0.2,
                tick if SEAMS.contains(&tick) => 0.35,
                _ => 0.12,
            };
            assert!((mixed - read).abs() < most, "{codec:?} {tick}: {mixed} {read}");
        }
        let worst = read.phones[0].worst_jump();
        assert!(worst < step(codec), "{codec:?}: {worst}");
    }
}

#[test]
fn one_that_is_cut_off_fades_and_the_next_begins_in_silence() {
    let noise = line();
    for codec in CODECS {
        let mut world = world(codec, &noise);
        let sound = encoded(Format::of(codec), &noise);
        for id in 1..6 {
            play(&mut world, id, sound.clone());
            let ticks = spent(&mut world, |world| world.run(160 + 20 * id));
            // The end of the one before is mixed.
            assert_eq!(
                ticks,
                (8 + id - u64::from(id > 1), u64::from(id > 1)),
                "{codec:?}"
            );
        }
        let leg = world.phones[0].key;
        world.order(Order::Hush { leg });
        assert_eq!(spent(&mut world, |world| world.run(200)), (0, 1), "{codec:?}");
        let expected: Vec<_> = (1..6).map(|id| (id, false)).collect();
        assert_eq!(played(&mut world), expected);
        let worst = world.phones[0].worst_jump();
        assert!(worst < step(codec), "{codec:?}: {worst}");
        assert!(course(&world).last() < Some(&0.02), "{codec:?}");
    }
}

#[test]
fn who_comes_into_a_room_meanwhile_hears_the_rest_mixed_and_without_a_jump() {
    let noise = line();
    for codec in CODECS {
        let mut world = world(codec, &noise);
        play(&mut world, 1, encoded(Format::of(codec), &noise));
        assert_eq!(spent(&mut world, |world| world.run(200)), (10, 0), "{codec:?}");
        world.gather(1);
        assert_eq!(spent(&mut world, |world| world.run(400)), (0, 20), "{codec:?}");
        let heard = course(&world);
        let whole = heard.iter().enumerate().skip(2);
        for (tick, part) in whole.filter(|(tick, _)| !SEAMS.contains(tick)) {
            // The first that is mixed comes of an encoder that has heard 20 ms of it.
            let most = if tick == 10 { 1.6 } else { 1.15 };
            assert!((0.75..most).contains(part), "{codec:?} {tick}: {part}");
        }
        let worst = world.phones[0].worst_jump();
        assert!(worst < step(codec), "{codec:?}: {worst}");
    }
}

/// Legs of which each has a mix of its own: so many that their encoders try least.
const CROWD: u64 = 70;

#[test]
fn in_a_rush_the_room_is_silent_beneath_a_prompt_that_costs_no_encoding_and_comes_back_behind_it() {
    let (codec, noise) = (Codec::Opus(Rate::Hz16000), Clip::default());
    let mut world = World::with(
        0,
        ShardConfig {
            max_legs: 80,
            ..config()
        },
    );
    for number in 0..CROWD {
        world.add_phone(Phone::new(number, codec));
        let phone = world.phones.last_mut().unwrap();
        (phone.speaks, phone.keeps) = (number == 1, number == 0);
    }
    // Far from the prompt.
    world.phones[1].hz = 1_950.0;
    world.gather(1);
    world.run(500);
    for n in 1..CROWD as usize {
        let to = Target::Leg(world.phones[n].key);
        let playlist = Playlist::new(PlayId(n as u64), Box::new([clip(PROMPT, 1_200)]));
        world.order(Order::Play { to, playlist });
    }
    world.run(100);
    world.listen_anew();
    let read = world.shard.stats().read;
    play(&mut world, 0, encoded(Format::of(codec), &noise));
    world.run(1_000);
    // A tick passes in which the room fades out.
    assert_eq!(world.shard.stats().read - read, 32);
    let talker = world.phones[1].hz;
    let heard = world.phones[0].heard.chunks(codec.rate().samples_per_tick());
    let talk: Vec<_> = heard
        .map(|tick| peak_of(talker, codec.rate(), tick) / PEAK)
        .collect();
    assert!(talk[3..30].iter().all(|part| *part < 0.1), "{talk:?}");
    assert!(talk[40..].iter().all(|part| *part > 0.8), "{talk:?}");
    let prompt = course(&world);
    assert!(
        prompt[5..11].iter().all(|part| (0.8..1.3).contains(part)),
        "{prompt:?}"
    );
}

#[test]
fn who_takes_another_format_or_comes_to_take_one_is_mixed_for() {
    let (codec, noise) = (Codec::Opus(Rate::Hz16000), line());
    let mut world = world(codec, &noise);
    let narrow = encoded(Format::of(Codec::Opus(Rate::Hz8000)), &noise);
    play(&mut world, 1, narrow);
    assert_eq!(spent(&mut world, |world| world.run(700)), (0, 32));
    play(&mut world, 2, encoded(Format::of(codec), &noise));
    assert_eq!(spent(&mut world, |world| world.run(200)), (10, 0));
    let fec_percent = 20;
    let format = Format::with_opus(
        codec,
        OpusSend {
            fec_percent,
            ..OpusSend::default()
        },
    );
    let (leg, encoder) = (world.phones[0].key, Encoder::new(format));
    world.order(Order::AdaptLeg { leg, encoder });
    assert_eq!(spent(&mut world, |world| world.run(440)), (0, 22));
    world.run(20);
    assert_eq!(played(&mut world), [(1, true), (2, true)]);
    let worst = world.phones[0].worst_jump();
    // Another encoder goes on; a cut would be a step of up to a whole peak.
    assert!(f64::from(worst) < PEAK / 2.0, "{worst}");
}

#[test]
fn it_is_made_at_the_pace_of_who_asks_and_tells_what_memory_it_takes() {
    let mut ticks = 0;
    let format = Format::of(Codec::Opus(Rate::Hz48000));
    let made = Encoded::new(clip(PROMPT, 237), line(), format, &mut || ticks += 1);
    assert_eq!((ticks, made.format()), (12, format));
    // 80 bytes and the place of its end for each 20 ms.
    assert!((12 * 40..12 * 160).contains(&made.size()), "{}", made.size());
}
