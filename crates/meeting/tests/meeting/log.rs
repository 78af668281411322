//! What the log keeps, refusals among it.

use meeting::Entry;
use model::Role::{Host, Participant};
use model::{Actor, Cause, Command, LegId, Mute, PollStatus, Question};

use crate::script::{Script, leg, rest};

/// Every command about a leg.
fn about(leg: LegId) -> Vec<Command> {
    vec![
        Command::Drop { leg },
        Command::ToggleMute { leg },
        Command::SetMute {
            leg,
            mute: Mute {
                soft: true,
                hard: true,
            },
        },
        Command::SetHold { leg, on: true },
        Command::Count { leg },
        Command::ToggleHand { leg },
        Command::Vote { leg, digit: 1 },
        Command::SetQuestion {
            leg,
            question: Question::Raised,
        },
        Command::SetRole { leg, role: Host },
        Command::RolePin { leg, right: true },
        Command::RolePin { leg, right: false },
        Command::SetName {
            leg,
            name: "Ada".to_owned(),
        },
        Command::SetGain { leg, db: 3 },
        Command::ToggleOperator { leg },
        Command::SetOperator { leg, on: true },
        Command::OperatorAnswered { leg },
        Command::OperatorGone {
            leg,
            cause: Cause::Busy,
        },
    ]
}

#[test]
fn commands_about_legs_that_are_not_here_are_logged_and_do_nothing() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.leaves(2);
    for command in about(LegId(2)) {
        let did = script.asks(leg(1), command.clone());
        assert_eq!(did.0, [], "{command:?}");
        assert_eq!(script.refusal(), Some("no such leg in this meeting"));
    }
    assert_eq!(script.leaves(2).0, []);
    assert_eq!(script.refusal(), Some("no such leg in this meeting"));
}

#[test]
fn commands_about_legs_that_were_told_to_go_are_refused() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.slow_to_go = true;
    script.asks(leg(1), Command::Drop { leg: LegId(2) });
    for command in about(LegId(2)) {
        let did = script.asks(leg(1), command.clone());
        assert_eq!(did.0, [], "{command:?}");
        assert!(script.refusal().is_some());
    }
    script.asks(leg(1), Command::StepMuteMode);
    script.asks(leg(1), Command::ToggleHold);
    assert_eq!(script.row(2).mute.wire(), 0, "modes pass it by");
}

#[test]
fn legs_that_are_not_here_command_nothing() {
    let mut script = Script::with(&[], &[(1, Host)]);
    let all = [
        Command::StepMuteMode,
        Command::ToggleHold,
        Command::ToggleLock,
        Command::StepTones,
        Command::SetQa(true),
        Command::NextQuestion,
        Command::SetPoll(PollStatus::Open),
        Command::Start,
        Command::Stop,
        Command::Drop { leg: LegId(1) },
    ];
    for command in all {
        assert_eq!(script.asks(leg(9), command.clone()).0, [], "{command:?}");
        assert_eq!(script.refusal(), Some("no such leg in this meeting"));
    }
    assert_eq!(script.legs(), [1]);
}

#[test]
fn an_ending_meeting_takes_no_commands() {
    let mut script = Script::with(&[], &[(1, Host), (2, Participant)]);
    script.slow_to_go = true;
    script.asks(leg(1), Command::Stop);
    for command in [
        Command::Stop,
        Command::Start,
        Command::ToggleLock,
        Command::StepMuteMode,
        Command::ToggleHold,
    ] {
        assert_eq!(script.asks(rest(), command).0, []);
        assert_eq!(script.refusal(), Some("the meeting is over"));
    }
    assert_eq!(script.meeting.poll_timeout(), None);
}

#[test]
fn the_log_has_every_command_and_every_deadline_in_order_with_its_time() {
    let mut script = Script::new(&[("conference_maxduration", "100")]);
    script.joins(1, Host);
    script.wait(50);
    script.joins(1, Host);
    let cause = Cause::MediaLost;
    let leave = Command::Leave { leg: LegId(1), cause };
    script.asks(Actor::Bridge, leave.clone());
    let log: Vec<_> = script.meeting.log().collect();
    let times: Vec<_> = log
        .iter()
        .map(|entry| (entry.at - script.epoch).as_secs())
        .collect();
    assert_eq!(times, [0, 40, 50, 50]);
    assert!(log.iter().map(|entry| entry.seq).eq(0..4));
    assert_eq!(log[1].entry, Entry::Timeout);
    assert!(matches!(
        &log[2].entry,
        Entry::Command {
            refused: Some("already in this meeting"),
            ..
        }
    ));
    let last = Entry::Command {
        actor: Actor::Bridge,
        command: leave,
        refused: None,
    };
    assert_eq!(log[3].entry, last);
}

#[test]
fn the_log_is_bounded_and_tells_how_much_it_dropped() {
    let mut script = Script::with(&[], &[(1, Host)]);
    for _ in 0..1_034 {
        script.asks(rest(), Command::SetLock(false));
    }
    assert_eq!(script.meeting.log().count(), 1_024);
    assert_eq!(script.meeting.log().next().map(|entry| entry.seq), Some(11));
}
