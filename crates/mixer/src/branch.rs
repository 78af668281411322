//! A meeting that is too big for one shard: each of its shards has a *branch* of the room, and tells the others in every tick what
//! its own legs say.
//!
//! A [`Partial`] is the sum of the voices of one branch in one tick. It goes through a ring with one writer and one reader, and is heard
//! at the other end in the tick after its own by the date it bears, not by when it came: all shards tick for the same deadlines, and
//! which of them is first may change from tick to tick. Nobody waits, locks or shares anything. A partial that does not come in time is
//! counted, and what was heard last fades out; then the way gets a tick longer, so that a shard that stays a tick behind is heard whole.
//! It gets short again when that has had no use for a while, by a crossing.

use std::time::Instant;

use media::{Rate, TICK};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::fade::{UNITY, ramp};
use crate::floor::{Floor, MOST};
use crate::sum::{ByRate, Sum};

/// Partials on their way: more than the ticks that a late shard makes up for at once, so that it misses none of them.
const RING: usize = 8;
/// Most ticks from one branch to another.
pub(crate) const LONGEST_WAY: u32 = 2;
/// Ticks in a row that a long way had no use until it is made short: ten seconds.
const CALM: u32 = 500;
/// Branches that one room may be linked with.
pub(crate) const MOST_BRANCHES: usize = 63;

/// What one branch tells another in a tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partial {
    /// When the tick was due.
    at: Instant,
    /// Loudness of those who have the floor there, in 1/16 dB.
    scores: [Option<i16>; MOST],
    /// Whether there is anything in the sums: who loses the floor is still heard for as long as he fades.
    sounds: bool,
    /// The voices, at every rate: who begins to listen at one finds all of them there already.
    sums: ByRate<Sum>,
}

impl Partial {
    pub(crate) fn new(at: Instant, floor: &Floor, sounds: bool, sums: ByRate<Sum>) -> Self {
        Self {
            at,
            scores: floor.scores(),
            sounds,
            sums,
        }
    }
}

/// What is heard of another branch in a tick.
#[derive(Debug)]
struct Part {
    scores: [Option<i16>; MOST],
    sounds: bool,
    sums: ByRate<Sum>,
}

impl Part {
    fn silence() -> Self {
        Self {
            scores: [None; MOST],
            sounds: false,
            sums: ByRate(Rate::ALL.map(Sum::silence)),
        }
    }

    /// Goes on from where it ended, backwards, and fades: the ear meets no step. Who has the floor keeps it so long.
    fn fade_out(&mut self) {
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
    heard: Part,
    way: Way,
    /// How many ticks after its own a partial is heard.
    ticks: u32,
    /// For how many ticks one less would have done.
    calm: u32,
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
                heard: Part::silence(),
                way: Way::Silent,
                ticks: 1,
                calm: 0,
                elder,
            })
        };
        (
            end(to_younger, from_younger, true),
            end(to_elder, from_elder, false),
        )
    }

    /// Begins the tick that is due at `now`: takes what the other branch said for it.
    pub(crate) fn receive(&mut self, now: Instant, missed: &mut Missed) {
        let shortened = self.shorten();
        match self.take(now, missed) {
            Some(partial) => self.hear(&partial, shortened),
            None => self.miss(missed),
        }
    }

    /// Makes a long way short when it has had no use for a while; says whether it did.
    fn shorten(&mut self) -> bool {
        let spare = self.inbound.slots() >= self.ticks as usize;
        self.calm = if spare && self.ticks > 1 { self.calm + 1 } else { 0 };
        let shortened = self.calm >= CALM;
        if shortened {
            (self.ticks, self.calm) = (self.ticks - 1, 0);
        }
        shortened
    }

    /// The partial that is to be heard now; those whose time is over are given up.
    fn take(&mut self, now: Instant, missed: &mut Missed) -> Option<Partial> {
        while let Ok(waiting) = self.inbound.peek() {
            let due = waiting.at + TICK * self.ticks;
            if due > now {
                return None;
            }
            let partial = self.inbound.pop().ok()?;
            if due == now {
                return Some(partial);
            }
            missed.dropped += 1;
        }
        None
    }

    fn hear(&mut self, partial: &Partial, shortened: bool) {
        let fades = shortened || self.way != Way::Steady;
        let crosses = shortened && self.way == Way::Steady;
        if crosses {
            self.heard.fade_out();
        }
        let before = std::mem::replace(
            &mut self.heard,
            Part {
                scores: partial.scores,
                sounds: partial.sounds || crosses,
                sums: partial.sums,
            },
        );
        if fades {
            self.heard.fade_in();
        }
        if crosses {
            let sums = self.heard.sums.0.iter_mut().zip(&before.sums.0);
            sums.for_each(|(sum, before)| sum.add_all(before));
        }
        self.way = Way::Steady;
    }

    fn miss(&mut self, missed: &mut Missed) {
        let late = u64::from(!self.inbound.is_abandoned());
        match self.way {
            Way::Steady => {
                missed.late += late;
                self.heard.fade_out();
                self.way = Way::Fading;
                (self.ticks, self.calm) = (LONGEST_WAY.min(self.ticks + 1), 0);
            }
            Way::Fading => {
                missed.late += late;
                self.heard = Part::silence();
                self.way = Way::Silent;
            }
            Way::Silent => {}
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

    /// Whether somebody there has the floor, or fades out.
    pub(crate) fn has_voice(&self) -> bool {
        self.heard.sounds || self.heard.scores.iter().any(Option::is_some)
    }

    /// Whether anything is heard from there.
    pub(crate) const fn sounds(&self) -> bool {
        self.heard.sounds
    }

    /// Tells the other branch; a ring that is full holds more than it will ever hear.
    pub(crate) fn send(&mut self, partial: &Partial) {
        let _ = self.out.push(*partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    /// What is said in tick `n`: a slope that goes on from tick to tick, so that each tells which it is.
    fn saying(epoch: Instant, n: u32) -> Partial {
        let mut sums = ByRate(Rate::ALL.map(Sum::silence));
        for sum in &mut sums.0 {
            let samples = sum.samples_mut();
            let length = samples.len() as i32;
            let at = (0..length).map(|sample| 4_000 + 10 * n as i32 + 10 * sample / length);
            samples.iter_mut().zip(at).for_each(|(sample, at)| *sample = at);
        }
        Partial {
            at: epoch + TICK * n,
            scores: [None; MOST],
            sounds: true,
            sums,
        }
    }

    fn worst_jump(heard: &[i32]) -> i32 {
        let jumps = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        jumps.max().unwrap_or(0)
    }

    /// Ticks of one branch: of the other's partials those in `told` have come by then. Gives what was heard, which tick of the other
    /// each tick's end was of, and what was missed.
    fn hear(told: impl Fn(u32) -> Vec<u32>, ticks: u32) -> (Vec<i32>, Vec<Option<u32>>, Missed) {
        let ((mut here, mut there), epoch) = (Branch::pair(), epoch());
        let (mut heard, mut of, mut missed) = (Vec::new(), Vec::new(), Missed::default());
        for n in 0..ticks {
            told(n).into_iter().for_each(|n| there.send(&saying(epoch, n)));
            here.receive(epoch + TICK * n, &mut missed);
            heard.extend(here.heard(Rate::Hz8000).samples());
            let last = *heard.last().unwrap();
            of.push((last > 0).then(|| (last as u32 - 4_000) / 10));
        }
        (heard, of, missed)
    }

    #[test]
    fn a_partial_is_heard_in_the_tick_after_its_own_whoever_ticks_first() {
        // The other ticks after us, before us, or in turns.
        let before = |n: u32| n.checked_sub(1).into_iter().collect();
        let after = |n| vec![n];
        let turns = |n: u32| match n % 4 {
            0 => vec![n],
            1 => vec![],
            2 => vec![n - 1],
            _ => vec![n - 1, n],
        };
        for (_, of, missed) in [hear(before, 40), hear(after, 40), hear(turns, 40)] {
            assert_eq!(of, (0..40u32).map(|n| n.checked_sub(1)).collect::<Vec<_>>());
            assert_eq!(missed, Missed::default());
        }
    }

    #[test]
    fn one_that_is_late_fades_without_a_step_and_makes_the_way_longer_until_that_has_no_use() {
        // What is said in the tenth tick comes one later than it should.
        let told = |n: u32| match n {
            0 | 11 => vec![],
            12 => vec![10, 11],
            n => vec![n - 1],
        };
        let (heard, of, missed) = hear(told, 600);
        assert!(worst_jump(&heard) < 250, "{}", worst_jump(&heard));
        assert_eq!(
            (of[10], of[11], of[12], of[510]),
            (Some(9), None, Some(10), Some(508))
        );
        assert_eq!((of[511], of[599], missed.late), (Some(510), Some(598), 1));
    }

    #[test]
    fn a_branch_that_stays_a_tick_behind_is_heard_whole() {
        let told = |n: u32| match n {
            0..2 => vec![],
            n if n % 2 == 0 => vec![n - 2, n - 1],
            _ => vec![],
        };
        let (_, of, missed) = hear(told, 1_200);
        assert_eq!(of[5..], (3..1_198).map(Some).collect::<Vec<_>>());
        // The very first was told before there was a way.
        assert_eq!(missed, Missed { late: 1, dropped: 1 });
    }

    #[test]
    fn one_that_stops_falls_silent_and_one_that_makes_up_for_its_ticks_is_heard_at_once() {
        let told = |n: u32| match n {
            0 | 20..40 => vec![],
            // Five ticks late, and the rest given up.
            40 => (35..40).collect(),
            n => vec![n - 1],
        };
        let (heard, of, missed) = hear(told, 60);
        assert!(worst_jump(&heard) < 250, "{}", worst_jump(&heard));
        assert!(of[20..40].iter().all(Option::is_none));
        assert_eq!((of[40], of[59]), (Some(38), Some(57)));
        assert_eq!(missed, Missed { late: 2, dropped: 3 });
    }

    #[test]
    fn a_branch_that_is_given_up_is_not_late() {
        let ((mut here, mut there), epoch) = (Branch::pair(), epoch());
        let mut missed = Missed::default();
        there.send(&saying(epoch, 0));
        drop(there);
        (1..9).for_each(|n| here.receive(epoch + TICK * n, &mut missed));
        assert_eq!(missed, Missed::default());
        assert!(!here.sounds());
    }
}
