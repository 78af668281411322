//! Lists of records as SQL: fields become columns by a table of ours, values are bound, and nothing that came in is ever
//! part of a statement.

use model::Pattern;
use model::query::{Filter, OrderBy, Query, Relation, Scalar, Test};
use sqlx::{QueryBuilder, Sqlite};

use super::owners::Owners;
use super::page::Cut;
use crate::StoreError;

/// A table whose rows belong to subscribers.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Whether its rows outlive their subscribers.
    pub(super) outlives: bool,
    /// Settles the order of what is equal.
    pub(super) id: &'static str,
    /// Fields by their names on the wire, and what they are in SQL.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// Fields with an index of their own: rows with a given value are fewer than those of an owner.
    pub(super) sought: &'static [&'static str],
    /// The field that another index of all rows begins with, whose they are being told by it; the list is in its order most of the time.
    pub(super) timed: Option<&'static str>,
    /// The name by which its rows are counted as they come and go, if they are.
    pub(super) counted: Option<&'static str>,
}

impl Table {
    /// What reads one page.
    pub(super) fn page(
        &self,
        owners: &Owners,
        query: &Query,
        cut: Cut,
    ) -> Result<QueryBuilder<Sqlite>, StoreError> {
        let mut sql = self.select("SELECT * FROM ", owners, query)?;
        self.push_order(&mut sql, &query.order, cut.from_end)?;
        sql.push(" LIMIT ").push_bind(whole_or_most(cut.take));
        // Past the end of any table either way.
        sql.push(" OFFSET ").push_bind(whole_or_most(cut.skip));
        Ok(sql)
    }

    /// What counts all rows.
    pub(super) fn count(&self, owners: &Owners, query: &Query) -> Result<QueryBuilder<Sqlite>, StoreError> {
        let (Some(list), None) = (self.counted, &query.filter) else {
            return self.select("SELECT count(*) FROM ", owners, query);
        };
        let mut sql = QueryBuilder::new("SELECT coalesce(sum(many), 0) FROM totals WHERE list = ");
        sql.push_bind(list).push(" AND ");
        owners.push(&mut sql, "sid", " = ''");
        Ok(sql)
    }

    fn select(
        &self,
        what: &'static str,
        owners: &Owners,
        query: &Query,
    ) -> Result<QueryBuilder<Sqlite>, StoreError> {
        let mut sql = QueryBuilder::new(what);
        sql.push(self.name).push(" WHERE ");
        // SQLite takes no index for what has a sign (https://sqlite.org/optoverview.html, section 3).
        let column = match self.is_found_by_owner(owners, query) {
            true => "subscriber_sid",
            false => "+subscriber_sid",
        };
        owners.push(&mut sql, column, " IS NULL");
        if let Some(filter) = &query.filter {
            sql.push(" AND ");
            self.push_filter(&mut sql, filter, false)?;
        }
        Ok(sql)
    }

    /// Whether rows are best found by whose they are: not where their owners have all, a filter leaves fewer, or those of several would have to
    /// be put in an order that another index has.
    fn is_found_by_owner(&self, owners: &Owners, query: &Query) -> bool {
        let first = query.order.first().map(|by| by.field);
        let is_timed = first.is_some() && first == self.timed;
        owners.is_part() && !self.seeks(query.filter.as_ref()) && (owners.is_one() || !is_timed)
    }

    /// Whether `filter` asks for values of a field with an index of its own.
    fn seeks(&self, filter: Option<&Filter>) -> bool {
        match filter {
            Some(Filter::And(all)) => all.iter().any(|one| self.seeks(Some(one))),
            Some(Filter::Field { name, test }) => match test {
                Test::Is(Relation::Equal, _) | Test::In(_) => self.sought.contains(name),
                Test::Is(..) | Test::Like(_) | Test::Missing => false,
            },
            Some(Filter::Or(_) | Filter::Not(_)) | None => false,
        }
    }

    fn column(&self, field: &'static str) -> Result<&'static str, StoreError> {
        let known = self.fields.iter().find(|(name, _)| *name == field);
        let unknown = || StoreError::Unstorable {
            object: format!("a query of {}", self.name),
            field,
        };
        known.map(|(_, column)| *column).ok_or_else(unknown)
    }

    /// Where all fields are equal, ids stand in the direction of the last of them. `turned` is the other way round.
    fn push_order(
        &self,
        sql: &mut QueryBuilder<Sqlite>,
        order: &[OrderBy],
        turned: bool,
    ) -> Result<(), StoreError> {
        sql.push(" ORDER BY ");
        for by in order {
            sql.push(self.column(by.field)?)
                .push(direction(by.descending != turned))
                .push(", ");
        }
        let last = order.last().is_some_and(|by| by.descending);
        sql.push(self.id).push(direction(last != turned));
        Ok(())
    }

    /// A condition on a missing value is NULL, which is as good as false; but below a `NOT` every one must be 0 or 1 (`exact`), which no
    /// index helps to find.
    fn push_filter(
        &self,
        sql: &mut QueryBuilder<Sqlite>,
        filter: &Filter,
        exact: bool,
    ) -> Result<(), StoreError> {
        match filter {
            Filter::And(all) => self.push_joined(sql, all, " AND ", exact),
            Filter::Or(any) => self.push_joined(sql, any, " OR ", exact),
            Filter::Not(one) => {
                sql.push("(NOT ");
                self.push_filter(sql, one, true)?;
                sql.push(")");
                Ok(())
            }
            Filter::Field { name, test } => {
                let column = self.column(name)?;
                sql.push(if exact { "ifnull(" } else { "(" });
                push_test(sql, column, test);
                sql.push(if exact { ", 0)" } else { ")" });
                Ok(())
            }
        }
    }

    /// By halves: in a row, more than a thousand conditions would be nested deeper than SQLite takes.
    fn push_joined(
        &self,
        sql: &mut QueryBuilder<Sqlite>,
        filters: &[Filter],
        by: &'static str,
        exact: bool,
    ) -> Result<(), StoreError> {
        if filters.len() < 2 {
            return filters
                .iter()
                .try_for_each(|one| self.push_filter(sql, one, exact));
        }
        let (first, second) = filters.split_at(filters.len() / 2);
        sql.push("(");
        self.push_joined(sql, first, by, exact)?;
        sql.push(by);
        self.push_joined(sql, second, by, exact)?;
        sql.push(")");
        Ok(())
    }
}

/// No table has more rows.
fn whole_or_most(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn direction(descending: bool) -> &'static str {
    if descending { " DESC" } else { " ASC" }
}

fn push_test(sql: &mut QueryBuilder<Sqlite>, column: &'static str, test: &Test) {
    match test {
        Test::Missing => {
            sql.push(column).push(" IS NULL");
        }
        Test::Is(relation, value) => {
            sql.push(column).push(sign(*relation));
            push_value(sql, value);
        }
        Test::In(values) => {
            sql.push(column).push(" IN (");
            for (n, value) in values.iter().enumerate() {
                sql.push(if n == 0 { "" } else { ", " });
                push_value(sql, value);
            }
            sql.push(")");
        }
        Test::Like(pattern) => {
            let (open, close) = if pattern.ignores_case() {
                ("lower(", ")")
            } else {
                ("", "")
            };
            sql.push(open)
                .push("CAST(")
                .push(column)
                .push(" AS TEXT)")
                .push(close);
            sql.push(" GLOB ").push_bind(glob(pattern));
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
