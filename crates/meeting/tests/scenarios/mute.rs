use model::{Actor, Command, Event, Mute, MuteMask};

use crate::world::*;

const SOFT: Mute = Mute {
    soft: true,
    hard: false,
};
const HARD: Mute = Mute {
    soft: false,
    hard: true,
};
const OPEN: Mute = Mute {
    soft: false,
    hard: false,
};

fn toggle(world: &mut World, n: u64) -> String {
    world.ask(caller(n), Command::ToggleMute { leg: leg(n) });
    world.heard(n)
}

#[test]
fn the_mute_key_toggles_and_says_which_it_is_now() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    assert_eq!(toggle(&mut world, 2), "now_muted");
    assert!(!world.speaks(2) && world.mute(2) == 1);
    assert_eq!(toggle(&mut world, 2), "now_unmuted");
    assert!(world.speaks(2) && world.mute(2) == 0);
    assert_eq!(world.heard(1), "", "privately");
    let (by, leg) = (caller(2), leg(2));
    let muted = |mute| (by.clone(), Event::Muted { leg, mute });
    assert_eq!(world.events, [muted(SOFT), muted(OPEN)]);
}

#[test]
fn a_leg_muted_by_the_host_cannot_unmute_itself() {
    let mut world = World::with(&[], &[HOST, GUEST, LISTENER]);
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: HARD,
        },
    );
    assert_eq!(world.heard(2), "muted_by_host");
    assert_eq!(toggle(&mut world, 2), "muted_by_host_raise_hand");
    assert_eq!((world.mute(2), world.speaks(2)), (2, false));
    assert_eq!(toggle(&mut world, 3), "listeners_cannot_speak");
    assert_eq!((world.mute(3), world.speaks(3)), (2, false));
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: OPEN,
        },
    );
    assert_eq!(
        (world.heard(2).as_str(), world.speaks(2)),
        ("unmuted_by_host", true)
    );
}

#[test]
fn a_listener_never_unmutes_itself_but_a_host_may_let_it_speak() {
    let mut world = World::with(&[], &[HOST, LISTENER]);
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: SOFT,
        },
    );
    assert_eq!(world.heard(2), "muted_may_unmute");
    assert_eq!(toggle(&mut world, 2), "listeners_cannot_speak");
    assert!(!world.speaks(2));
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: OPEN,
        },
    );
    assert!(world.speaks(2));
}

#[test]
fn the_policy_says_who_starts_muted() {
    let mut world = World::with(&[("conference_mute_policy", "hpl")], &[HOST, GUEST, LISTENER]);
    assert_eq!(world.meeting.mute_mode().bits(), 42);
    assert_eq!([1, 2, 3].map(|n| world.mute(n)), [2, 2, 2]);
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(1),
            mute: OPEN,
        },
    );
    assert_eq!([1, 2, 3].map(|n| world.speaks(n)), [true, false, false]);
}

#[test]
fn the_mute_of_the_others_steps_and_everybody_hears_its_name() {
    let mut world = World::with(&[], &[HOST, GUEST, LISTENER]);
    assert_eq!(world.meeting.mute_mode(), MuteMask::LISTENERS);
    for (bits, name, guest) in [(36, "mode_soft", 1), (40, "mode_hard", 2), (32, "mode_open", 0)] {
        world.ask(caller(1), Command::StepMuteMode);
        assert_eq!(world.meeting.mute_mode().bits(), bits);
        assert_eq!([1, 2, 3].map(|n| world.heard(n)), [name; 3]);
        assert_eq!([1, 2, 3].map(|n| world.mute(n)), [0, guest, 2]);
        assert!(world.speaks(1), "hosts never");
    }
}

#[test]
fn from_any_other_mode_the_step_leads_to_open() {
    for bits in [0, 1, 8, 42, 63] {
        let mut world = World::with(&[], &[HOST]);
        world.ask(client(), Command::SetMuteMode(MuteMask::from_wire(bits).unwrap()));
        world.ask(caller(1), Command::StepMuteMode);
        assert_eq!(world.meeting.mute_mode(), MuteMask::LISTENERS, "from {bits}");
    }
}

#[test]
fn a_soft_mode_lets_each_unmute_itself() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.ask(caller(1), Command::StepMuteMode);
    world.forget();
    assert_eq!(toggle(&mut world, 2), "now_unmuted");
    assert!(world.speaks(2));
    assert_eq!(toggle(&mut world, 2), "now_muted");
}

#[test]
fn going_back_takes_off_exactly_what_the_mode_put_on() {
    let mut world = World::with(&[], &[HOST, GUEST, GUEST, GUEST]);
    toggle(&mut world, 2);
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(3),
            mute: HARD,
        },
    );
    world.ask(caller(1), Command::StepMuteMode);
    world.ask(caller(1), Command::StepMuteMode);
    assert_eq!([2, 3, 4].map(|n| world.mute(n)), [3, 2, 2]);
    world.ask(caller(1), Command::StepMuteMode);
    assert_eq!(
        [2, 3, 4].map(|n| world.mute(n)),
        [1, 2, 0],
        "own, the host's, nothing"
    );
}

#[test]
fn a_hard_mute_set_while_the_mode_says_so_outlives_the_mode() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.ask(client(), Command::SetMuteMode(MuteMask::HARD));
    world.forget();
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: HARD,
        },
    );
    assert!(
        world.events.is_empty() && world.heard(2).is_empty(),
        "nothing to notice yet"
    );
    world.ask(client(), Command::SetMuteMode(MuteMask::LISTENERS));
    assert_eq!(world.mute(2), 2);
}

#[test]
fn one_leg_unmuted_under_a_hard_mode_speaks_until_the_mode_is_set_again() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.ask(client(), Command::SetMuteMode(MuteMask::HARD));
    world.ask(
        client(),
        Command::SetMute {
            leg: leg(2),
            mute: OPEN,
        },
    );
    assert!(world.speaks(2));
    world.ask(client(), Command::SetMuteMode(MuteMask::SOFT));
    world.ask(client(), Command::SetMuteMode(MuteMask::HARD));
    assert_eq!(world.mute(2), 2);
}

#[test]
fn a_mute_that_policy_made_is_in_the_log_of_events_with_the_bridge_as_its_cause() {
    let world = World::with(&[], &[HOST]);
    let mut world = world;
    world.join(2, LISTENER);
    let muted = Event::Muted {
        leg: leg(2),
        mute: HARD,
    };
    assert_eq!(world.events[1..], [(Actor::Bridge, muted)]);
}
