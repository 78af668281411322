//! INVITE client transaction: RFC 3261 section 17.1.1, RFC 6026 section 7.2.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{ClientInput, ClientOutput};
use crate::timers::{Backoff, T1_64, TIMER_D};

/// INVITE client transaction.
#[derive(Debug)]
pub struct InviteClient {
    state: State,
    reliable: bool,
    outputs: VecDeque<ClientOutput>,
}

#[derive(Debug)]
enum State {
    /// Timers A (absent on reliable transports) and B.
    Calling {
        request: Bytes,
        resend: Option<Backoff>,
        give_up_at: Instant,
    },
    Proceeding,
    /// Timer D; copies of the failure are acknowledged again.
    Completed {
        ack: Option<Bytes>,
        end_at: Instant,
    },
    /// Timer M; copies of the 2xx go up, the dialog acknowledges them.
    Accepted {
        end_at: Instant,
    },
    Terminated,
}

impl InviteClient {
    /// Sends the INVITE; `reliable` says whether the transport is.
    pub fn new(now: Instant, reliable: bool, request: Bytes) -> Self {
        // Timer A doubles without a bound of its own; timer B ends it.
        let longest = Duration::from_secs(64);
        Self {
            outputs: VecDeque::from([ClientOutput::Send(request.clone())]),
            state: State::Calling {
                request,
                resend: (!reliable).then(|| Backoff::new(now, longest)),
                give_up_at: now + T1_64,
            },
            reliable,
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: ClientInput) {
        let ClientInput::Response { status, ack } = input;
        match &self.state {
            State::Calling { .. } | State::Proceeding => self.advance(now, status, ack),
            State::Completed { ack: Some(ack), .. } if status >= 300 => {
                self.outputs.push_back(ClientOutput::Send(ack.clone()));
            }
            State::Accepted { .. } if (200..300).contains(&status) => {
                self.outputs.push_back(ClientOutput::Deliver);
            }
            State::Completed { .. } | State::Accepted { .. } | State::Terminated => {}
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Calling { give_up_at, .. } if *give_up_at <= now => {
                self.outputs.push_back(ClientOutput::TimedOut);
                self.terminate();
            }
            State::Calling {
                request,
                resend: Some(resend),
                ..
            } if resend.at <= now => {
                resend.advance();
                self.outputs.push_back(ClientOutput::Send(request.clone()));
            }
            State::Completed { end_at, .. } | State::Accepted { end_at } if *end_at <= now => {
                self.terminate();
            }
            State::Calling { .. }
            | State::Proceeding
            | State::Completed { .. }
            | State::Accepted { .. }
            | State::Terminated => {}
        }
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Calling {
                resend, give_up_at, ..
            } => Some(resend.map_or(*give_up_at, |resend| resend.at.min(*give_up_at))),
            State::Completed { end_at, .. } | State::Accepted { end_at } => Some(*end_at),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// Whether the final response came, or will not come any more.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Calling { .. } | State::Proceeding => false,
            State::Completed { .. } | State::Accepted { .. } | State::Terminated => true,
        }
    }

    /// Bytes that it keeps to send them again.
    pub fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Calling { request, .. } => request.len(),
            State::Completed { ack, .. } => ack.as_ref().map_or(0, Bytes::len),
            State::Proceeding | State::Accepted { .. } | State::Terminated => 0,
        }
    }

    fn advance(&mut self, now: Instant, status: u16, ack: Option<Bytes>) {
        self.outputs.push_back(ClientOutput::Deliver);
        match status {
            ..200 => self.state = State::Proceeding,
            200..300 => {
                self.state = State::Accepted { end_at: now + T1_64 };
            }
            300.. => self.complete(now, ack),
        }
    }

    fn complete(&mut self, now: Instant, ack: Option<Bytes>) {
        self.outputs.extend(ack.clone().map(ClientOutput::Send));
        if self.reliable {
            return self.terminate();
        }
        self.state = State::Completed {
            ack,
            end_at: now + TIMER_D,
        };
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
            |now| InviteClient::new(now, reliable, Bytes::from_static(b"INVITE")),
            InviteClient::handle_input,
            InviteClient::handle_timeout,
            InviteClient::poll_output,
            InviteClient::poll_timeout,
            script,
        )
    }

    #[test]
    fn an_unanswered_invite_is_resent_by_timer_a_until_timer_b() {
        let line = run(false, &[]);
        assert_eq!(line.sends(), [0, 500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(
            line.others(),
            [
                (32_000, ClientOutput::TimedOut),
                (32_000, ClientOutput::Terminated)
            ]
        );
    }

    #[test]
    fn on_a_reliable_transport_timer_a_never_runs_and_timer_d_is_zero() {
        let line = run(true, &[]);
        assert_eq!(line.sends(), [0]);
        assert_eq!(line.end(), 32_000);
        let line = run(true, &[(100, answer(486))]);
        assert_eq!(line.sends(), [0, 100]);
        assert_eq!(line.end(), 100);
    }

    #[test]
    fn a_provisional_response_stops_timers_a_and_b() {
        let line = run(false, &[(600, answer(180)), (60_000, answer(200))]);
        assert_eq!(line.sends(), [0, 500]);
        assert_eq!(
            line.others(),
            [
                (600, ClientOutput::Deliver),
                (60_000, ClientOutput::Deliver),
                (92_000, ClientOutput::Terminated)
            ]
        );
    }

    #[test]
    fn each_copy_of_a_failure_is_acknowledged_until_timer_d() {
        let line = run(
            false,
            &[(100, answer(486)), (600, answer(486)), (700, answer(200))],
        );
        assert_eq!(line.sends(), [0, 100, 600]);
        assert_eq!(
            line.others(),
            [(100, ClientOutput::Deliver), (32_100, ClientOutput::Terminated)]
        );
    }

    #[test]
    fn each_copy_of_a_2xx_goes_up_until_timer_m() {
        let line = run(
            false,
            &[(100, answer(200)), (600, answer(200)), (700, answer(486))],
        );
        assert_eq!(line.sends(), [0]);
        assert_eq!(
            line.others(),
            [
                (100, ClientOutput::Deliver),
                (600, ClientOutput::Deliver),
                (32_100, ClientOutput::Terminated)
            ]
        );
    }
}
