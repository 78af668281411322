//! What one listener hears: payloads in, findings about every talker out.
//!
//! Samples are cut into blocks of 20 ms, whatever the packets' length; each block is searched for every mark. Steady marks repeat exactly
//! every 20 ms, so a block that differs from the one before it has a click or a jump.

use std::time::{Duration, Instant};

use crate::mark::{Marks, Talk};
use crate::presence::Presence;
use crate::tone::{BLOCKS_A_SECOND, Phasor};
use crate::track::Track;
use crate::words::Words;

/// Difference between two blocks that coding and the line's noise can make, in steps of a sample.
const CLICK: i32 = 1_200;
/// The same where Opus is spoken, which gives tones another shape from frame to frame.
const CLICK_OPUS: i32 = 5_000;
/// More of it for the summed noise of everybody who does not talk, per square root of legs.
const CLICK_NOISE: f32 = 80.0;

/// Who a talker is to this listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// In the same meeting.
    Together,
    /// The listener himself.
    Own,
    /// In another meeting.
    Elsewhere,
}

/// What became of one talker's mark.
#[derive(Debug)]
pub(crate) enum Heard {
    /// To be heard.
    Track(Track),
    /// Not to be heard.
    Own(Presence),
    /// Not to be heard either.
    Elsewhere(Presence),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Ear {
    rate: u32,
    /// What is judged; nothing before it is set.
    window: Option<(Instant, Instant)>,
    /// By talker.
    pub(crate) heard: Vec<Heard>,
    /// Blocks judged.
    pub(crate) blocks: u32,
    /// Clicks and jumps in steady tones.
    pub(crate) clicks: u32,
    tolerance: i32,
    clicked: bool,
    next: Option<u32>,
    block: Vec<i16>,
    block_at: Option<Instant>,
    before: Vec<i16>,
}

impl Ear {
    /// For samples at `rate` Hz; `relation` by talker; `legs` of the whole run, and whether any of them speaks Opus; talkers' blocks are
    /// counted from `epoch`.
    pub(crate) fn new(
        marks: Marks,
        rate: u32,
        relation: impl Fn(usize) -> Relation,
        (legs, opus): (usize, bool),
        epoch: Instant,
    ) -> Self {
        let click = if opus { CLICK_OPUS } else { CLICK };
        let talker = |talker| match relation(talker) {
            Relation::Together => {
                let mut track = Track::new(talker, marks.talk, marks.amplitude());
                track.words =
                    (marks.talk == Talk::Spurts).then(|| Box::new(Words::new(marks, talker, epoch)));
                Heard::Track(track)
            }
            Relation::Own => Heard::Own(Presence::default()),
            Relation::Elsewhere => Heard::Elsewhere(Presence::default()),
        };
        let size = (rate / BLOCKS_A_SECOND) as usize;
        Self {
            rate,
            window: None,
            heard: (0..marks.talkers).map(talker).collect(),
            blocks: 0,
            clicks: 0,
            tolerance: click + (CLICK_NOISE * (legs as f32).sqrt()) as i32,
            clicked: false,
            next: None,
            block: Vec::with_capacity(size),
            block_at: None,
            before: Vec::with_capacity(size),
        }
    }

    /// What arrives in this time is judged.
    pub(crate) fn judge(&mut self, from: Instant, to: Instant) {
        self.window = Some((from, to));
    }

    /// Samples that did not come before the packet that begins with number `stamp`.
    pub(crate) fn missing_before(&self, stamp: u32) -> usize {
        let ahead = self.next.map_or(0, |next| stamp.wrapping_sub(next).cast_signed());
        usize::try_from(ahead).unwrap_or(0)
    }

    /// The samples of a packet; `stamp` counts samples at this ear's rate.
    pub(crate) fn hear(&mut self, at: Instant, stamp: u32, samples: &[i16]) {
        if let Some(next) = self.next {
            let ahead = stamp.wrapping_sub(next).cast_signed();
            if ahead < 0 {
                return;
            }
            if ahead > 0 {
                self.hole(at, ahead.unsigned_abs());
            }
        }
        self.next = Some(stamp.wrapping_add(samples.len() as u32));
        for (n, sample) in samples.iter().enumerate() {
            let time = || at + Duration::from_secs_f64(n as f64 / f64::from(self.rate));
            let begin = *self.block_at.get_or_insert_with(time);
            self.block.push(*sample);
            if self.block.len() == self.size() {
                self.block_done(begin);
            }
        }
    }

    /// Samples that did not come by `at`; the block they would have been part of is lost with them.
    fn hole(&mut self, at: Instant, samples: u32) {
        let blocks = (samples + self.block.len() as u32).div_ceil(self.size() as u32);
        self.forget();
        if self.judged(at) {
            for heard in &mut self.heard {
                if let Heard::Track(track) = heard {
                    track.hole(blocks);
                }
            }
        }
    }

    /// Starts anew with the next packet, as with another stream.
    pub(crate) fn restart(&mut self) {
        self.forget();
        self.next = None;
    }

    fn forget(&mut self) {
        self.block.clear();
        self.before.clear();
        self.block_at = None;
    }

    /// The end of what is judged.
    pub(crate) fn finish(&mut self) {
        for heard in &mut self.heard {
            if let Heard::Track(track) = heard {
                track.finish();
            }
        }
    }

    fn size(&self) -> usize {
        (self.rate / BLOCKS_A_SECOND) as usize
    }

    fn judged(&self, at: Instant) -> bool {
        self.window.is_some_and(|(from, to)| (from..to).contains(&at))
    }

    fn block_done(&mut self, begin: Instant) {
        if self.judged(begin) {
            self.blocks += 1;
            let steady = self.marks(begin);
            self.compare(steady);
        }
        std::mem::swap(&mut self.before, &mut self.block);
        self.block.clear();
        self.block_at = None;
    }

    /// Looks for every mark; says whether all of them were as in the block before.
    ///
    /// What must not be heard is looked for only while those who may be heard are even: a tone that comes or goes leaks everywhere.
    fn marks(&mut self, begin: Instant) -> bool {
        let rate = self.rate as f32;
        let block = &self.block;
        let tones = |talker| {
            [Marks::carrier(talker), Marks::upper(talker)].map(|hertz| Phasor::of(block, hertz, rate))
        };
        let (mut steady, mut even) = (true, true);
        for (talker, heard) in self.heard.iter_mut().enumerate() {
            if let Heard::Track(track) = heard {
                let [carrier, upper] = tones(talker).map(Phasor::amplitude);
                steady &= track.block(begin, carrier, upper);
                even &= track.even;
            }
        }
        for (talker, heard) in self.heard.iter_mut().enumerate().filter(|_| even) {
            match heard {
                Heard::Track(_) => {}
                Heard::Own(presence) | Heard::Elsewhere(presence) => presence.block(tones(talker)),
            }
        }
        steady
    }

    /// Several clicks in neighbouring blocks are one: each shows twice, where it comes and where it has gone.
    fn compare(&mut self, steady: bool) {
        let difference = self
            .block
            .iter()
            .zip(&self.before)
            .map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs());
        let click = steady && difference.max().unwrap_or(0) > self.tolerance;
        self.clicks += u32::from(click && !self.clicked);
        self.clicked = click;
    }
}

/// Blocks of `window` in which a talker talks, by the run's clock: `from` is the number of its first block.
pub(crate) fn expected_blocks(marks: &Marks, talker: usize, from: u64, blocks: u64) -> u32 {
    match marks.talk {
        Talk::Always => blocks as u32,
        Talk::Spurts => (from..from + blocks)
            .filter(|block| marks.talks(talker, *block))
            .count() as u32,
    }
}

#[cfg(test)]
mod tests;
