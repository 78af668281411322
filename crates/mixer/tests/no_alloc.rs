//! The tick never touches the heap, whatever happens in it.

mod common;

use std::sync::Arc;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use common::meeting::{Meeting, ROOM};
use common::{Phone, World, clip, peer};
use media::{Clip, Codec, ComfortNoise, Direction, Encoder, Format, OpusSend, Rate, Session};
use mixer::{
    Audience, Baggage, Branch, Encoded, Hears, LegKey, Order, PlayId, Playlist, Report, Retired, RoomKey,
    Tap, Target,
};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const LEGS: u64 = 50;
const CODECS: [Codec; 5] = [
    Codec::Pcmu,
    Codec::Opus(Rate::Hz48000),
    Codec::G722,
    Codec::Pcma,
    Codec::Opus(Rate::Hz16000),
];

/// Fifty legs, three of them talk.
fn crowd() -> World {
    let codecs: Vec<_> = (0..LEGS as usize).map(|n| CODECS[n % CODECS.len()]).collect();
    let mut world = World::new(0);
    for (number, codec) in (0..).zip(codecs) {
        let mut phone = Phone::new(number, codec);
        if number % 2 == 0 && !matches!(codec, Codec::Opus(_)) {
            phone.comfort_noise = ComfortNoise::TakenAndSent;
        }
        world.add_phone(phone);
    }
    for phone in &mut world.phones {
        phone.speaks = phone.key.0 % 17 == 0;
        phone.keeps = false;
    }
    world.gather(1);
    world.open(2);
    world
}

/// Something to do, another thing each time.
fn disturb(world: &mut World, round: u64) {
    let n = (round * 7 % LEGS) as usize;
    let leg = world.phones[n].key;
    let sounds: Box<[_]> = Box::new([clip(400.0, 90), clip(600.0, 10)]);
    let playlist = Playlist::new(PlayId(round), sounds);
    match round % 12 {
        0 => world.route(n, false, Hears::Room),
        1 => world.route(n, true, Hears::Room),
        2 => world.route(n, false, Hears::Music),
        3 => world.enter(n, 2),
        4 => world.enter(n, 1),
        5 => world.order(Order::Play {
            to: Target::Leg(leg),
            playlist,
        }),
        6 => world.order(Order::Queue {
            to: Target::Room(RoomKey(1)),
            playlist,
        }),
        7 => world.order(Order::Play {
            to: Target::RoomExcept(RoomKey(1), leg),
            playlist,
        }),
        8 => world.order(Order::Hush { leg }),
        9 => world.order(Order::Gain {
            leg,
            db: (round % 20) as i8,
        }),
        10 => {
            let session = another_session(world, n, round / 12);
            world.change(n, session);
        }
        _ => replace(world, n, round),
    }
}

#[test]
fn prompts_that_were_encoded_before_allocate_and_free_nothing_either() {
    let mut world = World::new(0);
    let codecs = Rate::ALL.map(Codec::Opus);
    for (number, codec) in (0..).zip(codecs) {
        world.add_phone(Phone::new(number, codec));
        world.phones[number as usize].keeps = false;
        let format = Format::of(codec);
        let sounds: Box<[_]> = Box::new([clip(400.0, 90), clip(600.0, 110)]);
        let encode = |sound: &Clip| Encoded::new(sound.clone(), Clip::default(), format, &mut || {});
        let playlist = Playlist {
            encoded: sounds.iter().map(|sound| Arc::new(encode(sound))).collect(),
            ..Playlist::new(PlayId(number), sounds)
        };
        let to = Target::Leg(LegKey(number));
        world.order(Order::Play { to, playlist });
    }
    assert_no_alloc(|| (0..20).for_each(|_| world.tick()));
    assert_eq!(world.shard.stats().read, 11 * codecs.len() as u64);
}

/// What a re-INVITE may bring: another codec, direction, address, and keys in the audio.
fn another_session(world: &World, n: usize, round: u64) -> Session {
    let session = world.phones[n].session();
    match round % 5 {
        0 => session,
        1 => Session {
            format: Format::of(Codec::Opus(Rate::Hz48000)),
            ..session
        },
        2 => Session {
            direction: Direction::SendOnly,
            remote_held: true,
            ..session
        },
        3 => Session {
            telephone_event: None,
            inband_digits: true,
            ..session
        },
        _ => Session {
            rtcp: peer(),
            ..session
        },
    }
}

/// One leg goes and another comes, and so does a room.
fn replace(world: &mut World, n: usize, round: u64) {
    let gone = world.phones.remove(n);
    world.order(Order::RemoveLeg { leg: gone.key });
    world.add(LEGS + round);
    let last = world.phones.len() - 1;
    world.phones[last].keeps = false;
    world.enter(last, 1);
    world.order(Order::CloseRoom {
        room: RoomKey(2 + (round / 12)),
    });
    world.open(3 + (round / 12));
}

#[test]
fn half_a_minute_of_a_busy_shard_allocates_and_frees_nothing() {
    let mut world = crowd();
    let mut reports = 0;
    for round in 0..300 {
        disturb(&mut world, round);
        assert_no_alloc(|| (0..5).for_each(|_| world.tick()));
        reports += world.reports().len();
    }
    let stats = world.shard.stats();
    assert_eq!(
        (stats.ticks, stats.legs, stats.legs_failed, stats.reports_lost),
        (1_500, 50, 0, 0)
    );
    assert!(
        stats.shared > stats.own && reports > 250,
        "{stats:?}, {reports} reports"
    );
}

#[test]
fn a_room_that_falls_quiet_and_is_spoken_in_again_allocates_and_frees_nothing() {
    let mut world = crowd();
    // So many orders take more than one tick.
    world.run(100);
    for round in 0..6 {
        let talks = |phone: &Phone| round % 2 == 0 && TALKERS.contains(&phone.key.0);
        world
            .phones
            .iter_mut()
            .for_each(|phone| phone.speaks = talks(phone));
        assert_no_alloc(|| (0..70).for_each(|_| world.tick()));
        world.reports();
    }
    let stats = world.shard.stats();
    assert_eq!((stats.legs_failed, stats.unshared), (0, 0));
}

/// Who talks in a crowd, and which of its listeners is asked what it hears.
const TALKERS: [u64; 3] = [0, 17, 34];
const EAR: usize = 5;

fn turn(world: &mut World, db: i8) {
    for leg in TALKERS.map(LegKey) {
        world.order(Order::Gain { leg, db });
    }
}

#[test]
fn a_room_that_is_too_loud_is_turned_down_and_up_and_allocates_nothing_whoever_begins_to_talk_or_to_listen() {
    let mut world = crowd();
    // So many orders take more than one tick.
    world.run(100);
    for round in 0..40 {
        turn(&mut world, if round % 4 == 3 { 0 } else { 20 });
        // Who talks has a gain of its own, and so has who comes back.
        let (mouth, ear) = ((round * 7 % LEGS) as usize, (6 + round % 4 * 11) as usize);
        world.phones[mouth].speaks = !world.phones[mouth].speaks;
        let hears = match round % 8 {
            0..4 => Hears::Nothing,
            _ => Hears::Room,
        };
        world.route(ear, true, hears);
        assert_no_alloc(|| (0..8).for_each(|_| world.tick()));
        world.reports();
    }
    turn(&mut world, 20);
    world.run(200);
    world.phones[EAR].keeps = true;
    world.run(200);
    // Where nothing bends: the curve alone would go on to full scale.
    let heard = world.phones[EAR].heard.iter();
    let loudest = heard.map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    assert!((22_000..28_000).contains(&loudest), "{loudest}");
    assert_eq!(world.shard.stats().legs_failed, 0);
}

#[test]
fn formats_that_come_and_go_with_their_encoders_allocate_and_free_nothing() {
    let mut world = crowd();
    // So many orders take more than one tick.
    world.run(100);
    world.reports();
    let format = |number: u32| {
        let opus = OpusSend {
            bitrate: 20_000 + 100 * number,
            ..OpusSend::default()
        };
        Format::with_opus(CODECS[1], opus)
    };
    let (leg, mut back) = (LegKey(1), 0);
    for number in 0..40 {
        let (gone, comes) = (format(number), format(number + 1));
        for whom in [Audience::Room(RoomKey(1)), Audience::Music, Audience::Nothing] {
            let encoder = Encoder::new(comes);
            world.order(Order::Equip { whom, encoder });
            if number > 0 {
                world.order(Order::Unequip { whom, format: gone });
            }
        }
        let encoder = Encoder::new(comes);
        world.order(Order::AdaptLeg { leg, encoder });
        assert_no_alloc(|| (0..3).for_each(|_| world.tick()));
        let encoders = world.reports().into_iter();
        back += encoders
            .filter(|report| matches!(report, Report::Retired(Retired::Encoder(_))))
            .count();
    }
    let stats = world.shard.stats();
    // Those of the sums but for the last ones, and those of the leg.
    assert_eq!((back, stats.orders_refused, stats.unshared), (3 * 39 + 40, 0, 0));
}

#[test]
fn branches_of_a_meeting_and_legs_that_go_from_one_to_the_other_allocate_nothing() {
    let mut shards = [crowd(), World::new(0)];
    shards[1].now = shards[0].now;
    shards[1].open(1);
    let (elder, younger) = Branch::pair();
    for (world, branch) in shards.iter_mut().zip([elder, younger]) {
        let room = RoomKey(1);
        world.order(Order::Link { room, branch });
    }
    let mut given = 0;
    for round in 0..120_usize {
        let (from, to) = (round / 40 % 2, 1 - round / 40 % 2);
        if let Some(phone) = shards[from].phones.pop() {
            let baggage = Baggage::empty();
            let leg = phone.key;
            shards[from].order(Order::HandOver { leg, baggage });
            shards[to].phones.push(phone);
        }
        assert_no_alloc(|| shards.iter_mut().for_each(World::tick));
        for report in shards[from].reports() {
            if let Report::HandedOver { baggage, .. } = report {
                given += 1;
                shards[to].order(Order::TakeOver { baggage });
                let last = shards[to].phones.len() - 1;
                shards[to].enter(last, 1);
            }
        }
        assert_no_alloc(|| (0..3).for_each(|_| shards.iter_mut().for_each(World::tick)));
        shards[to].reports();
    }
    assert_eq!(given, 120);
    assert!(shards.iter().all(|world| world.shard.stats().partials_late == 0));
}

/// Ten ticks of one shard, then those of the others: the rings get full, and partial sums come too late.
fn one_runs_ahead(meeting: &mut Meeting) {
    let (first, others) = meeting.shards.split_at_mut(1);
    (0..10).for_each(|_| first[0].tick());
    for shard in others {
        while shard.now < first[0].now {
            shard.tick();
        }
    }
}

#[test]
fn branches_that_are_late_and_legs_that_leave_when_they_are_about_to_go_allocate_nothing() {
    let mut meeting = Meeting::new(4, &[&CODECS, &CODECS, &CODECS]);
    meeting.phones_mut().for_each(|phone| phone.keeps = false);
    for round in 0..60u64 {
        let (phone, shard) = ((round % 5) as usize, (round % 3) as usize);
        meeting.shards[shard].route(phone, round.is_multiple_of(2), Hears::Room);
        assert_no_alloc(|| (0..5).for_each(|_| meeting.tick()));
        if round.is_multiple_of(10) {
            assert_no_alloc(|| one_runs_ahead(&mut meeting));
        }
        meeting.shards.iter_mut().for_each(|shard| drop(shard.reports()));
    }
    let late = meeting
        .shards
        .iter()
        .map(|shard| shard.shard.stats().partials_late);
    assert!(late.sum::<u64>() > 10);
    for (n, shard) in meeting.shards.iter_mut().enumerate() {
        let leg = shard.phones[n].key;
        let baggage = Baggage::empty();
        shard.order(Order::HandOver { leg, baggage });
        shard.order(Order::RemoveLeg { leg });
    }
    meeting.order_all(|| Order::CloseRoom { room: ROOM });
    assert_no_alloc(|| (0..3).for_each(|_| meeting.tick()));
}

#[test]
fn a_shard_whose_reports_nobody_reads_frees_nothing_either() {
    let mut world = crowd();
    for round in 0..150 {
        if round % 12 != 11 {
            disturb(&mut world, round);
        }
        assert_no_alloc(|| (0..20).for_each(|_| world.tick()));
        if round == 120 {
            world.order(Order::Part { leg: LegKey(3) });
        }
    }
    assert!(world.shard.stats().ticks == 3_000);
}

#[test]
fn a_room_that_is_recorded_allocates_nothing_whether_its_recorder_is_quick_slow_or_gone() {
    let (mut world, room) = (crowd(), RoomKey(1));
    // So many orders take more than one tick.
    world.run(100);
    let (tap, mut quick) = Tap::new(Rate::Hz48000, 50);
    world.order(Order::Tap { room, tap });
    let mut taped = 0;
    for _ in 0..20 {
        assert_no_alloc(|| (0..10).for_each(|_| world.tick()));
        while quick.pop().is_ok() {
            taped += 1;
        }
    }
    // Another takes its place and is slow, then gone.
    let (tap, slow) = Tap::new(Rate::Hz16000, 50);
    world.order(Order::Tap { room, tap });
    assert_no_alloc(|| (0..80).for_each(|_| world.tick()));
    assert_eq!((taped, world.shard.stats().taped_lost), (200, 30));
    drop(slow);
    assert_no_alloc(|| (0..10).for_each(|_| world.tick()));
    world.order(Order::Untap { room });
    world.order(Order::Untap { room: RoomKey(7) });
    assert_no_alloc(|| (0..10).for_each(|_| world.tick()));
    let back = world.reports().into_iter();
    let back = back.filter(|report| matches!(report, Report::Retired(Retired::Tap(_))));
    assert_eq!((back.count(), world.shard.stats().orders_refused), (2, 1));
    assert_eq!(world.shard.stats().legs_failed, 0);
}
