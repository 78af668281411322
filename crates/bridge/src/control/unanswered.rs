//! Records of calls, and how many are written of those that nobody answered: a flood of them must not fill the disk. Events of their
//! ringing are bounded in the same way.

use std::time::{Duration, Instant};

use model::{Cause, Cdr, LegId};
use store::Record;

use super::Control;
use super::credit::Credit;
use super::output::Output;

/// How many seconds' worth of records may be written at once.
const BURST_SECONDS: u32 = 50;

/// At most this often is told how many were withheld.
const TELL: Duration = Duration::from_secs(10);

/// Credit for something about calls that nobody answers.
pub(super) fn credit(now: Instant, per_second: u32) -> Credit {
    Credit::new(now, per_second, u64::from(per_second) * u64::from(BURST_SECONDS))
}

/// Credit for records of unanswered calls.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) credit: Credit,
    withheld: u64,
    told: Option<Instant>,
}

impl Unanswered {
    /// The whole burst is free from `now` on.
    pub(super) fn new(now: Instant, per_second: u32) -> Self {
        Self {
            credit: credit(now, per_second),
            withheld: 0,
            told: None,
        }
    }

    /// How many were withheld since it was last told, if it is time to tell.
    fn news(&mut self, now: Instant) -> Option<u64> {
        let quiet = self
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= TELL);
        let tell = quiet && self.withheld > 0;
        self.told = if tell { Some(now) } else { self.told };
        tell.then(|| std::mem::take(&mut self.withheld))
    }
}

impl Control {
    /// What is known of a call that is up is on disk too, should the bridge be killed.
    pub(super) fn keep_open(&mut self, leg: LegId) {
        if let Some(call) = self.calls.get(&leg) {
            let record = Record::OpenCall(Box::new(call.record.clone()));
            self.outputs.push_back(Output::Record(record));
        }
    }

    /// Every call has its record. Of unanswered ones those beyond the burst are counted only, and their count told.
    pub(super) fn keep_record(&mut self, now: Instant, record: Cdr) {
        if record.answered_ms.is_none() && !self.unanswered.credit.take(now) {
            return self.withhold_record(now, record.cause);
        }
        self.counts.end(record.cause);
        let record = Record::Call(Box::new(record));
        self.outputs.push_back(Output::Record(record));
        self.tell_withheld(now);
    }

    /// A call that was never answered is over, and leaves no record.
    pub(super) fn withhold_record(&mut self, now: Instant, cause: Cause) {
        self.counts.end(cause);
        self.unanswered.withheld += 1;
        self.counts.withheld += 1;
        self.tell_withheld(now);
    }

    fn tell_withheld(&mut self, now: Instant) {
        if let Some(records) = self.unanswered.news(now) {
            self.outputs.push_back(Output::Withheld { records });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_only_so_many_a_second_are_kept_and_the_rest_is_told_every_ten_seconds() {
        let epoch = Instant::now();
        let mut records = Unanswered::new(epoch, 2);
        assert!((0..100).all(|_| records.credit.take(epoch)));
        let mut kept = 0;
        let mut told = vec![];
        for ms in (1..=15_000).step_by(10) {
            let now = epoch + Duration::from_millis(ms);
            match records.credit.take(now) {
                true => kept += 1,
                false => records.withheld += 1,
            }
            told.extend(records.news(now).map(|withheld| (ms / 1000, withheld)));
        }
        assert_eq!(kept, 29);
        assert_eq!(told, [(0, 1), (10, 980)]);
        assert!((0..20).all(|_| records.credit.take(epoch + Duration::from_secs(25))));
    }
}
