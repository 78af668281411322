//! Rooms that change while a caller is on the way into them: between the look-up of a code and the joining, the room counts as it is at the
//! end. So it does for those who come into a meeting before REST knows of it.

use model::directory::{CallFlow, Edit, Room};
use model::{Cause, DidGroupId, Event, MeetingNumber, Role, Sid};
use world::{CONF, PhoneId, ROOM, SDP, Settings, Site, World};

/// Where rooms go.
const NEW: MeetingNumber = MeetingNumber(500_000);
/// Owns the numbers and the demo's room.
const DEMO: &str = "00000000-0000-4000-8000-000000000002";
/// Somebody else.
const OTHER: &str = "00000000-0000-4000-8000-000000000001";

fn demo_room(world: &mut World) -> Room {
    let mut known = None;
    world.edit_room(|room| known = Some(room.clone()));
    known.expect("the demo's")
}

/// A room of somebody, which one code opens.
fn room_of(world: &mut World, owner: &str, number: MeetingNumber, code: &str) -> Edit {
    let mut room = demo_room(world);
    (room.meeting_number, room.subscriber_sid) = (number, Sid::new(owner));
    room.keychain.truncate(1);
    room.keychain[0].access_code = code.to_owned();
    room.keychain[0].role = Role::Participant;
    Edit::PutRoom(room)
}

fn renumber(world: &mut World, to: MeetingNumber) {
    let room = Room {
        meeting_number: to,
        ..demo_room(world)
    };
    let edit = Edit::RenumberRoom { from: ROOM, room };
    world.edit(edit).expect("a right edit");
}

/// A caller who has keyed a code behind a wrong one, and is answered in a second.
fn deciding(world: &mut World, code: &str) -> PhoneId {
    let phone = world.call(CONF);
    world.pass(100);
    world.key(phone, "999#");
    world.pass(2_000);
    world.key(phone, code);
    assert_eq!(world.view(phone).meeting, None, "the answer is not told yet");
    phone
}

fn numbers(world: &World) -> Vec<MeetingNumber> {
    world.live.meetings.keys().copied().collect()
}

#[test]
fn a_caller_whose_code_was_looked_up_before_its_room_was_renumbered_comes_into_the_room_as_it_is_then() {
    let mut world = World::new();
    let phone = deciding(&mut world, "111#");
    renumber(&mut world, NEW);
    world.pass(2_000);
    let view = world.view(phone);
    assert_eq!((view.meeting, view.role), (Some(NEW), Some(Role::Host)));
    assert_eq!(numbers(&world), [NEW]);
    let next = world.enter(CONF, "222#");
    assert_eq!(world.view(next).meeting, Some(NEW));
    world.hang_up(phone);
    let recorded = world.cdr(phone).and_then(|cdr| cdr.meeting);
    assert_eq!(recorded.map(|(_, number)| number), Some(NEW));
}

#[test]
fn whatever_becomes_of_a_code_while_its_answer_is_awaited_holds_when_it_is_told() {
    type Change = fn(&mut World);
    type ComesInto = Option<(MeetingNumber, &'static str, Role)>;
    let changes: [(&str, Change, ComesInto); 6] = [
        (
            "the code is taken away",
            |world| world.edit_room(|room| drop(room.keychain.remove(0))),
            None,
        ),
        (
            "the room is switched off in the group",
            |world| world.edit_room(|room| room.did_group_references[0].disabled = true),
            None,
        ),
        (
            "the room is deleted",
            |world| world.edit(Edit::DeleteRoom(ROOM)).expect("a right edit"),
            None,
        ),
        (
            "the code is one of another role",
            |world| world.edit_room(|room| room.keychain[0].role = Role::Listener),
            Some((ROOM, DEMO, Role::Listener)),
        ),
        (
            "the code is another room's",
            |world| {
                let other = room_of(world, OTHER, NEW, "111");
                world.edit_room(|room| drop(room.keychain.remove(0)));
                world.edit(other).expect("a right edit");
            },
            Some((NEW, OTHER, Role::Participant)),
        ),
        (
            "the number is another room's",
            |world| {
                let other = room_of(world, OTHER, ROOM, "777");
                renumber(world, NEW);
                world.edit(other).expect("a right edit");
            },
            Some((NEW, DEMO, Role::Host)),
        ),
    ];
    for (what, change, comes_into) in changes {
        let mut world = World::new();
        let phone = deciding(&mut world, "111#");
        change(&mut world);
        world.pass(2_000);
        if let Some((number, owner, role)) = comes_into {
            let view = world.view(phone);
            assert_eq!((view.meeting, view.role), (Some(number), Some(role)), "{what}");
            assert_eq!(world.meeting(number).subscriber_sid.as_str(), owner, "{what}");
            assert_eq!(view.subscriber_sid.as_str(), owner, "{what}");
        } else {
            world.pass(10_000);
            assert_eq!(world.end_of(phone), Some(Cause::WrongCode), "{what}");
            assert!(numbers(&world).is_empty(), "{what}");
        }
    }
}

#[test]
fn a_code_that_was_nobodys_opens_no_meeting_on_the_fly_once_it_is_a_rooms_or_the_flow_another() {
    let mut world = World::new();
    let phone = deciding(&mut world, "4711#");
    let room = room_of(&mut world, OTHER, NEW, "4711");
    world.edit(room).expect("a right edit");
    world.pass(2_000);
    let view = world.view(phone);
    assert_eq!((view.meeting, view.role), (Some(NEW), Some(Role::Participant)));
    assert!(!world.meeting(NEW).on_the_fly);

    let mut world = World::new();
    let phone = deciding(&mut world, "4711#");
    world.edit_group(DidGroupId(219), |group| group.call_flow = CallFlow::Spectel);
    world.pass(12_000);
    assert_eq!(world.end_of(phone), Some(Cause::WrongCode));
    assert!(numbers(&world).is_empty());
}

#[test]
fn a_meeting_that_began_before_rest_could_know_of_it_follows_its_room_to_the_new_number() {
    let mut world = World::new();
    let guest = world.enter(CONF, "222#");
    let id = world.meeting(ROOM).id;
    renumber(&mut world, NEW);
    assert_eq!((numbers(&world), world.meeting(NEW).id), (vec![NEW], id));
    assert_eq!(world.view(guest).meeting, Some(NEW));
    let host = world.enter(CONF, "111#");
    assert_eq!(world.view(host).meeting, Some(NEW));
    assert_eq!(world.meeting(NEW).legs, [world.leg(guest), world.leg(host)]);
    world.pass(20_000);
    world.key(guest, "99111#");
    assert_eq!(
        world.view(guest).role,
        Some(Role::Host),
        "its PIN is a code of the room"
    );
    let log = world.log();
    let places: Vec<_> = log.iter().filter_map(|told| told.place).collect();
    assert!(places.iter().all(|place| place.meeting == id));
    assert!(places.iter().zip(0..).all(|(place, seq)| place.seq == seq));
    let site = Site::new(world);
    for (number, status) in [(ROOM, 404), (NEW, 200)] {
        let path = format!("/meetings/{number}");
        assert_eq!(site.ask("GET", &path, "").0, status, "{number}");
        assert_eq!(site.ask("PUT", &path, r#"{"isSecured": true}"#).0, status);
    }
    assert_eq!(site.ask("DELETE", "/meetings/500000", "").0, 204);
    let mut world = site.world();
    world.pass(10_000);
    assert_eq!(world.mdrs()[0].number, NEW);
    assert_eq!(world.cdrs().len(), 2);
    assert!(world.cdrs().iter().all(|cdr| cdr.meeting == Some((id, NEW))));
    assert!(numbers(&world).is_empty());
}

#[test]
fn a_meeting_that_is_ending_and_the_fresh_one_of_its_room_follow_both() {
    use api::LiveCommand;
    let mut world = World::new();
    world.enter(CONF, "111#");
    let target = world.target(ROOM);
    assert_eq!(world.request(target, LiveCommand::EndMeeting), Ok(()));
    let late = world.enter(CONF, "222#");
    let fresh = world.meeting(ROOM).id;
    renumber(&mut world, NEW);
    assert_eq!((numbers(&world), world.meeting(NEW).id), (vec![NEW], fresh));
    world.pass(10_000);
    assert_eq!(
        (numbers(&world), world.view(late).meeting),
        (vec![NEW], Some(NEW))
    );
}

#[test]
fn a_meeting_on_the_fly_gives_its_number_up_to_a_room_that_is_made_with_it() {
    let mut world = World::new();
    let fly = world.enter(CONF, "4711#");
    let number = world.view(fly).meeting.expect("it is in");
    let room = room_of(&mut world, OTHER, number, "777");
    world.edit(room).expect("a right edit");
    let moved = world.view(fly).meeting.expect("it is in");
    assert_ne!(moved, number);
    let guest = world.enter(CONF, "777#");
    assert_eq!(world.view(guest).meeting, Some(number));
    assert_eq!(world.meeting(number).subscriber_sid.as_str(), OTHER);
    assert_eq!(world.meeting(number).legs, [world.leg(guest)]);
    assert_eq!(world.meeting(moved).legs, [world.leg(fly)]);
    let second = world.enter_as(CONF, "+15550002", "4711#");
    assert_eq!(world.view(second).meeting, Some(moved));
}

#[test]
fn nobody_comes_into_the_meeting_of_a_deleted_room_by_another_room_of_its_number() {
    let mut world = World::new();
    let before = world.enter(CONF, "222#");
    let room = room_of(&mut world, OTHER, ROOM, "777");
    world.edit(Edit::DeleteRoom(ROOM)).expect("a right edit");
    assert_eq!(world.view(before).meeting, Some(ROOM), "it goes on");
    world.edit(room).expect("a right edit");
    let after = world.enter(CONF, "777#");
    assert_eq!(world.view(after).meeting, Some(ROOM));
    assert_ne!(world.view(before).meeting, Some(ROOM));
    assert_eq!(world.meeting(ROOM).legs, [world.leg(after)]);
    assert_eq!(world.view(before).subscriber_sid.as_str(), DEMO);
    world.pass(20_000);
    world.key(before, "99777#");
    assert_eq!(
        world.view(before).role,
        Some(Role::Participant),
        "a code of the other room is no PIN here"
    );
}

/// A bridge that may dial.
fn dialling() -> World {
    World::with(Settings {
        dial_out: World::dial_plan(),
        ..Settings::default()
    })
}

#[test]
fn who_is_called_comes_in_by_the_code_as_it_is_when_he_answers() {
    let mut world = dialling();
    let (leg, invite) = world.ringing(World::order("111"));
    world.edit_room(|room| room.keychain[0].role = Role::Listener);
    renumber(&mut world, NEW);
    world.trunk_replies(&invite, 200, "a", SDP);
    world.pass(1);
    let view = world.dialled_view(leg);
    assert_eq!((view.meeting, view.role), (Some(NEW), Some(Role::Listener)));

    let mut world = dialling();
    let order = api::DialOrder {
        role: Some(Role::Host),
        ..World::order("222")
    };
    let (leg, invite) = world.ringing(order);
    world.edit_room(|room| room.keychain[1].role = Role::Listener);
    world.trunk_replies(&invite, 200, "a", SDP);
    world.pass(1);
    let role = world.dialled_view(leg).role;
    assert_eq!(role, Some(Role::Host), "asked for, whatever the code's");
}

#[test]
fn who_is_called_does_not_come_into_the_room_of_another_to_whom_the_code_was_given_while_it_rang() {
    let mut world = dialling();
    let (_, invite) = world.ringing(World::order("111"));
    let other = room_of(&mut world, OTHER, NEW, "111");
    world.edit_room(|room| drop(room.keychain.remove(0)));
    world.edit(other).expect("a right edit");
    world.trunk_replies(&invite, 200, "a", SDP);
    world.pass(30_000);
    assert_eq!(world.count_at_trunk("BYE"), 1);
    assert!(numbers(&world).is_empty());
    let cdrs = world.cdrs();
    let cdr = cdrs.last().expect("the call has a record");
    assert_eq!((cdr.cause, cdr.meeting), (Cause::WrongCode, None));
    assert_eq!(cdr.subscriber_sid.as_ref().map(Sid::as_str), Some(DEMO));
    assert!(!world.events().any(|event| matches!(event, Event::Joined { .. })));
}
