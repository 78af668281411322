//! How good the audio of calls is, as a snapshot of its own: it changes every second for every call, and [`crate::Live`] does not.

use std::sync::Arc;

use imbl::OrdMap;

use crate::LegId;

/// The audio of every call that has any, by call.
pub type Qualities = OrdMap<LegId, Arc<QualityView>>;

/// How good the audio of one call is. Counters are of the whole call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QualityView {
    /// Codec name, such as `PCMU`.
    pub codec: &'static str,
    /// Rate that its audio is decoded at, Hz.
    pub rate_hz: u32,
    /// Whether the caller talks, for at least 60 ms and until 600 ms of silence.
    pub talking: bool,
    /// What came.
    pub incoming: Incoming,
    /// What was made of it.
    pub playout: Playout,
    /// What was sent, and what the phone reports of it.
    pub outgoing: Outgoing,
    /// How good the caller is heard here, over the whole call; nothing before a packet came.
    pub heard: Option<Score>,
    /// The same over the last ten seconds; nothing before there were ten, or when nothing came in them.
    pub heard_lately: Option<Score>,
    /// How good the caller hears, by the phone's reports of the last ten seconds; nothing before it reported.
    pub hears: Option<Score>,
}

/// Packets that came, and what was not taken of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// RTP packets taken.
    pub received: u64,
    /// RTP packets missing.
    pub lost: u64,
    /// Losses in a row count as one here; one of which all have come after all is none.
    pub loss_bursts: u64,
    /// Audio packets that came too late to be played.
    pub late: u64,
    /// RTP packets that came twice.
    pub duplicated: u64,
    /// Audio packets that the full jitter buffer refused.
    pub overflowed: u64,
    /// Packets of comfort noise.
    pub comfort_noise: u64,
    /// Datagrams that are neither RTP nor RTCP.
    pub malformed: u64,
    /// Datagrams from strangers.
    pub foreign: u64,
    /// RTP packets of a payload type that was not agreed on.
    pub wrong_payload_type: u64,
    /// Times the phone changed its source.
    pub source_changes: u64,
    /// RTP packets of a source that was not followed.
    pub source_refused: u64,
    /// Times that the timestamps jumped.
    pub timing_restarts: u64,
    /// RTCP datagrams taken.
    pub reports: u64,
    /// Keys pressed.
    pub digits: u64,
    /// Keys lost because too many came at once.
    pub digits_dropped: u64,
    /// Interarrival jitter, ms.
    pub jitter_ms: u32,
}

/// What the jitter buffer did, and what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playout {
    /// Delay that the jitter buffer adds, ms.
    pub depth_ms: u32,
    /// Delay that it aims at, ms.
    pub target_ms: u32,
    /// Audio invented in place of missing packets, ms.
    pub concealed_ms: u64,
    /// Audio of missing packets had from redundancy, ms.
    pub recovered_ms: u64,
    /// Audio cut out to shorten the delay, ms.
    pub shortened_ms: u64,
    /// Audio stretched to lengthen the delay, ms.
    pub stretched_ms: u64,
    /// Speech with samples at full scale, ms.
    pub clipped_ms: u64,
    /// How loud the caller is now, muted or not, dBov.
    pub level_dbov: Option<i8>,
    /// Level of speech, dBov.
    pub speech_dbov: Option<i8>,
    /// Level between words, dBov.
    pub noise_dbov: Option<i8>,
    /// Gain that brings speech to its level, dB.
    pub agc_gain_db: i8,
    /// Whether it sounds like music, a tone or loud noise, and not like speech.
    pub music_suspected: bool,
    /// Echo of what the caller hears, where one is suspected.
    pub echo: Option<EchoView>,
}

/// A call that sends back what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoView {
    /// From sending to hearing it again, ms.
    pub delay_ms: u16,
    /// By how much weaker it comes back, dB.
    pub loss_db: u8,
}

/// Packets sent, and what the phone's last report says of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets not sent because the phone never answered.
    pub withheld: u64,
    /// RTCP datagrams sent.
    pub reports: u64,
    /// Round trip, ms.
    pub round_trip_ms: Option<u32>,
    /// RTP packets that the phone missed so far.
    pub lost: Option<u32>,
    /// Interarrival jitter there, ms.
    pub jitter_ms: Option<u32>,
}

/// How good one direction is, by the E-model (ITU-T G.107).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Share of the packets that were not heard, lost or too late and not had from redundancy, 0 to 1.
    pub loss: f64,
    /// Mean length of losses in a row over that of random loss; 1 for random, more for bursts.
    pub burst_ratio: f64,
    /// The rating R, 0 to 93.2.
    pub rating: f64,
    /// Mean opinion score, 1 to 4.4.
    pub mos: f64,
}
