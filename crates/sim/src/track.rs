//! One talker as one listener hears him: level, gaps, dips, and the edges of his upper tone.

use std::time::{Duration, Instant};

use crate::edges::Edges;
use crate::mark::Talk;
use crate::tone::dbov;
use crate::words::Words;

/// A tone is there from this share of its amplitude, and gone below that one.
const THERE: f32 = 0.8;
const GONE: f32 = 0.1;
/// Tones that change by less of their amplitude from block to block are even.
const EVEN: f32 = 0.05;
/// A carrier away for longer is no gap where he talks in spurts, but a pause: 500 ms.
const LONGEST_GAP: u32 = 25;
/// Length of a block.
const BLOCK: Duration = Duration::from_millis(20);
/// Levels are counted in steps of a quarter of a dB, from 40 dB below to 8 above what was sent.
const STEPS_A_DB: f32 = 4.0;
const LOWEST_DB: f32 = -40.0;
const STEPS: usize = 192;

/// What sounds of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sounds {
    Nothing,
    Carrier,
    Both,
}

/// An edge of the upper tone, where the listener met it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) talker: usize,
    /// Whether the tone came back.
    pub(crate) rises: bool,
    pub(crate) at: Instant,
}

/// The last two blocks: when each began, and which part of the upper tone it had.
type Upper = (Instant, f32);

/// See the module.
#[derive(Debug)]
pub(crate) struct Track {
    talker: usize,
    talk: Talk,
    sent: f32,
    levels: Vec<u32>,
    /// Blocks in which the carrier was there.
    pub(crate) present: u32,
    /// Blocks of silence inside his tone, and how often it fell silent.
    pub(crate) gap_blocks: u32,
    pub(crate) gaps: u32,
    /// Times the tones dipped or jumped without falling silent.
    pub(crate) dips: u32,
    /// Whether both tones were as loud in the last block as in the one before: then nothing leaks into other marks.
    pub(crate) even: bool,
    parts: Option<(f32, f32)>,
    absent: u32,
    heard_before: bool,
    steady: Option<Sounds>,
    changing: Vec<Upper>,
    last: Option<Upper>,
    pub(crate) edges: Edges,
    /// There where he talks in spurts.
    pub(crate) words: Option<Box<Words>>,
}

impl Track {
    /// `sent` is the amplitude of each of his tones.
    pub(crate) fn new(talker: usize, talk: Talk, sent: f32) -> Self {
        Self {
            talker,
            talk,
            sent,
            levels: vec![0; STEPS],
            present: 0,
            gap_blocks: 0,
            gaps: 0,
            dips: 0,
            even: false,
            parts: None,
            absent: 0,
            heard_before: false,
            steady: None,
            changing: Vec::new(),
            last: None,
            edges: Edges::default(),
            words: None,
        }
    }

    /// One block: amplitudes of both tones. Says whether all was steady in it as in the block before.
    pub(crate) fn block(&mut self, at: Instant, carrier: f32, upper: f32) -> bool {
        let (carrier, upper) = (carrier / self.sent, upper / self.sent);
        let parts = self.parts.replace((carrier, upper));
        self.even = parts.is_some_and(|(c, u)| (c - carrier).abs() < EVEN && (u - upper).abs() < EVEN);
        self.count(carrier);
        if let Some(words) = &mut self.words {
            words.block(at, carrier);
        }
        let before = self.steady;
        let Some(now) = sounds(carrier, upper) else {
            if self.changing.len() < 3 {
                self.changing.push((at, upper));
            }
            return false;
        };
        let changed = std::mem::take(&mut self.changing);
        self.compare(before, now, &changed, (at, upper));
        self.steady = Some(now);
        self.last = Some((at, upper));
        before == Some(now) && changed.is_empty()
    }

    /// Blocks that never came: silence in his tone.
    pub(crate) fn hole(&mut self, blocks: u32) {
        self.absent = self.absent.saturating_add(blocks);
        if let Some(words) = &mut self.words {
            words.hole(blocks);
        }
        self.steady = None;
        self.parts = None;
        self.changing.clear();
        self.last = None;
    }

    /// The end of what is judged. Somebody who always talks and was heard is missed up to it.
    pub(crate) fn finish(&mut self) {
        if self.talk == Talk::Always && self.heard_before {
            self.close_gap();
        }
        self.absent = 0;
    }

    /// Middle level of the carrier against what was sent, dB; none where it was never there.
    pub(crate) fn level(&self) -> Option<f32> {
        let half = self.present.div_ceil(2);
        let mut sum = 0;
        let middle = self.levels.iter().position(|count| {
            sum += count;
            half > 0 && sum >= half
        });
        middle.map(|step| LOWEST_DB + (step as f32 + 0.5) / STEPS_A_DB)
    }

    fn count(&mut self, carrier: f32) {
        if carrier < GONE {
            self.absent = self.absent.saturating_add(1);
            return;
        }
        if self.heard_before || self.talk == Talk::Always {
            self.close_gap();
        }
        self.absent = 0;
        self.heard_before = true;
        self.present += 1;
        let step = (dbov(carrier) - dbov(1.0) - LOWEST_DB) * STEPS_A_DB;
        self.levels[(step.max(0.0) as usize).min(STEPS - 1)] += 1;
    }

    fn close_gap(&mut self) {
        if self.absent > 0 && (self.talk == Talk::Always || self.absent < LONGEST_GAP) {
            self.gap_blocks = self.gap_blocks.saturating_add(self.absent);
            self.gaps += 1;
        }
    }

    /// What a change between two steady states, or inside one, means.
    fn compare(&mut self, before: Option<Sounds>, now: Sounds, changed: &[Upper], block: Upper) {
        let rises = match (before, now) {
            (Some(Sounds::Carrier), Sounds::Both) => true,
            (Some(Sounds::Both), Sounds::Carrier) => false,
            (Some(same), now) => {
                self.dips += u32::from(same == now && !changed.is_empty());
                return;
            }
            (None, _) => return,
        };
        if let (Some(last), true) = (self.last, changed.len() <= 1) {
            let blocks: Vec<_> = [last]
                .into_iter()
                .chain(changed.iter().copied())
                .chain([block])
                .collect();
            self.edges.note(Edge {
                talker: self.talker,
                rises,
                at: moment(&blocks, rises),
            });
        }
    }
}

/// What sounds, unless one of the tones is changing.
fn sounds(carrier: f32, upper: f32) -> Option<Sounds> {
    let there = |part: f32| match part {
        part if part > THERE => Some(true),
        part if part < GONE => Some(false),
        _ => None,
    };
    match (there(carrier)?, there(upper)?) {
        (true, true) => Some(Sounds::Both),
        (true, false) => Some(Sounds::Carrier),
        (false, false) => Some(Sounds::Nothing),
        (false, true) => None,
    }
}

/// Where in these blocks the upper tone came or went: the parts of it they have add up to the time before, or after, the edge.
fn moment(blocks: &[Upper], rises: bool) -> Instant {
    let parts = blocks
        .iter()
        .map(|(_, part)| if rises { 1.0 - part } else { *part });
    let place = parts.sum::<f32>().clamp(0.0, blocks.len() as f32 - 0.001);
    let (begin, _) = blocks[place as usize];
    begin + BLOCK.mul_f32(place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: f32 = 2_000.0;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    /// Plays parts of carrier and upper tone, one block each.
    fn play(track: &mut Track, parts: &[(f32, f32)]) {
        let begin = epoch();
        for (n, (carrier, upper)) in parts.iter().enumerate() {
            track.block(begin + BLOCK * n as u32, carrier * A, upper * A);
        }
    }

    #[test]
    fn twenty_silent_milliseconds_are_one_gap() {
        let mut track = Track::new(0, Talk::Always, A);
        play(&mut track, &[(1.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0)]);
        track.finish();
        assert_eq!((track.gaps, track.gap_blocks, track.present), (1, 1, 3));
    }

    #[test]
    fn a_packet_that_never_came_is_one_gap_too() {
        let mut track = Track::new(0, Talk::Always, A);
        play(&mut track, &[(1.0, 1.0); 5]);
        track.hole(1);
        play(&mut track, &[(1.0, 1.0); 5]);
        track.finish();
        assert_eq!((track.gaps, track.gap_blocks, track.dips), (1, 1, 0));
    }

    #[test]
    fn the_pause_between_spurts_is_no_gap_and_a_short_one_is() {
        let pause = |length: usize| {
            let mut track = Track::new(0, Talk::Spurts, A);
            let parts: Vec<_> = [(1.0, 1.0); 5]
                .into_iter()
                .chain(vec![(0.0, 0.0); length])
                .chain([(1.0, 1.0); 5])
                .collect();
            play(&mut track, &parts);
            track.finish();
            track.gaps
        };
        assert_eq!((pause(30), pause(2)), (0, 1));
    }

    #[test]
    fn steady_tones_have_neither_gaps_nor_dips_and_their_level() {
        let mut track = Track::new(0, Talk::Always, A);
        play(&mut track, &[(1.0, 1.0); 50]);
        track.finish();
        assert_eq!((track.gaps, track.dips), (0, 0));
        assert!(track.level().unwrap().abs() < 0.3);
        let mut quieter = Track::new(0, Talk::Always, A);
        play(&mut quieter, &[(0.5, 0.5); 50]);
        assert!((quieter.level().unwrap() + 6.0).abs() < 0.3);
        assert_eq!(Track::new(0, Talk::Always, A).level(), None);
    }

    #[test]
    fn an_edge_is_found_inside_its_block() {
        for (parts, rises, expected) in [
            (vec![(1.0, 1.0), (1.0, 0.25), (1.0, 0.0)], false, 25.0),
            (vec![(1.0, 1.0), (1.0, 1.0), (1.0, 0.0)], false, 40.0),
            (vec![(1.0, 0.0), (1.0, 0.25), (1.0, 1.0)], true, 35.0),
        ] {
            let mut track = Track::new(0, Talk::Always, A);
            let begin = epoch();
            for (n, (carrier, upper)) in parts.iter().enumerate() {
                track.block(begin + BLOCK * n as u32, carrier * A, upper * A);
            }
            let edge = track.edges.kept()[0];
            assert_eq!((track.edges.kept().len(), edge.rises, track.dips), (1, rises, 0));
            let found = (edge.at - begin).as_secs_f32() * 1000.0;
            assert!((found - expected).abs() < 0.1, "{found} instead of {expected}");
        }
    }

    #[test]
    fn tones_that_dip_and_come_back_have_a_dip() {
        let mut track = Track::new(0, Talk::Always, A);
        play(&mut track, &[(1.0, 1.0), (0.4, 0.5), (1.0, 1.0)]);
        assert_eq!((track.dips, track.gaps, track.edges.kept().len()), (1, 0, 0));
    }
}
