//! One reader of the stream of all events, which puts them in order as it reads.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::order::{Order, Told};
use crate::rest::Client;

/// How long the stream may take to tell how everything is.
const BEGIN: Duration = Duration::from_secs(20);

/// A reader at work.
pub(crate) struct Tail {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Read, String>>,
}

/// What it has read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) order: Order,
    /// The stream ended before the reader did.
    pub(crate) is_lost: bool,
}

impl Tail {
    /// Reads from now on; comes back when the stream has begun.
    ///
    /// # Errors
    /// It does not begin.
    pub(crate) fn start(client: &Client) -> Result<Self, String> {
        let stop = Arc::new(AtomicBool::new(false));
        let (begun, beginning) = mpsc::channel();
        let (client, stopped) = (client.clone(), Arc::clone(&stop));
        let thread = thread::spawn(move || -> Result<Read, String> {
            Ok(read(client.follow("/events")?, &stopped, &begun))
        });
        match beginning.recv_timeout(BEGIN) {
            Ok(()) => Ok(Self { stop, thread }),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("the stream of events did not begin within {BEGIN:?}"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(match thread.join() {
                Ok(Err(error)) => error,
                Ok(Ok(_)) | Err(_) => "the stream of events ended at once".to_owned(),
            }),
        }
    }

    /// Reads until nothing happens any more, which a heartbeat says; what was read.
    ///
    /// # Errors
    /// The reader has failed.
    pub(crate) fn finish(self) -> Result<Read, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| "the reader of events has failed")?
    }
}

/// Says when the stream has begun. A heartbeat ends the reading once it is to stop: for as long as that takes nothing has happened.
fn read(stream: impl BufRead, stop: &AtomicBool, begun: &Sender<()>) -> Read {
    let mut order = Order::default();
    for line in stream.lines().map_while(Result::ok) {
        if line.starts_with(':') && stop.load(Ordering::Relaxed) {
            return Read {
                order,
                is_lost: false,
            };
        }
        let Some(told) = line.strip_prefix("data:").map(serde_json::from_str::<Told>) else {
            continue;
        };
        match told {
            Ok(told) if told.kind == "snapshot" => {
                // Nobody waits for it where it took too long.
                let _ = begun.send(());
            }
            Ok(told) => order.take(&told, Instant::now(), now_ms()),
            // What can't be read is as good as not told.
            Err(_) => break,
        }
    }
    Read { order, is_lost: true }
}

fn now_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: &str =
        "event: snapshot\nid: 4\ndata: {\"type\": \"snapshot\", \"id\": 4, \"time\": 1}\n\n: \n\n";
    const JOINED: &str = "event: call.joined\nid: 5\ndata: {\"type\": \"call.joined\", \"id\": 5, \"time\": 1, \"callId\": 7, \"meetingId\": 3, \"sequence\": 0}\n\n";

    fn told(text: &str, stops: bool) -> (u64, bool, bool) {
        let (begun, beginning) = mpsc::channel();
        let read = read(text.as_bytes(), &AtomicBool::new(stops), &begun);
        (read.order.events, read.is_lost, beginning.try_recv().is_ok())
    }

    #[test]
    fn it_reads_until_a_heartbeat_once_it_is_to_stop_and_else_until_the_stream_ends() {
        assert_eq!(told(BEGUN, true), (0, false, true));
        let all = format!("{BEGUN}{JOINED}");
        assert_eq!(told(&all, false), (1, true, true));
        assert_eq!(told(&format!("{JOINED}: \n"), true), (1, false, false));
        assert_eq!(
            told(&format!("data: {{broken\n{JOINED}"), false),
            (0, true, false)
        );
    }
}
