//! Somebody who sees only what comes out of a meeting, and knows what must hold whatever is asked of it.

use std::collections::BTreeMap;

use meeting::{Audience, Hears, Meeting, Output};
use model::{Cause, Event, LegId, Mute, MuteMask, OperatorMode, Poll, PollStatus, Question, RecordingEnd};

#[derive(Debug, Default)]
pub(crate) struct Witness {
    legs: BTreeMap<LegId, Seen>,
    created: bool,
    /// What was told of the modes last.
    mute_mode: Option<MuteMask>,
    hold_mode: Option<MuteMask>,
    locked: bool,
    questions: bool,
    poll: Poll,
    /// The recording that was ordered, and the file of the one that the world knows of.
    take: Option<u32>,
    file: Option<String>,
    started: bool,
    over: Option<Cause>,
    ended: bool,
}

/// One leg, from its `Waiting` or `Joined` to its `Left`.
#[derive(Debug, Default)]
struct Seen {
    joined: bool,
    dropped: bool,
    held: bool,
    mute: Mute,
    question: Question,
    operator: OperatorMode,
    /// Whether the bridge was told to call the operator, and not yet to let go of one.
    calls_operator: bool,
    route: Option<(bool, Hears)>,
}

impl Seen {
    fn has_floor(&self) -> bool {
        self.question == Question::Floor && !self.dropped
    }
}

impl Witness {
    /// Takes in the outputs of one step, then compares with what the meeting says of itself.
    pub(crate) fn observe(&mut self, outputs: &[Output], meeting: &Meeting) {
        for output in outputs {
            self.output(output);
        }
        self.compare(meeting);
    }

    fn output(&mut self, output: &Output) {
        let refusal = matches!(output, Output::Refused { .. });
        let refusal = refusal
            || matches!(
                output,
                Output::Event {
                    event: Event::Refused { .. },
                    ..
                }
            );
        assert!(!self.ended || refusal, "{output:?} after the end");
        match output {
            Output::Event { event, .. } => self.event(event),
            Output::Route { leg, speaks, hears } => self.staying(*leg).route = Some((*speaks, *hears)),
            Output::Drop { leg, .. } => {
                let seen = self.staying(*leg);
                assert_eq!(seen.operator, OperatorMode::None, "{leg} is with the operator");
                assert_eq!(seen.route, Some((false, Hears::Nothing)), "{leg} is not cut off");
                seen.dropped = true;
            }
            Output::Gain { leg, .. } => drop(self.staying(*leg)),
            Output::CallOperator { leg, .. } => {
                let seen = self.staying(*leg);
                assert_eq!(seen.operator, OperatorMode::Requested);
                assert_eq!(seen.route, Some((false, Hears::Operator)), "{leg} is not silent");
                assert!(
                    !std::mem::replace(&mut seen.calls_operator, true),
                    "{leg} has one"
                );
            }
            Output::DropOperator { leg } => {
                assert!(self.staying(*leg).calls_operator, "{leg} has no operator");
                self.staying(*leg).calls_operator = false;
            }
            Output::Say {
                to: Audience::Leg(leg),
                ..
            } => drop(self.staying(*leg)),
            Output::Ended { cause } => {
                assert!(self.legs.is_empty(), "ended with legs in it");
                assert_eq!(self.over, Some(*cause));
                assert_eq!((self.take, &self.file), (None, &None), "it is still recorded");
                self.ended = true;
            }
            Output::Tone(_) => assert!(self.legs.values().any(|seen| seen.joined), "a tone for nobody"),
            Output::Record { take, file, .. } => {
                assert!(self.started, "the waiting music is recorded");
                assert_eq!(self.take.replace(*take), None, "recorded twice at once");
                assert!(file.ends_with(&format!("-{take}.ogg")), "{file}");
            }
            Output::EndRecording { take, .. } => assert_eq!(self.take.take(), Some(*take)),
            Output::Admitted { .. } => assert!(self.created),
            Output::Refused { .. } => assert!(self.created || self.ended),
            Output::Say {
                to: Audience::Everyone,
                ..
            } => {}
        }
    }

    fn event(&mut self, event: &Event) {
        assert!(self.over.is_none() || matches!(event, Event::Refused { .. }));
        match event {
            Event::Created => assert!(!std::mem::replace(&mut self.created, true)),
            Event::Ended { cause } => {
                assert!(!self.questions, "questions go on");
                assert_ne!(self.poll.status, PollStatus::Open, "the poll is open");
                assert!(!self.locked, "it is locked");
                assert!(self.mute_mode.is_none_or(is_open), "its mute mode is on");
                assert!(self.hold_mode.is_none_or(is_open), "its hold mode is on");
                self.over = Some(*cause);
            }
            Event::Waiting { leg, .. } => {
                let before = self.legs.insert(*leg, Seen::default());
                assert!(before.is_none(), "{leg} waits twice");
            }
            Event::Joined { leg, .. } => {
                let seen = self.legs.entry(*leg).or_default();
                assert!(!std::mem::replace(&mut seen.joined, true), "{leg} joins twice");
            }
            Event::Left { leg, .. } => {
                let seen = self.legs.remove(leg).expect("it was here");
                assert_eq!(seen.operator, OperatorMode::None, "{leg} is with the operator");
                let asks = matches!(seen.question, Question::Raised | Question::Floor);
                assert!(!asks, "{leg} has its hand up, or the floor");
                assert_eq!((seen.mute, seen.held), (Mute::default(), false), "{leg}");
            }
            Event::OperatorSet { leg, mode, cause } => {
                let seen = self.staying(*leg);
                seen.calls_operator &= mode.is_aside();
                let before = std::mem::replace(&mut seen.operator, *mode);
                let next = match before {
                    OperatorMode::None => OperatorMode::Requested,
                    OperatorMode::Requested => OperatorMode::With,
                    OperatorMode::With => OperatorMode::None,
                };
                assert!(
                    before.is_aside() && !mode.is_aside() || *mode == next,
                    "{before:?} {mode:?}"
                );
                assert_eq!(cause.is_some(), !mode.is_aside(), "each off has its cause");
            }
            Event::Held { leg, on } => {
                let before = std::mem::replace(&mut self.changing(*leg, *on).held, *on);
                assert_ne!(before, *on, "{leg} is held or released twice");
            }
            Event::Muted { leg, mute } => {
                let before = std::mem::replace(&mut self.changing(*leg, mute.any()).mute, *mute);
                assert_ne!(before, *mute, "{leg} is muted as before");
            }
            Event::MuteModeSet(mode) => {
                let before = self.mute_mode.replace(*mode);
                assert_ne!(before, Some(*mode), "the mute mode is as before");
            }
            Event::HoldModeSet(mode) => {
                let before = self.hold_mode.replace(*mode);
                assert_ne!(before, Some(*mode), "the hold mode is as before");
            }
            Event::Locked(on) => {
                let before = std::mem::replace(&mut self.locked, *on);
                assert_ne!(before, *on, "locked or unlocked twice");
            }
            Event::QaSet(on) => {
                let before = std::mem::replace(&mut self.questions, *on);
                assert_ne!(before, *on, "questions begin or end twice");
            }
            Event::QuestionSet { leg, question } => {
                assert!(self.questions || *question == Question::None, "nobody may ask");
                let before = std::mem::replace(&mut self.staying(*leg).question, *question);
                assert_ne!(before, *question, "{leg} asks as before");
                let holders = self.legs.values().filter(|seen| seen.has_floor());
                assert!(holders.count() <= 1, "more than one has the floor");
            }
            Event::PollOpened => {
                assert_ne!(self.poll.status, PollStatus::Open, "opened twice");
                self.poll.status = PollStatus::Open;
            }
            Event::PollClosed(tally) => {
                assert_eq!(self.poll.status, PollStatus::Open, "none was open");
                let (status, tally) = (PollStatus::Closed, *tally);
                self.poll = Poll { status, tally };
            }
            Event::PollCleared => {
                assert_eq!(self.poll.status, PollStatus::Closed, "nothing to clear");
                self.poll = Poll::default();
            }
            Event::Started => self.started = true,
            Event::RecordingStarted { file } => {
                assert!(self.take.is_some(), "nobody records");
                assert_eq!(self.file.replace(file.clone()), None, "started twice");
            }
            Event::RecordingStopped { file, end, .. } => {
                assert_eq!(self.take, None, "it goes on");
                assert_eq!(self.file.take().as_ref(), Some(file), "it had not started");
                assert_ne!(*end, RecordingEnd::Interrupted);
            }
            Event::RoleSet { leg, .. } | Event::Named { leg, .. } | Event::GainSet { leg, .. } => {
                self.staying(*leg);
            }
            Event::RecordingFailed { .. }
            | Event::Refused { .. }
            | Event::AttributeSet { .. }
            | Event::Ending { .. }
            | Event::EndingCancelled => {}
        }
    }

    /// A leg that is here and has not been told to go: nothing else may be named any more.
    fn staying(&mut self, leg: LegId) -> &mut Seen {
        let seen = self.legs.get_mut(&leg).filter(|seen| !seen.dropped);
        seen.unwrap_or_else(|| panic!("{leg} is not here"))
    }

    /// A leg that is muted or held or not any more; of one that has been told to go only the latter is said.
    fn changing(&mut self, leg: LegId, on: bool) -> &mut Seen {
        let seen = self.legs.get_mut(&leg).filter(|seen| !seen.dropped || !on);
        seen.unwrap_or_else(|| panic!("{leg} is not here"))
    }

    fn compare(&self, meeting: &Meeting) {
        let mut legs: Vec<_> = meeting.legs().collect();
        assert!(self.mute_mode.is_none_or(|mode| mode == meeting.mute_mode()));
        assert!(self.hold_mode.is_none_or(|mode| mode == meeting.hold_mode()));
        assert_eq!(meeting.locked(), self.locked);
        assert_eq!(meeting.questions(), self.questions);
        assert_eq!(meeting.recording(), self.take.is_some());
        assert!(self.file.is_none() || self.take.is_some(), "told and not so");
        let (poll, open) = (meeting.poll(), self.poll.status == PollStatus::Open);
        assert_eq!((poll.status, meeting.polling()), (self.poll.status, open));
        assert!(open || poll == self.poll, "what stands is what was told");
        legs.sort();
        assert_eq!(legs, self.legs.keys().copied().collect::<Vec<_>>());
        for (leg, seen) in &self.legs {
            let row = meeting.row(*leg).expect("it has a row");
            let route = match (row.waiting, row.held) {
                _ if seen.dropped => (false, Hears::Nothing),
                _ if row.operator.is_aside() => (row.operator == OperatorMode::With, Hears::Operator),
                (true, _) | (_, true) => (false, Hears::Music),
                (false, false) => (!row.mute.any(), Hears::Room),
            };
            assert_eq!(seen.route, Some(route), "{row:?}");
            assert_eq!(seen.held, row.held, "{leg}: the last Held event");
            assert_eq!(seen.mute, row.mute, "{leg}: the last Muted event");
            assert_eq!(seen.question, row.question, "{leg}: the last QuestionSet event");
            assert_eq!(seen.operator, row.operator, "{leg}: the last OperatorSet event");
            assert!(row.question != Question::Floor || !row.mute.hard, "{row:?}");
            assert!(
                self.questions || row.question == Question::None || seen.dropped,
                "{row:?}"
            );
            assert!(seen.dropped || seen.joined != row.waiting, "{row:?}");
        }
    }
}

fn is_open(mode: MuteMask) -> bool {
    mode == MuteMask::OPEN
}
