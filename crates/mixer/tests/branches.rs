//! Meetings spread over shards: who hears whom across them, and legs that go from one to another.

mod common;

use common::{PEAK, PROMPT_HZ, Phone, World, peak_of, prompt};
use media::{Codec, ComfortNoise, Encoder, Format, Rate};
use mixer::{Audience, Baggage, Branch, Hears, LegKey, Order, Report, Room, RoomKey, Target};

/// How loud `listener` hears `speaker` now, over what it says.
fn level(listener: &Phone, speaker: &Phone) -> f64 {
    listener.hears(speaker.hz) / PEAK
}

const ROOM: u64 = 1;
const CODECS: [Codec; 4] = [
    Codec::Pcmu,
    Codec::Opus(Rate::Hz48000),
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
];

/// Shards that tick together, with one meeting between them.
struct Spread {
    shards: Vec<World>,
}

impl Spread {
    /// `sizes` phones in each shard's branch, their codecs dealt in turn; at most `talkers` are heard at once.
    fn new(sizes: &[u64], talkers: usize, codecs: &[Codec]) -> Self {
        let mut number = 0;
        let mut shards = Vec::new();
        for size in sizes {
            let mut world = World::new(0);
            world.now = shards.first().map_or(world.now, |first: &World| first.now);
            world.order(Order::OpenRoom {
                room: RoomKey(ROOM),
                audio: Room::new(talkers),
            });
            for _ in 0..*size {
                let codec = codecs[number as usize % codecs.len()];
                world.add_phone(Phone::new(number, codec));
                world.enter(world.phones.len() - 1, ROOM);
                number += 1;
            }
            shards.push(world);
        }
        let mut spread = Self { shards };
        for one in 0..sizes.len() {
            for other in one + 1..sizes.len() {
                spread.link(one, other);
            }
        }
        spread
    }

    fn link(&mut self, one: usize, other: usize) {
        let (elder, younger) = Branch::pair();
        for (shard, branch) in [(one, elder), (other, younger)] {
            let room = RoomKey(ROOM);
            self.shards[shard].order(Order::Link { room, branch });
        }
    }

    fn run(&mut self, ticks: usize) {
        for _ in 0..ticks {
            self.shards.iter_mut().for_each(World::tick);
        }
    }

    fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.shards.iter().flat_map(|world| &world.phones)
    }

    fn late(&self) -> u64 {
        self.shards
            .iter()
            .map(|world| world.shard.stats().partials_late)
            .sum()
    }

    /// Gives the first leg of one shard to another, `ticks` after it has left.
    fn hand_over(&mut self, from: usize, to: usize, ticks: usize) {
        let leg = self.shards[from].phones[0].key;
        let baggage = Baggage::empty();
        self.shards[from].order(Order::HandOver { leg, baggage });
        self.run(1);
        let phone = self.shards[from].phones.remove(0);
        let reports = self.shards[from].reports().into_iter();
        let given = reports.filter_map(|report| {
            let Report::HandedOver { leg, baggage } = report else {
                return None;
            };
            (leg == phone.key).then_some(baggage)
        });
        let given = given.last();
        self.shards[to].phones.push(phone);
        self.run(ticks);
        let baggage = given.expect("it was given away");
        self.shards[to].order(Order::TakeOver { baggage });
    }
}

#[test]
fn everybody_is_heard_by_all_others_of_all_branches_within_a_db_and_by_himself_not() {
    for sizes in [&[3, 3][..], &[2, 2, 2], &[1, 1, 1, 1]] {
        let mut spread = Spread::new(sizes, 32, &CODECS);
        let keys: Vec<_> = spread.phones().map(|phone| phone.key).collect();
        for mouth in keys {
            for phone in spread.shards.iter_mut().flat_map(|world| &mut world.phones) {
                phone.speaks = phone.key == mouth;
            }
            spread.run(60);
            let speaker = spread.phones().find(|phone| phone.key == mouth).unwrap();
            for listener in spread.phones() {
                let db = 20.0 * level(listener, speaker).log10();
                let what = format!("{sizes:?}: {:?} hears {mouth:?} at {db:.2} dB", listener.key);
                match listener.key == mouth {
                    true => assert!(db < -60.0, "{what}"),
                    false => assert!(db.abs() < 1.0, "{what}"),
                }
            }
        }
        assert_eq!(spread.late(), 0);
    }
}

#[test]
fn a_branch_tells_its_phones_of_silence_only_while_all_branches_are_silent() {
    let mut spread = Spread::new(&[1, 1], 32, &[Codec::Pcmu]);
    for world in &mut spread.shards {
        world.phones[0].speaks = false;
        world.phones[0].comfort_noise = ComfortNoise::TakenAndSent;
        let session = world.phones[0].session();
        world.change(0, session);
    }
    spread.run(10);
    let sent_in = |spread: &mut Spread, ticks| {
        let sent = |spread: &Spread| spread.shards[0].phones[0].socket.0.borrow().sent;
        let before = sent(spread);
        spread.run(ticks);
        sent(spread) - before
    };
    assert_eq!(sent_in(&mut spread, 50), 0);
    spread.shards[1].phones[0].speaks = true;
    spread.run(4);
    assert_eq!(sent_in(&mut spread, 50), 50);
    let heard = level(&spread.shards[0].phones[0], &spread.shards[1].phones[0]);
    assert!((0.9..1.1).contains(&heard), "{heard}");
    spread.shards[1].phones[0].speaks = false;
    spread.run(35);
    assert_eq!(sent_in(&mut spread, 50), 0);
}

#[test]
fn what_one_hears_does_not_depend_on_what_one_says_in_any_branch() {
    let hear = |speaks: bool| {
        let mut spread = Spread::new(&[2, 2], 32, &[Codec::Pcmu]);
        spread.shards[0].phones[0].speaks = speaks;
        spread.run(40);
        spread.shards[0].phones.swap_remove(0).heard
    };
    assert!(hear(true) == hear(false));
}

#[test]
fn in_any_codec_another_tone_of_ones_own_changes_what_others_hear_in_every_branch_and_not_what_one_hears() {
    for codec in CODECS {
        let hear = |hz: f64| {
            let mut spread = Spread::new(&[2, 2], 32, &[codec]);
            spread.run(75);
            // Who goes on talking keeps an encoder of his own.
            spread.shards[0].phones[0].hz = hz;
            spread.run(40);
            let heard = spread.phones().map(|phone| phone.heard.clone());
            heard.collect::<Vec<_>>()
        };
        let (usual, other) = (hear(300.0), hear(1_523.0));
        let pairs = usual.iter().zip(&other);
        let same: Vec<_> = pairs.map(|(one, other)| one == other).collect();
        assert_eq!(same, [true, false, false, false], "{codec:?}");
    }
}

#[test]
fn the_loudest_few_are_those_of_the_whole_meeting() {
    let mut spread = Spread::new(&[4, 4], 3, &[Codec::Pcmu]);
    for phone in spread.shards.iter_mut().flat_map(|world| &mut world.phones) {
        phone.speaks = [0, 2, 5].contains(&phone.key.0);
    }
    spread.run(60);
    for listener in spread.phones() {
        let heard = spread
            .phones()
            .filter(|speaker| level(listener, speaker) > 0.5)
            .count();
        let speaks = usize::from(listener.speaks);
        assert_eq!(heard, 3 - speaks, "{:?}", listener.key);
    }
    // All talk now, equally loud: three are heard, the same ones on both sides.
    for phone in spread.shards.iter_mut().flat_map(|world| &mut world.phones) {
        phone.speaks = true;
    }
    spread.run(80);
    let seated: Vec<_> = spread
        .phones()
        .filter(|speaker| spread.phones().any(|listener| level(listener, speaker) > 0.5))
        .map(|speaker| speaker.key)
        .collect();
    assert_eq!(seated.len(), 3, "{seated:?}");
}

#[test]
fn a_steady_tone_has_no_step_whatever_happens_in_the_other_branch() {
    let mut spread = Spread::new(&[2, 4], 2, &[Codec::Pcmu]);
    for phone in spread.shards.iter_mut().flat_map(|world| &mut world.phones) {
        phone.speaks = phone.key == LegKey(0);
    }
    spread.run(30);
    let natural = {
        let listener = &mut spread.shards[0].phones[1];
        listener.heard.clear();
        spread.run(10);
        spread.shards[0].phones[1].worst_jump()
    };
    spread.shards[1]
        .phones
        .iter_mut()
        .for_each(|phone| phone.heard.clear());
    for round in 0..6 {
        let other = &mut spread.shards[1];
        match round {
            0 => other.route(1, false, Hears::Room),
            1 => other.route(1, true, Hears::Room),
            2 => other.order(Order::Part { leg: LegKey(4) }),
            3 => other.enter(2, ROOM),
            4 => other.add(9),
            _ => other.order(Order::RemoveLeg { leg: LegKey(5) }),
        }
        spread.run(10);
    }
    let listener = &spread.shards[1].phones[0];
    assert!(
        listener.worst_jump() <= natural + natural / 10,
        "{} instead of {natural}",
        listener.worst_jump()
    );
    assert!(level(listener, &spread.shards[0].phones[0]) > 0.9);
}

#[test]
fn a_voice_that_comes_or_goes_in_the_other_branch_ramps() {
    let mut spread = Spread::new(&[1, 1], 2, &[Codec::Pcmu]);
    spread.shards[1].phones[0].speaks = false;
    spread.run(30);
    spread.shards[1].phones[0].heard.clear();
    for round in 0..6 {
        spread.shards[0].route(0, round % 2 == 1, Hears::Room);
        spread.run(7);
    }
    let steps = f64::from(spread.shards[1].phones[0].worst_jump());
    let natural = PEAK * (std::f64::consts::TAU * 300.0 / 8_000.0);
    assert!(steps < natural * 1.2, "{steps} instead of {natural:.0}");
}

#[test]
fn shards_that_do_not_tick_in_step_still_miss_nothing_for_long() {
    let mut spread = Spread::new(&[2, 2], 8, &[Codec::Pcmu]);
    for _ in 0..50 {
        for world in &mut spread.shards {
            world.tick();
            world.tick();
        }
    }
    assert!(spread.late() <= 2, "{}", spread.late());
    for listener in spread.phones() {
        for speaker in spread.phones().filter(|speaker| speaker.key != listener.key) {
            assert!((0.892..1.122).contains(&level(listener, speaker)));
        }
    }
}

#[test]
fn a_shard_that_stops_is_faded_out_and_comes_back() {
    let mut spread = Spread::new(&[1, 1], 2, &[Codec::Pcmu]);
    spread.shards[0].phones[0].speaks = false;
    spread.run(30);
    spread.shards[0].phones[0].heard.clear();
    (0..5).for_each(|_| spread.shards[0].tick());
    assert!(spread.shards[0].phones[0].hears(spread.shards[1].phones[0].hz) < 30.0);
    // It makes up for what it is late.
    (0..5).for_each(|_| spread.shards[1].tick());
    spread.run(10);
    let (listener, speaker) = (&spread.shards[0].phones[0], &spread.shards[1].phones[0]);
    assert!(level(listener, speaker) > 0.9 && spread.late() == 2);
    let natural = PEAK * (std::f64::consts::TAU * speaker.hz / 8_000.0);
    assert!(
        f64::from(listener.worst_jump()) < natural * 1.2 + 30.0,
        "{}",
        listener.worst_jump()
    );
}

#[test]
fn an_announcement_is_heard_once_in_each_branch_and_not_by_the_one_left_out() {
    let mut spread = Spread::new(&[2, 2], 8, &[Codec::Pcmu]);
    spread.run(20);
    for world in &mut spread.shards {
        world.order(Order::Play {
            to: Target::RoomExcept(RoomKey(ROOM), LegKey(3)),
            playlist: prompt(5, 300),
        });
    }
    spread.run(8);
    for phone in spread.phones() {
        let loud = phone.hears(PROMPT_HZ) / PEAK;
        match phone.key == LegKey(3) {
            true => assert!(loud < 0.02, "{loud}"),
            false => assert!((0.9..1.1).contains(&loud), "{:?}: {loud}", phone.key),
        }
    }
}

#[test]
fn a_leg_goes_to_another_shard_without_losing_a_packet_of_its_prompt() {
    let mut spread = Spread::new(&[0, 0], 8, &[Codec::Pcmu]);
    let mut world = World::new(1);
    world.now = spread.shards[0].now;
    spread.shards[0] = world;
    spread.run(5);
    spread.shards[0].order(Order::Play {
        to: Target::Leg(LegKey(0)),
        playlist: prompt(3, 1_000),
    });
    spread.run(10);
    let sent = spread.shards[0].phones[0].socket.0.borrow().sent;
    spread.shards[0].phones[0].heard.clear();
    spread.hand_over(0, 1, 0);
    spread.run(10);
    let phone = &spread.shards[1].phones[0];
    assert_eq!(phone.socket.0.borrow().sent - sent, 11);
    assert!(
        phone
            .heard
            .chunks(160)
            .all(|tick| peak_of(PROMPT_HZ, Rate::Hz8000, tick) > PEAK * 0.9)
    );
    let stats = [0, 1].map(|shard| spread.shards[shard].shard.stats());
    assert_eq!(
        (stats[0].legs, stats[1].legs, stats[1].ticks_under_way),
        (0, 1, 0)
    );
    spread.run(40);
    let ended = |report: &Report<_>| matches!(report, Report::Played { completed: true, .. });
    assert_eq!(
        spread.shards[1]
            .reports()
            .iter()
            .filter(|report| ended(report))
            .count(),
        1
    );
}

#[test]
fn a_leg_that_is_under_way_for_long_goes_on_in_its_own_time() {
    let mut spread = Spread::new(&[1, 1], 8, &[Codec::Pcmu]);
    spread.run(10);
    let stamp = |spread: &Spread| {
        let phones = [0, 1].map(|shard| spread.shards[shard].phones.last());
        let phone = phones[1].filter(|phone| phone.key == LegKey(0)).or(phones[0]);
        phone.unwrap().stamp()
    };
    let before = stamp(&spread);
    spread.hand_over(0, 1, 4);
    spread.run(1);
    let after = stamp(&spread);
    assert_eq!(after.0.wrapping_sub(before.0), 6 * 160);
    assert_eq!(after.1.wrapping_sub(before.1), 2);
    assert_eq!(spread.shards[1].shard.stats().ticks_under_way, 4);
    // It was parted from its room, and joins the other branch.
    let place = spread.shards[1].phones.len() - 1;
    spread.shards[1].order(Order::Equip {
        whom: Audience::Room(RoomKey(ROOM)),
        encoder: Encoder::new(Format::of(Codec::Pcmu)),
    });
    spread.shards[1].enter(place, ROOM);
    spread.run(20);
    assert!(spread.shards[1].hears(0, place) && spread.shards[1].hears(place, 0));
}

#[test]
fn who_leaves_or_is_unknown_is_not_given_away() {
    let mut spread = Spread::new(&[1, 1], 8, &[Codec::Pcmu]);
    let world = &mut spread.shards[0];
    for leg in [LegKey(77), LegKey(0), LegKey(0)] {
        let baggage = Baggage::empty();
        world.order(Order::HandOver { leg, baggage });
    }
    world.order(Order::TakeOver {
        baggage: Baggage::empty(),
    });
    spread.run(2);
    assert_eq!(spread.shards[0].shard.stats().orders_refused, 3);
    let branch = Branch::pair().0;
    let room = RoomKey(99);
    spread.shards[1].order(Order::Link { room, branch });
    spread.run(1);
    assert_eq!(spread.shards[1].shard.stats().orders_refused, 1);
}
