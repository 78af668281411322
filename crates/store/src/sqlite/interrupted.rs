use model::Cause;
use sqlx::{SqliteConnection, SqlitePool};

use super::aftermath;
use super::transaction::transaction;
use crate::StoreError;

/// Notes that the bridge runs at `at_ms` (epoch ms); the clock on the wall may have gone back, the note does not.
pub(super) async fn beat(db: &mut SqliteConnection, at_ms: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO alive (id, at_ms) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at_ms = max(at_ms, ?1)",
    )
    .bind(at_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// Meetings of calls that are open: who joined and left, and how many were in at most, stand in their log.
const MEETINGS: &str = "
    INSERT INTO mdrs (meeting, meeting_number, subscriber_sid, created_ms, started_ms, ended_ms, calls, peak, cause, on_the_fly)
    SELECT open.meeting, open.meeting_number, log.subscriber_sid, min(log.at_ms),
        min(CASE WHEN log.kind = 'meeting.started' THEN log.at_ms END), max(?2, max(log.at_ms)),
        sum(log.kind = 'call.joined'), max(log.present), ?1,
        NOT EXISTS (SELECT 1 FROM rooms WHERE rooms.meeting_number = open.meeting_number)
    FROM (SELECT DISTINCT meeting, meeting_number FROM open_calls WHERE meeting IS NOT NULL) AS open
    JOIN (
        SELECT *, sum(CASE
            WHEN kind = 'call.joined' THEN 1
            WHEN kind = 'call.left' AND EXISTS (
                SELECT 1 FROM happenings AS before
                WHERE before.meeting = happenings.meeting AND before.leg = happenings.leg AND before.kind = 'call.joined'
                    AND before.seq < happenings.seq
            ) THEN -1
            ELSE 0 END) OVER (PARTITION BY meeting ORDER BY seq) AS present
        FROM happenings WHERE meeting IN (SELECT meeting FROM open_calls)
    ) AS log ON log.meeting = open.meeting
    GROUP BY open.meeting
    ON CONFLICT (meeting) DO NOTHING";

const CALLS: &str = "
    INSERT INTO cdrs (leg, subscriber_sid, callee, caller, source, outbound, codec, created_ms, answered_ms, joined_ms,
        ended_ms, meeting, meeting_number, role, access_code, custom_name, cause, sip_status)
    SELECT leg, subscriber_sid, callee, caller, source, outbound, codec, created_ms, answered_ms, joined_ms,
        max(?2, coalesce(joined_ms, answered_ms, created_ms)), meeting, meeting_number, role, access_code, custom_name, ?1, sip_status
    FROM open_calls WHERE true
    ON CONFLICT (leg) DO NOTHING";

/// When the bridge was last known to run: at its last beat, or at the last it told of.
const LAST: &str = "
    SELECT max(coalesce((SELECT at_ms FROM alive), 0), coalesce((SELECT at_ms FROM happenings ORDER BY id DESC LIMIT 1), 0))";

/// Makes records of the calls that were up when the bridge last ended without a farewell, and of their meetings, and tells of their
/// ends. They end when the bridge was last known to run.
pub(super) async fn close(pool: &SqlitePool) -> Result<(), StoreError> {
    let cause = Cause::Interrupted.text();
    let all = async |db: &mut SqliteConnection| {
        let last: i64 = sqlx::query_scalar(LAST).fetch_one(&mut *db).await?;
        for statement in [MEETINGS, CALLS] {
            sqlx::query(statement)
                .bind(cause)
                .bind(last)
                .execute(&mut *db)
                .await?;
        }
        aftermath::tell(&mut *db, last).await?;
        sqlx::query("DELETE FROM open_calls").execute(&mut *db).await?;
        sqlx::query("DELETE FROM alive").execute(db).await?;
        Ok(())
    };
    transaction(pool, all).await
}
