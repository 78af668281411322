//! From control to the hub of events: control never waits for followers, however many there are.

use std::sync::Arc;

use api::Hub;
use model::directory::Directory;
use model::{Happening, Live};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

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
    /// Snapshots that the hub was not told of.
    untold: Counter,
}

/// Begins to tell `hub`; ends with the teller. Counts in `untold` what it is not told of because too much waits.
pub(super) fn start(hub: Hub, untold: Counter) -> Teller {
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
    Teller::new(queue, untold)
}

impl Teller {
    fn new(queue: mpsc::Sender<Telling>, untold: Counter) -> Self {
        Self {
            queue,
            has_gap: false,
            untold,
        }
    }

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
        let sent = self.queue.try_send(telling);
        if matches!(sent, Err(TrySendError::Full(_))) {
            self.untold.inc();
        }
        let is_told = sent.is_ok();
        self.has_gap = !is_told || self.has_gap && !after_gap;
    }
}

#[cfg(test)]
mod tests {
    use model::{Actor, Event, News, Sid};

    use super::*;

    fn happened() -> Vec<Arc<Happening>> {
        vec![Arc::new(Happening {
            id: 1,
            at_ms: 0,
            subscriber_sid: Sid::new("a"),
            place: None,
            actor: Actor::Bridge,
            news: News::Meeting(Event::Started),
            party: None,
            is_live: true,
        })]
    }

    #[test]
    fn snapshots_that_find_no_room_are_counted_and_the_next_event_tells_of_the_gap() {
        let (queue, mut tellings) = mpsc::channel(2);
        let untold = Counter::default();
        let mut teller = Teller::new(queue, untold.clone());
        let mut tell = |happened| teller.tell(&Arc::default(), Arc::default(), happened);
        for _ in 0..5 {
            tell(happened());
        }
        assert_eq!(untold.get(), 3);
        while tellings.try_recv().is_ok() {}
        tell(vec![]);
        tell(happened());
        let told = [tellings.try_recv(), tellings.try_recv()];
        let gaps = told.map(|telling| telling.unwrap().after_gap);
        assert_eq!((gaps, untold.get()), ([false, true], 3));
    }
}
