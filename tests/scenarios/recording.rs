//! Recordings, by keypad, by REST and by themselves.

use api::{CommandError, LiveCommand};
use bridge::control::{Input, MediaReport, Ticket};
use model::{Actor, Command, Event, RecordingEnd, RecordingFault, Sid};
use serde_json::{Value, json};
use world::{CONF, EPOCH_MS, Level, PhoneId, ROOM, Settings, Site, World};

const MEETING: &str = "/meetings/106131";

/// A host, a participant and a listener in the demo's room, with everything said.
fn three(attributes: &[(&'static str, &'static str)]) -> (World, [PhoneId; 3]) {
    let mut world = World::room(attributes);
    let phones = ["111#", "222#", "333#"].map(|code| world.enter(CONF, code));
    world.pass(5_000);
    (world, phones)
}

/// How the recordings ordered so far ended.
fn ends(world: &World) -> Vec<Option<RecordingEnd>> {
    world.mixer.recorded.iter().map(|(_, end)| *end).collect()
}

/// What was told of recordings, and who had it so.
fn told(world: &World) -> Vec<(Actor, Event)> {
    let of_recordings = |(_, event): &(Actor, Event)| {
        matches!(
            event,
            Event::RecordingStarted { .. } | Event::RecordingStopped { .. } | Event::RecordingFailed { .. }
        )
    };
    world.decided().into_iter().filter(of_recordings).collect()
}

fn put(site: &Site, on: bool) -> (u16, Value) {
    site.ask("PUT", MEETING, &json!({"isRecording": on}).to_string())
}

#[test]
fn a_host_records_by_key_everybody_hears_so_and_the_event_names_the_file() {
    let (mut world, [host, ann, _]) = three(&[]);
    let (created, id) = (world.meeting(ROOM).created_ms, world.meeting(ROOM).id);
    world.key(host, "*9");
    let asked = EPOCH_MS + world.ms() as i64 - 250;
    assert_eq!(world.announced("recording_started"), 1);
    assert!(world.meeting(ROOM).recording);
    let [(order, None)] = &world.mixer.recorded[..] else {
        panic!("{:?}", world.mixer.recorded)
    };
    let file = format!("{created}-{id}-1.ogg");
    assert_eq!(
        (order.room, order.number, order.take, &order.file),
        (id, ROOM, 1, &file)
    );
    assert_eq!(
        (order.started_by, order.started_ms),
        ("host", asked),
        "a role and no number"
    );
    world.key(ann, "*9");
    assert_eq!(world.last_words(ann), ["command_not_allowed"]);
    world.pass(60_000);
    world.key(host, "*9");
    assert_eq!(world.announced("recording_stopped"), 1);
    assert!(!world.meeting(ROOM).recording);
    assert_eq!(ends(&world), [Some(RecordingEnd::Asked)]);
    let by = Actor::Leg(world.leg(host));
    let stopped = Event::RecordingStopped {
        file: file.clone(),
        end: RecordingEnd::Asked,
        gap_ms: 0,
    };
    assert_eq!(
        told(&world),
        [(by.clone(), Event::RecordingStarted { file }), (by, stopped)]
    );
}

#[test]
fn the_roles_and_keys_are_those_of_the_attributes() {
    let mut world = World::with(Settings {
        attributes: vec![
            // Not `*7`, with which the other one begins.
            (Level::Group, "conference_lock_dtmf_binding", "*77"),
            (Level::Group, "recording_dtmf_binding", "*78"),
            (Level::Room, "recording_dtmf", "p"),
        ],
        ..Settings::default()
    });
    let [host, ann] = ["111#", "222#"].map(|code| world.enter(CONF, code));
    world.key(host, "*78");
    assert_eq!(world.last_words(host), ["command_not_allowed"]);
    world.key(ann, "*78");
    assert!(world.meeting(ROOM).recording);
    assert_eq!(world.mixer.recorded[0].0.started_by, "participant");
}

#[test]
fn a_client_records_by_rest_and_reads_whether_it_is_so() {
    let (world, _) = three(&[]);
    let site = Site::new(world);
    let read = || site.ask("GET", MEETING, "").1["isRecording"].clone();
    assert_eq!(read(), json!(false));
    let (status, answer) = put(&site, true);
    assert_eq!(
        (status, &answer["isRecording"], read()),
        (200, &json!(true), json!(true))
    );
    assert_eq!(put(&site, true).0, 200, "as it is");
    assert_eq!(site.world().announced("recording_started"), 1);
    assert_eq!(site.world().mixer.recorded[0].0.started_by, "user");
    let (status, answer) = put(&site, false);
    assert_eq!(
        (status, &answer["isRecording"], read()),
        (200, &json!(false), json!(false))
    );
    let world = site.world();
    assert!(matches!(
        &told(&world)[..],
        [(Actor::User(_), _), (Actor::User(_), _)]
    ));
    let actions: Vec<_> = world.audit().into_iter().map(|change| change.action).collect();
    assert_eq!(actions, ["set_recording"; 2], "what was so already is none");
}

#[test]
fn a_recording_that_fails_to_begin_is_answered_with_the_reason_and_not_in_the_audit() {
    let (mut world, _) = three(&[]);
    world.mixer.recorder_fault = Some(RecordingFault::DiskFull);
    let site = Site::new(world);
    let body = json!({"isRecording": true, "isSecured": true}).to_string();
    let (status, answer) = site.ask("PUT", MEETING, &body);
    assert_eq!(
        (
            status,
            &answer["errors"][0]["field"],
            &answer["errors"][0]["message"]
        ),
        (503, &json!("isRecording"), &json!("the disk is too full"))
    );
    let (_, meeting) = site.ask("GET", MEETING, "");
    assert_eq!(
        (&meeting["isRecording"], &meeting["isSecured"]),
        (&json!(false), &json!(true))
    );
    let mut world = site.world();
    let actions: Vec<_> = world.audit().into_iter().map(|change| change.action).collect();
    assert_eq!(actions, ["set_lock"]);
    world.mixer.recorder_fault = None;
    drop(world);
    assert_eq!(put(&site, true).0, 200, "there is space again");
}

/// Asks for a recording, or for its end, without waiting for the answer.
fn asks(world: &mut World, on: bool) -> Ticket {
    let command = LiveCommand::Meeting(Command::SetRecording(on));
    let target = world.target(ROOM);
    world.ask(Actor::User(Sid::new("tester")), target, command)
}

#[test]
fn who_asks_for_a_recording_is_answered_once_it_has_begun_or_after_four_seconds() {
    let (mut world, _) = three(&[]);
    world.mixer.recorder_hangs = true;
    let first = asks(&mut world, true);
    world.pass(3_000);
    let second = asks(&mut world, true);
    let view = world.meeting(ROOM);
    assert_eq!((view.recording, view.recording_asked), (false, true));
    world.pass(999);
    assert_eq!(world.reply(first), None);
    world.pass(1);
    assert_eq!(world.reply(first), Some(Err(CommandError::Timeout)));
    assert_eq!(world.reply(second), None);
    let (room, take) = (world.meeting(ROOM).id, 1);
    world.input(Input::Media(MediaReport::RecordingBegan { room, take }));
    assert_eq!(world.reply(second), Some(Ok(())));
    assert!(world.meeting(ROOM).recording);
    let third = asks(&mut world, true);
    assert_eq!(world.reply(third), Some(Ok(())), "it is so already");
    world.pass(10_000);
    assert_eq!(world.reply(second), None, "each is answered once");
}

#[test]
fn who_waits_for_a_recording_is_answered_when_it_is_stopped_or_the_meeting_ends() {
    let (mut world, phones) = three(&[]);
    world.mixer.recorder_hangs = true;
    let waiting = asks(&mut world, true);
    let stopped = asks(&mut world, false);
    assert_eq!(
        [waiting, stopped].map(|ticket| world.reply(ticket)),
        [Some(Ok(())), Some(Ok(()))]
    );
    assert!(!world.meeting(ROOM).recording_asked);
    let waiting = asks(&mut world, true);
    for phone in phones {
        world.hang_up(phone);
    }
    assert_eq!(world.reply(waiting), Some(Ok(())));
}

#[test]
fn what_the_settings_forbid_is_refused_by_its_field_with_the_reason() {
    for (name, value, reason) in [
        ("conference_recording", "off", "conference_recording is off"),
        ("conference_start_how", "explicit", "has not started yet"),
    ] {
        let (world, [host, _, _]) = three(&[(name, value)]);
        let site = Site::new(world);
        let (status, answer) = put(&site, true);
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (400, &json!("isRecording")),
            "{name}"
        );
        assert!(answer.to_string().contains(reason), "{answer}");
        site.world().key(host, "*9");
        assert!(site.world().mixer.recorded.is_empty(), "{name}");
        assert_eq!(site.world().announced("recording_started"), 0);
    }
    let (mut world, [host, _, _]) = three(&[("conference_recording", "off")]);
    world.key(host, "*9");
    assert_eq!(world.last_words(host), ["recording_not_allowed"]);
}

#[test]
fn methods_of_later_versions_are_refused_by_their_name() {
    let mut world = World::with(Settings {
        attributes: vec![(Level::Group, "recording_method", "remote+pin")],
        ..Settings::default()
    });
    world.enter(CONF, "111#");
    let site = Site::new(world);
    let (status, answer) = put(&site, true);
    assert_eq!(
        (status, &answer["errors"][0]["field"]),
        (400, &json!("isRecording"))
    );
    assert!(answer.to_string().contains("recording_method"), "{answer}");
}

#[test]
fn a_bridge_that_records_no_more_meetings_refuses_by_rest_and_says_so_by_key() {
    for (recordings, reason, fault) in [
        (0, "configured not to record", RecordingFault::SwitchedOff),
        (1, "as many meetings as it may", RecordingFault::TooMany),
    ] {
        let mut world = World::with(Settings {
            recordings,
            ..Settings::default()
        });
        let [other, host] = ["4711#", "111#"].map(|code| world.enter(CONF, code));
        world.key(other, "*9");
        let begun = world.mixer.recorded.len();
        assert_eq!(begun, recordings);
        let site = Site::new(world);
        let (status, answer) = put(&site, true);
        assert_eq!(
            (status, &answer["errors"][0]["field"]),
            (400, &json!("isRecording"))
        );
        assert!(answer.to_string().contains(reason), "{answer}");
        let mut world = site.world();
        world.key(host, "*9");
        let failed = told(&world).pop();
        assert_eq!(failed, Some((Actor::Bridge, Event::RecordingFailed { fault })));
        assert!(world.announced("recording_failed") >= 1 && !world.meeting(ROOM).recording);
        assert_eq!(world.mixer.recorded.len(), begun);
    }
}

#[test]
fn auto_records_from_the_start_on_and_who_comes_later_hears_so() {
    let (mut world, [host, _, _]) = three(&[("conference_recording", "auto")]);
    assert_eq!(
        (world.announced("recording_started"), world.mixer.recorded.len()),
        (1, 1)
    );
    assert_eq!(world.mixer.recorded[0].0.started_by, "bridge");
    let late = world.enter(CONF, "222#");
    assert_eq!(world.heard(late, "this_meeting_is_recorded"), 1);
    assert_eq!(
        world.heard(host, "this_meeting_is_recorded"),
        1,
        "the room is faint beneath what is said to who starts it"
    );
    world.key(host, "*9");
    let later = world.enter(CONF, "222#");
    assert_eq!(world.heard(later, "this_meeting_is_recorded"), 0);
}

#[test]
fn auto_leaves_out_the_waiting_music() {
    let mut world = World::room(&[
        ("conference_recording", "auto"),
        ("conference_start_how", "moderator"),
    ]);
    let waiting = world.enter(CONF, "222#");
    world.pass(60_000);
    assert!(world.mixer.recorded.is_empty());
    world.enter(CONF, "111#");
    assert_eq!(world.heard(waiting, "this_meeting_is_recorded"), 1);
    let (order, _) = &world.mixer.recorded[0];
    assert!(order.started_ms >= EPOCH_MS + 60_000);
}

#[test]
fn it_ends_with_the_meeting() {
    let (mut world, phones) = three(&[]);
    world.key(phones[0], "*9");
    for phone in phones {
        world.hang_up(phone);
    }
    assert_eq!(ends(&world), [Some(RecordingEnd::MeetingEnded)]);
    let events: Vec<_> = world.events().cloned().collect();
    assert!(
        matches!(
            &events[events.len() - 2..],
            [Event::RecordingStopped { .. }, Event::Ended { .. }]
        ),
        "{events:?}"
    );
    assert_eq!(world.mixer.nonsense, Vec::<String>::new());
}

#[test]
fn with_stop_how_moderator_it_ends_a_while_after_the_last_host_and_one_who_is_back_keeps_it() {
    let stop = [("recording_stop_how", "moderator"), ("recording_stop_wait", "30")];
    let (mut world, [host, ann, _]) = three(&stop);
    world.key(host, "*9");
    world.hang_up(host);
    world.pass(20_000);
    let back = world.enter(CONF, "111#");
    world.pass(60_000);
    assert_eq!(ends(&world), [None]);
    world.hang_up(back);
    world.pass(29_000);
    assert_eq!(ends(&world), [None]);
    world.pass(2_000);
    assert_eq!(ends(&world), [Some(RecordingEnd::HostLeft)]);
    assert_eq!(world.announced("recording_stopped"), 1);
    assert_eq!(world.end_of(ann), None, "the meeting goes on");
}

#[test]
fn a_disk_that_fails_is_an_alarm_and_never_the_end_of_a_call() {
    let (mut world, [host, ann, _]) = three(&[]);
    let fault = RecordingFault::DiskFull;
    world.mixer.recorder_fault = Some(fault);
    world.key(host, "*9");
    assert_eq!(told(&world), [(Actor::Bridge, Event::RecordingFailed { fault })]);
    assert_eq!(
        (
            world.announced("recording_failed"),
            world.announced("recording_started")
        ),
        (1, 0)
    );
    assert!(!world.meeting(ROOM).recording);
    // Later there is space, and then the disk breaks.
    world.mixer.recorder_fault = None;
    world.key(host, "*9");
    let (room, take, ms) = (world.meeting(ROOM).id, 2, 120);
    world.input(Input::Media(MediaReport::RecordingGap { room, take, ms }));
    let fault = RecordingFault::Disk;
    world.input(Input::Media(MediaReport::RecordingFailed { room, take, fault }));
    let events: Vec<_> = told(&world).into_iter().map(|(_, event)| event).skip(2).collect();
    let file = world.mixer.recorded[1].0.file.clone();
    let end = RecordingEnd::Failed;
    let stopped = Event::RecordingStopped {
        file,
        end,
        gap_ms: ms,
    };
    assert_eq!(events, [Event::RecordingFailed { fault }, stopped]);
    assert_eq!(world.announced("recording_stopped"), 1);
    assert_eq!([host, ann].map(|phone| world.end_of(phone)), [None, None]);
    // What it tells of one that is over is nothing to anybody.
    world.input(Input::Media(MediaReport::RecordingFailed { room, take, fault }));
    assert_eq!(told(&world).len(), 4);
}

#[test]
fn a_simulated_call_hears_that_the_meeting_is_recorded() {
    let (world, _) = three(&[("conference_recording", "auto")]);
    let site = Site::new(world);
    let body = json!({"did": CONF, "caller": "+12025550123", "digits": "222#"}).to_string();
    let (status, answer) = site.ask("POST", "/simulate", &body);
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer.to_string().contains("this_meeting_is_recorded"),
        "{answer}"
    );
}
