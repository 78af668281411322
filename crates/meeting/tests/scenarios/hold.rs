use meeting::Hears;
use model::{Command, Event, MuteMask};

use crate::world::*;

#[test]
fn hold_sends_guests_to_music_while_hosts_talk_on() {
    let mut world = World::with(&[], &[HOST, HOST, GUEST, LISTENER]);
    world.ask(caller(1), Command::ToggleHold);
    assert_eq!(
        [1, 2, 3, 4].map(|n| world.heard(n)),
        ["hold_on", "hold_on", "now_on_hold", "now_on_hold"]
    );
    assert_eq!(
        [1, 2, 3, 4].map(|n| world.hears(n)),
        [Hears::Room, Hears::Room, Hears::Music, Hears::Music]
    );
    assert_eq!([1, 2, 3, 4].map(|n| world.speaks(n)), [true, true, false, false]);
    assert_eq!(world.meeting.hold_mode().bits(), 40);
    world.ask(caller(1), Command::ToggleHold);
    assert_eq!(
        [1, 2, 3].map(|n| world.heard(n)),
        ["hold_off", "hold_off", "back_from_hold"]
    );
    assert_eq!(
        (world.hears(3), world.speaks(3), world.speaks(4)),
        (Hears::Room, true, false)
    );
}

#[test]
fn the_word_comes_before_the_music_and_after_it() {
    use meeting::{Audience, Output};
    let mut world = World::with(&[], &[HOST, GUEST]);
    let first = |world: &mut World| {
        world
            .meeting
            .handle_input(world.now, caller(1), Command::ToggleHold);
        let outputs: Vec<_> = std::iter::from_fn(|| world.meeting.poll_output()).collect();
        let said = outputs
            .iter()
            .position(|o| matches!(o, Output::Say { to: Audience::Leg(n), .. } if *n == leg(2)));
        said < outputs
            .iter()
            .position(|o| matches!(o, Output::Route { leg: n, .. } if *n == leg(2)))
    };
    assert!(first(&mut world), "before");
    assert!(!first(&mut world), "after");
}

#[test]
fn each_is_back_with_its_former_mute_and_what_it_keyed_meanwhile_counts() {
    let mut world = World::with(&[], &[HOST, GUEST, GUEST]);
    world.ask(caller(2), Command::ToggleMute { leg: leg(2) });
    world.ask(caller(1), Command::ToggleHold);
    world.ask(caller(3), Command::ToggleMute { leg: leg(3) });
    assert_eq!([2, 3].map(|n| world.mute(n)), [1, 1]);
    world.ask(caller(2), Command::ToggleMute { leg: leg(2) });
    assert!(!world.speaks(2), "unmuted, but on hold");
    world.ask(caller(1), Command::ToggleHold);
    assert_eq!([2, 3].map(|n| world.speaks(n)), [true, false]);
}

#[test]
fn later_joiners_get_the_hold_in_force() {
    let mut world = World::with(&[("conference_entrytones", "off")], &[HOST]);
    world.ask(caller(1), Command::ToggleHold);
    world.forget();
    world.join(2, GUEST);
    assert_eq!(world.heard(2), "you_are_on_hold there_are 2 people_in_meeting");
    assert_eq!(world.hears(2), Hears::Music);
    world.join(3, HOST);
    assert_eq!(world.hears(3), Hears::Room);
}

#[test]
fn one_leg_held_by_a_client_stays_held_when_the_mode_goes() {
    let mut world = World::with(&[], &[HOST, GUEST, GUEST]);
    world.ask(caller(1), Command::ToggleHold);
    world.ask(
        client(),
        Command::SetHold {
            leg: leg(2),
            on: true,
        },
    );
    world.ask(caller(1), Command::ToggleHold);
    assert_eq!([2, 3].map(|n| world.hears(n)), [Hears::Music, Hears::Room]);
    world.forget();
    world.ask(
        client(),
        Command::SetHold {
            leg: leg(2),
            on: false,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.hears(2)),
        ("back_from_hold", Hears::Room)
    );
}

#[test]
fn one_leg_released_by_a_client_is_back_though_the_others_stay_held() {
    let mut world = World::with(&[("conference_hold_policy", "pl")], &[HOST, GUEST, GUEST]);
    world.ask(
        client(),
        Command::SetHold {
            leg: leg(2),
            on: false,
        },
    );
    assert_eq!([2, 3].map(|n| world.hears(n)), [Hears::Room, Hears::Music]);
}

#[test]
fn a_mode_for_some_roles_leaves_the_others() {
    let mut world = World::with(&[], &[HOST, GUEST, LISTENER]);
    world.ask(client(), Command::SetHoldMode(MuteMask::LISTENERS));
    assert_eq!(
        [1, 2, 3].map(|n| world.hears(n)),
        [Hears::Room, Hears::Room, Hears::Music]
    );
    assert_eq!(
        [1, 2, 3].map(|n| world.heard(n)),
        ["hold_on", "hold_on", "now_on_hold"]
    );
}

#[test]
fn what_is_said_to_everybody_reaches_those_on_hold_as_well() {
    let mut world = World::with(&[("conference_hold_policy", "p")], &[HOST, GUEST]);
    world.ask(caller(1), Command::ToggleLock);
    assert_eq!([1, 2].map(|n| world.heard(n)), ["now_locked", "now_locked"]);
}

#[test]
fn hold_of_those_who_wait_is_told_when_they_come_in() {
    let mut world = World::with(&[("conference_start_how", "moderator")], &[GUEST]);
    world.ask(client(), Command::SetHoldMode(MuteMask::HARD));
    assert_eq!(world.heard(1), "");
    world.join(2, HOST);
    assert_eq!(
        world.heard(1),
        "meeting_starts you_are_on_hold there_are 2 people_in_meeting"
    );
    let held = Event::Held {
        leg: leg(1),
        on: true,
    };
    assert_eq!(
        world
            .what_happened()
            .iter()
            .filter(|event| ***event == held)
            .count(),
        1
    );
}
