//! Who hears whom: by example and by chance.

mod common;

use common::{MUSIC_HZ, PEAK, PROMPT_HZ, World, prompt, seconds};
use mixer::{Hears, LegKey, Order, PlayId, Report, RoomKey, Target};
use proptest::prelude::*;

#[test]
fn everybody_hears_everybody_else_and_nobody_himself() {
    let mut world = World::new(6);
    world.gather(1);
    world.run(300);
    for listener in 0..6 {
        for speaker in 0..6 {
            assert_eq!(
                world.hears(listener, speaker),
                listener != speaker,
                "{listener} {speaker}"
            );
        }
    }
}

#[test]
fn what_one_hears_does_not_depend_on_what_one_says_though_the_sum_is_too_loud() {
    let hear = |speaks: bool| {
        let mut world = World::new(4);
        world.phones[0].speaks = speaks;
        world.gather(1);
        for leg in 0..4 {
            world.order(Order::Gain {
                leg: LegKey(leg),
                db: 20,
            });
        }
        world.run(400);
        world.phones.swap_remove(0).heard
    };
    let (talking, silent) = (hear(true), hear(false));
    assert!(talking == silent);
    // Three voices of ten times their level are turned down to where nothing bends.
    let loudest = talking[talking.len() / 2..]
        .iter()
        .map(|sample| sample.unsigned_abs());
    let loudest = loudest.max().unwrap_or(0);
    assert!((23_500..25_500).contains(&loudest), "{loudest}");
}

#[test]
fn gain_changes_a_voice_by_its_decibels_for_all_others() {
    let mut world = World::new(2);
    world.gather(1);
    for (db, factor) in [(6, 1.995), (-20, 0.1), (0, 1.0), (12, 3.981)] {
        world.order(Order::Gain { leg: LegKey(0), db });
        world.run(300);
        let ratio = world.phones[1].hears(world.phones[0].hz) / PEAK / factor;
        assert!((0.89..1.12).contains(&ratio), "{db} dB: {ratio}");
    }
}

#[test]
fn who_is_held_hears_music_and_is_not_heard_and_all_music_is_one_encoding() {
    let mut world = World::new(4);
    world.gather(1);
    world.run(200);
    for phone in [0, 1] {
        world.route(phone, false, Hears::Music);
    }
    world.run(100);
    for listener in 0..4 {
        let music = world.phones[listener].hears(MUSIC_HZ);
        assert_eq!(music > PEAK * 0.9, listener < 2, "{listener}: {music}");
        for speaker in 0..4 {
            assert_eq!(
                world.hears(listener, speaker),
                listener > 1 && speaker > 1 && listener != speaker
            );
        }
    }
    let before = world.shard.stats();
    world.run(100);
    let after = world.shard.stats();
    assert_eq!((after.shared - before.shared, after.own - before.own), (10, 10));
}

#[test]
fn who_only_listens_shares_one_encoding_with_the_others() {
    let mut world = World::new(20);
    world.phones[3..]
        .iter_mut()
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.run(300);
    let before = world.shard.stats();
    world.run(200);
    let after = world.shard.stats();
    assert_eq!((after.shared - before.shared, after.own - before.own), (170, 30));
    assert!((0..3).all(|speaker| world.hears(10, speaker) && world.hears(11, speaker)));
}

#[test]
fn a_private_prompt_is_heard_by_one_and_the_room_goes_on_softly_beneath_it() {
    let mut world = World::new(3);
    world.gather(1);
    world.run(200);
    world.order(Order::Play {
        to: Target::Leg(LegKey(0)),
        playlist: prompt(7, 500),
    });
    world.run(300);
    let beneath = world.phones[0].hears(world.phones[1].hz) / PEAK;
    assert!((0.15..0.21).contains(&beneath), "{beneath}");
    assert!(world.phones[0].hears(PROMPT_HZ) > PEAK * 0.9);
    assert!(world.phones[1].hears(PROMPT_HZ) < PEAK * 0.02);
    assert!(world.hears(1, 0) && world.hears(1, 2));
    world.run(400);
    assert!(world.hears(0, 1) && world.phones[0].hears(PROMPT_HZ) < PEAK * 0.02);
    let played = |report: &Report<_>| {
        matches!(
            report,
            Report::Played {
                id: PlayId(7),
                completed: true
            }
        )
    };
    assert_eq!(world.reports().iter().filter(|report| played(report)).count(), 1);
}

#[test]
fn an_announcement_is_heard_by_the_whole_room_but_for_the_one_left_out_and_for_those_on_hold() {
    let mut world = World::new(5);
    world.phones[4].speaks = false;
    world.gather(1);
    world.open(2);
    world.enter(3, 2);
    world.route(2, false, Hears::Music);
    world.run(200);
    for (to, hearers) in [
        (Target::Room(RoomKey(1)), vec![0, 1, 4]),
        (Target::RoomExcept(RoomKey(1), LegKey(0)), vec![1, 4]),
        (Target::RoomExcept(RoomKey(1), LegKey(4)), vec![0, 1]),
        (Target::RoomExcept(RoomKey(1), LegKey(3)), vec![0, 1, 4]),
    ] {
        world.order(Order::Play {
            to,
            playlist: prompt(1, 2_000),
        });
        world.run(200);
        for n in 0..5 {
            let loud = world.phones[n].hears(PROMPT_HZ) > PEAK * 0.9;
            assert_eq!(loud, hearers.contains(&n), "{to:?} {n}");
        }
        assert!(world.hears(0, 1) && world.hears(1, 0));
    }
}

#[test]
fn barge_in_stops_the_prompt_at_once_and_tells_that_it_was_not_heard_out() {
    let mut world = World::new(1);
    let leg = LegKey(0);
    world.order(Order::Play {
        to: Target::Leg(leg),
        playlist: prompt(1, 5_000),
    });
    world.order(Order::Queue {
        to: Target::Leg(leg),
        playlist: prompt(2, 5_000),
    });
    world.run(200);
    world.phones[0].press(5);
    world.run(40);
    let digit = |report: &Report<_>| {
        matches!(
            report,
            Report::Digit {
                leg: LegKey(0),
                key: '5'
            }
        )
    };
    assert!(world.reports().iter().any(digit));
    world.order(Order::Hush { leg });
    world.run(40);
    assert_eq!(world.phones[0].frame(), [0; 160]);
    let mut cut = Vec::new();
    for report in world.reports() {
        if let Report::Played { id, completed } = report {
            cut.push((id.0, completed));
        }
    }
    cut.sort_unstable();
    assert_eq!(cut, [(1, false), (2, false)]);
}

#[test]
fn talking_is_told_when_it_begins_and_when_it_ends_and_when_a_talker_is_muted() {
    let mut world = World::new(2);
    world.phones[1].speaks = false;
    world.gather(1);
    let mut told = Vec::new();
    for step in 0..4 {
        match step {
            1 => world.phones[0].speaks = false,
            2 => world.phones[0].speaks = true,
            3 => world.route(0, false, Hears::Room),
            _ => {}
        }
        world.run(1_000);
        for report in world.reports() {
            if let Report::Talking { leg, on } = report {
                told.push((step, leg.0, on));
            }
        }
    }
    assert_eq!(told, [(0, 0, true), (1, 0, false), (2, 0, true), (3, 0, false)]);
}

#[test]
fn rooms_come_and_go_for_ever() {
    let mut world = World::new(2);
    for room in 0..100 {
        world.gather(room);
        world.run(200);
        assert!(world.hears(0, 1) && world.hears(1, 0), "room {room}");
        world.order(Order::CloseRoom { room: RoomKey(room) });
        world.run(40);
    }
    assert_eq!(world.shard.stats().orders_refused, 0);
}

#[test]
fn quality_and_stats_are_told_from_time_to_time() {
    let mut world = World::new(3);
    world.run(seconds(10).as_millis() as u64);
    let reports = world.reports();
    let quality = reports
        .iter()
        .filter(|report| matches!(report, Report::Quality { .. }))
        .count();
    let stats = reports
        .iter()
        .filter(|report| matches!(report, Report::Stats(_)))
        .count();
    assert_eq!((quality, stats), (3 * 10, 50));
}

/// What a phone is told to do, and the model of what it then hears.
#[derive(Clone, Debug)]
enum Step {
    Join {
        phone: usize,
        room: u64,
    },
    Part {
        phone: usize,
    },
    Route {
        phone: usize,
        speaks: bool,
        hears: Hears,
    },
    Close {
        room: u64,
    },
    Say {
        phone: usize,
        on: bool,
    },
}

#[derive(Clone, Copy, Debug)]
struct Place {
    room: Option<u64>,
    speaks: bool,
    hears: Hears,
}

const PHONES: usize = 6;
const NOWHERE: Place = Place {
    room: None,
    speaks: false,
    hears: Hears::Nothing,
};

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let hears = prop_oneof![3 => Just(Hears::Room), 1 => Just(Hears::Music), 1 => Just(Hears::Nothing)];
    let step = prop_oneof![
        4 => (0..PHONES, 0..3u64).prop_map(|(phone, room)| Step::Join { phone, room }),
        1 => (0..PHONES).prop_map(|phone| Step::Part { phone }),
        6 => (0..PHONES, any::<bool>(), hears).prop_map(|(phone, speaks, hears)| Step::Route { phone, speaks, hears }),
        1 => (0..3u64).prop_map(|room| Step::Close { room }),
        2 => (0..PHONES, any::<bool>()).prop_map(|(phone, on)| Step::Say { phone, on }),
    ];
    proptest::collection::vec(proptest::collection::vec(step, 1..6), 1..12)
}

/// Rooms are closed and opened again under another key, as names are never used twice.
struct Model {
    places: [Place; PHONES],
    keys: [u64; 3],
    next: u64,
}

impl Model {
    fn apply(&mut self, world: &mut World, step: &Step) {
        match *step {
            Step::Join { phone, room } => {
                self.places[phone].room = Some(self.keys[room as usize]);
                world.order(Order::Join {
                    leg: LegKey(phone as u64),
                    room: RoomKey(self.keys[room as usize]),
                });
            }
            Step::Part { phone } => {
                self.places[phone] = NOWHERE;
                world.order(Order::Part {
                    leg: LegKey(phone as u64),
                });
            }
            Step::Route { phone, speaks, hears } => {
                self.places[phone] = Place {
                    speaks,
                    hears,
                    ..self.places[phone]
                };
                world.route(phone, speaks, hears);
            }
            Step::Close { room } => {
                let key = std::mem::replace(&mut self.keys[room as usize], self.next);
                self.next += 1;
                world.order(Order::CloseRoom { room: RoomKey(key) });
                world.open(self.keys[room as usize]);
                let inside = self.places.iter_mut().filter(|place| place.room == Some(key));
                inside.for_each(|place| *place = NOWHERE);
            }
            Step::Say { phone, on } => world.phones[phone].speaks = on,
        }
    }

    /// Whether `speaker` may reach `listener` at all.
    fn reaches(&self, listener: usize, speaker: usize) -> bool {
        let (ear, mouth) = (self.places[listener], self.places[speaker]);
        listener != speaker
            && ear.room.is_some()
            && ear.room == mouth.room
            && mouth.speaks
            && ear.hears == Hears::Room
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn each_hears_exactly_those_that_the_model_says(rounds in steps()) {
        let mut world = World::new(PHONES as u64);
        let mut model = Model { places: [NOWHERE; PHONES], keys: [0, 1, 2], next: 3 };
        for room in model.keys {
            world.open(room);
        }
        for round in rounds {
            round.iter().for_each(|step| model.apply(&mut world, step));
            // Ramps take one tick to leave a room and one to enter the next.
            world.run(40);
            for tick in 0..12 {
                world.tick();
                for listener in 0..PHONES {
                    for speaker in 0..PHONES {
                        let (hz, speaks) = (world.phones[speaker].hz, world.phones[speaker].speaks);
                        let peak = world.phones[listener].hears(hz);
                        let reaches = model.reaches(listener, speaker);
                        if !reaches {
                            prop_assert!(peak < PEAK * 0.05, "{listener} hears {speaker}: {peak} in tick {tick}");
                        } else if tick > 9 && speaks {
                            prop_assert!(peak > PEAK * 0.9, "{listener} does not hear {speaker}: {peak}");
                        }
                    }
                    let music = world.phones[listener].hears(MUSIC_HZ);
                    let waits = model.places[listener].hears == Hears::Music;
                    prop_assert!((music > PEAK * 0.9) == waits && (waits || music < PEAK * 0.05), "{listener}: {music}");
                }
            }
        }
    }
}
