use meeting::Output;
use model::Role::{Host, Listener, Participant};
use model::{Actor, Command, Event, RecordingEnd, RecordingFault};

use crate::script::{Did, Script, leg, rest};

const FIRST: &str = "meeting-1.ogg";

fn three(settings: &[(&str, &str)]) -> Script {
    Script::with(settings, &[(1, Host), (2, Participant), (3, Listener)])
}

fn started(file: &str) -> Event {
    Event::RecordingStarted { file: file.into() }
}

fn stopped(file: &str, end: RecordingEnd) -> Event {
    Event::RecordingStopped {
        file: file.into(),
        end,
        gap_ms: 0,
    }
}

/// Takes ordered and ended in a step.
fn ordered(did: &Did) -> Vec<(u32, Option<RecordingEnd>)> {
    let order = |output: &Output| {
        if let Output::EndRecording { take, end } = output {
            return Some((*take, Some(*end)));
        }
        let Output::Record { take, .. } = output else {
            return None;
        };
        Some((*take, None))
    };
    did.0.iter().filter_map(order).collect()
}

#[test]
fn the_key_starts_and_stops_it_and_everybody_hears_so() {
    let mut script = three(&[]);
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(did.events_by(), [(leg(1), started(FIRST))]);
    assert_eq!(
        (ordered(&did), did.announced().as_str()),
        (vec![(1, None)], "recording_started")
    );
    assert!(script.meeting.recording() && script.meeting.recorded());
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(did.events_by(), [(leg(1), stopped(FIRST, RecordingEnd::Asked))]);
    assert_eq!(
        (ordered(&did), did.announced().as_str()),
        (vec![(1, Some(RecordingEnd::Asked))], "recording_stopped")
    );
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(did.events(), [started("meeting-2.ogg")], "another file each time");
}

#[test]
fn the_room_is_told_when_it_is_so_and_who_comes_just_before_hears_it_apart() {
    let mut script = three(&[]);
    script.recorder = None;
    let did = script.asks(rest(), Command::SetRecording(true));
    assert_eq!((did.events(), did.announced().as_str()), (vec![], ""));
    assert!(script.meeting.recording(), "it is on its way");
    assert!(!script.meeting.recorded(), "it has not begun");
    assert_eq!(
        script.joins(4, Participant).told(4),
        "this_meeting_is_recorded there_are 4 people_in_meeting"
    );
    assert_eq!(script.asks(rest(), Command::SetRecording(true)).0, []);
    assert_eq!(script.refusal(), Some("already so"));
    let did = script.asks(Actor::Bridge, Command::RecordingBegan { take: 1 });
    assert_eq!(did.events_by(), [(rest(), started(FIRST))], "by whoever asked");
    assert_eq!(did.announced(), "recording_started");
    assert_eq!(
        script.asks(Actor::Bridge, Command::RecordingBegan { take: 1 }).0,
        []
    );
}

#[test]
fn one_that_is_stopped_before_it_began_was_none() {
    let mut script = three(&[]);
    script.recorder = None;
    script.asks(leg(1), Command::ToggleRecording);
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!((did.events(), did.announced().as_str()), (vec![], ""));
    assert_eq!(
        (ordered(&did).len(), did.told(1).as_str()),
        (1, "recording_stopped")
    );
    for command in [
        Command::RecordingBegan { take: 1 },
        Command::RecordingGap { take: 1, ms: 20 },
        Command::RecordingFailed {
            take: 1,
            fault: RecordingFault::Disk,
        },
    ] {
        assert_eq!(script.asks(Actor::Bridge, command).0, []);
        assert_eq!(script.refusal(), Some("no such recording"));
    }
}

#[test]
fn who_comes_later_hears_that_it_is_recorded_and_who_comes_after_it_does_not() {
    let mut script = three(&[]);
    script.asks(leg(1), Command::ToggleRecording);
    let told = script.joins(4, Participant).told(4);
    assert_eq!(told, "this_meeting_is_recorded there_are 4 people_in_meeting");
    script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(
        script.joins(5, Participant).told(5),
        "there_are 5 people_in_meeting"
    );
}

#[test]
fn who_is_on_hold_hears_of_it_too() {
    let mut script = three(&[]);
    script.asks(leg(1), Command::ToggleHold);
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!([2, 3].map(|number| did.told(number)), ["recording_started"; 2]);
}

#[test]
fn where_it_is_off_it_is_refused_and_one_that_runs_ends_when_it_is_switched_off() {
    let mut script = three(&[("conference_recording", "off")]);
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(
        (ordered(&did), did.told(1).as_str()),
        (vec![], "recording_not_allowed")
    );
    let off = Some("conference_recording is off");
    assert_eq!(script.refusal(), off);
    assert_eq!(script.meeting.refuses(&Command::SetRecording(true), false), off);
    assert_eq!(script.meeting.refuses(&Command::SetRecording(false), false), None);
    let mut script = three(&[]);
    script.asks(leg(1), Command::ToggleRecording);
    let did = script.sets("conference_recording", "off");
    assert!(did.has(&stopped(FIRST, RecordingEnd::Asked)), "{did:?}");
    assert_eq!(did.announced(), "recording_stopped");
}

#[test]
fn methods_that_are_not_available_are_refused_by_their_name() {
    for method in ["remote", "remote+pin", "local+pin"] {
        let mut script = three(&[("recording_method", method), ("conference_recording", "auto")]);
        assert!(!script.meeting.recording(), "{method}");
        let did = script.asks(leg(1), Command::ToggleRecording);
        assert_eq!(
            (ordered(&did), did.told(1).as_str()),
            (vec![], "recording_not_allowed")
        );
        let why = script
            .meeting
            .refuses(&Command::SetRecording(true), false)
            .expect(method);
        assert!(
            why.contains("recording_method") && why.contains("only local"),
            "{why}"
        );
    }
}

#[test]
fn it_waits_for_the_start_of_the_meeting() {
    let mut script = Script::with(&[("conference_start_how", "explicit")], &[(1, Host)]);
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!((ordered(&did), did.told(1).as_str()), (vec![], "not_available"));
    let why = script.meeting.refuses(&Command::SetRecording(true), false);
    assert_eq!(why, Some("the meeting has not started yet"));
}

#[test]
fn auto_begins_with_the_meeting_and_not_with_the_music() {
    let settings = [
        ("conference_recording", "auto"),
        ("conference_start_how", "moderator"),
    ];
    let mut script = Script::new(&settings);
    assert_eq!(ordered(&script.joins(2, Participant)), []);
    script.wait(30);
    let did = script.joins(1, Host);
    assert_eq!(ordered(&did), [(1, None)]);
    assert!(
        did.events_by().contains(&(Actor::Bridge, started(FIRST))),
        "{did:?}"
    );
    assert_eq!(did.announced(), "recording_started");
    // It may be stopped, and begins anew only when somebody says so.
    script.asks(leg(1), Command::ToggleRecording);
    script.wait(600);
    assert!(!script.meeting.recording());
}

#[test]
fn it_ends_with_the_meeting_whoever_ends_that() {
    let all = [
        Command::Stop,
        Command::Leave {
            leg: model::LegId(1),
            cause: model::Cause::HungUp,
        },
    ];
    for command in all {
        let mut script = Script::with(&[], &[(1, Host)]);
        script.asks(leg(1), Command::ToggleRecording);
        let did = script.asks(leg(1), command);
        let end = RecordingEnd::MeetingEnded;
        let events = did.events();
        let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).expect("it is told");
        assert_eq!(ordered(&did), [(1, Some(end))]);
        assert!(events.contains(&stopped(FIRST, end)));
        assert!(
            place(|event| matches!(event, Event::RecordingStopped { .. }))
                < place(|event| matches!(event, Event::Ended { .. }))
        );
        assert_eq!(did.announced(), "", "the last words are of the meeting");
    }
}

#[test]
fn with_stop_how_moderator_it_ends_some_time_after_the_last_host_left() {
    let settings = [("recording_stop_how", "moderator"), ("recording_stop_wait", "60")];
    let mut script = three(&settings);
    script.asks(leg(1), Command::ToggleRecording);
    script.leaves(1);
    assert_eq!(script.wait(59).events(), []);
    script.joins(4, Host);
    script.wait(300);
    assert!(script.meeting.recording(), "one came back");
    script.leaves(4);
    assert_eq!(script.wait(59).events(), []);
    let did = script.wait(1);
    let end = RecordingEnd::HostLeft;
    assert_eq!(did.events_by(), [(Actor::Bridge, stopped(FIRST, end))]);
    assert_eq!(did.announced(), "recording_stopped");
    assert_eq!(script.legs(), [2, 3], "the meeting goes on");
}

#[test]
fn with_stop_how_last_or_where_no_host_was_it_goes_on_without_hosts() {
    let mut script = three(&[]);
    script.asks(leg(1), Command::ToggleRecording);
    script.leaves(1);
    script.wait(3_600);
    assert!(script.meeting.recording());
    let did = script.sets("recording_stop_how", "moderator");
    assert_eq!(did.events().len(), 1, "from now on");
    script.wait(179);
    assert!(script.meeting.recording());
    script.wait(1);
    assert!(!script.meeting.recording(), "the default wait is three minutes");
    script.asks(rest(), Command::SetRecording(true));
    script.wait(3_600);
    assert!(script.meeting.recording(), "no host has left it");
}

#[test]
fn one_that_cannot_begin_is_an_alarm_and_everybody_hears_so() {
    let mut script = three(&[]);
    let fault = RecordingFault::DiskFull;
    script.recorder = Some(Err(fault));
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(
        did.events_by(),
        [(Actor::Bridge, Event::RecordingFailed { fault })]
    );
    assert_eq!(did.announced(), "recording_failed");
    assert!(!script.meeting.recording());
    assert_eq!(script.wait(600).0, [], "it is not tried again by itself");
    script.recorder = Some(Ok(()));
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(did.events(), [started("meeting-2.ogg")]);
}

#[test]
fn one_that_fails_on_its_way_ends_with_its_gaps_and_the_meeting_goes_on() {
    let mut script = three(&[]);
    script.asks(leg(1), Command::ToggleRecording);
    for ms in [40, 100, u32::MAX] {
        assert_eq!(
            script
                .asks(Actor::Bridge, Command::RecordingGap { take: 1, ms })
                .0,
            []
        );
    }
    let fault = RecordingFault::Disk;
    let did = script.asks(Actor::Bridge, Command::RecordingFailed { take: 1, fault });
    let end = Event::RecordingStopped {
        file: FIRST.into(),
        end: RecordingEnd::Failed,
        gap_ms: u32::MAX,
    };
    assert_eq!(did.events(), [Event::RecordingFailed { fault }, end]);
    assert_eq!(did.announced(), "recording_stopped");
    assert_eq!(ordered(&did), [(1, Some(RecordingEnd::Failed))]);
    assert_eq!(script.legs(), [1, 2, 3]);
}

#[test]
fn recordings_bear_the_name_they_are_given() {
    let mut script = three(&[]);
    script.meeting.name_recordings("1700-42".to_owned());
    let did = script.asks(leg(1), Command::ToggleRecording);
    assert_eq!(did.events(), [started("1700-42-1.ogg")]);
}
