use std::time::Duration;

use model::Role::{Host, Listener, Participant};
use model::{Actor, Cause, Command, Event, LegId, Mute, MuteMask};

use crate::script::{Script, leg, rest};

const BY_HOST: (&str, &str) = ("conference_stop_how", "moderator");

fn ending(cause: Cause, seconds: u32) -> Event {
    Event::Ending { cause, seconds }
}

fn left(number: u64, cause: Cause) -> Event {
    let leg = LegId(number);
    Event::Left { leg, cause }
}

#[test]
fn the_meeting_ends_when_the_last_leg_has_left_and_only_then() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    assert_eq!(script.leaves(1).ended(), None, "hosts are as good as others");
    assert_eq!(script.wait(10_000).0, []);
    let did = script.leaves(2);
    let over = Event::Ended { cause: Cause::Empty };
    assert_eq!(
        did.events_by(),
        [(leg(2), left(2, Cause::HungUp)), (leg(2), over)]
    );
    assert_eq!(did.ended(), Some(Cause::Empty));
}

#[test]
fn after_the_last_host_left_the_end_is_announced_at_once_and_thirty_seconds_before() {
    let legs = [(1, Host), (2, Host), (3, Participant), (4, Listener)];
    let mut script = Script::with(&[BY_HOST], &legs);
    assert_eq!(script.leaves(1).announced(), "", "another host is here");
    let did = script.leaves(2);
    assert_eq!(did.announced(), "host_left 3 minutes");
    assert!(did.has(&ending(Cause::HostLeft, 180)));
    assert_eq!(script.wait(149).0, []);
    assert_eq!(script.wait(1).announced(), "meeting_ends_in 30 seconds");
    assert_eq!(script.wait(29).0, []);
    let did = script.wait(1);
    assert_eq!(did.dropped(), [(3, Cause::HostLeft), (4, Cause::HostLeft)]);
    assert_eq!(did.told(3), "meeting_over goodbye");
    assert_eq!(did.ended(), Some(Cause::HostLeft));
}

#[test]
fn a_host_who_returns_cancels_the_end() {
    let mut script = Script::with(&[BY_HOST], &[(1, Host), (2, Participant)]);
    script.leaves(1);
    script.wait(100);
    let did = script.joins(3, Host);
    assert_eq!(did.announced(), "host_back");
    assert!(did.has(&Event::EndingCancelled));
    assert_eq!(script.wait(10_000).0, []);
    assert_eq!(
        script.leaves(3).announced(),
        "host_left 3 minutes",
        "the grace is whole again"
    );
}

#[test]
fn a_participant_who_becomes_host_cancels_the_end_and_one_who_ceases_to_be_begins_it() {
    let mut script = Script::with(&[BY_HOST], &[(1, Host), (2, Participant)]);
    script.leaves(1);
    let leg = LegId(2);
    let did = script.asks(rest(), Command::SetRole { leg, role: Host });
    assert!(did.has(&Event::EndingCancelled));
    let role = Participant;
    let did = script.asks(rest(), Command::SetRole { leg, role });
    assert_eq!(did.announced(), "host_left 3 minutes");
}

#[test]
fn those_on_hold_hear_that_the_host_left() {
    let settings = [BY_HOST, ("conference_hold_policy", "p")];
    let mut script = Script::with(&settings, &[(1, Host), (2, Participant)]);
    assert_eq!(script.leaves(1).told(2), "host_left 3 minutes");
    assert_eq!(script.wait(150).told(2), "meeting_ends_in 30 seconds");
    assert_eq!(script.joins(3, Host).told(2), "host_back");
}

#[test]
fn a_host_who_starts_the_meeting_and_leaves_at_once_is_missed() {
    let settings = [BY_HOST, ("conference_start_how", "moderator")];
    let mut script = Script::with(&settings, &[(1, Participant), (2, Host)]);
    assert_eq!(script.leaves(2).announced(), "host_left 3 minutes");
    assert_eq!(script.wait(180).ended(), Some(Cause::HostLeft));
}

#[test]
fn a_meeting_that_never_had_a_host_is_not_ended_for_want_of_one() {
    let mut script = Script::with(&[BY_HOST], &[(1, Participant), (2, Participant)]);
    script.leaves(1);
    assert_eq!(script.wait(10_000).0, []);
}

#[test]
fn a_short_grace_is_announced_once_and_none_ends_at_once() {
    let legs = [(1, Host), (2, Participant)];
    let mut script = Script::with(&[BY_HOST, ("conference_stop_wait", "30")], &legs);
    assert_eq!(script.leaves(1).announced(), "host_left 30 seconds");
    assert_eq!(script.wait(29).0, []);
    assert_eq!(script.wait(1).ended(), Some(Cause::HostLeft));
    let mut script = Script::with(&[BY_HOST, ("conference_stop_wait", "0")], &legs);
    let did = script.leaves(1);
    assert_eq!(
        (did.announced().as_str(), did.ended()),
        ("", Some(Cause::HostLeft))
    );
}

#[test]
fn everybody_may_leave_during_the_grace() {
    let mut script = Script::with(&[BY_HOST], &[(1, Host), (2, Participant)]);
    script.leaves(1);
    assert_eq!(script.leaves(2).ended(), Some(Cause::Empty));
    assert_eq!(script.meeting.poll_timeout(), None);
}

#[test]
fn a_meeting_is_warned_a_minute_before_it_has_lasted_too_long() {
    let settings = [
        ("conference_maxduration", "600"),
        ("conference_start_how", "moderator"),
    ];
    let mut script = Script::new(&settings);
    script.joins(1, Participant);
    script.wait(100);
    script.joins(2, Host);
    assert_eq!(script.wait(539).0, [], "it counts from the start");
    let did = script.wait(1);
    assert_eq!(did.announced(), "meeting_ends_in 1 minute");
    assert_eq!(
        did.events_by(),
        [(Actor::Bridge, ending(Cause::MeetingTooLong, 60))]
    );
    assert_eq!(script.wait(59).0, []);
    let did = script.wait(1);
    assert_eq!(
        did.dropped(),
        [(1, Cause::MeetingTooLong), (2, Cause::MeetingTooLong)]
    );
    assert_eq!(did.told(1), "meeting_time_over goodbye");
    assert_eq!(did.ended(), Some(Cause::MeetingTooLong));
}

#[test]
fn a_meeting_shorter_than_its_warning_is_warned_as_it_starts() {
    let mut script = Script::new(&[("conference_maxduration", "20")]);
    script.joins(1, Host);
    assert_eq!(script.wait(0).announced(), "meeting_ends_in 20 seconds");
    assert_eq!(script.wait(20).ended(), Some(Cause::MeetingTooLong));
}

#[test]
fn a_call_is_warned_a_minute_before_it_has_lasted_too_long() {
    let mut script = Script::new(&[("call_maxduration", "300")]);
    script.joins(1, Host);
    script.wait(100);
    script.joins(2, Participant);
    let did = script.wait(140);
    assert_eq!(
        (did.told(1).as_str(), did.told(2).as_str()),
        ("call_ends_in 1 minute", "")
    );
    let did = script.wait(60);
    assert_eq!(did.dropped(), [(1, Cause::CallTooLong)]);
    assert_eq!(did.told(1), "call_time_over goodbye");
    assert_eq!((did.ended(), script.legs()), (None, vec![2]));
    assert_eq!(script.wait(40).told(2), "call_ends_in 1 minute");
    assert_eq!(script.wait(60).ended(), Some(Cause::Empty));
}

#[test]
fn the_time_in_the_waiting_room_counts_for_the_call() {
    let settings = [("call_maxduration", "300"), ("conference_start_how", "moderator")];
    let mut script = Script::new(&settings);
    script.joins(1, Participant);
    script.wait(200);
    script.joins(2, Host);
    assert_eq!(script.wait(40).told(1), "call_ends_in 1 minute");
    assert_eq!(script.wait(60).dropped(), [(1, Cause::CallTooLong)]);
}

#[test]
fn a_timer_that_comes_a_little_late_still_says_a_minute() {
    let mut script = Script::new(&[("conference_maxduration", "600"), ("call_maxduration", "300")]);
    script.late = Duration::from_millis(7);
    script.joins(1, Host);
    assert_eq!(script.wait(241).told(1), "call_ends_in 1 minute");
    script.wait(10);
    script.joins(2, Host);
    assert_eq!(script.wait(290).announced(), "meeting_ends_in 1 minute");
    let mut script = Script::with(&[BY_HOST], &[(1, Host), (2, Participant)]);
    script.late = Duration::from_millis(7);
    script.leaves(1);
    assert_eq!(script.wait(151).announced(), "meeting_ends_in 30 seconds");
}

#[test]
fn a_client_ends_the_meeting_and_every_leg_gets_the_cause_and_who_did_it() {
    let mut script = Script::with(&[], &[(3, Host), (1, Participant), (2, Listener)]);
    let did = script.asks(rest(), Command::Stop);
    let cause = Cause::MeetingStopped;
    assert_eq!(did.dropped(), [(3, cause), (1, cause), (2, cause)]);
    for number in 1..=3 {
        assert_eq!(did.told(number), "administrator_ended_meeting goodbye");
    }
    let over = Event::Ended { cause };
    assert_eq!(
        did.events_by(),
        [
            (rest(), left(3, cause)),
            (rest(), left(1, cause)),
            (Actor::Bridge, open(2)),
            (rest(), left(2, cause)),
            (rest(), over)
        ]
    );
    assert_eq!(did.ended(), Some(cause));
}

/// A leg's mute is over.
fn open(number: u64) -> Event {
    let (leg, mute) = (LegId(number), Mute::default());
    Event::Muted { leg, mute }
}

#[test]
fn mute_hold_their_modes_and_lock_are_over_before_the_leg_leaves_and_the_meeting_ends() {
    let released = Event::Held {
        leg: LegId(2),
        on: false,
    };
    let no_mute = Event::MuteModeSet(MuteMask::OPEN);
    let no_hold = Event::HoldModeSet(MuteMask::OPEN);
    // Last what is told when nobody is left.
    for (commands, told, modes) in [
        (vec![], vec![], vec![]),
        (vec![Command::ToggleMute { leg: LegId(2) }], vec![open(2)], vec![]),
        (
            vec![Command::SetMuteMode(MuteMask::HARD)],
            vec![open(2)],
            vec![no_mute.clone()],
        ),
        (
            vec![
                Command::SetMuteMode(MuteMask::HARD),
                Command::SetMuteMode(MuteMask::OPEN),
            ],
            vec![],
            vec![],
        ),
        (
            vec![
                Command::SetMuteMode(MuteMask::HARD),
                Command::SetMuteMode(MuteMask::LISTENERS),
            ],
            vec![],
            vec![no_mute.clone()],
        ),
        (
            vec![Command::SetHold {
                leg: LegId(2),
                on: true,
            }],
            vec![released.clone()],
            vec![],
        ),
        (
            vec![
                Command::SetMuteMode(MuteMask::HARD),
                Command::SetHoldMode(MuteMask::HARD),
            ],
            vec![open(2), released.clone()],
            vec![no_mute.clone(), no_hold.clone()],
        ),
    ] {
        for slow_to_go in [false, true] {
            let mut script = Script::with(&[], &[(2, Participant)]);
            for command in commands.iter().cloned().chain([Command::SetLock(true)]) {
                script.asks(rest(), command);
            }
            let mut events = Vec::new();
            script.slow_to_go = slow_to_go;
            if slow_to_go {
                let sent = script.asks(rest(), Command::Drop { leg: LegId(2) });
                events.extend(sent.events());
                assert!(events.is_empty(), "it stays muted and held until it is gone");
            }
            events.extend(script.leaves(2).events());
            let cause = if slow_to_go {
                Cause::DroppedByApi
            } else {
                Cause::HungUp
            };
            let over = [Event::Locked(false), Event::Ended { cause: Cause::Empty }];
            let gone = told.iter().cloned().chain([left(2, cause)]);
            let expected: Vec<_> = gone.chain(modes.iter().cloned()).chain(over).collect();
            assert_eq!(events, expected, "{commands:?}");
        }
    }
}

#[test]
fn a_host_ends_the_meeting_and_the_first_cause_stays_with_whoever_hangs_up_meanwhile() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.slow_to_go = true;
    let did = script.asks(leg(1), Command::Stop);
    assert_eq!((did.dropped().len(), did.ended()), (2, None));
    assert_eq!(did.told(2), "host_ended_meeting goodbye");
    assert_eq!(script.asks(leg(1), Command::Stop).0, []);
    let stopped = left(2, Cause::MeetingStopped);
    assert_eq!(script.leaves(2).events_by(), [(leg(1), stopped)]);
    let cause = Cause::MeetingStopped;
    let did = script.asks(Actor::Bridge, Command::Leave { leg: LegId(1), cause });
    assert_eq!(did.ended(), Some(cause));
    assert_eq!(did.events_by()[1], (leg(1), Event::Ended { cause }));
}

#[test]
fn a_meeting_that_still_waits_can_be_ended() {
    let mut script = Script::with(
        &[("conference_start_how", "explicit")],
        &[(1, Host), (2, Participant)],
    );
    let did = script.asks(rest(), Command::Stop);
    assert_eq!(
        (did.dropped().len(), did.ended()),
        (2, Some(Cause::MeetingStopped))
    );
}

#[test]
fn who_is_dropped_hears_why_as_far_as_somebody_took_him_out() {
    for (by, cause, told) in [
        (leg(2), Cause::Left, "goodbye"),
        (leg(1), Cause::DroppedByHost, "removed goodbye"),
        (rest(), Cause::DroppedByApi, ""),
    ] {
        let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
        let did = script.asks(by.clone(), Command::Drop { leg: LegId(2) });
        assert_eq!((did.dropped(), did.told(2).as_str()), (vec![(2, cause)], told));
        assert_eq!(did.events_by(), [(by, left(2, cause))]);
        assert_eq!(did.tones().len(), 1, "the others hear it go");
    }
}
