//! Crowds that change over at once: one ramp for those who hear alike, a bounded number of encodings for those who do not, and no click.

mod common;

use std::sync::LazyLock;

use common::{PEAK, Phone, World, clip, config, undisturbed};
use media::{Clip, Codec, Rate};
use mixer::{Hears, LegKey, Order, RampCounts, ShardConfig};

const TALK: f64 = 97.0;
const MUSIC: f64 = 71.0;

/// Longer than any of these tests, so that its ends are not heard; made once, for it takes its time.
static MUSIC_CLIP: LazyLock<Clip> = LazyLock::new(|| clip(MUSIC, 6_000));

/// More than may each have a ramp of their own in a tick.
const CROWD: u64 = 40;

/// One who talks, and all others, who hear music.
fn crowd(codec: Codec) -> World {
    let music = MUSIC_CLIP.clone();
    let mut world = World::with(0, ShardConfig { music, ..config() });
    (0..CROWD).for_each(|number| world.add_phone(Phone::new(number, codec)));
    let (talker, listeners) = world.phones.split_at_mut(1);
    talker[0].hz = TALK;
    listeners.iter_mut().for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.run(100);
    all_hear(&mut world, Hears::Music);
    world.run(1_000);
    world
}

fn all_hear(world: &mut World, hears: Hears) {
    (1..CROWD as usize).for_each(|n| world.route(n, false, hears));
}

/// Whether all listeners from number `first` on have heard the same, and without a cut.
fn hear_alike(world: &World, first: usize) -> bool {
    let listeners = &world.phones[first..];
    let worst = f64::from(listeners[0].worst_jump());
    listeners.iter().all(|phone| phone.heard == listeners[0].heard) && worst < PEAK / 2.0
}

#[test]
fn a_crowd_that_goes_over_at_once_hears_one_ramp_made_for_all_of_them() {
    let changes = [
        Hears::Room,
        Hears::Music,
        Hears::Room,
        Hears::Nothing,
        Hears::Room,
    ];
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus(Rate::Hz16000)] {
        let mut world = crowd(codec);
        let before = world.shard.stats();
        for hears in changes {
            all_hear(&mut world, hears);
            world.run(140);
        }
        let after = world.shard.stats();
        // Those of the one who talks, and of each change one, which goes on until its encoder is like that of all.
        let made = if codec.has_memory() { 7 } else { 1 };
        assert_eq!(after.own - before.own, 7 * 5 + made * 5, "{codec:?}");
        assert_eq!(after.ramps, before.ramps, "{codec:?}");
        assert!(hear_alike(&world, 1), "{codec:?}");
    }
}

#[test]
fn when_the_one_whose_encoder_made_a_ramp_hangs_up_the_others_go_on_with_what_all_hear() {
    for codec in [Codec::G722, Codec::Opus(Rate::Hz16000)] {
        let mut world = crowd(codec);
        let before = world.shard.stats().own;
        all_hear(&mut world, Hears::Room);
        world.tick();
        world.order(Order::RemoveLeg { leg: LegKey(1) });
        world.run(140);
        // Those of the one who talks, that of the ramp, and that of the goodbye.
        assert_eq!(world.shard.stats().own - before, 8 + 1 + 1, "{codec:?}");
        assert!(hear_alike(&world, 2), "{codec:?}");
        assert!(world.phones[2].hears(TALK) > PEAK / 2.0, "{codec:?}");
    }
}

/// So many who hear music, each in a room of its own: their ramps are not alike. All of them go over to their rooms then, where nobody speaks.
/// What was counted of it; and the phones, of which the first have kept what they heard.
fn all_go_over(codec: Codec, count: u64) -> (RampCounts, Vec<Phone>) {
    let sizes = ShardConfig {
        max_legs: 256,
        max_rooms: 256,
        orders: 4_096,
        ..config()
    };
    let music = MUSIC_CLIP.clone();
    let mut world = World::with(0, ShardConfig { music, ..sizes });
    for (phone, number) in (0_usize..).zip(0..count) {
        world.add_phone(Phone::new(number, codec));
        world.phones[phone].speaks = false;
        world.phones[phone].keeps = number < CROWD;
        world.open(number + 1);
        world.enter(phone, number + 1);
        world.route(phone, true, Hears::Music);
    }
    world.run(500);
    world.listen_anew();
    let before = world.shard.stats().ramps;
    (0..count as usize).for_each(|phone| world.route(phone, true, Hears::Room));
    world.run(400);
    let after = world.shard.stats().ramps;
    let counts = RampCounts {
        put_off: after.put_off - before.put_off,
        cut: after.cut - before.cut,
        unsettled: after.unsettled - before.unsettled,
    };
    (counts, world.phones)
}

#[test]
fn of_more_ramps_than_a_tick_has_encodings_for_some_begin_later_and_none_is_cut() {
    // Not all of them settle: in Opus it is heard. So many times as far as the tone itself they step; measured, and a tenth.
    for (codec, put_off, times) in [(Codec::G722, 0, 0.97), (Codec::Opus(Rate::Hz16000), 24 + 8, 5.54)] {
        let (counts, phones) = all_go_over(codec, CROWD);
        assert_eq!((counts.put_off, counts.cut), (put_off, 0), "{codec:?}");
        let limit = times * undisturbed(codec, MUSIC);
        for phone in phones {
            let worst = f64::from(phone.worst_jump());
            assert!(
                worst < limit,
                "{codec:?}: {:?} steps by {worst} of {limit:.0}",
                phone.key
            );
            assert!(phone.hears(MUSIC) < PEAK / 20.0, "{codec:?}: {:?}", phone.key);
        }
    }
}

#[test]
fn ramps_that_would_begin_too_late_are_left_out_and_counted() {
    let (counts, phones) = all_go_over(Codec::Opus(Rate::Hz16000), 200);
    // In each of eleven ticks 16 begin; those that are left have waited for ten.
    let put_off: u64 = (1..=10).map(|ticks| 200 - 16 * ticks).sum();
    assert_eq!((counts.put_off, counts.cut), (put_off, 200 - 16 * 11));
    assert!(counts.unsettled > 0);
    let mut first = phones.iter().take(CROWD as usize);
    assert!(first.all(|phone| phone.hears(MUSIC) < PEAK / 20.0));
}
