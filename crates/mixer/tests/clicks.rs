//! No change makes a click: the worst step between two samples stays that of the tones and ramps themselves.
//!
//! All tones are deep, so that their own steps are small beside their peaks, and none fits a tick evenly, so that a cut at
//! the edge of a tick meets another phase each time. A cut then shows as a step of up to a whole peak; what is fainter than the steps that
//! G.711 makes by itself, `ramps.rs` shows.
//!
//! G.722 and Opus add to a tone, and bend it, so what they are held to is the tone as it is heard through them when nothing happens.

mod common;

use std::sync::LazyLock;

use common::{PEAK, Phone, SETTLED_MS, World, clip, config, steps, undisturbed, worst_jump};
use media::{Clip, Codec, Decoder, Encoder, Format, Frame, OpusSend, Rate};
use mixer::{Audience, Hears, LegKey, Order, PlayId, Playlist, Room, RoomKey, ShardConfig, Target};
use proptest::prelude::*;

const TALK: f64 = 97.0;
const OTHER: f64 = 113.0;
const PROMPT: f64 = 83.0;
const MUSIC: f64 = 71.0;

const NARROW: [Codec; 3] = [Codec::Pcmu, Codec::Pcmu, Codec::Pcma];
const WIDE: [Codec; 3] = [
    Codec::G722,
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

/// Longer than any of these tests, so that its ends are not heard; made once, for it takes its time.
static MUSIC_CLIP: LazyLock<Clip> = LazyLock::new(|| clip(MUSIC, 6_000));

/// Three phones in a room, the first says a tone; what the second hears is examined.
fn world_of(codecs: [Codec; 3], ms: u64) -> World {
    world_above(Clip::default(), codecs, ms)
}

/// The same above a noise of the line.
fn world_above(noise: Clip, codecs: [Codec; 3], ms: u64) -> World {
    let music = MUSIC_CLIP.clone();
    let config = ShardConfig {
        music,
        noise,
        ..config()
    };
    let mut world = World::with(0, config);
    for ((number, codec), hz) in (0..).zip(codecs).zip([TALK, OTHER, OTHER]) {
        let mut phone = Phone::new(number, codec);
        phone.hz = hz;
        phone.speaks = number == 0;
        world.add_phone(phone);
    }
    world.gather(1);
    world.open(2);
    world.run(ms);
    world
}

fn world(late: u64) -> World {
    world_of(NARROW, 300 + 20 * late)
}

/// A change, and how many times the worst step of the undisturbed tones is the most that may be heard of it, in each of [`WIDE`]: what was
/// measured, and a tenth.
type Change<'a> = (&'a dyn Fn(&mut World), [f64; 3]);

/// What the second phone hears while `changes` are made one after another; and that they make a difference.
fn heard_through(late: u64, changes: &[Change<'_>]) -> (i32, bool) {
    let mut changed = world(late);
    let mut steady = world(late);
    for world in [&mut changed, &mut steady] {
        world.listen_anew();
    }
    for (change, _) in changes {
        change(&mut changed);
        changed.run(140);
        steady.run(140);
    }
    let differs = changed.phones[1].heard != steady.phones[1].heard;
    (changed.phones[1].worst_jump(), differs)
}

/// Makes the changes in every codec.
fn check(tones: &[f64], changes: &[Change<'_>]) {
    check_narrow(tones, changes);
    (0..WIDE.len()).for_each(|place| check_wide(place, tones, changes));
}

/// Makes the changes at twelve phases of the tones.
fn check_narrow(tones: &[f64], changes: &[Change<'_>]) {
    let limit = steps(tones);
    for late in 0..12 {
        let (worst, differs) = heard_through(late, changes);
        assert!(
            f64::from(worst) < limit,
            "a step of {worst}, {late} ticks late; tones alone explain {limit:.0}"
        );
        assert!(differs, "nothing has changed");
    }
}

/// Makes the changes shortly after one another, and again with so much time between them that a voice is heard again before the next: of a
/// tone these codecs do not tell that it is no silence, so it may be half a second until it is looked into.
fn check_wide(place: usize, tones: &[f64], changes: &[Change<'_>]) {
    let codec = WIDE[place];
    let undisturbed = undisturbed_sum(codec, tones);
    for (late, pause) in [(0, 140), (4, 600)] {
        let mut world = world_of([codec; 3], SETTLED_MS + 20 * late);
        assert!(world.phones[1].hears(TALK) > PEAK / 2.0, "{codec:?}");
        for (number, (change, most)) in changes.iter().enumerate() {
            // The step from the last sample before it counts.
            let heard = &mut world.phones[1].heard;
            heard.drain(..heard.len() - 1);
            change(&mut world);
            world.run(pause);
            let times = f64::from(world.phones[1].worst_jump()) / undisturbed;
            println!("{codec:?}, {pause} ms for each, change {number}: {times:.2}");
            assert!(
                times < most[place],
                "{codec:?}, {pause} ms for each: change {number} steps {times:.2} times as far as the tones, not {}",
                most[place]
            );
        }
    }
}

fn undisturbed_sum(codec: Codec, tones: &[f64]) -> f64 {
    tones.iter().map(|hz| undisturbed(codec, *hz)).sum()
}

/// Largest step that `tones` at once explain in a codec.
///
/// In G.722 and Opus it is that of the undisturbed tones, some times over, as an encoder or a decoder goes on where another one was: by one
/// that has heard the same for some ticks; so far the worst of all changes goes ([`Change`]), and a tenth. Without those ticks, who comes back
/// from silence to what others hear gets a step of up to 1.8 times that of the tone in G.722, and 3.5 times in Opus. A cut at the peak makes
/// ten times, and twenty and more.
fn limit(codec: Codec, tones: &[f64]) -> f64 {
    let times = match codec {
        Codec::Pcmu | Codec::Pcma => return steps(tones),
        Codec::G722 => 1.48,
        Codec::Opus(_) => 2.07,
    };
    times * undisturbed_sum(codec, tones)
}

fn play(to: Target, ms: usize) -> impl Fn(&mut World) {
    move |world| {
        let playlist = Playlist::new(PlayId(1), Box::new([clip(PROMPT, ms)]));
        world.order(Order::Play { to, playlist });
    }
}

#[test]
fn mute_and_unmute() {
    let mute: &dyn Fn(&mut World) = &|world| world.route(0, false, Hears::Room);
    let unmute: &dyn Fn(&mut World) = &|world| world.route(0, true, Hears::Room);
    check(
        &[TALK],
        &[
            (mute, [1.05, 1.21, 1.18]),
            (unmute, [1.24, 1.12, 1.2]),
            (mute, [1.02, 1.24, 1.18]),
            (unmute, [1.13, 1.2, 1.95]),
        ],
    );
}

#[test]
fn gain_up_and_down() {
    let gain = |db| move |world: &mut World| world.order(Order::Gain { leg: LegKey(0), db });
    check(
        &[TALK],
        &[
            (&gain(-40), [1.04, 1.23, 1.18]),
            (&gain(0), [1.1, 1.1, 1.03]),
            (&gain(-12), [1.02, 1.19, 1.13]),
            (&gain(0), [1.1, 1.07, 1.03]),
        ],
    );
}

#[test]
fn hold_with_music_and_back() {
    let hold: &dyn Fn(&mut World) = &|world| world.route(1, false, Hears::Music);
    let back: &dyn Fn(&mut World) = &|world| world.route(1, true, Hears::Room);
    let deaf: &dyn Fn(&mut World) = &|world| world.route(1, true, Hears::Nothing);
    check(
        &[TALK, MUSIC],
        &[
            (hold, [0.65, 0.95, 0.7]),
            (back, [0.7, 1.32, 0.81]),
            (hold, [0.6, 0.96, 0.88]),
            (deaf, [0.42, 0.64, 0.65]),
            (back, [0.68, 0.72, 0.68]),
        ],
    );
}

#[test]
fn the_listener_leaves_the_room_and_comes_back() {
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(1) });
    let other: &dyn Fn(&mut World) = &|world| world.enter(1, 2);
    let back: &dyn Fn(&mut World) = &|world| world.enter(1, 1);
    check(
        &[TALK],
        &[
            (part, [1.05, 1.18, 1.31]),
            (back, [1.36, 1.12, 1.1]),
            (other, [1.02, 1.38, 1.13]),
            (back, [1.23, 1.12, 1.03]),
        ],
    );
}

#[test]
fn the_speaker_leaves_the_room_and_comes_back() {
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(0) });
    let other: &dyn Fn(&mut World) = &|world| world.enter(0, 2);
    let back: &dyn Fn(&mut World) = &|world| world.enter(0, 1);
    check(
        &[TALK],
        &[
            (part, [1.05, 1.21, 1.18]),
            (back, [1.24, 1.12, 1.2]),
            (other, [1.02, 1.24, 1.18]),
            (back, [1.13, 1.06, 1.03]),
        ],
    );
}

#[test]
fn the_speaker_hangs_up() {
    let gone: &dyn Fn(&mut World) = &|world| world.order(Order::RemoveLeg { leg: LegKey(0) });
    check(&[TALK], &[(gone, [1.05, 1.21, 1.18])]);
}

#[test]
fn the_room_closes() {
    let closed: &dyn Fn(&mut World) = &|world| world.order(Order::CloseRoom { room: RoomKey(1) });
    check(&[TALK], &[(closed, [1.13, 1.63, 1.26])]);
    let prompt = play(Target::Room(RoomKey(1)), 500);
    check(
        &[TALK, PROMPT],
        &[(&prompt, [1.01, 1.06, 0.95]), (closed, [0.6, 0.95, 0.97])],
    );
}

#[test]
fn others_who_talk_come_and_go_and_are_muted() {
    let talk: &dyn Fn(&mut World) = &|world| {
        world.phones[2].speaks = true;
        world.route(2, false, Hears::Room);
    };
    let unmute: &dyn Fn(&mut World) = &|world| world.route(2, true, Hears::Room);
    let mute: &dyn Fn(&mut World) = &|world| world.route(2, false, Hears::Room);
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(2) });
    let back: &dyn Fn(&mut World) = &|world| world.enter(2, 1);
    let gone: &dyn Fn(&mut World) = &|world| world.order(Order::RemoveLeg { leg: LegKey(2) });
    check(
        &[TALK, OTHER],
        &[
            (talk, [0.52, 0.5, 0.5]),
            (unmute, [1.06, 1.03, 0.96]),
            (mute, [0.93, 1.07, 1.1]),
            (unmute, [1.03, 1.03, 0.95]),
            (part, [0.57, 0.87, 0.85]),
            (back, [1.04, 1.02, 0.95]),
            (gone, [0.88, 0.98, 0.91]),
        ],
    );
}

/// Those of the three who are heard by turns.
const SEATED: [f64; 3] = [TALK, 250.0, 400.0];

/// Two seats for three who talk: whoever is muted leaves his to the one who had none. What the second phone hears of it after `begin` ms
/// steps less far than `limit`.
fn check_seats(codecs: [Codec; 4], begin: u64, pause: u64, limit: f64) {
    let mut world = World::speaking(&codecs);
    for (phone, hz) in world.phones.iter_mut().zip([TALK, OTHER, 250.0, 400.0]) {
        phone.hz = hz;
    }
    world.phones[1].speaks = false;
    let (room, audio) = (RoomKey(1), Room::new(2));
    world.order(Order::OpenRoom { room, audio });
    (0..4).for_each(|n| world.enter(n, 1));
    world.run(begin);
    world.listen_anew();
    for (muted, seated) in [(2, 3), (3, 2), (2, 3), (3, 2)] {
        world.route(muted, false, Hears::Room);
        world.run(pause);
        world.route(muted, true, Hears::Room);
        world.run(pause);
        let heard = [2, 3].map(|n| world.phones[1].hears(world.phones[n].hz) > PEAK / 2.0);
        assert_eq!(heard, [seated == 2, seated == 3], "{codecs:?}: {muted} muted");
    }
    let worst = world.phones[1].worst_jump();
    assert!(
        f64::from(worst) < limit,
        "{codecs:?}: a step of {worst}, begun after {begin} ms; tones explain {limit:.0}"
    );
}

#[test]
fn the_seats_of_a_full_floor_change_hands() {
    let [first, second, third] = NARROW;
    for late in 0..12 {
        check_seats(
            [first, second, third, first],
            300 + 20 * late,
            140,
            steps(&SEATED),
        );
    }
    for (codec, times) in WIDE.into_iter().zip([0.72, 0.97, 0.86]) {
        let limit = times * undisturbed_sum(codec, &SEATED);
        for late in [0, 4] {
            check_seats([codec; 4], SETTLED_MS + 20 * late, 600, limit);
        }
    }
}

#[test]
fn a_listener_who_talks_himself_hears_no_click_when_things_change() {
    let talk: &dyn Fn(&mut World) = &|world| world.phones[1].speaks = true;
    let mute_me: &dyn Fn(&mut World) = &|world| world.route(1, false, Hears::Room);
    let mute: &dyn Fn(&mut World) = &|world| world.route(0, false, Hears::Room);
    let unmute: &dyn Fn(&mut World) = &|world| world.route(0, true, Hears::Room);
    let unmute_me: &dyn Fn(&mut World) = &|world| world.route(1, true, Hears::Room);
    let part: &dyn Fn(&mut World) = &|world| world.order(Order::Part { leg: LegKey(1) });
    check(
        &[TALK],
        &[
            (talk, [1.1, 1.34, 1.13]),
            (mute_me, [1.48, 1.12, 1.08]),
            (mute, [1.08, 1.28, 1.16]),
            (unmute, [1.14, 1.19, 2.07]),
            (unmute_me, [1.1, 1.14, 1.08]),
            (part, [0.93, 1.18, 1.2]),
        ],
    );
}

/// Sends the second phone Opus with redundancy, or without again, as control does when it reports losses, and when none are left.
fn redundancy(fec_percent: u8) -> impl Fn(&mut World) {
    move |world| {
        let (leg, codec) = (world.phones[1].key, world.phones[1].codec);
        let format = |fec_percent| {
            let send = OpusSend {
                fec_percent,
                ..OpusSend::default()
            };
            Format::with_opus(codec, send)
        };
        for whom in [Audience::Room(RoomKey(1)), Audience::Music, Audience::Nothing] {
            let (encoder, gone) = (Encoder::new(format(10)), format(10));
            world.order(match fec_percent {
                0 => Order::Unequip { whom, format: gone },
                _ => Order::Equip { whom, encoder },
            });
        }
        let encoder = Encoder::new(format(fec_percent));
        world.order(Order::AdaptLeg { leg, encoder });
    }
}

#[test]
fn redundancy_of_opus_is_switched_on_and_off_for_who_listens_and_for_who_talks() {
    let (on, off) = (redundancy(10), redundancy(0));
    let talk: &dyn Fn(&mut World) = &|world| world.phones[1].speaks = true;
    // G.722 has none.
    let changes: [Change<'_>; 7] = [
        (&on, [0.0, 1.34, 1.10]),
        (&off, [0.0, 1.10, 1.10]),
        (&on, [0.0, 1.21, 1.08]),
        (&off, [0.0, 1.48, 1.47]),
        (talk, [0.0, 1.13, 1.18]),
        (&on, [0.0, 1.45, 1.08]),
        (&off, [0.0, 1.16, 1.08]),
    ];
    [1, 2]
        .into_iter()
        .for_each(|place| check_wide(place, &[TALK], &changes));
}

#[test]
fn private_prompts_start_stop_and_interrupt_each_other_over_the_ducked_room() {
    let hush: &dyn Fn(&mut World) = &|world| world.order(Order::Hush { leg: LegKey(1) });
    let leg = Target::Leg(LegKey(1));
    let plays = [play(leg, 83), play(leg, 500), play(leg, 500), play(leg, 47)];
    // Two prompts cross when one interrupts the other.
    check(
        &[TALK, PROMPT, PROMPT],
        &[
            (&plays[0], [0.41, 0.74, 0.59]),
            (&plays[1], [0.62, 0.6, 0.52]),
            (&plays[2], [0.48, 0.5, 0.39]),
            (hush, [0.42, 0.43, 0.38]),
            (&plays[3], [0.63, 0.58, 0.51]),
        ],
    );
}

/// Milliseconds until a room is sent as the noise of the line, and until a tone is heard again for certain.
const FALLS_QUIET_MS: u64 = 600;
const HEARD_MS: u64 = 700;

/// A room falls quiet when the one who talks is muted, or what is played to it ends, and each begins in it again.
fn check_quiet(noise: &Clip, codec: Codec, late: u64) {
    let mut world = world_above(noise.clone(), [codec; 3], SETTLED_MS + 20 * late);
    // In no room: it hears the noise of the line.
    world.add_phone(Phone::new(3, codec));
    let talk: &dyn Fn(&mut World) = &|world| world.route(0, true, Hears::Room);
    let play: &dyn Fn(&mut World) = &play(Target::Room(RoomKey(1)), HEARD_MS as usize);
    for (hz, begin) in [(TALK, talk), (TALK, talk), (PROMPT, play), (TALK, talk)] {
        world.listen_anew();
        begin(&mut world);
        world.run(HEARD_MS - 20);
        let what = format!("{codec:?}, {hz} Hz, {late} ticks late");
        assert!(world.phones[1].hears(hz) > PEAK / 2.0, "{what}");
        world.route(0, false, Hears::Room);
        world.run(FALLS_QUIET_MS + 20 * late);
        let [room, none] = [1, 3].map(|phone: usize| world.phones[phone].socket.0.borrow().last);
        assert_eq!(room.bytes()[12..], none.bytes()[12..], "{what}");
        let (worst, limit) = (f64::from(world.phones[1].worst_jump()), limit(codec, &[hz]));
        assert!(worst < limit, "{what}: a step of {worst} of {limit:.0}");
    }
}

#[test]
fn a_room_falls_quiet_and_a_voice_or_an_announcement_begins_in_it() {
    let noise = media::noise::comfort_noise(&Rate::ALL);
    for codec in NARROW[1..].iter().chain(&WIDE) {
        for (noise, late) in [(&Clip::default(), 0), (&noise, 1), (&noise, 4)] {
            check_quiet(noise, *codec, late);
        }
    }
}

#[test]
fn announcements_start_end_and_interrupt_each_other() {
    let room = Target::Room(RoomKey(1));
    let but_one = Target::RoomExcept(RoomKey(1), LegKey(2));
    check(
        &[TALK, PROMPT, PROMPT],
        &[
            (&play(room, 83), [0.68, 0.7, 0.62]),
            (&play(but_one, 500), [0.68, 0.71, 0.63]),
            (&play(room, 500), [0.66, 0.71, 0.66]),
            (&play(but_one, 99), [0.68, 0.82, 0.72]),
        ],
    );
}

#[test]
fn a_prompt_that_plays_when_the_call_ends_fades_out_too() {
    let prompt = play(Target::Leg(LegKey(1)), 5_000);
    for late in 0..12 {
        let mut world = world(late);
        prompt(&mut world);
        world.run(100);
        world.order(Order::RemoveLeg { leg: LegKey(1) });
        world.tick();
        let last = world.phones[1].frame();
        assert_eq!(last[120..], [0; 40], "{late}");
    }
}

/// The worst step that a cut at the edge of a tick would make, `late` ticks in.
fn worst_of_a_cut(late: u64) -> i32 {
    let mut world = world(late);
    world.listen_anew();
    world.run(40);
    world.phones[1].heard[160..].fill(0);
    world.phones[1].worst_jump()
}

#[test]
fn cuts_would_be_noticed() {
    let noticed = |tones: &[f64]| {
        let limit = steps(tones);
        (0..12)
            .filter(|late| f64::from(worst_of_a_cut(*late)) > limit)
            .count()
    };
    assert!(noticed(&[TALK]) >= 8 && noticed(&[TALK, PROMPT, PROMPT, MUSIC]) >= 4);
}

/// Ticks of a tone before it is cut, and of the silence behind it.
const WHOLE: usize = 15;
const CUT: usize = 5;

/// The worst step that is heard through a codec where what is said ends at the edge of a tick.
fn worst_of_a_cut_in(codec: Codec, said: &[i16]) -> i32 {
    let (mut encoder, mut decoder) = (Encoder::new(Format::of(codec)), Decoder::new(codec));
    let (mut frame, mut payload) = (Frame::silence(codec.rate()), [0; Codec::MAX_PAYLOAD]);
    let (mut heard, tick) = (Vec::new(), codec.rate().samples_per_tick());
    let mut said = said.to_vec();
    said[WHOLE * tick..].fill(0);
    for said in said.chunks_exact(tick) {
        frame.samples_mut().copy_from_slice(said);
        let length = encoder.encode(&frame, &mut payload);
        decoder.decode(&payload[..length], frame.samples_mut());
        heard.extend_from_slice(frame.samples());
    }
    // Both began in the middle of the tone, too.
    worst_jump(&heard[(WHOLE - 2) * tick..])
}

#[test]
fn cuts_would_be_noticed_through_codecs_that_smooth_them() {
    for codec in WIDE {
        let mut world = world_of([codec; 3], SETTLED_MS);
        world.listen_anew();
        (0..WHOLE + CUT + 12).for_each(|_| world.tick());
        let heard = &world.phones[1].heard;
        let ticks = codec.rate().samples_per_tick();
        let worst: Vec<_> = (0..12)
            .map(|late| worst_of_a_cut_in(codec, &heard[late * ticks..][..(WHOLE + CUT) * ticks]))
            .collect();
        for (tones, least) in [(&[TALK][..], 8), (&[TALK, PROMPT][..], 4)] {
            let limit = limit(codec, tones);
            let noticed = worst.iter().filter(|worst| f64::from(**worst) > limit).count();
            assert!(noticed >= least, "{codec:?}: {worst:?} and a limit of {limit:.0}");
        }
    }
}

/// Changes for the speaker, the listener or their room.
fn change() -> impl Strategy<Value = (u8, usize, u64)> {
    (0u8..11, 0usize..2, 1u64..8)
}

fn apply(world: &mut World, (what, phone, length): (u8, usize, u64)) {
    let leg = world.phones[phone].key;
    let ms = 37 * length as usize;
    match what {
        0 => world.order(Order::Part { leg }),
        1 => world.enter(phone, 1),
        2 => world.enter(phone, 2),
        3 => world.route(phone, false, Hears::Music),
        4 => world.route(phone, true, Hears::Nothing),
        5 => world.order(Order::Gain {
            leg,
            db: -5 * length as i8,
        }),
        6 => world.order(Order::Gain { leg, db: 0 }),
        7 => world.order(Order::Hush { leg }),
        8 => play(Target::Leg(leg), ms)(world),
        9 => play(Target::Room(RoomKey(1)), ms)(world),
        _ => world.route(phone, true, Hears::Room),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_row_of_changes_makes_a_click(changes in proptest::collection::vec((change(), 0u64..4), 1..60)) {
        let mut world = world(0);
        for (change, ticks) in changes {
            apply(&mut world, change);
            world.run(20 * ticks);
        }
        world.run(100);
        // To the leg and to the room, each may interrupt itself.
        let limit = steps(&[TALK, PROMPT, PROMPT, PROMPT, PROMPT, MUSIC]);
        prop_assert!(f64::from(world.phones[1].worst_jump()) < limit, "{} > {limit}", world.phones[1].worst_jump());
    }
}
