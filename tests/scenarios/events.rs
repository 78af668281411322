//! What the world is told: in one order, numbered without gaps, never before the snapshot that includes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::{LiveCommand, Target};
use bridge::control::{Input, MediaReport, WallClock};
use model::attribute::AttributeId;
use model::{
    Actor, CallNews, CallState, Command, Event, Happening, KeyedCommand, LegId, MeetingId, Mute, MuteMask,
    News, NewsKind,
};
use store::IdKind;
use world::{CONF, PhoneId, ROOM, Settings, World};

use crate::operator;

/// Callers that come and go, 200 a second.
const CHURN: u64 = 800;

fn kinds(told: &[Arc<Happening>]) -> Vec<&'static str> {
    told.iter()
        .map(|happening| happening.news.kind().text())
        .collect()
}

pub(crate) fn talks(world: &mut World, phone: PhoneId, on: bool) {
    let leg = world.leg(phone);
    world.input(Input::Media(MediaReport::Talking { leg, on }));
}

pub(crate) fn scored(world: &mut World, phone: PhoneId, mos_hundredths: u16) {
    let leg = world.leg(phone);
    world.input(Input::Media(MediaReport::Scored { leg, mos_hundredths }));
}

#[test]
fn a_whole_meeting_is_told_in_order() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    talks(&mut world, host, true);
    scored(&mut world, host, 310);
    world.key(host, "*6");
    world.pass(5_000);
    let leg = world.leg(host);
    let name = LiveCommand::Meeting(Command::SetName {
        leg,
        name: "Ann".into(),
    });
    world.request(Target::Leg(leg), name).unwrap();
    world.key(host, "*6");
    world.pass(5_000);
    talks(&mut world, host, false);
    talks(&mut world, host, true);
    world.hang_up(host);
    let expected = [
        "call.ringing",
        "call.menu",
        "meeting.created",
        "meeting.started",
        "call.joined",
        "talking.on",
        "quality.alarm",
        "digits.command",
        "talking.off",
        "call.muted",
        "call.named",
        "digits.command",
        "call.muted",
        "talking.on",
        "talking.off",
        "talking.on",
        "talking.off",
        "quality.alarm",
        "call.left",
        "meeting.ended",
        "call.ended",
    ];
    assert_eq!(kinds(&world.told), expected);
    check(&world.told);
}

#[test]
fn a_call_is_told_of_with_both_its_ends_and_no_code_is() {
    let mut world = World::new();
    let phone = world.enter(CONF, "222#");
    world.key(phone, "99111#");
    for (kind, known) in [
        (NewsKind::CallRinging, true),
        (NewsKind::CallMenu, true),
        (NewsKind::CallJoined, true),
        (NewsKind::DigitsCommand, false),
    ] {
        let told = world.told.iter().find(|told| told.news.kind() == kind).unwrap();
        assert_eq!(told.party.is_some(), known, "{kind:?}");
        if let Some(party) = &told.party {
            assert_eq!(
                (party.callee.as_str(), &party.caller),
                (CONF, &world.view(phone).caller)
            );
        }
    }
    let codes = ["111", "222"];
    let news = world.told.iter().map(|told| format!("{:?}", told.news));
    assert!(
        news.into_iter()
            .all(|news| !codes.iter().any(|code| news.contains(code)))
    );
}

/// Who keyed which command, where that is what is told.
fn keyed(told: &Happening) -> Option<(LegId, &'static str)> {
    match &told.news {
        News::Call {
            leg,
            what: CallNews::Keyed(command),
        } if told.actor == Actor::Leg(*leg) => Some((*leg, command.text())),
        News::Call { .. } | News::Meeting(_) => None,
    }
}

#[test]
fn every_command_that_is_keyed_is_told_once_by_its_word_and_no_vote_is() {
    let mut world = operator::world();
    let [host, guest] = ["111#", "222#"].map(|keys| world.enter(CONF, keys));
    world.pass(5_000);
    let mut words = BTreeSet::new();
    for (phone, keys, word) in [
        (host, "*2", Some("count")),
        (host, "*3", Some("hold")),
        (host, "*4", Some("help")),
        (guest, "*4", Some("help")),
        (host, "*5", Some("muteOthers")),
        (guest, "*6", Some("mute")),
        (host, "*7", Some("lock")),
        (host, "*8", Some("tones")),
        (host, "*9", Some("record")),
        (host, "*1", Some("questions")),
        (guest, "*1", Some("hand")),
        (host, "91", Some("poll")),
        (guest, "5", None),
        (guest, "*0", Some("operator")),
        (guest, "*0", Some("operator")),
        (guest, "99123#", Some("rolePin")),
        (guest, "##", Some("leave")),
    ] {
        let (leg, from) = (world.leg(phone), world.told.len());
        world.key(phone, keys);
        world.pass(4_000);
        let keyed: Vec<_> = world.told[from..].iter().filter_map(|told| keyed(told)).collect();
        let expected: Vec<_> = word.into_iter().map(|word| (leg, word)).collect();
        assert_eq!(keyed, expected, "{keys}");
        words.extend(word);
    }
    let all = KeyedCommand::ALL.iter().map(|command| command.text());
    assert_eq!(words, all.collect::<BTreeSet<_>>(), "a command was not tried");
}

#[test]
fn nothing_is_told_before_the_snapshot_that_includes_it() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let mut told = world.told.len();
    let leg = world.leg(host);
    assert_eq!(world.live.calls[&leg].state, CallState::InMeeting);
    for (target, command, done) in [
        (
            world.target(ROOM),
            Command::SetLock(true),
            NewsKind::MeetingLocked,
        ),
        (
            Target::Leg(leg),
            Command::SetGain { leg, db: 3 },
            NewsKind::CallGain,
        ),
    ] {
        world.request(target, LiveCommand::Meeting(command)).unwrap();
        assert_eq!(world.told[told].news.kind(), done);
        told = world.told.len();
    }
    assert!(world.meeting(ROOM).locked);
    assert_eq!(world.live.calls[&leg].gain_db, 3);
    world.hang_up(host);
    assert!(world.live.calls.is_empty() && world.live.meetings.is_empty());
    assert_eq!(
        kinds(&world.told[told..]),
        ["call.left", "meeting.locked", "meeting.ended", "call.ended"]
    );
}

#[test]
fn modes_that_were_set_are_told_to_be_off_before_the_meeting_ends() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let room = world.target(ROOM);
    for command in [
        Command::SetMuteMode(MuteMask::HARD),
        Command::SetHoldMode(MuteMask::HARD),
    ] {
        world.request(room, LiveCommand::Meeting(command)).unwrap();
    }
    let told = world.told.len();
    world.hang_up(host);
    assert_eq!(
        kinds(&world.told[told..]),
        [
            "call.left",
            "meeting.muteMode",
            "meeting.holdMode",
            "meeting.ended",
            "call.ended"
        ]
    );
    for off in [
        Event::MuteModeSet(MuteMask::OPEN),
        Event::HoldModeSet(MuteMask::OPEN),
    ] {
        assert!(world.logged(&off), "{off:?}");
    }
}

#[test]
fn whoever_leaves_muted_and_held_is_told_to_be_neither_before_and_not_to_talk() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    talks(&mut world, host, true);
    let leg = world.leg(host);
    let (soft, hard) = (true, true);
    let mute = Mute { soft, hard };
    for command in [Command::SetMute { leg, mute }, Command::SetHold { leg, on: true }] {
        let command = LiveCommand::Meeting(command);
        world.request(Target::Leg(leg), command).unwrap();
    }
    let told = world.told.len();
    world.hang_up(host);
    assert_eq!(
        kinds(&world.told[told..]),
        [
            "call.muted",
            "call.held",
            "call.left",
            "meeting.ended",
            "call.ended"
        ]
    );
    check(&world.told);
}

#[test]
fn a_listener_who_talks_as_he_is_let_in_is_muted_from_the_start_and_not_told_to_talk() {
    let mut world = World::new();
    world.enter(CONF, "111#");
    let listener = world.call(CONF);
    world.pass(100);
    talks(&mut world, listener, true);
    let told = world.told.len();
    world.key(listener, "333#");
    world.pass(100);
    assert_eq!(kinds(&world.told[told..]), ["call.joined", "call.muted"]);
    world.hang_up(listener);
    let ends = [
        "call.joined",
        "call.muted",
        "call.muted",
        "call.left",
        "call.ended",
    ];
    assert_eq!(kinds(&world.told[told..]), ends);
}

#[test]
fn what_is_told_is_kept_in_the_same_order() {
    let mut world = World::new();
    let phones = ["111#", "222#"].map(|keys| world.enter(CONF, keys));
    phones.into_iter().for_each(|phone| world.hang_up(phone));
    let kept: Vec<_> = world.records.iter().filter_map(happening).collect();
    assert_eq!(kept, world.told);
}

#[test]
fn what_happens_is_dated_by_the_clock_of_the_machine_though_it_was_set_meanwhile() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    for set_ms in [DAY_MS, -2 * DAY_MS] {
        let at = world.now();
        let ms = world.control.wall_clock().ms(at) + set_ms;
        world.input(Input::Clock(WallClock { at, ms }));
        talks(&mut world, host, set_ms > 0);
        let dated = world.told.last().map(|told| told.at_ms);
        assert_eq!(dated, Some(ms));
    }
    world.hang_up(host);
    check(&world.told);
}

#[test]
fn of_a_meeting_that_is_not_live_the_log_alone_knows() {
    let mut world = World::room(&[("conference_realtime", "off")]);
    let phone = world.enter(CONF, "111#");
    talks(&mut world, phone, true);
    world.hang_up(phone);
    let live = world
        .told
        .iter()
        .filter(|told| told.is_live)
        .cloned()
        .collect::<Vec<_>>();
    assert_eq!(kinds(&live), ["call.ringing", "call.menu", "call.ended"]);
    assert!(world.log().len() > 5 && world.log().iter().all(|told| !told.is_live));
}

#[test]
fn the_last_that_is_told_of_a_meeting_is_that_nothing_more_will_be_and_the_first_that_it_will() {
    let mut world = World::new();
    let phone = world.enter(CONF, "111#");
    let switch = |world: &mut World, value: &str, told: &[&str]| {
        let before = world.told.len();
        let command = LiveCommand::Meeting(Command::SetAttribute {
            id: AttributeId::conference_realtime,
            value: Some(value.to_owned()),
        });
        assert_eq!(world.request(world.target(ROOM), command), Ok(()));
        talks(world, phone, value == "off");
        let live = world.told[before..].iter().filter(|told| told.is_live);
        assert_eq!(kinds(&live.cloned().collect::<Vec<_>>()), told, "{value}");
    };
    switch(&mut world, "off", &["meeting.attribute"]);
    switch(&mut world, "on", &["meeting.attribute", "talking.off"]);
}

#[test]
fn of_calls_that_nobody_answers_so_many_are_told_of_and_no_more() {
    let mut world = World::new();
    world.ports_left = false;
    // 20 a second after a burst of fifty times as many; the calls take 1.1 s.
    for _ in 0..1_100 {
        world.call(CONF);
    }
    let count = |kind| world.told.iter().filter(|told| told.news.kind() == kind).count();
    let rung = count(NewsKind::CallRinging);
    assert!((1_000..=1_022).contains(&rung), "{rung}");
    assert_eq!(
        count(NewsKind::CallEnded),
        rung,
        "what was told to begin is told to end"
    );
}

#[test]
fn what_is_not_told_for_want_of_an_id_leaves_no_gap_in_the_log() {
    // Enough for the call, its meeting, and its joining.
    let mut world = World::with(Settings {
        event_ids: 1..6,
        ..Settings::default()
    });
    world.event_ids_left = false;
    let host = world.enter(CONF, "111#");
    assert_eq!(kinds(&world.told).last(), Some(&"call.joined"));
    let lock = LiveCommand::Meeting(Command::SetLock(true));
    assert_eq!(world.request(world.target(ROOM), lock), Ok(()));
    let untold = world.control.counts().events_without_id;
    assert_eq!((world.told.len(), untold), (5, 1));
    let (kind, ids) = (IdKind::Happening, 10..20);
    world.input(Input::Ids { kind, ids });
    world.hang_up(host);
    assert_eq!(
        kinds(&world.told[5..]),
        ["call.left", "meeting.locked", "meeting.ended", "call.ended"]
    );
    check(&world.told);
}

#[test]
fn two_hundred_joins_and_leaves_a_second_are_told_without_gap_or_disorder() {
    let mut world = World::new();
    let stays = world.enter(CONF, "111#");
    let mut phones = std::collections::VecDeque::new();
    let begin = world.ms();
    for n in 0..CHURN {
        let phone = world.call(CONF);
        let leg = world.leg(phone);
        for key in if n % 3 == 0 { "222#" } else { "333#" }.chars() {
            world.input(Input::Media(MediaReport::Digit { leg, key }));
        }
        phones.push_back(phone);
        talks(&mut world, phone, n % 2 == 0);
        if phones.len() > 40 {
            let leaver = phones.pop_front().unwrap();
            world.hang_up(leaver);
        }
        world.pass(4);
    }
    assert_eq!(world.ms() - begin, CHURN * 5);
    phones.into_iter().for_each(|phone| world.hang_up(phone));
    world.hang_up(stays);
    let joined = world
        .told
        .iter()
        .filter(|told| told.news.kind() == NewsKind::CallJoined);
    assert_eq!(joined.count() as u64, CHURN + 1);
    check(&world.told);
}

/// Ids grow, places have no gaps, who joins leaves once and in this order, and what goes on goes off before.
fn check(told: &[Arc<Happening>]) {
    assert!(told.windows(2).all(|pair| pair[0].id < pair[1].id));
    let mut next: BTreeMap<MeetingId, u64> = BTreeMap::new();
    let (mut inside, mut talking, mut alarmed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for happening in told {
        if let Some(place) = happening.place {
            let next = next.entry(place.meeting).or_default();
            assert_eq!(place.seq, *next, "{happening:?}");
            *next += 1;
        }
        match &happening.news {
            News::Meeting(Event::Joined { leg, .. }) => assert!(inside.insert(*leg), "{leg}"),
            News::Meeting(Event::Left { leg, .. }) => {
                assert!(inside.remove(leg), "{leg}");
                assert!(!talking.contains(leg) && !alarmed.contains(leg), "{leg}");
            }
            News::Call { leg, what } => {
                assert!(switch(&mut talking, *leg, *what, &inside), "{happening:?}");
                if let CallNews::QualityAlarm { on, .. } = what {
                    assert!(turned(&mut alarmed, *leg, *on), "{happening:?}");
                }
            }
            News::Meeting(_) => {}
        }
    }
    assert!(inside.is_empty() && talking.is_empty() && alarmed.is_empty());
}

fn happening(record: &store::Record) -> Option<Arc<Happening>> {
    if let store::Record::Happening(happening) = record {
        return Some(happening.clone());
    }
    None
}

fn switch(talking: &mut BTreeSet<LegId>, leg: LegId, what: CallNews, inside: &BTreeSet<LegId>) -> bool {
    if let CallNews::Talking { on } = what {
        return inside.contains(&leg) && turned(talking, leg, on);
    }
    true
}

fn turned(legs: &mut BTreeSet<LegId>, leg: LegId, on: bool) -> bool {
    match on {
        true => legs.insert(leg),
        false => legs.remove(&leg),
    }
}
