//! One subscription as its notifier sees it (RFC 6665 section 4.2): when to send a NOTIFY, what it says of the subscription, and when it is over.
//!
//! Whatever changed meanwhile, one NOTIFY is under way at a time, and after one there is a pause; then the state as it is by then is asked
//! for. So the latest state wins, and a peer is never told more often than it can take.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Shortest time between two NOTIFY requests.
pub const PAUSE: Duration = Duration::from_secs(1);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionInput {
    /// The subscriber asked, first or again, for so many seconds; 0 ends it.
    Subscribed {
        /// Seconds granted.
        expires: u32,
    },
    /// What is watched has changed.
    Changed,
    /// The state that was asked for.
    State {
        /// Whether the subscriber may see it yet; until then the subscription is pending.
        active: bool,
        /// The document; none where there is nothing to see yet.
        body: Option<Bytes>,
        /// Whether there is more to tell than it holds: the rest is told next.
        more: bool,
    },
    /// The NOTIFY was answered with this status.
    Answered(u16),
    /// Nobody answered the NOTIFY.
    Unanswered,
    /// The NOTIFY under way was lost with its connection, and there is another way: all is told anew.
    Lost,
    /// There is nothing to watch any more.
    Ended(Reason),
}

/// Why a subscription is over (RFC 6665 section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What was watched is gone, or is not the subscriber's to see any more.
    NoResource,
    /// It was not refreshed, or the subscriber ended it.
    Timeout,
    /// It is not allowed any more.
    Rejected,
    /// What was watched is another thing now; the subscriber should ask anew at once.
    Deactivated,
    /// There are too many; the subscriber may ask anew later.
    Probation,
}

impl Reason {
    /// Its words in Subscription-State.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoResource => "noresource",
            Self::Timeout => "timeout",
            Self::Rejected => "rejected",
            Self::Deactivated => "deactivated",
            Self::Probation => "probation;retry-after=60",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionOutput {
    /// Ask for the state as it is now; answered by [`SubscriptionInput::State`].
    WantState {
        /// All of it, rather than what has changed since the last time.
        full: bool,
    },
    /// Send a NOTIFY.
    Notify {
        /// The value of Subscription-State.
        state: String,
        /// The document.
        body: Option<Bytes>,
    },
    /// It is over.
    Over,
}

/// The machine.
#[derive(Debug)]
pub struct Subscription {
    expires_at: Instant,
    /// What has to be told and is not: all of it, or what has changed.
    due: Option<Due>,
    /// Whether the state was asked for.
    asked: bool,
    /// Whether a NOTIFY is under way.
    in_flight: bool,
    quiet_until: Instant,
    /// Why it ends with the next NOTIFY.
    ending: Option<Reason>,
    over: bool,
    outputs: VecDeque<SubscriptionOutput>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Changes,
    Full,
}

impl Subscription {
    /// One that was accepted now for so many seconds; with 0 the state is told once (section 4.4.3).
    pub fn new(now: Instant, expires: u32) -> Self {
        let mut machine = Self {
            expires_at: now,
            due: None,
            asked: false,
            in_flight: false,
            quiet_until: now,
            ending: None,
            over: false,
            outputs: VecDeque::new(),
        };
        machine.handle_input(now, SubscriptionInput::Subscribed { expires });
        machine
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: SubscriptionInput) {
        if self.over {
            return;
        }
        match input {
            SubscriptionInput::Subscribed { expires } => self.subscribed(now, expires),
            SubscriptionInput::Changed => self.due = self.due.or(Some(Due::Changes)),
            SubscriptionInput::State { active, body, more } => self.state(now, active, body, more),
            SubscriptionInput::Answered(status) if status < 300 => {
                self.in_flight = false;
            }
            SubscriptionInput::Lost => {
                self.in_flight = false;
                self.due = Some(Due::Full);
            }
            SubscriptionInput::Answered(_) | SubscriptionInput::Unanswered => self.finish(),
            SubscriptionInput::Ended(reason) => self.last(reason, None),
        }
        self.proceed(now);
    }

    /// Lets time pass up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.over && self.expires_at <= now {
            self.last(Reason::Timeout, None);
        }
        self.proceed(now);
    }

    /// Hands out the next thing to do; drain to `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<SubscriptionOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let waits = self.due.is_some() && !self.asked && !self.in_flight;
        let pause = waits.then_some(self.quiet_until);
        Some(pause.map_or(self.expires_at, |at| at.min(self.expires_at)))
    }

    fn subscribed(&mut self, now: Instant, expires: u32) {
        self.expires_at = now + Duration::from_secs(expires.into());
        self.due = Some(Due::Full);
        if expires == 0 {
            self.ending = Some(Reason::Timeout);
        }
        // A SUBSCRIBE is answered by a NOTIFY at once (section 4.2.1.2).
        self.quiet_until = now;
    }

    /// Asks for the state when it has to be told and may be.
    fn proceed(&mut self, now: Instant) {
        if self.over || self.asked || self.in_flight || self.quiet_until > now {
            return;
        }
        if let Some(due) = self.due.take() {
            self.asked = true;
            self.outputs.push_back(SubscriptionOutput::WantState {
                full: due == Due::Full,
            });
        }
    }

    fn state(&mut self, now: Instant, active: bool, body: Option<Bytes>, more: bool) {
        if !std::mem::take(&mut self.asked) {
            return;
        }
        if let Some(reason) = self.ending {
            return self.last(reason, body);
        }
        let word = if active { "active" } else { "pending" };
        let left = self.expires_at.saturating_duration_since(now).as_secs();
        self.notify(format!("{word};expires={left}"), body);
        self.in_flight = true;
        self.quiet_until = now + PAUSE;
        if more {
            self.due = self.due.or(Some(Due::Changes));
        }
    }

    /// The last NOTIFY does not wait for the one before it.
    fn last(&mut self, reason: Reason, body: Option<Bytes>) {
        self.notify(format!("terminated;reason={}", reason.text()), body);
        self.finish();
    }

    fn notify(&mut self, state: String, body: Option<Bytes>) {
        self.outputs.push_back(SubscriptionOutput::Notify { state, body });
    }

    fn finish(&mut self) {
        self.over = true;
        self.outputs.push_back(SubscriptionOutput::Over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A subscriber's notifier on a clock that moves only when told to; what came out, with its ms.
    struct Line {
        epoch: Instant,
        ms: u64,
        machine: Subscription,
        seen: Vec<(u64, String)>,
    }

    impl Line {
        fn new(expires: u32) -> Self {
            #[expect(
                clippy::disallowed_methods,
                reason = "an arbitrary epoch; only offsets from it matter"
            )]
            let epoch = Instant::now();
            let mut line = Self {
                epoch,
                ms: 0,
                machine: Subscription::new(epoch, expires),
                seen: Vec::new(),
            };
            line.drain();
            line
        }

        fn now(&self) -> Instant {
            self.epoch + Duration::from_millis(self.ms)
        }

        fn put(&mut self, input: SubscriptionInput) -> &mut Self {
            self.machine.handle_input(self.now(), input);
            self.drain();
            self
        }

        /// The state is known at once, and its NOTIFY answered.
        fn tell(&mut self) -> &mut Self {
            let body = Some(Bytes::from_static(b"x"));
            let (active, more) = (true, false);
            self.put(SubscriptionInput::State { active, body, more })
                .put(SubscriptionInput::Answered(200))
        }

        fn pass(&mut self, ms: u64) -> &mut Self {
            let end = self.ms + ms;
            while let Some(at) = self.machine.poll_timeout() {
                let at = (at - self.epoch).as_millis() as u64;
                if at > end {
                    break;
                }
                self.ms = at.max(self.ms);
                self.machine.handle_timeout(self.now());
                self.drain();
            }
            self.ms = end;
            self
        }

        fn drain(&mut self) {
            while let Some(output) = self.machine.poll_output() {
                let text = match output {
                    SubscriptionOutput::WantState { full: true } => "full".to_owned(),
                    SubscriptionOutput::WantState { full: false } => "changes".to_owned(),
                    SubscriptionOutput::Notify { state, body } => {
                        format!("{state}{}", if body.is_some() { " with state" } else { "" })
                    }
                    SubscriptionOutput::Over => "over".to_owned(),
                };
                self.seen.push((self.ms, text));
            }
        }

        fn seen(&self) -> Vec<(u64, &str)> {
            self.seen.iter().map(|(ms, text)| (*ms, text.as_str())).collect()
        }
    }

    #[test]
    fn all_is_told_at_first_and_changes_later_once_a_second_at_most() {
        let mut line = Line::new(3600);
        line.tell();
        for _ in 0..10 {
            line.put(SubscriptionInput::Changed).pass(50);
        }
        line.pass(600).tell();
        line.pass(5_000).put(SubscriptionInput::Changed).tell();
        assert_eq!(
            line.seen(),
            [
                (0, "full"),
                (0, "active;expires=3600 with state"),
                (1_000, "changes"),
                (1_100, "active;expires=3598 with state"),
                (6_100, "changes"),
                (6_100, "active;expires=3593 with state"),
            ]
        );
    }

    #[test]
    fn nothing_is_told_while_a_notify_is_under_way() {
        let mut line = Line::new(3600);
        line.put(SubscriptionInput::State {
            active: false,
            body: None,
            more: false,
        });
        line.put(SubscriptionInput::Changed).pass(10_000);
        line.put(SubscriptionInput::Answered(202)).tell();
        assert_eq!(
            line.seen(),
            [
                (0, "full"),
                (0, "pending;expires=3600"),
                (10_000, "changes"),
                (10_000, "active;expires=3590 with state"),
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_told_next_at_the_same_pace_and_nothing_follows_the_end() {
        let part = || SubscriptionInput::State {
            active: true,
            body: Some(Bytes::from_static(b"x")),
            more: true,
        };
        let mut line = Line::new(3600);
        line.put(part()).pass(200).put(SubscriptionInput::Answered(200));
        line.pass(2_000).put(part()).put(SubscriptionInput::Changed);
        line.put(SubscriptionInput::Answered(200)).pass(1_000).tell();
        line.put(SubscriptionInput::Subscribed { expires: 0 }).put(part());
        line.pass(10_000);
        assert_eq!(
            line.seen(),
            [
                (0, "full"),
                (0, "active;expires=3600 with state"),
                (1_000, "changes"),
                (2_200, "active;expires=3597 with state"),
                (3_200, "changes"),
                (3_200, "active;expires=3596 with state"),
                (3_200, "full"),
                (3_200, "terminated;reason=timeout with state"),
                (3_200, "over"),
            ]
        );
    }

    #[test]
    fn a_refresh_is_told_all_at_once_and_lasts_anew() {
        let mut line = Line::new(60);
        line.tell().pass(500);
        line.put(SubscriptionInput::Subscribed { expires: 90 }).tell();
        line.pass(90_000);
        assert_eq!(
            line.seen(),
            [
                (0, "full"),
                (0, "active;expires=60 with state"),
                (500, "full"),
                (500, "active;expires=90 with state"),
                (90_500, "terminated;reason=timeout"),
                (90_500, "over"),
            ]
        );
        assert_eq!(line.machine.poll_timeout(), None);
    }

    #[test]
    fn it_ends_by_expiry_by_the_subscriber_by_what_is_watched_and_by_a_refused_notify() {
        for (input, seen) in [
            (
                SubscriptionInput::Ended(Reason::NoResource),
                &["terminated;reason=noresource", "over"][..],
            ),
            (
                SubscriptionInput::Ended(Reason::Rejected),
                &["terminated;reason=rejected", "over"],
            ),
            (
                SubscriptionInput::Ended(Reason::Deactivated),
                &["terminated;reason=deactivated", "over"],
            ),
            (
                SubscriptionInput::Ended(Reason::Probation),
                &["terminated;reason=probation;retry-after=60", "over"],
            ),
            (SubscriptionInput::Answered(481), &["over"]),
            (SubscriptionInput::Unanswered, &["over"]),
        ] {
            let mut line = Line::new(3600);
            line.tell()
                .put(input)
                .put(SubscriptionInput::Changed)
                .pass(4_000_000);
            let last: Vec<_> = line.seen().into_iter().skip(2).map(|(_, text)| text).collect();
            assert_eq!(last, seen);
        }
        let mut line = Line::new(3600);
        line.tell()
            .put(SubscriptionInput::Subscribed { expires: 0 })
            .tell();
        assert_eq!(
            line.seen()[2..],
            [
                (0, "full"),
                (0, "terminated;reason=timeout with state"),
                (0, "over")
            ]
        );
    }

    #[test]
    fn one_who_asks_for_no_time_is_told_once() {
        let mut line = Line::new(0);
        line.tell();
        assert_eq!(
            line.seen(),
            [
                (0, "full"),
                (0, "terminated;reason=timeout with state"),
                (0, "over")
            ]
        );
    }
}
