//! How many calls were dialled since midnight (UTC), which bounds what a stolen password can cost.

use std::collections::BTreeMap;

use model::Sid;

/// One day, ms.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Calls dialled today, by owner of the DID group.
#[derive(Debug, Default)]
pub(super) struct Today {
    /// Days since the epoch.
    day: i64,
    calls: BTreeMap<Sid, u32>,
}

impl Today {
    /// Those that `owner` has made by `now_ms` of that day.
    pub(super) fn calls(&mut self, now_ms: i64, owner: &Sid) -> u32 {
        let day = now_ms.div_euclid(DAY_MS);
        if day != self.day {
            *self = Self {
                day,
                calls: BTreeMap::new(),
            };
        }
        self.calls.get(owner).copied().unwrap_or(0)
    }

    /// Notes one more. There are at most as many owners as subscribers.
    pub(super) fn count(&mut self, owner: &Sid) {
        *self.calls.entry(owner.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_each_owner_and_each_day_anew() {
        let (alice, bob) = (Sid::new("alice"), Sid::new("bob"));
        let mut today = Today::default();
        for _ in 0..3 {
            today.calls(DAY_MS * 20_000 + 5, &alice);
            today.count(&alice);
        }
        assert_eq!(today.calls(DAY_MS * 20_001 - 1, &alice), 3);
        assert_eq!(today.calls(DAY_MS * 20_001 - 1, &bob), 0);
        assert_eq!(today.calls(DAY_MS * 20_001, &alice), 0);
    }
}
