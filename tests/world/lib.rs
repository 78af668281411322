//! The simulated world that scenario tests run in: a whole bridge without sockets, threads or clocks.
//!
//! [`World`] owns control, a clock that moves only when told to, and phones that speak SIP as text. The mixer is a double that notes
//! its orders and says when something has been played; what the mixer itself does is tested in its own crate.

mod phone;
mod settings;

pub use phone::{Phone, PhoneId, SDP};
pub use settings::{Level, Settings};

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{CommandError, LiveCommand, Target};
use bridge::control::voice::Sound;
use bridge::control::{
    Control, Ids, Input, Listeners, MediaOrder, MediaReport, Output, PlayId, Ticket, WallClock,
};
use meeting::Hears;
use model::{Actor, Cause, Cdr, LegId, Live, Mdr, Sid};
use sip::{Flow, Transport};
use store::{IdKind, LogEntry, Record};

/// Where the bridge takes calls.
pub const BRIDGE: ([u8; 4], u16) = ([127, 0, 0, 1], 5060);
/// Wall clock at the start, epoch ms.
pub const EPOCH_MS: i64 = 1_700_000_000_000;
/// How long every recording takes.
const CLIP: Duration = Duration::from_millis(500);

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
    playing: VecDeque<(Instant, PlayId)>,
    /// What was said to legs and rooms, with the time in ms.
    pub said: Vec<(u64, Listeners, Vec<Sound>)>,
    /// What each leg contributes and hears now.
    pub routes: BTreeMap<LegId, (bool, Hears)>,
    /// What was handed to the store.
    pub records: Vec<Record>,
    /// Records of unanswered calls that were not.
    pub withheld: u64,
    /// The latest snapshot.
    pub live: Arc<Live>,
    replies: HashMap<Ticket, Result<(), CommandError>>,
    next_ticket: u64,
    next_port: u16,
    next_id: u64,
}

impl World {
    /// A bridge with the demo's numbers and room.
    pub fn new() -> Self {
        Self::with(Settings::default())
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
        let (config, directory) = settings.build();
        let control = Control::new(
            config,
            Arc::new(directory),
            clock,
            Ids::new(1..10_000, 1..10_000),
            [7; 32],
        );
        Self {
            epoch,
            now: epoch,
            control,
            phones: Vec::new(),
            calling: None,
            legs: HashMap::new(),
            playing: VecDeque::new(),
            said: Vec::new(),
            routes: BTreeMap::new(),
            records: Vec::new(),
            withheld: 0,
            live: Arc::default(),
            replies: HashMap::new(),
            next_ticket: 0,
            next_port: 20_000,
            next_id: 10_000,
        }
    }

    /// Ms since the start.
    pub fn ms(&self) -> u64 {
        (self.now - self.epoch).as_millis() as u64
    }

    /// Lets `ms` pass, doing everything at its own time.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.next_event().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            while let Some(id) = self
                .playing
                .pop_front_if(|(at, _)| *at <= self.now)
                .map(|(_, id)| id)
            {
                self.input(Input::Media(MediaReport::Played { id }));
            }
            self.control.handle_timeout(self.now);
            self.perform();
        }
        self.now = end;
    }

    fn next_event(&self) -> Option<Instant> {
        let played = self.playing.front().map(|(at, _)| *at);
        self.control.poll_timeout().into_iter().chain(played).min()
    }

    /// Gives control an input now, and does what it wants done.
    pub fn input(&mut self, input: Input) {
        self.control.handle_input(self.now, input);
        self.perform();
    }

    /// A SIP message of a phone.
    pub(crate) fn datagram(&mut self, from: SocketAddr, text: &str) {
        let flow = Flow {
            transport: Transport::Udp,
            local: BRIDGE.into(),
            remote: from,
            connection: None,
        };
        self.input(Input::Sip {
            flow,
            bytes: text.as_bytes().to_vec(),
        });
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
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        let actor = Actor::User(Sid::new("tester"));
        self.input(Input::Request {
            ticket,
            actor,
            target,
            command,
        });
        self.replies.remove(&ticket).expect("every request is answered")
    }

    /// The leg of a phone's call.
    pub fn leg(&self, phone: PhoneId) -> LegId {
        let found = self.legs.iter().find(|(_, owner)| **owner == phone);
        *found.expect("the phone has called").0
    }

    /// Call records so far.
    pub fn cdrs(&self) -> Vec<&Cdr> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Call(cdr) => Some(&**cdr),
            Record::Meeting(_) | Record::Log(_) => None,
        });
        found.collect()
    }

    /// Meeting records so far.
    pub fn mdrs(&self) -> Vec<&Mdr> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Meeting(mdr) => Some(&**mdr),
            Record::Call(_) | Record::Log(_) => None,
        });
        found.collect()
    }

    /// The meetings' log so far.
    pub fn log(&self) -> Vec<&LogEntry> {
        let found = self.records.iter().filter_map(|record| match record {
            Record::Log(entry) => Some(entry),
            Record::Call(_) | Record::Meeting(_) => None,
        });
        found.collect()
    }

    /// Why the only call that ended did.
    pub fn cause(&self) -> Cause {
        let [cdr] = self.cdrs()[..] else {
            panic!("{:?}", self.cdrs())
        };
        cdr.cause
    }

    /// How often a prompt was said to a phone alone.
    pub fn heard(&self, phone: PhoneId, name: &str) -> usize {
        let to = Listeners::Leg(self.leg(phone));
        self.spoken(to, name)
    }

    /// How often a prompt was said to a whole meeting.
    pub fn announced(&self, name: &str) -> usize {
        let rooms = self
            .said
            .iter()
            .filter(|(_, to, _)| matches!(to, Listeners::Room(_)));
        rooms
            .filter(|(_, _, sounds)| sounds.iter().any(|sound| is(sound, name)))
            .count()
    }

    fn spoken(&self, to: Listeners, name: &str) -> usize {
        let same = self.said.iter().filter(|(_, who, _)| *who == to);
        same.filter(|(_, _, sounds)| sounds.iter().any(|sound| is(sound, name)))
            .count()
    }

    fn perform(&mut self) {
        loop {
            if let Some(output) = self.control.poll_output() {
                self.output(output);
            } else if !self.phones_answer() {
                return;
            }
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::Send { flow, bytes } => self.deliver(flow.remote, &bytes),
            Output::OpenPort { leg, .. } => {
                if let Some(phone) = self.calling {
                    self.legs.insert(leg, phone);
                }
                self.next_port += 2;
                let rtp = ([127, 0, 0, 1], self.next_port).into();
                self.control
                    .handle_input(self.now, Input::PortOpened { leg, rtp });
            }
            Output::ClosePort { .. } => {}
            Output::Media(order) => self.media(order),
            Output::Record(record) => self.records.push(record),
            Output::Withheld { records } => self.withheld += records,
            Output::ReserveIds(kind) => self.reserve(kind),
            Output::Publish(live) => self.live = live,
            Output::Reply { ticket, result } => drop(self.replies.insert(ticket, result)),
        }
    }

    fn reserve(&mut self, kind: IdKind) {
        let ids = self.next_id..self.next_id + 1_000;
        self.next_id = ids.end;
        self.control.handle_input(self.now, Input::Ids { kind, ids });
    }

    fn media(&mut self, order: MediaOrder) {
        match order {
            MediaOrder::Play { to, id, sounds } => {
                let ends = self.now + CLIP * sounds.len() as u32;
                let place = self.playing.iter().take_while(|(at, _)| *at <= ends).count();
                self.playing.insert(place, (ends, id));
                self.said.push((self.ms(), to, sounds));
            }
            MediaOrder::Route { leg, speaks, hears } => drop(self.routes.insert(leg, (speaks, hears))),
            MediaOrder::Remove { leg } | MediaOrder::Part { leg } => drop(self.routes.remove(&leg)),
            MediaOrder::Add { .. } | MediaOrder::Update { .. } | MediaOrder::OpenRoom { .. } => {}
            MediaOrder::CloseRoom { .. } | MediaOrder::Join { .. } | MediaOrder::Gain { .. } => {}
            MediaOrder::Hush { .. } => {}
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn is(sound: &Sound, name: &str) -> bool {
    match sound {
        Sound::Clip(clip) => *clip == name,
        Sound::EntryTone => name == "entry_tone",
        Sound::ExitTone => name == "exit_tone",
        Sound::Pause => false,
    }
}
