//! Meetings with several callers.

use model::{Cause, Event};
use world::{CONF, World};

#[test]
fn everybody_hears_how_many_are_there_and_a_tone_for_who_comes_and_goes() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.pass(5_000);
    let guest = world.enter(CONF, "222#");
    assert_eq!(
        (world.heard(host, "only_person"), world.heard(guest, "there_are")),
        (1, 1)
    );
    assert_eq!(world.announced("entry_tone"), 2);
    world.pass(5_000);
    world.send(guest, "BYE", "", "");
    assert_eq!(world.announced("exit_tone"), 1);
}

#[test]
fn star_six_mutes_oneself_and_a_listener_stays_muted() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let listener = world.enter(CONF, "333#");
    let speaks = |world: &World, phone| world.mixer.routes[&world.leg(phone)].0;
    assert!(speaks(&world, host) && !speaks(&world, listener));
    world.key(host, "*6");
    assert!(!speaks(&world, host));
    assert_eq!(world.heard(host, "now_muted"), 1);
    world.pass(5_000);
    world.key(host, "*6");
    assert!(speaks(&world, host));
    world.key(listener, "*6");
    assert!(!speaks(&world, listener));
    assert_eq!(world.heard(listener, "command_not_allowed"), 1);
}

#[test]
fn keys_count_tones_help_pin_and_leave_are_each_spoken_back() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    world.pass(5_000);
    world.key(host, "*2");
    assert_eq!(world.heard(host, "people_in_meeting"), 1);
    world.key(host, "*8");
    assert_eq!(world.heard(host, "tones_on_off"), 1);
    world.key(guest, "*4");
    assert_eq!(
        (world.heard(guest, "help_mute"), world.heard(guest, "help_lock")),
        (1, 0)
    );
    world.pass(20_000);
    world.key(guest, "99111#");
    assert_eq!(world.live.calls[&world.leg(guest)].role, Some(model::Role::Host));
    world.pass(5_000);
    world.key(guest, "##");
    world.pass(5_000);
    assert_eq!((world.heard(guest, "goodbye"), world.cause()), (1, Cause::Left));
    assert!(world.has_got(guest, "BYE"));
}

#[test]
fn the_log_keeps_who_did_what_and_every_join_comes_before_its_leave() {
    let mut world = World::new();
    let phones = ["111#", "222#", "333#"].map(|keys| world.enter(CONF, keys));
    for phone in phones {
        world.send(phone, "BYE", "", "");
    }
    let mut inside = std::collections::BTreeSet::new();
    let log = world.log();
    assert!(
        log.iter()
            .zip(0..)
            .all(|(entry, seq)| entry.place.unwrap().seq == seq)
    );
    for event in world.events() {
        if let Event::Joined { leg, .. } = event {
            assert!(inside.insert(*leg));
        } else if let Event::Left { leg, .. } = event {
            assert!(inside.remove(leg));
        }
    }
    assert!(inside.is_empty());
    assert_eq!((world.mdrs()[0].calls, world.mdrs()[0].peak), (3, 3));
}
