//! The open SIP connections: how many there are, what is written to them, and who gives way when all places are taken.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::config::SipSection;

/// Messages that may wait for a slow reader before its connection is closed.
const WRITE_QUEUE: usize = 64;

/// The open connections, shared between the listener and control.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    last: u64,
    counts: ConnectionCounts,
    entries: BTreeMap<u64, Entry>,
}

/// What became of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ConnectionCounts {
    /// Open now.
    pub(super) open: usize,
    /// Refused because there were too many.
    pub(super) refused: u64,
    /// Closed to make room for others.
    pub(super) gave_way: u64,
    /// Closed because they did not take what was written to them.
    pub(super) stuck: u64,
}

struct Entry {
    source: IpAddr,
    /// When it was opened, last brought a message, or was last found to carry a call.
    used: Instant,
    /// Dropped to close the connection once what waits for it is written.
    writer: mpsc::Sender<Vec<u8>>,
    /// Dropped with it, for one that takes nothing of what waits.
    _stay: oneshot::Sender<()>,
}

/// What whoever serves a connection goes by.
pub(super) struct Line {
    /// What is to be written; over when the connection has lost its place.
    pub(super) queue: mpsc::Receiver<Vec<u8>>,
    /// Done when it has lost its place.
    pub(super) leave: oneshot::Receiver<()>,
}

impl Connections {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues bytes on a connection; a reader that is too slow loses it.
    pub(super) fn send(&self, connection: u64, bytes: Vec<u8>) {
        let mut table = self.table();
        let entry = table.entries.get(&connection);
        if entry.is_some_and(|entry| entry.writer.try_send(bytes).is_err()) {
            table.entries.remove(&connection);
            table.counts.stuck += 1;
        }
    }

    /// What became of connections so far.
    pub(super) fn counts(&self) -> ConnectionCounts {
        let table = self.table();
        ConnectionCounts {
            open: table.entries.len(),
            ..table.counts
        }
    }

    /// Takes a place: the connection's number, and what it is to be served by until it ends.
    pub(super) fn open(&self, source: IpAddr, now: Instant, limits: &SipSection) -> Option<(u64, Line)> {
        let (source, mut table) = (model::host(source), self.table());
        if table.is_full(limits) || table.is_full_for(source, limits) {
            table.counts.refused += 1;
            return None;
        }
        table.last += 1;
        let (writer, queue) = mpsc::channel(WRITE_QUEUE);
        let (stay, leave) = oneshot::channel();
        let entry = Entry {
            source,
            used: now,
            writer,
            _stay: stay,
        };
        let number = table.last;
        table.entries.insert(number, entry);
        Some((number, Line { queue, leave }))
    }

    /// Whether a connection is there.
    pub(super) fn is_open(&self, connection: u64) -> bool {
        self.table().entries.contains_key(&connection)
    }

    /// Notes that a connection is in use.
    pub(super) fn use_now(&self, connection: u64, now: Instant) {
        if let Some(entry) = self.table().entries.get_mut(&connection) {
            entry.used = now;
        }
    }

    /// Connections that may give way to one from `source`, the first of them first, with the time each was used last; empty
    /// when there is room. A source at its own bound replaces its own; else those come first whose source holds most.
    pub(super) fn candidates(&self, source: IpAddr, limits: &SipSection) -> Vec<(u64, Instant)> {
        let (source, table) = (model::host(source), self.table());
        let own = table.is_full_for(source, limits);
        if !own && !table.is_full(limits) {
            return vec![];
        }
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for entry in table.entries.values() {
            *held.entry(entry.source).or_default() += 1;
        }
        let among = table.entries.iter();
        let mut among: Vec<_> = among
            .filter(|(_, entry)| !own || entry.source == source)
            .collect();
        among.sort_by_key(|(_, entry)| (Reverse(held.get(&entry.source)), entry.used));
        among
            .iter()
            .map(|(number, entry)| (**number, entry.used))
            .collect()
    }

    /// Closes a connection unless it has been used since `used`.
    pub(super) fn close_unused(&self, connection: u64, used: Instant) {
        let mut table = self.table();
        let entry = table.entries.get(&connection);
        if entry.is_some_and(|entry| entry.used == used) {
            table.entries.remove(&connection);
            table.counts.gave_way += 1;
        }
    }

    /// Gives a place back.
    pub(super) fn close(&self, connection: u64) {
        self.table().entries.remove(&connection);
    }
}

impl Table {
    fn is_full(&self, limits: &SipSection) -> bool {
        self.entries.len() >= limits.tcp_connections
    }

    fn is_full_for(&self, source: IpAddr, limits: &SipSection) -> bool {
        let mine = self.entries.values().filter(|entry| entry.source == source);
        mine.count() >= limits.tcp_connections_per_source
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> SipSection {
        SipSection {
            tcp_connections: 6,
            tcp_connections_per_source: 3,
            ..SipSection::default()
        }
    }

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn numbers(connections: &Connections, newcomer: u8) -> Vec<u64> {
        let candidates = connections.candidates(host(newcomer), &limits());
        candidates.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn those_unused_the_longest_of_the_source_that_holds_most_give_way_first() {
        let (connections, epoch) = (Connections::default(), Instant::now());
        let mut lines = vec![];
        for (n, source) in [1, 2, 2, 2, 3].into_iter().enumerate() {
            let now = epoch + Duration::from_secs(n as u64);
            lines.push(connections.open(host(source), now, &limits()).unwrap());
        }
        assert_eq!(numbers(&connections, 4), [0; 0], "there is room");
        assert_eq!(numbers(&connections, 2), [2, 3, 4], "a source replaces its own");
        lines.push(connections.open(host(4), epoch, &limits()).unwrap());
        connections.use_now(2, epoch + Duration::from_secs(9));
        assert_eq!(numbers(&connections, 5), [3, 4, 2, 1, 6, 5]);
        assert!(connections.open(host(5), epoch, &limits()).is_none());
        let counts = connections.counts();
        assert_eq!((counts.open, counts.refused), (6, 1));
    }

    #[test]
    fn a_host_of_ipv6_replaces_its_own_by_whatever_address_it_comes() {
        let (connections, epoch) = (Connections::default(), Instant::now());
        let at = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        let open = |n| connections.open(at(n), epoch, &limits());
        let _lines: Vec<_> = (0..3).map(|n| open(n).unwrap()).collect();
        assert!(open(3).is_none());
        let candidates = connections.candidates(at(9), &limits());
        assert_eq!(candidates.len(), 3);
    }

    #[test]
    fn one_that_was_used_meanwhile_does_not_give_way() {
        let (connections, epoch) = (Connections::default(), Instant::now());
        let (number, mut line) = connections.open(host(1), epoch, &limits()).unwrap();
        connections.use_now(number, epoch + Duration::from_secs(1));
        connections.close_unused(number, epoch);
        assert_eq!(line.queue.try_recv(), Err(mpsc::error::TryRecvError::Empty));
        assert_eq!(line.leave.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        connections.close_unused(number, epoch + Duration::from_secs(1));
        assert_eq!(
            line.queue.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        );
        assert_eq!(line.leave.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!((connections.counts().open, connections.counts().gave_way), (0, 1));
    }
}
