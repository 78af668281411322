//! Which delivery goes out when: a machine with time as an argument. What is pending stands in the store.

use std::collections::{BTreeSet, HashMap};

use model::{Delivery, DeliveryState};

/// First wait after a failure, ms.
const WAIT_MIN_MS: i64 = 5_000;
/// Longest wait, ms.
const WAIT_MAX_MS: i64 = 2 * 3600 * 1000;
/// For so long is it tried again, ms.
const LIFE_MS: i64 = 24 * 3600 * 1000;
/// Waits are spread by this much either way, thousandths, so that not all come back at once.
const JITTER: u64 = 200;
/// The receiver is gone for good (RFC 9110, section 15.5.11).
const GONE: u16 = 410;

/// Bounds of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Deliveries under way at once.
    pub(crate) at_once: usize,
    /// The same of one webhook.
    pub(crate) per_webhook: usize,
}

/// What came of posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was an answer.
    Answered {
        /// Its status.
        status: u16,
        /// Its Retry-After, seconds.
        retry_after_s: Option<u32>,
    },
    /// There was none.
    Failed(&'static str),
}

/// What follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The delivery as it is to be written.
    pub(crate) delivery: Delivery,
    /// Whether the webhook is to be disabled.
    pub(crate) disable: bool,
}

/// What is under way.
#[derive(Debug)]
pub(crate) struct Schedule {
    bounds: Bounds,
    chains: BTreeSet<(String, i64)>,
    per_webhook: HashMap<String, usize>,
}

impl Schedule {
    /// Nothing under way.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            chains: BTreeSet::new(),
            per_webhook: HashMap::new(),
        }
    }

    /// Whether `delivery` goes out now. The store offers the first pending one of each chain; one whose chain is under way must wait for
    /// what came of that.
    pub(crate) fn begin(&mut self, delivery: &Delivery) -> bool {
        let own = self.per_webhook.get(&delivery.webhook).copied().unwrap_or(0);
        let chain = (delivery.webhook.clone(), delivery.chain);
        if self.chains.len() >= self.bounds.at_once
            || own >= self.bounds.per_webhook
            || !self.chains.insert(chain)
        {
            return false;
        }
        self.per_webhook.insert(delivery.webhook.clone(), own + 1);
        true
    }

    /// A delivery is back; `dice` is any number. The chain is free when the verdict is on disk: see [`Schedule::end`].
    pub(crate) fn judge(now_ms: i64, mut delivery: Delivery, outcome: Outcome, dice: u64) -> Verdict {
        delivery.attempts = delivery.attempts.saturating_add(1);
        let (status, retry_after_s) = match outcome {
            Outcome::Answered {
                status,
                retry_after_s,
            } => (Some(status), retry_after_s),
            Outcome::Failed(_) => (None, None),
        };
        delivery.status = status;
        delivery.fault = match outcome {
            Outcome::Answered { .. } => None,
            Outcome::Failed(fault) => Some(fault.to_owned()),
        };
        let asked_ms = i64::from(retry_after_s.unwrap_or(0)) * 1000;
        let due_ms = now_ms.saturating_add(wait_ms(delivery.attempts, dice).max(asked_ms));
        let too_late = due_ms > delivery.created_ms.saturating_add(LIFE_MS);
        delivery.state = match status {
            Some(200..=299) => DeliveryState::Delivered,
            Some(GONE) => DeliveryState::Dead,
            Some(_) | None if too_late => DeliveryState::Dead,
            Some(_) | None => DeliveryState::Pending,
        };
        if delivery.state == DeliveryState::Pending {
            delivery.due_ms = due_ms;
        }
        Verdict {
            disable: status == Some(GONE),
            delivery,
        }
    }

    /// What came of a delivery is on disk.
    pub(crate) fn end(&mut self, webhook: &str, chain: i64) {
        if !self.chains.remove(&(webhook.to_owned(), chain)) {
            return;
        }
        match self.per_webhook.get_mut(webhook) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => drop(self.per_webhook.remove(webhook)),
        }
    }
}

/// The wait after so many attempts: twice as long each time, and spread.
fn wait_ms(attempts: u32, dice: u64) -> i64 {
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (WAIT_MIN_MS << doublings).min(WAIT_MAX_MS);
    let thousandths = 1000 - JITTER + dice % (2 * JITTER + 1);
    wait * thousandths as i64 / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(webhook: &str, chain: i64, happening: u64) -> Delivery {
        Delivery {
            webhook: webhook.to_owned(),
            happening,
            chain,
            state: DeliveryState::Pending,
            attempts: 0,
            created_ms: 0,
            due_ms: 0,
            status: None,
            fault: None,
        }
    }

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            retry_after_s: None,
        }
    }

    #[test]
    fn waits_double_from_five_seconds_to_two_hours_and_are_spread_by_a_fifth() {
        for (attempts, seconds) in [
            (1, 5),
            (2, 10),
            (3, 20),
            (4, 40),
            (10, 2560),
            (11, 5120),
            (12, 7200),
            (99, 7200),
        ] {
            assert_eq!(wait_ms(attempts, JITTER), seconds * 1000, "{attempts}");
            assert_eq!(wait_ms(attempts, 0), seconds * 800, "{attempts}");
            assert_eq!(wait_ms(attempts, 2 * JITTER), seconds * 1200, "{attempts}");
            assert!(
                (0..2_000).all(|dice| (seconds * 800..=seconds * 1200).contains(&wait_ms(attempts, dice)))
            );
        }
    }

    #[test]
    fn it_is_tried_for_a_day_and_then_given_up() {
        let (mut now_ms, mut tried) = (0, delivery("w", 1, 7));
        while tried.state == DeliveryState::Pending {
            now_ms = now_ms.max(tried.due_ms);
            tried = Schedule::judge(now_ms, tried, Outcome::Failed("no answer"), JITTER).delivery;
        }
        assert_eq!(
            (tried.state, tried.fault.as_deref()),
            (DeliveryState::Dead, Some("no answer"))
        );
        assert!((20 * 3_600_000..=24 * 3_600_000).contains(&now_ms), "{now_ms}");
        assert_eq!(tried.attempts, 22);
    }

    #[test]
    fn what_an_answer_means() {
        for (status, state, disable) in [
            (200, DeliveryState::Delivered, false),
            (204, DeliveryState::Delivered, false),
            (301, DeliveryState::Pending, false),
            (400, DeliveryState::Pending, false),
            (404, DeliveryState::Pending, false),
            (410, DeliveryState::Dead, true),
            (429, DeliveryState::Pending, false),
            (500, DeliveryState::Pending, false),
        ] {
            let verdict = Schedule::judge(1_000, delivery("w", 1, 7), answered(status), JITTER);
            assert_eq!(
                (verdict.delivery.state, verdict.disable),
                (state, disable),
                "{status}"
            );
            assert_eq!(
                (verdict.delivery.status, verdict.delivery.attempts),
                (Some(status), 1)
            );
            let due = if state == DeliveryState::Pending { 6_000 } else { 0 };
            assert_eq!(verdict.delivery.due_ms, due, "{status}");
        }
    }

    #[test]
    fn retry_after_is_waited_for_unless_the_day_is_over_before() {
        for (seconds, state, due) in [
            (1, DeliveryState::Pending, 5_000),
            (600, DeliveryState::Pending, 600_000),
            (86_400, DeliveryState::Pending, 86_400_000),
            (86_401, DeliveryState::Dead, 0),
        ] {
            let outcome = Outcome::Answered {
                status: 503,
                retry_after_s: Some(seconds),
            };
            let delivery = Schedule::judge(0, delivery("w", 1, 7), outcome, JITTER).delivery;
            assert_eq!((delivery.state, delivery.due_ms), (state, due), "{seconds}");
        }
    }

    #[test]
    fn a_chain_goes_out_one_by_one_and_others_beside_it_within_bounds() {
        let mut schedule = Schedule::new(Bounds {
            at_once: 3,
            per_webhook: 2,
        });
        assert!(schedule.begin(&delivery("w", 1, 10)));
        assert!(
            !schedule.begin(&delivery("w", 1, 11)),
            "the one before is under way"
        );
        assert!(schedule.begin(&delivery("w", 2, 12)));
        assert!(!schedule.begin(&delivery("w", 3, 13)), "two of one webhook");
        assert!(schedule.begin(&delivery("x", 1, 10)));
        assert!(!schedule.begin(&delivery("y", 1, 10)), "three in all");
        schedule.end("w", 1);
        schedule.end("w", 1);
        assert_eq!(schedule.chains.len(), 2);
        assert!(schedule.begin(&delivery("w", 3, 13)));
        for (webhook, chain) in [("w", 2), ("w", 3), ("x", 1)] {
            schedule.end(webhook, chain);
        }
        assert!(schedule.chains.is_empty() && schedule.per_webhook.is_empty());
    }
}
