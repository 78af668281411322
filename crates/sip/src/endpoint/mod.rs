//! The user agent core: answers strangers, makes calls of INVITEs, and keeps them going.
//!
//! `handle_input` and `handle_timeout` change everything once; then `poll_output` is drained to `None` and
//! `poll_timeout` says when to come back.
//!
//! | file | what it does |
//! |---|---|
//! | `api` | commands, events, configuration |
//! | `incoming` | requests: copies, refusals, new calls, CANCEL, ACK |
//! | `within` | requests inside a call: BYE, INFO, OPTIONS, re-INVITE, UPDATE |
//! | `answers` | our responses |
//! | `commands` | what our user wants |
//! | `dial` | calls we make |
//! | `outgoing` | our requests inside a call and the responses to them |
//! | `watchers` | subscriptions to the conference, and their NOTIFYs |
//! | `timeouts` | deadlines of a call |
//! | `calls`, `transactions` | the tables |
//! | `tally` | how many bytes they keep |

mod answers;
pub(crate) mod api;
mod calls;
mod commands;
mod dial;
mod incoming;
mod outgoing;
mod tally;
mod timeouts;
pub(crate) mod transactions;
pub(crate) mod watchers;
mod within;

use std::time::Instant;

use self::api::{CallId, Command, Door, EndCause, EndpointConfig, Event, Input, Output, SubscriptionId};
use self::calls::Calls;
pub use self::dial::DialError;
use self::transactions::{Class, Outbox, Purpose, Transactions};
use self::watchers::Watchers;
use crate::counters::Counters;
use crate::dialog::call::{Call, Stage};
use crate::dialog::focus::Focus;
use crate::dialog::session::Policy;
use crate::flow::Flow;
use crate::message::{Reading, Refusal, read};
use crate::random::Random;

/// The user agent core: transactions, dialogs and what may happen in them. No sockets, no clock.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    random: Random,
    transactions: Transactions,
    calls: Calls,
    watchers: Watchers,
    turned_away: incoming::TurnedAway,
    out: Outbox,
}

impl Endpoint {
    /// Makes an endpoint; `seed` is all the chance it will ever have, so it must be secret.
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        Self {
            config,
            random: Random::new(seed),
            transactions: Transactions::new(),
            calls: Calls::new(),
            watchers: Watchers::new(),
            turned_away: incoming::TurnedAway::default(),
            out: Outbox::default(),
        }
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message { flow, bytes, door } => self.message(now, flow, bytes, door),
            Input::FlowLost { connection } => self.lose(now, connection),
            Input::Command(command) => self.command(now, command),
            Input::Subscription { subscription, order } => self.order_watch(now, subscription, order),
        }
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(reports) = self.transactions.timeout(now, &mut self.out) {
            for report in reports {
                self.unanswered(now, report);
            }
        }
        while let Some(id) = self.calls.pop_due(now) {
            self.with_call(id, |endpoint, call| endpoint.call_timeout(now, call));
        }
        while let Some(id) = self.watchers.pop_due(now) {
            self.watch_timeout(now, id);
        }
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.out.queue.pop_front();
        if output.is_none() {
            self.out.queue.shrink_to(64);
        }
        output
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.transactions.next_deadline(),
            self.calls.next_deadline(),
            self.watchers.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// What was taken in, refused and dropped so far.
    pub fn counters(&self) -> &Counters {
        &self.out.counters
    }

    /// Calls and transactions held now.
    pub fn load(&self) -> (usize, usize) {
        (self.calls.len(), self.transactions.len())
    }

    /// What transactions keep now, and what calls and subscriptions do, bytes.
    pub fn kept_bytes(&self) -> (usize, usize) {
        (
            self.transactions.bytes(),
            self.calls.bytes() + self.watchers.bytes(),
        )
    }

    /// Whether a call or a subscription hangs on this connection: losing it would end either.
    pub fn carries_call(&self, connection: u64) -> bool {
        self.calls.any_on_connection(connection) || self.watchers.any_on_connection(connection)
    }

    fn message(&mut self, now: Instant, flow: Flow, bytes: &[u8], door: Door) {
        match read(bytes, flow, &self.config.limits) {
            Reading::Request(request) => {
                self.out.counters.requests += 1;
                self.request(now, &request, door);
            }
            Reading::Response(response) => {
                self.out.counters.responses += 1;
                self.response(now, &response);
            }
            Reading::Faulty(echo, refusal) => {
                self.out.counters.malformed += 1;
                self.refuse_stateless(&echo, &refusal);
            }
            Reading::Noise => self.out.counters.noise += 1,
        }
    }

    fn lose(&mut self, now: Instant, connection: u64) {
        let unanswered = self.transactions.lose_connection(connection);
        for id in self.calls.on_connection(connection) {
            self.with_call(id, |endpoint, call| {
                endpoint.end(call, EndCause::TransportLost, Stage::Gone);
            });
        }
        let without_way = self.watchers.lose_way(connection);
        self.forget_watchers(self.watchers.on_connection(connection));
        // A call may have moved to another connection while a request of ours was under way on this one.
        for report in unanswered {
            let watcher = SubscriptionId(report.call.0);
            match report.purpose == Purpose::Notify && without_way.contains(&watcher) {
                true => self.lost_notify(now, watcher),
                false => self.unanswered(now, report),
            }
        }
    }

    /// Works on a call, then files it again or forgets it.
    fn with_call<R>(&mut self, id: CallId, work: impl FnOnce(&mut Self, &mut Call) -> R) -> Option<R> {
        let mut call = self.calls.take(id)?;
        let result = work(self, &mut call);
        if matches!(call.stage, Stage::Gone) {
            self.transactions.abandon_invite(id);
            self.forget_watchers(self.watchers_of(id));
        }
        self.calls.put(call);
        Some(result)
    }

    /// Moves a call to one of its last stages; our user is told once.
    fn end(&mut self, call: &mut Call, cause: EndCause, stage: Stage) {
        let told = call.is_over();
        call.stage = stage;
        if !told {
            self.tell(Event::Ended { call: call.id, cause });
        }
    }

    fn tell(&mut self, event: Event) {
        self.out.queue.push_back(Output::Event(event));
    }

    /// Our address for Via and Contact on this flow.
    fn advertised(&self, flow: Flow) -> String {
        let named = self.config.advertised.get(&flow.transport);
        named.cloned().unwrap_or_else(|| flow.local.to_string())
    }

    /// Our Contact on this flow: we are the focus of a conference (RFC 4579 section 4.2). Outside of calls it has no user part.
    fn contact(&self, flow: Flow, focus: Option<Focus>) -> String {
        format!("<{}>;isfocus", self.focus_uri(flow, focus))
    }

    /// The URI in it, by which the phone of a call knows the conference.
    fn focus_uri(&self, flow: Flow, focus: Option<Focus>) -> String {
        let user = focus.map(|focus| format!("{focus}@")).unwrap_or_default();
        let parameter = match flow.transport {
            crate::flow::Transport::Udp => "",
            crate::flow::Transport::Tcp => ";transport=tcp",
        };
        format!("sip:{user}{}{parameter}", self.advertised(flow))
    }

    fn session_policy(&self) -> Policy {
        let seconds = |duration: std::time::Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        Policy {
            min: seconds(self.config.session_min).max(90),
            default: self
                .config
                .session_default
                .map(seconds)
                .map(|default| default.max(90)),
        }
    }

    /// What there is no room for now may be asked for again later.
    fn busy(&self) -> Refusal {
        Refusal::new(503).with("Retry-After", self.config.limits.retry_after.to_string())
    }

    /// Why a stranger is not let in, where the door is shut.
    fn look_at(&mut self, door: Door) -> Result<(), Refusal> {
        let Door::Shut(status) = door else {
            return Ok(());
        };
        self.out.counters.shut_out += 1;
        Err(match status {
            503 => self.busy(),
            _ => Refusal::new(status),
        })
    }

    /// Whether dialogs keep less than so many bytes; counts the refusal otherwise.
    fn dialogs_fit(&mut self, most: usize) -> bool {
        let fits = self.calls.bytes() + self.watchers.bytes() < most;
        self.out.counters.shed_bytes += u64::from(!fits);
        fits
    }

    /// Whether one more request inside a dialog can be held. What ends a call makes no dialog longer.
    fn admits_in_dialog(&mut self, class: Class) -> bool {
        let limits = self.config.limits;
        let dialogs = match class {
            Class::InCall(_) => self.dialogs_fit(limits.dialog_bytes_in_dialog()),
            Class::NewCall(_) | Class::Ending => true,
        };
        dialogs && self.transactions.admits(class, &limits, &mut self.out.counters)
    }

    fn late(&mut self) {
        self.out.counters.late_commands += 1;
    }

    fn command(&mut self, now: Instant, command: Command) {
        let id = command.call();
        if self
            .with_call(id, |endpoint, call| endpoint.obey(now, call, command))
            .is_none()
        {
            self.late();
        }
    }
}
