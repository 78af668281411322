//! The way out: what may be lost when nobody reads, and what may not.

use std::collections::VecDeque;

use rtrb::{Producer, PushError};

use crate::player::Ended;
use crate::report::{Report, Retired};

/// Reports on their way to control.
pub(crate) struct Outbox<S> {
    ring: Producer<Report<S>>,
    /// What must arrive and found the ring full, in order.
    kept: VecDeque<Report<S>>,
    lost: u64,
}

impl<S> Outbox<S> {
    /// `keep` is the most that can have to be kept while no order is taken.
    pub(crate) fn new(ring: Producer<Report<S>>, keep: usize) -> Self {
        Self {
            ring,
            kept: VecDeque::with_capacity(keep),
            lost: 0,
        }
    }

    /// Reports lost so far.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether control has fallen behind. No orders are taken then: they would bring more to give back.
    pub(crate) fn is_congested(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Sends what was kept, as far as there is room.
    pub(crate) fn flush(&mut self) {
        while let Some(report) = self.kept.pop_front() {
            if let Err(PushError::Full(report)) = self.ring.push(report) {
                self.kept.push_front(report);
                return;
            }
        }
    }

    /// Tells something that is worth nothing later; `false` when it was lost. Nothing with memory of its own may go this way.
    pub(crate) fn tell(&mut self, report: Report<S>) -> bool {
        if self.kept.is_empty() {
            match self.ring.push(report) {
                Ok(()) => return true,
                Err(PushError::Full(report)) => std::mem::forget(report),
            }
        } else {
            std::mem::forget(report);
        }
        self.lost += 1;
        false
    }

    /// Tells something that must arrive.
    pub(crate) fn keep(&mut self, report: Report<S>) {
        let report = match self.kept.is_empty() {
            true => match self.ring.push(report) {
                Ok(()) => return,
                Err(PushError::Full(report)) => report,
            },
            false => report,
        };
        if self.kept.len() < self.kept.capacity() {
            self.kept.push_back(report);
        } else {
            // Leaking is the lesser evil: freeing here could block every leg.
            std::mem::forget(report);
            self.lost += 1;
        }
    }

    /// Tells the end of a playlist and gives it back.
    pub(crate) fn ended(&mut self, ended: Ended) {
        self.keep(Report::Played {
            id: ended.id,
            completed: ended.completed,
        });
        self.keep(Report::Retired(Retired::Playlist(ended.playlist)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LegKey, PlayId};

    #[test]
    fn what_must_arrive_arrives_in_order_and_words_are_lost_and_counted() {
        let (ring, mut reader) = rtrb::RingBuffer::<Report<()>>::new(2);
        let mut out = Outbox::new(ring, 8);
        let leg = LegKey(1);
        for id in 0..5 {
            out.keep(Report::Played {
                id: PlayId(id),
                completed: true,
            });
        }
        assert!(out.is_congested());
        assert!(!out.tell(Report::Talking { leg, on: true }));
        let mut read = Vec::new();
        for _ in 0..5 {
            while let Ok(report) = reader.pop() {
                let Report::Played { id, .. } = report else {
                    panic!("{report:?}")
                };
                read.push(id.0);
            }
            out.flush();
        }
        assert_eq!((read, out.lost()), (vec![0, 1, 2, 3, 4], 1));
        assert!(!out.is_congested() && out.tell(Report::Talking { leg, on: true }));
    }
}
