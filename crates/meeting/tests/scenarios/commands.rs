use meeting::{Hears, Output};
use model::{Actor, Cause, Command, Event, LegId, Mute, MuteMask, Role};

use crate::world::*;

#[test]
fn the_lock_is_told_to_all() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    for (words, on) in [("now_locked", true), ("now_unlocked", false)] {
        world.ask(caller(1), Command::ToggleLock);
        assert_eq!([1, 2].map(|n| world.heard(n)), [words; 2]);
        assert_eq!(world.meeting.locked(), on);
    }
    assert_eq!(
        world.what_happened(),
        [&Event::Locked(true), &Event::Locked(false)]
    );
}

#[test]
fn tones_step_through_four_and_only_the_one_hears_which() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    for words in ["tones_on_off", "tones_off_on", "tones_off_off", "tones_on_on"] {
        world.ask(caller(1), Command::StepTones);
        assert_eq!([1, 2].map(|n| world.heard(n)), [words, ""]);
    }
}

#[test]
fn tones_are_as_the_step_says() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    for (n, heard) in [(10, "♪in"), (11, "♪out"), (12, ""), (13, "♪in ♪out")] {
        world.ask(caller(1), Command::StepTones);
        world.wait(2);
        world.join(n, GUEST);
        world.hang_up(n);
        assert_eq!(world.heard(2), heard);
    }
}

#[test]
fn the_count_is_private_and_counts_all_but_those_who_go() {
    let mut world = World::with(&[("conference_hold_policy", "l")], &[HOST, GUEST, LISTENER]);
    world.ask(caller(1), Command::Count { leg: leg(1) });
    assert_eq!(
        [1, 2].map(|n| world.heard(n)),
        ["there_are 3 people_in_meeting", ""]
    );
    world.hang_up(2);
    world.hang_up(3);
    world.forget();
    world.ask(caller(1), Command::Count { leg: leg(1) });
    assert_eq!(world.heard(1), "only_person");
}

#[test]
fn a_new_role_brings_its_mute_and_hold_and_nothing_else() {
    let mut world = World::with(&[("conference_hold_policy", "l")], &[HOST, GUEST]);
    world.ask(
        client(),
        Command::SetRole {
            leg: leg(2),
            role: LISTENER,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.mute(2), world.hears(2)),
        ("now_listener now_on_hold", 2, Hears::Music)
    );
    world.ask(
        client(),
        Command::SetRole {
            leg: leg(2),
            role: GUEST,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.mute(2), world.hears(2)),
        ("now_participant back_from_hold", 0, Hears::Room)
    );
    let events = ["RoleSet", "Muted", "Held", "RoleSet", "Muted", "Held"];
    for (event, name) in world.what_happened().iter().zip(events) {
        assert!(format!("{event:?}").starts_with(name), "{event:?}");
    }
}

#[test]
fn what_was_set_for_the_leg_itself_stays_with_a_new_role() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    let hard = Mute {
        soft: false,
        hard: true,
    };
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: hard,
        },
    );
    world.ask(client(), Command::SetMuteMode(MuteMask::HARD));
    world.ask(
        client(),
        Command::SetRole {
            leg: leg(2),
            role: HOST,
        },
    );
    assert_eq!(world.mute(2), 2);
}

#[test]
fn the_role_pin_makes_a_host_or_says_that_it_is_wrong() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.ask(
        caller(2),
        Command::RolePin {
            leg: leg(2),
            right: false,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.refused()),
        ("pin_wrong", Some("wrong PIN"))
    );
    world.ask(
        caller(2),
        Command::RolePin {
            leg: leg(2),
            right: true,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.meeting.row(leg(2)).unwrap().role),
        ("now_host", HOST)
    );
    world.ask(
        caller(2),
        Command::RolePin {
            leg: leg(2),
            right: true,
        },
    );
    assert_eq!(world.heard(2), "pin_right", "one who is host already");
}

#[test]
fn names_and_levels_change_within_bounds() {
    let mut world = World::with(&[], &[HOST]);
    world.ask(
        client(),
        Command::SetName {
            leg: leg(1),
            name: "Ada".into(),
        },
    );
    world.ask(
        client(),
        Command::SetName {
            leg: leg(1),
            name: "x".repeat(257),
        },
    );
    assert_eq!(world.refused(), Some("the name is too long"));
    for (db, refused) in [
        (-20, None),
        (20, None),
        (21, Some("the level is out of range")),
        (i8::MIN, Some("the level is out of range")),
    ] {
        world
            .meeting
            .handle_input(world.now, client(), Command::SetGain { leg: leg(1), db });
        assert_eq!(world.refused(), refused);
        let gain = Output::Gain { leg: leg(1), db };
        assert_eq!(
            std::iter::from_fn(|| world.meeting.poll_output()).any(|output| output == gain),
            refused.is_none()
        );
    }
    let row = world.meeting.row(leg(1)).unwrap();
    assert_eq!((row.name.as_str(), row.gain_db), ("Ada", 20));
}

#[test]
fn a_leg_is_dropped_with_words_and_the_cause_says_by_whom() {
    for (actor, words, cause) in [
        (caller(2), "goodbye", Cause::Left),
        (caller(1), "removed goodbye", Cause::DroppedByHost),
        (client(), "removed goodbye", Cause::DroppedByApi),
    ] {
        let mut world = World::with(&[], &[HOST, GUEST]);
        world.ask(actor.clone(), Command::Drop { leg: leg(2) });
        assert_eq!((world.heard(2).as_str(), world.cause(2)), (words, Some(cause)));
        assert_eq!(world.heard(1), "♪out");
        let left = Event::Left { leg: leg(2), cause };
        assert_eq!(world.events, [(actor, left)]);
    }
}

#[test]
fn a_leg_told_to_go_neither_hears_nor_is_heard_nor_asks_for_anything() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world
        .meeting
        .handle_input(world.now, client(), Command::Drop { leg: leg(2) });
    let route = Output::Route {
        leg: leg(2),
        speaks: false,
        hears: Hears::Nothing,
    };
    assert_eq!(world.meeting.poll_output(), Some(route));
    for command in [
        Command::ToggleMute { leg: leg(2) },
        Command::ToggleLock,
        Command::Drop { leg: leg(2) },
    ] {
        world.meeting.handle_input(world.now, caller(2), command);
        assert_eq!(world.refused(), Some("no such leg in this meeting"));
    }
}

fn about(leg: LegId) -> [Command; 9] {
    [
        Command::Leave {
            leg,
            cause: Cause::HungUp,
        },
        Command::Drop { leg },
        Command::ToggleMute { leg },
        Command::SetMute {
            leg,
            mute: Mute::default(),
        },
        Command::SetHold { leg, on: true },
        Command::Count { leg },
        Command::SetRole {
            leg,
            role: Role::Host,
        },
        Command::RolePin { leg, right: true },
        Command::SetName {
            leg,
            name: "x".into(),
        },
    ]
}

#[test]
fn a_command_about_a_leg_that_is_gone_is_a_logged_refusal() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.hang_up(2);
    world.forget();
    let before = world.meeting.snapshot();
    for command in about(leg(2)) {
        for actor in [client(), caller(1), caller(2), Actor::Bridge] {
            world.ask(actor, command.clone());
            assert_eq!(
                world.refused(),
                Some("no such leg in this meeting"),
                "{command:?}"
            );
        }
    }
    assert_eq!(world.meeting.snapshot(), before);
    assert!(world.events.is_empty());
}

#[test]
fn a_leg_that_is_not_in_the_meeting_commands_nothing() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    let before = world.meeting.snapshot();
    let others = [
        Command::ToggleLock,
        Command::StepMuteMode,
        Command::ToggleHold,
        Command::StepTones,
        Command::Stop,
    ];
    for command in about(leg(2)).into_iter().skip(1).chain(others) {
        world.ask(caller(99), command);
        assert_eq!(world.refused(), Some("no such leg in this meeting"));
    }
    assert_eq!(world.meeting.snapshot(), before);
    assert!(world.events.is_empty() && world.heard(1).is_empty());
}
