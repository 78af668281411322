use model::{Event, LegId, MeetingId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::audit::actor_text;
use super::fault::{fit, whole};
use super::records::scope_text;
use crate::{LogEntry, LogLine, Order, Page, Records, Scope, StoreError};

/// Writes one entry; one that is already there stays.
pub(super) async fn add(db: &mut SqliteConnection, entry: &LogEntry) -> Result<(), StoreError> {
    let object = || format!("log of meeting {}", entry.meeting);
    let said = describe(&entry.event);
    let leg = match said.leg {
        Some(leg) => Some(fit(leg.0, object, "leg")?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO meeting_log (meeting, seq, subscriber_sid, at_ms, actor, what, leg, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (meeting, seq) DO NOTHING",
    )
    .bind(fit(entry.meeting.0, object, "id")?)
    .bind(fit(entry.seq, object, "seq")?)
    .bind(entry.subscriber_sid.as_str())
    .bind(entry.at_ms)
    .bind(actor_text(&entry.actor))
    .bind(said.what)
    .bind(leg)
    .bind(said.detail)
    .execute(db)
    .await?;
    Ok(())
}

const COUNT: &str = "SELECT count(*) FROM meeting_log
    WHERE meeting = ?1 AND subscriber_sid IN (SELECT value FROM json_each(?2))";
const OLDEST: &str = "SELECT * FROM meeting_log
    WHERE meeting = ?1 AND subscriber_sid IN (SELECT value FROM json_each(?2)) ORDER BY seq ASC LIMIT ?3 OFFSET ?4";
const NEWEST: &str = "SELECT * FROM meeting_log
    WHERE meeting = ?1 AND subscriber_sid IN (SELECT value FROM json_each(?2)) ORDER BY seq DESC LIMIT ?3 OFFSET ?4";

/// One page of the log of `meeting`.
pub(super) async fn read(
    pool: &SqlitePool,
    scope: &Scope,
    meeting: MeetingId,
    page: Page,
) -> Result<Records<LogLine>, StoreError> {
    let id = fit(meeting.0, || format!("log of meeting {meeting}"), "id")?;
    let scope = scope_text(scope);
    let statement = match page.order {
        Order::OldestFirst => OLDEST,
        Order::NewestFirst => NEWEST,
    };
    let mut tx = pool.begin().await?;
    let total: i64 = sqlx::query_scalar(COUNT)
        .bind(id)
        .bind(&scope)
        .fetch_one(&mut *tx)
        .await?;
    let rows = sqlx::query(statement)
        .bind(id)
        .bind(&scope)
        .bind(page.limit)
        .bind(i64::try_from(page.offset).unwrap_or(i64::MAX))
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Records {
        page: rows.iter().map(line).collect::<Result<_, _>>()?,
        total: whole(total, "count")?,
    })
}

fn line(row: &SqliteRow) -> Result<LogLine, StoreError> {
    let leg: Option<i64> = row.try_get("leg")?;
    Ok(LogLine {
        at_ms: row.try_get("at_ms")?,
        actor: row.try_get("actor")?,
        what: row.try_get("what")?,
        leg: leg.map(|leg| whole(leg, "leg").map(LegId)).transpose()?,
        detail: row.try_get("detail")?,
    })
}

struct Said {
    what: &'static str,
    leg: Option<LegId>,
    detail: String,
}

fn on_leg(what: &'static str, leg: LegId, detail: impl ToString) -> Said {
    Said {
        what,
        leg: Some(leg),
        detail: detail.to_string(),
    }
}

fn on_all(what: &'static str, detail: impl ToString) -> Said {
    Said {
        what,
        leg: None,
        detail: detail.to_string(),
    }
}

fn describe(event: &Event) -> Said {
    match event {
        Event::Created => on_all("created", ""),
        Event::Started => on_all("started", ""),
        Event::Ended { cause } => on_all("ended", cause),
        Event::Waiting { leg, role } => on_leg("waiting", *leg, *role as u8),
        Event::Joined { leg, role } => on_leg("joined", *leg, *role as u8),
        Event::Refused { leg, cause } => on_leg("refused", *leg, cause),
        Event::Left { leg, cause } => on_leg("left", *leg, cause),
        Event::Muted { leg, mute } => on_leg("muted", *leg, mute.wire()),
        Event::Held { leg, on } => on_leg("held", *leg, u8::from(*on)),
        Event::MuteModeSet(mask) => on_all("mute_mode_set", mask.bits()),
        Event::HoldModeSet(mask) => on_all("hold_mode_set", mask.bits()),
        Event::Locked(on) => on_all("locked", u8::from(*on)),
        Event::QaSet(on) => on_all("qa_set", u8::from(*on)),
        Event::QuestionSet { leg, question } => on_leg("question_set", *leg, question.wire()),
        Event::PollOpened => on_all("poll_opened", ""),
        Event::PollClosed(tally) => on_all("poll_closed", tally),
        Event::PollCleared => on_all("poll_cleared", ""),
        Event::RoleSet { leg, role } => on_leg("role_set", *leg, *role as u8),
        Event::Named { leg, name } => on_leg("named", *leg, name),
        Event::GainSet { leg, db } => on_leg("gain_set", *leg, db),
        Event::AttributeSet { id, value } => on_all("attribute_set", format!("{}={value}", id.row().name)),
        Event::Ending { cause, seconds } => on_all("ending", format!("{cause} in {seconds} s")),
        Event::EndingCancelled => on_all("ending_cancelled", ""),
    }
}
