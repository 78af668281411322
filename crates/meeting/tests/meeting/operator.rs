//! Legs that call the operator, talk with one, and come back.

use meeting::{Hears, Output};
use model::Role::{Host, Listener, Participant};
use model::{Actor, Cause, Command, Event, LegId, Mute, OperatorMode};

use crate::script::{Did, Script, leg, rest};

const ROOM: Option<(bool, Hears)> = Some((true, Hears::Room));
const WAITS: Option<(bool, Hears)> = Some((false, Hears::Operator));
const TALKS: Option<(bool, Hears)> = Some((true, Hears::Operator));

fn three() -> Script {
    Script::with(&[], &[(1, Host), (2, Participant), (3, Listener)])
}

fn keys(script: &mut Script, number: u64) -> Did {
    script.asks(leg(number), Command::ToggleOperator { leg: LegId(number) })
}

fn answered(script: &mut Script, number: u64) -> Did {
    script.asks(Actor::Bridge, Command::OperatorAnswered { leg: LegId(number) })
}

fn gone(script: &mut Script, number: u64, cause: Cause) -> Did {
    let leg = LegId(number);
    script.asks(Actor::Bridge, Command::OperatorGone { leg, cause })
}

fn set(number: u64, mode: OperatorMode, cause: Option<Cause>) -> Event {
    let leg = LegId(number);
    Event::OperatorSet { leg, mode, cause }
}

/// Whether the bridge was told to call the operator, and whether to let go of one.
fn orders(did: &Did) -> (usize, usize) {
    let count = |wanted: fn(&&Output) -> bool| did.0.iter().filter(wanted).count();
    (
        count(|output| matches!(output, Output::CallOperator { .. })),
        count(|output| matches!(output, Output::DropOperator { .. })),
    )
}

/// Nothing was said or sounded but to this leg.
fn assert_unaware(did: &Did, number: u64) {
    let others = [1, 2, 3].into_iter().filter(|other| *other != number);
    assert!(others.map(|other| did.told(other)).all(|told| told.is_empty()));
    assert_eq!((did.announced().as_str(), did.tones()), ("", vec![]));
}

#[test]
fn a_leg_calls_the_operator_talks_and_comes_back_and_the_meeting_notices_nothing() {
    let mut script = three();
    let did = keys(&mut script, 2);
    assert_eq!(did.events_by(), [(leg(2), set(2, OperatorMode::Requested, None))]);
    assert_eq!((did.route(2), did.told(2).as_str()), (WAITS, "calling_operator"));
    assert_eq!(orders(&did), (1, 0));
    assert_unaware(&did, 2);
    let did = answered(&mut script, 2);
    assert_eq!(
        did.events_by(),
        [(Actor::Bridge, set(2, OperatorMode::With, None))]
    );
    assert_eq!((did.route(2), did.told(2).as_str()), (TALKS, "with_operator"));
    assert_unaware(&did, 2);
    let did = gone(&mut script, 2, Cause::HungUp);
    let back = set(2, OperatorMode::None, Some(Cause::HungUp));
    assert_eq!(did.events_by(), [(Actor::Bridge, back)]);
    assert_eq!((did.route(2), did.told(2).as_str()), (ROOM, "back_from_operator"));
    assert_eq!(orders(&did), (0, 0), "it is gone by itself");
    assert_unaware(&did, 2);
    assert_eq!(script.legs(), [1, 2, 3]);
}

#[test]
fn the_key_or_a_client_takes_it_back_or_ends_the_talk() {
    for talks in [false, true] {
        for (by, command) in [
            (leg(2), Command::ToggleOperator { leg: LegId(2) }),
            (
                rest(),
                Command::SetOperator {
                    leg: LegId(2),
                    on: false,
                },
            ),
        ] {
            let mut script = three();
            keys(&mut script, 2);
            if talks {
                answered(&mut script, 2);
            }
            let did = script.asks(by.clone(), command);
            let (cause, prompt) = match talks {
                true => (Cause::Left, "back_from_operator"),
                false => (Cause::Cancelled, "operator_canceled"),
            };
            let back = set(2, OperatorMode::None, Some(cause));
            assert_eq!(did.events_by(), [(by, back)]);
            assert_eq!((orders(&did), did.route(2)), ((0, 1), ROOM));
            assert_eq!(did.told(2), prompt);
            assert_unaware(&did, 2);
        }
    }
}

#[test]
fn one_who_does_not_come_is_not_available_whatever_the_cause() {
    for cause in [
        Cause::Busy,
        Cause::NoAnswer,
        Cause::Declined,
        Cause::Unreachable,
        Cause::BridgeFull,
    ] {
        let mut script = three();
        keys(&mut script, 3);
        let did = gone(&mut script, 3, cause);
        assert!(did.has(&set(3, OperatorMode::None, Some(cause))));
        assert_eq!(did.route(3), Some((false, Hears::Room)));
        assert!(did.told(3).starts_with("operator_not_available"), "{cause}");
        assert_unaware(&did, 3);
    }
}

#[test]
fn what_is_done_to_a_leg_meanwhile_is_told_and_holds_when_it_is_back() {
    let mut script = three();
    keys(&mut script, 2);
    answered(&mut script, 2);
    let hard = Mute {
        soft: false,
        hard: true,
    };
    let leg = LegId(2);
    for command in [
        Command::SetMute { leg, mute: hard },
        Command::SetHold { leg, on: true },
        Command::SetHold { leg, on: false },
        Command::ToggleHold,
        Command::ToggleHold,
        Command::SetRole { leg, role: Host },
        Command::StepMuteMode,
    ] {
        let did = script.asks(crate::script::leg(1), command.clone());
        assert_eq!(did.told(2), "", "{command:?}");
        assert!(
            did.route(2).is_none_or(|route| Some(route) == TALKS),
            "{command:?}"
        );
    }
    let did = gone(&mut script, 2, Cause::HungUp);
    assert_eq!(did.told(2), "back_from_operator you_are_muted");
    assert_eq!(did.route(2), Some((false, Hears::Room)));
    assert_eq!(script.row(2).role, Host);
}

#[test]
fn one_on_hold_calls_and_is_on_hold_again() {
    let mut script = three();
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(keys(&mut script, 2).route(2), WAITS);
    assert_eq!(answered(&mut script, 2).route(2), TALKS);
    let did = gone(&mut script, 2, Cause::HungUp);
    assert_eq!(did.route(2), Some((false, Hears::Music)));
    assert_eq!(did.told(2), "back_from_operator you_are_on_hold");
}

#[test]
fn whoever_waits_for_the_start_waits_on_and_is_in_when_it_has_started_meanwhile() {
    let moderated = [("conference_start_how", "moderator")];
    let mut script = Script::with(&moderated, &[(2, Participant)]);
    assert_eq!(keys(&mut script, 2).route(2), WAITS);
    answered(&mut script, 2);
    assert_eq!(script.wait(65).told(2), "", "no reminders");
    let did = gone(&mut script, 2, Cause::HungUp);
    assert_eq!(
        (did.route(2), did.told(2).as_str()),
        (Some((false, Hears::Music)), "waiting_for_host")
    );
    keys(&mut script, 2);
    let did = gone(&mut script, 2, Cause::Busy);
    assert_eq!(did.told(2), "operator_not_available waiting_for_host");
    keys(&mut script, 2);
    answered(&mut script, 2);
    let did = script.joins(1, Host);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("", TALKS));
    let did = gone(&mut script, 2, Cause::HungUp);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("back_from_operator", ROOM));
}

#[test]
fn a_leg_that_goes_or_is_sent_away_lets_go_of_its_operator_first() {
    type Ends = fn(&mut Script) -> Did;
    let ends: [(Ends, Cause); 4] = [
        (|script| script.leaves(2), Cause::HungUp),
        (
            |script| script.asks(leg(2), Command::Drop { leg: LegId(2) }),
            Cause::Left,
        ),
        (
            |script| script.asks(leg(1), Command::Drop { leg: LegId(2) }),
            Cause::DroppedByHost,
        ),
        (|script| script.asks(rest(), Command::Stop), Cause::MeetingStopped),
    ];
    for talks in [false, true] {
        for (end, cause) in ends {
            let mut script = three();
            keys(&mut script, 2);
            if talks {
                answered(&mut script, 2);
            }
            let did = end(&mut script);
            assert_eq!(orders(&did), (0, 1), "{cause}");
            let events = did.events();
            let place = |wanted| events.iter().position(|event| *event == wanted);
            let off = place(set(2, OperatorMode::None, Some(cause)));
            let left = place(Event::Left { leg: LegId(2), cause });
            assert!(off.is_some() && off < left, "{cause}: {events:?}");
            gone(&mut script, 2, Cause::HungUp);
            assert!(script.refusal().is_some(), "the operator's end comes too late");
        }
    }
}

#[test]
fn its_own_call_s_end_is_announced_to_a_leg_that_is_with_the_operator() {
    let mut script = Script::with(&[("call_maxduration", "300")], &[(1, Host), (2, Participant)]);
    keys(&mut script, 2);
    answered(&mut script, 2);
    assert!(script.wait(240).told(2).starts_with("call_ends_in"));
    assert_eq!(
        script.wait(60).dropped(),
        [(1, Cause::CallTooLong), (2, Cause::CallTooLong)]
    );
}

#[test]
fn operators_that_nobody_asked_for_change_nothing_and_nobody_asks_twice() {
    let mut script = three();
    assert_eq!(answered(&mut script, 2).0, []);
    assert_eq!(script.refusal(), Some("no operator was asked for"));
    assert_eq!(gone(&mut script, 2, Cause::HungUp).0, []);
    keys(&mut script, 2);
    let again = Command::SetOperator {
        leg: LegId(2),
        on: true,
    };
    assert_eq!(script.asks(rest(), again).0, []);
    assert_eq!(script.refusal(), Some("already so"));
    answered(&mut script, 2);
    assert_eq!(answered(&mut script, 2).0, []);
}
