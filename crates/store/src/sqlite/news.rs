//! News as text, and back: `kind` tells what, `detail` the rest.

use model::attribute::AttributeId;
use model::{
    CallNews, Cause, Event, KeyedCommand, LegId, Mute, MuteMask, News, NewsKind, OperatorMode,
    PresenterMedia, Question, RecordingEnd, RecordingFault, Role, Tally,
};

/// What stands in the columns beside `kind`.
pub(super) struct Said {
    pub(super) leg: Option<LegId>,
    /// Cause, new value or state; empty when the kind says it all.
    pub(super) detail: String,
}

/// News as it is written.
pub(super) fn describe(news: &News) -> Said {
    let detail = match news {
        News::Meeting(event) => of_meeting(event),
        News::Call { what, .. } => of_call(*what),
    };
    Said {
        leg: news.leg(),
        detail,
    }
}

fn of_meeting(event: &Event) -> String {
    match event {
        Event::Created | Event::Started | Event::EndingCancelled => String::new(),
        Event::Ended { cause } | Event::Refused { cause, .. } | Event::Left { cause, .. } => {
            cause.to_string()
        }
        Event::Waiting { role, .. } | Event::Joined { role, .. } | Event::RoleSet { role, .. } => {
            (*role as u8).to_string()
        }
        Event::Muted { mute, .. } => mute.wire().to_string(),
        Event::Held { on, .. } | Event::Locked(on) => u8::from(*on).to_string(),
        Event::MuteModeSet(mask) | Event::HoldModeSet(mask) => mask.bits().to_string(),
        Event::Named { name, .. } => name.clone(),
        Event::GainSet { db, .. } => db.to_string(),
        Event::AttributeSet { id, value } => format!("{}={value}", id.row().name),
        Event::Ending { cause, seconds } => format!("{cause} in {seconds} s"),
        Event::QaSet(on) => u8::from(*on).to_string(),
        Event::QuestionSet { question, .. } => question.wire().to_string(),
        Event::OperatorSet { mode, cause, .. } => match cause {
            Some(cause) => format!("{} {cause}", mode.wire()),
            None => mode.wire().to_string(),
        },
        Event::PollOpened | Event::PollCleared => String::new(),
        Event::PollClosed(tally) => tally.to_string(),
        Event::RecordingStarted { file } => file.clone(),
        Event::RecordingStopped { file, end, gap_ms } => format!("{} {gap_ms} {file}", end.text()),
        Event::RecordingFailed { fault } => fault.text().to_owned(),
    }
}

fn of_call(what: CallNews) -> String {
    match what {
        CallNews::Ringing | CallNews::InMenu | CallNews::Talking { .. } => String::new(),
        CallNews::Ended { cause } => cause.to_string(),
        CallNews::QualityAlarm { on, mos_hundredths } => format!("{} {mos_hundredths}", u8::from(on)),
        CallNews::Keyed(command) => command.text().to_owned(),
        CallNews::Presents(media) => media.wire().to_string(),
    }
}

/// News as they were; nothing for what cannot have been written.
pub(super) fn restore(kind: &str, leg: Option<LegId>, detail: &str) -> Option<News> {
    let kind = NewsKind::find(kind)?;
    of_whole_meeting(kind, detail)
        .or_else(|| of_member(kind, leg?, detail))
        .map(News::Meeting)
        .or_else(|| {
            let (leg, what) = (leg?, of_one_call(kind, detail)?);
            Some(News::Call { leg, what })
        })
}

fn of_whole_meeting(kind: NewsKind, detail: &str) -> Option<Event> {
    let mask = || MuteMask::from_wire(detail.parse().ok()?);
    if kind == NewsKind::MeetingCreated {
        Some(Event::Created)
    } else if kind == NewsKind::MeetingStarted {
        Some(Event::Started)
    } else if kind == NewsKind::MeetingEnded {
        Cause::find(detail).map(|cause| Event::Ended { cause })
    } else if kind == NewsKind::MeetingLocked {
        switch(detail).map(Event::Locked)
    } else if kind == NewsKind::MeetingMuteMode {
        mask().map(Event::MuteModeSet)
    } else if kind == NewsKind::MeetingHoldMode {
        mask().map(Event::HoldModeSet)
    } else if kind == NewsKind::MeetingAttribute {
        let (name, value) = detail.split_once('=')?;
        let (id, value) = (AttributeId::find(name)?, value.to_owned());
        Some(Event::AttributeSet { id, value })
    } else if kind == NewsKind::MeetingEnding {
        let (cause, rest) = detail.split_once(" in ")?;
        let (cause, seconds) = (Cause::find(cause)?, rest.strip_suffix(" s")?.parse().ok()?);
        Some(Event::Ending { cause, seconds })
    } else if kind == NewsKind::MeetingEndingCancelled {
        Some(Event::EndingCancelled)
    } else {
        of_questions_or_poll(kind, detail)
    }
}

fn of_questions_or_poll(kind: NewsKind, detail: &str) -> Option<Event> {
    if kind == NewsKind::MeetingQa {
        switch(detail).map(Event::QaSet)
    } else if kind == NewsKind::PollOpened {
        Some(Event::PollOpened)
    } else if kind == NewsKind::PollClosed {
        Tally::read(detail).map(Event::PollClosed)
    } else if kind == NewsKind::PollCleared {
        Some(Event::PollCleared)
    } else {
        of_recording(kind, detail)
    }
}

fn of_recording(kind: NewsKind, detail: &str) -> Option<Event> {
    if kind == NewsKind::RecordingStarted {
        let file = detail.to_owned();
        Some(Event::RecordingStarted { file })
    } else if kind == NewsKind::RecordingStopped {
        let (end, rest) = detail.split_once(' ')?;
        let (gap_ms, file) = rest.split_once(' ')?;
        Some(Event::RecordingStopped {
            file: file.to_owned(),
            end: RecordingEnd::find(end)?,
            gap_ms: gap_ms.parse().ok()?,
        })
    } else if kind == NewsKind::RecordingFailed {
        RecordingFault::find(detail).map(|fault| Event::RecordingFailed { fault })
    } else {
        None
    }
}

fn of_member(kind: NewsKind, leg: LegId, detail: &str) -> Option<Event> {
    let role = || Role::from_wire(detail.parse().ok()?);
    if kind == NewsKind::CallWaiting {
        role().map(|role| Event::Waiting { leg, role })
    } else if kind == NewsKind::CallJoined {
        role().map(|role| Event::Joined { leg, role })
    } else if kind == NewsKind::CallRole {
        role().map(|role| Event::RoleSet { leg, role })
    } else if kind == NewsKind::CallRefused {
        Cause::find(detail).map(|cause| Event::Refused { leg, cause })
    } else if kind == NewsKind::CallLeft {
        Cause::find(detail).map(|cause| Event::Left { leg, cause })
    } else if kind == NewsKind::CallMuted {
        let mute = Mute::from_wire(detail.parse().ok()?)?;
        Some(Event::Muted { leg, mute })
    } else if kind == NewsKind::CallHeld {
        switch(detail).map(|on| Event::Held { leg, on })
    } else if kind == NewsKind::CallNamed {
        let name = detail.to_owned();
        Some(Event::Named { leg, name })
    } else if kind == NewsKind::CallGain {
        detail.parse().ok().map(|db| Event::GainSet { leg, db })
    } else if kind == NewsKind::CallQuestion {
        let question = Question::from_wire(detail.parse().ok()?)?;
        Some(Event::QuestionSet { leg, question })
    } else if kind == NewsKind::CallOperator {
        let (mode, cause) = match detail.split_once(' ') {
            Some((mode, cause)) => (mode, Some(Cause::find(cause)?)),
            None => (detail, None),
        };
        let mode = OperatorMode::from_wire(mode.parse().ok()?)?;
        Some(Event::OperatorSet { leg, mode, cause })
    } else {
        None
    }
}

fn of_one_call(kind: NewsKind, detail: &str) -> Option<CallNews> {
    if kind == NewsKind::CallRinging {
        Some(CallNews::Ringing)
    } else if kind == NewsKind::CallMenu {
        Some(CallNews::InMenu)
    } else if kind == NewsKind::CallEnded {
        Cause::find(detail).map(|cause| CallNews::Ended { cause })
    } else if kind == NewsKind::TalkingOn || kind == NewsKind::TalkingOff {
        let on = kind == NewsKind::TalkingOn;
        Some(CallNews::Talking { on })
    } else if kind == NewsKind::QualityAlarm {
        let (on, mos) = detail.split_once(' ')?;
        let (on, mos_hundredths) = (switch(on)?, mos.parse().ok()?);
        Some(CallNews::QualityAlarm { on, mos_hundredths })
    } else if kind == NewsKind::DigitsCommand {
        KeyedCommand::find(detail).map(CallNews::Keyed)
    } else if kind == NewsKind::CallPresenter {
        PresenterMedia::from_wire(detail.parse().ok()?).map(CallNews::Presents)
    } else {
        None
    }
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind.
    fn all() -> Vec<News> {
        let (leg, role, cause) = (LegId(7), Role::Host, Cause::HungUp);
        let (on, db, name) = (true, -3, "Ann = in 5 s".to_owned());
        let mute = Mute {
            soft: true,
            hard: false,
        };
        let (id, value) = (
            AttributeId::find("conference_maxcalls").unwrap(),
            "a=b".to_owned(),
        );
        let meeting = [
            Event::Created,
            Event::Started,
            Event::Ended { cause },
            Event::Waiting { leg, role },
            Event::Joined { leg, role },
            Event::Refused { leg, cause },
            Event::Left { leg, cause },
            Event::Muted { leg, mute },
            Event::Held { leg, on },
            Event::MuteModeSet(MuteMask::SOFT),
            Event::HoldModeSet(MuteMask::HARD),
            Event::Locked(false),
            Event::RoleSet { leg, role },
            Event::Named { leg, name },
            Event::GainSet { leg, db },
            Event::AttributeSet { id, value },
            Event::Ending { cause, seconds: 60 },
            Event::EndingCancelled,
            Event::QaSet(on),
            Event::QuestionSet {
                leg,
                question: Question::Floor,
            },
            Event::OperatorSet {
                leg,
                mode: OperatorMode::Requested,
                cause: None,
            },
            Event::OperatorSet {
                leg,
                mode: OperatorMode::None,
                cause: Some(cause),
            },
            Event::PollOpened,
            Event::PollClosed(Tally::read("1=3 7=1").unwrap()),
            Event::PollCleared,
            Event::RecordingStarted {
                file: "1700-42-1.ogg".to_owned(),
            },
            Event::RecordingStopped {
                file: "1700-42-1.ogg".to_owned(),
                end: RecordingEnd::HostLeft,
                gap_ms: 40,
            },
            Event::RecordingFailed {
                fault: RecordingFault::DiskFull,
            },
        ];
        let calls = [
            CallNews::Ringing,
            CallNews::InMenu,
            CallNews::Ended { cause },
            CallNews::Talking { on },
            CallNews::Talking { on: false },
            CallNews::QualityAlarm {
                on,
                mos_hundredths: 251,
            },
            CallNews::Keyed(KeyedCommand::Lock),
            CallNews::Presents(PresenterMedia::SCREEN),
        ];
        let calls = calls.map(|what| News::Call { leg, what });
        meeting.map(News::Meeting).into_iter().chain(calls).collect()
    }

    #[test]
    fn every_kind_is_read_as_it_was_written() {
        let kinds: std::collections::BTreeSet<_> = all().iter().map(News::kind).collect();
        assert_eq!(kinds.len(), NewsKind::ALL.len(), "all are tried");
        for news in all() {
            let said = describe(&news);
            let read = restore(news.kind().text(), said.leg, &said.detail);
            assert_eq!(read.as_ref(), Some(&news));
        }
    }

    #[test]
    fn what_cannot_have_been_written_is_nothing() {
        for (kind, leg, detail) in [
            ("call.joined", None, "1"),
            ("call.joined", Some(LegId(1)), "9"),
            ("meeting.ended", None, "boredom"),
            ("meeting.attribute", None, "colour=blue"),
            ("meeting.ending", None, "empty in s"),
            ("quality.alarm", Some(LegId(1)), "2 300"),
            ("digits.command", Some(LegId(1)), "111"),
            ("poll.closed", None, "11=1"),
            ("call.question", Some(LegId(1)), "4"),
            ("call.operator", Some(LegId(1)), "3"),
            ("call.presenter", Some(LegId(1)), "8"),
            ("call.presenter", None, "1"),
            ("call.operator", Some(LegId(1)), "0 boredom"),
            ("recording.stopped", None, "bored 0 1-1-1.ogg"),
            ("recording.stopped", None, "asked 1-1-1.ogg"),
            ("recording.failed", None, "1-1-1.ogg"),
            ("weather", None, ""),
        ] {
            assert_eq!(restore(kind, leg, detail), None, "{kind} {detail}");
        }
    }
}
