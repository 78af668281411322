use model::query::{Filter, Query, Relation, Scalar, Test};
use model::{Happening, LegId, MeetingId, MeetingNumber, Party, Place};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::audit::{actor_of, actor_text};
use super::fault::{fit, whole};
use super::lists::Lists;
use super::load::{number, sid};
use super::news::{describe, restore};
use super::owners::scope_text;
use super::query::Table;
use super::transaction::transaction;
use crate::{Kept, Missed, Records, Scope, StoreError};

/// Writes one; one that is already there stays. Tells whether it was new.
pub(super) async fn add(db: &mut SqliteConnection, happening: &Happening) -> Result<bool, StoreError> {
    let object = || format!("event {}", happening.id);
    let said = describe(&happening.news);
    let leg = said.leg.map(|leg| fit(leg.0, object, "leg")).transpose()?;
    let place = happening.place;
    let meeting = place.map(|place| fit(place.meeting.0, object, "meeting"));
    let seq = place.map(|place| fit(place.seq, object, "sequence"));
    let party = happening.party.as_ref();
    let written = sqlx::query(
        "INSERT INTO happenings (id, at_ms, subscriber_sid, meeting, meeting_number, seq, actor, kind, leg, detail, caller, callee,
             is_live)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO NOTHING",
    )
    .bind(fit(happening.id, object, "id")?)
    .bind(happening.at_ms)
    .bind(happening.subscriber_sid.as_str())
    .bind(meeting.transpose()?)
    .bind(place.map(|place| place.number.0))
    .bind(seq.transpose()?)
    .bind(actor_text(&happening.actor))
    .bind(happening.news.kind().text())
    .bind(leg)
    .bind(said.detail)
    .bind(party.map(|party| party.caller.as_str()))
    .bind(party.map(|party| party.callee.as_str()))
    .bind(happening.is_live)
    .execute(db)
    .await?;
    Ok(written.rows_affected() > 0)
}

pub(super) const TABLE: Table = Table {
    name: "happenings",
    outlives: true,
    id: "id",
    fields: &[
        ("callId", "leg"),
        ("id", "id"),
        ("meetingId", "meeting"),
        ("meetingNumber", "meeting_number"),
        ("sequence", "seq"),
        ("time", "at_ms"),
        ("type", "kind"),
    ],
    sought: &["meetingId"],
    timed: None,
    counted: None,
};

/// One page of what happened in `meeting`.
pub(super) async fn of_meeting(
    lists: &Lists,
    scope: &Scope,
    meeting: MeetingId,
    query: &Query,
) -> Result<Records<Happening>, StoreError> {
    // What can't be kept is not there.
    let Ok(id) = i64::try_from(meeting.0) else {
        return Ok(Records {
            page: Vec::new(),
            total: 0,
        });
    };
    let own = Filter::Field {
        name: "meetingId",
        test: Test::Is(Relation::Equal, Scalar::Whole(id)),
    };
    TABLE.read(lists, scope, &query.within(own), happening).await
}

/// A statement that reads what somebody missed; the same values are bound to each.
macro_rules! missed_by {
    ($whose:literal) => {
        concat!(
            "SELECT * FROM happenings
             WHERE id > ?1 AND id <= ?2 AND is_live AND ",
            $whose,
            " AND (?4 IS NULL OR meeting_number = ?4)
             ORDER BY id LIMIT ?5"
        )
    };
}

/// Of one subscriber they stand in their order in an index.
const MISSED_BY_ONE: &str = missed_by!("subscriber_sid = ?3");
/// The events of several would have to be put in order, all that there are: they are picked out of those of everybody.
const MISSED_BY_SEVERAL: &str = missed_by!("+subscriber_sid IN (SELECT value FROM json_each(?3))");

/// The first of what `wanted` asks for.
pub(super) async fn missed(
    pool: &SqlitePool,
    scope: &Scope,
    wanted: Missed,
) -> Result<Vec<Happening>, StoreError> {
    let (statement, whose) = match scope.sids() {
        [one] => (MISSED_BY_ONE, one.as_str().to_owned()),
        _ => (MISSED_BY_SEVERAL, scope_text(scope)),
    };
    let rows = sqlx::query(statement)
        // No id is larger.
        .bind(i64::try_from(wanted.after).unwrap_or(i64::MAX))
        .bind(i64::try_from(wanted.upto).unwrap_or(i64::MAX))
        .bind(whose)
        .bind(wanted.number.map(|number| number.0))
        .bind(wanted.limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(happening).collect()
}

/// How much there is.
pub(super) async fn kept(pool: &SqlitePool) -> Result<Kept, StoreError> {
    let (forgotten, newest): (i64, Option<i64>) =
        sqlx::query_as("SELECT upto, (SELECT max(id) FROM happenings) FROM forgotten")
            .fetch_one(pool)
            .await?;
    Ok(Kept {
        forgotten: whole(forgotten, "id")?,
        newest: whole(newest.unwrap_or_default().max(forgotten), "id")?,
    })
}

/// What was forgotten at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Forgotten {
    pub(super) happenings: u64,
    /// Deliveries that were pending.
    pub(super) pending: u64,
}

/// Forgets the oldest `count` of what happened before `before_ms`.
pub(super) async fn forget(pool: &SqlitePool, before_ms: i64, count: u32) -> Result<Forgotten, StoreError> {
    let all = async |db: &mut SqliteConnection| {
        let upto: Option<i64> = sqlx::query_scalar(
            // By id, up to the first that is younger: a clock that was wrong for a while must not take the young along.
            "WITH first AS (SELECT id, at_ms FROM happenings ORDER BY id LIMIT ?2)
             SELECT max(id) FROM first WHERE id < coalesce((SELECT min(id) FROM first WHERE at_ms >= ?1), id + 1)",
        )
        .bind(before_ms)
        .bind(count)
        .fetch_one(&mut *db)
        .await?;
        let Some(upto) = upto else {
            return Ok(Forgotten::default());
        };
        let pending: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM deliveries INDEXED BY deliveries_by_happening
             WHERE happening <= ?1 AND state = 0 AND EXISTS (SELECT 1 FROM webhooks WHERE webhooks.id = deliveries.webhook)",
        )
        .bind(upto)
        .fetch_one(&mut *db)
        .await?;
        for statement in [
            "DELETE FROM deliveries WHERE happening <= ?1",
            "UPDATE forgotten SET upto = max(upto, ?1)",
        ] {
            sqlx::query(statement).bind(upto).execute(&mut *db).await?;
        }
        let gone = sqlx::query("DELETE FROM happenings WHERE id <= ?1")
            .bind(upto)
            .execute(&mut *db)
            .await?;
        Ok(Forgotten {
            happenings: gone.rows_affected(),
            pending: whole(pending, "count")?,
        })
    };
    transaction(pool, all).await
}

/// The one with this id, if it is still there.
pub(super) async fn find(pool: &SqlitePool, id: u64) -> Result<Option<Happening>, StoreError> {
    let Ok(id) = i64::try_from(id) else {
        return Ok(None);
    };
    let row = sqlx::query("SELECT * FROM happenings WHERE id = ?1")
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(happening).transpose()
}

pub(super) fn happening(row: &SqliteRow) -> Result<Happening, StoreError> {
    let leg: Option<i64> = row.try_get("leg")?;
    let leg = leg.map(|leg| whole(leg, "leg").map(LegId)).transpose()?;
    let (kind, detail): (String, String) = (row.try_get("kind")?, row.try_get("detail")?);
    let actor: String = row.try_get("actor")?;
    Ok(Happening {
        id: number(row, "id")?,
        at_ms: row.try_get("at_ms")?,
        subscriber_sid: sid(row, "subscriber_sid")?,
        place: place(row)?,
        actor: actor_of(&actor).ok_or_else(|| StoreError::Damaged(format!("{actor} is nobody")))?,
        news: restore(&kind, leg, &detail)
            .ok_or_else(|| StoreError::Damaged(format!("an event {kind} of {detail:?}")))?,
        party: party(row)?,
        is_live: row.try_get("is_live")?,
    })
}

fn place(row: &SqliteRow) -> Result<Option<Place>, StoreError> {
    let meeting: Option<i64> = row.try_get("meeting")?;
    let place = |meeting| {
        Ok(Place {
            meeting: MeetingId(whole(meeting, "meeting")?),
            number: MeetingNumber(number(row, "meeting_number")?),
            seq: number(row, "seq")?,
        })
    };
    meeting.map(place).transpose()
}

fn party(row: &SqliteRow) -> Result<Option<Party>, StoreError> {
    let (caller, callee): (Option<String>, Option<String>) = (row.try_get("caller")?, row.try_get("callee")?);
    Ok(caller
        .zip(callee)
        .map(|(caller, callee)| Party { caller, callee }))
}

#[cfg(test)]
mod tests {
    use model::{Actor, Sid};

    use super::*;

    #[test]
    fn an_actor_is_read_as_it_was_written() {
        for actor in [Actor::Bridge, Actor::Leg(LegId(7)), Actor::User(Sid::new("a b"))] {
            assert_eq!(actor_of(&actor_text(&actor)), Some(actor));
        }
        for text in ["", "leg", "leg x", "somebody"] {
            assert_eq!(actor_of(text), None, "{text}");
        }
    }
}
