use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crossbeam_channel::bounded;
use media::Frame;
use model::{MeetingId, MeetingNumber};
use rtrb::{Producer, RingBuffer};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const RATE: Rate = Rate::Hz16000;
const ROOM: MeetingId = MeetingId(42);
const FILE: &str = "1700-42-1.ogg";

/// A recorder without its thread, and what it has told.
struct Bench {
    recorder: Recorder,
    told: Receiver<MediaReport>,
    home: TempDir,
    epoch: Instant,
}

impl Bench {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let (_, jobs) = bounded(1);
        let (tell, told) = bounded(100);
        let folder = Folder::make(home.path().join("data/recordings"), 0).unwrap();
        Self {
            recorder: Recorder::new(folder, jobs, tell, Counts::default()),
            told,
            home,
            epoch: Instant::now(),
        }
    }

    fn begin(&mut self, file: &str) -> (Producer<Taped>, Ending) {
        let ((tap, taped), ending) = (RingBuffer::new(150), Ending::default());
        let about = About {
            meeting: ROOM,
            number: MeetingNumber(106_131),
            started_ms: 1_700,
            started_by: "host".to_owned(),
        };
        self.recorder.begin(Job {
            take: 1,
            file: file.to_owned(),
            about,
            rate: RATE,
            taped,
            ending: ending.clone(),
        });
        (tap, ending)
    }

    /// The room gives these ticks, and they are written.
    fn tape(&mut self, tap: &mut Producer<Taped>, ticks: std::ops::Range<u32>) {
        for n in ticks {
            let at = self.epoch + TICK * n;
            let frame = Frame::silence(RATE);
            tap.push(Taped { at, frame }).unwrap();
        }
        self.recorder.write(true);
    }

    fn told(&self) -> Vec<MediaReport> {
        self.told.try_iter().collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("data/recordings").join(name)
    }

    fn sidecar(&self) -> Value {
        let text = fs::read(self.path("1700-42-1.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Running, started, failed, gaps, ms of gaps.
    fn counts(&self) -> [u64; 5] {
        let counts = &self.recorder.counts;
        [
            counts.running.get() as u64,
            counts.started.get(),
            counts.failed.get(),
            counts.gaps.get(),
            counts.gap_ms.get(),
        ]
    }
}

fn failed(fault: RecordingFault) -> MediaReport {
    let (room, take) = (ROOM, 1);
    MediaReport::RecordingFailed { room, take, fault }
}

const BEGAN: MediaReport = MediaReport::RecordingBegan { room: ROOM, take: 1 };

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_a_room_gives_is_a_file_for_its_owner_alone_and_a_sidecar_when_it_is_over() {
    let mut bench = Bench::new();
    let (mut tap, ending) = bench.begin(FILE);
    assert_eq!(bench.told(), [BEGAN]);
    bench.tape(&mut tap, 0..120);
    assert_eq!(bench.counts(), [1, 1, 0, 0, 0]);
    assert!(!bench.path("1700-42-1.json").exists(), "it goes on");
    let _ = ending.set(RecordingEnd::HostLeft);
    bench.tape(&mut tap, 120..150);
    drop(tap);
    bench.recorder.write(true);
    let bytes = fs::metadata(bench.path(FILE)).unwrap().len();
    assert_eq!(bench.recorder.counts.bytes.get(), bytes);
    let mut sidecar = bench.sidecar();
    assert!(
        sidecar["ended"]
            .take()
            .as_i64()
            .is_some_and(|ended| ended > 1_700)
    );
    let expected = json!({
        "file": FILE, "meetingId": 42, "meetingNumber": 106_131, "started": 1_700, "ended": null, "durationMs": 3_000,
        "bytes": bytes, "gaps": 0, "gapMs": 0, "cause": "host_left", "startedBy": "host",
    });
    assert_eq!((sidecar, bench.counts()), (expected, [0, 1, 0, 0, 0]));
    for (path, expected) in [("data", 0o700), ("data/recordings", 0o700)] {
        assert_eq!(mode(&bench.home.path().join(path)), expected, "{path}");
    }
    assert_eq!(
        [FILE, "1700-42-1.json"].map(|name| mode(&bench.path(name))),
        [0o600; 2]
    );
    let remains = Remains::read(File::open(bench.path(FILE)).unwrap()).unwrap();
    assert_eq!(remains.length_ms, 3_000);
}

#[test]
fn what_was_lost_is_silence_that_is_counted_and_told_at_once_and_then_in_sums() {
    let mut bench = Bench::new();
    let (mut tap, ending) = bench.begin(FILE);
    let _ = ending.set(RecordingEnd::Asked);
    bench.tape(&mut tap, 0..50);
    bench.tape(&mut tap, 75..100);
    bench.tape(&mut tap, 101..102);
    let gap = |ms| MediaReport::RecordingGap {
        room: ROOM,
        take: 1,
        ms,
    };
    assert_eq!(bench.told(), [BEGAN, gap(500)]);
    bench.tape(&mut tap, 103..104);
    drop(tap);
    bench.recorder.write(true);
    assert_eq!(bench.told(), [gap(40)], "before it ends");
    assert_eq!(bench.counts(), [0, 1, 0, 3, 540]);
    let sidecar = bench.sidecar();
    assert_eq!(
        ["durationMs", "gaps", "gapMs"].map(|name| &sidecar[name]),
        [&json!(2_080), &json!(3), &json!(540)]
    );
}

#[test]
fn a_rush_of_ends_keeps_those_that_go_on_from_nothing() {
    let mut bench = Bench::new();
    let mut over: Vec<_> = (2..22)
        .map(|n| bench.begin(&format!("1700-42-{n}.ogg")))
        .collect();
    for (tap, ending) in &mut over {
        let _ = ending.set(RecordingEnd::HostLeft);
        bench.tape(tap, 0..5);
    }
    drop(over);
    let (mut tap, _) = bench.begin(FILE);
    let left = [0, 1, 2].map(|n| {
        bench.tape(&mut tap, n * 50..(n + 1) * 50);
        assert_eq!(tap.slots(), 150, "all was taken");
        bench.recorder.takes.len()
    });
    assert_eq!((left, bench.counts()), ([13, 5, 1], [1, 21, 0, 0, 0]));
}

#[test]
fn without_space_none_begins_and_those_that_run_end() {
    let mut bench = Bench::new();
    let (mut tap, _) = bench.begin(FILE);
    bench.tape(&mut tap, 0..60);
    bench.recorder.folder.min_free = u64::MAX;
    let look_at = bench.recorder.look_at;
    bench.recorder.look(look_at);
    assert_eq!(bench.told(), [BEGAN, failed(RecordingFault::DiskFull)]);
    assert_eq!(
        (&bench.sidecar()["cause"], bench.counts()),
        (&json!("failed"), [0, 1, 1, 0, 0])
    );
    let remains = Remains::read(File::open(bench.path(FILE)).unwrap()).unwrap();
    assert_eq!(remains.length_ms, 1_200, "what there was stays");
    bench.begin("1700-42-2.ogg");
    assert_eq!(bench.told(), [failed(RecordingFault::DiskFull)]);
    assert!(!bench.path("1700-42-2.ogg").exists());
    assert_eq!(bench.counts(), [0, 1, 2, 0, 0]);
}

#[test]
fn a_file_that_cannot_be_made_is_told_and_one_that_is_there_is_never_written_over() {
    let mut bench = Bench::new();
    fs::write(bench.path(FILE), "precious").unwrap();
    bench.begin(FILE);
    assert_eq!(bench.told(), [failed(RecordingFault::Disk)]);
    assert_eq!(fs::read_to_string(bench.path(FILE)).unwrap(), "precious");
    fs::remove_dir_all(bench.path("")).unwrap();
    bench.begin("1700-42-2.ogg");
    assert_eq!(bench.told(), [failed(RecordingFault::Disk)]);
    assert_eq!(bench.counts(), [0, 0, 2, 0, 0]);
}

#[test]
fn one_that_ends_though_nobody_wanted_it_to_has_failed_and_the_bridge_stopping_is_no_failure() {
    let mut bench = Bench::new();
    let (mut tap, _) = bench.begin(FILE);
    bench.tape(&mut tap, 0..10);
    drop(tap);
    bench.recorder.write(true);
    assert_eq!(bench.told(), [BEGAN, failed(RecordingFault::Recorder)]);
    assert_eq!(
        (&bench.sidecar()["cause"], bench.counts()),
        (&json!("failed"), [0, 1, 1, 0, 0])
    );
    let mut bench = Bench::new();
    let (mut tap, ending) = bench.begin(FILE);
    let _ = ending.set(RecordingEnd::MeetingEnded);
    bench.tape(&mut tap, 0..10);
    bench.recorder.write(false);
    let sidecar = bench.sidecar();
    assert_eq!(
        [&sidecar["cause"], &sidecar["durationMs"]],
        [&json!("meeting_ended"), &json!(200)]
    );
    assert_eq!(bench.counts(), [0, 1, 0, 0, 0]);
}

#[test]
fn what_a_crash_cut_off_is_closed_at_the_next_start_and_what_is_not_ours_is_left_alone() {
    let mut bench = Bench::new();
    let (mut tap, _) = bench.begin(FILE);
    bench.tape(&mut tap, 0..130);
    // The thread is gone with all that it had not written.
    let whole = fs::read(bench.path(FILE)).unwrap();
    fs::write(bench.path(FILE), &whole[..whole.len() - 3]).unwrap();
    for other in ["notes.ogg", "1-2.ogg", "1700-43-1.ogg.part", "1700-x-1.ogg"] {
        fs::write(bench.path(other), &whole).unwrap();
    }
    fs::write(bench.path("1700-44-1.ogg"), "").unwrap();
    // What a power cut, and a disk that was full, leave of a sidecar.
    fs::write(bench.path("1700-42-1.json"), "").unwrap();
    fs::write(bench.path("1700-42-1.json.part"), "{").unwrap();
    bench.recorder.folder.close_interrupted().unwrap();
    let sidecar = bench.sidecar();
    let told = ["cause", "durationMs", "ended", "startedBy", "bytes"].map(|name| &sidecar[name]);
    let bytes = whole.len() - 3;
    let expected = [
        &json!("interrupted"),
        &json!(993),
        &json!(2_693),
        &json!("host"),
        &json!(bytes),
    ];
    assert_eq!(
        told, expected,
        "of two seconds the last is cut, and what the decoder takes to run in"
    );
    let count = || fs::read_dir(bench.path("")).unwrap().count();
    assert_eq!(count(), 7);
    bench.recorder.folder.close_interrupted().unwrap();
    assert_eq!(count(), 7);
}
