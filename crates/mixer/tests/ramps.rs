//! Ramps to the last bit. While voices come and go, a room is at every tick the sum of what is said, each voice whole, silent, or on one
//! ramp of 5 ms between the two, and so is what is heard in it. Unlike the steps in `clicks.rs`, among which the rounding of G.711 hides
//! what is 20 dB below a voice, this shows a sample that is off by one. PCMU remembers nothing, so that what is to be heard is known.

mod common;

use common::{PEAK, World};
use media::codec::g711;
use media::{Codec, Rate};
use mixer::{Hears, LegKey, Order, Room, RoomKey, Tap};

const ROOM: RoomKey = RoomKey(1);
/// Those who talk, and the one who only listens.
const VOICES: [usize; 3] = [0, 2, 3];
const LISTENER: usize = 1;
/// None of the talkers' fits a tick evenly, but the last.
const TONES: [f64; 4] = [97.0, 0.0, 230.0, 400.0];

const TICK: usize = Rate::Hz8000.samples_per_tick();
/// Ticks after each change.
const AFTER: usize = 7;

/// A factor of one, and how much of it a ramp of 5 ms takes in each of its 40 samples.
const UNITY: i32 = 1 << 15;
const RAMP_STEP: i32 = (UNITY + 39) / 40;

/// 50 dB below a voice.
const FAINT_STEP: i16 = (PEAK / 316.0) as i16;

type Change = fn(&mut World);

/// Which of [`VOICES`] are whole; the others are silent.
type Whole = [bool; VOICES.len()];

const ALL: Whole = [true; VOICES.len()];

/// Four phones in a room with so many seats for voices, of which these talk.
fn world(voices: &[usize], seats: usize) -> World {
    let mut world = World::speaking(&[Codec::Pcmu; 4]);
    for (number, phone) in world.phones.iter_mut().enumerate() {
        phone.hz = TONES[number];
        phone.speaks = voices.contains(&number);
    }
    let audio = Room::new(seats);
    world.order(Order::OpenRoom { room: ROOM, audio });
    (0..4).for_each(|phone| world.enter(phone, ROOM.0));
    world.run(300);
    world.listen_anew();
    world
}

/// The room's sum while changes are made one after another.
fn taped(world: &mut World, changes: &[Change]) -> Vec<i16> {
    let (tap, mut taped) = Tap::new(Rate::Hz8000, AFTER * changes.len());
    world.order(Order::Tap { room: ROOM, tap });
    for change in changes {
        change(world);
        (0..AFTER).for_each(|_| world.tick());
    }
    let ticks = std::iter::from_fn(|| taped.pop().ok());
    ticks.flat_map(|taped| taped.frame.samples().to_vec()).collect()
}

const NOTHING: Change = |_| {};

/// What each voice says in so many changes' time: the sum of a room in which there is no other, and nothing changes.
fn said(seats: usize, changes: usize) -> [Vec<i16>; VOICES.len()] {
    VOICES.map(|voice| taped(&mut world(&[voice], seats), &vec![NOTHING; changes]))
}

/// What a voice adds to the sum in a tick in which it goes from whole or silent to whole or silent.
fn ramped(said: &[i16], from: bool, to: bool) -> impl Iterator<Item = i32> {
    (1_i32..).zip(said).map(move |(number, sample)| {
        let way = UNITY.min(number * RAMP_STEP);
        let factor = match (from, to) {
            (false, false) => 0,
            (true, true) => UNITY,
            (false, true) => way,
            (true, false) => UNITY - way,
        };
        (i32::from(*sample) * factor + UNITY / 2) >> 15
    })
}

/// Whether a tick is the sum of its voices on their way.
fn is_sum(sum: &[i16], said: &[&[i16]], from: Whole, to: Whole) -> bool {
    let mut expected = [0; TICK];
    for ((said, from), to) in said.iter().zip(from).zip(to) {
        let parts = expected.iter_mut().zip(ramped(said, from, to));
        parts.for_each(|(sum, part)| *sum += part);
    }
    sum.iter()
        .zip(expected)
        .all(|(sum, expected)| i32::from(*sum) == expected)
}

/// Which voices are whole after each tick, or the number of a tick that is no sum of voices on their way.
fn follow(sum: &[i16], said: &[Vec<i16>], first: Whole) -> Result<Vec<Whole>, usize> {
    let mut whole = vec![first];
    for (tick, sum) in sum.chunks(TICK).enumerate() {
        let from = whole[tick];
        let says: Vec<&[i16]> = said.iter().map(|said| &said[tick * TICK..][..TICK]).collect();
        let mut ways = (0..1 << VOICES.len()).map(|bits| [0, 1, 2].map(|voice| (bits >> voice) & 1 == 1));
        let to = ways.find(|to| is_sum(sum, &says, from, *to)).ok_or(tick)?;
        whole.push(to);
    }
    Ok(whole)
}

/// What a phone with PCMU hears of it.
fn in_ulaw(audio: &[i16]) -> Vec<i16> {
    let (mut bytes, mut heard) = (vec![0; audio.len()], vec![0; audio.len()]);
    g711::encode_ulaw(audio, &mut bytes);
    g711::decode(&g711::ULAW, &bytes, &mut heard);
    heard
}

/// The sum without the first voice.
fn without_first(sum: &[i16], said: &[i16], whole: &[Whole]) -> Vec<i16> {
    let ways = whole.windows(2).zip(said.chunks(TICK));
    let own = ways.flat_map(|(pair, said)| ramped(said, pair[0][0], pair[1][0]));
    sum.iter()
        .zip(own)
        .map(|(sum, own)| (i32::from(*sum) - own) as i16)
        .collect()
}

/// Makes changes, behind each of which it is said which voices are whole; `first` they are before.
fn check(seats: usize, first: Whole, changes: &[(Change, Whole)]) {
    let said = said(seats, changes.len());
    let mut world = world(&VOICES, seats);
    let orders: Vec<Change> = changes.iter().map(|(change, _)| *change).collect();
    let sum = taped(&mut world, &orders);
    let whole = match follow(&sum, &said, first) {
        Ok(whole) => whole,
        Err(tick) => panic!("tick {tick} is no sum of whole voices and ramps"),
    };
    for (number, (_, expected)) in changes.iter().enumerate() {
        assert_eq!(whole[(number + 1) * AFTER], *expected, "after change {number}");
    }
    assert!(world.phones[LISTENER].heard == in_ulaw(&sum));
    let others = without_first(&sum, &said[0], &whole);
    assert!(world.phones[VOICES[0]].heard == in_ulaw(&others));
}

fn part(world: &mut World, leg: u64) {
    let leg = LegKey(leg);
    world.order(Order::Part { leg });
}

fn hang_up(world: &mut World, leg: u64) {
    let leg = LegKey(leg);
    world.order(Order::RemoveLeg { leg });
}

/// The first talker and the last are muted at once, or neither is any more.
fn mute_two(world: &mut World, mute: bool) {
    [0, 3]
        .into_iter()
        .for_each(|phone| world.route(phone, !mute, Hears::Room));
}

#[test]
fn who_is_muted_leaves_comes_back_or_hangs_up_takes_one_ramp_and_nobody_else_is_touched() {
    let changes: [(Change, Whole); 9] = [
        (|world| world.route(2, false, Hears::Room), [true, false, true]),
        (|world| world.route(2, true, Hears::Room), ALL),
        (|world| world.route(0, false, Hears::Room), [false, true, true]),
        (|world| world.route(0, true, Hears::Room), ALL),
        (|world| part(world, 2), [true, false, true]),
        (|world| world.enter(2, ROOM.0), ALL),
        (|world| mute_two(world, true), [false, true, false]),
        (|world| mute_two(world, false), ALL),
        (|world| hang_up(world, 3), [true, true, false]),
    ];
    check(VOICES.len(), ALL, &changes);
}

#[test]
fn a_seat_that_changes_hands_is_two_ramps_and_who_keeps_his_own_is_not_touched() {
    let (second, third) = ([true, true, false], [true, false, true]);
    let changes: [(Change, Whole); 4] = [
        (|world| world.route(2, false, Hears::Room), third),
        (|world| world.route(2, true, Hears::Room), third),
        (|world| world.route(3, false, Hears::Room), second),
        (|world| world.route(3, true, Hears::Room), second),
    ];
    check(2, second, &[changes, changes].concat());
}

/// What the third phone does: it talks, and ceases to.
const TALKS: [Change; 4] = [
    |world| world.phones[2].speaks = false,
    |world| world.phones[2].speaks = true,
    |world| world.phones[2].speaks = false,
    |world| world.phones[2].speaks = true,
];

#[test]
fn who_begins_and_ceases_to_talk_is_added_to_a_steady_tone_that_is_not_touched() {
    let steady = taped(&mut world(&[0], 3), &[NOTHING; TALKS.len()]);
    let other = taped(&mut world(&[2], 3), &TALKS);
    let mut world = world(&[0, 2], 3);
    let sum = taped(&mut world, &TALKS);
    let both = steady.iter().zip(&other).map(|(steady, other)| steady + other);
    assert!(sum.iter().copied().eq(both));
    assert!(
        other
            .chunks(TICK)
            .any(|tick| tick.iter().all(|sample| *sample == 0))
    );
    assert!(world.phones[LISTENER].heard == in_ulaw(&sum));
}

#[test]
fn phones_that_say_nothing_change_nothing_whatever_they_do() {
    let steady = taped(&mut world(&[0], 3), &[NOTHING; 5]);
    let changes: [Change; 5] = [
        |world| world.route(3, false, Hears::Room),
        |world| part(world, 2),
        |world| world.enter(2, ROOM.0),
        |world| world.route(3, true, Hears::Room),
        |world| hang_up(world, 2),
    ];
    let mut world = world(&[0], 3);
    assert!(taped(&mut world, &changes) == steady);
    assert!(world.phones[LISTENER].heard == in_ulaw(&steady));
}

#[test]
fn a_step_50_db_below_a_voice_is_noticed_wherever_it_is() {
    let changes: [Change; 2] = [
        |world| world.route(2, false, Hears::Room),
        |world| world.route(2, true, Hears::Room),
    ];
    let said = said(3, changes.len());
    let sum = taped(&mut world(&VOICES, 3), &changes);
    assert!(follow(&sum, &said, ALL).is_ok());
    for at in (0..sum.len()).step_by(7) {
        let mut stepped = sum.clone();
        stepped[at..].iter_mut().for_each(|sample| *sample += FAINT_STEP);
        assert_eq!(follow(&stepped, &said, ALL), Err(at / TICK), "a step at {at}");
    }
}
