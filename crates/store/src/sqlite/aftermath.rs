use std::collections::{BTreeMap, BTreeSet};

use model::{
    Actor, CallNews, Cause, Event, Happening, LegId, Mute, MuteMask, News, OperatorMode, Place, Question,
    RecordingEnd, Sid,
};
use sqlx::{Row, SqliteConnection};

use super::deliveries::Targets;
use super::fault::whole;
use super::happenings::{add, happening};
use super::load::sid;
use crate::{IdKind, StoreError};

/// Tells of what a crash cut off as if it had ended: who was in a meeting has left it, meetings and calls are over. So whoever followed
/// knows, and nothing goes on for ever.
pub(super) async fn tell(db: &mut SqliteConnection, at_ms: i64) -> Result<(), StoreError> {
    let mut meetings: BTreeMap<i64, Open> = BTreeMap::new();
    let rows = sqlx::query(
        "SELECT * FROM happenings WHERE meeting IN (SELECT meeting FROM open_calls) ORDER BY meeting, seq",
    );
    for row in rows.fetch_all(&mut *db).await? {
        let happening = happening(&row)?;
        let meeting: i64 = row.try_get("meeting")?;
        match meetings.entry(meeting) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Open::new(happening));
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().take(happening),
        }
    }
    let mut endings: Vec<_> = meetings
        .into_values()
        .flat_map(|open| open.endings(at_ms))
        .collect();
    endings.extend(calls(db, at_ms).await?);
    let first = reserve(db, endings.len()).await?;
    let mut targets = Targets::default();
    for (id, mut ending) in (first..).zip(endings) {
        ending.id = id;
        if add(db, &ending).await? {
            targets.enqueue(db, &ending).await?;
        }
    }
    Ok(())
}

async fn reserve(db: &mut SqliteConnection, count: usize) -> Result<u64, StoreError> {
    let count = count as i64;
    let end: i64 = sqlx::query_scalar("UPDATE sequences SET next = next + ?1 WHERE name = ?2 RETURNING next")
        .bind(count)
        .bind(IdKind::Happening.name())
        .fetch_one(db)
        .await?;
    whole(end - count, "id")
}

/// The ends of calls that were up, of which the world has been told: of every call that was made, and of those that came and were
/// answered. Who was with the operator without a meeting is so no more. What was told since the first of them came is looked through by
/// id, since the clock may have been set back meanwhile; the plus lets SQLite find where that begins by its index of times.
async fn calls(db: &mut SqliteConnection, at_ms: i64) -> Result<Vec<Happening>, StoreError> {
    let rows = sqlx::query(
        "WITH late AS (
             SELECT id, leg, kind, meeting, detail FROM happenings
             WHERE leg IS NOT NULL
                 AND id >= (SELECT min(+id) FROM happenings WHERE at_ms >= (SELECT min(created_ms) FROM open_calls))
         )
         SELECT leg, subscriber_sid, (
             SELECT detail FROM late
             WHERE late.leg = open_calls.leg AND late.kind = 'call.operator' AND late.meeting IS NULL
             ORDER BY id DESC LIMIT 1
         ) AS operator FROM open_calls
         WHERE subscriber_sid IS NOT NULL AND (outbound OR leg IN (SELECT leg FROM late WHERE kind = 'call.menu'))
             AND leg NOT IN (SELECT leg FROM late WHERE kind = 'call.ended')
         ORDER BY leg",
    );
    let mut endings = Vec::new();
    for row in rows.fetch_all(db).await? {
        let leg = LegId(whole(row.try_get("leg")?, "leg")?);
        let owner = sid(&row, "subscriber_sid")?;
        let operator: Option<String> = row.try_get("operator")?;
        let aside = operator.is_some_and(|detail| !detail.starts_with('0'));
        let cause = Cause::Interrupted;
        let what = CallNews::Ended { cause };
        let news = [aside.then(|| no_operator(leg)), Some(News::Call { leg, what })];
        let told = news.into_iter().flatten();
        endings.extend(told.map(|news| ending(at_ms, owner.clone(), None, news, true)));
    }
    Ok(endings)
}

fn no_operator(leg: LegId) -> News {
    let (mode, cause) = (OperatorMode::None, Some(Cause::Interrupted));
    News::Meeting(Event::OperatorSet { leg, mode, cause })
}

fn ending(at_ms: i64, subscriber_sid: Sid, place: Option<Place>, news: News, is_live: bool) -> Happening {
    Happening {
        id: 0,
        at_ms,
        subscriber_sid,
        place,
        actor: Actor::Bridge,
        news,
        party: None,
        is_live,
    }
}

/// A meeting that was up, as its log tells.
struct Open {
    /// The latest of its log.
    last: Happening,
    present: BTreeSet<LegId>,
    talking: BTreeSet<LegId>,
    alarmed: BTreeSet<LegId>,
    /// With the operator, or waiting for one.
    aside: BTreeSet<LegId>,
    /// With a raised hand, or the floor.
    asking: BTreeSet<LegId>,
    muted: BTreeSet<LegId>,
    held: BTreeSet<LegId>,
    /// What was told of its modes last; open before anything was.
    mute_mode: MuteMask,
    hold_mode: MuteMask,
    locked: bool,
    questions: bool,
    poll_is_open: bool,
    /// The file that it was recorded in.
    recording: Option<String>,
    /// Whether the world may be told of it.
    is_live: bool,
    is_over: bool,
}

impl Open {
    fn new(first: Happening) -> Self {
        let mut open = Self {
            last: first.clone(),
            present: BTreeSet::new(),
            talking: BTreeSet::new(),
            alarmed: BTreeSet::new(),
            aside: BTreeSet::new(),
            asking: BTreeSet::new(),
            muted: BTreeSet::new(),
            held: BTreeSet::new(),
            mute_mode: MuteMask::OPEN,
            hold_mode: MuteMask::OPEN,
            locked: false,
            questions: false,
            poll_is_open: false,
            recording: None,
            is_live: first.is_live,
            is_over: false,
        };
        open.take(first);
        open
    }

    fn take(&mut self, happening: Happening) {
        if let News::Meeting(Event::Waiting { leg, .. } | Event::Joined { leg, .. }) = &happening.news {
            self.present.insert(*leg);
        } else if let News::Meeting(Event::Left { leg, .. }) = &happening.news {
            // Versions before did not tell that mute and hold were over.
            for legs in [&mut self.present, &mut self.muted, &mut self.held] {
                legs.remove(leg);
            }
        } else if let News::Meeting(Event::Muted { leg, mute }) = &happening.news {
            put(&mut self.muted, *leg, mute.any());
        } else if let News::Meeting(Event::Held { leg, on }) = &happening.news {
            put(&mut self.held, *leg, *on);
        } else if let News::Meeting(Event::MuteModeSet(mode)) = &happening.news {
            self.mute_mode = *mode;
        } else if let News::Meeting(Event::HoldModeSet(mode)) = &happening.news {
            self.hold_mode = *mode;
        } else if let News::Meeting(Event::Locked(on)) = &happening.news {
            self.locked = *on;
        } else if let News::Meeting(Event::OperatorSet { leg, mode, .. }) = &happening.news {
            put(&mut self.aside, *leg, mode.is_aside());
        } else if let News::Meeting(Event::QuestionSet { leg, question }) = &happening.news {
            let asks = matches!(question, Question::Raised | Question::Floor);
            put(&mut self.asking, *leg, asks);
        } else if let News::Meeting(Event::QaSet(on)) = &happening.news {
            self.questions = *on;
        } else if let News::Meeting(Event::PollOpened) = &happening.news {
            self.poll_is_open = true;
        } else if let News::Meeting(Event::PollClosed(_)) = &happening.news {
            self.poll_is_open = false;
        } else if let News::Meeting(Event::RecordingStarted { file }) = &happening.news {
            self.recording = Some(file.clone());
        } else if let News::Meeting(Event::RecordingStopped { .. }) = &happening.news {
            self.recording = None;
        } else if let News::Meeting(Event::Ended { .. }) = &happening.news {
            self.is_over = true;
        } else if let News::Call { leg, what } = &happening.news {
            if let CallNews::Talking { on } = what {
                put(&mut self.talking, *leg, *on);
            } else if let CallNews::QualityAlarm { on, .. } = what {
                put(&mut self.alarmed, *leg, *on);
            }
        }
        self.is_live = happening.news.turns_live().unwrap_or(happening.is_live);
        self.last = happening;
    }

    /// What went on with a leg goes off, and it leaves.
    fn end_call(&self, leg: LegId, news: &mut Vec<News>) {
        if self.talking.contains(&leg) {
            let what = CallNews::Talking { on: false };
            news.push(News::Call { leg, what });
        }
        if self.alarmed.contains(&leg) {
            let (on, mos_hundredths) = (false, 0);
            let what = CallNews::QualityAlarm { on, mos_hundredths };
            news.push(News::Call { leg, what });
        }
        if self.aside.contains(&leg) {
            news.push(no_operator(leg));
        }
        if self.asking.contains(&leg) {
            let question = Question::None;
            news.push(News::Meeting(Event::QuestionSet { leg, question }));
        }
        if self.muted.contains(&leg) {
            let mute = Mute::default();
            news.push(News::Meeting(Event::Muted { leg, mute }));
        }
        if self.held.contains(&leg) {
            news.push(News::Meeting(Event::Held { leg, on: false }));
        }
        let cause = Cause::Interrupted;
        news.push(News::Meeting(Event::Left { leg, cause }));
    }

    fn endings(self, at_ms: i64) -> Vec<Happening> {
        let cause = Cause::Interrupted;
        let mut news = Vec::new();
        for leg in &self.present {
            self.end_call(*leg, &mut news);
        }
        if let Some(file) = self.recording {
            let (end, gap_ms) = (RecordingEnd::Interrupted, 0);
            news.push(News::Meeting(Event::RecordingStopped { file, end, gap_ms }));
        }
        // The votes went with the bridge.
        if self.poll_is_open && !self.is_over {
            news.push(News::Meeting(Event::PollCleared));
        }
        if self.questions && !self.is_over {
            news.push(News::Meeting(Event::QaSet(false)));
        }
        let open = MuteMask::OPEN;
        if self.mute_mode != open && !self.is_over {
            news.push(News::Meeting(Event::MuteModeSet(open)));
        }
        if self.hold_mode != open && !self.is_over {
            news.push(News::Meeting(Event::HoldModeSet(open)));
        }
        if self.locked && !self.is_over {
            news.push(News::Meeting(Event::Locked(false)));
        }
        if !self.is_over {
            news.push(News::Meeting(Event::Ended { cause }));
        }
        let Happening {
            subscriber_sid,
            place,
            ..
        } = self.last;
        let is_live = self.is_live;
        let (at_ms, place) = (at_ms.max(self.last.at_ms), place.into_iter());
        let places = place.flat_map(|last| (last.seq + 1..).map(move |seq| Place { seq, ..last }));
        let told = places.zip(news);
        told.map(|(place, news)| ending(at_ms, subscriber_sid.clone(), Some(place), news, is_live))
            .collect()
    }
}

fn put(legs: &mut BTreeSet<LegId>, leg: LegId, on: bool) {
    match on {
        true => legs.insert(leg),
        false => legs.remove(&leg),
    };
}

#[cfg(test)]
mod tests {
    use model::attribute::AttributeId;
    use model::{MeetingId, MeetingNumber, Role, Sid, Tally};

    use super::*;

    fn switched(value: &str) -> News {
        let id = AttributeId::conference_realtime;
        let value = value.to_owned();
        News::Meeting(Event::AttributeSet { id, value })
    }

    fn joined() -> News {
        let (leg, role) = (LegId(4), Role::Host);
        News::Meeting(Event::Joined { leg, role })
    }

    /// What is told of a meeting with this log.
    fn endings(log: Vec<News>) -> Vec<Happening> {
        let log = (0..).zip(log).map(|(seq, news)| {
            let place = Place {
                meeting: MeetingId(9),
                number: MeetingNumber(106_131),
                seq,
            };
            ending(1_000, Sid::new("a"), Some(place), news, true)
        });
        let mut log = log.collect::<Vec<_>>().into_iter();
        let mut open = Open::new(log.next().unwrap());
        log.for_each(|happening| open.take(happening));
        open.endings(5_000)
    }

    #[test]
    fn ends_are_told_where_the_meeting_was_told_of_last() {
        for (log, is_live) in [
            (vec![joined()], true),
            (vec![joined(), switched("off")], false),
            (vec![joined(), switched("off"), switched("on")], true),
        ] {
            let told: Vec<_> = endings(log).iter().map(|end| end.is_live).collect();
            assert_eq!(told, [is_live; 2], "left and ended");
        }
    }

    #[test]
    fn what_went_on_is_told_to_be_over_before_the_call_and_the_meeting_are() {
        let ask = |question| {
            let leg = LegId(4);
            News::Meeting(Event::QuestionSet { leg, question })
        };
        let began = [Event::QaSet(true), Event::PollOpened].map(News::Meeting);
        let ended = [Event::QaSet(false), Event::PollClosed(Tally::default())].map(News::Meeting);
        // As versions before wrote it, which told of no ends.
        let over = [News::Meeting(Event::Ended { cause: Cause::Empty })];
        let log = |parts: &[&[News]]| [&[joined()], parts.concat().as_slice()].concat();
        let all = [
            "call.question",
            "call.left",
            "poll.cleared",
            "meeting.qa",
            "meeting.ended",
        ];
        for (log, told) in [
            (log(&[&began, &[ask(Question::Raised)]]), &all[..]),
            (log(&[&began, &[ask(Question::Floor)]]), &all[..]),
            (
                log(&[&began, &[ask(Question::Answered)]]),
                &["call.left", "poll.cleared", "meeting.qa", "meeting.ended"],
            ),
            (log(&[&began, &ended]), &["call.left", "meeting.ended"]),
            (log(&[&began, &over]), &["call.left"]),
        ] {
            let ends = endings(log);
            let kinds: Vec<_> = ends.iter().map(|end| end.news.kind().text()).collect();
            assert_eq!(kinds, told);
        }
    }

    #[test]
    fn mute_hold_their_modes_and_lock_are_told_to_be_over_too() {
        let leg = LegId(4);
        let muted = |hard| {
            let mute = Mute { soft: false, hard };
            News::Meeting(Event::Muted { leg, mute })
        };
        let held = |on| News::Meeting(Event::Held { leg, on });
        let modes = |mode| [Event::MuteModeSet(mode), Event::HoldModeSet(mode)].map(News::Meeting);
        let locked = |on| News::Meeting(Event::Locked(on));
        let left = || {
            let cause = Cause::HungUp;
            News::Meeting(Event::Left { leg, cause })
        };
        for (log, told) in [
            (
                vec![muted(true), held(true), locked(true)],
                &[
                    "call.muted",
                    "call.held",
                    "call.left",
                    "meeting.locked",
                    "meeting.ended",
                ][..],
            ),
            (
                vec![
                    muted(true),
                    muted(false),
                    held(true),
                    held(false),
                    locked(true),
                    locked(false),
                ],
                &["call.left", "meeting.ended"],
            ),
            (
                modes(MuteMask::HARD).to_vec(),
                &[
                    "call.left",
                    "meeting.muteMode",
                    "meeting.holdMode",
                    "meeting.ended",
                ],
            ),
            (
                [modes(MuteMask::HARD), modes(MuteMask::OPEN)].concat(),
                &["call.left", "meeting.ended"],
            ),
            // As versions before wrote it, of a leg that came back.
            (
                vec![muted(true), held(true), left(), joined()],
                &["call.left", "meeting.ended"],
            ),
        ] {
            let ends = endings([vec![joined()], log].concat());
            let kinds: Vec<_> = ends.iter().map(|end| end.news.kind().text()).collect();
            assert_eq!(kinds, told);
            let off = |end: &Happening| match &end.news {
                News::Meeting(Event::Muted { mute, .. }) => !mute.any(),
                News::Meeting(Event::Held { on, .. } | Event::Locked(on)) => !on,
                News::Meeting(Event::MuteModeSet(mode) | Event::HoldModeSet(mode)) => *mode == MuteMask::OPEN,
                News::Meeting(_) | News::Call { .. } => true,
            };
            assert!(ends.iter().all(off), "{ends:?}");
        }
    }
}
