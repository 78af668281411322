//! Framing: whatever the split of a stream, the same messages come out of it.

use proptest::prelude::*;
use sip::stream::{Frame, FrameError, FrameLimits, Framer};

const SMALL: FrameLimits = FrameLimits {
    head_bytes: 400,
    body_bytes: 200,
};

fn message(body: &str) -> String {
    format!(
        "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Feeds the pieces and collects all frames; every byte is offered until it is taken.
fn frames<'a>(limits: FrameLimits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut framer = Framer::new(limits);
    let mut out = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let taken = framer.handle_input(piece);
            assert!(taken > 0, "a drained framer takes at least one byte");
            assert!(framer.buffered_bytes() <= limits.head_bytes + limits.body_bytes);
            piece = &piece[taken..];
            out.extend(std::iter::from_fn(|| framer.poll_output()));
        }
    }
    out
}

fn whole(bytes: &[u8]) -> Vec<Frame> {
    frames(SMALL, [bytes])
}

fn broken(bytes: &[u8]) -> (FrameError, Option<Vec<u8>>) {
    match whole(bytes).pop() {
        Some(Frame::Broken { error, head }) => (error, head),
        other => panic!("not broken: {other:?}"),
    }
}

fn with_header(line: &str) -> Vec<u8> {
    format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n{line}\r\n\r\nbody").into_bytes()
}

#[test]
fn two_messages_in_one_piece_are_two_frames() {
    let both = message("one") + &message("");
    let expected = vec![
        Frame::Message(message("one").into()),
        Frame::Message(message("").into()),
    ];
    assert_eq!(whole(both.as_bytes()), expected);
}

#[test]
fn a_double_line_end_between_messages_is_a_ping_and_single_ones_are_nothing() {
    let stream = format!("\r\n{}\r\n{}\r\n\r\n{}", message("x"), message("y"), message("z"));
    let expected = vec![
        Frame::Message(message("x").into()),
        Frame::Message(message("y").into()),
        Frame::Ping,
        Frame::Message(message("z").into()),
    ];
    assert_eq!(whole(stream.as_bytes()), expected);
}

#[test]
fn a_thousand_pings_are_a_thousand_frames_and_leave_nothing_behind() {
    let mut framer = Framer::new(SMALL);
    let mut pings = 0;
    for _ in 0..1000 {
        assert_eq!(framer.handle_input(b"\r\n\r\n"), 4);
        pings += std::iter::from_fn(|| framer.poll_output())
            .filter(|frame| *frame == Frame::Ping)
            .count();
    }
    assert_eq!((pings, framer.buffered_bytes()), (1000, 0));
}

#[test]
fn content_length_is_found_under_all_its_legal_spellings() {
    for line in [
        "Content-Length: 4",
        "content-length:4",
        "CONTENT-LENGTH \t:  4  ",
        "l: 4",
        "L:0004",
        "Content-Length:\r\n 4",
        "Content-Length: 4\r\nl: 4",
        "Subject: l: 9\r\n Content-Length: 7\r\nl: 4",
    ] {
        let bytes = with_header(line);
        assert_eq!(whole(&bytes), [Frame::Message(bytes.clone())], "{line}");
    }
}

#[test]
fn content_lengths_that_are_no_number_or_contradict_break_the_stream() {
    for (line, expected) in [
        ("X: 1", FrameError::NoContentLength),
        ("Content-Length-X: 4", FrameError::NoContentLength),
        ("Content-Length:", FrameError::BadContentLength),
        ("Content-Length: -4", FrameError::BadContentLength),
        ("Content-Length: +4", FrameError::BadContentLength),
        ("Content-Length: 0x4", FrameError::BadContentLength),
        ("Content-Length: 4, 4", FrameError::BadContentLength),
        ("Content-Length: 4;x", FrameError::BadContentLength),
        (
            "Content-Length: 4\r\nContent-Length: 5",
            FrameError::TwoContentLengths,
        ),
        ("l: 5\r\nContent-Length: 4", FrameError::TwoContentLengths),
        ("Content-Length: 4\r\nl: x", FrameError::BadContentLength),
        ("Content-Length: 201", FrameError::BodyTooLong),
        ("Content-Length: 4294967300", FrameError::BodyTooLong),
        ("Content-Length: 18446744073709551615", FrameError::BodyTooLong),
        ("Content-Length: 18446744073709551620", FrameError::BodyTooLong),
        (
            "Content-Length: 99999999999999999999999999999999",
            FrameError::BodyTooLong,
        ),
    ] {
        let (error, head) = broken(&with_header(line));
        assert_eq!(error, expected, "{line}");
        assert!(
            head.is_some_and(|head| head.ends_with(b"\r\n\r\n")),
            "{line}: the head can be answered"
        );
    }
}

#[test]
fn what_is_no_sip_breaks_the_stream_at_once() {
    for (bytes, expected) in [
        (&b"\x16\x03\x01\x02\x00"[..], FrameError::NotSip(0x16)),
        (b"\0", FrameError::NotSip(0)),
        (b" OPTIONS", FrameError::NotSip(b' ')),
        (b"\n\n", FrameError::BareLineEnd),
        (b"\rX", FrameError::BareLineEnd),
        (b"OPTIONS sip:a@b SIP/2.0\nl: 0\n\n", FrameError::BareLineEnd),
        (
            b"OPTIONS sip:a@b SIP/2.0\r\nX: a\rb\r\nl: 0\r\n\r\n",
            FrameError::BareLineEnd,
        ),
        (
            b"OPTIONS sip:a@b SIP/2.0\r\nX: a\nl: 9\r\nl: 0\r\n\r\n",
            FrameError::BareLineEnd,
        ),
    ] {
        assert_eq!(broken(bytes).0, expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn an_endless_head_breaks_the_stream_at_its_bound() {
    let mut framer = Framer::new(SMALL);
    let mut fed = 0;
    let error = loop {
        fed += framer.handle_input(b"X: yyyyyyy\r\n");
        if let Some(Frame::Broken { error, head: None }) = framer.poll_output() {
            break error;
        }
    };
    assert_eq!(error, FrameError::HeadTooLong);
    assert!((400..=412).contains(&fed), "{fed}");
    assert_eq!(framer.buffered_bytes(), 0);
}

#[test]
fn a_head_of_exactly_the_bound_passes_and_one_byte_more_does_not() {
    let head = |pad: usize| {
        format!(
            "OPTIONS sip:a@b SIP/2.0\r\nl: 0\r\nX: {}\r\n\r\n",
            "y".repeat(pad)
        )
        .into_bytes()
    };
    let base = head(0).len();
    assert_eq!(whole(&head(400 - base)).len(), 1);
    assert!(matches!(whole(&head(400 - base))[0], Frame::Message(_)));
    assert_eq!(broken(&head(401 - base)).0, FrameError::HeadTooLong);
}

#[test]
fn nothing_comes_after_a_break() {
    let stream = [b"\x01".as_slice(), message("x").as_bytes()].concat();
    assert_eq!(whole(&stream).len(), 1);
}

#[test]
fn a_framer_knows_when_a_peer_is_slow_in_mid_message() {
    let mut framer = Framer::new(SMALL);
    assert!(!framer.is_mid_message());
    let taken = framer.handle_input(&message("body").as_bytes()[..20]);
    assert_eq!(
        (taken, framer.poll_output(), framer.is_mid_message()),
        (20, None, true)
    );
    let taken = framer.handle_input(&message("body").as_bytes()[20..]);
    assert!(taken > 0 && framer.poll_output().is_some() && !framer.is_mid_message());
}

/// Pieces of streams, sound and unsound.
fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[ -~]{0,60}".prop_map(|body| message(&body).into_bytes()),
        2 => Just(b"\r\n".to_vec()),
        2 => Just(b"\r\n\r\n".to_vec()),
        1 => Just(with_header("l: 1\r\nl: 2")),
        1 => Just(with_header("X: a\nb")),
        1 => proptest::collection::vec(any::<u8>(), 1..20),
        1 => (300..500_usize).prop_map(|n| format!("A b SIP/2.0\r\nX: {}\r\nl: 0\r\n\r\n", "z".repeat(n)).into_bytes()),
    ]
}

proptest! {
    #[test]
    fn any_split_of_a_stream_gives_the_same_frames(
        parts in proptest::collection::vec(part(), 0..12),
        cuts in proptest::collection::vec(1..90_usize, 1..40),
    ) {
        let stream = parts.concat();
        let mut pieces = Vec::new();
        let mut rest = stream.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(frames(SMALL, pieces), whole(&stream));
    }

    #[test]
    fn any_bytes_leave_the_framer_within_its_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        for frame in frames(SMALL, bytes.chunks(97)) {
            if let Frame::Message(message) = frame {
                prop_assert!(message.len() <= 600);
            }
        }
    }
}
