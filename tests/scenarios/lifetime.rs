//! How meetings and calls end, what is said before, and who dials in meanwhile.

use api::LiveCommand;
use bridge::control::{Input, MediaReport};
use model::{Actor, Cause, Command, Event, News, Role};
use world::{CONF, PhoneId, ROOM, World};

fn announced_at(world: &World, name: &str) -> Vec<u64> {
    world.announcements(name).into_iter().map(|(ms, _)| ms).collect()
}

fn assert_ended(world: &World, phone: PhoneId, words: &str, cause: Cause) {
    assert_eq!(world.last_words(phone), [words, "goodbye"]);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.end_of(phone), Some(cause));
    let leg = world.leg(phone);
    assert!(world.logged(&Event::Left { leg, cause }));
}

#[test]
fn a_meeting_ends_with_its_last_leg_whoever_that_is() {
    let mut world = World::new();
    let phones = ["111#", "222#", "333#"].map(|code| world.enter(CONF, code));
    for phone in phones {
        assert!(world.mdrs().is_empty());
        world.pass(60_000);
        world.hang_up(phone);
    }
    assert_eq!(world.mdrs()[0].cause, Cause::Empty);
    assert_eq!((world.mdrs()[0].calls, world.mdrs()[0].peak), (3, 3));
    assert_eq!(world.announced("host_left"), 0);
    assert!(world.logged(&Event::Ended { cause: Cause::Empty }));
}

fn hosts_end_it(wait: &'static str) -> (World, PhoneId, PhoneId) {
    let mut world = World::room(&[
        ("conference_stop_how", "moderator"),
        ("conference_stop_wait", wait),
    ]);
    let host = world.enter(CONF, "111#");
    let guest = world.enter(CONF, "222#");
    (world, host, guest)
}

#[test]
fn the_end_after_the_last_host_is_announced_at_once_and_thirty_seconds_before() {
    let (mut world, host, guest) = hosts_end_it("180");
    world.hang_up(host);
    let left = world.ms();
    assert_eq!(
        world.announcements("host_left"),
        [(left, vec!["host_left", "number_3", "minutes"])]
    );
    world.pass(179_000);
    assert_eq!(
        world.announcements("meeting_ends_in"),
        [(left + 150_000, vec!["meeting_ends_in", "number_30", "seconds"])]
    );
    assert!(!world.has_got(guest, "BYE"));
    world.pass(10_000);
    assert_ended(&world, guest, "meeting_over", Cause::HostLeft);
    let cause = Cause::HostLeft;
    assert!(world.logged(&Event::Ending { cause, seconds: 180 }));
    assert_eq!(world.mdrs()[0].cause, Cause::HostLeft);
}

#[test]
fn a_short_grace_is_announced_once_and_none_is_none() {
    for (wait, announced) in [("20", 1), ("30", 1), ("0", 0)] {
        let (mut world, host, guest) = hosts_end_it(wait);
        world.hang_up(host);
        world.pass(40_000);
        assert_eq!(world.announced("host_left"), announced, "{wait}");
        assert_eq!(world.announced("meeting_ends_in"), 0, "{wait}");
        assert_ended(&world, guest, "meeting_over", Cause::HostLeft);
    }
}

#[test]
fn a_host_who_returns_or_is_made_cancels_the_end() {
    let (mut world, host, guest) = hosts_end_it("60");
    world.hang_up(host);
    world.pass(45_000);
    let back = world.enter(CONF, "111#");
    assert_eq!(world.announced("host_back"), 1);
    assert!(world.logged(&Event::EndingCancelled));
    world.pass(600_000);
    assert!(!world.has_got(guest, "BYE"));
    world.hang_up(back);
    world.pass(10_000);
    world.key(guest, "99111#");
    assert_eq!(world.view(guest).role, Some(Role::Host));
    assert_eq!(world.announced("host_back"), 2);
    world.pass(600_000);
    assert!(!world.has_got(guest, "BYE"));
}

#[test]
fn only_the_last_of_several_hosts_ends_it_and_guests_alone_never() {
    let (mut world, host, guest) = hosts_end_it("60");
    let second = world.enter(CONF, "111#");
    world.hang_up(host);
    world.pass(120_000);
    assert!(!world.has_got(guest, "BYE"));
    world.hang_up(second);
    world.pass(70_000);
    assert!(world.has_got(guest, "BYE"));
    let mut world = World::room(&[
        ("conference_stop_how", "moderator"),
        ("conference_stop_wait", "60"),
    ]);
    let guest = world.enter(CONF, "222#");
    world.pass(600_000);
    assert!(!world.has_got(guest, "BYE"), "no host has left");
}

#[test]
fn a_meeting_that_has_lasted_long_enough_is_warned_and_ends() {
    let mut world = World::room(&[("conference_maxduration", "300")]);
    let host = world.enter(CONF, "111#");
    let joined = world.times(host, "only_person")[0];
    world.pass(100_000);
    let guest = world.enter(CONF, "222#");
    world.pass(200_000 - 2_000);
    assert_eq!(
        world.announcements("meeting_ends_in"),
        [(joined + 240_000, vec!["meeting_ends_in", "number_1", "minute"])]
    );
    world.pass(5_000);
    assert!(world.times(host, "meeting_time_over")[0] - joined == 300_000);
    for phone in [host, guest] {
        assert_ended(&world, phone, "meeting_time_over", Cause::MeetingTooLong);
    }
    assert_eq!(world.mdrs()[0].cause, Cause::MeetingTooLong);
}

#[test]
fn a_length_set_while_the_meeting_runs_holds_at_once() {
    use model::attribute::AttributeId;
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.pass(250_000);
    let set = |value: &str| {
        LiveCommand::Meeting(Command::SetAttribute {
            id: AttributeId::conference_maxduration,
            value: Some(value.to_owned()),
        })
    };
    world.request(world.target(ROOM), set("300")).unwrap();
    world.pass(1);
    assert_eq!(world.announced("meeting_ends_in"), 1);
    world.request(world.target(ROOM), set("3000")).unwrap();
    assert!(world.logged(&Event::EndingCancelled));
    world.pass(120_000);
    assert!(!world.has_got(host, "BYE"));
    world.request(world.target(ROOM), set("60")).unwrap();
    world.pass(5_000);
    assert_ended(&world, host, "meeting_time_over", Cause::MeetingTooLong);
}

#[test]
fn a_call_that_has_lasted_long_enough_is_warned_alone_and_ends_alone() {
    let mut world = World::room(&[("call_maxduration", "300")]);
    let host = world.enter(CONF, "111#");
    let joined = world.times(host, "only_person")[0];
    world.pass(100_000);
    let guest = world.enter(CONF, "222#");
    world.pass(205_000);
    assert_eq!(world.times(host, "call_ends_in"), [joined + 240_000]);
    assert_eq!(world.heard(guest, "call_ends_in"), 0);
    assert_ended(&world, host, "call_time_over", Cause::CallTooLong);
    assert!(!world.has_got(guest, "BYE"));
    world.pass(100_000);
    assert_ended(&world, guest, "call_time_over", Cause::CallTooLong);
}

#[test]
fn a_call_that_waits_is_ended_by_its_length_too() {
    let mut world = World::room(&[("conference_start_how", "explicit"), ("call_maxduration", "100")]);
    let phone = world.enter(CONF, "222#");
    world.pass(110_000);
    assert_ended(&world, phone, "call_time_over", Cause::CallTooLong);
}

#[test]
fn a_client_who_ends_a_meeting_is_named_to_everybody_and_in_the_log() {
    let mut world = World::new();
    let phones = ["111#", "222#", "333#"].map(|code| world.enter(CONF, code));
    world
        .request(world.target(ROOM), LiveCommand::EndMeeting)
        .unwrap();
    assert!(world.mixer.routes.is_empty(), "nobody hears anybody any more");
    world.pass(5_000);
    for phone in phones {
        assert_ended(
            &world,
            phone,
            "administrator_ended_meeting",
            Cause::MeetingStopped,
        );
    }
    let cause = Cause::MeetingStopped;
    let ended = world
        .log()
        .into_iter()
        .find(|entry| entry.news == News::Meeting(Event::Ended { cause }))
        .unwrap();
    assert!(matches!(ended.actor, Actor::User(_)));
}

#[test]
fn the_record_of_a_meeting_says_when_it_began_started_and_ended() {
    let mut world = World::room(&[("conference_start_how", "moderator")]);
    let guest = world.enter(CONF, "222#");
    let waited = world.times(guest, "waiting_for_host")[0];
    world.pass(30_000);
    let host = world.enter(CONF, "111#");
    let started = world.times(guest, "meeting_starts")[0];
    world.pass(30_000);
    world.hang_up(host);
    world.hang_up(guest);
    let ended = world.ms();
    let at = |ms: u64| world::EPOCH_MS + ms as i64;
    let mdr = world.mdrs()[0];
    assert_eq!(
        (mdr.created_ms, mdr.started_ms, mdr.ended_ms),
        (at(waited), Some(at(started)), at(ended))
    );
    let cdr = world.cdr(guest).unwrap();
    assert_eq!((cdr.joined_ms, cdr.ended_ms), (Some(at(started)), at(ended)));
    assert_eq!(cdr.meeting, Some((mdr.meeting, ROOM)));
}

/// Something that ends a meeting of these two in this world.
type End = fn(&mut World, PhoneId);

#[test]
fn who_dials_in_while_a_meeting_ends_gets_a_fresh_one_for_whatever_reason_it_ends() {
    let ends: [(Cause, End); 3] = [
        (Cause::HostLeft, |world, host| world.hang_up(host)),
        (Cause::MeetingStopped, |world, _| {
            world
                .request(world.target(ROOM), LiveCommand::EndMeeting)
                .unwrap();
        }),
        (Cause::MeetingTooLong, |world, host| {
            while world.heard(host, "meeting_time_over") == 0 {
                world.pass(1);
            }
        }),
    ];
    for (cause, end) in ends {
        let mut world = World::room(&[
            ("conference_maxduration", "600"),
            ("conference_stop_how", "moderator"),
            ("conference_stop_wait", "0"),
        ]);
        let host = world.enter(CONF, "111#");
        let guest = world.enter(CONF, "222#");
        let old = world.meeting(ROOM).id;
        end(&mut world, host);
        assert!(world.end_of(guest).is_none(), "{cause}: it still hears why");
        let late = world.call(CONF);
        world.key(late, "222");
        let leg = world.leg(late);
        world.input(Input::Media(MediaReport::Digit { leg, key: '#' }));
        assert!(world.end_of(guest).is_none(), "{cause}: it still hears why");
        let fresh = world.meeting(ROOM).id;
        assert_ne!(fresh, old, "{cause}");
        assert_eq!(world.meeting(ROOM).legs, [leg]);
        world.pass(10_000);
        assert_eq!(world.end_of(guest), Some(cause));
        assert!(world.speaks(late) && !world.has_got(late, "BYE"), "{cause}");
        assert_eq!(world.meeting(ROOM).id, fresh);
        let ended: Vec<_> = world.mdrs().iter().map(|mdr| mdr.cause).collect();
        assert_eq!(ended, [cause]);
    }
}

#[test]
fn a_meeting_on_the_fly_that_ends_gives_its_code_back_at_once() {
    let mut world = World::new();
    let first = world.enter(CONF, "4711#");
    let number = world.view(first).meeting.unwrap();
    world
        .request(world.target(number), LiveCommand::EndMeeting)
        .unwrap();
    let late = world.enter(CONF, "4711#");
    assert_eq!(
        world.view(late).role,
        Some(Role::Host),
        "a fresh meeting has its own host"
    );
    world.pass(10_000);
    assert_eq!(world.end_of(first), Some(Cause::MeetingStopped));
    let next = world.enter(CONF, "4711#");
    assert_eq!(world.view(next).role, Some(Role::Participant));
    assert_eq!(world.view(next).meeting, world.view(late).meeting);
}

#[test]
fn the_announcements_of_an_end_reach_those_on_hold_too() {
    let mut world = World::room(&[("conference_maxduration", "300"), ("conference_hold_policy", "p")]);
    world.enter(CONF, "111#");
    let held = world.enter(CONF, "222#");
    world.pass(290_000);
    assert_eq!(announced_at(&world, "meeting_ends_in").len(), 1);
    assert_eq!(world.heard(held, "meeting_ends_in"), 1);
}
