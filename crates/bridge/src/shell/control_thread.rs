//! The thread that owns control: feeds it, and does what it wants done.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{DialOrder, LiveCommand, Target};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use model::directory::Directory;
use model::{Actor, LegId, Live};
use sip::{Flow, Transport};
use store::{IdKind, Keeper, Record, RecordQueue, Store, Written};
use tokio::sync::oneshot;

use super::audited::Audited;
use super::backend::now_ms;
use super::media_port::MediaPort;
use super::sip_tcp::Connections;
use super::sip_ways::{Found, Ways};
use super::teller::Teller;
use super::{log, serve};
use crate::control::{Control, Input, Output, Ticket, WallClock};
use crate::metrics::{ControlCounts, Metrics};

/// Longest wait for anything: reports of the mixer are looked for at least this often.
const WAIT_MAX: Duration = Duration::from_millis(5);
/// Inputs taken before timers and reports are looked at again.
const BATCH: usize = 64;
/// How often is noted that calls are up: a call cut off by a crash is on record as at most this much too short.
const BEAT: Duration = Duration::from_secs(10);
/// How often counters are laid down for readers.
const LAY_DOWN: Duration = Duration::from_secs(1);
/// By so much do the clocks on walls differ from what control goes by before it is told, ms.
const CLOCK_SET_MS: i64 = 500;
/// How long calls may take to end when the bridge stops.
const SHUTDOWN_MAX: Duration = Duration::from_secs(4);

/// A kind of id and a block of them.
pub(super) type ReservedIds = (IdKind, std::ops::Range<u64>);

/// What came of a request, with the first snapshot that includes it: later ones may know no more of what it was about.
type Steered = Audited<Arc<Live>>;
/// The same of a call that was asked for.
type Dialled = Audited<(LegId, Arc<Live>)>;

/// What other threads send to control.
pub(super) enum Inbound {
    /// A SIP message.
    Sip { flow: Flow, bytes: Vec<u8> },
    /// A SIP connection is gone.
    FlowLost { connection: u64 },
    /// Which of these SIP connections, the first of them, carries no call?
    WithoutCall {
        connections: Vec<u64>,
        reply: oneshot::Sender<Option<u64>>,
    },
    /// A request by REST.
    Request {
        actor: Actor,
        target: Target,
        command: LiveCommand,
        reply: oneshot::Sender<Steered>,
    },
    /// A wish for a call by REST.
    Dial {
        actor: Actor,
        order: Box<DialOrder>,
        reply: oneshot::Sender<Dialled>,
    },
    /// The bridge is to stop.
    Shutdown,
}

/// Everything the thread owns or reads.
pub(super) struct ControlThread {
    pub(super) control: Control,
    pub(super) inbound: Receiver<Inbound>,
    pub(super) keeper: Keeper,
    pub(super) live: Arc<ArcSwap<Live>>,
    pub(super) teller: Teller,
    pub(super) udp: Arc<UdpSocket>,
    pub(super) connections: Connections,
    pub(super) media: MediaPort,
    pub(super) records: RecordQueue,
    pub(super) store: Arc<dyn Store>,
    pub(super) runtime: tokio::runtime::Handle,
    /// Reserved ids on their way here.
    pub(super) ids: (Sender<ReservedIds>, Receiver<ReservedIds>),
    /// What opens ways to those whom the bridge calls, and those that were found.
    pub(super) ways: (Ways, Receiver<Found>),
    pub(super) tickets: HashMap<Ticket, oneshot::Sender<Steered>>,
    pub(super) dial_tickets: HashMap<Ticket, oneshot::Sender<Dialled>>,
    pub(super) next_ticket: u64,
    /// Rows of the audit that go with the next answer: control tells those of a request right before its answer.
    pub(super) noted: Vec<Written>,
    pub(super) known: Arc<Directory>,
    pub(super) metrics: Arc<Metrics>,
}

impl ControlThread {
    /// Runs until told to stop and every call has ended. Says whether all threads of media have ended, too.
    pub(super) fn run(mut self) -> bool {
        let mut stop_at: Option<Instant> = None;
        let mut beat_at = Instant::now();
        let mut lay_down_at = beat_at;
        loop {
            let now = Instant::now();
            if now >= beat_at && self.control.calls() > 0 {
                beat_at = now + BEAT;
                self.records.put(Record::Alive { at_ms: now_ms() });
            }
            if now >= lay_down_at {
                lay_down_at = now + LAY_DOWN;
                self.lay_down();
                self.follow_clock(now);
            }
            self.reports(now);
            self.refresh_directory(now);
            self.control.handle_timeout(now);
            self.perform(now);
            if stop_at.is_some_and(|at| now >= at || self.control.calls() == 0) {
                return self.media.stop();
            }
            if !self.media.is_alive() && stop_at.is_none() {
                // Calls that would be silent are ended, and then the program, so that it is started anew.
                self.take_in(now, Input::Shutdown);
                stop_at = Some(now + SHUTDOWN_MAX);
            }
            if self.take(now) {
                stop_at = Some(Instant::now() + SHUTDOWN_MAX);
            }
        }
    }

    /// Lays down what control has counted.
    fn lay_down(&self) {
        let counts = ControlCounts {
            calls: self.control.counts(),
            sip: *self.control.sip_counters(),
        };
        self.metrics.control.store(Arc::new(counts));
    }

    /// Tells control that the clock was set, as on a machine that had no time yet when the bridge began.
    fn follow_clock(&mut self, now: Instant) {
        let (at, ms) = (Instant::now(), now_ms());
        let set_ms = ms - self.control.wall_clock().ms(at);
        if set_ms.abs() >= CLOCK_SET_MS {
            tracing::warn!(set_ms, "the clock was set");
            self.take_in(now, Input::Clock(WallClock { at, ms }));
        }
    }

    /// Waits for inputs and takes a batch of them; tells whether the bridge is to stop.
    fn take(&mut self, now: Instant) -> bool {
        let due = self
            .control
            .poll_timeout()
            .map_or(WAIT_MAX, |at| at.saturating_duration_since(now));
        let first = match self.inbound.recv_timeout(due.min(WAIT_MAX)) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => Inbound::Shutdown,
        };
        // What is beyond the batch stays in the queue for the next one.
        let queue = self.inbound.clone();
        let mut stop = false;
        for inbound in std::iter::once(first).chain(queue.try_iter()).take(BATCH) {
            stop |= matches!(inbound, Inbound::Shutdown);
            self.handle(Instant::now(), inbound);
        }
        stop
    }

    fn handle(&mut self, now: Instant, inbound: Inbound) {
        let input = match inbound {
            Inbound::Sip { flow, bytes } => Input::Sip { flow, bytes },
            Inbound::FlowLost { connection } => Input::FlowLost { connection },
            Inbound::WithoutCall { connections, reply } => {
                let free = connections
                    .into_iter()
                    .find(|connection| !self.control.carries_call(*connection));
                // Whoever asked may have stopped waiting.
                let _ = reply.send(free);
                return;
            }
            Inbound::Request {
                actor,
                target,
                command,
                reply,
            } => {
                let ticket = self.new_ticket();
                self.tickets.insert(ticket, reply);
                Input::Request {
                    ticket,
                    actor,
                    target,
                    command,
                }
            }
            Inbound::Dial { actor, order, reply } => {
                let ticket = self.new_ticket();
                self.dial_tickets.insert(ticket, reply);
                Input::Dial { ticket, actor, order }
            }
            Inbound::Shutdown => Input::Shutdown,
        };
        self.take_in(now, input);
    }

    fn new_ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// Gives control what happened, and does what it wants done.
    fn take_in(&mut self, now: Instant, input: Input) {
        self.refresh_directory(now);
        self.control.handle_input(now, input);
        self.perform(now);
    }

    /// An edit is answered when it is published, so control must have it before whatever it decides next: by a message, a report of the
    /// mixer, such as a key, or a deadline. An edit alone decides nothing, so nobody is woken by one.
    fn refresh_directory(&mut self, now: Instant) {
        let latest = self.keeper.directory();
        if !Arc::ptr_eq(&latest, &self.known) {
            self.known = latest;
            let input = Input::Directory(Arc::clone(&self.known));
            self.control.handle_input(now, input);
        }
    }

    fn reports(&mut self, now: Instant) {
        while let Ok((kind, ids)) = self.ids.1.try_recv() {
            self.take_in(now, Input::Ids { kind, ids });
        }
        while let Ok((whose, flow)) = self.ways.1.try_recv() {
            let input = match flow {
                Some(flow) => Input::WayOpened { whose, flow },
                None => Input::WayRefused { whose },
            };
            self.take_in(now, input);
        }
        while let Some(report) = self.media.poll(now) {
            self.take_in(now, Input::Media(report));
        }
        self.media.lay_down(now);
    }

    /// Does what control wants done, until it wants nothing more.
    fn perform(&mut self, now: Instant) {
        while let Some(output) = self.control.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.send(flow, bytes),
                Output::OpenPort { leg, near } => {
                    let input = match self.media.open(now, leg, near) {
                        Some(rtp) => Input::PortOpened { leg, rtp },
                        None => Input::PortRefused { leg },
                    };
                    self.control.handle_input(now, input);
                }
                Output::OpenWay { whose, hop } => self.ways.0.open(whose, hop),
                Output::ClosePort { leg } => self.media.close(now, leg),
                Output::Media(order) => self.media.order(now, order),
                Output::Record(record) => self.keep(record),
                Output::Answered { after } => self.metrics.set_up.observe(after.as_secs_f64()),
                Output::Withheld { records } => {
                    tracing::warn!(
                        records,
                        "too many calls that were never answered: these left no record"
                    )
                }
                Output::ReserveIds(kind) => self.reserve(kind),
                Output::Publish { live, happened } => {
                    self.live.store(live.clone());
                    self.teller.tell(&self.known, live, happened);
                }
                Output::Reply { ticket, result } => {
                    let rows = std::mem::take(&mut self.noted);
                    if let Some(reply) = self.tickets.remove(&ticket) {
                        // Whoever asked may have stopped waiting.
                        let result = result.map(|()| self.live.load_full());
                        let _ = reply.send(Audited { result, rows });
                    }
                }
                Output::Dialled { ticket, result } => {
                    let rows = std::mem::take(&mut self.noted);
                    if let Some(reply) = self.dial_tickets.remove(&ticket) {
                        // The same here; the call is made all the same.
                        let result = result.map(|leg| (leg, self.live.load_full()));
                        let _ = reply.send(Audited { result, rows });
                    }
                }
            }
        }
    }

    fn keep(&mut self, record: Record) {
        if let Record::Call(cdr) = &record {
            log::call_ended(cdr);
        }
        if matches!(record, Record::Audit(_)) {
            self.noted.push(self.records.put_awaited(record));
        } else {
            self.records.put(record);
        }
    }

    /// Asks the store for more ids; tried again until it gives them.
    fn reserve(&self, kind: IdKind) {
        let (store, ids) = (self.store.clone(), self.ids.0.clone());
        self.runtime.spawn(async move {
            loop {
                match store.reserve(kind, serve::ids_of(kind)).await {
                    Ok(reserved) => return drop(ids.try_send((kind, reserved))),
                    Err(error) => tracing::error!(%error, "the store gives no ids"),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }

    /// A socket for both families wants IPv4 addresses in their IPv6 form (RFC 4291, section 2.5.5.2).
    fn reachable(&self, to: SocketAddr) -> SocketAddr {
        match (to, self.udp.local_addr()) {
            (SocketAddr::V4(v4), Ok(SocketAddr::V6(_))) => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            (to, _) => to,
        }
    }

    fn send(&self, flow: Flow, bytes: Vec<u8>) {
        match (flow.transport, flow.connection) {
            (Transport::Tcp, Some(connection)) => self.connections.send(connection, bytes),
            (Transport::Udp, _) | (Transport::Tcp, None) => {
                // A datagram that cannot be sent is like one that was lost: its transaction sends it again.
                if let Err(error) = self.udp.send_to(&bytes, self.reachable(flow.remote)) {
                    tracing::debug!(%error, "a SIP datagram was not sent");
                }
            }
        }
    }
}
