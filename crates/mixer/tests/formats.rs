//! Formats come and go: those that find a place share their payloads, and others get a place that is given up, without a click.

mod common;

use common::{PEAK, Phone, SimSocket, World};
use media::{Codec, Encoder, Format, OpusSend, Rate};
use mixer::{Audience, Hears, MOST_FORMATS, Order, Report, Retired, RoomKey, Stats};

const CODEC: Codec = Codec::Opus(Rate::Hz16000);
const ROOM: RoomKey = RoomKey(1);
const WHOM: Audience = Audience::Room(ROOM);
/// It fits no tick evenly, so that a cut shows as a step of up to a whole peak.
const TALK: f64 = 313.0;
/// The listener for whose format there is no place, and the one whose format goes.
const LAST: usize = MOST_FORMATS + 1;
const GOES: usize = 1;

/// What a listener is sent: each has a bit rate of its own.
fn format(listener: usize) -> Format {
    let opus = OpusSend {
        bitrate: 30_000 + 200 * listener as u32,
        ..OpusSend::default()
    };
    Format::with_opus(CODEC, opus)
}

fn bring(world: &mut World, format: Format) {
    let encoder = Encoder::new(format);
    world.order(Order::Equip { whom: WHOM, encoder });
}

/// Sends a listener another format.
fn adapt(world: &mut World, listener: usize, format: Format) {
    let (leg, encoder) = (world.phones[listener].key, Encoder::new(format));
    world.order(Order::AdaptLeg { leg, encoder });
}

/// One who talks, in PCMU, and a listener of each format.
fn world() -> World {
    let mut world = World::speaking(&[Codec::Pcmu]);
    world.phones[0].hz = TALK;
    for number in 1..=LAST {
        world.add_phone(Phone::new(number as u64, CODEC));
        world.phones[number].speaks = false;
    }
    world.open(ROOM.0);
    for n in 0..=LAST {
        let leg = world.phones[n].key;
        world.order(Order::Join { leg, room: ROOM });
        world.route(n, true, Hears::Room);
    }
    for listener in 1..=LAST {
        bring(&mut world, format(listener));
        adapt(&mut world, listener, format(listener));
    }
    world.run(1_000);
    world.listen_anew();
    world
}

/// Payloads shared, and those that might have been, in ten ticks.
fn spent(world: &mut World) -> (u64, u64) {
    let before = world.shard.stats();
    world.run(200);
    let Stats { shared, unshared, .. } = world.shard.stats();
    (shared - before.shared, unshared - before.unshared)
}

/// How many encoders of a format came back.
fn came_back(reports: &[Report<SimSocket>], format: Format) -> usize {
    let is = |report: &&Report<SimSocket>| matches!(report, Report::Retired(Retired::Encoder(encoder)) if encoder.format() == format);
    reports.iter().filter(is).count()
}

/// Another encoder goes on with the tone; a cut would be a step of up to a whole peak.
fn hears_no_cut(world: &World, listener: usize) -> bool {
    f64::from(world.phones[listener].worst_jump()) < PEAK / 2.0
}

#[test]
fn a_leg_whose_format_finds_no_place_is_shared_with_when_another_gives_its_own_up_and_hears_no_click() {
    let mut world = world();
    assert_eq!(came_back(&world.reports(), format(LAST)), 1);
    assert_eq!(spent(&mut world), (10 * MOST_FORMATS as u64, 10));
    adapt(&mut world, GOES, format(GOES + 1));
    let (whom, gone) = (WHOM, format(GOES));
    world.order(Order::Unequip { whom, format: gone });
    bring(&mut world, format(LAST));
    for tick in 0..20 {
        world.tick();
        for listener in 1..=LAST {
            let part = world.phones[listener].hears(TALK) / PEAK;
            // An encoder that has heard one tick of it begins a little too loud.
            assert!(
                (0.75..1.6).contains(&part),
                "{listener} in tick {tick}: {part:.2}"
            );
        }
    }
    assert_eq!(spent(&mut world), (10 * LAST as u64, 0));
    let reports = world.reports();
    assert_eq!(
        (came_back(&reports, gone), came_back(&reports, format(LAST))),
        (2, 0)
    );
    assert!((1..=LAST).all(|listener| hears_no_cut(&world, listener)));
}

#[test]
fn a_format_that_is_taken_back_while_it_is_in_use_costs_its_legs_encodings_of_their_own_and_no_click() {
    let mut world = world();
    let (whom, gone) = (WHOM, format(GOES));
    world.order(Order::Unequip { whom, format: gone });
    assert_eq!(spent(&mut world), (10 * (MOST_FORMATS as u64 - 1), 20));
    // There is none any more, and no such room.
    for whom in [WHOM, Audience::Room(RoomKey(9))] {
        world.order(Order::Unequip { whom, format: gone });
    }
    world.run(100);
    assert_eq!(world.shard.stats().orders_refused, 2);
    assert!(hears_no_cut(&world, GOES));
}

#[test]
fn codecs_without_memory_find_a_place_however_many_formats_there_are() {
    let mut world = world();
    for (number, codec) in [(90, Codec::Pcma), (91, Codec::Pcmu)] {
        world.add_phone(Phone::new(number, codec));
        let phone = world.phones.len() - 1;
        world.phones[phone].speaks = false;
        let leg = world.phones[phone].key;
        world.order(Order::Join { leg, room: ROOM });
        world.route(phone, true, Hears::Room);
    }
    world.run(200);
    assert_eq!(spent(&mut world), (10 * (MOST_FORMATS as u64 + 2), 10));
}
