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
    Help,
    Leave,
    RolePin,
}

fn bindings(policy: &KeyPolicy) -> [Binding<'_>; 9] {
    let row = |keys, roles, help, action| Binding {
        keys,
        roles,
        help,
        action,
    };
    [
        row(
            policy.call_mute_dtmf_binding.0.as_str(),
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
            outputs: VecDeque::new(),
        }
    }

    /// Takes in a key that the leg pressed in its present role under the keys in force.
    pub fn handle_input(&mut self, now: Instant, key: char, role: Role, policy: &KeyPolicy) {
        self.handle_timeout(now);
        if std::mem::take(&mut self.helping) {
            self.outputs.push_back(Output::Hush);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::PoundPending { .. } if key == '#' => {}
            State::Idle | State::PoundPending { .. } => self.match_keys(now, key.into(), role, policy),
            State::Command { mut keys, .. } => {
                keys.push(key);
                self.match_keys(now, keys, role, policy);
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
    fn match_keys(&mut self, now: Instant, keys: String, role: Role, policy: &KeyPolicy) {
        let bindings = bindings(policy);
        if let Some(binding) = bindings.iter().find(|binding| binding.keys == keys) {
            match binding.roles.has(role) {
                true => self.act(now, binding.action, role, policy),
                false => self.say([Prompt::CommandNotAllowed]),
            }
        } else if bindings.iter().any(|binding| binding.keys.starts_with(&keys)) {
            let until = now + KEY_GAP;
            self.state = State::Command { keys, until };
        } else if keys.len() > 1 {
            self.match_keys(now, keys.chars().skip(1).collect(), role, policy);
        }
    }

    fn act(&mut self, now: Instant, action: Action, role: Role, policy: &KeyPolicy) {
        let leg = self.leg;
        let command = match action {
            Action::Mute => Command::ToggleMute { leg },
            Action::MuteOthers => Command::StepMuteMode,
            Action::Hold => Command::ToggleHold,
            Action::Lock => Command::ToggleLock,
            Action::Count => Command::Count { leg },
            Action::Tones => Command::StepTones,
            Action::Leave => Command::Drop { leg },
            Action::Help => return self.help(role, policy),
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
    fn help(&mut self, role: Role, policy: &KeyPolicy) {
        self.helping = true;
        let lines = bindings(policy)
            .into_iter()
            .filter(|binding| binding.roles.has(role));
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

    fn epoch() -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        Instant::now()
    }

    /// Presses `keys` half a second apart; a space is a pause of four seconds.
    fn press(role: Role, policy: &Policy, pound_pending: bool, keys: &str) -> Vec<Output> {
        let mut now = epoch();
        let mut keypad = Keypad::new(now, LEG, pound_pending);
        let mut did = Vec::new();
        for key in keys.chars() {
            match key {
                ' ' => now += Duration::from_secs(8),
                key => keypad.handle_input(now, key, role, &policy.keys),
            }
            keypad.handle_timeout(now);
            did.extend(std::iter::from_fn(|| keypad.poll_output()));
            now += Duration::from_millis(500);
        }
        did
    }

    fn commands(role: Role, keys: &str) -> Vec<Command> {
        let did = press(role, &Policy::default(), false, keys);
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
