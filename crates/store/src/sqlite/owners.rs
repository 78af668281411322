//! Who sees what belongs to whom: each subscriber what is its own, and what was of those below it who were deleted.

use model::Sid;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{Scope, StoreError};

/// `owner` and everybody above it, also where it was deleted.
pub(super) async fn above(db: &mut SqliteConnection, owner: &Sid) -> Result<Vec<Sid>, StoreError> {
    // UNION, not UNION ALL, so that it ends even where damaged data loops.
    const ABOVE: &str = "WITH RECURSIVE above (sid) AS (
            SELECT ?1
            UNION
            SELECT parent_sid FROM subscribers JOIN above USING (sid) WHERE parent_sid IS NOT NULL
            UNION
            SELECT parent_sid FROM former_subscribers JOIN above USING (sid)
        )
        SELECT sid FROM above";
    let above: Vec<String> = sqlx::query_scalar(ABOVE)
        .bind(owner.as_str())
        .fetch_all(db)
        .await?;
    Ok(above.iter().map(|sid| Sid::new(sid)).collect())
}

/// A scope as SQL takes it: a JSON list of secure ids.
pub(super) fn scope_text(scope: &Scope) -> String {
    let sids = scope.sids().iter().map(|sid| sid.as_str().into());
    serde_json::Value::Array(sids.collect()).to_string()
}

/// The condition that a row is of a subscriber of `scope`.
pub(super) fn push_own(sql: &mut QueryBuilder<Sqlite>, scope: &Scope) {
    sql.push("subscriber_sid IN (SELECT value FROM json_each(")
        .push_bind(scope_text(scope))
        .push("))");
}

/// The condition that a row is of a subscriber of `scope` or was of one that stood below and is deleted; or of nobody, where the scope
/// has such rows.
pub(super) fn push_within(sql: &mut QueryBuilder<Sqlite>, scope: &Scope) {
    sql.push("(subscriber_sid IN (WITH RECURSIVE within (sid) AS (SELECT value FROM json_each(")
        .push_bind(scope_text(scope))
        .push(
            ") UNION SELECT former_subscribers.sid FROM former_subscribers JOIN within ON parent_sid = within.sid)
             SELECT sid FROM within)",
        );
    if scope.has_unowned() {
        sql.push(" OR subscriber_sid IS NULL");
    }
    sql.push(")");
}
