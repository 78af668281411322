//! Rooms in which nobody speaks cost nothing: their legs are sent what all others are who hear nothing but the noise of the line.

mod common;

use common::meeting::{Meeting, ROOM};
use common::{PEAK, PROMPT_HZ, Phone, World, config, peak_of, prompt};
use media::rtp::Packet;
use media::{Codec, Format, Rate};
use mixer::{Audience, Hears, Order, RoomKey, ShardConfig, Target};

const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];
/// Who talks, in PCMU; who listens; and who is in no room.
const TALKER: usize = 0;
const LISTENER: usize = 1;
const OUTSIDE: usize = 2;
/// Ticks until a room is sent as the noise: half a second for which the floor is kept, and as much again, and a few on the way.
const FALLS_QUIET: usize = 25 + 25 + 5;

fn alive() -> ShardConfig {
    ShardConfig {
        noise: media::noise::comfort_noise(&Rate::ALL),
        ..config()
    }
}

/// A room in which nobody has spoken yet, for a second. With `shares` there is an encoder of the noise in the listener's codec.
fn world(codec: Codec, shares: bool) -> World {
    let mut world = World::with(0, alive());
    for (number, codec) in (0..).zip([Codec::Pcmu, codec, codec]) {
        let mut phone = Phone::new(number, codec);
        phone.speaks = false;
        world.add_phone(phone);
    }
    world.open(1);
    [TALKER, LISTENER]
        .into_iter()
        .for_each(|phone| world.enter(phone, 1));
    if !shares && codec.has_memory() {
        let (whom, format) = (Audience::Nothing, Format::of(codec));
        world.order(Order::Unequip { whom, format });
    }
    world.run(1_000);
    world
}

/// The payload that a phone was sent last.
fn payload(phone: &Phone) -> Vec<u8> {
    let wire = phone.socket.0.borrow();
    let packet = Packet::parse(wire.last.bytes()).expect("a packet");
    packet.payload.to_vec()
}

/// Whether the listener is sent what is sent to the one who is in no room.
fn is_as_outside(world: &World) -> bool {
    payload(&world.phones[LISTENER]) == payload(&world.phones[OUTSIDE])
}

/// The talker says something for so many ticks, and then nothing for so many.
fn say(world: &mut World, ticks: usize, pause: usize) {
    for tick in 0..ticks + pause {
        world.phones[TALKER].speaks = tick < ticks;
        world.tick();
    }
}

#[test]
fn all_rooms_in_which_nobody_speaks_are_sent_the_same_as_who_is_in_none() {
    for codec in CODECS {
        let mut world = World::with(0, alive());
        for (place, number) in (0..9).enumerate() {
            world.add_phone(Phone::new(number, codec));
            world.phones[place].speaks = false;
            if place < 8 {
                world.open(number + 1);
                world.enter(place, number + 1);
            }
        }
        world.run(1_000);
        let before = world.shard.stats();
        for _ in 0..50 {
            world.tick();
            let first = payload(&world.phones[0]);
            assert!(
                world.phones.iter().all(|phone| payload(phone) == first),
                "{codec:?}"
            );
        }
        let after = world.shard.stats();
        let sent = (after.shared - before.shared, after.own - before.own);
        assert_eq!(sent, (9 * 50, 0), "{codec:?}");
    }
}

#[test]
fn a_room_is_sent_as_the_noise_half_a_second_behind_the_floor_and_by_itself_from_the_first_sound_on() {
    for codec in CODECS.into_iter().skip(2) {
        let mut world = world(codec, true);
        assert!(is_as_outside(&world), "{codec:?}: from its beginning");
        // A voice, and what is played to the room.
        for voice in [true, false] {
            if voice {
                say(&mut world, 20, 0);
            } else {
                let (to, playlist) = (Target::Room(RoomKey(1)), prompt(1, 400));
                world.order(Order::Play { to, playlist });
                world.run(400);
            }
            assert!(!is_as_outside(&world), "{codec:?}");
            let floor = if voice { 25 } else { 0 };
            let parted = (0..floor + 24).filter(|_| {
                say(&mut world, 0, 1);
                !is_as_outside(&world)
            });
            assert!(parted.count() > 0, "{codec:?}: it is not at once");
            say(&mut world, 0, FALLS_QUIET);
            assert!(is_as_outside(&world), "{codec:?}: behind it, voice {voice}");
        }
    }
}

/// What is heard of a row of words with long pauses between them, where the noise is shared in the pauses, and where it is not.
fn heard_of_words(codec: Codec) -> [Vec<i16>; 2] {
    [true, false].map(|shares| {
        let mut world = world(codec, shares);
        world.phones[TALKER].hz = 400.0;
        world.listen_anew();
        for pause in [0, 3, 8] {
            say(&mut world, 23, FALLS_QUIET + pause);
            assert_eq!(is_as_outside(&world), shares || !codec.has_memory(), "{codec:?}");
        }
        std::mem::take(&mut world.phones[LISTENER].heard)
    })
}

#[test]
fn codecs_without_memory_are_heard_to_the_bit_as_if_each_room_went_on_for_itself() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let [shared, whole] = heard_of_words(codec);
        assert!(shared == whole && shared.len() > 200 * 160, "{codec:?}");
    }
}

/// Ticks' worth of a tone that were heard in each tick.
fn levels(rate: Rate, heard: &[i16]) -> Vec<f64> {
    let ticks = heard.chunks_exact(rate.samples_per_tick());
    ticks.map(|tick| peak_of(400.0, rate, tick) / PEAK).collect()
}

#[test]
fn the_first_word_is_as_whole_as_in_a_room_that_went_on_for_itself() {
    for codec in CODECS {
        let [shared, whole] = heard_of_words(codec).map(|heard| levels(codec.rate(), &heard));
        let mut from = 0;
        for pause in [0, 3, 8] {
            let to = from + 23 + FALLS_QUIET + pause;
            let word = |levels: &[f64]| {
                let first = levels[from..].iter().position(|level| *level > 0.5);
                (first, levels[from..to].iter().sum::<f64>())
            };
            let ((first, all), (first_whole, all_whole)) = (word(&shared), word(&whole));
            let what = format!("{codec:?}: {all:.2} ticks of {all_whole:.2}, behind {pause}");
            assert!(
                first.is_some() && first == first_whole,
                "{what}: {first:?} {first_whole:?}"
            );
            assert!(
                (all - all_whole).abs() < 0.2 && (all - 23.0).abs() < 0.5,
                "{what}"
            );
            from = to;
        }
    }
}

#[test]
fn three_steady_tones_keep_their_levels_behind_a_long_quiet() {
    const TONES: [f64; 3] = [620.0, 1_030.0, 1_710.0];
    for codec in CODECS {
        let mut world = world(codec, true);
        for (number, hz) in (3..).zip(&TONES[1..]) {
            world.add_phone(Phone::new(number, Codec::Pcmu));
            world.enter(number as usize, 1);
            world.phones[number as usize].hz = *hz;
            world.phones[number as usize].speaks = false;
        }
        world.phones[TALKER].hz = TONES[0];
        world.run(5_000);
        for talker in [TALKER, 3, 4] {
            world.phones[talker].speaks = true;
        }
        world.run(200);
        for second in 0..4 {
            world.listen_anew();
            world.run(1_000);
            for hz in TONES {
                let peak = peak_of(hz, codec.rate(), &world.phones[LISTENER].heard);
                let off = 20.0 * (peak / PEAK).log10();
                assert!(
                    off.abs() < 0.5,
                    "{codec:?}: {hz} Hz is off by {off:.2} dB in second {second}"
                );
            }
        }
    }
}

#[test]
fn branches_of_a_meeting_fall_quiet_together_and_hear_the_first_word_of_each_other() {
    for codec in CODECS {
        let mut meeting = Meeting::with(alive, 8, &[&[Codec::Pcmu, codec], &[codec]]);
        meeting.shards[1].add_phone(Phone::new(9, codec));
        meeting.speak(&[]);
        meeting.run(1_000);
        let is_as_outside = |meeting: &Meeting| payload(meeting.phone(2)) == payload(meeting.phone(9));
        assert!(is_as_outside(&meeting), "{codec:?}");
        for _ in 0..2 {
            meeting.listen_anew();
            meeting.speak(&[0]);
            meeting.run(400);
            assert_eq!(meeting.heard_by(2), [0], "{codec:?}");
            meeting.speak(&[]);
            meeting.run(20 * FALLS_QUIET as u64);
            assert!(is_as_outside(&meeting), "{codec:?}");
            let (hz, rate) = (meeting.phone(0).hz, codec.rate());
            let ticks = meeting.phone(2).heard.chunks_exact(rate.samples_per_tick());
            let heard: f64 = ticks.map(|tick| peak_of(hz, rate, tick) / PEAK).sum();
            assert!((heard - 20.0).abs() < 0.6, "{codec:?}: {heard:.2} of 20 ticks");
        }
        meeting.order_all(|| Order::Queue {
            to: Target::Room(ROOM),
            playlist: prompt(7, 1_000),
        });
        meeting.run(400);
        assert!(meeting.level(2, PROMPT_HZ).abs() < 1.0, "{codec:?}");
    }
}

#[test]
fn who_comes_into_a_quiet_room_or_leaves_it_goes_on_hearing_the_noise() {
    for codec in CODECS {
        let mut world = world(codec, true);
        world.listen_anew();
        for _ in 0..3 {
            world.route(LISTENER, true, Hears::Nothing);
            world.run(300);
            assert!(is_as_outside(&world), "{codec:?}");
            world.route(LISTENER, true, Hears::Room);
            world.run(300);
            assert!(is_as_outside(&world), "{codec:?}");
        }
        let loudest = world.phones[LISTENER]
            .heard
            .iter()
            .map(|sample| sample.unsigned_abs());
        assert!(loudest.max() < Some(200), "{codec:?}");
    }
}
