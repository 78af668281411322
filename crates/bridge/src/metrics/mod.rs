//! What is measured, as it is shown: the audio of each call to the API, sums of everything as a page for Prometheus.
//!
//! Nothing here reads a clock or opens a socket. Who counts keeps plain counters and lays a copy down here once a second, or counts here at
//! once where several threads do; the page is written from that when somebody asks. Labels have fixed sets of values: no call, meeting,
//! tenant, number or address ever stands on the page.

mod audio;
mod deliveries;
mod page;
mod recordings;
mod requests;
mod rows;
mod scribe;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use media::Quality;
use mixer::Stats;
use model::Qualities;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

pub(crate) use audio::Audio;
pub(crate) use deliveries::Deliveries;
pub(crate) use page::{EventCounts, Page, Sources, StoreCounts, TransportCounts};
pub(crate) use recordings::Recordings;
pub(crate) use requests::Requests;

use crate::control::Counts;

/// What others lay down, and what is counted here.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// The audio of every call.
    pub(crate) qualities: ArcSwap<Qualities>,
    /// Audio, mixer and ports.
    pub(crate) media: ArcSwap<MediaCounts>,
    /// Control and signalling.
    pub(crate) control: ArcSwap<ControlCounts>,
    /// From INVITE to answer, seconds.
    pub(crate) set_up: Histogram,
    /// Scores, levels and delays of calls.
    pub(crate) spreads: Spreads,
    /// REST.
    pub(crate) requests: Requests,
    /// Webhooks.
    pub(crate) deliveries: Deliveries,
    /// Recordings.
    pub(crate) recordings: Recordings,
    /// Records that were kept long enough.
    pub(crate) records_forgotten: Counter,
    /// Changes by REST that were answered before their audit was on disk.
    pub(crate) audits_late: Counter,
    /// Access codes refused unread, since too many had been chosen where others could have them.
    pub(crate) codes_refused: Counter,
    /// Logins of accounts refused unread, since too many had been chosen that were others'.
    pub(crate) logins_refused: Counter,
    /// Lists of what is stored that were not read.
    pub(crate) lists: UnreadLists,
    /// What limits of the API did.
    pub(crate) limited: api::Limited,
    /// Snapshots that the hub of events was not told of, since too many waited.
    pub(crate) snapshots_untold: Counter,
}

/// Lists of what is stored that were not read.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnreadLists {
    /// Given up after their time.
    pub(crate) too_long: Counter,
    /// Not begun, since too many others were being read.
    pub(crate) crowded: Counter,
}

/// What the port of media lays down.
#[derive(Clone, Debug, Default)]
pub(crate) struct MediaCounts {
    /// Counters of all calls there ever were.
    pub(crate) audio: Quality,
    /// The mixer's shards, in their order.
    pub(crate) shards: Vec<ShardCounts>,
    /// Prompts encoded before they are played.
    pub(crate) prompts: PromptCounts,
    /// Port pairs in use.
    pub(crate) ports_in_use: usize,
    /// Calls for which no port pair could be had.
    pub(crate) ports_refused: u64,
}

/// Prompts encoded before they are played.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PromptCounts {
    /// Bytes that are kept of them.
    pub(crate) bytes: usize,
    /// How many were encoded.
    pub(crate) encoded: u64,
    /// Given up to make room.
    pub(crate) gave_way: u64,
    /// Not encoded because too many waited.
    pub(crate) put_off: u64,
    /// Agreed for a call in a format of which nothing is made ahead, as there are too many.
    pub(crate) beyond: u64,
}

/// One shard of the mixer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShardCounts {
    /// By its last report.
    pub(crate) stats: Stats,
    /// Share of its time that it needed in the fifth of a second before that, percent; at least 100 where it was behind.
    pub(crate) load_percent: u8,
    /// Worst lateness of a tick since this was taken last.
    pub(crate) worst_late: Duration,
    /// Longest time that a tick took since this was taken last.
    pub(crate) worst_tick: Duration,
    /// Orders that wait for it.
    pub(crate) orders_waiting: usize,
    /// Whether it has told of no tick for seconds.
    pub(crate) hangs: bool,
}

impl ShardCounts {
    /// Takes in its report.
    pub(crate) fn note(&mut self, stats: Stats, load_percent: u8) {
        self.worst_late = self.worst_late.max(stats.worst_late);
        self.worst_tick = self.worst_tick.max(stats.worst_tick);
        (self.stats, self.load_percent) = (stats, load_percent);
    }

    /// What there is to tell.
    pub(crate) fn take(&mut self) -> Self {
        let counts = *self;
        (self.worst_late, self.worst_tick) = (Duration::ZERO, Duration::ZERO);
        counts
    }
}

/// What control's thread lays down.
#[derive(Clone, Debug, Default)]
pub(crate) struct ControlCounts {
    /// Of control.
    pub(crate) calls: Counts,
    /// Of signalling.
    pub(crate) sip: sip::Counters,
}

/// How calls are spread over what is measured of them: each is counted once for every ten seconds that it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Spreads {
    /// Score of what is heard of the caller.
    pub(crate) mos_in: Histogram,
    /// Score of what the caller hears.
    pub(crate) mos_out: Histogram,
    /// The rating R that the first score is made of.
    pub(crate) rating_in: Histogram,
    /// The rating R that the other score is made of.
    pub(crate) rating_out: Histogram,
    /// Level of the caller's speech, −dBov.
    pub(crate) speech: Histogram,
    /// Level of the noise between the caller's words, −dBov.
    pub(crate) noise: Histogram,
    /// Share of the caller's packets that was not heard.
    pub(crate) loss: Histogram,
    /// How much longer losses in a row were than chance makes them, where packets were lost: the burst ratio of G.107.
    pub(crate) burst_ratio: Histogram,
    /// Share of our packets that the phone missed, by its reports of ten seconds.
    pub(crate) remote_loss: Histogram,
    /// Interarrival jitter, seconds.
    pub(crate) jitter: Histogram,
    /// Interarrival jitter at the phone, by its last report, seconds.
    pub(crate) remote_jitter: Histogram,
    /// Depth of the jitter buffer, seconds.
    pub(crate) depth: Histogram,
    /// Round trip, seconds.
    pub(crate) round_trip: Histogram,
}

/// Scores below which users are dissatisfied more and more (G.107, annex B): nearly all, many, some, none.
const SCORES: [f64; 7] = [1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.3];
/// Ratings with the same limits among them.
const RATINGS: [f64; 8] = [20.0, 35.0, 50.0, 60.0, 70.0, 80.0, 90.0, 92.0];
/// Speech in dB below full scale: too loud before 12, too faint from 35 on, 26 aimed at. Without a sign, since the sum of what a histogram
/// holds may only grow (OpenMetrics), and as packets tell it (RFC 6464).
const SPEECH_DB: [f64; 9] = [6.0, 12.0, 18.0, 22.0, 26.0, 30.0, 35.0, 45.0, 60.0];
/// Noise in dB below full scale: heard as such before 45, and no more from 60 on.
const NOISE_DB: [f64; 9] = [30.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 80.0];
/// Shares of packets lost: nobody notices below 1 %, and above 10 % nobody understands.
const LOSSES: [f64; 9] = [0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5];
/// Burst ratios: 1 of losses by chance, above 2 of a way that fails for moments.
const BURSTS: [f64; 8] = [1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0];
const DELAYS_S: [f64; 9] = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.3, 0.5];

impl Default for Spreads {
    fn default() -> Self {
        Self {
            mos_in: Histogram::new(SCORES),
            mos_out: Histogram::new(SCORES),
            rating_in: Histogram::new(RATINGS),
            rating_out: Histogram::new(RATINGS),
            speech: Histogram::new(SPEECH_DB),
            noise: Histogram::new(NOISE_DB),
            loss: Histogram::new(LOSSES),
            burst_ratio: Histogram::new(BURSTS),
            remote_loss: Histogram::new(LOSSES),
            jitter: Histogram::new(DELAYS_S),
            remote_jitter: Histogram::new(DELAYS_S),
            depth: Histogram::new(DELAYS_S),
            round_trip: Histogram::new(DELAYS_S),
        }
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            qualities: ArcSwap::default(),
            media: ArcSwap::default(),
            control: ArcSwap::default(),
            set_up: Histogram::new([0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0]),
            spreads: Spreads::default(),
            requests: Requests::default(),
            deliveries: Deliveries::default(),
            recordings: Recordings::default(),
            records_forgotten: Counter::default(),
            audits_late: Counter::default(),
            codes_refused: Counter::default(),
            logins_refused: Counter::default(),
            lists: UnreadLists::default(),
            limited: api::Limited::default(),
            snapshots_untold: Counter::default(),
        })
    }
}
