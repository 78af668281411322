//! `partyline sim` against a started bridge: a good meeting passes, a bad way to it is reported and fails. And against what others made.

use std::fs;
use std::net::{Ipv6Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::quality::scrape;
use crate::support::baresip::{Baresip, NOBODY};
use crate::support::bridge::Bridge;
use crate::support::program::{partyline, tool};
use crate::support::rest::in_address;
use crate::support::until::{alone, until_true};

/// The program that calls `target`, with these options, and writes its report.
fn caller(target: &str, words: &str, json: &Path) -> Command {
    let mut caller = Command::new(partyline());
    caller.args(["sim", target]).args(words.split(' '));
    // A shared machine is no reason to fail here.
    caller.args(["--max-late", "5"]).arg("--json").arg(json);
    caller
}

/// Its status, table and JSON.
fn told(output: &Output, json: &Path) -> (ExitStatus, String, Value) {
    let text = fs::read_to_string(json).expect("the report is written");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status,
        table,
        serde_json::from_str(&text).expect("it is JSON"),
    )
}

/// A bridge that takes calls at this address; none, and a word about it, where the machine has no IPv6.
fn bridge_of_ipv6(sip: Ipv6Addr) -> Option<Bridge> {
    match UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => Some(Bridge::start_at(sip.into())),
        Err(error) => {
            eprintln!("SKIPPED: no call by IPv6 was tried, since this machine has no ::1: {error}");
            None
        }
    }
}

/// Runs it for `legs` phones of which 3 talk; gives its status, table and JSON.
fn simulate(bridge: &Bridge, legs: u32, more: &[&str]) -> (ExitStatus, String, Value) {
    simulate_while(bridge, legs, more, || ())
}

/// The same; meanwhile `look` looks.
fn simulate_while(
    bridge: &Bridge,
    legs: u32,
    more: &[&str],
    look: impl FnOnce(),
) -> (ExitStatus, String, Value) {
    let target = format!("sip:15162065319@{}", bridge.sip());
    simulate_calls_to(&target, bridge, (legs, more), look)
}

/// The same, to this target.
fn simulate_calls_to(
    target: &str,
    bridge: &Bridge,
    (legs, more): (u32, &[&str]),
    look: impl FnOnce(),
) -> (ExitStatus, String, Value) {
    let json = bridge.file("sim.json");
    let words = format!("--code 111,222 --legs {legs} --talkers 3 --rate 20 --duration 6s");
    let mut caller = caller(target, &words, &json);
    caller.args(more);
    let output = thread::scope(|scope| {
        let running = scope.spawn(|| caller.output().expect("the program runs"));
        look();
        running.join().expect("the program ends")
    });
    told(&output, &json)
}

/// Waits until both mixer threads have the meeting, and several of its legs each.
fn until_spread(bridge: &Bridge) {
    until_true("the meeting is spread", Duration::from_secs(30), || {
        let page = scrape(bridge);
        ["0", "1"].into_iter().all(|shard| {
            let of_shard = |name| page.of(name, ("shard", shard));
            of_shard("partyline_mixer_rooms") >= 1.0 && of_shard("partyline_mixer_legs") >= 10.0
        })
    });
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
fn callers_of_ipv6_and_of_ipv4_reach_a_bridge_that_listens_to_both() {
    let _turn = alone();
    let Some(bridge) = bridge_of_ipv6(Ipv6Addr::UNSPECIFIED) else {
        return;
    };
    for host in ["[::1]", "127.0.0.1"] {
        let target = format!("sip:15162065319@{host}:{}", bridge.sip().port());
        let asked = (8, &["--codec", "PCMU=4,opus=4", "--max-gaps", "3"][..]);
        let (status, table, report) = simulate_calls_to(&target, &bridge, asked, || ());
        assert_eq!(status.code(), Some(0), "{table}");
        assert_eq!(report["asked"]["target"], target);
        assert_eq!(report["calls"]["clean_byes"], 8, "{table}");
        assert_eq!(report["heard"]["right"], 3 * 7, "{table}");
        assert_eq!(report["packets"]["missing"], 0, "{table}");
        assert_eq!(report["reports"]["reported_on"], 8, "{table}");
    }
}

#[test]
fn a_call_by_ipv6_is_hung_up_by_a_bridge_that_listens_to_nothing_else() {
    let _turn = alone();
    let Some(bridge) = bridge_of_ipv6(Ipv6Addr::LOCALHOST) else {
        return;
    };
    let (status, table, report) = simulate_while(&bridge, 3, &[], || {
        let rest = bridge.rest();
        let call = rest.wait_for("/calls", "a call is in the meeting", |call| call["state"] == 2);
        rest.delete(&format!("/calls/{}", in_address(&call["id"])));
    });
    assert_eq!(status.code(), Some(1), "{table}");
    let calls = &report["calls"];
    assert_eq!(
        (&calls["hung_up"], &calls["clean_byes"]),
        (&1.into(), &2.into()),
        "{table}"
    );
}

#[test]
fn a_meeting_spread_over_two_mixer_threads_is_one_to_its_callers() {
    let _turn = alone();
    // Two legs of a thread are many: the talkers and those who listen to them sit in both.
    let bridge = Bridge::start_with("[media]\ncores = [0, 1]\nspread_legs = 2\n");
    let codecs = "PCMU=26,G722=7,opus=7";
    let more = ["--codec", codecs, "--max-gaps", "3"];
    let (status, table, report) = simulate_while(&bridge, 40, &more, || until_spread(&bridge));
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
fn callers_who_leave_silence_unsent_and_send_redundancy_are_heard_though_packets_are_lost() {
    let _turn = alone();
    let bridge = Bridge::start();
    let codec = ["--codec", "opus16", "--fec", "20", "--dtx", "--idle", "silence"];
    let way = [
        "--talk",
        "spurts",
        "--loss",
        "5",
        "--jitter",
        "40ms",
        "--max-gaps",
        "20",
    ];
    let (_, table, report) = simulate(&bridge, 10, &[codec.as_slice(), way.as_slice()].concat());
    let packets = |kind: &str| report["packets"][kind].as_u64().expect(kind);
    assert!(packets("unsent") > packets("sent"), "{table}");
    let heard = &report["heard"];
    assert_eq!(
        (&heard["pairs"], &heard["not_heard"], &heard["own_voice"]),
        (&27.into(), &0.into(), &0.into()),
        "{table}"
    );
    assert!(
        table.contains("\nOpus was sent with redundancy for 20 % loss, without "),
        "{table}"
    );
}

#[test]
fn silence_that_the_bridge_leaves_unsent_is_not_missing_and_words_behind_it_are_whole() {
    let _turn = alone();
    let bridge = Bridge::start_with("[media]\nsilence_suppression = true\n");
    let (target, json) = (
        format!("sip:15162065319@{}", bridge.sip()),
        bridge.file("sim.json"),
    );
    let words = "--code 111,222 --legs 8 --talkers 1 --talk spurts --rate 20 --duration 12s";
    let mut caller = caller(&target, words, &json);
    let codecs = ["--codec", "PCMU=2,G722=2,opus=2,opus16=2"];
    caller.args(codecs).args(["--dtx-back", "--max-gaps", "3"]);
    let output = caller.output().expect("the program runs");
    let (status, table, report) = told(&output, &json);
    assert_eq!(status.code(), Some(0), "{table}");
    let packets = |kind: &str| report["packets"][kind].as_u64().expect(kind);
    assert_eq!(
        (packets("missing"), &report["calls"]["spared"]),
        (0, &8.into()),
        "{table}"
    );
    assert!(packets("due") + packets("unsent_back") <= 8 * 12 * 50, "{table}");
    assert!(packets("comfort_noise") > 20, "{table}");
    for phone in report["listeners"].as_array().expect("a list") {
        let unsent = phone["unsent_back"].as_u64().expect("a number");
        assert!(unsent > 30, "{phone}\n{table}");
    }
    let audio = &report["audio"];
    assert!(audio["words"].as_u64() >= Some(7 * 4), "{table}");
    assert_eq!(audio["clipped_words"], 0, "{table}");
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

/// A SIPp that answers `calls` calls at this port by its own script, sends back their audio, and ends when all have hung up.
fn sipp_that_answers(calls: &str, port: u16, folder: &Path) -> Child {
    let media = free_port().to_string();
    let mut sipp = Command::new(tool("sipp"));
    sipp.args(["-sn", "uas", "-rtp_echo", "-i", "127.0.0.1", "-mi", "127.0.0.1"]);
    sipp.args(["-p", &port.to_string(), "-mp", &media, "-m", calls, "-nostdin"]);
    sipp.args(["-timeout", "60s", "-timeout_error", "-trace_err", "-error_file"]);
    sipp.arg(folder.join("sipp.log")).current_dir(folder);
    let sipp = sipp.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let sipp = sipp.expect("sipp runs");
    let bound = format!(":{port:04X} 00000000:0000");
    until_true("sipp takes calls", Duration::from_secs(10), || {
        let sockets = fs::read_to_string("/proc/net/udp").expect("the kernel lists sockets");
        sockets.contains(&bound)
    });
    sipp
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound socket has an address");
    address.port()
}

/// Calls to what is no meeting were good: all answered, their packets counted, their BYEs answered; nobody was to be heard.
fn calls_were_good(calls: u64, (status, table, report): &(ExitStatus, String, Value)) {
    assert_eq!(status.code(), Some(0), "{table}");
    assert!(table.ends_with("\nPASS\n"), "{table}");
    for kind in ["asked", "answered", "clean_byes"] {
        assert_eq!(report["calls"][kind], calls, "{kind}: {table}");
    }
    assert_eq!(report["calls"]["hung_up"], 0, "{table}");
    let packets = |kind: &str| report["packets"][kind].as_u64().expect(kind);
    assert!(packets("due") >= calls * 6 * 50, "{table}");
    assert!(packets("received") >= packets("due"), "{table}");
    assert_eq!(packets("missing"), 0, "{table}");
    assert_eq!(
        (&report["heard"]["pairs"], &report["audio"]["blocks"]),
        (&0.into(), &0.into()),
        "{table}"
    );
    assert!(
        table.contains("\nnote: nobody talked, so that audio was not judged\n"),
        "{table}"
    );
}

/// Calls without a code in which nobody talks.
const NO_MEETING: &str = "--talkers 0 --rate 20 --settle 1s --duration 6s";

#[test]
fn calls_to_a_foreign_machine_by_its_name_are_answered_counted_and_ended_without_a_meeting() {
    let _turn = alone();
    let folder = TempDir::new().expect("a temporary folder");
    let port = free_port();
    let mut sipp = sipp_that_answers("5", port, folder.path());
    let (target, json) = (
        format!("sip:15162065319@localhost:{port}"),
        folder.path().join("sim.json"),
    );
    let mut caller = caller(&target, NO_MEETING, &json);
    caller.args(["--legs", "5"]);
    let output = caller.output().expect("the program runs");
    let found = told(&output, &json);
    calls_were_good(5, &found);
    let (_, table, report) = found;
    assert_eq!(report["asked"]["target"], target);
    // Its echo is of RTP alone.
    assert_eq!(report["reports"]["received"], 0, "{table}");
    assert!(
        table.contains("\nnote: the bridge sent no RTCP, so that no round trip is known"),
        "{table}"
    );
    let status = sipp.wait().expect("sipp ends");
    let log = fs::read_to_string(folder.path().join("sipp.log")).unwrap_or_default();
    assert!(status.success(), "sipp ended with {status}\n{log}");
}

#[test]
fn a_call_to_a_softphone_is_counted_and_its_reports_are_read() {
    let _turn = alone();
    let mut phone = Baresip::start("alice", NOBODY.into());
    let folder = TempDir::new().expect("a temporary folder");
    let (target, json) = (
        format!("sip:alice@{}", phone.sip()),
        folder.path().join("sim.json"),
    );
    let mut caller = caller(&target, NO_MEETING, &json);
    // It is answered by hand.
    caller.args(["--legs", "1", "--max-setup", "10s"]);
    caller.stdout(Stdio::piped());
    let caller = caller.spawn().expect("the program runs");
    phone.answer();
    let output = caller.wait_with_output().expect("it ends");
    let found = told(&output, &json);
    calls_were_good(1, &found);
    let (_, table, report) = found;
    assert!(report["reports"]["received"].as_u64() > Some(0), "{table}");
    phone.wait_for_event("CALL_CLOSED");
}
