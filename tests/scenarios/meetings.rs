//! Meetings with several callers.

use meeting::Hears;
use model::{Cause, Event};
use world::{CONF, Settings, World};

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
fn star_five_steps_the_mode_and_later_joiners_get_it() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.key(host, "*5");
    world.pass(5_000);
    world.key(host, "*5");
    let guest = world.enter(CONF, "222#");
    let view = &world.live.calls[&world.leg(guest)];
    assert!(view.mute.hard && !world.mixer.routes[&world.leg(guest)].0);
    assert_eq!(
        (world.announced("mode_soft"), world.announced("mode_hard")),
        (1, 1)
    );
    assert_eq!(world.heard(guest, "you_are_muted"), 1);
}

#[test]
fn star_three_gives_guests_music_and_brings_them_back() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    world.key(host, "*3");
    assert_eq!(world.mixer.routes[&world.leg(guest)], (false, Hears::Music));
    assert_eq!(world.mixer.routes[&world.leg(host)], (true, Hears::Room));
    assert_eq!(world.heard(guest, "now_on_hold"), 1);
    world.pass(5_000);
    world.key(host, "*3");
    assert_eq!(world.mixer.routes[&world.leg(guest)], (true, Hears::Room));
}

#[test]
fn a_locked_meeting_admits_hosts_only() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.key(host, "*7");
    assert_eq!(world.announced("now_locked"), 1);
    let guest = world.enter(CONF, "222#");
    world.pass(5_000);
    assert!(world.has_got(guest, "BYE"));
    assert_eq!(
        (world.heard(guest, "locked_out"), world.cause()),
        (1, Cause::Locked)
    );
    let second_host = world.enter(CONF, "111#");
    assert!(!world.has_got(second_host, "BYE"));
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
fn callers_wait_with_music_until_the_host_comes() {
    let mut world = World::with(Settings::room(&[("conference_start_how", "moderator")]));
    let guest = world.enter(CONF, "222#");
    assert_eq!(world.mixer.routes[&world.leg(guest)], (false, Hears::Music));
    assert_eq!(world.heard(guest, "waiting_for_host"), 1);
    world.pass(60_000);
    assert_eq!(world.heard(guest, "still_waiting_for_host"), 1);
    world.enter(CONF, "111#");
    assert_eq!(world.mixer.routes[&world.leg(guest)], (true, Hears::Room));
}

#[test]
fn callers_are_released_when_nobody_starts_the_meeting() {
    let settings = [
        ("conference_start_how", "explicit"),
        ("conference_start_wait", "30"),
    ];
    let mut world = World::with(Settings::room(&settings));
    let guest = world.enter(CONF, "222#");
    world.pass(40_000);
    assert!(world.has_got(guest, "BYE"));
    assert_eq!(world.cause(), Cause::NotStarted);
}

#[test]
fn the_meeting_ends_after_the_last_host_has_left_unless_one_returns() {
    let settings = [
        ("conference_stop_how", "moderator"),
        ("conference_stop_wait", "60"),
    ];
    let mut world = World::with(Settings::room(&settings));
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    world.send(host, "BYE", "", "");
    assert_eq!(world.announced("host_left"), 1);
    let back = world.enter(CONF, "111#");
    assert_eq!(world.announced("host_back"), 1);
    world.send(back, "BYE", "", "");
    world.pass(35_000);
    assert_eq!(world.announced("meeting_ends_in"), 1);
    world.pass(40_000);
    assert!(world.has_got(guest, "BYE"));
    assert_eq!(world.cdrs().last().unwrap().cause, Cause::HostLeft);
    assert_eq!(world.mdrs()[0].cause, Cause::HostLeft);
}

#[test]
fn a_full_meeting_refuses_and_says_so() {
    for settings in [
        ("conference_maxcalls", "1"),
        ("conference_maxcallsperrole", "-1:0:-1"),
    ] {
        let mut world = World::with(Settings::room(&[settings]));
        world.enter(CONF, "111#");
        let guest = world.enter(CONF, "222#");
        world.pass(5_000);
        assert_eq!(world.heard(guest, "meeting_full"), 1);
        assert!(matches!(world.cause(), Cause::MeetingFull | Cause::RoleFull));
    }
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
    assert!(log.iter().zip(0..).all(|(entry, seq)| entry.seq == seq));
    for entry in log {
        if let Event::Joined { leg, .. } = entry.event {
            assert!(inside.insert(leg));
        } else if let Event::Left { leg, .. } = entry.event {
            assert!(inside.remove(&leg));
        }
    }
    assert!(inside.is_empty());
    assert_eq!((world.mdrs()[0].calls, world.mdrs()[0].peak), (3, 3));
}
