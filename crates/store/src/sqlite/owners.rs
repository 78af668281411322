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

/// A scope as SQL takes it.
pub(super) fn scope_text(scope: &Scope) -> String {
    list_text(scope.sids().iter().map(Sid::as_str))
}

/// Secure ids as SQL takes them: a JSON list.
fn list_text<'a>(sids: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::Array(sids.map(Into::into).collect()).to_string()
}

/// Whose rows a list shows.
pub(super) struct Owners {
    sids: Vec<String>,
    /// Rows of nobody, too: that is seen by who sees all.
    unowned: bool,
}

impl Owners {
    /// Those of `scope`; where rows outlive them, with those who stood below and are deleted.
    pub(super) async fn of(
        db: &mut SqliteConnection,
        scope: &Scope,
        outlive: bool,
    ) -> Result<Self, StoreError> {
        const WITHIN: &str = "WITH RECURSIVE within (sid) AS (
                SELECT value FROM json_each(?1)
                UNION
                SELECT former_subscribers.sid FROM former_subscribers JOIN within ON parent_sid = within.sid
            )
            SELECT sid FROM within";
        let sids: Vec<String> = match outlive {
            true => {
                let within = sqlx::query_scalar(WITHIN).bind(scope_text(scope));
                within.fetch_all(db).await?
            }
            false => scope.sids().iter().map(|sid| sid.as_str().to_owned()).collect(),
        };
        Ok(Self {
            sids,
            unowned: outlive && scope.has_unowned(),
        })
    }

    /// Whether it is a single one, whose rows an index by owner has in their order.
    pub(super) fn is_one(&self) -> bool {
        self.sids.len() == 1 && !self.unowned
    }

    /// Whether there may be rows of others, so that an index by owner helps.
    pub(super) fn is_part(&self) -> bool {
        !self.unowned
    }

    /// The condition that a row, whose owner stands in `column`, is of one of them.
    pub(super) fn push(&self, sql: &mut QueryBuilder<Sqlite>, column: &'static str, nobody: &'static str) {
        sql.push("(").push(column);
        match &*self.sids {
            [one] => sql.push(" = ").push_bind(one.clone()),
            all => sql
                .push(" IN (SELECT value FROM json_each(")
                .push_bind(list_text(all.iter().map(String::as_str)))
                .push("))"),
        };
        if self.unowned {
            sql.push(" OR ").push(column).push(nobody);
        }
        sql.push(")");
    }
}
