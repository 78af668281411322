//! Non-INVITE client transaction: RFC 3261 section 17.1.2.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{ClientInput, ClientOutput};
use crate::timers::{Backoff, T1_64, T2, T4};

/// Non-INVITE client transaction.
#[derive(Debug)]
pub struct Client {
    state: State,
    reliable: bool,
    outputs: VecDeque<ClientOutput>,
}

#[derive(Debug)]
enum State {
    /// Trying and Proceeding: timers E (absent on reliable transports) and F.
    Waiting {
        request: Bytes,
        resend: Option<Backoff>,
        give_up_at: Instant,
    },
    /// Timer K.
    Completed {
        end_at: Instant,
    },
    Terminated,
}

impl Client {
    /// Sends the request; `reliable` says whether the transport is.
    pub fn new(now: Instant, reliable: bool, request: Bytes) -> Self {
        Self {
            outputs: VecDeque::from([ClientOutput::Send(request.clone())]),
            state: State::Waiting {
                request,
                resend: (!reliable).then(|| Backoff::new(now, T2)),
                give_up_at: now + T1_64,
            },
            reliable,
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: ClientInput) {
        let ClientInput::Response { status, .. } = input;
        match &mut self.state {
            State::Waiting { resend, .. } if status < 200 => {
                // Proceeding resends every T2 (section 17.1.2.2).
                *resend = resend.map(|_| Backoff::steady(now, T2));
                self.outputs.push_back(ClientOutput::Deliver);
            }
            State::Waiting { .. } => self.complete(now),
            State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Waiting { give_up_at, .. } if *give_up_at <= now => {
                self.outputs.push_back(ClientOutput::TimedOut);
                self.terminate();
            }
            State::Waiting {
                request,
                resend: Some(resend),
                ..
            } if resend.at <= now => {
                resend.advance();
                self.outputs.push_back(ClientOutput::Send(request.clone()));
            }
            State::Completed { end_at } if *end_at <= now => self.terminate(),
            State::Waiting { .. } | State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Whether the final response came, or will not come any more.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Waiting { .. } => false,
            State::Completed { .. } | State::Terminated => true,
        }
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Waiting {
                resend, give_up_at, ..
            } => Some(resend.map_or(*give_up_at, |resend| resend.at.min(*give_up_at))),
            State::Completed { end_at } => Some(*end_at),
            State::Terminated => None,
        }
    }

    /// Bytes that it keeps to send them again.
    pub fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Waiting { request, .. } => request.len(),
            State::Completed { .. } | State::Terminated => 0,
        }
    }

    fn complete(&mut self, now: Instant) {
        self.outputs.push_back(ClientOutput::Deliver);
        if self.reliable {
            return self.terminate();
        }
        self.state = State::Completed { end_at: now + T4 };
    }

    fn terminate(&mut self) {
        self.state = State::Terminated;
        self.outputs.push_back(ClientOutput::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::super::timeline::{self, answer};
    use super::*;

    fn run(reliable: bool, script: &[(u64, ClientInput)]) -> timeline::Line<ClientOutput> {
        timeline::client(
            |now| Client::new(now, reliable, Bytes::from_static(b"BYE")),
            Client::handle_input,
            Client::handle_timeout,
            Client::poll_output,
            Client::poll_timeout,
            script,
        )
    }

    #[test]
    fn an_unanswered_request_is_resent_by_timer_e_until_timer_f() {
        let line = run(false, &[]);
        assert_eq!(
            line.sends(),
            [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        );
        assert_eq!(
            line.others(),
            [
                (32_000, ClientOutput::TimedOut),
                (32_000, ClientOutput::Terminated)
            ]
        );
    }

    #[test]
    fn a_provisional_response_slows_timer_e_to_t2_and_timer_f_still_runs() {
        let line = run(false, &[(100, answer(100))]);
        assert_eq!(
            line.sends(),
            [0, 4_100, 8_100, 12_100, 16_100, 20_100, 24_100, 28_100]
        );
        assert_eq!(line.end(), 32_000);
    }

    #[test]
    fn a_final_response_is_delivered_once_and_copies_are_swallowed_for_timer_k() {
        let line = run(false, &[(100, answer(200)), (600, answer(200))]);
        assert_eq!(line.sends(), [0]);
        assert_eq!(
            line.others(),
            [(100, ClientOutput::Deliver), (5_100, ClientOutput::Terminated)]
        );
    }

    #[test]
    fn on_a_reliable_transport_timer_e_never_runs_and_timer_k_is_zero() {
        let line = run(true, &[]);
        assert_eq!(line.sends(), [0]);
        let line = run(true, &[(100, answer(200))]);
        assert_eq!(line.end(), 100);
    }
}
