//! How many requests one login may make: a burst, and then so many a second.

use std::collections::HashMap;

use model::Sid;

/// Logins remembered before those that are at rest are forgotten.
const LOGINS_KEPT: usize = 10_000;
const SECOND_US: i64 = 1_000_000;

/// Counts requests by subscriber. Each is kept as the time at which its burst is whole again, in µs: every request puts it
/// off by what one costs.
pub(crate) struct Rates {
    /// Cost of one request, in µs; nothing is limited when it is 0.
    cost_us: i64,
    whole_at_us: HashMap<Sid, i64>,
}

impl Rates {
    /// `per_second` requests, as many as a burst; 0 for no limit.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            cost_us: SECOND_US.checked_div(i64::from(per_second)).unwrap_or(0),
            whole_at_us: HashMap::new(),
        }
    }

    /// Takes one request of `sid` at `now_ms`, or says in how many seconds the next is welcome.
    pub(crate) fn take(&mut self, sid: &Sid, now_ms: i64) -> Result<(), u64> {
        if self.cost_us == 0 {
            return Ok(());
        }
        let now_us = now_ms.saturating_mul(1000);
        self.forget_rested(now_us);
        let whole_at = self.whole_at_us.get(sid).copied().unwrap_or(now_us);
        // A clock that was set back must not lock anybody out for longer than a burst takes.
        let used = whole_at.saturating_sub(now_us).clamp(0, SECOND_US);
        let after = used.saturating_add(self.cost_us);
        if after > SECOND_US {
            self.whole_at_us.insert(sid.clone(), now_us.saturating_add(used));
            let wait_us = after.saturating_sub(SECOND_US);
            return Err(u64::try_from(wait_us).unwrap_or(0).div_ceil(SECOND_US as u64));
        }
        self.whole_at_us.insert(sid.clone(), now_us.saturating_add(after));
        Ok(())
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
    fn those_at_rest_are_forgotten() {
        let mut rates = Rates::new(1000);
        for n in 0..LOGINS_KEPT + 10 {
            assert!(rates.take(&Sid::new(&n.to_string()), n as i64 * 10).is_ok());
        }
        assert!(rates.whole_at_us.len() < LOGINS_KEPT);
    }
}
