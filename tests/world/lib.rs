//! The simulated world that scenario tests run in: a whole bridge without sockets, threads or clocks.
//!
//! [`World`] owns control, a clock that moves only when told to, and phones that speak SIP as text. The mixer is a double that notes
//! its orders and says when something has been played; what the mixer itself does is tested in its own crate.

mod callee;
mod disk;
mod event_schema;
mod mixer;
mod phone;
mod settings;
mod site;
mod witness;

pub use callee::{CALLEE, ROSTER_WAY, TRUNK, Trunk, Ways};
pub use mixer::Mixer;
pub use phone::{CALLER, Manners, PCMA, Phone, PhoneId, SDP};
pub use settings::{Level, Settings, TESTER};
pub use site::Site;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{CommandError, LiveCommand, Target};
use bridge::control::{Control, Ids, Input, MediaReport, Output, Ticket, WallClock};
use model::directory::{DidGroup, Directory, Edit, EditError, Room};
use model::{Actor, DidGroupId, Happening, LegId, Live, MeetingId, MeetingNumber, Sid};
use sip::Flow;
use store::{IdKind, Record};

/// The demo's number where an unknown code opens a meeting.
pub const CONF: &str = "15162065319";
/// The demo's number where only codes of rooms are good.
pub const SPECTEL: &str = "15162065318";
/// The demo's room.
pub const ROOM: MeetingNumber = MeetingNumber(106_131);
/// Where the bridge takes calls.
pub const BRIDGE: ([u8; 4], u16) = ([127, 0, 0, 1], 5060);
/// Wall clock at the start, epoch ms.
pub const EPOCH_MS: i64 = 1_700_000_000_000;
/// A bridge that wants to be called so often at one moment is busy with nothing.
const ROUNDS_MAX: usize = 1_000;

/// A whole bridge on simulated time.
pub struct World {
    epoch: Instant,
    now: Instant,
    /// The machine under test.
    pub control: Control,
    pub(crate) phones: Vec<Phone>,
    /// Whose INVITE is being handled, so that its leg is known.
    calling: Option<PhoneId>,
    legs: HashMap<LegId, PhoneId>,
    /// The mixer's double.
    pub mixer: Mixer,
    /// The trunk that the bridge's own calls go to.
    pub trunk: Trunk,
    /// Legs whose ports are open.
    pub ports: BTreeSet<LegId>,
    /// Whether there are ports to be had.
    pub ports_left: bool,
    /// Whether the store gives more ids of events.
    pub event_ids_left: bool,
    directory: Arc<Directory>,
    /// Whether callers can ask for an operator.
    pub(crate) has_operator: bool,
    /// What was handed to the store.
    pub records: Vec<Record>,
    /// How long it took to answer each call, ms.
    pub answered_after: Vec<u128>,
    /// Records of unanswered calls that were not.
    pub withheld: u64,
    /// The latest snapshot.
    pub live: Arc<Live>,
    /// What the world was told, in order.
    pub told: Vec<Arc<Happening>>,
    replies: HashMap<Ticket, Result<(), CommandError>>,
    dialled: HashMap<Ticket, Result<LegId, CommandError>>,
    next_ticket: u64,
    next_port: u16,
    next_id: u64,
}

impl World {
    /// A bridge with the demo's numbers and room.
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A bridge with attributes of the demo's room overridden.
    pub fn room(attributes: &[(&'static str, &'static str)]) -> Self {
        Self::with(Settings::room(attributes))
    }

    /// A bridge with other settings.
    pub fn with(settings: Settings) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one arbitrary epoch of a simulation"
        )]
        let epoch = Instant::now();
        let clock = WallClock {
            at: epoch,
            ms: EPOCH_MS,
        };
        let (has_operator, event_ids) = (settings.operator.is_some(), settings.event_ids.clone());
        let (config, directory) = settings.build();
        let directory = Arc::new(directory);
        let control = Control::new(
            config,
            directory.clone(),
            clock,
            Ids::new(1..10_000, 1..10_000, event_ids),
            [7; 32],
        );
        Self {
            epoch,
            now: epoch,
            control,
            phones: Vec::new(),
            calling: None,
            legs: HashMap::new(),
            mixer: Mixer::default(),
            trunk: Trunk::default(),
            ports: BTreeSet::new(),
            ports_left: true,
            event_ids_left: true,
            directory,
            has_operator,
            records: Vec::new(),
            answered_after: Vec::new(),
            withheld: 0,
            live: Arc::default(),
            told: Vec::new(),
            replies: HashMap::new(),
            dialled: HashMap::new(),
            next_ticket: 0,
            next_port: 20_000,
            next_id: 10_000,
        }
    }

    /// The moment it is.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Ms since the start.
    pub fn ms(&self) -> u64 {
        (self.now - self.epoch).as_millis() as u64
    }

    /// Lets `ms` pass, doing everything at its own time.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        let mut rounds = 0;
        while let Some(at) = self.next_event().filter(|at| *at <= end) {
            rounds = if at > self.now { 0 } else { rounds + 1 };
            assert!(rounds < ROUNDS_MAX, "busy with nothing at {} ms", self.ms());
            self.now = self.now.max(at);
            while let Some(id) = self.mixer.played(self.now) {
                self.input(Input::Media(MediaReport::Played { id }));
            }
            self.control.handle_timeout(self.now);
            self.perform();
        }
        self.now = end;
    }

    fn next_event(&self) -> Option<Instant> {
        let played = self.mixer.next();
        self.control.poll_timeout().into_iter().chain(played).min()
    }

    /// Gives control an input now, and does what it wants done.
    pub fn input(&mut self, input: Input) {
        self.control.handle_input(self.now, input);
        self.perform();
    }

    /// A SIP message of a phone.
    pub(crate) fn message(&mut self, flow: Flow, text: &str) {
        let bytes = text.as_bytes().to_vec();
        self.input(Input::Sip { flow, bytes });
    }

    /// The call of a phone whose INVITE comes now is its.
    pub(crate) fn calling(&mut self, phone: Option<PhoneId>) {
        self.calling = phone;
    }

    /// Presses keys, a quarter of a second apart.
    pub fn key(&mut self, phone: PhoneId, keys: &str) {
        for key in keys.chars() {
            let leg = self.leg(phone);
            self.input(Input::Media(MediaReport::Digit { leg, key }));
            self.pass(250);
        }
    }

    /// Asks by REST; the answer comes with the snapshot that includes it.
    pub fn request(&mut self, target: Target, command: LiveCommand) -> Result<(), CommandError> {
        self.request_by(Actor::User(Sid::new(TESTER)), target, command)
    }

    /// The same by somebody.
    pub fn request_by(
        &mut self,
        actor: Actor,
        target: Target,
        command: LiveCommand,
    ) -> Result<(), CommandError> {
        let ticket = self.ask(actor, target, command);
        self.reply(ticket).expect("every request is answered")
    }

    /// Asks without waiting for the answer.
    pub fn ask(&mut self, actor: Actor, target: Target, command: LiveCommand) -> Ticket {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.input(Input::Request {
            ticket,
            actor,
            target,
            command,
        });
        ticket
    }

    /// The answer to what was asked, once it is there; it is taken.
    pub fn reply(&mut self, ticket: Ticket) -> Option<Result<(), CommandError>> {
        self.replies.remove(&ticket)
    }

    /// The meeting of this number as requests name it; one that never was where there is none.
    pub fn target(&self, number: MeetingNumber) -> Target {
        let meeting = self.live.meetings.get(&number);
        Target::Meeting(meeting.map_or(MeetingId(0), |meeting| meeting.id))
    }

    /// Changes the demo's room in the directory.
    pub fn edit_room(&mut self, change: impl FnOnce(&mut Room)) {
        let mut room = self.directory.room(ROOM).expect("the demo's").as_ref().clone();
        change(&mut room);
        self.edit(Edit::PutRoom(room)).expect("a right edit");
    }

    /// Changes a DID group in the directory.
    pub fn edit_group(&mut self, id: DidGroupId, change: impl FnOnce(&mut DidGroup)) {
        let mut group = self.directory.group(id).expect("there is one").as_ref().clone();
        change(&mut group);
        self.edit(Edit::PutGroup(group)).expect("a right edit");
    }

    /// Changes the directory.
    ///
    /// # Errors
    /// What is wrong with the edit.
    pub fn edit(&mut self, edit: Edit) -> Result<(), EditError> {
        self.directory = Arc::new(self.directory.edited(edit)?);
        self.input(Input::Directory(self.directory.clone()));
        Ok(())
    }

    /// The leg of a phone's call.
    pub fn leg(&self, phone: PhoneId) -> LegId {
        self.leg_if_any(phone).expect("the phone has called")
    }

    /// The leg of a phone's call, if one was opened.
    pub fn leg_if_any(&self, phone: PhoneId) -> Option<LegId> {
        let mut found = self.legs.iter().filter(|(_, owner)| **owner == phone);
        found.next().map(|(leg, _)| *leg)
    }

    fn perform(&mut self) {
        loop {
            if let Some(output) = self.control.poll_output() {
                self.output(output);
            } else if let Some(report) = self.mixer.report() {
                self.control.handle_input(self.now, Input::Media(report));
            } else if !self.phones_answer() && !self.trunk_answers() {
                return;
            }
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Send { flow, bytes } => self.deliver(flow.remote, &bytes),
            Output::OpenPort { leg, .. } => self.open_port(leg),
            Output::OpenWay { whose, hop } => self.open_way(whose, &hop),
            Output::ClosePort { leg } => assert!(self.ports.remove(&leg), "{leg:?} has no port"),
            Output::Media(order) => {
                if let bridge::control::MediaOrder::Remove { leg } = order {
                    assert!(self.ports.remove(&leg), "{leg:?} has no port");
                }
                let ms = self.ms();
                self.mixer.order(self.now, ms, order);
            }
            Output::Record(record) => self.records.push(record),
            Output::Answered { after } => self.answered_after.push(after.as_millis()),
            Output::Withheld { records } => self.withheld += records,
            Output::ReserveIds(kind) => self.reserve(kind),
            Output::Publish { live, happened } => {
                self.live = live;
                happened
                    .iter()
                    .for_each(|happening| event_schema::check(happening));
                self.told.extend(happened);
            }
            Output::Reply { ticket, result } => drop(self.replies.insert(ticket, result)),
            Output::Dialled { ticket, result } => drop(self.dialled.insert(ticket, result)),
        }
    }

    fn open_port(&mut self, leg: LegId) {
        if let Some(phone) = self.calling {
            self.legs.insert(leg, phone);
        }
        if !self.ports_left {
            return self.control.handle_input(self.now, Input::PortRefused { leg });
        }
        self.ports.insert(leg);
        self.next_port = 20_000 + (self.next_port - 19_998) % 10_000;
        let rtp = ([127, 0, 0, 1], self.next_port).into();
        self.control
            .handle_input(self.now, Input::PortOpened { leg, rtp });
    }

    fn reserve(&mut self, kind: IdKind) {
        if kind == IdKind::Happening && !self.event_ids_left {
            return;
        }
        let ids = self.next_id..self.next_id + 1_000;
        self.next_id = ids.end;
        self.control.handle_input(self.now, Input::Ids { kind, ids });
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
