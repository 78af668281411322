use model::{Actor, Cause, Command, Event, MeetingState};

use crate::world::*;

const BY_HOST: (&str, &str) = ("conference_stop_how", "moderator");

#[test]
fn the_meeting_ends_when_the_last_leg_has_left() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.hang_up(1);
    assert_eq!(world.ended, None);
    world.hang_up(2);
    assert_eq!(world.ended, Some(Cause::Empty));
    assert_eq!(
        world.what_happened().last(),
        Some(&&Event::Ended { cause: Cause::Empty })
    );
    assert_eq!(world.meeting.poll_timeout(), None);
}

#[test]
fn it_ends_a_while_after_the_last_host_left() {
    let mut world = World::with(&[BY_HOST], &[HOST, HOST, GUEST]);
    world.hang_up(1);
    assert_eq!(world.heard(3), "♪out", "a host is left");
    world.wait(5);
    world.hang_up(2);
    assert_eq!(world.heard(3), "♪out host_left 3 minutes");
    world.wait(149);
    assert_eq!(world.heard(3), "");
    world.wait(1);
    assert_eq!(world.heard(3), "meeting_ends_in 30 seconds");
    world.wait(30);
    assert_eq!(world.heard(3), "meeting_over goodbye");
    assert_eq!(
        (world.cause(3), world.ended),
        (Some(Cause::HostLeft), Some(Cause::HostLeft))
    );
}

#[test]
fn a_returning_host_cancels_the_end() {
    let mut world = World::with(&[BY_HOST], &[HOST, GUEST]);
    world.hang_up(1);
    world.wait(160);
    world.forget();
    world.join(3, HOST);
    assert_eq!(world.heard(2), "♪in host_back");
    assert!(world.what_happened().contains(&&Event::EndingCancelled));
    world.wait(1000);
    assert_eq!(world.ended, None);
    world.hang_up(3);
    world.wait(180);
    assert_eq!(world.ended, Some(Cause::HostLeft), "the grace is whole again");
}

#[test]
fn a_guest_with_the_pin_is_a_host_come_back() {
    let mut world = World::with(&[BY_HOST], &[HOST, GUEST, GUEST]);
    world.hang_up(1);
    world.forget();
    world.ask(
        caller(2),
        Command::RolePin {
            leg: leg(2),
            right: true,
        },
    );
    assert_eq!(world.heard(3), "host_back");
}

#[test]
fn a_host_who_becomes_a_guest_is_a_host_gone() {
    let mut world = World::with(&[BY_HOST], &[HOST]);
    world.ask(
        client(),
        Command::SetRole {
            leg: leg(1),
            role: GUEST,
        },
    );
    assert_eq!(world.heard(1), "now_participant host_left 3 minutes");
}

#[test]
fn a_host_put_on_hold_has_not_left() {
    let mut world = World::with(&[BY_HOST], &[HOST, GUEST]);
    world.ask(
        client(),
        Command::SetHold {
            leg: leg(1),
            on: true,
        },
    );
    world.wait(1000);
    assert_eq!(world.ended, None);
}

#[test]
fn without_a_host_from_the_start_nobody_waits_for_one_to_leave() {
    let mut world = World::with(&[BY_HOST], &[GUEST, GUEST]);
    world.wait(10_000);
    assert_eq!(world.ended, None);
}

#[test]
fn a_short_grace_is_announced_once_and_none_ends_at_once() {
    let mut world = World::with(&[BY_HOST, ("conference_stop_wait", "20")], &[HOST, GUEST]);
    world.hang_up(1);
    assert_eq!(world.heard(2), "♪out host_left 20 seconds");
    world.wait(19);
    assert_eq!(world.heard(2), "");
    let mut world = World::with(&[BY_HOST, ("conference_stop_wait", "0")], &[HOST, GUEST]);
    world.hang_up(1);
    assert_eq!(world.ended, Some(Cause::HostLeft));
}

#[test]
fn those_on_hold_hear_of_the_end_too() {
    let mut world = World::with(&[BY_HOST], &[HOST, GUEST]);
    world.ask(caller(1), Command::ToggleHold);
    world.forget();
    world.hang_up(1);
    assert_eq!(world.heard(2), "host_left 3 minutes");
}

#[test]
fn it_ends_when_it_has_lasted_as_long_as_it_may() {
    let mut world = World::with(&[("conference_maxduration", "600")], &[HOST, GUEST]);
    world.wait(539);
    assert_eq!(world.heard(2), "");
    world.wait(1);
    assert_eq!(
        [1, 2].map(|n| world.heard(n)),
        ["meeting_ends_in 1 minute", "meeting_ends_in 1 minute"]
    );
    let soon = Event::Ending {
        cause: Cause::MeetingTooLong,
        seconds: 60,
    };
    assert_eq!(world.events.last(), Some(&(Actor::Bridge, soon)));
    world.wait(60);
    assert_eq!(world.heard(2), "meeting_time_over goodbye");
    assert_eq!(world.ended, Some(Cause::MeetingTooLong));
    assert!(
        [1, 2]
            .iter()
            .all(|n| world.cause(*n) == Some(Cause::MeetingTooLong))
    );
}

#[test]
fn its_length_counts_from_the_start_not_from_the_waiting() {
    let mut world = World::with(
        &[
            ("conference_start_how", "moderator"),
            ("conference_maxduration", "100"),
        ],
        &[GUEST],
    );
    world.wait(200);
    world.join(2, HOST);
    world.wait(99);
    assert_eq!(world.ended, None);
    world.wait(1);
    assert_eq!(world.ended, Some(Cause::MeetingTooLong));
}

#[test]
fn a_timer_that_fires_late_still_says_one_minute() {
    let mut world = World::with(&[("conference_maxduration", "600")], &[HOST]);
    world.now += std::time::Duration::from_millis(540_020);
    world.meeting.handle_timeout(world.now);
    world.drain();
    assert_eq!(world.heard(1), "meeting_ends_in 1 minute");
}

#[test]
fn a_call_is_warned_and_ended_alone() {
    let mut world = World::with(&[("call_maxduration", "300")], &[HOST]);
    world.wait(100);
    world.join(2, GUEST);
    world.forget();
    world.wait(140);
    assert_eq!([1, 2].map(|n| world.heard(n)), ["call_ends_in 1 minute", ""]);
    world.wait(60);
    assert_eq!(world.heard(1), "call_time_over goodbye");
    assert_eq!((world.cause(1), world.cause(2)), (Some(Cause::CallTooLong), None));
    assert_eq!(world.heard(2), "♪out");
    world.wait(100);
    assert_eq!(world.ended, Some(Cause::Empty));
}

#[test]
fn time_in_the_waiting_room_is_part_of_the_call() {
    let settings = [
        ("conference_start_how", "moderator"),
        ("call_maxduration", "100"),
        ("conference_start_wait", "1000"),
    ];
    let mut world = World::with(&settings, &[GUEST]);
    world.wait(100);
    assert_eq!(
        world.heard(1),
        "call_ends_in 1 minute still_waiting_for_host call_time_over goodbye"
    );
    assert_eq!(world.cause(1), Some(Cause::CallTooLong));
}

#[test]
fn whoever_stops_the_meeting_is_named_and_everyone_hears_why() {
    for (actor, words) in [
        (client(), "administrator_ended_meeting goodbye"),
        (caller(1), "host_ended_meeting goodbye"),
    ] {
        let mut world = World::with(&[("conference_hold_policy", "l")], &[HOST, GUEST, LISTENER]);
        world.ask(actor.clone(), Command::Stop);
        assert_eq!([1, 2, 3].map(|n| world.heard(n)), [words; 3], "and no exit tones");
        assert_eq!(world.ended, Some(Cause::MeetingStopped));
        let last = Event::Ended {
            cause: Cause::MeetingStopped,
        };
        assert_eq!(world.events.last(), Some(&(actor, last)));
    }
}

#[test]
fn those_who_wait_hear_of_a_stop_too() {
    let mut world = World::with(&[("conference_start_how", "explicit")], &[GUEST]);
    world.ask(client(), Command::Stop);
    assert_eq!(
        (world.heard(1).as_str(), world.ended),
        ("administrator_ended_meeting goodbye", Some(Cause::MeetingStopped))
    );
}

#[test]
fn while_it_ends_only_leaving_is_possible_and_each_keeps_its_cause() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.meeting.handle_input(world.now, client(), Command::Stop);
    assert_eq!(world.meeting.state(), MeetingState::Stopping);
    assert_eq!(
        world.meeting.row(leg(2)).unwrap().leaving,
        Some(Cause::MeetingStopped)
    );
    for command in [
        Command::ToggleLock,
        Command::StepMuteMode,
        Command::Stop,
        Command::Count { leg: leg(1) },
    ] {
        let before = world.meeting.snapshot();
        world.meeting.handle_input(world.now, caller(1), command);
        assert_eq!(world.refused(), Some("the meeting is over"));
        assert_eq!(world.meeting.snapshot(), before);
    }
    let hung_up = Command::Leave {
        leg: leg(2),
        cause: Cause::HungUp,
    };
    world.meeting.handle_input(world.now, caller(2), hung_up);
    world.drain();
    assert_eq!(
        world.cause(2),
        Some(Cause::MeetingStopped),
        "it was told to go before it hung up"
    );
}
