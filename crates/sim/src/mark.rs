//! A talker's mark: the pair of tones by which everybody recognises him.
//!
//! The carrier sounds as long as he talks. The upper tone pauses for 60 ms now and then; its edges are what delay is measured by.

use std::f32::consts::TAU;

use crate::tone::BLOCKS_A_SECOND;

/// Most talkers that can be told apart.
pub(crate) const MOST_TALKERS: usize = 16;
/// Blocks for which the upper tone pauses.
const PAUSE: u64 = 3;
/// Blocks from pause to pause, at least, and for each talker: so that pauses of several talkers stay rare.
const PERIOD_LEAST: u64 = 64;
const PERIOD_EACH: u64 = 16;
/// Blocks of a spurt and the pause after it together; he talks through 40 to 69 of them.
const SPURT: u64 = 100;
const SPURT_TALKS: u64 = 40;
const SPURT_MORE: u64 = 30;

/// When a talker talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Talk {
    /// From beginning to end
    Always,
    /// About half the time: spurts of 0.8 to 1.4 s, each begun 2 s after the last
    Spurts,
}

/// All the marks of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) talkers: usize,
    pub(crate) talk: Talk,
    pub(crate) seed: u64,
}

impl Marks {
    /// Peak amplitude of each tone, in steps of a 16 bit sample: all talkers together stay in the straight part of a mixer's curve.
    pub(crate) fn amplitude(&self) -> f32 {
        (20_000.0 / (2 * self.talkers.max(1)) as f32).clamp(1_400.0, 2_600.0)
    }

    /// Carrier of a talker: 300 to 1800 Hz.
    pub(crate) fn carrier(talker: usize) -> f32 {
        300.0 + 100.0 * talker as f32
    }

    /// His upper tone: 1850 to 3350 Hz. Above every frequency of DTMF, so that no pair is a key.
    pub(crate) fn upper(talker: usize) -> f32 {
        1_850.0 + 100.0 * talker as f32
    }

    /// Whether he talks in block `block` of the run.
    pub(crate) fn talks(&self, talker: usize, block: u64) -> bool {
        match self.talk {
            Talk::Always => true,
            Talk::Spurts => block % SPURT < self.spurt_length(talker, block / SPURT),
        }
    }

    /// The number of the spurt that a block is part of, or of the pause behind it.
    pub(crate) fn spurt(&self, block: u64) -> u64 {
        block / SPURT
    }

    /// Blocks through which he talks in a spurt.
    pub(crate) fn spurt_length(&self, talker: usize, number: u64) -> u64 {
        SPURT_TALKS + self.scatter(talker, number) % SPURT_MORE
    }

    /// Whether his upper tone sounds in this block, given that he talks.
    pub(crate) fn upper_sounds(&self, talker: usize, block: u64) -> bool {
        self.place(talker, block) >= PAUSE
    }

    /// Whether this block begins with an edge of the upper tone inside speech: `Some(true)` where it comes back.
    pub(crate) fn edge(&self, talker: usize, block: u64) -> Option<bool> {
        let inside = block > 0 && self.talks(talker, block) && self.talks(talker, block - 1);
        let edge = match self.place(talker, block) {
            0 => Some(false),
            PAUSE => Some(true),
            _ => None,
        };
        edge.filter(|_| inside)
    }

    /// Blocks from one pause to the next.
    fn period(&self) -> u64 {
        PERIOD_LEAST.max(PERIOD_EACH * self.talkers as u64)
    }

    fn place(&self, talker: usize, block: u64) -> u64 {
        let shift = self.period() / self.talkers.max(1) as u64 * talker as u64;
        (block + shift) % self.period()
    }

    /// A number that differs from spurt to spurt and seed to seed.
    fn scatter(&self, talker: usize, spurt: u64) -> u64 {
        let mixed = (self.seed ^ (talker as u64) << 32 ^ spurt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
    }
}

/// One talker's samples, a period of 20 ms of each tone.
#[derive(Debug)]
pub(crate) struct Voice {
    marks: Marks,
    talker: usize,
    carrier: Vec<i16>,
    upper: Vec<i16>,
}

impl Voice {
    pub(crate) fn new(marks: Marks, talker: usize, rate_hz: u32) -> Self {
        let wave = |hertz: f32| {
            let count = rate_hz / BLOCKS_A_SECOND;
            // Each tone starts elsewhere in its period, or all peaks would meet.
            let phase = hertz * hertz / 1e5;
            let at = |n| marks.amplitude() * (TAU * hertz * n as f32 / rate_hz as f32 + phase).sin();
            (0..count).map(|n| at(n).round() as i16).collect()
        };
        Self {
            marks,
            talker,
            carrier: wave(Marks::carrier(talker)),
            upper: wave(Marks::upper(talker)),
        }
    }

    /// Sample number `at` of the run, 0 where he does not talk.
    pub(crate) fn sample(&self, at: u64) -> i16 {
        let period = self.carrier.len() as u64;
        let (block, n) = (at / period, (at % period) as usize);
        if !self.marks.talks(self.talker, block) {
            0
        } else if self.marks.upper_sounds(self.talker, block) {
            self.carrier[n] + self.upper[n]
        } else {
            self.carrier[n]
        }
    }

    /// An edge of the upper tone at the beginning of the block that begins with sample `at`.
    pub(crate) fn edge(&self, at: u64) -> Option<bool> {
        let period = self.carrier.len() as u64;
        if at.is_multiple_of(period) {
            self.marks.edge(self.talker, at / period)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Hearing, Manner, Mouth, Speech};
    use crate::tone::{Phasor, dbov};

    fn marks(talkers: usize, talk: Talk) -> Marks {
        Marks {
            talkers,
            talk,
            seed: 7,
        }
    }

    /// One block in which all but `silent` talk, through G.711 twice as on the way through a bridge.
    fn mixed(marks: Marks, silent: usize, speech: Speech) -> Vec<i16> {
        let mut mouth = Mouth::new(speech, Manner::default());
        let mut hearing = Hearing::new(speech);
        let mut sum = vec![0_i32; 160];
        for talker in (0..marks.talkers).filter(|talker| *talker != silent) {
            let voice = Voice::new(marks, talker, 8000);
            let said: Vec<i16> = (0..160).map(|n| voice.sample(160 * 10 + n)).collect();
            let payload = mouth.encode(&said);
            for (sum, heard) in sum.iter_mut().zip(hearing.decode(&payload)) {
                *sum += i32::from(*heard);
            }
        }
        let sum: Vec<i16> = sum
            .into_iter()
            .map(|sample| i16::try_from(sample).unwrap())
            .collect();
        let payload = mouth.encode(&sum);
        hearing.decode(&payload).to_vec()
    }

    #[test]
    fn sixteen_talkers_are_told_apart_through_g711() {
        let marks = marks(MOST_TALKERS, Talk::Always);
        for (silent, speech) in (0..MOST_TALKERS).zip([Speech::Pcmu, Speech::Pcma].into_iter().cycle()) {
            let block = mixed(marks, silent, speech);
            assert!(
                block.iter().all(|sample| sample.abs() < 24_000),
                "too loud for a mixer's straight part"
            );
            for talker in 0..MOST_TALKERS {
                let found = Phasor::of(&block, Marks::carrier(talker), 8000.0).amplitude();
                if talker == silent {
                    assert!(
                        dbov(found) < -60.0,
                        "{talker} does not talk but has {} dBov",
                        dbov(found)
                    );
                } else {
                    let off = dbov(found) - dbov(marks.amplitude());
                    assert!(off.abs() < 0.5, "{talker} is {off} dB off with {silent} silent");
                }
            }
        }
    }

    #[test]
    fn the_upper_tone_pauses_for_sixty_milliseconds_with_an_edge_at_each_end() {
        let marks = marks(3, Talk::Always);
        let edges: Vec<_> = (1..200)
            .filter_map(|block| Some((block, marks.edge(1, block)?)))
            .collect();
        assert_eq!(
            edges,
            [
                (43, false),
                (46, true),
                (107, false),
                (110, true),
                (171, false),
                (174, true)
            ]
        );
        assert!((43..46).all(|block| !marks.upper_sounds(1, block)));
        assert!(marks.upper_sounds(1, 42) && marks.upper_sounds(1, 46));
    }

    #[test]
    fn spurts_fill_about_half_the_time_and_differ_with_the_seed() {
        let first = marks(3, Talk::Spurts);
        let second = Marks { seed: 8, ..first };
        let talked = (0..10_000).filter(|block| first.talks(0, *block)).count();
        assert!((4_000..7_000).contains(&talked), "{talked}");
        assert!((0..10_000).any(|block| first.talks(0, block) != second.talks(0, block)));
        assert!((0..10_000).all(|block| first.edge(0, block).is_none() || first.talks(0, block)));
    }
}
