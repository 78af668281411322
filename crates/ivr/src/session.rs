//! One caller's way from the first ring to the door of a meeting: steps 3 to 7 of the call flows.
//!
//! CONF and SPECTEL differ in one place: what an unknown code means.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::attribute::Limit;
use model::directory::CallFlow;
use model::{Cause, OperatorMode, Phrase, Prompt};

/// Pause between two digits after which the code is taken as complete.
pub const DIGIT_GAP: Duration = Duration::from_secs(4);
/// Silence after which the prompt is repeated.
pub const SILENCE: Duration = Duration::from_secs(10);
/// How often the prompt is repeated before silence counts as a wrong code.
const REPEATS: u8 = 2;
/// Each wrong code makes the next answer this much slower.
const SLOWER: Duration = Duration::from_secs(1);
/// Longest stay in the menu, whatever the number of tries.
const MENU_MAX: Duration = Duration::from_secs(600);
/// A prompt that is not reported as played by then is taken as played.
const PROMPT_MAX: Duration = Duration::from_secs(60);
/// Digits beyond this make a code wrong; they are not kept.
const CODE_MAX: usize = 20;
/// Shortest code that opens a meeting on the fly.
const ON_THE_FLY_MIN: usize = 4;

/// What the flow goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which flow the DID group runs.
    pub flow: CallFlow,
    /// How long it rings (`call_delay`).
    pub delay: Duration,
    /// Wrong codes before the operator, or goodbye (`call_operator_after`).
    pub tries: Limit,
    /// Whether there is an operator to be called.
    pub operator: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The answer was acknowledged: the caller hears us.
    Connected,
    /// A key was pressed.
    Digit(char),
    /// The last [`Output::Say`] has been heard to its end.
    Said,
    /// Answer to [`Output::Peek`]: the digits are a code and no longer one begins with them.
    Complete,
    /// Answer to [`Output::LookUp`].
    Found {
        /// What the code opens.
        found: Found,
        /// How long to wait before telling, beyond what former tries add.
        wait: Duration,
    },
    /// Answer to [`Output::CallOperator`]: the caller talks with the operator now.
    OperatorAnswered,
    /// Answer to the same, behind the first or alone: the operator does not come, or is gone.
    OperatorGone,
}

/// What the directory and the guess budgets say of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It opens a room, or a meeting that was opened on the fly and still runs.
    Open,
    /// Unknown, and the caller may open a meeting on the fly with it.
    Free,
    /// Unknown, expired or disabled: all alike.
    Wrong,
    /// The caller has guessed too often.
    Spent,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send 180.
    Ring,
    /// Send 200.
    Answer,
    /// Say this, cutting off what is being said.
    Say(Vec<Phrase>),
    /// Stop talking.
    Hush,
    /// Ask whether these digits are already a whole code (SPECTEL).
    Peek(String),
    /// Ask what this code opens; answered by [`Input::Found`].
    LookUp(String),
    /// Hand the leg to the meeting this code opens.
    Enter {
        /// The code.
        code: String,
        /// Nobody has this code: open a meeting on the fly.
        on_the_fly: bool,
        /// The code ended without `#`; one that still follows is to be swallowed.
        pound_pending: bool,
    },
    /// Call the operator, who will talk with the caller.
    CallOperator,
    /// Say this, then end the call.
    HangUp {
        /// Why.
        cause: Cause,
        /// Last words.
        say: Vec<Phrase>,
    },
}

/// The machine.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    wrong: u32,
    leave_at: Option<Instant>,
    step: Step,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum Step {
    Ringing {
        answer_at: Instant,
    },
    Answering,
    /// A prompt is being said; any digit cuts it off.
    Prompting {
        repeats: u8,
        give_up_at: Instant,
    },
    /// Silence after a prompt.
    Listening {
        repeats: u8,
        repeat_at: Instant,
    },
    Keying {
        digits: String,
        end_at: Instant,
    },
    /// The directory is being asked.
    Looking {
        code: String,
        pound_pending: bool,
    },
    /// The verdict is known and is told after the wait that right and wrong codes share.
    Deciding {
        verdict: Verdict,
        answer_at: Instant,
    },
    /// The operator was called, and may be there already.
    Operator {
        answered: bool,
    },
    Done,
}

#[derive(Debug)]
enum Verdict {
    Enter {
        code: String,
        on_the_fly: bool,
        pound_pending: bool,
    },
    Wrong,
}

impl Session {
    /// A call that has just come; rings at once.
    pub fn new(now: Instant, settings: Settings) -> Self {
        let answer_at = now + settings.delay;
        Self {
            settings,
            wrong: 0,
            leave_at: None,
            step: Step::Ringing { answer_at },
            outputs: VecDeque::from([Output::Ring]),
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Connected => self.connected(now),
            Input::Digit(key) => self.digit(now, key),
            Input::Said => self.said(now),
            Input::Complete => self.finish_keying(true),
            Input::Found { found, wait } => self.found(now, found, wait),
            Input::OperatorAnswered => self.operator_answered(),
            Input::OperatorGone => self.operator_gone(),
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return;
        }
        if self.leave_at.is_some_and(|at| at <= now) {
            return self.leave(Cause::WrongCode);
        }
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Ringing { .. } => {
                self.step = Step::Answering;
                self.outputs.push_back(Output::Answer);
            }
            Step::Prompting { repeats, .. } => self.listen(now, repeats),
            Step::Listening {
                repeats: REPEATS.., ..
            } => self.wrong(now),
            Step::Listening { repeats, .. } => self.prompt(now, repeats + 1, vec![]),
            step @ Step::Keying { .. } => {
                self.step = step;
                self.finish_keying(true);
            }
            Step::Deciding { verdict, .. } => self.decide(now, verdict),
            step @ (Step::Answering | Step::Looking { .. } | Step::Operator { .. } | Step::Done) => {
                self.step = step;
            }
        }
    }

    /// Hands out the next thing to do; drain to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let step = match self.step {
            Step::Ringing { answer_at } | Step::Deciding { answer_at, .. } => Some(answer_at),
            Step::Prompting { give_up_at, .. } => Some(give_up_at),
            Step::Listening { repeat_at, .. } => Some(repeat_at),
            Step::Keying { end_at, .. } => Some(end_at),
            Step::Answering | Step::Looking { .. } | Step::Operator { .. } | Step::Done => None,
        };
        step.into_iter().chain(self.leave_at).min()
    }

    /// Whether a key would be heard now.
    pub fn listens(&self) -> bool {
        match self.step {
            Step::Prompting { .. } | Step::Listening { .. } | Step::Keying { .. } => true,
            Step::Ringing { .. }
            | Step::Answering
            | Step::Looking { .. }
            | Step::Deciding { .. }
            | Step::Operator { .. }
            | Step::Done => false,
        }
    }

    /// How far the caller is with the operator.
    pub fn operator(&self) -> OperatorMode {
        match self.step {
            Step::Operator { answered: false } => OperatorMode::Requested,
            Step::Operator { answered: true } => OperatorMode::With,
            Step::Ringing { .. }
            | Step::Answering
            | Step::Prompting { .. }
            | Step::Listening { .. }
            | Step::Keying { .. }
            | Step::Looking { .. }
            | Step::Deciding { .. }
            | Step::Done => OperatorMode::None,
        }
    }

    fn connected(&mut self, now: Instant) {
        if matches!(self.step, Step::Answering) {
            self.leave_at = Some(now + MENU_MAX);
            self.prompt(now, 0, vec![Phrase::Prompt(Prompt::Welcome)]);
        }
    }

    fn prompt(&mut self, now: Instant, repeats: u8, mut before: Vec<Phrase>) {
        before.push(Phrase::Prompt(Prompt::EnterCode));
        self.outputs.push_back(Output::Say(before));
        self.step = Step::Prompting {
            repeats,
            give_up_at: now + PROMPT_MAX,
        };
    }

    fn said(&mut self, now: Instant) {
        if let Step::Prompting { repeats, .. } = self.step {
            self.listen(now, repeats);
        }
    }

    fn listen(&mut self, now: Instant, repeats: u8) {
        self.step = Step::Listening {
            repeats,
            repeat_at: now + SILENCE,
        };
    }

    fn digit(&mut self, now: Instant, key: char) {
        match &mut self.step {
            Step::Prompting { .. } => {
                self.outputs.push_back(Output::Hush);
                self.first_digit(now, key);
            }
            Step::Listening { .. } => self.first_digit(now, key),
            Step::Keying { .. } if key == '#' => self.finish_keying(false),
            Step::Keying { .. } if key == '*' => self.listen(now, 0),
            Step::Keying { digits, end_at } => {
                if digits.len() <= CODE_MAX {
                    digits.push(key);
                }
                *end_at = now + DIGIT_GAP;
                self.peek();
            }
            Step::Ringing { .. }
            | Step::Answering
            | Step::Looking { .. }
            | Step::Deciding { .. }
            | Step::Operator { .. }
            | Step::Done => {}
        }
    }

    fn first_digit(&mut self, now: Instant, key: char) {
        match key {
            // A lone pound is no code: whoever presses it too early gets the prompt's silence once more.
            '#' | '*' => self.listen(now, 0),
            key => {
                self.step = Step::Keying {
                    digits: key.into(),
                    end_at: now + DIGIT_GAP,
                };
                self.peek();
            }
        }
    }

    fn peek(&mut self) {
        if let (Step::Keying { digits, .. }, CallFlow::Spectel) = (&self.step, self.settings.flow) {
            self.outputs.push_back(Output::Peek(digits.clone()));
        }
    }

    fn finish_keying(&mut self, pound_pending: bool) {
        if let Step::Keying { digits, .. } = &mut self.step {
            let code = std::mem::take(digits);
            self.outputs.push_back(Output::LookUp(code.clone()));
            self.step = Step::Looking { code, pound_pending };
        }
    }

    /// Right and wrong codes are answered after the same wait, which grows with every wrong one.
    fn found(&mut self, now: Instant, found: Found, wait: Duration) {
        let Step::Looking { code, pound_pending } = &mut self.step else {
            return;
        };
        let (code, pound_pending) = (std::mem::take(code), *pound_pending);
        let long_enough = (ON_THE_FLY_MIN..=CODE_MAX).contains(&code.len());
        let may_open = long_enough && self.settings.flow == CallFlow::Conf;
        let verdict = match found {
            Found::Spent => return self.leave(Cause::TooManyGuesses),
            Found::Free if !may_open => Verdict::Wrong,
            Found::Wrong => Verdict::Wrong,
            Found::Open | Found::Free => Verdict::Enter {
                code,
                on_the_fly: found == Found::Free,
                pound_pending,
            },
        };
        let answer_at = now + wait + SLOWER * self.wrong;
        self.step = Step::Deciding { verdict, answer_at };
        self.handle_timeout(now);
    }

    fn decide(&mut self, now: Instant, verdict: Verdict) {
        match verdict {
            Verdict::Wrong => self.wrong(now),
            Verdict::Enter {
                code,
                on_the_fly,
                pound_pending,
            } => {
                self.leave_at = None;
                self.outputs.push_back(Output::Enter {
                    code,
                    on_the_fly,
                    pound_pending,
                });
            }
        }
    }

    fn wrong(&mut self, now: Instant) {
        self.wrong += 1;
        match self.settings.tries.allows(self.wrong + 1) {
            true => self.prompt(now, 0, vec![Phrase::Prompt(Prompt::CodeNotValid)]),
            false if self.settings.operator => self.call_operator(),
            false => self.leave(Cause::WrongCode),
        }
    }

    /// How long it rings and how long they talk is not the menu's to say.
    fn call_operator(&mut self) {
        self.leave_at = None;
        self.step = Step::Operator { answered: false };
        let say = [Prompt::CodeNotValid, Prompt::CallingOperator].map(Phrase::Prompt);
        self.outputs.push_back(Output::Say(say.to_vec()));
        self.outputs.push_back(Output::CallOperator);
    }

    fn operator_answered(&mut self) {
        if let Step::Operator { answered } = &mut self.step {
            *answered = true;
            let say = vec![Phrase::Prompt(Prompt::WithOperator)];
            self.outputs.push_back(Output::Say(say));
        }
    }

    /// There is nothing to come back to.
    fn operator_gone(&mut self) {
        let mut say = match self.operator() {
            OperatorMode::With => vec![],
            OperatorMode::Requested => vec![Phrase::Prompt(Prompt::OperatorNotAvailable)],
            OperatorMode::None => return,
        };
        self.step = Step::Done;
        say.push(Phrase::Prompt(Prompt::Goodbye));
        let cause = Cause::WrongCode;
        self.outputs.push_back(Output::HangUp { cause, say });
    }

    fn leave(&mut self, cause: Cause) {
        self.step = Step::Done;
        self.leave_at = None;
        let say = [Prompt::CodeNotValid, Prompt::Goodbye]
            .map(Phrase::Prompt)
            .to_vec();
        self.outputs.push_back(Output::HangUp { cause, say });
    }
}

#[cfg(test)]
mod tests;
