//! A stream of requests whose first address may hold double quotes as they are.
//!
//! RFC 3986 allows none in an address, and what reads requests here takes none. But curl sends what it is given, and so the reference's
//! `?exclude_fields="name"` comes with them. In the first line of a connection, which is a request line whatever follows, each is taken as
//! the `%22` that it should have been. Everything behind that line passes untouched: where the next request begins only its reader knows, and
//! two who differ about that is how requests are smuggled.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a quote should have been.
const ESCAPED: &[u8] = b"%22";
/// Octets of the first line that are looked at at once.
const CHUNK: usize = 512;

/// Where in what a peer sends its first line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// It has not ended.
    First,
    /// The same, and so many octets of an escape are still to be read.
    Escape(usize),
    /// What comes is passed on.
    Over,
}

/// Wraps a stream. Lies above TLS, right below HTTP.
pub(super) struct RawQuotes<S> {
    stream: S,
    line: Line,
}

impl<S> RawQuotes<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            line: Line::First,
        }
    }

    /// Passes on `octet`, of the first line or behind it, for which there is room for one at least.
    fn pass(&mut self, octet: u8, buffer: &mut ReadBuf<'_>) {
        match (self.line, octet) {
            (Line::First, b'"') => {
                self.line = Line::Escape(ESCAPED.len());
                self.escape(buffer);
            }
            (Line::First, b'\n') => {
                self.line = Line::Over;
                buffer.put_slice(&[octet]);
            }
            _ => buffer.put_slice(&[octet]),
        }
    }

    /// Passes on as much of an escape as there is room for.
    fn escape(&mut self, buffer: &mut ReadBuf<'_>) {
        let Line::Escape(left) = self.line else { return };
        let rest = &ESCAPED[ESCAPED.len() - left..];
        let now = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..now]);
        self.line = match left - now {
            0 => Line::First,
            left => Line::Escape(left),
        };
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RawQuotes<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.line {
            Line::Over => return Pin::new(&mut self.stream).poll_read(context, buffer),
            Line::Escape(_) => {
                self.escape(buffer);
                return Poll::Ready(Ok(()));
            }
            Line::First => {}
        }
        // All that is read has room, were it quotes alone, but for the end of the last one.
        let most = (buffer.remaining() / ESCAPED.len()).clamp(1, CHUNK);
        let mut octets = [0; CHUNK];
        let mut chunk = ReadBuf::new(&mut octets[..most]);
        if buffer.remaining() > 0 {
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut chunk))?;
        }
        chunk.filled().iter().for_each(|octet| self.pass(*octet, buffer));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RawQuotes<S> {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What is read of `sent`, so many octets at once at most, when the stream holds so many.
    async fn read(sent: &str, at_once: usize, held: usize) -> String {
        let (near, mut far) = duplex(held);
        let sent = sent.to_owned();
        tokio::spawn(async move { far.write_all(sent.as_bytes()).await });
        let (mut stream, mut all) = (RawQuotes::new(near), Vec::new());
        let mut octets = vec![0; at_once];
        loop {
            match stream.read(&mut octets).await.unwrap() {
                0 => return String::from_utf8(all).unwrap(),
                count => all.extend_from_slice(&octets[..count]),
            }
        }
    }

    #[tokio::test]
    async fn quotes_are_escaped_in_the_first_line_alone_however_it_is_cut() {
        let next = "POST /\" HTTP/1.1\r\nHost: \"\r\n\r\n{\"a\":\"b\"}\r\nGET /\" HTTP/1.1\r\n\r\n";
        for (line, expected) in [
            ("GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n"),
            (
                "GET /?x=\"a\"&y=\" HTTP/1.1\r\n",
                "GET /?x=%22a%22&y=%22 HTTP/1.1\r\n",
            ),
            ("\"\"\"\"\"\n", "%22%22%22%22%22\n"),
            ("\n", "\n"),
        ] {
            for at_once in [1, 2, 3, 4, 5, 7, 64, 4_096] {
                for held in [1, 3, 4_096] {
                    let found = read(&format!("{line}{next}"), at_once, held).await;
                    assert_eq!(found, format!("{expected}{next}"), "{at_once} of {held}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_line_longer_than_is_looked_at_at_once_and_one_that_never_ends_pass_too() {
        let long = format!("GET /?{}\"", "x".repeat(3 * CHUNK));
        let expected = format!("GET /?{}%22", "x".repeat(3 * CHUNK));
        assert_eq!(read(&long, 10_000, 10_000).await, expected);
        assert_eq!(read("", 10, 10).await, "");
    }
}
