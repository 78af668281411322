use meeting::{Hears, Output, Tone};
use model::Role::{Host, Listener, Participant};
use model::{Cause, Command, Event, LegId};

use crate::script::{Script, leg, rest};

#[test]
fn the_first_caller_creates_and_starts_the_meeting_and_comes_in() {
    let mut script = Script::new(&[]);
    let did = script.joins(1, Participant);
    let (leg, role) = (LegId(1), Participant);
    assert_eq!(
        did.events(),
        [Event::Created, Event::Started, Event::Joined { leg, role }]
    );
    assert_eq!(did.0[1], Output::Admitted { leg, waiting: false });
    assert_eq!(did.route(1), Some((true, Hears::Room)));
    assert!(script.row(1).joined_at.is_some());
}

#[test]
fn a_locked_meeting_lets_hosts_in_and_tells_the_others() {
    let mut script = Script::with(&[], &[(1, Host)]);
    script.asks(leg(1), Command::ToggleLock);
    for role in [Participant, Listener] {
        let did = script.joins(2, role);
        assert_eq!(did.refused(), Some(Cause::Locked));
        assert_eq!(did.told(2), "locked_out goodbye");
        assert_eq!(script.refusal(), Some("locked"));
    }
    assert_eq!(script.joins(3, Host).refused(), None);
    script.asks(leg(3), Command::ToggleLock);
    assert_eq!(script.joins(4, Participant).refused(), None);
    assert_eq!(script.legs(), [1, 3, 4]);
}

#[test]
fn a_full_meeting_takes_nobody_else_hosts_neither() {
    let mut script = Script::with(&[("conference_maxcalls", "2")], &[(1, Host), (2, Participant)]);
    let did = script.joins(3, Host);
    assert_eq!(did.refused(), Some(Cause::MeetingFull));
    assert_eq!(did.told(3), "meeting_full goodbye");
    assert!(did.has(&Event::Refused {
        leg: LegId(3),
        cause: Cause::MeetingFull
    }));
    script.leaves(2);
    assert_eq!(script.joins(4, Host).refused(), None, "a place is free again");
}

#[test]
fn each_role_has_its_own_places() {
    let mut script = Script::with(&[("conference_maxcallsperrole", "1:2:0")], &[(1, Host)]);
    for (number, role, refused) in [
        (2, Host, Some(Cause::RoleFull)),
        (3, Participant, None),
        (4, Participant, None),
        (5, Participant, Some(Cause::RoleFull)),
        (6, Listener, Some(Cause::RoleFull)),
    ] {
        assert_eq!(script.joins(number, role).refused(), refused, "{number}");
    }
}

#[test]
fn the_lock_is_told_before_fullness_and_the_meeting_before_the_role() {
    let full = [
        ("conference_maxcalls", "1"),
        ("conference_maxcallsperrole", "1:1:1"),
    ];
    let mut script = Script::with(&full, &[(1, Participant)]);
    assert_eq!(script.joins(2, Participant).refused(), Some(Cause::MeetingFull));
    script.asks(rest(), Command::SetLock(true));
    assert_eq!(script.joins(2, Participant).refused(), Some(Cause::Locked));
}

#[test]
fn those_who_wait_take_places_and_those_who_were_told_to_go_take_none() {
    let settings = [("conference_start_how", "explicit"), ("conference_maxcalls", "1")];
    let mut script = Script::with(&settings, &[(1, Participant)]);
    assert_eq!(script.joins(2, Host).refused(), Some(Cause::MeetingFull));
    script.slow_to_go = true;
    script.asks(leg(1), Command::Drop { leg: LegId(1) });
    assert_eq!(script.joins(3, Host).refused(), None);
}

#[test]
fn a_leg_that_joins_twice_is_in_once_and_nothing_is_said() {
    let mut script = Script::with(&[], &[(1, Host)]);
    let did = script.joins(1, Participant);
    assert_eq!(did.0, []);
    assert_eq!(script.refusal(), Some("already in this meeting"));
    assert_eq!((script.legs(), script.row(1).role), (vec![1], Host));
}

#[test]
fn a_meeting_that_refuses_its_first_caller_is_over() {
    let mut script = Script::new(&[("conference_maxcalls", "0")]);
    let did = script.joins(1, Host);
    assert_eq!(
        (did.refused(), did.ended()),
        (Some(Cause::MeetingFull), Some(Cause::Empty))
    );
    assert!(script.meeting.is_ending());
}

#[test]
fn a_caller_hears_its_own_state_before_the_head_count() {
    let settings = [("conference_mute_policy", "pl"), ("conference_hold_policy", "l")];
    let mut script = Script::with(&settings, &[(1, Host)]);
    assert_eq!(
        script.joins(2, Participant).told(2),
        "you_are_muted there_are 2 people_in_meeting"
    );
    let did = script.joins(3, Listener);
    assert_eq!(
        did.told(3),
        "you_are_muted you_are_on_hold there_are 3 people_in_meeting"
    );
    assert_eq!(did.route(3), Some((false, Hears::Music)));
}

#[test]
fn who_is_muted_but_may_unmute_hears_so() {
    let mut script = Script::with(&[], &[(1, Host)]);
    script.asks(leg(1), Command::StepMuteMode);
    assert_eq!(
        script.joins(2, Participant).told(2),
        "muted_may_unmute there_are 2 people_in_meeting"
    );
}

#[test]
fn the_head_count_is_for_the_listed_roles_and_has_the_joiner_in_it() {
    let mut script = Script::new(&[("call_announceparticipantcount", "hp")]);
    assert_eq!(script.joins(1, Host).told(1), "only_person");
    assert_eq!(
        script.joins(2, Participant).told(2),
        "there_are 2 people_in_meeting"
    );
    assert_eq!(script.joins(3, Listener).told(3), "you_are_muted");
    assert_eq!(
        script.joins(4, Participant).told(4),
        "there_are 4 people_in_meeting"
    );
}

#[test]
fn somebody_who_comes_while_the_meeting_ends_is_refused_so_that_another_can_be_opened() {
    let mut script = Script::with(&[], &[(1, Host)]);
    script.slow_to_go = true;
    script.asks(rest(), Command::Stop);
    assert!(script.meeting.is_ending(), "the bridge looks here before it asks");
    let did = script.joins(2, Host);
    assert_eq!(did.refused(), Some(Cause::MeetingStopped));
    assert_eq!(did.ended(), None, "leg 1 is not gone yet");
    assert_eq!(script.leaves(1).ended(), Some(Cause::MeetingStopped));
    assert_eq!(script.joins(2, Host).refused(), Some(Cause::MeetingStopped));
}

#[test]
fn legs_are_listed_in_the_order_they_came() {
    let mut script = Script::with(&[], &[(7, Host), (3, Participant), (5, Listener)]);
    script.leaves(7);
    script.joins(1, Host);
    assert_eq!(script.legs(), [3, 5, 1]);
}

#[test]
fn a_leg_that_goes_leaves_an_exit_tone_and_its_cause() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    let did = script.leaves(2);
    assert_eq!(did.tones(), [Tone::Exit]);
    assert_eq!(
        did.events(),
        [Event::Left {
            leg: LegId(2),
            cause: Cause::HungUp
        }]
    );
    assert_eq!(script.legs(), [1]);
}

#[test]
fn who_was_released_before_the_start_makes_no_tone_when_it_goes_after_it() {
    let mut script = Script::with(
        &[("conference_start_how", "moderator")],
        &[(1, Participant), (2, Participant)],
    );
    script.slow_to_go = true;
    script.asks(rest(), Command::Drop { leg: LegId(1) });
    assert_eq!(script.joins(3, Host).told(3), "there_are 2 people_in_meeting");
    script.wait(5);
    assert_eq!(script.leaves(1).tones(), [], "nobody was with it");
    assert_eq!(script.leaves(2).tones().len(), 1);
}
