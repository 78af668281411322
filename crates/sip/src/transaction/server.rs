//! Non-INVITE server transaction: RFC 3261 section 17.2.2.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{ServerInput, ServerOutput};
use crate::timers::T1_64;

/// Non-INVITE server transaction.
#[derive(Debug)]
pub struct Server {
    state: State,
    reliable: bool,
    outputs: VecDeque<ServerOutput>,
}

#[derive(Debug)]
enum State {
    Trying,
    Proceeding {
        last: Bytes,
    },
    /// Timer J.
    Completed {
        response: Bytes,
        end_at: Instant,
    },
    Terminated,
}

impl Server {
    /// Starts on the first copy of a request; `reliable` says whether the transport is.
    pub fn new(reliable: bool) -> Self {
        Self {
            state: State::Trying,
            reliable,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: ServerInput) {
        match input {
            ServerInput::Request => self.resend(),
            ServerInput::Ack => {}
            ServerInput::Respond { status, bytes } => self.respond(now, status, bytes),
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &self.state {
            State::Completed { end_at, .. } if *end_at <= now => self.terminate(),
            State::Trying | State::Proceeding { .. } | State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Completed { end_at, .. } => Some(*end_at),
            State::Trying | State::Proceeding { .. } | State::Terminated => None,
        }
    }

    /// Bytes that it keeps to send them again.
    pub fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Proceeding { last: response } | State::Completed { response, .. } => response.len(),
            State::Trying | State::Terminated => 0,
        }
    }

    fn resend(&mut self) {
        match &self.state {
            State::Proceeding { last: response } | State::Completed { response, .. } => {
                self.outputs.push_back(ServerOutput::Send(response.clone()));
            }
            State::Trying | State::Terminated => {}
        }
    }

    fn respond(&mut self, now: Instant, status: u16, bytes: Bytes) {
        match self.state {
            State::Trying | State::Proceeding { .. } => {}
            State::Completed { .. } | State::Terminated => return,
        }
        self.outputs.push_back(ServerOutput::Send(bytes.clone()));
        match status {
            ..200 => self.state = State::Proceeding { last: bytes },
            200.. if self.reliable => self.terminate(),
            200.. => {
                self.state = State::Completed {
                    response: bytes,
                    end_at: now + T1_64,
                };
            }
        }
    }

    fn terminate(&mut self) {
        self.state = State::Terminated;
        self.outputs.push_back(ServerOutput::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::{self, respond};
    use super::*;

    fn run(reliable: bool, script: &[(u64, ServerInput)]) -> timeline::Line<ServerOutput> {
        timeline::server(
            Server::new(reliable),
            Server::handle_input,
            Server::handle_timeout,
            Server::poll_output,
            Server::poll_timeout,
            script,
        )
    }

    #[test]
    fn copies_get_the_final_response_again_until_timer_j() {
        let line = run(
            false,
            &[
                (0, ServerInput::Request),
                (10, respond(200)),
                (500, ServerInput::Request),
                (31_000, ServerInput::Request),
            ],
        );
        assert_eq!(line.sends(), [10, 500, 31_000]);
        assert_eq!(line.others(), [(32_010, ServerOutput::Terminated)]);
    }

    #[test]
    fn on_a_reliable_transport_timer_j_is_zero() {
        let line = run(true, &[(10, respond(200))]);
        assert_eq!(line.others(), [(10, ServerOutput::Terminated)]);
    }

    #[test]
    fn only_the_first_final_response_counts() {
        let line = run(
            false,
            &[
                (0, respond(100)),
                (5, ServerInput::Request),
                (10, respond(200)),
                (20, respond(500)),
            ],
        );
        assert_eq!(line.sends(), [0, 5, 10]);
    }
}
