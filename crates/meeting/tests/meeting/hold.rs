use meeting::{Hears, Output};
use model::Role::{Host, Listener, Participant};
use model::{Command, Event, LegId, MuteMask};

use crate::script::{Did, Script, leg, rest};

const ROOM: Option<(bool, Hears)> = Some((true, Hears::Room));
const DEAF: Option<(bool, Hears)> = Some((false, Hears::Music));

fn three() -> Script {
    Script::with(&[], &[(1, Host), (2, Participant), (3, Listener)])
}

fn hold(script: &mut Script, number: u64, on: bool) -> Did {
    let leg = LegId(number);
    script.asks(rest(), Command::SetHold { leg, on })
}

fn held(script: &Script) -> Vec<u64> {
    let legs = script.legs().into_iter();
    legs.filter(|number| script.row(*number).held).collect()
}

#[test]
fn the_hold_key_sends_participants_and_listeners_to_music_and_hosts_talk_on() {
    let mut script = three();
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!([1, 2, 3].map(|number| did.route(number)), [None, DEAF, DEAF]);
    assert_eq!(
        [1, 2, 3].map(|number| did.told(number)),
        ["hold_on", "now_on_hold", "now_on_hold"]
    );
    assert_eq!(script.meeting.hold_mode(), MuteMask::HARD);
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!(
        [1, 2, 3].map(|number| did.told(number)),
        ["hold_off", "back_from_hold", "back_from_hold"]
    );
    assert_eq!(
        [1, 2, 3].map(|number| did.route(number)),
        [None, ROOM, Some((false, Hears::Room))]
    );
    assert_eq!(script.meeting.hold_mode(), MuteMask::OPEN);
}

#[test]
fn everybody_comes_back_from_hold_with_the_mute_it_had() {
    let mut script = three();
    script.joins(4, Participant);
    script.asks(leg(2), Command::ToggleMute { leg: LegId(2) });
    script.asks(leg(1), Command::ToggleHold);
    script.asks(leg(4), Command::ToggleMute { leg: LegId(4) });
    assert_eq!(script.row(4).mute.wire(), 1, "keys work on hold");
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!(did.route(2), Some((false, Hears::Room)));
    assert_eq!(did.route(4), Some((false, Hears::Room)));
}

#[test]
fn one_leg_is_held_and_released_alone() {
    let mut script = three();
    let did = hold(&mut script, 2, true);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("now_on_hold", DEAF));
    let on = Event::Held {
        leg: LegId(2),
        on: true,
    };
    assert_eq!(did.events_by(), [(rest(), on)]);
    assert_eq!(hold(&mut script, 2, true).0, []);
    assert_eq!(script.refusal(), Some("already so"));
    let did = hold(&mut script, 2, false);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("back_from_hold", ROOM));
}

#[test]
fn ending_the_mode_releases_those_it_held_and_not_those_held_alone() {
    let mut script = three();
    hold(&mut script, 2, true);
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!(did.told(2), "", "it was held before");
    assert_eq!(held(&script), [2, 3]);
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!((held(&script), did.told(2).as_str()), (vec![2], ""));
}

#[test]
fn a_leg_that_was_released_alone_hears_that_the_others_come_back() {
    let mut script = three();
    script.asks(leg(1), Command::ToggleHold);
    hold(&mut script, 2, false);
    assert_eq!(held(&script), [3]);
    let did = script.asks(leg(1), Command::ToggleHold);
    assert_eq!(did.told(2), "hold_off");
    assert_eq!(did.route(2), None);
}

#[test]
fn listed_roles_start_on_hold_and_the_key_takes_them_off() {
    let legs = [(1, Host), (2, Participant), (3, Listener)];
    let mut script = Script::with(&[("conference_hold_policy", "pl")], &legs);
    assert_eq!(held(&script), [2, 3]);
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(held(&script), []);
}

#[test]
fn later_joiners_get_the_hold_mode_and_hear_so() {
    let mut script = three();
    script.asks(leg(1), Command::ToggleHold);
    let did = script.joins(4, Participant);
    assert_eq!(
        (did.route(4), did.told(4).as_str()),
        (DEAF, "you_are_on_hold there_are 4 people_in_meeting")
    );
}

#[test]
fn a_client_sets_any_hold_mode_and_those_who_stay_hear_of_it() {
    let mut script = three();
    let mask = |bits| MuteMask::from_wire(bits).expect("six bits");
    let did = script.asks(rest(), Command::SetHoldMode(mask(8)));
    assert_eq!(held(&script), [2]);
    assert_eq!((did.told(1), did.told(3)), ("hold_on".into(), "hold_on".into()));
    script.asks(rest(), Command::SetHoldMode(mask(2)));
    assert_eq!(held(&script), [1]);
    assert_eq!(script.asks(rest(), Command::SetHoldMode(mask(2))).0, []);
    let did = script.asks(rest(), Command::SetHoldMode(MuteMask::OPEN));
    assert_eq!(
        (did.told(1), did.told(3)),
        ("back_from_hold".into(), "hold_off".into())
    );
}

#[test]
fn hold_of_somebody_who_waits_is_silent_until_he_comes_in() {
    let mut script = Script::with(
        &[("conference_start_how", "explicit")],
        &[(1, Host), (2, Participant)],
    );
    let did = hold(&mut script, 2, true);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("", DEAF));
    let did = script.asks(rest(), Command::Start);
    assert_eq!(
        (did.route(2), did.told(2).as_str()),
        (
            DEAF,
            "meeting_starts you_are_on_hold there_are 2 people_in_meeting"
        )
    );
}

#[test]
fn a_leg_held_while_the_mode_holds_it_outlives_the_mode() {
    let mut script = three();
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(hold(&mut script, 2, true).0, [], "nothing to notice yet");
    assert_eq!(script.refusal(), None);
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(held(&script), [2]);
}

#[test]
fn a_leg_is_told_before_its_music_begins_and_after_it_has_ended() {
    let mut script = three();
    for told_first in [true, false] {
        let did = hold(&mut script, 2, told_first);
        let said = |output: &Output| matches!(output, Output::Say { .. });
        let routed = |output: &Output| matches!(output, Output::Route { .. });
        let said = did.0.iter().position(said).expect("a word");
        let routed = did.0.iter().position(routed).expect("a route");
        assert_eq!(said < routed, told_first);
    }
}
