//! What a run found: numbers, judgement, and how both are shown.

mod gather;
mod judge;
mod moments;
mod pairs;
mod reported;
mod spread;
mod table;
mod tally;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::Serialize;

pub use moments::Moment;
pub(crate) use moments::Moments;
pub use pairs::{Fault, WrongPair};
pub(crate) use reported::Reported;
pub use reported::{Reports, RoundTrips};
pub use spread::Spread;
pub(crate) use tally::Tally;

use crate::crew::Shared;
use crate::leg::Leg;
use crate::plan::Plan;

/// A run's report. Times are in ms, levels in dBov or dB.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether all was within the limits.
    pub pass: bool,
    /// What was not, one sentence each.
    pub failures: Vec<String>,
    /// What should be known when the numbers are read.
    pub notes: Vec<String>,
    /// Whether the phones were told to leave before the end.
    pub interrupted: bool,
    /// What was asked for.
    pub asked: Asked,
    /// Calls by their fate.
    pub calls: Calls,
    /// INVITE to 200, ms, of calls that were answered.
    pub setup_ms: Spread,
    /// Calls of phones that hung up and called again, where there were any.
    pub again: Option<Again>,
    /// RTP packets.
    pub packets: Packets,
    /// Of these, those of phones that stayed in while others came and went.
    pub packets_kept: Packets,
    /// RTCP, and what it told.
    pub reports: Reports,
    /// Faults inside steady tones.
    pub audio: Audio,
    /// Who heard whom.
    pub heard: Hearing,
    /// From packet in to packet out, ms.
    pub delay_ms: Spread,
    /// The same in the first tenth of the time judged, and in the last: a delay that creeps shows here.
    pub delay_begin_ms: Spread,
    /// See there.
    pub delay_end_ms: Spread,
    /// The simulator's own lateness.
    pub simulator: Simulator,
    /// When packets were more than 5 ms late: tenths of a second, in order; the first ten thousand.
    pub late_moments: Vec<Moment>,
    /// Each phone.
    pub listeners: Vec<Listener>,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// Whom the phones called.
    pub target: String,
    /// Phones.
    pub legs: usize,
    /// Of these, talkers.
    pub talkers: usize,
    /// Codecs with their shares.
    pub codecs: String,
    /// Seconds from the beginning of the run to that of judgement; none where it never came to that.
    pub judged_after_s: Option<f64>,
    /// Seconds that were judged.
    pub seconds: f64,
    /// Calls a second that hung up and called again.
    pub churn: f64,
    /// Whether levels were to be told in packets.
    pub levels: bool,
    /// Whether phones of Opus were to leave silence unsent.
    pub dtx: bool,
    /// Whether the bridge was allowed to.
    pub dtx_back: bool,
    /// Loss that their redundancy was made for, percent; 0 where there was none.
    pub fec: f64,
    /// Phones that stayed in meanwhile.
    pub kept: usize,
    /// Packets lost on purpose, percent.
    pub loss: f64,
    /// The same of the bridge's packets.
    pub loss_back: f64,
    /// Longest time packets were held back, ms.
    pub jitter_ms: u64,
}

/// Calls of phones that hung up and called again.
#[derive(Debug, Clone, Serialize)]
pub struct Again {
    /// Dialled.
    pub asked: usize,
    /// Of these, answered with 200.
    pub answered: usize,
    /// Answered a second, over the time in which phones called again.
    pub per_second: f64,
    /// INVITE to 200, ms.
    pub setup_ms: Spread,
}

/// Calls by their fate.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Calls {
    /// Dialled.
    pub asked: usize,
    /// Answered with 200.
    pub answered: usize,
    /// Of these, phones that told levels in their packets.
    pub levels: usize,
    /// Of these, phones to which silence may be left unsent ([`Asked::dtx_back`]).
    pub spared: usize,
    /// Refused, by status.
    pub refused: BTreeMap<u16, usize>,
    /// Without a final answer.
    pub unanswered: usize,
    /// Answered with an SDP of no use, by what was wrong.
    pub no_audio: BTreeMap<String, usize>,
    /// The bridge hung up first.
    pub hung_up: usize,
    /// Our BYE was answered.
    pub clean_byes: usize,
    /// Our BYE was not.
    pub unanswered_byes: usize,
}

/// RTP packets. Missing and late ones are those of the time that is judged.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Packets {
    /// Sent in whole calls.
    pub sent: u64,
    /// Of these, lost on purpose.
    pub lost_on_purpose: u64,
    /// Received in whole calls.
    pub received: u64,
    /// Packets of silence that were left unsent ([`Asked::dtx`]).
    pub unsent: u64,
    /// Ticks of silence in the time judged that the bridge left unsent, as it may ([`Asked::dtx_back`]): none of those due.
    pub unsent_back: u64,
    /// Packets of comfort noise received in whole calls.
    pub comfort_noise: u64,
    /// Packets of the bridge that were lost on purpose, and are missing.
    pub lost_back_on_purpose: u64,
    /// Packets received that hold the audio of the one before once more (Opus in-band FEC).
    pub redundant: u64,
    /// Packets of the bridge that did not come, and whose audio was had from the one behind them, by phones that listen.
    pub recovered: u64,
    /// Due in the time judged.
    pub due: u64,
    /// Of these, missing.
    pub missing: u64,
    /// More than 5 ms after their time on the grid of their own stream.
    pub late_5ms: u64,
    /// More than 20 ms.
    pub late_20ms: u64,
    /// Lateness, ms: 99 of 100 are below.
    pub lateness_p99_ms: f64,
    /// The latest, ms.
    pub latest_ms: f64,
}

/// Faults inside steady tones.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Audio {
    /// Blocks of 20 ms that should have had a talker's tone, over all talkers and listeners.
    pub blocks: u64,
    /// Times a tone fell silent.
    pub gaps: u64,
    /// Blocks of silence in these.
    pub silent_blocks: u64,
    /// Times a tone dipped or jumped.
    pub dips: u64,
    /// Clicks.
    pub clicks: u64,
    /// Words that were to be heard, of talkers who talk in spurts.
    pub words: u64,
    /// Of these, not heard whole: their beginning or end was cut off.
    pub clipped_words: u64,
    /// Blocks that these were short of.
    pub clipped_blocks: u64,
}

/// Who heard whom: pairs of talker and listener.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Hearing {
    /// Pairs that are together.
    pub pairs: usize,
    /// Heard within 1 dB of what was said.
    pub right: usize,
    /// Heard at another level.
    pub off_level: usize,
    /// Not heard, or less than half of the time.
    pub not_heard: usize,
    /// Largest difference of level, dB.
    pub worst_db: f32,
    /// Talkers who heard themselves.
    pub own_voice: usize,
    /// Loudest own voice, dBov.
    pub own_loudest_dbov: Option<f32>,
    /// Pairs of different meetings that heard each other.
    pub elsewhere: usize,
    /// Loudest of these, dBov.
    pub elsewhere_loudest_dbov: Option<f32>,
    /// Every pair that was not as it should be.
    pub wrong_pairs: Vec<WrongPair>,
}

/// How well the simulator itself kept time.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Simulator {
    /// Packets it sent more than 5 ms after their time.
    pub late_5ms: u64,
    /// More than 20 ms.
    pub late_20ms: u64,
}

/// One phone.
#[derive(Debug, Clone, Serialize)]
pub struct Listener {
    /// Its number, from 0.
    pub leg: usize,
    /// Its codec.
    pub codec: &'static str,
    /// INVITE to 200, ms.
    pub setup_ms: Option<f64>,
    /// What became of its call.
    pub fate: String,
    /// Packets received.
    pub received: u64,
    /// Packets missing in the time judged.
    pub missing: u64,
    /// Ticks of silence in it that the bridge left unsent.
    pub unsent_back: u64,
    /// The latest packet, ms.
    pub latest_ms: f64,
    /// Round trips by RTCP, ms.
    pub round_trip_ms: RoundTrips,
    /// Its packets that the bridge misses, by its last report; none where it did not report.
    pub reported_lost: Option<i32>,
    /// By talker: level against what was said, dB; none where not heard or not to be heard.
    pub levels_db: Vec<Option<f32>>,
}

impl Report {
    /// Gathers what the phones found and judges it.
    pub(crate) fn new(plan: &Plan, legs: &mut [Leg], past: Tally, shared: &Shared) -> Self {
        let schedule = shared.schedule.get().copied();
        let mut report = gather::gather(plan, legs, past, shared.epoch, schedule);
        report.interrupted = shared.stop.load(Ordering::Relaxed);
        report.failures = judge::failures(&report, &plan.options);
        report.notes = judge::notes(&report);
        report.pass = report.failures.is_empty();
        report
    }
}

#[cfg(test)]
mod tests;
