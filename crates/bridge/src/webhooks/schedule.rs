//! Which delivery goes out when: a machine with time as an argument. What is pending stands in the store.

use std::collections::{BTreeMap, BTreeSet};

use model::{Delivery, DeliveryState, Sid};
use store::Waiting;

use super::places::Places;

/// First wait after a failure, ms.
const WAIT_MIN_MS: i64 = 5_000;
/// Longest wait, ms.
const WAIT_MAX_MS: i64 = 2 * 3600 * 1000;
/// For so long is it tried again, ms.
const LIFE_MS: i64 = 24 * 3600 * 1000;
/// So often it is tried however old it is, where the waits between are short (`HASTE_MS`): a receiver that starts beside a bridge that was
/// off for days is not there at once, and a clock that is set forward ages everything.
const ATTEMPTS_MIN: u32 = 3;
const HASTE_MS: i64 = 60_000;
/// More than find place in a day, were each wait a fifth shorter: who gets there has a clock that was set back.
const ATTEMPTS_MAX: u32 = 30;
/// Waits are spread by this much either way, thousandths, so that not all come back at once.
const JITTER: u64 = 200;
/// The receiver is gone for good (RFC 9110, section 15.5.11).
const GONE: u16 = 410;

/// Bounds of a [`Schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Deliveries under way at once.
    pub(crate) at_once: usize,
    /// The same of one account.
    pub(crate) per_account: usize,
    /// The same of one webhook.
    pub(crate) per_webhook: usize,
}

impl Bounds {
    /// Of so many places an account has a quarter at most, of whatever webhooks: it takes four whose receivers are slow or away before
    /// anybody has to wait, and then whoever has the fewest places gets the next that is free ([`Schedule::turn`]). An account is whose the
    /// webhook is; those below it have shares of their own, as they have of streams.
    pub(crate) fn of(at_once: usize, per_webhook: usize) -> Self {
        Self {
            at_once,
            per_account: at_once.div_ceil(4),
            per_webhook,
        }
    }
}

/// Which of the bounds keeps one more delivery from going out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// All places are taken.
    All,
    /// Those of the account are.
    Account,
    /// Those of the webhook are.
    Webhook,
    /// So many tests of the account are under way, which have places of their own.
    Tests,
}

impl Bound {
    /// Its word among metrics.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Account => "account",
            Self::Webhook => "webhook",
            Self::Tests => "tests",
        }
    }
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

impl Outcome {
    /// Whether the event was taken.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(
            self,
            Self::Answered {
                status: 200..=299,
                ..
            }
        )
    }
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
    /// Chains, and whose they are.
    chains: BTreeMap<(String, i64), Sid>,
    per_account: Places<Sid>,
    per_webhook: Places<String>,
    /// Webhooks that met a bound when it was looked last.
    held_up: BTreeSet<String>,
}

impl Schedule {
    /// Nothing under way.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            chains: BTreeMap::new(),
            per_account: Places::default(),
            per_webhook: Places::default(),
            held_up: BTreeSet::new(),
        }
    }

    /// Whether more may be posted to it than is under way, which stands in the store as due until it is known what came of it.
    pub(crate) fn has_more(&self, webhook: &Waiting) -> bool {
        webhook.chains > self.per_webhook.of(&webhook.webhook)
    }

    /// Takes out of `waiting` the webhook whose turn it is, if any finds a place: one of the account that has the fewest, of its webhooks that
    /// with the fewest, and among equals the one that has waited longest.
    pub(crate) fn turn(&self, waiting: &mut Vec<Waiting>) -> Option<Waiting> {
        let open = (0..)
            .zip(waiting.iter())
            .filter(|(_, one)| self.bound(one).is_none());
        let share = |one: &Waiting| {
            let account = self.per_account.of(&one.owner);
            (account, self.per_webhook.of(&one.webhook), one.since_ms)
        };
        let (place, _) = open.min_by_key(|(_, one)| share(one))?;
        Some(waiting.swap_remove(place))
    }

    /// The bound that keeps more of a webhook from going out, if one does.
    fn bound(&self, one: &Waiting) -> Option<Bound> {
        if self.chains.len() >= self.bounds.at_once {
            Some(Bound::All)
        } else if self.per_account.of(&one.owner) >= self.bounds.per_account {
            Some(Bound::Account)
        } else if self.per_webhook.of(&one.webhook) >= self.bounds.per_webhook {
            Some(Bound::Webhook)
        } else {
            None
        }
    }

    /// Whether `delivery` of a webhook whose turn it is goes out now. The store offers the first pending one of each chain; one whose chain is
    /// under way must wait for what came of that.
    pub(crate) fn begin(&mut self, turn: &Waiting, delivery: &Delivery) -> bool {
        let chain = (delivery.webhook.clone(), delivery.chain);
        if self.bound(turn).is_some() || self.chains.contains_key(&chain) {
            return false;
        }
        self.chains.insert(chain, turn.owner.clone());
        self.per_account.take(turn.owner.clone());
        self.per_webhook.take(delivery.webhook.clone());
        true
    }

    /// Notes which webhooks of all that were waiting are held up by a bound. Returned are the bounds of those that were not before, so that each
    /// wait is counted once, however often it is looked.
    pub(crate) fn hold_up(&mut self, waiting: &[Waiting]) -> Vec<Bound> {
        let more = waiting.iter().filter(|one| self.has_more(one));
        let held_up: Vec<_> = more.filter_map(|one| Some((one, self.bound(one)?))).collect();
        let new = held_up
            .iter()
            .filter(|(one, _)| !self.held_up.contains(&one.webhook));
        let met = new.map(|(_, bound)| *bound).collect();
        self.held_up = held_up.iter().map(|(one, _)| one.webhook.clone()).collect();
        met
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
        let wait_ms = wait_ms(delivery.attempts, dice).max(asked_ms);
        let due_ms = now_ms.saturating_add(wait_ms);
        let too_late = is_too_late(&delivery, due_ms, wait_ms);
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
    pub(crate) fn end(&mut self, delivery: &Delivery) {
        let chain = (delivery.webhook.clone(), delivery.chain);
        if let Some(owner) = self.chains.remove(&chain) {
            self.per_account.free(&owner);
            self.per_webhook.free(&delivery.webhook);
        }
    }
}

/// Whether a delivery is given up rather than tried again at `due_ms`, after a wait of `wait_ms`.
fn is_too_late(delivery: &Delivery, due_ms: i64, wait_ms: i64) -> bool {
    let is_young = delivery.attempts < ATTEMPTS_MIN && wait_ms <= HASTE_MS;
    let is_old = due_ms > delivery.created_ms.saturating_add(LIFE_MS);
    is_old && !is_young || delivery.attempts >= ATTEMPTS_MAX
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
    use proptest::collection::vec;
    use proptest::prelude::*;

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

    /// What becomes of a delivery that nobody takes: it is tried when it is due, by a clock that goes wrong by so much after each attempt.
    fn tried(created_ms: i64, mut now_ms: i64, wrong_ms: i64, dice: u64) -> Delivery {
        let mut tried = Delivery {
            created_ms,
            due_ms: created_ms,
            ..delivery("w", 1, 7)
        };
        while tried.state == DeliveryState::Pending {
            tried = Schedule::judge(now_ms, tried, Outcome::Failed("no answer"), dice).delivery;
            now_ms = tried.due_ms + wrong_ms;
        }
        tried
    }

    #[test]
    fn what_is_older_than_a_day_is_tried_three_times_and_not_after_a_long_wait() {
        let day_ms = 86_400_000;
        for (now_ms, attempts) in [(day_ms - 4_000, 3), (2 * day_ms, 3), (400 * day_ms, 3)] {
            assert_eq!(tried(0, now_ms, 0, JITTER).attempts, attempts, "{now_ms}");
        }
        for (seconds, state) in [(60, DeliveryState::Pending), (61, DeliveryState::Dead)] {
            let outcome = Outcome::Answered {
                status: 503,
                retry_after_s: Some(seconds),
            };
            let verdict = Schedule::judge(2 * day_ms, delivery("w", 1, 7), outcome, JITTER);
            assert_eq!(verdict.delivery.state, state, "{seconds}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_again_and_again_has_nothing_tried_for_ever() {
        assert_eq!(tried(400 * LIFE_MS, 0, 0, JITTER).attempts, ATTEMPTS_MAX);
        assert_eq!(tried(0, 0, -2 * WAIT_MAX_MS, JITTER).attempts, ATTEMPTS_MAX);
        // Without it all find place in their day.
        for dice in 0..=2 * JITTER {
            assert!(tried(0, 0, 0, dice).attempts < ATTEMPTS_MAX, "{dice}");
        }
    }

    const BOUNDS: Bounds = Bounds {
        at_once: 3,
        per_account: 3,
        per_webhook: 2,
    };

    /// A webhook with so many chains to be posted since then.
    fn waiting(owner: &str, webhook: &str, since_ms: i64, chains: usize) -> Waiting {
        Waiting {
            webhook: webhook.to_owned(),
            owner: Sid::new(owner),
            since_ms,
            chains,
        }
    }

    impl Schedule {
        fn is_begun(&mut self, webhook: &str, chain: i64, happening: u64) -> bool {
            self.begin(&waiting("a", webhook, 0, 9), &delivery(webhook, chain, happening))
        }

        /// Has everybody take turns until nobody finds a place; the webhooks in the order of their turns, and the bounds met anew.
        fn run(&mut self, all: &[Waiting]) -> (Vec<String>, Vec<Bound>) {
            let (mut left, mut turns) = (all.to_vec(), Vec::new());
            left.retain(|one| self.has_more(one));
            while let Some(turn) = self.turn(&mut left) {
                for chain in 0..turn.chains as i64 {
                    self.begin(&turn, &delivery(&turn.webhook, chain, 1));
                }
                turns.push(turn.webhook);
            }
            (turns, self.hold_up(all))
        }

        /// How many chains of this webhook are under way.
        fn under_way(&self, webhook: &str) -> usize {
            self.per_webhook.of(webhook)
        }
    }

    #[test]
    fn a_chain_goes_out_one_by_one_and_others_beside_it_within_bounds() {
        let mut schedule = Schedule::new(BOUNDS);
        assert!(schedule.is_begun("w", 1, 10));
        assert!(!schedule.is_begun("w", 1, 11), "the one before is under way");
        assert!(schedule.is_begun("w", 2, 12));
        assert!(!schedule.is_begun("w", 3, 13), "two of one webhook");
        assert!(schedule.is_begun("x", 1, 10));
        assert!(!schedule.is_begun("y", 1, 10), "three in all");
        schedule.end(&delivery("w", 1, 10));
        schedule.end(&delivery("w", 1, 10));
        assert_eq!(schedule.chains.len(), 2);
        assert!(schedule.is_begun("w", 3, 13));
        for (webhook, chain) in [("w", 2), ("w", 3), ("x", 1)] {
            schedule.end(&delivery(webhook, chain, 1));
        }
        let all_free = schedule.per_account.are_free() && schedule.per_webhook.are_free();
        assert!(schedule.chains.is_empty() && all_free);
    }

    #[test]
    fn an_account_has_a_quarter_of_the_places_and_one_at_least() {
        for (at_once, per_account) in [(1, 1), (4, 1), (8, 2), (64, 16), (256, 64)] {
            assert_eq!(Bounds::of(at_once, 8).per_account, per_account, "{at_once}");
        }
    }

    #[test]
    fn an_account_whose_receivers_never_answer_leaves_places_to_all_others() {
        let mut schedule = Schedule::new(Bounds::of(64, 8));
        let dead: Vec<_> = (0..100)
            .map(|n| waiting("dead", &format!("dead {n}"), 0, 9))
            .collect();
        let (turns, met) = schedule.run(&dead);
        assert_eq!((turns.len(), schedule.chains.len()), (2, 16));
        assert_eq!(met, [Bound::Account; 100]);
        let well = [waiting("well", "well", 5, 9)];
        let (turns, met) = schedule.run(&[&dead[..], &well].concat());
        assert_eq!((turns, met), (vec!["well".to_owned()], vec![Bound::Webhook]));
        assert_eq!((schedule.under_way("well"), schedule.chains.len()), (8, 24));
    }

    #[test]
    fn where_all_places_are_taken_whoever_has_the_fewest_gets_the_next_one() {
        let mut schedule = Schedule::new(Bounds::of(64, 8));
        let mut all: Vec<_> = (0..40)
            .map(|n| waiting(&format!("owner {}", n / 8), &format!("{n:02}"), 0, 9))
            .collect();
        schedule.run(&all);
        assert_eq!(schedule.chains.len(), 64);
        all.push(waiting("late", "late", 9, 9));
        assert_eq!(schedule.run(&all), (vec![], vec![Bound::All]));
        for chain in 0..3 {
            schedule.end(&delivery("00", chain, 1));
        }
        assert_eq!(schedule.run(&all).0, ["late"]);
        assert_eq!(schedule.under_way("late"), 3);
    }

    #[test]
    fn among_equals_it_is_the_turn_of_who_has_waited_longest_and_of_nobody_whose_all_is_under_way() {
        let mut schedule = Schedule::new(Bounds::of(64, 8));
        let all = [
            waiting("a", "a1", 3, 1),
            waiting("a", "a2", 1, 1),
            waiting("b", "b1", 2, 1),
        ];
        let (turns, met) = schedule.run(&all);
        // After its first turn `a` has a place more than `b`.
        assert_eq!(
            (turns, met),
            (vec!["a2".into(), "b1".into(), "a1".into()], vec![])
        );
        assert_eq!(schedule.run(&all), (vec![], vec![]));
    }

    #[test]
    fn a_webhook_that_is_held_up_is_counted_once_until_it_is_so_no_more() {
        let mut schedule = Schedule::new(BOUNDS);
        let (many, few) = ([waiting("a", "w", 0, 3)], [waiting("a", "w", 0, 2)]);
        for (all, met) in [
            (&many, vec![Bound::Webhook]),
            (&many, vec![]),
            (&few, vec![]),
            (&many, vec![Bound::Webhook]),
        ] {
            assert_eq!(schedule.run(all).1, met);
        }
    }

    proptest! {
        #[test]
        fn no_bound_is_ever_passed_and_nobody_is_left_without_one_in_the_way(
            at_once in 1..20usize,
            rounds in vec((vec((0..4usize, 0..3usize, 0..9i64, 1..12usize), 0..12), vec(0..3i64, 0..12)), 1..8),
        ) {
            let bounds = Bounds::of(at_once, 3);
            let mut schedule = Schedule::new(bounds);
            for (wanted, ended) in rounds {
                let of = |(owner, webhook, since, chains): (usize, usize, i64, usize)| {
                    waiting(&owner.to_string(), &format!("{owner} {webhook}"), since, chains)
                };
                let named = wanted.into_iter().map(of).map(|one| (one.webhook.clone(), one));
                let all: BTreeMap<_, _> = named.collect();
                let all: Vec<_> = all.into_values().collect();
                schedule.run(&all);
                prop_assert!(schedule.chains.len() <= bounds.at_once);
                for one in &all {
                    prop_assert!(schedule.per_account.of(&one.owner) <= bounds.per_account);
                    prop_assert!(schedule.under_way(&one.webhook) <= bounds.per_webhook);
                    prop_assert!(!schedule.has_more(one) || schedule.bound(one).is_some());
                }
                for (one, chain) in all.iter().zip(ended) {
                    schedule.end(&delivery(&one.webhook, chain, 1));
                }
            }
        }
    }
}
