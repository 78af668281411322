//! How many calls were dialled since midnight (UTC), which bounds what a stolen password can cost.

use std::collections::BTreeMap;
use std::ops::Range;

use model::Sid;
use store::DialledCalls;

use super::Control;

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

    /// Notes those that were made before, on the day of `now_ms`.
    fn add(&mut self, now_ms: i64, owner: &Sid, calls: u32) {
        let known = self.calls(now_ms, owner);
        self.calls.insert(owner.clone(), known.saturating_add(calls));
    }

    /// Notes one more. There are at most as many owners as subscribers.
    pub(super) fn count(&mut self, owner: &Sid) {
        *self.calls.entry(owner.clone()).or_default() += 1;
    }
}

impl Control {
    /// The day (UTC, epoch ms) whose calls before this start count, too; nothing where nothing is dialled.
    pub fn dialling_day(&self) -> Option<Range<i64>> {
        let day = self.clock.ms.div_euclid(DAY_MS);
        let is_on = self.config.dial_out.is_on();
        is_on.then(|| day * DAY_MS..(day + 1) * DAY_MS)
    }

    /// Counts calls that were dialled in that day before this start, for the owner of the number that they showed; where that is nobody's by
    /// now, for whose their records are.
    pub fn dialled_before(&mut self, calls: Vec<DialledCalls>) {
        for calls in calls {
            let number = self.directory.dialled(&calls.caller);
            let owner = number.map(|number| number.group.subscriber_sid.clone());
            if let Some(owner) = owner.or(calls.subscriber_sid) {
                self.today.add(self.clock.ms, &owner, calls.count);
            }
        }
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
        for calls in [2, 5, u32::MAX] {
            today.add(DAY_MS * 20_001 + 7, &bob, calls);
        }
        assert_eq!(today.calls(DAY_MS * 20_001 + 8, &bob), u32::MAX);
        assert_eq!(today.calls(DAY_MS * 20_002, &bob), 0);
    }
}
