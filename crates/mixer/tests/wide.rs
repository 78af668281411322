//! Narrow and wide codecs in one room: everybody at his best, and the costly work done once.

mod common;

use common::{PEAK, TALKERS, World, peak_of};
use media::{Codec, Rate};
use mixer::{Audience, Hears, Order, Room, RoomKey};

const ALL: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

fn db(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-9).log10()
}

/// How loud `listener` hears `speaker` over the last 200 ms, over how loud it speaks, in dB.
fn level(world: &World, listener: usize, speaker: usize) -> f64 {
    let (ear, mouth) = (&world.phones[listener], &world.phones[speaker]);
    let rate = ear.codec.rate();
    let last = &ear.heard[ear.heard.len() - 10 * rate.samples_per_tick()..];
    db(peak_of(mouth.hz, rate, last) / PEAK)
}

#[test]
fn every_codec_hears_every_other_at_its_level_and_never_itself() {
    let mut world = World::speaking(&ALL);
    for (speaker, mouth) in ALL.into_iter().enumerate() {
        (0..ALL.len()).for_each(|n| world.phones[n].speaks = n == speaker);
        if speaker == 0 {
            world.gather(1);
        }
        world.run(1_500);
        for (listener, ear) in ALL.into_iter().enumerate() {
            let heard = level(&world, listener, speaker);
            if listener == speaker {
                assert!(heard < -60.0, "{mouth:?} hears itself at {heard:.1} dB");
            } else {
                assert!(heard.abs() < 1.0, "{mouth:?} to {ear:?}: {heard:.2} dB");
            }
        }
    }
}

#[test]
fn wide_ears_hear_what_narrow_ears_cannot() {
    let mut world = World::speaking(&[Codec::G722, Codec::G722, Codec::Pcmu, Codec::Opus(Rate::Hz48000)]);
    world.phones[0].hz = 6_000.0;
    (1..4).for_each(|n| world.phones[n].speaks = false);
    world.gather(1);
    world.run(600);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 3, 0).abs() < 1.5);
    // Folded down it would be a tone of 2,000 Hz.
    world.phones[0].hz = 2_000.0;
    assert!(level(&world, 2, 0) < -50.0, "{}", level(&world, 2, 0));
}

#[test]
fn a_thousandth_of_the_encoding_serves_all_who_listen() {
    let mut codecs = vec![Codec::Opus(Rate::Hz48000); 30];
    codecs.extend([Codec::Pcmu; 20]);
    let mut world = World::speaking(&codecs);
    world
        .phones
        .iter_mut()
        .skip(2)
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.run(1_000);
    let before = world.shard.stats();
    world.run(200);
    let after = world.shard.stats();
    assert_eq!((after.own - before.own, after.shared - before.shared), (20, 480));
}

#[test]
fn without_an_encoder_to_share_everybody_is_served_all_the_same() {
    let mut world = World::speaking(&[Codec::Opus(Rate::Hz16000); 3]);
    let audio = Room::new(TALKERS);
    let room = RoomKey(1);
    world.order(Order::OpenRoom { room, audio });
    for n in 0..3 {
        let leg = world.phones[n].key;
        world.order(Order::Join { leg, room });
        world.route(n, true, Hears::Room);
    }
    world.phones[1].speaks = false;
    world.phones[2].speaks = false;
    world.run(1_000);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 2, 0).abs() < 1.0);
    let encoder = media::Encoder::new(media::Format::of(Codec::Opus(Rate::Hz16000)));
    let whom = Audience::Room(room);
    world.order(Order::Equip { whom, encoder });
    world.run(1_000);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 2, 0).abs() < 1.0);
    let stats = world.shard.stats();
    assert!(stats.shared > 90, "{stats:?}");
}

#[test]
fn the_loudest_few_are_heard_and_a_louder_one_takes_the_seat_of_the_faintest() {
    let mut world = World::speaking(&[Codec::Pcmu; 6]);
    (3..6).for_each(|n| world.phones[n].speaks = false);
    let audio = Room::new(3);
    let room = RoomKey(1);
    world.order(Order::OpenRoom { room, audio });
    (0..6).for_each(|n| world.enter(n, 1));
    let gain = |world: &mut World, n: usize, db| {
        let leg = world.phones[n].key;
        world.order(Order::Gain { leg, db });
    };
    world.run(400);
    let heard = |world: &World| {
        (0..5)
            .map(|speaker| level(world, 5, speaker) > -3.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(heard(&world), [true, true, true, false, false]);
    // As loud as the others: they keep their seats.
    world.phones[3].speaks = true;
    world.run(400);
    assert_eq!(heard(&world), [true, true, true, false, false]);
    // One of them stops: his seat is free.
    world.phones[1].speaks = false;
    world.run(2_000);
    assert_eq!(heard(&world), [true, false, true, true, false]);
    gain(&mut world, 0, -6);
    world.run(400);
    assert!((level(&world, 5, 0) + 6.0).abs() < 1.0);
}

#[test]
fn a_crowd_that_changes_over_at_once_costs_a_bounded_number_of_encodings() {
    let mut codecs = vec![Codec::Opus(Rate::Hz16000); 60];
    codecs.extend([Codec::Pcmu; 4]);
    let mut world = World::speaking(&codecs);
    world
        .phones
        .iter_mut()
        .skip(1)
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    (1..64).for_each(|n| world.route(n, false, Hears::Music));
    world.run(1_000);
    (1..64).for_each(|n| world.route(n, true, Hears::Room));
    let mut own = world.shard.stats().own;
    for tick in 0..4 {
        world.tick();
        let now = world.shard.stats().own;
        // The talker's, those of the ramps allowed, and of the four to whom encoding is nothing.
        assert!(now - own <= 1 + 16 + 4, "{} in tick {tick}", now - own);
        own = now;
    }
    world.run(1_000);
    for listener in 1..64 {
        assert!(level(&world, listener, 0).abs() < 1.0, "{listener}");
    }
}
