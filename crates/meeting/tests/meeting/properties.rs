//! What holds whatever is asked of a meeting, and whenever. The [`Witness`](crate::witness::Witness) looks on at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use meeting::{Entry, Meeting, Output};
use model::attribute::{AttributeId, Policy};
use model::{
    Actor, Cause, Command, LegId, Mute, MuteMask, PollStatus, Question, RecordingFault, Role, Tally,
};
use proptest::prelude::*;

use crate::script::{Script, entrant, rest};

/// One step of a random story.
#[derive(Clone, Debug)]
enum Step {
    Asks(Actor, Command),
    Waits(u64),
    /// What comes of recordings from now on.
    Records(Option<Result<(), RecordingFault>>),
    /// Whether phones hang up at once when they are told to go.
    Slow(bool),
}

fn number() -> impl Strategy<Value = u64> {
    1..=6u64
}

fn leg() -> impl Strategy<Value = LegId> {
    number().prop_map(LegId)
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn question() -> impl Strategy<Value = Question> {
    prop::sample::select(Question::ALL.to_vec())
}

fn mask() -> impl Strategy<Value = MuteMask> {
    (0..64i64).prop_map(|bits| MuteMask::from_wire(bits).expect("six bits"))
}

fn setting() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("conference_start_how", "first"),
        ("conference_start_how", "moderator"),
        ("conference_start_how", "explicit"),
        ("conference_start_wait", "0"),
        ("conference_start_wait", "90"),
        ("conference_stop_how", "moderator"),
        ("conference_stop_how", "last"),
        ("conference_stop_wait", "0"),
        ("conference_stop_wait", "20"),
        ("conference_stop_wait", "100"),
        ("conference_maxduration", "-1"),
        ("conference_maxduration", "200"),
        ("conference_maxduration", "0"),
        ("call_maxduration", "-1"),
        ("call_maxduration", "100"),
        ("call_maxduration", "10"),
        ("conference_maxcalls", "3"),
        ("conference_maxcalls", "0"),
        ("conference_maxcallsperrole", "1:2:1"),
        ("conference_mute_policy", ""),
        ("conference_mute_policy", "hp"),
        ("conference_hold_policy", "pl"),
        ("conference_hold_policy", ""),
        ("conference_qa_policy", ""),
        ("conference_qa_policy", "hpl"),
        ("conference_qa_dtmf", "hp"),
        ("conference_entrytones", "off"),
        ("conference_recording", "auto"),
        ("conference_recording", "off"),
        ("recording_stop_how", "moderator"),
        ("recording_stop_wait", "0"),
        ("recording_stop_wait", "50"),
        ("call_announceparticipantcount", "p"),
    ])
}

fn operator() -> impl Strategy<Value = Command> {
    prop_oneof![
        leg().prop_map(|leg| Command::ToggleOperator { leg }),
        (leg(), any::<bool>()).prop_map(|(leg, on)| Command::SetOperator { leg, on }),
        leg().prop_map(|leg| Command::OperatorAnswered { leg }),
        leg().prop_map(|leg| Command::OperatorGone {
            leg,
            cause: Cause::Busy
        }),
    ]
}

fn of_the_recorder() -> impl Strategy<Value = Command> {
    let fault = prop::sample::select(RecordingFault::ALL.to_vec());
    prop_oneof![
        (0..4u32).prop_map(|take| Command::RecordingBegan { take }),
        (0..4u32, 0..100u32).prop_map(|(take, ms)| Command::RecordingGap { take, ms }),
        (0..4u32, fault).prop_map(|(take, fault)| Command::RecordingFailed { take, fault }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let mute = (any::<bool>(), any::<bool>()).prop_map(|(soft, hard)| Mute { soft, hard });
    let attribute = (setting(), any::<bool>()).prop_map(|((name, value), set)| Command::SetAttribute {
        id: AttributeId::find(name).expect(name),
        value: set.then(|| value.to_owned()),
    });
    let about_a_leg = prop_oneof![
        leg().prop_map(|leg| Command::Drop { leg }),
        leg().prop_map(|leg| Command::ToggleMute { leg }),
        (leg(), mute).prop_map(|(leg, mute)| Command::SetMute { leg, mute }),
        (leg(), any::<bool>()).prop_map(|(leg, on)| Command::SetHold { leg, on }),
        leg().prop_map(|leg| Command::Count { leg }),
        leg().prop_map(|leg| Command::ToggleHand { leg }),
        (leg(), 0..11u8).prop_map(|(leg, digit)| Command::Vote { leg, digit }),
        (leg(), question()).prop_map(|(leg, question)| Command::SetQuestion { leg, question }),
        (leg(), role()).prop_map(|(leg, role)| Command::SetRole { leg, role }),
        (leg(), any::<bool>()).prop_map(|(leg, right)| Command::RolePin { leg, right }),
        (leg(), "[ab]").prop_map(|(leg, name)| Command::SetName { leg, name }),
        (leg(), -22..22i8).prop_map(|(leg, db)| Command::SetGain { leg, db }),
        operator(),
    ];
    let about_all = prop_oneof![
        Just(Command::StepMuteMode),
        mask().prop_map(Command::SetMuteMode),
        Just(Command::ToggleHold),
        mask().prop_map(Command::SetHoldMode),
        Just(Command::ToggleLock),
        any::<bool>().prop_map(Command::SetLock),
        Just(Command::StepTones),
        prop::bool::weighted(0.8).prop_map(Command::SetQa),
        Just(Command::NextQuestion),
        prop::sample::select(PollStatus::ALL.to_vec()).prop_map(Command::SetPoll),
        Just(Command::ToggleRecording),
        any::<bool>().prop_map(Command::SetRecording),
        of_the_recorder(),
        Just(Command::Start),
    ];
    prop_oneof![4 => about_a_leg, 3 => about_all, 3 => attribute, 1 => Just(Command::Stop)]
}

fn step() -> impl Strategy<Value = Step> {
    let join = (number(), role()).prop_map(|(number, role)| {
        let command = Command::Join(Box::new(entrant(number, role)));
        Step::Asks(Actor::Leg(LegId(number)), command)
    });
    let leave = leg().prop_map(|leg| {
        let cause = Cause::HungUp;
        Step::Asks(Actor::Leg(leg), Command::Leave { leg, cause })
    });
    let actor = prop_oneof![leg().prop_map(Actor::Leg), Just(rest()), Just(Actor::Bridge)];
    prop_oneof![
        6 => join,
        2 => leave,
        8 => (actor, command()).prop_map(|(actor, command)| Step::Asks(actor, command)),
        3 => (0..130u64).prop_map(Step::Waits),
        1 => any::<bool>().prop_map(Step::Slow),
        1 => prop::sample::select(vec![None, Some(Ok(())), Some(Err(RecordingFault::Disk))]).prop_map(Step::Records),
    ]
}

fn story() -> impl Strategy<Value = (Vec<(&'static str, &'static str)>, Vec<Step>)> {
    (
        prop::collection::vec(setting(), 0..5),
        prop::collection::vec(step(), 1..80),
    )
}

fn play(settings: &[(&str, &str)], steps: Vec<Step>) -> Script {
    let mut script = Script::new(settings);
    for step in steps {
        match step {
            Step::Asks(actor, command) => drop(script.asks(actor, command)),
            Step::Waits(seconds) => drop(script.wait(seconds)),
            Step::Slow(slow) => script.slow_to_go = slow,
            Step::Records(outcome) => script.recorder = outcome,
        }
    }
    script
}

/// Who is in it, by what was put in and not refused.
fn joined_less_left(meeting: &Meeting) -> BTreeSet<LegId> {
    let mut legs = BTreeSet::new();
    for line in meeting.log() {
        let Entry::Command {
            command,
            refused: None,
            ..
        } = &line.entry
        else {
            continue;
        };
        if let Command::Join(entrant) = command {
            assert!(legs.insert(entrant.leg), "{} is in it twice", entrant.leg);
        } else if let Command::Leave { leg, .. } = command {
            assert!(legs.remove(leg), "{leg} was never in it");
        }
    }
    legs
}

/// Puts the log of `meeting` into a fresh one.
fn replay(policy: Policy, meeting: &Meeting) -> (Meeting, Vec<Output>) {
    let (mut again, mut outputs) = (Meeting::new(policy), Vec::new());
    for line in meeting.log() {
        match &line.entry {
            Entry::Command { actor, command, .. } => {
                again.handle_input(line.at, actor.clone(), command.clone());
            }
            Entry::Timeout => again.handle_timeout(line.at),
        }
        outputs.extend(std::iter::from_fn(|| again.poll_output()));
    }
    (again, outputs)
}

fn state(meeting: &Meeting) -> impl PartialEq + std::fmt::Debug + use<> {
    let rows: Vec<_> = meeting.legs().map(|leg| meeting.row(leg)).collect();
    let modes = (meeting.mute_mode(), meeting.hold_mode(), meeting.locked());
    let modes = (modes, meeting.questions(), meeting.poll(), meeting.recording());
    let life = (meeting.has_started(), meeting.is_ending(), meeting.poll_timeout());
    (rows, modes, life, meeting.policy().clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_the_witness_finds_nothing_wrong_and_the_roster_is_joins_less_leaves((settings, steps) in story()) {
        let script = play(&settings, steps);
        let legs: BTreeSet<_> = script.meeting.legs().collect();
        prop_assert_eq!(legs, joined_less_left(&script.meeting));
    }

    #[test]
    fn a_log_that_is_put_in_again_gives_the_same_meeting_and_the_same_outputs((settings, steps) in story()) {
        let script = play(&settings, steps);
        let (again, outputs) = replay(script.policy.clone(), &script.meeting);
        prop_assert_eq!(outputs, script.history);
        prop_assert_eq!(state(&again), state(&script.meeting));
        prop_assert!(again.log().eq(script.meeting.log()));
    }

    #[test]
    fn every_meeting_ends_once_all_are_sent_away((settings, steps) in story()) {
        let mut script = play(&settings, steps);
        script.slow_to_go = false;
        script.asks(rest(), Command::Stop);
        let last = script.now;
        for leg in script.meeting.legs().collect::<Vec<_>>() {
            script.leaves(leg.0);
        }
        let ends = script.history.iter().filter(|output| matches!(output, Output::Ended { .. }));
        prop_assert_eq!(ends.count(), 1);
        prop_assert!(script.meeting.is_ending() && script.meeting.poll_timeout().is_none(), "{:?}", last);
    }

    #[test]
    fn hold_and_back_leaves_everybody_as_before((settings, steps) in story()) {
        let mut script = play(&settings, steps);
        if script.meeting.is_ending() {
            return Ok(());
        }
        script.asks(rest(), Command::SetHoldMode(MuteMask::OPEN));
        let before = state(&script.meeting);
        script.asks(rest(), Command::ToggleHold);
        script.asks(rest(), Command::ToggleHold);
        prop_assert_eq!(state(&script.meeting), before);
    }

    #[test]
    fn questions_that_begin_and_end_leave_everybody_as_before((settings, steps) in story(), turns in prop::collection::vec((number(), question()), 0..12)) {
        let mut script = play(&settings, steps);
        script.asks(rest(), Command::SetQa(false));
        let before = state(&script.meeting);
        script.asks(rest(), Command::SetQa(true));
        for (number, question) in turns {
            script.asks(rest(), Command::SetQuestion { leg: LegId(number), question });
            script.asks(rest(), Command::NextQuestion);
        }
        script.asks(rest(), Command::SetQa(false));
        prop_assert_eq!(state(&script.meeting), before);
    }

    #[test]
    fn the_last_vote_of_each_counts_whoever_left((settings, steps) in story()) {
        let script = play(&settings, steps);
        let (mut votes, mut left) = (BTreeMap::new(), Vec::new());
        let (mut open, mut tally) = (false, Tally::default());
        for line in script.meeting.log() {
            let Entry::Command { command, refused: None, .. } = &line.entry else {
                continue;
            };
            if let Command::SetPoll(status) = command {
                open = *status == PollStatus::Open;
                if open || *status == PollStatus::None {
                    (votes, left) = (BTreeMap::new(), Vec::new());
                }
            } else if let Command::Vote { leg, digit } = command {
                prop_assert!(open, "a vote without a poll");
                votes.insert(*leg, *digit);
            } else if let Command::Leave { leg, .. } = command {
                left.extend(votes.remove(leg));
            }
        }
        votes.values().chain(&left).for_each(|digit| tally.add(*digit));
        prop_assert_eq!(script.meeting.poll().tally, tally);
    }

    #[test]
    fn hands_get_the_floor_in_the_order_they_were_raised(turns in prop::collection::vec((1..=6u64, any::<bool>()), 1..60)) {
        let legs: Vec<_> = (1..=6).map(|number| (number, Role::Participant)).collect();
        let mut script = Script::with(&[], &legs);
        script.asks(rest(), Command::SetQa(true));
        let (mut queue, mut floor) = (Vec::new(), None);
        for (number, toggles) in turns {
            let leg = LegId(number);
            if toggles {
                script.asks(Actor::Leg(leg), Command::ToggleHand { leg });
                match queue.iter().position(|other| *other == leg) {
                    Some(place) => drop(queue.remove(place)),
                    None if floor == Some(leg) => floor = None,
                    None => queue.push(leg),
                }
            } else {
                script.asks(rest(), Command::NextQuestion);
                floor = (!queue.is_empty()).then(|| queue.remove(0));
            }
            let speaking = (1..=6).map(LegId).find(|leg| script.row(leg.0).question == Question::Floor);
            prop_assert_eq!(speaking, floor);
            let heard: Vec<_> = (1..=6).filter(|number| !script.row(*number).mute.any()).map(LegId).collect();
            prop_assert_eq!(heard, Vec::from_iter(floor), "whoever has the floor, and nobody else");
        }
    }

    #[test]
    fn time_that_passes_in_one_leap_or_late_is_never_a_busy_loop((settings, steps) in story(), late in 0..500_000u64) {
        let mut script = play(&settings, steps);
        let now: Instant = script.now + Duration::from_millis(late);
        script.meeting.handle_timeout(now);
        let next = script.meeting.poll_timeout();
        prop_assert!(next.is_none_or(|at| at > now));
    }
}

const CROWD: u64 = 1_000;

#[test]
fn a_thousand_legs_join_step_modes_and_leave_with_outputs_in_proportion() {
    let mut script = Script::new(&[("conference_maxcalls", "-1")]);
    let crowd = CROWD as usize;
    script.joins(1, Role::Host);
    let joins: usize = (2..=CROWD)
        .map(|number| script.joins(number, Role::Participant).0.len())
        .sum();
    assert!(joins <= 5 * crowd, "{joins} outputs");
    for command in [
        Command::StepMuteMode,
        Command::StepMuteMode,
        Command::StepMuteMode,
        Command::ToggleHold,
        Command::ToggleLock,
        Command::ToggleHold,
        Command::SetQa(true),
        Command::NextQuestion,
        Command::SetQa(false),
    ] {
        let outputs = script.asks(rest(), command.clone()).0.len();
        assert!(outputs <= 3 * crowd + 2, "{command:?}: {outputs} outputs");
    }
    // Beside those of the legs: the mute mode and the lock are off, and the meeting over.
    let outputs = script.asks(rest(), Command::Stop).0.len();
    assert!(outputs <= 3 * crowd + 4, "{outputs} outputs");
}

#[test]
fn a_thousand_legs_who_waited_come_in_with_outputs_in_proportion() {
    let mut script = Script::new(&[("conference_start_how", "moderator")]);
    for number in 2..=CROWD {
        assert_eq!(
            script.joins(number, Role::Participant).0.len(),
            4 + usize::from(number == 2)
        );
    }
    let did = script.joins(1, Role::Host);
    assert!(did.0.len() <= 4 * CROWD as usize, "{} outputs", did.0.len());
    assert_eq!(did.tones().len(), 1);
}
