//! What readers see: calls and meetings that changed are described anew, and one snapshot is published.

use std::sync::Arc;

use model::{CallState, CallView, LegId, MeetingId};

use super::Control;
use super::call::{Call, Stage};
use super::output::Output;

impl Control {
    /// Publishes a snapshot if anything changed since the last, with what happened.
    pub(super) fn publish(&mut self) {
        if self.dirty_calls.is_empty() && self.dirty_meetings.is_empty() && self.happened.is_empty() {
            return;
        }
        for leg in std::mem::take(&mut self.dirty_calls) {
            if let Some(view) = self.calls.get(&leg).map(|call| self.call_view(leg, call)) {
                self.live.calls.insert(leg, Arc::new(view));
            }
        }
        for id in std::mem::take(&mut self.dirty_meetings) {
            self.refresh_meeting(id);
        }
        self.live.version += 1;
        self.outputs.push_back(Output::Publish {
            live: Arc::new(self.live.clone()),
            happened: std::mem::take(&mut self.happened),
        });
    }

    fn call_view(&self, leg: LegId, call: &Call) -> CallView {
        let mut view = call.view.clone();
        view.state = call.state();
        if let Stage::Menu(session) = &call.stage {
            view.operator = session.operator();
        }
        let slot = call.meeting().and_then(|id| self.meetings.get(&id));
        if let Some((slot, row)) = slot.and_then(|slot| Some((slot, slot.meeting.row(leg)?))) {
            view.meeting = Some(slot.number);
            view.role = Some(row.role);
            view.mute = row.mute;
            view.question = row.question;
            view.operator = row.operator;
            view.held = row.held;
            view.gain_db = row.gain_db;
            view.custom_name.clone_from(&row.name);
            view.joined_ms = row.joined_at.map(|at| self.clock.ms(at));
            if !row.waiting {
                view.state = CallState::InMeeting;
            }
        }
        view
    }

    fn refresh_meeting(&mut self, id: MeetingId) {
        let Some(slot) = self.meetings.get(&id) else {
            return;
        };
        if self.by_number.get(&slot.number) == Some(&id) {
            let view = slot.view(id);
            self.live.meetings.insert(slot.number, Arc::new(view));
        }
    }
}
