//! Locked, full, waiting, in: steps 9, 10, 14 and 15.

use api::LiveCommand;
use meeting::Hears;
use model::{CallState, Cause, Command, Event, MeetingState, Role};
use world::{CONF, PhoneId, ROOM, World};

/// Lets everything be said and checks that a caller was refused in these words for this cause.
fn assert_refused(world: &mut World, phone: PhoneId, words: [&str; 2], cause: Cause) {
    assert_eq!(world.last_words(phone), words);
    assert!(!world.mixer.routes.contains_key(&world.leg(phone)));
    world.pass(5_000);
    assert!(world.has_got(phone, "BYE"));
    assert_eq!(world.end_of(phone), Some(cause));
    let leg = world.leg(phone);
    assert!(world.logged(&Event::Refused { leg, cause }));
    assert!(!world.logged(&Event::Left { leg, cause }));
    assert_eq!(world.cdr(phone).unwrap().joined_ms, None);
}

#[test]
fn a_locked_meeting_refuses_all_but_hosts_until_it_is_unlocked() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    world.key(host, "*7");
    for code in ["222#", "333#"] {
        let guest = world.enter(CONF, code);
        assert_refused(&mut world, guest, ["locked_out", "goodbye"], Cause::Locked);
    }
    let second = world.enter(CONF, "111#");
    assert_eq!(world.view(second).state, CallState::InMeeting);
    world.key(second, "*7");
    let guest = world.enter(CONF, "222#");
    assert_eq!(world.view(guest).state, CallState::InMeeting);
}

#[test]
fn a_full_meeting_refuses_hosts_too_until_somebody_leaves() {
    let mut world = World::room(&[("conference_maxcalls", "2")]);
    let guest = world.enter(CONF, "222#");
    world.enter(CONF, "333#");
    for code in ["111#", "222#", "333#"] {
        let late = world.enter(CONF, code);
        assert_refused(&mut world, late, ["meeting_full", "goodbye"], Cause::MeetingFull);
    }
    world.hang_up(guest);
    let late = world.enter(CONF, "111#");
    assert_eq!(world.view(late).state, CallState::InMeeting);
}

#[test]
fn places_are_counted_by_role_as_well() {
    let codes = [
        ("111#", Role::Host),
        ("222#", Role::Participant),
        ("333#", Role::Listener),
    ];
    for (limits, full) in [
        ("1:-1:-1", Role::Host),
        ("-1:1:-1", Role::Participant),
        ("-1:-1:1", Role::Listener),
    ] {
        let mut world = World::room(&[("conference_maxcallsperrole", limits)]);
        for (code, _) in codes {
            world.enter(CONF, code);
        }
        for (code, role) in codes {
            let late = world.enter(CONF, code);
            if role == full {
                assert_refused(&mut world, late, ["meeting_full", "goodbye"], Cause::RoleFull);
            } else {
                assert_eq!(world.view(late).role, Some(role), "{limits}");
            }
        }
    }
}

#[test]
fn those_who_wait_take_places_too() {
    let mut world = World::room(&[("conference_start_how", "explicit"), ("conference_maxcalls", "1")]);
    world.enter(CONF, "222#");
    let late = world.enter(CONF, "111#");
    assert_refused(&mut world, late, ["meeting_full", "goodbye"], Cause::MeetingFull);
}

#[test]
fn a_meeting_that_refuses_its_first_caller_is_over_and_recorded() {
    let mut world = World::room(&[("conference_maxcalls", "0")]);
    let phone = world.enter(CONF, "111#");
    assert_refused(&mut world, phone, ["meeting_full", "goodbye"], Cause::MeetingFull);
    assert!(world.live.meetings.is_empty() && world.mixer.rooms.is_empty());
    assert_eq!((world.mdrs().len(), world.mdrs()[0].calls), (1, 0));
}

#[test]
fn callers_wait_with_music_and_hear_why_at_once_and_every_minute() {
    for (how, first, again) in [
        ("moderator", "waiting_for_host", "still_waiting_for_host"),
        ("explicit", "waiting_for_start", "waiting_for_start"),
    ] {
        let mut world = World::room(&[("conference_start_how", how)]);
        let phone = world.enter(CONF, "222#");
        let began = world.times(phone, first)[0];
        assert_eq!((world.speaks(phone), world.hears(phone)), (false, Hears::Music));
        assert_eq!(world.view(phone).state, CallState::Menu);
        assert_eq!(world.meeting(ROOM).state, MeetingState::Waiting);
        world.pass(200_000);
        let mut times = world.times(phone, first);
        times.extend(world.times(phone, again));
        times.sort_unstable();
        times.dedup();
        assert_eq!(times, [0, 60_000, 120_000, 180_000].map(|ms| began + ms), "{how}");
    }
}

#[test]
fn who_waited_in_vain_is_told_so_and_released() {
    for (how, words) in [("moderator", "host_did_not_arrive"), ("explicit", "not_started")] {
        let mut world = World::room(&[("conference_start_how", how), ("conference_start_wait", "90")]);
        let phone = world.enter(CONF, "222#");
        world.pass(89_000);
        assert!(!world.has_got(phone, "BYE"));
        world.pass(5_000);
        assert_eq!(world.last_words(phone), [words, "goodbye"]);
        assert_eq!(world.end_of(phone), Some(Cause::NotStarted));
        let mdr = world.mdrs()[0];
        assert_eq!((mdr.started_ms, mdr.calls), (None, 0));
        assert!(world.live.meetings.is_empty());
    }
}

#[test]
fn each_start_rule_starts_with_whom_it_says() {
    for (how, code, starts) in [
        ("first", "333#", true),
        ("moderator", "333#", false),
        ("moderator", "222#", false),
        ("moderator", "111#", true),
        ("explicit", "111#", false),
    ] {
        let mut world = World::room(&[("conference_start_how", how)]);
        let phone = world.enter(CONF, code);
        let started = world.view(phone).state == CallState::InMeeting;
        assert_eq!(started, starts, "{how} {code}");
        assert_eq!(world.logged(&Event::Started), starts, "{how} {code}");
        assert_eq!(world.meeting(ROOM).started_ms.is_some(), starts);
    }
}

#[test]
fn the_start_lets_everybody_in_who_waited_and_they_hear_so() {
    let mut world = World::room(&[("conference_start_how", "moderator")]);
    let guests = ["222#", "333#"].map(|code| world.enter(CONF, code));
    let host = world.enter(CONF, "111#");
    for guest in guests {
        assert_eq!(world.hears(guest), Hears::Room);
        assert_eq!(world.view(guest).state, CallState::InMeeting);
        let words = world.last_words(guest);
        assert_eq!(words[0], "meeting_starts");
        assert!(
            words.ends_with(&["there_are", "number_3", "people_in_meeting"]),
            "{words:?}"
        );
    }
    assert_eq!(world.heard(host, "meeting_starts"), 0);
    assert!(world.speaks(guests[0]));
    assert!(!world.speaks(guests[1]));
}

#[test]
fn a_command_starts_what_waits_for_one_and_only_once() {
    let mut world = World::room(&[("conference_start_how", "explicit")]);
    let phone = world.enter(CONF, "222#");
    let start = || LiveCommand::Meeting(Command::Start);
    assert_eq!(world.request(world.target(ROOM), start()), Ok(()));
    assert_eq!(world.view(phone).state, CallState::InMeeting);
    assert_eq!(world.heard(phone, "meeting_starts"), 1);
    world.request(world.target(ROOM), start()).unwrap();
    assert_eq!(world.heard(phone, "meeting_starts"), 1);
    let later = world.enter(CONF, "222#");
    assert_eq!(world.view(later).state, CallState::InMeeting);
}

#[test]
fn who_waits_may_leave_by_its_keys_and_is_missed_by_nobody() {
    let mut world = World::room(&[("conference_start_how", "moderator")]);
    let phone = world.enter(CONF, "222#");
    world.key(phone, "##");
    world.pass(5_000);
    assert_eq!(world.cause(), Cause::Left);
    assert_eq!(world.announced("exit_tone"), 0);
}

#[test]
fn each_hears_its_own_state_and_the_head_count_as_it_comes_in() {
    for (attributes, code, words) in [
        (vec![], "111#", vec!["only_person"]),
        (vec![], "333#", vec!["you_are_muted", "only_person"]),
        (
            vec![("conference_mute_policy", "p")],
            "222#",
            vec!["you_are_muted", "only_person"],
        ),
        (
            vec![("conference_hold_policy", "p")],
            "222#",
            vec!["you_are_on_hold", "only_person"],
        ),
        (
            vec![("call_announceparticipantcount", "h")],
            "111#",
            vec!["only_person"],
        ),
        (vec![("call_announceparticipantcount", "h")], "222#", vec![]),
    ] {
        let mut world = World::room(&attributes);
        let phone = world.enter(CONF, code);
        let said = world.last_words(phone);
        let greeting = ["welcome", "enter_code"];
        assert_eq!(
            said,
            if words.is_empty() {
                greeting.to_vec()
            } else {
                words
            },
            "{code}"
        );
        assert_eq!(world.announced("entry_tone"), 1);
    }
}

#[test]
fn entry_tones_can_be_off_and_exit_tones_too() {
    for (entry, exit) in [("on", "on"), ("on", "off"), ("off", "on"), ("off", "off")] {
        let mut world = World::room(&[("conference_entrytones", entry), ("conference_exittones", exit)]);
        world.enter(CONF, "111#");
        world.pass(2_000);
        let guest = world.enter(CONF, "222#");
        world.pass(2_000);
        world.hang_up(guest);
        let tones = [("on", 2), ("off", 0)]
            .iter()
            .find(|(word, _)| *word == entry)
            .unwrap()
            .1;
        assert_eq!(world.announced("entry_tone"), tones);
        assert_eq!(world.announced("exit_tone"), usize::from(exit == "on"));
    }
}
