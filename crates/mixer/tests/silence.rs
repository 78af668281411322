//! Silence that is told to phones in place of being sent (RFC 3389): what is silence, and how it ends.

mod common;

use common::{PROMPT_HZ, Phone, World, config, prompt};
use media::rtp::Packet;
use media::{Codec, ComfortNoise, Rate};
use mixer::{Hears, LegKey, Order, RoomKey, Target};

/// How loud the line's noise is by its own account, −dBov.
const LEVEL: u8 = 67;
/// Ticks between two packets that tell it.
const REFRESH: u64 = 25;

/// Phones of these codecs in one room where nobody speaks. All but the last take comfort noise.
fn quiet_room(codecs: &[Codec]) -> World {
    let noise = media::noise::comfort_noise(&Rate::ALL);
    let mut world = World::with(0, mixer::ShardConfig { noise, ..config() });
    for (number, codec) in (0..).zip(codecs) {
        let mut phone = Phone::new(number, *codec);
        phone.speaks = false;
        if number + 1 < codecs.len() as u64 {
            phone.comfort_noise = ComfortNoise::TakenAndSent;
        }
        world.add_phone(phone);
    }
    world.gather(1);
    world.run(200);
    world
}

/// Packets of audio and of noise that a phone got so far.
fn got(world: &World, phone: usize) -> (u64, u64) {
    let wire = world.phones[phone].socket.0.borrow();
    (wire.sent, wire.noise_sent)
}

/// Number of the last packet that a phone got.
fn sequence(world: &World, phone: usize) -> u16 {
    let wire = world.phones[phone].socket.0.borrow();
    Packet::parse(wire.last.bytes()).unwrap().sequence
}

/// Packets of audio and of noise that a phone gets within so many ticks.
fn gets(world: &mut World, phone: usize, ticks: u64) -> (u64, u64) {
    let before = got(world, phone);
    (0..ticks).for_each(|_| world.tick());
    let after = got(world, phone);
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn a_room_in_which_nobody_speaks_is_told_once_every_half_second_to_phones_that_take_it() {
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Pcmu];
    let mut world = quiet_room(&codecs);
    for (phone, codec) in codecs.iter().enumerate().take(3) {
        assert_eq!(gets(&mut world, phone, 4 * REFRESH), (0, 4), "{codec:?}");
        let wire = world.phones[phone].socket.0.borrow();
        let packet = Packet::parse(wire.last.bytes()).unwrap();
        assert_eq!((packet.payload, packet.marker), (&[LEVEL][..], false));
    }
    assert_eq!(gets(&mut world, 3, 4 * REFRESH), (4 * REFRESH, 0));
    let before = world.shard.stats();
    world.run(1_000);
    let after = world.shard.stats();
    assert_eq!(
        (after.rested - before.rested, after.shared - before.shared),
        (150, 50)
    );
}

#[test]
fn speech_begins_with_its_first_frame_marked_and_in_its_time() {
    // Two hear the same, one of them with silence suppressed.
    let mut world = quiet_room(&[Codec::Pcmu, Codec::Pcmu, Codec::Pcmu]);
    let (listener, reference, speaker) = (0, 2, 1);
    for pause in [3, 40, 111] {
        (0..pause).for_each(|_| world.tick());
        let told = got(&world, listener).1;
        assert!(told > 0);
        world.listen_anew();
        world.phones[speaker].speaks = true;
        let mut first = None;
        for tick in 1..=10 {
            let (before, last) = (got(&world, listener), sequence(&world, listener));
            world.tick();
            let wire = world.phones[listener].socket.0.borrow();
            let packet = Packet::parse(wire.last.bytes()).unwrap();
            if first.is_none() && wire.sent > before.0 {
                first = Some(tick);
                assert!(packet.marker);
                assert_eq!(packet.sequence, last.wrapping_add(1));
            } else {
                assert!(!packet.marker, "tick {tick}");
            }
        }
        let first: usize = first.expect("the voice comes");
        let (heard, whole) = (&world.phones[listener].heard, &world.phones[reference].heard);
        assert_eq!(
            heard[(first - 1) * 160..],
            whole[(first - 1) * 160..],
            "from its first frame on"
        );
        let before: Vec<_> = whole[..(first - 1) * 160]
            .iter()
            .filter(|sample| sample.abs() > 100)
            .collect();
        assert!(before.is_empty(), "the voice began earlier: {before:?}");
        assert!(world.hears(listener, speaker));
        // Half a second behind his last word there is silence again.
        world.phones[speaker].speaks = false;
        (0..REFRESH + 5).for_each(|_| world.tick());
        assert_eq!(
            gets(&mut world, listener, REFRESH),
            (0, 1),
            "after a pause of {pause}"
        );
    }
}

#[test]
fn timestamps_go_on_through_silence_by_the_time_that_passes() {
    let mut world = quiet_room(&[Codec::G722, Codec::Pcmu, Codec::Pcmu]);
    let mut seen: Vec<(u64, u16, u32)> = Vec::new();
    for tick in 0..200 {
        world.phones[1].speaks = tick % 80 < 20;
        let before = got(&world, 0);
        world.tick();
        if got(&world, 0) != before {
            let wire = world.phones[0].socket.0.borrow();
            let packet = Packet::parse(wire.last.bytes()).unwrap();
            seen.push((tick, packet.sequence, packet.timestamp));
        }
    }
    assert!((60..190).contains(&seen.len()), "{}", seen.len());
    for pair in seen.windows(2) {
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
        let steps = pair[1].2.wrapping_sub(pair[0].2);
        assert_eq!(u64::from(steps), 160 * (pair[1].0 - pair[0].0), "{pair:?}");
    }
}

#[test]
fn who_speaks_alone_is_told_of_the_silence_around_him() {
    let mut world = quiet_room(&[Codec::Pcmu, Codec::Pcmu, Codec::Pcmu]);
    world.phones[0].speaks = true;
    world.run(100);
    assert_eq!(gets(&mut world, 0, 2 * REFRESH), (0, 2));
    assert_eq!(gets(&mut world, 1, 2 * REFRESH), (2 * REFRESH, 0));
    world.phones[1].speaks = true;
    world.run(100);
    assert_eq!(gets(&mut world, 0, 2 * REFRESH), (2 * REFRESH, 0));
    assert!(world.hears(0, 1) && world.hears(1, 0));
}

#[test]
fn who_spoke_alone_and_ceases_is_told_of_silence_all_the_time() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut world = quiet_room(&[codec, codec, codec]);
        world.phones[0].speaks = true;
        world.run(1_000);
        assert_eq!(gets(&mut world, 0, 2 * REFRESH), (0, 2), "{codec:?}");
        world.phones[0].speaks = false;
        assert_eq!(gets(&mut world, 0, 4 * REFRESH), (0, 4), "{codec:?}");
    }
}

#[test]
fn prompts_announcements_and_music_are_no_silence_to_those_who_hear_them() {
    let (all, none) = ((REFRESH, 0), (0, 1));
    let mut world = quiet_room(&[Codec::Pcmu, Codec::G722, Codec::Pcmu]);
    world.order(Order::Play {
        to: Target::Leg(LegKey(0)),
        playlist: prompt(1, 700),
    });
    world.tick();
    assert_eq!(gets(&mut world, 0, REFRESH), all);
    assert!(world.phones[0].hears(PROMPT_HZ) > 1_000.0);
    world.run(400);
    assert_eq!(
        (gets(&mut world, 0, REFRESH), gets(&mut world, 1, REFRESH)),
        (none, none)
    );
    world.order(Order::Play {
        to: Target::Room(RoomKey(1)),
        playlist: prompt(2, 1_200),
    });
    world.tick();
    assert_eq!(
        (gets(&mut world, 0, REFRESH), gets(&mut world, 1, REFRESH)),
        (all, all)
    );
    world.run(400);
    world.route(1, false, Hears::Music);
    world.run(100);
    assert_eq!(
        (gets(&mut world, 0, REFRESH), gets(&mut world, 1, REFRESH)),
        (none, all)
    );
    world.route(1, false, Hears::Nothing);
    world.run(100);
    assert_eq!(gets(&mut world, 1, REFRESH), none);
    world.order(Order::Part { leg: LegKey(0) });
    world.run(100);
    assert_eq!(gets(&mut world, 0, REFRESH), none);
}

#[test]
fn a_bridge_without_noise_of_its_own_tells_of_digital_silence() {
    let mut world = World::new(0);
    let mut phone = Phone::new(0, Codec::Pcmu);
    phone.speaks = false;
    phone.comfort_noise = ComfortNoise::TakenAndSent;
    world.add_phone(phone);
    world.gather(1);
    world.run(200);
    let wire = world.phones[0].socket.0.borrow();
    assert_eq!(Packet::parse(wire.last.bytes()).unwrap().payload, [127]);
}

#[test]
fn speech_begins_and_ends_without_a_click_in_every_codec() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut world = quiet_room(&[codec, codec, codec]);
        world.listen_anew();
        for _ in 0..4 {
            world.phones[1].speaks = true;
            world.run(300);
            world.phones[1].speaks = false;
            world.run(1_000);
        }
        let (suppressed, whole) = (&world.phones[0], &world.phones[2]);
        let (worst, usual) = (suppressed.worst_jump(), whole.worst_jump());
        assert!(worst <= usual + 60, "{codec:?}: {worst} over {usual}");
    }
}
