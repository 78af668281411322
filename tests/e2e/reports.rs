//! RTCP both ways: what phones report of the bridge's packets is seen and acted on, and what it reports of theirs is right.

use std::time::Duration;

use serde_json::Value;

use crate::quality::{PHONES, during, quality_once, sum};
use crate::support::bridge::Bridge;
use crate::support::until::{alone, until_true};

/// Phones of three kinds, of which those with Opus understand redundancy; talkers pause, since a tone that never ends is no speech.
const PHONES_OF_ALL_KINDS: [&str; 4] = ["--codec", "PCMU=2,opus=2,opus16=2", "--talk", "spurts"];
/// Reports of a phone after which it is looked at: the first comes after a second or two.
const REPORTS: u64 = 2;

/// A run with this more, and the quality of its calls once each phone has reported often enough.
fn run(bridge: &Bridge, more: &[&str]) -> (Vec<Value>, Value) {
    let options = [&PHONES_OF_ALL_KINDS[..], more].concat();
    let reported = |call: &Value| {
        let is_there = |field: &str| !call[field].is_null();
        call["reportsReceived"].as_u64() >= Some(REPORTS) && is_there("roundTripMs") && is_there("mosOut")
    };
    let found = during(bridge, &options, || {
        quality_once(bridge.rest(), "all phones have reported", reported)
    });
    until_true("calls are gone", Duration::from_secs(10), || {
        bridge.rest().list("/calls").is_empty()
    });
    found
}

fn mean(calls: &[Value], field: &str) -> f64 {
    sum(calls, field) / calls.len() as f64
}

#[test]
fn what_phones_report_of_their_losses_is_rated_and_answered_with_redundancy() {
    let _turn = alone();
    let bridge = Bridge::start();
    let (clean, clean_report) = run(&bridge, &[]);
    let (bad, report) = run(&bridge, &["--loss", "10", "--loss-back", "20"]);
    for call in clean.iter().chain(&bad) {
        let trip = call["roundTripMs"].as_f64();
        assert!(trip.is_some_and(|ms| ms < 1_000.0), "{call}");
    }
    let loss = mean(&bad, "remoteLossPercent");
    assert!((12.0..28.0).contains(&loss), "{loss} % reported: {bad:?}");
    assert!(mean(&clean, "remoteLossPercent") < 1.0, "{clean:?}");
    for (field, worse) in [("mosOut", 0.3), ("ratingOut", 10.0)] {
        let (good, poor) = (mean(&clean, field), mean(&bad, field));
        assert!(poor < good - worse, "{field} {poor} after {good}");
    }
    let redundant = |report: &Value| report["packets"]["redundant"].as_u64();
    assert_eq!(redundant(&clean_report), Some(0), "nothing was lost");
    assert!(redundant(&report) > Some(50), "{}", report["packets"]);
    let recovered = report["packets"]["recovered"].as_u64();
    assert!(recovered > Some(2), "{}", report["packets"]);
}

#[test]
fn phones_learn_their_round_trip_and_what_the_bridge_misses() {
    let _turn = alone();
    let bridge = Bridge::start();
    let (_, report) = run(&bridge, &["--loss", "10"]);
    let reports = &report["reports"];
    let trips = &reports["round_trip_ms"];
    assert!(trips["count"].as_u64() >= Some(PHONES as u64), "{reports}");
    assert!(trips["p50"].as_f64().is_some_and(|ms| ms < 200.0), "{reports}");
    assert!(trips["max"].as_f64() >= trips["p50"].as_f64(), "{reports}");
    assert_eq!(reports["reported_on"], PHONES, "{reports}");
    assert_eq!((&reports["malformed"], &reports["stray"]), (&0.into(), &0.into()));
    // The bridge's last report is some seconds older than the last packet.
    let lost = report["packets"]["lost_on_purpose"].as_f64().expect("a number");
    let share = reports["lost"].as_f64().expect("a number") / lost;
    assert!((0.4..1.1).contains(&share), "{share} of {lost} lost are reported");
    assert!(reports["worst_loss"].as_f64() > Some(5.0), "{reports}");
    for phone in report["listeners"].as_array().expect("a list") {
        assert!(phone["round_trip_ms"]["count"].as_u64() >= Some(1), "{phone}");
        assert!(phone["reported_lost"].as_i64() > Some(0), "{phone}");
    }
}
