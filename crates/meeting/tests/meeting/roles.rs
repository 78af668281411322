use meeting::{Hears, Output};
use model::Role::{Host, Listener, Participant};
use model::{Command, Event, LegId, Role};

use crate::script::{Did, Script, leg, rest};

fn role(script: &mut Script, number: u64, role: Role) -> Did {
    let leg = LegId(number);
    script.asks(rest(), Command::SetRole { leg, role })
}

#[test]
fn a_new_role_is_told_and_has_the_mute_and_hold_that_the_modes_give_it() {
    let settings = [("conference_hold_policy", "p"), ("conference_mute_policy", "l")];
    let mut script = Script::with(&settings, &[(1, Host), (2, Participant)]);
    assert!(script.row(2).held);
    let did = role(&mut script, 2, Host);
    assert_eq!(did.told(2), "now_host | back_from_hold");
    assert_eq!(did.route(2), Some((true, Hears::Room)));
    let held = Event::Held {
        leg: LegId(2),
        on: false,
    };
    let set = Event::RoleSet {
        leg: LegId(2),
        role: Host,
    };
    assert_eq!(did.events(), [set, held]);
    let did = role(&mut script, 2, Listener);
    assert_eq!(did.told(2), "now_listener");
    assert_eq!(
        (did.route(2), script.row(2).mute.wire()),
        (Some((false, Hears::Room)), 2)
    );
    let did = role(&mut script, 2, Participant);
    assert_eq!(did.told(2), "now_participant | now_on_hold");
    assert_eq!((script.row(2).role, script.row(2).mute.wire()), (Participant, 0));
    assert_eq!(role(&mut script, 2, Participant).0, []);
    assert_eq!(script.refusal(), Some("already so"));
}

#[test]
fn a_new_role_keeps_what_was_done_to_the_leg_itself() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.asks(leg(2), Command::ToggleMute { leg: LegId(2) });
    role(&mut script, 2, Listener);
    assert_eq!(script.row(2).mute.wire(), 3);
    role(&mut script, 2, Host);
    assert_eq!(script.row(2).mute.wire(), 1);
}

#[test]
fn the_right_role_pin_makes_a_host_and_a_wrong_one_is_told() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    let pin = |right| Command::RolePin { leg: LegId(2), right };
    let did = script.asks(leg(2), pin(false));
    assert_eq!((did.told(2).as_str(), did.0.len()), ("pin_wrong", 1));
    assert_eq!(script.refusal(), Some("wrong PIN"));
    assert_eq!(script.row(2).role, Participant);
    let did = script.asks(leg(2), pin(true));
    assert_eq!((did.told(2).as_str(), script.row(2).role), ("now_host", Host));
    let set = Event::RoleSet {
        leg: LegId(2),
        role: Host,
    };
    assert_eq!(did.events_by(), [(leg(2), set)]);
}

#[test]
fn a_name_is_shown_and_kept() {
    let mut script = Script::with(&[], &[(1, Host)]);
    assert_eq!(script.row(1).name, "caller 1");
    let (leg, name) = (LegId(1), "Ada".to_owned());
    let set = || Command::SetName {
        leg,
        name: name.clone(),
    };
    let did = script.asks(rest(), set());
    let named = Event::Named {
        leg,
        name: name.clone(),
    };
    assert_eq!(did.events_by(), [(rest(), named)]);
    assert_eq!(script.row(1).name, "Ada");
    assert_eq!(script.asks(rest(), set()).0, []);
}

#[test]
fn gain_reaches_the_mixer_within_its_bounds() {
    let mut script = Script::with(&[], &[(1, Host)]);
    let leg = LegId(1);
    let set = |db| Command::SetGain { leg, db };
    let did = script.asks(rest(), set(-20));
    assert_eq!(did.0[0], Output::Gain { leg, db: -20 });
    assert_eq!(did.events(), [Event::GainSet { leg, db: -20 }]);
    for db in [-20, -21, 21, i8::MIN] {
        assert_eq!(script.asks(rest(), set(db)).0, [], "{db}");
        assert!(script.refusal().is_some());
    }
    assert_eq!(script.row(1).gain_db, -20);
}
