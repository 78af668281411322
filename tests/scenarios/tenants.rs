//! Tenants that share a DID group: what REST has seen in a snapshot is asked again when it is done, for in between a call may have gone over to
//! another's meeting, a code to another's room, and whoever asks out of the directory.

use api::{CommandError, LiveCommand, Target};
use model::directory::{DidGroupReference, Edit, Room, Subscriber, SubscriberRole};
use model::{Actor, Cause, Command, DidGroupId, LegId, MeetingNumber, Mute, PresenterMedia, Role, Sid};
use world::{CONF, PhoneId, ROOM, Settings, TESTER, World};

use crate::roster::{ask_beside, documents};

/// Owns the numbers and the demo's room.
const DEMO: &str = "00000000-0000-4000-8000-000000000002";
/// Stands above all.
const ADMIN: &str = "00000000-0000-4000-8000-000000000001";
/// To whom the numbers are lent.
const BORROWER: &str = "borrower";
/// Its room, which 777 opens.
const BORROWED: MeetingNumber = MeetingNumber(200_000);

fn borrower(disabled: bool) -> Edit {
    Edit::PutSubscriber(Subscriber {
        did_group_references: vec![DidGroupReference {
            did_group_id: DidGroupId(219),
            disabled,
        }],
        ..Subscriber::new(
            Sid::new(BORROWER),
            Some(Sid::new(ADMIN)),
            BORROWER,
            SubscriberRole::Administrator,
        )
    })
}

fn shared() -> World {
    let mut world = World::with(Settings {
        dial_out: World::dial_plan(),
        ..Settings::default()
    });
    world.edit(borrower(false)).expect("a right edit");
    let room = borrowed_room(&mut world);
    world.edit(Edit::PutRoom(room)).expect("a right edit");
    world
}

fn borrowed_room(world: &mut World) -> Room {
    let mut known = None;
    world.edit_room(|room| known = Some(room.clone()));
    let mut room = known.expect("the demo's");
    (room.meeting_number, room.subscriber_sid) = (BORROWED, Sid::new(BORROWER));
    room.keychain.truncate(1);
    room.keychain[0].access_code = "777".to_owned();
    room
}

fn by(sid: &str) -> Actor {
    Actor::User(Sid::new(sid))
}

fn to(leg: LegId, code: &str) -> LiveCommand {
    let access_code = code.to_owned();
    LiveCommand::Move { leg, access_code }
}

fn mute(leg: LegId) -> LiveCommand {
    let mute = Mute {
        soft: false,
        hard: true,
    };
    LiveCommand::Meeting(Command::SetMute { leg, mute })
}

/// Everything that can be asked of one call.
fn all_of(leg: LegId) -> [LiveCommand; 5] {
    [
        mute(leg),
        LiveCommand::SetPresenter {
            leg,
            media: PresenterMedia::AUDIO,
        },
        to(leg, "222"),
        LiveCommand::Several(vec![mute(leg), to(leg, "222")]),
        LiveCommand::HangUp { leg },
    ]
}

/// A call in the demo's room that somebody above both has moved into the borrower's, where another waits for it.
fn moved_over(world: &mut World) -> PhoneId {
    let phone = world.enter(CONF, "222#");
    let leg = world.leg(phone);
    world.enter_as(CONF, "+15550002", "777#");
    let moved = world.request_by(by(ADMIN), Target::Leg(leg), to(leg, "777"));
    assert_eq!(moved, Ok(()));
    assert_eq!(world.view(phone).meeting, Some(BORROWED));
    phone
}

#[test]
fn a_call_that_has_gone_over_to_anothers_meeting_is_not_there_any_more_for_who_looked_it_up_before() {
    let mut world = shared();
    let phone = moved_over(&mut world);
    let leg = world.leg(phone);
    let before = world.view(phone).clone();
    for command in all_of(leg) {
        let asked = format!("{command:?}");
        let answer = world.request_by(by(DEMO), Target::Leg(leg), command);
        assert_eq!(answer, Err(CommandError::Gone), "{asked}");
    }
    assert_eq!(*world.view(phone), before);
    assert!(world.audit().iter().all(|change| change.actor != by(DEMO)));
    let done = world.request_by(by(BORROWER), Target::Leg(leg), mute(leg));
    assert_eq!(done, Ok(()));
    assert!(world.view(phone).mute.hard);
}

#[test]
fn behind_an_address_that_tenants_share_nobody_is_shown_the_meeting_of_another_by_its_callers_number() {
    let mut world = shared();
    world.enter_as(CONF, "+15550001", "222#");
    let borrower = world.enter_as(CONF, "+15550002", "777#");
    let (own, own_dialog) = (world.focus(borrower), world.target_dialog(borrower));
    let number = format!("sip:{CONF}@127.0.0.1");
    for (uri, header, shown) in [
        (&number, "", None),
        (&own, "", Some("Meeting 200000")),
        (&number, own_dialog.as_str(), Some("Meeting 200000")),
    ] {
        let display = ask_beside(&mut world, (1, "+15550001"), uri, header);
        let told = documents(&world, display);
        assert_eq!(world.status(display), if shown.is_some() { 200 } else { 403 });
        assert_eq!(told.len(), usize::from(shown.is_some()));
        let is_own = |text: &String| shown.is_some_and(|name| text.contains(name));
        assert!(told.iter().all(is_own));
    }
}

#[test]
fn the_meeting_of_another_is_not_there_even_for_who_knows_its_id() {
    let mut world = shared();
    world.enter(CONF, "777#");
    let target = world.target(BORROWED);
    for command in [
        LiveCommand::EndMeeting,
        LiveCommand::Meeting(Command::SetLock(true)),
        LiveCommand::Meeting(Command::SetRecording(true)),
        LiveCommand::All(Vec::new()),
    ] {
        let asked = format!("{command:?}");
        let answer = world.request_by(by(DEMO), target, command);
        assert_eq!(answer, Err(CommandError::Gone), "{asked}");
    }
    assert!(!world.meeting(BORROWED).locked);
    assert_eq!(
        world.request_by(by(ADMIN), target, LiveCommand::EndMeeting),
        Ok(())
    );
}

#[test]
fn a_code_that_was_given_to_another_since_it_was_looked_up_opens_nothing_and_tells_no_more_than_none() {
    let mut world = shared();
    let phone = world.enter(CONF, "222#");
    let leg = world.leg(phone);
    let unknown = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "98765"));
    assert!(matches!(&unknown, Err(CommandError::Refused { field, .. }) if *field == "accessCode"));
    let foreign = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "777"));
    assert_eq!(foreign, unknown);
    world.enter_as(CONF, "+15550002", "777#");
    let running = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "777"));
    assert_eq!(running, unknown, "whether its meeting runs or not");
    let view = world.view(phone);
    assert_eq!((view.meeting, view.role), (Some(ROOM), Some(Role::Participant)));
    let own = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "111"));
    assert_eq!(own, Ok(()));
}

#[test]
fn a_ringing_call_is_given_no_code_of_anothers_room() {
    let mut world = shared();
    let (leg, _) = world.ringing(World::order("111"));
    let foreign = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "777"));
    let unknown = world.request_by(by(DEMO), Target::Leg(leg), to(leg, "98765"));
    assert!(matches!(foreign, Err(CommandError::Refused { .. })));
    assert_eq!(foreign, unknown);
    assert_eq!(world.dialled_view(leg).subscriber_sid.as_str(), DEMO);
    let none_of_its = world.request_by(by(BORROWER), Target::Leg(leg), to(leg, "777"));
    assert_eq!(none_of_its, Err(CommandError::Gone));
}

#[test]
fn all_calls_of_a_meeting_are_those_that_are_in_it_when_it_is_done() {
    let mut world = shared();
    let stays = world.enter_as(CONF, "+15550003", "111#");
    let phone = moved_over(&mut world);
    let legs = [stays, phone].map(|phone| world.leg(phone));
    let target = world.target(ROOM);
    let all = |command: fn(LegId) -> LiveCommand| {
        let each = legs.map(|leg| (leg, command(leg)));
        LiveCommand::All(each.to_vec())
    };
    for sid in [DEMO, ADMIN] {
        assert_eq!(world.request_by(by(sid), target, all(mute)), Ok(()));
        assert!(world.view(stays).mute.hard && !world.view(phone).mute.hard);
    }
    let hang_up = all(|leg| LiveCommand::HangUp { leg });
    assert_eq!(world.request_by(by(DEMO), target, hang_up), Ok(()));
    assert_eq!(world.end_of(stays), Some(Cause::DroppedByApi));
    assert_eq!(world.end_of(phone), None);
}

#[test]
fn who_was_deleted_since_he_asked_steers_and_dials_nothing() {
    let mut world = shared();
    let phone = world.enter(CONF, "222#");
    let (leg, room) = (world.leg(phone), world.target(ROOM));
    assert_eq!(world.request(Target::Leg(leg), mute(leg)), Ok(()));
    world
        .edit(Edit::DeleteSubscriber(Sid::new(TESTER)))
        .expect("a right edit");
    for command in all_of(leg) {
        assert_eq!(world.request(Target::Leg(leg), command), Err(CommandError::Gone));
    }
    let end = world.request(room, LiveCommand::EndMeeting);
    assert_eq!(end, Err(CommandError::Gone));
    let refused = world.dial(World::order("111"));
    assert!(matches!(refused, Err(CommandError::Refused { .. })));
    assert_eq!((world.control.calls(), world.count_at_trunk("INVITE")), (1, 0));
}

#[test]
fn a_call_is_made_with_ones_own_number_into_ones_own_room_as_both_are_when_it_is_made() {
    let mut world = shared();
    for (sid, code) in [(DEMO, "777"), (BORROWER, "111")] {
        let foreign = world.dial_by(by(sid), World::order(code));
        let unknown = world.dial_by(by(sid), World::order("98765"));
        assert!(matches!(&foreign, Err(CommandError::Refused { field, .. }) if *field == "accessCode"));
        assert_eq!(foreign, unknown, "{sid}");
    }
    assert!(world.dial_by(by(BORROWER), World::order("777")).is_ok());
    world.edit(borrower(true)).expect("a right edit");
    let taken_back = world.dial_by(by(BORROWER), World::order("777"));
    assert!(matches!(&taken_back, Err(CommandError::Refused { field, .. }) if *field == "caller"));
    assert_eq!(world.count_at_trunk("INVITE"), 1);
}
