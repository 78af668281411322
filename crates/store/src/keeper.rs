//! The directory in memory, never ahead of the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use model::Actor;
use model::directory::{Directory, Edit, EditError};
use tokio::sync::{mpsc, oneshot};

use crate::{Store, StoreError};

/// Why an edit was not made; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefused {
    /// The edit is at fault.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Only an empty directory may be filled, and this one is not.
    #[error("the directory is not empty")]
    NotEmpty,
    /// Too many edits wait; try again.
    #[error("too many edits wait")]
    Busy,
    /// The disk did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keeper has ended.
    #[error("the store is closed")]
    Closed,
    /// It ended with this edit before it: nobody knows whether it was written.
    #[error("the store was closed before it answered")]
    Unanswered,
}

/// The directory as everybody sees it, and the way to change it. Clones are handles of the same directory.
#[derive(Clone)]
pub struct Keeper {
    current: Arc<ArcSwap<Directory>>,
    queue: mpsc::Sender<Job>,
    tally: Arc<Tally>,
}

/// The other half of a [`Keeper`]: makes the edits, one after another.
pub struct Keeping {
    store: Arc<dyn Store>,
    current: Arc<ArcSwap<Directory>>,
    tally: Arc<Tally>,
    queue: mpsc::Receiver<Job>,
    /// Whether the disk may hold an edit that it did not acknowledge.
    unsure: bool,
}

/// What became of edits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditCounts {
    /// On disk, those of one transaction each for itself.
    pub made: u64,
    /// Transactions that the store did not take.
    pub failed: u64,
    /// Transactions turned away because too many waited.
    pub turned_away: u64,
    /// Transactions that wait for the disk.
    pub waiting: usize,
}

#[derive(Default)]
struct Tally {
    made: AtomicU64,
    failed: AtomicU64,
    turned_away: AtomicU64,
}

type Answered = Result<Arc<Directory>, WriteRefused>;

struct Job {
    actor: Actor,
    edits: Vec<Edit>,
    now_ms: i64,
    when: When,
    answer: oneshot::Sender<Answered>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Empty,
}

impl Keeper {
    /// Loads the directory of `store`. At most `queue` edits wait. The caller runs [`Keeping::run`].
    pub async fn open(store: Arc<dyn Store>, queue: usize) -> Result<(Self, Keeping), StoreError> {
        let current = Arc::new(ArcSwap::from_pointee(store.load().await?));
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let keeper = Self {
            current: current.clone(),
            queue: sender,
            tally: Arc::default(),
        };
        let keeping = Keeping {
            store,
            current,
            tally: keeper.tally.clone(),
            queue: receiver,
            unsure: false,
        };
        Ok((keeper, keeping))
    }

    /// The latest directory; includes every edit that was answered, and only what is on disk.
    pub fn directory(&self) -> Arc<Directory> {
        self.current.load_full()
    }

    /// Makes one edit and answers the directory that includes it, once it is on disk.
    ///
    /// Whoever drops this future does not undo the edit.
    pub async fn edit(&self, actor: Actor, edit: Edit, now_ms: i64) -> Answered {
        self.ask(actor, vec![edit], now_ms, When::Always).await
    }

    /// Makes several edits in one transaction: all or none. Those that change nothing are not written.
    pub async fn edit_all(&self, actor: Actor, edits: Vec<Edit>, now_ms: i64) -> Answered {
        self.ask(actor, edits, now_ms, When::Always).await
    }

    /// Makes `edits`, all or none, if the directory holds nothing yet.
    pub async fn fill(&self, actor: Actor, edits: Vec<Edit>, now_ms: i64) -> Answered {
        self.ask(actor, edits, now_ms, When::Empty).await
    }

    /// What became of edits so far.
    pub fn counts(&self) -> EditCounts {
        let Tally {
            made,
            failed,
            turned_away,
        } = &*self.tally;
        EditCounts {
            made: made.load(Ordering::Relaxed),
            failed: failed.load(Ordering::Relaxed),
            turned_away: turned_away.load(Ordering::Relaxed),
            waiting: self.queue.max_capacity() - self.queue.capacity(),
        }
    }

    async fn ask(&self, actor: Actor, edits: Vec<Edit>, now_ms: i64, when: When) -> Answered {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            actor,
            edits,
            now_ms,
            when,
            answer,
        };
        match self.queue.try_send(job) {
            Ok(()) => answered.await.unwrap_or(Err(WriteRefused::Unanswered)),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.tally.turned_away.fetch_add(1, Ordering::Relaxed);
                Err(WriteRefused::Busy)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WriteRefused::Closed),
        }
    }
}

impl Keeping {
    /// Makes edits until every [`Keeper`] is gone and what waited is done.
    pub async fn run(mut self) {
        while let Some(job) = self.queue.recv().await {
            let made = self.make(&job.actor, &job.edits, job.now_ms, job.when).await;
            if matches!(made, Err(WriteRefused::Store(_))) {
                self.tally.failed.fetch_add(1, Ordering::Relaxed);
            }
            // Whoever asked may have left; the edit stands.
            let _ = job.answer.send(made);
        }
    }

    async fn make(&mut self, actor: &Actor, edits: &[Edit], now_ms: i64, when: When) -> Answered {
        self.make_sure().await?;
        let now = self.current.load_full();
        if when == When::Empty && !is_empty(&now) {
            return Err(WriteRefused::NotEmpty);
        }
        let (next, changes) = now.edited_all(edits)?;
        if changes.is_empty() {
            // Nothing is written of what is so already: the audit tells what changed.
            return Ok(now);
        }
        let written = self.store.write(actor, &changes, now_ms).await;
        self.unsure = written.as_ref().is_err_and(|error| !error.left_all_as_it_was());
        written?;
        self.tally.made.fetch_add(changes.len() as u64, Ordering::Relaxed);
        let next = Arc::new(next);
        self.current.store(next.clone());
        Ok(next)
    }

    /// After a failure of unknown outcome no edit is built on what may not be so: the disk tells what is.
    async fn make_sure(&mut self) -> Result<(), StoreError> {
        if self.unsure {
            self.current.store(Arc::new(self.store.load().await?));
            self.unsure = false;
        }
        Ok(())
    }
}

fn is_empty(directory: &Directory) -> bool {
    directory.subscribers().next().is_none()
        && directory.groups().next().is_none()
        && directory.dids().next().is_none()
        && directory.rooms().next().is_none()
}
