//! Plays a script against a transaction on simulated time.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{ClientInput, ClientOutput, ServerInput, ServerOutput};

/// What came out, with milliseconds since the start.
pub(super) struct Line<O>(Vec<(u64, O)>);

pub(super) trait IsSend {
    fn is_send(&self) -> bool;
}

impl IsSend for ServerOutput {
    fn is_send(&self) -> bool {
        matches!(self, Self::Send(_))
    }
}

impl IsSend for ClientOutput {
    fn is_send(&self) -> bool {
        matches!(self, Self::Send(_))
    }
}

impl<O: IsSend + Clone> Line<O> {
    pub(super) fn sends(&self) -> Vec<u64> {
        self.0
            .iter()
            .filter(|(_, o)| o.is_send())
            .map(|(at, _)| *at)
            .collect()
    }

    pub(super) fn others(&self) -> Vec<(u64, O)> {
        self.0.iter().filter(|(_, o)| !o.is_send()).cloned().collect()
    }

    pub(super) fn end(&self) -> u64 {
        self.0.last().unwrap().0
    }
}

pub(super) fn respond(status: u16) -> ServerInput {
    ServerInput::Respond {
        status,
        bytes: Bytes::from(status.to_string()),
    }
}

pub(super) fn answer(status: u16) -> ClientInput {
    ClientInput::Response {
        status,
        ack: (status >= 300).then(|| Bytes::from_static(b"ACK")),
    }
}

pub(super) fn server<M>(
    machine: M,
    input: impl FnMut(&mut M, Instant, ServerInput),
    timeout: impl FnMut(&mut M, Instant),
    output: impl FnMut(&mut M) -> Option<ServerOutput>,
    next: impl Fn(&M) -> Option<Instant>,
    script: &[(u64, ServerInput)],
) -> Line<ServerOutput> {
    play(epoch(), machine, input, timeout, output, next, script)
}

pub(super) fn client<M>(
    start: impl FnOnce(Instant) -> M,
    input: impl FnMut(&mut M, Instant, ClientInput),
    timeout: impl FnMut(&mut M, Instant),
    output: impl FnMut(&mut M) -> Option<ClientOutput>,
    next: impl Fn(&M) -> Option<Instant>,
    script: &[(u64, ClientInput)],
) -> Line<ClientOutput> {
    let epoch = epoch();
    play(epoch, start(epoch), input, timeout, output, next, script)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
fn epoch() -> Instant {
    Instant::now()
}

fn play<M, I: Clone, O>(
    epoch: Instant,
    mut machine: M,
    mut input: impl FnMut(&mut M, Instant, I),
    mut timeout: impl FnMut(&mut M, Instant),
    mut output: impl FnMut(&mut M) -> Option<O>,
    next: impl Fn(&M) -> Option<Instant>,
    script: &[(u64, I)],
) -> Line<O> {
    let (mut script, mut seen, mut now) = (script.iter().peekable(), Vec::new(), epoch);
    loop {
        while let Some(output) = output(&mut machine) {
            seen.push(((now - epoch).as_millis() as u64, output));
        }
        let scripted = script.peek().map(|(at, _)| epoch + Duration::from_millis(*at));
        let Some(at) = scripted.into_iter().chain(next(&machine)).min() else {
            return Line(seen);
        };
        now = at;
        match scripted {
            Some(at) if at == now => input(&mut machine, now, script.next().unwrap().1.clone()),
            _ => timeout(&mut machine, now),
        }
    }
}
