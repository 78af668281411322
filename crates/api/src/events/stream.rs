//! One follower: what it has missed, from memory or from the store, then what comes, as long as it may see it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Happening;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Filter, Moment, Seat, Start};
use crate::auth::Caller;
use crate::backend::Scope;
use crate::backend_events::Missed;
use crate::router::Api;

/// Longest silence: then a heartbeat is sent, and looked whether the subscriber is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events read from the store at a time.
const PAGE: u32 = 500;
/// Ids looked through at a time: most of them may be of others.
const WINDOW: u64 = 200_000;
/// How long is waited for a store that has not written yet what was missed.
const LAG_MAX: Duration = Duration::from_secs(5);
/// How long until it is asked again: at first, and at most.
const ASK: Duration = Duration::from_millis(100);
const ASK_MAX: Duration = Duration::from_secs(1);

/// One thing to tell.
#[derive(Debug)]
pub(crate) enum Told {
    /// Everything as it is.
    Snapshot {
        /// As it is.
        moment: Moment,
        /// For one who came back: false, since it must begin anew.
        resumed: Option<bool>,
    },
    /// Something happened.
    Event(Arc<Happening>),
    /// Nothing for a while.
    Heartbeat {
        /// Up to this id all is told that the stream tells: whoever comes back goes on behind it.
        last: u64,
    },
}

/// One follower.
pub(crate) struct Stream {
    api: Api,
    /// Who listens, by the latest directory.
    pub(crate) caller: Caller,
    /// What of all.
    pub(crate) filter: Filter,
    seat: Seat,
    phase: Phase,
    waiting: VecDeque<Arc<Happening>>,
    /// When it has been silent for too long, whatever its client has to say meanwhile.
    heartbeat_at: Instant,
}

enum Phase {
    /// It has got to this event, if it was here before.
    Starting {
        after: Option<u64>,
        /// The wait for the store.
        lag: Option<Lag>,
    },
    Following(mpsc::Receiver<Arc<Happening>>),
}

impl Phase {
    /// An id that was never given: it begins anew.
    const ANEW: Self = Self::Starting {
        after: Some(u64::MAX),
        lag: None,
    };
}

/// A wait for the store, which goes on when the future that waits is dropped and made anew.
#[derive(Clone, Copy)]
struct Lag {
    since: Instant,
    ask_at: Instant,
}

impl Lag {
    fn begin(now: Instant) -> Self {
        Self {
            since: now,
            ask_at: now + ASK,
        }
    }

    /// Asked again to no avail: twice as much time may pass now.
    fn again(self, now: Instant) -> Self {
        let next = (now - self.since).clamp(ASK, ASK_MAX);
        Self {
            ask_at: now + next,
            ..self
        }
    }
}

impl Stream {
    /// A follower that has got to the event `after`, if it was here before.
    pub(crate) fn new(api: Api, caller: Caller, seat: Seat, filter: Filter, after: Option<u64>) -> Self {
        let phase = Phase::Starting { after, lag: None };
        Self {
            api,
            caller,
            filter,
            seat,
            phase,
            waiting: VecDeque::new(),
            heartbeat_at: Instant::now() + HEARTBEAT,
        }
    }

    /// The next thing to tell; nothing when the stream is over. What was waited for is not lost when this future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        let told = self.take_next().await?;
        self.heartbeat_at = Instant::now() + HEARTBEAT;
        Some(told)
    }

    async fn take_next(&mut self) -> Option<Told> {
        loop {
            if let Some(happening) = self.waiting.pop_front() {
                self.look_again()?;
                if self.caller.sees(&happening.subscriber_sid) {
                    return Some(Told::Event(happening));
                }
                continue;
            }
            match &mut self.phase {
                Phase::Starting { after, lag } => {
                    let (after, lag) = (*after, *lag);
                    if let Some(told) = self.start(after, lag).await? {
                        return Some(told);
                    }
                }
                Phase::Following(events) => match timeout_at(self.heartbeat_at, events.recv()).await {
                    Ok(happening) => self.waiting.push_back(happening?),
                    Err(_) => {
                        // Asked first: what is wanted of all up to this id is in the queue by then, and told once that is empty.
                        let last = self.seat.hub().last();
                        match events.try_recv() {
                            Ok(happening) => self.waiting.push_back(happening),
                            Err(TryRecvError::Disconnected) => return None,
                            Err(TryRecvError::Empty) => {
                                self.look_again()?;
                                return Some(Told::Heartbeat { last });
                            }
                        }
                    }
                },
            }
        }
    }

    async fn start(&mut self, after: Option<u64>, lag: Option<Lag>) -> Option<Option<Told>> {
        match self
            .seat
            .follow(&self.caller.directory, self.filter.clone(), after)
        {
            Start::Fresh(moment, events) => Some(Some(self.begin_anew(moment, events, after))),
            Start::Missed(missed, events) => {
                self.seat.hub().note_resumption(true);
                self.waiting.extend(missed);
                self.phase = Phase::Following(events);
                Some(None)
            }
            Start::Behind { upto, earlier } => {
                let after = after.unwrap_or(0);
                self.phase = self.turn_to_store(after, upto, earlier, lag).await?;
                Some(None)
            }
        }
    }

    /// What it has missed after one event and up to another is no longer in memory, and where it is of this run perhaps not written yet. Ends the
    /// stream when the store does not answer: who comes back is where it was.
    async fn turn_to_store(
        &mut self,
        after: u64,
        upto: u64,
        earlier: u64,
        lag: Option<Lag>,
    ) -> Option<Phase> {
        if let Some(lag) = lag {
            sleep_until(lag.ask_at).await;
        }
        let kept = self.api.backend.kept().await.ok()?;
        let (written, now) = (kept.newest.max(earlier), Instant::now());
        let is_too_late = lag.is_some_and(|lag| now >= lag.since + LAG_MAX);
        if kept.forgotten <= after && written > after {
            return self.catch_up(after, upto.min(written)).await;
        }
        if kept.forgotten > after || is_too_late {
            return Some(Phase::ANEW);
        }
        Some(Phase::Starting {
            after: Some(after),
            lag: Some(lag.map_or_else(|| Lag::begin(now), |lag| lag.again(now))),
        })
    }

    fn begin_anew(
        &mut self,
        moment: Moment,
        events: mpsc::Receiver<Arc<Happening>>,
        after: Option<u64>,
    ) -> Told {
        let resumed = after.map(|_| false);
        if resumed.is_some() {
            self.seat.hub().note_resumption(false);
        }
        self.phase = Phase::Following(events);
        Told::Snapshot { moment, resumed }
    }

    /// Reads a page of what was missed from the store, which writes no more of it.
    async fn catch_up(&mut self, after: u64, upto: u64) -> Option<Phase> {
        self.look_again()?;
        let upto = upto.min(after.saturating_add(WINDOW));
        let scope = Scope::below(&self.caller.directory, &self.caller.top);
        let wanted = Missed {
            after,
            upto,
            number: self.filter.number,
            limit: PAGE,
        };
        let missed = self.api.backend.missed(scope, wanted).await.ok()?;
        // The oldest that is kept may have been forgotten just before it was read.
        if self.api.backend.kept().await.ok()?.forgotten > after {
            return Some(Phase::ANEW);
        }
        let all = missed.len() < PAGE as usize;
        let last = missed.last().map_or(upto, |happening| happening.id);
        let wanted = missed
            .into_iter()
            .filter(|happening| self.filter.wants(happening));
        self.waiting.extend(wanted.map(Arc::new));
        Some(Phase::Starting {
            after: Some(if all { upto } else { last }),
            lag: None,
        })
    }

    /// Sees to it that the subscriber is still there, with the same password and the same tree.
    fn look_again(&mut self) -> Option<()> {
        let directory = self.api.backend.directory();
        if !Arc::ptr_eq(&directory, &self.caller.directory) {
            self.caller = self.caller.still(directory)?;
        }
        Some(())
    }
}
