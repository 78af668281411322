//! Budgets against guessing access codes: who has failed how often, and who must wait.
//!
//! A code is looked up in a whole DID group, so that one guess can hit any of its codes. Failures are counted per calling
//! number, per network source and per group over a sliding hour. A caller or source over its budget is not heard any more;
//! a group over its budget makes every caller wait, which stops guessing without locking anybody out. A code that opens a meeting on the
//! fly was nobody's: it counts for the group as a failure does, for caller and source against budgets of their own.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use model::{DidGroupId, host};

/// Window in which failures are counted.
const WINDOW: Duration = Duration::from_secs(3600);

/// How many failures an hour are forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Wrong codes an hour per calling number.
    pub per_caller: usize,
    /// Wrong codes an hour per network address.
    pub per_source: usize,
    /// Wrong codes an hour per DID group, and meetings opened on the fly, after which every caller of it waits.
    pub per_group: usize,
    /// The wait of a group over its budget.
    pub group_wait: Duration,
    /// Meetings an hour that one caller may open on the fly.
    pub meetings_per_caller: usize,
    /// The same of one network address: a code that opens a meeting is a guess as well, and callers choose the numbers they call from.
    pub meetings_per_source: usize,
    /// Most callers, sources and groups remembered; the longest silent ones are forgotten first. No budget is larger.
    pub entries: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            per_caller: 10,
            per_source: 100,
            per_group: 100,
            group_wait: Duration::from_secs(10),
            meetings_per_caller: 20,
            meetings_per_source: 1_000,
            entries: 50_000,
        }
    }
}

/// Who guesses, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guesser {
    /// Calling number; empty when withheld, which counts for the source alone.
    pub caller: String,
    /// Network address the call came from.
    pub source: IpAddr,
    /// The group of the dialled number.
    pub group: DidGroupId,
}

/// What may happen to a code that was keyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Look it up and answer after this wait.
    After(Duration),
    /// The caller or source is over its budget: end the call.
    Spent,
}

/// The counts.
#[derive(Debug)]
pub struct GuessBudget {
    group_wait: Duration,
    callers: Failures<String>,
    sources: Failures<IpAddr>,
    groups: Failures<DidGroupId>,
    meetings: Failures<String>,
    meetings_of_sources: Failures<IpAddr>,
}

impl GuessBudget {
    /// Nothing counted yet.
    pub fn new(budgets: Budgets) -> Self {
        let Budgets { entries, .. } = budgets;
        Self {
            group_wait: budgets.group_wait,
            callers: Failures::new(budgets.per_caller, entries),
            sources: Failures::new(budgets.per_source, entries),
            groups: Failures::new(budgets.per_group, entries),
            meetings: Failures::new(budgets.meetings_per_caller, entries),
            meetings_of_sources: Failures::new(budgets.meetings_per_source, entries),
        }
    }

    /// Asked before a code is looked up.
    pub fn allowance(&mut self, now: Instant, who: &Guesser) -> Allowance {
        if self.callers.is_spent(now, &who.caller) || self.sources.is_spent(now, &host(who.source)) {
            return Allowance::Spent;
        }
        match self.groups.is_spent(now, &who.group) {
            true => Allowance::After(self.group_wait),
            false => Allowance::After(Duration::ZERO),
        }
    }

    /// A code was wrong.
    pub fn failed(&mut self, now: Instant, who: &Guesser) {
        if !who.caller.is_empty() {
            self.callers.add(now, who.caller.clone());
        }
        self.sources.add(now, host(who.source));
        self.groups.add(now, who.group);
    }

    /// Whether `who` may open one more meeting on the fly; counts it if so, for the group too, of which one more code was tried.
    pub fn open_meeting(&mut self, now: Instant, who: &Guesser) -> bool {
        let source = host(who.source);
        let key = match who.caller.as_str() {
            "" => source.to_string(),
            caller => caller.to_owned(),
        };
        if self.meetings.is_spent(now, &key) || self.meetings_of_sources.is_spent(now, &source) {
            return false;
        }
        self.meetings.add(now, key);
        self.meetings_of_sources.add(now, source);
        self.groups.add(now, who.group);
        true
    }

    /// How many entries were forgotten before their hour because a table was full.
    pub fn forgotten(&self) -> u64 {
        let of_codes = self.callers.forgotten + self.sources.forgotten + self.groups.forgotten;
        of_codes + self.meetings.forgotten + self.meetings_of_sources.forgotten
    }
}

/// Times of failures within the window, by key, with the keys in order of their last failure.
#[derive(Debug)]
struct Failures<K> {
    times: HashMap<K, VecDeque<Instant>>,
    order: VecDeque<(Instant, K)>,
    /// How many of one key are forgiven. More change nothing any more, and are not kept.
    budget: usize,
    entries: usize,
    forgotten: u64,
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn new(budget: usize, entries: usize) -> Self {
        Self {
            times: HashMap::new(),
            order: VecDeque::new(),
            budget: budget.min(entries),
            entries,
            forgotten: 0,
        }
    }

    fn is_spent(&mut self, now: Instant, key: &K) -> bool {
        self.count(now, key) >= self.budget
    }

    fn count(&mut self, now: Instant, key: &K) -> usize {
        let Some(times) = self.times.get_mut(key) else {
            return 0;
        };
        while times.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            times.pop_front();
        }
        times.len()
    }

    fn add(&mut self, now: Instant, key: K) {
        self.expire(now);
        let times = self.times.entry(key.clone()).or_default();
        if times.len() >= self.budget.max(1) {
            times.pop_front();
        }
        times.push_back(now);
        self.order.push_back((now, key));
    }

    /// Drops what is older than the window, and the oldest beyond the bound.
    fn expire(&mut self, now: Instant) {
        while let Some((at, key)) = self.order.front() {
            let old = now.duration_since(*at) >= WINDOW;
            let crowded = self.order.len() >= self.entries;
            if !old && !crowded {
                return;
            }
            let last = self.times.get(key).and_then(|times| times.back());
            if last.is_none_or(|last| last <= at) {
                self.times.remove(key);
                self.forgotten += u64::from(!old);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> Instant {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        Instant::now()
    }

    fn guesser(caller: &str, host: u8) -> Guesser {
        Guesser {
            caller: caller.into(),
            source: IpAddr::from([10, 0, 0, host]),
            group: DidGroupId(1),
        }
    }

    #[test]
    fn a_caller_is_not_heard_after_ten_wrong_codes_and_is_again_an_hour_later() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let who = guesser("15550001", 1);
        for _ in 0..10 {
            assert_eq!(budget.allowance(now, &who), Allowance::After(Duration::ZERO));
            budget.failed(now, &who);
        }
        assert_eq!(budget.allowance(now, &who), Allowance::Spent);
        assert_eq!(
            budget.allowance(now, &guesser("15550002", 2)),
            Allowance::After(Duration::ZERO)
        );
        assert_eq!(
            budget.allowance(now + WINDOW, &who),
            Allowance::After(Duration::ZERO)
        );
    }

    #[test]
    fn a_thousand_guesses_from_fifty_sources_get_a_hundred_prompt_answers_an_hour() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let mut prompt = 0;
        for n in 0..1000u32 {
            let who = guesser(&format!("1555{n:04}"), (n % 50) as u8);
            match budget.allowance(now, &who) {
                Allowance::After(Duration::ZERO) => prompt += 1,
                Allowance::After(_) | Allowance::Spent => {}
            }
            budget.failed(now, &who);
        }
        assert_eq!(prompt, 100);
    }

    #[test]
    fn a_budget_of_thousands_is_kept_to_as_one_of_ten_is() {
        let (per_source, now) = (3_000, epoch());
        let mut budget = GuessBudget::new(Budgets {
            per_source,
            ..Budgets::default()
        });
        let who = guesser("", 1);
        for _ in 0..per_source {
            assert_ne!(budget.allowance(now, &who), Allowance::Spent);
            budget.failed(now, &who);
        }
        assert_eq!(budget.allowance(now, &who), Allowance::Spent);
    }

    #[test]
    fn callers_without_a_number_are_counted_by_their_source() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let who = guesser("", 1);
        (0..100).for_each(|_| budget.failed(now, &who));
        assert_eq!(budget.allowance(now, &who), Allowance::Spent);
        assert_eq!(
            budget.allowance(now, &guesser("", 2)),
            Allowance::After(Duration::from_secs(10))
        );
    }

    #[test]
    fn a_host_of_ipv6_gets_no_new_budget_with_a_new_address() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let at = |last: u16| Guesser {
            source: IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]),
            ..guesser("", 1)
        };
        (0..100).for_each(|n| budget.failed(now, &at(n)));
        assert_eq!(budget.allowance(now, &at(500)), Allowance::Spent);
        let opened = (0..30).filter(|n| budget.open_meeting(now, &at(*n))).count();
        assert_eq!(opened, 20);
    }

    #[test]
    fn tables_keep_their_bound_and_count_what_they_forget() {
        let mut budget = GuessBudget::new(Budgets {
            entries: 100,
            ..Budgets::default()
        });
        let now = epoch();
        for n in 0..1000u32 {
            budget.failed(now, &guesser(&format!("1555{n:04}"), (n % 200) as u8));
        }
        assert!(budget.callers.times.len() <= 100 && budget.callers.order.len() <= 100);
        assert!(budget.forgotten() > 0);
    }

    #[test]
    fn a_caller_opens_twenty_meetings_an_hour() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let who = guesser("15550001", 1);
        assert_eq!((0..30).filter(|_| budget.open_meeting(now, &who)).count(), 20);
        assert!(budget.open_meeting(now + WINDOW, &who));
    }

    #[test]
    fn meetings_on_the_fly_count_for_their_group_as_wrong_codes_do_and_for_no_other() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let who = |n: u32| guesser(&format!("1555{n:04}"), (n % 50) as u8);
        (0..50).for_each(|n| budget.failed(now, &who(n)));
        for n in 50..100 {
            assert_eq!(budget.allowance(now, &who(n)), Allowance::After(Duration::ZERO));
            assert!(budget.open_meeting(now, &who(n)), "{n}");
        }
        let late = Allowance::After(Duration::from_secs(10));
        assert_eq!(budget.allowance(now, &who(100)), late);
        assert!(
            budget.open_meeting(now, &who(100)),
            "who waits may open one all the same"
        );
        let elsewhere = Guesser {
            group: DidGroupId(2),
            ..who(100)
        };
        assert_eq!(
            budget.allowance(now, &elsewhere),
            Allowance::After(Duration::ZERO)
        );
        assert_eq!(
            budget.allowance(now + WINDOW, &who(100)),
            Allowance::After(Duration::ZERO)
        );
    }

    #[test]
    fn a_meeting_that_may_not_be_opened_costs_its_group_nothing() {
        let budgets = Budgets {
            per_group: 21,
            ..Budgets::default()
        };
        let (mut budget, now) = (GuessBudget::new(budgets), epoch());
        let who = guesser("15550001", 1);
        assert_eq!((0..30).filter(|_| budget.open_meeting(now, &who)).count(), 20);
        assert_eq!(budget.allowance(now, &who), Allowance::After(Duration::ZERO));
    }

    #[test]
    fn a_source_opens_a_thousand_meetings_an_hour_whatever_numbers_it_calls_from() {
        let (mut budget, now) = (GuessBudget::new(Budgets::default()), epoch());
        let opens = |n: &u32| budget.open_meeting(now, &guesser(&format!("1555{n:04}"), 1));
        assert_eq!((0..5_000).filter(opens).count(), 1_000);
        assert!(budget.open_meeting(now, &guesser("15559999", 2)));
    }
}
