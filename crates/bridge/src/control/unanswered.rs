//! Records of calls, and how many are written of those that nobody answered: a flood of them must not fill the disk. Events of their
//! ringing are bounded in the same way.

use std::time::{Duration, Instant};

use model::{Cause, Cdr, LegId};
use store::Record;

use super::Control;
use super::output::Output;

/// How many seconds' worth of records may be written at once.
const BURST_SECONDS: u64 = 50;
/// Parts of a record that make one; so many a millisecond and record-per-second are credited.
const WHOLE: u64 = 1000;

/// At most this often is told how many were withheld.
const TELL: Duration = Duration::from_secs(10);

/// Credit for records of unanswered calls.
#[derive(Debug)]
pub(super) struct Unanswered {
    per_second: u64,
    credit: u64,
    at: Instant,
    withheld: u64,
    told: Option<Instant>,
}

impl Unanswered {
    /// The whole burst is free from `now` on.
    pub(super) fn new(now: Instant, per_second: u32) -> Self {
        let per_second = per_second.into();
        Self {
            per_second,
            credit: per_second * BURST_SECONDS * WHOLE,
            at: now,
            withheld: 0,
            told: None,
        }
    }

    /// Takes the credit for one, if there is so much.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let enough = self.is_enough(now);
        self.credit -= if enough { WHOLE } else { 0 };
        enough
    }

    /// Whether there is the credit for one.
    pub(super) fn is_enough(&mut self, now: Instant) -> bool {
        let ms = now.saturating_duration_since(self.at).as_millis() as u64;
        self.at += Duration::from_millis(ms);
        let most = self.per_second * BURST_SECONDS * WHOLE;
        self.credit = ms
            .saturating_mul(self.per_second)
            .saturating_add(self.credit)
            .min(most);
        self.credit >= WHOLE
    }

    /// Gives back the credit for one that was answered after all.
    pub(super) fn give_back(&mut self) {
        let most = self.per_second * BURST_SECONDS * WHOLE;
        self.credit = self.credit.saturating_add(WHOLE).min(most);
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
        if record.answered_ms.is_none() && !self.unanswered.take(now) {
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
        let mut credit = Unanswered::new(epoch, 2);
        assert!((0..100).all(|_| credit.take(epoch)));
        let mut kept = 0;
        let mut told = vec![];
        for ms in (1..=15_000).step_by(10) {
            let now = epoch + Duration::from_millis(ms);
            match credit.take(now) {
                true => kept += 1,
                false => credit.withheld += 1,
            }
            told.extend(credit.news(now).map(|records| (ms / 1000, records)));
        }
        assert_eq!(kept, 29);
        assert_eq!(told, [(0, 1), (10, 980)]);
        assert!((0..20).all(|_| credit.take(epoch + Duration::from_secs(25))));
    }
}
