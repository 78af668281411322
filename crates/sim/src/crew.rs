//! A thread and its phones: one socket for their signalling, one for each phone's RTP, deadlines in a heap.
#![expect(
    clippy::disallowed_methods,
    reason = "the thread around the machines: it reads the clock for them"
)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use crate::leg::{Addresses, Again, Fate, Leg, Output, Stage};
use crate::message;
use crate::plan::{Plan, Schedule};
use crate::report::Tally;
use crate::target;

/// Longest wait, so that the schedule and the wish to stop are seen.
const LOOK: Duration = Duration::from_millis(20);
/// Largest datagram that is read.
const DATAGRAM: usize = 65_536;

/// What crews and the run tell each other.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) epoch: Instant,
    /// Set once all phones have settled.
    pub(crate) schedule: OnceLock<Schedule>,
    /// All are to leave.
    pub(crate) stop: AtomicBool,
    pub(crate) board: Board,
}

/// How many phones are how far.
#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) answered: AtomicUsize,
    pub(crate) refused: AtomicUsize,
    pub(crate) settled: AtomicUsize,
    pub(crate) over: AtomicUsize,
}

struct Seat {
    leg: Leg,
    addresses: Addresses,
    socket: UdpSocket,
    /// The deadline in the heap that counts.
    due: Option<Instant>,
    shown: Shown,
}

/// What of a phone the board has counted.
#[derive(Default)]
struct Shown {
    answered: bool,
    refused: bool,
    settled: bool,
    over: bool,
}

/// See the module.
pub(crate) struct Crew<'a> {
    shared: &'a Shared,
    poll: Poll,
    sip: UdpSocket,
    seats: Vec<Seat>,
    calls: HashMap<String, usize>,
    /// Calls that are over, of phones that have called again.
    past: Tally,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    begun: bool,
    stopped: bool,
}

const SIP: Token = Token(usize::MAX - 1);

impl<'a> Crew<'a> {
    /// Opens the sockets of these phones.
    ///
    /// # Errors
    /// Those of the system, such as too few file handles.
    pub(crate) fn new(shared: &'a Shared, legs: Range<usize>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut sip = UdpSocket::from_std(target::signalling(shared.plan.far)?);
        poll.registry().register(&mut sip, SIP, Interest::READABLE)?;
        let here = sip.local_addr()?;
        let mut crew = Self {
            shared,
            poll,
            sip,
            seats: Vec::new(),
            calls: HashMap::new(),
            past: Tally::default(),
            due: BinaryHeap::new(),
            begun: false,
            stopped: false,
        };
        for (at, number) in legs.enumerate() {
            let mut socket = UdpSocket::from_std(target::media(here.ip())?);
            crew.poll
                .registry()
                .register(&mut socket, Token(at), Interest::READABLE)?;
            let addresses = Addresses {
                sip: here,
                rtp: socket.local_addr()?,
            };
            let leg = Leg::new(&shared.plan, number, addresses, shared.epoch, None);
            crew.calls.insert(leg.call_id().to_owned(), at);
            crew.seats.push(Seat {
                leg,
                addresses,
                socket,
                due: None,
                shown: Shown::default(),
            });
        }
        Ok(crew)
    }

    /// Lets the phones call until all are over; gives them back with what they found, and what those calls were that came before.
    ///
    /// # Errors
    /// Those of the system's waiting.
    pub(crate) fn run(mut self) -> io::Result<(Vec<Leg>, Tally)> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; DATAGRAM];
        for at in 0..self.seats.len() {
            self.settle(at);
        }
        while self.seats.iter().any(|seat| !seat.shown.over) {
            self.wait(&mut events)?;
            for event in &events {
                match event.token() {
                    SIP => self.read_sip(&mut buffer),
                    Token(at) => self.read_rtp(at, &mut buffer),
                }
            }
            self.look();
            self.handle_due();
        }
        let legs = self.seats.into_iter().map(|seat| seat.leg).collect();
        Ok((legs, self.past))
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let next = self.due.peek().map_or(LOOK, |Reverse((at, _))| {
            at.saturating_duration_since(Instant::now())
        });
        match self.poll.poll(events, Some(next.min(LOOK))) {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Learns the schedule and the wish to stop.
    fn look(&mut self) {
        if let (false, Some(schedule)) = (self.begun, self.shared.schedule.get()) {
            self.begun = true;
            self.each(|leg| leg.begin(*schedule));
        }
        if !self.stopped && self.shared.stop.load(Ordering::Relaxed) {
            self.stopped = true;
            let now = Instant::now();
            self.each(|leg| leg.stop(now));
        }
    }

    fn each(&mut self, mut tell: impl FnMut(&mut Leg)) {
        for at in 0..self.seats.len() {
            tell(&mut self.seats[at].leg);
            self.settle(at);
        }
    }

    fn handle_due(&mut self) {
        while let Some(Reverse((due, at))) = self.due.peek().copied() {
            let now = Instant::now();
            if due > now {
                break;
            }
            self.due.pop();
            // Another deadline has taken its place.
            if self.seats[at].due == Some(due) {
                self.seats[at].due = None;
                self.seats[at].leg.handle_timeout(now);
                self.settle(at);
            }
        }
    }

    fn read_sip(&mut self, buffer: &mut [u8]) {
        loop {
            match self.sip.recv(buffer) {
                Ok(count) => self.on_sip(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => self.on_refused(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn on_sip(&mut self, datagram: &[u8]) {
        let Some(message) = message::read(datagram) else {
            return;
        };
        let known = message::call_id(&message).and_then(|id| self.calls.get(&id).copied());
        if let Some(at) = known {
            self.seats[at].leg.on_sip(Instant::now(), message);
            self.settle(at);
        }
    }

    /// The system says that nobody listens at the target's port.
    fn on_refused(&mut self) {
        let now = Instant::now();
        self.each(|leg| leg.unreachable(now));
    }

    fn read_rtp(&mut self, at: usize, buffer: &mut [u8]) {
        loop {
            let seat = &mut self.seats[at];
            match seat.socket.recv_from(buffer) {
                Ok((count, _)) => seat.leg.on_rtp(Instant::now(), &buffer[..count]),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionRefused
                    ) => {}
                Err(_) => return,
            }
        }
    }

    /// After anything that happened to a phone: sends what it wants sent, lets it call again, notes its deadline, counts it.
    fn settle(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        while let Some(output) = seat.leg.poll_output() {
            // What a full socket does not take is lost as on any network, and shows in the report.
            let _ = match output {
                Output::Sip(bytes) => self.sip.send(&bytes),
                Output::Rtp(to, bytes) => seat.socket.send_to(&bytes, to),
            };
        }
        if seat.leg.stage() == Stage::Over
            && let Some(again) = seat.leg.next_call(Instant::now())
        {
            self.call_again(at, again);
        }
        let seat = &mut self.seats[at];
        let next = seat.leg.poll_timeout();
        if let Some(next) = next.filter(|next| seat.due.is_none_or(|due| *next < due)) {
            seat.due = Some(next);
            self.due.push(Reverse((next, at)));
        }
        seat.show(self.shared);
    }
}

impl Crew<'_> {
    /// Exchanges a phone whose call is over for one that will call.
    fn call_again(&mut self, at: usize, again: Again) {
        let (seat, shared) = (&mut self.seats[at], self.shared);
        let next = Leg::new(
            &shared.plan,
            seat.leg.number,
            seat.addresses,
            shared.epoch,
            Some(again),
        );
        self.calls.remove(seat.leg.call_id());
        self.calls.insert(next.call_id().to_owned(), at);
        let past = std::mem::replace(&mut seat.leg, next);
        self.past.add(&shared.plan, &past);
    }
}

impl Seat {
    fn show(&mut self, shared: &Shared) {
        let board = &shared.board;
        let count = |shown: &mut bool, is: bool, counter: &AtomicUsize| {
            if is && !std::mem::replace(shown, true) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        };
        count(
            &mut self.shown.answered,
            self.leg.setup.is_some(),
            &board.answered,
        );
        count(
            &mut self.shown.refused,
            matches!(self.leg.fate, Fate::Refused(_)),
            &board.refused,
        );
        count(&mut self.shown.settled, self.leg.is_settled(), &board.settled);
        count(&mut self.shown.over, self.leg.stage() == Stage::Over, &board.over);
        let heard_of = board.answered.load(Ordering::Relaxed) + board.refused.load(Ordering::Relaxed);
        if self.leg.fate == Fate::Unanswered && heard_of == 0 {
            // Nobody is there: the others need not try.
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}
