//! What a recorder gets of a room.

mod common;

use common::meeting::{Meeting, ROOM};
use common::{PEAK, PROMPT_HZ, World, peak_of, prompt};
use media::{Codec, Rate, TICK};
use mixer::{Hears, Order, Tap, Taped, Target};
use rtrb::Consumer;

/// Second for a ring.
const SECOND: usize = 50;
const MIXED: &[Codec] = &[
    Codec::Pcmu,
    Codec::Opus(Rate::Hz48000),
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
];

fn tap(world: &mut World, rate: Rate) -> Consumer<Taped> {
    let (tap, taped) = Tap::new(rate, 4 * SECOND);
    world.order(Order::Tap { room: ROOM, tap });
    taped
}

fn all(taped: &mut Consumer<Taped>) -> Vec<Taped> {
    std::iter::from_fn(|| taped.pop().ok()).collect()
}

/// How loud a tone of `hz` is in the last fifth of a second, in dB of what a phone says.
fn level(taped: &[Taped], rate: Rate, hz: f64) -> f64 {
    let last = taped[taped.len() - 10..].iter();
    let samples: Vec<i16> = last.flat_map(|taped| taped.frame.samples()).copied().collect();
    20.0 * (peak_of(hz, rate, &samples) / PEAK).log10()
}

#[test]
fn every_talker_of_every_codec_is_in_it_at_its_level_at_any_rate() {
    for rate in Rate::ALL {
        let mut world = World::speaking(MIXED);
        world.gather(ROOM.0);
        let mut taped = tap(&mut world, rate);
        world.run(2_000);
        let taped = all(&mut taped);
        assert_eq!(taped.len(), 2 * SECOND);
        assert!(taped.iter().all(|taped| taped.frame.rate() == rate));
        for phone in &world.phones {
            let db = level(&taped, rate, phone.hz);
            assert!(db.abs() < 1.0, "{:?} at {rate:?}: {db:.2} dB", phone.codec);
        }
    }
}

#[test]
fn a_room_is_mixed_at_the_recorders_rate_though_nobody_listens_at_it_and_every_tick_has_its_date() {
    let mut world = World::new(2);
    world.gather(ROOM.0);
    world.run(200);
    let began = world.now;
    let mut taped = tap(&mut world, Rate::Hz48000);
    world.phones[1].speaks = false;
    world.run(1_000);
    let taped = all(&mut taped);
    let dates: Vec<_> = (1..=SECOND as u32).map(|n| began + TICK * n).collect();
    assert!(taped.iter().map(|taped| taped.at).eq(dates));
    assert!(level(&taped, Rate::Hz48000, world.phones[0].hz).abs() < 1.0);
    assert!(level(&taped, Rate::Hz48000, world.phones[1].hz) < -40.0);
}

#[test]
fn who_is_not_heard_is_not_in_it_and_what_is_played_to_the_room_is() {
    let mut world = World::new(3);
    world.gather(ROOM.0);
    let mut taped = tap(&mut world, Rate::Hz48000);
    world.route(0, false, Hears::Room);
    world.route(1, false, Hears::Music);
    world.order(Order::Queue {
        to: Target::Room(ROOM),
        playlist: prompt(1, 3_000),
    });
    world.run(2_000);
    let taped = all(&mut taped);
    let heard = [0, 1, 2].map(|n| level(&taped, Rate::Hz48000, world.phones[n].hz) > -1.0);
    assert_eq!(heard, [false, false, true]);
    assert!(level(&taped, Rate::Hz48000, PROMPT_HZ).abs() < 1.0);
}

#[test]
fn any_branch_of_a_meeting_that_is_spread_has_the_voices_of_all() {
    let codecs: [&[Codec]; 3] = [&[Codec::Pcmu, Codec::G722], MIXED, &[Codec::Pcma]];
    for branch in 0..3 {
        let mut meeting = Meeting::new(8, &codecs);
        let mut taped = tap(&mut meeting.shards[branch], Rate::Hz48000);
        meeting.run(2_000);
        let taped = all(&mut taped);
        assert_eq!(taped.len(), 2 * SECOND);
        for phone in meeting.phones() {
            let db = level(&taped, Rate::Hz48000, phone.hz);
            assert!(db.abs() < 1.0, "{:?} from branch {branch}: {db:.2} dB", phone.key);
        }
    }
}
