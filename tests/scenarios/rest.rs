//! Steering by REST: the same commands, answered when they are done.

use api::{CommandError, LiveCommand, Target};
use model::{Cause, Command, MeetingNumber, Mute, MuteMask, Role};
use world::{CONF, World};

const ROOM: MeetingNumber = MeetingNumber(106_131);

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
            world.request(Target::Meeting(ROOM), LiveCommand::Meeting(command)),
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
    assert_eq!(
        world.request(Target::Meeting(ROOM), LiveCommand::EndMeeting),
        Ok(())
    );
    let late = world.enter(CONF, "222#");
    assert_ne!(world.live.meetings[&ROOM].id, before);
    world.pass(10_000);
    assert!(phones.iter().all(|phone| world.has_got(*phone, "BYE")));
    assert!(!world.has_got(late, "BYE"));
    assert!(world.cdrs().iter().all(|cdr| cdr.cause == Cause::MeetingStopped));
    assert_eq!(
        world.request(Target::Meeting(MeetingNumber(999_999)), LiveCommand::EndMeeting),
        Err(CommandError::Gone)
    );
}
