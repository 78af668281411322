//! A meeting that is too big for one shard: each of its shards has a *branch* of the room, and tells the others in every tick what
//! its own legs say.
//!
//! A [`Partial`] is the sum of the voices of one branch in one tick. It goes through a ring with one writer and one reader and is heard
//! at the other end a tick later: nobody waits, locks or shares anything. Partials that do not come in time are counted and faded out;
//! those that pile up are given up, so that the way never gets longer than two ticks.

use rtrb::{Consumer, Producer, RingBuffer};

use crate::fade::{UNITY, ramp};
use crate::floor::{Floor, MOST};
use crate::sum::{ByRate, Sum};
use media::Rate;

/// Partials on their way.
const RING: usize = 4;
/// Of these, how many may wait when a tick begins: the other shard may tick just before or just after this one.
const AHEAD: usize = 2;
/// Branches that one room may be linked with.
pub(crate) const MOST_BRANCHES: usize = 63;

/// What one branch tells another in a tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partial {
    /// Loudness of those who have the floor there, in 1/16 dB.
    scores: [Option<i16>; MOST],
    /// Their voices, at every rate: who begins to listen at one finds all of them there already.
    sums: ByRate<Sum>,
}

impl Partial {
    pub(crate) fn new(floor: &Floor, sums: ByRate<Sum>) -> Self {
        Self {
            scores: floor.scores(),
            sums,
        }
    }

    fn silence() -> Self {
        Self {
            scores: [None; MOST],
            sums: ByRate(Rate::ALL.map(Sum::silence)),
        }
    }

    /// Goes on from where it ended, backwards, and fades: the ear meets no step.
    fn fade_out(&mut self) {
        self.scores = [None; MOST];
        for sum in &mut self.sums.0 {
            let length = ramp(sum.rate()) as i32;
            let samples = sum.samples_mut();
            samples.reverse();
            for (left, sample) in (0..length).rev().zip(samples.iter_mut()) {
                *sample = scaled(*sample, left, length);
            }
            samples[length as usize..].fill(0);
        }
    }

    fn fade_in(&mut self) {
        for sum in &mut self.sums.0 {
            let length = ramp(sum.rate()) as i32;
            for (n, sample) in (0..length).zip(sum.samples_mut()) {
                *sample = scaled(*sample, n, length);
            }
        }
    }
}

/// The part `n` of `whole` of a sample.
fn scaled(sample: i32, n: i32, whole: i32) -> i32 {
    ((i64::from(sample) * i64::from(UNITY * n / whole)) >> 15) as i32
}

/// How the way from another branch is at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing has come yet, or no more will.
    Silent,
    /// A partial comes each tick.
    Steady,
    /// The last one did not come: what there was fades.
    Fading,
}

/// Partials given up or missed. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) late: u64,
    pub(crate) dropped: u64,
}

/// One end of the way between two branches of a meeting: made outside the tick, two at a time.
#[derive(Debug)]
pub struct Branch {
    out: Producer<Partial>,
    inbound: Consumer<Partial>,
    heard: Partial,
    way: Way,
    /// Who wins when two are equally loud, one on each side.
    elder: bool,
}

impl Branch {
    /// Both ends of a new way.
    pub fn pair() -> (Box<Self>, Box<Self>) {
        let (to_younger, from_elder) = RingBuffer::new(RING);
        let (to_elder, from_younger) = RingBuffer::new(RING);
        let end = |out, inbound, elder| {
            Box::new(Self {
                out,
                inbound,
                heard: Partial::silence(),
                way: Way::Silent,
                elder,
            })
        };
        (
            end(to_younger, from_younger, true),
            end(to_elder, from_elder, false),
        )
    }

    /// Begins a tick: takes what the other branch said in its last one.
    pub(crate) fn receive(&mut self, missed: &mut Missed) {
        while self.inbound.slots() > AHEAD {
            missed.dropped += u64::from(self.inbound.pop().is_ok());
        }
        match (self.inbound.pop(), self.way) {
            (Ok(partial), way) => {
                self.heard = partial;
                if way != Way::Steady {
                    self.heard.fade_in();
                }
                self.way = Way::Steady;
            }
            (Err(_), Way::Steady) => {
                missed.late += u64::from(!self.inbound.is_abandoned());
                self.heard.fade_out();
                self.way = Way::Fading;
            }
            (Err(_), Way::Fading) => {
                missed.late += u64::from(!self.inbound.is_abandoned());
                self.heard = Partial::silence();
                self.way = Way::Silent;
            }
            (Err(_), Way::Silent) => {}
        }
    }

    /// Lets those who have the floor in the other branch bid for it here: as loud as they are, or a shade less where ties are ours.
    pub(crate) fn bid(&self, floor: &mut Floor) {
        for score in self.heard.scores.iter().flatten() {
            floor.bid_elsewhere(score - i16::from(self.elder));
        }
    }

    /// What the other branch says, at a rate.
    pub(crate) const fn heard(&self, rate: Rate) -> &Sum {
        self.heard.sums.at(rate)
    }

    /// Whether somebody speaks there.
    pub(crate) fn speaks(&self) -> bool {
        self.way == Way::Fading || self.heard.scores.iter().any(Option::is_some)
    }

    /// Tells the other branch; a ring that is full holds more than it will ever hear.
    pub(crate) fn send(&mut self, partial: &Partial) {
        let _ = self.out.push(*partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(sample: i32) -> Partial {
        let mut partial = Partial::silence();
        for sum in &mut partial.sums.0 {
            sum.samples_mut().fill(sample);
        }
        partial
    }

    fn worst_jump(ticks: &[Vec<i32>]) -> i32 {
        let all = ticks.concat();
        let jumps = all.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        jumps.max().unwrap_or(0)
    }

    #[test]
    fn partials_are_heard_in_order_and_one_that_is_late_fades_without_a_step() {
        let (mut here, mut there) = Branch::pair();
        let mut missed = Missed::default();
        let mut heard = Vec::new();
        for comes in [true, true, false, false, false, true, true] {
            if comes {
                there.send(&saying(8_000));
            }
            here.receive(&mut missed);
            heard.push(here.heard(Rate::Hz8000).samples().to_vec());
        }
        assert!(worst_jump(&heard) <= 210, "{}", worst_jump(&heard));
        let whole = |tick: usize| heard[tick].iter().all(|sample| *sample == 8_000);
        assert!(whole(1) && whole(6) && heard[4].iter().all(|sample| *sample == 0));
        assert_eq!(missed, Missed { late: 2, dropped: 0 });
    }

    #[test]
    fn a_way_never_gets_longer_than_two_ticks() {
        let (mut here, mut there) = Branch::pair();
        let mut missed = Missed::default();
        (1..=9).for_each(|n| there.send(&saying(n * 100)));
        let heard: Vec<_> = (0..4)
            .map(|_| {
                here.receive(&mut missed);
                *here.heard(Rate::Hz8000).samples().last().unwrap()
            })
            .collect();
        // The ring took four of the nine; of those the two oldest were given up.
        assert_eq!((&heard[..2], missed.dropped), (&[300, 400][..], 2));
        drop(there);
        let late = missed.late;
        (0..5).for_each(|_| here.receive(&mut missed));
        assert_eq!(missed.late, late);
    }
}
