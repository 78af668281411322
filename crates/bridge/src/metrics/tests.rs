mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::media::{Codec, Fallbacks, Quality, Unsent};
use api::{Login, Route};
use axum::http::{Method, StatusCode};
use mixer::{Spent, Stats};
use model::{CallState, CallView, Cause, LegId, Live, Mute, PresenterMedia, Sid};
use prometheus_parse::LineInfo;

use super::*;
use crate::control::Shut;
use crate::webhooks::Bound;

/// What stands in the world and must not stand on the page.
const SECRETS: [&str; 5] = ["15162065319", "111222", "sid-alice", "192.0.2.7", "6889184"];

struct Fixture;

impl Sources for Fixture {
    fn live(&self) -> Arc<Live> {
        let view = CallView {
            leg: LegId(6_889_184),
            subscriber_sid: Sid::new("sid-alice"),
            did_group: model::DidGroupId(219),
            access_code: "111222".into(),
            address_from: "sip:alice@192.0.2.7".into(),
            address_to: String::new(),
            callee: "15162065319".into(),
            caller: "+15162065319".into(),
            codec: "PCMU".into(),
            outbound: false,
            created_ms: 0,
            joined_ms: None,
            custom_name: String::new(),
            gain_db: 0,
            held: false,
            mute: Mute::default(),
            operator: model::OperatorMode::None,
            question: model::Question::None,
            presenter_media: PresenterMedia::NONE,
            meeting: None,
            role: None,
            state: CallState::Menu,
        };
        let mut live = Live::default();
        live.calls.insert(view.leg, Arc::new(view));
        Arc::new(live)
    }

    fn store(&self) -> StoreCounts {
        StoreCounts {
            records: store::RecordCounts {
                written: 12,
                dropped: 3,
                waiting: 4,
                ..store::RecordCounts::default()
            },
            ..StoreCounts::default()
        }
    }

    fn events(&self) -> EventCounts {
        EventCounts {
            pending: 6,
            overflowed: 8,
            expired: 10,
            ..EventCounts::default()
        }
    }

    fn transport(&self) -> TransportCounts {
        TransportCounts {
            datagrams_dropped: 5,
            datagrams_unrouted: 23,
            routes_forgotten: 10_000,
            ..TransportCounts::default()
        }
    }
}

fn metrics() -> Arc<Metrics> {
    let metrics = Metrics::new();
    let mut audio = Audio::new(metrics.spreads.clone());
    audio.agreed(LegId(6_889_184), Codec::G722);
    audio.talking(LegId(6_889_184), true);
    let quality = Quality {
        received: 95,
        lost: 5,
        concealed_ms: 1_500,
        speech_dbov: Some(-26),
        noise_dbov: Some(-62),
        ..Quality::default()
    };
    for _ in 0..10 {
        audio.report(LegId(6_889_184), &quality);
    }
    metrics.qualities.store(Arc::new(audio.views().clone()));
    metrics.media.store(Arc::new(MediaCounts {
        audio: *audio.sum(),
        shards: vec![ShardCounts {
            stats: Stats {
                ticks: 100,
                lag: Duration::from_micros(6_500),
                spent: Spent {
                    ticks: [90, 5, 4, 0, 0, 0, 0, 0, 1],
                    total: Duration::from_millis(130),
                },
                fallbacks: Fallbacks {
                    read_singly: 8,
                    undated: 9,
                    unsent: Unsent {
                        datagrams: 11,
                        error: None,
                    },
                },
                ..Stats::default()
            },
            load_percent: 37,
            worst_tick: Duration::from_millis(45),
            hangs: true,
            ..ShardCounts::default()
        }],
        ..MediaCounts::default()
    }));
    metrics.set_up.observe(0.2);
    metrics.recordings.started.inc();
    metrics.records_forgotten.inc_by(7);
    metrics.audits_late.inc_by(2);
    metrics.codes_refused.inc_by(8);
    metrics.logins_refused.inc_by(9);
    metrics.lists.too_long.inc_by(3);
    metrics.lists.crowded.inc_by(4);
    metrics.snapshots_untold.inc_by(14);
    metrics.requests.handshakes_too_long.inc_by(15);
    metrics.limited.note(|counts| {
        *counts = api::LimitCounts {
            logins_forgotten: 16,
            wrong_logins_forgotten: 17,
            checks_refused: 18,
            keys_refused: 19,
            keys_refused_for_account: 20,
            keys_refused_for_tenant: 23,
            keys_refused_for_all: 21,
            answers_unkept: 22,
        };
    });
    metrics.control.store(Arc::new(ControlCounts {
        sip: sip::Counters {
            shed_bytes: 12,
            forgotten_refusals: 13,
            ..sip::Counters::default()
        },
        ..ControlCounts::default()
    }));
    metrics.recordings.gap_ms.inc_by(1_500);
    metrics.deliveries.hold_up(Bound::Account);
    metrics.deliveries.forgotten.inc_by(9);
    for (route, status, login) in [
        (Some("/conference/v1/calls/:id"), StatusCode::OK, Login::Good),
        (
            Some("/conference/v1/calls/:id"),
            StatusCode::UNAUTHORIZED,
            Login::Wrong,
        ),
        (None, StatusCode::NOT_FOUND, Login::Good),
    ] {
        let route = route.map(|route| Route(route.into()));
        let method = Method::from_bytes(b"6889184").unwrap();
        for method in [Method::GET, method] {
            let took = Duration::from_millis(3);
            metrics
                .requests
                .answer(route.as_ref(), &method, status, Some(login), took);
        }
    }
    metrics
}

fn page() -> String {
    Page::new(metrics(), Fixture).text().unwrap()
}

/// Every sample as `name{labels}` and its value.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    for line in page.lines() {
        match LineInfo::parse(line) {
            LineInfo::Sample {
                metric_name,
                labels,
                value,
                timestamp,
            } => {
                assert_eq!(timestamp, None, "{line}");
                let labels = labels.map(|labels| format!("{{{labels}}}"));
                let key = format!("{metric_name}{}", labels.unwrap_or_default());
                let before = samples.insert(key, value.parse().expect(line));
                assert_eq!(before, None, "{line} stands there twice");
            }
            LineInfo::Doc { doc, .. } => assert!(doc.ends_with('.'), "{line}"),
            LineInfo::Type { .. } => {}
            LineInfo::Empty | LineInfo::Ignored => panic!("{line:?} can not be read"),
        }
    }
    samples
}

#[test]
fn the_page_tells_what_was_counted() {
    let samples = samples(&page());
    for (name, value) in [
        (r#"partyline_calls{state="menu",direction="inbound"}"#, 1.0),
        (r#"partyline_calls{state="in_meeting",direction="inbound"}"#, 0.0),
        (r#"partyline_meetings{state="in_progress"}"#, 0.0),
        (r#"partyline_legs{codec="G722"}"#, 1.0),
        ("partyline_legs_talking", 1.0),
        (
            r#"partyline_calls_ended_total{class="overload",cause="bridge_full"}"#,
            0.0,
        ),
        (r#"partyline_calls_shut_out_total{reason="max_load"}"#, 0.0),
        (r#"partyline_sip_events_total{event="malformed"}"#, 0.0),
        (r#"partyline_sip_events_total{event="shed_bytes"}"#, 12.0),
        (r#"partyline_sip_events_total{event="forgotten_refusals"}"#, 13.0),
        ("partyline_rtp_lost_packets_total", 5.0),
        ("partyline_audio_concealed_seconds_total", 1.5),
        ("partyline_leg_mos_in_count", 1.0),
        ("partyline_leg_mos_out_count", 0.0),
        ("partyline_leg_rating_in_count", 1.0),
        ("partyline_leg_rating_out_count", 0.0),
        ("partyline_leg_loss_ratio_sum", 0.05),
        ("partyline_leg_burst_loss_ratio_count", 0.0),
        ("partyline_leg_remote_loss_ratio_count", 0.0),
        ("partyline_leg_remote_jitter_seconds_count", 0.0),
        ("partyline_leg_speech_below_full_scale_db_sum", 26.0),
        ("partyline_leg_noise_below_full_scale_db_sum", 62.0),
        (r#"partyline_mixer_ticks_total{shard="0"}"#, 100.0),
        (r#"partyline_mixer_singly_read_datagrams_total{shard="0"}"#, 8.0),
        (r#"partyline_mixer_undated_datagrams_total{shard="0"}"#, 9.0),
        (r#"partyline_mixer_unsent_datagrams_total{shard="0"}"#, 11.0),
        (r#"partyline_mixer_load_ratio{shard="0"}"#, 0.37),
        (r#"partyline_mixer_hung{shard="0"}"#, 1.0),
        (r#"partyline_mixer_worst_tick_seconds{shard="0"}"#, 0.045),
        (r#"partyline_mixer_send_delay_seconds{shard="0"}"#, 0.0065),
        (r#"partyline_mixer_tick_seconds_count{shard="0"}"#, 100.0),
        (r#"partyline_mixer_tick_seconds_sum{shard="0"}"#, 0.13),
        (
            r#"partyline_mixer_tick_seconds_bucket{shard="0",le="0.02"}"#,
            99.0,
        ),
        (
            r#"partyline_mixer_tick_seconds_bucket{shard="0",le="+Inf"}"#,
            100.0,
        ),
        ("partyline_call_setup_seconds_count", 1.0),
        ("partyline_recordings", 0.0),
        ("partyline_recordings_started_total", 1.0),
        ("partyline_recording_gap_seconds_total", 1.5),
        ("partyline_sip_datagrams_dropped_total", 5.0),
        ("partyline_sip_datagrams_unrouted_total", 23.0),
        ("partyline_sip_routes_forgotten_total", 10_000.0),
        ("partyline_event_snapshots_untold_total", 14.0),
        ("partyline_api_handshakes_too_long_total", 15.0),
        ("partyline_api_logins_forgotten_total", 16.0),
        ("partyline_api_wrong_logins_forgotten_total", 17.0),
        ("partyline_api_password_checks_refused_total", 18.0),
        (r#"partyline_api_keys_refused_total{limit="keys"}"#, 19.0),
        (r#"partyline_api_keys_refused_total{limit="account_bytes"}"#, 20.0),
        (r#"partyline_api_keys_refused_total{limit="tenant_bytes"}"#, 23.0),
        (r#"partyline_api_keys_refused_total{limit="all_bytes"}"#, 21.0),
        ("partyline_api_answers_unkept_total", 22.0),
        (
            r#"partyline_api_requests_total{route="/conference/v1/calls/:id",method="GET",status="4xx"}"#,
            1.0,
        ),
        (
            r#"partyline_api_requests_total{route="none",method="other",status="4xx"}"#,
            1.0,
        ),
        (r#"partyline_api_logins_total{credentials="wrong"}"#, 2.0),
        ("partyline_api_request_seconds_count", 6.0),
        ("partyline_records_written_total", 12.0),
        ("partyline_records_waiting", 4.0),
        ("partyline_records_forgotten_total", 7.0),
        ("partyline_audits_late_total", 2.0),
        ("partyline_chosen_codes_refused_total", 8.0),
        ("partyline_chosen_logins_refused_total", 9.0),
        ("partyline_lists_too_long_total", 3.0),
        ("partyline_lists_crowded_total", 4.0),
        ("partyline_webhook_deliveries_pending", 6.0),
        ("partyline_webhook_deliveries_overflowed_total", 8.0),
        ("partyline_webhook_deliveries_expired_total", 10.0),
        ("partyline_webhook_deliveries_forgotten_total", 9.0),
        (r#"partyline_webhooks_held_up_total{bound="account"}"#, 1.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name} in {samples:#?}");
    }
}

#[test]
fn the_worst_of_a_shard_s_reports_stands_until_it_is_told() {
    let mut counts = ShardCounts::default();
    let report = |late_ms, tick_ms| Stats {
        worst_late: Duration::from_millis(late_ms),
        worst_tick: Duration::from_millis(tick_ms),
        ..Stats::default()
    };
    for stats in [report(3, 9), report(30, 8), report(2, 45), report(1, 7)] {
        counts.note(stats, 40);
    }
    let told = |counts: ShardCounts| (counts.worst_late.as_millis(), counts.worst_tick.as_millis());
    assert_eq!(told(counts.take()), (30, 45));
    counts.note(report(1, 6), 40);
    assert_eq!(told(counts.take()), (1, 6));
}

#[test]
fn labels_have_values_of_fixed_sets_and_nothing_of_a_call_is_told() {
    let page = page();
    for secret in SECRETS {
        assert!(!page.contains(secret), "{secret}");
    }
    let causes: Vec<_> = Cause::ALL.iter().map(|cause| cause.text()).collect();
    let shut = Shut::ALL.map(Shut::text);
    let dialling = crate::control::Counts::default();
    let reasons: Vec<_> = shut
        .into_iter()
        .chain(dialling.refused_to_dial().map(|(reason, _)| reason))
        .collect();
    let events = sip::Counters::default().named().map(|(name, _)| name);
    let bounds = [Bound::All, Bound::Account, Bound::Webhook, Bound::Tests].map(Bound::text);
    let sets: [(&str, &[&str]); 16] = [
        ("version", &[env!("CARGO_PKG_VERSION")]),
        (
            "state",
            &[
                "ringing",
                "menu",
                "in_meeting",
                "ending",
                "created",
                "waiting",
                "in_progress",
                "stopping",
            ],
        ),
        ("direction", &["inbound", "outbound"]),
        (
            "class",
            &[
                "normal",
                "abandoned",
                "unreached",
                "refused",
                "overload",
                "failed",
            ],
        ),
        ("cause", &causes),
        ("reason", &reasons),
        ("limit", &["keys", "account_bytes", "tenant_bytes", "all_bytes"]),
        ("event", &events),
        ("codec", &["PCMU", "PCMA", "G722", "opus"]),
        ("shard", &["0"]),
        ("route", &["/conference/v1/calls/:id", "none"]),
        (
            "method",
            &["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "other"],
        ),
        ("status", &["1xx", "2xx", "3xx", "4xx", "5xx"]),
        (
            "credentials",
            &["good", "missing", "wrong", "limited", "unchecked"],
        ),
        ("bound", &bounds),
        ("le", &[]),
    ];
    let mut seen = BTreeSet::new();
    for sample in samples(&page).into_keys() {
        let labels = sample
            .split_once('{')
            .map_or("", |(_, labels)| labels.trim_end_matches('}'));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').expect(&sample);
            let (_, set) = sets.iter().find(|(known, _)| *known == name).expect(&sample);
            let value = value.trim_matches('"');
            let fixed =
                set.contains(&value) || name == "le" && (value == "+Inf" || value.parse::<f64>().is_ok());
            assert!(fixed, "{sample}");
            seen.insert(name.to_owned());
        }
    }
    assert_eq!(seen.len(), sets.len(), "{seen:?}");
}
