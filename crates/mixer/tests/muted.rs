//! Who is muted or held: his meters go on, and nothing of what they show is heard by anybody.

mod common;

use common::{PEAK, World};
use media::{Codec, Dbov, Quality, Rate};
use mixer::{Hears, Report};

const CODECS: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

/// Two phones of a codec, and one of PCMU, of which the first is not heard; nobody speaks.
fn quiet_room(codec: Codec, hears: Hears) -> World {
    let mut world = World::speaking(&[codec, codec, Codec::Pcmu]);
    world.phones.iter_mut().for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.route(0, false, hears);
    world.run(2_000);
    world.reports();
    world.listen_anew();
    world
}

/// Peak of a tone of `db` dBov.
fn peak(db: i8) -> f64 {
    32_767.0 * std::f64::consts::SQRT_2 * 10_f64.powf(f64::from(db) / 20.0)
}

/// What was told last of how the first leg is, which is never said to talk.
fn told(world: &mut World) -> Quality {
    let leg = world.phones[0].key;
    let mut last = None;
    for report in world.reports() {
        if let Report::Quality { leg: of, quality } = report
            && of == leg
        {
            last = Some(quality);
        } else {
            assert!(!matches!(report, Report::Talking { .. }), "{leg:?} talks");
        }
    }
    last.expect("quality is told once a second")
}

/// The others have heard nothing.
fn nobody_heard_it(world: &World, what: &str) {
    for phone in &world.phones[1..] {
        let level = Dbov::of(&phone.heard);
        assert!(level < Dbov::SPARED, "{what}: {:?} hears {level:?}", phone.key);
    }
}

#[test]
fn the_level_of_who_is_muted_follows_his_tone_in_every_codec_and_nobody_hears_it() {
    for codec in CODECS {
        let mut world = quiet_room(codec, Hears::Room);
        for db in [-24, -12, -36] {
            let phone = &mut world.phones[0];
            (phone.speaks, phone.hz, phone.peak) = (true, 700.0, peak(db));
            world.run(6_000);
            let quality = told(&mut world);
            for level in [quality.level_dbov, quality.speech_dbov] {
                let level = level.expect("he has spoken");
                assert!((level - db).abs() <= 1, "{codec:?}: {level} of {db} dBov");
            }
        }
        nobody_heard_it(&world, &format!("{codec:?}"));
    }
}

#[test]
fn the_level_of_who_is_held_rises_within_two_seconds_and_falls_when_he_is_silent() {
    for codec in CODECS {
        let mut world = quiet_room(codec, Hears::Music);
        let before = told_after(&mut world, 2_000).level_dbov;
        assert!(
            before.is_some_and(|level| level < -60),
            "{codec:?}: {before:?} in silence"
        );
        let phone = &mut world.phones[0];
        (phone.speaks, phone.hz) = (true, 700.0);
        let loud = told_after(&mut world, 3_000);
        assert!(
            loud.level_dbov.is_some_and(|level| level >= -34),
            "{codec:?}: {:?} when he speaks",
            loud.level_dbov
        );
        world.phones[0].speaks = false;
        let after = told_after(&mut world, 6_000);
        assert!(
            after.level_dbov.is_some_and(|level| level < -60),
            "{codec:?}: {:?} behind his words",
            after.level_dbov
        );
        assert!(after.noise_dbov.is_some_and(|noise| noise < -60), "{codec:?}");
        nobody_heard_it(&world, &format!("{codec:?}"));
    }
}

fn told_after(world: &mut World, ms: u64) -> Quality {
    world.run(ms);
    told(world)
}

#[test]
fn who_is_muted_in_the_middle_of_a_word_and_is_heard_again_sounds_as_before() {
    for codec in CODECS {
        let mut world = quiet_room(codec, Hears::Room);
        world.phones[0].speaks = true;
        world.run(3_000);
        nobody_heard_it(&world, &format!("{codec:?}"));
        let hz = world.phones[0].hz;
        for _ in 0..3 {
            // Opus may take the tone for noise, and looks into it within half a second.
            for (speaks, ms, least, most) in [(true, 1_000, 0.8, 1.25), (false, 730, 0.0, 0.02)] {
                world.route(0, speaks, Hears::Room);
                world.run(ms);
                for phone in &world.phones[1..] {
                    let heard = phone.hears(hz) / PEAK;
                    assert!(
                        (least..most).contains(&heard),
                        "{codec:?}, heard {speaks}: {heard:.2} of it"
                    );
                }
            }
        }
    }
}
