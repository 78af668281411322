//! Records on their way to the disk: calls never wait for it, and a failing disk costs a counted few.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::{Record, Store};

/// Bounds of a [`RecordWriter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// Most records that wait; more are dropped and counted.
    pub queue: usize,
    /// Most records of one transaction.
    pub batch: usize,
    /// Longest that a record waits for others to share its transaction.
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

/// Where records are put. Clones share one queue; when the last one goes, the writer drains and ends.
#[derive(Clone)]
pub struct RecordQueue {
    queue: mpsc::Sender<Record>,
    tally: Arc<Tally>,
}

/// Tells what became of the records without keeping the writer from its end.
#[derive(Clone)]
pub struct RecordWatch {
    queue: mpsc::WeakSender<Record>,
    tally: Arc<Tally>,
}

/// The other half: writes what is in the queue, in batches.
pub struct RecordWriter {
    store: Arc<dyn Store>,
    limits: RecordLimits,
    queue: mpsc::Receiver<Record>,
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
        if self.queue.try_send(record).is_err() {
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
            self.write(&batch).await;
            batch.clear();
        }
        self.tally.read(0)
    }

    /// Takes in what else comes until the batch is full or its time is over.
    async fn collect(&mut self, batch: &mut Vec<Record>) {
        let limit = self.limits.batch.max(1);
        let filling = async {
            while batch.len() < limit {
                let room = limit - batch.len();
                if self.queue.recv_many(batch, room).await == 0 {
                    break;
                }
            }
        };
        // The time being over is as good as the batch being full.
        let _ = timeout(self.limits.wait, filling).await;
    }

    async fn write(&self, batch: &[Record]) {
        let mut tries_left = self.limits.last_tries;
        loop {
            match self.store.add_records(batch).await {
                Ok(()) => return self.count(&self.tally.written, batch.len()),
                Err(error) if !error.may_pass() => return self.write_singly(batch).await,
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
    async fn write_singly(&self, batch: &[Record]) {
        for record in batch {
            match self.store.add_records(std::slice::from_ref(record)).await {
                Ok(()) => self.count(&self.tally.written, 1),
                Err(_) => self.count(&self.tally.dropped, 1),
            }
        }
    }

    fn is_stopping(&self) -> bool {
        self.queue.sender_strong_count() == 0
    }

    fn count(&self, which: &AtomicU64, number: usize) {
        which.fetch_add(number as u64, Ordering::Relaxed);
    }
}
