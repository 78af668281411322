//! `partyline sim` against a started bridge: a good meeting passes, a bad way to it is reported and fails.

use std::fs;
use std::process::{Command, ExitStatus};

use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::program::partyline;
use crate::support::until::alone;

/// Runs it for `legs` phones of which 3 talk; gives its status, table and JSON.
fn simulate(bridge: &Bridge, legs: u32, more: &[&str]) -> (ExitStatus, String, Value) {
    let json = bridge.file("sim.json");
    let target = format!("sip:15162065319@{}", bridge.sip());
    let words = format!("--code 111,222 --legs {legs} --talkers 3 --rate 20 --duration 6s");
    let output = Command::new(partyline())
        .args(["sim", &target])
        .args(words.split(' '))
        // A shared machine is no reason to fail here.
        .args(["--max-late", "5"])
        .args(more)
        .arg("--json")
        .arg(&json)
        .output()
        .expect("the program runs");
    let text = fs::read_to_string(&json).expect("the report is written");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status,
        table,
        serde_json::from_str(&text).expect("it is JSON"),
    )
}

#[test]
fn twenty_simulated_callers_of_all_codecs_hear_three_talkers_and_nobody_himself() {
    let _turn = alone();
    let bridge = Bridge::start();
    let codecs = "PCMU=6,PCMA=2,G722=4,opus=4,opus16=4";
    let (status, table, report) = simulate(&bridge, 20, &["--codec", codecs, "--max-gaps", "3"]);
    assert_eq!(status.code(), Some(0), "{table}");
    assert!(table.ends_with("\nPASS\n"), "{table}");
    assert_eq!(report["calls"]["answered"], 20);
    assert_eq!(report["calls"]["clean_byes"], 20);
    assert_eq!(report["heard"]["pairs"], 3 * 19);
    assert_eq!(report["heard"]["right"], 3 * 19);
    assert_eq!(report["heard"]["own_voice"], 0);
    assert!(report["packets"]["due"].as_u64() >= Some(20 * 6 * 50), "{table}");
    assert!(report["delay_ms"]["count"].as_u64() > Some(100), "{table}");
    assert!(report["delay_ms"]["p50"].as_f64() < Some(100.0), "{table}");
}

#[test]
fn a_meeting_spread_over_two_mixer_threads_is_one_to_its_callers() {
    let _turn = alone();
    // Two legs of a thread are many: the talkers and those who listen to them sit in both.
    let bridge = Bridge::start_with("[media]\ncores = [0, 1]\nspread_legs = 2\n");
    let codecs = "PCMU=26,G722=7,opus=7";
    let (status, table, report) = simulate(&bridge, 40, &["--codec", codecs, "--max-gaps", "3"]);
    assert_eq!(status.code(), Some(0), "{table}");
    assert_eq!(report["heard"]["pairs"], 3 * 39, "{table}");
    assert_eq!(report["heard"]["right"], 3 * 39, "{table}");
    assert_eq!(
        (&report["heard"]["own_voice"], &report["packets"]["missing"]),
        (&0.into(), &0.into()),
        "{table}"
    );
    assert_eq!(report["calls"]["clean_byes"], 40, "{table}");
}

#[test]
fn callers_who_tell_their_levels_are_heard_as_well_in_every_codec() {
    let _turn = alone();
    let bridge = Bridge::start();
    let codecs = "PCMU=5,G722=5,opus=5,opus16=5";
    let more = ["--codec", codecs, "--levels", "--max-gaps", "3"];
    let (status, table, report) = simulate(&bridge, 20, &more);
    assert_eq!(status.code(), Some(0), "{table}");
    assert_eq!(report["calls"]["levels"], 20, "{table}");
    assert_eq!(report["heard"]["right"], 3 * 19);
}

#[test]
fn callers_who_lose_a_third_of_their_packets_fail_and_say_so() {
    let _turn = alone();
    let bridge = Bridge::start();
    let (status, table, report) = simulate(&bridge, 20, &["--loss", "30", "--max-gaps", "1"]);
    assert_eq!(status.code(), Some(1), "{table}");
    assert!(
        table.contains("30 % loss") && table.contains("FAILED: "),
        "{table}"
    );
    let (sent, lost) = (&report["packets"]["sent"], &report["packets"]["lost_on_purpose"]);
    let share = lost.as_f64().unwrap_or_default() / sent.as_f64().unwrap_or_default();
    assert!((0.25..0.35).contains(&share), "{share} lost");
    let failures = report["failures"].as_array().expect("a list").iter();
    assert!(
        failures
            .filter_map(Value::as_str)
            .any(|why| why.contains("talk missing or disturbed")),
        "{table}"
    );
}

#[test]
fn phones_that_hear_those_of_another_meeting_are_named() {
    let _turn = alone();
    let bridge = Bridge::start();
    // Both codes lead into the same room, and the callers are told that they do not.
    let more = ["--meetings", "each-code", "--max-gaps", "3"];
    let (status, table, report) = simulate(&bridge, 8, &more);
    assert_eq!(status.code(), Some(1), "{table}");
    let heard = &report["heard"];
    assert_eq!(
        (&heard["elsewhere"], &heard["right"]),
        (&12.into(), &9.into()),
        "{table}"
    );
    let wrong = heard["wrong_pairs"].as_array().expect("a list");
    assert_eq!(wrong.len(), 12, "{table}");
    for pair in wrong {
        let (talker, listener) = (&pair["talker"], &pair["listener"]);
        let number = |phone: &Value| phone.as_u64().expect("a number");
        assert!(
            number(talker) < 3 && (number(talker) + number(listener)) % 2 == 1,
            "{pair}"
        );
        assert_eq!(
            (&pair["fault"], &pair["most_dbov"]),
            (&"elsewhere".into(), &(-60.0).into())
        );
        assert!(pair["loudest_dbov"].as_f64() > Some(-60.0), "{pair}");
    }
    assert_eq!(table.matches("of another meeting at").count(), 10, "{table}");
    assert!(table.contains("\n  and 2 more\nFAIL\n"), "{table}");
}
