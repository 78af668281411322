//! The hub: takes in what happened together with the snapshot that includes it, and hands it to whom it concerns. Nobody waits here:
//! a follower whose queue is full loses its place, and comes back by the id it has got to.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::directory::Directory;
use model::{CallNews, Event, Happening, LegId, Live, News, Sid};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::filter::Filter;

/// Subscribers above one another at most: whoever would stand further down is not made, since of him those at the top would not be told.
pub(crate) const DEPTH_MAX: usize = 64;

/// Bounds of a [`Hub`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// Events kept in memory for who comes back.
    pub memory: usize,
    /// Events that wait for one stream; one that is further behind is closed.
    pub queue: usize,
    /// Streams at once.
    pub streams: usize,
    /// Streams at once of one subscriber.
    pub streams_per_subscriber: usize,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self {
            memory: 16_384,
            queue: 1_024,
            streams: 10_000,
            streams_per_subscriber: 100,
        }
    }
}

/// What a hub counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// Streams now.
    pub streams: usize,
    /// Streams turned away because there were too many.
    pub refused: u64,
    /// Streams closed because they were too far behind.
    pub dropped: u64,
    /// Events taken in.
    pub published: u64,
    /// Events handed to streams, each counted once a stream.
    pub delivered: u64,
    /// Streams that went on where they had been.
    pub resumed: u64,
    /// Streams that could not, since what they had missed is known no more.
    pub not_resumed: u64,
}

/// The hub. Clones are handles of the same one.
#[derive(Clone)]
pub struct Hub(Arc<Mutex<State>>);

struct State {
    limits: HubLimits,
    /// The latest events that may be told, in order.
    memory: VecDeque<Arc<Happening>>,
    /// Every event with a greater id that may be told is in memory.
    floor: u64,
    /// Events up to this id are of earlier runs: those that are not on disk never will be.
    earlier: u64,
    moment: Moment,
    next_seat: u64,
    per_subscriber: HashMap<Sid, usize>,
    /// Followers by the top of the tree they see.
    groups: HashMap<Sid, BTreeMap<u64, Follower>>,
    counts: HubCounts,
}

/// Everything as it was after one event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    /// The last event that is included.
    pub(crate) last: u64,
    /// Calls and meetings.
    pub(crate) live: Arc<Live>,
    /// Who talks.
    pub(crate) talking: BTreeSet<LegId>,
    /// Who is heard badly.
    pub(crate) alarms: BTreeSet<LegId>,
}

struct Follower {
    filter: Filter,
    queue: mpsc::Sender<Arc<Happening>>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The hub has none left.
    Hub,
    /// The subscriber has as many as it may.
    Subscriber,
}

/// A place among the followers; given back when dropped.
pub(crate) struct Seat {
    hub: Hub,
    number: u64,
    sid: Sid,
    top: Sid,
}

/// How a follower begins.
#[derive(Debug)]
pub(crate) enum Start {
    /// With everything as it is; then what comes.
    Fresh(Moment, mpsc::Receiver<Arc<Happening>>),
    /// With what it has missed; then what comes.
    Missed(Vec<Arc<Happening>>, mpsc::Receiver<Arc<Happening>>),
    /// What it has missed is known to the store alone; it must ask again from there.
    Behind {
        /// Up to this id.
        upto: u64,
        /// What is of earlier runs, up to this id, is on disk, or never will be.
        earlier: u64,
    },
}

impl Hub {
    /// A hub that nobody follows. Events up to `last` belong to earlier runs.
    pub fn new(limits: HubLimits, last: u64) -> Self {
        let moment = Moment {
            last,
            ..Moment::default()
        };
        Self(Arc::new(Mutex::new(State {
            limits,
            memory: VecDeque::new(),
            floor: last,
            earlier: last,
            moment,
            next_seat: 0,
            per_subscriber: HashMap::new(),
            groups: HashMap::new(),
            counts: HubCounts::default(),
        })))
    }

    /// Takes in what has happened, in order, and the snapshot that includes all of it.
    pub fn publish(&self, directory: &Directory, live: Arc<Live>, happened: Vec<Arc<Happening>>) {
        self.state().publish(directory, live, happened);
    }

    /// The same after something that was not told here. All followers are sent away: what they have missed they read from the store.
    pub fn publish_after_gap(&self, directory: &Directory, live: Arc<Live>, happened: Vec<Arc<Happening>>) {
        let mut state = self.state();
        let followers: usize = state.groups.values().map(BTreeMap::len).sum();
        state.counts.dropped += followers as u64;
        state.groups.clear();
        state.memory.clear();
        let first = happened.first().map(|happening| happening.id.saturating_sub(1));
        state.floor = first.unwrap_or(state.moment.last);
        state.publish(directory, live, happened);
    }

    /// What it has counted.
    pub fn counts(&self) -> HubCounts {
        self.state().counts
    }

    /// Id of the last event taken in, told or not.
    pub(crate) fn last(&self) -> u64 {
        self.state().moment.last
    }

    /// Takes a seat for `sid`, who sees the tree below `top`.
    pub(crate) fn sit(&self, sid: &Sid, top: &Sid) -> Result<Seat, Full> {
        let mut state = self.state();
        let own = state.per_subscriber.get(sid).copied().unwrap_or(0);
        let full = match () {
            () if state.counts.streams >= state.limits.streams => Some(Full::Hub),
            () if own >= state.limits.streams_per_subscriber => Some(Full::Subscriber),
            () => None,
        };
        if let Some(full) = full {
            state.counts.refused += 1;
            return Err(full);
        }
        state.counts.streams += 1;
        state.per_subscriber.insert(sid.clone(), own + 1);
        state.next_seat += 1;
        Ok(Seat {
            hub: self.clone(),
            number: state.next_seat,
            sid: sid.clone(),
            top: top.clone(),
        })
    }

    /// Counts a stream that went on where it had been, or one that could not.
    pub(crate) fn note_resumption(&self, done: bool) {
        let counts = &mut self.state().counts;
        match done {
            true => counts.resumed += 1,
            false => counts.not_resumed += 1,
        }
    }

    /// Whole after every statement, so a panic elsewhere leaves nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn publish(&mut self, directory: &Directory, live: Arc<Live>, happened: Vec<Arc<Happening>>) {
        self.moment.live = live;
        for happening in happened {
            self.take(directory, happening);
        }
    }

    fn take(&mut self, directory: &Directory, happening: Arc<Happening>) {
        self.moment.take(&happening);
        if !happening.is_live {
            return;
        }
        self.counts.published += 1;
        let owner = happening.subscriber_sid.clone();
        for sid in ancestry(directory, &owner) {
            self.hand(&sid, &happening);
        }
        if self.memory.len() >= self.limits.memory.max(1)
            && let Some(oldest) = self.memory.pop_front()
        {
            self.floor = oldest.id;
        }
        self.memory.push_back(happening);
    }

    /// Hands an event to those who see the tree below `top`.
    fn hand(&mut self, top: &Sid, happening: &Arc<Happening>) {
        let Some(group) = self.groups.get_mut(top) else {
            return;
        };
        let counts = &mut self.counts;
        group.retain(|_, follower| {
            if !follower.filter.wants(happening) {
                return true;
            }
            let sent = follower.queue.try_send(happening.clone());
            counts.delivered += u64::from(sent.is_ok());
            counts.dropped += u64::from(matches!(sent, Err(TrySendError::Full(_))));
            sent.is_ok()
        });
    }

    fn follow(&mut self, seat: &Seat, filter: Filter) -> mpsc::Receiver<Arc<Happening>> {
        let (queue, events) = mpsc::channel(self.limits.queue.max(1));
        let group = self.groups.entry(seat.top.clone()).or_default();
        group.insert(seat.number, Follower { filter, queue });
        events
    }
}

impl Moment {
    fn take(&mut self, happening: &Happening) {
        self.last = happening.id;
        if let News::Meeting(Event::Left { leg, .. }) = &happening.news {
            self.talking.remove(leg);
            self.alarms.remove(leg);
        }
        let News::Call { leg, what } = &happening.news else {
            return;
        };
        if let CallNews::Talking { on } = what {
            put(&mut self.talking, *leg, *on);
        } else if let CallNews::QualityAlarm { on, .. } = what {
            put(&mut self.alarms, *leg, *on);
        }
    }
}

fn put(legs: &mut BTreeSet<LegId>, leg: LegId, on: bool) {
    match on {
        true => legs.insert(leg),
        false => legs.remove(&leg),
    };
}

/// A subscriber and all above it.
pub(crate) fn ancestry(directory: &Directory, sid: &Sid) -> Vec<Sid> {
    let above = |sid: &Sid| directory.subscriber(sid)?.parent_sid.clone();
    std::iter::successors(Some(sid.clone()), above)
        .take(DEPTH_MAX)
        .collect()
}

impl Seat {
    /// Begins to follow: after the event with the id `after` where the memory goes back so far, with everything as it is where there is
    /// none.
    pub(crate) fn follow(&self, directory: &Directory, filter: Filter, after: Option<u64>) -> Start {
        let mut state = self.hub.state();
        match after {
            Some(after) if after < state.floor => Start::Behind {
                upto: state.floor,
                earlier: state.earlier,
            },
            // An id that was never given is of another bridge, or of a store that was replaced.
            Some(after) if after <= state.moment.last => {
                let newer = state.memory.partition_point(|happening| happening.id <= after);
                let missed = state.memory.range(newer..);
                let own = |happening: &&Arc<Happening>| {
                    filter.wants(happening) && directory.is_within(&happening.subscriber_sid, &self.top)
                };
                let missed = missed.filter(own).cloned().collect();
                Start::Missed(missed, state.follow(self, filter))
            }
            Some(_) | None => Start::Fresh(state.moment.clone(), state.follow(self, filter)),
        }
    }

    /// Its hub.
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        state.counts.streams = state.counts.streams.saturating_sub(1);
        if let Some(own) = state.per_subscriber.get_mut(&self.sid) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                state.per_subscriber.remove(&self.sid);
            }
        }
        if let Some(group) = state.groups.get_mut(&self.top) {
            group.remove(&self.number);
            if group.is_empty() {
                state.groups.remove(&self.top);
            }
        }
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
