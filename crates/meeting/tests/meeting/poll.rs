use model::Role::{Host, Listener, Participant};
use model::{Command, Event, LegId, Poll, PollStatus, Tally};

use crate::script::{Did, Script, leg, rest};

fn three() -> Script {
    Script::with(&[], &[(1, Host), (2, Participant), (3, Listener)])
}

fn sets(script: &mut Script, status: PollStatus) -> Did {
    script.asks(leg(1), Command::SetPoll(status))
}

fn votes(script: &mut Script, number: u64, digit: u8) -> Did {
    let of = LegId(number);
    script.asks(leg(number), Command::Vote { leg: of, digit })
}

fn tally(digits: &[u8]) -> Tally {
    let mut tally = Tally::default();
    digits.iter().for_each(|digit| tally.add(*digit));
    tally
}

#[test]
fn everybody_votes_with_one_digit_and_the_last_one_counts() {
    let mut script = three();
    let did = sets(&mut script, PollStatus::Open);
    assert_eq!(did.announced(), "poll_opened");
    assert_eq!(did.events_by(), [(leg(1), Event::PollOpened)]);
    for (number, digit) in [(1, 4), (2, 7), (3, 0), (2, 4), (3, 9)] {
        let did = votes(&mut script, number, digit);
        assert_eq!(
            (did.told(number).as_str(), did.0.len()),
            ("vote_counted", 1),
            "and nothing else"
        );
    }
    assert_eq!(script.meeting.poll().tally, tally(&[4, 4, 9]));
    let did = sets(&mut script, PollStatus::Closed);
    assert_eq!(did.announced(), "poll_closed 2 votes_for 4 1 vote_for 9");
    assert_eq!(did.events_by(), [(leg(1), Event::PollClosed(tally(&[4, 4, 9])))]);
}

#[test]
fn those_on_hold_vote_and_hear_the_result_too() {
    let mut script = three();
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(sets(&mut script, PollStatus::Open).told(2), "poll_opened");
    votes(&mut script, 2, 3);
    let did = sets(&mut script, PollStatus::Closed);
    assert_eq!(
        (did.told(2), did.told(1)),
        ("poll_closed 1 vote_for 3".into(), String::new())
    );
}

#[test]
fn a_poll_in_which_nobody_voted_says_so() {
    let mut script = three();
    sets(&mut script, PollStatus::Open);
    assert_eq!(
        sets(&mut script, PollStatus::Closed).announced(),
        "poll_closed no_votes"
    );
}

#[test]
fn votes_without_an_open_poll_and_votes_for_nothing_are_refused() {
    let mut script = three();
    assert_eq!(votes(&mut script, 2, 1).0, []);
    assert_eq!(script.refusal(), Some("no poll is open"));
    sets(&mut script, PollStatus::Open);
    assert_eq!(votes(&mut script, 2, 10).0, []);
    assert_eq!(script.refusal(), Some("a vote is one digit"));
    sets(&mut script, PollStatus::Closed);
    assert_eq!(votes(&mut script, 2, 1).0, []);
    assert_eq!(script.meeting.poll().tally, tally(&[]));
}

#[test]
fn who_leaves_keeps_the_vote_and_who_comes_meanwhile_may_vote() {
    let mut script = three();
    sets(&mut script, PollStatus::Open);
    votes(&mut script, 2, 1);
    votes(&mut script, 2, 5);
    script.leaves(2);
    script.joins(4, Participant);
    votes(&mut script, 4, 5);
    assert_eq!(script.meeting.poll().tally, tally(&[5, 5]));
    script.leaves(4);
    let did = sets(&mut script, PollStatus::Closed);
    assert_eq!(did.announced(), "poll_closed 2 votes_for 5");
}

#[test]
fn each_status_follows_from_each_as_documented() {
    use PollStatus::{Closed, None, Open};
    for (from, to, events, after) in [
        (None, None, vec![], None),
        (None, Open, vec![Event::PollOpened], Open),
        (None, Closed, vec![], None),
        (
            Open,
            None,
            vec![Event::PollClosed(tally(&[6])), Event::PollCleared],
            None,
        ),
        (Open, Open, vec![], Open),
        (Open, Closed, vec![Event::PollClosed(tally(&[6]))], Closed),
        (Closed, None, vec![Event::PollCleared], None),
        (Closed, Open, vec![Event::PollOpened], Open),
        (Closed, Closed, vec![], Closed),
    ] {
        let mut script = three();
        if from != None {
            sets(&mut script, Open);
            votes(&mut script, 2, 6);
        }
        if from == Closed {
            sets(&mut script, Closed);
        }
        let did = script.asks(rest(), Command::SetPoll(to));
        assert_eq!(did.events(), events, "{from:?} {to:?}");
        assert_eq!(script.refusal(), events.is_empty().then_some("already so"));
        let kept = after != None && (from, to) != (None, Open) && (from, to) != (Closed, Open);
        let votes: &[u8] = if kept { &[6] } else { &[] };
        let (status, tally) = (after, tally(votes));
        assert_eq!(script.meeting.poll(), Poll { status, tally }, "{from:?} {to:?}");
    }
}

#[test]
fn no_poll_opens_before_the_meeting_has_begun() {
    let mut script = Script::with(&[("conference_start_how", "explicit")], &[(1, Host)]);
    let open = Command::SetPoll(PollStatus::Open);
    let why = Some("the meeting has not started yet");
    assert_eq!(script.meeting.refuses(&open, false), why);
    assert_eq!(sets(&mut script, PollStatus::Open).told(1), "not_available");
    assert_eq!(script.refusal(), why);
    script.asks(rest(), Command::Start);
    assert_eq!(script.meeting.refuses(&open, false), None);
    assert_eq!(sets(&mut script, PollStatus::Open).announced(), "poll_opened");
}
