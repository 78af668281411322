//! Polls, by keypad and by REST.

use model::{Event, PollStatus, Tally};
use serde_json::json;
use world::{CONF, PhoneId, ROOM, Site, World};

const MEETING: &str = "/meetings/106131";

/// A host, a participant and a listener in the demo's room, with everything said.
fn three() -> (World, [PhoneId; 3]) {
    let mut world = World::new();
    let phones = ["111#", "222#", "333#"].map(|code| world.enter(CONF, code));
    world.pass(5_000);
    (world, phones)
}

fn tally(digits: &[u8]) -> Tally {
    let mut tally = Tally::default();
    digits.iter().for_each(|digit| tally.add(*digit));
    tally
}

#[test]
fn a_whole_poll_by_keypad() {
    let (mut world, [host, ann, bob]) = three();
    world.key(host, "91");
    assert_eq!(world.announced("poll_opened"), 1);
    world.pass(5_000);
    world.key(ann, "1");
    world.key(bob, "2");
    world.key(bob, "1");
    assert_eq!(world.last_words(bob), ["vote_counted"]);
    world.key(host, "9");
    assert_eq!(
        world.meeting(ROOM).poll.tally,
        tally(&[1, 1]),
        "it may begin a command"
    );
    world.pass(3_000);
    assert_eq!(world.meeting(ROOM).poll.tally, tally(&[1, 1, 9]));
    world.key(ann, "*6");
    assert!(!world.speaks(ann), "commands work meanwhile");
    world.key(host, "91");
    let words: Vec<_> = world
        .announcements("poll_closed")
        .into_iter()
        .map(|(_, words)| words)
        .collect();
    let result = [
        "poll_closed",
        "number_2",
        "votes_for",
        "number_1",
        "number_1",
        "vote_for",
        "number_9",
    ];
    assert_eq!(words, [result]);
    assert!(world.logged(&Event::PollClosed(tally(&[1, 1, 9]))));
    let poll = world.meeting(ROOM).poll;
    assert_eq!((poll.status, poll.tally), (PollStatus::Closed, tally(&[1, 1, 9])));
    world.pass(5_000);
    let said = world.mixer.said.len();
    world.key(ann, "3");
    world.key(host, "9");
    world.pass(5_000);
    assert_eq!(
        (world.meeting(ROOM).poll, world.mixer.said.len()),
        (poll, said),
        "it is over"
    );
    world.key(host, "91");
    assert_eq!(
        world.meeting(ROOM).poll.tally,
        tally(&[]),
        "a new one forgets the last"
    );
}

#[test]
fn nothing_tells_who_voted_for_what_and_digits_that_are_no_votes_are_kept_nowhere() {
    let (mut world, [host, ann, _]) = three();
    world.key(ann, "8");
    world.key(host, "91");
    let (log, records) = (world.log().len(), world.records.len());
    world.key(ann, "7");
    assert_eq!(
        (world.log().len(), world.records.len()),
        (log, records),
        "no event tells a vote"
    );
    let decided = world.decided().len();
    world.key(host, "91");
    assert_eq!(world.decided().len(), decided + 1, "only the result");
    assert_eq!(world.meeting(ROOM).poll.tally, tally(&[7]));
}

#[test]
fn a_vote_that_may_begin_a_command_is_lost_as_the_poll_closes_meanwhile() {
    let (mut world, [host, ann, _]) = three();
    world.key(host, "91");
    world.key(ann, "9");
    world.key(host, "91");
    world.pass(5_000);
    assert_eq!(world.heard(ann, "vote_counted"), 0);
    assert_eq!(world.announced("no_votes"), 1);
}

#[test]
fn a_whole_poll_by_rest() {
    let (world, [_, ann, bob]) = three();
    let site = Site::new(world);
    let put = |status: i64| {
        let body = json!({"pollingMode": {"status": status}}).to_string();
        let (code, answer) = site.ask("PUT", MEETING, &body);
        assert_eq!(code, 200, "{answer}");
        answer["pollingMode"].clone()
    };
    assert_eq!(put(2), json!(null), "the reference's example, with no poll open");
    assert_eq!(put(1), json!({"status": 1, "votes": {}}));
    site.world().key(ann, "3");
    site.world().key(bob, "3");
    let (_, answer) = site.ask("GET", MEETING, "");
    assert_eq!(answer["pollingMode"], json!({"status": 1, "votes": {"3": 2}}));
    assert_eq!(put(1), json!({"status": 1, "votes": {"3": 2}}), "as it is");
    site.world().hang_up(bob);
    site.world().key(ann, "5");
    assert_eq!(put(2), json!({"status": 2, "votes": {"3": 1, "5": 1}}));
    assert_eq!(site.world().announced("poll_closed"), 1);
    assert_eq!(put(0), json!(null));
}

#[test]
fn a_poll_waits_for_the_start_of_its_meeting() {
    let mut world = World::room(&[("conference_start_how", "explicit")]);
    let host = world.enter(CONF, "111#");
    world.key(host, "91");
    assert_eq!(world.last_words(host), ["not_available"]);
    let site = Site::new(world);
    let body = json!({"pollingMode": {"status": 1}}).to_string();
    let (status, answer) = site.ask("PUT", MEETING, &body);
    assert_eq!(
        (status, &answer["errors"][0]["field"]),
        (400, &json!("pollingMode"))
    );
    assert!(answer.to_string().contains("has not started"), "{answer}");
}
