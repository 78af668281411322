//! Hostile streams: the framer and the endpoint together, as the owner of a connection joins them.

#[path = "hostile/cases/mod.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with tests that use more of it")]
mod cases;
#[path = "hostile/world.rs"]
#[allow(unreachable_pub, dead_code, reason = "shared with tests that use more of it")]
mod world;

use cases::Names;
use sip::stream::{Frame, FrameError, FrameLimits, Framer};
use sip::{Input, Limits, Transport};
use world::{Habit, World};

/// A connection of one peer.
struct Connection {
    world: World,
    framer: Framer,
    closed: Option<FrameError>,
}

impl Connection {
    fn new(number: u64) -> Self {
        let mut world = World::new(Limits::default());
        world.flow.transport = Transport::Tcp;
        world.flow.connection = Some(number);
        Self {
            world,
            framer: Framer::new(FrameLimits::default()),
            closed: None,
        }
    }

    /// Takes bytes of the stream in; tells the statuses answered.
    fn receive(&mut self, mut bytes: &[u8]) -> Vec<u16> {
        let mut statuses = Vec::new();
        while !bytes.is_empty() {
            let taken = self.framer.handle_input(bytes);
            bytes = &bytes[taken..];
            while let Some(frame) = self.framer.poll_output() {
                statuses.extend(self.take(frame));
            }
        }
        statuses
    }

    /// A head that breaks the stream is shown to the endpoint, which answers it, before the end.
    fn take(&mut self, frame: Frame) -> Vec<u16> {
        match frame {
            Frame::Message(bytes) => self.world.feed(&bytes).statuses(),
            Frame::Ping => Vec::new(),
            Frame::Broken { error, head } => {
                self.closed = Some(error);
                head.map(|head| self.world.feed(&head).statuses())
                    .unwrap_or_default()
            }
        }
    }
}

fn names() -> Names {
    Names {
        us: "192.0.2.1".to_owned(),
        me: "192.0.2.9:5060".to_owned(),
        media: "192.0.2.9".to_owned(),
        call: None,
    }
}

/// A sound OPTIONS over TCP.
fn options(count: usize) -> Vec<u8> {
    let text = String::from_utf8(cases::probe(count, &names())).expect("text");
    text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").into_bytes()
}

fn invite(count: usize) -> Vec<u8> {
    let text = String::from_utf8(cases::opening(&names())).expect("text");
    text.replace("SIP/2.0/UDP", "SIP/2.0/TCP")
        .replace("opening", &format!("o{count}"))
        .into_bytes()
}

fn with_length(length: &str) -> Vec<u8> {
    let text = String::from_utf8(options(1)).expect("text");
    text.replace("Content-Length: 0", length).into_bytes()
}

#[test]
fn a_length_that_lies_is_answered_and_ends_the_stream() {
    for (length, error, statuses) in [
        ("X: 0", FrameError::NoContentLength, &[400][..]),
        ("Content-Length: none", FrameError::BadContentLength, &[400]),
        ("Content-Length: -1", FrameError::BadContentLength, &[400]),
        ("Content-Length: 0\r\nl: 1", FrameError::TwoContentLengths, &[400]),
        ("Content-Length: 65537", FrameError::BodyTooLong, &[400, 413]),
        ("Content-Length: 4294967296", FrameError::BodyTooLong, &[400, 413]),
        (
            "Content-Length: 18446744073709551615",
            FrameError::BodyTooLong,
            &[400, 413],
        ),
    ] {
        let mut connection = Connection::new(1);
        let answered = connection.receive(&with_length(length));
        assert_eq!(connection.closed, Some(error), "{length}");
        assert!(
            matches!(answered[..], [only] if statuses.contains(&only)),
            "{length}: {answered:?}"
        );
        assert_eq!(
            connection.receive(&options(2)),
            [0_u16; 0],
            "nothing is read after the break"
        );
    }
}

#[test]
fn a_length_twice_the_same_is_refused_and_the_stream_goes_on() {
    let mut connection = Connection::new(1);
    assert_eq!(
        connection.receive(&with_length("Content-Length: 0\r\nl: 0")),
        [400]
    );
    assert_eq!(connection.receive(&options(2)), [200]);
}

#[test]
fn messages_byte_by_byte_and_all_at_once_are_answered_alike() {
    let stream: Vec<u8> = (0..20).flat_map(options).collect();
    let at_once = Connection::new(1).receive(&stream);
    let mut slow = Connection::new(2);
    let by_byte: Vec<u16> = stream.chunks(1).flat_map(|byte| slow.receive(byte)).collect();
    assert_eq!(at_once, [200; 20]);
    assert_eq!(at_once, by_byte);
}

#[test]
fn another_message_in_a_body_stays_a_body() {
    let inner = String::from_utf8(options(2)).expect("text");
    let outer = with_length(&format!(
        "Content-Type: text/plain\r\nContent-Length: {}",
        inner.len()
    ));
    let mut connection = Connection::new(1);
    assert_eq!(connection.receive(&[outer, inner.into_bytes()].concat()), [200]);
    assert!(!connection.framer.is_mid_message());
}

#[test]
fn ten_thousand_connections_lost_in_mid_call_leave_nothing_behind() {
    let mut world = World::new(Limits::default());
    world.flow.transport = Transport::Tcp;
    for count in 0..10_000_usize {
        world.flow.connection = Some(count as u64);
        world.habit = if count % 2 == 0 {
            Habit::Ring
        } else {
            Habit::Answer
        };
        let outcome = world.feed(&invite(count));
        assert_eq!(outcome.calls, 1, "{:?}", outcome.statuses());
        world.endpoint.handle_input(
            world.now,
            Input::FlowLost {
                connection: count as u64,
            },
        );
        let after = world.drain();
        assert_eq!((after.ended, after.sent.len()), (1, 0));
    }
    assert_eq!(world.endpoint.load(), (0, 0));
    assert!(world.live.is_empty());
}
