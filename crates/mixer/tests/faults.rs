//! What goes wrong costs only whom it happens to, and every queue has its end.

mod common;

use common::{Fault, MUSIC_HZ, SimSocket, World, clip, config, prompt};
use mixer::{LegKey, Order, PlayId, Report, Retired, RoomKey, Target};

/// How many reports are of a kind.
fn told(reports: &[Report<SimSocket>], wanted: fn(&Report<SimSocket>) -> bool) -> usize {
    reports.iter().filter(|report| wanted(report)).count()
}

/// Fifty legs, three of them talk, one of those to its own prompt; it fails, and the others lose nothing.
fn one_of_fifty_fails(fault: Fault) {
    std::panic::set_hook(Box::new(|_| {}));
    let mut world = World::new(50);
    world.phones[3..]
        .iter_mut()
        .for_each(|phone| phone.speaks = false);
    world.gather(1);
    world.run(200);
    world.order(Order::Play {
        to: Target::Leg(LegKey(1)),
        playlist: prompt(9, 5_000),
    });
    world.tick();
    world.phones[1].socket.0.borrow_mut().fault = Some(fault);
    let sent = |world: &World| -> Vec<_> {
        let wires = world.phones.iter().map(|phone| phone.socket.0.borrow());
        wires.map(|wire| wire.sent).collect()
    };
    let before = sent(&world);
    world.run(200);
    for (n, after) in sent(&world).iter().enumerate() {
        assert_eq!(after - before[n], if n == 1 { 0 } else { 10 }, "{fault:?}: {n}");
    }
    assert!(world.hears(5, 0) && !world.hears(5, 1) && world.hears(0, 2));
    let reports = world.reports();
    let counts = [
        told(&reports, |report| {
            matches!(report, Report::Failed { leg: LegKey(1) })
        }),
        told(&reports, |report| {
            matches!(report, Report::Retired(Retired::Leg { leg: LegKey(1), .. }))
        }),
        told(&reports, |report| {
            matches!(
                report,
                Report::Played {
                    id: PlayId(9),
                    completed: false
                }
            )
        }),
        told(&reports, |report| {
            matches!(report, Report::Retired(Retired::Playlist(_)))
        }),
    ];
    assert_eq!(counts, [1; 4], "{fault:?}");
    let stats = world.shard.stats();
    assert_eq!((stats.legs_failed, stats.legs), (1, 49));
}

#[test]
fn a_leg_whose_processing_fails_is_retired_and_the_others_lose_nothing() {
    one_of_fifty_fails(Fault::Receive);
    one_of_fifty_fails(Fault::Send);
}

#[test]
fn a_leg_that_fails_at_its_goodbye_is_given_back_and_the_others_lose_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut world = World::new(3);
    world.gather(1);
    world.run(200);
    world.phones[1].socket.0.borrow_mut().fault = Some(Fault::Report);
    world.order(Order::RemoveLeg { leg: LegKey(1) });
    world.run(40);
    assert!(world.hears(0, 2) && world.hears(2, 0) && !world.hears(0, 1));
    let reports = world.reports();
    let retired = |report: &Report<_>| matches!(report, Report::Retired(Retired::Leg { leg: LegKey(1), .. }));
    assert_eq!((told(&reports, retired), world.shard.stats().legs), (1, 2));
}

#[test]
fn when_all_legs_fail_at_once_each_is_told_and_given_back() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut world = World::new(20);
    world.gather(1);
    world.run(100);
    for phone in &world.phones {
        phone.socket.0.borrow_mut().fault = Some(Fault::Receive);
    }
    world.tick();
    let reports = world.reports();
    let failed = told(&reports, |report| matches!(report, Report::Failed { .. }));
    let retired = told(&reports, |report| {
        matches!(report, Report::Retired(Retired::Leg { .. }))
    });
    assert_eq!((failed, retired, world.shard.stats().legs), (20, 20, 0));
    world.add(20);
    world.tick();
    assert_eq!(world.shard.stats().legs, 1);
}

#[test]
fn a_storm_of_orders_is_spread_over_ticks_and_the_ring_says_when_it_is_full() {
    let mut world = World::new(1);
    world.tick();
    let gain = |db| Order::Gain { leg: LegKey(0), db };
    let taken = (0..5_000)
        .take_while(|_| world.handle.order(gain(0)).is_ok())
        .count();
    assert_eq!(taken, config().orders);
    let Err(back) = world.handle.order(gain(7)) else {
        panic!("no bound");
    };
    assert!(matches!(
        *back,
        Order::Gain {
            leg: LegKey(0),
            db: 7
        }
    ));
    let mut room = Vec::new();
    for _ in 0..5 {
        world.tick();
        room.push(
            (0..5_000)
                .take_while(|_| world.handle.order(gain(0)).is_ok())
                .count(),
        );
    }
    assert_eq!(room, [256; 5]);
    assert_eq!(world.shard.stats().orders_refused, 0);
}

#[test]
fn sixty_who_shout_the_same_do_not_wrap_around() {
    // One hears an even number of others, one an odd one: sums of full scales that would wrap to other values.
    let mut world = World::new(60);
    world.phones.iter_mut().for_each(|phone| phone.hz = 300.0);
    world.phones[59].speaks = false;
    world.gather(1);
    for leg in 0..60 {
        world.order(Order::Gain {
            leg: LegKey(leg),
            db: 40,
        });
    }
    world.run(400);
    for phone in &world.phones {
        // A square wave has more of the tone than its own height.
        assert!(phone.hears(300.0) > 30_000.0, "{}", phone.hears(300.0));
    }
}

#[test]
fn everything_given_in_comes_back_and_orders_that_name_nothing_are_counted() {
    let mut world = World::new(2);
    world.gather(1);
    world.order(Order::Play {
        to: Target::Room(RoomKey(1)),
        playlist: prompt(1, 9_000),
    });
    world.order(Order::Play {
        to: Target::Leg(LegKey(0)),
        playlist: prompt(2, 9_000),
    });
    world.run(100);
    world.order(Order::Play {
        to: Target::Leg(LegKey(77)),
        playlist: prompt(3, 100),
    });
    world.order(Order::Join {
        leg: LegKey(0),
        room: RoomKey(5),
    });
    world.order(Order::RemoveLeg { leg: LegKey(0) });
    world.order(Order::RemoveLeg { leg: LegKey(0) });
    world.order(Order::CloseRoom { room: RoomKey(1) });
    world.run(40);
    let (mut lists, mut legs) = (0, 0);
    for report in world.reports() {
        lists += u32::from(matches!(report, Report::Retired(Retired::Playlist(_))));
        legs += u32::from(matches!(
            report,
            Report::Retired(Retired::Leg { leg: LegKey(0), .. })
        ));
    }
    let stats = world.shard.stats();
    assert_eq!(
        (lists, legs, stats.orders_refused, stats.legs, stats.rooms),
        (3, 1, 3, 1, 0)
    );
    assert_eq!(world.phones[0].socket.0.borrow().rtcp_sent, 1, "a goodbye");
}

#[test]
fn a_leg_over_the_bound_comes_back_at_once() {
    let mut world = World::new(70);
    world.run(40);
    let reports = world.reports();
    let back = reports
        .iter()
        .filter(|report| matches!(report, Report::Retired(Retired::Leg { .. })))
        .count();
    assert_eq!(
        (back, world.shard.stats().legs, world.shard.stats().orders_refused),
        (6, 64, 6)
    );
}

#[test]
fn while_nobody_reads_reports_orders_wait_and_nothing_is_lost_that_must_arrive() {
    let mut world = World::with(
        1,
        mixer::ShardConfig {
            max_legs: 4,
            max_rooms: 1,
            orders: 8,
            reports: 4,
            music: clip(MUSIC_HZ, 20),
            noise: media::Clip::default(),
        },
    );
    let mut given = 0;
    for id in 0..500 {
        let order = Order::Play {
            to: Target::Leg(LegKey(0)),
            playlist: prompt(id, 200),
        };
        given += u64::from(world.handle.order(order).is_ok());
        world.tick();
    }
    assert!((9..30).contains(&given), "{given}");
    let mut played = 0;
    for _ in 0..100 {
        let reports = world.reports();
        played += reports
            .iter()
            .filter(|report| matches!(report, Report::Played { .. }))
            .count() as u64;
        world.tick();
    }
    assert_eq!(played, given);
}
