//! How many requests one login may make, or codes one subscriber choose: a burst, and then so many a second or hour.

use std::collections::HashMap;

use model::Sid;

/// Logins remembered before those that are at rest are forgotten.
const LOGINS_KEPT: usize = 10_000;
const SECOND_US: i64 = 1_000_000;
const HOUR_US: i64 = 3600 * SECOND_US;

/// Counts requests, or other things, by subscriber. Each is kept as the time at which its burst is whole again, in µs: every request puts it
/// off by what one costs.
pub(crate) struct Rates {
    /// Cost of one request, in µs; nothing is limited when it is 0.
    cost_us: i64,
    /// What a burst costs.
    burst_us: i64,
    whole_at_us: HashMap<Sid, i64>,
}

impl Rates {
    /// `per_second` requests, as many as a burst; 0 for no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        let cost_us = SECOND_US.checked_div(i64::from(per_second));
        Self::of(cost_us.unwrap_or(0), SECOND_US)
    }

    /// `most` an hour, as many as a burst; 0 for none at all.
    pub(crate) fn hourly(most: u32) -> Self {
        let cost_us = HOUR_US.checked_div(i64::from(most));
        Self::of(cost_us.unwrap_or(HOUR_US + 1), HOUR_US)
    }

    fn of(cost_us: i64, burst_us: i64) -> Self {
        Self {
            cost_us,
            burst_us,
            whole_at_us: HashMap::new(),
        }
    }

    /// Takes one request of `sid` at `now_ms`, or says in how many seconds the next is welcome.
    pub(crate) fn take(&mut self, sid: &Sid, now_ms: i64) -> Result<(), u64> {
        self.take_many(sid, 1, now_ms)
    }

    /// Takes so many at once, or none. More than a burst are never welcome; the wait is that of a whole one then.
    pub(crate) fn take_many(&mut self, sid: &Sid, many: u32, now_ms: i64) -> Result<(), u64> {
        if self.cost_us == 0 {
            return Ok(());
        }
        let now_us = now_ms.saturating_mul(1000);
        self.forget_rested(now_us);
        let used = self.used_us(sid, now_us);
        let welcome = self.after_us(used, many);
        let after = welcome.unwrap_or(used);
        self.whole_at_us.insert(sid.clone(), now_us.saturating_add(after));
        welcome.map(|_| ())
    }

    /// Whether one more is welcome, which is not taken; otherwise in how many seconds it is.
    pub(crate) fn would_take(&self, sid: &Sid, now_ms: i64) -> Result<(), u64> {
        let used = self.used_us(sid, now_ms.saturating_mul(1000));
        self.after_us(used, 1).map(|_| ())
    }

    /// What of a burst is used up.
    fn used_us(&self, sid: &Sid, now_us: i64) -> i64 {
        let whole_at = self.whole_at_us.get(sid).copied().unwrap_or(now_us);
        // A clock that was set back must not lock anybody out for longer than a burst takes.
        whole_at.saturating_sub(now_us).clamp(0, self.burst_us)
    }

    /// What is used with so many more, or in how many seconds they are welcome.
    fn after_us(&self, used_us: i64, many: u32) -> Result<i64, u64> {
        let after = used_us.saturating_add(self.cost_us.saturating_mul(i64::from(many)));
        if after <= self.burst_us {
            return Ok(after);
        }
        let wait_us = after.saturating_sub(self.burst_us).min(self.burst_us);
        Err(u64::try_from(wait_us).unwrap_or(0).div_ceil(SECOND_US as u64))
    }

    /// Subscribers are known and good ones, so there are never many more than these.
    fn forget_rested(&mut self, now_us: i64) {
        if self.whole_at_us.len() >= LOGINS_KEPT {
            self.whole_at_us.retain(|_, whole_at| *whole_at > now_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rates: &mut Rates, sid: &str, now_ms: i64, tries: usize) -> usize {
        let sid = Sid::new(sid);
        (0..tries).filter(|_| rates.take(&sid, now_ms).is_ok()).count()
    }

    #[test]
    fn a_burst_is_a_second_s_worth_and_comes_back_evenly() {
        let mut rates = Rates::new(100);
        assert_eq!(taken(&mut rates, "a", 0, 500), 100);
        assert_eq!(taken(&mut rates, "b", 0, 500), 100, "each login has its own");
        assert_eq!(taken(&mut rates, "a", 250, 500), 25);
        assert_eq!(rates.take(&Sid::new("a"), 250), Err(1));
        assert_eq!(taken(&mut rates, "a", 10_000, 500), 100);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let mut rates = Rates::new(10);
        assert_eq!(taken(&mut rates, "a", 1_000_000, 10), 10);
        assert_eq!(taken(&mut rates, "a", 0, 10), 0);
        assert_eq!(taken(&mut rates, "a", 1_000, 10), 10, "a burst's time later");
    }

    #[test]
    fn without_a_limit_everything_is_taken() {
        assert_eq!(taken(&mut Rates::new(0), "a", 0, 100_000), 100_000);
    }

    #[test]
    fn many_are_taken_at_once_or_none_and_come_back_within_the_hour() {
        let (mut rates, sid) = (Rates::hourly(100), Sid::new("a"));
        assert_eq!(rates.take_many(&sid, 101, 0), Err(36), "never, whatever the wait");
        assert_eq!(rates.take_many(&sid, 60, 0), Ok(()));
        assert_eq!(rates.take_many(&sid, 60, 0), Err(720));
        assert_eq!(rates.take_many(&sid, 40, 0), Ok(()));
        assert_eq!(rates.take(&sid, 0), Err(36));
        assert_eq!(rates.take(&sid, 36_000), Ok(()));
        assert_eq!(rates.take_many(&sid, u32::MAX, 36_000), Err(3_600));
        assert_eq!(taken(&mut rates, "a", 2 * 3_600_000, 500), 100);
    }

    #[test]
    fn what_is_only_asked_for_is_not_taken() {
        let (mut rates, sid) = (Rates::hourly(2), Sid::new("a"));
        for _ in 0..5 {
            assert_eq!(rates.would_take(&sid, 0), Ok(()));
        }
        assert_eq!(taken(&mut rates, "a", 0, 5), 2);
        assert_eq!(rates.would_take(&sid, 0), Err(1_800));
        assert_eq!(rates.take(&sid, 0), Err(1_800), "in the same words");
        assert_eq!(rates.would_take(&sid, 1_800_000), Ok(()));
    }

    #[test]
    fn none_an_hour_are_none() {
        let mut rates = Rates::hourly(0);
        assert_eq!(taken(&mut rates, "a", 0, 10), 0);
        assert_eq!(taken(&mut rates, "a", 3_600_000, 10), 0);
    }

    #[test]
    fn those_at_rest_are_forgotten() {
        let mut rates = Rates::new(1000);
        for n in 0..LOGINS_KEPT + 10 {
            assert!(rates.take(&Sid::new(&n.to_string()), n as i64 * 10).is_ok());
        }
        assert!(rates.whole_at_us.len() < LOGINS_KEPT);
    }
}
