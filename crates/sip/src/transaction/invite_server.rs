//! INVITE server transaction: RFC 3261 section 17.2.1, RFC 6026 section 7.1.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{ServerInput, ServerOutput};
use crate::timers::{Backoff, T1_64, T2, T4};

/// INVITE server transaction.
#[derive(Debug)]
pub struct InviteServer {
    state: State,
    reliable: bool,
    outputs: VecDeque<ServerOutput>,
}

#[derive(Debug)]
enum State {
    Proceeding {
        last: Option<Bytes>,
    },
    /// Timers G (absent on reliable transports) and H.
    Completed {
        response: Bytes,
        resend: Option<Backoff>,
        give_up_at: Instant,
    },
    /// Timer I.
    Confirmed {
        end_at: Instant,
    },
    /// Timer L: the dialog resends the 2xx, this only swallows copies of the INVITE.
    Accepted {
        end_at: Instant,
    },
    Terminated,
}

impl InviteServer {
    /// Starts on the first copy of an INVITE; `reliable` says whether the transport is.
    pub fn new(reliable: bool) -> Self {
        Self {
            state: State::Proceeding { last: None },
            reliable,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: ServerInput) {
        match input {
            ServerInput::Request => self.resend(),
            ServerInput::Ack => self.acknowledge(now),
            ServerInput::Respond { status, bytes } => self.respond(now, status, bytes),
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Completed { give_up_at, .. } if *give_up_at <= now => {
                self.outputs.push_back(ServerOutput::AckMissing);
                self.terminate();
            }
            State::Completed {
                response,
                resend: Some(resend),
                ..
            } if resend.at <= now => {
                resend.advance();
                self.outputs.push_back(ServerOutput::Send(response.clone()));
            }
            State::Confirmed { end_at } | State::Accepted { end_at } if *end_at <= now => self.terminate(),
            State::Proceeding { .. }
            | State::Completed { .. }
            | State::Confirmed { .. }
            | State::Accepted { .. }
            | State::Terminated => {}
        }
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Completed {
                resend, give_up_at, ..
            } => Some(resend.map_or(*give_up_at, |resend| resend.at.min(*give_up_at))),
            State::Confirmed { end_at } | State::Accepted { end_at } => Some(*end_at),
            State::Proceeding { .. } | State::Terminated => None,
        }
    }

    /// Bytes that it keeps to send them again.
    pub fn kept_bytes(&self) -> usize {
        match &self.state {
            State::Proceeding { last: Some(response) } | State::Completed { response, .. } => response.len(),
            State::Proceeding { last: None }
            | State::Confirmed { .. }
            | State::Accepted { .. }
            | State::Terminated => 0,
        }
    }

    fn resend(&mut self) {
        match &self.state {
            State::Proceeding { last: Some(response) } | State::Completed { response, .. } => {
                self.outputs.push_back(ServerOutput::Send(response.clone()));
            }
            State::Proceeding { last: None }
            | State::Confirmed { .. }
            | State::Accepted { .. }
            | State::Terminated => {}
        }
    }

    fn acknowledge(&mut self, now: Instant) {
        match self.state {
            State::Completed { .. } if self.reliable => self.terminate(),
            State::Completed { .. } => self.state = State::Confirmed { end_at: now + T4 },
            State::Proceeding { .. }
            | State::Confirmed { .. }
            | State::Accepted { .. }
            | State::Terminated => {}
        }
    }

    fn respond(&mut self, now: Instant, status: u16, bytes: Bytes) {
        match self.state {
            State::Proceeding { .. } => {}
            State::Accepted { .. } if (200..300).contains(&status) => {
                return self.outputs.push_back(ServerOutput::Send(bytes));
            }
            State::Completed { .. }
            | State::Confirmed { .. }
            | State::Accepted { .. }
            | State::Terminated => return,
        }
        self.outputs.push_back(ServerOutput::Send(bytes.clone()));
        self.state = match status {
            ..200 => State::Proceeding { last: Some(bytes) },
            200..300 => State::Accepted { end_at: now + T1_64 },
            300.. => State::Completed {
                response: bytes,
                resend: (!self.reliable).then(|| Backoff::new(now, T2)),
                give_up_at: now + T1_64,
            },
        };
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
            InviteServer::new(reliable),
            InviteServer::handle_input,
            InviteServer::handle_timeout,
            InviteServer::poll_output,
            InviteServer::poll_timeout,
            script,
        )
    }

    #[test]
    fn an_unacknowledged_failure_is_resent_by_timer_g_until_timer_h() {
        let line = run(false, &[(0, respond(486))]);
        assert_eq!(
            line.sends(),
            [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        );
        assert_eq!(
            line.others(),
            [
                (32_000, ServerOutput::AckMissing),
                (32_000, ServerOutput::Terminated)
            ]
        );
    }

    #[test]
    fn on_a_reliable_transport_timer_g_never_runs_and_timer_i_is_zero() {
        let line = run(true, &[(0, respond(486))]);
        assert_eq!(line.sends(), [0]);
        assert_eq!(line.end(), 32_000);
        let line = run(true, &[(0, respond(486)), (700, ServerInput::Ack)]);
        assert_eq!(line.others(), [(700, ServerOutput::Terminated)]);
    }

    #[test]
    fn an_acknowledged_failure_swallows_copies_for_timer_i() {
        let line = run(
            false,
            &[
                (0, respond(486)),
                (700, ServerInput::Ack),
                (800, ServerInput::Ack),
                (900, ServerInput::Request),
            ],
        );
        assert_eq!(line.sends(), [0, 500]);
        assert_eq!(line.others(), [(5_700, ServerOutput::Terminated)]);
    }

    #[test]
    fn copies_of_the_invite_get_the_last_provisional_response() {
        let line = run(
            false,
            &[
                (0, ServerInput::Request),
                (10, respond(100)),
                (20, ServerInput::Request),
                (30, respond(180)),
                (40, ServerInput::Request),
                (50, respond(404)),
                (60, ServerInput::Request),
                (70, ServerInput::Ack),
            ],
        );
        assert_eq!(line.sends(), [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn an_accepted_invite_swallows_copies_until_timer_l_and_passes_the_dialogs_2xx() {
        for reliable in [false, true] {
            let line = run(
                reliable,
                &[
                    (0, respond(200)),
                    (300, ServerInput::Request),
                    (500, respond(200)),
                    (600, respond(486)),
                    (700, ServerInput::Ack),
                ],
            );
            assert_eq!(line.sends(), [0, 500]);
            assert_eq!(line.others(), [(32_000, ServerOutput::Terminated)]);
        }
    }
}
