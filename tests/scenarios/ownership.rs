//! Whose a call is, from its first event to its record.

use api::{LiveCommand, Target};
use model::directory::Edit;
use model::{MeetingNumber, NewsKind, Sid};
use world::{CONF, PhoneId, ROOM, Settings, World};

/// Owns the number.
const LENDER: &str = "00000000-0000-4000-8000-000000000002";
/// Owns the rooms.
const OWNER: &str = "00000000-0000-4000-8000-000000000001";

/// The demo's room is another's than its number.
fn lent() -> World {
    let mut world = World::new();
    world.edit_room(|room| room.subscriber_sid = Sid::new(OWNER));
    world
}

fn owners(world: &World, phone: PhoneId, kind: NewsKind) -> Vec<&str> {
    let leg = world.leg(phone);
    let told = world
        .told
        .iter()
        .filter(|told| told.news.kind() == kind && told.news.leg() == Some(leg));
    told.map(|told| told.subscriber_sid.as_str()).collect()
}

fn recorded(world: &World, phone: PhoneId) -> Option<&str> {
    world.cdr(phone)?.subscriber_sid.as_ref().map(Sid::as_str)
}

#[test]
fn a_call_is_its_numbers_until_it_is_in_a_meeting_and_then_the_rooms_to_its_end() {
    let mut world = lent();
    let phone = world.call(CONF);
    assert_eq!(world.view(phone).subscriber_sid.as_str(), LENDER);
    world.key(phone, "111#");
    assert_eq!(world.view(phone).subscriber_sid.as_str(), OWNER);
    world.hang_up(phone);
    for (kind, owner) in [
        (NewsKind::CallRinging, LENDER),
        (NewsKind::CallMenu, LENDER),
        (NewsKind::CallJoined, OWNER),
        (NewsKind::CallLeft, OWNER),
        (NewsKind::CallEnded, OWNER),
    ] {
        assert_eq!(owners(&world, phone, kind), [owner], "{kind:?}");
    }
    assert_eq!(recorded(&world, phone), Some(OWNER));
}

#[test]
fn a_call_that_never_came_to_a_meeting_stays_its_numbers() {
    let mut world = lent();
    let phone = world.call(CONF);
    world.hang_up(phone);
    assert_eq!(owners(&world, phone, NewsKind::CallEnded), [LENDER]);
    assert_eq!(recorded(&world, phone), Some(LENDER));
}

#[test]
fn a_ringing_call_that_is_given_the_code_of_anothers_room_is_that_owners() {
    let mut world = World::with(Settings {
        dial_out: World::dial_plan(),
        ..Settings::default()
    });
    world.edit_room(|room| room.subscriber_sid = Sid::new(OWNER));
    second_room(&mut world);
    let (leg, invite) = world.ringing(World::order("111"));
    assert_eq!(world.dialled_view(leg).subscriber_sid.as_str(), OWNER);
    let access_code = "777".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert_eq!(moved, Ok(()));
    assert_eq!(world.dialled_view(leg).subscriber_sid.as_str(), LENDER);
    world.trunk_replies(&invite, 486, "a", "");
    let cdrs = world.cdrs();
    let cdr = cdrs.last().expect("the call has a record");
    assert_eq!(
        (cdr.subscriber_sid.as_ref().map(Sid::as_str), &*cdr.access_code),
        (Some(LENDER), "777")
    );
}

/// A room of the number's owner, which the code 777 opens.
fn second_room(world: &mut World) {
    let mut second = None;
    world.edit_room(|room| second = Some(room.clone()));
    let mut second = second.expect("the demo's");
    (second.meeting_number, second.subscriber_sid) = (MeetingNumber(ROOM.0 + 1), Sid::new(LENDER));
    second.keychain.truncate(1);
    second.keychain[0].access_code = "777".to_owned();
    world.edit(Edit::PutRoom(second)).expect("a right edit");
}

#[test]
fn a_call_that_is_moved_goes_over_to_the_owner_of_the_room_it_is_moved_to() {
    let mut world = lent();
    second_room(&mut world);
    let phone = world.enter(CONF, "111#");
    let leg = world.leg(phone);
    let access_code = "777".to_owned();
    let moved = world.request(Target::Leg(leg), LiveCommand::Move { leg, access_code });
    assert_eq!(moved, Ok(()));
    assert_eq!(world.view(phone).subscriber_sid.as_str(), LENDER);
    world.hang_up(phone);
    assert_eq!(owners(&world, phone, NewsKind::CallJoined), [OWNER, LENDER]);
    assert_eq!(owners(&world, phone, NewsKind::CallLeft), [OWNER, LENDER]);
    assert_eq!(owners(&world, phone, NewsKind::CallEnded), [LENDER]);
    assert_eq!(recorded(&world, phone), Some(LENDER));
}
