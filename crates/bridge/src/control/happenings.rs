//! The one place where everything passes that the world may know: numbered, kept for the store, and published with the snapshot that
//! includes it.

use std::sync::Arc;
use std::time::Instant;

use model::{
    Actor, CallNews, Cause, Event, Happening, KeyedCommand, LegId, MeetingId, News, NewsKind, Party, Place,
    PresenterMedia, Sid,
};
use store::Record;

use super::Control;
use super::output::Output;

impl Control {
    /// Something happened in a meeting.
    pub(super) fn meeting_event(&mut self, now: Instant, id: MeetingId, actor: Actor, event: Event) {
        if let Some(leg) = event.leg().filter(|leg| !self.is_in(id, *leg)) {
            self.voices.goes(id, leg);
        }
        self.note_first_state(id, &event);
        let around = self.voices.around(id, &event);
        for news in around.before {
            self.meeting_news(now, id, Actor::Bridge, news);
        }
        self.note_event(now, id, &event);
        if let Event::RecordingFailed { fault } = event {
            self.recording_failed(id, fault);
        }
        self.meeting_news(now, id, actor, News::Meeting(event));
        if let Some(news) = around.after {
            self.meeting_news(now, id, Actor::Bridge, news);
        }
    }

    /// Who comes in muted or held is so from then on, though it is told behind the coming: nobody hears it between the two.
    fn note_first_state(&mut self, id: MeetingId, event: &Event) {
        let Event::Joined { leg, .. } = event else {
            return;
        };
        let slot = self.meetings.get(&id);
        if let Some(row) = slot.and_then(|slot| slot.meeting.row(*leg)) {
            self.voices.comes_in(*leg, row.mute.any(), row.held);
        }
    }

    /// Whether a meeting still has a leg when what it did is told.
    fn is_in(&self, id: MeetingId, leg: LegId) -> bool {
        let slot = self.meetings.get(&id);
        slot.is_some_and(|slot| slot.meeting.row(leg).is_some())
    }

    /// A caller keyed a command.
    pub(super) fn keyed(&mut self, now: Instant, leg: LegId, id: MeetingId, command: KeyedCommand) {
        let what = CallNews::Keyed(command);
        self.meeting_news(now, id, Actor::Leg(leg), News::Call { leg, what });
    }

    /// The mixer says that somebody began or ceased to talk.
    pub(super) fn talks(&mut self, now: Instant, leg: LegId, on: bool) {
        if let Some((id, news)) = self.voices.talks(leg, on) {
            self.meeting_news(now, id, Actor::Bridge, news);
        }
    }

    /// The mixer says how well a caller was heard in ten seconds.
    pub(super) fn scored(&mut self, now: Instant, leg: LegId, mos_hundredths: u16) {
        if let Some((id, news)) = self.voices.scored(leg, mos_hundredths) {
            self.meeting_news(now, id, Actor::Bridge, news);
        }
    }

    /// A call is to be marked as presenting by these media, in a meeting or not; what it is already is told nobody.
    pub(super) fn presents(&mut self, now: Instant, leg: LegId, actor: Actor, media: PresenterMedia) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        if std::mem::replace(&mut call.view.presenter_media, media) == media {
            return;
        }
        let meeting = call.meeting();
        self.dirty_calls.insert(leg);
        let what = CallNews::Presents(media);
        match meeting {
            Some(id) => self.meeting_news(now, id, actor, News::Call { leg, what }),
            None => self.call_news(now, leg, actor, what),
        }
    }

    /// A call has come. Of one that nobody answers the world is told only within the bounds of its record.
    pub(super) fn call_rings(&mut self, now: Instant, leg: LegId) {
        self.voices.came(leg);
        let told = self.rings.take(now);
        if let Some(call) = self.calls.get_mut(&leg) {
            call.is_known = told;
        }
        self.call_news(now, leg, Actor::Leg(leg), CallNews::Ringing);
    }

    /// The bridge calls somebody, for whoever asked for it.
    pub(super) fn call_dials(&mut self, now: Instant, leg: LegId, asked_by: Actor) {
        self.voices.came(leg);
        self.call_news(now, leg, asked_by, CallNews::Ringing);
    }

    /// A call was answered.
    pub(super) fn call_in_menu(&mut self, now: Instant, leg: LegId) {
        if let Some(call) = self.calls.get_mut(&leg)
            && std::mem::replace(&mut call.is_known, true)
        {
            self.rings.give_back();
        }
        self.call_news(now, leg, Actor::Bridge, CallNews::InMenu);
    }

    /// A call is over.
    pub(super) fn call_over(&mut self, now: Instant, leg: LegId, cause: Cause) {
        let own = matches!(cause, Cause::HungUp | Cause::Left | Cause::Cancelled);
        let actor = if own { Actor::Leg(leg) } else { Actor::Bridge };
        self.call_news(now, leg, actor, CallNews::Ended { cause });
        self.voices.went(leg);
    }

    /// The menu has decided something that meetings decide as well.
    pub(super) fn menu_news(&mut self, now: Instant, leg: LegId, event: Event) {
        self.outside_news(now, leg, Actor::Bridge, News::Meeting(event));
    }

    /// Of a call that is being dialled something was changed that meetings change as well.
    pub(super) fn ringing_news(&mut self, now: Instant, leg: LegId, actor: Actor, event: Event) {
        self.outside_news(now, leg, actor, News::Meeting(event));
    }

    fn call_news(&mut self, now: Instant, leg: LegId, actor: Actor, what: CallNews) {
        self.outside_news(now, leg, actor, News::Call { leg, what });
    }

    /// News of a call outside of meetings; they belong to whom the call belongs.
    fn outside_news(&mut self, now: Instant, leg: LegId, actor: Actor, news: News) {
        let Some(call) = self.calls.get(&leg).filter(|call| call.is_known) else {
            return;
        };
        let owner = call.view.subscriber_sid.clone();
        self.happened(now, owner, None, actor, news, true);
    }

    fn meeting_news(&mut self, now: Instant, id: MeetingId, actor: Actor, news: News) {
        let Some(slot) = self.meetings.get(&id) else {
            return;
        };
        // That nothing more is told is the last that is told: nobody waits for ends that do not come.
        let is_live = slot.is_live() || news.turns_live().is_some();
        let owner = slot.owner().clone();
        self.dirty_calls.extend(news.leg());
        self.happened(now, owner, Some(id), actor, news, is_live);
    }

    fn happened(
        &mut self,
        now: Instant,
        subscriber_sid: Sid,
        meeting: Option<MeetingId>,
        actor: Actor,
        news: News,
        is_live: bool,
    ) {
        let Some(id) = self.ids.happening() else {
            self.counts.events_without_id += 1;
            return;
        };
        // What can't be told takes no place: there would be a gap for ever.
        let place = meeting.and_then(|id| self.next_place(id));
        let happening = Arc::new(Happening {
            id,
            at_ms: self.clock.ms(now),
            subscriber_sid,
            place,
            actor,
            party: self.party(&news),
            news,
            is_live,
        });
        self.outputs
            .push_back(Output::Record(Record::Happening(happening.clone())));
        self.happened.push(happening);
    }

    fn next_place(&mut self, meeting: MeetingId) -> Option<Place> {
        let slot = self.meetings.get_mut(&meeting)?;
        Some(slot.next_place(meeting))
    }

    /// Who called, where the news tell of a call's coming.
    fn party(&self, news: &News) -> Option<Party> {
        let coming = [
            NewsKind::CallRinging,
            NewsKind::CallMenu,
            NewsKind::CallWaiting,
            NewsKind::CallJoined,
        ];
        let leg = news.leg().filter(|_| coming.contains(&news.kind()))?;
        let view = &self.calls.get(&leg)?.view;
        Some(Party {
            caller: view.caller.clone(),
            callee: view.callee.clone(),
        })
    }
}
