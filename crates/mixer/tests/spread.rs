//! A meeting in several shards sounds as if it were in one, in whatever order they tick, and whoever comes and goes.

mod common;

use common::meeting::{Meeting, ROOM};
use common::{Fault, PEAK, PROMPT_HZ, Phone, SimSocket, World, config, prompt, steps};
use media::{Codec, Rate};
use mixer::{Baggage, Hears, LegKey, Order, Report, Retired, ShardConfig, Target};

const MIXED: [&[Codec]; 3] = [
    &[Codec::Pcmu, Codec::Opus(Rate::Hz48000), Codec::Pcma],
    &[Codec::G722, Codec::Pcmu],
    &[
        Codec::Opus(Rate::Hz16000),
        Codec::Opus(Rate::Hz48000),
        Codec::Pcmu,
    ],
];
const NARROW: &[Codec] = &[Codec::Pcmu; 3];

#[test]
fn every_leg_of_every_branch_hears_every_other_at_its_level_and_never_itself() {
    for branches in 1..=3 {
        let mut meeting = Meeting::new(8, &MIXED[..branches]);
        let numbers: Vec<_> = meeting.phones().map(|phone| phone.key.0).collect();
        for speaker in &numbers {
            meeting.speak(&[*speaker]);
            meeting.run(1_500);
            let hz = meeting.phone(*speaker).hz;
            for listener in &numbers {
                let heard = meeting.level(*listener, hz);
                if listener == speaker {
                    assert!(heard < -60.0, "{speaker} hears itself at {heard:.1} dB");
                } else {
                    assert!(heard.abs() < 1.0, "{speaker} to {listener}: {heard:.2} dB");
                }
            }
        }
        for shard in &meeting.shards {
            assert_eq!(shard.shard.stats().partials_late, 0);
        }
    }
}

#[test]
fn the_loudest_few_are_as_many_in_all_branches_together_and_the_same_for_everybody() {
    for branches in [2, 3] {
        let mut meeting = Meeting::new(3, &vec![NARROW; branches]);
        let numbers: Vec<_> = meeting.phones().map(|phone| phone.key.0).collect();
        // All begin at once and are alike: whoever came first keeps the floor.
        meeting.run(400);
        let check = |meeting: &Meeting, floor: &[u64]| {
            for listener in &numbers {
                let others: Vec<_> = floor.iter().copied().filter(|leg| leg != listener).collect();
                assert_eq!(meeting.heard_by(*listener), others, "{listener}");
            }
        };
        check(&meeting, &[0, 1, 2]);
        // One stops, in the branch that has all seats; both of the others want his.
        let talkers: Vec<_> = numbers.iter().copied().filter(|leg| *leg != 1).collect();
        meeting.speak(&talkers);
        meeting.run(2_000);
        check(&meeting, &[0, 2, 3]);
        // He comes back, as loud as the others: they keep their seats.
        meeting.speak(&numbers);
        meeting.run(1_000);
        check(&meeting, &[0, 2, 3]);
    }
}

#[test]
fn the_floor_stays_bounded_while_it_changes_hands_across_branches() {
    let mut meeting = Meeting::new(2, &[NARROW, NARROW, NARROW]);
    for round in 0..40u64 {
        // Pauses of two thirds of a second, each of another phone.
        let speakers: Vec<_> = (0..9).filter(|leg| !(leg + round).is_multiple_of(3)).collect();
        meeting.speak(&speakers);
        meeting.run(680);
        // It takes a tick to hear of another branch's talkers; the rest of the time there are two.
        for listener in 0..9 {
            let heard = meeting.heard_by(listener);
            assert!(heard.len() <= 2, "{listener} hears {heard:?} in round {round}");
        }
    }
}

const TALK: f64 = 97.0;
const OTHER: f64 = 113.0;

/// A talker in the first of two branches, who is examined from the second; the others there are silent.
fn examined(talkers: usize, late: u64) -> Meeting {
    let mut meeting = Meeting::new(talkers, &[NARROW, NARROW]);
    meeting.speak(&[0]);
    for phone in meeting.phones_mut() {
        phone.hz = if phone.key.0 == 0 { TALK } else { OTHER };
    }
    meeting.run(600 + 20 * late);
    meeting.phones_mut().for_each(|phone| phone.heard.clear());
    meeting
}

type Change<'a> = &'a dyn Fn(&mut Meeting);

/// Makes the changes at twelve phases of the tones; none may be a step larger than the tones explain, and all must be heard.
fn check(talkers: usize, changes: &[Change<'_>]) {
    for late in 0..12 {
        let (mut meeting, mut steady) = (examined(talkers, late), examined(talkers, late));
        for change in changes {
            change(&mut meeting);
            meeting.run(200);
        }
        steady.run(200 * changes.len() as u64);
        for listener in [1, 4] {
            let worst = f64::from(meeting.phone(listener).worst_jump());
            let limit = steps(&[TALK, OTHER]);
            assert!(
                worst < limit,
                "{listener}: a step of {worst}, {late} ticks late; {limit:.0}"
            );
            assert!(
                meeting.phone(listener).heard != steady.phone(listener).heard,
                "{listener}: nothing has changed"
            );
        }
    }
}

#[test]
fn a_talker_of_another_branch_is_muted_leaves_and_comes_back_without_a_click() {
    let mute: Change<'_> = &|meeting| meeting.shards[0].route(0, false, Hears::Room);
    let back: Change<'_> = &|meeting| meeting.shards[0].route(0, true, Hears::Room);
    let part: Change<'_> = &|meeting| meeting.shards[0].order(Order::Part { leg: LegKey(0) });
    let enter: Change<'_> = &|meeting| meeting.shards[0].enter(0, ROOM.0);
    let gone: Change<'_> = &|meeting| meeting.shards[0].order(Order::RemoveLeg { leg: LegKey(0) });
    check(8, &[mute, back, part, enter, gone]);
}

#[test]
fn others_who_talk_in_either_branch_come_go_and_are_muted_without_a_click() {
    for (shard, leg) in [(0, 2), (1, 5)] {
        let talk = |meeting: &mut Meeting| meeting.shards[shard].phones[2].speaks = true;
        let mute = |meeting: &mut Meeting| meeting.shards[shard].route(2, false, Hears::Room);
        let back = |meeting: &mut Meeting| meeting.shards[shard].route(2, true, Hears::Room);
        let part = |meeting: &mut Meeting| meeting.shards[shard].order(Order::Part { leg: LegKey(leg) });
        check(8, &[&talk, &mute, &back, &part]);
    }
}

#[test]
fn the_floor_changes_hands_across_branches_without_a_click() {
    // There is one seat: a louder one of the other branch takes it, and gives it back.
    for late in 0..12 {
        let mut meeting = examined(1, late);
        let louder = &mut meeting.shards[1].phones[2];
        (louder.speaks, louder.peak) = (true, 2.5 * PEAK);
        meeting.run(600);
        for listener in [1, 4] {
            // What is left is the other tone, which lies near.
            assert!(meeting.level(listener, TALK) < -9.0, "{listener}");
            assert!(meeting.level(listener, OTHER) > 6.0, "{listener}");
        }
        meeting.shards[1].route(2, false, Hears::Room);
        meeting.run(600);
        for listener in [1, 4] {
            assert!(meeting.level(listener, TALK).abs() < 1.0, "{listener}");
            let worst = f64::from(meeting.phone(listener).worst_jump());
            let limit = steps(&[TALK]) + 2.5 * steps(&[OTHER]);
            assert!(worst < limit, "{listener}: a step of {worst}; {limit:.0}");
        }
    }
}

#[test]
fn a_shard_that_is_too_late_is_faded_out_and_in_and_counted() {
    let late = |meeting: &mut Meeting| meeting.tick_late(0);
    // Who is in the late branch himself hears all of his own.
    for phase in 0..12 {
        let mut meeting = examined(8, phase);
        for _ in 0..4 {
            late(&mut meeting);
            meeting.run(60);
        }
        let worst = f64::from(meeting.phone(4).worst_jump());
        let limit = steps(&[TALK]) + steps(&[TALK]) / 2.0;
        assert!(worst < limit, "a step of {worst}, {phase} ticks late; {limit:.0}");
        let missed: Vec<_> = meeting
            .shards
            .iter()
            .map(|shard| shard.shard.stats().partials_late)
            .collect();
        // From the first time on there is a tick more to wait.
        assert_eq!(missed, [0, 1]);
        meeting.run(300);
        assert!(meeting.level(4, TALK).abs() < 1.0);
    }
}

#[test]
fn an_announcement_to_all_branches_is_heard_once_by_everybody() {
    let mut meeting = Meeting::new(8, &[NARROW, NARROW, NARROW]);
    meeting.speak(&[]);
    meeting.run(700);
    meeting.order_all(|| Order::Queue {
        to: Target::Room(ROOM),
        playlist: prompt(7, 1_000),
    });
    meeting.run(500);
    for listener in 0..9 {
        let heard = meeting.level(listener, PROMPT_HZ);
        assert!(heard.abs() < 1.0, "{listener}: {heard:.2} dB");
    }
    meeting.run(1_000);
    for shard in &mut meeting.shards {
        let reports = shard.reports();
        let played = reports
            .iter()
            .filter(|report| matches!(report, Report::Played { completed: true, .. }));
        assert_eq!(played.count(), 1);
    }
}

#[test]
fn one_who_is_left_out_of_an_announcement_is_left_out_in_his_branch_and_hears_the_others() {
    let mut meeting = Meeting::new(8, &[NARROW, NARROW]);
    meeting.speak(&[0]);
    meeting.order_all(|| Order::Queue {
        to: Target::RoomExcept(ROOM, LegKey(4)),
        playlist: prompt(7, 2_000),
    });
    meeting.run(1_000);
    for listener in 1..6 {
        let loud = meeting.level(listener, PROMPT_HZ) > -1.0;
        assert_eq!(loud, listener != 4);
        assert!(
            meeting.level(listener, meeting.phone(0).hz).abs() < 1.0,
            "{listener}"
        );
    }
}

#[test]
fn a_room_that_closes_gives_all_its_branches_and_links_back() {
    let mut meeting = Meeting::new(8, &[NARROW, NARROW, NARROW]);
    meeting.run(200);
    meeting.order_all(|| Order::CloseRoom { room: ROOM });
    meeting.run(60);
    for shard in &mut meeting.shards {
        let reports = shard.reports();
        let rooms = reports
            .iter()
            .filter(|report| matches!(report, Report::Retired(Retired::Room(_))));
        assert_eq!((rooms.count(), shard.shard.stats().rooms), (1, 0));
    }
    meeting.run(200);
    for listener in 0..9 {
        assert_eq!(meeting.heard_by(listener), [0; 0], "{listener}");
    }
}

#[test]
fn a_branch_that_is_opened_while_others_talk_begins_softly() {
    let mut meeting = Meeting::of((0..2).map(|_| World::with(0, config())).collect());
    meeting.open(8);
    for (shard, number) in [(0, 0), (0, 1), (1, 2)] {
        meeting.shards[shard].add_phone(Phone::new(number, Codec::Pcmu));
    }
    meeting.phones_mut().for_each(|phone| phone.hz = TALK);
    meeting.speak(&[0]);
    (0..2).for_each(|phone| meeting.shards[0].enter(phone, ROOM.0));
    meeting.run(500);
    meeting.shards[1].enter(0, ROOM.0);
    meeting.run(300);
    assert!(meeting.level(2, TALK).abs() < 1.0);
    let worst = f64::from(meeting.phone(2).worst_jump());
    assert!(worst < steps(&[TALK]), "{worst}");
}

/// Gives the first leg of one shard to another at the end of the next tick of the first, and says what came of it.
fn give_away(meeting: &mut Meeting, from: usize) -> Option<Box<Baggage<SimSocket>>> {
    let leg = meeting.shards[from].phones[0].key;
    let baggage = Baggage::empty();
    meeting.shards[from].order(Order::HandOver { leg, baggage });
    meeting.shards[from].tick();
    let mut reports = meeting.shards[from].reports().into_iter();
    reports.find_map(|report| {
        let Report::HandedOver { baggage, .. } = report else {
            return None;
        };
        Some(baggage)
    })
}

fn take_over(meeting: &mut Meeting, from: usize, to: usize, baggage: Box<Baggage<SimSocket>>) -> usize {
    let phone = meeting.shards[from].phones.remove(0);
    meeting.shards[to].phones.push(phone);
    meeting.shards[to].order(Order::TakeOver { baggage });
    meeting.shards[to].phones.len() - 1
}

#[test]
fn who_talks_while_he_goes_to_another_branch_makes_no_click_and_does_not_hear_himself() {
    for codec in [Codec::Pcmu, Codec::Opus(Rate::Hz48000)] {
        for phase in 0..6 {
            let mut meeting = Meeting::new(8, &[&[codec; 3], &[codec; 3]]);
            for phone in meeting.phones_mut() {
                (phone.hz, phone.speaks) = (TALK, phone.key.0 == 0);
            }
            meeting.run(600 + 20 * phase);
            meeting.phones_mut().for_each(|phone| phone.heard.clear());
            let baggage = give_away(&mut meeting, 0).expect("it was given away");
            meeting.shards[1].tick();
            let place = take_over(&mut meeting, 0, 1, baggage);
            meeting.shards[1].enter(place, ROOM.0);
            // A tone is no speech to Opus' flags: it takes a while to be noticed.
            meeting.run(1_000);
            for listener in [1, 3] {
                let worst = f64::from(meeting.phone(listener).worst_jump());
                assert!(worst < steps(&[TALK]), "{codec:?} {listener}: a step of {worst}");
                let heard = meeting.level(listener, TALK);
                // Opus takes a little of so deep a tone.
                assert!(heard.abs() < 1.5, "{codec:?} {listener}: {heard:.2} dB");
            }
            let own = meeting.phone(0).heard.iter().map(|sample| sample.unsigned_abs());
            assert!(own.max() < Some(60), "{codec:?}: he hears himself");
        }
    }
}

#[test]
fn a_leg_that_comes_to_a_shard_that_is_late_has_each_tick_once() {
    let mut meeting = Meeting::new(8, &[NARROW, NARROW]);
    meeting.run(200);
    let sent = |meeting: &Meeting| meeting.phone(0).socket.0.borrow().sent;
    let (before, stamp) = (sent(&meeting), meeting.phone(0).stamp());
    // The other shard has not begun the tick that the leg has had already.
    let baggage = give_away(&mut meeting, 0).expect("it was given away");
    let place = take_over(&mut meeting, 0, 1, baggage);
    meeting.shards[1].enter(place, ROOM.0);
    let speech = meeting.shards[1].phones.swap_remove(place);
    meeting.shards[1].tick();
    meeting.shards[1].phones.push(speech);
    assert_eq!(sent(&meeting), before + 1);
    meeting.run(200);
    let after = meeting.phone(0).stamp();
    assert_eq!(
        (sent(&meeting) - before, after.0.wrapping_sub(stamp.0)),
        (11, 11 * 160)
    );
    assert_eq!(meeting.shards[1].shard.stats().ticks_under_way, 0);
    assert!(meeting.heard_by(0).len() == 5);
}

/// How many reports are of a kind.
fn told(reports: &[Report<SimSocket>], wanted: fn(&Report<SimSocket>) -> bool) -> usize {
    reports.iter().filter(|report| wanted(report)).count()
}

fn is_given_back(report: &Report<SimSocket>) -> bool {
    matches!(report, Report::Retired(Retired::Leg { .. }))
}

fn is_playlist(report: &Report<SimSocket>) -> bool {
    matches!(report, Report::Retired(Retired::Playlist(_)))
}

fn is_cut_off(report: &Report<SimSocket>) -> bool {
    matches!(report, Report::Played { completed: false, .. })
}

#[test]
fn a_leg_that_fails_or_leaves_when_it_is_about_to_go_gives_everything_back() {
    std::panic::set_hook(Box::new(|_| {}));
    for fails in [true, false] {
        let mut meeting = Meeting::new(8, &[NARROW, NARROW]);
        let leg = meeting.phone(0).key;
        meeting.shards[0].order(Order::Play {
            to: Target::Leg(leg),
            playlist: prompt(3, 5_000),
        });
        meeting.run(200);
        meeting.shards[0].reports();
        if fails {
            meeting.shards[0].phones[0].socket.0.borrow_mut().fault = Some(Fault::Send);
        }
        let baggage = Baggage::empty();
        meeting.shards[0].order(Order::HandOver { leg, baggage });
        if !fails {
            meeting.shards[0].order(Order::RemoveLeg { leg });
        }
        meeting.run(60);
        let reports = meeting.shards[0].reports();
        let counts = [
            told(&reports, |report| matches!(report, Report::HandedOver { .. })),
            told(&reports, |report| {
                matches!(report, Report::Retired(Retired::Baggage(_)))
            }),
            told(&reports, is_given_back),
            told(&reports, is_playlist),
            told(&reports, is_cut_off),
        ];
        assert_eq!(counts, [0, 1, 1, 1, 1], "fails: {fails}");
    }
}

#[test]
fn a_leg_for_which_there_is_no_place_is_given_back_with_what_is_played_to_it() {
    let mut meeting = Meeting::of(vec![
        World::with(1, config()),
        World::with(
            1,
            ShardConfig {
                max_legs: 1,
                ..config()
            },
        ),
    ]);
    meeting.shards[0].order(Order::Play {
        to: Target::Leg(LegKey(0)),
        playlist: prompt(3, 5_000),
    });
    meeting.run(100);
    let baggage = give_away(&mut meeting, 0).expect("it was given away");
    meeting.shards[1].tick();
    meeting.shards[1].phones[0].key = LegKey(7);
    take_over(&mut meeting, 0, 1, baggage);
    meeting.shards[1].tick();
    let reports = meeting.shards[1].reports();
    let counts = [
        told(&reports, |report| {
            matches!(report, Report::Failed { leg: LegKey(0) })
        }),
        told(&reports, is_given_back),
        told(&reports, is_playlist),
        told(&reports, is_cut_off),
    ];
    assert_eq!(counts, [1; 4]);
}
