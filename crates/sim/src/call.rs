//! One call as its caller signals it: INVITE with its retransmissions, ACK, answers to what the bridge asks within the call, BYE
//! (RFC 3261, sections 12, 13, 15 and 17.1). UDP only.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use rsip::{Method, Request, Response, SipMessage};

use crate::message::{Identity, Peer, cseq, peer};

/// First interval of retransmissions, the longest one, and when a transaction is given up.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVE_UP: Duration = Duration::from_secs(32);

/// What a call wants done, or tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A datagram for the bridge.
    Send(Vec<u8>),
    /// Answered with 200; its SDP.
    Answered(String),
    /// Answered with another final status.
    Refused(u16),
    /// Nothing final came in time.
    Unanswered,
    /// The bridge hung up.
    HungUp,
    /// Our BYE was answered, or (`false`) was not in time.
    Ended(bool),
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum State {
    Idle,
    Calling,
    Up,
    Leaving,
    Over,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Pending {
    bytes: Vec<u8>,
    interval: Duration,
    /// None once a provisional answer has come to an INVITE.
    again: Option<Instant>,
    until: Instant,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Call {
    me: Identity,
    peer: Peer,
    sdp: String,
    state: State,
    cseq: u32,
    pending: Option<Pending>,
    outputs: VecDeque<Output>,
}

impl Call {
    pub(crate) fn new(me: Identity, sdp: String) -> Self {
        let peer = me.stranger();
        Self {
            me,
            peer,
            sdp,
            state: State::Idle,
            cseq: 1,
            pending: None,
            outputs: VecDeque::new(),
        }
    }

    /// Where the phone is.
    pub(crate) fn here(&self) -> IpAddr {
        self.me.local.ip()
    }

    /// Its Call-ID.
    pub(crate) fn id(&self) -> &str {
        &self.me.call_id
    }

    /// Calls.
    pub(crate) fn dial(&mut self, now: Instant) {
        self.state = State::Calling;
        let invite = self.me.request(
            Method::Invite,
            &self.peer,
            self.cseq,
            &self.branch("i"),
            &self.sdp,
        );
        self.ask(now, invite);
    }

    /// Hangs up a call that is up; any other is let go.
    pub(crate) fn hang_up(&mut self, now: Instant) {
        if self.state == State::Up {
            self.state = State::Leaving;
            self.cseq += 1;
            let bye = self
                .me
                .request(Method::Bye, &self.peer, self.cseq, &self.branch("b"), "");
            self.ask(now, bye);
        }
    }

    /// A message of this call.
    pub(crate) fn handle_input(&mut self, now: Instant, message: SipMessage) {
        match message {
            SipMessage::Request(request) => self.on_request(&request),
            SipMessage::Response(response) => self.on_response(now, &response),
        }
    }

    /// The datagrams do not arrive: nobody listens there.
    pub(crate) fn unreachable(&mut self) {
        if self.state == State::Calling
            && self
                .pending
                .as_ref()
                .is_some_and(|pending| pending.again.is_some())
        {
            self.end(Output::Unanswered);
        }
    }

    /// Retransmits or gives up.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let Some(pending) = &mut self.pending else { return };
        if now >= pending.until {
            let output = if self.state == State::Leaving {
                Output::Ended(false)
            } else {
                Output::Unanswered
            };
            self.end(output);
        } else if pending.again.is_some_and(|again| now >= again) {
            pending.interval = match self.state {
                State::Leaving => T2.min(pending.interval * 2),
                State::Idle | State::Calling | State::Up | State::Over => pending.interval * 2,
            };
            pending.again = Some(now + pending.interval);
            self.outputs.push_back(Output::Send(pending.bytes.clone()));
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let pending = self.pending.as_ref()?;
        Some(
            pending
                .again
                .map_or(pending.until, |again| again.min(pending.until)),
        )
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn ask(&mut self, now: Instant, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Send(bytes.clone()));
        self.pending = Some(Pending {
            bytes,
            interval: T1,
            again: Some(now + T1),
            until: now + GIVE_UP,
        });
    }

    fn branch(&self, kind: &str) -> String {
        format!("{}{kind}{}", self.me.tag, self.cseq)
    }

    fn on_response(&mut self, now: Instant, response: &Response) {
        let status = response.status_code.code();
        match cseq(response) {
            Some((1, Method::Invite)) if status < 200 => self.provisional(now),
            Some((1, Method::Invite)) => self.final_answer(response, status),
            Some((number, Method::Bye))
                if number == self.cseq && status >= 200 && self.state == State::Leaving =>
            {
                // 481: the bridge hung up at the same time.
                self.end(Output::Ended(status < 300 || status == 481));
            }
            Some(_) | None => {}
        }
    }

    fn provisional(&mut self, now: Instant) {
        if let (State::Calling, Some(pending)) = (self.state, &mut self.pending) {
            pending.again = None;
            pending.until = now + GIVE_UP * 2;
        }
    }

    /// A 200 that comes again is acknowledged again, and so is a refusal.
    fn final_answer(&mut self, response: &Response, status: u16) {
        let first = self.state == State::Calling;
        if first {
            self.pending = None;
            let known = peer(response, &self.peer);
            if status < 300 {
                self.peer = known;
            } else {
                self.peer.to = known.to;
            }
        }
        // The ACK of a 2xx is a transaction of its own, that of a refusal belongs to the INVITE's (RFC 3261, 17.1.1.3).
        let branch = format!("{}{}1", self.me.tag, if status < 300 { "a" } else { "i" });
        self.outputs.push_back(Output::Send(self.me.request(
            Method::Ack,
            &self.peer,
            1,
            &branch,
            "",
        )));
        if first && status < 300 {
            self.state = State::Up;
            self.outputs.push_back(Output::Answered(
                String::from_utf8_lossy(&response.body).into_owned(),
            ));
        } else if first {
            self.end(Output::Refused(status));
        }
    }

    fn on_request(&mut self, request: &Request) {
        let sdp = self.sdp.clone();
        let offers = matches!(request.method, Method::Invite | Method::Update);
        let known = matches!(
            request.method,
            Method::Bye | Method::Options | Method::Info | Method::Notify
        );
        let (status, body) = match (offers && self.state == State::Up, known) {
            _ if request.method == Method::Ack => return,
            (true, _) => (200, sdp.as_str()),
            (false, true) => (200, ""),
            (false, false) => (501, ""),
        };
        self.outputs
            .push_back(Output::Send(self.me.answer(request, status, body)));
        if request.method == Method::Bye && matches!(self.state, State::Up | State::Leaving) {
            self.end(Output::HungUp);
        }
    }

    fn end(&mut self, output: Output) {
        self.pending = None;
        self.state = State::Over;
        self.outputs.push_back(output);
    }
}

#[cfg(test)]
mod tests;
