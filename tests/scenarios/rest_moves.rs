//! Moving a call by REST, to another role or meeting.

use api::{CommandError, LiveCommand, Target};
use model::{Cause, Command, Event, Mute, NewsKind, Role};
use world::{CONF, ROOM, World};

#[test]
fn a_call_moves_to_the_role_of_another_code() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    let unknown = LiveCommand::Move {
        leg,
        access_code: "98765".into(),
    };
    assert!(matches!(
        world.request(Target::Leg(leg), unknown),
        Err(CommandError::Refused { .. })
    ));
    let known = LiveCommand::Move {
        leg,
        access_code: "111".into(),
    };
    assert_eq!(world.request(Target::Leg(leg), known), Ok(()));
    assert_eq!(world.live.calls[&leg].role, Some(Role::Host));
    assert!(!world.has_got(guest, "BYE"));
}

#[test]
fn who_was_moved_to_another_meeting_meanwhile_is_not_steered_with_those_of_the_first() {
    let mut world = World::new();
    let [stays, moves] = ["111#", "222#"].map(|keys| world.enter(CONF, keys));
    world.enter_as(CONF, "+15550009", "4711#");
    let (target, leg) = (world.target(ROOM), world.leg(moves));
    let access_code = "4711".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert_eq!(moved, Ok(()));
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let legs = [stays, moves].map(|phone| world.leg(phone));
    let muted = legs.map(|leg| (leg, LiveCommand::Meeting(Command::SetMute { leg, mute })));
    assert_eq!(world.request(target, LiveCommand::All(muted.to_vec())), Ok(()));
    let mutes = [stays, moves].map(|phone| world.view(phone).mute);
    assert_eq!(mutes, [mute, Mute::default()]);
    let hung_up = legs.map(|leg| (leg, LiveCommand::HangUp { leg }));
    assert_eq!(world.request(target, LiveCommand::All(hung_up.to_vec())), Ok(()));
    assert!(world.has_got(stays, "BYE") && !world.has_got(moves, "BYE"));
}

#[test]
fn a_call_that_would_not_get_in_stays_where_it_is() {
    for (attribute, reason) in [
        (None, "locked"),
        (Some(("conference_maxcalls", "1")), "full"),
        (
            Some(("conference_maxcallsperrole", "1:0:1")),
            "no place left for its role",
        ),
    ] {
        let mut world = World::with(world::Settings::room(attribute.as_slice()));
        let host = world.enter(CONF, "111#");
        let guest = world.enter(CONF, "4711#");
        if attribute.is_none() {
            world.key(host, "*7");
        }
        let leg = world.leg(guest);
        let to = |code: &str| LiveCommand::Move {
            leg,
            access_code: code.to_owned(),
        };
        let moved = world.request(Target::Leg(leg), to("222"));
        let Err(CommandError::Refused { message, .. }) = moved else {
            panic!("{reason}: {moved:?}")
        };
        assert!(message.contains(reason), "{message}");
        world.pass(30_000);
        assert!(world.speaks(guest) && !world.has_got(guest, "BYE"));
        assert_eq!(world.view(guest).access_code, "4711");
        // Its own place is no obstacle to coming back.
        assert_eq!(world.request(Target::Leg(leg), to("4711")), Ok(()));
    }
}

#[test]
fn a_call_moves_from_menu_and_waiting_room_too_but_not_while_it_rings() {
    use world::{Level, Settings};
    let mut world = World::with(Settings {
        attributes: vec![(Level::Did, "call_delay", "5")],
        ..Settings::default()
    });
    let phone = world.call(CONF);
    let leg = world.leg(phone);
    let to_host = || LiveCommand::Move {
        leg,
        access_code: "111".into(),
    };
    assert!(matches!(
        world.request(Target::Leg(leg), to_host()),
        Err(CommandError::Refused {
            field: "accessCode",
            ..
        })
    ));
    world.pass(6_000);
    assert_eq!(world.request(Target::Leg(leg), to_host()), Ok(()));
    assert_eq!(world.view(phone).role, Some(Role::Host));
    assert!(world.speaks(phone));
    world.pass(60_000);
    assert_eq!(world.heard(phone, "enter_code"), 1, "the menu is over");
}

#[test]
fn a_call_whose_audio_is_not_agreed_on_yet_is_not_moved() {
    let mut world = World::new();
    let phone = world.phone(CONF, world::CALLER);
    world.manners(phone).acknowledges = false;
    world.send(phone, "INVITE", "", "");
    world.pass(1);
    let leg = world.leg(phone);
    let access_code = "111".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert!(matches!(moved, Err(CommandError::Refused { .. })), "{moved:?}");
    assert_eq!(world.mixer.nonsense, Vec::<String>::new());
    world.send(phone, "ACK", "", world::SDP);
    world.key(phone, "111#");
    assert!(world.speaks(phone));
}

#[test]
fn a_call_alone_in_a_meeting_on_the_fly_is_not_lost_when_it_is_moved_to_its_code() {
    let mut world = World::new();
    let phone = world.enter(CONF, "4711#");
    let leg = world.leg(phone);
    let access_code = "4711".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert_eq!(moved, Ok(()));
    world.pass(5_000);
    assert!(!world.has_got(phone, "BYE"));
    assert!(world.speaks(phone));
    assert_eq!(world.view(phone).access_code, "4711");
}

#[test]
fn a_call_that_is_moved_keeps_its_name_and_level_and_both_meetings_are_recorded() {
    let mut world = World::new();
    let stays = world.enter_as(CONF, "+15550009", "4711#");
    let phone = world.enter(CONF, "222#");
    let leg = world.leg(phone);
    let name = "Ann".to_owned();
    for command in [Command::SetName { leg, name }, Command::SetGain { leg, db: -3 }] {
        let done = world.request(Target::Leg(leg), LiveCommand::Meeting(command));
        assert_eq!(done, Ok(()));
    }
    let access_code = "4711".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert_eq!(moved, Ok(()));
    let view = world.view(phone);
    assert_eq!(view.meeting, world.view(stays).meeting);
    assert_eq!(
        (view.role, view.custom_name.as_str(), view.gain_db),
        (Some(Role::Participant), "Ann", -3)
    );
    assert_eq!(world.mixer.places[&leg], world.mixer.places[&world.leg(stays)]);
    let named = world
        .told
        .iter()
        .filter(|told| told.news.kind() == NewsKind::CallNamed);
    let numbers: Vec<_> = named.map(|told| told.place.map(|place| place.number)).collect();
    assert_eq!(numbers, [Some(ROOM), view.meeting], "each log knows the name");
    let cause = Cause::Moved;
    assert!(world.logged(&Event::Left { leg, cause }));
    assert_eq!(world.mdrs().len(), 1);
    world.hang_up(phone);
    let cdr = world.cdr(phone).unwrap();
    assert_eq!((cdr.cause, cdr.access_code.as_str()), (Cause::HungUp, "4711"));
    assert_eq!(cdr.custom_name, "Ann");
}
