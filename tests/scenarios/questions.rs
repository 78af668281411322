//! Questions and answers, by keypad and by REST.

use model::{Event, LegId, Question};
use serde_json::json;
use world::{CONF, PhoneId, ROOM, Settings, Site, World};

const MEETING: &str = "/meetings/106131";

/// A host and two participants in the demo's room, with everything said.
fn three(attributes: &[(&'static str, &'static str)]) -> (World, [PhoneId; 3]) {
    let mut world = World::with(Settings::room(attributes));
    let phones = ["111#", "222#", "222#"].map(|code| world.enter(CONF, code));
    world.pass(5_000);
    (world, phones)
}

fn speaks(world: &World, phones: [PhoneId; 3]) -> [bool; 3] {
    phones.map(|phone| world.speaks(phone))
}

#[test]
fn a_whole_session_by_keypad() {
    let (mut world, phones) = three(&[]);
    let [host, ann, bob] = phones;
    world.key(ann, "*6");
    world.key(host, "*1");
    assert!(world.meeting(ROOM).questions);
    assert_eq!(
        (world.announced("qa_started"), speaks(&world, phones)),
        (1, [true, false, false])
    );
    world.pass(5_000);
    world.key(bob, "*6");
    assert_eq!(world.last_words(bob), ["muted_by_host_raise_hand"]);
    world.key(bob, "*1");
    assert_eq!(world.last_words(bob), ["you_are_next"]);
    assert_eq!(world.last_words(host), ["new_question"]);
    world.key(ann, "*1");
    assert_eq!(world.last_words(ann), ["hand_raised", "number_2", "in_queue"]);
    assert_eq!(world.view(ann).question, Question::Raised);
    world.key(host, "*1");
    assert_eq!(
        (world.announced("next_question"), speaks(&world, phones)),
        (1, [true, false, true])
    );
    assert_eq!(world.last_words(bob), ["you_have_the_floor"]);
    assert_eq!(world.last_words(ann), ["you_are_next"]);
    assert_eq!(world.last_words(host), ["one_question_waiting"]);
    world.pass(4_000);
    world.key(host, "*1");
    assert_eq!(
        speaks(&world, phones),
        [true, true, false],
        "though she had muted herself"
    );
    assert_eq!(world.last_words(bob), ["floor_over"]);
    assert_eq!(world.last_words(host), ["no_questions"]);
    assert_eq!(
        phones.map(|phone| world.view(phone).question),
        [Question::None, Question::Floor, Question::Answered]
    );
    world.pass(4_000);
    world.key(host, "*1*1");
    assert!(!world.meeting(ROOM).questions);
    assert_eq!(
        (world.announced("qa_ended"), speaks(&world, phones)),
        (1, [true, false, true])
    );
    assert_eq!(
        phones.map(|phone| world.view(phone).question),
        [Question::None; 3]
    );
    world.key(ann, "*6");
    assert!(world.speaks(ann), "her own mute had outlasted it all");
    world.key(bob, "*1");
    assert_eq!(world.last_words(bob), ["command_not_allowed"]);
}

#[test]
fn the_log_tells_a_session_in_order_and_by_whom() {
    let (mut world, [host, ann, bob]) = three(&[("conference_qa_policy", "")]);
    world.key(host, "*1");
    for phone in [ann, bob, ann] {
        world.key(phone, "*1");
    }
    world.key(host, "*1*1");
    let [host, ann, bob] = [host, ann, bob].map(|phone| world.leg(phone));
    let set = |by: LegId, leg, question| (model::Actor::Leg(by), Event::QuestionSet { leg, question });
    let session = |on| (model::Actor::Leg(host), Event::QaSet(on));
    let about = |event: &Event| matches!(event, Event::QaSet(_) | Event::QuestionSet { .. });
    let mut log = world.decided();
    log.retain(|(_, event)| about(event));
    assert_eq!(
        log,
        [
            session(true),
            set(ann, ann, Question::Raised),
            set(bob, bob, Question::Raised),
            set(ann, ann, Question::None),
            set(host, bob, Question::Floor),
            session(false),
            set(host, bob, Question::None),
        ]
    );
}

#[test]
fn who_is_moved_to_another_meeting_leaves_the_queue() {
    let (mut world, [host, ann, bob]) = three(&[]);
    world.key(host, "*1");
    world.key(ann, "*1");
    world.key(bob, "*1");
    let leg = world.leg(ann);
    let access_code = "222".to_owned();
    let moves = api::LiveCommand::Move { leg, access_code };
    assert_eq!(world.request(api::Target::Leg(leg), moves), Ok(()));
    assert_eq!(world.view(ann).question, Question::None);
    assert!(!world.speaks(ann), "who comes meanwhile is muted too");
    world.pass(4_000);
    world.key(host, "*1");
    assert_eq!(world.last_words(bob), ["you_have_the_floor"]);
    assert_eq!(world.last_words(host), ["no_questions"]);
}

#[test]
fn help_offers_to_raise_a_hand_while_a_session_runs() {
    let (mut world, [host, ann, _]) = three(&[]);
    world.key(host, "*1");
    world.key(ann, "*4");
    let help = world.last_words(ann);
    let line = help.iter().position(|word| *word == "help_raise_hand");
    let line = line.expect("it is offered");
    assert_eq!(help[line + 1..line + 3], ["key_star", "number_1"]);
}

#[test]
fn a_whole_session_by_rest() {
    let (world, phones) = three(&[]);
    let [_, ann, bob] = phones;
    let site = Site::new(world);
    let path = |phone| format!("/calls/{}", site.world().leg(phone).0);
    let put = |path: &str, mode: i64| {
        let (status, answer) = site.ask("PUT", path, &json!({"qaMode": mode}).to_string());
        (status, answer["qaMode"].clone())
    };
    let (status, answer) = site.ask("PUT", &path(ann), &json!({"qaMode": 1}).to_string());
    assert_eq!((status, &answer["errors"][0]["field"]), (400, &json!("qaMode")));
    assert!(
        answer
            .to_string()
            .contains("no question-and-answer session is running"),
        "{answer}"
    );
    assert_eq!(put(&path(ann), 0), (200, json!(0)), "as it is");
    assert_eq!(put(MEETING, 1), (200, json!(1)));
    assert_eq!(speaks(&site.world(), phones), [true, false, false]);
    assert_eq!(put(&path(ann), 1), (200, json!(1)));
    assert_eq!(put(&path(bob), 2), (200, json!(2)), "out of turn");
    assert_eq!(speaks(&site.world(), phones), [true, false, true]);
    assert_eq!(put(&path(ann), 2), (200, json!(2)));
    assert_eq!(speaks(&site.world(), phones), [true, true, false]);
    assert_eq!(site.ask("GET", &path(bob), "").1["qaMode"], json!(3));
    assert_eq!(put(&path(ann), 3), (200, json!(3)));
    assert_eq!(put(&path(bob), 0), (200, json!(0)));
    assert_eq!(put(&path(ann), 2), (200, json!(2)));
    let (status, answer) = site.ask("PUT", &path(ann), &json!({"muteMode": 2}).to_string());
    assert_eq!(
        (status, &answer["qaMode"], &answer["muteMode"]),
        (200, &json!(3), &json!(2))
    );
    assert_eq!(put(MEETING, 0), (200, json!(0)));
    assert_eq!(speaks(&site.world(), phones), [true, false, true]);
    assert_eq!(site.ask("GET", &path(ann), "").1["qaMode"], json!(0));
}

#[test]
fn a_session_waits_for_the_start_of_its_meeting() {
    let mut world = World::with(Settings::room(&[("conference_start_how", "explicit")]));
    let host = world.enter(CONF, "111#");
    world.key(host, "*1");
    assert_eq!(world.last_words(host), ["not_available"]);
    let site = Site::new(world);
    let (status, answer) = site.ask("PUT", MEETING, &json!({"qaMode": 1}).to_string());
    assert_eq!((status, &answer["errors"][0]["field"]), (400, &json!("qaMode")));
    assert!(answer.to_string().contains("has not started"), "{answer}");
    let (status, answer) = site.ask("PUT", MEETING, &json!({"qaMode": 1, "state": 2}).to_string());
    assert_eq!((status, &answer["qaMode"]), (200, &json!(1)));
}
