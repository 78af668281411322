//! Recording: who may start it, when it begins and ends, and what is said of it.
//!
//! What the meeting wants is an [`Output`]; whether it is so is told by a command. A recording counts as running once its file is being
//! written, and only then is the room told; whoever comes in, or starts the meeting, while it is about to be hears it with what is said to him alone.

use std::time::{Duration, Instant};

use model::attribute::{RecordingMethod, RecordingMode, StopHow};
use model::{Actor, Event, Prompt, RecordingEnd, RecordingFault, Role};

use crate::machine::{NOT_STARTED, SAME};
use crate::{Meeting, Output};

/// Name of the recordings of a meeting that was given none.
pub(crate) const UNNAMED: &str = "meeting";
/// Why nothing comes of what the recorder tells of a recording that is over.
const OVER: &str = "no such recording";

/// A recording that was asked for.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Which of this meeting, from 1.
    take: u32,
    /// Who asked for it.
    by: Actor,
    /// Whether it is being written.
    runs: bool,
    /// Silence in place of what could not be written in time, ms.
    gap_ms: u32,
    /// Whether a host was ever there since it was asked for: only then can the last one leave.
    had_host: bool,
    /// Since when there is none, where it ends with them.
    alone_since: Option<Instant>,
}

impl Meeting {
    /// Gives its recordings a name, which they share but for their number and the `.ogg` behind it.
    pub fn name_recordings(&mut self, name: String) {
        self.recordings = name;
    }

    /// Whether it is recorded, or about to be.
    pub fn recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Whether it is recorded: the file is being written.
    pub fn recorded(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.runs)
    }

    /// Why its settings allow no recording.
    pub(crate) fn may_record(&self) -> Result<(), &'static str> {
        let policy = &self.policy.recording;
        if policy.conference_recording == RecordingMode::Off {
            return Err("conference_recording is off");
        }
        match policy.recording_method {
            RecordingMethod::Local => Ok(()),
            RecordingMethod::LocalPin | RecordingMethod::Remote | RecordingMethod::RemotePin => {
                Err("recording_method: only local is available in this version yet")
            }
        }
    }

    pub(crate) fn toggle_recording(&mut self, now: Instant, actor: &Actor) -> Result<(), &'static str> {
        self.set_recording(now, actor, !self.recording())
    }

    pub(crate) fn set_recording(
        &mut self,
        now: Instant,
        actor: &Actor,
        on: bool,
    ) -> Result<(), &'static str> {
        match (on, &self.recording) {
            (true, None) => self.ask_for_recording(now, actor),
            (false, Some(_)) => {
                self.stop_recording(actor, RecordingEnd::Asked);
                Ok(())
            }
            (true, Some(_)) | (false, None) => Err(SAME),
        }
    }

    /// The meeting begins, and its recording with it where that is the rule.
    pub(crate) fn auto_record(&mut self, now: Instant) {
        if self.policy.recording.conference_recording == RecordingMode::Auto {
            // Refused only for what its settings say.
            let _ = self.ask_for_recording(now, &Actor::Bridge);
        }
    }

    fn ask_for_recording(&mut self, now: Instant, actor: &Actor) -> Result<(), &'static str> {
        if let Err(why) = self.may_record() {
            self.tell(actor, [Prompt::RecordingNotAllowed]);
            return Err(why);
        }
        if !self.has_started() {
            self.tell(actor, [Prompt::NotAvailable]);
            return Err(NOT_STARTED);
        }
        self.takes += 1;
        let (take, by) = (self.takes, actor.clone());
        self.recording = Some(Recording {
            take,
            by: by.clone(),
            runs: false,
            gap_ms: 0,
            had_host: false,
            alone_since: None,
        });
        let file = self.file(take);
        self.output(Output::Record { take, file, by });
        self.watch_recording(now);
        Ok(())
    }

    fn file(&self, take: u32) -> String {
        format!("{}-{take}.ogg", self.recordings)
    }

    /// The one that is meant, unless it is over.
    fn take_of(&mut self, take: u32) -> Result<&mut Recording, &'static str> {
        let recording = self.recording.as_mut();
        recording.filter(|recording| recording.take == take).ok_or(OVER)
    }

    /// It is being written.
    pub(crate) fn recording_began(&mut self, take: u32) -> Result<(), &'static str> {
        let recording = self.take_of(take)?;
        if std::mem::replace(&mut recording.runs, true) {
            return Err(SAME);
        }
        let by = recording.by.clone();
        let file = self.file(take);
        self.event(&by, Event::RecordingStarted { file });
        self.say_all(&by, Prompt::RecordingStarted);
        Ok(())
    }

    pub(crate) fn recording_gap(&mut self, take: u32, ms: u32) -> Result<(), &'static str> {
        let recording = self.take_of(take)?;
        recording.gap_ms = recording.gap_ms.saturating_add(ms);
        Ok(())
    }

    /// It could not begin, which those who may count on it must know, or it cannot go on.
    pub(crate) fn recording_failed(&mut self, take: u32, fault: RecordingFault) -> Result<(), &'static str> {
        let recording = self.take_of(take)?;
        let (by, ran) = (recording.by.clone(), recording.runs);
        self.event(&Actor::Bridge, Event::RecordingFailed { fault });
        self.end_recording(&Actor::Bridge, RecordingEnd::Failed);
        match ran {
            true => self.say_all(&Actor::Bridge, Prompt::RecordingStopped),
            false => self.say_all(&by, Prompt::RecordingFailed),
        }
        Ok(())
    }

    /// Ends it while the meeting goes on, and says so.
    pub(crate) fn stop_recording(&mut self, actor: &Actor, end: RecordingEnd) {
        match self.end_recording(actor, end) {
            Some(true) => self.say_all(actor, Prompt::RecordingStopped),
            // Nobody has heard that it had begun.
            Some(false) => self.tell(actor, [Prompt::RecordingStopped]),
            None => {}
        }
    }

    /// Ends it without a word; whether it ran, if there was one.
    pub(crate) fn end_recording(&mut self, actor: &Actor, end: RecordingEnd) -> Option<bool> {
        let Recording {
            take, runs, gap_ms, ..
        } = self.recording.take()?;
        self.output(Output::EndRecording { take, end });
        if runs {
            let file = self.file(take);
            self.event(actor, Event::RecordingStopped { file, end, gap_ms });
        }
        Some(runs)
    }

    /// A setting changed: what is not allowed any more ends.
    pub(crate) fn recording_mode_changed(&mut self, actor: &Actor) {
        if self.policy.recording.conference_recording == RecordingMode::Off {
            self.stop_recording(actor, RecordingEnd::Asked);
        }
    }

    /// A host came or went, or the rule changed: starts or stops the clock of its end.
    pub(crate) fn watch_recording(&mut self, now: Instant) {
        let host = self.staying().any(|member| member.role == Role::Host);
        let by_host = self.policy.recording.recording_stop_how == StopHow::Moderator;
        if let Some(recording) = &mut self.recording {
            recording.had_host |= host;
            let alone = by_host && recording.had_host && !host;
            recording.alone_since = match alone {
                true => recording.alone_since.or(Some(now)),
                false => None,
            };
        }
    }

    /// When it ends since no host came back.
    pub(crate) fn recording_end(&self) -> Option<Instant> {
        let grace = Duration::from_secs(self.policy.recording.recording_stop_wait.0.into());
        let since = self.recording.as_ref()?.alone_since?;
        Some(since + grace)
    }
}
