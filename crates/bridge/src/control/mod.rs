//! Control: signalling, menus and meetings as one machine without I/O, clock or randomness of its own.
//!
//! Everything that happens comes in through [`Control::handle_input`] with its time; everything to do comes out of
//! [`Control::poll_output`]. The shell owns sockets and threads; tests own simulated ones. What readers see is a snapshot
//! published before the answer to the request that changed it.

mod arrival;
mod audit;
mod call;
mod conference_info;
mod counts;
mod credit;
mod departure;
mod dial_plan;
mod dialling;
mod door;
mod happenings;
mod headroom;
mod ids;
mod input;
mod menu;
mod negotiation;
mod numbers;
mod opening;
mod operator;
mod output;
mod random;
mod recording;
mod requests;
mod rooms;
mod schedule;
mod simulation;
mod today;
mod unanswered;
mod views;
pub mod voice;
mod voices;
mod watches;

pub use counts::{Counts, Shut};
pub use dial_plan::DialOut;
pub use ids::Ids;
pub use input::{Input, MediaReport};
pub use negotiation::opus_format;
pub use operator::Operator;
pub use output::{Listeners, MediaOrder, Output, PlayId, RecordingOrder, Ticket, WayFor};
pub use simulation::simulate;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use ivr::budget::{Budgets, GuessBudget};
use media::{JitterConfig, Latching, MediaTimeouts};
use model::directory::Directory;
use model::{Actor, Command, DidGroupId, Happening, LegId, Live, MeetingId, MeetingNumber};

use call::Call;
use credit::Credit;
use door::Door;
use headroom::Headroom;
use operator::Talks;
use random::Random;
use recording::Held;
use rooms::Slot;
use schedule::Schedule;
use today::Today;
use unanswered::Unanswered;
use voices::Voices;
use watches::Watch;

/// What control goes by.
#[derive(Clone, Debug)]
pub struct ControlConfig {
    /// Networks that may call.
    pub allow: Vec<IpNet>,
    /// Calls at once.
    pub max_calls: usize,
    /// Share of its time that the mixer may need before new calls are turned away, percent.
    pub max_load: u8,
    /// Calls at once from one address.
    pub max_calls_per_source: usize,
    /// Meetings at once.
    pub max_meetings: usize,
    /// New calls a second.
    pub new_calls_per_second: u32,
    /// New calls a second from one address.
    pub new_calls_per_second_per_source: u32,
    /// Records of calls that were never answered, a second; after a burst of fifty times as many.
    pub unanswered_records_per_second: u32,
    /// Retry-After of a 503, seconds.
    pub retry_after: u32,
    /// Budgets against guessing.
    pub budgets: Budgets,
    /// Codecs allowed, best first; Opus at the rate that it is mixed at.
    pub codecs: Vec<media::Codec>,
    /// Whose order of codecs decides between those both sides have.
    pub codec_choice: sip::sdp::ChoiceOf,
    /// Most that is sent as Opus, bits a second.
    pub opus_bitrate: u32,
    /// Whether silence is told to phones that agree to it, in place of sending it (RFC 3389).
    pub silence_suppression: bool,
    /// Address written into SDP instead of the socket's.
    pub advertise: Option<IpAddr>,
    /// Bounds of the jitter buffers.
    pub jitter: JitterConfig,
    /// Level that speech is brought to.
    pub level_target: Option<media::Dbov>,
    /// When silence on the wire ends a call.
    pub timeouts: MediaTimeouts,
    /// Whether a media address may be learnt.
    pub latching: Latching,
    /// Whether keys are looked for in the audio where there is no telephone-event.
    pub inband_digits: bool,
    /// Ports of ours beside those of the legs; media is sent to neither.
    pub other_ports: Vec<u16>,
    /// Canonical name for RTCP.
    pub cname: String,
    /// Meetings recorded at once; none where the bridge does not record.
    pub recordings: usize,
    /// What the bridge dials.
    pub dial_out: DialOut,
    /// Whom callers can ask for, if there is anybody.
    pub operator: Option<Operator>,
    /// SIP.
    pub endpoint: sip::EndpointConfig,
}

/// Where a monotonic moment stands in wall-clock time.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    /// A moment.
    pub at: Instant,
    /// What clocks on walls showed then, epoch ms.
    pub ms: i64,
}

impl WallClock {
    /// Epoch ms of `at`.
    pub fn ms(&self, at: Instant) -> i64 {
        match at.checked_duration_since(self.at) {
            Some(since) => self.ms + since.as_millis() as i64,
            None => self.ms - self.at.duration_since(at).as_millis() as i64,
        }
    }
}

/// Whose deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owner {
    Call(LegId),
    Meeting(MeetingId),
    Answer(Ticket),
}

/// The machine.
pub struct Control {
    config: ControlConfig,
    endpoint: sip::Endpoint,
    directory: Arc<Directory>,
    clock: WallClock,
    random: Random,
    ids: Ids,
    next_play: u64,
    /// Who hears what is being played to one leg alone.
    plays: HashMap<PlayId, LegId>,
    calls: BTreeMap<LegId, Call>,
    by_dialog: HashMap<sip::CallId, LegId>,
    per_source: HashMap<IpAddr, usize>,
    /// Ports of audio that are open, RTCP's too.
    ports: HashSet<u16>,
    door: Door,
    /// Why the door is shut to the source of the message in hand.
    shut: Option<Shut>,
    counts: Counts,
    /// Calls dialled today.
    today: Today,
    /// Callers who are with the operator.
    talks: Talks,
    headroom: Headroom,
    unanswered: Unanswered,
    /// Credit for telling the world of calls that ring.
    rings: Credit,
    voices: Voices,
    meetings: BTreeMap<MeetingId, Slot>,
    by_number: HashMap<MeetingNumber, MeetingId>,
    on_the_fly: HashMap<(DidGroupId, String), MeetingId>,
    budget: GuessBudget,
    schedule: Schedule<Owner>,
    live: Live,
    dirty_calls: BTreeSet<LegId>,
    dirty_meetings: BTreeSet<MeetingId>,
    /// What the next snapshot is published with.
    happened: Vec<Arc<Happening>>,
    /// Answers, each behind what the audit notes of its request.
    replies: Vec<Output>,
    /// Answers that wait for a recording to begin.
    held: Vec<Held>,
    outputs: VecDeque<Output>,
    /// Phones that show the roster of their meeting.
    watches: BTreeMap<sip::SubscriptionId, Watch>,
    /// Meetings that have changed since their watchers were told.
    news: BTreeSet<MeetingId>,
    /// Legs that came into a meeting or went out of one since then.
    moved: BTreeSet<LegId>,
    draining: bool,
    /// Address of ours that the message in hand came to.
    near: IpAddr,
}

impl Control {
    /// Nothing live yet. `seed` decides every random choice to come.
    pub fn new(
        config: ControlConfig,
        directory: Arc<Directory>,
        clock: WallClock,
        ids: Ids,
        seed: [u8; 32],
    ) -> Self {
        let mut random = Random::new(seed);
        Self {
            endpoint: sip::Endpoint::new(config.endpoint.clone(), random.seed()),
            budget: GuessBudget::new(config.budgets),
            unanswered: Unanswered::new(clock.at, config.unanswered_records_per_second),
            rings: unanswered::credit(clock.at, config.unanswered_records_per_second),
            voices: Voices::default(),
            headroom: Headroom::new(config.max_load),
            config,
            directory,
            clock,
            random,
            ids,
            next_play: 0,
            plays: HashMap::new(),
            calls: BTreeMap::new(),
            by_dialog: HashMap::new(),
            per_source: HashMap::new(),
            ports: HashSet::new(),
            door: Door::new(clock.at),
            shut: None,
            counts: Counts::default(),
            today: Today::default(),
            talks: Talks::default(),
            meetings: BTreeMap::new(),
            by_number: HashMap::new(),
            on_the_fly: HashMap::new(),
            schedule: Schedule::new(),
            live: Live::default(),
            dirty_calls: BTreeSet::new(),
            dirty_meetings: BTreeSet::new(),
            happened: Vec::new(),
            replies: Vec::new(),
            held: Vec::new(),
            outputs: VecDeque::new(),
            watches: BTreeMap::new(),
            news: BTreeSet::new(),
            moved: BTreeSet::new(),
            draining: false,
            near: IpAddr::from([127, 0, 0, 1]),
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Sip { flow, bytes } => {
                self.near = flow.local.ip();
                let door = self.door_for(now, flow.remote.ip().to_canonical());
                let bytes = &bytes;
                self.endpoint
                    .handle_input(now, sip::Input::Message { flow, bytes, door });
            }
            Input::FlowLost { connection } => self
                .endpoint
                .handle_input(now, sip::Input::FlowLost { connection }),
            Input::PortOpened { leg, rtp } => self.port_opened(now, leg, rtp),
            Input::PortRefused { leg } => self.port_refused(now, leg),
            Input::WayOpened { whose, flow } => match whose {
                WayFor::Call(leg) => self.way_opened(leg, flow),
                WayFor::Roster(subscription) => self.roster_way_opened(now, subscription, flow),
            },
            Input::WayRefused { whose } => match whose {
                WayFor::Call(leg) => self.way_refused(now, leg),
                // It is told by datagram, as before.
                WayFor::Roster(_) => {}
            },
            Input::Media(report) => self.media(now, report),
            Input::Clock(clock) => self.clock = clock,
            Input::Directory(directory) => self.take_directory(directory),
            Input::Ids { kind, ids } => self.ids.refill(kind, ids),
            Input::Request {
                ticket,
                actor,
                target,
                command,
            } => self.request(now, ticket, actor, target, command),
            Input::Dial { ticket, actor, order } => self.dial(now, ticket, actor, *order),
            Input::Shutdown => self.shut_down(now),
        }
        self.settle(now);
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.settle(now);
        while let Some(owner) = self.schedule.pop(now) {
            match owner {
                Owner::Call(leg) => self.call_timeout(now, leg),
                Owner::Meeting(id) => self.meeting_timeout(now, id),
                // It is given when all is settled.
                Owner::Answer(_) => {}
            }
            self.settle(now);
        }
    }

    /// Hands out the next thing to do; drain to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint
            .poll_timeout()
            .into_iter()
            .chain(self.schedule.next())
            .min()
    }

    /// What it dates everything by.
    pub fn wall_clock(&self) -> WallClock {
        self.clock
    }

    /// Calls alive.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether a call, or a phone's roster, hangs on this SIP connection.
    pub fn carries_call(&self, connection: u64) -> bool {
        self.endpoint.carries_call(connection)
    }

    /// Counters of calls and meetings.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        counts.guesses_forgotten = self.budget.forgotten();
        counts
    }

    /// Counters of signalling.
    pub fn sip_counters(&self) -> &sip::Counters {
        self.endpoint.counters()
    }

    /// Does what follows from the last input: SIP messages and events, deadlines, the snapshot, the answers.
    fn settle(&mut self, now: Instant) {
        self.follow(now);
        while self.tell_watches(now) {
            self.follow(now);
        }
        self.outputs.extend(self.ids.wanted().map(Output::ReserveIds));
        self.answer_held(now);
        self.publish();
        self.outputs.extend(self.replies.drain(..));
    }

    /// Does what signalling wants done, and takes in what has happened there.
    fn follow(&mut self, now: Instant) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                sip::Output::Send { flow, bytes } => self.outputs.push_back(Output::Send {
                    flow,
                    bytes: bytes.into(),
                }),
                sip::Output::Event(event) => self.sip_event(now, event),
            }
        }
    }

    fn sip(&mut self, now: Instant, command: sip::Command) {
        self.endpoint.handle_input(now, sip::Input::Command(command));
    }

    fn sip_event(&mut self, now: Instant, event: sip::Event) {
        use sip::Event;
        match event {
            Event::Incoming(incoming) => self.arrived(now, *incoming),
            Event::TurnedAway { invite, status } => self.turned_away(now, &invite, status),
            Event::Confirmed { call, sdp } => self.confirmed(now, call, sdp),
            Event::Offered { call, sdp } => self.offered(now, call, sdp),
            Event::OfferAnswered { call, sdp } => self.offer_answered(now, call, &sdp),
            Event::OfferWithdrawn { .. } | Event::OfferRefused { .. } => {}
            // Those in the meeting hear neither the ringing nor what is said before the answer.
            Event::Progress { .. } => {}
            Event::Answered { call, sdp } => self.callee_answered(now, call, sdp.as_deref()),
            Event::Digit { call, digit, .. } => {
                if let Some(leg) = self.by_dialog.get(&call).copied() {
                    self.digit(now, leg, digit);
                }
            }
            Event::Subscribing(subscriber) => self.subscribing(now, &subscriber),
            Event::WayWanted { subscription, hop } => {
                let whose = WayFor::Roster(subscription);
                self.outputs.push_back(Output::OpenWay { whose, hop });
            }
            Event::StateWanted {
                subscription,
                full,
                room,
                focus,
            } => self.state_wanted(now, subscription, full, room, focus),
            Event::Unsubscribed { subscription } => self.unsubscribed(subscription),
            Event::Ended { call, cause } => self.dialog_ended(now, call, cause),
        }
    }

    fn media(&mut self, now: Instant, report: MediaReport) {
        match report {
            MediaReport::Digit { leg, key } => self.digit(now, leg, key),
            MediaReport::Lost { leg, which } => self.media_lost(now, leg, which),
            MediaReport::Played { id } => self.played(now, id),
            MediaReport::Talking { leg, on } => self.talks(now, leg, on),
            MediaReport::Scored { leg, mos_hundredths } => self.scored(now, leg, mos_hundredths),
            MediaReport::Failed { leg } => self.end(now, leg, model::Cause::Fault),
            MediaReport::Load { percent } => self.headroom.note(percent, self.calls.len()),
            MediaReport::RecordingBegan { room, take } => {
                self.command(now, room, Actor::Bridge, Command::RecordingBegan { take });
            }
            MediaReport::RecordingGap { room, take, ms } => {
                self.command(now, room, Actor::Bridge, Command::RecordingGap { take, ms });
            }
            MediaReport::RecordingFailed { room, take, fault } => {
                self.command(now, room, Actor::Bridge, Command::RecordingFailed { take, fault });
            }
        }
    }

    fn order(&mut self, order: MediaOrder) {
        self.outputs.push_back(Output::Media(order));
    }

    fn new_play(&mut self) -> PlayId {
        self.next_play += 1;
        PlayId(self.next_play)
    }
}

/// Longest time last words may take before the call is ended anyway.
const LAST_WORDS_MAX: Duration = Duration::from_secs(20);
