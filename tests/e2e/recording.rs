//! A host records by key: the file is whole when he stops, and up to the last second when the bridge is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use media::{Clip, Rate};
use serde_json::{Value, json};

use crate::support::bridge::Bridge;
use crate::support::phone::{FRAME, Phone, TICK, power_of, receive_until, tone};
use crate::support::until::{alone, until};

/// What the phone says, Hz, and how loud it must be in the file, dBFS.
const NOTE: f32 = 500.0;
const AUDIBLE: f32 = -35.0;
const MEETING: &str = "/meetings/106131";

fn say(phone: &mut Phone, ticks: usize) {
    let mut due = Instant::now();
    for tick in 0..ticks {
        phone.speak(&tone(NOTE, tick));
        due += TICK;
        while receive_until(&phone.rtp, due).is_some() {}
    }
}

/// Records while the phone says so many ticks.
fn record(bridge: &Bridge, phone: &mut Phone, ticks: usize) {
    phone.press("*9");
    let recorded = |meeting: &Value| meeting["isRecording"] == true;
    bridge.rest().wait_for("/meetings", "it is recorded", recorded);
    say(phone, ticks);
}

fn with_ending(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let named = entries.map(|entry| entry.path());
    let mut found: Vec<_> = named
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    found
}

/// What lies beside the recordings, once there is so much of it.
fn sidecars(folder: &Path, count: usize) -> Vec<Value> {
    let read = |path: &PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
    until("a sidecar", Duration::from_secs(10), || {
        let all: Option<Vec<Value>> = with_ending(folder, ".json").iter().map(read).collect();
        all.filter(|all| all.len() == count)
    })
}

/// Length in seconds; the tone must be in all of the file but for its ends.
fn heard(file: &Path) -> f64 {
    let clip = Clip::from_ogg_opus(&fs::read(file).expect("a file"), &[Rate::Hz8000]).expect("a recording");
    let samples = clip.samples(Rate::Hz8000).expect("at 8 kHz");
    let from = samples.len() / 2;
    let power = power_of(NOTE, &samples[from..from + 25 * FRAME]);
    assert!(power > AUDIBLE, "{power} dB in the middle");
    samples.len() as f64 / 8_000.0
}

#[test]
fn a_recording_is_whole_when_it_is_stopped_and_up_to_the_last_second_at_kill_9() {
    let _turn = alone();
    let bridge = Bridge::start_with("[recording]\nmin_free_mib = 1\n");
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let rest = bridge.rest();
    rest.wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    let id = rest.get(MEETING)["id"].clone();
    record(&bridge, &mut phone, 250);
    phone.press("*9");
    let folder = bridge.file("data/recordings");
    let sidecar = sidecars(&folder, 1).remove(0);
    let told = ["meetingId", "meetingNumber", "cause", "startedBy", "gaps"].map(|name| &sidecar[name]);
    assert_eq!(
        told,
        [&id, &json!(106_131), &json!("asked"), &json!("host"), &json!(0)]
    );
    let file = folder.join(sidecar["file"].as_str().expect("a name"));
    let seconds = heard(&file);
    assert!((5.0..8.0).contains(&seconds), "{seconds} s");
    let length = sidecar["durationMs"].as_f64().expect("a number") / 1_000.0;
    assert!((length - seconds).abs() < 0.001, "{length} s, {seconds} s");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));

    record(&bridge, &mut phone, 250);
    let bridge = bridge.kill_and_restart();
    let folder = bridge.file("data/recordings");
    let sidecar = sidecars(&folder, 2).remove(1);
    let name = sidecar["file"].as_str().expect("a name");
    let file = folder.join(name);
    assert_eq!(sidecar["cause"], "interrupted");
    let seconds = heard(&file);
    assert!((3.5..7.0).contains(&seconds), "{seconds} s");
    let events = bridge.rest().list(&format!("/mdrs/{id}/events"));
    let stopped = events.iter().filter(|event| event["type"] == "recording.stopped");
    let ends: Vec<_> = stopped.map(|event| &event["data"]).collect();
    assert_eq!((ends.len(), &ends[1]["cause"]), (2, &json!("interrupted")));
    assert_eq!(ends[1]["file"], name);
}
