use model::{CallView, QualityView, Score};
use schemars::JsonSchema;
use serde::Serialize;

use crate::fields::{Plain, Wire, flag, number, text};

/// How good the audio of a call is; README.md says what each field tells. What is not known is absent.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quality {
    id: u64,
    #[serde(flatten)]
    audio: Option<Audio>,
}

/// The fields of a call whose audio has begun.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct Audio {
    agc_gain_db: i8,
    #[serde(skip_serializing_if = "Option::is_none")]
    burst_loss_ratio: Option<f64>,
    clipped_ms: u64,
    codec: &'static str,
    comfort_noise_packets: u64,
    concealed_ms: u64,
    depth_ms: u32,
    digits: u64,
    digits_dropped: u64,
    duplicated_packets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_delay_ms: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_loss_db: Option<u8>,
    foreign_packets: u64,
    jitter_ms: u32,
    late_packets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    level_dbov: Option<i8>,
    loss_bursts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_percent: Option<f64>,
    lost_packets: u64,
    malformed_packets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_in: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_out: Option<f64>,
    music_suspected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    noise_dbov: Option<i8>,
    other_source_packets: u64,
    overflowed_packets: u64,
    rate_hz: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating_in: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating_out: Option<f64>,
    received_packets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_loss_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_mos_in: Option<f64>,
    recovered_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_jitter_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_loss_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_lost_packets: Option<u32>,
    reports_received: u64,
    reports_sent: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<u32>,
    sent_packets: u64,
    shortened_ms: u64,
    source_changes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speech_dbov: Option<i8>,
    stretched_ms: u64,
    talking: bool,
    target_ms: u32,
    timing_restarts: u64,
    withheld_packets: u64,
    wrong_type_packets: u64,
}

impl Wire for Quality {
    const COLLECTION: &'static str = "quality";
    const PLAIN: &'static [Plain] = &[
        number("agcGainDb"),
        number("burstLossRatio"),
        number("clippedMs"),
        text("codec"),
        number("comfortNoisePackets"),
        number("concealedMs"),
        number("depthMs"),
        number("digits"),
        number("digitsDropped"),
        number("duplicatedPackets"),
        number("echoDelayMs"),
        number("echoLossDb"),
        number("foreignPackets"),
        number("id"),
        number("jitterMs"),
        number("latePackets"),
        number("levelDbov"),
        number("lossBursts"),
        number("lossPercent"),
        number("lostPackets"),
        number("malformedPackets"),
        number("mosIn"),
        number("mosOut"),
        flag("musicSuspected"),
        number("noiseDbov"),
        number("otherSourcePackets"),
        number("overflowedPackets"),
        number("rateHz"),
        number("ratingIn"),
        number("ratingOut"),
        number("receivedPackets"),
        number("recentLossPercent"),
        number("recentMosIn"),
        number("recoveredMs"),
        number("remoteJitterMs"),
        number("remoteLossPercent"),
        number("remoteLostPackets"),
        number("reportsReceived"),
        number("reportsSent"),
        number("roundTripMs"),
        number("sentPackets"),
        number("shortenedMs"),
        number("sourceChanges"),
        number("speechDbov"),
        number("stretchedMs"),
        flag("talking"),
        number("targetMs"),
        number("timingRestarts"),
        number("withheldPackets"),
        number("wrongTypePackets"),
    ];
    const NESTED: &'static [&'static str] = &[];
}

impl Quality {
    /// Of `call`, as far as it is known.
    pub(crate) fn new(call: &CallView, view: Option<&QualityView>) -> Self {
        Self {
            id: call.leg.0,
            audio: view.map(Audio::new),
        }
    }
}

impl Audio {
    fn new(view: &QualityView) -> Self {
        let QualityView {
            incoming,
            playout,
            outgoing,
            ..
        } = view;
        let (heard, lately, hears) = (view.heard, view.heard_lately, view.hears);
        Self {
            agc_gain_db: playout.agc_gain_db,
            burst_loss_ratio: heard.map(|score| rounded(score.burst_ratio, 2)),
            clipped_ms: playout.clipped_ms,
            codec: view.codec,
            comfort_noise_packets: incoming.comfort_noise,
            concealed_ms: playout.concealed_ms,
            depth_ms: playout.depth_ms,
            digits: incoming.digits,
            digits_dropped: incoming.digits_dropped,
            duplicated_packets: incoming.duplicated,
            echo_delay_ms: playout.echo.map(|echo| echo.delay_ms),
            echo_loss_db: playout.echo.map(|echo| echo.loss_db),
            foreign_packets: incoming.foreign,
            jitter_ms: incoming.jitter_ms,
            late_packets: incoming.late,
            level_dbov: playout.level_dbov,
            loss_bursts: incoming.loss_bursts,
            loss_percent: heard.map(percent),
            lost_packets: incoming.lost,
            malformed_packets: incoming.malformed,
            mos_in: heard.map(mos),
            mos_out: hears.map(mos),
            music_suspected: playout.music_suspected,
            noise_dbov: playout.noise_dbov,
            other_source_packets: incoming.source_refused,
            overflowed_packets: incoming.overflowed,
            rate_hz: view.rate_hz,
            rating_in: heard.map(rating),
            rating_out: hears.map(rating),
            received_packets: incoming.received,
            recent_loss_percent: lately.map(percent),
            recent_mos_in: lately.map(mos),
            recovered_ms: playout.recovered_ms,
            remote_jitter_ms: outgoing.jitter_ms,
            remote_loss_percent: hears.map(percent),
            remote_lost_packets: outgoing.lost,
            reports_received: incoming.reports,
            reports_sent: outgoing.reports,
            round_trip_ms: outgoing.round_trip_ms,
            sent_packets: outgoing.sent,
            shortened_ms: playout.shortened_ms,
            source_changes: incoming.source_changes,
            speech_dbov: playout.speech_dbov,
            stretched_ms: playout.stretched_ms,
            talking: view.talking,
            target_ms: playout.target_ms,
            timing_restarts: incoming.timing_restarts,
            withheld_packets: outgoing.withheld,
            wrong_type_packets: incoming.wrong_payload_type,
        }
    }
}

fn percent(score: Score) -> f64 {
    rounded(100.0 * score.loss, 2)
}

fn rating(score: Score) -> f64 {
    rounded(score.rating, 1)
}

fn mos(score: Score) -> f64 {
    rounded(score.mos, 2)
}

fn rounded(value: f64, places: i32) -> f64 {
    let unit = 10f64.powi(places);
    (value * unit).round() / unit
}
