//! Records on their way to the disk: calls never wait for it, and a failing disk costs a counted few.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::{Record, Store};

/// Bounds of a [`RecordWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Most records that wait; more are dropped and counted.
    pub queue: usize,
    /// Most records of one transaction.
    pub batch: usize,
    /// Longest that a record waits for others to share its transaction; one that somebody waits for does not.
    pub wait: Duration,
    /// Pause before a failed batch is tried again.
    pub retry: Duration,
    /// Tries of each batch once the bridge is stopping; while it runs, tries go on.
    pub last_tries: u32,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self {
            queue: 20_000,
            batch: 100,
            wait: Duration::from_millis(50),
            retry: Duration::from_secs(1),
            last_tries: 3,
        }
    }
}

/// What became of the records so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// On disk.
    pub written: u64,
    /// Dropped: the queue was full, or the store will never take them, or did not until the end.
    pub dropped: u64,
    /// Transactions that failed and were tried again.
    pub failed: u64,
    /// Records that wait.
    pub waiting: usize,
}

#[derive(Default)]
struct Tally {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// Completes once a record is on disk, and fails once it is dropped.
pub type Written = oneshot::Receiver<()>;

/// A record that waits, and whom to tell that it is on disk.
struct Queued {
    record: Record,
    told: Option<oneshot::Sender<()>>,
}

/// Where records are put. Clones share one queue; when the last one goes, the writer drains and ends.
#[derive(Clone)]
pub struct RecordQueue {
    queue: mpsc::Sender<Queued>,
    tally: Arc<Tally>,
}

/// Tells what became of the records without keeping the writer from its end.
#[derive(Clone)]
pub struct RecordWatch {
    queue: mpsc::WeakSender<Queued>,
    tally: Arc<Tally>,
}

/// The other half: writes what is in the queue, in batches.
pub struct RecordWriter {
    store: Arc<dyn Store>,
    limits: RecordLimits,
    queue: mpsc::Receiver<Queued>,
    tally: Arc<Tally>,
}

/// Makes the two halves; the caller runs [`RecordWriter::run`].
pub fn record_writer(store: Arc<dyn Store>, limits: RecordLimits) -> (RecordQueue, RecordWriter) {
    let (sender, receiver) = mpsc::channel(limits.queue.max(1));
    let tally = Arc::<Tally>::default();
    let queue = RecordQueue {
        queue: sender,
        tally: tally.clone(),
    };
    let writer = RecordWriter {
        store,
        limits,
        queue: receiver,
        tally,
    };
    (queue, writer)
}

impl RecordQueue {
    /// Puts one record in the queue; never waits. What does not fit is dropped and counted.
    pub fn put(&self, record: Record) {
        self.send(Queued { record, told: None });
    }

    /// The same, and answers what tells when it is on disk, with everything that was put before it.
    pub fn put_awaited(&self, record: Record) -> Written {
        let (told, written) = oneshot::channel();
        let told = Some(told);
        self.send(Queued { record, told });
        written
    }

    fn send(&self, queued: Queued) {
        if self.queue.try_send(queued).is_err() {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What became of the records so far.
    pub fn counts(&self) -> RecordCounts {
        self.tally.read(self.queue.max_capacity() - self.queue.capacity())
    }

    /// Tells the same, also when this queue is gone.
    pub fn watch(&self) -> RecordWatch {
        RecordWatch {
            queue: self.queue.downgrade(),
            tally: self.tally.clone(),
        }
    }
}

impl RecordWatch {
    /// What became of the records so far.
    pub fn counts(&self) -> RecordCounts {
        let queue = self.queue.upgrade();
        let waiting = queue.map_or(0, |queue| queue.max_capacity() - queue.capacity());
        self.tally.read(waiting)
    }
}

impl Tally {
    fn read(&self, waiting: usize) -> RecordCounts {
        RecordCounts {
            written: self.written.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            waiting,
        }
    }
}

impl RecordWriter {
    /// Writes until every [`RecordQueue`] is gone and the queue is empty; answers what became of the records.
    pub async fn run(mut self) -> RecordCounts {
        let mut batch = Vec::with_capacity(self.limits.batch);
        while let Some(first) = self.queue.recv().await {
            batch.push(first);
            self.collect(&mut batch).await;
            let (records, told): (Vec<_>, Vec<_>) =
                batch.drain(..).map(|queued| (queued.record, queued.told)).unzip();
            self.write(&records, told).await;
        }
        self.tally.read(0)
    }

    /// Takes in what else comes until the batch is full, its time is over or somebody waits for one of it.
    async fn collect(&mut self, batch: &mut Vec<Queued>) {
        let limit = self.limits.batch.max(1);
        let filling = async {
            while batch.len() < limit && batch.iter().all(|queued| queued.told.is_none()) {
                let room = limit - batch.len();
                if self.queue.recv_many(batch, room).await == 0 {
                    break;
                }
            }
        };
        // The time being over is as good as the batch being full.
        let _ = timeout(self.limits.wait, filling).await;
        // What is there already costs nobody a wait.
        while batch.len() < limit
            && let Ok(next) = self.queue.try_recv()
        {
            batch.push(next);
        }
    }

    /// Who is told of a record that is dropped sees its own end of the channel close.
    async fn write(&self, batch: &[Record], told: Vec<Option<oneshot::Sender<()>>>) {
        let mut tries_left = self.limits.last_tries;
        loop {
            match self.store.add_records(batch).await {
                Ok(()) => return told.into_iter().for_each(|told| self.written(told)),
                Err(error) if !error.may_pass() => return self.write_singly(batch, told).await,
                Err(_) => self.count(&self.tally.failed, 1),
            }
            if self.is_stopping() {
                tries_left = tries_left.saturating_sub(1);
                if tries_left == 0 {
                    return self.count(&self.tally.dropped, batch.len());
                }
            }
            tokio::time::sleep(self.limits.retry).await;
        }
    }

    /// One record the store will never take must not cost the others of its batch.
    async fn write_singly(&self, batch: &[Record], told: Vec<Option<oneshot::Sender<()>>>) {
        for (record, told) in batch.iter().zip(told) {
            match self.store.add_records(std::slice::from_ref(record)).await {
                Ok(()) => self.written(told),
                Err(_) => self.count(&self.tally.dropped, 1),
            }
        }
    }

    /// One record is on disk.
    fn written(&self, told: Option<oneshot::Sender<()>>) {
        self.count(&self.tally.written, 1);
        if let Some(told) = told {
            // Whoever asked may have stopped waiting.
            let _ = told.send(());
        }
    }

    fn is_stopping(&self) -> bool {
        self.queue.sender_strong_count() == 0
    }

    fn count(&self, which: &AtomicU64, number: usize) {
        which.fetch_add(number as u64, Ordering::Relaxed);
    }
}
