use meeting::Hears;
use model::Role::{Host, Listener, Participant};
use model::{Command, Event, LegId, Mute, MuteMask, Question, Role};

use crate::script::{Did, Script, leg, rest};

const HEARD: Option<(bool, Hears)> = Some((true, Hears::Room));
const MUTED: Option<(bool, Hears)> = Some((false, Hears::Room));

/// A host, two participants and a listener while a session runs.
fn running(settings: &[(&str, &str)]) -> Script {
    let legs = [(1, Host), (2, Participant), (3, Participant), (4, Listener)];
    let mut script = Script::with(settings, &legs);
    begins(&mut script);
    script
}

fn begins(script: &mut Script) -> Did {
    script.asks(leg(1), Command::SetQa(true))
}

fn ends(script: &mut Script) -> Did {
    script.asks(leg(1), Command::SetQa(false))
}

fn next(script: &mut Script) -> Did {
    script.asks(leg(1), Command::NextQuestion)
}

fn hand(script: &mut Script, number: u64) -> Did {
    script.asks(leg(number), Command::ToggleHand { leg: LegId(number) })
}

fn puts(script: &mut Script, number: u64, question: Question) -> Did {
    let leg = LegId(number);
    script.asks(rest(), Command::SetQuestion { leg, question })
}

fn set(number: u64, question: Question) -> Event {
    let leg = LegId(number);
    Event::QuestionSet { leg, question }
}

fn questions(script: &Script) -> Vec<u8> {
    let legs = script.legs().into_iter();
    legs.map(|number| script.row(number).question.wire()).collect()
}

fn mutes(script: &Script) -> Vec<u8> {
    let legs = script.legs().into_iter();
    legs.map(|number| script.row(number).mute.wire()).collect()
}

#[test]
fn a_session_mutes_the_roles_of_its_policy_and_gives_back_what_was() {
    for (roles, muted) in [("p", [0, 3, 2, 2]), ("", [0, 1, 0, 2]), ("hpl", [2, 3, 2, 2])] {
        let legs = [(1, Host), (2, Participant), (3, Participant), (4, Listener)];
        let mut script = Script::with(&[("conference_qa_policy", roles)], &legs);
        script.asks(leg(2), Command::ToggleMute { leg: LegId(2) });
        let before = mutes(&script);
        let did = begins(&mut script);
        assert_eq!(did.announced(), "qa_started");
        assert_eq!(did.events_by()[0], (leg(1), Event::QaSet(true)));
        assert_eq!(mutes(&script), muted, "{roles}");
        let did = ends(&mut script);
        assert_eq!(did.announced(), "qa_ended");
        assert_eq!(did.events_by()[0], (leg(1), Event::QaSet(false)));
        assert_eq!(mutes(&script), before, "{roles}");
    }
}

#[test]
fn what_begins_twice_or_ends_twice_does_nothing() {
    let mut script = running(&[]);
    assert_eq!(begins(&mut script).0, []);
    assert_eq!(script.refusal(), Some("already so"));
    ends(&mut script);
    assert_eq!(ends(&mut script).0, []);
    assert_eq!(script.refusal(), Some("already so"));
}

#[test]
fn nothing_begins_before_the_meeting_has() {
    let mut script = Script::with(&[("conference_start_how", "explicit")], &[(1, Host)]);
    let begins_qa = Command::SetQa(true);
    assert_eq!(
        script.meeting.refuses(&begins_qa, false),
        Some("the meeting has not started yet")
    );
    assert_eq!(begins(&mut script).told(1), "not_available");
    assert_eq!(script.refusal(), Some("the meeting has not started yet"));
    script.asks(rest(), Command::Start);
    assert_eq!(script.meeting.refuses(&begins_qa, false), None);
    assert_eq!(begins(&mut script).announced(), "qa_started");
}

#[test]
fn without_a_session_nobody_asks_and_nothing_is_said() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    assert_eq!(hand(&mut script, 2).0, []);
    assert_eq!(next(&mut script).0, []);
    for question in [Question::Raised, Question::Floor, Question::Answered] {
        assert_eq!(puts(&mut script, 2, question).0, []);
        let why = Some("no question-and-answer session is running");
        assert_eq!(script.refusal(), why);
        let leg = LegId(2);
        assert_eq!(
            script
                .meeting
                .refuses(&Command::SetQuestion { leg, question }, false),
            why
        );
    }
    let (leg, question) = (LegId(2), Question::None);
    assert_eq!(
        script
            .meeting
            .refuses(&Command::SetQuestion { leg, question }, false),
        None
    );
}

#[test]
fn hands_queue_in_the_order_they_are_raised_and_hosts_hear_of_the_first() {
    let mut script = running(&[]);
    let did = hand(&mut script, 3);
    assert_eq!(
        (did.told(3).as_str(), did.told(1).as_str(), did.told(2).as_str()),
        ("you_are_next", "new_question", "")
    );
    assert_eq!(did.events_by(), [(leg(3), set(3, Question::Raised))]);
    let did = hand(&mut script, 2);
    assert_eq!(
        (did.told(2).as_str(), did.told(1).as_str()),
        ("hand_raised 2 in_queue", "")
    );
    assert_eq!(questions(&script), [0, 1, 1, 0]);
    assert_eq!(mutes(&script), [0, 2, 2, 2]);
    let did = hand(&mut script, 3);
    assert_eq!(did.told(3), "hand_lowered");
    assert_eq!(did.events_by(), [(leg(3), set(3, Question::None))]);
    assert_eq!(hand(&mut script, 3).told(3), "hand_raised 2 in_queue", "behind");
}

#[test]
fn the_next_question_takes_the_floor_from_the_last_and_the_host_hears_how_many_wait() {
    let mut script = running(&[]);
    for number in [3, 2, 4] {
        hand(&mut script, number);
    }
    let did = next(&mut script);
    assert_eq!(did.announced(), "next_question");
    assert_eq!(
        [1, 2, 3, 4].map(|number| did.told(number)),
        ["2 questions_waiting", "you_are_next", "you_have_the_floor", ""]
    );
    assert_eq!((did.route(3), did.route(2)), (HEARD, None));
    let did = next(&mut script);
    assert_eq!(
        [1, 2, 3, 4].map(|number| did.told(number)),
        [
            "one_question_waiting",
            "you_have_the_floor",
            "floor_over",
            "you_are_next"
        ]
    );
    assert_eq!((did.route(3), did.route(2)), (MUTED, HEARD));
    let muted = |number, hard| Event::Muted {
        leg: LegId(number),
        mute: Mute { soft: false, hard },
    };
    let events = [
        set(3, Question::Answered),
        muted(3, true),
        set(2, Question::Floor),
        muted(2, false),
    ];
    assert_eq!(did.events(), events);
    let did = next(&mut script);
    assert_eq!((did.told(1).as_str(), did.route(4)), ("no_questions", HEARD));
    let did = next(&mut script);
    assert_eq!(
        (did.announced().as_str(), did.told(4).as_str()),
        ("", "floor_over")
    );
    assert_eq!(next(&mut script).told(1), "no_questions");
    assert_eq!(questions(&script), [0, 3, 3, 3]);
    assert_eq!(hand(&mut script, 2).told(2), "you_are_next", "it asks anew");
}

#[test]
fn the_floor_is_heard_whatever_muted_its_holder_and_then_all_is_as_before() {
    for (policy, mode, own, host) in [
        ("p", MuteMask::LISTENERS, false, false),
        ("", MuteMask::SOFT, false, false),
        ("", MuteMask::HARD, true, false),
        ("p", MuteMask::HARD, true, true),
    ] {
        let settings = [("conference_qa_policy", policy)];
        let mut script = Script::with(&settings, &[(1, Host), (2, Participant), (3, Listener)]);
        let mute = Mute {
            soft: own,
            hard: host,
        };
        let leg = LegId(2);
        script.asks(rest(), Command::SetMute { leg, mute });
        script.asks(rest(), Command::SetMuteMode(mode));
        begins(&mut script);
        let before = mutes(&script);
        assert_ne!(before[1], 0);
        assert_eq!(puts(&mut script, 2, Question::Floor).route(2), HEARD);
        assert_eq!(script.row(2).mute.wire(), 0);
        script.asks(rest(), Command::SetMuteMode(MuteMask::OPEN));
        script.asks(rest(), Command::SetMuteMode(mode));
        assert_eq!(script.row(2).mute.wire(), 0, "a mode does not reach the floor");
        puts(&mut script, 2, Question::None);
        assert_eq!(mutes(&script), before);
    }
}

#[test]
fn whoever_has_the_floor_may_mute_itself_meanwhile_and_stays_so() {
    for number in [2, 4] {
        let mut script = running(&[]);
        puts(&mut script, number, Question::Floor);
        let toggle = Command::ToggleMute { leg: LegId(number) };
        let did = script.asks(leg(number), toggle.clone());
        assert_eq!(
            (did.told(number).as_str(), did.route(number)),
            ("now_muted", MUTED)
        );
        let did = script.asks(leg(number), toggle.clone());
        assert_eq!(
            (did.told(number).as_str(), did.route(number)),
            ("now_unmuted", HEARD)
        );
        script.asks(leg(number), toggle);
        next(&mut script);
        ends(&mut script);
        assert!(
            script.row(number).mute.soft,
            "a mute of its own outlasts the floor"
        );
    }
}

#[test]
fn the_soft_mode_beneath_the_floor_stays_as_it_is() {
    let mut script = running(&[("conference_qa_policy", "")]);
    script.asks(rest(), Command::SetMuteMode(MuteMask::SOFT));
    puts(&mut script, 2, Question::Floor);
    for _ in 0..2 {
        script.asks(leg(2), Command::ToggleMute { leg: LegId(2) });
    }
    assert_eq!(script.row(2).mute.wire(), 0);
    assert_eq!(next(&mut script).told(2), "floor_over");
    assert_eq!(script.row(2).mute.wire(), 1);
}

#[test]
fn who_is_muted_hard_loses_the_floor() {
    let hard = Mute {
        soft: false,
        hard: true,
    };
    let mut script = running(&[]);
    hand(&mut script, 3);
    hand(&mut script, 2);
    next(&mut script);
    let mute_it = |mute| Command::SetMute { leg: LegId(3), mute };
    let did = script.asks(rest(), mute_it(hard));
    assert_eq!(script.refusal(), None);
    assert_eq!(did.told(3), "floor_over");
    assert_eq!((did.route(3), questions(&script)), (MUTED, vec![0, 1, 3, 0]));
    ends(&mut script);
    assert_eq!(script.row(3).mute, hard, "a host's mute outlasts the session");
    let soft = Mute {
        soft: true,
        hard: false,
    };
    begins(&mut script);
    puts(&mut script, 3, Question::Floor);
    script.asks(rest(), mute_it(soft));
    assert_eq!((script.row(3).mute, questions(&script)[2]), (soft, 2));
}

#[test]
fn whoever_was_muted_hard_beneath_the_floor_and_is_so_again_is_not_refused() {
    let mut script = running(&[]);
    let mute = Mute {
        soft: false,
        hard: true,
    };
    let mute_it = Command::SetMute { leg: LegId(2), mute };
    script.asks(rest(), mute_it.clone());
    puts(&mut script, 2, Question::Floor);
    let did = script.asks(rest(), mute_it);
    assert_eq!((did.route(2), script.refusal()), (MUTED, None));
}

#[test]
fn a_client_gives_the_floor_out_of_turn_lowers_hands_and_dismisses() {
    let mut script = running(&[]);
    hand(&mut script, 2);
    let did = puts(&mut script, 3, Question::Floor);
    assert_eq!(
        (
            did.announced().as_str(),
            did.told(3).as_str(),
            did.told(2).as_str()
        ),
        ("next_question", "you_have_the_floor", "you_are_next")
    );
    assert_eq!(did.events_by()[0], (rest(), set(3, Question::Floor)));
    let did = puts(&mut script, 4, Question::Floor);
    assert_eq!(
        (did.told(3).as_str(), did.told(4).as_str()),
        ("floor_over", "you_have_the_floor")
    );
    for (number, question, told) in [
        (2, Question::None, "hand_lowered"),
        (2, Question::Answered, ""),
        (2, Question::Raised, "you_are_next"),
        (2, Question::Answered, "hand_lowered"),
        (4, Question::Raised, "you_are_next"),
        (4, Question::Floor, "you_have_the_floor"),
        (4, Question::None, "floor_over"),
    ] {
        let did = puts(&mut script, number, question);
        assert_eq!(did.told(number), told, "{number} {question:?}");
        assert_eq!(puts(&mut script, number, question).0, []);
        assert_eq!(script.refusal(), Some("already so"));
    }
}

#[test]
fn whoever_has_the_floor_gives_it_back_with_the_key() {
    let mut script = running(&[]);
    hand(&mut script, 2);
    next(&mut script);
    let did = hand(&mut script, 2);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("floor_over", MUTED));
    assert_eq!(questions(&script), [0, 3, 0, 0]);
}

#[test]
fn who_is_not_muted_afterwards_is_not_told_so() {
    let mut script = running(&[("conference_qa_policy", "")]);
    hand(&mut script, 2);
    next(&mut script);
    let did = next(&mut script);
    assert_eq!((did.told(2).as_str(), did.route(2)), ("", None));
}

#[test]
fn the_end_takes_every_question_and_the_floor() {
    let mut script = running(&[]);
    for number in [2, 3, 4] {
        hand(&mut script, number);
    }
    next(&mut script);
    next(&mut script);
    let did = ends(&mut script);
    assert_eq!(questions(&script), [0, 0, 0, 0]);
    assert_eq!(mutes(&script), [0, 0, 0, 2]);
    for number in [2, 3, 4] {
        assert!(did.has(&set(number, Question::None)));
    }
    begins(&mut script);
    assert_eq!(next(&mut script).told(1), "no_questions", "no hand is left");
}

#[test]
fn who_comes_meanwhile_is_muted_too_and_told() {
    let mut script = running(&[]);
    let did = script.joins(5, Participant);
    assert_eq!(did.route(5), MUTED);
    assert!(did.told(5).starts_with("you_are_muted"), "{}", did.told(5));
    ends(&mut script);
    assert_eq!(script.row(5).mute.wire(), 0);
}

#[test]
fn who_leaves_waits_no_more_and_frees_the_floor() {
    let mut script = running(&[]);
    for number in [2, 3, 4] {
        hand(&mut script, number);
    }
    script.leaves(2);
    assert_eq!(next(&mut script).told(1), "one_question_waiting");
    assert_eq!(questions(&script), [0, 2, 1]);
    script.slow_to_go = true;
    script.asks(leg(1), Command::Drop { leg: LegId(3) });
    assert_eq!(
        next(&mut script).told(4),
        "you_have_the_floor",
        "though the last is still here"
    );
}

#[test]
fn hold_is_stronger_than_the_floor() {
    let mut script = running(&[]);
    let (leg, on) = (LegId(2), true);
    script.asks(rest(), Command::SetHold { leg, on });
    let did = puts(&mut script, 2, Question::Floor);
    assert_eq!(did.route(2), Some((false, Hears::Music)));
    let did = script.asks(rest(), Command::SetHold { leg, on: false });
    assert_eq!(did.route(2), HEARD);
}

#[test]
fn a_new_role_has_the_mute_that_the_session_gives_it() {
    let mut script = running(&[]);
    let becomes = |role: Role| Command::SetRole { leg: LegId(2), role };
    script.asks(rest(), becomes(Host));
    assert_eq!(script.row(2).mute.wire(), 0);
    script.asks(rest(), becomes(Participant));
    assert_eq!(script.row(2).mute.wire(), 2);
    ends(&mut script);
    assert_eq!(script.row(2).mute.wire(), 0);
}

#[test]
fn another_policy_holds_at_once_while_the_session_runs() {
    let mut script = running(&[]);
    script.sets("conference_qa_policy", "h");
    assert_eq!(mutes(&script), [2, 0, 0, 2]);
    ends(&mut script);
    assert_eq!(script.sets("conference_qa_policy", "hpl").events().len(), 1);
    assert_eq!(mutes(&script), [0, 0, 0, 2]);
}

#[test]
fn those_who_run_the_questions_are_told_of_the_first_whatever_their_role() {
    let mut script = running(&[("conference_qa_dtmf", "p")]);
    let did = puts(&mut script, 4, Question::Raised);
    assert_eq!(
        [1, 2, 3].map(|number| did.told(number)),
        ["", "new_question", "new_question"]
    );
}
