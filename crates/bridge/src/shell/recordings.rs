//! Recordings from control's side: begun and ended without ever waiting for the disk.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use media::Rate;
use mixer::Tap;
use model::{MeetingId, RecordingEnd, RecordingFault};

use super::recorder::{Folder, Job, Recorder};
use super::{serve, settings};
use crate::config::Config;
use crate::control::{MediaReport, RecordingOrder};
use crate::metrics;
use crate::recording::About;

/// Ticks that may wait for the recorder: three seconds, which is how long a disk may stall without a gap.
const RING: usize = 150;
/// Things that the recorder tells and that may wait for control; it waits for that, not control for it.
const TOLD: usize = 1024;

/// How a recording ended, for whoever writes it.
pub(super) type Ending = Arc<OnceLock<RecordingEnd>>;

/// One that is on its way to the disk.
struct Running {
    take: u32,
    /// The shard that has its tap.
    shard: usize,
    ending: Ending,
}

/// The recorder's thread, and what it is writing.
pub(super) struct Recordings {
    rate: Rate,
    jobs: Option<Sender<Job>>,
    told: Receiver<MediaReport>,
    thread: Option<JoinHandle<()>>,
    /// By meeting.
    running: HashMap<MeetingId, Running>,
    /// What is known at once.
    known: VecDeque<MediaReport>,
}

impl Recordings {
    /// Starts the recorder, where the bridge records; its folder is made if it is not there.
    pub(super) fn start(config: &Config, data: &Path, counts: metrics::Recordings) -> Result<Self, String> {
        let section = &config.recording;
        let folder = match section.enabled {
            true => Some(Folder::make(section.place(data), section.min_free())?),
            false => None,
        };
        Self::with(folder, settings::recording_rate(config), section.at_once, counts)
    }

    fn with(
        folder: Option<Folder>,
        rate: Rate,
        at_once: usize,
        counts: metrics::Recordings,
    ) -> Result<Self, String> {
        let (jobs, queue) = bounded(at_once);
        let (tell, told) = bounded(TOLD);
        let begin = |folder| {
            let recorder = Recorder::new(folder, queue, tell, counts);
            serve::spawn("recorder", move || recorder.run())
        };
        let thread = folder.map(begin).transpose()?;
        Ok(Self {
            rate,
            jobs: thread.is_some().then_some(jobs),
            told,
            thread,
            running: HashMap::new(),
            known: VecDeque::new(),
        })
    }

    /// Begins one of a room that lies in `shard`, and the tap for it. Nothing where it cannot be: that is reported.
    pub(super) fn begin(
        &mut self,
        shard: Option<usize>,
        recording: RecordingOrder,
    ) -> Option<(usize, Box<Tap>)> {
        let (room, take) = (recording.room, recording.take);
        let begun = shard.and_then(|shard| self.send(shard, recording));
        if begun.is_none() {
            let fault = RecordingFault::Recorder;
            self.known
                .push_back(MediaReport::RecordingFailed { room, take, fault });
        }
        begun
    }

    fn send(&mut self, shard: usize, recording: RecordingOrder) -> Option<(usize, Box<Tap>)> {
        let RecordingOrder { room, take, .. } = recording;
        let (tap, taped) = Tap::new(self.rate, RING);
        let ending = Ending::default();
        let job = Job {
            take,
            file: recording.file,
            about: About {
                meeting: room,
                number: recording.number,
                started_ms: recording.started_ms,
                started_by: recording.started_by.to_owned(),
            },
            rate: self.rate,
            taped,
            ending: ending.clone(),
        };
        self.jobs.as_ref()?.try_send(job).ok()?;
        let running = Running { take, shard, ending };
        self.running.insert(room, running);
        Some((shard, tap))
    }

    /// Ends the one of a meeting; the shard that has its tap, if it still has.
    pub(super) fn end(&mut self, room: MeetingId, end: RecordingEnd) -> Option<usize> {
        let running = self.running.remove(&room)?;
        // It is the first to say so: nobody else does.
        let _ = running.ending.set(end);
        Some(running.shard)
    }

    /// What became of one.
    pub(super) fn poll(&mut self) -> Option<MediaReport> {
        match self.told.try_recv() {
            Ok(told) => return Some(told),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.recorder_gone(),
        }
        self.known.pop_front()
    }

    /// Without the recorder all that was under way has failed; once it is gone nothing more begins.
    fn recorder_gone(&mut self) {
        if self.jobs.take().is_none() {
            return;
        }
        let fault = RecordingFault::Recorder;
        let failed = |(room, running): (&MeetingId, &Running)| MediaReport::RecordingFailed {
            room: *room,
            take: running.take,
            fault,
        };
        self.known.extend(self.running.iter().map(failed));
    }

    /// The bridge stops: all of them end with it.
    pub(super) fn end_all(&mut self) {
        for (_, running) in self.running.drain() {
            let _ = running.ending.set(RecordingEnd::MeetingEnded);
        }
    }

    /// Waits until all that is taped is on disk; nothing more may be.
    pub(super) fn stop(mut self) {
        self.jobs = None;
        // Whatever it tells now nobody wants to know.
        let told = std::mem::replace(&mut self.told, crossbeam_channel::never());
        drop(told);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the recorder had failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use media::{Clip, TICK};
    use mixer::{Order, Room, RoomKey, ShardConfig, shard};
    use model::MeetingNumber;
    use udp::MediaSocket;

    use super::*;

    fn order(take: u32) -> RecordingOrder {
        RecordingOrder {
            room: MeetingId(42),
            number: MeetingNumber(106_131),
            take,
            file: format!("1700-42-{take}.ogg"),
            started_ms: 1_700,
            started_by: "host",
        }
    }

    #[test]
    fn what_a_room_mixes_is_on_disk_when_all_has_stopped() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::make(home.path().to_owned(), 0).unwrap();
        let counts = metrics::Recordings::default();
        let mut recordings = Recordings::with(Some(folder), Rate::Hz48000, 2, counts.clone()).unwrap();
        let config = ShardConfig {
            max_legs: 1,
            max_rooms: 1,
            orders: 8,
            reports: 8,
            music: Clip::default(),
            noise: Clip::default(),
        };
        let (mut shard, mut handle) = shard::<MediaSocket>(config);
        let (room, audio) = (RoomKey(42), Room::new(8));
        handle.order(Order::OpenRoom { room, audio }).unwrap();
        let (at, tap) = recordings.begin(Some(3), order(1)).unwrap();
        handle.order(Order::Tap { room, tap }).unwrap();
        let epoch = Instant::now();
        (0..100).for_each(|n| shard.tick(epoch + TICK * n));
        assert_eq!(
            (at, recordings.end(MeetingId(42), RecordingEnd::Asked)),
            (3, Some(3))
        );
        assert_eq!(recordings.end(MeetingId(42), RecordingEnd::Asked), None);
        drop((shard, handle));
        recordings.stop();
        let bytes = std::fs::read(home.path().join("1700-42-1.ogg")).unwrap();
        let clip = Clip::from_ogg_opus(&bytes, &[Rate::Hz48000]).unwrap();
        assert_eq!(clip.ticks(), 100);
        let sidecar = std::fs::read_to_string(home.path().join("1700-42-1.json")).unwrap();
        assert!(sidecar.contains(r#""cause": "asked""#), "{sidecar}");
        assert_eq!((counts.started.get(), counts.running.get()), (1, 0));
    }

    #[test]
    fn one_that_cannot_begin_is_reported_at_once() {
        let counts = metrics::Recordings::default();
        let mut recordings = Recordings::with(None, Rate::Hz8000, 1, counts).unwrap();
        assert!(recordings.begin(Some(0), order(1)).is_none());
        assert!(recordings.begin(None, order(2)).is_none());
        let told: Vec<_> = std::iter::from_fn(|| recordings.poll()).collect();
        let failed = |take| MediaReport::RecordingFailed {
            room: MeetingId(42),
            take,
            fault: RecordingFault::Recorder,
        };
        assert_eq!(told, [1, 2].map(failed));
        recordings.stop();
    }
}
