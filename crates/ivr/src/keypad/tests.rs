use super::*;
use model::attribute::{AttributeId, Policy};

const LEG: LegId = LegId(7);

/// What goes on in the meeting.
#[derive(Clone, Copy)]
struct Going {
    questions: bool,
    polling: bool,
    operator: bool,
    aside: bool,
}

const NOTHING: Going = Going {
    questions: false,
    polling: false,
    operator: false,
    aside: false,
};

fn epoch() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    Instant::now()
}

/// Presses `keys` half a second apart while nothing special goes on; a space is a long pause.
fn press(role: Role, policy: &Policy, pound_pending: bool, keys: &str) -> Vec<Output> {
    press_while(NOTHING, role, policy, pound_pending, keys)
}

fn press_while(going: Going, role: Role, policy: &Policy, pound_pending: bool, keys: &str) -> Vec<Output> {
    let scene = Scene {
        role,
        policy: &policy.keys,
        questions: going.questions,
        polling: going.polling,
        operator: going.operator,
        aside: going.aside,
    };
    let mut now = epoch();
    let mut keypad = Keypad::new(now, LEG, pound_pending);
    let mut did = Vec::new();
    for key in keys.chars() {
        match key {
            ' ' => now += Duration::from_secs(8),
            key => keypad.handle_input(now, key, scene),
        }
        keypad.handle_timeout(now, going.polling);
        did.extend(std::iter::from_fn(|| keypad.poll_output()));
        now += Duration::from_millis(500);
    }
    did
}

fn commands(role: Role, keys: &str) -> Vec<Command> {
    commands_while(NOTHING, role, keys)
}

fn commands_while(going: Going, role: Role, keys: &str) -> Vec<Command> {
    let did = press_while(going, role, &Policy::default(), false, keys);
    let command = |output| match output {
        Output::Command(command) => Some(command),
        Output::Say(_) | Output::Help(_) | Output::Hush | Output::RolePin(_) => None,
    };
    did.into_iter().filter_map(command).collect()
}

#[test]
fn every_default_key_is_its_command() {
    let leg = LEG;
    for (keys, command) in [
        ("*2", Command::Count { leg }),
        ("*3", Command::ToggleHold),
        ("*5", Command::StepMuteMode),
        ("*6", Command::ToggleMute { leg }),
        ("*7", Command::ToggleLock),
        ("*8", Command::StepTones),
        ("*1", Command::SetQa(true)),
        ("91", Command::SetPoll(PollStatus::Open)),
        ("*9", Command::ToggleRecording),
        ("##", Command::Drop { leg }),
    ] {
        assert_eq!(commands(Role::Host, keys), [command], "{keys}");
    }
}

#[test]
fn roles_without_a_command_are_told_and_nothing_happens() {
    assert_eq!(commands(Role::Participant, "*5"), []);
    let did = press(Role::Listener, &Policy::default(), false, "*6");
    assert_eq!(
        did,
        [Output::Say(vec![Phrase::Prompt(Prompt::CommandNotAllowed)])]
    );
}

#[test]
fn a_digit_that_begins_no_command_does_nothing_and_hides_none() {
    let leg = LEG;
    assert_eq!(commands(Role::Host, "12345"), []);
    assert_eq!(commands(Role::Host, "1*6"), [Command::ToggleMute { leg }]);
    assert_eq!(commands(Role::Host, "#*6"), [Command::ToggleMute { leg }]);
    assert_eq!(commands(Role::Host, "**6"), [Command::ToggleMute { leg }]);
}

#[test]
fn a_pause_of_more_than_three_seconds_ends_a_command() {
    assert_eq!(commands(Role::Host, "* 6"), []);
    assert_eq!(commands(Role::Host, "# #"), []);
}

#[test]
fn the_pound_that_ends_the_code_late_is_swallowed_once() {
    let leg = LEG;
    let policy = Policy::default();
    assert_eq!(
        press(Role::Host, &policy, true, "###"),
        [Output::Command(Command::Drop { leg })]
    );
    assert_eq!(press(Role::Host, &policy, true, "#"), []);
    assert_eq!(
        press(Role::Host, &policy, true, "*6"),
        [Output::Command(Command::ToggleMute { leg })]
    );
}

const QUESTIONS: Going = Going {
    questions: true,
    ..NOTHING
};
const POLL: Going = Going {
    polling: true,
    ..NOTHING
};

#[test]
fn the_key_for_questions_takes_the_next_one_and_twice_within_the_gap_it_ends_them() {
    let (next, end) = (Command::NextQuestion, Command::SetQa(false));
    for (keys, expected) in [
        ("*1", vec![next.clone()]),
        ("*1*1", vec![next.clone(), end.clone()]),
        ("*1 *1", vec![next.clone(), next.clone()]),
        ("*1*1*1", vec![next.clone(), end, next]),
    ] {
        assert_eq!(commands_while(QUESTIONS, Role::Host, keys), expected, "{keys}");
    }
    let began = Command::SetQa(true);
    assert_eq!(
        commands(Role::Host, "*1*1"),
        [began.clone(), began],
        "what begins them is not the first of two"
    );
}

#[test]
fn those_who_do_not_run_the_questions_raise_a_hand_with_the_same_key_while_they_run() {
    let not_allowed = || Output::Say(vec![Phrase::Prompt(Prompt::CommandNotAllowed)]);
    for role in [Role::Participant, Role::Listener] {
        let hand = Command::ToggleHand { leg: LEG };
        assert_eq!(commands_while(QUESTIONS, role, "*1"), [hand]);
        let did = press(role, &Policy::default(), false, "*1");
        assert_eq!(did, [not_allowed()]);
    }
    let mut policy = Policy::default();
    assert!(policy.set(AttributeId::conference_qa_dtmf, "hp"));
    let did = press_while(QUESTIONS, Role::Participant, &policy, false, "*1");
    assert_eq!(did, [Output::Command(Command::NextQuestion)]);
}

#[test]
fn help_offers_to_raise_a_hand_only_while_questions_run() {
    for (going, offered) in [(NOTHING, false), (QUESTIONS, true)] {
        let did = press_while(going, Role::Listener, &Policy::default(), false, "*4");
        let line = Phrase::Prompt(Prompt::HelpRaiseHand);
        let said = |output: &Output| matches!(output, Output::Help(said) if said.contains(&line));
        assert_eq!(did.iter().any(said), offered);
    }
}

#[test]
fn while_a_poll_is_open_digits_of_which_no_command_comes_are_votes() {
    for (role, keys, votes) in [
        (Role::Participant, "1", "1"),
        (Role::Listener, "0", "0"),
        (Role::Host, "1234567890", "1234567890"),
        (Role::Participant, "9 ", "9"),
        (Role::Participant, "9", ""),
        (Role::Host, "9 ", "9"),
        (Role::Host, "95", "95"),
        (Role::Participant, "91", "91"),
        (Role::Listener, "995", ""),
        (Role::Participant, "#5", ""),
        (Role::Participant, "*0", ""),
        (Role::Participant, "*9 ", ""),
        (Role::Participant, "*05", "5"),
        (Role::Participant, "A", ""),
    ] {
        let cast = |command| {
            let Command::Vote { leg, digit } = command else {
                return None;
            };
            (leg == LEG).then(|| digit.to_string())
        };
        let cast: Vec<_> = commands_while(POLL, role, keys)
            .into_iter()
            .filter_map(cast)
            .collect();
        assert_eq!(cast.concat(), votes, "{role:?} {keys}");
        let otherwise = commands(role, keys);
        let is_vote = |command: &Command| matches!(command, Command::Vote { .. });
        assert!(!otherwise.iter().any(is_vote), "without a poll: {keys}");
    }
}

#[test]
fn a_digit_is_no_vote_unless_the_poll_was_open_from_its_key_to_its_end() {
    let policy = Policy::default();
    let scene = |polling| Scene {
        role: Role::Participant,
        policy: &policy.keys,
        questions: false,
        polling,
        operator: false,
        aside: false,
    };
    for (pressed, ended, votes) in [(true, true, 1), (true, false, 0), (false, true, 0)] {
        let now = epoch();
        let mut keypad = Keypad::new(now, LEG, false);
        keypad.handle_input(now, '9', scene(pressed));
        keypad.handle_timeout(now + KEY_GAP, ended);
        assert_eq!(std::iter::from_fn(|| keypad.poll_output()).count(), votes);
        assert_eq!(keypad.poll_timeout(), None);
    }
}

#[test]
fn the_key_that_opened_a_poll_closes_it_and_commands_go_on_meanwhile() {
    let leg = LEG;
    let close = Command::SetPoll(PollStatus::Closed);
    assert_eq!(commands_while(POLL, Role::Host, "91"), [close]);
    assert_eq!(
        commands_while(POLL, Role::Host, "*6"),
        [Command::ToggleMute { leg }]
    );
    let did = press_while(POLL, Role::Participant, &Policy::default(), false, "99111#");
    assert_eq!(
        did.last(),
        Some(&Output::RolePin("111".into())),
        "and no digit of it is a vote"
    );
    assert_eq!(did.len(), 2);
    let mut policy = Policy::default();
    assert!(policy.set(AttributeId::call_mute_dtmf_binding, "5"));
    let did = press_while(POLL, Role::Host, &policy, false, "5");
    assert_eq!(did, [Output::Command(Command::ToggleMute { leg })]);
}

const DESK: Going = Going {
    operator: true,
    ..NOTHING
};

#[test]
fn the_operator_is_called_where_there_is_one_and_by_whom_the_roles_name() {
    let toggle = Command::ToggleOperator { leg: LEG };
    for role in Role::ALL {
        assert_eq!(commands_while(DESK, role, "*0"), std::slice::from_ref(&toggle));
        assert_eq!(commands(role, "*0"), [], "there is none");
    }
    let mut policy = Policy::default();
    assert!(policy.set(AttributeId::call_operator_dtmf, "h"));
    assert!(policy.set(AttributeId::call_operator_dtmf_binding, "70"));
    let did = |role, keys| press_while(DESK, role, &policy, false, keys);
    assert_eq!(did(Role::Host, "70"), [Output::Command(toggle)]);
    let refused = Output::Say(vec![Phrase::Prompt(Prompt::CommandNotAllowed)]);
    assert_eq!(did(Role::Participant, "70"), [refused]);
    let offers = |going, role| {
        let help = press_while(going, role, &policy, false, "*4");
        let Some(Output::Help(said)) = help.first().cloned() else {
            panic!("{help:?}")
        };
        said.contains(&Phrase::Prompt(Prompt::HelpOperator))
    };
    assert!(offers(DESK, Role::Host) && !offers(DESK, Role::Listener));
    assert!(!offers(NOTHING, Role::Host));
}

#[test]
fn with_the_operator_one_comes_back_or_leaves_and_steers_nothing() {
    let leg = LEG;
    let aside = Going { aside: true, ..DESK };
    for role in Role::ALL {
        for keys in ["*1", "*2", "*3", "*4", "*5", "*6", "*7", "*8", "91", "99111#"] {
            assert_eq!(press_while(aside, role, &Policy::default(), false, keys), []);
        }
        let mut policy = Policy::default();
        assert!(policy.set(AttributeId::call_operator_dtmf, ""));
        let back = [Output::Command(Command::ToggleOperator { leg })];
        assert_eq!(press_while(aside, role, &policy, false, "*0"), back);
        assert_eq!(commands_while(aside, role, "##"), [Command::Drop { leg }]);
    }
}

#[test]
fn help_names_the_commands_of_the_role_with_the_keys_in_force_and_any_key_ends_it() {
    let mut policy = Policy::default();
    assert!(policy.set(AttributeId::call_mute_dtmf_binding, "81"));
    let did = press(Role::Participant, &policy, false, "*41");
    let [Output::Help(said), Output::Hush] = did.as_slice() else {
        panic!("{did:?}")
    };
    assert!(said.contains(&Phrase::Keys("81".into())) && said.contains(&Phrase::Prompt(Prompt::HelpMute)));
    assert!(!said.contains(&Phrase::Prompt(Prompt::HelpLock)));
}

#[test]
fn the_role_pin_is_collected_to_the_pound_or_the_pause() {
    let policy = Policy::default();
    for keys in ["99111#", "99111 "] {
        let did = press(Role::Participant, &policy, false, keys);
        assert_eq!(did.last(), Some(&Output::RolePin("111".into())), "{keys}");
    }
    assert!(matches!(
        press(Role::Host, &policy, false, "99")[..],
        [Output::Say(_)]
    ));
}
