use meeting::Hears;
use model::Role::{Host, Listener, Participant};
use model::{Actor, Cause, Command, Event, LegId};

use crate::script::{Script, leg, rest};

const MODERATOR: (&str, &str) = ("conference_start_how", "moderator");
const EXPLICIT: (&str, &str) = ("conference_start_how", "explicit");

#[test]
fn who_waits_hears_music_and_why_at_once() {
    for (how, why) in [(MODERATOR, "waiting_for_host"), (EXPLICIT, "waiting_for_start")] {
        let mut script = Script::new(&[how]);
        let did = script.joins(1, Participant);
        assert_eq!(did.told(1), why);
        assert_eq!(did.route(1), Some((false, Hears::Music)));
        assert!(script.row(1).waiting && did.tones().is_empty());
    }
}

#[test]
fn who_waits_hears_why_every_sixty_seconds() {
    for (how, why) in [
        (MODERATOR, "still_waiting_for_host"),
        (EXPLICIT, "waiting_for_start"),
    ] {
        let mut script = Script::new(&[how]);
        script.joins(1, Participant);
        assert_eq!(script.wait(59).told(1), "");
        assert_eq!(script.wait(1).told(1), why);
        assert_eq!(script.wait(120).told(1), format!("{why} | {why}"));
    }
}

#[test]
fn who_has_waited_too_long_is_told_and_released_and_the_others_wait_on() {
    for (how, why) in [(MODERATOR, "host_did_not_arrive"), (EXPLICIT, "not_started")] {
        let mut script = Script::new(&[how, ("conference_start_wait", "100")]);
        script.joins(1, Participant);
        let told = script.wait(100).told(1);
        assert!(told.ends_with(&format!("{why} goodbye")), "{told}");
    }
    let mut script = Script::new(&[MODERATOR, ("conference_start_wait", "100")]);
    script.joins(1, Participant);
    script.wait(50);
    script.joins(2, Participant);
    assert_eq!(script.wait(49).dropped(), []);
    let did = script.wait(1);
    assert_eq!(did.dropped(), [(1, Cause::NotStarted)]);
    assert_eq!(did.tones(), [], "nobody was with it");
    assert_eq!((script.legs(), did.ended()), (vec![2], None));
    assert_eq!(script.wait(50).ended(), Some(Cause::Empty));
}

#[test]
fn the_first_host_starts_the_meeting_for_all_who_wait() {
    let mut script = Script::with(&[MODERATOR], &[(2, Participant), (1, Listener)]);
    let did = script.joins(3, Host);
    assert_eq!(
        did.told(2),
        "meeting_starts there_are 3 people_in_meeting",
        "all of them come in at once, so that nobody is told to be alone"
    );
    assert_eq!(
        did.told(3),
        "there_are 3 people_in_meeting",
        "who starts it knows that it starts"
    );
    assert_eq!(did.route(2), Some((true, Hears::Room)));
    assert_eq!(did.tones().len(), 1);
    let joined = |number, role| Event::Joined {
        leg: LegId(number),
        role,
    };
    assert_eq!(
        did.events(),
        [
            Event::Started,
            joined(2, Participant),
            joined(1, Listener),
            joined(3, Host)
        ]
    );
}

#[test]
fn with_an_explicit_start_even_hosts_wait_for_the_command() {
    let mut script = Script::new(&[EXPLICIT]);
    assert_eq!(script.joins(1, Host).told(1), "waiting_for_start");
    script.joins(2, Participant);
    assert!(!script.meeting.has_started());
    let did = script.asks(rest(), Command::Start);
    assert!(did.events_by().contains(&(rest(), Event::Started)));
    assert!(script.meeting.has_started());
    assert_eq!(did.told(1), "meeting_starts there_are 2 people_in_meeting");
    assert_eq!(script.asks(rest(), Command::Start).0, []);
    assert_eq!(script.refusal(), Some("already started"));
}

#[test]
fn a_command_starts_a_meeting_that_waits_for_its_host() {
    let mut script = Script::with(&[MODERATOR], &[(1, Participant)]);
    script.asks(rest(), Command::Start);
    assert_eq!(script.row(1).joined_at, Some(script.now));
}

#[test]
fn nothing_starts_where_nobody_is() {
    let mut script = Script::new(&[EXPLICIT]);
    assert_eq!(script.asks(rest(), Command::Start).0, []);
    assert_eq!(script.refusal(), Some("nobody is in it"));
    assert_eq!(script.joins(1, Host).events()[0], Event::Created);
}

#[test]
fn a_waiting_caller_who_becomes_host_starts_the_meeting() {
    let mut script = Script::with(&[MODERATOR], &[(1, Participant), (2, Listener)]);
    let right = true;
    let did = script.asks(leg(1), Command::RolePin { leg: LegId(1), right });
    assert!(did.events_by().contains(&(leg(1), Event::Started)));
    assert!(!script.row(2).waiting);
}

#[test]
fn who_gives_up_waiting_just_leaves() {
    let mut script = Script::with(&[MODERATOR], &[(1, Participant), (2, Participant)]);
    let did = script.leaves(1);
    assert_eq!((did.tones(), did.ended()), (vec![], None));
    assert_eq!(script.leaves(2).ended(), Some(Cause::Empty));
}

#[test]
fn a_waiting_caller_may_mute_itself_and_is_so_when_it_comes_in() {
    let mut script = Script::with(&[MODERATOR], &[(1, Participant)]);
    let toggle = Command::ToggleMute { leg: LegId(1) };
    assert_eq!(script.asks(leg(1), toggle).told(1), "now_muted");
    let did = script.joins(2, Host);
    assert_eq!(
        did.told(1),
        "meeting_starts muted_may_unmute there_are 2 people_in_meeting"
    );
    assert_eq!(did.route(1), Some((false, Hears::Room)));
}

#[test]
fn a_waiting_caller_may_leave_by_key() {
    let mut script = Script::with(&[MODERATOR], &[(1, Participant), (2, Participant)]);
    let did = script.asks(leg(1), Command::Drop { leg: LegId(1) });
    assert_eq!(
        (did.told(1).as_str(), did.dropped()),
        ("goodbye", vec![(1, Cause::Left)])
    );
    assert_eq!(did.tones(), []);
    let left = Event::Left {
        leg: LegId(1),
        cause: Cause::Left,
    };
    assert_eq!(did.events_by(), [(Actor::Leg(LegId(1)), left)]);
}
