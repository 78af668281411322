//! Callers who key, wait and give up.

use super::*;

/// Plays a caller: waits of ms and keys in turn; `#` and digits are keys. Returns what the session did, with times in ms.
struct Caller {
    epoch: Instant,
    now: Instant,
    session: Session,
    codes: &'static [&'static str],
    did: Vec<(u128, Output)>,
}

impl Caller {
    fn new(flow: CallFlow, tries: Option<u32>) -> Self {
        Self::of(Settings {
            flow,
            delay: Duration::from_secs(2),
            tries: Limit(tries),
            operator: false,
        })
    }

    fn of(settings: Settings) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let epoch = Instant::now();
        let session = Session::new(epoch, settings);
        let mut caller = Self {
            epoch,
            now: epoch,
            session,
            codes: &["111", "1112", "222"],
            did: Vec::new(),
        };
        caller.drain();
        caller
    }

    fn connected(mut self) -> Self {
        self = self.wait(2_000);
        self.input(Input::Connected);
        self
    }

    fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.drain();
    }

    fn key(mut self, keys: &str) -> Self {
        keys.chars().for_each(|key| self.input(Input::Digit(key)));
        self
    }

    fn said(mut self) -> Self {
        self.input(Input::Said);
        self
    }

    fn wait(mut self, ms: u64) -> Self {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
            self.drain();
        }
        self.now = end;
        self
    }

    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            let at = (self.now - self.epoch).as_millis();
            self.did.push((at, output.clone()));
            match output {
                Output::Peek(digits) => {
                    let longer = self
                        .codes
                        .iter()
                        .any(|c| c.len() > digits.len() && c.starts_with(&digits));
                    if self.codes.contains(&digits.as_str()) && !longer {
                        self.session.handle_input(self.now, Input::Complete);
                    }
                }
                Output::LookUp(code) => {
                    let found = if self.codes.contains(&code.as_str()) {
                        Found::Open
                    } else {
                        Found::Free
                    };
                    let wait = Duration::ZERO;
                    self.session.handle_input(self.now, Input::Found { found, wait });
                }
                Output::Ring | Output::Answer | Output::Say(_) | Output::Hush => {}
                Output::Enter { .. } | Output::CallOperator | Output::HangUp { .. } => {}
            }
        }
    }

    fn last(&self) -> (u128, &Output) {
        let (at, output) = self.did.last().unwrap();
        (*at, output)
    }

    fn said_prompts(&self, wanted: Prompt) -> usize {
        let says =
            |output: &Output| matches!(output, Output::Say(what) if what.contains(&Phrase::Prompt(wanted)));
        self.did.iter().filter(|(_, output)| says(output)).count()
    }
}

fn enter(code: &str, on_the_fly: bool, pound_pending: bool) -> Output {
    Output::Enter {
        code: code.into(),
        on_the_fly,
        pound_pending,
    }
}

#[test]
fn it_rings_at_once_answers_after_the_delay_and_asks_for_the_code() {
    let caller = Caller::new(CallFlow::Conf, Some(3)).connected();
    assert_eq!(caller.did[0], (0, Output::Ring));
    assert_eq!(caller.did[1], (2_000, Output::Answer));
    assert_eq!(caller.said_prompts(Prompt::EnterCode), 1);
    assert_eq!(caller.said_prompts(Prompt::Welcome), 1);
}

#[test]
fn a_digit_cuts_the_prompt_off_and_counts() {
    let caller = Caller::new(CallFlow::Conf, Some(3)).connected().key("111#");
    assert!(caller.did.contains(&(2_000, Output::Hush)));
    assert_eq!(caller.last().1, &enter("111", false, false));
}

#[test]
fn the_pause_between_digits_ends_the_code() {
    let caller = Caller::new(CallFlow::Conf, Some(3))
        .connected()
        .key("11")
        .wait(3_900)
        .key("1")
        .wait(3_999);
    assert!(matches!(caller.last().1, Output::Hush));
    let caller = caller.wait(1);
    assert_eq!(caller.last(), (9_900, &enter("111", false, true)));
}

#[test]
fn spectel_takes_a_code_at_once_unless_a_longer_one_begins_with_it() {
    let caller = Caller::new(CallFlow::Spectel, Some(3)).connected().key("222");
    assert_eq!(caller.last().1, &enter("222", false, true));
    let caller = Caller::new(CallFlow::Spectel, Some(3)).connected().key("111");
    assert_eq!(caller.last().1, &Output::Peek("111".into()));
    let caller = caller.key("2");
    assert_eq!(caller.last().1, &enter("1112", false, true));
}

#[test]
fn star_starts_the_code_over() {
    let caller = Caller::new(CallFlow::Conf, Some(3)).connected().key("99*111#");
    assert_eq!(caller.last().1, &enter("111", false, false));
}

#[test]
fn conf_opens_a_meeting_for_an_unknown_code_of_four_digits_and_spectel_does_not() {
    let conf = Caller::new(CallFlow::Conf, Some(3)).connected().key("4711#");
    assert_eq!(conf.last().1, &enter("4711", true, false));
    let short = Caller::new(CallFlow::Conf, Some(3)).connected().key("471#");
    assert_eq!(short.said_prompts(Prompt::CodeNotValid), 1);
    let spectel = Caller::new(CallFlow::Spectel, Some(3)).connected().key("4711#");
    assert_eq!(spectel.said_prompts(Prompt::CodeNotValid), 1);
}

#[test]
fn every_wrong_code_is_answered_a_second_later_and_the_third_is_goodbye() {
    let caller = Caller::new(CallFlow::Spectel, Some(3)).connected().key("9#");
    assert_eq!(
        (caller.said_prompts(Prompt::CodeNotValid), caller.last().0),
        (1, 2_000)
    );
    let caller = caller.key("9#").wait(999);
    assert_eq!(caller.said_prompts(Prompt::CodeNotValid), 1);
    let caller = caller.wait(1).key("9#").wait(2_000);
    let (at, last) = caller.last();
    assert!(matches!(
        last,
        Output::HangUp {
            cause: Cause::WrongCode,
            ..
        }
    ));
    assert_eq!(at, 5_000);
}

#[test]
fn a_right_code_is_told_as_late_as_a_wrong_one() {
    let caller = Caller::new(CallFlow::Spectel, Some(3))
        .connected()
        .key("9#")
        .key("222")
        .wait(5_000);
    assert_eq!(caller.last(), (3_000, &enter("222", false, true)));
}

/// One who has keyed two wrong codes of two.
fn at_the_operator() -> Caller {
    let caller = Caller::of(Settings {
        flow: CallFlow::Spectel,
        delay: Duration::ZERO,
        tries: Limit(Some(2)),
        operator: true,
    });
    let mut caller = caller.wait(0);
    caller.input(Input::Connected);
    caller.key("999#").said().wait(1_000).key("998#").wait(2_000)
}

fn hang_up<const N: usize>(say: [Prompt; N]) -> Output {
    Output::HangUp {
        cause: Cause::WrongCode,
        say: say.map(Phrase::Prompt).to_vec(),
    }
}

#[test]
fn after_the_last_wrong_code_the_operator_is_called_and_then_it_is_goodbye() {
    let mut caller = at_the_operator();
    assert_eq!(caller.last().1, &Output::CallOperator);
    assert_eq!(caller.said_prompts(Prompt::CallingOperator), 1);
    assert_eq!(caller.session.operator(), OperatorMode::Requested);
    caller.input(Input::OperatorAnswered);
    assert_eq!(caller.said_prompts(Prompt::WithOperator), 1);
    assert_eq!(caller.session.operator(), OperatorMode::With);
    let before = caller.did.len();
    let mut caller = caller.key("111#*0").said().wait(3_600_000);
    assert_eq!(
        caller.did.len(),
        before,
        "no key and no time of the menu's matters"
    );
    caller.input(Input::OperatorGone);
    assert_eq!(caller.last().1, &hang_up([Prompt::Goodbye]));
    assert_eq!(caller.session.operator(), OperatorMode::None);
    caller.input(Input::OperatorGone);
    assert_eq!(caller.did.len(), before + 1);
}

#[test]
fn an_operator_who_does_not_come_is_told_with_the_goodbye() {
    let mut caller = at_the_operator();
    caller.input(Input::OperatorGone);
    let words = [Prompt::OperatorNotAvailable, Prompt::Goodbye];
    assert_eq!(caller.last().1, &hang_up(words));
    let mut early = Caller::new(CallFlow::Conf, Some(3)).connected();
    let before = early.did.len();
    early.input(Input::OperatorAnswered);
    early.input(Input::OperatorGone);
    assert_eq!(early.did.len(), before, "it has called nobody");
}

#[test]
fn silence_repeats_the_prompt_twice_and_then_counts_as_a_wrong_code() {
    let caller = Caller::new(CallFlow::Spectel, Some(1)).connected();
    let caller = caller.said().wait(10_000).said().wait(10_000);
    assert_eq!(caller.said_prompts(Prompt::EnterCode), 3);
    let caller = caller.said().wait(9_999);
    assert!(matches!(caller.last().1, Output::Say(_)));
    let caller = caller.wait(1);
    assert!(matches!(
        caller.last().1,
        Output::HangUp {
            cause: Cause::WrongCode,
            ..
        }
    ));
}

#[test]
fn unlimited_tries_still_end_after_ten_minutes() {
    let mut caller = Caller::new(CallFlow::Spectel, None).connected();
    for _ in 0..80 {
        caller = caller.said().wait(10_000);
    }
    assert_eq!(caller.last().0, 602_000);
    assert!(matches!(caller.last().1, Output::HangUp { .. }));
}

#[test]
fn a_code_of_too_many_digits_is_wrong_and_not_kept() {
    let caller = Caller::new(CallFlow::Conf, Some(3))
        .connected()
        .key(&"9".repeat(500))
        .key("#");
    let kept = caller.did.iter().find_map(|(_, output)| match output {
        Output::LookUp(code) => Some(code.len()),
        Output::Ring | Output::Answer | Output::Say(_) | Output::Hush => None,
        Output::Peek(_) | Output::Enter { .. } | Output::CallOperator | Output::HangUp { .. } => None,
    });
    assert_eq!(kept, Some(CODE_MAX + 1));
    assert_eq!(caller.said_prompts(Prompt::CodeNotValid), 1);
}

#[test]
fn a_caller_who_guessed_too_often_is_let_go() {
    let mut session = Caller::new(CallFlow::Spectel, Some(3))
        .connected()
        .key("9")
        .session;
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    let now = Instant::now();
    session.handle_input(now, Input::Digit('#'));
    while session.poll_output().is_some() {}
    let found = Found::Spent;
    session.handle_input(
        now,
        Input::Found {
            found,
            wait: Duration::ZERO,
        },
    );
    let cause = Cause::TooManyGuesses;
    assert!(matches!(session.poll_output(), Some(Output::HangUp { cause: c, .. }) if c == cause));
}

#[test]
fn it_listens_while_it_asks_and_not_while_it_decides() {
    let mut caller = Caller::new(CallFlow::Spectel, Some(3));
    assert!(!caller.session.listens());
    caller = caller.connected();
    assert!(caller.session.listens());
    caller = caller.said().key("9");
    assert!(caller.session.listens());
    caller = caller.key("#").said().key("9#");
    assert!(
        !caller.session.listens(),
        "the second wrong code is answered a second later"
    );
    caller = caller.wait(1_000);
    assert!(caller.session.listens());
}
