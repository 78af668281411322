//! Whole SIP messages out of a byte stream (RFC 3261 section 18.3), and its keep-alives (RFC 5626 section
//! 3.5.1).
//!
//! A [`Framer`] belongs to one connection. It holds at most one unfinished message, so a peer can make us
//! keep no more than the bounds given. Only what framing needs is read: the empty line that ends a head, and
//! Content-Length. How long a peer may take is for the owner of the connection to say.
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
#![deny(clippy::arithmetic_side_effects)]

use std::fmt;

/// What ends a head.
const HEAD_END: &[u8] = b"\r\n\r\n";
/// What ends a line, and what answers a ping.
const CRLF: &[u8] = b"\r\n";

/// Bounds on one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// Longest start line and header section with its empty line, bytes.
    pub head_bytes: usize,
    /// Longest body, bytes.
    pub body_bytes: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            body_bytes: 64 * 1024,
        }
    }
}

/// What came out of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, its body as long as Content-Length says.
    Message(Vec<u8>),
    /// A double CRLF between messages: send [`PONG`] back on this connection.
    Ping,
    /// The stream cannot be followed any further: close the connection. Last of all frames.
    Broken {
        /// Why.
        error: FrameError,
        /// The whole head of the message at fault, where there is one, so that it can be answered first.
        head: Option<Vec<u8>>,
    },
}

/// What answers a [`Frame::Ping`].
pub const PONG: &[u8] = CRLF;

/// Why a stream cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A message cannot begin with this byte.
    NotSip(u8),
    /// A CR without LF, or an LF without CR, in a head.
    BareLineEnd,
    /// No end of the head within the bound.
    HeadTooLong,
    /// No Content-Length, which streams need (RFC 3261 section 20.14).
    NoContentLength,
    /// A Content-Length that is no plain number.
    BadContentLength,
    /// Two Content-Lengths that contradict.
    TwoContentLengths,
    /// A body longer than the bound.
    BodyTooLong,
}

impl FrameError {
    /// The status that tells the peer before the connection is closed.
    pub fn status(self) -> u16 {
        match self {
            Self::NotSip(_)
            | Self::BareLineEnd
            | Self::NoContentLength
            | Self::BadContentLength
            | Self::TwoContentLengths => 400,
            Self::HeadTooLong => 513,
            Self::BodyTooLong => 413,
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSip(byte) => write!(f, "no SIP message begins with byte {byte:#04x}"),
            Self::BareLineEnd => f.write_str("a line ends with CR LF, never with one of them"),
            Self::HeadTooLong => f.write_str("the header section is too long"),
            Self::NoContentLength => f.write_str("a stream needs Content-Length"),
            Self::BadContentLength => f.write_str("Content-Length is no number"),
            Self::TwoContentLengths => f.write_str("two Content-Lengths contradict"),
            Self::BodyTooLong => f.write_str("the body is too long"),
        }
    }
}

impl std::error::Error for FrameError {}

/// What the framer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first byte of a message; line ends in between are keep-alives.
    Between,
    /// The empty line; the first `scanned` bytes are looked at already.
    Head { scanned: usize },
    /// The rest of a message of `length` bytes.
    Body { length: usize },
    /// Nothing any more.
    Broken,
}

/// Cuts one connection's bytes into messages.
#[derive(Clone, Debug)]
pub struct Framer {
    limits: FrameLimits,
    buffer: Vec<u8>,
    /// Bytes at the front of the buffer that are dealt with; dropped once nothing more is whole.
    done: usize,
    state: State,
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limits,
            buffer: Vec::new(),
            done: 0,
            state: State::Between,
        }
    }

    /// Takes as many bytes as there is room for and tells how many; the rest is for after
    /// [`poll_output`](Self::poll_output) has returned `None`. Then there is always room for one more.
    #[must_use = "bytes beyond the number returned were not taken"]
    pub fn handle_input(&mut self, bytes: &[u8]) -> usize {
        if self.state == State::Broken {
            return bytes.len();
        }
        self.forget_done();
        let room = self.capacity().saturating_sub(self.buffer.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// The next frame, if one is whole.
    pub fn poll_output(&mut self) -> Option<Frame> {
        loop {
            let step = match self.state {
                State::Between => self.skip_keep_alive(),
                State::Head { scanned } => self.find_head(scanned),
                State::Body { length } => self.take_message(length),
                State::Broken => Step::Wait,
            };
            match step {
                Step::Wait => {
                    self.forget_done();
                    return None;
                }
                Step::Again => {}
                Step::Out(frame) => return Some(frame),
            }
        }
    }

    /// Whether a message has begun and is not whole: what a time limit for slow peers looks at.
    pub fn is_mid_message(&self) -> bool {
        matches!(self.state, State::Head { .. } | State::Body { .. })
    }

    /// Bytes held now; never more than head and body bounds together.
    pub fn buffered_bytes(&self) -> usize {
        self.pending().len()
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.done..).unwrap_or_default()
    }

    fn forget_done(&mut self) {
        self.buffer.drain(..self.done.min(self.buffer.len()));
        self.done = 0;
    }

    fn capacity(&self) -> usize {
        self.limits
            .head_bytes
            .saturating_add(self.limits.body_bytes)
            .max(HEAD_END.len())
    }

    /// Between messages a double CRLF is a ping, a single one is skipped (RFC 3261 section 7.5).
    fn skip_keep_alive(&mut self) -> Step {
        let pending = self.pending();
        if pending.starts_with(HEAD_END) {
            self.consume(HEAD_END.len());
            return Step::Out(Frame::Ping);
        }
        if HEAD_END.starts_with(pending) {
            return Step::Wait;
        }
        if pending.starts_with(CRLF) {
            self.consume(CRLF.len());
            return Step::Again;
        }
        match pending.first() {
            Some(&(b'\r' | b'\n')) => self.break_off(FrameError::BareLineEnd, None),
            Some(&byte) if !begins_message(byte) => self.break_off(FrameError::NotSip(byte), None),
            Some(_) | None => {
                self.state = State::Head { scanned: 0 };
                Step::Again
            }
        }
    }

    fn find_head(&mut self, scanned: usize) -> Step {
        let bound = self.pending().len().min(self.limits.head_bytes);
        let seen = self.pending().get(..bound).unwrap_or_default();
        match scan_lines(seen, scanned) {
            Scan::Open if bound == self.limits.head_bytes => self.break_off(FrameError::HeadTooLong, None),
            Scan::Open => {
                self.state = State::Head { scanned: bound };
                Step::Wait
            }
            Scan::BareLineEnd => self.break_off(FrameError::BareLineEnd, None),
            Scan::End(head_bytes) => self.end_head(head_bytes),
        }
    }

    fn end_head(&mut self, head_bytes: usize) -> Step {
        let head = self.pending().get(..head_bytes).unwrap_or_default();
        match body_bytes(head, self.limits) {
            Ok(body) => {
                self.state = State::Body {
                    length: head_bytes.saturating_add(body),
                };
                Step::Again
            }
            Err(error) => {
                let head = head.to_vec();
                self.break_off(error, Some(head))
            }
        }
    }

    fn take_message(&mut self, length: usize) -> Step {
        let Some(message) = self.pending().get(..length).map(<[u8]>::to_vec) else {
            return Step::Wait;
        };
        self.consume(length);
        self.state = State::Between;
        Step::Out(Frame::Message(message))
    }

    fn consume(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(bytes);
    }

    fn break_off(&mut self, error: FrameError, head: Option<Vec<u8>>) -> Step {
        self.state = State::Broken;
        self.buffer = Vec::new();
        self.done = 0;
        Step::Out(Frame::Broken { error, head })
    }
}

/// What one look at the buffer gave.
enum Step {
    /// More bytes are needed.
    Wait,
    /// The state moved on; look again.
    Again,
    /// A frame is whole.
    Out(Frame),
}

/// Methods and `SIP/2.0` begin with a token character (RFC 3261 section 25.1).
fn begins_message(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// What the lines looked at so far say.
enum Scan {
    /// The head goes on.
    Open,
    /// A CR or LF stands alone.
    BareLineEnd,
    /// The head ends before this byte.
    End(usize),
}

/// Looks at a head from byte `scanned` on. Byte by byte, so that no split of the stream changes the verdict.
fn scan_lines(seen: &[u8], scanned: usize) -> Scan {
    let mut before = scanned.checked_sub(1).and_then(|at| seen.get(at)).copied();
    for (at, &byte) in seen.iter().enumerate().skip(scanned) {
        if (byte == b'\n') != (before == Some(b'\r')) {
            return Scan::BareLineEnd;
        }
        let end = at.saturating_add(1);
        if byte == b'\n' && seen.get(..end).is_some_and(|head| head.ends_with(HEAD_END)) {
            return Scan::End(end);
        }
        before = Some(byte);
    }
    Scan::Open
}

/// How long the body is, bytes.
fn body_bytes(head: &[u8], limits: FrameLimits) -> Result<usize, FrameError> {
    let mut lengths = content_lengths(head).map(|value| read_number(&value));
    let length = lengths.next().ok_or(FrameError::NoContentLength)??;
    for other in lengths {
        if other? != length {
            return Err(FrameError::TwoContentLengths);
        }
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > limits.body_bytes {
        Err(FrameError::BodyTooLong)
    } else {
        Ok(length)
    }
}

/// The values of Content-Length, also under its short name; a value may be folded over lines.
fn content_lengths(head: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let unfolded = unfold(head);
    unfolded.into_iter().skip(1).filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = name.trim_ascii_end();
        let ours = name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
        ours.then(|| value.trim_ascii().strip_prefix(b":").unwrap_or_default().to_vec())
    })
}

/// Header lines with their continuations (RFC 3261 section 7.3.1).
fn unfold(head: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in head.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match lines.last_mut() {
            Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => last.extend_from_slice(line),
            Some(_) | None => lines.push(line.to_vec()),
        }
    }
    lines
}

/// Digits only; more of them than fit are a very large number.
fn read_number(value: &[u8]) -> Result<u64, FrameError> {
    let digits = value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FrameError::BadContentLength);
    }
    let text = std::str::from_utf8(digits).map_err(|_| FrameError::BadContentLength)?;
    Ok(text.parse().unwrap_or(u64::MAX))
}
