//! Keys pressed within a meeting, turned into the same commands REST sends.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::attribute::{KeyPolicy, ROLE_PIN_KEYS};
use model::{Command, LegId, Phrase, PollStatus, Prompt, Role, Roles};

/// Longest pause between two keys of one command.
pub const KEY_GAP: Duration = Duration::from_secs(3);
/// A `#` that ends the access code late is swallowed for this long.
const POUND_WAIT: Duration = Duration::from_secs(3);
/// Longest PIN, in digits.
const PIN_MAX: usize = 20;

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Give the meeting this command.
    Command(Command),
    /// Say this to the leg alone.
    Say(Vec<Phrase>),
    /// Say the help menu, which is this, to the leg alone: it was asked for by a command.
    Help(Vec<Phrase>),
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
        /// Whether its digits are votes should no command come of them: not those behind another key, for whoever mistook a command meant no
        /// vote.
        votes: bool,
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
    /// Whether a poll is open: digits of which no command comes are votes.
    pub polling: bool,
    /// Whether there is an operator to be called.
    pub operator: bool,
    /// Whether the leg has called the operator, or talks with one: then it comes back or leaves, and steers nothing in the meeting.
    pub aside: bool,
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
    Poll,
    Operator,
    Record,
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
    if scene.aside {
        return vec![of_operator(scene), of_leaving(scene.policy)];
    }
    let all = of_meeting(scene.policy).into_iter();
    all.chain(of_questions(scene))
        .chain([of_polls(scene.policy), of_recording(scene.policy)])
        .chain(of_oneself(scene))
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

fn of_polls(policy: &KeyPolicy) -> Binding<'_> {
    row(
        &policy.polling_dtmf_binding.0,
        policy.polling_dtmf,
        Prompt::HelpPoll,
        Action::Poll,
    )
}

fn of_recording(policy: &KeyPolicy) -> Binding<'_> {
    row(
        &policy.recording_dtmf_binding.0,
        policy.recording_dtmf,
        Prompt::HelpRecord,
        Action::Record,
    )
}

/// Whoever is with the operator comes back, whatever its role is by then; without an operator nobody calls one.
fn of_operator(scene: Scene<'_>) -> Binding<'_> {
    let roles = match (scene.aside, scene.operator) {
        (true, _) => Roles::default().others(),
        (false, true) => scene.policy.call_operator_dtmf,
        (false, false) => Roles::default(),
    };
    row(
        &scene.policy.call_operator_dtmf_binding.0,
        roles,
        Prompt::HelpOperator,
        Action::Operator,
    )
}

fn of_leaving(policy: &KeyPolicy) -> Binding<'_> {
    row(
        &policy.call_exit_dtmf_binding.0,
        policy.call_exit_dtmf,
        Prompt::HelpLeave,
        Action::Leave,
    )
}

fn of_oneself(scene: Scene<'_>) -> [Binding<'_>; 4] {
    let policy = scene.policy;
    [
        of_operator(scene),
        row(ROLE_PIN_KEYS, Roles::GUESTS, Prompt::HelpRolePin, Action::RolePin),
        row(
            &policy.call_instructions_dtmf_binding.0,
            policy.call_instructions_dtmf,
            Prompt::HelpHelp,
            Action::Help,
        ),
        of_leaving(policy),
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
        self.handle_timeout(now, scene.polling);
        if std::mem::take(&mut self.helping) {
            self.outputs.push_back(Output::Hush);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::PoundPending { .. } if key == '#' => {}
            State::Idle | State::PoundPending { .. } => {
                self.match_keys(now, key.into(), scene.polling, scene);
            }
            State::Command { mut keys, votes, .. } => {
                keys.push(key);
                self.match_keys(now, keys, votes && scene.polling, scene);
            }
            State::Pin { digits, .. } => self.pin(now, digits, key),
        }
    }

    /// Lets time pass up to `now`; `polling` as in [`Scene`].
    pub fn handle_timeout(&mut self, now: Instant, polling: bool) {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return;
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Pin { digits, .. } => self.outputs.push_back(Output::RolePin(digits)),
            State::Command { keys, votes, .. } if votes && polling => self.vote(keys.chars()),
            State::Command { .. } | State::Idle | State::PoundPending { .. } => {}
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
    /// So is a whole one that the role may not use where its digits are `votes`.
    fn match_keys(&mut self, now: Instant, keys: String, votes: bool, scene: Scene<'_>) {
        let bindings = bindings(scene);
        let whole = || bindings.iter().filter(|binding| binding.keys == keys);
        if let Some(binding) = whole().find(|binding| binding.roles.has(scene.role)) {
            self.act(now, binding.action, scene);
        } else if whole().next().is_some() && !(votes && is_digits(&keys)) {
            self.say([Prompt::CommandNotAllowed]);
        } else if bindings.iter().any(|binding| begins(binding.keys, &keys)) {
            let until = now + KEY_GAP;
            self.state = State::Command { keys, until, votes };
        } else {
            self.match_rest(now, &keys, votes, scene);
        }
    }

    fn match_rest(&mut self, now: Instant, keys: &str, votes: bool, scene: Scene<'_>) {
        let mut rest = keys.chars();
        let first = rest.next();
        let votes = votes && first.is_some_and(|key| key.is_ascii_digit());
        if votes {
            self.vote(first);
        }
        let rest: String = rest.collect();
        if !rest.is_empty() {
            self.match_keys(now, rest, votes, scene);
        }
    }

    /// Each digit is a vote; the last one counts.
    fn vote(&mut self, keys: impl IntoIterator<Item = char>) {
        let leg = self.leg;
        let digits = keys.into_iter().filter_map(|key| key.to_digit(10));
        let votes = digits.map(|digit| Command::Vote {
            leg,
            digit: digit as u8,
        });
        self.outputs.extend(votes.map(Output::Command));
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
            Action::Operator => Command::ToggleOperator { leg },
            Action::Leave => Command::Drop { leg },
            Action::Questions => self.questions(now, scene),
            Action::Hand => Command::ToggleHand { leg },
            Action::Poll if scene.polling => Command::SetPoll(PollStatus::Closed),
            Action::Poll => Command::SetPoll(PollStatus::Open),
            Action::Record => Command::ToggleRecording,
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
        self.outputs.push_back(Output::Help(phrases.collect()));
    }

    fn say<const N: usize>(&mut self, prompts: [Prompt; N]) {
        self.outputs
            .push_back(Output::Say(prompts.map(Phrase::Prompt).to_vec()));
    }
}

fn begins(binding: &str, keys: &str) -> bool {
    binding.len() > keys.len() && binding.starts_with(keys)
}

fn is_digits(keys: &str) -> bool {
    keys.bytes().all(|key| key.is_ascii_digit())
}

#[cfg(test)]
mod tests;
