//! From control to the hub of events: control never waits for followers, however many there are.

use std::sync::Arc;

use api::Hub;
use model::directory::Directory;
use model::{Happening, Live};
use tokio::sync::mpsc;

/// Snapshots that may wait for the hub.
const WAITING: usize = 65_536;

/// What is to be told at once.
struct Telling {
    directory: Arc<Directory>,
    live: Arc<Live>,
    happened: Vec<Arc<Happening>>,
    /// Whether something before it was not told.
    after_gap: bool,
}

/// Control's end.
pub(super) struct Teller {
    queue: mpsc::Sender<Telling>,
    has_gap: bool,
}

/// Begins to tell `hub`; ends with the teller.
pub(super) fn start(hub: Hub) -> Teller {
    let (queue, mut tellings) = mpsc::channel::<Telling>(WAITING);
    tokio::spawn(async move {
        while let Some(telling) = tellings.recv().await {
            let Telling {
                directory,
                live,
                happened,
                after_gap,
            } = telling;
            match after_gap {
                true => hub.publish_after_gap(&directory, live, happened),
                false => hub.publish(&directory, live, happened),
            }
        }
    });
    Teller {
        queue,
        has_gap: false,
    }
}

impl Teller {
    /// Tells what happened, with the snapshot that includes it. Where the hub is too far behind, its followers are sent away afterwards, to
    /// read from the store what they have missed.
    pub(super) fn tell(
        &mut self,
        directory: &Arc<Directory>,
        live: Arc<Live>,
        happened: Vec<Arc<Happening>>,
    ) {
        let after_gap = self.has_gap && !happened.is_empty();
        let telling = Telling {
            directory: directory.clone(),
            live,
            happened,
            after_gap,
        };
        let is_told = self.queue.try_send(telling).is_ok();
        self.has_gap = !is_told || self.has_gap && !after_gap;
    }
}
