//! All transactions, found by key, branch, deadline, source and connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;

use super::api::{CallId, Output};
use super::tally::Tally;
use crate::counters::Counters;
use crate::flow::Flow;
use crate::limits::Limits;
use crate::message::Writer;
use crate::timers::Agenda;
use crate::transaction::key::{Key, Origin};
use crate::transaction::{
    Client, ClientInput, ClientOutput, InviteClient, InviteServer, Server, ServerInput, ServerOutput,
};

/// Number of a transaction; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TxId(u64);

/// What leaves the endpoint, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) queue: VecDeque<Output>,
    pub(crate) counters: Counters,
}

impl Outbox {
    pub(crate) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.counters.sent += 1;
        self.queue.push_back(Output::Send { flow, bytes });
    }
}

/// Why a server transaction is opened, which decides the bound it counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// An INVITE that would make a call, from this source.
    NewCall(IpAddr),
    /// A request inside this call.
    InCall(CallId),
    /// BYE and CANCEL.
    Ending,
}

/// Whose share of the table a transaction counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Source(IpAddr),
    Call(CallId),
}

/// How much of the table one holder has.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    transactions: usize,
    bytes: Tally,
}

impl Class {
    fn holder(self) -> Option<Holder> {
        match self {
            Self::NewCall(source) => Some(Holder::Source(source)),
            Self::InCall(call) => Some(Holder::Call(call)),
            Self::Ending => None,
        }
    }
}

/// A server transaction to open.
#[derive(Debug)]
pub(crate) struct NewServer {
    pub(crate) key: Key,
    pub(crate) origin: Origin,
    pub(crate) flow: Flow,
    pub(crate) class: Class,
    pub(crate) call: CallId,
    pub(crate) invite: bool,
}

/// Which request of ours a client transaction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Bye,
    Reinvite,
    Update,
    /// The INVITE of a call we make.
    Invite,
    Cancel,
    /// Of a subscription, which the transaction names in place of a call.
    Notify,
}

/// A client transaction to open.
#[derive(Debug)]
pub(crate) struct NewClient {
    pub(crate) branch: String,
    pub(crate) flow: Flow,
    pub(crate) request: Bytes,
    pub(crate) call: CallId,
    pub(crate) purpose: Purpose,
    /// The CSeq number.
    pub(crate) seq: u32,
    /// The ACK of a failure but for its To; INVITE only (RFC 3261 section 17.1.1.3).
    pub(crate) ack: Option<Writer>,
}

/// What a client transaction tells the user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) call: CallId,
    pub(crate) purpose: Purpose,
    pub(crate) seq: u32,
    /// The response in hand is news; else nobody answered.
    pub(crate) answered: bool,
}

#[derive(Debug)]
enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

#[derive(Debug)]
struct ServerSlot {
    machine: ServerMachine,
    key: Key,
    origin: Origin,
    flow: Flow,
    class: Class,
    call: CallId,
    /// What was counted of it, bytes.
    counted: usize,
}

#[derive(Debug)]
enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

#[derive(Debug)]
struct ClientSlot {
    machine: ClientMachine,
    branch: Bytes,
    flow: Flow,
    call: CallId,
    purpose: Purpose,
    seq: u32,
    ack: Option<Writer>,
    /// What was counted of it, bytes.
    counted: usize,
}

/// The store.
#[derive(Debug)]
pub(crate) struct Transactions {
    servers: BTreeMap<TxId, ServerSlot>,
    by_key: BTreeMap<Key, TxId>,
    by_origin: BTreeMap<Origin, TxId>,
    by_holder: BTreeMap<Holder, Share>,
    clients: BTreeMap<TxId, ClientSlot>,
    by_branch: BTreeMap<(Bytes, &'static [u8]), TxId>,
    /// The last INVITE we sent in a call.
    invite_of: BTreeMap<CallId, TxId>,
    by_connection: BTreeSet<(u64, TxId)>,
    agenda: Agenda<TxId>,
    kept: Tally,
    last: u64,
}

impl Transactions {
    pub(crate) fn new() -> Self {
        Self {
            servers: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_origin: BTreeMap::new(),
            by_holder: BTreeMap::new(),
            clients: BTreeMap::new(),
            by_branch: BTreeMap::new(),
            invite_of: BTreeMap::new(),
            by_connection: BTreeSet::new(),
            agenda: Agenda::new(),
            kept: Tally::default(),
            last: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    /// What all of them keep, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Whether one more of this class fits; counts the refusal otherwise.
    pub(crate) fn admits(&self, class: Class, limits: &Limits, counters: &mut Counters) -> bool {
        let in_dialog = self.len() < limits.transactions_in_dialog();
        let (counter, fits) = match class {
            Class::Ending => (&mut counters.shed_in_dialog, in_dialog),
            Class::InCall(call) => (
                &mut counters.shed_in_dialog,
                in_dialog && self.held_by(Holder::Call(call)).transactions < limits.transactions_per_call,
            ),
            Class::NewCall(_) if self.len() >= limits.transactions => {
                (&mut counters.shed_transactions, false)
            }
            Class::NewCall(source) => (
                &mut counters.shed_source,
                self.held_by(Holder::Source(source)).transactions < limits.transactions_per_source,
            ),
        };
        *counter += u64::from(!fits);
        fits && self.has_room(class, limits, counters)
    }

    /// Whether this class may have more bytes kept; counts the refusal otherwise.
    fn has_room(&self, class: Class, limits: &Limits, counters: &mut Counters) -> bool {
        let (most, share) = match class {
            Class::NewCall(_) => (limits.transaction_bytes, limits.transactions_per_source),
            Class::InCall(_) => (limits.transaction_bytes_in_dialog(), limits.transactions_per_call),
            Class::Ending => (limits.transaction_bytes.saturating_mul(2), 0),
        };
        let own = class.holder().map(|holder| self.held_by(holder).bytes.bytes());
        let fits = self.bytes() < most && own.is_none_or(|own| own < limits.transaction_bytes_of(share));
        counters.shed_bytes += u64::from(!fits);
        fits
    }

    /// The transaction this request is a copy of, or the INVITE's that it cancels or acknowledges.
    pub(crate) fn find(&self, key: &Key) -> Option<TxId> {
        self.by_key.get(key).copied()
    }

    /// Whether another copy of the request, on another path, is in hand.
    pub(crate) fn has_origin(&self, origin: &Origin) -> bool {
        self.by_origin.contains_key(origin)
    }

    /// The call and origin a server transaction serves.
    pub(crate) fn server(&self, id: TxId) -> Option<(CallId, &Origin)> {
        self.servers.get(&id).map(|slot| (slot.call, &slot.origin))
    }

    pub(crate) fn open_server(&mut self, new: NewServer) -> TxId {
        let id = self.next_id(new.flow);
        let reliable = new.flow.transport.is_reliable();
        let machine = match new.invite {
            true => ServerMachine::Invite(InviteServer::new(reliable)),
            false => ServerMachine::Other(Server::new(reliable)),
        };
        self.by_key.insert(new.key.clone(), id);
        self.by_origin.insert(new.origin.clone(), id);
        if let Some(holder) = new.class.holder() {
            self.by_holder.entry(holder).or_default().transactions += 1;
        }
        let slot = ServerSlot {
            machine,
            key: new.key,
            origin: new.origin,
            flow: new.flow,
            class: new.class,
            call: new.call,
            counted: 0,
        };
        self.servers.insert(id, slot);
        self.weigh(id);
        id
    }

    pub(crate) fn open_client(&mut self, now: Instant, new: NewClient, out: &mut Outbox) -> TxId {
        let id = self.next_id(new.flow);
        let reliable = new.flow.transport.is_reliable();
        let machine = match new.purpose {
            Purpose::Reinvite | Purpose::Invite => {
                ClientMachine::Invite(InviteClient::new(now, reliable, new.request))
            }
            Purpose::Bye | Purpose::Update | Purpose::Cancel | Purpose::Notify => {
                ClientMachine::Other(Client::new(now, reliable, new.request))
            }
        };
        if matches!(machine, ClientMachine::Invite(_)) {
            self.invite_of.insert(new.call, id);
        }
        let branch = Bytes::from(new.branch);
        self.by_branch.insert((branch.clone(), new.purpose.method()), id);
        let slot = ClientSlot {
            machine,
            branch,
            flow: new.flow,
            call: new.call,
            purpose: new.purpose,
            seq: new.seq,
            ack: new.ack,
            counted: 0,
        };
        self.clients.insert(id, slot);
        self.drain_client(id, out);
        id
    }

    pub(crate) fn server_input(&mut self, now: Instant, id: TxId, input: ServerInput, out: &mut Outbox) {
        if let Some(slot) = self.servers.get_mut(&id) {
            match &mut slot.machine {
                ServerMachine::Invite(machine) => machine.handle_input(now, input),
                ServerMachine::Other(machine) => machine.handle_input(now, input),
            }
            self.drain_server(id, out);
        }
    }

    /// Hands a response to the transaction it answers; `None` when there is none.
    pub(crate) fn response(
        &mut self,
        now: Instant,
        answer: &crate::message::Response,
        out: &mut Outbox,
    ) -> Option<Vec<Report>> {
        let method = Purpose::of(&answer.method)?;
        let id = *self.by_branch.get(&(answer.branch.clone(), method))?;
        let slot = self.clients.get_mut(&id)?;
        let ack = slot.ack.clone().filter(|_| answer.status >= 300);
        let input = ClientInput::Response {
            status: answer.status,
            ack: ack.map(|ack| ack.header("To", &answer.to).done()),
        };
        match &mut slot.machine {
            ClientMachine::Invite(machine) => machine.handle_input(now, input),
            ClientMachine::Other(machine) => machine.handle_input(now, input),
        }
        Some(self.drain_client(id, out))
    }

    /// Gives up the call's INVITE of ours that has no final response: no timer would (RFC 3261 section 9.1).
    pub(crate) fn abandon_invite(&mut self, call: CallId) {
        let open = |slot: &ClientSlot| match &slot.machine {
            ClientMachine::Invite(machine) => !machine.is_over(),
            ClientMachine::Other(_) => false,
        };
        let id = self.invite_of.get(&call).copied();
        if let Some(id) = id.filter(|id| self.clients.get(id).is_some_and(open)) {
            self.forget_client(id);
        }
    }

    /// Lets one transaction's time pass; `None` when none is due.
    pub(crate) fn timeout(&mut self, now: Instant, out: &mut Outbox) -> Option<Vec<Report>> {
        let id = self.agenda.pop_due(now)?;
        if let Some(slot) = self.servers.get_mut(&id) {
            match &mut slot.machine {
                ServerMachine::Invite(machine) => machine.handle_timeout(now),
                ServerMachine::Other(machine) => machine.handle_timeout(now),
            }
            self.drain_server(id, out);
        }
        let Some(slot) = self.clients.get_mut(&id) else {
            return Some(Vec::new());
        };
        match &mut slot.machine {
            ClientMachine::Invite(machine) => machine.handle_timeout(now),
            ClientMachine::Other(machine) => machine.handle_timeout(now),
        }
        Some(self.drain_client(id, out))
    }

    /// Forgets everything that used the connection; reports the requests of ours that nobody will answer any more.
    pub(crate) fn lose_connection(&mut self, connection: u64) -> Vec<Report> {
        let range = (connection, TxId(0))..=(connection, TxId(u64::MAX));
        let lost: Vec<TxId> = self.by_connection.range(range).map(|(_, id)| *id).collect();
        let clients = lost.iter().filter_map(|id| self.clients.get(id));
        let open = clients.filter(|slot| !slot.machine.is_over());
        let reports = open.map(|slot| slot.report(false)).collect();
        for id in lost {
            self.forget_server(id);
            self.forget_client(id);
        }
        reports
    }

    fn next_id(&mut self, flow: Flow) -> TxId {
        self.last += 1;
        let id = TxId(self.last);
        self.by_connection
            .extend(flow.connection.map(|connection| (connection, id)));
        id
    }

    fn drain_server(&mut self, id: TxId, out: &mut Outbox) {
        let Some(slot) = self.servers.get_mut(&id) else {
            return;
        };
        let mut over = false;
        while let Some(output) = slot.machine.poll_output() {
            match output {
                ServerOutput::Send(bytes) => out.send(slot.flow, bytes),
                ServerOutput::AckMissing => out.counters.unacknowledged += 1,
                ServerOutput::Terminated => over = true,
            }
        }
        self.agenda.set(id, slot.machine.poll_timeout());
        match over {
            true => self.forget_server(id),
            false => self.weigh(id),
        }
    }

    /// Counts what a server transaction keeps now.
    fn weigh(&mut self, id: TxId) {
        let Some(slot) = self.servers.get_mut(&id) else {
            return;
        };
        let (mut before, now) = (slot.counted, slot.bytes());
        self.kept.count(&mut slot.counted, now);
        let holder = slot.class.holder();
        if let Some(share) = holder.and_then(|holder| self.by_holder.get_mut(&holder)) {
            share.bytes.count(&mut before, now);
        }
    }

    fn drain_client(&mut self, id: TxId, out: &mut Outbox) -> Vec<Report> {
        let Some(slot) = self.clients.get_mut(&id) else {
            return Vec::new();
        };
        let (mut reports, mut over) = (Vec::new(), false);
        while let Some(output) = slot.machine.poll_output() {
            match output {
                ClientOutput::Send(bytes) => out.send(slot.flow, bytes),
                ClientOutput::Deliver => reports.push(slot.report(true)),
                ClientOutput::TimedOut => reports.push(slot.report(false)),
                ClientOutput::Terminated => over = true,
            }
        }
        self.agenda.set(id, slot.machine.poll_timeout());
        let now = slot.bytes();
        self.kept.count(&mut slot.counted, now);
        if over {
            self.forget_client(id);
        }
        reports
    }

    fn forget_server(&mut self, id: TxId) {
        let Some(mut slot) = self.servers.remove(&id) else {
            return;
        };
        if let Some(holder) = slot.class.holder() {
            self.release(holder, slot.counted);
        }
        self.kept.count(&mut slot.counted, 0);
        self.by_key.remove(&slot.key);
        if self.by_origin.get(&slot.origin) == Some(&id) {
            self.by_origin.remove(&slot.origin);
        }
        self.forget_everywhere(id, slot.flow);
    }

    fn held_by(&self, holder: Holder) -> Share {
        self.by_holder.get(&holder).copied().unwrap_or_default()
    }

    /// Takes one transaction, of which so many bytes were counted, from its holder.
    fn release(&mut self, holder: Holder, mut counted: usize) {
        if let Some(share) = self.by_holder.get_mut(&holder) {
            share.transactions = share.transactions.saturating_sub(1);
            share.bytes.count(&mut counted, 0);
            if share.transactions == 0 {
                self.by_holder.remove(&holder);
            }
        }
    }

    fn forget_client(&mut self, id: TxId) {
        if let Some(mut slot) = self.clients.remove(&id) {
            self.kept.count(&mut slot.counted, 0);
            self.by_branch.remove(&(slot.branch, slot.purpose.method()));
            if self.invite_of.get(&slot.call) == Some(&id) {
                self.invite_of.remove(&slot.call);
            }
            self.forget_everywhere(id, slot.flow);
        }
    }

    fn forget_everywhere(&mut self, id: TxId, flow: Flow) {
        self.agenda.set(id, None);
        if let Some(connection) = flow.connection {
            self.by_connection.remove(&(connection, id));
        }
    }
}

impl ServerSlot {
    /// What it keeps, bytes; what it is known by stands in an index, too.
    fn bytes(&self) -> usize {
        let machine = match &self.machine {
            ServerMachine::Invite(machine) => machine.kept_bytes(),
            ServerMachine::Other(machine) => machine.kept_bytes(),
        };
        machine + 2 * (self.key.size() + self.origin.size())
    }
}

impl ServerMachine {
    fn poll_output(&mut self) -> Option<ServerOutput> {
        match self {
            Self::Invite(machine) => machine.poll_output(),
            Self::Other(machine) => machine.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }
}

impl ClientMachine {
    fn poll_output(&mut self) -> Option<ClientOutput> {
        match self {
            Self::Invite(machine) => machine.poll_output(),
            Self::Other(machine) => machine.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }
}

impl ClientSlot {
    /// What it keeps, bytes.
    fn bytes(&self) -> usize {
        let machine = match &self.machine {
            ClientMachine::Invite(machine) => machine.kept_bytes(),
            ClientMachine::Other(machine) => machine.kept_bytes(),
        };
        machine + self.branch.len() + self.ack.as_ref().map_or(0, Writer::size)
    }

    fn report(&self, answered: bool) -> Report {
        Report {
            call: self.call,
            purpose: self.purpose,
            seq: self.seq,
            answered,
        }
    }
}

impl Purpose {
    /// The name of a method we use, from a response's CSeq.
    fn of(name: &[u8]) -> Option<&'static [u8]> {
        let all = [
            Self::Bye,
            Self::Reinvite,
            Self::Update,
            Self::Cancel,
            Self::Notify,
        ];
        all.into_iter().map(Self::method).find(|method| *method == name)
    }

    /// The method's name on the wire.
    pub(crate) fn method(self) -> &'static [u8] {
        match self {
            Self::Bye => b"BYE",
            Self::Reinvite | Self::Invite => b"INVITE",
            Self::Cancel => b"CANCEL",
            Self::Update => b"UPDATE",
            Self::Notify => b"NOTIFY",
        }
    }
}
