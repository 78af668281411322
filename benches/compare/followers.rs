//! Streams of events that thousands follow at once: whether each is told how everything is, and each gets its heartbeats.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::client::TlsStream;

use crate::child::LOOK;
use crate::door::{self, Door};

/// What they follow: something that does not happen here, so that they are idle.
const PATH: &str = "/conference/v1/events?types=poll.*";
/// From one opening to the next.
const PACE: Duration = Duration::from_millis(4);
/// How long an opening may take, TLS and snapshot included.
const BEGIN: Duration = Duration::from_secs(30);
/// How a line begins that names a snapshot, as the bridge writes it; no line needs to be known further.
const SNAPSHOT: &[u8] = b"event: snapshot";

/// Streams that are held open until they are let go.
pub(crate) struct Followers {
    let_go: watch::Sender<bool>,
    thread: JoinHandle<io::Result<Vec<Followed>>>,
}

/// How one stream went.
#[derive(Clone, Debug, Default)]
struct Followed {
    /// It was told how everything is.
    began: bool,
    heartbeats: u32,
    /// From one thing told to the next, the longest.
    silence: Duration,
    /// It ended before it was let go.
    lost: bool,
    last: Option<Instant>,
    /// The beginning of the line that is being read.
    line: Vec<u8>,
}

/// How all went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Following {
    /// Streams that did not begin.
    pub(crate) refused: usize,
    /// That ended before they were let go.
    pub(crate) lost: usize,
    /// That had no heartbeat.
    pub(crate) unheard: usize,
    /// Heartbeats of all.
    pub(crate) heartbeats: u64,
    /// The longest time in which one of them was told nothing, s.
    pub(crate) silence_s: f64,
}

impl Followers {
    /// Opens so many one after the other, and waits until each has begun or failed.
    ///
    /// # Errors
    /// They do not come to an end.
    pub(crate) fn open(door: &Door, count: usize) -> Result<Self, String> {
        let (let_go, until) = watch::channel(false);
        let settled = Arc::new(AtomicUsize::new(0));
        let (door, counted) = (door.clone(), Arc::clone(&settled));
        let thread = thread::spawn(move || door::run(hold(door, count, until, counted)));
        let deadline = Instant::now() + 4 * PACE * count as u32 + BEGIN;
        while settled.load(Ordering::Relaxed) < count {
            if thread.is_finished() || Instant::now() > deadline {
                let settled = settled.load(Ordering::Relaxed);
                return Err(format!("only {settled} of {count} streams were opened in time"));
            }
            thread::sleep(LOOK);
        }
        Ok(Self { let_go, thread })
    }

    /// Lets all go; how they went.
    ///
    /// # Errors
    /// The thread that held them has failed.
    pub(crate) fn finish(self) -> Result<Following, String> {
        // Those that have all ended by themselves are told nothing.
        let _ = self.let_go.send(true);
        let followed = self.thread.join().map_err(|_| "a stream's reader has failed")?;
        Ok(figures(
            &followed.map_err(|error| format!("the streams: {error}"))?,
        ))
    }
}

async fn hold(
    door: Door,
    count: usize,
    until: watch::Receiver<bool>,
    settled: Arc<AtomicUsize>,
) -> Vec<Followed> {
    let mut streams = JoinSet::new();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..count {
        pace.tick().await;
        streams.spawn(follow(door.clone(), number, until.clone(), Arc::clone(&settled)));
    }
    streams.join_all().await
}

async fn follow(
    door: Door,
    number: usize,
    mut until: watch::Receiver<bool>,
    settled: Arc<AtomicUsize>,
) -> Followed {
    let mut followed = Followed::default();
    let begun = timeout(BEGIN, begin(&door, number, &mut followed)).await;
    settled.fetch_add(1, Ordering::Relaxed);
    let Ok(Ok(stream)) = begun else {
        followed.began = false;
        return followed;
    };
    let is_lost = tokio::select! {
        () = listen(stream, &mut followed) => true,
        _ = until.changed() => false,
    };
    followed.lost = is_lost;
    followed.silent_until(Instant::now());
    followed
}

/// Asks for a stream, and reads until it has told how everything is.
async fn begin(door: &Door, number: usize, followed: &mut Followed) -> io::Result<TlsStream<TcpStream>> {
    let mut stream = door.secure(door.reach(number).await?).await?;
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nAccept: text/event-stream\r\n\r\n",
        door.address, door.authorization
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut buffer = [0; 512];
    while !followed.began {
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => followed.take(&buffer[..count], Instant::now()),
        }
    }
    Ok(stream)
}

/// Reads until the stream ends.
async fn listen(mut stream: TlsStream<TcpStream>, followed: &mut Followed) {
    let mut buffer = [0; 512];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        followed.take(&buffer[..count], Instant::now());
    }
}

impl Followed {
    /// Takes in what came; the lengths that HTTP puts between are lines of their own, and mean nothing.
    fn take(&mut self, octets: &[u8], now: Instant) {
        for octet in octets {
            match octet {
                b'\n' => self.take_line(now),
                _ if self.line.len() < SNAPSHOT.len() => self.line.push(*octet),
                _ => {}
            }
        }
    }

    fn take_line(&mut self, now: Instant) {
        let (is_heartbeat, is_snapshot) = (self.line.starts_with(b":"), self.line == SNAPSHOT);
        self.line.clear();
        self.heartbeats += u32::from(is_heartbeat);
        self.began |= is_snapshot;
        if is_heartbeat || is_snapshot {
            self.silent_until(now);
            self.last = Some(now);
        }
    }

    fn silent_until(&mut self, now: Instant) {
        if let Some(last) = self.last {
            self.silence = self.silence.max(now.saturating_duration_since(last));
        }
    }
}

fn figures(followed: &[Followed]) -> Following {
    let began = || followed.iter().filter(|stream| stream.began);
    let silence = began().map(|stream| stream.silence).max().unwrap_or_default();
    Following {
        refused: followed.len() - began().count(),
        lost: began().filter(|stream| stream.lost).count(),
        unheard: began().filter(|stream| stream.heartbeats == 0).count(),
        heartbeats: began().map(|stream| u64::from(stream.heartbeats)).sum(),
        silence_s: silence.as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_begun_with_its_snapshot_and_its_heartbeats_are_lines_with_a_colon() {
        let (start, mut followed) = (Instant::now(), Followed::default());
        let mut take = |text: &str, seconds| {
            followed.take(text.as_bytes(), start + Duration::from_secs(seconds));
            (followed.began, followed.heartbeats, followed.silence.as_secs())
        };
        assert_eq!(
            take("HTTP/1.1 200 OK\r\nx: y\r\n\r\n2a\r\nevent: snap", 0),
            (false, 0, 0)
        );
        assert_eq!(take("shot\nid: 7\ndata: {\"a\": \":\"}\n\n\r\n", 1), (true, 0, 0));
        assert_eq!(take("3\r\n: \n\n\r\n", 16), (true, 1, 15));
        assert_eq!(take("3\r\n:", 18), (true, 1, 15));
        assert_eq!(take(" \n\n\r\n", 34), (true, 2, 18));
        assert!(followed.line.len() <= SNAPSHOT.len());
    }

    #[test]
    fn those_that_were_refused_lost_or_told_nothing_are_counted_apart() {
        let stream = |began, lost, heartbeats, seconds| Followed {
            began,
            lost,
            heartbeats,
            silence: Duration::from_secs(seconds),
            ..Followed::default()
        };
        let followed = [
            stream(false, false, 0, 99),
            stream(true, true, 2, 15),
            stream(true, false, 0, 16),
            stream(true, false, 4, 15),
        ];
        let expected = Following {
            refused: 1,
            lost: 1,
            unheard: 1,
            heartbeats: 6,
            silence_s: 16.0,
        };
        assert_eq!(figures(&followed), expected);
        assert_eq!(figures(&[]), Following::default());
    }
}
