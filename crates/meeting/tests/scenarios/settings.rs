//! Attributes changed while the meeting runs.

use meeting::Hears;
use model::attribute::AttributeId;
use model::{Cause, Command, Event};

use crate::world::*;

#[test]
fn the_mute_and_hold_policies_take_effect_at_once_and_are_told() {
    let mut world = World::with(&[], &[HOST, GUEST]);
    world.set("conference_mute_policy", "pl");
    assert_eq!((world.mute(2), world.heard(2).as_str()), (2, "mode_hard"));
    world.set("conference_hold_policy", "p");
    assert_eq!(
        (world.hears(2), world.heard(2).as_str()),
        (Hears::Music, "now_on_hold")
    );
    world.set("conference_hold_policy", "");
    world.set("conference_mute_policy", "l");
    assert!(world.speaks(2));
}

#[test]
fn nothing_goes_back_to_what_the_meeting_began_with() {
    let mut world = World::with(&[("conference_maxcalls", "5")], &[HOST]);
    world.set("conference_maxcalls", "9");
    let id = AttributeId::conference_maxcalls;
    world.ask(client(), Command::SetAttribute { id, value: None });
    assert_eq!(world.meeting.policy().text(id), "5");
    let value = "5".to_owned();
    assert_eq!(
        world.what_happened().last(),
        Some(&&Event::AttributeSet { id, value })
    );
    world.ask(client(), Command::SetAttribute { id, value: None });
    assert_eq!(world.refused(), Some("already so"));
}

#[test]
fn a_wrong_value_changes_nothing() {
    let mut world = World::with(&[], &[HOST]);
    let before = world.meeting.snapshot();
    world.set("conference_maxcalls", "many");
    assert_eq!(world.refused(), Some("not a value of this attribute"));
    assert_eq!(world.meeting.snapshot(), before);
}

#[test]
fn fewer_places_send_nobody_away() {
    let mut world = World::with(&[], &[HOST, GUEST, GUEST]);
    world.set("conference_maxcalls", "1");
    assert!(world.gone.is_empty());
    world.join(4, GUEST);
    assert_eq!(world.cause(4), Some(Cause::MeetingFull));
}

#[test]
fn another_start_condition_that_is_met_starts_the_meeting() {
    let mut world = World::with(&[("conference_start_how", "explicit")], &[GUEST, HOST]);
    world.set("conference_start_how", "moderator");
    assert_eq!([1, 2].map(|n| world.hears(n)), [Hears::Room; 2]);
    let mut world = World::with(&[("conference_start_how", "moderator")], &[GUEST]);
    world.set("conference_start_how", "explicit");
    assert_eq!(world.hears(1), Hears::Music);
    world.set("conference_start_how", "first");
    assert_eq!(world.hears(1), Hears::Room);
}

#[test]
fn waiting_lasts_as_long_as_it_now_may() {
    let mut world = World::with(
        &[
            ("conference_start_how", "moderator"),
            ("conference_start_wait", "30"),
        ],
        &[GUEST],
    );
    world.set("conference_start_wait", "50");
    world.wait(49);
    assert_eq!(world.cause(1), None);
    world.wait(1);
    assert_eq!(world.cause(1), Some(Cause::NotStarted));
}

#[test]
fn tones_can_be_switched_one_by_one() {
    let mut world = World::with(&[], &[GUEST]);
    world.wait(5);
    world.set("conference_entrytones", "off");
    world.join(2, GUEST);
    world.hang_up(2);
    assert_eq!(world.heard(1), "♪out");
}

#[test]
fn a_longer_meeting_is_warned_anew() {
    let mut world = World::with(&[("conference_maxduration", "100")], &[GUEST]);
    world.wait(50);
    assert_eq!(world.heard(1), "meeting_ends_in 1 minute");
    world.set("conference_maxduration", "200");
    assert_eq!(world.what_happened().last(), Some(&&Event::EndingCancelled));
    world.wait(90);
    assert_eq!(world.heard(1), "meeting_ends_in 1 minute");
    world.wait(60);
    assert_eq!(world.ended, Some(Cause::MeetingTooLong));
}

#[test]
fn a_longer_call_is_warned_anew() {
    let mut world = World::with(&[("call_maxduration", "100")], &[GUEST]);
    world.wait(50);
    world.set("call_maxduration", "-1");
    world.wait(1000);
    assert_eq!(world.heard(1), "call_ends_in 1 minute");
    world.set("call_maxduration", "1100");
    world.wait(1);
    assert_eq!(world.heard(1), "call_ends_in 50 seconds");
    world.wait(49);
    assert_eq!(world.cause(1), Some(Cause::CallTooLong));
}

#[test]
fn the_end_moves_with_its_grace_and_goes_with_its_reason() {
    let stop = ("conference_stop_how", "moderator");
    let mut world = World::with(&[stop], &[HOST, GUEST]);
    world.hang_up(1);
    world.wait(60);
    world.forget();
    world.set("conference_stop_wait", "600");
    assert_eq!(world.heard(2), "meeting_ends_in 9 minutes");
    world.wait(510);
    assert_eq!(world.heard(2), "meeting_ends_in 30 seconds");
    world.set("conference_stop_how", "last");
    assert_eq!(world.heard(2), "", "no host is back");
    assert_eq!(world.what_happened().last(), Some(&&Event::EndingCancelled));
    world.wait(1000);
    assert_eq!(world.ended, None);
    world.set("conference_stop_how", "moderator");
    world.set("conference_stop_wait", "0");
    assert_eq!(world.ended, Some(Cause::HostLeft));
}
