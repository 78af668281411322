use std::ops::Range;

use model::query::Query;
use model::{Cause, Cdr, LegId, Mdr, MeetingId, MeetingNumber, Role, Sid};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::deliveries::Targets;
use super::fault::{fit, whole};
use super::lists::Lists;
use super::load::{number, sid};
use super::query::Table;
use super::transaction::transaction;
use super::{audit, happenings, interrupted};
use crate::{DialledCalls, Record, Records, Scope, StoreError};

/// Writes `records`, all or none; what is already there stays. Tells how many deliveries were given up because too many were pending.
pub(super) async fn add(pool: &SqlitePool, records: &[Record]) -> Result<u64, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let mut targets = Targets::default();
        for record in records {
            match record {
                Record::Call(cdr) => close_call(db, cdr).await?,
                Record::OpenCall(cdr) => put_call(db, OPEN_CALL, cdr).await?,
                Record::Alive { at_ms } => interrupted::beat(db, *at_ms).await?,
                Record::Meeting(mdr) => add_mdr(db, mdr).await?,
                Record::Audit(entry) => audit::add(db, entry).await?,
                Record::Happening(happening) => {
                    if happenings::add(db, happening).await? {
                        targets.enqueue(db, happening).await?;
                    }
                }
            }
        }
        Ok(targets.overflowed)
    };
    transaction(pool, all).await
}

/// A statement that puts a call into a table; the same values are bound to each.
macro_rules! call_into {
    ($table:literal, $rest:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (leg, subscriber_sid, callee, caller, source, outbound, codec, created_ms, answered_ms,
             joined_ms, ended_ms, meeting, meeting_number, role, access_code, custom_name, cause, sip_status)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18 ",
            $rest
        )
    };
}

const CLOSED_CALL: &str = call_into!("cdrs", "WHERE true ON CONFLICT (leg) DO NOTHING");
/// Not for a call that has ended already.
const OPEN_CALL: &str = call_into!(
    "open_calls",
    "WHERE NOT EXISTS (SELECT 1 FROM cdrs WHERE leg = ?1) ON CONFLICT (leg) DO UPDATE SET subscriber_sid = ?2, codec = ?7,
     joined_ms = ?10, meeting = ?12, meeting_number = ?13, role = ?14, access_code = ?15, custom_name = ?16"
);

async fn close_call(db: &mut SqliteConnection, cdr: &Cdr) -> Result<(), StoreError> {
    put_call(db, CLOSED_CALL, cdr).await?;
    sqlx::query("DELETE FROM open_calls WHERE leg = ?1")
        .bind(fit(cdr.leg.0, || format!("record of call {}", cdr.leg), "id")?)
        .execute(db)
        .await?;
    Ok(())
}

async fn put_call(db: &mut SqliteConnection, statement: &'static str, cdr: &Cdr) -> Result<(), StoreError> {
    let object = || format!("record of call {}", cdr.leg);
    let meeting = match cdr.meeting {
        Some((id, _)) => Some(fit(id.0, object, "meeting")?),
        None => None,
    };
    sqlx::query(statement)
        .bind(fit(cdr.leg.0, object, "id")?)
        .bind(cdr.subscriber_sid.as_ref().map(Sid::as_str))
        .bind(&cdr.callee)
        .bind(&cdr.caller)
        .bind(&cdr.source)
        .bind(cdr.outbound)
        .bind(&cdr.codec)
        .bind(cdr.created_ms)
        .bind(cdr.answered_ms)
        .bind(cdr.joined_ms)
        .bind(cdr.ended_ms)
        .bind(meeting)
        .bind(cdr.meeting.map(|(_, number)| number.0))
        .bind(cdr.role.map(|role| role as i64))
        .bind(&cdr.access_code)
        .bind(&cdr.custom_name)
        .bind(cdr.cause.text())
        .bind(cdr.sip_status)
        .execute(db)
        .await?;
    Ok(())
}

async fn add_mdr(db: &mut SqliteConnection, mdr: &Mdr) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO mdrs (meeting, meeting_number, subscriber_sid, created_ms, started_ms, ended_ms, calls, peak, cause,
             on_the_fly)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (meeting) DO NOTHING",
    )
    .bind(fit(mdr.meeting.0, || format!("record of meeting {}", mdr.meeting), "id")?)
    .bind(mdr.number.0)
    .bind(mdr.subscriber_sid.as_str())
    .bind(mdr.created_ms)
    .bind(mdr.started_ms)
    .bind(mdr.ended_ms)
    .bind(mdr.calls)
    .bind(mdr.peak)
    .bind(mdr.cause.text())
    .bind(mdr.on_the_fly)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) const CDRS: Table = Table {
    name: "cdrs",
    outlives: true,
    id: "leg",
    fields: &[
        ("accessCode", "access_code"),
        ("answered", "answered_ms"),
        ("callee", "callee"),
        ("caller", "caller"),
        ("cause", "cause"),
        ("codec", "codec"),
        ("connectionStatus", "outbound"),
        ("created", "created_ms"),
        ("customName", "custom_name"),
        ("duration", "ifnull(max(ended_ms - answered_ms, 0) / 1000, 0)"),
        ("ended", "ended_ms"),
        ("id", "leg"),
        ("joined", "joined_ms"),
        ("meetingId", "meeting"),
        ("meetingNumber", "meeting_number"),
        ("role", "ifnull(role, 0)"),
        ("sipStatus", "sip_status"),
        ("source", "source"),
        ("subscriberSid", "subscriber_sid"),
    ],
    sought: &["caller", "callee", "id", "meetingId", "meetingNumber"],
    timed: Some("created"),
    counted: Some("cdrs"),
};

pub(super) const MDRS: Table = Table {
    name: "mdrs",
    outlives: true,
    id: "meeting",
    fields: &[
        ("calls", "calls"),
        ("cause", "cause"),
        ("created", "created_ms"),
        ("duration", "max(ended_ms - created_ms, 0) / 1000"),
        ("ended", "ended_ms"),
        ("id", "meeting"),
        ("meetingNumber", "meeting_number"),
        ("onTheFly", "on_the_fly"),
        ("peak", "peak"),
        ("started", "started_ms"),
        ("subscriberSid", "subscriber_sid"),
    ],
    sought: &["id", "meetingNumber"],
    timed: Some("created"),
    counted: Some("mdrs"),
};

/// One page of call detail records.
pub(super) async fn cdrs(lists: &Lists, scope: &Scope, query: &Query) -> Result<Records<Cdr>, StoreError> {
    CDRS.read(lists, scope, query, cdr).await
}

/// One page of meeting detail records.
pub(super) async fn mdrs(lists: &Lists, scope: &Scope, query: &Query) -> Result<Records<Mdr>, StoreError> {
    MDRS.read(lists, scope, query, mdr).await
}

/// The day's calls are found by their time, however many there are of other days. One to the operator goes with no code.
const DIALLED: &str = "
    SELECT caller, subscriber_sid, count(*) AS many FROM cdrs INDEXED BY cdrs_by_time
    WHERE created_ms >= ?1 AND created_ms < ?2 AND outbound AND access_code <> ''
    GROUP BY caller, subscriber_sid";

/// How many calls were dialled within `created_ms`, by what they showed and whose they are.
pub(super) async fn dialled(
    pool: &SqlitePool,
    created_ms: Range<i64>,
) -> Result<Vec<DialledCalls>, StoreError> {
    let rows = sqlx::query(DIALLED).bind(created_ms.start).bind(created_ms.end);
    rows.fetch_all(pool).await?.iter().map(dialled_calls).collect()
}

fn dialled_calls(row: &SqliteRow) -> Result<DialledCalls, StoreError> {
    let owner: Option<String> = row.try_get("subscriber_sid")?;
    Ok(DialledCalls {
        caller: row.try_get("caller")?,
        subscriber_sid: owner.as_deref().map(Sid::new),
        count: number(row, "many")?,
    })
}

/// What forgets the oldest: by id, up to the first that is younger, since a clock that was wrong for a while must not take the young along.
const FORGET: [&str; 2] = [
    "WITH first AS (SELECT leg, ended_ms FROM cdrs ORDER BY leg LIMIT ?2)
     DELETE FROM cdrs WHERE leg IN (SELECT leg FROM first)
         AND leg < ifnull((SELECT min(leg) FROM first WHERE ended_ms >= ?1), leg + 1)",
    "WITH first AS (SELECT meeting, ended_ms FROM mdrs ORDER BY meeting LIMIT ?2)
     DELETE FROM mdrs WHERE meeting IN (SELECT meeting FROM first)
         AND meeting < ifnull((SELECT min(meeting) FROM first WHERE ended_ms >= ?1), meeting + 1)",
];

/// Forgets the oldest `count` of calls, and of meetings, that ended before `before_ms`.
pub(super) async fn forget(pool: &SqlitePool, before_ms: i64, count: u32) -> Result<u64, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let mut gone = 0;
        for statement in FORGET {
            let done = sqlx::query(statement).bind(before_ms).bind(count);
            gone += done.execute(&mut *db).await?.rows_affected();
        }
        Ok(gone)
    };
    transaction(pool, all).await
}

fn cdr(row: &SqliteRow) -> Result<Cdr, StoreError> {
    Ok(Cdr {
        leg: LegId(number(row, "leg")?),
        subscriber_sid: row
            .try_get::<Option<String>, _>("subscriber_sid")?
            .as_deref()
            .map(Sid::new),
        callee: row.try_get("callee")?,
        caller: row.try_get("caller")?,
        source: row.try_get("source")?,
        outbound: row.try_get("outbound")?,
        codec: row.try_get("codec")?,
        created_ms: row.try_get("created_ms")?,
        answered_ms: row.try_get("answered_ms")?,
        joined_ms: row.try_get("joined_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        meeting: cdr_meeting(row)?,
        role: cdr_role(row)?,
        access_code: row.try_get("access_code")?,
        custom_name: row.try_get("custom_name")?,
        cause: cause(row)?,
        sip_status: number(row, "sip_status")?,
    })
}

fn cdr_meeting(row: &SqliteRow) -> Result<Option<(MeetingId, MeetingNumber)>, StoreError> {
    let id: Option<i64> = row.try_get("meeting")?;
    id.map(|id| {
        Ok((
            MeetingId(whole(id, "meeting")?),
            MeetingNumber(number(row, "meeting_number")?),
        ))
    })
    .transpose()
}

fn cdr_role(row: &SqliteRow) -> Result<Option<Role>, StoreError> {
    let role: Option<i64> = row.try_get("role")?;
    role.map(|role| Role::from_wire(role).ok_or_else(|| StoreError::Damaged(format!("{role} is no role"))))
        .transpose()
}

fn mdr(row: &SqliteRow) -> Result<Mdr, StoreError> {
    Ok(Mdr {
        meeting: MeetingId(number(row, "meeting")?),
        number: MeetingNumber(number(row, "meeting_number")?),
        subscriber_sid: sid(row, "subscriber_sid")?,
        created_ms: row.try_get("created_ms")?,
        started_ms: row.try_get("started_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        calls: number(row, "calls")?,
        peak: number(row, "peak")?,
        cause: cause(row)?,
        on_the_fly: row.try_get("on_the_fly")?,
    })
}

fn cause(row: &SqliteRow) -> Result<Cause, StoreError> {
    let text: String = row.try_get("cause")?;
    Cause::find(&text).ok_or_else(|| StoreError::Damaged(format!("{text} is no cause")))
}
