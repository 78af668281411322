//! What the bridge says of its audio: calls over a bad way have the loss and the score that they should, and the metrics page adds up.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::thread;
use std::time::Duration;

use prometheus_parse::{LineInfo, Sample, Scrape, Value as Measured};
use serde_json::Value;

use crate::support::bridge::Bridge;
use crate::support::program::{partyline, tool};
use crate::support::rest::Rest;
use crate::support::until::{alone, until, until_true};

pub(crate) const PHONES: usize = 6;
/// Packets that a call must have sent before it is looked at: six seconds of them.
const PACKETS: u64 = 300;
/// Labels that the page may have.
const LABELS: [&str; 16] = [
    "bound",
    "cause",
    "class",
    "codec",
    "credentials",
    "direction",
    "event",
    "le",
    "limit",
    "method",
    "reason",
    "route",
    "shard",
    "state",
    "status",
    "version",
];

/// Has six phones call, of which two talk; meanwhile `look` looks. Gives what it found, and the phones' report.
pub(crate) fn during<T>(bridge: &Bridge, more: &[&str], look: impl FnOnce() -> T) -> (T, Value) {
    let report = bridge.file("sim.json");
    let mut phones = Command::new(partyline());
    phones
        .args([
            "sim",
            &format!("sip:15162065319@{}", bridge.sip()),
            "--code",
            "111,222",
        ])
        .args([
            "--legs",
            &PHONES.to_string(),
            "--talkers",
            "2",
            "--rate",
            "20",
            "--duration",
            "12s",
        ])
        .args(["--max-late", "50", "--max-gaps", "100"])
        .args(more)
        .arg("--json")
        .arg(&report);
    let found = thread::scope(|scope| {
        let running = scope.spawn(|| phones.output().expect("the program runs"));
        let found = look();
        let ended = running.join().expect("the phones end");
        assert_ne!(ended.status.code(), Some(2), "nobody called");
        found
    });
    let text = std::fs::read_to_string(report).expect("the report is written");
    (found, serde_json::from_str(&text).expect("it is JSON"))
}

/// The quality of all calls of the one meeting, once each has sent enough.
fn quality(rest: &Rest) -> Vec<Value> {
    quality_once(rest, "all calls have sent enough", |call| {
        let count = |field: &str| call[field].as_u64().unwrap_or(0);
        count("receivedPackets") + count("lostPackets") >= PACKETS
    })
}

/// The same, once each call is as it should be.
pub(crate) fn quality_once(rest: &Rest, what: &str, right: impl Fn(&Value) -> bool) -> Vec<Value> {
    until(what, Duration::from_secs(60), || {
        let meeting = rest.list("/meetings").into_iter().next()?;
        let calls = rest.list(&format!("/meetings/{}/quality", meeting["meetingNumber"]));
        (calls.len() == PHONES && calls.iter().all(&right)).then_some(calls)
    })
}

pub(crate) fn sum(calls: &[Value], field: &str) -> f64 {
    calls.iter().filter_map(|call| call[field].as_f64()).sum()
}

/// Mean score, and percent of the packets lost.
fn heard(calls: &[Value]) -> (f64, f64) {
    let (lost, received) = (sum(calls, "lostPackets"), sum(calls, "receivedPackets"));
    (
        sum(calls, "mosIn") / calls.len() as f64,
        100.0 * lost / (lost + received),
    )
}

#[test]
fn calls_over_a_bad_way_show_its_loss_and_a_worse_score_and_the_page_adds_up() {
    let _turn = alone();
    let bridge = Bridge::start();
    let rest = bridge.rest();
    let ((clean, talking), _) = during(&bridge, &[], || {
        let calls = quality(rest);
        let talking = until("who talks is shown", Duration::from_secs(10), || {
            let calls = rest.list("/calls").into_iter();
            let each = calls.map(|call| rest.get(&format!("/calls/{}/quality", call["id"])));
            let talking = each.filter(|call| call["talking"] == true).count();
            (talking > 0).then_some(talking)
        });
        (calls, talking)
    });
    let (mos, loss) = heard(&clean);
    assert!(mos > 4.2 && loss < 0.5, "MOS {mos}, {loss} % lost: {clean:?}");
    assert!(talking <= 2, "{talking} talk");
    let (bad, report) = during(&bridge, &["--loss", "10"], || quality(rest));
    let packets = &report["packets"];
    let lost = 100.0 * packets["lost_on_purpose"].as_f64().unwrap() / packets["sent"].as_f64().unwrap();
    let (worse, loss) = heard(&bad);
    assert!((loss - lost).abs() < 2.0, "{loss} % seen, {lost} % lost");
    assert!(worse < mos - 0.4, "MOS {worse} after {mos}");
    for call in &bad {
        let percent = call["lossPercent"].as_f64().unwrap();
        assert!((4.0..20.0).contains(&percent), "{call}");
    }
    until_true("calls are gone", Duration::from_secs(10), || {
        rest.list("/calls").is_empty()
    });
    check_page(&bridge, 2 * PHONES);
}

/// Looks at the page after so many calls.
fn check_page(bridge: &Bridge, calls: usize) {
    let ended = r#"partyline_calls_ended_total"#;
    let page = until("the page tells of all calls", Duration::from_secs(10), || {
        let page = scrape(bridge);
        (page.total(ended) == calls as f64).then_some(page)
    });
    assert_eq!(page.of(ended, ("cause", "hung_up")), calls as f64);
    assert_eq!(
        (page.total("partyline_calls"), page.total("partyline_legs")),
        (0.0, 0.0)
    );
    assert!(page.total("partyline_rtp_received_packets_total") >= (calls as u64 * PACKETS) as f64 * 0.8);
    assert!(
        page.total("partyline_rtp_lost_packets_total") > 0.0,
        "what was lost stays"
    );
    assert!(page.of("partyline_mixer_ticks_total", ("shard", "0")) > 500.0);
    assert_eq!(page.total("partyline_call_setup_seconds_count"), calls as f64);
    assert!(page.total("partyline_leg_mos_in_count") >= calls as f64);
    let listed = ("route", "/conference/v1/meetings/:number/quality");
    assert!(page.of("partyline_api_requests_total", listed) > 0.0);
    assert_eq!(
        page.of("partyline_api_logins_total", ("credentials", "wrong")),
        0.0
    );
    for (name, labels) in page.0.keys() {
        for (label, value) in labels {
            assert!(LABELS.contains(&label.as_str()), "{name} {label}");
            let id = value
                .split(['/', '.'])
                .any(|word| word.len() > 2 && word.parse::<u64>().is_ok());
            assert!(!id, "{name} {label}={value}");
        }
    }
}

/// Names and values, in order.
type Labels = Vec<(String, String)>;

/// Name and labels of every sample, with its value.
pub(crate) struct Page(BTreeMap<(String, Labels), f64>);

impl Page {
    /// What all samples of this name come to.
    pub(crate) fn total(&self, name: &str) -> f64 {
        self.samples(name).map(|(_, value)| value).sum()
    }

    /// What those samples of this name come to that have this label.
    pub(crate) fn of(&self, name: &str, (label, value): (&str, &str)) -> f64 {
        let wanted = (label.to_owned(), value.to_owned());
        self.samples(name)
            .filter(|(labels, _)| labels.contains(&wanted))
            .map(|(_, value)| value)
            .sum()
    }

    fn samples(&self, wanted: &str) -> impl Iterator<Item = (&Labels, f64)> {
        self.0
            .iter()
            .filter(move |((name, _), _)| name == wanted)
            .map(|((_, labels), value)| (labels, *value))
    }
}

/// The metrics page, of which every line can be read.
pub(crate) fn scrape(bridge: &Bridge) -> Page {
    let output = Command::new(tool("curl"))
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "10",
            &bridge.metrics(),
        ])
        .output()
        .expect("curl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("the page is UTF-8");
    for line in text.lines() {
        assert!(
            !matches!(LineInfo::parse(line), LineInfo::Ignored | LineInfo::Empty),
            "{line}"
        );
    }
    let lines = text.lines().map(|line| io::Result::Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).expect("the page can be read");
    Page(scrape.samples.into_iter().flat_map(values).collect())
}

fn values(sample: Sample) -> Vec<((String, Labels), f64)> {
    let mut labels: Vec<_> = sample
        .labels
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    labels.sort();
    match sample.value {
        Measured::Counter(value) | Measured::Gauge(value) | Measured::Untyped(value) => {
            vec![((sample.metric, labels), value)]
        }
        // Its count and sum are samples of their own.
        Measured::Histogram(_) | Measured::Summary(_) => vec![],
    }
}
