//! The recorder's thread: encodes what rooms give it, and writes it to files.
//!
//! Whatever happens to a file ends its recording and nothing else. Rooms do not wait for this thread, nor does control.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use media::{Rate, TICK};
use mixer::Taped;
use model::{RecordingEnd, RecordingFault};
use rtrb::Consumer;

use super::backend::now_ms;
use super::recordings::Ending;
use super::whole_file::{self, PRIVATE};
use crate::control::MediaReport;
use crate::metrics::Recordings as Counts;
use crate::recording::{About, Measured, Remains, Sidecar, Tape};

/// How often rings are emptied.
const PACE: Duration = Duration::from_millis(100);
/// Recordings that are ended between two times in which rings are emptied. Each end waits for the disk three times; with more of them, as when
/// all meetings end at the full hour, the rings of those that go on would overflow.
const ENDS_AT_ONCE: usize = 8;
/// How often is looked how much space is left.
const LOOK: Duration = Duration::from_secs(2);

/// Where recordings lie.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Free space below which nothing is recorded, bytes.
    min_free: u64,
}

impl Folder {
    /// Makes it, for its owner alone.
    pub(super) fn make(path: PathBuf, min_free: u64) -> Result<Self, String> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        let fail = |error| {
            format!(
                "{}: {error}; choose another with recording.folder",
                path.display()
            )
        };
        made.map_err(fail)?;
        Ok(Self { path, min_free })
    }

    /// Whether there is space; where nobody knows, writing will tell.
    fn has_space(&self) -> bool {
        let free = rustix::fs::statvfs(&self.path);
        free.map_or(true, |free| {
            free.f_bavail.saturating_mul(free.f_frsize) >= self.min_free
        })
    }

    /// A file that was not there before, for its owner alone.
    fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(PRIVATE);
        options.open(self.path.join(name))
    }

    /// One that is there is whole.
    fn put_beside(&self, file: &str, sidecar: &Sidecar) -> io::Result<()> {
        whole_file::write(&self.path.join(beside(file)), &sidecar.text(), PRIVATE)
    }

    /// Puts a sidecar to each recording that has none: the bridge ended without a farewell while it was being written.
    fn close_interrupted(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str().filter(|name| is_ours(name)) else {
                continue;
            };
            // After a power cut one of an earlier version may have nothing in it.
            let beside = std::fs::metadata(self.path.join(beside(name)));
            if beside.is_ok_and(|beside| beside.len() > 0) {
                continue;
            }
            if let Err(error) = self.close(name) {
                tracing::error!(file = name, %error, "a recording that was interrupted could not be closed");
            }
        }
        Ok(())
    }

    fn close(&self, name: &str) -> io::Result<()> {
        let file = File::open(self.path.join(name))?;
        let bytes = file.metadata()?.len();
        let Some(remains) = Remains::read(io::BufReader::new(file)) else {
            tracing::warn!(
                file = name,
                bytes,
                "a recording was interrupted before it had begun"
            );
            return Ok(());
        };
        let length_ms = remains.length_ms;
        let measured = Measured {
            length_ms,
            bytes,
            ..Measured::default()
        };
        let ended_ms = remains.about.started_ms.saturating_add_unsigned(length_ms);
        let sidecar = Sidecar::new(
            name,
            &remains.about,
            ended_ms,
            RecordingEnd::Interrupted,
            measured,
        );
        self.put_beside(name, &sidecar)?;
        tracing::warn!(
            file = name,
            length_ms,
            bytes,
            "a recording was interrupted; it is whole up to then"
        );
        Ok(())
    }
}

/// Name of what lies beside a recording.
fn beside(file: &str) -> String {
    format!("{}.json", file.strip_suffix(".ogg").unwrap_or(file))
}

/// Whether it is named as we name recordings: numbers with hyphens between them.
fn is_ours(name: &str) -> bool {
    let stem = name.strip_suffix(".ogg").unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    stem.split('-').count() == 3 && stem.split('-').all(is_number)
}

/// One that is to be written.
pub(super) struct Job {
    /// Which of its meeting, from 1.
    pub(super) take: u32,
    /// Name of the file.
    pub(super) file: String,
    pub(super) about: About,
    pub(super) rate: Rate,
    /// What the room gives; once that is over the recording is.
    pub(super) taped: Consumer<Taped>,
    pub(super) ending: Ending,
}

/// Between two reports of gaps: what a meeting knows of them when it ends is behind by so much at most.
const TELL_GAPS: Duration = Duration::from_secs(1);

/// One that is being written.
struct Take {
    job: Job,
    tape: Tape<File>,
    measured: Measured,
    /// Silence in place of what did not come that nobody was told of yet, ms, and when somebody was told last.
    untold_ms: u64,
    told_at: Option<Instant>,
}

impl Take {
    /// Writes what waits.
    fn write(&mut self) -> io::Result<()> {
        while let Ok(taped) = self.job.taped.pop() {
            let missing = self.tape.write(taped.at, &taped.frame)?;
            self.measured.gaps += u64::from(missing > 0);
            self.measured.gap_ms += missing * TICK.as_millis() as u64;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.tape.end()?;
        self.tape.inner().sync_data()
    }

    fn measured(&self) -> Measured {
        Measured {
            length_ms: self.tape.length_ms(),
            bytes: self.tape.bytes(),
            ..self.measured
        }
    }
}

/// The thread's own.
pub(super) struct Recorder {
    folder: Folder,
    jobs: Receiver<Job>,
    tell: Sender<MediaReport>,
    counts: Counts,
    takes: Vec<Take>,
    look_at: Instant,
}

impl Recorder {
    pub(super) fn new(
        folder: Folder,
        jobs: Receiver<Job>,
        tell: Sender<MediaReport>,
        counts: Counts,
    ) -> Self {
        Self {
            folder,
            jobs,
            tell,
            counts,
            takes: Vec::new(),
            look_at: Instant::now(),
        }
    }

    /// Runs until nobody can want another recording.
    pub(super) fn run(mut self) {
        if let Err(error) = self.folder.close_interrupted() {
            tracing::error!(%error, "interrupted recordings could not be looked for");
        }
        loop {
            let goes_on = match self.jobs.recv_timeout(PACE) {
                Ok(job) => {
                    self.begin(job);
                    true
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            self.write(goes_on);
            self.look(Instant::now());
            if !goes_on {
                return;
            }
        }
    }

    fn begin(&mut self, job: Job) {
        match self.open(&job) {
            Ok(tape) => {
                let (room, take) = (job.about.meeting, job.take);
                self.counts.started.inc();
                self.counts.running.inc();
                self.counts.bytes.inc_by(tape.bytes());
                tracing::info!(meeting = room.0, file = job.file, "a recording has begun");
                self.takes.push(Take {
                    job,
                    tape,
                    measured: Measured::default(),
                    untold_ms: 0,
                    told_at: None,
                });
                self.tell(MediaReport::RecordingBegan { room, take });
            }
            Err(fault) => self.failed(&job, fault),
        }
    }

    fn open(&self, job: &Job) -> Result<Tape<File>, RecordingFault> {
        if !self.folder.has_space() {
            return Err(RecordingFault::DiskFull);
        }
        let file = self.folder.create(&job.file);
        let file = file.map_err(|error| fault_of(&job.file, &error))?;
        Tape::begin(file, job.rate, &job.about).map_err(|error| {
            // Nothing was recorded: a file without a beginning would be taken for one that was cut off.
            let _ = std::fs::remove_file(self.folder.path.join(&job.file));
            fault_of(&job.file, &error)
        })
    }

    /// Writes what waits for each; of those that are over some are ended, and all when nothing more will come.
    fn write(&mut self, goes_on: bool) {
        let mut ends = if goes_on { ENDS_AT_ONCE } else { usize::MAX };
        for mut take in std::mem::take(&mut self.takes) {
            // Asked before: what was put in before that is written.
            let is_over = !goes_on || take.job.taped.is_abandoned();
            let before = take.measured();
            let written = take.write();
            self.note(&mut take, before);
            self.tell_gaps(&mut take, Some(TELL_GAPS));
            match written {
                Ok(()) if is_over && ends > 0 => {
                    ends -= 1;
                    self.end(take);
                }
                Ok(()) => self.takes.push(take),
                Err(error) => {
                    self.tell_gaps(&mut take, None);
                    let fault = fault_of(&take.job.file, &error);
                    self.give_up(take, fault);
                }
            }
        }
    }

    /// Counts what was written since it was as `before`.
    fn note(&self, take: &mut Take, before: Measured) {
        let now = take.measured();
        let gap_ms = now.gap_ms - before.gap_ms;
        self.counts.bytes.inc_by(now.bytes - before.bytes);
        self.counts.gaps.inc_by(now.gaps - before.gaps);
        self.counts.gap_ms.inc_by(gap_ms);
        take.untold_ms += gap_ms;
    }

    /// Tells of silence in place of what did not come: at once, and then in sums, `at_most` so often. A disk that is too slow has gaps all the
    /// time.
    fn tell_gaps(&self, take: &mut Take, at_most: Option<Duration>) {
        let is_early = |told: Instant| at_most.is_some_and(|gap| told.elapsed() < gap);
        if take.untold_ms == 0 || take.told_at.is_some_and(is_early) {
            return;
        }
        let gap_ms = std::mem::take(&mut take.untold_ms);
        take.told_at = Some(Instant::now());
        let (room, ms) = (take.job.about.meeting, u32::try_from(gap_ms).unwrap_or(u32::MAX));
        tracing::warn!(
            meeting = room.0,
            file = take.job.file,
            gap_ms,
            "a recording has a gap"
        );
        let take = take.job.take;
        self.tell(MediaReport::RecordingGap { room, take, ms });
    }

    fn end(&self, mut take: Take) {
        let before = take.measured();
        let ended = take.end();
        self.note(&mut take, before);
        self.tell_gaps(&mut take, None);
        match (ended, take.job.ending.get().copied()) {
            (Ok(()), Some(end)) => self.close(&take, end),
            // Nobody wanted it to end: the room is gone, or never was.
            (Ok(()), None) => self.give_up(take, RecordingFault::Recorder),
            (Err(error), _) => {
                let fault = fault_of(&take.job.file, &error);
                self.give_up(take, fault);
            }
        }
    }

    /// What is there stays; its meeting is told.
    fn give_up(&self, take: Take, fault: RecordingFault) {
        self.close(&take, RecordingEnd::Failed);
        self.failed(&take.job, fault);
    }

    fn close(&self, take: &Take, end: RecordingEnd) {
        self.counts.running.dec();
        let (file, measured) = (&take.job.file, take.measured());
        tracing::info!(
            meeting = take.job.about.meeting.0,
            file,
            length_ms = measured.length_ms,
            bytes = measured.bytes,
            gap_ms = measured.gap_ms,
            end = end.text(),
            "a recording has ended"
        );
        let sidecar = Sidecar::new(file, &take.job.about, now_ms(), end, measured);
        if let Err(error) = self.folder.put_beside(file, &sidecar) {
            tracing::error!(file, %error, "what belongs beside a recording could not be written");
        }
    }

    fn failed(&self, job: &Job, fault: RecordingFault) {
        let (room, take) = (job.about.meeting, job.take);
        self.counts.failed.inc();
        tracing::error!(
            meeting = room.0,
            file = job.file,
            fault = fault.text(),
            "a recording failed"
        );
        self.tell(MediaReport::RecordingFailed { room, take, fault });
    }

    /// Ends all when the disk gets too full.
    fn look(&mut self, now: Instant) {
        if now < self.look_at {
            return;
        }
        self.look_at = now + LOOK;
        if self.takes.is_empty() || self.folder.has_space() {
            return;
        }
        for mut take in std::mem::take(&mut self.takes) {
            let before = take.measured();
            // There is space for an end yet, and if not, the file goes without.
            let _ = take.end();
            self.note(&mut take, before);
            self.tell_gaps(&mut take, None);
            self.give_up(take, RecordingFault::DiskFull);
        }
    }

    /// Control may be gone already.
    fn tell(&self, report: MediaReport) {
        let _ = self.tell.send(report);
    }
}

fn fault_of(file: &str, error: &io::Error) -> RecordingFault {
    tracing::error!(file, %error, "a recording could not be written");
    let is_full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    );
    match is_full {
        true => RecordingFault::DiskFull,
        false => RecordingFault::Disk,
    }
}

#[cfg(test)]
mod tests;
