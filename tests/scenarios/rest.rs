//! Steering by REST: the same commands, answered when they are done.

use api::{CommandError, LiveCommand, Target};
use meeting::Hears;
use model::attribute::AttributeId;
use model::{
    CallState, Cause, Command, LegId, MeetingNumber, Mute, MuteMask, NewsKind, PresenterMedia, Role,
};
use serde_json::json;
use world::{CONF, PhoneId, ROOM, Site, World};

#[test]
fn a_mute_by_rest_is_in_the_snapshot_that_answers_it() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let leg = world.leg(host);
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let command = LiveCommand::Meeting(Command::SetMute { leg, mute });
    assert_eq!(world.request(Target::Leg(leg), command), Ok(()));
    assert_eq!(world.live.calls[&leg].mute, mute);
    assert!(!world.mixer.routes[&leg].0);
    world.key(host, "*6");
    assert_eq!(world.live.calls[&leg].mute, mute);
    assert_eq!(world.heard(host, "muted_by_host_raise_hand"), 1);
}

#[test]
fn meeting_modes_lock_and_role_are_set_by_rest() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    for command in [
        Command::SetLock(true),
        Command::SetMuteMode(MuteMask::HARD),
        Command::SetHoldMode(MuteMask::HARD),
    ] {
        assert_eq!(
            world.request(world.target(ROOM), LiveCommand::Meeting(command)),
            Ok(())
        );
    }
    let meeting = world.live.meetings[&ROOM].clone();
    assert_eq!(
        (meeting.locked, meeting.mute.bits(), meeting.hold.bits()),
        (true, 40, 40)
    );
    assert!(world.live.calls[&leg].held && world.live.calls[&leg].mute.hard);
    let command = LiveCommand::Meeting(Command::SetRole {
        leg,
        role: Role::Host,
    });
    assert_eq!(world.request(Target::Leg(leg), command), Ok(()));
    assert_eq!(world.live.calls[&leg].role, Some(Role::Host));
    assert!(world.mixer.routes[&leg].0);
}

#[test]
fn a_call_is_hung_up_at_once_and_its_record_says_by_whom() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Ok(())
    );
    assert!(world.has_got(guest, "BYE"));
    assert_eq!(world.cause(), Cause::DroppedByApi);
    assert_eq!(
        world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
        Err(CommandError::Gone)
    );
}

#[test]
fn ending_a_meeting_ends_every_call_and_whoever_calls_then_gets_a_fresh_one() {
    let mut world = World::new();
    let phones = ["111#", "222#"].map(|keys| world.enter(CONF, keys));
    let before = world.live.meetings[&ROOM].id;
    assert_eq!(world.request(world.target(ROOM), LiveCommand::EndMeeting), Ok(()));
    let late = world.enter(CONF, "222#");
    assert_ne!(world.live.meetings[&ROOM].id, before);
    world.pass(10_000);
    assert!(phones.iter().all(|phone| world.has_got(*phone, "BYE")));
    assert!(!world.has_got(late, "BYE"));
    assert!(world.cdrs().iter().all(|cdr| cdr.cause == Cause::MeetingStopped));
    assert_eq!(
        world.request(world.target(MeetingNumber(999_999)), LiveCommand::EndMeeting),
        Err(CommandError::Gone)
    );
    let end = world.request(Target::Meeting(before), LiveCommand::EndMeeting);
    assert_eq!(end, Err(CommandError::Gone), "the number is another's now");
    assert!(!world.has_got(late, "BYE"));
}

fn in_menu(world: &mut World) -> PhoneId {
    let phone = world.call(CONF);
    world.key(phone, "1");
    phone
}

/// Every command on one call that its meeting carries out, with the field it comes from.
fn leg_commands(leg: LegId) -> Vec<(&'static str, Command)> {
    let mute = Mute {
        soft: true,
        hard: true,
    };
    let (on, db, role, name) = (true, 5, Role::Listener, "Ann".to_owned());
    vec![
        ("muteMode", Command::SetMute { leg, mute }),
        ("holdMode", Command::SetHold { leg, on }),
        ("gainLevel", Command::SetGain { leg, db }),
        ("role", Command::SetRole { leg, role }),
        ("customName", Command::SetName { leg, name }),
    ]
}

#[test]
fn everything_that_can_be_put_on_a_call_shows_in_the_snapshot_and_the_mixer() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    for (field, command) in leg_commands(leg) {
        let done = world.request(Target::Leg(leg), LiveCommand::Meeting(command));
        assert_eq!(done, Ok(()), "{field}");
    }
    let media = PresenterMedia::VIDEO;
    world
        .request(Target::Leg(leg), LiveCommand::SetPresenter { leg, media })
        .unwrap();
    let view = world.view(guest);
    assert!(view.mute.soft && view.mute.hard && view.held);
    assert_eq!(view.presenter_media, media);
    assert_eq!(
        (view.gain_db, view.role, view.custom_name.as_str()),
        (5, Some(Role::Listener), "Ann")
    );
    assert_eq!(world.mixer.gains[&leg], 5);
    assert_eq!((world.speaks(guest), world.hears(guest)), (false, Hears::Music));
    world.hang_up(guest);
    let cdr = world.cdrs()[0];
    assert_eq!(
        (cdr.custom_name.as_str(), cdr.role),
        ("Ann", Some(Role::Listener))
    );
}

#[test]
fn what_is_put_twice_changes_nothing_the_second_time_and_says_nothing() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let leg = world.leg(guest);
    for (_, command) in leg_commands(leg) {
        let _ = world.request(Target::Leg(leg), LiveCommand::Meeting(command));
    }
    let (log, said) = (world.log().len(), world.mixer.said.len());
    for (field, command) in leg_commands(leg) {
        let done = world.request(Target::Leg(leg), LiveCommand::Meeting(command));
        assert_eq!(done, Ok(()), "{field}");
    }
    assert_eq!((world.log().len(), world.mixer.said.len()), (log, said));
}

#[test]
fn a_call_that_is_in_no_meeting_yet_refuses_what_only_meetings_do_by_its_field() {
    let mut world = World::new();
    let phone = in_menu(&mut world);
    let leg = world.leg(phone);
    for (name, command) in leg_commands(leg) {
        let refused = world.request(Target::Leg(leg), LiveCommand::Meeting(command));
        let Err(CommandError::Refused { field, .. }) = refused else {
            panic!("{name}: {refused:?}")
        };
        assert_eq!(field, name);
    }
    let media = PresenterMedia::SCREEN;
    let done = world.request(Target::Leg(leg), LiveCommand::SetPresenter { leg, media });
    assert_eq!(done, Ok(()));
    assert_eq!(world.view(phone).presenter_media, media);
}

#[test]
fn what_a_call_presents_is_told_once_where_it_is_and_goes_with_it_into_a_meeting() {
    let mut world = World::new();
    let phone = in_menu(&mut world);
    let leg = world.leg(phone);
    let present = |world: &mut World, bits: i64| {
        let media = PresenterMedia::from_wire(bits).expect("three bits");
        let from = world.told.len();
        for _ in 0..2 {
            let done = world.request(Target::Leg(leg), LiveCommand::SetPresenter { leg, media });
            assert_eq!(done, Ok(()), "{bits}");
        }
        assert_eq!(world.view(phone).presenter_media, media);
        let told = world.told[from..].iter();
        let told = told.map(|told| (told.news.kind(), told.news.leg(), told.place.is_some()));
        told.collect::<Vec<_>>()
    };
    let told = |in_meeting| vec![(NewsKind::CallPresenter, Some(leg), in_meeting)];
    assert_eq!(present(&mut world, 7), told(false));
    world.key(phone, "11#");
    world.pass(100);
    assert_eq!(world.view(phone).state, CallState::InMeeting);
    assert_eq!(world.view(phone).presenter_media.wire(), 7);
    assert!(present(&mut world, 7).is_empty());
    assert_eq!(present(&mut world, 4), told(true));
    assert_eq!(present(&mut world, 0), told(true));
}

#[test]
fn what_is_gone_or_never_was_is_gone_for_every_command() {
    let mut world = World::new();
    let phone = world.enter(CONF, "222#");
    let leg = world.leg(phone);
    world.hang_up(phone);
    for leg in [leg, LegId(4_711)] {
        let access_code = "111".to_owned();
        let media = PresenterMedia::AUDIO;
        let mut commands = vec![
            LiveCommand::HangUp { leg },
            LiveCommand::Move { leg, access_code },
            LiveCommand::SetPresenter { leg, media },
        ];
        commands.extend(
            leg_commands(leg)
                .into_iter()
                .map(|(_, c)| LiveCommand::Meeting(c)),
        );
        for command in commands {
            let what = format!("{command:?}");
            assert_eq!(
                world.request(Target::Leg(leg), command),
                Err(CommandError::Gone),
                "{what}"
            );
        }
    }
    for command in [
        LiveCommand::EndMeeting,
        LiveCommand::Meeting(Command::Start),
        LiveCommand::Meeting(Command::SetLock(true)),
        LiveCommand::Meeting(Command::SetHoldMode(MuteMask::HARD)),
    ] {
        assert_eq!(
            world.request(world.target(ROOM), command),
            Err(CommandError::Gone)
        );
    }
}

#[test]
fn a_call_on_its_way_out_is_gone_for_clients() {
    let mut world = World::new();
    let phone = world.enter(CONF, "222#");
    let leg = world.leg(phone);
    world.key(phone, "##");
    assert_eq!(world.view(phone).state, CallState::Ending);
    let late = world.request(Target::Leg(leg), LiveCommand::HangUp { leg });
    assert_eq!(late, Err(CommandError::Gone));
    world.pass(5_000);
    assert_eq!(world.cause(), Cause::Left);
}

#[test]
fn the_calls_of_a_meeting_that_has_ended_meanwhile_are_gone_with_it() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let (leg, target) = (world.leg(guest), world.target(ROOM));
    assert_eq!(world.request(target, LiveCommand::All(Vec::new())), Ok(()));
    assert_eq!(world.request(target, LiveCommand::EndMeeting), Ok(()));
    world.pass(10_000);
    let mute = Mute {
        soft: false,
        hard: true,
    };
    for each in [
        vec![(leg, LiveCommand::Meeting(Command::SetMute { leg, mute }))],
        vec![(leg, LiveCommand::HangUp { leg })],
        Vec::new(),
    ] {
        let done = world.request(target, LiveCommand::All(each.clone()));
        assert_eq!(done, Err(CommandError::Gone), "{each:?}");
    }
}

#[test]
fn a_call_is_hung_up_wherever_it_is_and_its_record_tells_how_far_it_came() {
    use world::{Level, Settings};
    let mut world = World::with(Settings {
        attributes: vec![
            (Level::Did, "call_delay", "5"),
            (Level::Room, "conference_start_how", "moderator"),
        ],
        ..Settings::default()
    });
    for (wait, keys, status, says) in [
        (100, "", 480, "SIP/2.0 480"),
        (6_000, "", 200, "BYE"),
        (6_000, "12", 200, "BYE"),
        (6_000, "222#", 200, "BYE"),
        (6_000, "111#", 200, "BYE"),
    ] {
        let phone = world.call(CONF);
        world.pass(wait);
        world.key(phone, keys);
        let leg = world.leg(phone);
        assert_eq!(
            world.request(Target::Leg(leg), LiveCommand::HangUp { leg }),
            Ok(())
        );
        assert!(world.has_got(phone, says), "{keys}: {:?}", world.got(phone));
        let cdr = world.cdr(phone).unwrap();
        assert_eq!(
            (cdr.cause, cdr.sip_status),
            (Cause::DroppedByApi, status),
            "{keys}"
        );
        assert_eq!(cdr.answered_ms.is_some(), status == 200, "{keys}");
    }
    assert!(world.ports.is_empty() && world.live.meetings.is_empty());
}

#[test]
fn values_beyond_their_bounds_change_nothing() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    let leg = world.leg(phone);
    for db in [-128, -21, 21, 127] {
        let command = LiveCommand::Meeting(Command::SetGain { leg, db });
        let _ = world.request(Target::Leg(leg), command);
        assert_eq!(world.view(phone).gain_db, 0);
        assert!(!world.mixer.gains.contains_key(&leg));
    }
}

#[test]
fn attributes_of_a_running_meeting_change_it_alone_and_go_back() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let set = |value: Option<&str>| {
        LiveCommand::Meeting(Command::SetAttribute {
            id: AttributeId::conference_mute_policy,
            value: value.map(str::to_owned),
        })
    };
    assert_eq!(world.request(world.target(ROOM), set(Some("pl"))), Ok(()));
    assert!(!world.speaks(guest));
    assert_eq!(world.meeting(ROOM).mute.bits(), 40);
    assert_eq!(world.request(world.target(ROOM), set(None)), Ok(()));
    assert!(world.speaks(guest));
    assert_eq!(world.request(world.target(ROOM), set(Some("pl"))), Ok(()));
    world.hang_up(guest);
    let again = world.enter(CONF, "222#");
    assert!(world.speaks(again), "the room itself has not changed");
}

#[test]
fn a_host_muted_by_a_client_is_told_by_whom_and_again_when_it_may_speak() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let leg = world.leg(host);
    for (hard, words) in [(true, "muted_by_host"), (false, "unmuted_by_host")] {
        let mute = Mute { soft: false, hard };
        let command = LiveCommand::Meeting(Command::SetMute { leg, mute });
        world.request(Target::Leg(leg), command).unwrap();
        assert_eq!(world.last_words(host), [words]);
        assert_eq!(world.speaks(host), !hard);
    }
}

#[test]
fn a_request_that_is_refused_in_one_field_has_done_nothing_in_the_others() {
    let mut world = World::room(&[("conference_recording", "off")]);
    let guest = world.enter(CONF, "222#");
    world.enter(CONF, "111#");
    let leg = world.leg(guest);
    let site = Site::new(world);
    for (path, body, field) in [
        (
            "/meetings/106131".to_owned(),
            r#"{"muteMode": 40, "isRecording": true}"#,
            "isRecording",
        ),
        (
            format!("/calls/{leg}"),
            r#"{"muteMode": 2, "qaMode": 1}"#,
            "qaMode",
        ),
        (
            "/meetings/106131/calls".to_owned(),
            r#"{"muteMode": 2, "qaMode": 1}"#,
            "qaMode",
        ),
        (
            "/meetings/106131/calls".to_owned(),
            r#"{"gainLevel": 3, "operatorMode": 1}"#,
            "operatorMode",
        ),
    ] {
        let (status, refusal) = site.ask("PUT", &path, body);
        assert_eq!(status, 400, "{body}: {refusal}");
        assert!(refusal.to_string().contains(field), "{body}: {refusal}");
        let call = site.ask("GET", &format!("/calls/{leg}"), "").1;
        let changed = (&call["muteMode"], &call["gainLevel"]);
        assert_eq!(changed, (&json!(0), &json!(0)), "{body}");
    }
    assert!(site.world().audit().is_empty());
}

#[test]
fn a_meeting_can_be_started_and_asked_for_questions_in_one_request() {
    let mut world = World::room(&[("conference_start_how", "explicit")]);
    world.enter(CONF, "111#");
    let site = Site::new(world);
    let (status, meeting) = site.ask("PUT", "/meetings/106131", r#"{"qaMode": 1, "state": 2}"#);
    assert_eq!(
        (status, &meeting["state"], &meeting["qaMode"]),
        (200, &json!(2), &json!(1)),
        "{meeting}"
    );
    let actions: Vec<_> = site
        .world()
        .audit()
        .into_iter()
        .map(|change| change.action)
        .collect();
    assert_eq!(actions, ["start", "set_qa"]);
}
