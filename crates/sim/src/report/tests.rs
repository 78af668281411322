//! Judgement and how it is shown.

use super::*;
use crate::plan::tests::plan;

/// A run in which all was well.
fn good() -> Report {
    Report {
        pass: true,
        failures: Vec::new(),
        notes: Vec::new(),
        interrupted: false,
        asked: Asked {
            target: "sip:1@127.0.0.1:5060".to_owned(),
            legs: 10,
            talkers: 1,
            codecs: "PCMU".to_owned(),
            judged_after_s: Some(5.0),
            seconds: 10.0,
            churn: 0.0,
            levels: false,
            dtx: false,
            dtx_back: false,
            fec: 0.0,
            kept: 10,
            loss: 0.0,
            loss_back: 0.0,
            jitter_ms: 0,
        },
        calls: Calls {
            asked: 10,
            answered: 10,
            clean_byes: 10,
            ..Calls::default()
        },
        setup_ms: Spread::of(vec![3.0; 10]),
        packets: Packets {
            sent: 10_000,
            received: 10_000,
            due: 5_000,
            ..Packets::default()
        },
        again: None,
        packets_kept: Packets::default(),
        reports: Reports {
            sent: 40,
            received: 38,
            reported_on: 10,
            lost: 7,
            worst_loss: 1.5,
            round_trip_ms: RoundTrips {
                count: 30,
                p50: Some(0.4),
                max: Some(21.6),
            },
            ..Reports::default()
        },
        audio: Audio {
            blocks: 4_500,
            ..Audio::default()
        },
        heard: Hearing {
            pairs: 9,
            right: 9,
            own_loudest_dbov: Some(-90.0),
            ..Hearing::default()
        },
        delay_ms: Spread::of(vec![22.0; 100]),
        delay_begin_ms: Spread::of(vec![21.0; 10]),
        delay_end_ms: Spread::of(vec![23.0; 10]),
        simulator: Simulator::default(),
        late_moments: Vec::new(),
        listeners: Vec::new(),
    }
}

fn failures(options: &str, change: impl Fn(&mut Report)) -> String {
    let mut report = good();
    change(&mut report);
    let plan = plan(&format!("1 --legs 10 {options}")).unwrap();
    judge::failures(&report, &plan.options).join("; ")
}

#[test]
fn a_good_run_passes() {
    assert_eq!(failures("", |_| ()), "");
}

#[test]
fn every_fault_fails_and_is_named() {
    type Change = fn(&mut Report);
    let faults: [(Change, &str); 16] = [
        (|report| report.calls.answered = 9, "1 calls were not answered"),
        (
            |report| report.calls.hung_up = 2,
            "2 calls were ended by the bridge",
        ),
        (|report| report.calls.unanswered_byes = 1, "1 BYEs"),
        (
            |report| report.calls.no_audio = BTreeMap::from([("why".to_owned(), 3)]),
            "3 calls had no audio",
        ),
        (
            |report| report.packets.missing = 6,
            "0.120 % packets missing; --max-missing is 0.1 %",
        ),
        (
            |report| report.packets.late_20ms = 6,
            "later than 20 ms; --max-late",
        ),
        (|report| report.audio.silent_blocks = 5, "--max-gaps"),
        (|report| report.audio.dips = 5, "--max-gaps"),
        (|report| report.audio.clipped_blocks = 5, "--max-gaps"),
        (|report| report.audio.clicks = 5, "--max-gaps"),
        (|report| report.setup_ms.max = 2_001.0, "--max-setup is 2000 ms"),
        (|report| report.heard.not_heard = 1, "not heard"),
        (|report| report.heard.off_level = 1, "off level"),
        (
            |report| report.heard.own_voice = 1,
            "hear themselves above -60 dBov",
        ),
        (|report| report.heard.elsewhere = 1, "in other meetings"),
        (
            |report| report.heard.pairs = 0,
            "nothing shows that any got into a meeting",
        ),
    ];
    for (change, needle) in faults {
        let found = failures("", change);
        assert!(found.contains(needle), "{needle}: {found:?}");
    }
}

#[test]
fn phones_of_which_none_was_to_talk_need_not_show_that_they_got_in() {
    let silent = failures("--talkers 0", |report| {
        (report.asked.talkers, report.heard.pairs) = (0, 0);
    });
    assert_eq!(silent, "");
}

#[test]
fn limits_are_those_that_were_asked_for() {
    assert_eq!(
        failures("--max-missing 1", |report| report.packets.missing = 6),
        ""
    );
    assert!(failures("--max-delay 20ms", |_| ()).contains("up to 22.0 ms; --max-delay is 20 ms"));
}

#[test]
fn a_simulator_that_was_late_says_so() {
    let mut report = good();
    assert!(judge::notes(&report).is_empty());
    report.simulator.late_20ms = 11;
    assert!(judge::notes(&report)[0].contains("too busy"));
    report.interrupted = true;
    assert!(judge::notes(&report)[1].contains("interrupted"));
    let mut report = good();
    report.asked.levels = true;
    report.calls.levels = 3;
    assert!(judge::notes(&report)[0].contains("7 of 10 phones told no levels"));
    report.calls.levels = 10;
    assert!(judge::notes(&report).is_empty());
}

#[test]
fn a_bridge_that_does_not_report_is_told_of() {
    let mut report = good();
    report.reports = Reports {
        sent: 40,
        ..Reports::default()
    };
    assert!(judge::notes(&report)[0].contains("sent no RTCP"));
    assert!(report.to_string().contains("not measured"));
    report.reports.received = 1;
    assert!(judge::notes(&report).is_empty());
    report.reports.malformed = 2;
    assert!(judge::notes(&report)[0].contains("2 datagrams were no reports"));
}

#[test]
fn what_was_lost_on_the_way_back_is_named_above_the_table() {
    let mut report = good();
    assert!(!report.to_string().contains("received with"));
    (report.asked.loss_back, report.packets.lost_back_on_purpose) = (12.5, 600);
    let text = report.to_string();
    assert!(
        text.contains("received with 12.5 % loss, on purpose: 600 packets"),
        "{text}"
    );
}

#[test]
fn the_table_has_every_row_and_the_verdict() {
    let mut report = good();
    report.calls.refused.insert(486, 3);
    let text = report.to_string();
    for needle in [
        "asked 10",
        "refused with 486 3",
        "p50 3.0 ms",
        "0 of 5000 due",
        "sent 40   received 38   the bridge misses 7 packets of 10 calls, 1.5 % in its worst report",
        "p50 0.4 ms   worst 21.6 ms",
        "within 1 dB 9",
        "none (loudest -90 dBov)",
        "p99 22.0 ms",
        "\nPASS\n",
    ] {
        assert!(text.contains(needle), "{needle} is not in:\n{text}");
    }
    report.failures.push("why".to_owned());
    report.pass = false;
    assert!(report.to_string().ends_with("FAILED: why\nFAIL\n"));
}

#[test]
fn ten_wrong_pairs_are_named_in_the_table_and_all_in_the_json() {
    for (wrong, named, rest) in [(0, 0, None), (10, 10, None), (25, 10, Some("  and 15 more\n"))] {
        let mut report = good();
        for listener in 0..wrong {
            report.heard.apart(1, listener, -40.0);
        }
        let text = report.to_string();
        assert_eq!(text.matches("hears talker 1 of another meeting").count(), named);
        assert_eq!(text.contains(" more\n"), rest.is_some(), "{text}");
        assert!(text.contains(rest.unwrap_or_default()), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["heard"]["wrong_pairs"].as_array().unwrap().len(), wrong);
    }
}

#[test]
fn calls_that_were_begun_anew_have_a_row_of_their_own() {
    let mut report = good();
    assert!(!report.to_string().contains("again"));
    report.again = Some(Again {
        asked: 50,
        answered: 49,
        per_second: 4.9,
        setup_ms: Spread::of(vec![7.0; 49]),
    });
    let text = report.to_string();
    assert!(
        text.contains("asked 50   answered 49   4.9 a second   set-up p50 7.0 ms"),
        "{text}"
    );
}

#[test]
fn how_opus_was_sent_is_told_where_it_was_asked_for() {
    let mut report = good();
    assert!(!report.to_string().contains("Opus"));
    report.asked.fec = 7.5;
    assert!(
        report
            .to_string()
            .contains("\nOpus was sent with redundancy for 7.5 % loss\n")
    );
    (report.asked.dtx, report.packets.unsent) = (true, 812);
    let text = report.to_string();
    let line = "\nOpus was sent with redundancy for 7.5 % loss, without 812 packets of silence\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn silence_that_was_left_unsent_is_told_and_that_which_was_not_is_noted() {
    let mut report = good();
    assert!(!report.to_string().contains("unsent"));
    report.asked.dtx_back = true;
    assert!(judge::notes(&report)[0].contains("10 of 10 phones were sent all silence"));
    report.calls.spared = 10;
    assert!(judge::notes(&report)[0].contains("left no silence unsent"));
    (report.packets.unsent_back, report.packets.comfort_noise) = (812, 40);
    assert!(judge::notes(&report).is_empty());
    let text = report.to_string();
    let line =
        "\nreceived without 812 packets of silence, which the bridge left unsent, and 40 of comfort noise\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn words_have_a_row_of_their_own() {
    let mut report = good();
    assert!(report.to_string().contains("\nwords       not judged\n"));
    let audio = &mut report.audio;
    (audio.words, audio.clipped_words, audio.clipped_blocks) = (90, 2, 11);
    let row = "\nwords       90 said   without their beginning or end 2 (11 blocks)\n";
    assert!(report.to_string().contains(row), "{report}");
}

#[test]
fn the_json_has_units_in_its_names() {
    let json = serde_json::to_value(good()).unwrap();
    assert_eq!(json["setup_ms"]["p50"], 3.0);
    assert_eq!(json["heard"]["own_loudest_dbov"], -90.0);
    assert_eq!(json["reports"]["round_trip_ms"]["max"], 21.6);
    assert_eq!(json["pass"], true);
}
