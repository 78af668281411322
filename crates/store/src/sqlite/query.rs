//! Lists of records as SQL: fields become columns by a table of ours, values are bound, and nothing that came in is ever
//! part of a statement.

use model::Pattern;
use model::query::{Filter, OrderBy, Query, Relation, Scalar, Test};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::fault::whole;
use super::owners::{push_own, push_within};
use crate::{Records, Scope, StoreError};

/// A table whose rows belong to subscribers.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Whether its rows outlive their subscribers.
    pub(super) outlives: bool,
    /// Settles the order of what is equal.
    pub(super) id: &'static str,
    /// Fields by their names on the wire, and what they are in SQL.
    pub(super) fields: &'static [(&'static str, &'static str)],
}

impl Table {
    /// One page of the rows of `scope`, and how many there are in all.
    pub(super) async fn read<R>(
        &self,
        pool: &SqlitePool,
        scope: &Scope,
        query: &Query,
        each: fn(&SqliteRow) -> Result<R, StoreError>,
    ) -> Result<Records<R>, StoreError> {
        let mut tx = pool.begin().await?;
        let mut count = self.select("SELECT count(*) FROM ", scope, query)?;
        let total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await?;
        let mut page = self.select("SELECT * FROM ", scope, query)?;
        self.push_order(&mut page, &query.order)?;
        page.push(" LIMIT ").push_bind(query.limit);
        // Past the end of any table either way.
        page.push(" OFFSET ")
            .push_bind(i64::try_from(query.offset).unwrap_or(i64::MAX));
        let rows = page.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(Records {
            page: rows.iter().map(each).collect::<Result<_, _>>()?,
            total: whole(total, "count")?,
        })
    }

    fn select(
        &self,
        what: &'static str,
        scope: &Scope,
        query: &Query,
    ) -> Result<QueryBuilder<Sqlite>, StoreError> {
        let mut sql = QueryBuilder::new(what);
        sql.push(self.name).push(" WHERE ");
        match self.outlives {
            true => push_within(&mut sql, scope),
            false => push_own(&mut sql, scope),
        }
        if let Some(filter) = &query.filter {
            sql.push(" AND ");
            self.push_filter(&mut sql, filter)?;
        }
        Ok(sql)
    }

    fn column(&self, field: &'static str) -> Result<&'static str, StoreError> {
        let known = self.fields.iter().find(|(name, _)| *name == field);
        let unknown = || StoreError::Unstorable {
            object: format!("a query of {}", self.name),
            field,
        };
        known.map(|(_, column)| *column).ok_or_else(unknown)
    }

    /// Where all fields are equal, ids stand in the direction of the last of them.
    fn push_order(&self, sql: &mut QueryBuilder<Sqlite>, order: &[OrderBy]) -> Result<(), StoreError> {
        sql.push(" ORDER BY ");
        for by in order {
            sql.push(self.column(by.field)?)
                .push(direction(by.descending))
                .push(", ");
        }
        let last = order.last().is_some_and(|by| by.descending);
        sql.push(self.id).push(direction(last));
        Ok(())
    }

    /// Every condition is 0 or 1 and never NULL, so that `NOT` is right.
    fn push_filter(&self, sql: &mut QueryBuilder<Sqlite>, filter: &Filter) -> Result<(), StoreError> {
        match filter {
            Filter::And(all) => self.push_joined(sql, all, " AND "),
            Filter::Or(any) => self.push_joined(sql, any, " OR "),
            Filter::Not(one) => {
                sql.push("(NOT ");
                self.push_filter(sql, one)?;
                sql.push(")");
                Ok(())
            }
            Filter::Field { name, test } => {
                push_test(sql, self.column(name)?, test);
                Ok(())
            }
        }
    }

    fn push_joined(
        &self,
        sql: &mut QueryBuilder<Sqlite>,
        filters: &[Filter],
        by: &'static str,
    ) -> Result<(), StoreError> {
        sql.push("(");
        for (n, filter) in filters.iter().enumerate() {
            sql.push(if n == 0 { "" } else { by });
            self.push_filter(sql, filter)?;
        }
        sql.push(")");
        Ok(())
    }
}

fn direction(descending: bool) -> &'static str {
    if descending { " DESC" } else { " ASC" }
}

fn push_test(sql: &mut QueryBuilder<Sqlite>, column: &'static str, test: &Test) {
    match test {
        Test::Missing => {
            sql.push("(").push(column).push(" IS NULL)");
        }
        Test::Is(relation, value) => {
            sql.push("ifnull(").push(column).push(sign(*relation));
            push_value(sql, value);
            sql.push(", 0)");
        }
        Test::In(values) => {
            sql.push("ifnull(").push(column).push(" IN (");
            for (n, value) in values.iter().enumerate() {
                sql.push(if n == 0 { "" } else { ", " });
                push_value(sql, value);
            }
            sql.push("), 0)");
        }
        Test::Like(pattern) => {
            let (open, close) = if pattern.ignores_case() {
                ("lower(", ")")
            } else {
                ("", "")
            };
            sql.push("ifnull(")
                .push(open)
                .push("CAST(")
                .push(column)
                .push(" AS TEXT)")
                .push(close);
            sql.push(" GLOB ").push_bind(glob(pattern)).push(", 0)");
        }
    }
}

fn sign(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => " = ",
        Relation::Greater => " > ",
        Relation::GreaterOrEqual => " >= ",
        Relation::Less => " < ",
        Relation::LessOrEqual => " <= ",
    }
}

fn push_value(sql: &mut QueryBuilder<Sqlite>, value: &Scalar) {
    match value {
        Scalar::Flag(flag) => sql.push_bind(*flag),
        Scalar::Whole(number) => sql.push_bind(*number),
        Scalar::Real(number) => sql.push_bind(*number),
        Scalar::Text(text) => sql.push_bind(text.clone()),
    };
}

/// A pattern as SQLite's GLOB takes it. Its `lower` knows ASCII alone, so of other letters both forms are named.
fn glob(pattern: &Pattern) -> String {
    let mut glob = String::new();
    for (n, piece) in pattern.pieces().iter().enumerate() {
        if n > 0 {
            glob.push('*');
        }
        for c in piece.chars() {
            match capital(c).filter(|_| pattern.ignores_case() && !c.is_ascii()) {
                Some(capital) => glob.extend(['[', c, capital, ']']),
                None if "*?[".contains(c) => glob.extend(['[', c, ']']),
                None => glob.push(c),
            }
        }
    }
    glob
}

/// The capital of a small letter, where it is another and a single one.
fn capital(small: char) -> Option<char> {
    let mut capitals = small.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) if capital != small => Some(capital),
        _ => None,
    }
}
