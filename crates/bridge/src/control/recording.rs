//! Recordings of meetings: what they want, ordered of the mixer; what becomes of it, told them.

use std::time::Instant;

use model::{Actor, Command, MeetingId, RecordingEnd, RecordingFault};

use super::Control;
use super::output::{MediaOrder, RecordingOrder};

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

/// The same for people.
pub(super) const fn explained(fault: RecordingFault) -> &'static str {
    match fault {
        RecordingFault::SwitchedOff => "the bridge is configured not to record",
        RecordingFault::TooMany => "the bridge records as many meetings as it may",
        RecordingFault::DiskFull => "the disk is too full",
        RecordingFault::Disk => "the file could not be written",
        RecordingFault::Recorder => "the recorder failed",
    }
}
