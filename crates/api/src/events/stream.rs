//! One follower: what it has missed, from memory or from the store, then what comes, as long as it may see it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Happening;
use tokio::sync::mpsc;
use tokio::time::timeout;

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
    Heartbeat,
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
}

enum Phase {
    /// It has got to this event, if it was here before.
    Starting {
        after: Option<u64>,
        is_known: bool,
    },
    Following(mpsc::Receiver<Arc<Happening>>),
}

impl Stream {
    /// A follower that has got to the event `after`, if it was here before.
    pub(crate) fn new(api: Api, caller: Caller, seat: Seat, filter: Filter, after: Option<u64>) -> Self {
        let phase = Phase::Starting {
            after,
            is_known: false,
        };
        Self {
            api,
            caller,
            filter,
            seat,
            phase,
            waiting: VecDeque::new(),
        }
    }

    /// The next thing to tell; nothing when the stream is over. What was waited for is not lost when this future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(happening) = self.waiting.pop_front() {
                self.look_again()?;
                if self.caller.sees(&happening.subscriber_sid) {
                    return Some(Told::Event(happening));
                }
                continue;
            }
            match &mut self.phase {
                Phase::Starting { after, is_known } => {
                    let (after, is_known) = (*after, *is_known);
                    if let Some(told) = self.start(after, is_known).await? {
                        return Some(told);
                    }
                }
                Phase::Following(events) => match timeout(HEARTBEAT, events.recv()).await {
                    Ok(happening) => self.waiting.push_back(happening?),
                    Err(_) => {
                        self.look_again()?;
                        return Some(Told::Heartbeat);
                    }
                },
            }
        }
    }

    async fn start(&mut self, after: Option<u64>, is_known: bool) -> Option<Option<Told>> {
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
            Start::Behind(upto) => self
                .catch_up(after.unwrap_or(0), upto, is_known)
                .await
                .map(|()| None),
        }
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

    /// Reads a page of what was missed from the store. Ends the stream when the store does not answer: who comes back is where it was.
    async fn catch_up(&mut self, after: u64, upto: u64, is_known: bool) -> Option<()> {
        let store = &self.api.backend;
        if !is_known && store.forgotten().await.ok()? > after {
            // Never given: it begins anew.
            self.phase = Phase::Starting {
                after: Some(u64::MAX),
                is_known,
            };
            return Some(());
        }
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
        let all = missed.len() < PAGE as usize;
        let last = missed.last().map_or(upto, |happening| happening.id);
        let wanted = missed
            .into_iter()
            .filter(|happening| self.filter.wants(happening));
        self.waiting.extend(wanted.map(Arc::new));
        self.phase = Phase::Starting {
            after: Some(if all { upto } else { last }),
            is_known: true,
        };
        Some(())
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
