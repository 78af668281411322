//! Settings changed while the meeting runs, and all that follows from them.

use model::Role::{Host, Listener, Participant};
use model::attribute::AttributeId;
use model::{Cause, Command, Event, MuteMask};

use crate::script::{Script, rest};

#[test]
fn a_change_is_an_event_and_no_value_goes_back_to_the_rooms() {
    let mut script = Script::with(&[("conference_maxcalls", "5")], &[(1, Host)]);
    let id = AttributeId::conference_maxcalls;
    let set = |value: &str| Event::AttributeSet {
        id,
        value: value.to_owned(),
    };
    let did = script.sets("conference_maxcalls", "1");
    assert_eq!(did.events_by(), [(rest(), set("1"))]);
    assert_eq!(script.joins(2, Participant).refused(), Some(Cause::MeetingFull));
    let did = script.asks(rest(), Command::SetAttribute { id, value: None });
    assert_eq!(did.events(), [set("5")]);
    assert_eq!(script.joins(2, Participant).refused(), None);
    assert_eq!(script.sets("conference_maxcalls", "5").0, []);
    assert_eq!(script.refusal(), Some("already so"));
    assert_eq!(script.sets("conference_maxcalls", "many").0, []);
    assert_eq!(script.refusal(), Some("not a value of this attribute"));
}

#[test]
fn places_for_a_role_hold_at_once() {
    let mut script = Script::with(&[], &[(1, Host)]);
    script.sets("conference_maxcallsperrole", "-1:0:-1");
    assert_eq!(script.joins(2, Participant).refused(), Some(Cause::RoleFull));
}

#[test]
fn the_head_count_and_the_tones_hold_at_once() {
    let mut script = Script::with(&[], &[(1, Host)]);
    script.sets("call_announceparticipantcount", "h");
    script.sets("conference_entrytones", "off");
    script.sets("conference_exittones", "off");
    let did = script.joins(2, Participant);
    assert_eq!((did.told(2).as_str(), did.tones()), ("", vec![]));
    assert_eq!(script.leaves(2).tones(), []);
}

#[test]
fn the_mute_policy_becomes_the_mode_and_is_announced() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant), (3, Listener)]);
    let did = script.sets("conference_mute_policy", "p");
    assert_eq!(did.announced(), "mode_hard");
    assert_eq!(script.meeting.mute_mode().bits(), 8);
    assert_eq!((script.row(2).mute.wire(), script.row(3).mute.wire()), (2, 0));
    script.asks(rest(), Command::SetMuteMode(MuteMask::OPEN));
    let id = AttributeId::conference_mute_policy;
    script.asks(rest(), Command::SetAttribute { id, value: None });
    assert_eq!(script.meeting.mute_mode(), MuteMask::LISTENERS);
}

#[test]
fn the_hold_policy_becomes_the_mode_and_each_is_told() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    let did = script.sets("conference_hold_policy", "p");
    assert_eq!(
        (did.told(1).as_str(), did.told(2).as_str()),
        ("hold_on", "now_on_hold")
    );
    assert!(script.row(2).held && script.meeting.hold_mode().bits() == 8);
}

#[test]
fn another_start_lets_those_in_whom_it_suits() {
    let explicit = [("conference_start_how", "explicit")];
    let mut script = Script::with(&explicit, &[(1, Host), (2, Participant)]);
    let did = script.sets("conference_start_how", "moderator");
    assert!(
        did.events_by().contains(&(rest(), Event::Started)),
        "a host is here"
    );
    let mut script = Script::with(&explicit, &[(2, Participant)]);
    script.sets("conference_start_how", "moderator");
    assert!(script.row(2).waiting);
    assert_eq!(script.wait(60).told(2), "still_waiting_for_host");
    script.sets("conference_start_how", "first");
    assert!(!script.row(2).waiting);
}

#[test]
fn another_wait_counts_from_when_each_came() {
    let mut script = Script::new(&[("conference_start_how", "explicit")]);
    script.joins(1, Participant);
    script.wait(50);
    script.sets("conference_start_wait", "100");
    assert_eq!(script.wait(49).dropped(), []);
    assert_eq!(script.wait(1).dropped(), [(1, Cause::NotStarted)]);
}

#[test]
fn ending_with_the_host_can_be_switched_on_after_he_left_and_off_again() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.leaves(1);
    let did = script.sets("conference_stop_how", "moderator");
    assert_eq!(did.announced(), "host_left 3 minutes");
    let did = script.sets("conference_stop_how", "last");
    assert!(did.has(&Event::EndingCancelled));
    assert_eq!(did.announced(), "", "no host came back");
    assert_eq!(script.wait(10_000).0, []);
}

#[test]
fn another_grace_counts_from_when_the_host_left_and_is_announced() {
    let mut script = Script::with(
        &[("conference_stop_how", "moderator")],
        &[(1, Host), (2, Participant)],
    );
    script.leaves(1);
    script.wait(60);
    let did = script.sets("conference_stop_wait", "600");
    assert_eq!(did.announced(), "meeting_ends_in 9 minutes");
    let (cause, seconds) = (Cause::HostLeft, 540);
    assert!(did.has(&Event::Ending { cause, seconds }));
    assert_eq!(script.wait(539).announced(), "meeting_ends_in 30 seconds");
    script.sets("conference_stop_wait", "700");
    assert_eq!(
        script.wait(71).announced(),
        "meeting_ends_in 30 seconds",
        "the last warning is given anew"
    );
    let did = script.sets("conference_stop_wait", "600");
    assert_eq!(did.ended(), Some(Cause::HostLeft), "which is over");
}

#[test]
fn another_length_cancels_the_warning_and_warns_anew() {
    let mut script = Script::new(&[("conference_maxduration", "100")]);
    script.joins(1, Host);
    assert_eq!(script.wait(50).announced(), "meeting_ends_in 1 minute");
    let did = script.sets("conference_maxduration", "1000");
    assert!(did.has(&Event::EndingCancelled));
    assert_eq!(script.wait(890).announced(), "meeting_ends_in 1 minute");
    script.sets("conference_maxduration", "980");
    assert_eq!(script.wait(0).announced(), "meeting_ends_in 40 seconds");
    let did = script.sets("conference_maxduration", "-1");
    assert!(did.has(&Event::EndingCancelled));
    assert_eq!(script.wait(10_000).0, []);
    script.sets("conference_maxduration", "5");
    assert_eq!(script.wait(0).ended(), Some(Cause::MeetingTooLong));
}

#[test]
fn another_length_of_calls_warns_anew() {
    let mut script = Script::new(&[("call_maxduration", "100")]);
    script.joins(1, Host);
    assert_eq!(script.wait(50).told(1), "call_ends_in 1 minute");
    script.sets("call_maxduration", "200");
    assert_eq!(script.wait(89).told(1), "");
    assert_eq!(script.wait(1).told(1), "call_ends_in 1 minute");
    assert_eq!(script.wait(60).dropped(), [(1, Cause::CallTooLong)]);
}
