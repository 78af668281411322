//! What the meetings' log says, read again from its beginning.

use std::collections::BTreeMap;

use model::{
    CallNews, CallState, Cause, Event, LegId, MeetingId, MeetingView, Mute, MuteMask, News, Poll, PollStatus,
    PresenterMedia, Question, Role,
};
use store::Record;
use world::World;

/// One leg, as the log tells it.
#[derive(Debug)]
struct Row {
    role: Role,
    inside: bool,
    mute: Mute,
    question: Question,
    held: bool,
    gain: i8,
    /// Unless it was named before it came.
    name: Option<String>,
    /// Unless it was marked before it came.
    presents: Option<PresenterMedia>,
    talks: bool,
    alarm: bool,
}

impl Row {
    fn new(role: Role, inside: bool) -> Self {
        Self {
            role,
            inside,
            mute: Mute::default(),
            question: Question::None,
            held: false,
            gain: 0,
            name: None,
            presents: None,
            talks: false,
            alarm: false,
        }
    }

    /// Whoever leaves has nothing on any more; that he had his turn is no matter.
    fn check_off(&self) {
        assert_eq!((self.mute, self.held), (Mute::default(), false), "{self:?}");
        assert_eq!((self.talks, self.alarm), (false, false), "{self:?}");
        let asks = matches!(self.question, Question::Raised | Question::Floor);
        assert!(!asks, "{self:?}");
    }
}

/// Goes on where it was off, and off where it was on.
fn turn(switch: &mut bool, on: bool) {
    assert_ne!(std::mem::replace(switch, on), on, "it is so already");
}

/// One meeting, as the log tells it.
#[derive(Debug, Default)]
pub(super) struct Account {
    next: u64,
    legs: BTreeMap<LegId, Row>,
    /// In order of arrival.
    order: Vec<LegId>,
    mute: Option<MuteMask>,
    hold: Option<MuteMask>,
    locked: bool,
    questions: bool,
    poll: Poll,
    /// The file that it is recorded in.
    file: Option<String>,
    /// Whether it started.
    pub(super) started: bool,
    /// Why it ended.
    pub(super) ended: Option<Cause>,
    /// How many joined.
    pub(super) joined: u32,
    /// Most at once.
    pub(super) peak: u32,
}

/// All meetings.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    read: usize,
    /// By id.
    pub(super) accounts: BTreeMap<MeetingId, Account>,
    /// Why each leg left its last meeting.
    pub(super) left: BTreeMap<LegId, Cause>,
}

impl Ledger {
    /// Reads what was written since the last time.
    pub(super) fn read(&mut self, world: &World) {
        for record in &world.records[self.read..] {
            if let Record::Happening(happening) = record
                && let Some(place) = happening.place
            {
                let account = self.accounts.entry(place.meeting).or_default();
                account.count(place.seq);
                match &happening.news {
                    News::Call { leg, what } => account.note(*leg, *what),
                    News::Meeting(event) => {
                        if let Event::Left { leg, cause } = event {
                            self.left.insert(*leg, *cause);
                        }
                        account.enter(event);
                    }
                }
            }
        }
        self.read = world.records.len();
    }

    /// Live state is what the log says, no more and no less.
    pub(super) fn check(&self, world: &World) {
        for view in world.live.meetings.values() {
            let account = &self.accounts[&view.id];
            account.check_modes(view);
            for leg in &account.order {
                account.check_leg(world, *leg);
            }
        }
        let live = |id| world.live.meetings.values().any(|view| view.id == id);
        for (id, account) in &self.accounts {
            assert!(
                account.ended.is_none() || !live(*id),
                "{id:?} is over and still live"
            );
        }
    }
}

impl Account {
    fn count(&mut self, seq: u64) {
        assert_eq!(seq, self.next);
        assert_eq!(self.ended, None, "{seq}");
        self.next += 1;
    }

    /// Nobody talks but who is in the meeting and heard there.
    fn note(&mut self, leg: LegId, what: CallNews) {
        match what {
            CallNews::Talking { on } => {
                let row = self.row(leg);
                turn(&mut row.talks, on);
                let heard = row.inside && !row.mute.any() && !row.held;
                assert!(heard || !on, "{leg}: {row:?}");
            }
            CallNews::QualityAlarm { on, .. } => turn(&mut self.row(leg).alarm, on),
            CallNews::Presents(media) => self.row(leg).presents = Some(media),
            CallNews::Ringing | CallNews::InMenu | CallNews::Ended { .. } | CallNews::Keyed(_) => {}
        }
    }

    /// Everything that went on in it is over.
    fn check_off(&self) {
        assert!(self.legs.is_empty(), "{:?}", self.legs);
        assert_eq!((&self.file, self.locked), (&None, false), "what goes on goes off");
        assert_ne!(self.poll.status, PollStatus::Open, "what goes on goes off");
        assert!(!self.questions, "what goes on goes off");
        for mode in [self.mute, self.hold] {
            assert!(mode.is_none_or(|mode| mode == MuteMask::OPEN), "{mode:?}");
        }
    }

    fn enter(&mut self, event: &Event) {
        match event.clone() {
            Event::Created => assert_eq!(self.next, 1),
            Event::Started => assert!(!std::mem::replace(&mut self.started, true)),
            Event::Ended { cause } => {
                self.check_off();
                self.ended = Some(cause);
            }
            Event::Waiting { leg, role } => self.arrive(leg, role, false),
            Event::Joined { leg, role } => self.arrive(leg, role, true),
            Event::Refused { leg, .. } => assert!(!self.legs.contains_key(&leg)),
            Event::Left { leg, .. } => {
                let row = self.legs.remove(&leg).expect("whoever leaves has come");
                row.check_off();
                self.order.retain(|other| *other != leg);
            }
            Event::Muted { leg, mute } => self.silent(leg).mute = mute,
            Event::Held { leg, on } => turn(&mut self.silent(leg).held, on),
            Event::MuteModeSet(mode) => self.mute = Some(mode),
            Event::HoldModeSet(mode) => self.hold = Some(mode),
            Event::Locked(on) => turn(&mut self.locked, on),
            Event::QaSet(on) => turn(&mut self.questions, on),
            Event::QuestionSet { leg, question } => self.row(leg).question = question,
            Event::OperatorSet { .. } => panic!("there is no operator in these stories"),
            Event::PollOpened => {
                let before = std::mem::replace(&mut self.poll.status, PollStatus::Open);
                assert_ne!(before, PollStatus::Open);
            }
            Event::PollClosed(tally) => {
                assert_eq!(self.poll.status, PollStatus::Open);
                let status = PollStatus::Closed;
                self.poll = Poll { status, tally };
            }
            Event::PollCleared => self.poll = Poll::default(),
            Event::RecordingStarted { file } => assert_eq!(self.file.replace(file), None),
            Event::RecordingStopped { file, .. } => assert_eq!(self.file.take(), Some(file)),
            Event::RecordingFailed { .. } => {}
            Event::RoleSet { leg, role } => self.row(leg).role = role,
            Event::Named { leg, name } => self.row(leg).name = Some(name),
            Event::GainSet { leg, db } => self.row(leg).gain = db,
            Event::AttributeSet { .. } | Event::Ending { .. } | Event::EndingCancelled => {}
        }
    }

    fn row(&mut self, leg: LegId) -> &mut Row {
        self.legs.get_mut(&leg).expect("only of those who are here")
    }

    /// The one whose mute or hold changes: that he ceased to talk was told before.
    fn silent(&mut self, leg: LegId) -> &mut Row {
        let row = self.row(leg);
        assert!(!row.talks, "{leg} talks yet");
        row
    }

    fn arrive(&mut self, leg: LegId, role: Role, inside: bool) {
        if let Some(row) = self.legs.get_mut(&leg) {
            assert!(inside && !row.inside && row.role == role, "{leg:?} came twice");
            row.inside = true;
        } else {
            self.legs.insert(leg, Row::new(role, inside));
            self.order.push(leg);
        }
        self.joined += u32::from(inside);
        let inside = self.legs.values().filter(|row| row.inside).count() as u32;
        self.peak = self.peak.max(inside);
    }

    fn check_modes(&self, view: &MeetingView) {
        assert_eq!(view.legs, self.order);
        assert_eq!(
            (view.locked, view.started_ms.is_some(), view.questions),
            (self.locked, self.started, self.questions)
        );
        assert_eq!(view.recording, self.file.is_some());
        assert_eq!(view.poll.status, self.poll.status);
        assert!(view.poll.status == PollStatus::Open || view.poll == self.poll);
        assert!(self.mute.is_none_or(|mode| mode == view.mute));
        assert!(self.hold.is_none_or(|mode| mode == view.hold));
    }

    fn check_leg(&self, world: &World, leg: LegId) {
        let (view, row) = (&world.live.calls[&leg], &self.legs[&leg]);
        assert_eq!(
            (view.role, view.mute, view.question, view.held, view.gain_db),
            (Some(row.role), row.mute, row.question, row.held, row.gain),
            "{leg:?}"
        );
        assert_eq!(row.name.as_deref().unwrap_or_default(), view.custom_name);
        assert!(row.presents.is_none_or(|media| media == view.presenter_media));
        assert_eq!(view.state == CallState::InMeeting, row.inside, "{leg:?}");
    }
}
