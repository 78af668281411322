//! No change makes a click: the worst step between two samples stays near that of the tones themselves.

mod common;

use common::{MUSIC_HZ, PEAK, PROMPT_HZ, World, clip};
use mixer::{Hears, LegKey, Order, PlayId, Playlist, RoomKey, Target};

/// Largest step between two samples of a tone of `hz`.
fn step(hz: f64) -> f64 {
    2.0 * PEAK * (std::f64::consts::PI * hz / 8_000.0).sin()
}

/// Steps that G.711 adds by its rounding, in both directions of both legs.
const ROUNDING: f64 = 260.0;

/// Two phones in a room, the first speaks; `change` is made in the middle of its tone, several times, at odd moments.
fn worst_jump(changes: &[&dyn Fn(&mut World)]) -> i32 {
    let mut world = World::new(3);
    world.phones[1].speaks = false;
    world.phones[2].speaks = false;
    world.gather(1);
    world.order(Order::OpenRoom { room: RoomKey(2) });
    world.run(300);
    world.listen_anew();
    for change in changes {
        change(&mut world);
        world.run(140);
    }
    assert!(
        world.phones[1]
            .heard
            .iter()
            .any(|sample| sample.unsigned_abs() > 2_000)
    );
    world.phones[1].worst_jump()
}

fn check(name: &str, tones: &[f64], changes: &[&dyn Fn(&mut World)]) {
    let worst = worst_jump(changes);
    // A ramp of 40 samples adds a fortieth of the peak to each step.
    let limit = tones.iter().map(|hz| step(*hz) + PEAK / 40.0).sum::<f64>() + ROUNDING;
    assert!(
        f64::from(worst) < limit,
        "{name}: a step of {worst}, tones alone explain {limit:.0}"
    );
}

const TALK: f64 = 300.0;

#[test]
fn mute_and_unmute() {
    let mute: &dyn Fn(&mut World) = &|world| world.route(0, false, Hears::Room);
    let unmute: &dyn Fn(&mut World) = &|world| world.route(0, true, Hears::Room);
    check("mute", &[TALK], &[mute, unmute, mute, unmute]);
}

#[test]
fn gain_up_and_down() {
    let gain = |db| move |world: &mut World| world.order(Order::Gain { leg: LegKey(0), db });
    check("gain", &[TALK], &[&gain(-40), &gain(0), &gain(-12), &gain(0)]);
}

#[test]
fn hold_with_music_and_back() {
    let hold: &dyn Fn(&mut World) = &|world| world.route(1, false, Hears::Music);
    let back: &dyn Fn(&mut World) = &|world| world.route(1, true, Hears::Room);
    check("hold", &[TALK, MUSIC_HZ], &[hold, back, hold, back]);
}

#[test]
fn the_listener_leaves_the_room_and_comes_back() {
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(1) });
    let other: &dyn Fn(&mut World) = &|world| world.enter(1, 2);
    let back: &dyn Fn(&mut World) = &|world| world.enter(1, 1);
    check("listener", &[TALK], &[part, back, other, back]);
}

#[test]
fn the_speaker_leaves_the_room_and_comes_back() {
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(0) });
    let other: &dyn Fn(&mut World) = &|world| world.enter(0, 2);
    let back: &dyn Fn(&mut World) = &|world| world.enter(0, 1);
    check("speaker", &[TALK], &[part, back, other, back]);
}

#[test]
fn the_speaker_hangs_up() {
    let gone: &dyn Fn(&mut World) = &|world| world.order(Order::RemoveLeg { leg: LegKey(0) });
    check("hang-up", &[TALK], &[&|_| {}, gone]);
}

#[test]
fn the_room_closes() {
    let closed: &dyn Fn(&mut World) = &|world| world.order(Order::CloseRoom { room: RoomKey(1) });
    check("close", &[TALK], &[&|_| {}, closed]);
}

#[test]
fn prompts_start_stop_and_interrupt_each_other_over_the_ducked_room() {
    let play = |to, ms| {
        move |world: &mut World| {
            let playlist = Playlist {
                id: PlayId(1),
                sounds: Box::new([clip(PROMPT_HZ, ms)]),
            };
            world.order(Order::Play { to, playlist });
        }
    };
    let hush: &dyn Fn(&mut World) = &|world| world.order(Order::Hush { leg: LegKey(1) });
    let leg = Target::Leg(LegKey(1));
    // Two prompts cross when one interrupts the other.
    let tones = [TALK, PROMPT_HZ, PROMPT_HZ];
    check(
        "private",
        &tones,
        &[
            &play(leg, 83),
            &play(leg, 500),
            &play(leg, 500),
            hush,
            &play(leg, 47),
        ],
    );
    let room = Target::Room(RoomKey(1));
    check(
        "room",
        &tones,
        &[&play(room, 83), &play(room, 500), &play(room, 99), &|_| {}],
    );
}

#[test]
fn a_test_of_clicks_would_notice_one() {
    let mut world = World::new(2);
    world.gather(1);
    world.run(200);
    world.listen_anew();
    world.run(40);
    world.phones[1].heard[205..].fill(0);
    let peak = f64::from(
        world.phones[1].heard[200..205]
            .iter()
            .map(|s| s.unsigned_abs())
            .max()
            .unwrap(),
    );
    assert!(f64::from(world.phones[1].worst_jump()) > step(TALK) + ROUNDING || peak < 900.0);
}
