//! From what a leg counts to what readers see: the one place where the fields of both meet.

use media::{Codec, Quality, Way};
use model::{EchoView, Incoming, Outgoing, Playout, QualityView, Score};

/// One call.
pub(super) fn of(codec: Codec, talking: bool, quality: &Quality, lately: Option<Score>) -> QualityView {
    QualityView {
        codec: codec.name(),
        rate_hz: codec.rate().hz(),
        talking,
        incoming: incoming(quality),
        playout: playout(quality),
        outgoing: outgoing(quality),
        heard: score(quality),
        heard_lately: lately,
        hears: quality.outbound().map(rated),
    }
}

/// How good the peer is heard; nothing where no packet was to come.
pub(super) fn score(quality: &Quality) -> Option<Score> {
    (quality.received + quality.lost > 0).then(|| rated(quality.inbound()))
}

fn rated(way: Way) -> Score {
    Score {
        loss: way.loss,
        burst_ratio: way.burst_ratio,
        rating: way.rating(),
        mos: way.mos(),
    }
}

fn incoming(quality: &Quality) -> Incoming {
    Incoming {
        received: quality.received,
        lost: quality.lost,
        loss_bursts: quality.loss_bursts,
        late: quality.late,
        duplicated: quality.duplicated,
        overflowed: quality.overflowed,
        comfort_noise: quality.comfort_noise,
        malformed: quality.malformed,
        foreign: quality.foreign,
        wrong_payload_type: quality.wrong_payload_type,
        source_changes: quality.ssrc_changes,
        source_refused: quality.ssrc_refused,
        timing_restarts: quality.resyncs,
        reports: quality.rtcp_received,
        digits: quality.digits,
        digits_dropped: quality.digits_dropped,
        jitter_ms: quality.jitter_ms,
    }
}

fn playout(quality: &Quality) -> Playout {
    Playout {
        depth_ms: quality.depth_ms,
        target_ms: quality.target_ms,
        concealed_ms: quality.concealed_ms,
        recovered_ms: quality.recovered_ms,
        shortened_ms: quality.shortened_ms,
        stretched_ms: quality.stretched_ms,
        clipped_ms: quality.clipped_ms,
        level_dbov: quality.level_dbov,
        speech_dbov: quality.speech_dbov,
        noise_dbov: quality.noise_dbov,
        agc_gain_db: quality.agc_gain_db,
        music_suspected: quality.music_suspected,
        echo: quality.echo.map(|echo| EchoView {
            delay_ms: echo.delay_ms,
            loss_db: echo.loss_db,
        }),
    }
}

fn outgoing(quality: &Quality) -> Outgoing {
    Outgoing {
        sent: quality.sent,
        withheld: quality.send_withheld,
        reports: quality.rtcp_sent,
        round_trip_ms: quality.rtt_ms,
        lost: quality.remote_lost,
        jitter_ms: quality.remote_jitter_ms,
    }
}
