//! A call against answers written by hand.

use super::*;
use crate::message::read;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
fn epoch() -> Instant {
    Instant::now()
}

fn dialled(now: Instant) -> Call {
    let me = Identity {
        local: "127.0.0.1:4000".parse().unwrap(),
        target: rsip::Uri::try_from("sip:1234@127.0.0.1:5060").unwrap(),
        call_id: "a@b".to_owned(),
        number: "555".to_owned(),
        tag: "t".to_owned(),
    };
    let mut call = Call::new(me, "v=0\r\n".to_owned());
    call.dial(now);
    assert_eq!(sent(&mut call), ["INVITE"]);
    call
}

/// The method or status of each message that is sent, and every other output as it is written.
fn sent(call: &mut Call) -> Vec<String> {
    std::iter::from_fn(|| call.poll_output())
        .map(|output| match output {
            Output::Send(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                let word = if text.starts_with("SIP/2.0") { 1 } else { 0 };
                text.split(' ').nth(word).unwrap().to_owned()
            }
            Output::Answered(_) => "answered".to_owned(),
            Output::Refused(status) => format!("refused {status}"),
            Output::Unanswered => "unanswered".to_owned(),
            Output::HungUp => "hung up".to_owned(),
            Output::Ended(clean) => format!("ended {clean}"),
        })
        .collect()
}

fn message(first: &str, cseq: &str, body: &str) -> SipMessage {
    let text = format!(
        "{first}\r\nVia: SIP/2.0/UDP 127.0.0.1:4000;branch=z9hG4bKq\r\nFrom: <sip:555@127.0.0.1:4000>;tag=t\r\n\
         To: <sip:1234@127.0.0.1:5060>;tag=far\r\nCall-ID: a@b\r\nCSeq: {cseq}\r\nContact: <sip:b@127.0.0.1:5070>\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    read(text.as_bytes()).unwrap()
}

fn up(now: Instant) -> Call {
    let mut call = dialled(now);
    call.handle_input(now, message("SIP/2.0 200 OK", "1 INVITE", "v=0\r\n"));
    assert_eq!(sent(&mut call), ["ACK", "answered"]);
    call
}

#[test]
fn an_answer_that_comes_again_is_acknowledged_again_and_answers_once() {
    let now = epoch();
    let mut call = up(now);
    call.handle_input(now, message("SIP/2.0 200 OK", "1 INVITE", "v=0\r\n"));
    assert_eq!(sent(&mut call), ["ACK"]);
    assert_eq!(call.poll_timeout(), None);
}

#[test]
fn an_invite_is_repeated_with_doubled_intervals_until_something_comes() {
    let begin = epoch();
    let mut call = dialled(begin);
    let mut at = Vec::new();
    while let Some(next) = call.poll_timeout() {
        call.handle_timeout(next);
        let told = sent(&mut call);
        at.push(((next - begin).as_millis(), told.concat()));
    }
    let times: Vec<_> = at.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500, 32_000]);
    assert_eq!(at.last().unwrap().1, "unanswered");

    let mut ringing = dialled(begin);
    ringing.handle_input(begin, message("SIP/2.0 180 Ringing", "1 INVITE", ""));
    assert_eq!(ringing.poll_timeout(), Some(begin + GIVE_UP * 2));
}

#[test]
fn a_refusal_is_acknowledged_and_told() {
    let now = epoch();
    let mut call = dialled(now);
    call.handle_input(now, message("SIP/2.0 486 Busy Here", "1 INVITE", ""));
    assert_eq!(sent(&mut call), ["ACK", "refused 486"]);
    call.handle_input(now, message("SIP/2.0 486 Busy Here", "1 INVITE", ""));
    assert_eq!(sent(&mut call), ["ACK"]);
}

#[test]
fn a_bye_ends_the_call_cleanly_only_when_it_is_answered() {
    let now = epoch();
    let mut call = up(now);
    call.hang_up(now);
    assert_eq!(sent(&mut call), ["BYE"]);
    call.handle_input(now, message("SIP/2.0 200 OK", "2 BYE", ""));
    assert_eq!(sent(&mut call), ["ended true"]);

    let mut call = up(now);
    call.hang_up(now);
    call.handle_timeout(now + GIVE_UP);
    assert_eq!(sent(&mut call), ["BYE", "ended false"]);
}

#[test]
fn requests_within_the_call_are_answered() {
    let now = epoch();
    let mut call = up(now);
    for (line, cseq, expected) in [
        ("INVITE sip:555@127.0.0.1:4000 SIP/2.0", "5 INVITE", vec!["200"]),
        ("OPTIONS sip:555@127.0.0.1:4000 SIP/2.0", "6 OPTIONS", vec!["200"]),
        ("REFER sip:555@127.0.0.1:4000 SIP/2.0", "7 REFER", vec!["501"]),
        (
            "BYE sip:555@127.0.0.1:4000 SIP/2.0",
            "8 BYE",
            vec!["200", "hung up"],
        ),
    ] {
        call.handle_input(now, message(line, cseq, ""));
        assert_eq!(sent(&mut call), expected, "{line}");
    }
}

#[test]
fn nobody_listening_ends_a_call_that_has_heard_nothing() {
    let now = epoch();
    let mut call = dialled(now);
    call.unreachable();
    assert_eq!(sent(&mut call), ["unanswered"]);
    let mut call = up(now);
    call.unreachable();
    assert!(sent(&mut call).is_empty());
}
