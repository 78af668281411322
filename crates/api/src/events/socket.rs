//! A follower by WebSocket: the same objects as by Server-Sent Events, one a message of text.
//!
//! Whatever the client sends is read and thrown away; one that sends much, or does not answer pings, is sent away.

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::Stream;
use crate::handlers::event::text;
use crate::router::Api;

/// Longest message of a client, in bytes.
const MESSAGE_MAX: usize = 64 * 1024;
/// Longest message that is read at all, to be told that it is too long; beyond, the connection ends.
pub(crate) const READ_MAX: usize = 2 * MESSAGE_MAX;
/// Octets read at a time. As many are held for each socket however idle it is, and a client has hardly anything to say.
pub(crate) const READ_BUFFER: usize = 4 * 1024;
/// Messages of a client a second; it has nothing to say but pongs.
const MESSAGES_MAX: u32 = 50;
/// How often is asked whether the client is there; one that is silent for two of these is not.
const PING: Duration = Duration::from_secs(30);
/// How long a client that is sent away may take to close its side.
const FAREWELL: Duration = Duration::from_secs(2);
/// What is said to who sends too long a message.
const TOO_LONG: &str = "expected messages of at most 64 KiB";

/// How a client is sent away.
struct End {
    /// What it is told; none where it closed of itself, which is answered by reading on.
    frame: Option<CloseFrame>,
    /// Whether what it still sends can be read: not after a frame that could not be.
    is_readable: bool,
}

/// Serves one follower until either side has had enough.
pub(crate) async fn serve(mut socket: WebSocket, mut stream: Stream, api: Api) {
    // Whoever is gone is told nothing.
    let Some(end) = follow(&mut socket, &mut stream, &api).await else {
        return;
    };
    let is_told = match end.frame {
        Some(frame) => socket.send(Message::Close(Some(frame))).await.is_ok(),
        None => true,
    };
    if is_told {
        // What is left unread when a connection is closed resets it, and the reason would be lost on its way.
        let rest = async {
            while let Some(Ok(_)) = socket.recv().await {}
            if !end.is_readable {
                std::future::pending::<()>().await;
            }
        };
        let _ = timeout(FAREWELL, rest).await;
    }
}

async fn follow(socket: &mut WebSocket, stream: &mut Stream, api: &Api) -> Option<End> {
    let mut pings = interval(PING);
    // Pings that a slow link held up are not sent in a burst, which nobody could answer in time.
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut messages, mut unanswered) = (0, 0);
    let mut second = Instant::now();
    loop {
        tokio::select! {
            told = stream.next() => {
                let Some(told) = told else {
                    return closing(close_code::AGAIN, "too slow, or not allowed any more");
                };
                if let Some(text) = text(&told, stream, api) {
                    socket.send(Message::Text(text.into())).await.ok()?;
                }
            }
            message = socket.recv() => {
                let too_long = || closing(close_code::SIZE, TOO_LONG);
                let message = match message? {
                    Ok(message) => message,
                    Err(error) => return unreadable(error),
                };
                match message {
                    Message::Text(text) if text.len() > MESSAGE_MAX => return too_long(),
                    Message::Binary(bytes) if bytes.len() > MESSAGE_MAX => return too_long(),
                    Message::Close(_) => return Some(End { frame: None, is_readable: true }),
                    Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => unanswered = 0,
                }
                if second.elapsed() >= Duration::from_secs(1) {
                    (second, messages) = (Instant::now(), 0);
                }
                messages += 1;
                if messages > MESSAGES_MAX {
                    return closing(close_code::POLICY, "too many messages");
                }
            }
            _ = pings.tick() => {
                if unanswered >= 2 {
                    return closing(close_code::POLICY, "no answer to pings");
                }
                unanswered += 1;
                socket.send(Message::Ping(Vec::new().into())).await.ok()?;
            }
        }
    }
}

fn closing(code: u16, reason: &'static str) -> Option<End> {
    let reason = reason.into();
    Some(End {
        frame: Some(CloseFrame { code, reason }),
        is_readable: true,
    })
}

/// How a client is sent away whose frames can't be read (RFC 6455, section 7.4.1); `None` when it is not they but the connection
/// that failed, over which nothing can be said.
fn unreadable(error: axum::Error) -> Option<End> {
    let error = error.into_inner();
    let error = error.downcast_ref::<Error>()?;
    let end = if matches!(error, Error::Capacity(_)) {
        closing(close_code::SIZE, TOO_LONG)
    } else if matches!(error, Error::Utf8(_)) {
        closing(close_code::INVALID, "expected text in UTF-8")
    } else if matches!(error, Error::Protocol(fault) if *fault != ProtocolError::ResetWithoutClosingHandshake)
    {
        closing(close_code::PROTOCOL, "expected frames as in RFC 6455")
    } else {
        None
    };
    end.map(|end| End {
        is_readable: false,
        ..end
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio_tungstenite::tungstenite::error::CapacityError;

    use super::*;

    #[test]
    fn a_client_is_told_what_was_wrong_with_its_frames_and_nothing_where_the_connection_failed() {
        let (size, max_size) = (READ_MAX + 1, READ_MAX);
        for (error, code) in [
            (
                Error::Capacity(CapacityError::MessageTooLong { size, max_size }),
                Some(1009),
            ),
            (Error::Utf8(String::new()), Some(1007)),
            (
                Error::Protocol(ProtocolError::UnmaskedFrameFromClient),
                Some(1002),
            ),
            (Error::Protocol(ProtocolError::ResetWithoutClosingHandshake), None),
            (Error::Io(io::ErrorKind::ConnectionReset.into()), None),
        ] {
            let text = error.to_string();
            let end = unreadable(axum::Error::new(error));
            assert!(end.as_ref().is_none_or(|end| !end.is_readable), "{text}");
            assert_eq!(
                end.and_then(|end| end.frame).map(|frame| frame.code),
                code,
                "{text}"
            );
        }
    }
}
