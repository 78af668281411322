//! Recordings of meetings: what they want, ordered of the mixer; what becomes of it, told them.

use std::time::{Duration, Instant};

use api::{CommandError, LiveCommand, Target};
use model::{Actor, Command, MeetingId, RecordingEnd, RecordingFault};
use store::Record;

use super::output::{MediaOrder, Output, RecordingOrder, Ticket};
use super::{Control, Owner, audit};

/// Longest that an answer waits for a recording to begin; the shell waits for an answer a little longer.
const BEGIN_MAX: Duration = Duration::from_secs(4);

/// The answer to a request for a recording, which waits until it has begun or failed.
pub(super) struct Held {
    ticket: Ticket,
    room: MeetingId,
    until: Instant,
    /// Why it failed.
    fault: Option<RecordingFault>,
    /// What the audit notes of the request.
    rows: Vec<Output>,
}

impl Control {
    /// A meeting wants to be recorded.
    pub(super) fn record(&mut self, now: Instant, id: MeetingId, take: u32, file: String, by: &Actor) {
        // Its own is among them.
        if let Some(fault) = self.recording_fault(1) {
            let failed = Command::RecordingFailed { take, fault };
            return self.command(now, id, Actor::Bridge, failed);
        }
        let Some(slot) = self.meetings.get_mut(&id) else {
            return;
        };
        slot.is_taped = true;
        let recording = RecordingOrder {
            room: id,
            number: slot.number,
            take,
            file,
            started_ms: self.clock.ms(now),
            started_by: match by {
                Actor::Leg(leg) => slot.meeting.row(*leg).map_or("nobody", |row| row.role.name()),
                Actor::User(_) => "user",
                Actor::Bridge => "bridge",
            },
        };
        self.order(MediaOrder::Record(Box::new(recording)));
    }

    /// A meeting wants to be recorded no longer; one whose wish was refused never was.
    pub(super) fn end_recording(&mut self, room: MeetingId, end: RecordingEnd) {
        let slot = self.meetings.get_mut(&room);
        if slot.is_some_and(|slot| std::mem::take(&mut slot.is_taped)) {
            self.order(MediaOrder::EndRecording { room, end });
        }
    }

    /// Holds back the answer to a request that was done but for the recording, and what the audit notes of it. Nothing else is to be
    /// answered then, since each input is settled before the next.
    pub(super) fn hold(&mut self, now: Instant, ticket: Ticket, room: MeetingId) {
        let until = now + BEGIN_MAX;
        self.schedule.set(Owner::Answer(ticket), Some(until));
        self.held.push(Held {
            ticket,
            room,
            until,
            fault: None,
            rows: std::mem::take(&mut self.replies),
        });
    }

    /// A recording has failed: whoever waits for it is told why.
    pub(super) fn recording_failed(&mut self, room: MeetingId, fault: RecordingFault) {
        let waiting = self.held.iter_mut().filter(|held| held.room == room);
        waiting.for_each(|held| held.fault = Some(fault));
    }

    /// Answers those who have waited for a recording long enough.
    pub(super) fn answer_held(&mut self, now: Instant) {
        for held in std::mem::take(&mut self.held) {
            match self.outcome(now, &held) {
                Some(result) => self.release(held, result),
                None => self.held.push(held),
            }
        }
    }

    /// What came of a request for a recording; nothing while that is not known.
    fn outcome(&self, now: Instant, held: &Held) -> Option<Result<(), CommandError>> {
        if let Some(fault) = held.fault {
            let message = explained(fault).to_owned();
            let field = "isRecording";
            return Some(Err(CommandError::Full { field, message }));
        }
        let slot = self.meetings.get(&held.room);
        // One that was stopped meanwhile was done as well: the snapshot tells how it is now.
        match slot.is_some_and(|slot| slot.meeting.recording() && !slot.meeting.recorded()) {
            false => Some(Ok(())),
            true => (now >= held.until).then_some(Err(CommandError::Timeout)),
        }
    }

    /// Answers. A recording that failed is not in the audit; what was done in the same request is.
    fn release(&mut self, held: Held, result: Result<(), CommandError>) {
        let Held { ticket, rows, .. } = held;
        self.schedule.set(Owner::Answer(ticket), None);
        let stands = |row: &Output| held.fault.is_none() || !notes_recording(row);
        self.replies.extend(rows.into_iter().filter(stands));
        self.replies.push(Output::Reply { ticket, result });
    }

    /// Why no meeting can be recorded beside those that are, `own` of which do not count.
    pub(super) fn recording_fault(&self, own: usize) -> Option<RecordingFault> {
        let most = self.config.recordings;
        if most == 0 {
            return Some(RecordingFault::SwitchedOff);
        }
        let slots = self.meetings.values();
        let running = slots.filter(|slot| slot.meeting.recording()).count();
        (running >= most + own).then_some(RecordingFault::TooMany)
    }
}

/// The meeting that a request asks to record.
pub(super) fn asked_for(target: Target, command: &LiveCommand) -> Option<MeetingId> {
    let Target::Meeting(room) = target else {
        return None;
    };
    let records = |one: &LiveCommand| *one == LiveCommand::Meeting(Command::SetRecording(true));
    let among = matches!(command, LiveCommand::Several(commands) if commands.iter().any(records));
    (among || records(command)).then_some(room)
}

fn notes_recording(row: &Output) -> bool {
    let word = audit::word(&Command::SetRecording(true));
    matches!(row, Output::Record(Record::Audit(entry)) if entry.action == word)
}

/// Why something is not recorded, for people.
pub(super) const fn explained(fault: RecordingFault) -> &'static str {
    match fault {
        RecordingFault::SwitchedOff => "the bridge is configured not to record",
        RecordingFault::TooMany => "the bridge records as many meetings as it may",
        RecordingFault::DiskFull => "the disk is too full",
        RecordingFault::Disk => "the file could not be written",
        RecordingFault::Recorder => "the recorder failed",
    }
}
