//! A thread and its phones: one socket for their signalling, one for their RTCP, one for each phone's RTP.
//!
//! It wakes by the clock, every 2 ms, and not by packets: each phone reads what waits when it is its turn to send, as the bridge's own
//! legs do. The kernel's time of arrival says when a packet came, so that nothing is judged by when it was read, and nobody is woken by
//! the bridge's sending, which would cost the bridge. A thousand phones take a fifth of a core or so.
#![expect(
    clippy::disallowed_methods,
    reason = "the thread around the machines: it reads the clock for them"
)]

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use udp::{Batch, date_arrivals};

use crate::leg::{Addresses, Again, Fate, Leg, Output, Stage};
use crate::message;
use crate::plan::{Plan, Schedule};
use crate::report::Tally;
use crate::target;

/// From one look at everything to the next.
const BEAT: Duration = Duration::from_millis(2);
/// Largest message that is read.
const DATAGRAM: usize = 65_536;
/// Packets of one phone that are read at a time: two seconds of them, after which the others have their turn.
const MOST_PACKETS: usize = 100;
/// Reports of all phones that are read at a beat.
const MOST_REPORTS: usize = 100;

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
    sip: UdpSocket,
    rtcp: UdpSocket,
    packets: Batch,
    seats: Vec<Seat>,
    /// When each seat has something to do: side by side, so that looking through them all at every beat is next to nothing.
    due: Vec<Option<Instant>>,
    calls: HashMap<String, usize>,
    /// Whose RTCP comes from where: the far end has a port of its own for each call.
    reporters: HashMap<SocketAddr, usize>,
    /// Calls that are over, of phones that have called again.
    past: Tally,
    over: usize,
    begun: bool,
    stopped: bool,
}

impl<'a> Crew<'a> {
    /// Opens the sockets of these phones.
    ///
    /// # Errors
    /// Those of the system, such as too few file handles.
    pub(crate) fn new(shared: &'a Shared, legs: Range<usize>) -> io::Result<Self> {
        let sip = target::signalling(shared.plan.far)?;
        let here = sip.local_addr()?;
        let rtcp = target::reports(here.ip())?;
        date_arrivals(&rtcp);
        let reports = rtcp.local_addr()?;
        let mut crew = Self {
            shared,
            sip,
            rtcp,
            packets: Batch::new(),
            seats: Vec::new(),
            due: vec![None; legs.len()],
            calls: HashMap::new(),
            reporters: HashMap::new(),
            past: Tally::default(),
            over: 0,
            begun: false,
            stopped: false,
        };
        for (at, number) in legs.enumerate() {
            let socket = target::media(here.ip())?;
            date_arrivals(&socket);
            let addresses = Addresses {
                sip: here,
                rtp: socket.local_addr()?,
                rtcp: reports,
            };
            let leg = Leg::new(&shared.plan, number, addresses, shared.epoch, None);
            crew.calls.insert(leg.call_id().to_owned(), at);
            crew.seats.push(Seat {
                leg,
                addresses,
                socket,
                shown: Shown::default(),
            });
        }
        Ok(crew)
    }

    /// Lets the phones call until all are over; gives them back with what they found, and what those calls were that came before.
    pub(crate) fn run(mut self) -> (Vec<Leg>, Tally) {
        let mut buffer = vec![0; DATAGRAM];
        for at in 0..self.seats.len() {
            self.settle(at);
        }
        let mut beat = Instant::now();
        while self.over < self.seats.len() {
            let now = Instant::now();
            thread::sleep(beat.saturating_duration_since(now));
            // Beats that were missed are not made up for: what is due by now is due in one.
            beat = now.max(beat) + BEAT;
            self.read_sip(&mut buffer);
            self.read_rtcp();
            self.look();
            self.handle_due();
        }
        let legs = self.seats.into_iter().map(|seat| seat.leg).collect();
        (legs, self.past)
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
        let beat = Instant::now();
        for at in 0..self.seats.len() {
            if self.due[at].is_some_and(|due| due <= beat) {
                self.read_rtp(at);
            }
            while self.due[at].is_some_and(|due| due <= beat) {
                self.seats[at].leg.handle_timeout(Instant::now());
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
            let leg = &mut self.seats[at].leg;
            leg.on_sip(Instant::now(), message);
            if let Some(from) = leg.rtcp().filter(|_| leg.stage() == Stage::Up) {
                self.reporters.insert(from, at);
            }
            self.settle(at);
        }
    }

    /// The system says that nobody listens at the target's port.
    fn on_refused(&mut self) {
        let now = Instant::now();
        self.each(|leg| leg.unreachable(now));
    }

    fn read_rtp(&mut self, at: usize) {
        let Seat { leg, socket, .. } = &mut self.seats[at];
        let (moments, epoch) = (&mut self.past.moments, self.shared.epoch);
        self.packets.receive(socket, MOST_PACKETS, &mut |received| {
            // Where the kernel tells no time, that of reading must do.
            let at = received.at.unwrap_or_else(Instant::now);
            leg.on_rtp(at, received.datagram);
            if let Some(late_ms) = leg.arrivals.take_newest() {
                moments.note(at.saturating_duration_since(epoch), late_ms);
            }
        });
    }

    fn read_rtcp(&mut self) {
        let (seats, reporters, past) = (&mut self.seats, &self.reporters, &mut self.past);
        self.packets.receive(&self.rtcp, MOST_REPORTS, &mut |received| {
            let at = received.at.unwrap_or_else(Instant::now);
            match reporters.get(&received.from) {
                Some(seat) => seats[*seat].leg.on_rtcp(at, received.datagram),
                None => past.reports.stray(),
            }
        });
    }

    /// After anything that happened to a phone: sends what it wants sent, lets it call again, notes its deadline, counts it.
    fn settle(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        while let Some(output) = seat.leg.poll_output() {
            // What a full socket does not take is lost as on any network, and shows in the report.
            let _ = match output {
                Output::Sip(bytes) => self.sip.send(&bytes),
                Output::Rtp(to, bytes) => seat.socket.send_to(bytes, to),
                Output::Rtcp(to, bytes) => self.rtcp.send_to(&bytes, to),
            };
        }
        if seat.leg.stage() == Stage::Over
            && let Some(again) = seat.leg.next_call(Instant::now())
        {
            self.call_again(at, again);
        }
        let seat = &mut self.seats[at];
        self.due[at] = seat.leg.poll_timeout();
        self.over += usize::from(seat.show(self.shared));
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
        if let Some(from) = seat.leg.rtcp()
            && self.reporters.get(&from) == Some(&at)
        {
            self.reporters.remove(&from);
        }
        let past = std::mem::replace(&mut seat.leg, next);
        self.past.add(&shared.plan, &past);
    }
}

impl Seat {
    /// Tells the board what is new; says whether the phone is over since this call.
    fn show(&mut self, shared: &Shared) -> bool {
        let board = &shared.board;
        let count = |shown: &mut bool, is: bool, counter: &AtomicUsize| {
            let new = is && !std::mem::replace(shown, true);
            if new {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            new
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
        let over = count(&mut self.shown.over, self.leg.stage() == Stage::Over, &board.over);
        let heard_of = || board.answered.load(Ordering::Relaxed) + board.refused.load(Ordering::Relaxed);
        if over && self.leg.fate == Fate::Unanswered && heard_of() == 0 {
            // Nobody is there: the others need not try.
            shared.stop.store(true, Ordering::Relaxed);
        }
        over
    }
}
