//! Narrow and wide codecs in one room: everybody at his best, and the costly work done once.

mod common;

use common::{PEAK, TALKERS, World, clip, peak_of};
use media::{Codec, Encoder, Format, Frame, OpusSend, Rate};
use mixer::{Audience, Hears, Order, PlayId, Playlist, Room, RoomKey, Target};

const ALL: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus(Rate::Hz8000),
    Codec::Opus(Rate::Hz16000),
    Codec::Opus(Rate::Hz48000),
];

fn db(ratio: f64) -> f64 {
    20.0 * ratio.max(1e-9).log10()
}

/// How loud `listener` hears `speaker` over the last 200 ms, over how loud it speaks, in dB.
fn level(world: &World, listener: usize, speaker: usize) -> f64 {
    level_of_last(10, world, listener, speaker)
}

/// The same over the last `ticks`: the more, the less is noise taken for a tone.
fn level_of_last(ticks: usize, world: &World, listener: usize, speaker: usize) -> f64 {
    let (ear, mouth) = (&world.phones[listener], &world.phones[speaker]);
    let rate = ear.codec.rate();
    let last = &ear.heard[ear.heard.len() - ticks * rate.samples_per_tick()..];
    db(peak_of(mouth.hz, rate, last) / PEAK)
}

/// Largest step between two samples of tones of PEAK at this rate, with what codecs and ramps add to it.
fn step(rate: Rate, tones: &[f64]) -> f64 {
    let steps = tones
        .iter()
        .map(|hz| (std::f64::consts::PI * hz / f64::from(rate.hz())).sin());
    1.35 * 2.0 * PEAK * steps.sum::<f64>()
}

#[test]
fn every_codec_hears_every_other_at_its_level_and_never_itself() {
    let mut world = World::speaking(&ALL);
    for (speaker, mouth) in ALL.into_iter().enumerate() {
        (0..ALL.len()).for_each(|n| world.phones[n].speaks = n == speaker);
        if speaker == 0 {
            world.gather(1);
        }
        world.run(1_500);
        for (listener, ear) in ALL.into_iter().enumerate() {
            let heard = level(&world, listener, speaker);
            if listener == speaker {
                assert!(heard < -60.0, "{mouth:?} hears itself at {heard:.1} dB");
            } else {
                assert!(heard.abs() < 1.0, "{mouth:?} to {ear:?}: {heard:.2} dB");
            }
        }
    }
}

#[test]
fn wide_ears_hear_what_narrow_ears_cannot() {
    let mut world = World::speaking(&[Codec::G722, Codec::G722, Codec::Pcmu, Codec::Opus(Rate::Hz48000)]);
    world.phones[0].hz = 6_000.0;
    (1..4).for_each(|n| world.phones[n].speaks = false);
    world.gather(1);
    world.run(600);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 3, 0).abs() < 1.5);
    // Folded down it would be a tone of 2,000 Hz.
    world.phones[0].hz = 2_000.0;
    assert!(level(&world, 2, 0) < -50.0, "{}", level(&world, 2, 0));
}

#[test]
fn a_thousandth_of_the_encoding_serves_all_who_listen() {
    let mut codecs = vec![Codec::Opus(Rate::Hz48000); 30];
    codecs.extend([Codec::Pcmu; 20]);
    let mut world = World::speaking(&codecs);
    world
        .phones
        .iter_mut()
        .skip(2)
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.run(1_000);
    let before = world.shard.stats();
    world.run(200);
    let after = world.shard.stats();
    assert_eq!((after.own - before.own, after.shared - before.shared), (20, 480));
}

#[test]
fn without_an_encoder_to_share_everybody_is_served_all_the_same() {
    let mut world = World::speaking(&[Codec::Opus(Rate::Hz16000); 3]);
    let audio = Room::new(TALKERS);
    let room = RoomKey(1);
    world.order(Order::OpenRoom { room, audio });
    for n in 0..3 {
        let leg = world.phones[n].key;
        world.order(Order::Join { leg, room });
        world.route(n, true, Hears::Room);
    }
    world.phones[1].speaks = false;
    world.phones[2].speaks = false;
    world.run(1_000);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 2, 0).abs() < 1.0);
    let encoder = media::Encoder::new(media::Format::of(Codec::Opus(Rate::Hz16000)));
    let whom = Audience::Room(room);
    world.order(Order::Equip { whom, encoder });
    world.run(1_000);
    assert!(level(&world, 1, 0).abs() < 1.0 && level(&world, 2, 0).abs() < 1.0);
    let stats = world.shard.stats();
    assert!(stats.shared > 90, "{stats:?}");
}

#[test]
fn the_loudest_few_are_heard_and_a_louder_one_takes_the_seat_of_the_faintest() {
    let mut world = World::speaking(&[Codec::Pcmu; 6]);
    (3..6).for_each(|n| world.phones[n].speaks = false);
    let audio = Room::new(3);
    let room = RoomKey(1);
    world.order(Order::OpenRoom { room, audio });
    (0..6).for_each(|n| world.enter(n, 1));
    let gain = |world: &mut World, n: usize, db| {
        let leg = world.phones[n].key;
        world.order(Order::Gain { leg, db });
    };
    world.run(400);
    let heard = |world: &World| {
        (0..5)
            .map(|speaker| level(world, 5, speaker) > -3.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(heard(&world), [true, true, true, false, false]);
    // As loud as the others: they keep their seats.
    world.phones[3].speaks = true;
    world.run(400);
    assert_eq!(heard(&world), [true, true, true, false, false]);
    // One of them stops: his seat is free.
    world.phones[1].speaks = false;
    world.run(2_000);
    assert_eq!(heard(&world), [true, false, true, true, false]);
    gain(&mut world, 0, -6);
    world.run(400);
    assert!((level(&world, 5, 0) + 6.0).abs() < 1.0);
}

/// Nine who talk alike, of whom eight may be heard, and one who listens.
fn nine_for_eight_seats() -> World {
    let mut world = World::speaking(&[Codec::Pcmu; 10]);
    world.phones[9].speaks = false;
    let (room, audio) = (RoomKey(1), Room::new(8));
    world.order(Order::OpenRoom { room, audio });
    (0..10).for_each(|n| world.enter(n, 1));
    world.run(400);
    world
}

/// Turns one of them up or down; whom the one who listens hears then.
fn heard_with_gain(world: &mut World, speaker: usize, db: i8) -> Vec<usize> {
    let leg = world.phones[speaker].key;
    world.order(Order::Gain { leg, db });
    world.run(400);
    let is_heard = |speaker: &usize| level(world, 9, *speaker) > -4.0;
    (0..9).filter(is_heard).collect()
}

#[test]
fn whom_a_host_turns_down_leaves_the_floor_to_others_and_whom_he_turns_up_takes_a_seat() {
    let mut world = nine_for_eight_seats();
    assert_eq!(heard_with_gain(&mut world, 0, 0), [0, 1, 2, 3, 4, 5, 6, 7]);
    // Who has a seat has 6 dB in favour.
    assert!(level(&world, 9, 8) < -20.0);
    let turned_down_a_little = heard_with_gain(&mut world, 0, -3);
    assert_eq!(turned_down_a_little, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(heard_with_gain(&mut world, 0, -40), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(heard_with_gain(&mut world, 0, 5), [1, 2, 3, 4, 5, 6, 7, 8]);
    let turned_up = heard_with_gain(&mut world, 0, 7);
    assert!(turned_up.contains(&0) && turned_up.len() == 8, "{turned_up:?}");
}

#[test]
fn a_hosts_gain_makes_no_voice_of_what_is_too_faint_for_one_and_takes_none_away() {
    let mut world = nine_for_eight_seats();
    (1..9).for_each(|n| world.phones[n].speaks = false);
    // -67 dBov: the noise of a line.
    world.phones[0].peak = 20.0;
    world.run(1_000);
    heard_with_gain(&mut world, 0, 40);
    assert!(level(&world, 9, 0) < -50.0, "{}", level(&world, 9, 0));
    world.phones[0].peak = PEAK;
    heard_with_gain(&mut world, 0, -40);
    assert!(
        (level(&world, 9, 0) + 40.0).abs() < 3.0,
        "{}",
        level(&world, 9, 0)
    );
}

#[test]
fn a_crowd_that_changes_over_at_once_costs_a_bounded_number_of_encodings() {
    let mut codecs = vec![Codec::Opus(Rate::Hz16000); 60];
    codecs.extend([Codec::Pcmu; 4]);
    let mut world = World::speaking(&codecs);
    world
        .phones
        .iter_mut()
        .skip(1)
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    (1..64).for_each(|n| world.route(n, false, Hears::Music));
    world.run(1_000);
    (1..64).for_each(|n| world.route(n, true, Hears::Room));
    let mut own = world.shard.stats().own;
    for tick in 0..4 {
        world.tick();
        let now = world.shard.stats().own;
        // The talker's, those of the ramps allowed, and of the four to whom encoding is nothing.
        assert!(now - own <= 1 + 16 + 4, "{} in tick {tick}", now - own);
        own = now;
    }
    world.run(1_000);
    for listener in 1..64 {
        assert!(level(&world, listener, 0).abs() < 1.0, "{listener}");
    }
}

/// Six phones that all talk, and are sent Opus in this way. No tone lies where others meet: what codecs make of several tones is not taken
/// for one of them.
fn all_talk(send: OpusSend) -> World {
    let mut world = World::speaking(&ALL);
    for (phone, apart) in world.phones.iter_mut().zip([3.0, 7.0, 11.0, 13.0, 17.0, 19.0]) {
        phone.hz += apart;
    }
    world.gather(1);
    for (number, codec) in ALL.into_iter().enumerate() {
        let format = Format::with_opus(codec, send);
        if format != Format::of(codec) {
            let (leg, encoder) = (world.phones[number].key, Encoder::new(format));
            world.order(Order::AdaptLeg { leg, encoder });
        }
    }
    world
}

/// Opus with bits enough for any sound.
fn generous() -> OpusSend {
    OpusSend {
        bitrate: 128_000,
        ..OpusSend::default()
    }
}

/// Below this nobody hears himself, dB.
const OWN_DB: f64 = -60.0;

/// Everybody hears everybody at his level; `most` is how much an ear may be off, dB. And nobody hears himself, as far as one recording can
/// tell: what Opus adds to five tones repeats with them and lies on whole Hz, too, however long is listened. What an ear of Opus hears of
/// its own mouth, two recordings tell.
fn assert_levels(send: OpusSend, most: impl Fn(Codec) -> f64) {
    let mut world = all_talk(send);
    world.run(6_000);
    for (listener, ear) in ALL.into_iter().enumerate() {
        for (speaker, mouth) in ALL.into_iter().enumerate() {
            let heard = level_of_last(250, &world, listener, speaker);
            if listener != speaker {
                assert!(heard.abs() < most(ear), "{mouth:?} to {ear:?}: {heard:.2} dB");
            } else if !matches!(ear, Codec::Opus(_)) {
                assert!(heard < OWN_DB, "{ear:?} hears itself at {heard:.1} dB");
            }
        }
    }
}

#[test]
fn six_codecs_that_talk_all_at_once_hear_each_other_at_their_levels_and_never_themselves() {
    // For voices of less than some 60 kbit/s libopus takes SILK, which foretells one voice from its pitch: it bends the levels of six tones.
    assert_levels(OpusSend::default(), |ear| match ear {
        Codec::Opus(_) => 1.5,
        Codec::Pcmu | Codec::Pcma | Codec::G722 => 1.0,
    });
}

#[test]
fn opus_with_enough_bits_hears_six_tones_at_their_levels() {
    assert_levels(generous(), |_| 1.0);
}

/// Ticks until everybody is heard, and those after them in which one may say another tone.
const ALIKE: usize = 75;
const APART: usize = 75;
/// A tone of nobody's, far from all that are said.
const OTHER_HZ: f64 = 1_523.0;

/// All packets that each phone is sent while all talk on: first each with its tone, then one of them, if it is said which, with another.
/// It talks in every tick, so that all else stays as it is: who falls silent hears the room by an encoder that he shares with others.
fn talk_on(world: &mut World, other: Option<usize>) -> Vec<Vec<Vec<u8>>> {
    let mut sent = vec![Vec::new(); world.phones.len()];
    for tick in 0..ALIKE + APART {
        if let Some(other) = other.filter(|_| tick == ALIKE) {
            world.phones[other].hz = OTHER_HZ;
        }
        world.tick();
        for (sent, phone) in sent.iter_mut().zip(&world.phones) {
            sent.push(phone.socket.0.borrow().last.bytes().to_vec());
        }
    }
    sent
}

/// How loud the tone that `speaker` says in one world is in what `listener` hears there and not in the other, over the last second, in dB.
fn level_of_difference([one, other]: [&World; 2], listener: usize, speaker: usize) -> f64 {
    let rate = one.phones[listener].codec.rate();
    let last = |world: &World| {
        let heard = &world.phones[listener].heard;
        heard[heard.len() - 50 * rate.samples_per_tick()..].to_vec()
    };
    let pairs = last(one).into_iter().zip(last(other));
    let difference: Vec<i16> = pairs.map(|(one, other)| one.saturating_sub(other)).collect();
    db(peak_of(one.phones[speaker].hz, rate, &difference) / PEAK)
}

#[test]
fn who_talks_is_sent_the_same_to_the_bit_whatever_he_says_and_all_others_hear_it_in_every_codec() {
    for send in [OpusSend::default(), generous()] {
        let mut usual = all_talk(send);
        let sent = talk_on(&mut usual, None);
        for (speaker, mouth) in ALL.into_iter().enumerate() {
            let mut other = all_talk(send);
            let sent_else = talk_on(&mut other, Some(speaker));
            for (listener, ear) in ALL.into_iter().enumerate() {
                let mut pairs = sent[listener].iter().zip(&sent_else[listener]);
                let parted = pairs.position(|(one, other)| one != other);
                let heard = level_of_difference([&usual, &other], listener, speaker);
                let what = format!("{mouth:?} in {ear:?}: {heard:.1} dB, from tick {parted:?} on");
                if listener == speaker {
                    assert!(parted.is_none() && heard < OWN_DB, "{what}");
                } else {
                    // So an own voice that is left in would show; codecs bend the levels of other tones otherwise, but not by so much.
                    assert!(parted >= Some(ALIKE) && heard > -6.0, "{what}");
                }
            }
        }
    }
}

/// What happens to the third of three phones, and whether the second speaks, while the second listens to the first.
const COMINGS_AND_GOINGS: [fn(&mut World); 9] = [
    |world| world.phones[2].speaks = true,
    |world| world.route(2, false, Hears::Room),
    |world| world.route(2, true, Hears::Room),
    |world| world.phones[1].speaks = true,
    |world| {
        let leg = world.phones[2].key;
        world.order(Order::Part { leg });
    },
    |world| world.phones[1].speaks = false,
    |world| world.enter(2, 1),
    |world| world.phones[2].speaks = false,
    |world| {
        let leg = world.phones[2].key;
        world.order(Order::RemoveLeg { leg });
    },
];

#[test]
fn a_steady_tone_in_any_codec_goes_on_while_others_come_and_go_and_speak() {
    for codec in ALL {
        let mut world = World::speaking(&[codec, codec, Codec::Pcmu]);
        for (phone, hz) in world.phones.iter_mut().zip([300.0, 550.0, 450.0]) {
            phone.hz = hz;
            phone.speaks = hz == 300.0;
        }
        world.gather(1);
        world.run(1_500);
        world.listen_anew();
        for (number, change) in COMINGS_AND_GOINGS.into_iter().enumerate() {
            change(&mut world);
            for tick in 0..25 {
                world.tick();
                let level = db(world.phones[1].hears(300.0) / PEAK);
                assert!(
                    level.abs() < 2.0,
                    "{codec:?}: {level:.2} dB in tick {tick} of change {number}"
                );
            }
        }
        let (worst, most) = (world.phones[1].worst_jump(), step(codec.rate(), &[300.0, 450.0]));
        assert!(
            f64::from(worst) < most,
            "{codec:?}: a step of {worst} where tones explain {most:.0}"
        );
    }
}

/// Plays half a second to the second phone alone while the first one speaks; ticks of a second in which it hears a mix of its own.
fn own_through_a_prompt(world: &mut World) -> u64 {
    let to = Target::Leg(world.phones[1].key);
    let playlist = Playlist::new(PlayId(1), Box::new([clip(83.0, 500)]));
    world.order(Order::Play { to, playlist });
    let before = world.shard.stats().own;
    (0..50).for_each(|_| world.tick());
    // Who speaks has one in each of them.
    world.shard.stats().own - before - 50
}

#[test]
fn after_a_prompt_of_its_own_a_leg_of_g722_keeps_its_encoder_until_that_is_like_the_shared_one() {
    for hears in [Hears::Room, Hears::Music, Hears::Nothing] {
        let own = [Codec::Pcmu, Codec::Opus(Rate::Hz16000), Codec::G722].map(|codec| {
            let mut world = World::speaking(&[Codec::Pcmu, codec]);
            world.phones[1].speaks = false;
            world.gather(1);
            world.route(1, false, hears);
            world.run(1_500);
            own_through_a_prompt(&mut world)
        });
        assert!((25..=29).contains(&own[0]), "{hears:?}: {own:?}");
        assert_eq!([own[1], own[2]], [own[0], own[0] + 6], "{hears:?}");
    }
}

#[test]
fn a_steady_tone_goes_on_behind_a_prompt_without_a_click() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut world = World::speaking(&[codec; 2]);
        world.phones[0].hz = 300.0;
        world.phones[1].speaks = false;
        world.gather(1);
        world.run(1_500);
        world.listen_anew();
        own_through_a_prompt(&mut world);
        let (worst, most) = (world.phones[1].worst_jump(), step(codec.rate(), &[300.0, 83.0]));
        assert!(
            f64::from(worst) < most,
            "{codec:?}: a step of {worst} where tones explain {most:.0}"
        );
        let heard = level_of_last(15, &world, 1, 0);
        assert!(heard.abs() < 1.0, "{codec:?}: {heard:.2} dB");
    }
}

/// Ticks' worth of a tone that are heard of ten, said by a phone of this format after three seconds of silence.
fn heard_of_a_syllable(format: Format) -> f64 {
    let mut world = World::speaking(&[format.codec(); 2]);
    world.phones[0].sends(format);
    (0..2).for_each(|n| world.phones[n].speaks = false);
    world.gather(1);
    world.run(3_000);
    let hz = world.phones[0].hz;
    let heard = (0..25).map(|tick| {
        world.phones[0].speaks = tick < 10;
        world.tick();
        world.phones[1].hears(hz) / PEAK
    });
    // Codecs delay by parts of a tick: the first one heard and the last are one together.
    heard.sum()
}

/// Whether a tone is sent as CELT alone (RFC 6716, table 2).
fn is_celt(format: Format) -> bool {
    let (mut encoder, mut frame) = (Encoder::new(format), Frame::silence(format.codec().rate()));
    let mut payload = [0; Codec::MAX_PAYLOAD];
    let samples = frame.samples_mut().iter_mut().enumerate();
    samples.for_each(|(n, sample)| *sample = ((n as f64 / 10.0).sin() * PEAK) as i16);
    (0..10).for_each(|_| {
        encoder.encode(&frame, &mut payload);
    });
    payload[0] >> 3 >= 16
}

#[test]
fn the_first_syllable_of_who_was_silent_is_whole() {
    // At this bit rate Opus is CELT, at the usual one SILK, alone or beside CELT.
    let celt = OpusSend {
        bitrate: 128_000,
        ..OpusSend::default()
    };
    let celt = Format::with_opus(Codec::Opus(Rate::Hz48000), celt);
    assert!(is_celt(celt) && !is_celt(Format::of(celt.codec())));
    for format in ALL.map(Format::of).into_iter().chain([celt]) {
        let heard = heard_of_a_syllable(format);
        assert!((heard - 10.0).abs() < 0.5, "{format:?}: {heard:.2} of 10 ticks");
    }
}
