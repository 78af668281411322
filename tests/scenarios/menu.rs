//! Keying the code.

use model::{CallState, Cause, Role};
use world::{CONF, SPECTEL, World};

#[test]
fn the_caller_hears_the_greeting_then_keys_a_code_and_is_in_the_room_in_its_role() {
    for (number, keys, role) in [
        (CONF, "111#", Role::Host),
        (CONF, "222#", Role::Participant),
        (CONF, "333#", Role::Listener),
        (SPECTEL, "111", Role::Host),
    ] {
        let mut world = World::new();
        let phone = world.call(number);
        assert_eq!(
            (world.heard(phone, "welcome"), world.heard(phone, "enter_code")),
            (1, 1)
        );
        world.key(phone, keys);
        let view = world.live.calls[&world.leg(phone)].clone();
        assert_eq!(
            (view.state, view.role),
            (CallState::InMeeting, Some(role)),
            "{number} {keys}"
        );
        assert_eq!(view.meeting.unwrap().0, 106_131);
        assert_eq!(world.heard(phone, "only_person"), 1);
    }
}

#[test]
fn three_wrong_codes_are_goodbye_and_never_recorded() {
    let mut world = World::new();
    let phone = world.call(SPECTEL);
    for _ in 0..3 {
        world.key(phone, "999#");
        world.pass(3_000);
    }
    world.pass(3_000);
    assert_eq!(world.heard(phone, "goodbye"), 1);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.cause(), Cause::WrongCode);
    assert_eq!(world.cdrs()[0].access_code, "");
}

#[test]
fn an_unknown_code_opens_a_meeting_in_conf_for_the_host_and_others_join_it() {
    let mut world = World::new();
    let first = world.enter(CONF, "4711#");
    let second = world.enter(CONF, "4711#");
    let role = |world: &World, phone| world.live.calls[&world.leg(phone)].role;
    assert_eq!(
        (role(&world, first), role(&world, second)),
        (Some(Role::Host), Some(Role::Participant))
    );
    assert_eq!(world.live.meetings.len(), 1);
    assert!(world.live.meetings.values().all(|meeting| meeting.on_the_fly));
    for phone in [first, second] {
        world.send(phone, "BYE", "", "");
    }
    assert!(world.live.meetings.is_empty());
    assert!(world.mdrs()[0].on_the_fly);
    let third = world.enter(CONF, "4711#");
    assert_eq!(role(&world, third), Some(Role::Host));
}

#[test]
fn spectel_opens_nothing_on_the_fly() {
    let mut world = World::new();
    let phone = world.enter(SPECTEL, "4711#");
    assert_eq!(world.heard(phone, "code_not_valid"), 1);
    assert!(world.live.meetings.is_empty());
}
