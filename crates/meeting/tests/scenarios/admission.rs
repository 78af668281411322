use meeting::{Hears, Output, Tone};
use model::{Cause, Command, Event, MeetingState};

use crate::world::*;

#[test]
fn the_first_caller_starts_the_meeting_and_is_told_to_be_alone() {
    let mut world = World::new(&[]);
    assert_eq!(world.meeting.state(), MeetingState::Created);
    world.join(1, GUEST);
    assert_eq!(world.heard(1), "only_person ♪in");
    assert_eq!((world.speaks(1), world.hears(1)), (true, Hears::Room));
    let events = world.what_happened();
    let (leg, role) = (leg(1), GUEST);
    assert_eq!(
        events,
        [&Event::Created, &Event::Started, &Event::Joined { leg, role }]
    );
    assert_eq!(world.meeting.state(), MeetingState::InProgress);
}

#[test]
fn the_head_count_includes_the_joiner_and_is_for_its_roles_only() {
    let mut world = World::with(&[("call_announceparticipantcount", "h")], &[GUEST]);
    world.wait(5);
    world.join(2, GUEST);
    assert_eq!(world.heard(2), "♪in");
    assert_eq!(world.heard(1), "♪in", "the count is private");
    world.wait(5);
    world.join(3, HOST);
    assert_eq!(world.heard(3), "there_are 3 people_in_meeting ♪in");
}

#[test]
fn without_entry_tones_nobody_hears_one() {
    let mut world = World::with(&[("conference_entrytones", "off")], &[GUEST]);
    world.join(2, GUEST);
    assert_eq!(world.heard(1), "");
}

#[test]
fn who_comes_in_is_told_of_its_own_state() {
    let settings = [
        ("conference_mute_policy", "lp"),
        ("conference_hold_policy", "l"),
        ("call_announceparticipantcount", ""),
    ];
    let mut world = World::with(&settings, &[HOST]);
    world.join(2, GUEST);
    assert_eq!(world.heard(2), "you_are_muted ♪in");
    world.join(3, LISTENER);
    assert_eq!(world.heard(3), "you_are_muted you_are_on_hold");
    assert_eq!((world.speaks(3), world.hears(3)), (false, Hears::Music));
    world.ask(client(), Command::SetMuteMode(model::MuteMask::SOFT));
    world.join(4, GUEST);
    assert!(
        world.heard(4).starts_with("muted_may_unmute"),
        "joiners get the mode in force"
    );
}

#[test]
fn a_locked_meeting_admits_hosts_only() {
    let mut world = World::with(&[], &[HOST]);
    world.ask(caller(1), Command::ToggleLock);
    assert_eq!(world.heard(1), "now_locked");
    for (n, role) in [(2, GUEST), (3, LISTENER)] {
        world.join(n, role);
        assert_eq!(world.heard(n), "locked_out goodbye");
        assert_eq!(world.cause(n), Some(Cause::Locked));
    }
    world.join(4, HOST);
    assert_eq!(world.hears(4), Hears::Room);
    world.ask(caller(4), Command::ToggleLock);
    world.join(5, GUEST);
    assert_eq!(world.hears(5), Hears::Room);
}

#[test]
fn a_full_meeting_refuses_until_somebody_leaves() {
    let mut world = World::with(&[("conference_maxcalls", "2")], &[GUEST, GUEST]);
    world.join(3, HOST);
    assert_eq!(
        (world.heard(3).as_str(), world.cause(3)),
        ("meeting_full goodbye", Some(Cause::MeetingFull))
    );
    world.hang_up(1);
    world.join(4, GUEST);
    assert_eq!(world.cause(4), None);
}

#[test]
fn each_role_has_its_own_places() {
    let mut world = World::with(&[("conference_maxcallsperrole", "1:2:0")], &[HOST, GUEST, GUEST]);
    for (n, role) in [(4, HOST), (5, GUEST), (6, LISTENER)] {
        world.join(n, role);
        assert_eq!(world.cause(n), Some(Cause::RoleFull));
    }
    world.set("conference_maxcallsperrole", "1:3:0");
    world.join(7, GUEST);
    assert_eq!(world.cause(7), None);
}

#[test]
fn the_lock_is_asked_before_the_places() {
    let mut world = World::with(&[("conference_maxcalls", "1")], &[HOST]);
    world.ask(client(), Command::SetLock(true));
    world.join(2, GUEST);
    assert_eq!(world.cause(2), Some(Cause::Locked));
    world.join(3, HOST);
    assert_eq!(world.cause(3), Some(Cause::MeetingFull));
}

#[test]
fn a_meeting_whose_first_caller_is_turned_away_is_over() {
    let mut world = World::new(&[("conference_maxcalls", "0")]);
    world.join(1, GUEST);
    assert_eq!(world.ended, Some(Cause::Empty));
    assert!(matches!(
        world.what_happened()[..],
        [Event::Created, Event::Refused { .. }, Event::Ended { .. }]
    ));
}

#[test]
fn a_second_join_of_the_same_leg_changes_nothing() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    let before = world.meeting.snapshot();
    world.join(2, HOST);
    assert_eq!(world.refused(), Some("already in this meeting"));
    assert_eq!(world.meeting.snapshot(), before);
    assert!(world.events.is_empty() && world.heard(2).is_empty());
}

#[test]
fn guests_wait_for_the_host_with_music_and_a_reason_every_minute() {
    let mut world = World::new(&[("conference_start_how", "moderator")]);
    world.join(1, GUEST);
    assert_eq!(world.heard(1), "waiting_for_host");
    assert_eq!((world.speaks(1), world.hears(1)), (false, Hears::Music));
    assert_eq!(world.meeting.state(), MeetingState::Waiting);
    world.wait(59);
    assert_eq!(world.heard(1), "");
    world.wait(1);
    assert_eq!(world.heard(1), "still_waiting_for_host");
    world.wait(60);
    assert_eq!(world.heard(1), "still_waiting_for_host");
}

#[test]
fn the_host_starts_the_meeting_for_all_who_wait_in_order_of_arrival() {
    let mut world = World::new(&[("conference_start_how", "moderator")]);
    for n in [7, 3] {
        world.join(n, GUEST);
    }
    world.forget();
    world.join(1, HOST);
    assert_eq!(world.heard(7), "meeting_starts there_are 3 people_in_meeting ♪in");
    assert_eq!(world.heard(3), "meeting_starts there_are 3 people_in_meeting ♪in");
    assert_eq!(
        world.heard(1),
        "there_are 3 people_in_meeting ♪in",
        "whoever starts it did not wait"
    );
    let joined: Vec<_> = world.what_happened().into_iter().filter_map(|event| match event {
        Event::Joined { leg, .. } => Some(leg.0),
        _ => None,
    });
    assert_eq!(joined.collect::<Vec<_>>(), [7, 3, 1]);
    assert!([1, 3, 7].iter().all(|n| world.speaks(*n)));
}

#[test]
fn who_waits_too_long_is_told_and_released() {
    let mut world = World::new(&[
        ("conference_start_how", "moderator"),
        ("conference_start_wait", "100"),
    ]);
    world.join(1, GUEST);
    world.wait(30);
    world.join(2, GUEST);
    world.forget();
    world.wait(70);
    assert_eq!(
        world.heard(1),
        "still_waiting_for_host host_did_not_arrive goodbye"
    );
    assert_eq!((world.cause(1), world.cause(2)), (Some(Cause::NotStarted), None));
    assert_eq!(world.heard(2), "still_waiting_for_host", "no tone: nobody was in");
    world.wait(30);
    assert_eq!(world.cause(2), Some(Cause::NotStarted));
    assert_eq!(world.ended, Some(Cause::Empty));
}

#[test]
fn an_explicit_meeting_starts_by_command_only() {
    let mut world = World::with(&[("conference_start_how", "explicit")], &[HOST, GUEST]);
    assert_eq!((world.hears(1), world.hears(2)), (Hears::Music, Hears::Music));
    world.ask(client(), Command::Start);
    assert_eq!(world.heard(1), "meeting_starts there_are 2 people_in_meeting ♪in");
    assert_eq!((world.hears(1), world.hears(2)), (Hears::Room, Hears::Room));
    world.ask(client(), Command::Start);
    assert_eq!(world.refused(), Some("already started"));
}

#[test]
fn a_waiting_guest_who_becomes_host_starts_the_meeting() {
    let mut world = World::with(&[("conference_start_how", "moderator")], &[GUEST, GUEST]);
    world.ask(
        caller(2),
        Command::RolePin {
            leg: leg(2),
            right: true,
        },
    );
    assert_eq!((world.hears(1), world.hears(2)), (Hears::Room, Hears::Room));
}

#[test]
fn many_who_come_at_once_make_one_tone_a_second() {
    let mut world = World::with(&[], &[GUEST]);
    world.wait(2);
    (2..40).for_each(|n| world.join(n, GUEST));
    assert_eq!(world.heard(1), "♪in");
    (2..20).for_each(|n| world.hang_up(n));
    assert_eq!(world.heard(1), "♪out", "another kind of tone");
    world.wait(1);
    world.hang_up(20);
    world.join(41, GUEST);
    assert_eq!(world.heard(1), "♪out ♪in");
}

#[test]
fn who_leaves_makes_the_exit_tone_and_the_last_one_none() {
    let mut world = World::with(&[], &[GUEST, GUEST]);
    world.hang_up(1);
    assert_eq!(world.heard(2), "♪out");
    world.meeting.handle_input(
        world.now,
        caller(2),
        Command::Leave {
            leg: leg(2),
            cause: Cause::HungUp,
        },
    );
    let outputs: Vec<_> = std::iter::from_fn(|| world.meeting.poll_output()).collect();
    assert!(!outputs.contains(&Output::Tone(Tone::Exit)));
    let mut silent = World::with(&[("conference_exittones", "off")], &[GUEST, GUEST]);
    silent.hang_up(1);
    assert_eq!(silent.heard(2), "");
}

#[test]
fn a_join_while_it_ends_is_turned_away_and_the_meeting_says_so_beforehand() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.meeting.handle_input(world.now, client(), Command::Stop);
    assert!(world.meeting.is_ending());
    world
        .meeting
        .handle_input(world.now, caller(3), Command::Join(entrant(3, GUEST)));
    world.drain();
    assert_eq!(world.cause(3), Some(Cause::MeetingStopped));
    assert_eq!(world.ended, Some(Cause::MeetingStopped));
    world
        .meeting
        .handle_input(world.now, caller(4), Command::Join(entrant(4, GUEST)));
    let outputs: Vec<_> = std::iter::from_fn(|| world.meeting.poll_output()).collect();
    assert!(
        matches!(outputs[..], [Output::Refused { .. }]),
        "even when it is over: {outputs:?}"
    );
}
