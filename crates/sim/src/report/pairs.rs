//! Pairs of talker and listener, judged one by one: how many are right, and which are not.

use std::fmt::{Display, Formatter, Result};

use serde::Serialize;

use super::Hearing;

/// Heard right: within this much of what was said, dB.
const RIGHT_DB: f32 = 1.0;
/// What must not be heard is below this, dBov.
pub(super) const SILENT_DBOV: f32 = -60.0;

/// A pair that was not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrongPair {
    /// The talker's number, from 0.
    pub talker: usize,
    /// The listener's.
    pub listener: usize,
    /// What was wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What was wrong with a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The talker was to be heard, and was not for half of the time.
    NotHeard {
        /// Blocks of 20 ms in which he was heard.
        heard_blocks: u32,
        /// Blocks in which he talked.
        expected_blocks: u32,
        /// His level in those in which he was heard, against what was said, dB.
        level_db: Option<f32>,
    },
    /// He was heard at another level.
    OffLevel {
        /// Level against what was said, dB.
        level_db: f32,
        /// What it may be more or less, dB.
        within_db: f32,
    },
    /// A talker heard himself.
    OwnVoice {
        /// How loud, dBov.
        loudest_dbov: f32,
        /// How loud it may be, dBov.
        most_dbov: f32,
    },
    /// A talker of another meeting was heard.
    Elsewhere {
        /// How loud, dBov.
        loudest_dbov: f32,
        /// How loud it may be, dBov.
        most_dbov: f32,
    },
}

/// How loud a talker was who was to be heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loudness {
    /// Level against what was said, dB; none where he never was heard.
    pub(super) level_db: Option<f32>,
    pub(super) heard_blocks: u32,
    pub(super) expected_blocks: u32,
}

impl Loudness {
    /// The level, where he was heard for half of the time he talked.
    pub(super) fn lasting_db(self) -> Option<f32> {
        let enough = self.heard_blocks > 0 && self.heard_blocks >= self.expected_blocks / 2;
        self.level_db.filter(|_| enough)
    }
}

impl Hearing {
    /// A pair of which the listener is to hear the talker.
    pub(super) fn together(&mut self, talker: usize, listener: usize, loudness: Loudness) {
        self.pairs += 1;
        let fault = match loudness.lasting_db() {
            None => {
                self.not_heard += 1;
                Fault::NotHeard {
                    heard_blocks: loudness.heard_blocks,
                    expected_blocks: loudness.expected_blocks,
                    level_db: loudness.level_db,
                }
            }
            Some(level_db) => {
                if level_db.abs() > self.worst_db.abs() {
                    self.worst_db = level_db;
                }
                if level_db.abs() <= RIGHT_DB {
                    self.right += 1;
                    return;
                }
                self.off_level += 1;
                Fault::OffLevel {
                    level_db,
                    within_db: RIGHT_DB,
                }
            }
        };
        self.wrong(talker, listener, fault);
    }

    /// A talker and himself.
    pub(super) fn own(&mut self, talker: usize, loudest_dbov: f32) {
        louder(&mut self.own_loudest_dbov, loudest_dbov);
        if loudest_dbov > SILENT_DBOV {
            self.own_voice += 1;
            let fault = Fault::OwnVoice {
                loudest_dbov,
                most_dbov: SILENT_DBOV,
            };
            self.wrong(talker, talker, fault);
        }
    }

    /// A pair of different meetings.
    pub(super) fn apart(&mut self, talker: usize, listener: usize, loudest_dbov: f32) {
        louder(&mut self.elsewhere_loudest_dbov, loudest_dbov);
        if loudest_dbov > SILENT_DBOV {
            self.elsewhere += 1;
            let fault = Fault::Elsewhere {
                loudest_dbov,
                most_dbov: SILENT_DBOV,
            };
            self.wrong(talker, listener, fault);
        }
    }

    fn wrong(&mut self, talker: usize, listener: usize, fault: Fault) {
        self.wrong_pairs.push(WrongPair {
            talker,
            listener,
            fault,
        });
    }
}

fn louder(loudest: &mut Option<f32>, level: f32) {
    *loudest = Some(loudest.map_or(level, |loudest| loudest.max(level)));
}

impl Display for WrongPair {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Self { talker, listener, .. } = self;
        match self.fault {
            Fault::NotHeard {
                heard_blocks,
                expected_blocks,
                level_db,
            } => {
                write!(
                    out,
                    "phone {listener} does not hear talker {talker}: in {heard_blocks} of {expected_blocks} blocks"
                )?;
                level_db.map_or(Ok(()), |level| write!(out, " at {level:+.1} dB"))?;
                write!(out, ", expected in half of them and more")
            }
            Fault::OffLevel { level_db, within_db } => write!(
                out,
                "phone {listener} hears talker {talker} at {level_db:+.1} dB, expected within {within_db} dB of what was said"
            ),
            Fault::OwnVoice {
                loudest_dbov,
                most_dbov,
            } => write!(
                out,
                "phone {listener} hears itself at {loudest_dbov:.0} dBov, expected below {most_dbov} dBov"
            ),
            Fault::Elsewhere {
                loudest_dbov,
                most_dbov,
            } => write!(
                out,
                "phone {listener} hears talker {talker} of another meeting at {loudest_dbov:.0} dBov, expected below {most_dbov} dBov"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(level_db: Option<f32>, heard_blocks: u32) -> Loudness {
        Loudness {
            level_db,
            heard_blocks,
            expected_blocks: 500,
        }
    }

    #[test]
    fn pairs_are_right_off_or_unheard_and_the_wrong_ones_are_named() {
        let mut hearing = Hearing::default();
        let all = [
            heard(Some(0.2), 500),
            heard(Some(-0.9), 250),
            heard(Some(-6.0), 500),
            heard(Some(0.1), 249),
            heard(None, 0),
        ];
        for (listener, loudness) in all.into_iter().enumerate() {
            hearing.together(7, listener, loudness);
        }
        assert_eq!(
            (hearing.pairs, hearing.right, hearing.off_level, hearing.not_heard),
            (5, 2, 1, 2)
        );
        assert_eq!(hearing.worst_db, -6.0);
        let named: Vec<_> = hearing.wrong_pairs.iter().map(WrongPair::to_string).collect();
        assert_eq!(
            named,
            [
                "phone 2 hears talker 7 at -6.0 dB, expected within 1 dB of what was said",
                "phone 3 does not hear talker 7: in 249 of 500 blocks at +0.1 dB, expected in half of them and more",
                "phone 4 does not hear talker 7: in 0 of 500 blocks, expected in half of them and more",
            ]
        );
    }

    #[test]
    fn a_voice_that_must_not_be_heard_counts_above_minus_sixty() {
        let mut hearing = Hearing::default();
        for (phone, level) in [-90.0, -59.0, -70.0].into_iter().enumerate() {
            hearing.own(phone, level);
            hearing.apart(phone, 8, level - 5.0);
        }
        hearing.apart(3, 8, -41.2);
        assert_eq!((hearing.own_voice, hearing.own_loudest_dbov), (1, Some(-59.0)));
        assert_eq!(
            (hearing.elsewhere, hearing.elsewhere_loudest_dbov),
            (1, Some(-41.2))
        );
        let named: Vec<_> = hearing.wrong_pairs.iter().map(WrongPair::to_string).collect();
        assert_eq!(
            named,
            [
                "phone 1 hears itself at -59 dBov, expected below -60 dBov",
                "phone 8 hears talker 3 of another meeting at -41 dBov, expected below -60 dBov",
            ]
        );
    }

    #[test]
    fn a_wrong_pair_says_in_json_what_was_found_and_what_was_expected() {
        let mut hearing = Hearing::default();
        hearing.together(1, 2, heard(Some(-6.5), 500));
        hearing.own(1, -40.0);
        let json = serde_json::to_value(&hearing.wrong_pairs).unwrap();
        assert_eq!(
            json,
            serde_json::json!([
                { "talker": 1, "listener": 2, "fault": "off_level", "level_db": -6.5, "within_db": 1.0 },
                { "talker": 1, "listener": 1, "fault": "own_voice", "loudest_dbov": -40.0, "most_dbov": -60.0 },
            ])
        );
    }
}
