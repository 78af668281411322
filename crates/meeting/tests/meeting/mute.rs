use meeting::Hears;
use model::Role::{Host, Listener, Participant};
use model::{Actor, Command, Event, LegId, Mute, MuteMask};

use crate::script::{Did, Script, leg, rest};

const OPEN: Mute = Mute {
    soft: false,
    hard: false,
};
const SOFT: Mute = Mute {
    soft: true,
    hard: false,
};
const HARD: Mute = Mute {
    soft: false,
    hard: true,
};

fn three() -> Script {
    Script::with(&[], &[(1, Host), (2, Participant), (3, Listener)])
}

fn toggles(script: &mut Script, number: u64) -> Did {
    script.asks(leg(number), Command::ToggleMute { leg: LegId(number) })
}

fn sets(script: &mut Script, number: u64, mute: Mute) -> Did {
    let leg = LegId(number);
    script.asks(rest(), Command::SetMute { leg, mute })
}

fn steps(script: &mut Script, times: usize) -> Did {
    let did: Vec<_> = (0..times)
        .map(|_| script.asks(leg(1), Command::StepMuteMode))
        .collect();
    did.into_iter().last().expect("at least one step")
}

#[test]
fn a_leg_mutes_and_unmutes_itself_and_hears_which() {
    let mut script = three();
    let did = toggles(&mut script, 2);
    assert_eq!(
        (did.told(2).as_str(), did.announced().as_str()),
        ("now_muted", "")
    );
    assert_eq!(did.route(2), Some((false, Hears::Room)));
    let muted = Event::Muted {
        leg: LegId(2),
        mute: SOFT,
    };
    assert_eq!(did.events_by(), [(leg(2), muted)]);
    let did = toggles(&mut script, 2);
    assert_eq!(did.told(2), "now_unmuted");
    assert_eq!(did.route(2), Some((true, Hears::Room)));
}

#[test]
fn who_was_muted_by_a_host_stays_so_and_is_told_how_to_ask() {
    let mut script = three();
    sets(&mut script, 2, HARD);
    let did = toggles(&mut script, 2);
    assert_eq!(did.told(2), "muted_by_host_raise_hand");
    assert_eq!(script.refusal(), Some("muted by a host or by policy"));
    assert_eq!(script.row(2).mute, HARD);
}

#[test]
fn listeners_start_muted_and_cannot_unmute() {
    let mut script = three();
    assert_eq!(script.row(3).mute, HARD);
    let did = toggles(&mut script, 3);
    assert_eq!((did.told(3).as_str(), did.0.len()), ("listeners_cannot_speak", 1));
}

#[test]
fn listed_roles_start_muted() {
    for (roles, muted) in [
        ("", vec![]),
        ("p", vec![2]),
        ("hl", vec![1, 3]),
        ("hpl", vec![1, 2, 3]),
    ] {
        let legs = [(1, Host), (2, Participant), (3, Listener)];
        let script = Script::with(&[("conference_mute_policy", roles)], &legs);
        let found: Vec<u64> = (1..=3).filter(|number| script.row(*number).mute.hard).collect();
        assert_eq!(found, muted, "{roles}");
    }
}

#[test]
fn the_mode_steps_from_open_to_soft_to_hard_and_back_and_each_is_announced() {
    let mut script = three();
    for (announced, mode, participant, hears) in [
        ("mode_soft", MuteMask::SOFT, SOFT, false),
        ("mode_hard", MuteMask::HARD, HARD, false),
        ("mode_open", MuteMask::LISTENERS, OPEN, true),
    ] {
        let did = steps(&mut script, 1);
        assert_eq!(did.announced(), announced);
        assert_eq!(script.meeting.mute_mode(), mode);
        assert_eq!(script.row(2).mute, participant);
        assert_eq!(did.route(2), Some((hears, Hears::Room)));
        assert_eq!(did.events()[0], Event::MuteModeSet(mode));
        assert_eq!(
            (script.row(1).mute, script.row(3).mute),
            (OPEN, HARD),
            "only participants"
        );
        assert_eq!(did.route(1), None);
    }
}

#[test]
fn stepping_from_any_other_mode_comes_to_the_open_one() {
    for roles in ["", "p", "hpl"] {
        let mut script = Script::with(
            &[("conference_mute_policy", roles)],
            &[(1, Host), (2, Participant)],
        );
        steps(&mut script, 1);
        assert_eq!(script.meeting.mute_mode(), MuteMask::LISTENERS, "{roles}");
        assert_eq!((script.row(1).mute, script.row(2).mute), (OPEN, OPEN));
    }
}

#[test]
fn in_the_soft_mode_participants_unmute_themselves_and_in_the_hard_one_not() {
    let mut script = three();
    steps(&mut script, 1);
    assert_eq!(toggles(&mut script, 2).told(2), "now_unmuted");
    assert_eq!(script.row(2).mute, OPEN);
    steps(&mut script, 1);
    assert_eq!(toggles(&mut script, 2).told(2), "muted_by_host_raise_hand");
}

#[test]
fn later_joiners_get_the_mode_in_force() {
    let mut script = three();
    steps(&mut script, 2);
    let did = script.joins(4, Participant);
    assert_eq!(
        (script.row(4).mute, did.route(4)),
        (HARD, Some((false, Hears::Room)))
    );
    assert_eq!(did.told(4), "you_are_muted there_are 4 people_in_meeting");
    script.joins(5, Host);
    assert_eq!(script.row(5).mute, OPEN);
}

#[test]
fn going_back_takes_off_what_the_mode_put_on_and_nothing_else() {
    let mut script = three();
    script.joins(4, Participant);
    script.joins(5, Participant);
    toggles(&mut script, 2);
    sets(&mut script, 4, HARD);
    let muted = |script: &Script| [2, 4, 5].map(|number| script.row(number).mute.wire());
    steps(&mut script, 2);
    assert_eq!(muted(&script), [3, 2, 2]);
    steps(&mut script, 1);
    assert_eq!(script.row(2).mute, SOFT, "its own");
    assert_eq!(script.row(4).mute, HARD, "a host's");
    assert_eq!(script.row(5).mute, OPEN, "the mode's");
}

#[test]
fn a_client_sets_both_bits_whatever_had_set_them_and_the_leg_is_told() {
    let mut script = three();
    steps(&mut script, 2);
    let did = sets(&mut script, 2, OPEN);
    assert_eq!(
        (did.told(2).as_str(), script.row(2).mute),
        ("unmuted_by_host", OPEN)
    );
    assert_eq!(did.route(2), Some((true, Hears::Room)));
    let did = sets(&mut script, 2, SOFT);
    assert_eq!(
        (did.told(2).as_str(), script.row(2).mute),
        ("muted_by_host", SOFT)
    );
    assert_eq!(
        toggles(&mut script, 2).told(2),
        "now_unmuted",
        "a soft bit is its own"
    );
    let both = Mute {
        soft: true,
        hard: true,
    };
    sets(&mut script, 2, both);
    assert_eq!(sets(&mut script, 2, SOFT).told(2), "", "muted all along");
    assert_eq!(script.row(2).mute, SOFT);
    assert_eq!(sets(&mut script, 2, SOFT).0, []);
    assert_eq!(script.refusal(), Some("already so"));
    sets(&mut script, 3, OPEN);
    assert_eq!(script.row(3).mute, OPEN, "a listener given the floor");
}

#[test]
fn a_client_sets_any_mode() {
    let mut script = three();
    let mask = |bits| MuteMask::from_wire(bits).expect("six bits");
    for (bits, said, mutes) in [
        (42, "mode_hard", [HARD, HARD, HARD]),
        (0, "mode_open", [OPEN, OPEN, OPEN]),
        (4, "mode_soft", [OPEN, SOFT, OPEN]),
        (33, "mode_open", [SOFT, OPEN, HARD]),
    ] {
        let did = script.asks(rest(), Command::SetMuteMode(mask(bits)));
        assert_eq!(did.announced(), said, "{bits}");
        assert_eq!([1, 2, 3].map(|number| script.row(number).mute), mutes, "{bits}");
    }
    assert_eq!(script.asks(rest(), Command::SetMuteMode(mask(33))).0, []);
}

#[test]
fn those_on_hold_hear_that_they_are_muted() {
    let mut script = three();
    script.asks(
        rest(),
        Command::SetHold {
            leg: LegId(2),
            on: true,
        },
    );
    let did = steps(&mut script, 1);
    assert_eq!(
        (did.told(2).as_str(), did.announced().as_str()),
        ("mode_soft", "mode_soft")
    );
    assert_eq!(did.route(2), Some((false, Hears::Music)), "hold is for itself");
}

#[test]
fn a_hard_mute_set_while_the_mode_says_the_same_outlives_the_mode() {
    for mute in [
        HARD,
        Mute {
            soft: true,
            hard: true,
        },
    ] {
        let mut script = three();
        steps(&mut script, 2);
        let did = sets(&mut script, 2, mute);
        assert_eq!(did.told(2), "", "muted all along");
        assert_eq!(script.refusal(), None);
        steps(&mut script, 1);
        assert_eq!(script.row(2).mute, mute);
    }
}

#[test]
fn a_listener_cannot_unmute_itself_however_it_was_muted() {
    let mut script = three();
    sets(&mut script, 3, SOFT);
    assert_eq!(toggles(&mut script, 3).told(3), "listeners_cannot_speak");
    assert_eq!(script.row(3).mute, SOFT);
}

#[test]
fn what_the_policy_gives_to_a_leg_as_it_comes_is_an_event_too() {
    let mut script = Script::with(&[("conference_hold_policy", "l")], &[(1, Host)]);
    let (leg, role) = (LegId(3), Listener);
    assert_eq!(
        script.joins(3, Listener).events_by(),
        [
            (Actor::Leg(leg), Event::Joined { leg, role }),
            (Actor::Bridge, Event::Muted { leg, mute: HARD }),
            (Actor::Bridge, Event::Held { leg, on: true }),
        ]
    );
}
