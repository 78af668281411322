//! The shards from control's side: a thread each, what waits for it, what it has been brought, how late it was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use mixer::{Handle, Order, Report, ShardConfig};
use udp::MediaSocket;

use super::equipment::{Bring, Equipment};
use super::lateness::Lateness;
use super::pulse::Pulse;
use super::{media_log, panics, realtime, serve, shard_thread};
use crate::metrics::ShardCounts;

/// Orders that may wait for a shard: many times those of the largest rush. A shard that is so far behind takes none any more, and is as good as
/// gone.
const WAITING_MAX: usize = 100_000;

/// How a shard's thread came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was told to stop, and did.
    Stopped,
    /// It had panicked.
    Failed,
    /// It had not come to one when nobody waited any longer: it goes with the program.
    Hung,
}

/// A shard's thread, for which one waits no longer than one wants to.
struct Worker {
    thread: JoinHandle<()>,
    /// Nothing is ever sent: the other end goes when the thread is about to end, be it by a panic.
    ending: Receiver<()>,
}

impl Worker {
    fn start(work: impl FnOnce() + Send + 'static) -> Result<Self, String> {
        let (ends, ending) = crossbeam_channel::bounded(0);
        let thread = serve::spawn(panics::MIXER, move || {
            let _ends: Sender<()> = ends;
            work();
        })?;
        Ok(Self { thread, ending })
    }

    /// Waits for its end until `deadline`.
    fn stop(self, deadline: Instant) -> End {
        match self.ending.recv_deadline(deadline) {
            Err(RecvTimeoutError::Timeout) => End::Hung,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => match self.thread.join() {
                Ok(()) => End::Stopped,
                Err(_) => End::Failed,
            },
        }
    }
}

/// One shard.
pub(super) struct Desk {
    handle: Handle<MediaSocket>,
    /// Orders that found the ring full, in order.
    waiting: VecDeque<Order<MediaSocket>>,
    worker: Option<Worker>,
    pub(super) equipment: Equipment,
    pub(super) lateness: Lateness,
    pub(super) pulse: Pulse,
    pub(super) counts: ShardCounts,
}

impl Desk {
    /// Passes an order on.
    pub(super) fn order(&mut self, order: Order<MediaSocket>) {
        self.waiting.push_back(order);
        self.flush();
    }

    /// Brings encoders, and takes them back, before what is the reason of it is ordered.
    pub(super) fn bring(&mut self, bring: Bring) {
        bring.into_iter().for_each(|order| self.order(order));
    }

    /// Whether its thread is there, and takes orders.
    fn is_alive(&self) -> bool {
        let is_there = self
            .worker
            .as_ref()
            .is_some_and(|worker| !worker.thread.is_finished());
        is_there && self.waiting.len() < WAITING_MAX
    }

    fn flush(&mut self) {
        while let Some(order) = self.waiting.pop_front() {
            if let Err(back) = self.handle.order(order) {
                return self.waiting.push_front(*back);
            }
        }
    }
}

/// All of them.
pub(super) struct Shards {
    desks: Vec<Desk>,
    /// Whose reports are read next, so that none keeps the others waiting.
    next: usize,
    stopping: Arc<AtomicBool>,
}

impl Shards {
    /// Starts a thread for each core named, pinned to it; one that runs where the system puts it where none is. All tick together.
    /// With a `priority` they run in real time where the system allows it.
    pub(super) fn start(cores: &[usize], priority: u8, config: &ShardConfig) -> Result<Self, String> {
        let stopping = Arc::new(AtomicBool::new(false));
        let cores: Vec<_> = match cores {
            [] => vec![None],
            cores => cores.iter().copied().map(Some).collect(),
        };
        let epoch = Instant::now();
        let start = |core: &Option<usize>| {
            let (shard, handle) = mixer::shard(config.clone());
            let (core, stop) = (*core, stopping.clone());
            let worker = Worker::start(move || shard_thread::run(shard, core, epoch, stop))?;
            if priority > 0 {
                run_in_real_time(&worker.thread, priority);
            }
            Ok(Desk {
                handle,
                waiting: VecDeque::new(),
                worker: Some(worker),
                equipment: Equipment::default(),
                lateness: Lateness::default(),
                pulse: Pulse::new(epoch),
                counts: ShardCounts::default(),
            })
        };
        let desks: Result<_, String> = cores.iter().map(start).collect();
        Ok(Self {
            desks: desks?,
            next: 0,
            stopping,
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.desks.len()
    }

    /// One of them.
    pub(super) fn at(&mut self, shard: usize) -> &mut Desk {
        &mut self.desks[shard]
    }

    /// How each is; asked once a second, when what they told was read. Says of which nothing is heard any more.
    pub(super) fn counts(&mut self, now: Instant) -> Vec<ShardCounts> {
        let counts = |(shard, desk): (usize, &mut Desk)| {
            if desk.pulse.look(now) {
                media_log::hangs(shard, desk.waiting.len());
            }
            desk.counts.hangs = desk.pulse.hangs();
            desk.counts.orders_waiting = desk.waiting.len();
            desk.counts.take()
        };
        self.desks.iter_mut().enumerate().map(counts).collect()
    }

    /// The next report, and whose it is.
    pub(super) fn poll(&mut self) -> Option<(usize, Report<MediaSocket>)> {
        for _ in 0..self.desks.len() {
            let at = self.next;
            let desk = &mut self.desks[at];
            desk.flush();
            if let Some(report) = desk.handle.poll() {
                return Some((at, report));
            }
            self.next = (at + 1) % self.desks.len();
        }
        None
    }

    /// Whether all are still at work: without one of them some calls would be silent.
    pub(super) fn are_alive(&self) -> bool {
        self.desks.iter().all(Desk::is_alive)
    }

    /// Stops all threads, and waits for them until `deadline`; how each ended, in their order.
    pub(super) fn stop(&mut self, deadline: Instant) -> Vec<End> {
        self.stopping.store(true, Ordering::Relaxed);
        let workers = self.desks.iter_mut().filter_map(|desk| desk.worker.take());
        workers.map(|worker| worker.stop(deadline)).collect()
    }
}

fn run_in_real_time(thread: &JoinHandle<()>, priority: u8) {
    match realtime::run(thread, priority) {
        Ok(priority) => tracing::info!(priority, "the mixer runs in real time"),
        Err(error) => tracing::info!(
            error,
            "the mixer runs as any other thread: the system allows no real time (CAP_SYS_NICE or LimitRTPRIO= would)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use media::Clip;
    use mixer::{RoomKey, Shard};

    use super::*;

    /// A shard that nothing ticks, with a thread that does `work`.
    fn desk(work: impl FnOnce() + Send + 'static) -> Desk {
        let config = ShardConfig {
            max_legs: 1,
            max_rooms: 1,
            orders: 8,
            reports: 8,
            music: Clip::default(),
            noise: Clip::default(),
        };
        let (shard, handle) = mixer::shard(config);
        let worker = Worker::start(move || {
            let _shard: Shard<MediaSocket> = shard;
            work();
        });
        Desk {
            handle,
            waiting: VecDeque::new(),
            worker: Some(worker.unwrap()),
            equipment: Equipment::default(),
            lateness: Lateness::default(),
            pulse: Pulse::new(Instant::now()),
            counts: ShardCounts::default(),
        }
    }

    /// Work that ends when the other one goes.
    fn hanging() -> (Sender<()>, impl FnOnce() + Send + 'static) {
        let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
        (stop, move || stopped.recv().unwrap_or_default())
    }

    #[test]
    fn a_shard_that_takes_no_orders_any_more_is_as_good_as_gone() {
        let (stop, hung) = hanging();
        let mut desk = desk(hung);
        let room = RoomKey(1);
        (0..1_000).for_each(|_| desk.order(Order::CloseRoom { room }));
        assert!(desk.is_alive());
        (0..WAITING_MAX).for_each(|_| desk.order(Order::CloseRoom { room }));
        assert!(!desk.is_alive());
        drop(stop);
    }

    #[test]
    fn a_shard_that_hangs_is_waited_for_no_longer_than_is_allowed_and_those_that_end_are_known() {
        let (stop, hung) = hanging();
        let stopping = Arc::new(AtomicBool::new(false));
        let told = stopping.clone();
        let ends_when_told = move || {
            while !told.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        };
        let mut others = Shards {
            desks: vec![desk(ends_when_told), desk(|| panic!("as it is meant to"))],
            next: 0,
            stopping: stopping.clone(),
        };
        // Nobody waits for it but where the test has failed.
        let far = Instant::now() + Duration::from_secs(600);
        assert_eq!(others.stop(far), [End::Stopped, End::Failed]);
        let mut shards = Shards {
            desks: vec![desk(hung)],
            next: 0,
            stopping,
        };
        assert_eq!(shards.stop(Instant::now()), [End::Hung]);
        // Nothing is left to be waited for.
        assert!(shards.stop(far).is_empty());
        drop(stop);
    }
}
