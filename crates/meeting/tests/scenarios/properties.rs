//! What holds whatever is asked in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use meeting::{Hears, Meeting};
use model::attribute::AttributeId;
use model::{Actor, Cause, Command, Event, LegId, Mute, MuteMask, Role};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::*;

const LEGS: u64 = 6;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Ask(Actor, Command),
    /// A deadline is met early or late, or time just passes.
    Wait {
        ms: u64,
        punctual: bool,
    },
}

fn legs() -> impl Strategy<Value = LegId> {
    (1..=LEGS).prop_map(LegId)
}

fn roles() -> impl Strategy<Value = Role> {
    select(Role::ALL.to_vec())
}

fn masks() -> impl Strategy<Value = MuteMask> {
    select(vec![0, 8, 32, 36, 40, 42, 63]).prop_map(|bits| MuteMask::from_wire(bits).unwrap())
}

fn settings() -> impl Strategy<Value = (AttributeId, Option<String>)> {
    let values = [
        ("conference_mute_policy", vec!["", "l", "pl", "hpl"]),
        ("conference_hold_policy", vec!["", "p", "pl"]),
        ("conference_start_how", vec!["first", "moderator", "explicit"]),
        ("conference_start_wait", vec!["0", "45", "360"]),
        ("conference_stop_how", vec!["last", "moderator"]),
        ("conference_stop_wait", vec!["0", "20", "180"]),
        ("conference_maxduration", vec!["-1", "0", "90", "400"]),
        ("call_maxduration", vec!["-1", "0", "90", "400"]),
        ("conference_maxcalls", vec!["-1", "0", "3", "x"]),
        ("conference_maxcallsperrole", vec!["-1:-1:-1", "1:2:1"]),
        ("conference_entrytones", vec!["on", "off"]),
    ];
    select(values.to_vec()).prop_flat_map(|(name, texts)| {
        let id = AttributeId::find(name).expect(name);
        let texts = texts.into_iter().map(|text| Some(text.to_owned())).chain([None]);
        (Just(id), select(texts.collect::<Vec<_>>()))
    })
}

fn whole() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::StepMuteMode),
        masks().prop_map(Command::SetMuteMode),
        Just(Command::ToggleHold),
        masks().prop_map(Command::SetHoldMode),
        Just(Command::ToggleLock),
        any::<bool>().prop_map(Command::SetLock),
        Just(Command::StepTones),
        settings().prop_map(|(id, value)| Command::SetAttribute { id, value }),
        Just(Command::Start),
        Just(Command::Stop),
    ]
}

fn single() -> impl Strategy<Value = Command> {
    (legs(), roles(), any::<bool>(), any::<bool>(), -30..30_i8, 0..9_u8).prop_map(
        |(leg, role, on, hard, db, which)| match which {
            0 => Command::ToggleMute { leg },
            1 => Command::SetMute {
                leg,
                mute: Mute { soft: on, hard },
            },
            2 => Command::SetHold { leg, on },
            3 => Command::Count { leg },
            4 => Command::SetRole { leg, role },
            5 => Command::RolePin { leg, right: on },
            6 => Command::SetName {
                leg,
                name: format!("{role:?}"),
            },
            7 => Command::SetGain { leg, db },
            _ => Command::Drop { leg },
        },
    )
}

fn actors() -> impl Strategy<Value = Actor> {
    prop_oneof![4 => legs().prop_map(Actor::Leg), 2 => Just(client()), 1 => Just(Actor::Bridge)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let join = (legs(), roles())
        .prop_map(|(leg, role)| Step::Ask(Actor::Leg(leg), Command::Join(entrant(leg.0, role))));
    let cause = select(vec![Cause::HungUp, Cause::MediaLost, Cause::Moved]);
    let leave =
        (legs(), cause).prop_map(|(leg, cause)| Step::Ask(Actor::Leg(leg), Command::Leave { leg, cause }));
    let wait = (0..100_000_u64, any::<bool>()).prop_map(|(ms, punctual)| Step::Wait { ms, punctual });
    let step = prop_oneof![
        6 => join,
        2 => leave,
        4 => (actors(), whole()).prop_map(|(actor, command)| Step::Ask(actor, command)),
        6 => (actors(), single()).prop_map(|(actor, command)| Step::Ask(actor, command)),
        3 => wait,
    ];
    vec(step, 1..60)
}

fn start() -> impl Strategy<Value = Vec<(AttributeId, Option<String>)>> {
    vec(settings(), 0..5)
}

/// Runs the steps, looking at the meeting after each; stops where the bridge would forget it.
fn run(start: &[(AttributeId, Option<String>)], steps: &[Step], look: impl Fn(&World)) -> World {
    let mut world = World::new(&[]);
    let mut policy = world.meeting.policy().clone();
    for (id, value) in start {
        if let Some(value) = value {
            policy.set(*id, value);
        }
    }
    world.meeting = Meeting::new(policy);
    for step in steps {
        match step {
            Step::Ask(actor, command) => world.ask(actor.clone(), command.clone()),
            Step::Wait { ms, punctual: true } => world.wait(ms / 1000),
            Step::Wait { ms, punctual: false } => {
                world.now += Duration::from_millis(*ms);
                world.meeting.handle_timeout(world.now);
                world.drain();
            }
        }
        look(&world);
        if world.ended.is_some() {
            break;
        }
    }
    world
}

/// What the mixer was told is what the roster says, and nobody muted, held or waiting is heard.
fn routes_are_right(world: &World) {
    let rows = world.meeting.snapshot().rows;
    assert_eq!(rows.len(), world.routes.len());
    for row in rows {
        let (speaks, hears) = world.routes[&row.leg];
        let apart = row.held || row.waiting;
        assert_eq!(speaks, !row.mute.any() && !apart, "{row:?}");
        assert_eq!(hears, if apart { Hears::Music } else { Hears::Room }, "{row:?}");
    }
}

/// Follows one leg through the events.
#[derive(Clone, Copy, Default)]
struct Followed {
    inside: bool,
    mute: Mute,
    held: bool,
}

/// Who is there and how, told from nothing but the events, whose order must make sense.
fn told_by_events(world: &World) -> BTreeMap<LegId, Followed> {
    let mut legs: BTreeMap<LegId, Followed> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for (_, event) in &world.events {
        match event {
            Event::Waiting { leg, .. } => assert!(legs.insert(*leg, Followed::default()).is_none()),
            Event::Joined { leg, .. } => {
                let was = legs.entry(*leg).or_default();
                assert!(!std::mem::replace(&mut was.inside, true), "joined twice");
            }
            Event::Left { leg, .. } => drop(legs.remove(leg).expect("left without coming")),
            Event::Muted { leg, mute } => {
                let was = legs.get_mut(leg).expect("muted without coming");
                assert_ne!(std::mem::replace(&mut was.mute, *mute), *mute);
            }
            Event::Held { leg, on } => {
                let was = legs.get_mut(leg).expect("held without coming");
                assert_ne!(std::mem::replace(&mut was.held, *on), *on);
            }
            Event::Refused { leg, .. } => drop(refused.insert(*leg)),
            Event::RoleSet { leg, .. } | Event::Named { leg, .. } | Event::GainSet { leg, .. } => {
                assert!(legs.contains_key(leg));
            }
            Event::Created
            | Event::Started
            | Event::Ended { .. }
            | Event::MuteModeSet(_)
            | Event::HoldModeSet(_)
            | Event::Locked(_)
            | Event::AttributeSet { .. }
            | Event::Ending { .. }
            | Event::EndingCancelled => {}
        }
    }
    legs
}

fn events_are_right(world: &World) {
    let legs = told_by_events(world);
    let rows = world.meeting.snapshot().rows;
    assert_eq!(
        rows.iter().map(|row| row.leg).collect::<BTreeSet<_>>(),
        legs.keys().copied().collect()
    );
    for row in rows {
        let told = legs[&row.leg];
        assert_eq!(
            (told.inside, told.mute, told.held),
            (!row.waiting, row.mute, row.held),
            "{row:?}"
        );
    }
    let count = |wanted: fn(&Event) -> bool| {
        world
            .what_happened()
            .into_iter()
            .filter(|event| wanted(event))
            .count()
    };
    assert!(count(|event| matches!(event, Event::Created)) <= 1);
    assert!(count(|event| matches!(event, Event::Started)) <= 1);
    let over = matches!(world.what_happened().last(), Some(Event::Ended { .. }));
    assert_eq!(over, world.ended.is_some(), "nothing follows the end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn nobody_muted_held_or_waiting_is_ever_heard(start in start(), steps in steps()) {
        run(&start, &steps, routes_are_right);
    }

    #[test]
    fn the_roster_is_the_joins_less_the_leaves_and_every_on_has_its_off(start in start(), steps in steps()) {
        run(&start, &steps, events_are_right);
    }

    #[test]
    fn the_log_replayed_gives_an_equal_meeting(start in start(), steps in steps()) {
        let first = run(&start, &steps, |_| {});
        let mut policy = policy(&[]);
        for (id, value) in &start {
            value.as_ref().map(|value| policy.set(*id, value));
        }
        let again = Meeting::replay(policy, first.meeting.log());
        prop_assert_eq!(again.snapshot(), first.meeting.snapshot());
        prop_assert!(again.log().eq(first.meeting.log()));
    }

    #[test]
    fn a_meeting_left_by_all_is_over(start in start(), steps in steps()) {
        let mut world = run(&start, &steps, |_| {});
        let came = world.meeting.log().count() > 0 && !world.events.is_empty();
        for n in 1..=LEGS {
            world.hang_up(n);
        }
        prop_assert_eq!(world.ended.is_some(), came && world.meeting.snapshot().rows.is_empty() && created(&world));
        prop_assert!(world.meeting.snapshot().rows.is_empty());
    }

    #[test]
    fn hold_and_back_changes_no_mute(steps in steps()) {
        let mut world = run(&[], &steps, |_| {});
        prop_assume!(world.ended.is_none() && world.meeting.hold_mode() == MuteMask::OPEN);
        let before = world.meeting.snapshot();
        world.ask(client(), Command::ToggleHold);
        world.ask(client(), Command::ToggleHold);
        prop_assert_eq!(world.meeting.snapshot(), before);
    }
}

fn created(world: &World) -> bool {
    world.what_happened().contains(&&Event::Created)
}

#[test]
fn a_thousand_legs_come_step_modes_and_go_with_a_few_outputs_each() {
    let mut world = World::new(&[]);
    let outputs = |world: &mut World, actor, command| {
        world.meeting.handle_input(world.now, actor, command);
        std::iter::from_fn(|| world.meeting.poll_output()).count()
    };
    for n in 1..=1000 {
        let role = if n == 1 { HOST } else { GUEST };
        let join = Command::Join(entrant(n, role));
        assert!(outputs(&mut world, caller(n), join) <= 7, "{n}");
    }
    assert!(outputs(&mut world, caller(1), Command::StepMuteMode) <= 2 * 1000 + 2);
    assert!(outputs(&mut world, caller(1), Command::ToggleHold) <= 3 * 1000 + 2);
    for n in 1..=1000 {
        let (leg, cause) = (leg(n), Cause::HungUp);
        assert!(outputs(&mut world, caller(n), Command::Leave { leg, cause }) <= 4);
    }
    assert!(world.meeting.is_ending());
}
