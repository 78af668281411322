//! Calls that follow scripts, by SIPp.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::bridge::Bridge;
use crate::support::numbers::{SLOW_NUMBER, bridge_that_rings};
use crate::support::program::{here, tool};
use crate::support::until::{share, until_true};

const NUMBER: &str = "15162065319";
/// Codecs that are agreed on, and ones that nobody here speaks.
const CODECS: &str = "0 101";
const STRANGE_CODECS: &str = "3 18";

/// A run of a script in `sipp/`, with more options.
struct Script<'a> {
    bridge: &'a Bridge,
    name: &'a str,
    number: &'a str,
    options: &'a [&'a str],
    /// What stands in the script for something else.
    replace: &'a [(&'a str, &'a str)],
}

impl<'a> Script<'a> {
    fn new(bridge: &'a Bridge, name: &'a str) -> Self {
        Self {
            bridge,
            name,
            number: NUMBER,
            options: &[],
            replace: &[],
        }
    }

    fn start(&self) -> Child {
        let mut text = fs::read_to_string(here("sipp").join(format!("{}.xml", self.name))).expect(self.name);
        for (from, to) in self.replace {
            text = text.replace(from, to);
        }
        let file = self.bridge.file(&format!("{}.xml", self.name));
        fs::write(&file, text).expect("a file is written");
        let mut sipp = Command::new(tool("sipp"));
        sipp.arg("-sf")
            .arg(file)
            .args(["-i", "127.0.0.1", "-s", self.number, "-nostdin"]);
        sipp.args([
            "-timeout",
            "40s",
            "-timeout_error",
            "-recv_timeout",
            "8000",
            "-trace_err",
            "-error_file",
        ]);
        sipp.arg(self.bridge.file(&format!("{}.log", self.name)))
            .args(self.options);
        sipp.arg(self.bridge.sip().to_string())
            .current_dir(self.bridge.file(""));
        sipp.stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp runs")
    }

    fn finish(&self, mut sipp: Child) {
        let status = sipp.wait().expect("sipp ends");
        let log = fs::read_to_string(self.bridge.file(&format!("{}.log", self.name))).unwrap_or_default();
        assert!(status.success(), "{}: sipp ended with {status}\n{log}", self.name);
    }

    /// One call from beginning to end.
    fn run(&self) {
        let mut once = vec!["-m", "1"];
        once.extend(self.options);
        let script = Script {
            options: &once,
            ..*self
        };
        script.finish(script.start());
    }
}

/// Causes in the call records, sorted.
fn causes(bridge: &Bridge) -> Vec<String> {
    let records = bridge.rest().list("/cdrs");
    let mut causes: Vec<_> = records
        .iter()
        .map(|record| {
            format!(
                "{} {}",
                record["cause"].as_str().unwrap_or_default(),
                record["sipStatus"]
            )
        })
        .collect();
    causes.sort();
    causes
}

fn wait_for_causes(bridge: &Bridge, expected: &[&str]) {
    let mut found = Vec::new();
    for _ in 0..100 {
        found = causes(bridge);
        if found == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the records tell {found:?}, not {expected:?}");
}

#[test]
fn a_code_keyed_by_info_opens_the_meeting_over_udp_and_tcp() {
    let _turn = share();
    let bridge = Bridge::start();
    for transport in ["u1", "t1"] {
        let options = ["-m", "1", "-t", transport];
        let script = Script {
            options: &options,
            ..Script::new(&bridge, "code_by_info")
        };
        let sipp = script.start();
        let call = bridge
            .rest()
            .wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
        assert_eq!(
            (&call["role"], &call["meetingNumber"]),
            (&2.into(), &106_131.into()),
            "{transport}"
        );
        script.finish(sipp);
        until_true("the call is gone", Duration::from_secs(5), || {
            bridge.rest().list("/calls").is_empty()
        });
    }
    wait_for_causes(&bridge, &["hung_up 200"; 2]);
}

#[test]
fn hold_and_resume_and_a_late_offer_are_answered_by_the_book() {
    let _turn = share();
    let bridge = Bridge::start();
    for name in ["hold", "late_offer", "options"] {
        Script::new(&bridge, name).run();
    }
    wait_for_causes(&bridge, &["hung_up 200"; 2]);
}

#[test]
fn refusals_have_their_status_and_a_record_with_the_cause() {
    let _turn = share();
    let bridge = bridge_that_rings();
    let strange = [("{STATUS}", "488"), ("{PAYLOADS}", STRANGE_CODECS)];
    Script {
        replace: &strange,
        ..Script::new(&bridge, "refused")
    }
    .run();
    let unknown = [("{STATUS}", "404"), ("{PAYLOADS}", CODECS)];
    Script {
        replace: &unknown,
        number: "19995550100",
        ..Script::new(&bridge, "refused")
    }
    .run();
    Script {
        number: SLOW_NUMBER,
        ..Script::new(&bridge, "cancel")
    }
    .run();
    // Calls to a number that nobody owns are shown to the one above all.
    wait_for_causes(&bridge, &["cancelled 487", "no_codec 488", "unknown_number 404"]);
}

#[test]
fn fifty_calls_at_ten_a_second_all_end_clean() {
    let _turn = share();
    let bridge = Bridge::start();
    let options = ["-m", "50", "-r", "10"];
    let script = Script {
        options: &options,
        ..Script::new(&bridge, "code_by_info")
    };
    script.finish(script.start());
    wait_for_causes(&bridge, &["hung_up 200"; 50]);
    assert!(bridge.rest().list("/calls").is_empty());
    assert!(bridge.rest().list("/meetings").is_empty());
    let joined = bridge
        .rest()
        .list("/cdrs")
        .iter()
        .filter(|record| record["meetingNumber"] == 106_131)
        .count();
    assert_eq!(joined, 50);
}
