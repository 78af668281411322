//! Floods, reading between ticks, and ticks that come late.

mod common;

use std::time::Duration;

use common::World;
use media::{Codec, Rate, TICK};
use mixer::{EffortCounts, Report, Schedule};

#[test]
fn a_flood_at_one_leg_is_read_to_a_bound_and_no_leg_loses_a_frame() {
    let mut world = World::new(10);
    world.gather(1);
    world.run(300);
    for _ in 0..50 {
        world.phones[0].socket.0.borrow_mut().rubbish += 400;
        world.tick();
        for listener in 0..10 {
            for speaker in 0..10 {
                assert_eq!(
                    world.hears(listener, speaker),
                    listener != speaker,
                    "{listener} {speaker}"
                );
            }
        }
    }
    assert_eq!(world.shard.stats().receive_limited, 0);
}

#[test]
fn a_flood_above_every_bound_costs_a_tick_a_bounded_time_and_only_the_leg_it_is_aimed_at() {
    let mut world = World::new(3);
    world.gather(1);
    world.run(300);
    world.phones[0].socket.0.borrow_mut().rubbish = 1_000_000;
    world.tick();
    let read = world.phones[0].socket.0.borrow().rubbish_read;
    assert!((1_000..1_100).contains(&read), "{read}");
    world.run(400);
    assert!(world.hears(1, 2) && world.hears(2, 1) && world.hears(0, 1));
    assert!(!world.hears(1, 0) && world.shard.stats().receive_limited >= 20);
}

/// Packets of a phone that wait, after so many ticks of which the first finds as many as are given.
fn waiting(packets: usize, ticks: usize) -> usize {
    let mut world = World::new(2);
    world.gather(1);
    world.run(3_000);
    (1..packets).for_each(|_| world.talk());
    (0..ticks).for_each(|_| world.tick());
    let wire = &world.phones[0].socket.0;
    wire.borrow().inbound.len()
}

#[test]
fn of_a_phone_of_one_packet_a_tick_one_is_read_and_what_came_early_within_eight_ticks() {
    assert_eq!(waiting(1, 1), 0);
    let early: Vec<usize> = (1..=8).map(|ticks| waiting(2, ticks)).collect();
    assert!(early.is_sorted_by(|a, b| a >= b), "{early:?}");
    assert_eq!((early[0], early[7]), (1, 0), "{early:?}");
    // Where packets were missing, all that come then are read at once.
    let mut world = World::new(2);
    world.gather(1);
    world.run(3_000);
    world.phones[0].socket.0.borrow_mut().inbound.clear();
    world.now += TICK;
    world.shard.tick(world.now);
    (0..3).for_each(|_| world.talk());
    world.tick();
    assert!(world.phones[0].socket.0.borrow().inbound.is_empty());
}

#[test]
fn what_is_read_between_ticks_is_heard() {
    let mut world = World::new(2);
    world.gather(1);
    world.run(100);
    world.talk();
    world.shard.pump(world.now + Duration::from_millis(10));
    assert!(
        world
            .phones
            .iter()
            .all(|phone| phone.socket.0.borrow().inbound.is_empty())
    );
    world.now += TICK;
    world.shard.tick(world.now);
    world.run(200);
    assert!(world.hears(0, 1) && world.hears(1, 0));
}

#[test]
fn late_ticks_are_made_up_for_and_counted() {
    let mut world = World::new(1);
    let mut schedule = Schedule::new(world.now);
    assert_eq!(world.shard.run(&mut schedule, world.now), 0);
    assert_eq!(world.shard.run(&mut schedule, world.now + TICK), 1);
    assert_eq!(world.shard.run(&mut schedule, world.now + TICK * 4 + TICK / 2), 3);
    world.shard.note_spent(Duration::from_millis(3), Duration::ZERO);
    world
        .shard
        .note_spent(Duration::from_millis(2), Duration::from_millis(1));
    let stats = world.shard.stats();
    assert_eq!((stats.ticks, stats.late, stats.skipped), (4, 3, 0));
    assert_eq!(
        (stats.worst_late, stats.worst_tick),
        (TICK * 2 + TICK / 2, Duration::from_millis(3))
    );
    assert_eq!(world.phones[0].socket.0.borrow().sent, 4);
}

/// Payloads made with less effort in so many ticks, each of which took so long.
fn made_with_less(world: &mut World, ticks: u64, spent: Duration) -> (u64, u64) {
    let EffortCounts { half, least } = world.shard.stats().efforts;
    for _ in 0..ticks {
        world.tick();
        world.shard.note_spent(spent, Duration::ZERO);
    }
    let after = world.shard.stats().efforts;
    (after.half - half, after.least - least)
}

#[test]
fn many_who_talk_in_opus_are_encoded_with_less_effort_while_ticks_are_long_and_that_is_counted() {
    let (short, long) = (Duration::from_millis(1), Duration::from_millis(9));
    for (count, full) in [(15, (0, 0)), (20, (10 * 20, 0)), (32, (0, 10 * 32))] {
        let mut world = World::speaking(&vec![Codec::Opus(Rate::Hz8000); count]);
        world.gather(1);
        world.run(1_500);
        assert_eq!(made_with_less(&mut world, 10, long), full, "{count}");
        made_with_less(&mut world, 2 * 50, short);
        assert_eq!(made_with_less(&mut world, 10, short), (0, 0), "{count}");
        made_with_less(&mut world, 1, long);
        assert_eq!(made_with_less(&mut world, 10, long), full, "{count}");
    }
}

#[test]
fn after_a_stall_of_any_length_six_ticks_are_made_up_for_the_rest_is_counted_and_time_is_kept() {
    // Ticks that are due at once: from 20 ms to five minutes.
    for due in [1, 5, 6, 7, 10, 100, 550, 15_000] {
        let mut world = World::new(2);
        world.gather(1);
        world.run(200);
        let (before, mut schedule) = (world.phones[0].stamp(), Schedule::new(world.now));
        let now = world.now + TICK * due;
        let done = world.shard.run(&mut schedule, now);
        assert_eq!(done, due.min(6), "of {due}");
        let (after, stats) = (world.phones[0].stamp(), world.shard.stats());
        assert_eq!(stats.skipped, u64::from(due - done), "of {due}");
        assert_eq!(after.0.wrapping_sub(before.0), due * 160, "of {due}");
        assert_eq!(u32::from(after.1.wrapping_sub(before.1)), done, "of {due}");
        assert_eq!(schedule.due(), now + TICK, "of {due}");
    }
}

#[test]
fn each_report_tells_of_its_own_span() {
    let mut world = World::new(1);
    let mut schedule = Schedule::new(world.now);
    let mut worst = vec![];
    for ticks in 1..=20 {
        // One tick of the first span is noticed 7 ms late.
        let late = Duration::from_millis(if ticks == 5 { 7 } else { 0 });
        world.shard.run(&mut schedule, world.now + TICK * ticks + late);
        if ticks.is_multiple_of(10) {
            worst.extend(world.reports().iter().filter_map(|report| {
                let Report::Stats(stats) = report else { return None };
                Some((stats.late, stats.worst_late))
            }));
        }
    }
    assert_eq!(worst, [(1, Duration::from_millis(7)), (1, Duration::ZERO)]);
}

#[test]
fn after_ticks_that_were_given_up_rtp_time_has_gone_on() {
    let mut world = World::new(2);
    world.gather(1);
    world.run(200);
    let before = world.phones[0].stamp();
    world.now += Duration::from_secs(1);
    world.tick();
    let after = world.phones[0].stamp();
    assert_eq!(after.0.wrapping_sub(before.0), 51 * 160);
    assert_eq!(after.1.wrapping_sub(before.1), 1);
}
