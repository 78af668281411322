//! Everything that a leg counts, each with a value of its own, on its way to the page and to the API.

use ::media::{Echo, Way};
use model::{EchoView, Incoming, Outgoing, Playout, QualityView, Score};

use super::*;

const LEG: LegId = LegId(7);

/// Without a default for the rest, so that whoever adds a field comes by here.
const WHOLE: Quality = Quality {
    received: 5_000,
    lost: 102,
    loss_bursts: 51,
    late: 103,
    duplicated: 104,
    overflowed: 105,
    concealed_ms: 106,
    recovered: 107,
    recovered_ms: 108,
    shortened_ms: 109,
    stretched_ms: 110,
    jitter_ms: 111,
    depth_ms: 112,
    target_ms: 113,
    level_dbov: Some(-24),
    speech_dbov: Some(-26),
    noise_dbov: Some(-62),
    clipped_ms: 114,
    agc_gain_db: -7,
    music_suspected: true,
    music_ms: 115,
    echo: Some(Echo {
        delay_ms: 240,
        loss_db: 31,
    }),
    echo_ms: 116,
    malformed: 117,
    foreign: 118,
    wrong_payload_type: 119,
    ssrc_changes: 120,
    ssrc_refused: 121,
    resyncs: 122,
    comfort_noise: 123,
    comfort_noise_sent: 124,
    malformed_extensions: 125,
    false_levels: 126,
    digits: 127,
    digits_dropped: 128,
    sent: 129,
    send_withheld: 130,
    rtcp_received: 131,
    rtcp_sent: 132,
    rtcp_byes: 133,
    rtt_ms: Some(134),
    remote_fraction_lost: Some(64),
    remote_lost_lately: Some(16_384),
    remote_lost: Some(135),
    remote_jitter_ms: Some(136),
};

/// What is counted, as the page names it, with the values of [`WHOLE`].
const COUNTED: [(&str, f64); 27] = [
    ("rtp_received_packets", 5_000.0),
    ("rtp_sent_packets", 129.0),
    ("rtp_lost_packets", 102.0),
    ("rtp_loss_bursts", 51.0),
    ("rtp_late_packets", 103.0),
    ("rtp_duplicated_packets", 104.0),
    ("rtp_overflowed_packets", 105.0),
    ("rtp_comfort_noise_packets", 123.0),
    ("rtp_wrong_type_packets", 119.0),
    ("rtp_other_source_packets", 121.0),
    ("rtp_withheld_packets", 130.0),
    ("rtp_source_changes", 120.0),
    ("rtp_timing_restarts", 122.0),
    ("media_malformed_datagrams", 117.0),
    ("media_foreign_datagrams", 118.0),
    ("rtcp_received_datagrams", 131.0),
    ("rtcp_sent_datagrams", 132.0),
    ("rtcp_byes", 133.0),
    ("digits", 127.0),
    ("digits_dropped", 128.0),
    ("audio_concealed_seconds", 0.106),
    ("audio_recovered_seconds", 0.108),
    ("audio_shortened_seconds", 0.109),
    ("audio_stretched_seconds", 0.11),
    ("audio_clipped_seconds", 0.114),
    ("audio_music_seconds", 0.115),
    ("audio_echo_seconds", 0.116),
];

/// How one call is spread over what is measured of it.
fn spread() -> [(&'static str, f64); 13] {
    let (heard, hears) = (WHOLE.inbound(), WHOLE.outbound().unwrap());
    [
        ("leg_mos_in", heard.mos()),
        ("leg_mos_out", hears.mos()),
        ("leg_rating_in", heard.rating()),
        ("leg_rating_out", hears.rating()),
        ("leg_loss_ratio", heard.loss),
        ("leg_burst_loss_ratio", heard.burst_ratio),
        ("leg_remote_loss_ratio", 0.25),
        ("leg_speech_below_full_scale_db", 26.0),
        ("leg_noise_below_full_scale_db", 62.0),
        ("leg_jitter_seconds", 0.111),
        ("leg_remote_jitter_seconds", 0.136),
        ("leg_buffer_depth_seconds", 0.112),
        ("leg_round_trip_seconds", 0.134),
    ]
}

/// What readers see of a call of which this was reported for ten seconds, and the page.
fn shown() -> (QualityView, BTreeMap<String, f64>) {
    let metrics = Metrics::new();
    let mut audio = Audio::new(metrics.spreads.clone());
    audio.agreed(LEG, Codec::G722);
    audio.talking(LEG, true);
    for _ in 0..10 {
        audio.report(LEG, &WHOLE);
    }
    let view = QualityView::clone(&audio.views()[&LEG]);
    metrics.media.store(Arc::new(MediaCounts {
        audio: *audio.sum(),
        ..MediaCounts::default()
    }));
    let page = Page::new(metrics, Fixture).text().unwrap();
    (view, samples(&page))
}

fn score(way: Way) -> Score {
    Score {
        loss: way.loss,
        burst_ratio: way.burst_ratio,
        rating: way.rating(),
        mos: way.mos(),
    }
}

#[test]
fn everything_counted_of_a_call_s_audio_stands_on_the_page_under_its_own_name() {
    let (_, samples) = shown();
    let counted = COUNTED.map(|(name, value)| (format!("partyline_{name}_total"), value));
    let spread = spread().map(|(name, value)| (format!("partyline_{name}_sum"), value));
    for (name, value) in counted.into_iter().chain(spread) {
        assert_eq!(samples.get(&name), Some(&value), "{name}");
    }
}

#[test]
fn no_name_of_a_call_s_audio_is_left_out_above_and_no_two_have_the_same_value() {
    let packets = rows::PACKETS.iter().map(|row| row.0);
    let times = rows::TIMES.iter().map(|row| row.0);
    let names: Vec<_> = packets.chain(times).collect();
    assert_eq!(names, COUNTED.map(|(name, _)| name));
    let spreads: BTreeSet<_> = rows::SPREADS.iter().map(|row| row.0).collect();
    assert_eq!(spreads, BTreeSet::from(spread().map(|(name, _)| name)));
    let values = COUNTED.into_iter().chain(spread());
    let different: BTreeSet<_> = values.map(|(_, value)| value.to_bits()).collect();
    assert_eq!(different.len(), COUNTED.len() + spread().len());
}

#[test]
fn everything_known_of_a_call_s_audio_is_seen_by_the_api_in_its_own_place() {
    let expected = QualityView {
        codec: "G722",
        rate_hz: 16_000,
        talking: true,
        incoming: Incoming {
            received: 5_000,
            lost: 102,
            loss_bursts: 51,
            late: 103,
            duplicated: 104,
            overflowed: 105,
            comfort_noise: 123,
            malformed: 117,
            foreign: 118,
            wrong_payload_type: 119,
            source_changes: 120,
            source_refused: 121,
            timing_restarts: 122,
            reports: 131,
            digits: 127,
            digits_dropped: 128,
            jitter_ms: 111,
        },
        playout: Playout {
            depth_ms: 112,
            target_ms: 113,
            concealed_ms: 106,
            recovered_ms: 108,
            shortened_ms: 109,
            stretched_ms: 110,
            clipped_ms: 114,
            level_dbov: Some(-24),
            speech_dbov: Some(-26),
            noise_dbov: Some(-62),
            agc_gain_db: -7,
            music_suspected: true,
            echo: Some(EchoView {
                delay_ms: 240,
                loss_db: 31,
            }),
        },
        outgoing: Outgoing {
            sent: 129,
            withheld: 130,
            reports: 132,
            round_trip_ms: Some(134),
            lost: Some(135),
            jitter_ms: Some(136),
        },
        heard: Some(score(WHOLE.inbound())),
        heard_lately: Some(score(WHOLE.inbound())),
        hears: WHOLE.outbound().map(score),
    };
    assert_eq!(shown().0, expected);
}
