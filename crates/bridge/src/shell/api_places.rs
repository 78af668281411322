//! Places for connections to the API: how many there are, and who gives way when all are taken.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::config::ApiSection;

/// How far a connection has come. What has come less far gives way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// No head of a request yet.
    Silent,
    /// It asked for something, and showed no good credentials yet.
    Stranger,
    /// It has shown good credentials, and nothing is being answered.
    Idle,
    /// It has shown good credentials, and waits for an answer.
    Busy,
}

struct Entry {
    source: IpAddr,
    stage: Stage,
    /// When it came here or was answered last: a count of events.
    since: u64,
    /// Dropped to end the connection.
    _stay: oneshot::Sender<()>,
}

#[derive(Default)]
struct Table {
    events: u64,
    next: u64,
    entries: BTreeMap<u64, Entry>,
}

/// All places.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<Table>>);

/// One connection's place; given back when dropped.
pub(super) struct Place {
    places: Places,
    number: u64,
}

impl Places {
    /// Takes a place, and another's when all are taken; with it comes what ends when the connection must give way.
    pub(super) fn take(&self, source: IpAddr, limits: &ApiSection) -> Option<(Place, oneshot::Receiver<()>)> {
        let (source, mut table) = (model::host(source), self.table());
        if table.count(source) >= limits.connections_per_source {
            let victim = table.first_to_go(|entry| entry.source == source)?;
            table.entries.remove(&victim);
        }
        if table.entries.len() >= limits.connections {
            let victim = table.first_of_the_greediest()?;
            table.entries.remove(&victim);
        }
        let (stay, leave) = oneshot::channel();
        table.next += 1;
        table.events += 1;
        let entry = Entry {
            source,
            stage: Stage::Silent,
            since: table.events,
            _stay: stay,
        };
        let number = table.next;
        table.entries.insert(number, entry);
        let place = Place {
            places: self.clone(),
            number,
        };
        Some((place, leave))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn count(&self, source: IpAddr) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.source == source)
            .count()
    }

    /// The one that has come least far, and of those the one that has been there the longest; none that is busy.
    fn first_to_go(&self, among: impl Fn(&Entry) -> bool) -> Option<u64> {
        let entries = self.entries.iter();
        entries
            .filter(|(_, entry)| entry.stage < Stage::Busy && among(entry))
            .min_by_key(|(_, entry)| (entry.stage, entry.since))
            .map(|(number, _)| *number)
    }

    /// Of the source that holds most places without having logged in; when there is none, anybody's that is idle.
    fn first_of_the_greediest(&self) -> Option<u64> {
        let unknown = |entry: &&Entry| entry.stage < Stage::Idle;
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for entry in self.entries.values().filter(unknown) {
            *held.entry(entry.source).or_default() += 1;
        }
        let most = held.values().max().copied();
        self.first_to_go(|entry| most.is_none() || held.get(&entry.source).copied() == most)
    }
}

impl Place {
    /// A request has come.
    pub(super) fn asked(&self) {
        self.update(|stage| match stage {
            Stage::Silent | Stage::Stranger => Stage::Stranger,
            Stage::Idle | Stage::Busy => Stage::Busy,
        });
    }

    /// The request is answered; `known` tells whether it came with good credentials.
    pub(super) fn answered(&self, known: bool) {
        let mut table = self.places.table();
        table.events += 1;
        let events = table.events;
        let Some(entry) = table.entries.get_mut(&self.number) else {
            return;
        };
        // A stranger stays as old as it is, or it could keep its place by asking.
        if known || entry.stage > Stage::Stranger {
            (entry.stage, entry.since) = (Stage::Idle, events);
        }
    }

    /// The answer goes on: nobody takes the place before it ends.
    pub(super) fn streams(&self) {
        self.update(|_| Stage::Busy);
    }

    fn update(&self, change: impl FnOnce(Stage) -> Stage) {
        if let Some(entry) = self.places.table().entries.get_mut(&self.number) {
            entry.stage = change(entry.stage);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.table().entries.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Held = (Place, oneshot::Receiver<()>);

    fn limits(connections: usize, connections_per_source: usize) -> ApiSection {
        ApiSection {
            connections,
            connections_per_source,
            ..ApiSection::default()
        }
    }

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn must_leave(held: &mut Held) -> bool {
        held.1.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    fn leaving(held: &mut [Held]) -> Vec<usize> {
        let numbered = held.iter_mut().enumerate();
        numbered
            .filter_map(|(n, held)| must_leave(held).then_some(n))
            .collect()
    }

    #[test]
    fn the_oldest_silent_one_gives_way_before_strangers_and_those_who_logged_in() {
        let (places, limits) = (Places::default(), limits(4, 4));
        let take = |last| places.take(host(last), &limits).unwrap();
        let mut held: Vec<Held> = [1, 2, 3, 4].map(take).into();
        held[0].0.asked();
        held[0].0.answered(true);
        held[1].0.asked();
        held[1].0.answered(false);
        for (newcomer, gone) in [(5, vec![2]), (6, vec![2, 3]), (7, vec![2, 3, 4])] {
            held.push(take(newcomer));
            assert_eq!(leaving(&mut held), gone);
        }
        held[5].0.asked();
        held[6].0.asked();
        held.push(take(8));
        assert_eq!(leaving(&mut held), [1, 2, 3, 4], "the oldest stranger");
    }

    #[test]
    fn those_with_most_connections_give_way_to_those_with_few() {
        let (places, limits) = (Places::default(), limits(33, 32));
        let mut honest = places.take(host(1), &limits).unwrap();
        let mut crowd: Vec<Held> = (0..100).map(|_| places.take(host(2), &limits).unwrap()).collect();
        let mut other = places.take(host(3), &limits).unwrap();
        assert!(!must_leave(&mut honest) && !must_leave(&mut other));
        assert_eq!(leaving(&mut crowd).len(), 100 - 31);
    }

    #[test]
    fn all_addresses_of_a_host_of_ipv6_share_what_one_may_have() {
        let (places, limits) = (Places::default(), limits(33, 2));
        let at = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        let mut held: Vec<Held> = (0..5).map(|n| places.take(at(n), &limits).unwrap()).collect();
        assert_eq!(leaving(&mut held), [0, 1, 2]);
    }

    #[test]
    fn nobody_who_waits_for_an_answer_after_logging_in_is_cut_off() {
        let (places, limits) = (Places::default(), limits(2, 2));
        let mut held: Vec<Held> = [1, 2]
            .map(|last| places.take(host(last), &limits).unwrap())
            .into();
        for held in &held {
            held.0.asked();
            held.0.answered(true);
            held.0.asked();
        }
        assert!(places.take(host(3), &limits).is_none());
        held[1].0.answered(true);
        let third = places.take(host(3), &limits);
        assert!(third.is_some());
        assert_eq!(leaving(&mut held), [1]);
    }

    #[test]
    fn places_are_given_back() {
        let (places, limits) = (Places::default(), limits(2, 1));
        for _ in 0..10 {
            let held: Vec<_> = [1, 2].map(|last| places.take(host(last), &limits)).into();
            assert!(held.iter().all(Option::is_some));
        }
        assert!(places.table().entries.is_empty());
    }
}
