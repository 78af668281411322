//! Words of one talker as one listener hears them: whether each is whole, of those who talk in spurts.
//!
//! When a spurt begins and how long it is follows from its number, so that what is cut off at its beginning or its end shows without a
//! look at the talker: it is heard for less time than it was said. What is missing inside of it is told as gaps.

use std::time::{Duration, Instant};

use crate::mark::Marks;

/// The tone is there from this share of its amplitude: a block in which it begins or ends counts where it has half of it.
const THERE: f32 = 0.5;
/// Blocks of silence before a word, at least, for its beginning to be its beginning, and blocks behind it for its end.
const BEFORE: u64 = 5;
const BEHIND: u64 = 25;
/// Blocks that a word may be short of: one at either end, where blocks of talker and listener do not begin together, and ramps.
const ENDS: u64 = 2;
const BLOCK: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct Words {
    marks: Marks,
    talker: usize,
    epoch: Instant,
    open: Option<Word>,
    /// Blocks since the tone was last there.
    absent: u64,
    last: Option<u64>,
    /// Words that were said from beginning to end while this listener was judged.
    pub(crate) said: u32,
    /// Those of them that were not heard whole, and the blocks that they were short of.
    pub(crate) clipped: u32,
    pub(crate) clipped_blocks: u32,
}

/// A word that is heard: its number, and its blocks up to the last that had the tone.
#[derive(Debug, Clone, Copy)]
struct Word {
    number: u64,
    blocks: u64,
}

impl Words {
    /// Of a talker whose blocks are counted from `epoch`.
    pub(crate) fn new(marks: Marks, talker: usize, epoch: Instant) -> Self {
        Self {
            marks,
            talker,
            epoch,
            open: None,
            absent: 0,
            last: None,
            said: 0,
            clipped: 0,
            clipped_blocks: 0,
        }
    }

    /// One block: the share of its amplitude that the tone has in it.
    pub(crate) fn block(&mut self, at: Instant, share: f32) {
        if share < THERE {
            return self.hole(1);
        }
        let absent = std::mem::take(&mut self.absent);
        match &mut self.open {
            Some(word) => word.blocks += absent + 1,
            None if absent >= BEFORE => {
                let passed = at.saturating_duration_since(self.epoch);
                let block = (passed.as_micros() / BLOCK.as_micros()) as u64;
                let number = self.marks.spurt(block);
                self.open = Some(Word { number, blocks: 1 });
            }
            // What is judged begins within a word.
            None => {}
        }
    }

    /// Blocks without the tone.
    pub(crate) fn hole(&mut self, blocks: u32) {
        self.absent += u64::from(blocks);
        if self.absent >= BEHIND
            && let Some(word) = self.open.take()
        {
            self.end(word);
        }
    }

    fn end(&mut self, word: Word) {
        // Those that were not heard at all.
        let next = self.last.map_or(word.number, |last| last + 1);
        for number in next..word.number {
            self.judge(Word { number, blocks: 0 });
        }
        self.judge(word);
        self.last = Some(word.number);
    }

    fn judge(&mut self, word: Word) {
        let length = self.marks.spurt_length(self.talker, word.number);
        let short = length.saturating_sub(word.blocks);
        self.said += 1;
        if short > ENDS {
            self.clipped += 1;
            self.clipped_blocks += short as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Talk;

    const MARKS: Marks = Marks {
        talkers: 1,
        talk: Talk::Spurts,
        seed: 3,
    };

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    /// Six spurts from block `from` on, heard 130 ms late, as `heard` lets them be: by the number of a spurt and a block in it.
    fn listen(from: u64, heard: impl Fn(u64, u64) -> bool) -> (u32, u32, u32) {
        let begin = epoch();
        let mut words = Words::new(MARKS, 0, begin);
        for block in from..600 {
            let is_there = MARKS.talks(0, block) && heard(block / 100, block % 100);
            let at = begin + BLOCK * block as u32 + Duration::from_millis(130);
            words.block(at, if is_there { 1.0 } else { 0.0 });
        }
        (words.said, words.clipped, words.clipped_blocks)
    }

    #[test]
    fn a_word_is_whole_though_it_lost_a_block_at_either_end_and_some_inside() {
        assert_eq!(listen(90, |_, _| true), (5, 0, 0));
        assert_eq!(listen(90, |_, block| !(20..30).contains(&block)), (5, 0, 0));
        assert_eq!(listen(90, |_, block| block > 1), (5, 0, 0));
    }

    #[test]
    fn a_word_without_its_beginning_or_end_is_clipped_by_what_is_missing() {
        assert_eq!(listen(90, |spurt, block| spurt != 2 || block >= 6), (5, 1, 6));
        let end = |spurt| MARKS.spurt_length(0, spurt);
        assert_eq!(listen(90, |spurt, block| block + 3 < end(spurt)), (5, 5, 15));
    }

    #[test]
    fn a_word_that_is_not_heard_at_all_is_clipped_too() {
        let length = MARKS.spurt_length(0, 3);
        assert_eq!(listen(90, |spurt, _| spurt != 3), (5, 1, length as u32));
    }

    #[test]
    fn a_word_that_began_before_anybody_listened_is_not_judged() {
        assert_eq!(listen(10, |_, _| true), (5, 0, 0));
    }
}
