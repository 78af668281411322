//! Who is heard to talk, and who is heard badly: what the mixer reports becomes news that go on and off in turn, between the coming and
//! the leaving of a call.

use std::collections::HashMap;

use model::{CallNews, Event, LegId, MeetingId, News};

/// A score below it is an alarm: many are dissatisfied (ITU-T G.107, annex B).
const ALARM_BELOW: u16 = 360;
/// From here on it is none any more.
const ALARM_OVER: u16 = 380;

/// Every call that is in a meeting or waits for one, or was reported on.
#[derive(Debug, Default)]
pub(super) struct Voices(HashMap<LegId, Voice>);

#[derive(Debug, Default)]
struct Voice {
    /// The meeting that knows it.
    meeting: Option<MeetingId>,
    /// Whether it is past the waiting room.
    is_inside: bool,
    is_muted: bool,
    is_held: bool,
    /// Whether it is with the operator, or waits for one.
    is_aside: bool,
    /// What the mixer said last.
    talks: bool,
    /// What the world knows.
    told: bool,
    alarm: bool,
}

/// News beside an event of a meeting.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// What has to be told before it.
    pub(super) before: Vec<News>,
    /// What follows from it.
    pub(super) after: Option<News>,
}

impl Voices {
    /// The mixer says that somebody began or ceased to talk; what the world is to know, and of which meeting.
    pub(super) fn talks(&mut self, leg: LegId, on: bool) -> Option<(MeetingId, News)> {
        let voice = self.0.get_mut(&leg)?;
        voice.talks = on;
        let changed = voice.tell()?;
        Some((voice.meeting?, talking(leg, changed)))
    }

    /// The score of ten seconds of a call, hundredths of MOS.
    pub(super) fn scored(&mut self, leg: LegId, mos_hundredths: u16) -> Option<(MeetingId, News)> {
        let voice = self.0.get_mut(&leg)?;
        let meeting = voice.meeting?;
        let on = match voice.alarm {
            false => mos_hundredths < ALARM_BELOW,
            true => mos_hundredths < ALARM_OVER,
        };
        let changed = std::mem::replace(&mut voice.alarm, on) != on;
        changed.then(|| (meeting, alarm(leg, on, mos_hundredths)))
    }

    /// A call comes into being.
    pub(super) fn came(&mut self, leg: LegId) {
        self.0.insert(leg, Voice::default());
    }

    /// A call is over.
    pub(super) fn went(&mut self, leg: LegId) {
        self.0.remove(&leg);
    }

    /// A call comes in muted or held, of which is told behind its coming. What was told in the waiting room stays until its end is told.
    pub(super) fn comes_in(&mut self, leg: LegId, is_muted: bool, is_held: bool) {
        if let Some(voice) = self.0.get_mut(&leg) {
            voice.is_muted |= is_muted;
            voice.is_held |= is_held;
        }
    }

    /// A call is on its way out of `meeting`: what is still told of it, such as the end of its mute, lets nobody hear it.
    pub(super) fn goes(&mut self, meeting: MeetingId, leg: LegId) {
        let voice = self.0.get_mut(&leg);
        if let Some(voice) = voice.filter(|voice| voice.meeting == Some(meeting)) {
            voice.is_inside = false;
        }
    }

    /// Takes in an event of `meeting`.
    pub(super) fn around(&mut self, meeting: MeetingId, event: &Event) -> Around {
        let Some((leg, voice)) = event.leg().and_then(|leg| Some((leg, self.0.get_mut(&leg)?))) else {
            return Around::default();
        };
        let mut around = Around::default();
        let left = matches!(event, Event::Left { .. });
        if left && std::mem::take(&mut voice.alarm) {
            around.before.push(alarm(leg, false, 0));
        }
        voice.take(meeting, event);
        match voice.tell() {
            Some(false) => around.before.insert(0, talking(leg, false)),
            Some(true) => around.after = Some(talking(leg, true)),
            None => {}
        }
        around
    }
}

impl Voice {
    fn take(&mut self, meeting: MeetingId, event: &Event) {
        if matches!(event, Event::Waiting { .. } | Event::Joined { .. }) {
            self.meeting = Some(meeting);
            self.is_inside = matches!(event, Event::Joined { .. });
        } else if let Event::Muted { mute, .. } = event {
            self.is_muted = mute.any();
        } else if let Event::Held { on, .. } = event {
            self.is_held = *on;
        } else if let Event::OperatorSet { mode, .. } = event {
            self.is_aside = mode.is_aside();
        } else if matches!(event, Event::Left { .. }) {
            // What the mixer says of it stays: it may go on talking in the next meeting.
            *self = Self {
                talks: self.talks,
                told: self.told,
                ..Self::default()
            };
        }
    }

    /// What has to be told, if it is another than before.
    fn tell(&mut self) -> Option<bool> {
        let heard = self.talks && self.is_inside && !self.is_muted && !self.is_held && !self.is_aside;
        (std::mem::replace(&mut self.told, heard) != heard).then_some(heard)
    }
}

fn talking(leg: LegId, on: bool) -> News {
    let what = CallNews::Talking { on };
    News::Call { leg, what }
}

fn alarm(leg: LegId, on: bool, mos_hundredths: u16) -> News {
    let what = CallNews::QualityAlarm { on, mos_hundredths };
    News::Call { leg, what }
}

#[cfg(test)]
mod tests {
    use model::{Cause, Mute, Role};

    use super::*;

    const LEG: LegId = LegId(7);
    const MEETING: MeetingId = MeetingId(3);

    fn joined() -> Event {
        Event::Joined {
            leg: LEG,
            role: Role::Host,
        }
    }

    fn left() -> Event {
        Event::Left {
            leg: LEG,
            cause: Cause::HungUp,
        }
    }

    fn muted(soft: bool) -> Event {
        let mute = Mute { soft, hard: false };
        Event::Muted { leg: LEG, mute }
    }

    fn inside() -> Voices {
        let mut voices = Voices::default();
        voices.came(LEG);
        assert_eq!(voices.around(MEETING, &joined()), Around::default());
        voices
    }

    fn off_before(around: &Around) -> bool {
        around.before == [talking(LEG, false)] && around.after.is_none()
    }

    #[test]
    fn talk_is_told_when_it_changes_and_ends_before_mute_hold_and_leave() {
        let mut voices = inside();
        let on = Some((MEETING, talking(LEG, true)));
        assert_eq!(voices.talks(LEG, true), on);
        assert_eq!(voices.talks(LEG, true), None);
        for (event, back) in [
            (muted(true), muted(false)),
            (
                Event::Held { leg: LEG, on: true },
                Event::Held { leg: LEG, on: false },
            ),
        ] {
            assert!(off_before(&voices.around(MEETING, &event)), "{event:?}");
            assert_eq!(voices.talks(LEG, true), None, "{event:?}");
            let after = voices.around(MEETING, &back).after;
            assert_eq!(after, Some(talking(LEG, true)), "{event:?}");
        }
        assert!(off_before(&voices.around(MEETING, &left())));
        assert_eq!(voices.around(MEETING, &joined()).after, Some(talking(LEG, true)));
    }

    #[test]
    fn nobody_begins_to_talk_because_mute_and_hold_are_over_as_it_leaves() {
        let held = |on| Event::Held { leg: LEG, on };
        let mut voices = inside();
        voices.talks(LEG, true);
        assert!(off_before(&voices.around(MEETING, &muted(true))));
        assert_eq!(voices.around(MEETING, &held(true)), Around::default());
        voices.goes(MeetingId(4), LEG);
        voices.goes(MEETING, LEG);
        for event in [muted(false), held(false), left()] {
            assert_eq!(voices.around(MEETING, &event), Around::default(), "{event:?}");
        }
        let mut talks = inside();
        talks.talks(LEG, true);
        talks.goes(MeetingId(4), LEG);
        assert_eq!(talks.talks(LEG, false), Some((MEETING, talking(LEG, false))));
    }

    #[test]
    fn whoever_comes_in_muted_or_held_talks_only_when_that_is_over() {
        for (is_muted, is_held) in [(true, false), (false, true)] {
            let mut voices = Voices::default();
            voices.came(LEG);
            voices.talks(LEG, true);
            voices.comes_in(LEG, is_muted, is_held);
            let state = |on| match is_muted {
                true => muted(on),
                false => Event::Held { leg: LEG, on },
            };
            for event in [joined(), state(true)] {
                assert_eq!(voices.around(MEETING, &event), Around::default(), "{event:?}");
            }
            let after = voices.around(MEETING, &state(false)).after;
            assert_eq!(after, Some(talking(LEG, true)), "{is_muted} {is_held}");
        }
    }

    #[test]
    fn nobody_talks_in_the_waiting_room_or_outside() {
        let mut voices = Voices::default();
        assert_eq!(voices.talks(LEG, true), None);
        voices.came(LEG);
        assert_eq!(voices.talks(LEG, true), None);
        let waiting = Event::Waiting {
            leg: LEG,
            role: Role::Host,
        };
        assert_eq!(voices.around(MEETING, &waiting), Around::default());
        assert_eq!(voices.talks(LEG, false), None);
        voices.went(LEG);
        assert!(voices.0.is_empty());
    }

    #[test]
    fn an_alarm_has_two_limits_and_ends_before_the_leave() {
        let mut voices = inside();
        for (mos, told) in [
            (430, None),
            (360, None),
            (359, Some(true)),
            (379, None),
            (380, Some(false)),
            (370, None),
            (120, Some(true)),
        ] {
            let expected = told.map(|on| (MEETING, alarm(LEG, on, mos)));
            assert_eq!(voices.scored(LEG, mos), expected, "{mos}");
        }
        assert_eq!(voices.talks(LEG, true), Some((MEETING, talking(LEG, true))));
        let before = voices.around(MEETING, &left()).before;
        assert_eq!(before, [talking(LEG, false), alarm(LEG, false, 0)]);
        assert_eq!(voices.scored(LEG, 120), None, "it is in no meeting");
    }
}
