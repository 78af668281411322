//! Connections to receivers of webhooks: one request after another, and kept for a while for the next event.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, Request};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::backend::now_ms;
use crate::webhooks::Outcome;

/// As much of an answer's body is read, octets, and for so long; nobody is told of it.
const ANSWER_MAX: usize = 4096;
const ANSWER_END: Duration = Duration::from_secs(1);
/// How long a connection is kept without use, and how long at all: then the name is looked up anew.
const IDLE_MAX: Duration = Duration::from_secs(10);
const AGE_MAX: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The other end closed the connection without a word, as it does with one that was idle while the request was on its way.
    Closed,
    /// Anything else: an answer that was cut off, or that is none.
    Failed,
}

/// One connection.
pub(super) struct Connection {
    sender: SendRequest<Body>,
    /// Whether an octet has come since the last request.
    heard: Arc<AtomicBool>,
    /// Dropped, it takes the connection with it.
    _driver: JoinSet<hyper::Result<()>>,
    /// Whether the last answer has come to its end, so that another request may follow.
    is_free: bool,
}

impl Connection {
    /// Speaks HTTP/1.1 on `stream`.
    pub(super) async fn open<S>(stream: S) -> Result<Self, &'static str>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let heard = Arc::new(AtomicBool::new(false));
        let stream = Listening {
            stream,
            heard: heard.clone(),
        };
        let mut builder = Builder::new();
        let made = builder.max_buf_size(16 * 1024).handshake(TokioIo::new(stream));
        let (sender, connection) = made.await.map_err(|_| "no HTTP")?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        Ok(Self {
            sender,
            heard,
            _driver: driver,
            is_free: true,
        })
    }

    /// Sends a request, and takes its answer.
    pub(super) async fn ask(&mut self, request: Request<Body>) -> Result<Outcome, Unanswered> {
        self.is_free = false;
        self.sender.ready().await.map_err(|_| Unanswered::Closed)?;
        self.heard.store(false, Ordering::Relaxed);
        let answer = self.sender.send_request(request).await;
        let (head, body) = answer.map_err(|error| self.fault(&error))?.into_parts();
        // One that never ends has answered all the same.
        self.is_free = timeout(ANSWER_END, read_some(body)).await.unwrap_or(false);
        Ok(Outcome::Answered {
            status: head.status.as_u16(),
            retry_after_s: retry_after(&head.headers),
        })
    }

    fn fault(&self, error: &hyper::Error) -> Unanswered {
        let was_closed = error.is_incomplete_message() || is_end(error);
        let was_heard = self.heard.load(Ordering::Relaxed);
        // A request that is cancelled was never sent.
        match error.is_canceled() || was_closed && !was_heard {
            true => Unanswered::Closed,
            false => Unanswered::Failed,
        }
    }
}

/// Whether the connection ended beneath HTTP: by TCP, or by TLS without a farewell.
fn is_end(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let ends = [
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::UnexpectedEof,
    ];
    cause.is_some_and(|cause| ends.contains(&cause.kind()))
}

/// A stream that notes whether anything comes.
struct Listening<S> {
    stream: S,
    heard: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Takes the beginning of an answer off the wire, so that a receiver that has answered is not cut off in its last word; whether that was all.
async fn read_some(mut body: Incoming) -> bool {
    let mut left = ANSWER_MAX;
    while left > 0 {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let Some(frame) = frame else { return true };
        let Ok(frame) = frame else { return false };
        left = left.saturating_sub(frame.data_ref().map_or(1, |data| data.len().max(1)));
    }
    false
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let seconds = i64::try_from(at.as_secs()).ok()?.saturating_sub(now_ms() / 1000);
    u32::try_from(seconds.max(0)).ok()
}

/// Connections that wait for the next event of their webhook.
pub(super) struct Idle {
    most: usize,
    kept: Mutex<Vec<Kept>>,
}

/// One that waits.
pub(super) struct Kept {
    webhook: String,
    url: String,
    made: Instant,
    used: Instant,
    pub(super) connection: Connection,
}

impl Kept {
    /// A new one, for events of this webhook as long as its address is this.
    pub(super) fn new(webhook: &str, url: &str, connection: Connection) -> Self {
        let now = Instant::now();
        Self {
            webhook: webhook.to_owned(),
            url: url.to_owned(),
            made: now,
            used: now,
            connection,
        }
    }

    fn is_good(&self, now: Instant) -> bool {
        now < self.used + IDLE_MAX && now < self.made + AGE_MAX && !self.connection.sender.is_closed()
    }
}

impl Idle {
    /// Keeps so many at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// One to the address of this webhook, if one waits.
    pub(super) fn take(&self, webhook: &str, url: &str) -> Option<Kept> {
        let mut kept = self.good();
        let own = kept
            .iter()
            .position(|one| one.webhook == webhook && one.url == url)?;
        Some(kept.swap_remove(own))
    }

    /// Keeps one for the next event, where it can take one. The one that was used longest ago gives way, so that nobody keeps all places.
    pub(super) fn put(&self, mut one: Kept) {
        let mut kept = self.good();
        if !one.connection.is_free {
            return;
        }
        one.used = Instant::now();
        kept.push(one);
        if kept.len() > self.most {
            let oldest = (0..).zip(kept.iter()).min_by_key(|(_, one)| one.used);
            let oldest = oldest.map_or(0, |(place, _)| place);
            kept.swap_remove(oldest);
        }
    }

    /// Closes those that nobody has used for long.
    pub(super) fn sweep(&self) {
        drop(self.good());
    }

    fn good(&self) -> MutexGuard<'_, Vec<Kept>> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.is_good(now));
        kept
    }
}
