//! Connections that send nothing, in waves: half of them not even a handshake by TLS, half of them nothing after it. Each must be refused, or
//! closed in its time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::door::{self, Door};

/// From one connection to the next.
const PACE: Duration = Duration::from_millis(1);
/// How long is waited for one to be closed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waves, one after the other, until they are told to stop.
pub(crate) struct Silent {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Visit>>>,
}

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Visit {
    /// It shook hands before it was silent.
    secured: bool,
    end: End,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// It was not let in, or sent away before it was silent.
    Refused,
    /// It was closed after so long.
    Closed(Duration),
    /// It never was.
    Stayed,
}

/// What became of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Visits {
    pub(crate) made: usize,
    pub(crate) refused: usize,
    /// Those that were never closed.
    pub(crate) stayed: usize,
    /// The last to be closed of those without a handshake, s after it came.
    pub(crate) plain_s: f64,
    /// The same of those with one, s after it.
    pub(crate) secured_s: f64,
}

impl Silent {
    /// So many come at once, from `after` on.
    pub(crate) fn start(door: Door, count: usize, after: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || -> io::Result<Vec<Visit>> {
            thread::sleep(after);
            let mut visits = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                visits.extend(door::run(wave(&door, count))?);
            }
            Ok(visits)
        });
        Self { stop, thread }
    }

    /// Lets no more come, and waits for those that are there; what became of all.
    ///
    /// # Errors
    /// The thread that held them has failed.
    pub(crate) fn finish(self) -> Result<Visits, String> {
        self.stop.store(true, Ordering::Relaxed);
        let visits = self.thread.join().map_err(|_| "a silent client has failed")?;
        Ok(figures(
            &visits.map_err(|error| format!("silent clients: {error}"))?,
        ))
    }
}

async fn wave(door: &Door, count: usize) -> Vec<Visit> {
    let mut visits = JoinSet::new();
    let mut pace = interval(PACE);
    for number in 0..count {
        pace.tick().await;
        visits.spawn(visit(door.clone(), number));
    }
    visits.join_all().await
}

async fn visit(door: Door, number: usize) -> Visit {
    let secured = number % 2 == 1;
    let end = match door.reach(number).await {
        Ok(stream) if secured => match timeout(PATIENCE, door.secure(stream)).await {
            Ok(Ok(stream)) => say_nothing(stream).await,
            Ok(Err(_)) => End::Refused,
            Err(_) => End::Stayed,
        },
        Ok(stream) => say_nothing(stream).await,
        Err(_) => End::Refused,
    };
    Visit { secured, end }
}

async fn say_nothing(mut stream: impl AsyncRead + Unpin) -> End {
    let (begin, mut buffer) = (Instant::now(), [0; 64]);
    let closed = async { while let Ok(1..) = stream.read(&mut buffer).await {} };
    match timeout(PATIENCE, closed).await {
        Ok(()) => End::Closed(begin.elapsed()),
        Err(_) => End::Stayed,
    }
}

fn figures(visits: &[Visit]) -> Visits {
    let count = |end: End| visits.iter().filter(|visit| visit.end == end).count();
    let last = |secured: bool| {
        let of_kind = visits.iter().filter(|visit| visit.secured == secured);
        let closed = of_kind.filter_map(|visit| match visit.end {
            End::Closed(after) => Some(after),
            End::Refused | End::Stayed => None,
        });
        closed.max().unwrap_or_default().as_secs_f64()
    };
    Visits {
        made: visits.len(),
        refused: count(End::Refused),
        stayed: count(End::Stayed),
        plain_s: last(false),
        secured_s: last(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_to_be_closed_is_told_of_each_kind_and_those_that_stayed_apart() {
        let visit = |secured, end| Visit { secured, end };
        let closed = |seconds| End::Closed(Duration::from_secs(seconds));
        let visits = [
            visit(false, closed(5)),
            visit(false, closed(4)),
            visit(true, closed(10)),
            visit(true, End::Refused),
            visit(false, End::Stayed),
        ];
        let expected = Visits {
            made: 5,
            refused: 1,
            stayed: 1,
            plain_s: 5.0,
            secured_s: 10.0,
        };
        assert_eq!(figures(&visits), expected);
        assert_eq!(figures(&[]), Visits::default());
    }
}
