//! Calls that the bridge dials, changed while they ring: what is told of it.

use api::{LiveCommand, Target};
use model::{Actor, Command, Event, LegId, Mute, News, Role, Sid};
use store::Record;
use world::{SDP, World};

use crate::dialling;

/// What was told of a call beside its coming and going from somewhere on: by whom, whether within a meeting, and what.
fn changes(world: &World, leg: LegId, from: usize) -> Vec<(Actor, bool, Event)> {
    let change = |record: &Record| {
        let Record::Happening(happening) = record else {
            return None;
        };
        let News::Meeting(event) = &happening.news else {
            return None;
        };
        let is_inside = happening.place.is_some();
        (event.leg() == Some(leg)).then(|| (happening.actor.clone(), is_inside, event.clone()))
    };
    world.records[from..].iter().filter_map(change).collect()
}

#[test]
fn each_change_of_a_call_that_rings_is_told_at_once_and_what_it_comes_in_with_once_more() {
    let mut world = dialling::world();
    let (leg, invite) = world.ringing(World::order("222"));
    let tester = Actor::User(Sid::new("tester"));
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let (db, name, on) = (-4, "Lobby".to_owned(), true);
    let role = Role::Host;
    for (command, event) in [
        (Command::SetRole { leg, role }, Event::RoleSet { leg, role }),
        (Command::SetMute { leg, mute }, Event::Muted { leg, mute }),
        (Command::SetHold { leg, on }, Event::Held { leg, on }),
        (Command::SetGain { leg, db }, Event::GainSet { leg, db }),
        (
            Command::SetName {
                leg,
                name: name.clone(),
            },
            Event::Named { leg, name },
        ),
    ] {
        let from = world.records.len();
        for _ in 0..2 {
            let command = LiveCommand::Meeting(command.clone());
            assert_eq!(world.request(Target::Leg(leg), command), Ok(()));
        }
        assert_eq!(
            changes(&world, leg, from),
            [(tester.clone(), false, event)],
            "once, in no meeting yet"
        );
    }
    let (from, view) = (world.records.len(), world.dialled_view(leg).clone());
    assert_eq!((view.role, view.mute, view.held), (Some(role), mute, true));
    world.trunk_replies(&invite, 200, "a", SDP);
    let told = changes(&world, leg, from);
    assert!(told.iter().all(|(_, inside, _)| *inside), "{told:?}");
    let joined = told
        .iter()
        .position(|(_, _, event)| matches!(event, Event::Joined { .. }));
    let joined = joined.expect("it is in the meeting");
    for event in [
        Event::Muted { leg, mute },
        Event::Held { leg, on },
        Event::GainSet { leg, db },
    ] {
        let at = told.iter().position(|(_, _, known)| *known == event);
        assert!(at > Some(joined), "{event:?} of {told:?}");
    }
}

#[test]
fn another_code_while_it_rings_tells_the_role_where_that_is_another() {
    let mut world = dialling::world();
    let (leg, _) = world.ringing(World::order("222"));
    for (code, role) in [
        ("222", None),
        ("333", Some(Role::Listener)),
        ("333", None),
        ("111", Some(Role::Host)),
    ] {
        let from = world.records.len();
        let access_code = code.to_owned();
        let command = LiveCommand::Move { leg, access_code };
        assert_eq!(world.request(Target::Leg(leg), command), Ok(()));
        let told: Vec<_> = changes(&world, leg, from)
            .into_iter()
            .map(|(_, _, event)| event)
            .collect();
        let expected: Vec<_> = role
            .into_iter()
            .map(|role| Event::RoleSet { leg, role })
            .collect();
        assert_eq!(told, expected, "{code}");
    }
}
