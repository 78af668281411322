//! Keys pressed within a meeting, turned into the same commands REST sends.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::attribute::KeyPolicy;
use model::{Command, LegId, Phrase, Prompt, Role, Roles};

/// Longest pause between two keys of one command.
pub const KEY_GAP: Duration = Duration::from_secs(3);
/// A `#` that ends the access code late is swallowed for this long.
const POUND_WAIT: Duration = Duration::from_secs(3);
/// Keys that ask for the role PIN; no attribute rebinds them.
const ROLE_PIN_KEYS: &str = "99";
/// Longest PIN, in digits.
const PIN_MAX: usize = 20;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Give the meeting this command.
    Command(Command),
    /// Say this to the leg alone.
    Say(Vec<Phrase>),
    /// Stop what is being said to the leg.
    Hush,
    /// Ask whether this is a host code of the leg's room; answer with [`Command::RolePin`].
    RolePin(String),
}

/// The keys of one leg.
#[derive(Debug)]
pub struct Keypad {
    leg: LegId,
    state: State,
    helping: bool,
    /// Until then the key for the next question ends the session.
    ends_until: Option<Instant>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum State {
    Idle,
    /// The code was taken before its pound came.
    PoundPending {
        until: Instant,
    },
    Command {
        keys: String,
        until: Instant,
    },
    Pin {
        digits: String,
        until: Instant,
    },
}

/// What keys depend on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Role of the leg now.
    pub role: Role,
    /// Keys in force, and who may use them.
    pub policy: &'a KeyPolicy,
    /// Whether a question-and-answer session runs.
    pub questions: bool,
}

/// A command with its keys, who may use it and its line in the help menu.
struct Binding<'a> {
    keys: &'a str,
    roles: Roles,
    help: Prompt,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Mute,
    MuteOthers,
    Hold,
    Lock,
    Count,
    Tones,
    Questions,
    Hand,
    Help,
    Leave,
    RolePin,
}

fn row(keys: &str, roles: Roles, help: Prompt, action: Action) -> Binding<'_> {
    Binding {
        keys,
        roles,
        help,
        action,
    }
}

/// Every command, in the order of the help menu.
fn bindings(scene: Scene<'_>) -> Vec<Binding<'_>> {
    let all = of_meeting(scene.policy).into_iter();
    all.chain(of_questions(scene))
        .chain(of_oneself(scene.policy))
        .collect()
}

fn of_meeting(policy: &KeyPolicy) -> [Binding<'_>; 6] {
    [
        row(
            &policy.call_mute_dtmf_binding.0,
            policy.call_mute_dtmf,
            Prompt::HelpMute,
            Action::Mute,
        ),
        row(
            &policy.conference_mute_dtmf_binding.0,
            policy.conference_mute_dtmf,
            Prompt::HelpMuteOthers,
            Action::MuteOthers,
        ),
        row(
            &policy.conference_hold_dtmf_binding.0,
            policy.conference_hold_dtmf,
            Prompt::HelpHold,
            Action::Hold,
        ),
        row(
            &policy.conference_lock_dtmf_binding.0,
            policy.conference_lock_dtmf,
            Prompt::HelpLock,
            Action::Lock,
        ),
        row(
            &policy.call_participantsnumber_dtmf_binding.0,
            policy.call_participantsnumber_dtmf,
            Prompt::HelpCount,
            Action::Count,
        ),
        row(
            &policy.conference_entryexittones_dtmf_binding.0,
            policy.conference_entryexittones_dtmf,
            Prompt::HelpTones,
            Action::Tones,
        ),
    ]
}

/// The same keys for those who run the session and for those who ask, who can do so only while one runs.
fn of_questions(scene: Scene<'_>) -> [Binding<'_>; 2] {
    let keys = &scene.policy.conference_qa_dtmf_binding.0;
    let hosts = scene.policy.conference_qa_dtmf;
    let askers = match scene.questions {
        true => hosts.others(),
        false => Roles::default(),
    };
    [
        row(keys, hosts, Prompt::HelpQaHost, Action::Questions),
        row(keys, askers, Prompt::HelpRaiseHand, Action::Hand),
    ]
}

fn of_oneself(policy: &KeyPolicy) -> [Binding<'_>; 3] {
    [
        row(ROLE_PIN_KEYS, Roles::GUESTS, Prompt::HelpRolePin, Action::RolePin),
        row(
            &policy.call_instructions_dtmf_binding.0,
            policy.call_instructions_dtmf,
            Prompt::HelpHelp,
            Action::Help,
        ),
        row(
            &policy.call_exit_dtmf_binding.0,
            policy.call_exit_dtmf,
            Prompt::HelpLeave,
            Action::Leave,
        ),
    ]
}

impl Keypad {
    /// For a leg that enters a meeting; `pound_pending` when its code ended without the pound key.
    pub fn new(now: Instant, leg: LegId, pound_pending: bool) -> Self {
        let until = now + POUND_WAIT;
        Self {
            leg,
            state: if pound_pending {
                State::PoundPending { until }
            } else {
                State::Idle
            },
            helping: false,
            ends_until: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in a key that the leg pressed.
    pub fn handle_input(&mut self, now: Instant, key: char, scene: Scene<'_>) {
        self.handle_timeout(now);
        if std::mem::take(&mut self.helping) {
            self.outputs.push_back(Output::Hush);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::PoundPending { .. } if key == '#' => {}
            State::Idle | State::PoundPending { .. } => self.match_keys(now, key.into(), scene),
            State::Command { mut keys, .. } => {
                keys.push(key);
                self.match_keys(now, keys, scene);
            }
            State::Pin { digits, .. } => self.pin(now, digits, key),
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return;
        }
        if let State::Pin { digits, .. } = std::mem::replace(&mut self.state, State::Idle) {
            self.outputs.push_back(Output::RolePin(digits));
        }
    }

    /// Hands out the next thing to do; drain to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Idle => None,
            State::PoundPending { until } | State::Command { until, .. } | State::Pin { until, .. } => {
                Some(until)
            }
        }
    }

    /// A whole binding acts; the beginning of one waits; anything else is dropped up to the key that may begin anew.
    fn match_keys(&mut self, now: Instant, keys: String, scene: Scene<'_>) {
        let bindings = bindings(scene);
        let whole = || bindings.iter().filter(|binding| binding.keys == keys);
        if let Some(binding) = whole().find(|binding| binding.roles.has(scene.role)) {
            self.act(now, binding.action, scene);
        } else if whole().next().is_some() {
            self.say([Prompt::CommandNotAllowed]);
        } else if bindings.iter().any(|binding| binding.keys.starts_with(&keys)) {
            let until = now + KEY_GAP;
            self.state = State::Command { keys, until };
        } else if keys.len() > 1 {
            self.match_keys(now, keys.chars().skip(1).collect(), scene);
        }
    }

    fn act(&mut self, now: Instant, action: Action, scene: Scene<'_>) {
        let leg = self.leg;
        let command = match action {
            Action::Mute => Command::ToggleMute { leg },
            Action::MuteOthers => Command::StepMuteMode,
            Action::Hold => Command::ToggleHold,
            Action::Lock => Command::ToggleLock,
            Action::Count => Command::Count { leg },
            Action::Tones => Command::StepTones,
            Action::Leave => Command::Drop { leg },
            Action::Questions => self.questions(now, scene),
            Action::Hand => Command::ToggleHand { leg },
            Action::Help => return self.help(scene),
            Action::RolePin => {
                self.state = State::Pin {
                    digits: String::new(),
                    until: now + 2 * KEY_GAP,
                };
                return self.say([Prompt::EnterPin]);
            }
        };
        self.outputs.push_back(Output::Command(command));
    }

    /// Begins a session, or takes the next question; keyed twice within the key gap it ends the session.
    fn questions(&mut self, now: Instant, scene: Scene<'_>) -> Command {
        let twice = self.ends_until.take().is_some_and(|until| now <= until);
        match (scene.questions, twice) {
            (false, _) => Command::SetQa(true),
            (true, true) => Command::SetQa(false),
            (true, false) => {
                self.ends_until = Some(now + KEY_GAP);
                Command::NextQuestion
            }
        }
    }

    fn pin(&mut self, now: Instant, mut digits: String, key: char) {
        match key {
            '#' => self.outputs.push_back(Output::RolePin(digits)),
            key => {
                if digits.len() <= PIN_MAX {
                    digits.push(key);
                }
                self.state = State::Pin {
                    digits,
                    until: now + 2 * KEY_GAP,
                };
            }
        }
    }

    /// The commands this role may use, with the keys in force.
    fn help(&mut self, scene: Scene<'_>) {
        self.helping = true;
        let lines = bindings(scene)
            .into_iter()
            .filter(|binding| binding.roles.has(scene.role));
        let phrases = lines.flat_map(|line| [Phrase::Prompt(line.help), Phrase::Keys(line.keys.to_owned())]);
        self.outputs.push_back(Output::Say(phrases.collect()));
    }

    fn say<const N: usize>(&mut self, prompts: [Prompt; N]) {
        self.outputs
            .push_back(Output::Say(prompts.map(Phrase::Prompt).to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::attribute::{AttributeId, Policy};

    const LEG: LegId = LegId(7);

    /// What goes on in the meeting.
    #[derive(Clone, Copy, Default)]
    struct Going {
        questions: bool,
    }

    fn epoch() -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        Instant::now()
    }

    /// Presses `keys` half a second apart while nothing special goes on; a space is a long pause.
    fn press(role: Role, policy: &Policy, pound_pending: bool, keys: &str) -> Vec<Output> {
        press_while(Going::default(), role, policy, pound_pending, keys)
    }

    fn press_while(
        going: Going,
        role: Role,
        policy: &Policy,
        pound_pending: bool,
        keys: &str,
    ) -> Vec<Output> {
        let scene = Scene {
            role,
            policy: &policy.keys,
            questions: going.questions,
        };
        let mut now = epoch();
        let mut keypad = Keypad::new(now, LEG, pound_pending);
        let mut did = Vec::new();
        for key in keys.chars() {
            match key {
                ' ' => now += Duration::from_secs(8),
                key => keypad.handle_input(now, key, scene),
            }
            keypad.handle_timeout(now);
            did.extend(std::iter::from_fn(|| keypad.poll_output()));
            now += Duration::from_millis(500);
        }
        did
    }

    fn commands(role: Role, keys: &str) -> Vec<Command> {
        commands_while(Going::default(), role, keys)
    }

    fn commands_while(going: Going, role: Role, keys: &str) -> Vec<Command> {
        let did = press_while(going, role, &Policy::default(), false, keys);
        let command = |output| match output {
            Output::Command(command) => Some(command),
            Output::Say(_) | Output::Hush | Output::RolePin(_) => None,
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

    const QUESTIONS: Going = Going { questions: true };

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
        for (going, offered) in [(Going::default(), false), (QUESTIONS, true)] {
            let did = press_while(going, Role::Listener, &Policy::default(), false, "*4");
            let line = Phrase::Prompt(Prompt::HelpRaiseHand);
            let said = |output: &Output| matches!(output, Output::Say(said) if said.contains(&line));
            assert_eq!(did.iter().any(said), offered);
        }
    }

    #[test]
    fn help_names_the_commands_of_the_role_with_the_keys_in_force_and_any_key_ends_it() {
        let mut policy = Policy::default();
        assert!(policy.set(AttributeId::call_mute_dtmf_binding, "81"));
        let did = press(Role::Participant, &policy, false, "*41");
        let [Output::Say(said), Output::Hush] = did.as_slice() else {
            panic!("{did:?}")
        };
        assert!(
            said.contains(&Phrase::Keys("81".into())) && said.contains(&Phrase::Prompt(Prompt::HelpMute))
        );
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
}
